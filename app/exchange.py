"""Commands that bring models in and take them out: `layers`, `import`, `export`."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from app.endings import PROJECT
from app.options import Dialect, Json, Look, NetworkFile, RunFolder, Style, Target, check_ending, print_json, say

# What a command needs is imported inside it, as in app/cli.py.

WRITTEN = (".keras", ".h5", ".json", ".py", ".png", ".svg", ".pdf")
"""What `export` writes, by the ending of the file."""

_PICTURES = (".png", ".svg", ".pdf")


def layers(as_json: Json = False) -> None:
    """Print every layer there is, and which of Keras's are not here and why."""
    from engine.coverage import coverage

    found = coverage()
    if as_json:
        rows = [asdict(row) for row in found.layers]
        print_json({"here": found.here, "of": found.total, "layers": rows, "omitted": found.omitted})
        return
    category = ""
    for row in found.layers:
        if row.category != category:
            category = row.category
            say(f"\n{category}")
        say(f"  {row.name:<24}  {row.about}")
    say("\nNot here")
    for name, reason in found.omitted.items():
        say(f"  {name:<24}  {reason}")
    say(f"\n{found.here} of the {found.total} classes of keras.layers are here.")


def import_model(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A Keras model: .keras, .h5 or .json.")],
    project: Annotated[Path, typer.Option("--output", "-o", metavar="PROJECT.loom", help="The project to make.")],
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Weights, where they are in a file of their own.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a project of a Keras model; its weights become a run of the project."""
    from app.networks import check_new_file
    from engine.formats import models, project_file
    from engine.layout import Layout
    from engine.runs import keep_weights
    from graph_editor.layout import place_missing

    check_ending(project, (PROJECT,), "--output")
    check_new_file(project)
    loaded = models.load(model, weights)
    made = replace(loaded.project, layout=place_missing(loaded.graph, Layout()))
    project_file.save(made, project)
    try:
        kept = (made, loaded.weights, model.name, loaded.optimizer_state)
        run = keep_weights(project, *kept) if loaded.weights else None
    except BaseException:
        project.unlink()  # half a model is none
        raise
    notes = list(loaded.notes)
    if as_json:
        print_json({"project": str(project), "run": None if run is None else str(run), "notes": notes})
        return
    say(f"Made {project}: {len(made.graph)} cards.")
    say(f"The weights are in {run}." if run else "The model came without weights.")
    for note in notes:
        say(f"- {note}")


def export(
    network: NetworkFile,
    to: Annotated[Path, typer.Option(metavar="FILE", help=f"What to write: {', '.join(WRITTEN)}.")],
    run: RunFolder = None,
    dialect: Annotated[Dialect, typer.Option(help="Which Keras an .h5 is for.")] = Dialect.keras3,
    style: Annotated[Style, typer.Option(help="How Python for Keras builds the model.")] = Style.functional,
    target: Annotated[Target, typer.Option(help="What Python is written for.")] = Target.keras,
    with_training: Annotated[bool, typer.Option("--with-training", help="Python that also trains.")] = False,
    with_optimizer: Annotated[
        bool, typer.Option("--with-optimizer", help="With the optimizer's state, for training to go on.")
    ] = False,
    flat: Annotated[
        bool, typer.Option("--flat", help="Take groups apart, instead of models within the model.")
    ] = False,
    theme: Annotated[Look, typer.Option(help="The colours of a picture.")] = Look.light,
    no_shapes: Annotated[bool, typer.Option("--no-shapes", help="A picture without shapes on the wires.")] = False,
    scale: Annotated[
        float | None,
        typer.Option(min=0.05, max=20, help="Size of a picture, 2 if not given: a card is 400 wide."),
    ] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Let Keras open the file and compare.")] = False,
    as_json: Json = False,
) -> None:
    """Write a Keras model, Python, or a picture of the graph."""
    from app.headless import run_here
    from app.networks import ExportOptions, export_network, open_network
    from engine.formats.proof import Proof, prove

    check_ending(to, WRITTEN, "--to")
    suffix = to.suffix.lower()
    _check_fits(verify, "--verify", suffix, (".h5", ".keras"))
    _check_fits(with_optimizer, "--with-optimizer", suffix, (".h5", ".keras"))
    _check_fits(with_training, "--with-training", suffix, (".py",))
    _check_fits(style is not Style.functional, "--style", suffix, (".py",))
    _check_fits(target is not Target.keras, "--target", suffix, (".py",))
    _check_fits(dialect is not Dialect.keras3, "--dialect", suffix, (".h5",))
    _check_fits(theme is not Look.light, "--theme", suffix, _PICTURES)
    _check_fits(no_shapes, "--no-shapes", suffix, _PICTURES)
    _check_fits(scale is not None, "--scale", suffix, _PICTURES)
    if verify and dialect is Dialect.keras2:
        raise typer.BadParameter("a file for Keras 2 is not checked by Keras 3", param_hint="--verify")
    picture: tuple[Any, ...] = (theme.value, not no_shapes, scale or 2.0)
    options = ExportOptions(dialect.value, style.value, target.value, with_training, with_optimizer, *picture)
    found = open_network(network, run)
    found = found.flattened() if flat else found
    lines = list(export_network(found, to, options))
    for line in () if as_json else lines:
        say(line)
    proof: Proof | None = None
    if verify:
        project, precision = found.project, found.project.training.precision
        job = prove(to, project.graph, found.exported_weights(), precision=precision)
        proof = run_here(job, quiet=as_json)
    if as_json:
        checked = None if proof is None else {**asdict(proof), "holds": proof.holds}
        print_json({"file": str(to), "notes": lines[:-1], "proof": checked})
    elif proof is not None:
        for line in str(proof).splitlines():
            say(line)
    if proof is not None and proof.failed:
        raise typer.Exit(1)


def _check_fits(given: bool, option: str, suffix: str, suffixes: tuple[str, ...]) -> None:
    if given and suffix not in suffixes:
        raise typer.BadParameter(f"is for {' and '.join(suffixes)} files, not for {suffix}", param_hint=option)
