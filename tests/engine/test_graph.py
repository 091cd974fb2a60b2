"""Edits of a graph: what they give, and what they refuse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import (
    CycleError,
    DuplicateEdgeError,
    NameTakenError,
    PortError,
    PortOccupiedError,
    UnknownNodeError,
)
from engine.graph import Edge, Graph, snake_case
from engine.layers.conv import Conv2D
from engine.layers.core import Dense, Input, Output
from engine.layers.merging import Add, Concatenate
from engine.layers.reshaping import Flatten
from engine.templates import chain


@pytest.fixture
def diamond() -> Graph:
    """input -> a, b -> add -> output; identifiers n1 to n5."""
    graph, _ = chain(Input(shape=(4,)))
    graph = graph.add(graph.new_node(Dense(units=3), "a"))
    graph = graph.add(graph.new_node(Dense(units=3), "b"))
    graph = graph.add(graph.new_node(Add()))
    graph = graph.add(graph.new_node(Output()))
    for source, target in (("n1", "n2"), ("n1", "n3"), ("n2", "n4"), ("n3", "n4"), ("n4", "n5")):
        graph = graph.connect(source, target)
    return graph


def test_an_edit_leaves_the_graph_it_started_from(diamond: Graph) -> None:
    before = (dict(diamond.nodes), diamond.edges)
    diamond.remove("n2").rename("n3", "other")
    assert (dict(diamond.nodes), diamond.edges) == before
    with pytest.raises(TypeError):
        diamond.nodes["n9"] = diamond["n1"]  # type: ignore[index]


def test_order_puts_each_node_after_what_it_needs(diamond: Graph) -> None:
    assert diamond.order == ("n1", "n2", "n3", "n4", "n5")


def test_ports_of_a_merge_are_filled_in_turn(diamond: Graph) -> None:
    assert [edge.port for edge in diamond.incoming("n4")] == [0, 1]
    assert diamond.port_count("n4") == 3
    assert diamond.free_port("n4") == 2
    assert diamond.free_port("n5") is None


def test_cycles_are_refused(diamond: Graph) -> None:
    with pytest.raises(CycleError):
        diamond.connect("n4", "n4")
    loose = diamond.disconnect(Edge("n1", "n2", 0))
    with pytest.raises(CycleError, match="close a circle"):
        loose.connect("n4", "n2")


def test_an_occupied_port_names_who_holds_it(diamond: Graph) -> None:
    with pytest.raises(PortOccupiedError, match="taken by input"):
        diamond.connect("n3", "n2")


def test_a_wire_drawn_twice_is_refused(diamond: Graph) -> None:
    with pytest.raises(DuplicateEdgeError):
        diamond.connect("n1", "n2")
    # A layer with several inputs may get one value twice, as in Add()([x, x]).
    assert len(diamond.connect("n2", "n4").incoming("n4")) == 3


def test_ports_that_are_not_there_are_refused(diamond: Graph) -> None:
    with pytest.raises(PortError, match="gives no output"):
        diamond.connect("n5", "n4")
    with pytest.raises(PortError, match="takes no wire"):
        diamond.connect("n2", "n1")
    loose = diamond.disconnect(Edge("n1", "n2", 0))
    with pytest.raises(PortError, match="no input 2"):
        loose.connect("n1", "n2", 1)


def test_can_connect_gives_the_reason(diamond: Graph) -> None:
    assert diamond.can_connect("n2", "n1") == "input takes no wire: Input is where data enters."
    loose = diamond.disconnect(Edge("n1", "n2", 0))
    assert loose.can_connect("n1", "n2") is None


def test_unknown_nodes_and_wires_are_named() -> None:
    with pytest.raises(UnknownNodeError, match="n7"):
        Graph().connect("n7", "n8")
    with pytest.raises(UnknownNodeError):
        Graph().disconnect(Edge("n7", "n8"))


def test_removing_a_node_of_a_chain_can_heal_the_wire() -> None:
    graph, _ = chain(Input(shape=(4,)), Dense(units=3), Dense(units=2), Output())
    assert graph.remove("n2", heal=True).edges == (Edge("n1", "n3"), Edge("n3", "n4"))
    assert graph.remove("n2").edges == (Edge("n3", "n4"),)


def test_removing_an_input_of_a_merge_closes_the_gap(diamond: Graph) -> None:
    assert [edge.port for edge in diamond.remove("n2").incoming("n4")] == [0]


def test_names_are_counted_as_keras_does() -> None:
    graph, _ = chain(Input(shape=(4,)), Dense(), Dense(), Dense())
    assert [node.name for node in graph] == ["input", "dense", "dense_1", "dense_2"]
    assert [snake_case(name) for name in ("Conv2D", "MaxPooling2D", "ReLU", "GlobalMaxPooling2D")] == [
        "conv2d",
        "max_pooling2d",
        "re_lu",
        "global_max_pooling2d",
    ]


@pytest.mark.parametrize(
    "name", ["", "  ", "a/b", "a\nb", "x" * 201, ".", "\ud800", "a\u2028b", "top_level_model_weights"]
)
def test_names_that_no_file_could_hold_are_refused(diamond: Graph, name: str) -> None:
    with pytest.raises(NameTakenError):
        diamond.rename("n2", name)


def test_a_name_is_given_once(diamond: Graph) -> None:
    with pytest.raises(NameTakenError, match="already"):
        diamond.rename("n2", "b")


def test_insert_on_a_wire_keeps_the_port(diamond: Graph) -> None:
    graph = diamond.insert(diamond.new_node(Dense(units=3), "between"), Edge("n2", "n4", 0))
    assert graph.incoming("n4")[0] == Edge("n6", "n4", 0)
    assert graph.incoming("n6") == (Edge("n2", "n6", 0),)
    with pytest.raises(PortError, match="cannot sit"):
        diamond.insert(diamond.new_node(Output()), Edge("n2", "n4", 0))


def test_linked_nodes_follow_their_owner_and_inherit_from_it() -> None:
    graph, _ = chain(Input(shape=(4,)), Dense(units=3))
    for _ in range(2):
        graph = graph.add(graph.new_node(Dense(units=3), shares="n2"))
    graph = graph.set_layer("n3", Dense(units=7))
    assert [graph[key].layer for key in ("n2", "n3", "n4")] == [Dense(units=7)] * 3
    assert graph.linked("n4") == ("n2", "n3", "n4")
    heir = graph.remove("n2")
    assert (heir["n3"].shares, heir["n4"].shares) == (None, "n3")


def test_merge_brings_a_copy_under_free_names(diamond: Graph) -> None:
    part = diamond.part(["n2", "n3", "n4"])
    graph, ids = diamond.merge(part)
    assert len(graph) == 8
    assert {graph[ids[key]].name for key in part.nodes} == {"a_1", "b_1", "add_1"}
    assert [edge.source for edge in graph.incoming(ids["n4"])] == [ids["n2"], ids["n3"]]


def test_a_part_without_the_owner_owns_its_weights() -> None:
    graph, _ = chain(Input(shape=(4,)), Dense(units=3))
    for _ in range(2):
        graph = graph.add(graph.new_node(Dense(units=3), shares="n2"))
    part = graph.part(["n3", "n4"])
    assert (part["n3"].shares, part["n4"].shares) == (None, "n3")


def test_merges_take_any_number_of_wires() -> None:
    graph = Graph()
    for _ in range(5):
        graph = graph.add(graph.new_node(Input(shape=(2,))))
    graph = graph.add(graph.new_node(Concatenate()))
    for key in ("n1", "n2", "n3", "n4", "n5"):
        graph = graph.connect(key, "n6")
    assert [edge.source for edge in graph.incoming("n6")] == ["n1", "n2", "n3", "n4", "n5"]
    assert [edge.port for edge in graph.disconnect(Edge("n2", "n6", 1)).incoming("n6")] == [0, 1, 2, 3]


def test_removing_several_at_once() -> None:
    graph, _ = chain(Input(shape=(8, 8, 1)), Conv2D(), Flatten(), Dense(), Output())
    assert graph.remove("n2", "n3", "n4", heal=True).edges == (Edge("n1", "n5"),)


def test_healing_never_doubles_a_wire() -> None:
    graph, _ = chain(Input(shape=(4,)), Dense(units=4))
    graph = graph.add(graph.new_node(Add())).connect("n1", "n3").connect("n2", "n3")
    assert graph.remove("n2", heal=True).edges == (Edge("n1", "n3", 0),)


def test_another_layer_must_have_room_for_the_wires(diamond: Graph) -> None:
    with pytest.raises(PortError, match="into add"):
        diamond.set_layer("n4", Dense())
    with pytest.raises(PortError, match="out of a"):
        diamond.set_layer("n2", Output())
    assert diamond.set_layer("n2", Conv2D())["n2"].layer == Conv2D()


def mesh(choices: list[int]) -> Graph:
    """Layers, each wired to two before it where it takes several, some of them linked."""
    graph = Graph().add(Graph().new_node(Input(shape=(4,))))
    for number, choice in enumerate(choices, 2):
        keys = list(graph.nodes)
        givers = dict.fromkeys((keys[choice % len(keys)], keys[-1]))
        owner = next((node.id for node in graph.of_type(Dense) if choice % 3 == 0 and node.shares is None), None)
        layer = Concatenate() if choice % 2 else Dense(units=4)
        shares = owner if isinstance(layer, Dense) else None
        graph = graph.add(graph.new_node(layer, shares=shares))
        for giver in givers if layer.max_inputs is None else keys[-1:]:
            graph = graph.connect(giver, f"n{number}")
    return graph


@given(st.lists(st.integers(0, 20), min_size=1, max_size=12), st.data(), st.booleans())
def test_many_nodes_go_as_if_one_after_the_other(choices: list[int], data: st.DataObject, heal: bool) -> None:
    graph = mesh(choices)
    gone = data.draw(st.lists(st.sampled_from(list(graph.nodes)), unique=True))
    left = graph
    for key in gone:
        left = left.remove(key, heal=heal)
    assert graph.remove(*gone, heal=heal) == left
    assert set(left.nodes) == set(graph.nodes) - set(gone)
    assert {node.shares for node in left} <= {None, *left.nodes}
    for key in left.nodes:
        ports = [edge.port for edge in left.incoming(key)]
        assert ports == list(range(len(ports)))


@given(st.lists(st.integers(0, 20), max_size=12))
def test_what_is_merged_twice_has_names_of_its_own(choices: list[int]) -> None:
    graph = mesh(choices)
    twice, ids = graph.merge(graph)
    assert twice.part(graph.nodes) == graph
    copied = twice.part(ids.values())
    assert {node.name for node in copied}.isdisjoint(node.name for node in graph)
    assert [node.layer for node in copied] == [node.layer for node in graph]
    assert [(e.port, e.output) for e in copied.edges] == [(e.port, e.output) for e in graph.edges]
    assert [ids.get(node.shares or "") for node in graph] == [node.shares for node in copied]
