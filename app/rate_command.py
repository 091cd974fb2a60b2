"""`layerloom find-rate`: which learning rates suit a project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.options import Json, ProjectFile, RunGenerators, allow_generators, print_json, say

if TYPE_CHECKING:
    from engine.rate_finder import RateCurve


def find_rate(
    project: ProjectFile,
    lowest: Annotated[
        float | None, typer.Option(min=1e-12, max=1000, help="The first rate, 1e-7 if not given.")
    ] = None,
    highest: Annotated[
        float | None, typer.Option(min=1e-12, max=1000, help="The last rate, 10 if not given.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=20, max=100_000, help="How many rates are tried, 200 if not given.")
    ] = None,
    origin: Annotated[
        Path | None, typer.Option("--from", metavar="RUN|MODEL", help="Begin with its weights, not with new ones.")
    ] = None,
    run_generators: RunGenerators = False,
    as_json: Json = False,
) -> None:
    """Try growing learning rates on a copy of the network, and propose one. Nothing of the project changes."""
    from app.headless import run_here
    from engine import rate_finder
    from engine.formats import project_file
    from engine.runs import start_from

    first, last = lowest or rate_finder.LOWEST, highest or rate_finder.HIGHEST
    if first >= last:
        raise typer.BadParameter(f"must be more than the lowest rate, {first:g}", param_hint="--highest")
    loaded = project_file.load(project)
    allow_generators(loaded.data.source, run_generators)
    start = None if origin is None else start_from(loaded, origin)
    job = rate_finder.find_rate(loaded, start, lowest=first, highest=last, steps=steps or rate_finder.STEPS)
    curve: RateCurve = run_here(job, quiet=as_json)
    if as_json:
        found = {
            "proposed": curve.proposed,
            "steepest": curve.steepest,
            "least": curve.least,
            "rises": curve.rises,
        }
        print_json({**found, "rates": curve.rates, "losses": curve.losses, "smoothed": curve.smoothed})
        return
    for line in _told(curve):
        say(line)


def _told(curve: RateCurve) -> list[str]:
    tried = f"Tried {len(curve.rates)} rates, from {curve.rates[0]:.2g} to {curve.rates[-1]:.2g}."
    if curve.diverged:
        tried += " There the loss diverged."
    if curve.proposed is None:
        return [
            tried,
            "The loss fell at none of them: try others with --lowest and --highest.",
        ]
    if curve.rises is not None:
        found = (
            f"The loss fell at none of them, and rises from {curve.rises:.2g} on: the weights are trained well."
        )
    else:
        found = f"The loss falls fastest at {curve.steepest:.2g}, and is the least at {curve.least:.2g}."
    return [tried, found, f"Proposed: {curve.proposed:g}"]
