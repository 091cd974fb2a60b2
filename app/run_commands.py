"""`layerloom runs`: the runs of a project, and what two of them differ in."""

from __future__ import annotations

from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.options import Json, ProjectFile, print_json, say
from app.start import fail

if TYPE_CHECKING:
    from engine.difference import Difference
    from engine.past_runs import RunRecord

_WIDEST = 40


def runs(
    project: ProjectFile,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="A B", help="Names (or how they begin) or folders of two runs: say what differs."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the runs of a project with their figures, or compare two of them."""
    from app.headless import run_here
    from engine.difference import differences
    from engine.errors import FileError
    from engine.past_runs import reading_runs

    if not project.exists():
        raise FileError(project, "there is no such project.")
    listed: tuple[RunRecord, ...] = run_here(reading_runs(project), quiet=as_json)
    if compare is None:
        _list(listed, as_json)
        return
    one, other = (_found(listed, wanted, project) for wanted in compare)
    assert one.project is not None
    assert other.project is not None
    found = differences(one.project, other.project)
    if as_json:
        _print_compared(one, other, found)
    else:
        _say_compared(one, other, found)


def _found(listed: tuple[RunRecord, ...], wanted: str, project: Path) -> RunRecord:
    from engine.past_runs import find_run

    run = find_run(listed, wanted)
    if run is None:
        fail(f"{project} has no run {wanted!r}, or several that begin so: `layerloom runs {project}` lists them.")
    if run.project is None:
        fail(" ".join(run.problems))
    return run


def _list(listed: tuple[RunRecord, ...], as_json: bool) -> None:
    from engine.difference import varying

    names = varying(run.settings for run in listed if run.settings)
    rows = [
        {**_facts(run), "settings": {name: run.settings[name] for name in names if name in run.settings}}
        for run in listed
    ]
    if as_json:
        print_json({"runs": rows})
    elif rows:
        _say_table(rows, tuple(name for name in names if name != "training.epochs"))  # they stand there
    else:
        say("There are no runs yet.")


def _facts(run: RunRecord) -> dict[str, Any]:
    outcome = run.outcome
    return {
        "run": run.name,
        "folder": str(run.folder),
        "when": run.when.isoformat(sep=" "),
        "network": run.project.name if run.project else "",
        "layers": len(run.project.graph) if run.project else 0,
        **outcome.model_dump(exclude={"problem"}),
        "tags": list(run.remarks.tags),
        "note": run.remarks.note,
        "problems": [*run.problems, *([outcome.problem] if outcome.problem else [])],
    }


def _say_table(rows: list[dict[str, Any]], names: tuple[str, ...]) -> None:
    from engine.difference import short_names
    from engine.formats.summary import aligned

    columns = ["run", "network", "parameters", "epochs", "best", "test", "ended", *short_names(names), "tags"]
    table = [columns]
    for row in rows:
        table.append(
            [
                row["run"],
                row["network"],
                f"{row['parameters']:,}" if row["parameters"] else "",
                str(row["epochs"]),
                _figures(row["best"], "val_"),
                _figures(row["test"], ""),
                row["state"],
                *(shorten(row["settings"].get(name, ""), _WIDEST) for name in names),
                ", ".join(row["tags"]),
            ]
        )
    for line in aligned(table, {2, 3}):
        say(line)
    for row in rows:
        for text in (*row["problems"], *([row["note"]] if row["note"] else [])):
            say(f"{row['run']}: {text}")


def _figures(figures: dict[str, float], prefix: str) -> str:
    """The loss and the first metric, of validation where there is any."""
    some = {name: value for name, value in figures.items() if name.startswith(prefix)} or figures
    return "  ".join(f"{name} {value:.4f}" for name, value in list(some.items())[:2])


def _print_compared(one: RunRecord, other: RunRecord, found: tuple[Difference, ...]) -> None:
    from dataclasses import asdict

    print_json({"before": one.name, "after": other.name, "differences": [asdict(change) for change in found]})


def _say_compared(one: RunRecord, other: RunRecord, found: tuple[Difference, ...]) -> None:
    for mark, run in (("-", one), ("+", other)):
        figures = {**run.outcome.best, **{f"test {name}": value for name, value in run.outcome.test.items()}}
        shown = ", ".join(f"{name} {value:.4f}" for name, value in figures.items())
        say(f"{mark} {run.name}: {shown or 'no figures'}")
    for change in found:
        say(_line(change))
    if not found:
        say("Network and settings are the same.")


def _line(change: Difference) -> str:
    before, after = (shorten(value, 100) for value in (change.before, change.after))
    place = f"{change.part} {change.place}".strip()
    if change.kind != "changed":
        mark, what = ("+", after) if change.kind == "added" else ("-", before)
        return f"{mark} {place}{f' ({what})' if what else ''}"
    return f"  {place}: {change.field} {before or '–'} → {after or '–'}"
