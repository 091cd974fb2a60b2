"""WAV files: PCM of 8 to 32 bits and floating-point numbers, with one channel or several.

http://soundfile.sapp.org/doc/WaveFormat/ tells of the chunks; only what is asked for is read, however long a file.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, NamedTuple

import numpy as np

from engine.data.decoded import BadSample
from engine.data.rows import Array

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_TYPES = {
    (_PCM, 8): "u1",
    (_PCM, 16): "<i2",
    (_PCM, 24): "",
    (_PCM, 32): "<i4",
    (_FLOAT, 32): "<f4",
    (_FLOAT, 64): "<f8",
}
_MOST_CHUNKS = 1000
_MOST_CHANNELS = 64
_OPEN = 0x7FFFFFFF
"""A size from here on stands for "to the end of the file": what wrote it could not go back."""


class WavHeader(NamedTuple):
    """What a WAV file says of itself."""

    sampling_rate: int
    channels: int
    bits: int
    coding: int
    start: int
    """Where the numbers begin in the file."""
    frames: int
    """Samples of each channel that are there."""


def read_header(file: BinaryIO) -> WavHeader:
    """What a file holds; raises `BadSample` where it is no WAV file, or of a kind that is not known."""
    magic = file.read(12)
    if magic[:4] not in (b"RIFF", b"RF64") or magic[8:] != b"WAVE":
        raise BadSample("is no WAV file.")
    end = file.seek(0, 2)
    file.seek(12)
    form: tuple[int, ...] | None = None
    for _ in range(_MOST_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            break
        name, size = head[:4], int.from_bytes(head[4:], "little")
        start = file.tell()
        if name == b"fmt ":
            form = _form(file.read(min(size, 64)))
        elif name == b"data":
            if form is None:
                raise BadSample("is a damaged WAV file: its numbers come before their format.")
            coding, channels, rate, bits = form
            width = channels * bits // 8
            there = end - start
            if size > there and size < _OPEN:
                raise BadSample(f"is cut short: of {size // width:,} samples {there // width:,} are there.")
            return WavHeader(rate, channels, bits, coding, start, min(size, there) // width)
        file.seek(start + size + size % 2)
    raise BadSample("is a damaged WAV file: it holds no sound.")


def _form(text: bytes) -> tuple[int, int, int, int]:
    if len(text) < 16:
        raise BadSample("is a damaged WAV file: its format is cut short.")
    coding, channels, rate, _, _, bits = struct.unpack("<HHIIHH", text[:16])
    if coding == _EXTENSIBLE and len(text) >= 26:
        coding = int.from_bytes(text[24:26], "little")
    if (coding, bits) not in _TYPES:
        raise BadSample(
            f"is a WAV file of a kind that is not read (coding {coding}, {bits} bits); save it as PCM of 16 bits."
        )
    if not rate or not 1 <= channels <= _MOST_CHANNELS:
        raise BadSample(f"is a damaged WAV file: it has {channels} channels and {rate:,} samples a second.")
    return coding, channels, rate, bits


def read_frames(file: BinaryIO, header: WavHeader, most: int) -> Array:
    """The first samples, so many at most, from -1 to 1: time by channels."""
    count = min(most, header.frames)
    file.seek(header.start)
    content = file.read(count * header.channels * header.bits // 8)
    if header.bits == 24:
        triples = np.frombuffer(content, np.uint8).reshape(-1, 3)
        wide = np.zeros((len(triples), 4), np.uint8)
        wide[:, 1:] = triples
        values = wide.view("<i4")[:, 0]
    else:
        values = np.frombuffer(content, _TYPES[header.coding, header.bits])
    return _scaled(values).reshape(-1, header.channels)


def _scaled(values: Array) -> Array:
    if values.dtype.kind == "f":
        found = values.astype(np.float32)
        if not np.isfinite(found).all():
            raise BadSample("holds samples that are no finite numbers.")
        return found
    if values.dtype == np.uint8:
        return (values.astype(np.float32) - 128) / 128
    return (values / float(2 ** (8 * values.dtype.itemsize - 1))).astype(np.float32)
