"""Ways to places of the network: into groups, to what is selected, from problem to problem."""

from __future__ import annotations

from PySide6.QtCore import QRectF

from engine.fixes import Problem
from engine.grouping import Path
from graph_editor.asking import AskingCanvas


def go_to(view: AskingCanvas, path: Path, node_id: str) -> None:
    """Open the groups of a path, bring a card into the middle and select it."""
    document = view.document
    alike = _alike(document.path, path)
    document.leave_to(alike)
    for group in path[alike:]:
        if not document.open_group(group):
            return
    view.center_on(node_id)


def _alike(one: Path, other: Path) -> int:
    """How many groups two paths have in common from the outside."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((depth for depth, (a, b) in pairs if a != b), min(len(one), len(other)))


def zoom_to_selection(view: AskingCanvas) -> None:
    """Show the selected cards as large as they fit; the whole graph where none is selected."""
    rect = QRectF()
    for key in view.graph_scene.selected_nodes():
        rect = rect.united(view.graph_scene.node_items[key].card_rect())
    if rect.isEmpty():
        view.fit()
    else:
        view.show_rect(rect)


def step_problem(view: AskingCanvas, by: int) -> None:
    """Go to the next card with a problem, or to the one before, and say what it is."""
    document, chosen = view.document, view.selected_node()
    problems: dict[str, Problem] = {}
    for problem in document.inference.problems:
        if problem.node is not None:
            problems.setdefault(problem.node, problem)
    if not problems:
        view.message.emit(view.tr("There are no problems."))
        return
    keys = list(problems)
    start = keys.index(chosen) if chosen in keys else (-1 if by > 0 else 0)
    key = keys[(start + by) % len(keys)]
    view.center_on(key)
    view.message.emit(problems[key].message)
