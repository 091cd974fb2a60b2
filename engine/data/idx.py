"""IDX files, the format of MNIST and of sets that followed it (https://yann.lecun.com/exdb/mnist/)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, BinaryIO, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field

from engine.data.file_source import FileSource, exactly, names_in, unpacked, zeros
from engine.data.rows import Array
from engine.data.source import DataSet, register
from engine.errors import DataError, FileError, FileFormatError
from engine.fields import AsPath

_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MOST_AXES = 8
_NAME = re.compile(
    r"(?P<set>.*?)(?P<part>train|t10k|test|val|validation)[-_](?P<kind>images|labels)[-.]idx\d-ubyte(?P<gz>\.gz)?",
    re.IGNORECASE,
)
"""How the files of MNIST and its kin are called, with either separator that is in use."""
_PARTS = {"train": "train", "t10k": "test", "test": "test", "val": "validation", "validation": "validation"}

_FASHION = "fashion"
"""In the name of the folder, which alone tells the files of Fashion-MNIST from those of MNIST."""

Read = Callable[[Path], Array]


class Header(NamedTuple):
    """What an IDX file says of itself."""

    shape: tuple[int, ...]
    dtype: str

    @property
    def size(self) -> int:
        """Bytes of all values."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


class IdxSet(FileSource):
    """A set in IDX files that are called as those of MNIST are."""

    path: Annotated[str, AsPath(folder=True)] = Field(
        default="", description="The folder of the files, or one of them."
    )

    class_names: ClassVar[tuple[str, ...]] = ()
    """What the labels mean, where that is known."""

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.path,) if self.path else ()

    def load(self) -> DataSet:
        return self._read(read_idx)

    def outline(self) -> DataSet:
        return self._read(outline_idx)

    def _read(self, read: Read) -> DataSet:
        parts = {part: _pair(files, read) for part, files in self._parts().items()}
        if "train" not in parts:
            raise DataError(f"{self.path}: there are no files of training data (train-images-idx3-ubyte).")
        features, targets = ({name: parts["train"][name]} for name in ("x", "y"))
        classes = {"y": self.class_names} if self.class_names else {}
        return DataSet(features, targets, classes, parts.get("validation"), parts.get("test"))

    def _parts(self) -> Mapping[str, Mapping[str, Path]]:
        """The files by part of the data, and there by what they hold, "images" or "labels"."""
        if not self.path:
            raise DataError("No file is chosen yet.")
        path = Path(self.path)
        named = _NAME.fullmatch(path.name)
        return _files_beside(path, named["set"] if named is not None and not path.is_dir() else None)


@register("mnist")
class Mnist(IdxSet):
    """MNIST: 70,000 handwritten digits of 28 × 28 pixels from 0 to 255, 10,000 of them for the test."""

    title: ClassVar[str] = "MNIST digits"
    task: ClassVar[Literal["classification", "regression", ""]] = "classification"
    class_names: ClassVar[tuple[str, ...]] = tuple("0123456789")

    @classmethod
    def takes(cls, path: Path) -> bool:
        return _sets_at(path) == {""} and _FASHION not in str(path).lower()


@register("fashion_mnist")
class FashionMnist(IdxSet):
    """Fashion-MNIST: 70,000 pieces of clothing, as pictures like those of MNIST, 10,000 of them for the test."""

    title: ClassVar[str] = "Fashion-MNIST"
    task: ClassVar[Literal["classification", "regression", ""]] = "classification"
    class_names: ClassVar[tuple[str, ...]] = (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    )  # fmt: skip

    @classmethod
    def takes(cls, path: Path) -> bool:
        return _sets_at(path) == {""}  # MNIST, which is asked first, leaves what is called Fashion


@register("idx")
class Idx(IdxSet):
    """IDX files, the format of MNIST: pictures or other numbers, and their labels.

    Of files that are called as those of MNIST are (train-images-idx3-ubyte, t10k-labels-idx1-ubyte, with .gz or
    without), the others are found beside the one that is chosen, or all in a folder; t10k names the test data.
    """

    labels_path: Annotated[str, AsPath()] = Field(
        default="", description="The file of labels; empty: the names of the files tell."
    )

    title: ClassVar[str] = "IDX files"

    @classmethod
    def takes(cls, path: Path) -> bool:
        return bool(_sets_at(path))

    @property
    def paths(self) -> tuple[str, ...]:
        return (*super().paths, *filter(None, [self.labels_path]))

    def _parts(self) -> Mapping[str, Mapping[str, Path]]:
        if self.path and self.labels_path:
            return {"train": {"images": Path(self.path), "labels": Path(self.labels_path)}}
        return super()._parts()


