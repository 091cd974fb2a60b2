"""Small networks with data of their own: one click from Train."""

from __future__ import annotations

from engine.data.builtin import Diabetes, Digits, Iris
from engine.layers.conv import Conv2D
from engine.layers.core import Dense, Input, Output
from engine.layers.merging import Concatenate
from engine.layers.pooling import MaxPooling2D
from engine.layers.preprocessing import Normalization, Rescaling
from engine.layers.regularization import Dropout
from engine.layers.reshaping import Flatten
from engine.optimizers import Adam
from engine.project import DataSettings, Project, TrainingSettings
from engine.templates.build import Build, chain
from engine.templates.template import Template


def _digits_cnn() -> Project:
    graph, _ = chain(
        Input(shape=(8, 8, 1)),
        Rescaling(scale=(1 / 16,)),
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
    graph, trunk = chain(Input(shape=(8, 8, 1)), Rescaling(scale=(1 / 16,)))
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


def _digits_mlp() -> Project:
    graph, _ = chain(
        Input(shape=(8, 8, 1)),
        Rescaling(scale=(1 / 16,)),
        Flatten(),
        Dense(units=128, activation="relu"),
        Dense(units=64, activation="relu"),
        Dense(units=10, activation="softmax"),
        Output(),
    )
    return Project(graph, data=DataSettings(source=Digits()), training=TrainingSettings(epochs=30))


def _digits_lstm() -> Project:
    net = Build()
    x = net("Input", shape=(8, 8, 1))
    x = net("Rescaling", x, scale=1 / 16)
    x = net("Reshape", x, target_shape=(8, 8), name="rows")
    x = net("LSTM", x, units=64)
    x = net("Dense", x, units=10, activation="softmax")
    net("Output", x)
    return Project(net.graph, data=DataSettings(source=Digits()), training=TrainingSettings(epochs=30))


def _autoencoder() -> Project:
    """Its Output has the name of a feature, which is so its own target."""
    net = Build()
    x = net("Input", shape=(8, 8, 1), name="digit")
    x = net("Flatten", x)
    x = net("Dense", x, units=32, activation="relu", name="encoder")
    x = net("Dense", x, units=8, activation="relu", name="code")
    x = net("Dense", x, units=32, activation="relu", name="decoder")
    x = net("Dense", x, units=64)
    x = net("Reshape", x, target_shape=(8, 8, 1))
    net("Output", x, name="x", loss="mean_squared_error", metrics=("mae",))
    return Project(net.graph, data=DataSettings(source=Digits()), training=TrainingSettings(epochs=40))


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


STARTERS: tuple[Template, ...] = (
    Template("digits-cnn", "Digits, convolutional", "Reads handwritten digits.", _digits_cnn),
    Template("digits-two-branch", "Digits, two branches", "Two kernel sizes, concatenated.", _digits_two_branch),
    Template("digits-mlp", "Digits, dense", "A multilayer perceptron on the pixels of digits.", _digits_mlp),
    Template("digits-lstm", "Digits, row by row", "An LSTM that reads a digit from top to bottom.", _digits_lstm),
    Template(
        "digits-autoencoder", "Digits, autoencoder", "Squeezes a digit into eight numbers and back.", _autoencoder
    ),
    Template("iris-mlp", "Iris, dense", "Tells three kinds of iris apart.", _iris_mlp),
    Template("diabetes-regression", "Diabetes, regression", "Foretells a number.", _diabetes_regression),
)
