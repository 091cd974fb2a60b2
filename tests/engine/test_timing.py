"""Times of layers, measured."""

from __future__ import annotations

import pytest

from engine.errors import Cancelled
from engine.events import Progress, Result
from engine.inference import infer
from engine.layers.core import Dense, Input, Output
from engine.layers.embedding import Embedding
from engine.layers.recurrent import LSTM
from engine.layers.text import TextVectorization
from engine.templates import chain, make
from engine.timing import time_layers


def test_every_layer_that_computes_has_a_time() -> None:
    inference = infer(make("digits-two-branch").graph)
    *steps, last = time_layers(inference, 4)
    assert all(isinstance(event, Progress) for event in steps)
    assert isinstance(last, Result)
    ends = (Input, Output)
    assert last.value.keys() == {node.id for node in inference.graph if not isinstance(node.layer, ends)}
    assert all(0 < seconds < 10 for seconds in last.value.values())


def test_layers_that_are_alike_are_measured_once() -> None:
    graph, _ = chain(Input(shape=(8,)), *[Dense(units=8)] * 3, Output())
    *steps, last = time_layers(infer(graph), 4)
    assert len(steps) == 1
    assert len(last.value) == 3
    assert len(set(last.value.values())) == 1


def test_whole_numbers_reach_a_layer_as_they_are() -> None:
    graph, _ = chain(Input(shape=(6,), dtype="int32"), Embedding(input_dim=9), LSTM(units=3), Output())
    *_, last = time_layers(infer(graph), 2)
    assert len(last.value) == 2


def test_open_sizes_and_texts_have_no_time() -> None:
    open_size, _ = chain(Input(shape=(None, 4)), LSTM(units=3), Output())
    texts, _ = chain(Input(shape=(), dtype="string"), TextVectorization(vocabulary=("a", "b")), Output())
    for graph in (open_size, texts):
        assert list(time_layers(infer(graph), 2)) == [Result({})]


def test_measuring_ends_when_it_is_cancelled() -> None:
    job = time_layers(infer(make("digits-cnn").graph), 2)
    assert isinstance(next(job), Progress)
    with pytest.raises(Cancelled):
        job.throw(Cancelled())
