"""Arguments and options that several commands take, and how they print."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from engine.callbacks import Callbacks
    from engine.data.source import Source


class Target(StrEnum):
    """What generated Python is written for."""

    keras = "keras"
    jax = "jax"


class Style(StrEnum):
    """In which of Keras's three ways generated Python builds the model."""

    functional = "functional"
    sequential = "sequential"
    subclass = "subclass"


class Look(StrEnum):
    """The colours of a picture."""

    light = "light"
    dark = "dark"


class Dialect(StrEnum):
    """Which Keras an .h5 file is written for."""

    keras3 = "keras3"
    keras2 = "keras2"


class ComputeType(StrEnum):
    """In which type the layers of a network compute."""

    float32 = "float32"
    mixed_bfloat16 = "mixed_bfloat16"


class Part(StrEnum):
    """A part of a project's data."""

    test = "test"
    validation = "validation"
    training = "training"


class ProgressKind(StrEnum):
    """What is shown while training goes on."""

    bar = "bar"
    lines = "lines"
    none = "none"


def check_ending(path: Path, endings: Sequence[str], option: str) -> None:
    """Refuse a file whose name ends in none of these, whichever case its letters are in."""
    if path.suffix.lower() not in endings:
        wanted = f"none of {', '.join(endings)}" if len(endings) > 1 else f"something else than {endings[0]}"
        raise typer.BadParameter(f"{path.name!r} ends in {wanted}", param_hint=option)


Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines instead of text.")]
ProjectFile = Annotated[Path, typer.Argument(metavar="PROJECT.loom", help="A project file.")]
NetworkFile = Annotated[
    Path, typer.Argument(metavar="PROJECT|MODEL", help="A project, or a Keras model: .keras, .h5, .json.")
]
RunFolder = Annotated[Path | None, typer.Option("--run", metavar="DIR", help="The run whose weights to use.")]

Patience = Annotated[
    int | None,
    typer.Option("--early-stopping", min=1, metavar="EPOCHS", help="Stop after so many without a better one."),
]
Plateau = Annotated[
    int | None,
    typer.Option("--reduce-on-plateau", min=1, metavar="EPOCHS", help="Reduce the learning rate after so many."),
]
Monitor = Annotated[
    str | None, typer.Option(metavar="FIGURE", help="The figure that is watched: val_loss, val_accuracy, ...")
]
Every = Annotated[
    int | None,
    typer.Option("--keep-every", min=1, metavar="EPOCHS", help="Keep the weights every so many."),
]
Board = Annotated[bool, typer.Option("--tensorboard", help="Write the figures for TensorBoard as well.")]

RunGenerators = Annotated[
    bool,
    typer.Option("--run-generators", help="Run the Python file that the data is drawn from, with your rights."),
]


def allow_generators(source: Source, yes: bool) -> None:
    """Let the file that data is drawn from be run, as it is now, where that was asked for."""
    from engine.data import consent
    from engine.data.generator import PythonGenerator

    if yes and isinstance(source, PythonGenerator):
        consent.allow(source.script())


def print_json(value: Any) -> None:
    """A value on one line of the output."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """A line of the output, what is in it from files made visible; an empty line may precede it."""
    from rich.console import Console

    from engine.errors import visible

    line = text.removeprefix("\n")
    Console().print(text[: len(text) - len(line)] + visible(line), markup=False, highlight=False, soft_wrap=True)


def with_callbacks(
    callbacks: Callbacks,
    *,
    patience: int | None,
    plateau: int | None,
    monitor: str | None,
    every: int | None,
    board: bool,
) -> Callbacks:
    """Callbacks with those that the command line asks for; what it does not name stays as it is."""
    from engine.callbacks import EarlyStopping, ModelCheckpoint, ReduceLROnPlateau, TensorBoard

    wanted: dict[str, Any] = {
        "monitor": monitor,
        "early_stopping": patience and (callbacks.early_stopping or EarlyStopping()).replace(patience=patience),
        "reduce_lr_on_plateau": plateau
        and (callbacks.reduce_lr_on_plateau or ReduceLROnPlateau()).replace(patience=plateau),
        "model_checkpoint": every and (callbacks.model_checkpoint or ModelCheckpoint()).replace(every=every),
        "tensorboard": TensorBoard() if board else None,
    }
    return callbacks.replace(**{name: value for name, value in wanted.items() if value is not None})
