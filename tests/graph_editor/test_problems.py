"""The list of problems: what its buttons say is read whole."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from graph_editor.problems import FixButton


@pytest.mark.parametrize("letters", range(3, 40))
def test_a_button_at_its_own_width_is_one_line(qtbot: QtBot, letters: int) -> None:
    text = "Add an Input before " + "conv2d_lstm" * 4
    button = FixButton(text[: 20 + letters])
    qtbot.addWidget(button)
    size = button.sizeHint()
    button.resize(size)
    button.show()
    qtbot.waitExposed(button)
    assert "\n" not in button.text()
    assert button.heightForWidth(size.width()) == size.height()
    button.resize(size.width() // 2, size.height())
    assert "\n" in button.text()
    assert button.heightForWidth(size.width() // 2) > size.height()
