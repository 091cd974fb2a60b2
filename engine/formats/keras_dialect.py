"""The config of a Keras 3 model in the words of Keras 2, which tf-keras and older readers understand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from engine.errors import StyleError
from engine.formats.keras_layers import keras_classes
from engine.formats.keras_operations import is_operation
from engine.layer import Layer

Dialect = Literal["keras3", "keras2"]
"""The versions of Keras in whose words a model may be written."""

VERSION = "2.15.0"
"""The version that such files name; readers look at its first numbers."""


ONLY_KERAS_3 = frozenset({
    "AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D", "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D", "AdaptiveMaxPooling3D", "AugMix", "AutoContrast",
    "ContrastLimitedAdaptiveHistogramEqualization", "CutMix", "Equalization", "FlaxLayer", "GroupQueryAttention",
    "GroupedQueryAttention", "JaxLayer", "MaxNumBoundingBoxes", "MelSpectrogram", "MixUp", "Pipeline",
    "RMSNormalization", "RandAugment", "RandomColorDegeneration", "RandomColorJitter", "RandomElasticTransform",
    "RandomErasing", "RandomGaussianBlur", "RandomGrayscale", "RandomHue", "RandomInvert", "RandomPerspective",
    "RandomPosterization", "RandomSaturation", "RandomSharpness", "RandomShear", "ReversibleEmbedding",
    "STFTSpectrogram", "Solarization", "TFSMLayer", "TorchModuleWrapper",
})  # fmt: skip
"""The layers of Keras 3 that Keras 2 does not have."""


def to_keras2(model_config: Mapping[str, Any]) -> dict[str, Any]:
    """A model as Keras 2.15 writes it to `.h5`: class names without modules, origins for tensors."""
    config = dict(model_config["config"])
    models = {entry["name"] for entry in config["layers"] if "layers" in entry["config"]}

    def counted(origin: Sequence[Any]) -> list[Any]:
        """In Keras 2, the first call of a model within is the one that it was made by."""
        name, call, output = origin
        return [name, call + (name in models), output]

    config["layers"] = [_entry(entry, counted) for entry in config["layers"]]
    for ends in ("input_layers", "output_layers"):
        several = config[ends] if not config[ends] or isinstance(config[ends][0], list) else [config[ends]]
        config[ends] = several
    return {"class_name": model_config["class_name"], "config": config}


def _entry(entry: Mapping[str, Any], counted: Callable[[Sequence[Any]], list[Any]]) -> dict[str, Any]:
    if is_operation(entry):
        raise StyleError(f"{entry['name']} is a formula, which Keras 2 cannot read: write the file for Keras 3.")
    made = _object(entry)
    if "layers" in entry["config"]:
        made["config"] = to_keras2(entry)["config"]
    cls = keras_classes().get(entry["class_name"], Layer)
    made["name"] = entry["name"]
    made["inbound_nodes"] = [_call(call, cls.input_names, counted) for call in entry["inbound_nodes"]]
    return made


def _object(entry: Mapping[str, Any]) -> dict[str, Any]:
    class_name = entry["class_name"]
    if class_name in ONLY_KERAS_3 and entry.get("registered_name") in (None, class_name):
        name = entry["config"]["name"]
        raise StyleError(f"{name} is a {class_name}, which Keras 2 does not have: write the file for Keras 3.")
    return {"class_name": entry["class_name"], "config": _plain(entry["config"])}


def _plain(value: Any) -> Any:
    """A config without what only Keras 3 knows."""
    if isinstance(value, list):
        return [_plain(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = value
    if "registered_name" in found and "config" in found:
        return _object(found)
    names = {"batch_shape": "batch_input_shape"}
    return {names.get(key, key): _plain(item) for key, item in found.items()}


def _call(
    call: Mapping[str, Any], names: Sequence[str], counted: Callable[[Sequence[Any]], list[Any]]
) -> list[Any]:
    """A call as the origins of its first argument; the other arguments stand with the first of these, by name."""

    def origin(value: Any) -> Any:
        return counted(value["config"]["keras_history"]) if _is_tensor(value) else value

    words = {**dict(zip(names[1:], call["args"][1:], strict=False)), **call["kwargs"]}
    words = {key: origin(value) for key, value in words.items()}
    given: list[Any] = call["args"][:1]
    tensors: list[Any] = given[0] if given and isinstance(given[0], list) else given
    return [[*origin(tensor), {} if index else words] for index, tensor in enumerate(tensors)]


def _is_tensor(value: Any) -> bool:
    return isinstance(value, dict) and value.get("class_name") == "__keras_tensor__"  # pyright: ignore
