"""Asking for files: where the dialogs begin, endings that were not typed, and what they would replace."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from app.file_dialogs import ask_folder, ask_open, ask_save
from tests.app.conftest import Answers


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    found = QWidget()
    qtbot.addWidget(found)
    return found


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Where dialogs began; they end with a file in another folder, `chosen`."""
    found: list[str] = []
    (tmp_path / "there").mkdir()

    def end(_parent: QWidget, _title: str, start: str, _kinds: str = "") -> tuple[str, str]:
        found.append(start)
        return str(tmp_path / "there" / "chosen.txt"), ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", end)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", end)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *given: end(*given)[0])
    return found


def test_a_dialog_begins_where_the_one_before_ended(parent: QWidget, begun: list[str], tmp_path: Path) -> None:
    assert ask_open(parent, "Open", "*") == tmp_path / "there" / "chosen.txt"
    assert ask_save(parent, "Save", "a.txt", ".txt", "*.txt") == tmp_path / "there" / "chosen.txt"
    assert ask_folder(parent, "Folder") == tmp_path / "there" / "chosen.txt"
    ask_save(parent, "Save", tmp_path / "own" / "b.txt", ".txt", "*.txt")
    there = str(tmp_path / "there")
    assert begun == [str(Path.home()), f"{there}/a.txt", there, str(tmp_path / "own" / "b.txt")]


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("net", "net.loom"),
        ("net v1.2", "net v1.2.loom"),
        ("net.LOOM", "net.LOOM"),
        ("net.h5", "net.h5.loom"),
        ("net.other", "net.other"),
    ],
)
def test_an_ending_that_was_not_typed_is_appended(
    parent: QWidget, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, typed: str, path: str
) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / typed), ""))
    assert ask_save(parent, "Save", "a.loom", ".loom", "*.loom", (".other",)) == tmp_path / path


@pytest.mark.parametrize("answer", [0, None])
def test_a_file_that_the_dialog_could_not_know_of_is_not_replaced_unasked(
    parent: QWidget, answers: Answers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: int | None
) -> None:
    (tmp_path / "net.loom").write_text("there")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "net"), ""))
    answers.answer = answer
    wanted = None if answer is None else tmp_path / "net.loom"
    assert ask_save(parent, "Save", "a.loom", ".loom", "*.loom") == wanted
    assert answers.asked == ["Replace net.loom?"]


def test_one_who_gives_up_is_given_nothing(parent: QWidget, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    assert ask_open(parent, "Open", "*") is None
    assert ask_save(parent, "Save", "a.loom", ".loom", "*.loom") is None
    assert ask_folder(parent, "Folder") is None
