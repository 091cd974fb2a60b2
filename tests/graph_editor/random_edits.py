"""Random edits of a project on its canvas, for hypothesis: all that mouse, keys and menus can do."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from PySide6.QtCore import QPointF
from PySide6.QtGui import QGuiApplication

from engine.errors import GraphError
from engine.formats import project_file
from engine.graph import Edge
from engine.layers.nested import Functional
from engine.project import Project
from engine.registry import LAYERS
from engine.templates import make
from graph_editor import editing, regrouping, remarks
from graph_editor.aligning import LINES, WAYS
from graph_editor.blocks import BLOCK
from graph_editor.common import common, refusal, with_setting
from graph_editor.document import ProjectDocument
from graph_editor.problems import apply_fix
from graph_editor.view import GraphView
from graph_editor.wiring import can_insert, fitting_targets
from tests.graph_editor.in_step import assert_in_step, assert_valid

T = TypeVar("T")

STARTS = ("", "iris-mlp", "digits-two-branch", "digits-lstm")
"""Templates to begin with, besides nothing."""

TYPES = ("Dense", "Flatten", "Conv2D", "Concatenate", "Add", "Input", "Output", "Dropout", "LSTM", "Functional")
"""Layers of each kind of card: with one input and several, without, with several outputs, with a graph inside."""

VALUES: dict[str, tuple[Any, ...]] = {
    "units": (1, 3, 64),
    "activation": ("relu", "softmax"),
    "trainable": (True, False),
    "rate": (0.1, 0.5),
    "use_bias": (True, False),
    "return_state": (True, False),
    "return_sequences": (True, False),
    "shape": ((4,), (8, 8, 1)),
    "loss": ("mean_squared_error", None),
}
"""Settings to change, and their values."""

NUMBERS = st.integers(0, 40)
"""One of several, counted around."""
SEVERAL = st.lists(NUMBERS, min_size=1, max_size=5, unique=True)
CHOSEN = st.lists(NUMBERS, max_size=3, unique=True)
PLACES = st.tuples(st.integers(-40, 40), st.integers(-40, 40)).map(lambda at: (at[0] * 10.0, at[1] * 10.0))
KINDS = st.sampled_from(TYPES)


class RandomEdits(RuleBasedStateMachine):
    """A canvas that is edited at random; what it holds and shows is looked at after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[BaseException] = []
        self._hook, sys.excepthook = sys.excepthook, lambda _, error, __: self.faults.append(error)
        self.gone_back, self.index, self.sound = False, 0, False

    @initialize(name=st.sampled_from(STARTS), every=st.sampled_from((1, 1, 4)))
    def begin(self, name: str, every: int) -> None:
        self.every, self.steps = every, 0
        QGuiApplication.clipboard().clear()
        self.document = ProjectDocument(make(name) if name else Project())
        self.view = GraphView(self.document)
        self.view.resize(900, 700)
        self.scene = self.view.graph_scene
        self.history = {0: self.document.project}

    # Choosing

    def nodes(self, numbers: Sequence[int]) -> tuple[str, ...]:
        ids = tuple(self.document.graph.nodes)
        return tuple(dict.fromkeys(ids[number % len(ids)] for number in numbers)) if ids else ()

    def node(self, number: int) -> str:
        return self.nodes([number])[0]

    def edge(self, number: int) -> Edge:
        return self.one(self.document.graph.edges, number)

    @staticmethod
    def one(among: Sequence[T], number: int) -> T:
        return among[number % len(among)]

    @property
    def groups(self) -> list[str]:
        return [node.id for node in self.document.graph.of_type(Functional)]

    has_nodes = precondition(lambda self: len(self.document.graph) > 0)
    has_edges = precondition(lambda self: bool(self.document.graph.edges))
    has_groups = precondition(lambda self: bool(self.groups))
    has_remarks = precondition(lambda self: bool(self.document.layout.remarks))
    is_small = precondition(lambda self: len(self.document.graph) < 40)

    # What is selected

    def choose(self, numbers: Sequence[int]) -> None:
        """Select some cards: what hangs together where few numbers are given; for none, what is selected stays."""
        chosen, graph = self.nodes(numbers), self.document.graph
        if len(numbers) == 2:
            chosen = (*chosen, *(edge.target for edge in graph.outgoing(chosen[0]))) if chosen else ()
        if chosen:
            self.scene.select(chosen)

    @rule(numbers=SEVERAL, wires=st.lists(NUMBERS, max_size=2))
    def select(self, numbers: list[int], wires: list[int]) -> None:
        edges = self.document.graph.edges
        self.scene.select(self.nodes(numbers), [self.one(edges, wire) for wire in wires if edges])

    @rule()
    def select_all(self) -> None:
        self.view.select_all()

    # Cards

    @is_small
    @rule(kind=KINDS, place=PLACES)
    def drop(self, kind: str, place: tuple[float, float]) -> None:
        self.view.drop_layer(kind, QPointF(*place))

    @is_small
    @rule(kind=KINDS, numbers=CHOSEN)
    def add_behind(self, kind: str, numbers: list[int]) -> None:
        self.choose(numbers[:1])
        self.view.add_layer(kind)

    @is_small
    @has_edges
    @rule(kind=KINDS, number=NUMBERS)
    def drop_on_wire(self, kind: str, number: int) -> None:
        self.view.insert_layer(kind, self.edge(number))

    @has_edges
    @rule(number=NUMBERS, onto=NUMBERS)
    def move_onto_wire(self, number: int, onto: int) -> None:
        node_id, edge = self.node(number), self.edge(onto)
        if can_insert(self.document.graph, node_id, edge):
            editing.insert_card(self.document, node_id, edge)

    @rule(numbers=CHOSEN)
    def delete(self, numbers: list[int]) -> None:
        self.choose(numbers)
        self.view.delete_selected()

    @rule(numbers=CHOSEN)
    def take_out(self, numbers: list[int]) -> None:
        self.choose(numbers)
        self.view.take_out_selected()

    @has_nodes
    @rule(numbers=SEVERAL, place=PLACES)
    def move(self, numbers: list[int], place: tuple[float, float]) -> None:
        editing.move(self.document, {key: self.shifted(key, place) for key in self.nodes(numbers)})

    def shifted(self, key: str, by: tuple[float, float]) -> tuple[float, float]:
        x, y = self.document.position(key)
        return x + by[0], y + by[1]

    @has_nodes
    @rule(number=NUMBERS, name=st.sampled_from(("dense", "input", "a b", " é ", "x_1", "", "a/b")))
    def rename(self, number: int, name: str) -> None:
        editing.rename(self.document, self.node(number), name)

    @has_nodes
    @rule(numbers=SEVERAL, data=st.data())
    def set(self, numbers: list[int], data: st.DataObject) -> None:
        """One setting of one layer or of several, as the inspector changes it."""
        graph, chosen = self.document.graph, self.nodes(numbers)
        names = sorted(common(graph[key].layer for key in chosen).names & VALUES.keys())
        if names:
            name = data.draw(st.sampled_from(names))
            value = data.draw(st.sampled_from(VALUES[name]))
            if not refusal(graph, chosen, name, value):
                graph = with_setting(graph, chosen, name, value)
                self.document.edit_graph(f"Change {name}", graph, merge_key=f"{','.join(chosen)}.{name}")

    @has_nodes
    @rule(kind=KINDS, numbers=SEVERAL)
    def replace(self, kind: str, numbers: list[int]) -> None:
        with suppress(GraphError):
            editing.replace_layers(self.document, self.nodes(numbers), LAYERS[kind]())

    @rule(number=NUMBERS)
    def mend(self, number: int) -> None:
        fixes = [fix for problem in self.document.inference.problems for fix in problem.fixes]
        if fixes:
            apply_fix(self.document, self.one(fixes, number))

    # Wires

    @has_nodes
    @rule(number=NUMBERS, end=NUMBERS, output=NUMBERS)
    def wire(self, number: int, end: int, output: int) -> None:
        graph, source = self.document.graph, self.node(number)
        fits = sorted(fitting_targets(graph, source))
        if fits:
            output %= len(graph[source].layer.output_names)
            with suppress(GraphError):
                edge = graph.check_connect(source, self.one(fits, end), None, output)
                editing.connect(self.document, [edge])

    @has_edges
    @rule(number=NUMBERS, end=NUMBERS)
    def drag_end_of_wire(self, number: int, end: int) -> None:
        edge, target = self.edge(number), self.node(end)
        base = self.document.graph.disconnect(edge)
        with suppress(GraphError):
            editing.connect(self.document, [base.check_connect(edge.source, target, None, edge.output)], base)

    @is_small
    @rule(kind=st.sampled_from(("Concatenate", "Add", "Dense")), numbers=CHOSEN)
    def merge(self, kind: str, numbers: list[int]) -> None:
        self.choose(numbers)
        self.view.merge_selected(kind)

    # Copies

    @is_small
    @rule(numbers=CHOSEN)
    def duplicate(self, numbers: list[int]) -> None:
        self.choose(numbers)
        self.view.duplicate()

    @is_small
    @rule(numbers=CHOSEN)
    def duplicate_linked(self, numbers: list[int]) -> None:
        self.choose(numbers)
        self.view.duplicate_linked()

    @rule(numbers=CHOSEN)
    def make_independent(self, numbers: list[int]) -> None:
        self.choose(numbers)
        self.view.make_independent()

    @rule(cut=st.booleans(), numbers=CHOSEN)
    def copy(self, cut: bool, numbers: list[int]) -> None:
        self.choose(numbers)
        self.view.cut() if cut else self.view.copy()

    @is_small
    @rule(place=st.none() | PLACES)
    def paste(self, place: tuple[float, float] | None) -> None:
        self.view.paste(None if place is None else QPointF(*place))

    @is_small
    @rule(count=st.integers(2, 3), numbers=CHOSEN)
    def repeat(self, count: int, numbers: list[int]) -> None:
        self.choose(numbers)
        self.view.repeat(count)

    # Groups

    @rule(numbers=CHOSEN)
    def group(self, numbers: list[int]) -> None:
        self.choose(numbers)
        with suppress(GraphError):
            self.scene.select([regrouping.group(self.document, self.scene.selected_nodes())])

    @has_groups
    @rule(numbers=SEVERAL)
    def expand(self, numbers: list[int]) -> None:
        groups = self.groups
        self.view.toggle_groups([self.one(groups, number) for number in numbers[:2]])

    @has_groups
    @rule(number=NUMBERS)
    def ungroup(self, number: int) -> None:
        self.scene.select([self.one(self.groups, number)])
        self.view.ungroup_selected()

    @precondition(lambda self: self.groups and len(self.document.path) < 3)
    @rule(number=NUMBERS)
    def enter(self, number: int) -> None:
        assert self.view.open_group(self.one(self.groups, number))

    @precondition(lambda self: self.document.path)
    @rule()
    def leave(self) -> None:
        self.view.leave_group()

    @has_groups
    @rule(number=NUMBERS, name=st.sampled_from(("block", "dense")))
    def save_block(self, number: int, name: str) -> None:
        layer = self.document.graph[self.one(self.groups, number)].layer
        assert isinstance(layer, Functional)
        self.view.blocks.save(name, layer)

    @is_small
    @precondition(lambda self: self.view.blocks.all())
    @rule(number=NUMBERS, place=PLACES)
    def put_block(self, number: int, place: tuple[float, float]) -> None:
        key = BLOCK + self.one(self.view.blocks.all(), number).name
        edges = self.document.graph.edges
        if edges and number % 2:
            self.view.insert_layer(key, self.one(edges, number))
        else:
            self.view.drop_layer(key, QPointF(*place))

    # Places

    @rule()
    def arrange(self) -> None:
        self.view.arrange()

    @rule(how=st.sampled_from((None, *LINES, *WAYS)), numbers=SEVERAL)
    def line_up(self, how: Any, numbers: list[int]) -> None:
        self.choose(numbers)
        if how is None:
            self.view.arrange_selected()
        elif how in WAYS:
            self.view.distribute_selected(how)
        else:
            self.view.align_selected(how)

    # Notes and frames

    @precondition(lambda self: not self.document.path)
    @rule(place=PLACES, frame=st.booleans())
    def add_remark(self, place: tuple[float, float], frame: bool) -> None:
        if frame:
            remarks.add_frame(self.document, self.scene.selected_nodes(), place)
        else:
            remarks.add_note(self.document, place)

    @has_remarks
    @rule(number=NUMBERS, how=st.sampled_from(("write", "color", "move", "resize", "select")), by=PLACES)
    def change_remark(self, number: int, how: str, by: tuple[float, float]) -> None:
        key = self.one(list(self.document.layout.remarks), number)
        if how == "write":
            remarks.set_text(self.document, key, f"text {by[0]}")
        elif how == "color":
            remarks.set_color(self.document, [key], "red")
        elif how == "select":
            self.scene.select(self.scene.selected_nodes(), self.scene.selected_edges(), [key])
        else:
            remarks.nudge(self.document, [key], by, larger=how == "resize")

    # Back and forth

    @rule(steps=st.integers(1, 3))
    def undo(self, steps: int) -> None:
        for _ in range(steps):
            self.document.undo_stack.undo()
        self.gone_back = True

    @rule(steps=st.integers(1, 3))
    def redo(self, steps: int) -> None:
        for _ in range(steps):
            self.document.undo_stack.redo()
        self.gone_back = True

    # Looking

    @invariant()
    def holds_together(self) -> None:
        self.sound = False
        stack, project = self.document.undo_stack, self.document.project
        if self.faults:
            raise self.faults.pop()
        assert_valid(project)
        if self.gone_back or stack.canRedo() or stack.index() < self.index:
            assert project == self.history[stack.index()]
        else:
            self.history = {step: value for step, value in self.history.items() if step < stack.index()}
            self.history[stack.index()] = project
        self.index, self.gone_back = stack.index(), False
        assert not stack.canUndo() or stack.undoText()
        assert not stack.canRedo() or stack.redoText()

    @invariant()
    def is_shown(self) -> None:
        self.steps += 1
        if self.steps % self.every == 0:
            self.look()
        self.sound = True

    def look(self) -> None:
        self.view.end_gliding()
        assert_in_step(self.scene, self.document)
        if self.faults:
            raise self.faults.pop()

    def teardown(self) -> None:
        try:
            if self.sound:
                self.go_through()
        finally:
            sys.excepthook = self._hook

    def go_through(self) -> None:
        """Undo all is the start, redo all the end, and the file holds the same."""
        self.look()
        stack, start = self.document.undo_stack, self.history[0]
        while stack.canRedo():
            stack.redo()
        end = self.document.project
        assert project_file.loads(project_file.dumps(end)) == end
        while stack.canUndo():
            stack.undo()
            assert self.document.project == self.history[stack.index()]
        assert self.document.project == start
        self.look()
        while stack.canRedo():
            stack.redo()
        assert self.document.project == end
        self.look()
