"""Looks into the network, on its cards: what each layer gives for a sample, or its weights and gradients."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import Literal

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPen, QPixmap

from engine.graph import Node
from engine.insight import Activation, Insight, Norms
from graph_editor.card import CARD
from graph_editor.fonts import card_fonts
from graph_editor.scene import GraphScene
from graph_editor.sight_painting import aspect_of, images_of, paint_maps, paint_norms, paint_numbers
from graph_editor.theme import color, theme_notifier

Sight = Literal["nothing", "activations", "weights"]
SIGHTS: tuple[Sight, ...] = ("nothing", "activations", "weights")

ASIDE = 186.0
"""The room at the right of a card that a picture may take."""
_GAP = 6.0
_LEAST = 60.0
"""A narrower picture stands on the card itself, in place of its settings."""
_ON_CARD = QRectF(CARD.left() + 14, CARD.top() + 27, CARD.width() - 24, CARD.height() - 31)
_INSET = 4.0
_TEXT = 14.0
_MOST = 400
"""Pictures that are kept: those of a few zooms."""
_KEPT = 300
"""How many looks the curves of norms go back."""


class Sights(QObject):
    """Keeps the last look, and draws the part of a card that is in sight."""

    changed = Signal()
    """There is another look, or another part of it is shown."""

    def __init__(self, scene: GraphScene, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._scene = scene
        self.kind: Sight = "nothing"
        self.insight: Insight | None = None
        self._history: dict[str, deque[Norms]] = defaultdict(lambda: deque(maxlen=_KEPT))
        self._images: dict[str, list[QImage]] = {}
        self._pixmaps: dict[tuple[object, ...], QPixmap] = {}
        theme_notifier.changed.connect(self._pixmaps.clear)

    # What is shown

    def show(self, kind: Sight) -> None:
        """Let cards show something else, or nothing."""
        self.kind = kind
        self._refresh()

    def take(self, insight: Insight) -> None:
        """Show another look into the same run."""
        self.insight = insight
        self._images.clear()
        for key, norms in insight.norms.items():
            self._history[key].append(norms)
        self._refresh()

    def forget(self) -> None:
        """Another network, or another run: what was seen is of no use."""
        self.insight = None
        self._history.clear()
        self._images.clear()
        self._refresh()

    def _refresh(self) -> None:
        self._pixmaps.clear()
        shown = self.kind != "nothing" and self.insight is not None
        self._scene.marks.sights = self if shown else None
        self._scene.leave_aside(ASIDE if shown else 0.0)
        for view in self._scene.views():
            view.viewport().update()  # from far off all looks as before
        self.changed.emit()

    # What there is of a card

    def _node(self, node_id: str) -> Node | None:
        """The node that was looked at, where it is still as it was."""
        scene, insight = self._scene, self.insight
        if insight is None or node_id not in scene.graph or node_id not in insight.graph or scene.document.names():
            return None
        node = insight.graph[node_id]
        same = node.layer == scene.graph[node_id].layer or node.layer.forgotten() == scene.graph[node_id].layer
        return node if same else None

    def activation(self, node_id: str) -> Activation | None:
        """What a node gives for the sample."""
        node = self._node(node_id)
        return None if node is None or self.insight is None else self.insight.activations.get(node_id)

    def history(self, node_id: str) -> list[Norms]:
        """The norms of a node's weights and their gradient, look by look."""
        node = self._node(node_id)
        owner = node_id if node is None or self.insight is None else self.insight.graph.owner(node_id).id
        return [] if node is None else list(self._history.get(owner, ()))

    def images(self, node_id: str) -> list[QImage]:
        """The feature maps of a node as pictures."""
        activation = self.activation(node_id)
        if activation is None or not activation.pictured:
            return []
        if node_id not in self._images:
            self._images[node_id] = images_of(activation)
        return self._images[node_id]

    def place(self, node_id: str) -> QRectF | None:
        """Where the picture of a card is, from the middle of the card; None where it has none."""
        there = self.history(node_id) if self.kind == "weights" else self.activation(node_id)
        if not there or self.kind == "nothing":
            return None
        room = min(self._scene.free_aside(node_id), ASIDE) - 2 * _GAP
        if room < _LEAST:
            return _ON_CARD
        images = self.images(node_id) if self.kind == "activations" else ()
        if len(images) == 1:  # no wider than it is
            height = CARD.height() - 2 * _INSET
            room = min(room, height * aspect_of(images[0]) + 2 * _INSET)
        return QRectF(CARD.right() + _GAP, CARD.top(), room, CARD.height())

    def text(self, node_id: str) -> str:
        """What is shown, in figures."""
        activation, history = self.activation(node_id), self.history(node_id)
        if self.kind == "activations" and activation is not None:
            spread = activation.spread
            text = self.tr("mean {0}, std {1}, zeros {2}")
            return text.format(f"{spread.mean:.3g}", f"{spread.std:.3g}", f"{spread.zeros:.0%}")
        if self.kind == "weights" and history:
            text = self.tr("length of weights {0}, of gradient {1}")
            return text.format(f"{history[-1].weights:.3g}", f"{history[-1].gradient:.2g}")
        return ""

    # Drawing

    def paint(self, painter: QPainter, node_id: str) -> None:
        """Draw the picture of a card, in whose coordinates the painter is; once for each look and zoom."""
        place = self.place(node_id)
        if place is None:
            return
        world, ratio = painter.worldTransform(), painter.device().devicePixelRatio()
        scale = world.m11()
        key = (node_id, place.width(), place.height(), scale, ratio)
        if len(self._pixmaps) > _MOST:
            self._pixmaps.clear()
        found = self._pixmaps.get(key)
        if found is None:
            found = self._pixmaps[key] = self._painted(node_id, place, scale * ratio)
            found.setDevicePixelRatio(ratio)
        corner = world.map(place.topLeft())
        painter.resetTransform()
        # On whole pixels, as the picture is.
        painter.drawPixmap(QPointF(round(corner.x() * ratio) / ratio, round(corner.y() * ratio) / ratio), found)
        painter.setWorldTransform(world)

    def _painted(self, node_id: str, place: QRectF, scale: float) -> QPixmap:
        pixmap = QPixmap(max(1, round(place.width() * scale)), max(1, round(place.height() * scale)))
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(scale, scale)
        self._draw(painter, node_id, QRectF(QPointF(0, 0), place.size()))
        painter.end()
        return pixmap

    def _draw(self, painter: QPainter, node_id: str, rect: QRectF) -> None:
        theme = self._scene.theme
        on_card = rect.height() < CARD.height()
        painter.setPen(Qt.PenStyle.NoPen if on_card else QPen(color(theme.card_border), 1))
        painter.setBrush(color(theme.card if on_card else theme.panel))
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
        inner = rect if on_card else rect.adjusted(_INSET, _INSET, -_INSET, -_INSET)
        images = self.images(node_id)
        if self.kind == "activations" and images:
            paint_maps(painter, inner, images, rows=1 if on_card else 2)
            return
        if not on_card:
            painter.setFont(card_fonts().narrow)
            painter.setPen(color(theme.muted))
            painter.drawText(
                inner, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, self._short(node_id)
            )
            inner.setBottom(inner.bottom() - _TEXT)
        activation = self.activation(node_id)
        if self.kind == "weights":
            paint_norms(painter, inner.adjusted(1, 3, -1, -3), self.history(node_id), theme)
        elif activation is not None:
            paint_numbers(painter, inner, activation.values, theme)

    def _short(self, node_id: str) -> str:
        activation, history = self.activation(node_id), self.history(node_id)
        if self.kind == "weights" and history:
            text = self.tr("weights {0} · gradient {1}")
            return text.format(f"{history[-1].weights:.3g}", f"{history[-1].gradient:.2g}")
        if activation is None:
            return ""
        spread = activation.spread
        return f"{spread.mean:.2g} ± {spread.std:.2g} · {self.tr('{0} zeros').format(f'{spread.zeros:.0%}')}"
