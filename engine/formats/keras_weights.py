"""The weights of a model in an HDF5 file, in both of Keras's layouts.

By layer, as `.h5` models have them: a group for each layer, with a list of its arrays, in the order of the layers.
By path, as `.keras` and `.weights.h5` have them: see `keras_paths`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import h5py
import numpy as np

from engine.events import HostWeights
from engine.formats import hdf5
from engine.formats.keras_config import Calls, calls
from engine.formats.keras_paths import Kinds, layer_groups, weight_paths
from engine.formats.reading import Place, shown
from engine.graph import Graph, Node
from engine.layer import Weight
from engine.layers.placeholder import Placeholder

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


def read_by_layer(group: h5py.Group, graph: Graph, place: Place) -> tuple[Graph, HostWeights]:
    """The weights of a graph by layer, and the graph with what its placeholders own."""
    saved = {name: _weight_names(group, name, place) for name in hdf5.names(group, "layer_names", place) or []}
    saved = {name: paths for name, paths in saved.items() if paths}
    for node in _placeholders(graph):
        if node.name in saved:
            here = place.at(f"layer {shown(node.name)}")
            inner = hdf5.group(group, node.name, here)
            found = [hdf5.dataset(inner, path, here) for path in saved[node.name]]
            graph = _with_arrays(graph, node, {f"vars/{i}": dataset for i, dataset in enumerate(found)})
    of = calls(graph, unknown=True)
    owners = [owner for owner in of.layers if of.inference[owner.id].weights]
    if len(saved) != len(owners):
        raise place.error(f"holds weights for {len(saved)} layers, but its model has {len(owners)} with weights.")
    if saved.keys() == {owner.name for owner in owners}:
        pairs = [(owner, owner.name) for owner in owners]
    else:  # Keras goes by order
        pairs = list(zip(owners, saved, strict=True))
    return graph, {owner.id: _read_layer(group, name, saved[name], of, owner, place) for owner, name in pairs}


def _weight_names(parent: h5py.Group, name: str, place: Place) -> list[str]:
    here = place.at(f"layer {shown(name)}")
    return hdf5.names(hdf5.group(parent, name, here), "weight_names", here) or []


def _read_layer(
    parent: h5py.Group, name: str, paths: list[str], found: Calls, owner: Node, place: Place
) -> dict[str, Array]:
    here = place.at(f"layer {shown(owner.name)}")
    weights = found.inference[owner.id].weights
    if len(paths) != len(weights):
        raise here.error(f"the file holds {len(paths)} weights, but the layer has {len(weights)}.")
    ordered = dict(zip((weight.name for weight in saved_order(weights)), paths, strict=True))
    return _arrays(hdf5.group(parent, name, here), weights, ordered, here)


def _arrays(
    group: h5py.Group, weights: Sequence[Weight], paths: Mapping[str, str], place: Place
) -> dict[str, Array]:
    return {
        weight.name: hdf5.array(group, paths[weight.name], weight.shape, place.at(f"weight {weight.name}")).astype(
            weight.dtype, copy=False
        )
        for weight in weights
    }


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


def read_by_path(file: h5py.Group, graph: Graph, kinds: Kinds, place: Place) -> tuple[Graph, HostWeights]:
    """The weights of a graph by path, and the graph with what its placeholders own."""
    groups = layer_groups(calls(graph, unknown=True).layers, kinds)
    for node in _placeholders(graph):
        if node.name in groups and _is_there(file, groups[node.name]):
            here = place.at(f"layer {shown(node.name)}")
            inner = hdf5.group(file, groups[node.name], here)
            graph = _with_arrays(graph, node, dict(_datasets(inner, "", here)))
    found = calls(graph, unknown=True)
    weights: dict[str, dict[str, Array]] = {}
    for owner in found.layers:
        own = own_weights(found, owner)
        if own:
            here = place.at(f"layer {shown(owner.name)}")
            inner = hdf5.group(file, groups[owner.name], here)
            paths = weight_paths(owner.layer, own, kinds[owner.name][1] if owner.name in kinds else None)
            _check_counts(inner, paths, here)
            weights[owner.id] = _arrays(inner, own, {name: path for path, name in paths.items()}, here)
    return graph, weights


def _check_counts(group: h5py.Group, paths: Iterable[str], place: Place) -> None:
    """Raise where the file has more or fewer arrays in a group than the layer has."""
    for parent, count in Counter(path.rpartition("/")[0] for path in paths).items():
        there = len(hdf5.group(group, parent, place)) if _is_there(group, parent) else 0
        if there != count:
            what = "" if parent == "vars" else f" in {parent.removesuffix('/vars')}"
            raise place.error(f"the file holds {there} weights{what}, but the layer has {count}.")


def _is_there(group: h5py.Group, path: str) -> bool:
    here: Any = group
    for part in path.split("/"):
        if not isinstance(here, h5py.Group) or part not in here:
            return False
        if not isinstance(here.get(part, getlink=True), h5py.HardLink):
            return True  # for `hdf5.group` to refuse
        here = here[part]
    return True


# Layers that are not known here


def _placeholders(graph: Graph) -> Iterator[Node]:
    return (node for node in graph if node.shares is None and isinstance(node.layer, Placeholder))


def _datasets(group: h5py.Group, prefix: str, place: Place, depth: int = 0) -> Iterator[tuple[str, h5py.Dataset]]:
    """All arrays below a group, by path, numbers in their order."""
    if depth > 30:
        raise place.error("its weights are nested too deeply.")
    for name in sorted(map(str, group), key=_in_order):
        linked = isinstance(group.get(name, getlink=True), h5py.HardLink)
        inner: Any = group[name] if linked else None
        if isinstance(inner, h5py.Group):
            yield from _datasets(inner, f"{prefix}{name}/", place, depth + 1)
        else:
            yield f"{prefix}{name}", hdf5.dataset(group, name, place)


def _in_order(name: str) -> tuple[bool, int, str]:
    """Numbers first, in their order; then names."""
    number = name.isascii() and name.isdecimal()
    return not number, int(name[:18]) if number else 0, name


def _with_arrays(graph: Graph, node: Node, found: Mapping[str, h5py.Dataset]) -> Graph:
    arrays = [(name, dataset.shape, hdf5.number_type(dataset)) for name, dataset in found.items()]
    return graph.set_layer(node.id, node.layer.replace(arrays=arrays[:MOST_ARRAYS]))
