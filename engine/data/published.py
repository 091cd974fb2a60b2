"""Published data sets: where their files are had, when a person asks for them, and where they then lie."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.data.download import RemoteFile, downloading
from engine.data.source import SOURCES, Source
from engine.events import Event, Result
from engine.files import cache_folder

_KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_MNIST = "https://storage.googleapis.com/cvdf-datasets/mnist/"
_CIFAR = "https://www.cs.toronto.edu/~kriz/"


@dataclass(frozen=True)
class Published:
    """The files of a data set, and which of them its source is pointed at: the folder where none is named."""

    files: tuple[RemoteFile, ...]
    chosen: str = ""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


PUBLISHED: dict[str, Published] = {
    "mnist": Published(
        (
            RemoteFile(
                f"{_MNIST}train-images-idx3-ubyte.gz",
                9_912_422,
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            ),
            RemoteFile(
                f"{_MNIST}train-labels-idx1-ubyte.gz",
                28_881,
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            ),
            RemoteFile(
                f"{_MNIST}t10k-images-idx3-ubyte.gz",
                1_648_877,
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            ),
            RemoteFile(
                f"{_MNIST}t10k-labels-idx1-ubyte.gz",
                4_542,
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            ),
        )
    ),
    "fashion_mnist": Published(
        (  # https://github.com/zalandoresearch/fashion-mnist#get-the-data
            RemoteFile(
                f"{_KERAS}train-images-idx3-ubyte.gz", 26_421_880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d", "md5"
            ),
            RemoteFile(f"{_KERAS}train-labels-idx1-ubyte.gz", 29_515, "25c81989df183df01b3e8a0aad5dffbe", "md5"),
            RemoteFile(f"{_KERAS}t10k-images-idx3-ubyte.gz", 4_422_102, "bef4ecab320f06d8554ea6380940ec79", "md5"),
            RemoteFile(f"{_KERAS}t10k-labels-idx1-ubyte.gz", 5_148, "bb300cfdad3c16e7a12a480ee83cd310", "md5"),
        )
    ),
    "cifar10": Published(
        (
            RemoteFile(
                f"{_CIFAR}cifar-10-binary.tar.gz",
                170_052_171,
                "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            ),
        ),
        "cifar-10-binary.tar.gz",
    ),
    "imdb": Published(
        (
            RemoteFile(
                f"{_KERAS}imdb.npz",
                17_464_789,
                "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
            ),
            RemoteFile(f"{_KERAS}imdb_word_index.json", 1_641_221, "bfafd718b763782e994055a2d397834f", "md5"),
        ),
        "imdb.npz",
    ),
}
"""By the names of their sources."""


def place(name: str) -> Path:
    """The folder of the cache in which the files of a data set lie, once they are there."""
    return cache_folder() / "datasets" / name


def at_hand(name: str, source: Source | None = None) -> Source | None:
    """The source pointed at the cache, with the other settings of one of its kind; None where files lack there."""
    found, folder = PUBLISHED[name], place(name)
    if not all((folder / file.name).is_file() for file in found.files):
        return None
    path = {"path": str(folder / found.chosen)}
    return SOURCES[name].model_validate(path) if source is None else source.replace(**path)


def fetching(name: str) -> Generator[Event, Any, None]:
    """Download what lacks of a data set; the `Result` is its folder. Raises `DownloadError` or `FileError`."""
    yield from downloading(PUBLISHED[name].files, place(name))
    yield Result(place(name))
