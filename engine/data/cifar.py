"""CIFAR-10 in its binary version (https://www.cs.toronto.edu/~kriz/cifar.html), in a folder or packed."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated, BinaryIO, ClassVar, Literal, cast

import numpy as np
from pydantic import Field

from engine.data.file_source import FileSource, exactly, names_in, unpacked
from engine.data.rows import Array
from engine.data.source import DataSet, register
from engine.errors import DataError, FileError, FileFormatError
from engine.fields import AsPath

SHAPE = (32, 32, 3)
RECORD = 1 + 32 * 32 * 3
"""Bytes of a sample: its label, then all red, all green and all blue values."""
_BATCH = re.compile(r"(data_batch_\d|test_batch)\.bin")
_PICKLED = re.compile(r"(data_batch_\d|test_batch)")
_MOST = 20_000
"""Samples in a batch, at most; those of CIFAR-10 have 10,000."""
_MOST_MEMBERS = 100

Batch = tuple[Array, Array]
"""Pictures, height by width by colour, and labels."""


@register("cifar10")
class Cifar10(FileSource):
    """CIFAR-10: 60,000 pictures of ten kinds of things, 32 × 32 pixels in colour, 10,000 of them for the test.

    The binary version is read: a folder of data_batch_1.bin to test_batch.bin, or cifar-10-binary.tar.gz as it is.
    """

    path: Annotated[str, AsPath(folder=True)] = Field(
        default="", description="The folder of the batches, one of them, or the archive."
    )

    title: ClassVar[str] = "CIFAR-10 pictures"
    task: ClassVar[Literal["classification", "regression", ""]] = "classification"
    class_names: ClassVar[tuple[str, ...]] = (
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    )  # fmt: skip

    @classmethod
    def takes(cls, path: Path) -> bool:
        if path.is_dir():
            return any(map(_BATCH.fullmatch, names_in(path)))
        return bool(_BATCH.fullmatch(path.name)) or (_is_archive(path) and "cifar-10" in path.name)

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.path,) if self.path else ()

    def load(self) -> DataSet:
        if not self.path:
            raise DataError("No file is chosen yet.")
        path = Path(self.path)
        read = dict(_in_archive(path) if _is_archive(path) else _in_folder(path))
        train = [read[name] for name in sorted(read) if name != "test_batch.bin"]
        if not train:
            raise DataError(f"{path}: there are no batches of CIFAR-10 to train on (data_batch_1.bin, ...).")
        parts = {"x": np.concatenate([x for x, _ in train])}, {"y": np.concatenate([y for _, y in train])}
        test = dict(zip("xy", read["test_batch.bin"], strict=True)) if "test_batch.bin" in read else None
        return DataSet(*parts, {"y": self.class_names}, None, test)

    def outline(self) -> DataSet:
        path = Path(self.path)
        if not _is_archive(path) and not path.is_dir() and not _BATCH.fullmatch(path.name):
            raise _unknown(path)
        return DataSet({"x": np.zeros((1, *SHAPE), np.uint8)}, {"y": np.zeros(1, np.uint8)})


def _is_archive(path: Path) -> bool:
    return path.name.endswith((".tar.gz", ".tgz", ".tar"))


def _unknown(path: Path) -> FileError:
    if not path.exists():
        return FileError(path, "there is no such file.")
    return FileFormatError(
        path, "is neither a folder, nor a batch (data_batch_1.bin), nor the archive of CIFAR-10."
    )


def _in_folder(path: Path) -> Iterator[tuple[str, Batch]]:
    """The batches in a folder, or beside one of them."""
    folder = path if path.is_dir() else path.parent
    if not path.is_dir() and not (path.exists() and _BATCH.fullmatch(path.name)):
        raise _unknown(path)
    try:
        files = [file for file in folder.iterdir() if file.is_file()]
    except OSError as error:
        raise FileError(folder, f"could not be read: {error.strerror or error}.") from error
    _refuse_pickles(path, [file.name for file in files])
    for file in files:
        if _BATCH.fullmatch(file.name):
            with unpacked(file) as (content, _):
                yield file.name, _read(file.name, file, content, file.stat().st_size)


def _in_archive(path: Path) -> Iterator[tuple[str, Batch]]:
    """The batches in an archive, which is gone through once; nothing is written to the disk."""
    with unpacked(path) as (file, _), tarfile.open(fileobj=file, mode="r|") as archive:
        names: set[str] = set()
        for number, member in enumerate(archive):
            name = PurePosixPath(member.name).name
            _refuse_pickles(path, [name])
            if number >= _MOST_MEMBERS or member.size > _MOST * RECORD:
                raise FileFormatError(path, "holds more than the archive of CIFAR-10 does.")
            if member.isfile() and _BATCH.fullmatch(name):
                if name in names:
                    raise FileFormatError(path, f"holds {name} twice.")
                names.add(name)
                yield name, _read(name, path, cast(BinaryIO, archive.extractfile(member)), member.size)


def _refuse_pickles(path: Path, names: list[str]) -> None:
    if any(_PICKLED.fullmatch(name) for name in names):
        raise FileFormatError(
            path,
            "is the Python version of CIFAR-10, whose pickled objects could run code and are never loaded. "
            "Take the binary version, cifar-10-binary.tar.gz, from the same page.",
        )


def _read(name: str, path: Path, file: BinaryIO, size: int) -> Batch:
    """A batch of so many bytes."""
    if not size or size % RECORD or size > _MOST * RECORD:
        raise FileFormatError(
            path, f"{name} is cut short or no batch of CIFAR-10: {size:,} bytes are no whole number of samples."
        )
    content = exactly(file, size, lambda _: FileFormatError(path, f"{name} is cut short."))
    records = np.frombuffer(content, np.uint8).reshape(-1, RECORD)
    labels = records[:, 0]
    if labels.max() > 9:
        sample = int(labels.argmax())
        raise FileFormatError(
            path, f"{name} has the label {labels[sample]} at sample {sample:,}; they go from 0 to 9."
        )
    pictures = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(pictures), labels.copy()
