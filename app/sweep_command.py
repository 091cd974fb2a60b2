"""`layerloom sweep`: many runs of a project with some settings different."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.options import Json, ProjectFile, RunGenerators, allow_generators, print_json

if TYPE_CHECKING:
    from engine.events import Event
    from engine.sweeps.axes import Value
    from engine.sweeps.study import SweepState, Trial


class Method(StrEnum):
    """How the settings of the runs are chosen."""

    grid = "grid"
    random = "random"
    tpe = "tpe"


def sweep(
    project: ProjectFile,
    params: Annotated[
        list[str] | None,
        typer.Option(
            "--param",
            metavar="NAME=VALUES",
            help="A setting with values (dense_1.units=32,64) or a range (lr=1e-4..1e-2, seed=0..15); behind a "
            "range :log or :linear say how it is spread, :5 takes five values of it.",
        ),
    ] = None,
    trials: Annotated[int | None, typer.Option(min=1, max=10_000, help="How many runs.")] = None,
    method: Annotated[Method, typer.Option(help="Every combination, drawn at random, or by what was best.")] = (
        Method.random
    ),
    monitor: Annotated[
        str | None, typer.Option(metavar="FIGURE", help="The figure that runs are compared by: val_accuracy, ...")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, max=1_000_000, help="Of each run.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Decides what is drawn.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the last sweep of the project.")] = False,
    run_generators: RunGenerators = False,
    as_json: Json = False,
) -> None:
    """Make many runs of a project with some settings different, and say which are best.

    Runs that differ only in seed and learning rate are trained side by side. Ctrl+C ends it early; --resume goes
    on with it, to --trials runs if that is said. `layerloom runs` lists the runs, tagged with their sweep.
    """
    from app.headless import tell_here
    from engine.errors import FileError
    from engine.formats import project_file
    from engine.sweeps.axes import parsed
    from engine.sweeps.plan import Plan
    from engine.sweeps.sweep import sweep, sweep_on

    if resume == bool(params):
        text = (
            "--resume goes on with what was asked for: name none" if resume else "name a setting, or use --resume"
        )
        raise typer.BadParameter(text, param_hint="--param")
    if not project.exists():
        raise FileError(project, "there is no such project.")
    loaded = project_file.load(project)
    allow_generators(loaded.data.source, run_generators)
    if resume:
        job = sweep_on(project, trials=trials)
    else:
        axes = tuple(parsed(loaded, param) for param in params or ())
        plan = Plan(axes=axes, method=method.value, trials=trials, monitor=monitor or "", epochs=epochs, seed=seed)
        job = sweep(project, plan, loaded)
    tell_here(job, _Teller(str(project), as_json), quiet=as_json)


class _Teller:
    """Says how a sweep goes: a line for each run, and at the end a table."""

    def __init__(self, project: str, as_json: bool) -> None:
        self._project, self._json = project, as_json
        self._watched = ""
        self.done = 0
        self.total: int | None = None

    def lines(self, event: Event) -> Iterator[str]:
        """What is to be said of an event."""
        from engine.sweeps.events import SweepDone, SweepStarted, TrialDone

        if isinstance(event, SweepStarted):
            self._watched = event.state.watched
            self.done, self.total = event.state.done, event.state.plan.total
        elif isinstance(event, TrialDone):
            self.done += 1
        if self._json:
            _print(event)
        elif isinstance(event, TrialDone):
            yield self._line(event.trial)
        elif isinstance(event, SweepDone):
            yield from self._end(event.state, event.stopped)

    def _line(self, trial: Trial) -> str:
        settings = "  ".join(f"{name} {value_text(value)}" for name, value in trial.settings.items())
        came = trial.problem if trial.value is None else f"{self._watched} {trial.value:.4f}"
        return f"{trial.number:>{len(str(self.total))}}/{self.total}  {settings}  {came}"

    def _end(self, state: SweepState, stopped: bool) -> Iterator[str]:
        from engine.formats.summary import aligned

        table = _table(state)
        if len(table) > 1:
            yield ""
            yield from aligned(table, set(range(len(table[0]) - 1)))
        total = state.plan.total
        if failed := sum(trial.state == "failed" for trial in state.trials):
            yield f"{failed} of {total} runs failed."
        if stopped:
            yield f"Stopped after {state.done} of {total} runs."
            yield f"To go on: layerloom sweep {shlex.quote(self._project)} --resume"


def _table(state: SweepState) -> list[list[str]]:
    """Headings, and the trials that have a figure, best first."""
    ended = [trial for trial in state.ranked if trial.value is not None]
    names = [axis.name for axis in state.plan.axes]
    tests = list(dict.fromkeys(name for trial in ended for name in trial.figures if name.startswith("test_")))
    rows = [
        [
            str(trial.number),
            *(value_text(trial.settings[name]) for name in names),
            _figure(trial.value),
            *(_figure(trial.figures.get(name)) for name in tests),
            trial.run,
        ]
        for trial in ended
    ]
    return [["", *names, state.watched, *tests, "run"], *rows]


def _print(event: Event) -> None:
    from engine.sweeps.events import SweepDone, TrialDone, TrialStarted

    if isinstance(event, TrialStarted):
        settings = dict(event.settings)
        print_json({"event": "trial", "number": event.number, "settings": settings, "run": event.run})
    elif isinstance(event, TrialDone):
        print_json({"event": "ended", **_facts(event.trial)})
    elif isinstance(event, SweepDone):
        ranked = [_facts(trial) for trial in event.state.ranked]
        print_json({"event": "finished", "sweep": event.state.name, "stopped": event.stopped, "trials": ranked})


def value_text(value: Value) -> str:
    """A setting as it is shown."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _facts(trial: Trial) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(trial)
