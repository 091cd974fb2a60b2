"""Cards laid out, brought into line or to equal distances: one undoable edit each."""

from __future__ import annotations

from collections.abc import Collection

from graph_editor.aligning import Line, Way, aligned, distributed
from graph_editor.document import ProjectDocument
from graph_editor.editing import named, tr
from graph_editor.expansion import spread
from graph_editor.layout import arrange, make_room
from graph_editor.places import middle_of_all, shifted


def tidy(document: ProjectDocument, node_ids: Collection[str] = ()) -> None:
    """Lay the whole graph out anew, or only some cards, around where they lay; the others stay."""
    if not node_ids:
        layout = spread(document.graph, document.layout.moved(arrange(document.graph)))
        document.edit_layout(tr("Arrange"), document.graph, layout)
        return
    before = {key: document.position(key) for key in node_ids}
    places = arrange(document.graph.part(node_ids))
    (x, y), (new_x, new_y) = middle_of_all(before), middle_of_all(places)
    resting = [document.position(key) for key in document.graph.nodes if key not in before]
    moved = make_room(shifted(places, x - new_x, y - new_y), resting)
    document.move(tr("Arrange {0}").format(named(document, node_ids)), moved)


def align(document: ProjectDocument, node_ids: Collection[str], line: Line) -> None:
    """Bring cards into line."""
    places = {key: document.position(key) for key in node_ids}
    document.move(tr("Align {0}").format(named(document, node_ids)), aligned(places, line))


def distribute(document: ProjectDocument, node_ids: Collection[str], way: Way) -> None:
    """Bring cards to equal distances."""
    places = {key: document.position(key) for key in node_ids}
    document.move(tr("Distribute {0}").format(named(document, node_ids)), distributed(places, way))
