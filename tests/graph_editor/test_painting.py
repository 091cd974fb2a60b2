"""What is drawn: without losing references, quickly, in colours that can be read."""

from __future__ import annotations

import gc
import re
import sys
import time
from dataclasses import fields, replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage

from engine.errors import FileError
from engine.graph import Graph, Node
from engine.grouping import group
from engine.inference import NodeFacts
from engine.layers.core import Dense, Input, Output
from engine.project import Project
from engine.registry import LAYERS
from engine.templates import chain, make
from graph_editor.card import Look
from graph_editor.document import ProjectDocument
from graph_editor.heat import Shown, shade
from graph_editor.picture import PictureOptions, render
from graph_editor.theme import DARK, LIGHT, Theme, category_color, current, set_scheme, theme_notifier


def test_painting_keeps_every_reference_to_none(branched):
    branched.scene.select([branched.id("conv2d")])
    branched.view.grab()
    gc.collect()
    before = sys.getrefcount(None)
    for _ in range(20):
        branched.view.grab()
    gc.collect()
    # A release of PySide6 that loses references loses thousands here.
    assert sys.getrefcount(None) > before - 50


def big_project(count: int) -> Project:
    part, _ = chain(Input(shape=(16,)), *(Dense(units=16) for _ in range(99)))
    graph = Graph()
    for _ in range(count // 100):
        graph, _ = graph.merge(part)
    return Project(graph)


@pytest.mark.slow
def test_two_thousand_cards_load_and_move_smoothly(canvas_of):
    project = big_project(2000)
    loads: list[float] = []
    while not loads or (loads[-1] >= 6 and len(loads) < 3):
        start = time.perf_counter()
        canvas = canvas_of(project)
        loads.append(time.perf_counter() - start)
    assert min(loads) < 6
    canvas.view.reset_zoom()
    canvas.view.center_on("n1050")
    at = canvas.view.mapFromScene(canvas.scene.node_items["n1050"].pos())
    canvas.press(at)
    canvas.move(at + QPoint(20, 0))
    steps = []
    for step in range(2, 22):
        start = time.perf_counter()
        canvas.move(at + QPoint(20 * step, 0))
        canvas.view.viewport().repaint()
        steps.append(time.perf_counter() - start)
    canvas.release(at + QPoint(440, 0))
    assert canvas.document.position("n1050")[0] != project.layout.positions.get("n1050", (0, 0))[0]
    assert sorted(steps)[len(steps) // 2] < 0.033


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_texts_can_be_read(theme: Theme):
    grounds = (theme.window, theme.panel, theme.field, theme.canvas, theme.card, theme.button)
    inks = (theme.text, theme.muted, theme.accent, theme.error, theme.warning, theme.good)
    for ground in grounds:
        for ink in inks:
            assert contrast(ink, ground) >= 4.5, (ink, ground)
    assert contrast(theme.on_accent, theme.accent) >= 4.5
    assert contrast(theme.text, theme.error_soft) >= 4.5
    for layer in LAYERS.values():
        assert contrast(category_color(layer.category, theme), theme.card) >= 2.5


def contrast(a: str, b: str) -> float:
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(value: str) -> float:
    color = QColor(value)
    parts = [x / 12.92 if x <= 0.03928 else ((x + 0.055) / 1.055) ** 2.4 for x in color.getRgbF()[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def test_every_category_has_a_colour_of_its_own():
    names = {layer.category for layer in LAYERS.values()}
    assert len({category_color(name, LIGHT) for name in names}) == len(names)
    assert category_color("A category of tomorrow", DARK)


def test_themes_have_the_same_fields_as_colours():
    for field in fields(Theme):
        value = getattr(DARK, field.name)
        if field.name not in ("name", "plot_other"):
            assert QColor(value).isValid(), field.name


def test_the_canvas_changes_its_colours_at_once(qtbot, canvas):
    try:
        set_scheme("light")
        assert canvas.view.grab().toImage().pixelColor(3, 3).name() in (LIGHT.canvas, LIGHT.grid_dot)
        with qtbot.waitSignal(theme_notifier.changed):
            set_scheme("dark")
        assert current() is DARK
        assert canvas.view.grab().toImage().pixelColor(3, 3).name() in (DARK.canvas, DARK.grid_dot)
    finally:
        set_scheme("system")


def test_a_problem_gives_the_card_a_red_edge(canvas):
    from graph_editor.theme import color

    def red(image: QImage) -> int:
        error = color(current().error)
        return sum(
            image.pixelColor(x, y) == error for x in range(0, image.width()) for y in range(0, image.height(), 3)
        )

    assert red(canvas.view.grab().toImage()) == 0
    canvas.document.edit_graph("x", canvas.graph.disconnect(canvas.graph.incoming(canvas.id("dense"))[0]))
    assert red(canvas.view.grab().toImage()) > 20


def test_pictures_are_written(qtbot, tmp_path):
    project = make("digits-two-branch")
    render(project, tmp_path / "a.svg", PictureOptions("dark"))
    text = (tmp_path / "a.svg").read_text()
    assert "concatenate" in text
    assert "8 × 8 × 16" in text
    render(project, tmp_path / "a.png", PictureOptions(scale=1.0))
    image = QImage(str(tmp_path / "a.png"))
    assert image.width() > 400
    assert image.height() > 900
    assert image.pixelColor(1, 1).name() == LIGHT.canvas


def test_pages_are_as_large_as_the_graph_and_hold_lines(qtbot, tmp_path):
    project = make("digits-two-branch")
    render(project, tmp_path / "a.svg", PictureOptions(scale=1.0))
    width, height = (
        float(n) for n in re.findall(r"viewBox=\"0 0 (\S+) (\S+)\"", (tmp_path / "a.svg").read_text())[0]
    )
    sizes = []
    for scale in (1.0, 2.0):
        render(project, tmp_path / "a.pdf", PictureOptions("dark", scale=scale))
        page = (tmp_path / "a.pdf").read_bytes()
        assert page.startswith(b"%PDF")
        assert b"/Subtype /Image" not in page
        found = re.search(rb"/MediaBox \[0 0 (\S+) (\S+)\]", page)
        assert found is not None
        sizes.append((float(found[1]), float(found[2])))
    assert sizes[0] == pytest.approx((0.75 * width, 0.75 * height), abs=2)
    assert sizes[1] == pytest.approx((1.5 * width, 1.5 * height), abs=2)


def test_pictures_leave_out_shapes_if_wanted(qtbot, tmp_path):
    render(make("digits-two-branch"), tmp_path / "a.svg", PictureOptions(shapes=False))
    text = (tmp_path / "a.svg").read_text()
    assert "concatenate" in text
    assert "8 × 8 × 16" not in text


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_pictures_have_the_colours_and_figures_of_the_canvas(qtbot, tmp_path, theme):
    project, shown = make("digits-two-branch"), Shown("parameters", on_cards=True)
    options = PictureOptions(theme.name, scale=1.0)
    render(project, tmp_path / "a.svg", options, shown=shown)
    text = (tmp_path / "a.svg").read_text()
    assert ">Parameters<" in text.replace(" ", "")
    assert " FLOPs · " in text
    render(project, tmp_path / "a.png", options, shown=shown)
    hot = QColor(shade(1, theme))
    assert hot.rgb() in colors(tmp_path / "a.png")
    render(project, tmp_path / "a.png", replace(options, costs=False), shown=shown)
    assert hot.rgb() not in colors(tmp_path / "a.png")
    tiny = replace(options, scale=0.1)
    render(project, tmp_path / "a.png", tiny, shown=shown)
    assert QColor(shade(1, theme, block=True)).rgb() in colors(tmp_path / "a.png")


def colors(path):
    image = QImage(str(path))
    return {image.pixel(x, y) for x in range(image.width()) for y in range(0, image.height(), 2)}


def test_a_picture_of_a_group_shows_what_is_inside(qtbot, tmp_path):
    document = ProjectDocument(make("digits-cnn"))
    inner = [document.graph.by_name(name).id for name in ("conv2d", "max_pooling2d")]
    grouped, model = group(document.graph, document.inference, inner, document.layout)
    render(Project(grouped), tmp_path / "a.svg", groups=(model,))
    text = (tmp_path / "a.svg").read_text()
    assert "max_pooling2d" in text
    assert "dense" not in text


def test_a_failed_picture_leaves_the_old_one(qtbot, tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(b"old")
    monkeypatch.setattr(QImage, "save", lambda *_: False)
    with pytest.raises(FileError):
        render(make("iris-mlp"), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_picture_that_cannot_be_written_says_so(qtbot, tmp_path):
    with pytest.raises(FileError):
        render(make("iris-mlp"), tmp_path / "no" / "such.svg")
    with pytest.raises(FileError):
        render(make("iris-mlp"), tmp_path / "no" / "such.png")
    render(Project(), tmp_path / "empty.png")


def test_hovering_a_port_lights_it_up(canvas):
    item = canvas.scene.node_items[canvas.id("dense")]
    canvas.mouse(canvas_move(), canvas.port("dense", "out"), Qt.MouseButton.NoButton)
    assert item.lights.hovered
    assert item.lights.hot == ("out", 0)
    canvas.mouse(canvas_move(), QPoint(5, 5), Qt.MouseButton.NoButton)
    assert not item.lights.hovered


def canvas_move():
    from PySide6.QtCore import QEvent

    return QEvent.Type.MouseMove


def test_the_longest_loss_is_read_whole(qtbot):
    loss = "sparse_categorical_crossentropy"
    node = Node("a", "output", Output(loss=loss))
    look = Look.of(node, NodeFacts(), linked=False)
    assert look.detail == loss
    assert look.narrow
    short = Look.of(Node("b", "dense", Dense()), NodeFacts(), linked=False)
    assert not short.narrow
