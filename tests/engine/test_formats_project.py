"""Project files: exact there and back, readable, and a sentence for every fault."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data.builtin import Iris
from engine.errors import FileError, FileFormatError, GraphError
from engine.formats.project_file import dumps, load, loads, save
from engine.graph import Graph
from engine.layers.core import Dense
from engine.layout import Layout
from engine.optimizers import SGD
from engine.project import DataSettings, Project, TrainingSettings
from engine.templates import TEMPLATES
from tests.engine.graphs import many_sided
from tests.engine.layer_cases import CASES


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Any graph that edits can make: nodes with names of all kinds, wires where they may be, links."""
    made = Graph()
    for case in draw(st.lists(st.sampled_from(CASES), max_size=8)):
        name = draw(st.text(max_size=8))
        try:
            made = made.add(made.new_node(case.layer, name or None))
        except GraphError:
            made = made.add(made.new_node(case.layer))
    ids = list(made.nodes)
    for owner in ids[:2]:
        layer = made[owner].layer
        if layer.max_inputs != 0 and layer.has_output and draw(st.booleans()):
            made = made.add(made.new_node(layer, shares=owner))
    ids = list(made.nodes)
    for source, target in (
        draw(st.lists(st.tuples(st.sampled_from(ids), st.sampled_from(ids)), max_size=10)) if ids else []
    ):
        if made.can_connect(source, target) is None:
            made = made.connect(source, target)
    return made.remove(*draw(st.lists(st.sampled_from(ids), unique=True, max_size=2))) if ids else made


@st.composite
def projects(draw: st.DrawFn) -> Project:
    made = draw(graphs())
    number = st.floats(-1e6, 1e6)
    places = {key: draw(st.tuples(number, number)) for key in made.nodes if draw(st.booleans())}
    training = TrainingSettings(
        epochs=draw(st.integers(1, 1000)), optimizer=SGD(learning_rate=draw(st.floats(1e-6, 10)))
    )
    data = DataSettings(source=Iris(), seed=draw(st.integers(0, 100)))
    lost = tuple(draw(st.lists(st.sampled_from(["The loss is unknown.", "é\n"]), max_size=2)))
    names = st.sampled_from(["model", "mine"])
    return Project(made, Layout(MappingProxyType(places)), data, training, draw(names), draw(st.booleans()), lost)


@settings(max_examples=150, deadline=None)
@given(projects())
def test_there_and_back_is_exact(project: Project) -> None:
    text = dumps(project)
    text.encode("utf-8")
    back = loads(text)
    assert back == project
    assert list(back.graph.nodes) == list(project.graph.nodes)
    assert back.graph.order == project.graph.order
    assert dumps(back) == text


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_there_and_back(name: str, tmp_path: Path) -> None:
    project = TEMPLATES[name].make()
    save(project, tmp_path / "p.loom")
    assert load(tmp_path / "p.loom") == project


def test_one_change_is_one_line() -> None:
    project = Project(many_sided(), Layout(MappingProxyType({"n1": (1.0, 2.0)})))
    node = project.graph.by_name("conv")
    graph = project.graph.set_layer(node.id, node.layer.replace(filters=9))
    before, after = dumps(project).splitlines(), dumps(replace(project, graph=graph)).splitlines()
    changed = [line for line, other in zip(after, before, strict=True) if line != other]
    assert len(changed) == 1
    assert '"conv"' in changed[0]
    assert max(map(len, after)) < 600
    assert after[1] == '  "format_version": 1,'


def test_a_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    (tmp_path / "p.loom").write_bytes(b"\xef\xbb\xbf" + dumps(Project()).encode())
    assert load(tmp_path / "p.loom") == Project()


def test_a_name_with_half_a_character_is_refused(tmp_path: Path) -> None:
    text = dumps(Project(Graph().add(Graph().new_node(Dense(), "pair"))))
    (tmp_path / "p.loom").write_text(text.replace('"pair"', '"half \\ud83d pair"'))
    with pytest.raises(FileFormatError, match="control characters"):
        load(tmp_path / "p.loom")


