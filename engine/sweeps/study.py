"""Sweeps on disk: Optuna's own storage, an SQLite file in the folder of the runs.

name.runs/sweeps.sqlite   every sweep of the project: what was asked for, the project then, and its trials

A trial that was broken off, by a stop or with the program, is put back in line: it goes on from the last weights
that its run has kept, or is made anew. Of a trial the file holds settings and figures; all else is in the folder
of its run.
"""

from __future__ import annotations

import math
import sqlite3
import warnings
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine.errors import FileError, TrainingError
from engine.formats import project_file
from engine.project import Project
from engine.runs import runs_folder
from engine.sweeps.axes import Axis, Value
from engine.sweeps.plan import Plan

if TYPE_CHECKING:
    import optuna

SWEEPS_FILE = "sweeps.sqlite"

TrialEnd = Literal["running", "finished", "failed"]

_STARTS = 10
"""Trials that TPE draws at random before it has learned anything."""

_AHEAD = 64
"""Trials of a grid, or drawn at random, that are looked at together."""

_TOGETHER = 4
"""Trials that TPE is asked for at once where they can be made side by side."""

_PATIENCE = 30.0
"""Seconds that one waits for another program that writes the file."""


@dataclass(frozen=True)
class Trial:
    """One run of a sweep: its settings, and what came of it."""

    number: int
    """Counts from 1."""
    settings: Mapping[str, Value]
    state: TrialEnd = "running"
    value: float | None = None
    """The figure that runs are compared by, at its best epoch."""
    figures: Mapping[str, float] = field(default_factory=dict[str, float])
    """All figures of that epoch, and those of the test data."""
    run: str = ""
    """The name of its folder."""
    problem: str = ""
    """Why it failed."""
    seconds: float = 0.0


@dataclass(frozen=True)
class SweepState:
    """A sweep as it stands."""

    name: str
    plan: Plan
    project: Project
    trials: tuple[Trial, ...] = ()

    @property
    def watched(self) -> str:
        return self.plan.watched(self.project)

    @property
    def done(self) -> int:
        """How many trials have ended."""
        return sum(trial.state != "running" for trial in self.trials)

    @property
    def ranked(self) -> tuple[Trial, ...]:
        """The trials, the best first; at the end those that have no figure."""
        sign = -1 if self.plan.rises(self.project) else 1

        def key(trial: Trial) -> tuple[bool, float, int]:
            return trial.value is None, sign * (trial.value or 0.0), trial.number

        return tuple(sorted(self.trials, key=key))

    @property
    def best(self) -> Trial | None:
        return next((trial for trial in self.ranked if trial.value is not None), None)


