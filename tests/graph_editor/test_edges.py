"""The edges of what can be filled in or ticked are seen: WCAG 1.4.11 asks for 3:1."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QDoubleSpinBox, QLineEdit, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from graph_editor.theme import DARK, LIGHT, Theme, apply_theme, set_scheme

from .test_heat import contrast


@pytest.fixture(params=[LIGHT, DARK], ids=["light", "dark"])
def theme(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[Theme]:
    apply_theme(qapp)
    set_scheme(request.param.name)
    yield request.param
    set_scheme("system")


@pytest.mark.parametrize("kind", [QLineEdit, QComboBox, QSpinBox, QDoubleSpinBox, QCheckBox])
@pytest.mark.parametrize("ground", ["window", "panel"])
def test_edges_stand_out(qtbot: QtBot, theme: Theme, kind: type[QWidget], ground: str) -> None:
    around = getattr(theme, ground)
    page = QWidget()
    qtbot.addWidget(page)
    page.setStyleSheet(f"QWidget#page {{ background: {around}; }}")
    page.setObjectName("page")
    page.resize(200, 80)
    field = kind(page)
    field.setGeometry(20, 20, 120, 28)
    page.show()
    picture = page.grab().toImage()
    assert picture.pixelColor(5, 34) == QColor(around)
    row = [picture.pixelColor(x, 34).name() for x in range(17, 28)]
    edge = max(row, key=lambda name: contrast(name, around))
    assert contrast(edge, around) >= 3
    if kind is not QComboBox:
        assert contrast(edge, theme.field) >= 3


def test_the_edge_of_a_theme_is_what_is_drawn(qtbot: QtBot, theme: Theme) -> None:
    field = QLineEdit()
    qtbot.addWidget(field)
    field.resize(120, 28)
    names = {field.grab().toImage().pixelColor(x, 14).name() for x in range(4)}
    drawn = min(contrast(name, theme.edge) for name in names)
    assert drawn < 1.1
