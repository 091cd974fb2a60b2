"""The command line: the same engine and the same numbers as the window.

Exit status: 0 done, 1 it could not be done (a sentence on the error stream says why), 2 used wrongly.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from app import data_commands, exchange, rate_command, run_commands, sweep_command, train_command, using
from app.endings import PROJECT
from app.options import (
    Json,
    NetworkFile,
    ProjectFile,
    check_ending,
    print_json,
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
cli.command()(train_command.train)
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
def summary(
    network: NetworkFile,
    devices: Annotated[
        int | None, typer.Option(min=1, max=65_536, help="Say what a step costs on 1, 2, 4, ... devices.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print layers, shapes and parameters, as Keras's summary() does, with FLOPs and memory."""
    from dataclasses import asdict

    from app.networks import open_network
    from engine.costs import costs
    from engine.formats.summary import summary_rows, summary_text
    from engine.inference import infer
    from engine.scaling import scaling, scaling_text

    project = open_network(network).project
    graph, batch_size = project.graph, project.training.batch_size
    facts = infer(graph)
    known = costs(facts)
    counts = [] if devices is None else sorted({*(2**i for i in range(devices.bit_length())), devices})
    scaled = scaling(known, project.training, counts, sharded=project.training.distribution == "sharded")
    if not as_json:
        sys.stdout.write(summary_text(graph, batch_size=batch_size) + "\n" + scaling_text(scaled))
        return
    cost = known.total
    layers = [asdict(row) for row in summary_rows(graph, batch_size=batch_size)]
    totals = {"parameters": facts.parameters, "trainable": facts.trainable_parameters, "flops": cost.flops}
    totals |= {"memory": cost.memory(batch_size), "batch_size": batch_size}
    totals |= {"devices": [asdict(row) for row in scaled]} if scaled else {}
    print_json({"layers": layers, **totals, "problems": [problem.message for problem in facts.problems]})


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
