"""Small folders of pictures and sounds, a folder for each class, in which there is something to learn."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

COLORS = {"blue": (30, 60, 220), "green": (30, 200, 60), "red": (220, 40, 30)}


def picture(name: str, size: tuple[int, int], seed: int) -> Image.Image:
    """Noise in the colour that the class is called by; height and width."""
    rng = np.random.default_rng(seed)
    pixels = np.array(COLORS[name]) + rng.integers(-25, 25, (*size, 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def picture_folder(
    folder: Path, each: int = 12, size: tuple[int, int] = (24, 32), classes: tuple[str, ...] = tuple(COLORS)
) -> Path:
    """A folder of JPEG and PNG files for each class."""
    for name in classes:
        (folder / name).mkdir(parents=True)
        for number in range(each):
            ending = "jpg" if number % 2 else "png"
            picture(name, size, number).save(folder / name / f"{number:03}.{ending}")
    return folder


def parted_folder(folder: Path) -> Path:
    """Folders of training, validation and test pictures, with the classes in them."""
    for part, each in (("train", 8), ("val", 3), ("test", 4)):
        picture_folder(folder / part, each)
    return folder


def save_wav(path: Path, values: Any, rate: int = 8000) -> None:
    """Numbers from -1 to 1, time by channels, as a WAV file of 16 bits."""
    values = np.atleast_2d(np.asarray(values).T).T
    with wave.open(str(path), "wb") as file:
        file.setnchannels(values.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.round(values * 32767).astype("<i2").tobytes())


def tone(hertz: float, seconds: float = 0.25, rate: int = 8000, seed: int = 0) -> Any:
    """A tone of some loudness with a little noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    sound = rng.uniform(0.3, 0.8) * np.sin(2 * np.pi * hertz * time + rng.uniform(0, 6))
    return (sound + 0.01 * rng.standard_normal(len(time))).clip(-1, 1)


def sound_folder(folder: Path, each: int = 12, **settings: Any) -> Path:
    """A folder of WAV files for low and one for high tones."""
    for name, hertz in (("high", 2500), ("low", 300)):
        (folder / name).mkdir(parents=True)
        for number in range(each):
            save_wav(folder / name / f"{number:03}.wav", tone(hertz, seed=number, **settings))
    return folder
