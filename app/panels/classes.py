"""The classes of each target: how often each comes, and whether rare ones count as much as frequent ones."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.panels.charts import UNEQUAL, BalanceChart, verdict
from engine.class_weight import BALANCED
from engine.data.prepare import matched
from engine.data.profile import Profile
from engine.graph import Node
from engine.layers.core import Output
from engine.losses import LOSSES
from graph_editor.document import ProjectDocument


class ClassesView(QWidget):
    """A chart for each target, and a box that balances its classes in the loss of the Output that predicts it."""

    def __init__(self, document: ProjectDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._profile: Profile | None = None
        self.charts: list[BalanceChart] = []
        self.boxes: list[QCheckBox] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 8, 0, 8)
        self._column.setSpacing(4)
        document.project_changed.connect(self._show_weights)

    def show_profile(self, profile: Profile | None) -> None:
        """Show the classes of other data, none where they are not known."""
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._profile = profile
        self.charts = [BalanceChart(balance) for balance in (profile.balances if profile is not None else ())]
        self.boxes = []
        for chart in self.charts:
            self._column.addWidget(self._heading(chart))
            self._column.addWidget(chart)
            self._column.addSpacing(12)
        self._column.addStretch()
        self._show_weights()

    def _heading(self, chart: BalanceChart) -> QWidget:
        balance = chart.balance
        name, text = QLabel(balance.name), QLabel(verdict(balance), wordWrap=True)
        font = name.font()
        font.setBold(True)
        name.setFont(font)
        text.setProperty("warned" if balance.ratio >= UNEQUAL else "muted", True)
        box = QCheckBox(self.tr("Balance in training"))
        box.setToolTip(
            self.tr(
                "Each class counts in the loss by all samples / (classes × samples of the class). "
                "The setting is class_weight of the Output."
            )
        )
        box.setAccessibleName(f"{box.text()}: {balance.name}")
        box.clicked.connect(partial(self._balance, balance.target, box))
        self.boxes.append(box)
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(12)
        row.addWidget(name)
        row.addWidget(text, 1)
        row.addWidget(box)
        return line

    def _outputs(self) -> dict[str, Node]:
        """The Output that predicts each target with classes."""
        if self._profile is None:
            return {}
        graph = self._document.project.graph
        nodes = [node for node in graph.of_type(Output) if _tells_classes(node)]
        found = matched(graph, nodes, self._profile.targets, (*self._profile.features, *self._profile.targets))
        return {array: graph.by_name(name) for name, array in found.items()}

    def _show_weights(self) -> None:
        outputs = self._outputs()
        for chart, box in zip(self.charts, self.boxes, strict=True):
            node = outputs.get(chart.balance.target)
            box.setVisible(node is not None)
            box.setChecked(node is not None and _setting(node) == BALANCED)

    def _balance(self, target: str, box: QCheckBox) -> None:
        node, on = self._outputs()[target], box.isChecked()
        layer = node.layer.replace(class_weight=BALANCED if on else "")
        project = self._document.project
        text = self.tr("Balance the classes") if on else self.tr("Let all classes count alike")
        self._document.edit(text, replace(project, graph=project.graph.set_layer(node.id, layer)))


def _setting(node: Node) -> str:
    assert isinstance(node.layer, Output)
    return node.layer.class_weight


def _tells_classes(node: Node) -> bool:
    loss = node.layer.loss if isinstance(node.layer, Output) else None
    return loss is not None and LOSSES[loss].tells_classes
