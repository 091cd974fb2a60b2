"""The stack machine that a pickle is a program for, as far as rows of whole numbers need it.

https://docs.python.org/3/library/pickletools.html tells what each instruction does. Nothing that a pickle names is
imported or called: the three calls that NumPy makes are known, and any other is refused.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from enum import Enum
from typing import Any

_STACK = 5_000
"""Values that wait to be put together; Python puts lists together by the thousand."""
_TEXT = 100
"""Bytes of a name, at most."""
_FIXED = 100
"""Values that are remembered for later besides the rows: names, types."""
FRAME = 0x95
_NUMBERS = re.compile(rb"(?:K.|M..|J.{4}|\x95.{8})*+", re.DOTALL)
"""Instructions that push a number of one, two or four bytes; and those that begin a frame, anywhere among them."""

Piece = tuple[int, int]
"""From where to where instructions push the numbers of a row."""


class NotRowsError(Exception):
    """What stands there is something else, or is damaged; the text says what."""


class _Known(Enum):
    """What a pickle may name, by module and name."""

    RECONSTRUCT = "numpy.core.multiarray._reconstruct"
    NDARRAY = "numpy.ndarray"
    DTYPE = "numpy.dtype"
    ENCODE = "_codecs.encode"


class _Made(Enum):
    """What the calls that are understood give."""

    ARRAY = "an array"
    DTYPE = "the type of an array of objects"


_MARK = object()


class RowList:
    """A list of whole numbers, or of lists."""

    __slots__ = ("lists", "numbers")

    def __init__(self) -> None:
        self.numbers: list[Piece] = []
        self.lists: list[RowList] = []

    def add_numbers(self, piece: Piece) -> None:
        if self.lists:
            raise NotRowsError(_MIXED)
        self.numbers.append(piece)

    def add_lists(self, values: list[Any]) -> None:
        if self.numbers or not all(type(value) is RowList for value in values):
            raise NotRowsError(_MIXED)
        self.lists += values


_MIXED = "it holds other objects than rows of whole numbers, which are never loaded."
_DAMAGED = "it is damaged."


class Machine:
    """Goes through the instructions of a pickle."""

    def __init__(self, content: bytes, count: int) -> None:
        self.place = 0
        self.ended = False
        self._content, self._count = content, count
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._lists = 0
        self._rows: list[RowList] | None = None
        self._pushed = 0

    @property
    def result(self) -> list[RowList]:
        if self._stack != [_Made.ARRAY] or self._rows is None:
            raise NotRowsError("it is no array of lists.")
        return self._rows

    def run(self, steps: int) -> None:
        """Follow so many instructions, or as many as there are."""
        for _ in range(steps):
            code = self._content[self.place]
            self.place += 1
            instruction = _INSTRUCTIONS.get(code)
            if instruction is None:
                raise NotRowsError(
                    "it holds other objects than rows of whole numbers, which could run code and are never loaded "
                    f"(instruction 0x{code:02x})."
                )
            instruction(self)
            if self.ended:
                return
            if len(self._stack) > _STACK:
                raise NotRowsError("too much is piled up.")

    # What instructions read

    def _number(self, form: str) -> int:
        (value,) = struct.unpack_from(form, self._content, self.place)
        self.place += struct.calcsize(form)
        return value

    def _line(self) -> str:
        end = self._content.find(b"\n", self.place, self.place + _TEXT)
        if end < 0:
            raise NotRowsError(_DAMAGED)
        found = self._content[self.place : end].decode("ascii", "replace")
        self.place = end + 1
        return found

    # Instructions

    def push(self, value: Any) -> None:
        self._stack.append(value)

    def skip(self, count: int) -> None:
        self.place += count

    def stop(self) -> None:
        self.ended = True

    def push_number(self, form: str) -> None:
        self._pushed = self.place - 1
        self.push(self._number(form))

    def push_long(self) -> None:
        raise NotRowsError("there is a number of more than 32 bits.")

    def push_text(self, form: str) -> None:
        """Text or bytes, of which Python 2 makes no difference."""
        size = self._number(form)
        found = self._content[self.place : self.place + size]
        if size > _TEXT or len(found) < size:
            raise NotRowsError("there is a long text.")
        self.place += size
        self.push(found.decode("utf-8", "replace"))

    def push_list(self) -> None:
        self._lists += 1
        if self._lists > self._count + 1:
            raise NotRowsError(f"there are more than the {self._count:,} rows that there should be.")
        self.push(RowList())

    def mark(self) -> None:
        """Begin a tuple or a part of a list; numbers that are to be added to a list are, at once."""
        match = _NUMBERS.match(self._content, self.place)
        stop = match.end() if match is not None else self.place
        if stop > self.place and type(self._stack[-1]) is RowList and self._content[stop] == ord("e"):
            self._stack[-1].add_numbers((self.place, stop))
            self.place = stop + 1
        else:
            self.push(_MARK)

    def _pop_marked(self) -> list[Any]:
        place = len(self._stack) - 1
        while self._stack[place] is not _MARK:
            place -= 1
            if place < 0:
                raise NotRowsError(_DAMAGED)
        found = self._stack[place + 1 :]
        del self._stack[place:]
        return found

    def _pop(self, count: int) -> list[Any]:
        if len(self._stack) < count:
            raise NotRowsError(_DAMAGED)
        found = self._stack[len(self._stack) - count :]
        del self._stack[len(self._stack) - count :]
        return found

    def append(self) -> None:
        """Add one value to a list: a list, or the number that was pushed just now."""
        (value,) = self._pop(1)
        piece = self._pushed, self.place - 1
        if type(value) is int and _NUMBERS.fullmatch(self._content, *piece):
            self._list().add_numbers(piece)
        else:
            self._list().add_lists([value])

    def appends(self) -> None:
        values = self._pop_marked()
        self._list().add_lists(values)

    def _list(self) -> RowList:
        if not self._stack or type(self._stack[-1]) is not RowList:
            raise NotRowsError(_DAMAGED)
        return self._stack[-1]

    def make_tuple(self, size: int) -> None:
        self.push(tuple(self._pop(size)))

    def make_marked_tuple(self) -> None:
        self.push(tuple(self._pop_marked()))

    def remember(self, form: str = "") -> None:
        number = self._number(form) if form else len(self._memo)
        if len(self._memo) > self._count + _FIXED:
            raise NotRowsError("too much is remembered.")
        self._memo[number] = self._stack[-1]

    def recall(self, form: str) -> None:
        number = self._number(form)
        if number not in self._memo:
            raise NotRowsError(_DAMAGED)
        self.push(self._memo[number])

    def name(self) -> None:
        self._push_known(self._line(), self._line())

    def name_from_stack(self) -> None:
        module, name = self._pop(2)
        self._push_known(module, name)

    def _push_known(self, module: Any, name: Any) -> None:
        if type(module) is not str or type(name) is not str:
            raise NotRowsError(_DAMAGED)
        full = f"{module}.{name}".replace("numpy._core.", "numpy.core.")
        try:
            self.push(_Known(full))
        except ValueError:
            raise NotRowsError(f"it asks for {full[:60]}, which could run code and is never loaded.") from None

    def call(self) -> None:
        """What the three calls that NumPy makes would give; any other is refused."""
        function, arguments = self._pop(2)
        if function is _Known.RECONSTRUCT and arguments == (_Known.NDARRAY, (0,), "b"):
            self.push(_Made.ARRAY)
        elif function is _Known.DTYPE and arguments in (("O8", False, True), ("O", False, True)):
            self.push(_Made.DTYPE)
        elif function is _Known.ENCODE and arguments == ("b", "latin1"):
            self.push("b")
        else:
            raise NotRowsError("it makes something else than an array of lists.")

    def build(self) -> None:
        """Fill in what a call has made."""
        state = self._pop(1)[0]
        made = self._stack[-1]
        if made is _Made.DTYPE and type(state) is tuple:
            return
        if made is _Made.ARRAY and self._rows is None and type(state) is tuple and len(state) == 5:
            _, shape, kind, _, rows = state
            if shape == (self._count,) and kind is _Made.DTYPE and type(rows) is RowList and not rows.numbers:
                self._rows = rows.lists
                return
        raise NotRowsError("it is no array of lists.")


_INSTRUCTIONS: dict[int, Callable[[Machine], None]] = {
    0x80: lambda machine: machine.skip(1),  # the version
    FRAME: lambda machine: machine.skip(8),
    ord("."): Machine.stop,
    ord("("): Machine.mark,
    ord("]"): Machine.push_list,
    ord("a"): Machine.append,
    ord("e"): Machine.appends,
    ord("K"): lambda machine: machine.push_number("<B"),
    ord("M"): lambda machine: machine.push_number("<H"),
    ord("J"): lambda machine: machine.push_number("<i"),
    0x8A: Machine.push_long,
    ord("N"): lambda machine: machine.push(None),
    0x88: lambda machine: machine.push(True),
    0x89: lambda machine: machine.push(False),
    ord("U"): lambda machine: machine.push_text("<B"),
    ord("C"): lambda machine: machine.push_text("<B"),
    ord("X"): lambda machine: machine.push_text("<I"),
    0x8C: lambda machine: machine.push_text("<B"),
    ord(")"): lambda machine: machine.make_tuple(0),
    0x85: lambda machine: machine.make_tuple(1),
    0x86: lambda machine: machine.make_tuple(2),
    0x87: lambda machine: machine.make_tuple(3),
    ord("t"): Machine.make_marked_tuple,
    ord("q"): lambda machine: machine.remember("<B"),
    ord("r"): lambda machine: machine.remember("<I"),
    0x94: lambda machine: machine.remember(),
    ord("h"): lambda machine: machine.recall("<B"),
    ord("j"): lambda machine: machine.recall("<I"),
    ord("c"): Machine.name,
    0x93: Machine.name_from_stack,
    ord("R"): Machine.call,
    ord("b"): Machine.build,
}
"""What is understood of https://github.com/python/cpython/blob/main/Lib/pickletools.py, by the code of each."""
