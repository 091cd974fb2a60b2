"""Pictures in files, decoded by Pillow: turned upright, in the wanted colours and of the wanted size."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal, NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from engine.data.decoded import BadSample, sampling
from engine.data.folders import FileAt
from engine.data.rows import Array
from engine.events import Progress

ColorMode = Literal["rgb", "grayscale", "rgba"]
Fit = Literal["stretch", "crop", "pad"]
Interpolation = Literal["bilinear", "nearest", "bicubic", "area", "lanczos3"]

CHANNELS: dict[ColorMode, int] = {"rgb": 3, "grayscale": 1, "rgba": 4}
MOST_PIXELS = 100_000_000
"""Pixels of a picture that is decoded: its header is believed no further."""
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
"""What is decoded, whatever a file is called; others would run programs, or are not meant for pictures."""
_MODES: dict[ColorMode, str] = {"rgb": "RGB", "grayscale": "L", "rgba": "RGBA"}
_RESAMPLING = {
    "bilinear": Image.Resampling.BILINEAR,
    "nearest": Image.Resampling.NEAREST,
    "bicubic": Image.Resampling.BICUBIC,
    "area": Image.Resampling.BOX,
    "lanczos3": Image.Resampling.LANCZOS,
}
_GREY = ("1", "L", "LA", "I", "F")
_ORIENTATION = 0x0112
_LYING = (5, 6, 7, 8)  # orientations that exchange width and height
_GAP = 2.0  # times the wanted size that a picture may be reduced to in a quick way

_LOOKED_AT = 200
_LARGE = 512  # pixels of a side, beyond which pictures of one size are made smaller
_SIDE = 256  # of the longer side, where no size is common to all
_ROUND = 32

# Pillow's own limit neither tells the size nor can be set for one picture; `opened` has one of its own.
Image.MAX_IMAGE_PIXELS = None


def holds_picture(path: str) -> bool:
    """Whether a file begins like a picture, whatever it is called."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - of very many files
            Image.open(file, formats=FORMATS).close()
    except Exception:  # a damaged header makes Pillow raise whatever it stumbles over
        return False
    return True


def opened(file: BinaryIO) -> Image.Image:
    """A picture of which only the header is read; raises `BadSample` where it is none, or far too large."""
    try:
        picture = Image.open(file, formats=FORMATS)
    except UnidentifiedImageError:
        raise BadSample(f"is no picture of a kind that is known: {', '.join(FORMATS)}.") from None
    if picture.width * picture.height > MOST_PIXELS:
        raise BadSample(
            f"is {picture.width:,} × {picture.height:,} pixels large; at most {MOST_PIXELS:,} in all are decoded."
        )
    return picture


@dataclass(frozen=True)
class PictureDecoder:
    """Makes of each picture an array of numbers from 0 to 255, height by width by channels."""

    size: tuple[int, int]
    """Height and width."""
    color_mode: ColorMode
    fit: Fit
    interpolation: Interpolation

    @property
    def shape(self) -> tuple[int, ...]:
        return (*self.size, CHANNELS[self.color_mode])

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.uint8)

    def decode(self, file: BinaryIO) -> Array:
        """The picture in a file."""
        with opened(file) as picture:
            if self.interpolation != "nearest":
                side = int(_GAP * max(self.size))
                picture.draft(None, (side, side))  # JPEG decodes to an eighth as fast as to all
            upright = ImageOps.exif_transpose(picture)
        return np.asarray(self._fitted(_colored(upright, _MODES[self.color_mode]))).reshape(self.shape)

    def _fitted(self, picture: Image.Image) -> Image.Image:
        height, width = self.size
        resampling = _RESAMPLING[self.interpolation]
        gap = None if self.interpolation == "nearest" else _GAP
        if picture.size == (width, height):
            return picture
        if self.fit == "pad":
            scale = min(width / picture.width, height / picture.height)
            inner = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
            canvas = Image.new(picture.mode, (width, height))
            place = (width - inner[0]) // 2, (height - inner[1]) // 2
            canvas.paste(picture.resize(inner, resampling, reducing_gap=gap), place)
            return canvas
        box = None
        if self.fit == "crop":
            scale = max(width / picture.width, height / picture.height)
            left, top = (picture.width - width / scale) / 2, (picture.height - height / scale) / 2
            box = (
                max(left, 0.0),
                max(top, 0.0),
                min(left + width / scale, picture.width),
                min(top + height / scale, picture.height),
            )
        return picture.resize((width, height), resampling, box, gap)


def _colored(picture: Image.Image, mode: str) -> Image.Image:
    """A picture in one of the modes that have 8 bits a channel."""
    if picture.mode[0] in "IF":
        picture = _eight_bits(picture)
    if mode != "RGBA":
        picture.info.pop("transparency", None)  # what cannot be seen through keeps its colour
    return picture if picture.mode == mode else picture.convert(mode)


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Grey of 16 bits in 8: Pillow would cut off all above 255."""
    values = np.asarray(picture)
    if values.dtype.kind == "f" or values.min() < 0 or values.max() > 65535:
        raise BadSample("holds numbers of 32 bits, of which it is not known what is black and what is white.")
    return Image.fromarray(((values.astype(np.uint32) + 128) // 257).astype(np.uint8))


# Guessing


class Facts(NamedTuple):
    """What the header of a picture tells."""

    size: tuple[int, int]
    grey: bool


@dataclass(frozen=True)
class _Header:
    """Makes of each picture its height and width, and whether it is grey."""

    shape = (3,)
    dtype = np.dtype(np.int64)

    def decode(self, file: BinaryIO) -> Array:
        with opened(file) as picture:
            lying = picture.getexif().get(_ORIENTATION) in _LYING and picture.format != "TIFF"
            height, width = picture.size if lying else picture.size[::-1]
            return np.array([height, width, picture.mode.startswith(_GREY)])


def looking(files: Sequence[FileAt]) -> Generator[Progress, None, tuple[Facts, ...]]:
    """What the headers of some of the pictures tell."""
    found = yield from sampling(files, _Header(), _LOOKED_AT)
    return tuple(Facts((height, width), bool(grey)) for height, width, grey in found)


def likely_size(facts: Sequence[Facts]) -> tuple[int, int]:
    """Height and width that suit pictures: those that all have, or the median; less where they are large."""
    heights, widths = zip(*(fact.size for fact in facts), strict=True)
    height, width = int(np.median(heights)), int(np.median(widths))
    if len({fact.size for fact in facts}) == 1 and max(height, width) <= _LARGE:
        return height, width
    scale = min(1.0, _SIDE / max(height, width))
    rounded = [max(_ROUND, round(side * scale / _ROUND) * _ROUND) for side in (height, width)]
    return rounded[0], rounded[1]


def likely_colors(facts: Sequence[Facts]) -> ColorMode:
    """Grey where all are, colours else."""
    return "grayscale" if all(fact.grey for fact in facts) else "rgb"


def size_notes(facts: Sequence[Facts], size: tuple[int, int]) -> tuple[str, ...]:
    """That pictures are brought to a size, where they have others."""
    notes: list[str] = []
    others = sorted({fact.size for fact in facts} - {size}, key=lambda other: other[0] * other[1])
    if others:
        (low, *_, high) = (others[0], others[-1])
        span = f"{low[0]:,} × {low[1]:,}"
        if low != high:
            span += f" … {high[0]:,} × {high[1]:,}"
        notes.append(f"The pictures are {span} pixels large (height × width); all are made {size[0]} × {size[1]}.")
    return tuple(notes)
