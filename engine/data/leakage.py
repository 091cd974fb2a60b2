"""Samples that are trained on and held back at once: figures on them say nothing about what was learned."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.data.duplicates import MOST, UNKNOWN, fingerprints
from engine.data.rows import Rows
from engine.data.source import DataSet
from engine.data.splitting import Parts, Traits, divide, traits_of
from engine.events import Progress

if TYPE_CHECKING:
    from engine.project import DataSettings

Array = np.ndarray[Any, Any]

_EXAMPLES = 3


@dataclass(frozen=True)
class Leak:
    """How many samples held back are trained on as well.

    An example has the number of a sample that is trained on, that of one that is held back, and the part which
    that one belongs to where the data brings it as a part of its own. Numbers count from 1.
    """

    count: int
    held: int
    examples: tuple[tuple[int, int, str], ...]

    @property
    def brought(self) -> bool:
        """Whether the data itself comes split this way, so that no split mends it."""
        return all(part for *_, part in self.examples)

    def __str__(self) -> str:
        count, held = f"{self.count:,}", f"{self.held:,}"
        one, other, _ = self.examples[0]
        if self.brought:
            return (
                f"{count} of {held} samples held back are trained on as well: number {one:,} of the training data "
                f"is number {other:,} of another part, for example. Take them out of one of the two."
            )
        return (
            f"{count} of {held} samples held back are trained on as well: number {one:,} is also number "
            f"{other:,}, for example. Keeping duplicates together mends it."
        )


@dataclass(frozen=True)
class SplitFacts:
    """What must be known of samples to look at a split: their traits, and numbers for those of brought parts."""

    traits: Traits
    brought: tuple[tuple[str, int, Array | None], ...] = ()
    """Of each part that the data brings: its name, its size and its fingerprints."""


@dataclass(frozen=True)
class SplitLook:
    """What a split comes to."""

    sizes: tuple[int, int, int]
    """To train on, to validate, to test."""
    notes: tuple[str, ...]
    leak: Leak | None


def gathered(
    ds: DataSet, most: int | None = MOST, *, costly: bool = True
) -> Generator[Progress, None, SplitFacts]:
    """The facts of a data set; without `costly`, samples that take work to be read are not compared."""
    parts = [(name, part) for name, part in (("validation", ds.validation), ("test", ds.test)) if part is not None]
    rows = [array for array in ds.features.values() if isinstance(array, Rows) and array.costly]
    if not ds.features or (rows and not costly):
        sizes = [(name, len(next(iter(part.values()))), None) for name, part in parts]
        return SplitFacts(traits_of(ds), tuple(sizes))
    prints = yield from fingerprints(ds.features, most)
    brought: list[tuple[str, int, Array | None]] = []
    for name, part in parts:
        found = yield from fingerprints({feature: part[feature] for feature in ds.features}, most)
        brought.append((name, len(found), found))
    return SplitFacts(traits_of(ds, prints), tuple(brought))


def look_at_split(facts: SplitFacts, settings: DataSettings) -> SplitLook:
    """What the settings make of the samples; raises `DataError` where nothing is left to train on."""
    parts = divide(facts.traits, settings)
    sizes = {"validation": len(parts.validation), "test": len(parts.test)}
    sizes |= {name: size for name, size, _ in facts.brought}
    leak = leak_of(facts, parts)
    return SplitLook((len(parts.training), sizes["validation"], sizes["test"]), parts.notes, leak)


def leak_of(facts: SplitFacts, parts: Parts) -> Leak | None:
    """Samples that are on both sides of a split; None where there are none."""
    prints = facts.traits.prints
    if prints is None:
        return None
    sides = [("", part, prints[part]) for part in (parts.validation, parts.test)]
    sides += [(name, np.arange(size), found) for name, size, found in facts.brought if found is not None]
    trained = prints[parts.training]
    order = np.argsort(trained, kind="stable")
    ordered = trained[order]
    count, held, examples = 0, 0, list[tuple[int, int, str]]()
    for name, numbers, found in sides:
        places = np.minimum(np.searchsorted(ordered, found), max(len(ordered) - 1, 0))
        both = np.flatnonzero((ordered[places] == found) & (found != UNKNOWN))
        count, held = count + len(both), held + len(found)
        for place in both[: _EXAMPLES - len(examples)]:
            first = int(parts.training[order[places[place]]])
            examples.append((first + 1, int(numbers[place]) + 1, name))
    return Leak(count, held, tuple(examples)) if count else None
