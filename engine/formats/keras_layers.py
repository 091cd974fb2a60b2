"""One layer as Keras writes it, and back, by the fields of its class: a new layer needs no edit here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from engine import named
from engine.fields import Family, FieldSpec, describe
from engine.formats.keras_operations import operation_entry
from engine.formats.reading import Place, shown
from engine.layer import Layer, Weighted
from engine.layers.core import Input
from engine.layers.placeholder import Placeholder
from engine.ops.activations import ACTIVATIONS, ALIASES
from engine.ops.constraints import CONSTRAINTS
from engine.ops.initializers import INITIALIZERS
from engine.ops.regularizers import REGULARIZERS
from engine.precision import MIXED
from engine.registry import LAYERS

FAMILIES: dict[Family, Mapping[str, Callable[..., Any]]] = {
    "initializer": INITIALIZERS,
    "regularizer": REGULARIZERS,
    "constraint": CONSTRAINTS,
}
"""Functions with arguments, by the family that `FieldSpec.family` names; Keras's module is `keras.<family>s`."""

MIXED_16 = "mixed_float16"
"""Keras's policy for older graphics cards, which is read as the other mixed one."""

_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "data_format": ("channels_last",),
    "dtype": ("float32", MIXED, MIXED_16),  # see `keras_policy`
    "trainable": (True, False),  # of layers that own no weights
}
"""What arguments that we have no field for may be, besides None and False, which in Keras mean "without"."""

OWN_TYPE = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": None}
"""What is written of a layer that is kept in float32, whatever the others compute in."""

_WITHOUT_EFFECT = ("name", "seed", "renorm_momentum", "batch_shape", "batch_input_shape")

_MODULES = ("keras", "tf_keras", "tensorflow")
"""Packages whose classes are Keras's own; others belong to somebody else. None is imported."""

_NARROWED = dict.fromkeys(("int8", "int16", "int64", "uint16", "uint32", "uint64"), "int32") | {
    "float64": "float32"
}
"""Types of Inputs that become another: JAX, without its 64 bits, computes so, under Keras too."""

_UNKNOWN = "which this version does not have."


@cache
def keras_classes() -> dict[str, type[Layer]]:
    """Every layer by its Keras class."""
    classes = {cls.keras_class: cls for cls in LAYERS.values() if cls.keras_class is not None}
    return classes | {alias: cls for cls in LAYERS.values() for alias in cls.keras_aliases}


@cache
def specs_of(cls: type[Layer]) -> dict[str, FieldSpec]:
    """The settings of a layer by name."""
    return {spec.name: spec for spec in describe(cls)}


# Writing


def layer_entry(layer: Layer, name: str) -> dict[str, Any]:
    """A layer as Keras serializes it, with its module and class."""
    if isinstance(layer, Placeholder):
        config: Any = layer.saved["config"]
        return {**layer.saved, "config": {**config, "name": name}}
    if layer.formula is not None:
        return operation_entry(layer.formula, name)
    return {
        "module": layer.keras_module,
        "class_name": layer.keras_class,
        "config": layer_config(layer, name),
        "registered_name": None,
    }


def layer_config(layer: Layer, name: str) -> dict[str, Any]:
    """The `config` of a layer, as `get_config()` of its Keras class would give it."""
    if isinstance(layer, Input):
        return {
            "batch_shape": [layer.batch_size, *layer.shape],
            "dtype": layer.dtype,
            "sparse": False,
            "ragged": False,
            "name": name,
        }
    specs = specs_of(type(layer))
    dtype: Any = "float32" if layer.dtype is None else OWN_TYPE
    config: dict[str, Any] = {"name": name, "trainable": True, "dtype": dtype, **layer.keras_constants}
    for argument, value in layer.keras_arguments().items():
        config[argument] = _written(value, specs.get(argument), argument)
    return {argument: value for argument, value in config.items() if argument not in layer.keras_lacks}


def _written(value: Any, spec: FieldSpec | None, argument: str) -> Any:
    if isinstance(value, Layer):
        return layer_entry(value, named_part(value, argument))
    if isinstance(value, tuple | list):
        items: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType]
        return [_written(item, None, f"{argument}_{i}") for i, item in enumerate(items)]
    if spec is not None and spec.family in FAMILIES and isinstance(value, str):
        return function_entry(value, spec.family)
    return value


def named_part(layer: Layer, argument: str) -> str:
    """The name of a layer that is a setting of another."""
    return f"{argument}_{layer.type_name().lower()}"


def function_entry(text: str, family: Family) -> dict[str, Any]:
    """An initializer, regularizer or constraint as Keras serializes it."""
    name, settings = named.parse(text, FAMILIES[family])
    return {
        "module": f"keras.{family}s",
        "class_name": function_class(name),
        "config": settings,
        "registered_name": None,
    }


def function_class(name: str) -> str:
    """The Keras class of an initializer, regularizer or constraint: `he_normal` becomes HeNormal."""
    return "".join(part.capitalize() for part in name.split("_"))


# Reading


def read_layer(entry: Mapping[str, Any], config: Mapping[str, Any], place: Place) -> Layer:
    """The layer of an entry of a Keras model; raises `FileFormatError` for what this program does not have."""
    class_name = _class_name(entry, place)
    cls = keras_classes().get(class_name)
    if cls is None:
        raise place.unsupported(f"is of the class {shown(class_name)}, {_UNKNOWN}")
    if cls is Input:
        return place.settings(Input, _input_settings(config, place))
    try:
        config = cls.from_keras(config)
    except ValueError as error:
        raise place.unsupported(f"{error}.") from None
    settings: dict[str, Any] = {}
    specs = specs_of(cls)
    for key, value in config.items():
        if key in specs and key != "dtype":
            settings[key] = _read_value(value, specs[key], place.at(f"setting {key}"))
        elif key not in cls.keras_ignored:
            _check_neutral(key, value, cls, place)
    return place.settings(cls, settings)


