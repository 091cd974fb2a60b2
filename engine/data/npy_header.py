"""What a NumPy array says of itself before its numbers come: read first, and believed only as far as it fits."""

from __future__ import annotations

from typing import IO, Any, NamedTuple

import numpy as np


class NpyHeader(NamedTuple):
    """What stands before the numbers of an array."""

    shape: tuple[int, ...]
    fortran: bool
    """Whether the first axis is the one that runs fastest."""
    dtype: np.dtype[Any]
    start: int
    """Where the numbers begin."""

    @property
    def nbytes(self) -> int:
        return int(np.prod(self.shape, dtype=object)) * self.dtype.itemsize


def read_header(file: IO[bytes]) -> NpyHeader:
    """The header of an array that begins here; raises `ValueError` where there is none."""
    start = file.tell()
    try:
        old = np.lib.format.read_magic(file) == (1, 0)
        read: Any = np.lib.format.read_array_header_1_0 if old else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(file)
    except (ValueError, TypeError, SyntaxError, EOFError, MemoryError, RecursionError):
        raise ValueError from None  # what NumPy says names its own functions
    if any(size < 0 for size in shape):
        raise ValueError
    return NpyHeader(shape, fortran, dtype, file.tell() - start)