class Study:
    """A sweep in its file."""

    def __init__(self, path: Path, state: SweepState, study: optuna.Study) -> None:
        self.path, self.name, self.plan, self.project = path, state.name, state.plan, state.project
        self._study = study

    # Making and opening

    @classmethod
    def create(cls, path: Path, plan: Plan, project: Project, name: str = "") -> Study:
        """A new sweep of the project in a file, called so if that is free; raises `FileError`, `TrainingError`."""
        optuna = _optuna()
        plan.check(project)
        with _readable(sweeps_file(path)):
            storage = _storage(path)
            names = {summary.study_name for summary in optuna.get_all_study_summaries(storage, False)}
            number = next(n for n in range(1, len(names) + 2) if f"sweep-{n}" not in names)
            free = name if name and name not in names else f"sweep-{number}"
            way = "maximize" if plan.rises(project) else "minimize"
            study = optuna.create_study(storage=storage, study_name=free, direction=way)
            study.set_user_attr("project", project_file.dumps(project))
            study.set_user_attr("plan", plan.model_dump_json())
        return cls(path, SweepState(study.study_name, plan, project), study)

    @classmethod
    def open(cls, path: Path, name: str = "") -> Study:
        """The sweep of this name, or the last one; raises `FileError`, `TrainingError`."""
        optuna = _optuna()
        file = sweeps_file(path)
        if not file.exists():
            raise FileError(path, "has no sweep yet.")
        with _readable(file):
            storage = _storage(path)
            found = {summary.study_name: summary for summary in optuna.get_all_study_summaries(storage, False)}
            whole = [one for one in found.values() if "plan" in one.user_attrs]
            if name and name not in found:
                raise FileError(path, f"has no sweep {name!r}: there are {', '.join(found)}.")
            if not whole:
                raise FileError(path, "has no sweep yet.")
            last = found[name] if name else max(whole, key=lambda one: one._study_id)  # pyright: ignore[reportPrivateUsage]
            study = optuna.load_study(storage=storage, study_name=last.study_name)
            plan = Plan.model_validate_json(study.user_attrs["plan"])
            project = project_file.loads(study.user_attrs["project"], f"{file}, {last.study_name}")
        return cls(path, SweepState(last.study_name, plan, project), study)

    def extend(self, trials: int) -> None:
        """Have so many trials in all."""
        self.plan = self.plan.replace(trials=trials)
        with _readable(sweeps_file(self.path)):
            self._study.set_user_attr("plan", self.plan.model_dump_json())

    def copied(self, path: Path, moved: Mapping[str, str]) -> Study:
        """The same sweep as one of another project file, where folders of runs have other names.

        Trials must have ended, or be put back in line. Raises `FileError`; then there is no copy.
        """
        copy = Study.create(path, self.plan, self.project, self.name)
        try:
            with _readable(sweeps_file(self.path)):
                trials = self._study.get_trials()
            for one in trials:
                one.user_attrs = {
                    name: moved.get(told, told) if isinstance(told, str) else told
                    for name, told in one.user_attrs.items()
                }
            with _readable(sweeps_file(path)):
                copy._study.add_trials(trials)
        except FileError:
            copy.delete()
            raise
        return copy

    def delete(self) -> None:
        """Take the sweep out of its file, not the runs of its trials; raises `FileError`."""
        with _readable(sweeps_file(self.path)):
            _optuna().delete_study(study_name=self.name, storage=_storage(self.path))

    # Trials

    def runs(self) -> set[str]:
        """The names of the folders of its trials, as far as they were written down."""
        with _readable(sweeps_file(self.path)):
            trials = self._study.get_trials(deepcopy=False)
        return {one.user_attrs["run"] for one in trials if one.user_attrs.get("run")}

    @property
    def state(self) -> SweepState:
        """As it stands."""
        with _readable(sweeps_file(self.path)):
            trials = tuple(_trial(n, one) for n, one in enumerate(self._kept(), 1) if one.state.name != "WAITING")
        return SweepState(self.name, self.plan, self.project, trials)

    def _kept(self) -> list[Any]:
        """Optuna's trials, without those that were broken off and stand in line again."""
        return [one for one in self._study.get_trials(deepcopy=False) if "broken" not in one.user_attrs]

    def put_back(self) -> None:
        """Put those that were broken off back in line."""
        import optuna

        with _readable(sweeps_file(self.path)):
            for one in self._kept():
                if one.state == optuna.trial.TrialState.RUNNING:
                    self._study._storage.set_trial_user_attr(one._trial_id, "broken", True)  # pyright: ignore[reportPrivateUsage]
                    self._study.tell(one.number, state=optuna.trial.TrialState.FAIL)
                    self._study.enqueue_trial(one.params, self._known(one))

    def _known(self, one: Any) -> dict[str, str]:
        """The run that a trial which was broken off can go on from: its own, or that which it went on from."""
        runs = (one.user_attrs.get(name) for name in ("run", "before"))
        folder = runs_folder(self.path)
        return next(({"before": run} for run in runs if run and (folder / run / "last.h5").exists()), {})

    def begun(self, asked: Asked, run: str) -> None:
        """Write down in which folder a trial is made."""
        with _readable(sweeps_file(self.path)):
            asked.trial.set_user_attr("run", run)

    def ask(self) -> list[Asked]:
        """The trials to be made next, none where all are made."""
        with _readable(sweeps_file(self.path)), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kept = self._kept()
            waiting = sum(one.state.name == "WAITING" for one in kept)
            begun = len(kept) - waiting
            count = min(self._ahead(begun), self.plan.total - begun)
            self._study.sampler = self._sampler(begun)
            self._line_up(kept, count - waiting)
            spaces = {axis.name: _space(axis) for axis in self.plan.axes}
            found = [self._study.ask(spaces) for _ in range(count)]
            places = {one.number: n for n, one in enumerate(self._kept(), 1)}
        return [Asked(places[one.number], one.params, one) for one in found]

    def _ahead(self, begun: int) -> int:
        if self.plan.method != "tpe":
            return _AHEAD
        return max(_STARTS - begun, _TOGETHER if self.plan.alike else 1)

    def _line_up(self, kept: Iterable[Any], count: int) -> None:
        """Put the next settings in line, where all are known beforehand."""
        names = [axis.name for axis in self.plan.axes]
        settings = (one.params or one.system_attrs.get("fixed_params", {}) for one in kept)
        known = {tuple(values.get(name) for name in names) for values in settings}
        new = (values for values in self.plan.listed() or () if values not in known)
        for values in islice(new, max(0, count)):
            self._study.enqueue_trial(dict(zip(names, values, strict=True)))

    def _sampler(self, begun: int) -> Any:
        import optuna

        seed = (
            self.plan.seed * 1_000_003 + begun
        ) % 2**32  # what is drawn after a break is not what was before it
        if self.plan.method == "tpe":
            return optuna.samplers.TPESampler(n_startup_trials=_STARTS, seed=seed, constant_liar=True)
        return optuna.samplers.RandomSampler(seed=seed)

    def note(self, asked: Asked, trial: Trial) -> None:
        """Write down how a trial ended."""
        import optuna

        state = optuna.trial.TrialState
        with _readable(sweeps_file(self.path)):
            for name in ("run", "problem", "seconds"):
                asked.trial.set_user_attr(name, getattr(trial, name))
            finite = {name: value for name, value in trial.figures.items() if math.isfinite(value)}
            asked.trial.set_user_attr("figures", finite)
            if trial.value is None:
                self._study.tell(asked.trial, state=state.FAIL)
            else:
                self._study.tell(asked.trial, trial.value)