def _sets_at(path: Path) -> set[str]:
    """The sets of which there are files in a folder, or that of a file; MNIST itself has no name."""
    names = names_in(path) if path.is_dir() else [path.name]
    return {match["set"] for name in names if (match := _NAME.fullmatch(name))}


def _files_beside(path: Path, wanted: str | None) -> dict[str, dict[str, Path]]:
    """The files of one set in a folder, or beside one of them."""
    folder = path if wanted is None else path.parent
    try:
        found = [(match, file) for file in sorted(folder.iterdir()) if (match := _NAME.fullmatch(file.name))]
    except OSError as error:
        raise FileError(folder, f"could not be read: {error.strerror or error}.") from error
    sets = {match["set"] for match, _ in found}
    if wanted is None and len(sets) > 1:
        shown = ", ".join(sorted(name.rstrip("-_") or "MNIST" for name in sets)[:10])
        raise DataError(f"{folder}: there are several sets ({shown}). Choose a file of one of them.")
    parts: dict[str, dict[str, Path]] = {}
    for match, file in found:
        if wanted is None or match["set"] == wanted:
            kinds = parts.setdefault(_PARTS[match["part"].lower()], {})
            if match["kind"].lower() not in kinds or not match["gz"]:  # what is unpacked needs not be again
                kinds[match["kind"].lower()] = file
    return _complete(path, parts)


def _complete(path: Path, parts: dict[str, dict[str, Path]]) -> dict[str, dict[str, Path]]:
    """The parts, each of which must have its pictures and its labels."""
    if not parts:
        raise DataError(f"{path}: there are no IDX files named as those of MNIST (train-images-idx3-ubyte).")
    for kinds in parts.values():
        for kind, other in (("images", "labels"), ("labels", "images")):
            if kind not in kinds:
                raise DataError(f"{kinds[other]}: the file of its {kind} is not beside it.")
    return parts


def _pair(files: Mapping[str, Path], read: Read) -> dict[str, Array]:
    """Features and labels of one part; a picture of grey values gets an axis for its one channel."""
    images, labels = files["images"], files["labels"]
    x, y = read(images), read(labels)
    if len(y) != len(x):
        raise DataError(f"{labels}: there are {len(y):,} labels, but {len(x):,} samples in {images}.")
    return {"x": x[..., None] if x.ndim == 3 else x, "y": y}


def read_idx(path: Path) -> Array:
    """All values of an IDX file, which gzip may have packed; raises `FileError` or `FileFormatError`."""
    with unpacked(path) as (file, most):
        header = _header(path, file, most)

        def short(found: int) -> FileFormatError:
            held = found // (header.size // header.shape[0])
            return FileFormatError(
                path, f"is cut short: it should hold {header.shape[0]:,} samples, but {held:,} are there."
            )

        content = exactly(file, header.size, short)
        if file.read(1):
            raise FileFormatError(path, "holds more than its header says.")
    values = np.frombuffer(content, header.dtype).reshape(header.shape)
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def outline_idx(path: Path) -> Array:
    """One sample of zeros; only the header is read. Raises what `read_idx` raises."""
    with unpacked(path) as (file, most):
        header = _header(path, file, most)
    return zeros(header.shape, np.dtype(header.dtype).newbyteorder("="))


def _header(path: Path, file: BinaryIO, most: int) -> Header:
    def short(_: int) -> FileFormatError:
        return FileFormatError(path, "is not an IDX file: it ends within the header.")

    magic = exactly(file, 4, short)
    if magic[:2] != b"\0\0" or magic[2] not in _TYPES or not 1 <= magic[3] <= _MOST_AXES:
        raise FileFormatError(path, f"is not an IDX file: it begins with {magic.hex(' ')}.")
    sizes = exactly(file, 4 * magic[3], short)
    header = Header(tuple(int(size) for size in np.frombuffer(sizes, ">u4")), _TYPES[magic[2]])
    if not header.size:
        raise FileFormatError(path, "holds no samples.")
    if header.size > most:
        raise FileFormatError(
            path, f"should hold {header.size:,} bytes of values, far more than a file of its size can."
        )
    return header
