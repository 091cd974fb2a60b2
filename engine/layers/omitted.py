"""Classes of `keras.layers` that are no layers here, and why."""

from __future__ import annotations

_FOREIGN = "runs code of another framework, which a model file cannot hold"
_BASE = "a base class of layers, not a layer"
_LABELS = "mixes the labels along with the pictures: its input is a dictionary of both, not a tensor"

OMITTED: dict[str, str] = {
    "CutMix": _LABELS,
    "MixUp": _LABELS,
    "MaxNumBoundingBoxes": "works on bounding boxes, which are no tensors of a model",
    "Equalization": "Keras takes its output for its own input, so that no model with it can be made or saved",
    "JaxLayer": _FOREIGN,
    "FlaxLayer": _FOREIGN,
    "TorchModuleWrapper": _FOREIGN,
    "TFSMLayer": _FOREIGN,
    "Layer": _BASE,
    "Wrapper": _BASE,
    "InputSpec": "says what a layer takes as input; not a layer",
}
"""Why a class stays out, by its name."""