@dataclass(frozen=True)
class Asked:
    """A trial that is to be made."""

    number: int
    settings: Mapping[str, Value]
    trial: Any
    """Optuna's."""

    @property
    def before(self) -> str:
        """The folder of the run that it can go on from, where it was broken off."""
        return self.trial.user_attrs.get("before", "")


def sweeps_file(project_path: Path) -> Path:
    """Where the sweeps of a project lie."""
    return runs_folder(project_path) / SWEEPS_FILE


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise TrainingError(
            "Sweeps need Optuna, which is not installed: pip install 'layerloom[sweeps]' brings it."
        ) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def _storage(project_path: Path) -> Any:
    from optuna.storages import RDBStorage
    from sqlalchemy.pool import NullPool

    file = sweeps_file(project_path)
    file.parent.mkdir(parents=True, exist_ok=True)

    def connect() -> sqlite3.Connection:  # a path may hold what an address may not
        opened = sqlite3.connect(file, timeout=_PATIENCE, check_same_thread=False)
        opened.execute("PRAGMA synchronous=NORMAL")
        return opened

    return RDBStorage("sqlite://", engine_kwargs={"creator": connect, "poolclass": NullPool})


@contextmanager
def _readable(file: Path) -> Generator[None]:
    """What goes wrong with the file, as a sentence that names it."""
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, StorageInternalError, sqlite3.Error) as error:
        cause = getattr(error, "orig", None) or error.__cause__ or error
        raise FileError(
            file, f"the sweeps in it cannot be read or written: {str(cause).splitlines()[0]}."
        ) from error
    except OSError as error:
        raise FileError(file, f"cannot be read or written: {error.strerror or error}.") from error


def _space(axis: Axis) -> Any:
    """The values of an axis, for Optuna."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if axis.listed is not None:
        return CategoricalDistribution(axis.listed)
    if axis.whole:
        return IntDistribution(int(axis.low), int(axis.high), log=axis.log)
    return FloatDistribution(axis.low, axis.high, log=axis.log)


def _trial(number: int, one: Any) -> Trial:
    ends: dict[str, TrialEnd] = {"COMPLETE": "finished", "FAIL": "failed", "PRUNED": "failed"}
    known = {
        name: one.user_attrs[name] for name in ("run", "problem", "seconds", "figures") if name in one.user_attrs
    }
    trial = Trial(number, dict(one.params), ends.get(one.state.name, "running"))
    return replace(trial, value=one.value if one.state.name == "COMPLETE" else None, **known)


def sweep_states(project_path: Path) -> tuple[SweepState, ...]:
    """The sweeps of a project as they stand, the last one first; raises `FileError`, `TrainingError`."""
    if not sweeps_file(project_path).exists():
        return ()
    optuna = _optuna()
    with _readable(sweeps_file(project_path)):
        found = optuna.get_all_study_summaries(_storage(project_path), False)
    names = [one.study_name for one in sorted(found, key=lambda one: -one._study_id) if "plan" in one.user_attrs]
    return tuple(Study.open(project_path, name).state for name in names)
