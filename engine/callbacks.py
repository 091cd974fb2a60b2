"""Keras's callbacks (https://keras.io/api/callbacks/): settings, and what they make of the figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict, Field

from engine.errors import TrainingError
from engine.fields import Count, PositiveInt, Settings

_Share = Annotated[float, Field(gt=0, lt=1)]
_Least = Annotated[float, Field(ge=0)]

WATCHED = "val_loss"
"""What is watched unless something else is said."""


class Waiting(BaseModel):
    """What a callback remembers of the epochs so far."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    best: float | None = None
    best_epoch: int = 0
    wait: int = 0
    """Epochs since the best."""
    cooldown: int = 0
    """Epochs in which nothing is counted yet."""

    def after(self, epoch: int, value: float, by: float = 0, *, rising: bool = False) -> Waiting:
        """What is remembered after an epoch; better is what differs by more than `by`."""
        cooldown = max(0, self.cooldown - 1)
        if self._better(value, by, rising):
            return Waiting(best=value, best_epoch=epoch, cooldown=cooldown)
        wait = 0 if cooldown else 1 + (0 if self.cooldown else self.wait)
        return self.model_copy(update={"wait": wait, "cooldown": cooldown})

    def _better(self, value: float, by: float, rising: bool) -> bool:
        if self.best is None:
            return not math.isnan(value)
        return value > self.best + by if rising else value < self.best - by


class Callback(Settings):
    """Base of the callbacks. Fields are Keras's arguments."""

    title: ClassVar[str]


class EarlyStopping(Callback):
    """Stop when the watched figure has not become better for some epochs."""

    title = "Early stopping"

    patience: PositiveInt = Field(default=5, description="Epochs without improvement after which it stops.")
    min_delta: _Least = Field(default=0.0, description="What counts as better: a change by more than this.")
    restore_best_weights: bool = Field(default=True, description="End with the weights of the best epoch.")
    start_from_epoch: Count = Field(default=0, description="Epochs at the start that are not looked at.")

    def stops(self, epoch: int, seen: Waiting) -> bool:
        """Whether it ends the run after this epoch; they count from 1."""
        return seen.wait >= self.patience and epoch > 1


class ReduceLROnPlateau(Callback):
    """Make the learning rate smaller when the watched figure has not become better for some epochs."""

    title = "Reduce the learning rate on a plateau"

    patience: PositiveInt = Field(default=10, description="Epochs without improvement after which it is reduced.")
    factor: _Share = Field(default=0.1, description="What the learning rate is multiplied by.")
    min_delta: _Least = Field(default=0.0001, description="What counts as better: a change by more than this.")
    cooldown: Count = Field(default=0, description="Epochs after a reduction that are not counted.")
    min_lr: _Least = Field(default=0.0, description="The learning rate does not become smaller than this.")

    def after(self, seen: Waiting, rate: float) -> tuple[Waiting, float]:
        """What is remembered after an epoch that was looked at, and the learning rate from then on."""
        if seen.wait < self.patience or rate <= self.min_lr:
            return seen, rate
        return seen.model_copy(update={"wait": 0, "cooldown": self.cooldown}), max(rate * self.factor, self.min_lr)


class ModelCheckpoint(Callback):
    """Keep the weights of some epochs in the folder of the run, beside the best and the last, which always are."""

    title = "Keep weights along the way"

    every: PositiveInt = Field(default=1, description="Epochs from one file to the next.")
    keep: PositiveInt = Field(default=5, description="How many files are kept; the oldest goes.")


class TensorBoard(Callback):
    """Write the figures for TensorBoard as well, into the folder of the run."""

    title = "TensorBoard"


class TerminateOnNaN(Callback):
    """Stop at the first loss that is not a finite number."""

    title = "Stop when the loss is not a number"


_HIDDEN: Any = {"hidden": True}  # they have forms of their own


class Callbacks(Settings):
    """The callbacks of a run; None where one is not used."""

    monitor: str = Field(
        default=WATCHED,
        description="The figure that says how good an epoch is; the training loss where there is no validation.",
    )
    early_stopping: EarlyStopping | None = Field(default=None, json_schema_extra=_HIDDEN)
    reduce_lr_on_plateau: ReduceLROnPlateau | None = Field(default=None, json_schema_extra=_HIDDEN)
    model_checkpoint: ModelCheckpoint | None = Field(default=None, json_schema_extra=_HIDDEN)
    terminate_on_nan: TerminateOnNaN | None = Field(default=TerminateOnNaN(), json_schema_extra=_HIDDEN)
    tensorboard: TensorBoard | None = Field(default=None, json_schema_extra=_HIDDEN)

    def check(self, figures: Sequence[str]) -> None:
        """Raise `TrainingError` where a figure is watched that the run does not have."""
        if self.monitor not in figures and self.monitor != WATCHED:
            raise TrainingError(
                f"The callbacks watch {self.monitor!r}, which this run does not have: it has {', '.join(figures)}."
            )

    def value(self, figures: Mapping[str, float]) -> float:
        """The figure that is watched."""
        return figures.get(self.monitor, figures["loss"])

    @property
    def restores(self) -> bool:
        """Whether the run ends with the weights of its best epoch."""
        return self.early_stopping is not None and self.early_stopping.restore_best_weights


CALLBACKS: dict[str, type[Callback]] = {
    name: kind
    for name, info in Callbacks.model_fields.items()
    for kind in get_args(info.annotation)
    if isinstance(kind, type) and issubclass(kind, Callback)
}
"""Every callback by the name of its setting."""
