"""Losses of small networks over 100 steps, step by step, beside those of Keras's own fit.

Every optimizer and every loss comes in, with every kind of layer that learners meet; weights and the order of the
samples are the same, nothing is drawn at random.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from engine.data.arrays import Npz
from engine.events import StepsDone
from engine.formats.keras_h5 import save_model
from engine.graph import Graph
from engine.layers.attention import MultiHeadAttention
from engine.layers.conv import Conv1D, Conv2D
from engine.layers.core import Dense, Input, Output
from engine.layers.embedding import Embedding
from engine.layers.global_pooling import GlobalAveragePooling1D, GlobalAveragePooling2D
from engine.layers.merging import Add, Concatenate
from engine.layers.normalization import BatchNormalization, LayerNormalization
from engine.layers.pooling import AveragePooling1D, MaxPooling2D
from engine.layers.recurrent import GRU, LSTM
from engine.layers.reshaping import Flatten
from engine.layers.wrappers import Bidirectional
from engine.losses import LOSSES
from engine.model import compile_graph
from engine.optimizers import OPTIMIZERS
from engine.project import DataSettings, Project, TrainingSettings
from engine.start import Start
from engine.training import train
from tests.engine.graphs import graph

pytestmark = pytest.mark.usefixtures("compiled_in_full")

EPOCHS, STEPS, BATCH = 10, 10, 8
WITHIN = 1e-4
"""Relative; what float32 rounds differently in two programs, over 100 steps."""

Body = Callable[[], list[tuple[str, Any, list[str]]]]
"""The parts of a network from its Input to what the last layer is put on, which is called "top"."""


def _dense() -> list[tuple[str, Any, list[str]]]:
    return [("input", Input(shape=(6,)), []), ("top", Dense(units=10, activation="tanh"), ["input"])]


def _normalized() -> list[tuple[str, Any, list[str]]]:
    return [
        ("input", Input(shape=(6,)), []),
        ("dense", Dense(units=10, activation="elu"), ["input"]),
        ("top", BatchNormalization(), ["dense"]),
    ]


def _pictures() -> list[tuple[str, Any, list[str]]]:
    return [
        ("input", Input(shape=(8, 8, 2)), []),
        ("conv", Conv2D(filters=4, activation="relu"), ["input"]),
        ("pool", MaxPooling2D(), ["conv"]),
        ("top", Flatten(), ["pool"]),
    ]


def _residual() -> list[tuple[str, Any, list[str]]]:
    return [
        ("input", Input(shape=(8, 8, 2)), []),
        ("first", Conv2D(filters=3, padding="same", activation="gelu"), ["input"]),
        ("second", Conv2D(filters=3, padding="same"), ["first"]),
        ("sum", Add(), ["first", "second"]),
        ("top", GlobalAveragePooling2D(), ["sum"]),
    ]


def _series() -> list[tuple[str, Any, list[str]]]:
    return [
        ("input", Input(shape=(12, 2)), []),
        ("conv", Conv1D(filters=4, activation="silu"), ["input"]),
        ("pool", AveragePooling1D(), ["conv"]),
        ("top", Flatten(), ["pool"]),
    ]


def _lstm() -> list[tuple[str, Any, list[str]]]:
    return [("input", Input(shape=(7, 3)), []), ("top", LSTM(units=5), ["input"])]


def _gru() -> list[tuple[str, Any, list[str]]]:
    return [
        ("input", Input(shape=(7, 3)), []),
        ("top", Bidirectional(layer=GRU(units=4)), ["input"]),
    ]


def _words() -> list[tuple[str, Any, list[str]]]:
    return [
        ("input", Input(shape=(9,), dtype="int32"), []),
        ("embedding", Embedding(input_dim=20, output_dim=4), ["input"]),
        ("top", GlobalAveragePooling1D(), ["embedding"]),
    ]


def _attention() -> list[tuple[str, Any, list[str]]]:
    return [
        ("input", Input(shape=(5, 6)), []),
        ("attention", MultiHeadAttention(num_heads=2, key_dim=3), ["input", "input"]),
        ("norm", LayerNormalization(), ["attention"]),
        ("top", Flatten(), ["norm"]),
    ]


def _branches() -> list[tuple[str, Any, list[str]]]:
    return [
        ("input", Input(shape=(6,)), []),
        ("left", Dense(units=5, activation="sigmoid"), ["input"]),
        ("right", Dense(units=4, activation="softplus"), ["input"]),
        ("top", Concatenate(), ["left", "right"]),
    ]


BODIES: tuple[Body, ...] = (
    _dense, _normalized, _pictures, _residual, _series, _lstm, _gru, _words, _attention, _branches,
)  # fmt: skip

NAMES = list(OPTIMIZERS)
CASES = [(name, NAMES[i % len(NAMES)], BODIES[i % len(BODIES)]) for i, name in enumerate(LOSSES)]


def test_every_optimizer_loss_and_network_comes_in() -> None:
    assert {optimizer for _, optimizer, _ in CASES} == set(OPTIMIZERS)
    assert {loss for loss, *_ in CASES} == set(LOSSES)
    assert {body for *_, body in CASES} == set(BODIES)


def _network(body: Body, loss: str) -> Graph:
    kind = LOSSES[loss].targets
    units = 3 if kind in ("labels", "one-hot") else 1
    activation = LOSSES[loss].activation or ("softplus" if LOSSES[loss].positive else "linear")
    if loss == "cosine_similarity":
        units = 3
    answer = Dense(units=units, activation=activation)
    return graph(*body(), ("answer", answer, ["top"]), ("output", Output(loss=loss, metrics=()), ["answer"]))


def _arrays(made: Graph, loss: str) -> tuple[Any, Any]:
    rng = np.random.default_rng(5)
    (source,) = (node.layer for node in made.of_type(Input))
    assert isinstance(source, Input)
    shape = (BATCH * STEPS, *(size or 1 for size in source.shape))
    x: Any = rng.integers(0, 20, shape).astype(np.int32) if source.dtype == "int32" else rng.normal(size=shape)
    told = x.reshape(len(x), -1)[:, :3].argmax(-1)
    kind = LOSSES[loss].targets
    targets: dict[str, Any] = {
        "labels": told,
        "one-hot": np.eye(3)[told],
        "binary": (told > 0).astype(float)[:, None],
        "signs": (told > 0) * 2.0 - 1,
        "numbers": 1.0 + told[:, None] + rng.normal(size=(len(x), 3 if loss == "cosine_similarity" else 1)) / 10,
    }
    y = targets[kind] if kind != "signs" else targets[kind][:, None]
    return x.astype(source.dtype), y.astype(np.int32 if kind == "labels" else np.float32)


_UNREAD = ("Lamb",)
"""Optimizers that Keras writes into files, but does not find when it reads them."""


class _Running(keras.callbacks.Callback):
    """Keras's loss after each step: the mean over the epoch so far."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.losses.append(float(logs["loss"]))


