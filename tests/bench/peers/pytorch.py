"""The same networks in PyTorch, eager or compiled (`--compile`): a plain loop over shuffled batches."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import torch
from torch import nn

from tests.bench.peers.turns import BFLOAT16, Worker, asked
from tests.bench.peers.works import LEARNING_RATE, Op, Work


def _module(op: Op) -> Any:
    same = op.window // 2
    match op.kind:
        case "dense":
            return nn.LazyLinear(op.size)
        case "conv" | "plain_conv":
            return nn.LazyConv2d(op.size, op.window, op.stride, same, bias=op.kind == "conv")
        case "norm":
            return nn.LazyBatchNorm2d(eps=1e-3, momentum=0.01)
        case "relu":
            return nn.ReLU()
        case "pool":
            return nn.MaxPool2d(2)
        case "smooth_pool":
            return nn.MaxPool2d(3, 1, 1)
        case "flatten":
            return nn.Flatten()
        case _:
            return nn.Identity()


class Branched(nn.Module):
    """A network whose operations are not one behind the other."""

    def __init__(self, ops: list[Op]) -> None:
        super().__init__()
        self.ops, self.own = ops, nn.ModuleList(_module(op) for op in ops)

    def forward(self, x: Any) -> Any:
        values: list[Any] = []
        for op, module in zip(self.ops, self.own, strict=True):
            given = [values[place] for place in op.inputs]
            if op.kind == "input":
                value = x
            elif op.kind == "add":
                value = given[0] + given[1]
            elif op.kind == "concat":
                value = torch.cat(given, 1)
            elif op.kind == "mean":
                value = given[0].mean((2, 3))
            else:
                value = module(given[0])
            values.append(value)
        return values[-1]


def _network(ops: list[Op]) -> Any:
    chained = all(op.inputs == (place,) for place, op in enumerate(ops[1:]))
    if chained and all(op.kind != "mean" for op in ops):
        return nn.Sequential(*(_module(op) for op in ops[1:]))
    return Branched(ops)


class PyTorch(Worker):
    """A loop as PyTorch's own tutorials write it, with the fused Adam."""

    def __init__(self, work: Work, device: str, *, compiled: bool) -> None:
        self.work = work
        inputs, classes = work.samples()
        if len(work.shape) == 3:
            inputs = np.ascontiguousarray(inputs.transpose(0, 3, 1, 2))
        self._x = torch.from_numpy(inputs).to(device)
        self._y = torch.from_numpy(classes.astype(np.int64)).to(device)
        self._network = _network(work.ops).to(device)
        self._network(self._x[:2])  # which gives lazy layers their shapes
        self._adam = torch.optim.Adam(self._network.parameters(), LEARNING_RATE, fused=True)
        self._call = torch.compile(self._network) if compiled else self._network
        self._batches: list[Any] = []
        self._short = torch.autocast(device, torch.bfloat16, enabled=BFLOAT16)

    def train(self) -> int:
        if not self._batches:
            self._batches = list(torch.randperm(len(self._y), device=self._y.device).split(self.work.batch))
        numbers = self._batches.pop()
        self._network.train()
        self._adam.zero_grad()
        with self._short:
            loss = nn.functional.cross_entropy(self._call(self._x[numbers]), self._y[numbers])
        loss.backward()
        self._adam.step()
        loss.item()
        return 1

    def predict(self) -> None:
        self._network.eval()
        with torch.inference_mode(), self._short:
            self._call(self._x[: self.work.batch]).float().cpu().numpy()


if __name__ == "__main__":
    where = "cuda" if "--gpu" in sys.argv else "cpu"
    PyTorch(asked(), where, compiled="--compile" in sys.argv).serve()
