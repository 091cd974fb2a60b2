"""How curves are shown: what a person chooses of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["epoch", "step"]
SMOOTHINGS = (0, 5, 20, 100, 500)
"""How many figures a smooth line is the mean of; 0 for none."""


@dataclass(frozen=True)
class CurveLook:
    """How all curves are shown."""

    unit: Unit = "epoch"
    smoothing: int = 0
    log: bool = False
