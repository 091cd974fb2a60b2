"""One layer as Keras writes it, and back, by the fields of its class: a new layer needs no edit here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.fields import FieldSpec, describe
from engine.formats.reading import Place, shown
from engine.layer import LAYERS, Layer
from engine.layers.core import Input
from engine.ops.activations import ACTIVATIONS
from engine.ops.initializers import INITIALIZERS

_INITIALIZER_ARGUMENTS: dict[str, dict[str, Any]] = {
    "random_normal": {"mean": 0.0, "stddev": 0.05},
    "random_uniform": {"minval": -0.05, "maxval": 0.05},
    "truncated_normal": {"mean": 0.0, "stddev": 0.05},
    "variance_scaling": {"scale": 1.0, "mode": "fan_in", "distribution": "truncated_normal"},
    "orthogonal": {"gain": 1.0},
}
"""Keras's defaults, which our names stand for (https://keras.io/api/layers/initializers/)."""

_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "data_format": ("channels_last",),
    "dtype": ("float32",),
    "trainable": (True,),
    "axis": (-1,),  # of layers that have no such field here, Normalization
}
"""What arguments that we have no field for may be, besides None and False, which in Keras mean "without"."""

_WITHOUT_EFFECT = ("name", "seed", "renorm_momentum", "batch_shape", "batch_input_shape")


def keras_classes() -> dict[str, type[Layer]]:
    """Every layer by its name in `keras.layers`."""
    return {cls.keras_class: cls for cls in LAYERS.values() if cls.keras_class is not None}


def is_initializer(spec: FieldSpec) -> bool:
    """Whether a setting names an initializer."""
    return spec.choices == tuple(INITIALIZERS)


# Writing


def layer_config(layer: Layer, name: str) -> dict[str, Any]:
    """The `config` of a layer, as `get_config()` of its Keras class would give it."""
    if isinstance(layer, Input):
        return {
            "batch_shape": [None, *layer.shape],
            "dtype": layer.dtype,
            "sparse": False,
            "ragged": False,
            "name": name,
        }
    specs = {spec.name: spec for spec in describe(type(layer))}
    config: dict[str, Any] = {"name": name, "trainable": True, "dtype": "float32"}
    for argument, value in layer.keras_arguments().items():
        spec = specs.get(argument)
        if spec is not None and is_initializer(spec):
            value = _initializer_config(value)
        config[argument] = list(value) if isinstance(value, tuple) else value
    return config


def _initializer_config(name: str) -> dict[str, Any]:
    return {
        "module": "keras.initializers",
        "class_name": _camel(name),
        "config": dict(_INITIALIZER_ARGUMENTS.get(name, {})),
        "registered_name": None,
    }


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


# Reading


def read_layer(entry: Mapping[str, Any], config: Mapping[str, Any], place: Place) -> Layer:
    """The layer of an entry of a Keras model; raises `FileFormatError` for what this program does not have."""
    class_name = _class_name(entry, place)
    cls = keras_classes().get(class_name)
    if cls is None:
        raise place.error(_unknown_class(class_name))
    if cls is Input:
        return place.settings(Input, _input_settings(config, place))
    settings: dict[str, Any] = {}
    specs = {spec.name: spec for spec in describe(cls)}
    for key, value in config.items():
        if key in specs:
            settings[key] = _read_value(value, specs[key], place.at(f"setting {key}"))
        else:
            _check_neutral(key, value, place)
    return place.settings(cls, settings)


def _class_name(entry: Mapping[str, Any], place: Place) -> str:
    class_name = place.at("class_name").text(entry.get("class_name"))
    module, registered = entry.get("module"), entry.get("registered_name")
    if registered not in (None, class_name) or not (module is None or str(module).split(".")[0] == "keras"):
        raise place.error(
            f"is of the class {shown(registered or class_name)} of somebody's own making, "
            "whose code is not in the file and would not be run if it were."
        )
    return class_name