def _class_name(entry: Mapping[str, Any], place: Place) -> str:
    class_name = place.at("class_name").text(entry.get("class_name"))
    module, registered = entry.get("module"), entry.get("registered_name")
    if registered not in (None, class_name) or not (module is None or str(module).split(".")[0] in _MODULES):
        raise place.unsupported(
            f"is of the class {shown(registered or class_name)} of somebody's own making, "
            "whose code is not in the file and would not be run if it were."
        )
    return class_name


def _input_settings(config: Mapping[str, Any], place: Place) -> dict[str, Any]:
    shape = batch_shape(config)
    if shape is None:
        raise place.error("the key 'batch_shape' is missing.")
    for key in ("sparse", "ragged", "optional"):
        if config.get(key):
            raise place.error(f"is {key}, {_UNKNOWN}")
    batch, *sizes = place.at("batch_shape").listing(shape) or [None]
    dtype = dtype_name(config.get("dtype"))
    dtype = _NARROWED.get(dtype, dtype) if isinstance(dtype, str) else dtype
    return {"shape": sizes, "batch_size": batch, **({} if dtype is None else {"dtype": dtype})}


def batch_shape(config: Mapping[str, Any]) -> Any:
    """The shape, with the batch, in the words of Keras 3 or of Keras 2; None if there is none."""
    found = config.get("batch_shape")
    return config.get("batch_input_shape") if found is None else found


def dtype_name(value: Any) -> Any:
    """The name of a dtype, taken out of a policy where it stands in one."""
    if isinstance(value, dict):
        policy: dict[str, Any] = value
        if policy.get("class_name") in ("DTypePolicy", "Policy"):
            inner: Any = policy.get("config")
            return inner.get("name") if isinstance(inner, dict) else inner
    return value


def _check_neutral(key: str, value: Any, cls: type[Layer], place: Place) -> None:
    if key in _WITHOUT_EFFECT or value is None or value is False:
        return
    if key == "dtype":
        value = dtype_name(value)
        if not cls.casts:
            return  # layers that pass numbers on as they are have the dtype of their input
    if isinstance(value, list) and len(value) == 1:  # pyright: ignore[reportUnknownArgumentType]
        value = value[0]  # axes are lists of one in some versions
    if key in cls.keras_constants and value == cls.keras_constants[key]:
        return
    if key == "trainable" and issubclass(cls, Weighted):
        return
    if value not in _NEUTRAL.get(key, ()):
        raise place.unsupported(f"has {key} = {shown(value)}, {_UNKNOWN}")


def _read_value(value: Any, spec: FieldSpec, place: Place) -> Any:
    if spec.kind == "layer" and isinstance(value, dict):
        inner = place.mapping(value, ("class_name", "config"))
        return read_layer(inner, place.mapping(inner["config"]), place)
    if spec.kind == "layers" and isinstance(value, list):
        items: list[Any] = value
        one = FieldSpec(spec.name, "layer", None)
        return [_read_value(item, one, place.at(str(number))) for number, item in enumerate(items, 1)]
    if spec.family in FAMILIES:
        return None if value is None and spec.optional else _read_function(value, spec.family, place)
    if spec.family == "activation":
        return None if value is None and spec.optional else _read_activation(value, place)
    if spec.kind == "int" and isinstance(value, list) and len(value) == 1:  # pyright: ignore[reportUnknownArgumentType]
        return value[0]  # pyright: ignore[reportUnknownVariableType]
    return value


def _read_activation(value: Any, place: Place) -> Any:
    """A name; Keras 3 writes functions as dictionaries in some places, and None for "linear"."""
    if isinstance(value, dict):
        function: dict[str, Any] = value
        kind = function.get("class_name")
        if not isinstance(kind, str) or kind in ("__lambda__", "Lambda"):
            raise place.unsupported("has an activation that is code of its own, which is never run here.")
        value = function.get("config") if kind == "function" else kind
        value = shown(function) if value is None else value
    name = "linear" if value is None else ALIASES.get(str(value), value)
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise place.unsupported(f"has the activation {shown(name)}, {_UNKNOWN}")
    return name


def _read_function(value: Any, family: Family, place: Place) -> str:
    """An initializer, regularizer or constraint as our text for it."""
    functions = FAMILIES[family]
    names = {function_class(name): name for name in functions} | {name: name for name in functions}
    config: Any = {}
    if isinstance(value, dict):
        found: dict[str, Any] = value
        value, config = found.get("class_name"), found.get("config") or {}
    if isinstance(value, str) and value not in names:
        value = value.removesuffix("Initializer")
    if not isinstance(value, str) or value not in names:
        raise place.unsupported(f"has the {family} {shown(value)}, {_UNKNOWN}")
    name = names[value]
    settings: dict[str, Any] = {}
    for key, argument in place.mapping(config).items():
        if argument is not None and key not in ("seed", "dtype"):
            settings[key] = _as_default(argument, named.settings_of(functions[name]).get(key))
    try:
        text = f"{name}({', '.join(f'{key}={argument!r}' for key, argument in settings.items())})"
        return named.show(*named.parse(text, functions), functions)
    except ValueError as error:
        raise place.unsupported(f"has the {family} {value}, {_UNKNOWN.removesuffix('.')}: {error}.") from None


def _as_default(value: Any, default: Any) -> Any:
    """A number as our default has it, where it differs by the rounding of 32 bits only."""
    if isinstance(value, float) and isinstance(default, float) and abs(value - default) <= 1e-6 * abs(default):
        return default
    return value
