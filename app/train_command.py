"""`layerloom train`: a run on the command line, by one process or by several that join."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from app.options import (
    Board,
    ComputeType,
    Every,
    Json,
    Monitor,
    Patience,
    Plateau,
    ProgressKind,
    ProjectFile,
    RunGenerators,
    allow_generators,
    print_json,
    with_callbacks,
)
from app.processes import Member, guard, is_child
from app.start import fail

if TYPE_CHECKING:
    from engine.peers import Meeting, Peers
    from engine.project import Project
    from engine.start import Start

_JOIN_SECONDS = 300


def train(
    project: ProjectFile,
    epochs: Annotated[int | None, typer.Option(min=1, max=1_000_000, help="Times through the data.")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, max=1_000_000, help="Samples per step.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=2**31 - 1, help="Same seed, same numbers.")] = None,
    precision: Annotated[
        ComputeType | None, typer.Option(help="In which type layers compute; on a processor bfloat16 is slow.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the run.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last run.")] = False,
    origin: Annotated[
        Path | None,
        typer.Option("--from", metavar="RUN|MODEL", help="Go on from this run, or from a Keras model."),
    ] = None,
    freeze: Annotated[
        bool, typer.Option("--freeze", help="With --from: leave the weights that came from there as they are.")
    ] = False,
    data: Annotated[
        Path | None, typer.Option(metavar="PATH", help="A file or folder of data in place of the project's.")
    ] = None,
    early_stopping: Patience = None,
    reduce_on_plateau: Plateau = None,
    monitor: Monitor = None,
    keep_every: Every = None,
    tensorboard: Board = False,
    distributed: Annotated[
        bool, typer.Option("--distributed", help="Train with other processes: start this in each of them.")
    ] = False,
    coordinator: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Where process 0 is; Slurm, Open MPI and Kubernetes know."),
    ] = None,
    processes: Annotated[int | None, typer.Option(min=1, help="How many processes there are.")] = None,
    process: Annotated[int | None, typer.Option(min=0, help="The number of this one, from 0.")] = None,
    join_timeout: Annotated[
        int, typer.Option(min=1, metavar="SECONDS", help="How long processes wait for each other to join.")
    ] = _JOIN_SECONDS,
    progress: Annotated[ProgressKind, typer.Option(help="What is shown meanwhile.")] = ProgressKind.bar,
    run_generators: RunGenerators = False,
    anyway: Annotated[bool, typer.Option("--anyway", help="Train even where memory seems too little.")] = False,
    as_json: Json = False,
) -> None:
    """Train a project. Ctrl+C ends it early with its result; a second Ctrl+C at once.

    --resume goes on with a run that was stopped, or broke off, to its end; after one that ended, for as many
    epochs more as the project says.
    """
    if resume and origin is not None:
        raise typer.BadParameter("--resume goes on from the last run: name none", param_hint="--from")
    if freeze and origin is None:
        raise typer.BadParameter("names no layers by itself: say whose weights to take", param_hint="--freeze")
    member = None
    if distributed:
        meeting = _meeting(coordinator, processes, process, join_timeout)
        if not is_child():
            sys.exit(guard(sys.argv[1:]))
        member = Member(meeting, project)
    elif not (coordinator is processes is process is None):
        raise typer.BadParameter("goes with --distributed", param_hint="--coordinator, --processes, --process")
    changes = {"epochs": epochs, "batch_size": batch_size, "seed": seed}
    changes |= {} if precision is None else {"precision": precision.value}
    callbacks = {
        "patience": early_stopping,
        "plateau": reduce_on_plateau,
        "monitor": monitor,
        "every": keep_every,
        "board": tensorboard,
    }
    wish = _Wish(
        project, out, resume, origin, freeze, data, run_generators,
        {name: value for name, value in changes.items() if value is not None}, callbacks,
    )  # fmt: skip
    with member or nullcontext() as peers:
        _train(wish, peers, member, progress=progress, anyway=anyway, as_json=as_json)


def _meeting(coordinator: str | None, processes: int | None, process: int | None, seconds: int) -> Meeting:
    from engine.peers import Meeting

    if coordinator is not None:
        host, _, port = coordinator.rpartition(":")
        if not host or not port.isdecimal():
            raise typer.BadParameter(f"{coordinator!r} is no HOST:PORT", param_hint="--coordinator")
    if None not in (processes, process) and process >= processes:  # type: ignore[operator]
        raise typer.BadParameter(
            f"{process} is none of {processes} processes: they count from 0", param_hint="--process"
        )
    return Meeting(coordinator, processes, process, seconds)


@dataclass(frozen=True)
class _Wish:
    """What is to be trained, and from where."""

    path: Path
    out: Path | None
    resume: bool
    origin: Path | None
    freeze: bool
    data: Path | None
    run_generators: bool
    changes: dict[str, Any]
    callbacks: dict[str, Any]

    def project(self) -> Project:
        """The project as it is to be trained."""
        from engine.data.opening import source_of
        from engine.formats import project_file

        loaded = project_file.load(self.path)
        if self.data is not None:
            source = source_of(self.data, like=loaded.data.source)
            loaded = replace(loaded, data=loaded.data.model_copy(update={"source": source}))
        allow_generators(loaded.data.source, self.run_generators)
        changed = loaded.with_training(**self.changes)
        return changed.with_training(callbacks=with_callbacks(changed.training.callbacks, **self.callbacks))

    def from_where(self, peers: Peers | None) -> Path | None:
        """The run or model to go on from; of the last run, process 0 decides which that is."""
        from engine.runs import latest_run

        if peers is not None:
            peers.check_same("choice of --resume", str(self.resume))
        if not self.resume:
            return self.origin
        found = latest_run(self.path)
        if peers is not None:
            text = peers.from_first("origin", str(found or ""))
            found = Path(text) if text else None
        if found is None:
            fail(f"{self.path} has no run to go on from: train it without --resume.")
        return found

    def begun(self, peers: Peers | None) -> tuple[Project, Start | None]:
        """The project, and where its run begins."""
        from engine.freezing import with_trainable
        from engine.runs import start_from

        project, origin = self.project(), self.from_where(peers)
        start = None if origin is None else start_from(project, origin)
        if self.freeze and start is not None:
            project = replace(project, graph=with_trainable(project.graph, start.taken, False))
        return project, start


def _train(
    wish: _Wish, peers: Peers | None, member: Member | None, *, progress: ProgressKind, anyway: bool, as_json: bool
) -> None:
    from app.headless import train_here
    from engine.errors import MemoryShortError
    from engine.formats import project_file

    project, start = wish.begun(peers)
    if peers is not None:
        peers.check_same("project", sha256(project_file.dumps(project).encode()).hexdigest())
        peers.check_same("start of the run", "new" if start is None else start.digest())
    folder = _folder(wish, peers)
    if member is not None:
        member.writes_to(folder)
    how: dict[str, Any] = {"as_json": as_json, "progress": progress, "anyway": anyway, "peers": peers}
    try:
        finished = train_here(project, folder, start, **how)
    except MemoryShortError as error:
        ways = [] if error.batch_size is None else [f"--batch-size {error.batch_size} takes such batches."]
        ways += [] if error.begun else ["--anyway trains all the same."]
        fail(" ".join([str(error), *ways]))
    if peers is not None and not peers.first:
        return
    if as_json:
        ended = {"event": "finished", "stopped": finished.stopped, "test": dict(finished.test)}
        print_json({**ended, "run": str(folder)})
    else:
        Console().print(f"The run is in {folder}", markup=False, highlight=False, soft_wrap=True)


def _folder(wish: _Wish, peers: Peers | None) -> Path:
    """The folder of the run, which process 0 makes."""
    from app.networks import check_new_folder
    from engine.runs import new_run_folder

    if peers is not None and not peers.first:
        return Path(peers.from_first("folder", ""))
    if wish.out is not None:
        check_new_folder(wish.out)
    folder = wish.out or new_run_folder(wish.path)
    if peers is not None:
        peers.from_first("folder", str(folder.resolve()))
    return folder
