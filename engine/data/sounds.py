"""Folders of sounds: a folder for each class, as Keras's audio_dataset_from_directory takes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, BinaryIO, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field

from engine.data.decoded import BadSample, Decoded, sampling
from engine.data.folders import FileAt, Kind, Tree, by_class, listing, share
from engine.data.images import Unreadable
from engine.data.rows import Array
from engine.data.source import Column, DataSet, Source, finished, register
from engine.data.wav import read_frames, read_header
from engine.errors import DataError
from engine.events import Progress
from engine.fields import Holds

ENDINGS = (".wav", ".wave")
_LOOKED_AT = 1000
_MOST_SECONDS = 30
_MAGIC = (b"RIFF", b"RF64")


@register("sounds")
class SoundFolder(Source):
    """Sounds in a folder for each class: WAV files, as numbers from -1 to 1, all of one length.

    Where there is a folder train with the classes in it, validation (or val) and test beside it are those parts.
    A network for them begins with a spectrogram, which is a layer.
    """

    path: Annotated[str, Holds("hidden")] = ""
    output_sequence_length: Annotated[int, Field(ge=1, le=100_000_000)] | None = Field(
        default=None,
        description="Samples of each sound: longer ones are cut, shorter ones filled up with silence; open: what "
        "suits the files.",
    )
    channels: Literal["mono", "stereo"] = Field(
        default="mono", description="Mono mixes all channels to one; stereo keeps the first two apart."
    )
    unreadable: Unreadable = Field(
        default="stop", description="Files that cannot be read: stop, or skip and count them."
    )
    class_names: Annotated[tuple[str, ...], Field(max_length=100_000)] = Field(
        default=(),
        description="The folders that are classes, in the order of their numbers; what is not named is left out. "
        "None: all that hold sounds.",
    )
    sampling_rate: Annotated[int, Holds("hidden")] = 0
    """Samples a second of most files, as far as it is known."""

    title: ClassVar[str] = "Sounds in folders"
    task: ClassVar[Literal["classification", "regression", ""]] = "classification"

    @classmethod
    def takes(cls, path: Path) -> bool:
        return path.is_dir() and share(path, ENDINGS) >= 1 / 3

    def features(self) -> dict[str, Column]:
        if self.output_sequence_length is None:
            return {}
        shape = (self.output_sequence_length, *((2,) if self.channels == "stereo" else ()))
        return {"x": Column(shape, sampling_rate=self.sampling_rate)}

    def targets(self) -> dict[str, Column]:
        return {"y": Column((), self.class_names)} if self.class_names else {}

    def load(self) -> DataSet:
        return finished(self.loading())

    def proposing(self) -> Generator[Progress, None, Source]:
        tree, facts = yield from self._surveying()
        if not set(self.class_names) <= set(tree.parts["train"]):  # they are those of another folder
            fresh = type(self)(path=self.path, channels=self.channels, unreadable=self.unreadable)
            return fresh._settled(tree, facts)
        return self._settled(tree, facts)

    def loading(self) -> Generator[Progress, None, DataSet]:
        tree, facts = yield from self._surveying()
        source = self._settled(tree, facts)
        notes = _notes(facts, source.features()["x"].shape[0])
        skip = self.unreadable == "skip"
        data = by_class(tree, source.class_names, source._rows, notes, skip=skip)
        return replace(data, sampling_rates={"x": source.sampling_rate})

    def _surveying(self) -> Generator[Progress, None, tuple[Tree, tuple[SoundFacts, ...]]]:
        if not self.path:
            raise DataError("No folder is chosen yet.")
        tree = yield from listing(self.path, Kind(ENDINGS, _holds_sound))
        facts = yield from _looking([file for files in tree.parts["train"].values() for file in files])
        return tree, facts

    def _settled(self, tree: Tree, facts: Sequence[SoundFacts]) -> SoundFolder:
        return self.replace(
            class_names=self.class_names or tree.names,
            output_sequence_length=self.output_sequence_length or _likely_length(facts),
            sampling_rate=_rates(facts)[0][0],
        )

    def _rows(self, files: Sequence[FileAt]) -> Decoded:
        assert self.output_sequence_length is not None
        decoder = SoundDecoder(self.output_sequence_length, self.channels == "stereo", self.sampling_rate)
        return Decoded(tuple(files), decoder)


@dataclass(frozen=True)
class SoundDecoder:
    """Makes of each sound numbers from -1 to 1, as many as are wanted."""

    length: int
    stereo: bool
    sampling_rate: int

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.length, 2) if self.stereo else (self.length,)

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.float32)

    def decode(self, file: BinaryIO) -> Array:
        """The sound in a file; raises `BadSample`."""
        header = read_header(file)
        if not header.frames:
            raise BadSample("holds no sound: it has no samples.")
        values = read_frames(file, header, self.length)
        values = values[:, [0, min(1, header.channels - 1)]] if self.stereo else values.mean(1)
        found = np.zeros(self.shape, np.float32)
        found[: len(values)] = values
        return found


class SoundFacts(NamedTuple):
    """What the header of a sound tells."""

    sampling_rate: int
    frames: int


class _Header:
    """Makes of each sound its sampling rate and length."""

    shape = (2,)
    dtype = np.dtype(np.int64)

    def decode(self, file: BinaryIO) -> Array:
        header = read_header(file)
        return np.array([header.sampling_rate, header.frames])


def _holds_sound(path: str) -> bool:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - of very many files
            head = file.read(12)
    except OSError:
        return False
    return head[:4] in _MAGIC and head[8:] == b"WAVE"


def _looking(files: Sequence[FileAt]) -> Generator[Progress, None, tuple[SoundFacts, ...]]:
    """What the headers of some of the sounds tell."""
    found = yield from sampling(files, _Header(), _LOOKED_AT)
    return tuple(SoundFacts(rate, frames) for rate, frames in found)


def _rates(facts: Sequence[SoundFacts]) -> list[tuple[int, int]]:
    """The sampling rates, the most frequent first, and how many sounds have them."""
    return Counter(fact.sampling_rate for fact in facts).most_common()


def _likely_length(facts: Sequence[SoundFacts]) -> int:
    """The length that most sounds have, else one that nine in ten fit into."""
    lengths = [max(1, fact.frames) for fact in facts]
    length, count = Counter(lengths).most_common(1)[0]
    if 2 * count <= len(lengths):
        length = int(np.quantile(lengths, 0.9))
    return min(length, _MOST_SECONDS * _rates(facts)[0][0])


def _notes(facts: Sequence[SoundFacts], length: int) -> tuple[str, ...]:
    notes: list[str] = []
    rates = _rates(facts)
    if len(rates) > 1:
        shown = ", ".join(f"{rate:,} Hz ({count:,})" for rate, count in rates[:4])
        notes.append(f"The sampling rates differ, which is heard as another speed: {shown}.")
    lengths = [fact.frames for fact in facts]
    if set(lengths) != {length}:
        rate = rates[0][0]
        low, high = f"{min(lengths) / rate:.3g}", f"{max(lengths) / rate:.3g}"
        notes.append(f"The sounds are {low} to {high} s long; all are cut or filled up to {length / rate:.3g} s.")
    return tuple(notes)