def _unknown_class(class_name: str) -> str:
    if class_name == "Lambda":
        return "is a Lambda, which holds code; code in model files is never run."
    if class_name in ("Functional", "Sequential", "Model"):
        return "is a model within the model, which this version cannot open."
    return f"is of the class {shown(class_name)}, which this version does not have."


def _input_settings(config: Mapping[str, Any], place: Place) -> dict[str, Any]:
    shape = batch_shape(config)
    if shape is None:
        raise place.error("the key 'batch_shape' is missing.")
    for key in ("sparse", "ragged", "optional"):
        if config.get(key):
            raise place.error(f"is {key}, which this version does not have.")
    sizes = place.at("batch_shape").listing(shape)[1:]
    if None in sizes:
        raise place.error("leaves a size open (None); this version needs sizes that are known.")
    dtype = _dtype(config.get("dtype"))
    return {"shape": sizes, **({} if dtype is None else {"dtype": dtype})}


def batch_shape(config: Mapping[str, Any]) -> Any:
    """The shape, with the batch, in the words of Keras 3 or of Keras 2; None if there is none."""
    found = config.get("batch_shape")
    return config.get("batch_input_shape") if found is None else found


def _dtype(value: Any) -> Any:
    """The name of a dtype, taken out of a policy where it stands in one."""
    if isinstance(value, dict):
        policy: dict[str, Any] = value
        if policy.get("class_name") in ("DTypePolicy", "Policy"):
            inner: Any = policy.get("config")
            return inner.get("name") if isinstance(inner, dict) else inner
    return value


def _check_neutral(key: str, value: Any, place: Place) -> None:
    if key in _WITHOUT_EFFECT or value is None or value is False:
        return
    if key == "dtype":
        value = _dtype(value)
    if isinstance(value, list) and len(value) == 1:  # pyright: ignore[reportUnknownArgumentType]
        value = value[0]  # axes are lists of one in some versions
    if value not in _NEUTRAL.get(key, ()):
        raise place.error(f"has {key} = {shown(value)}, which this version does not have.")


def _read_value(value: Any, spec: FieldSpec, place: Place) -> Any:
    if is_initializer(spec):
        return _read_initializer(value, place)
    if spec.choices == tuple(ACTIVATIONS):
        return _read_activation(value, place)
    if spec.kind == "int" and isinstance(value, list) and len(value) == 1:  # pyright: ignore[reportUnknownArgumentType]
        return value[0]  # pyright: ignore[reportUnknownVariableType]
    return value


def _read_activation(value: Any, place: Place) -> Any:
    """A name; Keras 3 writes functions as dictionaries in some places, and None for "linear"."""
    if isinstance(value, dict):
        function: dict[str, Any] = value
        kind = function.get("class_name")
        if not isinstance(kind, str) or kind in ("__lambda__", "Lambda"):
            raise place.error("the activation is code of its own, which is never run here.")
        value = function.get("config") if kind == "function" else kind
        value = shown(function) if value is None else value
    name = "linear" if value is None else value
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise place.error(f"the activation {shown(name)} is not one that this version has.")
    return name


def _read_initializer(value: Any, place: Place) -> str:
    names = {_camel(name): name for name in INITIALIZERS} | {name: name for name in INITIALIZERS}
    config: Any = {}
    if isinstance(value, dict):
        found: dict[str, Any] = value
        value, config = found.get("class_name"), found.get("config") or {}
    value = {"OrthogonalInitializer": "Orthogonal"}.get(str(value), value)
    if not isinstance(value, str) or value not in names:
        raise place.error(f"the initializer {shown(value)} is not one that this version has.")
    name = names[value]
    for key, argument in place.mapping(config).items():
        if argument is not None and key not in ("seed", "dtype"):
            expected = _INITIALIZER_ARGUMENTS.get(name, {}).get(key)
            if argument != expected:
                raise place.error(f"{value} with {key} = {shown(argument)} is not one that this version has.")
    return name
