"""What two projects differ in."""

from __future__ import annotations

from dataclasses import replace

from engine import templates
from engine.difference import Difference, differences, settings_of, short_names, varying
from engine.graph import Graph
from engine.grouping import group
from engine.inference import infer
from engine.layers.core import Dense, Input, Output
from engine.layers.regularization import Dropout
from engine.layout import Layout
from engine.optimizers import OPTIMIZERS
from engine.project import Project
from engine.templates import chain


def project(*layers: object) -> Project:
    graph, _ = chain(Input(shape=(4,)), *layers, Output())  # type: ignore[arg-type]
    return Project(graph)


def test_the_same_projects_do_not_differ() -> None:
    one = templates.make("digits-cnn")
    assert differences(one, one) == ()


def test_a_setting_of_a_layer_has_both_values() -> None:
    one = project(Dense(units=8))
    other = replace(one, graph=one.graph.set_layer("n2", Dense(units=16, activation="relu")))
    found = differences(one, other)
    assert found == (
        Difference("layer", "changed", "dense", "units", "8", "16"),
        Difference("layer", "changed", "dense", "activation", "linear", "relu"),
    )


def test_layers_that_came_and_went_are_told_once() -> None:
    one = project(Dense(units=8))
    graph = one.graph.remove("n2", heal=True)
    node = replace(graph.new_node(Dropout(rate=0.5)), id="n9")
    other = replace(one, graph=graph.add(node))
    kinds = {(d.part, d.kind, d.place) for d in differences(one, other)}
    assert kinds == {
        ("layer", "removed", "dense"),
        ("layer", "added", "dropout"),
        ("wire", "added", "input → output"),
    }


def test_a_renamed_layer_is_the_same_layer() -> None:
    one = project(Dense(units=8))
    found = differences(one, replace(one, graph=one.graph.rename("n2", "hidden")))
    assert found == (Difference("layer", "changed", "hidden", "name", "dense", "hidden"),)


def test_projects_that_have_nothing_but_names_in_common_are_compared_by_them() -> None:
    one = project(Dense(units=8))
    nodes = {f"x{key}": replace(node, id=f"x{key}") for key, node in one.graph.nodes.items()}
    edges = tuple(replace(e, source=f"x{e.source}", target=f"x{e.target}") for e in one.graph.edges)
    assert differences(one, Project(Graph(nodes, edges))) == ()


def test_what_changed_in_a_group_is_told_from_where_it_is() -> None:
    one = project(Dense(units=8), Dropout(rate=0.1))
    lying = Layout(positions=dict.fromkeys(one.graph.nodes, (0.0, 0.0)))
    grouped = replace(one, graph=group(one.graph, infer(one.graph), ("n2", "n3"), lying)[0])
    (holder,) = (node for node in grouped.graph if node.name not in ("input", "output"))
    inner = holder.layer.graph  # type: ignore[attr-defined]
    dropout = next(node for node in inner if isinstance(node.layer, Dropout))
    changed = holder.layer.replace(graph=inner.set_layer(dropout.id, Dropout(rate=0.3)))
    other = replace(grouped, graph=grouped.graph.set_layer(holder.id, changed))
    found = differences(grouped, other)
    assert [(d.place, d.field, d.before, d.after) for d in found] == [
        (f"{holder.name}/dropout", "rate", "0.1", "0.3")
    ]


def test_training_and_data_are_compared() -> None:
    one = project(Dense())
    other = replace(one.with_training(batch_size=8, optimizer=OPTIMIZERS["SGD"]()), name="mine")
    found = {(d.part, d.field): (d.before, d.after) for d in differences(one, other)}
    assert found["training", "batch_size"] == ("32", "8")
    assert found["training", "optimizer.type"][1] == "SGD"
    assert found["model", "name"] == ("model", "mine")
    moved = replace(one, data=one.data.replace(test_split=0.3, source=templates.make("iris-mlp").data.source))
    found = {(d.part, d.field): (d.before, d.after) for d in differences(one, moved)}
    assert found["data", "test_split"] == ("0.2", "0.3")
    assert found["data", "source"] == ("digits", "iris")


def test_settings_that_vary_have_names_as_short_as_can_be() -> None:
    one = project(Dense(units=8), Dense(units=4))
    other = replace(one.with_training(seed=7), graph=one.graph.set_layer("n3", Dense(units=5)))
    third = replace(other, graph=other.graph.set_layer("n2", Dense(units=9)))
    names = varying([settings_of(one), settings_of(other), settings_of(third)])
    assert names == ("training.seed", "layers.dense.units", "layers.dense_1.units")
    assert short_names(names) == ("seed", "dense.units", "dense_1.units")
    assert varying([settings_of(one)]) == ()
