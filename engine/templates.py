"""Ready projects to start from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.data.builtin import Diabetes, Digits, Iris
from engine.errors import LayerloomError
from engine.graph import Graph
from engine.layer import Layer
from engine.layers.conv import Conv2D
from engine.layers.core import Dense, Input, Output
from engine.layers.merging import Concatenate
from engine.layers.pooling import MaxPooling2D
from engine.layers.preprocessing import Normalization, Rescaling
from engine.layers.regularization import Dropout
from engine.layers.reshaping import Flatten
from engine.optimizers import Adam
from engine.project import DataSettings, Project, TrainingSettings


@dataclass(frozen=True)
class Template:
    """A ready project: what it is called, what it shows, and how it is made."""

    name: str
    title: str
    description: str
    make: Callable[[], Project]


def chain(*layers: Layer, graph: Graph | None = None, after: str | None = None) -> tuple[Graph, str]:
    """A graph (or a longer one) with layers wired one behind the other; also the identifier of the last."""
    graph, last = graph or Graph(), after
    for layer in layers:
        node = graph.new_node(layer)
        graph = graph.add(node)
        graph = graph if last is None else graph.connect(last, node.id)
        last = node.id
    assert last is not None
    return graph, last


def _digits_cnn() -> Project:
    graph, _ = chain(
        Input(shape=(8, 8, 1)),
        Rescaling(scale=1 / 16),
        Conv2D(filters=32, kernel_size=(3, 3), padding="same", activation="relu"),
        MaxPooling2D(),
        Conv2D(filters=64, kernel_size=(3, 3), padding="same", activation="relu"),
        MaxPooling2D(),
        Flatten(),
        Dense(units=64, activation="relu"),
        Dropout(rate=0.3),
        Dense(units=10, activation="softmax"),
        Output(),
    )
    return Project(graph, data=DataSettings(source=Digits()), training=TrainingSettings(epochs=30))


def _digits_two_branch() -> Project:
    graph, trunk = chain(Input(shape=(8, 8, 1)), Rescaling(scale=1 / 16))
    graph, rows = chain(
        Conv2D(filters=16, kernel_size=(3, 3), padding="same", activation="relu"),
        MaxPooling2D(),
        graph=graph,
        after=trunk,
    )
    graph, columns = chain(
        Conv2D(filters=16, kernel_size=(5, 5), padding="same", activation="relu"),
        MaxPooling2D(),
        graph=graph,
        after=trunk,
    )
    graph, joined = chain(Concatenate(), graph=graph, after=rows)
    graph = graph.connect(columns, joined)
    graph, _ = chain(
        Flatten(),
        Dense(units=64, activation="relu"),
        Dropout(rate=0.3),
        Dense(units=10, activation="softmax"),
        Output(),
        graph=graph,
        after=joined,
    )
    return Project(graph, data=DataSettings(source=Digits()), training=TrainingSettings(epochs=30))


def _iris_mlp() -> Project:
    graph, _ = chain(
        Input(shape=(4,)),
        Normalization(),
        Dense(units=16, activation="relu"),
        Dense(units=16, activation="relu"),
        Dense(units=3, activation="softmax"),
        Output(),
    )
    training = TrainingSettings(epochs=60, batch_size=16, optimizer=Adam(learning_rate=0.005))
    return Project(graph, data=DataSettings(source=Iris()), training=training)


def _diabetes_regression() -> Project:
    graph, _ = chain(
        Input(shape=(10,)),
        Normalization(),
        Dense(units=32, activation="relu"),
        Dense(units=16, activation="relu"),
        Dense(units=1),
        Output(loss="mean_squared_error", metrics=("mae",)),
    )
    training = TrainingSettings(epochs=60, batch_size=32, optimizer=Adam(learning_rate=0.005))
    return Project(graph, data=DataSettings(source=Diabetes()), training=training)


TEMPLATES: dict[str, Template] = {
    template.name: template
    for template in (
        Template("digits-cnn", "Digits, convolutional", "Reads handwritten digits.", _digits_cnn),
        Template(
            "digits-two-branch", "Digits, two branches", "Two kernel sizes, concatenated.", _digits_two_branch
        ),
        Template("iris-mlp", "Iris, dense", "Tells three kinds of iris apart.", _iris_mlp),
        Template("diabetes-regression", "Diabetes, regression", "Foretells a number.", _diabetes_regression),
    )
}
"""Every template by the name that `layerloom new` takes."""


def make(name: str) -> Project:
    """The project of a template; raises `LayerloomError` for a name that there is none of."""
    if name not in TEMPLATES:
        raise LayerloomError(f"There is no template {name!r}; there are {', '.join(TEMPLATES)}.")
    return TEMPLATES[name].make()
