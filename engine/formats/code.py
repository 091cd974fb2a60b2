"""Writing generated Python to a file, together with the weights that lie beside it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

from engine.errors import FileError
from engine.files import write_text
from engine.formats.jax_code import jax_code
from engine.formats.keras_code import keras_code
from engine.formats.keras_styles import Style
from engine.project import Project

Target = Literal["keras", "jax"]

_HIDDEN = sys.stdlib_module_names | {"h5py", "jax", "keras", "numpy", "sklearn"}
"""What programs import, and what that imports in turn: Python looks beside the program first."""


def write_code(
    project: Project,
    path: Path,
    target: Target,
    *,
    style: Style = "functional",
    with_training: bool = False,
) -> str | None:
    """Write the Python of a project. It loads the weights that lie beside it.

    For `name.py` and `name_keras.py` (`name_jax.py`) those are `name.h5`. Gives the name of that file, or None
    where there is none. A style is one of Keras's. Raises what `keras_code` and `jax_code` raise, and `FileError`.
    """
    if path.stem in _HIDDEN:
        raise FileError(path, f"a program of this name would hide the library {path.stem!r} that it needs.")
    names = [f"{stem}.h5" for stem in (path.stem, path.stem.removesuffix(f"_{target}"))]
    found = next((name for name in names if path.with_name(name).exists()), None)
    if target == "jax":
        text = jax_code(project, found, with_training=with_training)
    else:
        text = keras_code(project, found, style=style, with_training=with_training)
    write_text(path, text)
    return found
