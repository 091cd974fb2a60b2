"""Optimizers and schedules of the learning rate as Keras writes them, and back, by the fields of their classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
from pydantic import ValidationError

from engine.fields import Settings
from engine.formats.loaded import Notes
from engine.optimizers import OPTIMIZERS, Adam, OneCycle, Optimizer
from engine.optimizers.schedules import SCHEDULES, InverseTimeDecay, Schedule

S = TypeVar("S", bound=Settings)

_IGNORED = ("name", "jit_compile", "is_legacy_optimizer", "dynamic", "loss_scale")

# Writing


def optimizer_config(optimizer: Optimizer) -> dict[str, Any]:
    """The optimizer as Keras writes it; what is left open is left out, since older versions do not know all."""
    config = {"name": optimizer.type.lower(), **_given(optimizer)}
    if isinstance(optimizer.learning_rate, Schedule):
        config["learning_rate"] = _schedule_config(optimizer.learning_rate)
    return {"class_name": optimizer.type, "config": config}


def replaced(optimizer: Optimizer) -> list[str]:
    """What is said where a file of Keras holds something else than the optimizer has, a sentence each."""
    notes: list[str] = []
    rate = optimizer.learning_rate
    if isinstance(rate, OneCycle):
        notes.append("Keras has no OneCycle: the file holds the nearest, a CosineDecay with a straight rise.")
    return notes


def _schedule_config(schedule: Schedule) -> dict[str, Any]:
    schedule = schedule.in_keras()
    return {
        "module": "keras.optimizers.schedules",
        "class_name": schedule.type,
        "config": {"name": schedule.type, **_given(schedule)},
        "registered_name": None,
    }


def _given(settings: Settings) -> dict[str, Any]:
    return settings.model_dump(mode="json", exclude_none=True)


# Reading


def read_optimizer(value: Any, notes: Notes) -> Optimizer | None:
    """The optimizer of a compiled model; None where the file has none. What is not known here is noted."""
    if isinstance(value, str):  # as it was given to `compile`
        value = {"class_name": value, "config": {}}
    config: Any = value.get("config") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(config, Mapping):
        return None
    name, found = str(value.get("class_name")).split(">")[-1], dict(config)
    if name == "LossScaleOptimizer" and "inner_optimizer" in found:
        notes.changed.append("The loss is not scaled up here: no layer computes in float16, which would need it.")
        return read_optimizer(found["inner_optimizer"], notes)
    cls = {key.lower(): cls for key, cls in OPTIMIZERS.items()}.get(name.lower())
    if cls is None:
        notes.changed.append(f"The optimizer {name} is not known here; {Adam.__name__} takes its place.")
        return Adam()
    found["learning_rate"] = _rate(found.pop("learning_rate", found.pop("lr", None)), found.pop("decay", 0), notes)
    if not found.get("use_ema"):
        found.pop("ema_overwrite_frequency", None)  # which Keras 2 wrote in any case
    return _read(cls, found, f"the optimizer {name}", notes) or cls()


def _rate(value: Any, decay: Any, notes: Notes) -> Any:
    """The learning rate, or its schedule; `decay` is how optimizers of Keras 2 had one."""
    if isinstance(value, Mapping):
        config: Any = value.get("config")
        name, found = str(value.get("class_name")).split(">")[-1], config if isinstance(config, Mapping) else {}
        cls = SCHEDULES.get(name)
        schedule = None if cls is None else _read(cls, found, f"the schedule {name}", notes)
        first = found.get("initial_learning_rate")
        if schedule is None:
            notes.changed.append(
                f"The learning rate follows a {name}, which is not known here; it stays as it begins."
            )
            return first if _is_number(first) else None
        return schedule
    if _is_number(value) and _is_number(decay) and decay > 0:
        return InverseTimeDecay(initial_learning_rate=_decimal(value), decay_steps=1, decay_rate=_decimal(decay))
    return value


def _read(cls: type[S], config: Mapping[str, Any], what: str, notes: Notes) -> S | None:
    """The settings of a class out of a config, noting those that it does not have; None where they do not fit."""
    settings: dict[str, Any] = {}
    for key, value in config.items():
        if key in cls.model_fields:
            settings |= {} if value is None else {key: _decimal(value)}
        elif key not in _IGNORED and value:
            notes.not_understood.append(f"The setting {key} of {what} is not known here.")
    try:
        return cls.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        setting = ".".join(str(step) for step in first["loc"]) or "one of them"
        notes.changed.append(f"The settings of {what} are not ones that this version has: {setting}.")
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _decimal(value: Any) -> Any:
    """A number that Keras kept in 32 bits as the decimal that was meant: 0.001, not 0.0010000000474974513."""
    if isinstance(value, list):
        return [_decimal(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, float) and float(np.float32(value)) == value:
        return float(str(np.float32(value)))
    return value
