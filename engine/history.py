"""The figures of a run, epoch by epoch: rows of a number of the epoch and what was measured after it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from engine.errors import FileError, FileFormatError
from engine.files import write_text

Row = Mapping[str, float]
"""`epoch`, and figures by Keras's names; one that was not measured after this epoch is left out."""


def until(rows: Iterable[Row], epoch: int) -> tuple[Row, ...]:
    """The rows of the epochs up to this one."""
    return tuple(row for row in rows if row["epoch"] <= epoch)


def write_history(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as CSV, atomically: a column for each figure that any of them has. Raises `FileError`."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def read_history(path: Path) -> tuple[Row, ...]:
    """The rows of a file; raises `FileError`, `FileFormatError` with the line that is damaged."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if "epoch" not in (reader.fieldnames or ()):
                raise FileFormatError(path, "is no history of a run: it has no column 'epoch'.")
            return tuple(_read_row(path, reader.line_num, row) for row in reader)
    except OSError as error:
        raise FileError(path, f"could not be read: {error.strerror or error}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileFormatError(path, f"is damaged: {error}.") from error


def _read_row(path: Path, line: int, texts: Mapping[str | None, str | list[str] | None]) -> Row:
    row: dict[str, float] = {}
    for name, text in texts.items():
        if name is None or not isinstance(text, str):
            raise FileFormatError(path, f"line {line} has another number of columns than the first.")
        if not text:
            continue
        try:
            row[name] = int(text) if name == "epoch" else float(text)
        except ValueError:
            raise FileFormatError(path, f"line {line}: {name} is {text[:40]!r}, which is no number.") from None
    if "epoch" not in row:
        raise FileFormatError(path, f"line {line} does not say which epoch it is of.")
    return row
