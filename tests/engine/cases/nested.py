"""Cases of the layers in `engine/layers/nested.py`."""

from engine.layers.core import Dense, Input, Output
from engine.layers.merging import Add, Concatenate
from engine.layers.normalization import BatchNormalization
from engine.layers.regularization import Dropout
from tests.engine.cases.case import Case, case
from tests.engine.graphs import graph

_END = Output(loss=None, metrics=())

_CHAIN = graph(
    ("in", Input(shape=(5,)), []),
    ("one", Dense(units=4, activation="relu"), ["in"]),
    ("norm", BatchNormalization(), ["one"]),
    ("two", Dense(units=3, activation="softmax"), ["norm"]),
    ("out", _END, ["two"]),
)

_SEVERAL = graph(
    ("left", Input(shape=(4,)), []),
    ("right", Input(shape=(4,)), []),
    ("shared", Dense(units=4), ["left"]),
    ("again", Dense(units=4), ["right"]),
    ("sum", Add(), ["shared", "again"]),
    ("all", Concatenate(), ["left", "sum"]),
    ("sum_out", _END, ["sum"]),
    ("all_out", _END, ["all"]),
    shares={"again": "shared"},
)

_OPEN = graph(
    ("in", Input(shape=(None, 3)), []),
    ("norm", BatchNormalization(trainable=False), ["in"]),
    ("drop", Dropout(), ["norm"]),
    ("dense", Dense(units=2), ["drop"]),
    ("out", _END, ["dense"]),
)

CASES: tuple[Case, ...] = (
    case("Functional", (5,), graph=_CHAIN),
    case("Functional", (4,), (4,), graph=_SEVERAL),
    case("Functional", (7, 3), graph=_OPEN),
    case("Functional", (5,), graph=_CHAIN, trainable=False),
    case("Functional", (64,)),
)
