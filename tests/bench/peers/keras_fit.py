"""The same networks in Keras, trained by `fit`; its backend is that of KERAS_BACKEND."""

from __future__ import annotations

import time
from typing import Any

import keras

from tests.bench.peers.turns import BFLOAT16, TURN_SECONDS, Worker, asked
from tests.bench.peers.works import LEARNING_RATE, Op, Work


def _layer(op: Op) -> Any:
    layers, strides = keras.layers, (op.stride, op.stride)
    match op.kind:
        case "dense":
            return layers.Dense(op.size)
        case "conv" | "plain_conv":
            return layers.Conv2D(op.size, op.window, strides, "same", use_bias=op.kind == "conv")
        case "norm":
            return layers.BatchNormalization()
        case "pool":
            return layers.MaxPooling2D(2)
        case "smooth_pool":
            return layers.MaxPooling2D(3, 1, "same")
        case "flatten":
            return layers.Flatten()
        case "mean":
            return layers.GlobalAveragePooling2D()
        case "concat":
            return layers.Concatenate()
        case "add":
            return layers.Add()
        case _:
            return layers.ReLU()


def _model(work: Work) -> Any:
    values: list[Any] = []
    for op in work.ops:
        given = [values[place] for place in op.inputs]
        if op.kind == "input":
            values.append(keras.Input(work.shape))
        else:
            values.append(_layer(op)(given if len(given) > 1 else given[0]))
    return keras.Model(values[0], values[-1])


class KerasFit(Worker):
    """`fit` with accuracy, as many epochs in a call as last about a turn."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self._x, self._y = work.samples()
        self._model = _model(work)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self._model.compile(keras.optimizers.Adam(LEARNING_RATE), loss, metrics=["accuracy"])
        self._epochs = 1

    def train(self) -> int:
        epochs, start = self._epochs, time.perf_counter()
        self._model.fit(self._x, self._y, batch_size=self.work.batch, epochs=epochs, verbose=0)
        share = TURN_SECONDS / (time.perf_counter() - start)
        self._epochs = max(1, min(int(epochs * share), 2 * epochs))
        return epochs * self.work.batches

    def predict(self) -> None:
        self._model.predict_on_batch(self._x[: self.work.batch])


if __name__ == "__main__":
    if BFLOAT16:
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    KerasFit(asked()).serve()
