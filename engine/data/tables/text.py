"""Text tables (CSV, TSV, packed or not), read in blocks: each line is looked at before polars takes the block."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import polars as pl

from engine.data.tables.encodings import AsUtf8, Encoding, guessed_encoding
from engine.data.tables.rows import BadRow, Rows, check_columns, distinct_names
from engine.data.tables.writing import QUOTES, SEPARATORS, Writing, guessed
from engine.errors import FileError, FileFormatError
from engine.files import check_file

BLOCK = 8 * 2**20
"""Bytes that are read at once."""
_HEAD = 2**18
_LONGEST_LINE = 64 * 2**20
_LONGEST_ROW = 1000
"""Lines that a quoted cell may go over."""


class TextTable:
    """A text table on the disk; raises `FileError` or `FileFormatError` where it is none."""

    unit = "line"
    left_out = ()

    def __init__(self, path: str, given: Writing, fixed: Sequence[str], encoding: Encoding = "auto") -> None:
        self.path = path
        self.encoding: str = encoding
        self.done = 0
        check_file(path)
        try:
            self.size = Path(path).stat().st_size
            with self._unpacked() as file:
                self.encoding = self._encoding_of(file.read(_HEAD))
            with self._open() as file:
                head = file.read(_HEAD)
        except (OSError, EOFError, zlib.error) as error:
            raise unreadable(path, error) from None
        except UnicodeDecodeError as error:
            raise self._not_of_encoding(error) from None
        if b"\0" in head:
            raise FileFormatError(path, "is no text: it holds bytes of zero.")
        lines = head.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
        lines = [line for line in (lines[:-1] if len(head) == _HEAD and len(lines) > 1 else lines) if line.strip()]
        if not lines:
            raise FileFormatError(path, "is empty: there is no row in it.")
        self.writing = guessed(lines[:200], given, fixed)
        first = self._first_cells(lines)
        check_columns(path, len(first))
        self.names = distinct_names(first if self.writing.header else [""] * len(first))

    @property
    def words(self) -> tuple[str, ...]:
        """How it is written: the words that the settings have for it."""
        writing = self.writing
        separator = next((name for name, sign in SEPARATORS.items() if sign == writing.separator), "comma")
        quote = next(name for name, sign in QUOTES.items() if sign == writing.quote)
        return (
            separator,
            quote,
            "decimal comma" if writing.comma else "point",
            "header" if writing.header else "no header",
            *([self.encoding] if self.encoding != "utf-8" else []),
        )

    def _open(self) -> IO[bytes] | AsUtf8:
        """The file, its text in UTF-8."""
        file = self._unpacked()
        return file if self.encoding == "utf-8" else AsUtf8(file, self.encoding)

    def _unpacked(self) -> IO[bytes]:
        raw = Path(self.path).open("rb")  # noqa: SIM115 - who opens this closes it
        self._raw = raw
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        return gzip.GzipFile(fileobj=raw) if packed else raw  # pyright: ignore[reportReturnType]

    def _encoding_of(self, head: bytes) -> str:
        if not head:
            raise FileFormatError(self.path, "is empty: there is no row in it.")
        found = guessed_encoding(head) if self.encoding == "auto" else self.encoding
        if found is None:
            cause = "is not written in UTF-8, and in what else cannot be told: choose its encoding."
            raise FileFormatError(self.path, cause)
        return found

    def _not_of_encoding(self, error: UnicodeDecodeError) -> FileFormatError:
        byte = error.object[error.start]
        cause = f"holds the byte {byte:#04x}, which is not {self.encoding}. Choose another encoding."
        return FileFormatError(self.path, cause)

    def _first_cells(self, lines: Sequence[str]) -> list[str]:
        """The cells of the first row, which may go over several lines."""
        quote = self.writing.quote
        row = ""
        for line in lines[:_LONGEST_ROW]:
            row += line
            if not quote or row.count(quote) % 2 == 0:
                break
            row += "\n"
        try:
            return self.writing.cells(row)
        except csv.Error as error:
            raise FileFormatError(self.path, f"line 1: cannot be taken apart into cells: {error}.") from None

    # Rows

    def rows(self) -> Iterator[Rows]:
        """The rows, a block at a time."""
        skip = self.writing.header
        try:
            for lines, first in self._blocks():
                good, numbers, faults = self._sorted_out(lines, first)
                if skip and good:
                    good, numbers, skip = good[1:], numbers[1:], False
                yield Rows(self._frame(good), np.array(numbers, np.int64), tuple(faults))
        except (OSError, EOFError, zlib.error) as error:
            raise unreadable(self.path, error) from None
        except UnicodeDecodeError as error:
            raise self._not_of_encoding(error) from None

    def _blocks(self) -> Iterator[tuple[list[bytes], int]]:
        """Whole lines, and the number of the first; one that a quoted cell goes on behind waits for the next."""
        quote = self.writing.quote.encode()
        number, rest = 1, list[bytes]()
        with self._open() as file:
            while block := file.read(BLOCK):
                if not block.endswith(b"\n"):
                    block += file.readline(_LONGEST_LINE)
                    if len(block) >= _LONGEST_LINE:
                        raise FileFormatError(self.path, f"a line is longer than {_LONGEST_LINE // 2**20} MB.")
                self.done = self._raw.tell()
                if self.encoding == "utf-8":
                    self._check_utf8(block, number + len(rest))
                lines = rest + self._lines(block, number + len(rest))
                keep = _open_row(lines, quote) if quote and quote in block else len(lines)
                yield lines[:keep], number
                number, rest = number + keep, lines[keep:]
        if rest:
            yield rest, number

    def _lines(self, block: bytes, number: int) -> list[bytes]:
        if number == 1:
            block = block.removeprefix(b"\xef\xbb\xbf")
        if b"\r" in block:
            block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = block.split(b"\n")
        return lines[:-1] if not lines[-1] else lines

    def _check_utf8(self, block: bytes, number: int) -> None:
        try:
            block.decode()
        except UnicodeDecodeError as error:
            line = number + block.count(b"\n", 0, error.start)
            byte = block[error.start]
            cause = f"holds the byte {byte:#04x}, which is not UTF-8. Choose its encoding."
            raise FileFormatError(self.path, f"line {line:,}: {cause}") from None

    def _sorted_out(self, lines: list[bytes], first: int) -> tuple[list[bytes], list[int], list[BadRow]]:
        """The lines that are rows of the table, where each begins, and what the others suffer from."""
        separator, quote = self.writing.separator.encode(), self.writing.quote.encode()
        wanted = len(self.names)
        if wanted > 1 and not (quote and any(quote in line for line in lines)):
            counts = {line.count(separator) for line in lines}
            if counts == {wanted - 1}:  # as nearly always: nothing to look at line by line
                return lines, list(range(first, first + len(lines))), []
        good: list[bytes] = []
        numbers: list[int] = []
        faults: list[BadRow] = []
        place = 0
        while place < len(lines):
            line, start = lines[place], place
            place += 1
            if not line or line.isspace():
                continue
            if quote and quote in line:
                end = _end_of_row(lines, start, quote)
                if end is None:
                    faults.append(BadRow(first + start, "A quoted cell does not end"))
                    continue
                line, place = b"\n".join(lines[start:end]), end
                count = self._count(line)
            else:
                count = line.count(separator) + 1
            if count == wanted:
                good.append(line)
                numbers.append(first + start)
            else:
                faults.append(BadRow(first + start, f"There are {count:,} cells, but {wanted:,} columns"))
        return good, numbers, faults

    def _count(self, line: bytes) -> int:
        try:
            return len(self.writing.cells(line.decode()))
        except csv.Error:
            return 0

    def _frame(self, good: list[bytes]) -> pl.DataFrame:
        schema: Any = dict.fromkeys(self.names, pl.String)
        if not good:
            return pl.DataFrame(schema=schema)
        try:
            return pl.read_csv(
                b"\n".join(good) + b"\n",
                has_header=False,
                separator=self.writing.separator,
                quote_char=self.writing.quote or None,
                schema=schema,
            )
        except pl.exceptions.PolarsError as error:
            raise FileFormatError(self.path, f"could not be taken apart into cells: {error}.") from None


def _end_of_row(lines: Sequence[bytes], start: int, quote: bytes) -> int | None:
    """Behind which line the row that begins on one ends; None where a quoted cell in it never does."""
    open_ = False
    for place in range(start, min(start + _LONGEST_ROW, len(lines))):
        open_ ^= lines[place].count(quote) % 2 == 1
        if not open_:
            return place + 1
    return None


def _open_row(lines: Sequence[bytes], quote: bytes) -> int:
    """How many lines are left when those of the last row, which a quoted cell leaves open, are put aside."""
    place = 0
    while place < len(lines):
        end = _end_of_row(lines, place, quote)
        if end is None and len(lines) - place < _LONGEST_ROW:
            return place
        place = place + 1 if end is None else end
    return len(lines)


def unreadable(path: str, error: Exception) -> FileError:
    """The error for a file that the system, or the way it is packed, does not let us read."""
    if isinstance(error, FileNotFoundError):
        return FileError(path, "there is no such file.")
    if isinstance(error, IsADirectoryError):
        return FileError(path, "is a folder, not a table.")
    if isinstance(error, EOFError | zlib.error | gzip.BadGzipFile):
        return FileFormatError(
            path, "is packed, and damaged: it ends too early, or holds other bytes than it says."
        )
    return FileError(path, f"could not be read: {getattr(error, 'strerror', None) or error}.")
