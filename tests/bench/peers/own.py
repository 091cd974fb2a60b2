"""The same networks as graphs of this program, trained by `train` with all that it does beside the steps."""

from __future__ import annotations

import tempfile
from pathlib import Path

import jax
import numpy as np

from engine.data.arrays import Npz
from engine.events import Compiled, StepsDone
from engine.graph import Graph
from engine.layer import Layer
from engine.layers.conv import Conv2D
from engine.layers.core import Activation, Dense, Input, Output
from engine.layers.global_pooling import GlobalAveragePooling2D
from engine.layers.merging import Add, Concatenate
from engine.layers.normalization import BatchNormalization
from engine.layers.pooling import MaxPooling2D
from engine.layers.reshaping import Flatten
from engine.model import compile_graph
from engine.optimizers import Adam
from engine.project import DataSettings, Project, TrainingSettings
from engine.training import train
from tests.bench.peers.turns import BFLOAT16, Worker, asked
from tests.bench.peers.works import LEARNING_RATE, Op, Work
from tests.engine.graphs import graph


def _layer(op: Op) -> Layer:
    strides = (op.stride, op.stride)
    match op.kind:
        case "dense":
            return Dense(units=op.size)
        case "conv" | "plain_conv":
            window = (op.window, op.window)
            return Conv2D(
                filters=op.size, kernel_size=window, strides=strides, padding="same", use_bias=op.kind == "conv"
            )
        case "norm":
            return BatchNormalization()
        case "pool":
            return MaxPooling2D()
        case "smooth_pool":
            return MaxPooling2D(pool_size=(3, 3), strides=(1, 1), padding="same")
        case "flatten":
            return Flatten()
        case "mean":
            return GlobalAveragePooling2D()
        case "concat":
            return Concatenate()
        case "add":
            return Add()
        case _:
            return Activation(activation="relu")


def graph_of(work: Work) -> Graph:
    """The network of a work, with a softmax behind it."""
    parts: list[tuple[str, Layer, list[str]]] = [("x", Input(shape=work.shape), [])]
    names = ["x"]
    for place, op in enumerate(work.ops[1:], 1):
        names.append(f"op{place}")
        parts.append((names[-1], _layer(op), [names[before] for before in op.inputs]))
    parts.append(("share", Activation(activation="softmax"), [names[-1]]))
    loss = "sparse_categorical_crossentropy"
    return graph(*parts, ("y", Output(loss=loss, metrics=("accuracy",)), ["share"]))


class Own(Worker):
    """`train`, whose events are taken as a window would take them."""

    def __init__(self, work: Work) -> None:
        self.work = work
        made, (inputs, classes) = graph_of(work), work.samples()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "samples.npz")
            np.savez(path, x=inputs, y=classes)
            data = DataSettings(source=Npz(path=str(path)), validation_split=0, test_split=0)
            optimizer = Adam(learning_rate=LEARNING_RATE)
            training = TrainingSettings(
                optimizer=optimizer,
                batch_size=work.batch,
                epochs=1_000_000,
                precision="mixed_bfloat16" if BFLOAT16 else "float32",
            )
            self._events = train(Project(made, data=data, training=training))
            self._memory, self._step = self._compiled(), 0
        self._model = compile_graph(made, precision=training.precision)
        self._variables, self._batch = self._model.init(0), inputs[: work.batch]

    def _compiled(self) -> int | None:
        for event in self._events:
            if isinstance(event, Compiled):
                return event.cost.memory if event.cost else None
        raise AssertionError("a run that compiles nothing")

    def train(self) -> int:
        before = self._step
        for event in self._events:
            if isinstance(event, StepsDone):
                self._step = event.step
                break
        return self._step - before

    def predict(self) -> None:
        for value in self._model.predict(self._variables, {"x": self._batch}).values():
            np.asarray(value)

    def memory(self) -> int | None:
        return self._memory

    def device(self) -> str:
        (first, *_) = jax.devices()
        return f"{first.platform}: {first.device_kind}"


if __name__ == "__main__":
    Own(asked()).serve()
