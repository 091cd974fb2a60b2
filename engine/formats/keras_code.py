"""A project as a Python program that builds it with Keras, as a course would write it."""

from __future__ import annotations

from engine.formats.keras_compile import compiling
from engine.formats.keras_config import Calls, calls
from engine.formats.keras_generator import training_of
from engine.formats.keras_program import class_imports
from engine.formats.keras_styles import STYLES, Style
from engine.formats.python_text import call, quoted, statement
from engine.formats.sources import sorted_imports
from engine.precision import MIXED
from engine.project import Project

_BACKEND = """\
import os

# Keras runs on JAX, TensorFlow or PyTorch; the variable must be set before Keras is imported.
os.environ.setdefault("KERAS_BACKEND", "jax")

"""


def keras_code(
    project: Project,
    weights_file: str | None = None,
    *,
    style: Style = "functional",
    with_training: bool = False,
) -> str:
    """The program: it builds and compiles `model`, and reads its weights from a file of ours if one is given.

    With training it also loads the data of the project, trains, evaluates and predicts. Raises `NotReadyError`
    where the graph has problems, `StyleError` where it cannot be written in a style, `DataError` or `FileError`
    where the data does not fit.
    """
    found = calls(project.graph)
    training = training_of(project, found, style) if with_training else None
    imports = {"import keras", "from keras import layers", *class_imports(found)}
    imports |= training.imports if training else set()
    built = STYLES[style](found, project.name)
    compiled = ""
    if project.compiled or training is not None:
        compiled = compiling(found, project.training, by_name=style != "subclass")
    parts = [_BACKEND + sorted_imports(imports) + "\n"]
    if project.training.precision == MIXED:
        parts.append(f"keras.mixed_precision.set_dtype_policy({quoted(MIXED)})\n")
    if training is not None:
        parts += [training.data(), built, training.adapting(weights_file), compiled]
        parts += [_weights(weights_file), "model.summary()\n", training.fitting()]
    else:
        parts += [built, compiled, _weights(weights_file)]
        parts += [_to_adapt(found) if weights_file is None else "", _MAIN]
    return _joined([part for part in parts if part])


_MAIN = 'if __name__ == "__main__":\n    model.summary()\n'


def _joined(parts: list[str]) -> str:
    """A blank line between parts, two around a class or a function."""
    text = parts[0]
    for part in parts[1:]:
        text += ("\n\n" if part.startswith(("class ", "def ")) else "\n") + part
    return text


def _weights(weights_file: str | None) -> str:
    return (
        "" if weights_file is None else statement("", call("model.load_weights", (quoted(weights_file),))) + "\n"
    )


def _to_adapt(found: Calls) -> str:
    adapting = [node for node in found.layers if node.layer.adapts or node.layer.learns]
    if not adapting:
        return ""
    lines = ["# Before training, these layers take figures from the data that reaches them:"]
    lines += [f"# model.get_layer({quoted(node.name)}).adapt(data)" for node in adapting]
    return "\n".join(lines) + "\n"
