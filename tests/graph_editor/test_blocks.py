"""Blocks of one's own: saved from a group, found, dragged, wired, renamed, deleted, and files that hold none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QInputDialog, QMessageBox

from engine.errors import FileError, NameTakenError
from engine.layers.nested import Functional
from engine.templates import make
from graph_editor.blocks import BLOCK, Blocks
from graph_editor.document import ProjectDocument
from graph_editor.palette import Palette
from graph_editor.view import GraphView
from tests.graph_editor.conftest import Canvas


@pytest.fixture
def blocks(tmp_path: Path, qapp) -> Blocks:
    return Blocks(tmp_path / "blocks")


@pytest.fixture
def grouped(qtbot, blocks) -> Canvas:
    """The two branches of a network in a group, selected."""
    view = GraphView(ProjectDocument(make("digits-two-branch")), blocks=blocks)
    qtbot.addWidget(view)
    view.resize(900, 800)
    view.show()
    canvas = Canvas(qtbot, view)
    names = ("conv2d", "max_pooling2d", "conv2d_1", "max_pooling2d_1", "concatenate")
    canvas.scene.select([canvas.id(name) for name in names])
    view.group_selected()
    view.setFocus()
    return canvas


def answer(monkeypatch, name: str, yes: bool = True) -> None:
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: (name, True))
    button = QMessageBox.StandardButton.Yes if yes else QMessageBox.StandardButton.No
    monkeypatch.setattr(QMessageBox, "question", lambda *_, **__: button)


def test_a_group_is_kept_and_there_in_the_next_program(grouped, blocks, tmp_path, monkeypatch):
    answer(monkeypatch, "Two branches")
    grouped.view.save_block()
    again = Blocks(tmp_path / "blocks")
    assert [block.name for block in again.all()] == ["Two branches"]
    assert again.all()[0].layer == grouped.graph.by_name("model").layer
    assert not again.faults


def test_only_a_group_can_be_kept(grouped, blocks):
    grouped.scene.select([grouped.id("flatten")])
    with grouped.bot.waitSignal(grouped.view.message) as told:
        grouped.view.save_block()
    assert "group" in told.args[0]
    assert not blocks.all()


def test_a_block_is_replaced_only_if_that_is_meant(grouped, blocks, monkeypatch):
    answer(monkeypatch, "mine")
    grouped.view.save_block()
    other = Functional()
    grouped.document.edit_graph("x", grouped.graph.add(grouped.graph.new_node(other, "other")))
    grouped.scene.select([grouped.id("other")])
    answer(monkeypatch, "mine", yes=False)
    grouped.view.save_block()
    assert blocks.all()[0].layer != other
    answer(monkeypatch, "mine")
    grouped.view.save_block()
    assert blocks.all()[0].layer == other
    assert len(list(blocks.all()[0].path.parent.iterdir())) == 1


def test_a_block_is_dropped_on_a_wire(grouped, blocks):
    blocks.save("mine", Functional())
    assert grouped.drop(BLOCK + "mine", grouped.wire("flatten", "dense"))
    assert {("flatten", "mine"), ("mine", "dense")} <= grouped.wires()
    assert not grouped.drop(BLOCK + "gone", grouped.wire("flatten", "mine"))


def test_a_block_is_found_by_quick_add(grouped, blocks):
    blocks.save("inception mine", grouped.graph.by_name("model").layer)
    grouped.scene.select([grouped.id("rescaling")])
    grouped.view.quick_add_here()
    grouped.bot.keyClicks(grouped.view.asking.search, "inc")
    assert grouped.view.asking.suggestions()[0].title == "inception mine"
    grouped.bot.keyClick(grouped.view.asking.search, Qt.Key.Key_Return)
    assert ("rescaling", "inception mine") in grouped.wires()


def test_a_block_stands_in_the_palette_and_is_searched(qtbot, blocks):
    palette = Palette(blocks=blocks)
    qtbot.addWidget(palette)
    assert "My blocks" not in {group.text(0) for group, _ in palette.list.groups() if not group.isHidden()}
    blocks.save("Residual", Functional())
    assert palette.list.groups()[0][1][0].text(0) == "Residual"
    palette.search.setText("resid")
    assert palette.list.layers()[0].text(0) == "Residual"
    with qtbot.waitSignal(palette.layer_activated) as told:
        qtbot.keyClick(palette.search, Qt.Key.Key_Return)
    assert told.args[0] == f"{BLOCK}Residual"


def test_a_block_is_renamed_and_deleted_by_keys(qtbot, blocks, monkeypatch, tmp_path):
    palette = Palette(blocks=blocks)
    qtbot.addWidget(palette)
    blocks.save("Residual", Functional())
    palette.list.setCurrentItem(palette.list.groups()[0][1][0])
    answer(monkeypatch, "Shortcut")
    qtbot.keyClick(palette.list, Qt.Key.Key_F2)
    assert [block.name for block in Blocks(tmp_path / "blocks").all()] == ["Shortcut"]
    palette.list.setCurrentItem(palette.list.groups()[0][1][0])
    qtbot.keyClick(palette.list, Qt.Key.Key_Delete)
    assert not blocks.all()
    assert not list((tmp_path / "blocks").iterdir())


def test_names_that_are_taken_or_none_are_refused(blocks):
    blocks.save("a", Functional())
    blocks.save("b", Functional())
    with pytest.raises(NameTakenError):
        blocks.rename("a", "b")
    with pytest.raises(NameTakenError):
        blocks.save("  ", Functional())
    assert [block.name for block in blocks.all()] == ["a", "b"]


def test_names_alike_have_files_of_their_own(blocks):
    blocks.save("a b", Functional())
    blocks.save("a+b", Functional())
    assert len({block.path for block in blocks.all()}) == 2


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("not JSON", "is not JSON"),
        ("foreign", "holds no block"),
        ("newer", "newer version"),
        ("no name", "name"),
        ("a circle", "gives no output"),
        ("not text", "not a text file"),
    ],
)
def test_a_damaged_file_is_told_and_hurts_no_other(blocks, tmp_path, qtbot, monkeypatch, fault, told):
    blocks.save("good", Functional())
    path = tmp_path / "blocks" / "bad.json"
    good = json.loads((tmp_path / "blocks" / "good.json").read_text())
    circle = json.loads(json.dumps(good))
    circle["settings"]["graph"]["edges"].append({"source": "n2", "target": "n1", "port": 0})
    content = {
        "not JSON": b"{",
        "foreign": b'{"a": 1}',
        "newer": json.dumps({**good, "version": 2}).encode(),
        "no name": json.dumps({**good, "name": ""}).encode(),
        "a circle": json.dumps(circle).encode(),
        "not text": b"\xff\xfe\x00",
    }[fault]
    path.write_bytes(content)
    again = Blocks(tmp_path / "blocks")
    assert [block.name for block in again.all()] == ["good"]
    assert told in again.faults[path]
    palette = Palette(blocks=again)
    qtbot.addWidget(palette)
    row = palette.list.groups()[0][1][-1]
    assert "bad.json" in row.text(0)
    assert again.faults[path] in row.toolTip(0)
    answer(monkeypatch, "")
    palette.list.setCurrentItem(row)
    qtbot.keyClick(palette.list, Qt.Key.Key_Delete)
    assert not path.exists()
    assert not again.faults


def test_a_folder_that_cannot_be_written_is_told(tmp_path, qapp):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError):
        Blocks(tmp_path / "file" / "blocks").save("a", Functional())
