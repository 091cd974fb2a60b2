"""The weights of a model in an HDF5 file, in both of Keras's layouts.

By layer, as `.h5` models have them: a group for each layer, with a list of its arrays, in the order of the layers.
By path, as `.keras` and `.weights.h5` have them: see `keras_paths`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import h5py
import numpy as np

from engine.events import HostWeights
from engine.formats import hdf5
from engine.formats.keras_config import Calls, calls
from engine.formats.keras_paths import Kinds, layer_groups, weight_paths
from engine.formats.reading import Place, shown
from engine.graph import Graph, Node
from engine.layers.placeholder import Placeholder
from engine.weights import Weight

Array = np.ndarray[Any, Any]

MOST_ARRAYS = 100_000
"""Arrays that one layer that is not known here may have."""


def own_weights(found: Calls, owner: Node) -> tuple[Weight, ...]:
    """The weights of a layer as they are when it is not frozen: `vars` keep the order of making."""
    facts = found.inference[owner.id]
    return owner.layer.weights(*facts.inputs) if facts.weights else ()


def saved_order(weights: Sequence[Weight]) -> list[Weight]:
    """Trainable weights first, as Keras saves them."""
    return sorted(weights, key=lambda weight: not weight.trainable)


# By layer


def write_by_layer(group: h5py.Group, found: Calls, weights: HostWeights) -> None:
    """Write a group for each layer."""
    hdf5.put_names(group, "layer_names", [owner.name for owner in found.layers])
    for owner in found.layers:
        arrays = weights.get(owner.id, {})
        inner = group.create_group(owner.name)
        names = [weight.name for weight in saved_order(found.inference[owner.id].weights)]
        hdf5.put_names(inner, "weight_names", [f"{owner.name}/{name}" for name in names])
        for name in names:
            inner.create_dataset(f"{owner.name}/{name}", data=arrays[name])
    hdf5.put_names(group.create_group("top_level_model_weights"), "weight_names", [])


def read_by_layer(group: hdf5.Group, graph: Graph, place: Place) -> tuple[Graph, HostWeights]:
    """The weights of a graph by layer, and the graph with what its placeholders own."""
    saved = weight_names(group, hdf5.names(group, "layer_names", place) or [], place)
    for node in _placeholders(graph):
        if node.name in saved:
            here = place.at(f"layer {shown(node.name)}")
            found = [hdf5.facts(group, f"{node.name}/{path}", here) for path in saved[node.name]]
            graph = _with_arrays(graph, node, {f"vars/{i}": facts for i, facts in enumerate(found)})
    of = calls(graph, unknown=True)
    owners = [owner for owner in of.layers if of.inference[owner.id].weights]
    if len(saved) != len(owners):
        raise place.error(f"holds weights for {len(saved)} layers, but its model has {len(owners)} with weights.")
    if saved.keys() == {owner.name for owner in owners}:
        pairs = [(owner, owner.name) for owner in owners]
    else:  # Keras goes by order
        pairs = list(zip(owners, saved, strict=True))
    wanted = [w for owner, name in pairs for w in _wanted_by_layer(name, saved[name], of, owner, place)]
    return graph, _read(group, wanted)


def weight_names(group: hdf5.Group, layers: Sequence[str], place: Place) -> dict[str, list[str]]:
    """The paths of the weights of each layer that has some."""
    groups = [(group.at(name), place.at(f"layer {shown(name)}")) for name in layers]
    found = zip(layers, hdf5.names_each(groups, "weight_names"), strict=True)
    return {name: paths for name, paths in found if paths}


def _wanted_by_layer(name: str, paths: list[str], found: Calls, owner: Node, place: Place) -> list[_Wanted]:
    here = place.at(f"layer {shown(owner.name)}")
    weights = saved_order(found.inference[owner.id].weights)
    if len(paths) != len(weights):
        raise here.error(f"the file holds {len(paths)} weights, but the layer has {len(weights)}.")
    return [_Wanted(owner, weight, f"{name}/{path}", here) for weight, path in zip(weights, paths, strict=True)]


class _Wanted(NamedTuple):
    """A weight to be read: whose it is, and where."""

    owner: Node
    weight: Weight
    path: str
    place: Place


def _read(group: hdf5.Group, wanted: Sequence[_Wanted]) -> HostWeights:
    """Weights by the owner's identifier and by name, in the types that the layers have."""
    places = ((w.path, w.weight.shape, w.place.at(f"weight {w.weight.name}")) for w in wanted)
    found: dict[str, dict[str, Array]] = {}
    for w, array in zip(wanted, hdf5.arrays(group, places), strict=True):
        found.setdefault(w.owner.id, {})[w.weight.name] = array.astype(w.weight.dtype, copy=False)
    return found


# By path


def write_by_path(file: h5py.Group, found: Calls, weights: HostWeights) -> None:
    """Write the groups that Keras 3 looks for, also for layers without weights."""
    file.create_group("vars").attrs["name"] = "model"
    groups = layer_groups(found.layers, {})
    for owner in found.layers:
        group = file.create_group(groups[owner.name])
        group.create_group("vars").attrs["name"] = owner.name
        for path, name in weight_paths(owner.layer, own_weights(found, owner)).items():
            group.create_dataset(path, data=weights[owner.id][name])


def read_by_path(file: hdf5.Group, graph: Graph, kinds: Kinds, place: Place) -> tuple[Graph, HostWeights]:
    """The weights of a graph by path, and the graph with what its placeholders own."""
    groups = layer_groups(calls(graph, unknown=True).layers, kinds)
    for node in _placeholders(graph):
        here = place.at(f"layer {shown(node.name)}")
        if node.name in groups and hdf5.holds(file, groups[node.name], here):
            graph = _with_arrays(graph, node, hdf5.tree(file, groups[node.name], MOST_ARRAYS, here))
    found = calls(graph, unknown=True)
    wanted: list[_Wanted] = []
    for owner in found.layers:
        own = {weight.name: weight for weight in own_weights(found, owner)}
        within = kinds[owner.name][1] if owner.name in kinds else None
        paths = weight_paths(owner.layer, tuple(own.values()), within) if own else {}
        here = place.at(f"layer {shown(owner.name)}")
        wanted += [_Wanted(owner, own[name], f"{groups[owner.name]}/{path}", here) for path, name in paths.items()]
    _check_counts(file, wanted)
    return graph, _read(file, wanted)


def _check_counts(file: hdf5.Group, wanted: Sequence[_Wanted]) -> None:
    """Raise where the file has more or fewer arrays in a group than the layer has."""
    parents: dict[str, Place] = {w.path.rpartition("/")[0]: w.place for w in wanted}
    expected = Counter(w.path.rpartition("/")[0] for w in wanted)
    for (parent, place), there in zip(parents.items(), hdf5.counts(file, parents.items()), strict=True):
        if there != expected[parent]:
            part = "/".join(parent.split("/")[2:-1])
            what = f" in {part}" if part else ""
            raise place.error(f"the file holds {there} weights{what}, but the layer has {expected[parent]}.")


# Layers that are not known here


def _placeholders(graph: Graph) -> Iterator[Node]:
    return (node for node in graph if node.shares is None and isinstance(node.layer, Placeholder))


def _with_arrays(graph: Graph, node: Node, found: Mapping[str, hdf5.Facts]) -> Graph:
    arrays = [(name, facts.shape, facts.dtype) for name, facts in found.items()]
    return graph.set_layer(node.id, node.layer.replace(arrays=arrays[:MOST_ARRAYS]))
