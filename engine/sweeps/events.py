"""What a sweep tells of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.events import Event
from engine.sweeps.axes import Value
from engine.sweeps.study import SweepState, Trial


@dataclass(frozen=True)
class SweepStarted(Event):
    """A sweep begins, or goes on with trials that have ended before."""

    state: SweepState
    folder: Path
    """Where the runs lie."""


@dataclass(frozen=True)
class TrialStarted(Event):
    """A trial begins."""

    number: int
    settings: Mapping[str, Value]
    run: str
    """The name of its folder; empty where its settings were refused."""


@dataclass(frozen=True)
class TrialEpoch(Event):
    """An epoch of a trial is done."""

    number: int
    epoch: int
    logs: Mapping[str, float]


@dataclass(frozen=True)
class TrialDone(Event):
    """A trial has ended, well or not."""

    trial: Trial


@dataclass(frozen=True)
class SweepDone(Event):
    """A sweep has ended, with all its trials or before."""

    state: SweepState
    stopped: bool = False
