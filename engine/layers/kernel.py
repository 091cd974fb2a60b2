"""What layers with a kernel and a bias share."""

from __future__ import annotations

from pydantic import Field

from engine.fields import ConstraintName, InitializerName, RegularizerName
from engine.layer import Weight, Weighted


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

    def kernel_and_bias(self, kernel: tuple[int, ...], bias: int) -> tuple[Weight, ...]:
        """The kernel, and the bias where the layer has one."""
        made = (self.kernel(*kernel),)
        return (*made, self.bias(bias)) if getattr(self, "use_bias", True) else made
