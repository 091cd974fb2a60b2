"""How much each sample counts in the loss of each Output: by what the data says of it, and by its class."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.class_weight import check_weights, class_weights
from engine.data.reading import in_pieces
from engine.data.rows import AnyRows, Array, Mapped, Rows
from engine.data.samples import Samples
from engine.data.source import WEIGHT
from engine.losses import LOSSES, TargetKind
from engine.model import Model


def own_weights(model: Model, arrays: Mapping[str, AnyRows]) -> dict[str, AnyRows]:
    """The weights that the data has for its samples, for each Output; raises `DataError`."""
    if WEIGHT not in arrays:
        return {}
    weights = check_weights(np.asarray(arrays[WEIGHT]))
    return {node.name: weights for node, *_ in model.trained_outputs}


def weighted(model: Model, samples: Samples) -> Samples:
    """Samples that count by their classes, too, where an Output has weights for them; raises `DataError`."""
    weights = dict(samples.weights)
    for node, layer, loss in model.trained_outputs:
        kind, targets = LOSSES[loss].targets, samples.targets[node.name]
        shape = model.inference[node.id].shape
        assert shape is not None
        if not layer.class_weight or not LOSSES[loss].tells_classes:
            continue
        classes = 2 if kind == "binary" else shape[-1] or 0
        labels = (_labels(piece, kind) for _, piece, _ in in_pieces(targets))
        by_class = class_weights(layer.class_weight, labels, classes, node.name)
        if by_class is not None:
            weights[node.name] = _of_classes(targets, kind, by_class, weights.get(node.name))
    return Samples(samples.inputs, samples.targets, weights)


def _of_classes(targets: AnyRows, kind: TargetKind, by_class: Array, own: AnyRows | None) -> AnyRows:
    """The weight of the class of each sample, or of each place of one, times the weight of its own."""
    mine = None if own is None else np.asarray(own)

    def weigh(piece: Array, numbers: Array | None) -> Array:
        found = by_class[_labels(piece, kind)]
        if mine is not None:
            each = mine if numbers is None else mine[numbers]
            found = found * each.reshape(-1, *(1,) * (found.ndim - 1))
        return found.astype(np.float32)

    return Mapped(targets, weigh) if isinstance(targets, Rows) else weigh(targets, None)


def _labels(targets: Array, kind: TargetKind) -> Array:
    """The class of each sample, or of each place, as a number."""
    if kind == "one-hot":
        return targets.argmax(-1)
    return targets if kind == "labels" else np.rint(targets.reshape(len(targets))).astype(int)
