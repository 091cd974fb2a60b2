"""Cards that are coloured by what they cost."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor

from engine.layers.core import Dense
from graph_editor.heat import Measure, Timed, level_of, shade
from graph_editor.legend import ticks
from graph_editor.theme import DARK, LIGHT, Theme

from .conftest import Canvas


def contrast(one: str, other: str) -> float:
    def light(name: str) -> float:
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in QColor(name).getRgbF()[:3]]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    dim, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_texts_can_be_read_on_every_shade(theme: Theme) -> None:
    assert min(contrast(shade(level / 24, theme), theme.text) for level in range(25)) >= 4.5


def show(canvas: Canvas, measure: Measure) -> None:
    """Colour cards, and wait until their costs are counted."""
    canvas.view.heat.show_measure(measure)
    wait_for_costs(canvas)


def wait_for_costs(canvas: Canvas) -> None:
    canvas.bot.waitUntil(lambda: canvas.view.costs.costs.inference is canvas.document.inference)


def test_the_card_that_costs_most_is_the_hottest(canvas: Canvas) -> None:
    heat, theme = canvas.view.heat, canvas.scene.theme
    show(canvas, "parameters")
    dense, flatten = heat.get(canvas.id("dense")), heat.get(canvas.id("flatten"))
    assert dense is not None
    assert flatten is not None
    assert (dense.figure, dense.fill) == ("650", shade(1, theme))
    assert (flatten.figure, flatten.fill) == ("0", shade(0, theme))
    assert canvas.view.legend.isVisible()
    assert ticks(canvas.view.heat) == ["0", "162", "650"]


def test_the_figure_is_painted_on_the_card(canvas: Canvas) -> None:
    spot = canvas.card("dense")
    before = canvas.view.viewport().grab().toImage().pixelColor(spot)
    show(canvas, "parameters")
    after = canvas.view.viewport().grab().toImage().pixelColor(spot)
    assert after == QColor(shade(1, canvas.scene.theme)) != before
    look = canvas.scene.node_items[canvas.id("dense")].look
    reading = canvas.view.heat.get(canvas.id("dense"))
    assert reading is not None
    assert look.showing(reading).count == "650"


def test_colours_follow_edits_and_their_undo(canvas: Canvas) -> None:
    heat = canvas.view.heat
    show(canvas, "flops")
    first = heat.most
    node = canvas.graph.by_name("dense")
    canvas.document.edit_graph("Units", canvas.graph.set_layer(node.id, Dense(units=20)))
    canvas.bot.waitUntil(lambda: heat.most > first)
    canvas.document.undo_stack.undo()
    canvas.bot.waitUntil(lambda: heat.most == first)


def test_the_colours_of_categories_come_back(canvas: Canvas) -> None:
    show(canvas, "memory")
    canvas.view.heat.show_measure("category")
    assert canvas.scene.marks.readings is None
    assert not canvas.view.legend.isVisible()


def test_cards_say_operations_and_memory_if_wanted(canvas: Canvas) -> None:
    canvas.view.heat.show_on_cards(True)
    wait_for_costs(canvas)
    reading = canvas.view.heat.get(canvas.id("dense"))
    assert reading is not None
    assert reading.line == "1.30 k FLOPs · 3.79 KiB"
    assert reading.fill == ""


def test_times_of_another_network_are_marked(canvas: Canvas) -> None:
    heat, key = canvas.view.heat, canvas.id("dense")
    node, inputs = canvas.graph[key], canvas.document.inference[key].inputs
    heat.set_times({key: Timed(0.002, node.layer, inputs, canvas.view.costs.batch_size)})
    heat.show_measure("time")
    assert heat.get(key).figure == "2.00 ms"
    canvas.document.edit_graph("Units", canvas.graph.set_layer(key, Dense(units=20)))
    canvas.bot.waitUntil(lambda: heat.get(key).figure == "(2.00 ms)")
    assert "brackets" in canvas.view.legend.note.text()
    canvas.document.undo_stack.undo()
    canvas.bot.waitUntil(lambda: heat.get(key).figure == "2.00 ms")


def test_small_values_can_be_told_apart() -> None:
    assert level_of(1, 100) == pytest.approx(0.1)
    assert level_of(0, 0) == 0


def test_from_far_off_a_card_is_a_block_of_its_heat(canvas: Canvas) -> None:
    show(canvas, "parameters")
    canvas.view.zoom(0.2)
    spot = canvas.view.mapFromScene(canvas.scene.node_items[canvas.id("dense")].pos())
    seen = canvas.view.viewport().grab().toImage().pixelColor(spot)
    assert seen == QColor(shade(1, canvas.scene.theme, block=True))
