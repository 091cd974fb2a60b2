"""What came of a run, in a small file of its folder: to be listed without its history and its weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from engine.events import EpochDone, Event, Finished, Started
from engine.fields import Settings
from engine.files import write_text
from engine.formats.reading import Place, parse_json, read_text
from engine.history import Row

OUTCOME_FILE = "result.json"

RunEnd = Literal["running", "finished", "stopped", "failed", "unknown"]


class Outcome(Settings):
    """How far a run came, with which figures."""

    state: RunEnd = "running"
    """Also "running" where the program ended before the run did."""
    begins: int = 0
    """How many epochs were done before it."""
    epochs: int = 0
    """The last epoch that was done."""
    steps_per_epoch: int = 0
    parameters: int = 0
    seconds: float = 0.0
    best_epoch: int = 0
    best: dict[str, float] = {}
    """The figures of the epoch whose weights are in best.h5."""
    last: dict[str, float] = {}
    test: dict[str, float] = {}
    problem: str = ""
    """Why it failed."""

    def after(self, event: Event) -> Outcome:
        """This, with what an event of the run tells."""
        if isinstance(event, Started):
            known = next((row for row in event.history if row["epoch"] == event.best_epoch), None)
            return self.replace(
                begins=event.begins.epoch,
                epochs=event.begins.epoch,
                steps_per_epoch=event.steps_per_epoch,
                parameters=event.parameters,
                best_epoch=0 if known is None else event.best_epoch,
                best={} if known is None else _figures(known),
            )
        if isinstance(event, EpochDone):
            figures = _finite(event.logs)
            best = {"best": figures, "best_epoch": event.epoch} if event.improved else {}
            return self.replace(epochs=event.epoch, seconds=event.seconds, last=figures, **best)
        if isinstance(event, Finished):
            state = "stopped" if event.stopped else "finished"
            return self.replace(state=state, seconds=event.seconds, test=_finite(event.test))
        return self


def outcome_of(rows: Sequence[Row]) -> Outcome:
    """What is known of a run by its history alone."""
    if not rows:
        return Outcome(state="unknown")
    best = min(rows, key=_watched)
    return Outcome(
        state="unknown",
        begins=int(rows[0]["epoch"]) - 1,
        epochs=int(rows[-1]["epoch"]),
        best_epoch=int(best["epoch"]),
        best=_figures(best),
        last=_figures(rows[-1]),
    )


def _watched(row: Row) -> float:
    value = row.get("val_loss", row.get("loss", math.inf))
    return math.inf if math.isnan(value) else value


def _figures(row: Row) -> dict[str, float]:
    return _finite({name: value for name, value in row.items() if name != "epoch"})


def _finite(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in figures.items() if math.isfinite(value)}


def write_outcome(folder: Path, outcome: Outcome) -> None:
    """Write it to the folder of a run, atomically; raises `FileError`."""
    write_text(folder / OUTCOME_FILE, outcome.model_dump_json(indent=1) + "\n")


def read_outcome(folder: Path) -> Outcome:
    """What the folder of a run says; raises `FileError`, `FileFormatError`."""
    place = Place(folder / OUTCOME_FILE)
    return place.settings(Outcome, parse_json(read_text(folder / OUTCOME_FILE), place))
