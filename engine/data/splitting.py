"""Which samples are trained on, which training is watched on, and which are kept for the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from engine.data.classes import first_classes
from engine.data.source import GROUP, DataSet
from engine.errors import DataError

if TYPE_CHECKING:
    from engine.project import DataSettings

Array = np.ndarray[Any, Any]

_SHOWN = 5


class Parts(NamedTuple):
    """The numbers of the samples of each part; none of a part that the data brings itself."""

    training: Array
    validation: Array
    test: Array
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Traits:
    """What a split goes by: for each sample its class, its group, and a number that its duplicates share."""

    size: int
    has_validation: bool = False
    has_test: bool = False
    labels: Array | None = None
    classes: tuple[str, ...] = ()
    groups: Array | None = None
    prints: Array | None = None


def traits_of(ds: DataSet, prints: Array | None = None) -> Traits:
    """What a data set can be split by."""
    labels, classes = first_classes(ds) or (None, ())
    brought = ds.validation is not None, ds.test is not None
    groups = np.asarray(ds.marks[GROUP]) if GROUP in ds.marks else None
    return Traits(ds.size, *brought, labels, classes, groups, prints)


def divide(traits: Traits, settings: DataSettings) -> Parts:
    """The parts of samples with these traits; raises `DataError` where nothing is left to train on."""
    held = {
        part: share
        for part, share, brought in (
            ("test", settings.test_split, traits.has_test),
            ("validation", settings.validation_split, traits.has_validation),
        )
        if share and not brought
    }
    order = np.arange(traits.size)[::-1]
    if settings.shuffle:
        order = np.random.default_rng(settings.seed).permutation(traits.size)
    labels = traits.labels if settings.stratify else None
    groups = _groups(traits, settings)
    if labels is None and groups is None:
        counts = [round(traits.size * share) for share in held.values()]
        parts = [np.sort(part) for part in np.split(order, np.cumsum(counts, dtype=int))]
    else:
        none = np.zeros(traits.size, int)
        everyone = np.arange(traits.size) if groups is None else groups
        parts = divided(order, list(held.values()), none if labels is None else labels, everyone)
    if traits.size and not len(parts[-1]):
        raise DataError("Nothing is left to train on: lower the shares held back for validation and test.")
    named = dict(zip((*held, "training"), parts, strict=True))
    nothing = np.arange(0)
    notes = _notes(traits, settings) if held else ()
    return Parts(named["training"], named.get("validation", nothing), named.get("test", nothing), notes)


def _groups(traits: Traits, settings: DataSettings) -> Array | None:
    """What must stay together, as a number for each sample."""
    kept = traits.prints if settings.keep_duplicates_together else None
    if traits.groups is None or kept is None:
        return kept if traits.groups is None else traits.groups
    return joined(traits.groups, kept)


def _notes(traits: Traits, settings: DataSettings) -> tuple[str, ...]:
    notes: list[str] = []
    if settings.stratify and traits.labels is None:
        notes.append("No target has classes whose shares could be kept: the split takes no heed of them.")
    elif settings.stratify:
        assert traits.labels is not None
        counts = np.bincount(traits.labels, minlength=len(traits.classes))
        single = [name for name, count in zip(traits.classes, counts, strict=False) if count == 1]
        shown = ", ".join(single[:_SHOWN]) + ", ..." * (len(single) > _SHOWN)
        if single:
            notes.append(f"{len(single):,} classes have a single sample, which is trained on: {shown}.")
    return tuple(notes)


def joined(first: Array, second: Array) -> Array:
    """The finest groups that keep together what either of two groupings does."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    (_, left), (_, right) = (np.unique(groups, return_inverse=True) for groups in (first, second))
    count = int(left.max()) + 1
    shape = count + int(right.max()) + 1
    edges = coo_array((np.ones(len(left), bool), (left, right + count)), shape=(shape, shape))
    return connected_components(edges, directed=False)[1][left]


# What programs that are written out hold, too


def divided(order: Array, shares: Sequence[float], classes: Array, groups: Array) -> list[Array]:
    """Samples for each share, and the rest last: of each class alike many, and each group in one part.

    Groups are taken as they first come in `order`; one counts as of the class of its first sample.
    """
    _, first, group = np.unique(groups[order], return_index=True, return_inverse=True)
    sizes, kinds = np.bincount(group), classes[order][first]
    sorted_groups = np.lexsort((first, kinds))
    by_class = np.split(sorted_groups, np.flatnonzero(np.diff(kinds[sorted_groups])) + 1)
    counts = np.array([sizes[chosen].sum() for chosen in by_class])
    wanted = np.cumsum([in_proportion(counts, share) for share in shares], 0)
    part = np.full(len(sizes), len(shares))
    for place, chosen in enumerate(by_class):
        middles = np.cumsum(sizes[chosen]) - sizes[chosen] / 2
        stops = np.minimum(np.searchsorted(middles, wanted[:, place], "right"), len(chosen) - 1)
        if len(by_class) == 1:  # a group may be larger than a share: each part has one, as far as they go round
            least = np.arange(1, len(shares) + 1)
            apart = np.maximum.accumulate(np.maximum(stops - least, 0)) + least
            stops = np.minimum(apart, np.maximum(least + len(chosen) - len(shares) - 1, 0))
        for number, (start, stop) in enumerate(pairwise((0, *stops))):
            part[chosen[start:stop]] = number
    return [np.sort(order[part[group] == number]) for number in range(len(shares) + 1)]


def in_proportion(counts: Array, share: float) -> Array:
    """How many of each class make a share of all, each within one of its own share."""
    exact = counts * share
    found = np.floor(exact).astype(int)
    lacking = round(counts.sum() * share) - found.sum()
    found[np.argsort(found - exact, kind="stable")[:lacking]] += 1
    return found
