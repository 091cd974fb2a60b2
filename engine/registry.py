"""All layers by name, and the order in which lists show them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from engine.layer import Layer

L = TypeVar("L", bound="Layer")

CATEGORIES = (
    "Input and output", "Core", "Convolution", "Pooling", "Recurrent", "Attention", "Normalization",
    "Regularization", "Activation", "Merging", "Reshaping", "Preprocessing", "Augmentation", "Text and categories",
    "Model",
)  # fmt: skip
"""The categories of layers, in the order in which lists show them; others come last."""

LAYERS: dict[str, type[Layer]] = {}
"""Every layer by name."""

HIDDEN: dict[str, type[Layer]] = {}
"""Layers that come out of files only, which no palette shows."""


def layer_type(name: str) -> type[Layer] | None:
    """The layer of a name, also one that no palette shows; None where there is none."""
    return LAYERS.get(name) or HIDDEN.get(name)


def register(*, category: str, hidden: bool = False) -> Callable[[type[L]], type[L]]:
    """Class decorator that makes a layer known to palette, files and code generation."""

    def add(cls: type[L]) -> type[L]:
        cls.category = category
        (HIDDEN if hidden else LAYERS)[cls.__name__] = cls
        return cls

    return add


def by_category() -> dict[str, type[Layer]]:
    """Every layer by name, category by category; within one in the order of registration."""
    places = {category: place for place, category in enumerate(CATEGORIES)}
    return dict(sorted(LAYERS.items(), key=lambda item: places.get(item[1].category, len(places))))
