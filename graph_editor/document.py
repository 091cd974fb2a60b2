"""The project that is open: the value now, the values before, and signals of what changed between two."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from engine.graph import Edge, Graph
from engine.grouping import Path, inside, reachable, with_inside
from engine.inference import Inference, infer
from engine.layout import Layout, Position
from engine.project import DataSettings, Project, TrainingSettings
from graph_editor.expansion import fitted, fitted_along, fully_placed

Picture = tuple[Graph, Layout]
"""What a canvas shows: a graph, and where its cards lie."""


class EditProject(QUndoCommand):
    """The one undo command: the project before, and after, and which graph in it was shown.

    Edits with the same `merge_key` in a row become one.
    """

    def __init__(
        self,
        document: ProjectDocument,
        text: str,
        before: Project,
        after: Project,
        path: Path = (),
        merge_key: str | None = None,
    ) -> None:
        super().__init__(text)
        self._path = path
        self._document = document
        self._before = before
        self._after = after
        self._merge_key = merge_key

    def redo(self) -> None:
        self._document._show(self._after, self._path)

    def undo(self) -> None:
        self._document._show(self._before, self._path)

    def id(self) -> int:
        return -1 if self._merge_key is None else 1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, EditProject) or (other._merge_key, other._path) != (self._merge_key, self._path):
            return False
        self._after = other._after
        self.setObsolete(self._after == self._before)
        return True


class ProjectDocument(QObject):
    """Holds the project now. Everything that changes it goes through `edit`; everything that shows it listens.

    After each edit the two values are compared, and the signals say what is new, gone or different. They are
    sent removals first, so that a listener never sees an edge without its nodes; `project_changed` comes last.

    A node may hold a graph of its own. `open_group` shows it: `graph`, `layout`, `inference` and the signals about
    nodes and wires are of what is shown, and so are edits of the graph; `project` is always the whole.
    """

    node_added = Signal(str)
    node_removed = Signal(str)
    node_changed = Signal(str)
    """Name, settings or link of a node, or whether its inside is shown."""
    node_moved = Signal(str)
    edge_added = Signal(object)
    edge_removed = Signal(object)
    inference_changed = Signal(object)
    """Shape, weights or problems of these nodes (a frozenset of identifiers)."""
    data_changed = Signal()
    training_changed = Signal()
    project_changed = Signal()
    modified_changed = Signal(bool)
    graph_replaced = Signal()
    """Another graph is shown in place of the one before; nothing is said of each of their nodes and wires."""
    path_changed = Signal()
    """Another graph of the project is shown."""

    def __init__(self, project: Project | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.undo_stack = QUndoStack(self)
        self.undo_stack.cleanChanged.connect(self._tell_modified)
        self._project = placed(project or Project())
        self._path: Path = ()
        self._inference = self._whole = infer(self._project.graph)
        self._graph, self._layout = self._project.graph, self._project.layout

    @property
    def project(self) -> Project:
        return self._project

    @property
    def whole(self) -> Inference:
        """What is known of the whole graph, whatever part of it is shown."""
        return self._whole

    @property
    def path(self) -> Path:
        """The groups that the graph that is shown lies in, from the outside; empty for the whole."""
        return self._path

    @property
    def graph(self) -> Graph:
        return self._graph

    @property
    def layout(self) -> Layout:
        """Where the cards that are shown lie."""
        return self._layout

    @property
    def inference(self) -> Inference:
        return self._inference

    @property
    def modified(self) -> bool:
        """Whether there are edits since the last `set_saved`."""
        return not self.undo_stack.isClean()

    def position(self, node_id: str) -> Position:
        """Where the middle of a card lies."""
        return self._layout.positions[node_id]

    # Groups

    def open_group(self, node_id: str) -> bool:
        """Show what is inside a node; False where there is nothing."""
        path = (*self._path, node_id)
        if reachable(self._project.graph, path) != path:
            return False
        self._show(self._project, path)
        return True

    def leave_to(self, depth: int) -> None:
        """Show the graph that is so many groups deep."""
        if depth < len(self._path):
            self._show(self._project, self._path[:depth])

    def names(self) -> tuple[str, ...]:
        """The names of the groups that are open, from the outside."""
        found = [
            inside(self._project.graph, self._layout, self._path[:depth])[0] for depth in range(len(self._path))
        ]
        return tuple(graph[key].name for graph, key in zip(found, self._path, strict=True))

    def uses(self) -> int:
        """How often the graph that is open is used: groups that are linked hold one graph."""
        count = 1
        for depth, key in enumerate(self._path):
            count *= len(inside(self._project.graph, self._layout, self._path[:depth])[0].linked(key))
        return count

    # Editing

    def edit(self, text: str, after: Project, merge_key: str | None = None) -> None:
        """Put another project in place of this one, undoably. `text` names the edit in the Edit menu.

        Edits in a row that have the same `merge_key` are undone as one. Cards without a place get one.
        """
        after = placed(after)
        if after != self._project:
            self.undo_stack.push(EditProject(self, text, self._project, after, self._path, merge_key))

    def edit_graph(
        self,
        text: str,
        graph: Graph,
        positions: dict[str, Position] | None = None,
        merge_key: str | None = None,
    ) -> None:
        """Put another graph in place, with places for its new cards if they are known."""
        self.edit_layout(text, graph, self._layout.moved(positions) if positions else self._layout, merge_key)

    def edit_layout(self, text: str, graph: Graph, layout: Layout, merge_key: str | None = None) -> None:
        """Put another graph in place of the one that is shown, with its places; cards without one get one."""
        fits = fitted(self._graph, graph, layout).keeping(graph.nodes)
        whole, where = self._project.graph, self._project.layout
        outer, where = with_inside(whole, where, self._path, graph, fully_placed(graph, fits))
        outer, where = fitted_along(whole, outer, where, self._path)
        self.edit(text, replace(self._project, graph=outer, layout=where), merge_key)

    def move(self, text: str, positions: dict[str, Position]) -> None:
        """Move cards."""
        self.edit_layout(text, self._graph, self._layout.moved(positions))

    def edit_data(self, text: str, data: DataSettings, merge_key: str | None = None) -> None:
        """Change where the data comes from, or how it is split."""
        self.edit(text, replace(self._project, data=data), merge_key)

    def edit_training(self, text: str, training: TrainingSettings, merge_key: str | None = None) -> None:
        """Change how the project is trained."""
        self.edit(text, replace(self._project, training=training), merge_key)

    def reset(self, project: Project, known: Inference | None = None) -> None:
        """Show another project, of which much may be `known`; what was done before cannot be undone any more."""
        self.undo_stack.clear()
        self._whole = known or self._whole
        self._show(placed(project), (), another=True)

    def set_saved(self) -> None:
        """Take the project as it is now for what is on disk."""
        self.undo_stack.setClean()

    # Telling

    def _tell_modified(self, clean: bool) -> None:
        self.modified_changed.emit(not clean)

    def _show(self, after: Project, path: Path, *, another: bool = False) -> None:
        before, old, inferred, came_from = self._project, self._picture(), self._inference, self._path
        self._project = after
        self._path = reachable(after.graph, path)
        moved = self._path != came_from
        self._whole = infer(after.graph, self._whole)
        graph, layout = inside(after.graph, after.layout, self._path)
        self._graph, self._layout = graph, fully_placed(graph, layout)
        self._inference = self._whole if not self._path else infer(graph, None if moved else inferred)
        if moved or another:
            self.graph_replaced.emit()
        else:
            self._tell_graph(old, self._picture())
        known = {} if moved or another else inferred.facts
        changed = frozenset([key for key, found in self._inference.facts.items() if known.get(key) is not found])
        if changed or before.graph != after.graph:
            self.inference_changed.emit(changed)
        if before.data != after.data:
            self.data_changed.emit()
        if before.training != after.training:
            self.training_changed.emit()
        self.project_changed.emit()
        if moved:
            self.path_changed.emit()

    def _picture(self) -> Picture:
        return self._graph, self._layout

    def _tell_graph(self, before: Picture, after: Picture) -> None:
        (old, old_layout), (new, new_layout) = before, after
        for edge in _without(old.edges, new.edges):
            self.edge_removed.emit(edge)
        was, now = old.nodes, new.nodes
        toggled = old_layout.expanded ^ new_layout.expanded
        places_were, places = old_layout.positions, new_layout.positions
        moved = places_were is not places
        for key in was:
            if key not in now:
                self.node_removed.emit(key)
        for key, node in now.items():
            if key not in was:
                self.node_added.emit(key)
            else:
                if (was[key] is not node and was[key] != node) or key in toggled:
                    self.node_changed.emit(key)
                if moved and places_were[key] is not places[key] and places_were[key] != places[key]:
                    self.node_moved.emit(key)
        for edge in _without(new.edges, old.edges):
            self.edge_added.emit(edge)


def _without(edges: tuple[Edge, ...], others: tuple[Edge, ...]) -> list[Edge]:
    """The edges that are not among others; most edits leave all of them."""
    if edges == others:
        return []
    known = frozenset(others)
    return [edge for edge in edges if edge not in known]


def placed(project: Project) -> Project:
    """The project with a place for every card; the very same project where all have one."""
    layout = fully_placed(project.graph, project.layout.keeping(project.graph.nodes))
    return project if layout is project.layout else replace(project, layout=layout)
