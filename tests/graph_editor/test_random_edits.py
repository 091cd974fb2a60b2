"""Any edits at all: undo them and it is the start, redo them and it is the end, with the canvas in step."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from PySide6.QtWidgets import QApplication

from tests.graph_editor.random_edits import RandomEdits

MODEST = settings(
    max_examples=12,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
MANY = settings(MODEST, max_examples=300, stateful_step_count=50, derandomize=False, print_blob=True)


def test_random_edits_are_shown_undone_and_saved(qapp: QApplication) -> None:
    run_state_machine_as_test(RandomEdits, settings=MODEST)


@pytest.mark.exhaustive
@pytest.mark.timeout(3600)
def test_many_random_edits_are_shown_undone_and_saved(qapp: QApplication) -> None:
    run_state_machine_as_test(RandomEdits, settings=MANY)
