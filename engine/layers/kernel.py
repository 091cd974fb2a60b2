"""What layers with a kernel and a bias share."""

from __future__ import annotations

from dataclasses import replace

from pydantic import Field

from engine import named
from engine.fields import ConstraintName, InitializerName, RegularizerName
from engine.layer import Weighted
from engine.ops.initializers import INITIALIZERS, fans
from engine.weights import Weight


def spread_by(initializer: str, shape: tuple[int, ...], wanted: tuple[int, int]) -> str:
    """An initializer whose numbers spread as if the kernel had these fans, whatever its shape says."""
    name, settings = named.parse(initializer, INITIALIZERS)
    if name not in SPREADING:
        return initializer
    scale, mode, distribution = SPREADING[name] or settings.values()
    average = {"fan_in": lambda fan: fan[0], "fan_out": lambda fan: fan[1], "fan_avg": lambda fan: sum(fan) / 2}[
        mode
    ]
    scale *= max(1.0, average(fans(shape))) / max(1.0, average(wanted))
    text = {"scale": scale, "mode": mode, "distribution": distribution}
    return named.show("variance_scaling", text, INITIALIZERS)


SPREADING: dict[str, tuple[float, str, str] | None] = {
    "glorot_uniform": (1.0, "fan_avg", "uniform"),
    "glorot_normal": (1.0, "fan_avg", "truncated_normal"),
    "he_uniform": (2.0, "fan_in", "uniform"),
    "he_normal": (2.0, "fan_in", "truncated_normal"),
    "lecun_uniform": (1.0, "fan_in", "uniform"),
    "lecun_normal": (1.0, "fan_in", "truncated_normal"),
    "variance_scaling": None,
}
"""Initializers that look at the fans of a kernel, as settings of `variance_scaling`."""


def bias_and_activation(layer: Weighted) -> int:
    """Operations for each number of an output: one for a bias, one for an activation."""
    return int(getattr(layer, "use_bias", True)) + (layer.activation_name not in (None, "linear"))


class Kernel(Weighted):
    """Base of the layers that multiply by a kernel and may add a bias."""

    kernel_initializer: InitializerName = Field(default="glorot_uniform", description="Where the kernel starts.")
    bias_initializer: InitializerName = Field(default="zeros", description="Where the bias starts.")
    kernel_regularizer: RegularizerName | None = Field(
        default=None, description="What the kernel adds to the loss, to keep it small."
    )
    bias_regularizer: RegularizerName | None = Field(
        default=None, description="What the bias adds to the loss, to keep it small."
    )
    activity_regularizer: RegularizerName | None = Field(
        default=None, description="What the output adds to the loss, to keep it small."
    )
    kernel_constraint: ConstraintName | None = Field(
        default=None, description="What the kernel is brought back to after each step."
    )
    bias_constraint: ConstraintName | None = Field(
        default=None, description="What the bias is brought back to after each step."
    )

    @property
    def flops_each(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return bias_and_activation(self)

    def kernel(self, *shape: int) -> Weight:
        return Weight(
            "kernel",
            shape,
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )

    def bias(self, *shape: int) -> Weight:
        return Weight(
            "bias",
            shape,
            self.bias_initializer,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
        )

    def kernel_of(self, name: str, shape: tuple[int, ...], fans: tuple[int, int]) -> Weight:
        """A kernel of a part of the layer; `fans` are the numbers that go into a unit and come out of it."""
        start = spread_by(self.kernel_initializer, shape, fans)
        return replace(self.kernel(*shape), name=name, initializer=start)

    def kernel_and_bias(self, kernel: tuple[int, ...], bias: int) -> tuple[Weight, ...]:
        """The kernel, and the bias where the layer has one."""
        made = (self.kernel(*kernel),)
        return (*made, self.bias(bias)) if getattr(self, "use_bias", True) else made
