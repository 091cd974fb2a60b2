"""Writing generated Python to a file, together with the weights that lie beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from engine.errors import FileError
from engine.files import write_text
from engine.formats.jax_code import jax_code
from engine.formats.keras_code import keras_code
from engine.project import Project

Target = Literal["keras", "jax"]

_IMPORTED = ("h5py", "jax", "keras", "numpy", "os", "sys")


def write_code(project: Project, path: Path, target: Target) -> str | None:
    """Write the Python of a project. It loads the weights that lie beside it.

    For `name.py` and `name_keras.py` (`name_jax.py`) those are `name.h5`. Gives the name of that file, or None
    where there is none. Raises `NotReadyError`, `FileError`.
    """
    if path.stem in _IMPORTED:
        raise FileError(path, f"a program of this name would hide the library {path.stem!r} that it imports.")
    names = [f"{stem}.h5" for stem in (path.stem, path.stem.removesuffix(f"_{target}"))]
    found = next((name for name in names if path.with_name(name).exists()), None)
    generate = jax_code if target == "jax" else keras_code
    write_text(path, generate(project, found))
    return found
