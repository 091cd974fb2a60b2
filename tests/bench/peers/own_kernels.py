"""Products and convolutions as this program trains with them."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from engine.backend import compiler_options
from engine.ops.conv import convolution_for_training
from engine.ops.core import dense_for_training
from tests.bench.peers.kernels import Clock, Kernel, Timed


class Own(Clock):
    """What XLA compiles of them, with the options of a step."""

    def passes(self, kernel: Kernel) -> dict[str, Timed]:
        batch, size, channels, filters, window, stride, _ = kernel
        by_window = partial(convolution_for_training, strides=(stride, stride), padding="same")

        def forward(x: Any, weights: Any) -> Any:
            return by_window(x, weights) if window else dense_for_training(x, weights)

        x = jnp.ones((batch, size, size, channels) if window else (batch, channels))
        weights = jnp.ones((window, window, channels, filters) if window else (channels, filters))
        dy = jnp.ones_like(forward(x, weights))

        def ready(run: Any, *given: Any) -> Timed:
            compiled = jax.jit(run, compiler_options=compiler_options()).lower(*given).compile()
            return lambda: compiled(*given).block_until_ready()

        by_input = lambda x, weights, dy: jax.vjp(partial(forward, weights=weights), x)[1](dy)[0]  # noqa: E731
        by_kernel = lambda x, weights, dy: jax.vjp(partial(forward, x), weights)[1](dy)[0]  # noqa: E731
        return {
            "forward": ready(forward, x, weights),
            "by input": ready(by_input, x, weights, dy),
            "by kernel": ready(by_kernel, x, weights, dy),
        }


if __name__ == "__main__":
    Own().serve()
