"""Small files in the formats that data sets come in."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
from pathlib import Path
from typing import Any

import numpy as np

_CODES = {"uint8": 0x08, "int8": 0x09, "int16": 0x0B, "int32": 0x0C, "float32": 0x0D, "float64": 0x0E}


def idx_bytes(array: Any) -> bytes:
    """An array as an IDX file has it."""
    head = bytes([0, 0, _CODES[array.dtype.name], array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def pictures(labels: Any, shape: tuple[int, ...], seed: int = 0) -> Any:
    """Noise with a bright spot whose place tells the label, so that there is something to learn."""
    found = np.random.default_rng(seed).integers(0, 60, (len(labels), *shape)).astype(np.uint8)
    for picture, label in zip(found, labels, strict=True):
        row, column = divmod(int(label), 5)
        picture[4 + 12 * row : 14 + 12 * row, 1 + 5 * column : 6 + 5 * column] = 255
    return found


def mnist_files(
    folder: Path, train: int = 200, test: int = 60, separator: str = "-", packed: bool = True, prefix: str = ""
) -> dict[str, Path]:
    """The four files of MNIST, with fewer samples."""
    folder.mkdir(exist_ok=True)
    paths: dict[str, Path] = {}
    for part, count in (("train", train), ("t10k", test)):
        labels = (np.arange(count) % 10).astype(np.uint8)
        for kind, array in (("images", pictures(labels, (28, 28))), ("labels", labels)):
            name = f"{prefix}{part}-{kind}{separator}idx{array.ndim}-ubyte" + ".gz" * packed
            content = idx_bytes(array)
            paths[f"{part} {kind}"] = folder / name
            paths[f"{part} {kind}"].write_bytes(gzip.compress(content) if packed else content)
    return paths


def cifar_batch(count: int, seed: int = 0) -> tuple[bytes, Any, Any]:
    """A batch of CIFAR-10, and the pictures and labels that are in it."""
    labels = (np.arange(count) % 10).astype(np.uint8)
    images = pictures(labels, (32, 32, 3), seed)
    planes = images.transpose(0, 3, 1, 2).reshape(count, -1)
    return np.concatenate([labels[:, None], planes], axis=1).tobytes(), images, labels


def cifar_folder(folder: Path, count: int = 40) -> Path:
    """The batches of CIFAR-10, with fewer samples."""
    folder.mkdir(exist_ok=True)
    for seed in range(1, 6):
        (folder / f"data_batch_{seed}.bin").write_bytes(cifar_batch(count, seed)[0])
    (folder / "test_batch.bin").write_bytes(cifar_batch(count, 6)[0])
    (folder / "batches.meta.txt").write_text("airplane\nautomobile\n")
    return folder


def tar_gz(path: Path, members: dict[str, bytes]) -> Path:
    """An archive of files."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def cifar_archive(path: Path, count: int = 40) -> Path:
    """The archive of CIFAR-10, with fewer samples."""
    names = [*(f"data_batch_{seed}.bin" for seed in range(1, 6)), "test_batch.bin"]
    members = {f"cifar-10-batches-bin/{name}": cifar_batch(count, seed)[0] for seed, name in enumerate(names, 1)}
    return tar_gz(path, {"cifar-10-batches-bin/readme.html": b"<html>", **members})


FILM_WORDS = ("the", "film", "was", "and", "good", "great", "bad", "awful", "plot", "actors")
"""Words of reviews, the most frequent first, as the list of words numbers them from 1 on."""


def lists(rows: list[list[int]]) -> Any:
    """An array of lists."""
    found = np.empty(len(rows), object)
    found[:] = rows
    return found


def reviews(count: int, seed: int = 0) -> tuple[Any, Any]:
    """Rows of the numbers of words, of different lengths, and whether good or bad words are among them."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count)
    rows: list[list[int]] = []
    for label in labels:
        words = rng.choice([1, 2, 3, 4, 9, 10], rng.integers(3, 20)).tolist()
        words.insert(int(rng.integers(len(words) + 1)), int(rng.choice([5, 6] if label else [7, 8])))
        rows.append(words)
    return lists(rows), labels


def imdb_file(folder: Path, train: int = 120, test: int = 40, *, words: bool = True) -> Path:
    """The reviews of IMDB as Keras has them, but fewer; the list of their words beside, if wanted."""
    folder.mkdir(exist_ok=True)
    (x_train, y_train), (x_test, y_test) = reviews(train), reviews(test, 1)
    np.savez(folder / "imdb.npz", x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    if words:
        index = {word: number for number, word in enumerate(FILM_WORDS, 1)}
        (folder / "imdb_word_index.json").write_text(json.dumps(index))
    return folder / "imdb.npz"
