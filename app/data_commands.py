"""`layerloom data`: what is in a file or folder of data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.options import Json, RunGenerators, allow_generators, print_json, say

if TYPE_CHECKING:
    from engine.data.source import DataSet, Source
    from engine.data.table import Table
    from engine.data.tables.survey import Survey

data = typer.Typer(
    name="data", help="Look at files and folders of data, and download published ones.", no_args_is_help=True
)

_CLASSES_SHOWN = 12
_KINDS = {"features": "feature", "targets": "target", "validation": "validation", "test": "test"}
"""What arrays are called, by what they are for."""


@data.callback()
def _data() -> None:
    """Look at files and folders of data, and download published ones."""


@data.command()
def inspect(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A table, arrays, a folder of pictures, ...")],
    run_generators: RunGenerators = False,
    as_json: Json = False,
) -> None:
    """Print what a file or folder of data holds: shapes, types, classes, what is missing, what cannot be read.

    Exits with 1 where it cannot be learned from as it stands.
    """
    from app.headless import run_here
    from engine.data.opening import source_of
    from engine.data.source import source_name
    from engine.data.table import Table
    from engine.errors import LayerloomError

    source = source_of(path)
    allow_generators(source, run_generators)
    if isinstance(source, Table):
        survey: Survey = run_here(_result(source.surveying()), quiet=as_json)
        source = source.settled(survey)
        found = _of_table(source, survey)
        try:
            found |= _of_data(run_here(_result(_whole(source, found["problems"])), quiet=as_json))
        except LayerloomError as error:
            told = [text for text in found["problems"] if text.rstrip(".") not in str(error)]
            found["problems"] = [str(error), *told]
    else:
        problems: list[str] = []
        found = {**_of_data(run_here(_result(_whole(source, problems)), quiet=as_json)), "problems": problems}
    found = {"path": str(path), "source": source_name(source), "title": source.title, **found}
    if as_json:
        print_json(found)
    else:
        _print(found)
    if found["problems"]:
        raise typer.Exit(1)


@data.command()
def download(
    name: Annotated[str, typer.Argument(metavar="NAME", help="mnist, fashion_mnist, cifar10, ...")],
    as_json: Json = False,
) -> None:
    """Download a published data set into the cache; what broke off goes on."""
    from app.headless import run_here
    from engine.data.published import PUBLISHED, at_hand, fetching

    if name not in PUBLISHED:
        raise typer.BadParameter(f"{name!r} is none of {', '.join(PUBLISHED)}", param_hint="NAME")
    run_here(fetching(name), quiet=as_json)
    source = at_hand(name)
    assert source is not None
    path = source.model_dump()["path"]
    if as_json:
        print_json({"source": name, "path": path, "bytes": PUBLISHED[name].size})
    else:
        say(f"{source.title}: {path}")


def _whole(source: Source, problems: list[str]) -> Any:
    """Load all of a source; samples at which a run would stop are left out, and are among the problems."""
    from engine.data.holding import held

    data = yield from source.loading()
    return (yield from held(data, problems))


def _result(job: Any) -> Any:
    """The events of a job, and what it returns as a `Result`."""
    from engine.events import Result

    yield Result((yield from job))


def _of_table(table: Table, survey: Survey) -> dict[str, Any]:
    columns = [
        {
            "name": column.name,
            "role": column.role,
            "kind": column.kind,
            "missing": facts.missing,
            **({"classes": len(column.classes)} if column.classes else {}),
            **({"low": facts.low, "high": facts.high} if column.kind == "number" and facts.numbers else {}),
        }
        for column, facts in zip(table.columns, survey.columns, strict=True)
    ]
    problems = [f"{survey.unit} {fault.line:,}: {fault.cause}." for fault in survey.first_faults]
    if survey.faults > len(problems):
        problems.append(f"... and {survey.faults - len(problems):,} more rows that cannot be read.")
    return {
        "bytes": survey.size,
        "rows": survey.rows,
        "faulty_rows": survey.faults,
        "written": list(survey.words),
        "columns": columns,
        "problems": problems,
    }


def _of_data(ds: DataSet) -> dict[str, Any]:
    import numpy as np

    from engine.data.classes import class_names
    from engine.data.reading import in_pieces

    def told(arrays: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: {
                "shape": list(array.shape),
                "type": "text" if array.dtype.kind == "U" else str(array.dtype),
                "missing": sum(int(np.isnan(piece).sum()) for _, piece, _ in in_pieces(array))
                if array.dtype.kind == "f"
                else 0,
            }
            for name, array in arrays.items()
        }

    known = {name: class_names(array, ds.classes.get(name, ())) for name, array in ds.targets.items()}
    balance = {
        name: dict(zip(classes, np.bincount(ds.targets[name], minlength=len(classes)).tolist(), strict=False))
        for name, classes in known.items()
        if classes and ds.targets[name].ndim == 1
    }
    parts = {"validation": ds.validation, "test": ds.test}
    return {
        "samples": ds.size,
        "features": told(ds.features),
        "targets": told(ds.targets),
        "classes": balance,
        "notes": list(ds.notes),
        **{part: told(arrays) for part, arrays in parts.items() if arrays is not None},
    }


def _print(found: dict[str, Any]) -> None:
    say(f"{found['path']}: {found['title']}")
    if "rows" in found:
        from app.panels.table_look import column_word

        written = ", ".join(map(column_word, found["written"]))
        say(f"{found['rows']:,} rows, {found['bytes']:,} bytes, written with: {written}")
        for column in found["columns"]:
            more = [f"{column['missing']:,} missing"] if column["missing"] else []
            more += [f"{column['classes']:,} classes"] if "classes" in column else []
            more += [f"{column['low']:g} to {column['high']:g}"] if "low" in column else []
            say(f"  {column['name']}: {column['role']}, {column['kind']}{''.join(f', {text}' for text in more)}")
    for kind, word in _KINDS.items():
        for name, array in found.get(kind, {}).items():
            gaps = f", {array['missing']:,} missing" if array["missing"] else ""
            say(f"{word} {name}: {' x '.join(map(str, array['shape']))} {array['type']}{gaps}")
    for name, balance in found.get("classes", {}).items():
        shown = ", ".join(f"{value} {count:,}" for value, count in list(balance.items())[:_CLASSES_SHOWN])
        say(f"classes of {name} ({len(balance):,}): {shown}{', ...' * (len(balance) > _CLASSES_SHOWN)}")
    for note in found.get("notes", []):
        say(note)
    for problem in found["problems"]:
        say(f"Problem: {problem}")
