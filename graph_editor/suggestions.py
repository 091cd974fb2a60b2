"""What could be put at a spot of the graph: which layers fit there, and what would come of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from PySide6.QtCore import QCoreApplication

from engine.errors import ShapeError
from engine.graph import Edge
from engine.inference import Inference
from engine.layer import Layer
from engine.layout import Position
from engine.shapes import show_shape
from graph_editor import search
from graph_editor.blocks import Block
from graph_editor.forms.form import reason
from graph_editor.palette import placeable
from graph_editor.words import said

_OFTEN = 1
"""A block of one's own comes before layers that are not used here."""


@dataclass(frozen=True)
class Spot:
    """Where a new card would go, and what it would be wired to: a wire that it sits on, or one end of a new one.

    `source` and `target` are a node with its output, or its input port; `more` are sources besides the first.
    """

    place: Position
    source: tuple[str, int] | None = None
    target: tuple[str, int] | None = None
    edge: Edge | None = None
    more: tuple[tuple[str, int], ...] = ()

    @property
    def sources(self) -> tuple[tuple[str, int], ...]:
        """All that a new card is wired to from above."""
        if self.edge is not None:
            return ((self.edge.source, self.edge.output),)
        return () if self.source is None else (self.source, *self.more)


@dataclass(frozen=True)
class Suggestion:
    """A layer, whether it fits, and the shape that it would give, or why it does not fit."""

    layer: Layer
    fits: bool
    said: str = ""
    refused: bool = False
    """Whether a setting that was typed is not one of the layer, or has no such value."""
    name: str | None = None
    """The name of a block of one's own."""

    @property
    def title(self) -> str:
        """What it is called in a list."""
        return self.name or self.layer.type_name()


def _tr(text: str) -> str:
    return QCoreApplication.translate("Suggestions", text)


def suggest(known: Inference, spot: Spot, text: str, blocks: Iterable[Block] = ()) -> list[Suggestion]:
    """The layers that match a text: those that fit first, the best match first, then those used most.

    Where several are wired at once, those that merge come before others that match as well.
    """
    graph, query = known.graph, search.read(text)
    used = Counter(node.layer.type_name() for node in graph)
    ranks = {layer: search.rank(layer, query) for layer in placeable().values()}
    found = [
        (_suggestion(known, spot, layer, query), rank, used[layer.type_name()])
        for layer, rank in ranks.items()
        if rank is not None
    ]
    for block in blocks:
        rank = search.rank_name(block.name, search.BLOCKS, query)
        if rank is not None and not query.settings:
            found.append((replace(_try(known, spot, block.layer), name=block.name), rank, _OFTEN))

    def key(entry: tuple[Suggestion, int, int]) -> tuple[bool, int, bool, int]:
        suggestion, rank, count = entry
        aside = len(spot.sources) > 1 and suggestion.layer.category != "Merging"
        return not suggestion.fits, rank, aside, -count

    return [suggestion for suggestion, _, _ in sorted(found, key=key)]


def _suggestion(known: Inference, spot: Spot, layer_type: type[Layer], query: search.Query) -> Suggestion:
    layer, refused = search.made(layer_type, query)
    if refused is None:
        return _try(known, spot, layer)
    if refused.error is None:
        return Suggestion(layer, False, _tr("has no setting {0}").format(refused.name), refused=True)
    return Suggestion(layer, False, f"{refused.name}: {reason(refused.error)}", refused=True)


def _try(known: Inference, spot: Spot, layer: Layer) -> Suggestion:
    refused = _refusal(spot, layer)
    if refused:
        return Suggestion(layer, False, refused)
    shapes = [known.shape(*source) for source in spot.sources]
    given = tuple(shape for shape in shapes if shape is not None)
    if len(given) < max(len(shapes), layer.min_inputs, 1) or layer.max_inputs == 0:
        return Suggestion(layer, True)
    try:
        shapes = layer.output_shapes(*given)
    except (ShapeError, ValueError) as error:
        return Suggestion(layer, False, said(str(error)).removeprefix(layer.type_name()).strip())
    return Suggestion(layer, True, " ".join(map(show_shape, shapes)) if layer.has_output else "")


def _refusal(spot: Spot, layer: Layer) -> str:
    """Why the wires could not be drawn, if so."""
    if layer.max_inputs == 0 and spot.sources:
        return _tr("takes no input")
    if layer.max_inputs is not None and len(spot.sources) > layer.max_inputs:
        return _tr("takes fewer wires")
    if not layer.has_output and (spot.target is not None or spot.edge is not None):
        return _tr("gives nothing to go on with")
    return ""
