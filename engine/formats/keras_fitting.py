"""The weights of an HDF5 file for a network that is not quite the one they are of: layer by layer, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from engine.formats import hdf5
from engine.formats.keras_config import Calls, calls
from engine.formats.keras_paths import layer_groups, weight_paths
from engine.formats.keras_weights import MOST_ARRAYS, own_weights, saved_order, weight_names
from engine.formats.reading import Place, shown
from engine.graph import Graph, Node
from engine.transfer import Left, Transfer, completed, misfit, missing


class _Saved(NamedTuple):
    """What a file has of a layer: where its arrays lie, in Keras's order or by path, and what is known of them."""

    group: str
    paths: Mapping[str, hdf5.Facts]


def fit_by_layer(group: hdf5.Group, graph: Graph, seed: int, place: Place) -> Transfer:
    """The weights that fit of a file with a group for each layer, new ones for the rest."""
    found = calls(graph, unknown=True)
    names = weight_names(group, hdf5.names(group, "layer_names", place) or [], place)
    saved: dict[str, _Saved] = {}
    for owner in _owners(found):
        if owner.name in names:
            here = place.at(f"layer {shown(owner.name)}")
            facts = {path: hdf5.facts(group, f"{owner.name}/{path}", here) for path in names[owner.name]}
            saved[owner.name] = _Saved(owner.name, facts)

    def paths(owner: Node, there: _Saved) -> dict[str, str]:
        weights = saved_order(found.inference[owner.id].weights)
        return dict(zip(there.paths, (weight.name for weight in weights), strict=False))

    wanted = {owner.name: paths(owner, saved[owner.name]) for owner in _owners(found) if owner.name in saved}
    return _fit(group, found, saved, wanted, list(names), seed, place)


def fit_by_path(file: hdf5.Group, graph: Graph, seed: int, place: Place) -> Transfer:
    """The weights that fit of a file with a path for each array, new ones for the rest."""
    found = calls(graph, unknown=True)
    groups: dict[str, dict[str, hdf5.Facts]] = {}
    for path, facts in hdf5.tree(file, "layers", MOST_ARRAYS, place).items():
        first, _, rest = path.partition("/")
        groups.setdefault(first, {})[rest] = facts
    usual = {group: name for name, group in layer_groups(found.layers, {}).items()}
    saved = {
        _name_of(file, group, place) or usual.get(f"layers/{group}", group): _Saved(f"layers/{group}", inner)
        for group, inner in groups.items()
    }
    wanted = {owner.name: weight_paths(owner.layer, own_weights(found, owner)) for owner in _owners(found)}
    return _fit(file, found, saved, wanted, list(saved), seed, place)


def _name_of(file: hdf5.Group, group: str, place: Place) -> str | None:
    """The name that Keras writes beside the weights of a layer, as its newer versions do."""
    return hdf5.text(file.at(f"layers/{group}/vars"), "name", place)


def _owners(found: Calls) -> list[Node]:
    return [owner for owner in found.layers if found.inference[owner.id].weights]


def _fit(
    group: hdf5.Group,
    found: Calls,
    saved: Mapping[str, _Saved],
    wanted: Mapping[str, Mapping[str, str]],
    names: Sequence[str],
    seed: int,
    place: Place,
) -> Transfer:
    """Read what fits; `wanted` says which weight of a layer lies at which path."""
    left: list[Left] = []
    reads: list[tuple[Node, str, str, tuple[int, ...]]] = []
    for owner in _owners(found):
        there = saved.get(owner.name)
        if there is None:
            left.append(missing(owner.name))
            continue
        weights = found.inference[owner.id].weights
        here = wanted[owner.name]
        shapes = {here[path]: facts.shape for path, facts in there.paths.items() if path in here}
        why = _miscounted(owner.name, len(there.paths), len(here)) or misfit(owner.name, weights, shapes)
        if why is not None:
            left.append(why)
        else:
            reads += [(owner, name, f"{there.group}/{path}", shapes[name]) for path, name in here.items()]
    places = ((path, shape, place.at(f"layer {shown(owner.name)}")) for owner, _, path, shape in reads)
    arrays = hdf5.arrays(group, places)
    result: dict[str, dict[str, hdf5.Array]] = {}
    for (owner, name, *_), array in zip(reads, arrays, strict=True):
        (weight,) = (w for w in found.inference[owner.id].weights if w.name == name)
        result.setdefault(owner.id, {})[name] = array.astype(weight.dtype, copy=False)
    return completed(found.graph, found.inference, result, left, names, seed)


def _miscounted(layer: str, there: int, here: int) -> Left | None:
    if there == here:
        return None
    return Left(layer, f"{layer} begins with new weights: it has {here:,} of them here and {there:,} there.")
