"""The reviews of IMDB in the file that Keras has them in (https://keras.io/api/datasets/imdb/)."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from engine.data.file_source import SMALL, FileSource
from engine.data.memory import bytes_text, free_memory
from engine.data.ragged import Ragged, padded
from engine.data.ragged_npz import ragged_file
from engine.data.rows import Array
from engine.data.source import DataSet, finished, register
from engine.errors import DataError, FileError, FileFormatError
from engine.events import Progress
from engine.fields import AsPath, Count, PositiveInt, Seed
from engine.files import check_file

_WORD_INDEX = "imdb_word_index.json"
_MOST_WORDS = 1_000_000
_PARTS = ("train", "test")

Sequences = dict[str, tuple[list[Array], Array]]
"""Reviews and their labels, by the part of the data."""


@register("imdb")
class Imdb(FileSource):
    """IMDB: 50,000 film reviews, liking or not, as rows of the numbers of their words; half of them for the test.

    A small number is a frequent word; 0 fills up. The settings are those of load_data and pad_sequences in Keras.
    """

    path: Annotated[str, AsPath()] = Field(default="", description="The file imdb.npz, as Keras has it.")
    words_path: Annotated[str, AsPath()] = Field(
        default="",
        json_schema_extra={"rare": True},
        description="The file of the words, for the preview; empty: imdb_word_index.json beside the other.",
    )
    num_words: PositiveInt | None = Field(
        default=10_000, description="Only numbers below this one are kept, those of frequent words; none: all."
    )
    length: PositiveInt = Field(default=200, description="Words of each review: longer ones are cut, 0 fills up.")
    padding: Literal["pre", "post"] = Field(default="pre", description="Fill up before or behind the words.")
    truncating: Literal["pre", "post"] = Field(default="pre", description="Cut off at the beginning or the end.")
    skip_top: Count = Field(
        default=0, json_schema_extra={"rare": True}, description="Numbers below this one are left out, too."
    )
    maxlen: PositiveInt | None = Field(
        default=None, json_schema_extra={"rare": True}, description="Leave out reviews of so many words or more."
    )
    start_char: Count | None = Field(
        default=1, json_schema_extra={"rare": True}, description="The number that each review begins with."
    )
    oov_char: Count | None = Field(
        default=2,
        json_schema_extra={"rare": True},
        description="The number in place of one that is left out; none: nothing is.",
    )
    index_from: Count = Field(
        default=3, json_schema_extra={"rare": True}, description="What is added to the numbers of the file."
    )
    seed: Seed = Field(
        default=113, json_schema_extra={"rare": True}, description="Decides the order of the reviews, as in Keras."
    )

    title: ClassVar[str] = "IMDB reviews"
    task: ClassVar[Literal["classification", "regression", ""]] = "classification"
    endings: ClassVar[tuple[str, ...]] = ("imdb.npz",)
    class_names: ClassVar[tuple[str, ...]] = ("negative", "positive")

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.path, self.words_path)))

    def outline(self) -> DataSet:
        with ragged_file(self._file()) as file:
            for part in _PARTS:
                file.count(f"x_{part}")
        return DataSet({"x": np.zeros((1, self.length), np.int32)}, {"y": np.zeros(1, np.int64)})

    def load(self) -> DataSet:
        return finished(self.loading())

    def loading(self) -> Generator[Progress, None, DataSet]:
        sequences: Sequences = {}
        rng = np.random.RandomState(self.seed)
        with ragged_file(self._file()) as file:
            for part in _PARTS:
                rows = yield from file.reading(f"x_{part}")
                labels = file.numbers(f"y_{part}")
                self._check(part, rows, labels)
                sequences[part] = self._prepared(rows, labels, rng)
        sequences, count = self._limited(sequences)
        self._check_memory(sequences)
        arrays = {
            part: {"x": padded(rows, self.length, self.padding, self.truncating), "y": labels}
            for part, (rows, labels) in sequences.items()
        }
        train = arrays["train"]
        words, notes = self._words(count)
        return DataSet(
            {"x": train["x"]},
            {"y": train["y"]},
            {"y": self.class_names},
            test=arrays["test"],
            notes=notes,
            words=words,
        )

    def _file(self) -> str:
        if not self.path:
            raise DataError("No file is chosen yet.")
        return self.path

    def _check(self, part: str, rows: Ragged, labels: Array) -> None:
        if labels.dtype.kind not in "iu" or labels.shape != (len(rows),) or labels.min() < 0 or labels.max() > 1:
            raise FileFormatError(self.path, f"y_{part} should hold {len(rows):,} labels of 0 or 1.")
        if len(rows.values) and (rows.values.min() < 0 or rows.values.max() > _MOST_WORDS):
            raise FileFormatError(self.path, f"x_{part} holds numbers that stand for no word.")

    # What load_data of Keras does

    def _prepared(self, rows: Ragged, labels: Array, rng: np.random.RandomState) -> tuple[list[Array], Array]:
        """Reviews in another order, with what they begin with, without those that are too long."""
        order = np.arange(len(rows))
        rng.shuffle(order)
        first = np.array([] if self.start_char is None else [self.start_char], np.int32)
        given = [np.concatenate([first, rows[number] + np.int32(self.index_from)]) for number in order.tolist()]
        labels = labels[order]
        if self.maxlen is None:
            return given, labels
        kept = [number for number, row in enumerate(given) if len(row) < self.maxlen]
        if not kept:
            raise DataError(f"{self.path}: no review has less than {self.maxlen:,} words. Raise maxlen.")
        return [given[number] for number in kept], labels[kept]

    def _limited(self, sequences: Sequences) -> tuple[Sequences, int]:
        """Reviews of the words that are kept, and how many numbers there may be."""
        rows = [row for part, _ in sequences.values() for row in part]
        limit = self.num_words or max((int(row.max()) for row in rows if len(row)), default=0)

        def limited(row: Array) -> Array:
            known = (row >= self.skip_top) & (row < limit)
            return row[known] if self.oov_char is None else np.where(known, row, np.int32(self.oov_char))

        found = {part: ([limited(row) for row in rows], labels) for part, (rows, labels) in sequences.items()}
        return found, max(limit, (self.oov_char or 0) + 1)

    def _check_memory(self, sequences: Sequences) -> None:
        wanted, free = sum(len(rows) for rows, _ in sequences.values()) * self.length * 4, free_memory()
        if free is not None and wanted > 0.9 * free:
            raise DataError(
                f"{self.path}: reviews of {self.length:,} words would take {bytes_text(wanted)} of memory, and "
                f"{bytes_text(free)} are free. Lower the length."
            )

    # Words

    def _words(self, count: int) -> tuple[Mapping[str, tuple[str, ...]], tuple[str, ...]]:
        """The words of so many numbers, themselves where no file tells; and what is to be said of that."""
        path = Path(self.words_path) if self.words_path else Path(self.path).with_name(_WORD_INDEX)
        texts, notes = list(map(str, range(count))), list[str]()
        if self.words_path or path.exists():
            texts = [""] * count
            for word, number in _read_words(path).items():
                if 0 <= number + self.index_from < count:
                    texts[number + self.index_from] = word
            marks = {self.oov_char: "[OOV]", self.start_char: "[START]"}
            for number, mark in marks.items():
                if number is not None and number < count:
                    texts[number] = mark
        else:
            notes.append(f"The words are shown as numbers: there is no {_WORD_INDEX} beside the file.")
        return {"x": ("", *texts[1:])}, tuple(notes)


def _read_words(path: Path) -> dict[str, int]:
    """The numbers of words; raises `FileError` or `FileFormatError`."""
    check_file(path)
    try:
        if path.stat().st_size > SMALL:
            raise FileFormatError(path, "is too large for a list of words.")
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileError(path, "there is no such file.") from None
    except (ValueError, RecursionError):
        raise FileFormatError(path, "is no JSON, or is damaged.") from None
    except OSError as error:
        raise FileError(path, f"could not be read: {error.strerror or error}.") from error
    if not isinstance(found, dict) or not all(type(number) is int for number in found.values()):
        raise FileFormatError(path, "is no list of words with their numbers.")
    return found
