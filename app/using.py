"""`layerloom evaluate` and `layerloom predict`: using a network that is trained."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.options import Json, NetworkFile, Part, RunFolder, check_ending, print_json, say

if TYPE_CHECKING:
    from app.networks import Network
    from engine.events import Event
    from engine.examination import Examination

_PRINTED = 10

DataPath = Annotated[
    Path | None, typer.Option(metavar="PATH", help="A file or folder of data in place of the project's.")
]


def evaluate(
    network: NetworkFile,
    run: RunFolder = None,
    data: DataPath = None,
    part: Annotated[
        Part | None, typer.Option(help="The part of the project's data: test, if none is said.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Written: tables, curves and the worst mistakes, in one file."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print loss and metrics: on the project's test data, or on other data."""
    from app.headless import run_here
    from app.networks import check_not_read, open_network

    found = open_network(network, run)
    if data is not None and part is not None:
        raise typer.BadParameter(
            "parts are those of the project's own data: leave out --data", param_hint="--part"
        )
    if data is None and found.is_model:
        raise typer.BadParameter("a model file brings no data of its own: name some", param_hint="--data")
    if report is not None:
        check_ending(report, (".html", ".htm"), "--report")
        check_not_read(report, *found.files)
    job = _evaluating(found, data, part or Part.test, examined=report is not None)
    result = run_here(job, quiet=as_json)
    figures: Mapping[str, float] = result if report is None else result.figures
    if report is not None:
        _write(report, found, result, data)
    if as_json:
        print_json({**figures, **({"report": str(report)} if report is not None else {})})
        return
    for name, value in figures.items():
        say(f"{name}: {value:.4f}")
    if report is not None:
        say(f"The report is {report}")


def _evaluating(found: Network, data: Path | None, part: Part, *, examined: bool) -> Generator[Event]:
    from engine.evaluation import evaluate_data, evaluate_project
    from engine.examination import examine, examine_data

    weights = found.trained_weights()
    if data is None:
        yield from (examine if examined else evaluate_project)(found.project, weights, part.value)
        return
    from engine.data.opening import opened_data

    source = None if found.is_model else found.project.data.source
    there = yield from opened_data(data, source)
    yield from (examine_data if examined else evaluate_data)(
        found.project.graph, weights, there, found.project.training.precision
    )


def _write(path: Path, found: Network, result: Examination, data: Path | None) -> None:
    from engine.formats.evaluation_report import write_report

    weights = found.path if found.run is None else found.run
    words = [f"Weights: {weights}."] + ([f"Data: {data}."] if data is not None else [])
    write_report(path, found.project, result, " ".join(words))


def predict(
    network: NetworkFile,
    data: Annotated[
        Path, typer.Option(metavar="PATH", help="Arrays named by the inputs (.npz), a picture, or other data.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.npz", help="Written: arrays named by the outputs.")
    ] = None,
    run: RunFolder = None,
    as_json: Json = False,
) -> None:
    """Predict for a picture, the arrays of a file, or other data; without --out it is printed."""
    from app.headless import run_here
    from app.networks import check_not_read, open_network, write_npz

    if out is not None:
        check_ending(out, (".npz",), "--out")
    found = open_network(network, run)
    if out is not None:
        check_not_read(out, *found.files, data)
    arrays: Mapping[str, Any] = run_here(_predicting(found, data), quiet=as_json)
    if out is None:
        _print_predictions(found, arrays, as_json=as_json)
        return
    write_npz(out, arrays)
    if as_json:
        print_json({"out": str(out), "outputs": {name: list(array.shape) for name, array in arrays.items()}})
        return
    for name, array in arrays.items():
        say(f"{name}: {len(array):,} predictions in {out}")


def _predicting(found: Network, data: Path) -> Generator[Event]:
    from engine.asking import is_picture, picture_for, plain_features
    from engine.data.arrays import read_npz
    from engine.evaluation import predict as predict_events

    weights = found.trained_weights()
    if data.suffix.lower() == ".npz":
        arrays = read_npz(data)
    elif is_picture(data):
        arrays = yield from picture_for(found.project, data, of_data=not found.is_model)
    else:
        arrays = yield from plain_features(found.project, data, of_data=not found.is_model)
    yield from predict_events(found.project.graph, weights, arrays, found.project.training.precision)


def _print_predictions(found: Network, arrays: Mapping[str, Any], *, as_json: bool) -> None:
    from engine.asking import classes_of, named_shares

    classes = {} if found.is_model else classes_of(found.project)
    if as_json:
        print_json({name: {"values": a.tolist(), "classes": classes.get(name, ())} for name, a in arrays.items()})
        return
    for name, array in arrays.items():
        for number, values in enumerate(array[:_PRINTED], 1):
            shares = named_shares(values, classes.get(name, ()))
            say(f"{name}" if len(array) == 1 else f"{name}, sample {number}")
            if shares is None:
                say(f"  {values.reshape(-1)[:_PRINTED].tolist()}")
                continue
            for label, share in sorted(shares, key=lambda pair: -pair[1])[:_PRINTED]:
                say(f"  {label}: {share:.4f}")
        if len(array) > _PRINTED:
            say(f"and {len(array) - _PRINTED:,} more: --out writes all of them")
