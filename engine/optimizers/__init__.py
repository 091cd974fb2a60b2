"""Keras's optimizers with their names, defaults and numbers (https://keras.io/api/optimizers/).

An optimizer is one class; forms, files and generated code read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import shorten
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

from engine.optimizers.adafactor import Adafactor
from engine.optimizers.adam import Adam, Adamax, AdamW, Lamb, Lion, Nadam, ScheduleFreeAdamW
from engine.optimizers.base import OPTIMIZERS, Optimizer
from engine.optimizers.descent import SGD, Adadelta, Adagrad, Ftrl, RMSprop
from engine.optimizers.rising import OneCycle, Warmup


def _read(value: Any) -> Any:
    if isinstance(value, Mapping):
        fields: dict[str, Any] = dict(value)  # pyright: ignore[reportUnknownArgumentType]
        name = fields.pop("type", None)
        if not isinstance(name, str) or name not in OPTIMIZERS:
            raise ValueError(f"must be one of {', '.join(OPTIMIZERS)}, not {shorten(repr(name), 60)}")
        return OPTIMIZERS[name].model_validate(fields)
    return value


def _as_json(value: Optimizer) -> dict[str, Any]:
    return {"type": value.type, **value.model_dump(mode="json")}


if TYPE_CHECKING:
    OptimizerSetting = Optimizer
else:
    OptimizerSetting = Annotated[Optimizer, BeforeValidator(_read), PlainSerializer(_as_json)]
"""A setting that holds an optimizer."""

__all__ = [
    "OPTIMIZERS", "SGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion",
    "Nadam", "OneCycle", "Optimizer", "OptimizerSetting", "RMSprop", "ScheduleFreeAdamW", "Warmup",
]  # fmt: skip
