"""Groups whose inside is shown below their cards: how they open, how others give way, what a press there does."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt

from engine.formats import project_file
from engine.layers.nested import Functional
from engine.layout import Layout
from graph_editor import remarks
from graph_editor.card import CHEVRON
from graph_editor.expansion import cells, room_of
from graph_editor.layout import CARD_HEIGHT, CARD_WIDTH
from tests.graph_editor.in_step import assert_in_step

INNER = ("conv2d", "max_pooling2d", "conv2d_1", "max_pooling2d_1", "concatenate")
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def grouped(branched):
    """A network with a group of two branches, "model", that is closed."""
    branched.scene.select([branched.id(name) for name in INNER])
    branched.view.group_selected()
    branched.view.setFocus()
    branched.scene.select([])
    return branched


def places(canvas) -> dict:
    return dict(canvas.document.layout.positions)


def chevron(canvas, name: str) -> QPoint:
    item = canvas.scene.node_items[canvas.id(name)]
    return canvas.view.mapFromScene(item.pos() + CHEVRON.center())


def toggle(canvas, name: str) -> None:
    """Click on the sign of a group, and let all cards arrive."""
    canvas.click(chevron(canvas, name))
    canvas.view.end_gliding()


def inner_card(canvas, name: str, inner: str) -> QPoint:
    """Where a card inside a group is seen."""
    item = canvas.scene.node_items[canvas.id(name)]
    layer = canvas.graph[item.node_id].layer
    card = item.interior.cards[layer.graph.by_name(inner).id]
    return canvas.view.mapFromScene(item.pos() + card.pos())


def overlapping(canvas) -> list:
    """Pairs of cards that lie on each other, and cards that lie on the inside of a group."""
    found = [
        (a, b)
        for (a, (ax, ay)), (b, (bx, by)) in combinations(places(canvas).items(), 2)
        if abs(ax - bx) < CARD_WIDTH and abs(ay - by) < CARD_HEIGHT
    ]
    for key, item in canvas.scene.node_items.items():
        ground = item.interior.rect.translated(item.pos()) if item.interior is not None else None
        for other, card in canvas.scene.node_items.items() if ground is not None else ():
            if other != key and card.whole_rect().intersects(ground):
                found.append((key, other))
    return found


def test_a_click_on_the_sign_opens_and_closes_a_group_and_others_give_way(grouped):
    before = places(grouped)
    toggle(grouped, "model")
    item = grouped.scene.node_items[grouped.id("model")]
    assert grouped.document.layout.expanded == {grouped.id("model")}
    layer = grouped.graph[item.node_id].layer
    assert {layer.graph[key].name for key in item.interior.cards} == set(INNER)
    assert not overlapping(grouped)
    after = places(grouped)
    assert after[grouped.id("rescaling")] == before[grouped.id("rescaling")]
    assert after[grouped.id("flatten")][1] == before[grouped.id("flatten")][1] + room_of(layer).height
    assert_in_step(grouped.scene, grouped.document)
    grouped.view.end_gliding()
    toggle(grouped, "model")
    assert places(grouped) == before
    assert grouped.document.undo_stack.count() == 3


def test_groups_in_one_row_are_open_beside_each_other_and_close_in_any_order(branched):
    for names in (("conv2d", "max_pooling2d"), ("conv2d_1", "max_pooling2d_1")):
        branched.scene.select([branched.id(name) for name in names])
        branched.view.group_selected()
    left, right = sorted((branched.id("model"), branched.id("model_1")), key=lambda key: places(branched)[key])
    before, below = places(branched), branched.id("flatten")
    heights = [room_of(branched.graph[key].layer).height for key in (left, right)]
    for order in ((left, right), (right, left)):
        branched.view.toggle_groups([left, right])
        branched.view.end_gliding()
        assert not overlapping(branched)
        assert places(branched)[below][1] == before[below][1] + max(heights)
        for key in order:
            branched.view.toggle_groups([key])
            branched.view.end_gliding()
            assert not overlapping(branched)
        assert places(branched) == before


def test_the_key_does_the_same_and_is_undone_in_one_step(grouped):
    before = grouped.document.project
    grouped.scene.select([grouped.id("model")])
    grouped.key(Qt.Key.Key_X)
    opened = grouped.document.project
    assert opened.layout.expanded
    grouped.document.undo_stack.undo()
    assert grouped.document.project == before
    grouped.document.undo_stack.redo()
    assert grouped.document.project == opened
    grouped.key(Qt.Key.Key_X)
    assert not grouped.document.layout.expanded
    said = []
    grouped.view.message.connect(said.append)
    grouped.scene.select([grouped.id("flatten")])
    grouped.key(Qt.Key.Key_X)
    assert said == ["Select a group: Ctrl+G makes one card of several layers."]


def test_wires_inside_begin_below_the_card_and_outside_below_the_inside(grouped):
    toggle(grouped, "model")
    item = grouped.scene.node_items[grouped.id("model")]
    layer, interior = grouped.graph[item.node_id].layer, item.interior
    ends = {layer.inputs[0].id, layer.outputs[0].id}
    for wire in interior.wires:
        start, end, _ = wire._ends
        if wire.edge.source in ends:
            assert start.y() == CARD_HEIGHT / 2
        if wire.edge.target in ends:
            assert end.y() == interior.rect.bottom()
    assert {wire.text for wire in interior.wires} >= {"8 × 8 × 1", "4 × 4 × 16"} - {""}
    assert item.port_place(("out", 0)).y() == item.pos().y() + interior.rect.bottom()


def test_a_double_click_on_a_card_inside_goes_there_and_it_stays_in_place(grouped):
    toggle(grouped, "model")
    at = inner_card(grouped, "model", "concatenate")
    grouped.mouse(QEvent.Type.MouseButtonDblClick, at)
    assert grouped.document.path
    assert [grouped.graph[key].name for key in grouped.scene.selected_nodes()] == ["concatenate"]
    seen = grouped.view.mapFromScene(grouped.scene.node_items[grouped.id("concatenate")].pos())
    assert (seen - at).manhattanLength() <= 2
    grouped.key(Qt.Key.Key_Escape)
    grouped.key(Qt.Key.Key_Escape)
    assert not grouped.document.path
    assert (inner_card(grouped, "model", "concatenate") - at).manhattanLength() <= 5  # two views, whole pixels


def test_a_click_inside_selects_the_group_and_a_drag_moves_it(grouped):
    toggle(grouped, "model")
    at, before = inner_card(grouped, "model", "concatenate"), grouped.document.position(grouped.id("model"))
    said = []
    grouped.view.message.connect(said.append)
    grouped.drag(at, at + QPoint(120, 0))
    assert said == ["Double click inside model to edit it there."]
    assert grouped.scene.selected_nodes() == (grouped.id("model"),)
    assert grouped.document.position(grouped.id("model"))[0] > before[0]
    assert_in_step(grouped.scene, grouped.document)


def test_edits_inside_make_the_room_larger_and_smaller(grouped):
    toggle(grouped, "model")
    key = grouped.id("model")
    before, height = places(grouped), room_of(grouped.graph[key].layer).height
    assert grouped.view.open_group(key)
    grouped.scene.select([grouped.id("concatenate")])
    grouped.view.add_layer("Dropout")
    grouped.view.leave_group()
    taller = room_of(grouped.graph[key].layer).height - height
    assert taller > 0
    assert places(grouped)[grouped.id("flatten")][1] == before[grouped.id("flatten")][1] + taller
    assert not overlapping(grouped)
    assert_in_step(grouped.scene, grouped.document)
    grouped.document.undo_stack.undo()
    grouped.view.leave_group()
    assert places(grouped) == before


def test_what_lay_below_comes_up_when_an_open_group_is_deleted(grouped):
    key, before = grouped.id("model"), places(grouped)
    toggle(grouped, "model")
    grouped.scene.select([key])
    grouped.key(Qt.Key.Key_Delete)
    assert not grouped.document.layout.expanded
    assert places(grouped) == {other: place for other, place in before.items() if other != key}


def test_an_open_group_comes_apart_where_its_layers_are_seen(grouped):
    toggle(grouped, "model")
    item = grouped.scene.node_items[grouped.id("model")]
    layer = grouped.graph[item.node_id].layer
    seen = {name: item.pos() + item.interior.cards[layer.graph.by_name(name).id].pos() for name in INNER}
    grouped.scene.select([item.node_id])
    grouped.key(Qt.Key.Key_G, CTRL | Qt.KeyboardModifier.ShiftModifier)
    grouped.view.ungroup_selected()
    for name, place in seen.items():
        assert grouped.document.position(grouped.id(name)) == (place.x(), place.y())
    assert not grouped.document.layout.expanded
    assert_in_step(grouped.scene, grouped.document)


def test_groups_in_groups_are_open_each_by_itself(grouped):
    key = grouped.id("model")
    grouped.view.open_group(key)
    grouped.scene.select([grouped.id("conv2d"), grouped.id("max_pooling2d")])
    grouped.view.group_selected()
    inner = grouped.scene.selected_nodes()[0]
    grouped.view.toggle_selected()
    grouped.view.leave_group()
    grouped.view.toggle_groups([key])
    grouped.view.end_gliding()
    item = grouped.scene.node_items[key]
    assert item.interior.cards[inner].interior is not None
    assert not overlapping(grouped)
    assert_in_step(grouped.scene, grouped.document)
    grouped.view.end_gliding()
    deep = item.interior.cards[inner]
    at = grouped.view.mapFromScene(item.pos() + deep.pos() + next(iter(deep.interior.cards.values())).pos())
    grouped.mouse(QEvent.Type.MouseButtonDblClick, at)
    assert grouped.document.path == (key, inner)
    assert len(grouped.scene.selected_nodes()) == 1


def test_new_cards_and_arranging_leave_the_inside_free(grouped):
    toggle(grouped, "model")
    key = grouped.id("model")
    middle = grouped.scene.node_items[key].interior.rect.center() + grouped.scene.node_items[key].pos()
    grouped.view.drop_layer("Dense", middle)
    assert not overlapping(grouped)
    grouped.scene.select([key])
    grouped.view.add_layer("Dropout")
    assert not overlapping(grouped)
    grouped.view.arrange()
    grouped.view.end_gliding()
    assert not overlapping(grouped)
    assert_in_step(grouped.scene, grouped.document)


def test_copies_in_a_row_go_below_the_inside(branched):
    branched.scene.select([branched.id("dropout")])
    branched.view.group_selected()
    toggle(branched, "model")
    branched.scene.select([branched.id("model")])
    branched.view.repeat(3)
    assert {"model", "model_1", "model_2"} <= branched.names()
    assert not overlapping(branched)
    assert_in_step(branched.scene, branched.document)


def test_wires_find_no_way_through_the_inside(grouped):
    toggle(grouped, "model")
    flatten = grouped.graph[grouped.id("flatten")]
    graph = grouped.graph.set_layer(flatten.id, grouped.document.graph[grouped.id("flatten")].layer)
    merged = graph.add(node := graph.new_node(Functional()))
    grouped.document.edit_graph("", merged.connect(grouped.id("rescaling"), node.id), {node.id: (0.0, 2000.0)})
    edge = next(edge for edge in grouped.graph.edges if edge.target == node.id)
    item = grouped.scene.node_items[grouped.id("model")]
    ground = item.interior.rect.translated(item.pos())
    path = grouped.scene.edge_items[edge]._path
    points = [path.pointAtPercent(part / 50) for part in range(51)]
    assert not any(ground.adjusted(2, 2, -2, -2).contains(point) for point in points)


def test_notes_and_frames_give_way_too(grouped):
    below = grouped.document.position(grouped.id("flatten"))
    key = remarks.add_note(grouped.document, below)
    frame = remarks.add_frame(grouped.document, [grouped.id("model"), grouped.id("flatten")], (0, 0))
    before = {name: remark.rect for name, remark in grouped.document.layout.remarks.items()}
    grouped.view.toggle_groups([grouped.id("model")])
    height = room_of(grouped.graph[grouped.id("model")].layer).height
    after = {name: remark.rect for name, remark in grouped.document.layout.remarks.items()}
    assert after[key][1] == before[key][1] + height
    assert after[frame][3] == before[frame][3] + height
    grouped.view.toggle_groups([grouped.id("model")])
    assert {name: remark.rect for name, remark in grouped.document.layout.remarks.items()} == before


def test_notes_belong_to_groups_as_well(grouped):
    grouped.view.open_group(grouped.id("model"))
    grouped.view.add_note()
    assert len(grouped.document.layout.remarks) == 1
    grouped.view.leave_group()
    assert not grouped.document.layout.remarks
    saved = project_file.loads(project_file.dumps(grouped.document.project))
    assert saved == grouped.document.project
    assert len(saved.graph[grouped.id("model")].layer.layout.remarks) == 1


def test_what_is_open_is_saved_and_files_from_before_are_read(grouped):
    toggle(grouped, "model")
    text = project_file.dumps(grouped.document.project)
    assert project_file.loads(text).layout.expanded == {grouped.id("model")}
    layer = grouped.graph[grouped.id("model")].layer
    data = layer.model_dump(mode="json")
    older = {**{k: v for k, v in data.items() if k != "layout"}, "positions": data["layout"]["positions"]}
    assert Functional.model_validate(older).layout == Layout(layer.layout.positions)


def test_cells_fill_a_room_without_gaps():
    room = replace(room_of(Functional()), width=700.0, height=330.0)
    found = cells((0.0, 0.0), room)
    xs, ys = (sorted({place[side] for place in found}) for side in (0, 1))
    assert (xs[0], xs[-1]) == (-350 + CARD_WIDTH / 2, 350 - CARD_WIDTH / 2)
    assert (ys[0], ys[-1]) == (CARD_HEIGHT, room.height)
    assert all(b - a <= CARD_WIDTH for a, b in pairwise(xs))
    assert all(b - a <= CARD_HEIGHT for a, b in pairwise(ys))


def test_a_card_inside_says_what_it_is(grouped):
    toggle(grouped, "model")
    item = grouped.scene.node_items[grouped.id("model")]
    at = grouped.view.mapToScene(inner_card(grouped, "model", "conv2d"))
    path = item.inner_at(at)
    assert "conv2d" in item.interior.card(path).tooltip
    assert (
        "4 × 4"
        in item.interior.card(
            item.inner_at(grouped.view.mapToScene(inner_card(grouped, "model", "max_pooling2d")))
        ).tooltip
    )
