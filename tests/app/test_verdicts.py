"""What training shows to be wrong: on the cards and among the problems."""

from __future__ import annotations

from dataclasses import replace

from pytestqt.qtbot import QtBot

from app.window import MainWindow
from engine.layers.expression import Lambda
from engine.project import Project
from graph_editor.marks import Verdict
from tests.app.conftest import Answers


def overflowing(project: Project) -> tuple[Project, str]:
    """The project with a layer that overflows, and that layer."""
    graph = project.graph
    dense = next(node for node in graph if node.layer.type_name() == "Dense")
    wrong = graph.new_node(Lambda(expression="exp(x * x * 1e6)"), "wrong")
    return replace(project, graph=graph.insert(wrong, graph.outgoing(dense.id)[0])), wrong.id


def test_the_first_layer_that_overflows_is_marked_until_it_is_mended(
    window: MainWindow, qtbot: QtBot, answers: Answers
) -> None:
    project, wrong = overflowing(window.document.project)
    window.document.edit_graph("Insert", project.graph)
    with qtbot.waitSignal(window.session.failed, timeout=60_000):
        assert window.trainer.train()
    qtbot.waitUntil(lambda: not window.session.running, timeout=20_000)
    scene = window.work.view.graph_scene
    assert "Lambda 'wrong' is the first to give infinity." in answers.told[0]
    assert scene.selected_nodes() == (wrong,)
    assert scene.marks.verdicts == {wrong: Verdict("error", answers.told[0])}
    assert "is the first to give infinity" in scene.node_items[wrong].tooltip
    problems = window.work.problem_panel
    assert [(card.problem.node, card.problem.severity) for card in problems.misfits.cards] == [(wrong, "error")]
    assert problems.fits
    assert problems.button.isHidden()
    graph = window.document.graph
    window.document.edit_graph("Mend", graph.set_layer(wrong, Lambda(expression="x * 2")))
    assert scene.marks.verdicts == {}
    assert problems.misfits.cards == []


def test_what_is_seen_of_layers_gives_way_to_the_next_look(window: MainWindow) -> None:
    first = next(iter(window.document.graph))
    scene = window.work.view.graph_scene
    window.verdicts.judge({first.id: Verdict("warning", "Something."), "gone": Verdict("error", "No.")})
    assert list(scene.marks.verdicts) == [first.id]
    window.verdicts.judge({})
    assert scene.marks.verdicts == {}
    assert window.work.problem_panel.misfits.cards == []
