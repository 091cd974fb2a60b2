"""The command line: the same engine and the same numbers as the window.

Exit status: 0 done, 1 it could not be done (a sentence on the error stream says why), 2 used wrongly.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app import data_commands, exchange, rate_command, run_commands, sweep_command, using
from app.endings import PROJECT
from app.options import (
    Board,
    Every,
    Json,
    Monitor,
    NetworkFile,
    Patience,
    Plateau,
    ProgressKind,
    ProjectFile,
    RunGenerators,
    allow_generators,
    check_ending,
    print_json,
    with_callbacks,
)
from app.start import fail

# What a command needs is imported inside it: `layerloom --help` and the window must not wait for the rest.

cli = typer.Typer(
    name="layerloom",
    help="Build, train and export neural networks. `layerloom [PROJECT.loom]` opens the window.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
)


cli.command()(exchange.layers)
cli.command("import")(exchange.import_model)
cli.command()(exchange.export)
cli.command()(using.evaluate)
cli.command()(using.predict)
cli.command()(run_commands.runs)
cli.command()(sweep_command.sweep)
cli.command()(rate_command.find_rate)
cli.add_typer(data_commands.data)


@cli.command()
def new(
    template: Annotated[str, typer.Argument(metavar="TEMPLATE", help="digits-cnn, iris-mlp, ...")],
    project: ProjectFile,
    as_json: Json = False,
) -> None:
    """Make a project from a template."""
    from dataclasses import replace

    from engine import templates
    from engine.formats import project_file
    from graph_editor.layout import place_missing

    names = ", ".join(templates.TEMPLATES)
    if template not in templates.TEMPLATES:
        raise typer.BadParameter(f"{template!r} is none of {names}", param_hint="TEMPLATE")
    check_ending(project, (PROJECT,), "PROJECT")
    if project.exists():
        fail(f"{project} exists already.")
    made = templates.make(template)
    project_file.save(replace(made, layout=place_missing(made.graph, made.layout)), project)
    if as_json:
        print_json({"project": str(project), "template": template})
    else:
        Console().print(f"Made {project} from {template}.", markup=False, highlight=False, soft_wrap=True)


@cli.command()
def summary(network: NetworkFile, as_json: Json = False) -> None:
    """Print layers, shapes and parameters, as Keras's summary() does, with FLOPs and memory."""
    from dataclasses import asdict

    from app.networks import open_network
    from engine.costs import costs
    from engine.formats.summary import summary_rows, summary_text
    from engine.inference import infer

    project = open_network(network).project
    graph, batch_size = project.graph, project.training.batch_size
    if not as_json:
        sys.stdout.write(summary_text(graph, batch_size=batch_size) + "\n")
        return
    facts = infer(graph)
    cost = costs(facts).total
    layers = [asdict(row) for row in summary_rows(graph, batch_size=batch_size)]
    totals = {"parameters": facts.parameters, "trainable": facts.trainable_parameters, "flops": cost.flops}
    totals |= {"memory": cost.memory(batch_size), "batch_size": batch_size}
    print_json({"layers": layers, **totals, "problems": [problem.message for problem in facts.problems]})


@cli.command()
def train(
    project: ProjectFile,
    epochs: Annotated[int | None, typer.Option(min=1, max=1_000_000, help="Times through the data.")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, max=1_000_000, help="Samples per step.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=2**31 - 1, help="Same seed, same numbers.")] = None,
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
    progress: Annotated[ProgressKind, typer.Option(help="What is shown meanwhile.")] = ProgressKind.bar,
    run_generators: RunGenerators = False,
    anyway: Annotated[bool, typer.Option("--anyway", help="Train even where memory seems too little.")] = False,
    as_json: Json = False,
) -> None:
    """Train a project. Ctrl+C ends it early with its result; a second Ctrl+C at once.

    --resume goes on with a run that was stopped, or broke off, to its end; after one that ended, for as many
    epochs more as the project says.
    """
    from dataclasses import replace

    from app.headless import train_here
    from app.networks import check_new_folder
    from engine.data.opening import source_of
    from engine.errors import MemoryShortError
    from engine.formats import project_file
    from engine.freezing import with_trainable
    from engine.runs import latest_run, new_run_folder, start_from

    if resume and origin is not None:
        raise typer.BadParameter("--resume goes on from the last run: name none", param_hint="--from")
    if freeze and origin is None:
        raise typer.BadParameter("names no layers by itself: say whose weights to take", param_hint="--freeze")
    loaded = project_file.load(project)
    if data is not None:
        source = source_of(data, like=loaded.data.source)
        loaded = replace(loaded, data=loaded.data.model_copy(update={"source": source}))
    allow_generators(loaded.data.source, run_generators)
    changes = {"epochs": epochs, "batch_size": batch_size, "seed": seed}
    changed = loaded.with_training(**{name: value for name, value in changes.items() if value is not None})
    callbacks = with_callbacks(
        changed.training.callbacks,
        patience=early_stopping,
        plateau=reduce_on_plateau,
        monitor=monitor,
        every=keep_every,
        board=tensorboard,
    )
    changed = changed.with_training(callbacks=callbacks)
    origin = latest_run(project) if resume else origin
    if resume and origin is None:
        fail(f"{project} has no run to go on from: train it without --resume.")
    start = None if origin is None else start_from(changed, origin)
    if freeze and start is not None:
        changed = replace(changed, graph=with_trainable(changed.graph, start.taken, False))
    if out is not None:
        check_new_folder(out)
    folder = out or new_run_folder(project)
    try:
        finished = train_here(changed, folder, start, as_json=as_json, progress=progress, anyway=anyway)
    except MemoryShortError as error:
        ways = [] if error.batch_size is None else [f"--batch-size {error.batch_size} takes such batches."]
        ways += [] if error.begun else ["--anyway trains all the same."]
        fail(" ".join([str(error), *ways]))
    if as_json:
        ended = {"event": "finished", "stopped": finished.stopped, "test": dict(finished.test)}
        print_json({**ended, "run": str(folder)})
    else:
        Console().print(f"The run is in {folder}", markup=False, highlight=False, soft_wrap=True)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"layerloom {version('layerloom')}\n")
        raise typer.Exit


@cli.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Build, train and export neural networks. `layerloom [PROJECT.loom]` opens the window."""
