"""Products and convolutions in PyTorch, which has them from oneDNN on a processor."""

from __future__ import annotations

from typing import Any

import torch

from tests.bench.peers.kernels import Clock, Kernel, Timed


class Torch(Clock):
    """What its automatic gradients call, too."""

    def passes(self, kernel: Kernel) -> dict[str, Timed]:
        batch, size, channels, filters, window, stride, _ = kernel
        if not window:
            x, weights, dy = torch.ones(batch, channels), torch.ones(channels, filters), torch.ones(batch, filters)
            return {
                "forward": lambda: x @ weights,
                "by input": lambda: dy @ weights.T,
                "by kernel": lambda: x.T @ dy,
            }
        x, weights = torch.ones(batch, channels, size, size), torch.ones(filters, channels, window, window)
        strides, pads, ones = [stride] * 2, [window // 2] * 2, [1, 1]
        dy = torch.ones_like(torch.conv2d(x, weights, None, strides, pads))

        def back(*wanted: bool) -> Any:
            return torch.ops.aten.convolution_backward(  # pyright: ignore
                dy, x, weights, None, strides, pads, ones, False, [0, 0], 1, [*wanted, False]
            )

        return {
            "forward": lambda: torch.conv2d(x, weights, None, strides, pads),
            "by input": lambda: back(True, False),
            "by kernel": lambda: back(False, True),
        }


if __name__ == "__main__":
    with torch.no_grad():
        Torch().serve()