def test_an_input_has_nothing_to_share(tmp_path: Path) -> None:
    found = json.loads(dumps(Project(many_sided())))
    entry = next(node["id"] for node in found["nodes"] if node.get("type") == "Input")
    found["nodes"].append({"id": "n99", "name": "twin", "shares": entry})
    with pytest.raises(FileFormatError, match="Input has no weights to share"):
        loads(json.dumps(found))


# Faults


def _sound() -> dict[str, Any]:
    return json.loads(dumps(Project(many_sided(), Layout(MappingProxyType({"n1": (1.0, 2.0)})))))


def _with(**changes: Any) -> str:
    return json.dumps({**_sound(), **changes})


def _node(**changes: Any) -> str:
    """A sound file in which the node "conv" is changed; None removes a key."""
    found = _sound()
    place = next(i for i, node in enumerate(found["nodes"]) if node["name"] == "conv")
    node = {**found["nodes"][place], **changes}
    found["nodes"][place] = {key: value for key, value in node.items() if value is not None}
    return json.dumps(found)


def _edges(*more: Any) -> str:
    return _with(edges=[*_sound()["edges"], *more])


FAULTS: dict[str, tuple[str, str]] = {
    "empty": ("", "is empty"),
    "blank": (" \n", "is empty"),
    "not JSON": ("hello", "line 1, column 1"),
    "cut short": (_with()[:-200], "is not JSON: line"),
    "merge conflict": (dumps(Project()).replace('  "edges"', '<<<<<<< HEAD\n  "edges"'), "is not JSON: line 4"),
    "a list": ("[]", "must be an object"),
    "a number": ("3", "must be an object"),
    "deep": ("[" * 100_000 + "]" * 100_000, "nested too deeply"),
    "deep objects": ('{"a":' * 100_000 + "1" + "}" * 100_000, "nested too deeply"),
    "deep in a setting": (
        _node(settings="DEEP").replace('"DEEP"', '{"filters": ' + "[" * 500 + "]" * 500 + "}"),
        "setting filters",
    ),
    "NaN": (_with(positions={"n1": [float("nan"), 0]}), "holds NaN"),
    "infinity": (_with(positions={"n1": [float("inf"), 0]}), "holds Infinity"),
    "overflowing number": (_with().replace("[1.0, 2.0]", "[1e999, 2.0]"), "positions, node 'n1'"),
    "endless number": (_with().replace("[1.0, 2.0]", f"[{'9' * 5000}, 2.0]"), "too long"),
    "key twice": ('{"format_version": 1, "format_version": 2}', "'format_version' occurs twice"),
    "no version": ("{}", "'format_version' is missing"),
    "version in words": (_with(format_version="1"), "format_version is '1'"),
    "version zero": (_with(format_version=0), "format_version is 0"),
    "version true": (_with(format_version=True), "format_version is True"),
    "future version": (_with(format_version=2, graph="new"), "written by a newer version of Layerloom"),
    "no nodes": ('{"format_version": 1, "edges": []}', "'nodes' is missing"),
    "unknown key": (_with(extra=1), "'extra' is not known"),
    "nodes not a list": (_with(nodes={}), "nodes: must be a list"),
    "node not an object": (_with(nodes=[3]), "node 1: must be an object"),
    "node without name": (_with(nodes=[{"id": "a"}]), "node 1: the key 'name' is missing"),
    "node without type": (_node(type=None), "node 'conv': the key 'type' is missing"),
    "name not a text": (_node(name=7), "name: must be a text"),
    "name with a slash": (_node(name="a/b"), "slashes"),
    "name of 10,000 characters": (_node(name="x" * 10_000), "200 characters"),
    "name twice": (_node(name="act"), "node 'act': the name 'act' is taken"),
    "id twice": (_node(id="n1"), "the id 'n1' is taken"),
    "unknown layer": (_node(type="Lambada"), "node 'conv': there is no layer 'Lambada'"),
    "unknown setting": (_node(settings={"colour": 1}), "node 'conv', setting colour: "),
    "setting of a wrong type": (_node(settings={"filters": "many"}), "node 'conv', setting filters: "),
    "setting out of bounds": (_node(settings={"filters": 0}), "node 'conv', setting filters: "),
    "setting with a huge number": (_node(settings={"filters": 10**400}), "node 'conv', setting filters: "),
    "setting of a choice": (_node(settings={"padding": "some"}), "node 'conv', setting padding: "),
    "activation unknown": (
        _node(settings={"activation": "os.system"}),
        "node 'conv', setting activation: must be",
    ),
    "settings not an object": (_node(settings=[]), "node 'conv': must be an object"),
    "shares nothing": (_node(shares="n99"), "node 'conv': it shares the weights of 'n99'"),
    "shares itself": (_node(shares="n4"), "node 'conv': it shares the weights of"),
    "edge from nowhere": (_edges({"source": "n99", "target": "n1"}), "there is no node 'n99'"),
    "edge to nowhere": (_edges({"source": "n1", "target": "n99"}), "there is no node 'n99'"),
    "edge out of an Output": (_edges({"source": "n18", "target": "n17"}), "'kind_out' gives no output"),
    "edge into an Input": (_edges({"source": "n3", "target": "n1"}), "'picture' has no input"),
    "port out of reach": (_edges({"source": "n1", "target": "n3", "port": 1}), "'scaled' has no input 2"),
    "port negative": (_edges({"source": "n1", "target": "n3", "port": -1}), "0 or more"),
    "port skipped": (_edges({"source": "n1", "target": "n13", "port": 10**9}), "skip an input"),
    "port taken": (_edges({"source": "n3", "target": "n3", "port": 0}), "two wires lead to the same input"),
    "circle": (
        _with(
            edges=[e for e in _sound()["edges"] if e["target"] != "n3"]
            + [{"source": "n6", "target": "n3", "port": 0}]
        ),
        "circle",
    ),
    "position of one number": (_with(positions={"n1": [1]}), "positions, node 'n1': must be two numbers"),
    "position in words": (_with(positions={"n1": ["a", 2]}), "positions, node 'n1': must be two numbers"),
    "unknown source": (_with(data={"source": {"type": "web"}}), "data, setting source: unknown source 'web'"),
    "source without type": (_with(data={"source": {}}), "data, setting source: "),
    "split out of bounds": (_with(data={"validation_split": 2}), "data, setting validation_split: "),
    "epochs in words": (_with(training={"epochs": "few"}), "training, setting epochs: "),
    "unknown optimizer": (_with(training={"optimizer": {"type": "Magic"}}), "training, setting optimizer: "),
    "optimizer missing a type": (_with(training={"optimizer": {}}), "training, setting optimizer: "),
    "training not an object": (_with(training=3), "training: must be an object"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_gets_one_sentence(fault: str) -> None:
    text, wanted = FAULTS[fault]
    with pytest.raises(FileFormatError) as caught:
        loads(text, "my.loom")
    message = str(caught.value)
    assert message.startswith("my.loom: ")
    assert wanted in message
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 400


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_damage_is_either_read_or_refused(data: st.DataObject) -> None:
    """Whatever value is put in whatever place, the answer is a project or a `FileFormatError`."""
    found = _sound()
    holder: Any = found
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(holder[key], dict | list) or not holder[key] or data.draw(st.integers(0, 3)) == 0:
            break
        holder = holder[key]
    odd = st.sampled_from(
        [None, True, -1, 0, 3.5, 10**30, 1e300, "", "n1", "\x00", [], {}, [[]], {"type": []}, [None]]
    )
    holder[key] = data.draw(odd)
    message = "project: none."
    try:
        loads(json.dumps(found))
    except FileFormatError as error:
        message = str(error)
    assert re.fullmatch(r"project: .+\.", message)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="No such file"):
        load(tmp_path / "none.loom")
    with pytest.raises(FileError, match="directory"):
        load(tmp_path)
    (tmp_path / "binary.loom").write_bytes(b"\x89HDF\r\n\x1a\n\xff\xfe")
    with pytest.raises(FileFormatError, match="not a text file"):
        load(tmp_path / "binary.loom")
    with pytest.raises(FileError, match="could not be written"):
        save(Project(), tmp_path / "no" / "where.loom")


def test_a_failed_save_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "p.loom"
    save(Project(), path)
    before = path.read_text()
    broken = Project(layout=Layout(MappingProxyType({"n1": (float("nan"), 0.0)})))
    with pytest.raises(ValueError, match="JSON"):
        save(broken, path)
    assert path.read_text() == before
    assert [file.name for file in tmp_path.iterdir()] == ["p.loom"]
