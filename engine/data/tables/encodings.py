"""Which letters the bytes of a text table stand for: what is told, what it begins with, or what it looks like."""

from __future__ import annotations

import codecs
import io
import re
from types import TracebackType
from typing import IO, Literal, Self

Encoding = Literal[
    "auto", "utf-8", "utf-16", "windows-1252", "windows-1250", "windows-1251", "gb18030", "big5", "shift_jis",
    "euc-kr",
]  # fmt: skip

_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8"}
_HIGH = re.compile(rb"[\x80-\xff]+")
_WESTERN = 0.8
"""The share of letters beyond ASCII that stand alone, from which on a text is one of Western Europe: there an
accent is seldom beside another, while other scripts are rows of them."""


def guessed_encoding(head: bytes) -> str | None:
    """The encoding of a text that begins so; None where that cannot be told."""
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    if _is_utf8(head):
        return "utf-8"
    runs = [len(run) for run in _HIGH.findall(head)]
    return "windows-1252" if runs.count(1) >= _WESTERN * len(runs) else None


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # a letter that is cut at the end is no fault
    except UnicodeDecodeError:
        return False
    return True


class AsUtf8:
    """A file of another encoding, read as if it were UTF-8; reading raises `UnicodeDecodeError`."""

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        self._text = io.TextIOWrapper(file, encoding=encoding, newline="\n")

    def read(self, size: int) -> bytes:
        """About so many bytes, more where letters take more."""
        return self._text.read(size).encode()

    def readline(self, size: int) -> bytes:
        """The rest of a line, of so many letters at most."""
        return self._text.readline(size).encode()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._text.close()