@pytest.mark.parametrize(("loss", "optimizer", "body"), CASES, ids=lambda v: getattr(v, "__name__", v))
def test_losses_follow_those_of_keras_step_by_step(loss: str, optimizer: str, body: Body, tmp_path: Path) -> None:
    made = _network(body, loss)
    x, y = _arrays(made, loss)
    np.savez(tmp_path / "data.npz", x=x, y=y)
    settings = TrainingSettings(
        optimizer=OPTIMIZERS[optimizer](), epochs=EPOCHS, batch_size=BATCH, shuffle=False
    )  # fmt: skip
    data = DataSettings(source=Npz(path=str(tmp_path / "data.npz")), validation_split=0, test_split=0)
    model = compile_graph(made)
    weights = model.to_host(model.init(1))
    events = train(Project(made, data=data, training=settings), Start(weights))
    ours = np.concatenate([event.logs["loss"] for event in events if isinstance(event, StepsDone)])
    assert len(ours) == EPOCHS * STEPS
    running = np.cumsum(ours.reshape(EPOCHS, STEPS), axis=1) / np.arange(1, STEPS + 1)

    save_model(tmp_path / "net.h5", made, weights, settings)
    theirs, seen = keras.saving.load_model(tmp_path / "net.h5", compile=optimizer not in _UNREAD), _Running()
    if optimizer in _UNREAD:
        theirs.compile(getattr(keras.optimizers, optimizer)(), loss)
    theirs.fit(x, y, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0, callbacks=[seen])
    np.testing.assert_allclose(running.ravel(), seen.losses, rtol=WITHIN)
    assert not np.allclose(running[-1], running[0], rtol=100 * WITHIN) or optimizer in ("Adadelta", "Ftrl")
