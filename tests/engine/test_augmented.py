"""The first part of a network by itself: what its random layers make of pictures in training."""

from __future__ import annotations

import numpy as np
import pytest

from engine.augmented import augmentations
from engine.errors import DataError
from engine.graph import Graph
from engine.grouping import group
from engine.inference import infer
from engine.layers.augmentation_colours import RandomBrightness
from engine.layers.augmentation_geometry import RandomFlip
from engine.layers.conv import Conv2D
from engine.layers.core import Dense, Input, Output
from engine.layers.preprocessing import Normalization, Rescaling
from engine.layers.reshaping import Flatten
from engine.layout import Layout
from tests.engine.graphs import graph

_PICTURES = {"x": np.random.default_rng(0).integers(0, 256, (6, 5, 4, 1)).astype(np.float32)}


def network() -> Graph:
    return graph(
        ("picture", Input(shape=(5, 4, 1)), []),
        ("flip", RandomFlip(mode="horizontal"), ["picture"]),
        ("scaled", Rescaling(scale=(0.1,)), ["flip"]),
        ("bright", RandomBrightness(value_range=(0.0, 25.5)), ["scaled"]),
        ("conv", Conv2D(filters=1), ["bright"]),
        ("again", RandomFlip(), ["conv"]),
        ("flat", Flatten(), ["again"]),
        ("dense", Dense(units=2), ["flat"]),
        ("out", Output(), ["dense"]),
    )


def test_up_to_the_last_layer_before_anything_is_learned() -> None:
    (part,) = augmentations(network())
    assert (part.input, part.names) == ("picture", ("flip", "bright"))
    before, after = part.look(_PICTURES)
    np.testing.assert_allclose(before, 0.1 * _PICTURES["x"], rtol=1e-6)
    assert after.shape == before.shape
    assert not np.array_equal(before, after)


def test_each_draw_is_another_and_the_same_one_again() -> None:
    (part,) = augmentations(network())
    first, second, once_more = (part.look(_PICTURES, number)[1] for number in (0, 1, 0))
    np.testing.assert_array_equal(first, once_more)
    assert not np.array_equal(first, second)


def test_a_flip_is_a_flip() -> None:
    made = graph(
        ("a", Input(shape=(5, 4, 1)), []),
        ("flip", RandomFlip(mode="horizontal"), ["a"]),
        ("out", Output(), ["flip"]),
    )
    (part,) = augmentations(made)
    before, after = part.look(_PICTURES)
    kept = [np.array_equal(old, new) for old, new in zip(before, after, strict=True)]
    turned = [np.array_equal(old[:, ::-1], new) for old, new in zip(before, after, strict=True)]
    assert all(one != other for one, other in zip(kept, turned, strict=True))
    assert any(turned)


def test_figures_of_layers_before_are_taken_from_the_samples() -> None:
    made = graph(
        ("a", Input(shape=(5, 4, 1)), []),
        ("norm", Normalization(), ["a"]),
        ("flip", RandomFlip(), ["norm"]),
        ("out", Output(), ["flip"]),
    )
    before, _ = augmentations(made)[0].look(_PICTURES)
    assert abs(before.mean()) < 1e-5
    assert abs(before.std() - 1) < 1e-4


def test_layers_in_a_group_count_and_networks_without_any_have_none() -> None:
    made = network()
    layout = Layout({node.id: (0.0, 100.0 * place) for place, node in enumerate(made)})
    inside, _ = group(made, infer(made), [node.id for node in made if node.name in ("flip", "scaled")], layout)
    (part,) = augmentations(inside)
    assert len(part.names) == 2
    plain = graph(("a", Input(shape=(4,)), []), ("b", Dense(), ["a"]), ("out", Output(), ["b"]))
    assert augmentations(plain) == ()


def test_pictures_that_do_not_fit_are_refused() -> None:
    (part,) = augmentations(network())
    with pytest.raises(DataError, match="picture takes 5 × 4 × 1"):
        part.look({"x": np.zeros((2, 9, 9, 1), np.float32)})
