"""Exercise 20 of those that introductions to Keras share: a ready architecture, its last layer replaced, the rest
frozen, as Keras trains it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from engine.data.arrays import Npz
from engine.events import EpochDone, Event
from engine.formats import models
from engine.freezing import before, with_trainable
from engine.graph import Graph
from engine.layers.core import Output
from engine.project import DataSettings, Project, TrainingSettings
from engine.start import Start
from engine.training import train
from engine.transfer import carried_over
from tests.engine.test_applications import application

CLASSES, SAMPLES = 3, 24


def _head(made: Graph) -> str:
    """The last layer with weights, which names the classes."""
    (output,) = made.of_type(Output)
    (edge,) = made.incoming(output.id)
    return edge.source


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "name",
    [
        "MobileNetV2",
        *(pytest.param(n, marks=pytest.mark.exhaustive) for n in ("VGG16", "ResNet50", "InceptionV3", "Xception")),
    ],
)
def test_exercise_20(name: str, tmp_path: Path) -> None:
    keras.utils.clear_session()
    theirs = application(name)
    theirs.save(tmp_path / "ready.keras")

    opened = models.load(tmp_path / "ready.keras")
    head = _head(opened.graph)
    (output,) = opened.graph.of_type(Output)
    assert isinstance(output.layer, Output)
    assert output.layer.loss is None  # Keras was not told one yet
    made = opened.graph.set_layer(head, opened.graph[head].layer.replace(units=CLASSES))
    made = made.set_layer(output.id, Output(loss="sparse_categorical_crossentropy"))
    made = with_trainable(made, before(made, [head]), False)
    carried = carried_over(opened.graph, opened.weights, made, seed=0)
    assert [left.layer for left in carried.left] == [made[head].name]

    # Numbers up to 1 keep the softmax away from 0 and 1, where Keras on JAX clips it and has no gradient.
    rng = np.random.default_rng(3)
    x = rng.uniform(0, 1, (SAMPLES, *theirs.input_shape[1:])).astype(np.float32)
    y = rng.integers(0, CLASSES, SAMPLES)
    x += 0.1 * y[:, None, None, None].astype(np.float32)
    np.savez(tmp_path / "data.npz", x=x, y=y)
    settings = TrainingSettings(epochs=3, batch_size=8, shuffle=False)
    data = DataSettings(source=Npz(path=str(tmp_path / "data.npz")), validation_split=0, test_split=0)
    events: list[Event] = list(train(Project(made, data=data, training=settings), Start(carried.weights)))

    frozen = keras.Model(theirs.input, theirs.layers[-2].output)
    frozen.trainable = False
    answer = keras.layers.Dense(CLASSES, activation="softmax")
    model = keras.Model(frozen.input, answer(frozen.output))
    answer.set_weights(list(carried.weights[head].values()))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    expected = model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0).history

    logs = [event.logs for event in events if isinstance(event, EpochDone)]
    ours: dict[str, Any] = {key: [log[key] for log in logs] for key in expected}
    for key, figures in expected.items():
        np.testing.assert_allclose(ours[key], figures, rtol=1e-4, err_msg=key)
    last = [event for event in events if isinstance(event, EpochDone)][-1]
    for key, arrays in opened.weights.items():
        for weight, array in arrays.items():
            assert key == head or np.array_equal(last.weights[key][weight], array), (key, weight)
    for one, other in zip(last.weights[head].values(), answer.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_exercise_20_is_written_as_a_course_writes_it() -> None:
    from engine.formats.keras_code import keras_code
    from engine.templates import make

    project = make("vgg16")
    head = _head(project.graph)
    made = with_trainable(project.graph, before(project.graph, [head]), False)
    code = keras_code(replace(project, graph=made), style="functional")
    assert code.count("trainable=False") == len(before(project.graph, [head]))
