"""Which of Keras's layers are here, and which are not and why."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

import engine.layers
from engine.layers.omitted import OMITTED
from engine.registry import by_category


@dataclass(frozen=True)
class LayerRow:
    """A layer: its category and name, its Keras class (None where Keras has none), and a sentence."""

    category: str
    name: str
    keras: str | None
    about: str


@dataclass(frozen=True)
class Coverage:
    """All layers by category, as the palette shows them; `omitted` says why Keras's other classes are not."""

    layers: tuple[LayerRow, ...]
    omitted: dict[str, str]

    @property
    def here(self) -> int:
        """How many of the public classes of keras.layers are here."""
        return sum(row.keras is not None for row in self.layers)

    @property
    def total(self) -> int:
        """How many public classes keras.layers has, each counted once."""
        return self.here + len(self.omitted)


def coverage() -> Coverage:
    """The coverage of keras.layers by this program."""
    assert engine.layers  # importing it registers them
    rows = [
        LayerRow(
            cls.category,
            name,
            cls.keras_class if cls.keras_module == "keras.layers" else None,
            (inspect.getdoc(cls) or "").split("\n")[0],
        )
        for name, cls in by_category().items()
    ]
    return Coverage(tuple(rows), dict(OMITTED))
