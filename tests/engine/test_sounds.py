"""Folders of sounds: every kind of WAV file, lengths and rates, and what is refused."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io.wavfile

from engine.data.opening import source_of
from engine.data.sounds import SoundFolder
from engine.data.source import DataSet, finished
from engine.errors import DataError, FileFormatError
from engine.events import Finished
from engine.formats import project_file
from engine.layers.audio import MelSpectrogram, STFTSpectrogram
from engine.project import DataSettings, Project, TrainingSettings
from engine.starting import columns_of, started
from engine.training import train
from tests.engine.class_folders import save_wav, sound_folder, tone


def rows_of(ds: DataSet) -> Any:
    return ds.features["x"]


def proposed(path: Path, **settings: Any) -> SoundFolder:
    source = finished(SoundFolder(path=str(path), **settings).proposing())
    assert isinstance(source, SoundFolder)
    return source


def one(folder: Path, content: bytes | None = None, name: str = "a.wav") -> Path:
    """Two classes of a sound each; of the first, with this content."""
    for label in ("first", "second"):
        (folder / label).mkdir(parents=True, exist_ok=True)
        save_wav(folder / label / "b.wav", tone(500))
    if content is not None:
        (folder / "first" / name).write_bytes(content)
    return folder


def first(folder: Path, **settings: Any) -> Any:
    return rows_of(SoundFolder(path=str(folder), **settings).load()).read(np.array([0]))[0]


def test_each_folder_is_a_class(tmp_path: Path) -> None:
    source = proposed(sound_folder(tmp_path / "set", each=4))
    assert (source.output_sequence_length, source.sampling_rate) == (2000, 8000)
    assert source.class_names == ("high", "low")
    ds = source.load()
    assert (rows_of(ds).shape, rows_of(ds).dtype, ds.notes) == ((8, 2000), np.float32, ())
    np.testing.assert_array_equal(ds.targets["y"], [0, 0, 0, 0, 1, 1, 1, 1])
    np.testing.assert_allclose(rows_of(ds).read(np.array([5]))[0], tone(300, seed=1), atol=1e-4)
    assert (source.features(), source.targets()) == columns_of(ds)
    project_file.save(Project(data=DataSettings(source=source)), tmp_path / "a.loom")
    assert project_file.load(tmp_path / "a.loom").data.source == source
    assert isinstance(source_of(tmp_path / "set"), SoundFolder)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "float32", "float64"])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_every_kind_of_wav_is_read_as_scipy_reads_it(tmp_path: Path, dtype: str, channels: int) -> None:
    values = np.random.default_rng(0).uniform(-0.9, 0.9, (50, channels))
    kind = np.dtype(dtype)
    stored = values.astype(kind) if kind.kind == "f" else (values * np.iinfo(np.int32).max).astype(np.int32)
    if dtype == "int16":
        stored = (stored >> 16).astype(np.int16)
    if dtype == "uint8":
        stored = ((stored >> 24) + 128).astype(np.uint8)
    folder = one(tmp_path / "set")
    scipy.io.wavfile.write(folder / "first" / "a.wav", 8000, stored)
    wanted = stored.astype(np.float64)
    if dtype == "uint8":
        wanted = (wanted - 128) / 128
    elif kind.kind == "i":
        wanted /= 2.0 ** (8 * kind.itemsize - 1)
    found = first(folder, output_sequence_length=50, channels="stereo")
    np.testing.assert_allclose(found, wanted[:, [0, min(1, channels - 1)]], atol=1e-6)
    mono = first(folder, output_sequence_length=50)
    np.testing.assert_allclose(mono, wanted.mean(1), atol=1e-6)


def wav(form: bytes, data: bytes, *, size: int | None = None, before: bytes = b"") -> bytes:
    """A WAV file of these parts."""
    said = len(data) if size is None else size
    body = (
        b"WAVE" + before + b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", said) + data
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def form(coding: int, channels: int, bits: int, rate: int = 8000, more: bytes = b"") -> bytes:
    width = channels * bits // 8
    return struct.pack("<HHIIHH", coding, channels, rate, rate * width, width, bits) + more


def test_24_bits_and_extended_formats(tmp_path: Path) -> None:
    values = np.array([0, 1, -1, 2**22, -(2**23)], np.int32)
    packed = b"".join(int(value).to_bytes(3, "little", signed=True) for value in values)
    extended = form(0xFFFE, 1, 24, more=struct.pack("<HHIH", 22, 24, 4, 1) + bytes(14))
    listed = b"LIST" + struct.pack("<I", 3) + b"abc\0"  # a chunk of an odd size has a byte more
    for content in (
        wav(form(1, 1, 24), packed),
        wav(extended, packed),
        wav(form(1, 1, 24), packed, before=listed),
        wav(form(1, 1, 24), packed, size=0xFFFFFFFF),  # as written by what could not go back
    ):
        found = first(one(tmp_path / "set", content), output_sequence_length=5)
        np.testing.assert_allclose(found, values / 2**23, atol=1e-7)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is no WAV file"),
        (b"ID3 mp3 mp3 mp3 mp3", "is no WAV file"),
        (wav(form(1, 1, 16), bytes(100))[:60], "is cut short: of 50 samples 8 are there"),
        (wav(form(1, 1, 16), b""), "has no samples"),
        (wav(form(2, 1, 4), bytes(100)), r"not read \(coding 2, 4 bits\)"),
        (wav(form(1, 0, 16), bytes(100)), "0 channels"),
        (wav(form(1, 1, 16, rate=0), bytes(100)), "0 samples a second"),
        (wav(form(1, 1, 16)[:9], bytes(100)), "its format is cut short"),
        (b"RIFF\x24\0\0\0WAVEdata\x04\0\0\0\0\0\0\0", "numbers come before their format"),
        (b"RIFF\x24\0\0\0WAVE", "holds no sound"),
        (wav(form(3, 1, 32), np.full(9, np.nan, "<f4").tobytes()), "no finite numbers"),
    ],
)
def test_what_is_no_sound_is_refused_by_name(tmp_path: Path, content: bytes, told: str) -> None:
    source = SoundFolder(path=str(one(tmp_path / "set", content)), output_sequence_length=2000)
    rows = rows_of(source.load())
    with pytest.raises(FileFormatError, match=rf"first/a\.wav: .*{told}"):
        rows.read(np.array([0]))
    found, faults = rows.read_sound(np.arange(3))
    assert list(faults) == [0]
    np.testing.assert_allclose(found[1], tone(500), atol=1e-4)


def test_lengths_and_rates_that_differ_are_told(tmp_path: Path) -> None:
    folder = sound_folder(tmp_path / "set", each=4)
    save_wav(folder / "low" / "long.wav", tone(300, 0.5))
    save_wav(folder / "low" / "quick.wav", tone(300, 0.25, rate=16000), rate=16000)
    ds = SoundFolder(path=str(folder)).load()
    assert ds.notes == (
        "The sampling rates differ, which is heard as another speed: 8,000 Hz (9), 16,000 Hz (1).",
        "The sounds are 0.25 to 0.5 s long; all are cut or filled up to 0.25 s.",
    )
    assert rows_of(ds).shape == (10, 2000)
    longer = rows_of(SoundFolder(path=str(folder), output_sequence_length=3000).load()).read(np.arange(10))
    assert (longer[:4, 2000:] == 0).all()
    assert (longer[8, 2000:] != 0).any()


def test_what_is_no_sound_is_left_out(tmp_path: Path) -> None:
    folder = sound_folder(tmp_path / "set", each=2)
    (folder / "low" / "readme.txt").write_text("hello")
    (folder / "low" / "sound").write_bytes((folder / "low" / "000.wav").read_bytes())
    ds = SoundFolder(path=str(folder)).load()
    assert ds.size == 5
    assert ds.notes == ("1 files of other kinds were left out; the first is low/readme.txt.",)
    with pytest.raises(DataError, match="No folder is chosen"):
        SoundFolder().load()


@pytest.mark.parametrize(("channels", "layer"), [("mono", MelSpectrogram), ("stereo", STFTSpectrogram)])
def test_a_folder_of_sounds_is_trained_on_through_a_spectrogram(
    tmp_path: Path, channels: str, layer: type[Any]
) -> None:
    source = proposed(sound_folder(tmp_path / "set", each=20), channels=channels)
    graph = started(source.features(), source.targets())
    assert len(graph.of_type(layer)) == 1
    project = Project(graph, data=DataSettings(source=source), training=TrainingSettings(epochs=6, batch_size=4))
    project_file.save(project, tmp_path / "a.loom")
    *_, end = train(project_file.load(tmp_path / "a.loom"))
    assert isinstance(end, Finished)
    assert end.history["accuracy"][-1] == 1
