"""Layers that learn badly, told from a look into a network: units that are dead, numbers that explode."""

from __future__ import annotations

import math
from typing import NamedTuple

from engine.graph import Node
from engine.insight import Insight
from engine.layers.activations import ReLU
from engine.layers.core import Input, Output

DEAD_SHARE = 0.5
"""From this share of units on that give 0 for every sample, a layer with ReLU counts as dead."""

LARGE_OUTPUT = 1e4
"""A layer explodes whose numbers are larger than this, by the root of the mean of their squares."""

LARGE_GRADIENT = 1e4
"""A layer explodes whose gradient, of all its weights together, is longer than this."""


class Symptom(NamedTuple):
    """What is wrong with a layer, a sentence."""

    node: str
    text: str


def diagnosed(insight: Insight) -> tuple[Symptom, ...]:
    """What there is to say of the layers of a network, a sentence for each that learns badly.

    Dead are units of ReLU that give 0 for every sample that was looked at: no gradient reaches them. Layers with
    at least `DEAD_SHARE` of those are told, and layers beyond `LARGE_OUTPUT` or `LARGE_GRADIENT`.
    """
    found = (_remark(insight, node) for node in insight.graph)
    return tuple(Symptom(node, text) for node, text in found if text)


def _remark(insight: Insight, node: Node) -> tuple[str, str]:
    activation, norms = insight.activations.get(node.id), insight.norms.get(node.id)
    name = f"{node.layer.shown_class} {node.name!r}"
    if norms is not None and not _within(norms.gradient, LARGE_GRADIENT):
        text = f"The gradient of {name} explodes: its length is {norms.gradient:.1e}. Clip it, or lower the rate."
        return Symptom(node.id, text)
    if activation is None or isinstance(node.layer, Input | Output):
        return node.id, ""
    spread = activation.spread
    if not _within(spread.size, LARGE_OUTPUT):
        text = f"{name} explodes: it gives numbers of about {spread.size:.1e}. A normalization before it helps."
        return Symptom(node.id, text)
    if rectifies(node) and spread.dead >= DEAD_SHARE:
        text = (
            f"{spread.dead:.0%} of the units of {name} are dead: they give 0 for all {insight.samples} samples. "
            "A smaller learning rate or LeakyReLU keeps them alive."
        )
        return Symptom(node.id, text)
    return node.id, ""


def _within(value: float, most: float) -> bool:
    return math.isfinite(value) and value <= most


def rectifies(node: Node) -> bool:
    """Whether a layer ends in ReLU, which may die."""
    if isinstance(node.layer, ReLU):
        return not node.layer.negative_slope
    return getattr(node.layer, "activation", None) in ("relu", "relu6")
