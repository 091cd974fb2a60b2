"""Weights of one network for another: which layers get theirs, and why the others begin with new ones.

A layer takes all of its weights or none, as with `skip_mismatch` in Keras's `load_weights`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from engine.events import HostWeights
from engine.graph import Graph, Node
from engine.inference import Inference, infer
from engine.shapes import show_shape
from engine.weights import Weight, drawn

Array = np.ndarray[Any, Any]
Shapes = Mapping[str, tuple[int, ...]]

NONE_FITS = "holds the weights of another network: none of its layers fits one here by its name."

MOST_SAID = 6
"""Layers that are told one by one."""


class Left(NamedTuple):
    """A layer that takes no weights, or whose weights none takes, and a sentence that says so."""

    layer: str
    text: str


@dataclass(frozen=True)
class Transfer:
    """Weights for every layer of a network: of another where they fit, new ones where they do not."""

    weights: HostWeights
    taken: tuple[str, ...]
    """The identifiers of the layers that got theirs."""
    left: tuple[Left, ...] = ()
    """The layers that begin with new ones."""
    unused: tuple[Left, ...] = ()
    """The layers of the other network that this one has none for."""

    @property
    def whole(self) -> bool:
        """Whether the one network is, as far as weights tell, the other."""
        return not self.left and not self.unused

    @property
    def report(self) -> tuple[str, ...]:
        """What did not fit, a sentence each."""
        return tuple(left.text for left in (*self.left, *self.unused))

    @property
    def summary(self) -> str:
        """All of it as a sentence or a few."""
        count = len(self.taken)
        first = f"{count:,} of {count + len(self.left):,} layers have the weights that were there."
        said, more = self.report[:MOST_SAID], len(self.report) - MOST_SAID
        return " ".join([first, *said, *([f"So with {more:,} more."] if more > 0 else [])])


def missing(layer: str) -> Left:
    """A layer that the other network has none for."""
    return Left(layer, f"{layer} begins with new weights: there are none of its name.")


def misfit(layer: str, weights: Iterable[Weight], there: Shapes) -> Left | None:
    """Why arrays of these shapes are not the weights of a layer; None where they are."""
    wanted = {weight.name: weight.shape for weight in weights}
    for name, shape in wanted.items():
        if name not in there:
            return Left(layer, f"{layer} begins with new weights: there is no {name} among those of its name.")
        if there[name] != shape:
            here, other = _shown(shape), _shown(there[name])
            return Left(layer, f"{layer} begins with new weights: {name} is {here} here and {other} there.")
    more = there.keys() - wanted.keys()
    if not more:
        return None
    return Left(layer, f"{layer} begins with new weights: those of its name have {min(more)} as well.")


def _shown(shape: tuple[int, ...]) -> str:
    return show_shape(shape) if shape else "a number"


def owners(graph: Graph, known: Inference) -> tuple[Node, ...]:
    """The layers that own weights, in order."""
    return tuple(graph[key] for key in graph.order if graph[key].shares is None and known[key].weights)


def by_name(graph: Graph, weights: HostWeights) -> HostWeights:
    """Weights of a graph by the names of its layers."""
    return {graph[key].name: own for key, own in weights.items() if own}


def transferred(graph: Graph, saved: HostWeights, seed: int) -> Transfer:
    """Weights for a graph out of others, by the names of their layers; what is missing is drawn from a seed."""
    known = infer(graph)
    found: dict[str, Mapping[str, Array]] = {}
    left: list[Left] = []
    for node in owners(graph, known):
        weights = known[node.id].weights
        there = saved.get(node.name)
        if there is None:
            left.append(missing(node.name))
        elif (why := misfit(node.name, weights, _shapes_of(there))) is not None:
            left.append(why)
        else:
            found[node.id] = {w.name: there[w.name].astype(w.dtype, copy=False) for w in weights}
    return completed(graph, known, found, left, saved.keys(), seed)


def carried_over(before: Graph, weights: HostWeights, graph: Graph, seed: int) -> Transfer:
    """The weights of a network for the one that an edit has made of it: nodes are matched by their identifiers."""
    names = {node.id: node.name for node in before} | {node.id: node.name for node in graph}
    kept_last = sorted(weights, key=lambda key: key in graph)  # a layer that is gone may have had a name of now
    return transferred(graph, {names[key]: weights[key] for key in kept_last if weights[key]}, seed)


def _shapes_of(arrays: Mapping[str, Array]) -> Shapes:
    return {name: array.shape for name, array in arrays.items()}


def completed(
    graph: Graph, known: Inference, found: HostWeights, left: Iterable[Left], saved: Collection[str], seed: int
) -> Transfer:
    """What was found for a graph, with new weights for the rest; `saved` names all layers there were."""
    names = {node.name for node in owners(graph, known)}
    unused = tuple(Left(name, f"{name} is not in this network.") for name in saved if name not in names)
    weights: dict[str, Mapping[str, Array]] = {}
    number = 0
    for node in owners(graph, known):
        own = known[node.id].weights
        weights[node.id] = found.get(node.id) or drawn(own, seed, number)
        number += len(own)
    return Transfer(weights, tuple(found), tuple(left), unused)
