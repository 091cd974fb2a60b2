"""The language of the window: the table of texts, and a window in another language."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

import app.appearance
import app.files
from app.action_table import specs
from app.dialogs import sentence
from app.language import FOLDER, LANGUAGES, Table, chosen, speak, table
from app.settings import AppSettings
from app.window import MainWindow
from engine import templates
from engine.errors import FileError, NotReadyError
from engine.problems import Problem
from graph_editor.document import ProjectDocument
from graph_editor.words import counted, said
from tests.texts import engine_texts, hidden_texts, window_texts

TRANSLATED = [language for language in LANGUAGES if language != "en"]
_PLACES = re.compile(r"\{\d*\}|%n|;;|\*\.\w+|\n")


@pytest.fixture
def chinese(qapp: QApplication) -> Iterator[None]:
    speak("zh_CN")
    yield
    speak("en")


@pytest.fixture
def window(chinese: None, qtbot: QtBot, tmp_path: Path) -> MainWindow:
    settings = AppSettings(tmp_path)
    settings.language = "zh_CN"
    found = MainWindow(ProjectDocument(templates.make("iris-mlp")), settings)
    qtbot.addWidget(found, before_close_func=lambda _: found.document.undo_stack.setClean())
    return found


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize("part", ["window", "engine"])
def test_every_text_has_a_translation_and_there_is_no_other(language: str, part: str) -> None:
    wanted = window_texts() if part == "window" else engine_texts()
    there = getattr(table(language), part)
    missing = dict.fromkeys(sorted(wanted - there.keys()), "")
    shown = json.dumps(missing, ensure_ascii=False, indent=1)
    how = f"python -m tests.texts {language} '<this, filled in>' puts them where they belong"
    assert not missing, f'resources/languages/{language}.json lacks in "{part}" ({how}):\n{shown}'
    needless = sorted(there.keys() - wanted)
    shown = json.dumps(needless, ensure_ascii=False, indent=1)
    assert not needless, f'resources/languages/{language}.json needs no more in "{part}":\n{shown}'
    assert all(text.strip() for text in there.values())


def test_no_text_is_hidden_from_translation() -> None:
    assert hidden_texts() == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_table_is_sorted_with_a_line_for_each_text(language: str) -> None:
    text = (FOLDER / f"{language}.json").read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


@pytest.mark.parametrize("language", TRANSLATED)
def test_places_and_letters_are_the_same_on_both_sides(language: str) -> None:
    texts = table(language)
    for english, other in (*texts.window.items(), *texts.engine.items()):
        text = english.partition("|")[0]
        assert Counter(_PLACES.findall(text)) == Counter(_PLACES.findall(other)), english
    for english, other in texts.window.items():
        assert english.endswith("…") == other.endswith("…"), english
        letter, there = re.search(r"&(\w)", english), re.search(r"&(\w)", other)
        assert (letter and letter[1].upper()) == (there and there[1].upper()), english


@pytest.mark.parametrize("language", TRANSLATED)
def test_one_text_is_one_translation_in_window_and_engine(language: str) -> None:
    texts = table(language)
    for text in texts.window.keys() & texts.engine.keys():
        assert texts.window[text] == texts.engine[text]


def test_names_are_filled_into_sentences_of_the_engine(chinese: None) -> None:
    assert (
        said("dense_1 leads nowhere: what it computes is not used.")
        == "dense_1 没有通向任何地方：其计算结果没有用到。"
    )
    assert (
        said("Input 2, key, of mha has no wire, but a later one has.")
        == "mha 的第 2 个输入, key,没有连线，而后面的输入却有。"
    )
    assert (
        said("Input 1 of add has no wire, but a later one has.") == "add 的第 1 个输入没有连线，而后面的输入却有。"
    )


def test_what_is_filled_in_is_translated_too_where_it_is_a_sentence(chinese: None) -> None:
    inner = "dense has no input: draw a wire to it."
    assert said(f"Inside at block: {inner}") == f"内部 block 处：{said(inner)}"
    assert said("Add needs inputs of one shape, but gets 4 × 4 and 8 × 8.").endswith("4 × 4 和 8 × 8。")
    assert "图像（高度 × 宽度 × 通道）" in said("Conv2D needs pictures (height × width × channels), but gets 64.")


def test_a_name_is_never_translated(chinese: None) -> None:
    assert said("Core has no input: draw a wire to it.").startswith("Core ")
    assert said("Remove Attention") == "移除 Attention"


def test_what_is_not_known_is_left_as_it_is(chinese: None) -> None:
    for text in ("This is said nowhere and by nobody.", "", "dense_1", "a and b"):
        assert said(text) == text


def test_english_needs_no_table() -> None:
    speak("en")
    assert said("Convolution") == "Convolution"
    assert counted(1, "{0} layer", "{0} layers") == "1 layer"
    assert counted(1200, "{0} layer", "{0} layers") == "1,200 layers"


def test_longer_patterns_go_before_shorter_ones() -> None:
    texts = Table({}, {"{0} needs {1}.": "a", "{0} needs {1} axes.": "b", "{0} and {1}": "c"})
    assert [pattern.text for pattern in texts.patterns] == ["b", "a", "c"]
    assert [pattern.is_joint for pattern in texts.patterns] == [False, False, True]


def test_errors_are_told_in_the_language_of_the_window(chinese: None) -> None:
    assert sentence(FileError("a.npz", "there is no such file.")) == "a.npz: 没有这个文件。"
    inside = FileError("a.keras", "layer 'x': is nested too deeply.")
    assert sentence(inside) == "a.keras: layer 'x': 嵌套过深。"
    problem = Problem(None, "There is no Input: drag one onto the canvas for the data to enter by.")
    assert sentence(NotReadyError([problem])).startswith("没有 Input")
    assert sentence(ValueError("x")).startswith("发生意外错误")


def test_the_window_is_chinese_throughout(window: MainWindow) -> None:
    titles = [action.text() for action in window.menuBar().actions()]
    assert titles == ["文件(&F)", "编辑(&E)", "层(&L)", "视图(&V)", "运行(&R)", "帮助(&H)"]
    assert window.actions_["train"].iconText() == "训练"
    palette = window.work.palette_panel.list
    assert [group.text(0) for group, _ in palette.groups()][:2] == ["我的模块", "输入与输出"]
    assert palette.categories()[:2] == ["My blocks", "Input and output"]
    document = window.document
    dense = next(node for node in document.graph if node.layer.type_name() == "Dense")
    window.work.view.graph_scene.select([dense.id])
    assert window.work.inspector.sentence.text().startswith("全连接层")
    assert "参数量" in window.work.inspector.facts.text()
    window.work.view.delete_selected()
    document.edit_graph("x", document.graph.remove(document.graph.order[0]))
    shown = [card.accessibleName() for card in window.work.problems.stack.cards]
    assert shown
    assert all(re.search(r"[\u4e00-\u9fff]", text) for text in shown)
    fixes = [button.accessibleName() for card in window.work.problems.stack.cards for button in card.buttons]
    assert fixes
    assert all(re.search(r"[\u4e00-\u9fff]", text) for text in fixes)


def test_undo_names_the_edit_in_chinese(window: MainWindow) -> None:
    window.work.view.add_layer("Dropout")
    added = window.work.view.selected_node()
    assert added is not None
    name = window.document.graph[added].name
    assert window.actions_["undo"].text() in (f"撤销：添加 {name}(&U)", f"撤销：插入 {name}(&U)")


def test_layers_are_found_by_chinese_words(window: MainWindow) -> None:
    panel = window.work.palette_panel
    panel.search.setText("池化")
    assert "MaxPooling2D" in {row.text(0) for row in panel.list.layers()}
    panel.search.setText("conv2d")
    assert {row.text(0) for row in panel.list.layers()} >= {"Conv2D", "SeparableConv2D"}


def test_no_action_is_english(window: MainWindow) -> None:
    names = {*LANGUAGES.values(), "Python(&P)…", "FLOPs(&F)"}
    for spec in specs():
        assert spec.text in names or re.search(r"[\u4e00-\u9fff]", spec.text), spec.name
        assert re.search(r"[\u4e00-\u9fff]", spec.tip), spec.name


@pytest.mark.parametrize("answer", [None, 0])
def test_another_language_asks_for_a_new_start_and_is_remembered(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, answer: int | None, tmp_path: Path
) -> None:
    asked: list[str] = []
    started: list[object] = []

    def choose(parent: object, title: str, text: str, choices: object, detail: str = "") -> int | None:
        asked.append(text)
        return answer

    monkeypatch.setattr(app.appearance, "choose", choose)
    monkeypatch.setattr(app.appearance.QProcess, "startDetached", lambda *arguments: started.append(arguments))
    window.actions_["language_zh_CN"].trigger()
    assert asked == []
    window.actions_["language_en"].trigger()
    assert len(asked) == 1
    assert "English" in asked[0]
    assert len(started) == (answer == 0)
    window.settings.save()
    assert AppSettings(tmp_path).language == "en"


def test_a_network_that_is_saved_at_the_new_start_is_opened_by_it(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started: list[list[str]] = []
    path = tmp_path / "mine.loom"
    for module in (app.appearance, app.files):  # "Start again now", then "Save"
        monkeypatch.setattr(module, "choose", lambda *_: 0)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    monkeypatch.setattr(app.appearance.QProcess, "startDetached", lambda _, arguments: started.append(arguments))
    window.document.edit_graph("x", window.document.graph.remove(window.document.graph.order[1]))
    window.actions_["language_en"].trigger()
    assert path.exists()
    assert started == [["-m", "app", str(path)]]


@pytest.mark.parametrize("wish", ["", "klingon", "../../etc", "zh_CN.json"])
def test_a_damaged_setting_means_the_language_of_the_system(wish: str, tmp_path: Path) -> None:
    settings = AppSettings(tmp_path)
    settings.language = wish
    assert chosen(settings.language) == chosen("system")
