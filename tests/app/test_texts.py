from __future__ import annotations

import pytest

from app.texts import facts


@pytest.mark.parametrize(
    ("errors", "warnings", "text"),
    [
        (0, 0, "no problems"),
        (1, 0, "1 problem"),
        (2, 1, "2 problems, 1 warning"),
        (0, 1, "1 warning"),
        (0, 3, "3 warnings"),
    ],
)
def test_the_status_bar_counts_problems_and_warnings(errors: int, warnings: int, text: str) -> None:
    assert facts(1, 1234, errors, warnings) == f"1 layer  ·  1,234 parameters  ·  {text}"


def test_layers_are_counted() -> None:
    assert facts(6, 1, 0, 0) == "6 layers  ·  1 parameter  ·  no problems"
    assert facts(2, 2, 0, 0, data_fits=False).endswith("2 parameters  ·  the data does not fit")
