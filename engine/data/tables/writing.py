"""How a text table is written: what separates its cells, what quotes them, what the decimal sign is."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "space": " "}
QUOTES = {"double": '"', "single": "'", "none": ""}

_LIKELY = ("\t", ";", "|", ",", " ")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_POINT = re.compile(r"[+-]?\d+\.\d+")
_COMMA = re.compile(r"[+-]?\d+,\d+")


@dataclass(frozen=True)
class Writing:
    """How a text table is written."""

    separator: str = ","
    quote: str = '"'
    header: bool = True
    comma: bool = False
    """Whether the decimal sign is a comma."""

    def cells(self, line: str) -> list[str]:
        """The cells of a line; raises `csv.Error`."""
        quoting = csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE
        found = csv.reader([line], delimiter=self.separator, quotechar=self.quote or None, quoting=quoting)
        return next(found, [])

    def is_number(self, cell: str) -> bool:
        """Whether a cell reads as a number."""
        cell = cell.strip()
        return bool(_NUMBER.fullmatch(cell.replace(",", ".") if self.comma else cell))


def guessed(lines: Sequence[str], given: Writing, fixed: Sequence[str]) -> Writing:
    """How these first lines are written; what is `fixed`, by the name of its field, is as `given`."""
    lines = [line for line in lines if line.strip()]
    found = given
    if "quote" not in fixed:
        found = replace(found, quote=_quote(lines))
    if "separator" not in fixed:
        found = replace(found, separator=_separator(lines, found))
    rows = [cells for line in lines if (cells := _cells(found, line))]
    if "comma" not in fixed:
        found = replace(found, comma=found.separator != "," and _has_commas(rows))
    if "header" not in fixed:
        found = replace(found, header=_has_header(rows, found))
    return found


def _cells(writing: Writing, line: str) -> list[str]:
    try:
        return writing.cells(line)
    except csv.Error:
        return []


def _quote(lines: Sequence[str]) -> str:
    single = re.compile(r"(^|[\t;|, ])'[^']*'($|[\t;|, ])")
    return "'" if not any('"' in line for line in lines) and sum(map(bool, map(single.search, lines))) > 1 else '"'


def _separator(lines: Sequence[str], writing: Writing) -> str:
    """The one that takes most lines apart into equally many cells; a comma where none does."""

    def agreement(separator: str) -> tuple[float, bool]:
        sizes = Counter(len(_cells(replace(writing, separator=separator), line)) for line in lines)
        size, lines_of_it = max(sizes.items(), key=lambda item: item[1], default=(1, 0))
        return (lines_of_it / len(lines), separator != " ") if size > 1 else (0.0, False)

    best = max(_LIKELY, key=agreement) if lines else ","
    return best if lines and agreement(best)[0] > 0.5 else ","


def _has_commas(rows: Sequence[Sequence[str]]) -> bool:
    cells = [cell.strip() for row in rows for cell in row]
    return any(map(_COMMA.fullmatch, cells)) and not any(map(_POINT.fullmatch, cells))


def _has_header(rows: Sequence[Sequence[str]], writing: Writing) -> bool:
    """Names are no numbers, and no two are the same."""
    first = [cell.strip() for cell in rows[0]] if rows else []
    return not any(map(writing.is_number, first)) and len(set(first)) == len(first)
