"""A project: a graph, how it is laid out, the data it learns from and how it is trained. A frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from textwrap import shorten
from typing import Annotated, Any

import numpy as np
from pydantic import Field, SerializeAsAny, field_validator

from engine.callbacks import Callbacks
from engine.data.builtin import Digits
from engine.data.source import SOURCES, Source
from engine.devices import Distribution
from engine.fields import PositiveInt, Seed, Settings
from engine.graph import Graph
from engine.layout import Layout
from engine.optimizers import Adam, OptimizerSetting
from engine.precision import Precision

NAME = "model"
"""The name of a model that was given none."""

Share = Annotated[float, Field(ge=0, le=0.9)]


class DataSettings(Settings):
    """Which data a project learns from, and how much of it is held back.

    Where the source brings validation or test data of its own, the shares do not apply to it.
    """

    source: SerializeAsAny[Source] = Field(default=Digits(), json_schema_extra={"hidden": True})
    validation_split: Share = Field(default=0.1, description="Share of the samples that training is watched on.")
    test_split: Share = Field(default=0.2, description="Share of the samples kept for the end.")
    shuffle: bool = Field(
        default=True,
        description="Hold back samples drawn at random; else the last ones, as Keras's validation_split does.",
    )
    stratify: bool = Field(
        default=False,
        description="Give every part the same share of each class of the first target that has classes.",
    )
    keep_duplicates_together: bool = Field(
        default=False,
        description="Put samples that are the same into one part, so that none is tested on as well.",
    )
    seed: Seed = Field(default=0, description="Decides which samples are held back.")

    @field_validator("source", mode="before")
    @classmethod
    def _read_source(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            fields: dict[str, Any] = dict(value)  # pyright: ignore[reportUnknownArgumentType]
            name = fields.pop("type", None)
            if not isinstance(name, str) or name not in SOURCES:
                raise ValueError(f"unknown source {shorten(repr(name), 60)}; known are {', '.join(SOURCES)}")
            return SOURCES[name].model_validate(fields)
        return value


class TrainingSettings(Settings):
    """How a project is trained; the names are those of Keras's compile and fit."""

    optimizer: OptimizerSetting = Field(default=Adam(), json_schema_extra={"hidden": True})
    epochs: PositiveInt = Field(default=20, description="Times that the whole training data is gone through.")
    batch_size: PositiveInt = Field(default=32, description="Samples per step.")
    shuffle: bool = Field(default=True, description="Put the samples in another order each epoch.")
    seed: Seed = Field(default=0, description="Decides first weights, order and dropout: same seed, same numbers.")
    precision: Precision = Field(
        default="float32",
        description="In which type layers compute. mixed_bfloat16 takes half the memory for what they give and is "
        "faster on a graphics card or TPU but slower on a processor. Weights stay float32.",
    )
    distribution: Distribution = Field(
        default="data_parallel",
        description="What several devices share: the samples of a batch; the weights, too; or nothing.",
        json_schema_extra={"rare": True},
    )
    callbacks: Callbacks = Field(default=Callbacks(), json_schema_extra={"hidden": True})

    def order(self, epoch: int, size: int) -> np.ndarray[Any, Any]:
        """The samples, so many, in the order in which an epoch takes them."""
        if not self.shuffle:
            return np.arange(size)
        return np.random.default_rng((self.seed, epoch)).permutation(size)


@dataclass(frozen=True)
class Project:
    """All that a project file holds."""

    graph: Graph = field(default_factory=Graph)
    layout: Layout = field(default_factory=Layout)
    data: DataSettings = field(default_factory=DataSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    name: str = NAME
    """What Keras calls the model."""
    compiled: bool = True
    """Whether files of it hold optimizer and losses: not where it came without, and was not trained here."""
    lost: tuple[str, ...] = ()
    """What the model file that it came from had and this program has not, a sentence each."""

    @property
    def compiling(self) -> TrainingSettings | None:
        """What files say of its training; None where that is nothing."""
        return self.training if self.compiled else None

    def with_training(self, **changes: Any) -> Project:
        """With some training settings changed, validated."""
        return replace(self, training=self.training.replace(**changes))
