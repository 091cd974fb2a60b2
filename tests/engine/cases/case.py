"""A layer with settings and the shapes of its inputs, for the conformance tests to run over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.layer import Layer
from engine.registry import LAYERS
from engine.shapes import Shape


@dataclass(frozen=True)
class Case:
    """A layer and the shapes it is tried on; None in a shape is a size left open."""

    type: str
    settings: dict[str, Any]
    inputs: tuple[Shape, ...]
    dtype: str = "float32"
    below: int | None = None
    """Of whole numbers: they are drawn from 0 up to this; normal ones, rounded, where it is None."""

    values: tuple[Any, ...] = ()
    """Arrays to try it on, where not any numbers will do."""
    runs_in_keras: bool = True
    """Whether Keras can run the layer without TensorFlow; if not, its numbers are stored in `fixtures`."""

    @property
    def layer(self) -> Layer:
        return LAYERS[self.type].model_validate(self.settings)

    def __str__(self) -> str:
        settings = ",".join(f"{key}={value}"[:60] for key, value in self.settings.items())
        return f"{self.type}({settings})-{'+'.join('x'.join(map(str, shape)) for shape in self.inputs)}"


def case(kind: str, *inputs: Shape, **settings: Any) -> Case:
    return Case(kind, settings, inputs)


PICTURE = (7, 6, 4)
