"""Jobs on the command line: the events of a generator as a progress bar, or as lines for machines."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from app.options import ProgressKind
from engine import events as ev
from engine.control import Control
from engine.errors import Cancelled, LayerloomError, visible
from engine.project import Project
from engine.quantities import bytes_text, operations_text
from engine.start import Start
from engine.step_cost import StepCost

if TYPE_CHECKING:
    from engine.peers import Peers


def run_here(job: Generator[ev.Event], *, quiet: bool = False) -> Any:
    """Run a job to its end with a progress bar on the error stream; gives the value of its `Result`."""
    value: Any = None
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), console=Console(stderr=True), transient=True, disable=quiet
    )
    with bar:
        task = bar.add_task("Working", total=None)
        for event in job:
            if isinstance(event, ev.Progress):
                bar.update(task, description=event.text, completed=event.done, total=event.total)
            elif isinstance(event, ev.Result):
                value = event.value
    return value


class Teller(Protocol):
    """What says how a long job goes."""

    done: int
    total: int | None

    def lines(self, event: ev.Event) -> Iterable[str]:
        """What is to be said of an event."""
        ...


def tell_here(job: Generator[ev.Event], teller: Teller, *, quiet: bool = False) -> None:
    """Run a job to its end, or until Ctrl+C, and say how it goes; with a progress bar unless it is to be quiet."""
    console = Console()
    columns = TextColumn("{task.description}"), BarColumn()
    bar = Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal)
    with bar, _Interrupts() as interrupts:
        task = bar.add_task("Beginning", total=None)
        for event in interrupts.drive(job):
            if isinstance(event, ev.Progress):
                bar.update(task, description=event.text)
            for line in teller.lines(event):
                bar.console.print(visible(line), markup=False, highlight=False, soft_wrap=True)
            bar.update(task, completed=teller.done, total=teller.total)


def train_here(
    project: Project,
    folder: Path,
    start: Start | None = None,
    *,
    as_json: bool = False,
    progress: ProgressKind = ProgressKind.bar,
    anyway: bool = False,
    peers: Peers | None = None,
) -> ev.Finished:
    """Train a project, from a start where one is given, and show how it goes; the run is written to a folder.

    `anyway` also where there seems to be too little memory. Of several processes only the first shows and writes.
    """
    from engine.runs import recorded
    from engine.training import train

    alone, control = peers is None, Control()
    silent = peers is not None and not peers.first
    show: _Lines | _Bar = _Lines() if as_json and not silent else _Bar(ProgressKind.none if silent else progress)
    finished: ev.Finished | None = None
    events = train(project, start, control, anyway=anyway)
    job = events if silent else recorded(project, events, folder)
    with show, _Interrupts(None if alone else control) as interrupts:
        for event in interrupts.drive(job):
            show.event(event)
            if isinstance(event, ev.Finished):
                finished = event
    if finished is None:
        raise LayerloomError("Stopped before the first step; nothing was trained.")
    return finished


class _Interrupts:
    """Ctrl+C asks a job to end with what it has; a second one ends the program.

    With a `control` that is asked, so that all processes of a run end at the same step; SIGTERM, by which
    launchers end a job, then means the same.
    """

    def __init__(self, control: Control | None = None) -> None:
        self._asked = False
        self._control = control
        self._signals = (signal.SIGINT,) if control is None else (signal.SIGINT, signal.SIGTERM)
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> _Interrupts:
        self._before = {number: signal.signal(number, self._ask) for number in self._signals}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._control is None:
            self._asked = True
        else:
            self._control.stop()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.stderr.write("\nStopping after this step; press Ctrl+C again to stop at once.\n")

    def drive(self, job: Generator[ev.Event]) -> Generator[ev.Event]:
        """The events of a job; `Cancelled` is thrown into it once if Ctrl+C was pressed."""
        thrown = False
        while True:
            try:
                if self._asked and not thrown:
                    thrown = True
                    event = job.throw(Cancelled())
                else:
                    event = next(job)
            except (StopIteration, Cancelled):
                return
            yield event


class _Lines:
    """A JSON object per epoch, and for each remark."""

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def event(self, event: ev.Event) -> None:
        if isinstance(event, ev.EpochDone):
            self._write({"event": "epoch", "epoch": event.epoch, "step": event.step, **event.logs})
        elif isinstance(event, ev.Remarked):
            self._write({"event": "remark", "text": event.text})
        elif isinstance(event, ev.Altered):
            self._write({"event": "altered", "step": event.step, "text": event.text})

    def _write(self, row: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()


class _Speed(ProgressColumn):
    """Steps per second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f} steps/s" if task.speed else "", style="cyan")


class _Bar:
    """A progress bar, and a line per epoch; or only the lines, or nothing."""

    def __init__(self, kind: ProgressKind) -> None:
        self._console = Console(highlight=False, quiet=kind is ProgressKind.none)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            _Speed(),
            TimeRemainingColumn(),
            console=self._console,
            disable=kind is not ProgressKind.bar,
        )
        self._task: TaskID | None = None
        self._epochs = 0

    def __enter__(self) -> _Bar:
        self._bar.start()
        self._task = self._bar.add_task("Reading the data", total=None)
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def event(self, event: ev.Event) -> None:
        assert self._task is not None
        if isinstance(event, ev.Progress):
            self._bar.update(self._task, description=event.text)
        elif isinstance(event, ev.Remarked | ev.Altered):
            self._console.print(visible(event.text), markup=False)
        elif isinstance(event, ev.Started):
            self._epochs = event.epochs
            self._bar.update(self._task, total=event.epochs * event.steps_per_epoch)
        elif isinstance(event, ev.Compiled):
            for text in (event.note, cost_text(event.cost)):
                if text:
                    self._console.print(text)
        elif isinstance(event, ev.StepsDone):
            text = f"Epoch {event.epoch}/{self._epochs}"
            self._bar.update(self._task, description=text, completed=event.step)
        elif isinstance(event, ev.EpochDone):
            self._console.print(f"Epoch {event.epoch}/{self._epochs}  {show_figures(event.logs)}")
        elif isinstance(event, ev.Finished):
            self._bar.update(self._task, description="Stopped" if event.stopped else "Done")
            if event.test:
                self._console.print(f"Test  {show_figures(event.test)}", style="bold")


def cost_text(cost: StepCost | None) -> str:
    """What a step costs as a line of text; nothing where that is not known."""
    if cost is None:
        return ""
    flops = "" if cost.flops is None else f" and {operations_text(cost.flops)}"
    each = "" if cost.devices == 1 else f" on each of {cost.devices} devices"
    return f"A step takes {bytes_text(cost.memory)}{flops}{each}."


def show_figures(figures: Mapping[str, float]) -> str:
    """Figures as a line of text, loss first."""
    names = sorted(figures, key=lambda name: (name.startswith("val_"), not name.endswith("loss")))
    return "  ".join(f"{name} {figures[name]:.4f}" for name in names)
