"""Random changes of pictures: what is drawn keeps to its limits, what is drawn does what it does in Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

from engine.layer import Layer
from engine.layers.augmentation import Parameters, RandomPictures
from engine.layers.augmentation_colours import (
    RandomBrightness,
    RandomContrast,
    RandomGrayscale,
    RandomPosterization,
)
from engine.layers.augmentation_geometry import RandomCrop, RandomFlip, RandomRotation, RandomShear, RandomZoom
from engine.layers.augmentation_mixed import AugMix, RandAugment, RandomColorJitter
from engine.layers.equalization import ContrastLimitedAdaptiveHistogramEqualization
from engine.op import Context
from tests.engine.cases.augmentation import CASES
from tests.engine.cases.case import Case
from tests.engine.layer_cases import close
from tests.engine.test_layers import unbuilt

Translated = Callable[[Any, RandomPictures, Parameters, tuple[int, ...]], Any]

RANDOM = [case for case in CASES if isinstance(case.layer, RandomPictures)]
MIXED = (RandomColorJitter, RandAugment, AugMix)
SIMPLE = [case for case in RANDOM if not isinstance(case.layer, MIXED)]
EACH_MIXED = list({case.type: case for case in RANDOM if isinstance(case.layer, MIXED)}.values())
"""One of each kind of those that hold others, which take long to compile."""

over_random = pytest.mark.parametrize("case", RANDOM, ids=str)


def pictures(case: Case, batch: int = 12) -> jax.Array:
    """Pictures larger than the battery's, in the range that the layer expects."""
    channels = case.inputs[0][-1]
    low, high = getattr(case.layer, "value_range", (0.0, 255.0))
    values = np.random.default_rng(3).uniform(low, high, (batch, 9, 11, channels))
    return jnp.asarray(values, "float32")


# What Keras calls the parameters that we draw, where its names or their meaning differ


def _rotation(theirs: Any, ours: RandomPictures, drawn: Parameters, shape: tuple[int, ...]) -> Any:
    zero = jnp.zeros(shape[0])
    degrees = drawn["angle"] * (180 / np.pi)
    places = {"center_x": 0.5, "center_y": 0.5, "translate_x": zero, "translate_y": zero, "scale": zero + 1}
    size = {"height": shape[1], "width": shape[2]}
    matrix = theirs._compute_affine_matrix(angle=degrees, shear_x=zero, shear_y=zero, **places, **size)
    return {"rotation_matrix": matrix}


def _perspective(theirs: Any, ours: RandomPictures, drawn: Parameters, shape: tuple[int, ...]) -> Any:
    right, bottom = shape[2] - 1.0, shape[1] - 1.0
    start = jnp.tile(jnp.asarray([[[0, 0], [right, 0], [0, bottom], [right, bottom]]]), (shape[0], 1, 1))
    end = start + start * drawn["corners"]
    return {"apply_perspective": drawn["apply_perspective"], "start_points": start, "end_points": end}


TRANSLATED: dict[str, Translated] = {
    "RandomRotation": _rotation,
    "RandomPerspective": _perspective,
    "RandomCrop": lambda theirs, ours, drawn, shape: (drawn["top"], drawn["left"]),
    "RandomGrayscale": lambda theirs, ours, drawn, shape: drawn["should_apply"],
    "RandomElasticTransform": lambda theirs, ours, drawn, shape: {**drawn, "seed": 7},
}


def drawn(layer: RandomPictures, shape: tuple[int, ...], seed: int = 0) -> dict[str, Any]:
    found = dict(jax.jit(layer.draw, static_argnums=1)(jax.random.key(seed), shape))
    if "noise" in found:  # that which Keras draws from the seed 7
        found["noise"] = jax.random.normal(jnp.asarray([7, 0], "uint32"), shape[:3])
    return found


def changed_by_keras(layer: RandomPictures, theirs: Any, found: Parameters, images: jax.Array) -> Any:
    translate = TRANSLATED.get(layer.type_name(), lambda theirs, ours, drawn, shape: drawn)

    def changed(found: Parameters, images: jax.Array) -> Any:
        transformation = translate(theirs, layer, found, images.shape)
        return theirs.transform_images(images, transformation, training=True)

    if layer.type_name() in ("RandomCrop", "RandomElasticTransform"):  # which take drawn numbers for Python's own
        return changed(found, images)
    return jax.jit(changed)(found, images)


@pytest.mark.parametrize("case", SIMPLE, ids=str)
def test_pictures_are_changed_as_in_keras(case: Case) -> None:
    layer, images = case.layer, pictures(case)
    assert isinstance(layer, RandomPictures)
    found = drawn(layer, images.shape)
    # Code without any optimization finds a place twice and rounds it in two ways: a point may be that beside it.
    ours = jax.jit(layer.transform, compiler_options={"xla_backend_optimization_level": 1})(images, found)
    # Points between others: a place is rounded at 1e-6 of the size, which neighbours that differ by 255 make 1e-3.
    span = getattr(layer, "value_range", (0.0, 255.0))[1]
    close(ours, changed_by_keras(layer, unbuilt(layer), found, images), rtol=1e-4, atol=2e-5 * span)
    if case.settings and case.type not in ("RandomGrayscale", "RandomCrop"):
        assert not np.allclose(ours, images)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=str(case), marks=[] if case in SIMPLE + EACH_MIXED else pytest.mark.exhaustive)
        for case in RANDOM
    ],
)
def test_what_training_computes_is_jitted_and_random(case: Case) -> None:
    layer, images = case.layer, pictures(case)

    def applied(images: jax.Array, seed: int) -> jax.Array:
        return layer.apply({}, images, ctx=Context(training=True, key=jax.random.key(seed)))

    compiled = jax.jit(applied)
    first = compiled(images, 0)
    assert first.dtype == jnp.float32
    assert first.shape == (len(images), *layer.output_shape(images.shape[1:]))
    assert np.isfinite(first).all()
    assert (compiled(images, 0) == first).all()
    still = case.type in ("RandomShear", "RandomColorJitter", "Solarization") and not case.settings
    if not still and len({np.asarray(compiled(images, seed)).tobytes() for seed in range(6)}) == 1:
        assert case.type == "RandomGrayscale"  # of pictures without colour


@over_random
def test_without_a_key_nothing_happens_in_training(case: Case) -> None:
    layer, images = case.layer, pictures(case)
    for ctx in (Context(training=True), Context(training=False, key=jax.random.key(0))):
        assert (layer.apply({}, images, ctx=ctx) == layer.op()({}, images)).all()


# Layers that hold others


def _part(layer: Layer, key: jax.Array, theirs: Any, images: jax.Array) -> Any:
    """What Keras's part makes of what ours draws from a key."""
    if isinstance(layer, RandomPictures):
        return changed_by_keras(layer, theirs, drawn_with(layer, key, images), images)
    return theirs.transform_images(images, None, training=True)


def drawn_with(layer: RandomPictures, key: jax.Array, images: jax.Array) -> Parameters:
    return layer.draw(key, images.shape)


@pytest.mark.parametrize("case", [case for case in RANDOM if case.type == "RandomColorJitter"], ids=str)
def test_jitter_is_that_of_the_four_layers(case: Case) -> None:
    layer, images = case.layer, pictures(case)
    assert isinstance(layer, RandomColorJitter)
    theirs, keys = unbuilt(layer), layer.draw(jax.random.key(1), images.shape)
    expected = images
    for name, part in layer.parts().items():
        expected = _part(part, keys[name], getattr(theirs, name), expected)
    close(jax.jit(layer.transform)(images, keys), expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_rand_augment_applies_what_it_chose(seed: int) -> None:
    layer = RandAugment(num_ops=3, factor=0.4)
    images = pictures(Case("RandAugment", {}, ((None, None, 3),)))
    theirs, found = unbuilt(layer), layer.draw(jax.random.key(seed), images.shape)
    assert list(layer.parts()) == theirs._AUGMENT_LAYERS
    expected, parts = images, list(layer.parts().items())
    for number in np.asarray(found["layer_idxes"]):
        name, part = parts[number]
        expected = _part(part, found["keys"][number], getattr(theirs, name), expected)
    close(jax.jit(layer.transform)(images, found), expected, rtol=1e-4, atol=5e-3)


@pytest.mark.parametrize("all_ops", [True, False])
def test_aug_mix_mixes_chains(all_ops: bool) -> None:
    layer = AugMix(num_chains=2, chain_depth=2, all_ops=all_ops)
    images = pictures(Case("AugMix", {}, ((None, None, 3),)))
    theirs, found = unbuilt(layer), layer.draw(jax.random.key(4), images.shape)
    assert set(layer.parts()) == set(theirs._augment_layers)
    parts, mixed = list(layer.parts().items()), jnp.zeros_like(images)
    for chain, weight in enumerate(found["chain_mixing_weights"]):
        one = images
        for number, key in zip(np.asarray(found["choices"][chain]), found["keys"][chain], strict=True):
            if number < len(parts):
                name, part = parts[number]
                one = _part(part, key, getattr(theirs, name), one)
        mixed += weight * one
    share = found["weight_sample"]
    expected = jnp.clip(share * images + (1 - share) * mixed, 0, 255)
    close(jax.jit(layer.transform)(images, found), expected, rtol=1e-4, atol=5e-3)
    assert float(found["chain_mixing_weights"].sum()) == pytest.approx(1.0, abs=1e-6)


def test_random_numbers_of_parts_are_told_apart_in_files() -> None:
    for layer in (RandomColorJitter(hue_factor=0.1), RandAugment(), AugMix(), AugMix(all_ops=False)):
        theirs = unbuilt(layer)
        for path in layer.seed_generators():
            found: Any = theirs
            for name in path.split("/"):
                found = getattr(found, name)
            assert isinstance(found, keras.random.SeedGenerator)
        states = [variable for variable in theirs.variables if "seed" in variable.path]
        assert len(states) == len(layer.seed_generators())


# What is drawn


@pytest.mark.parametrize("case", SIMPLE, ids=str)
def test_draws_are_spread_like_those_of_keras(case: Case) -> None:
    """Mean and deviation of each parameter, over many pictures, within five deviations of Keras's."""
    layer, batch = case.layer, 4000
    assert isinstance(layer, RandomPictures)
    theirs: Any = unbuilt(layer)
    if isinstance(theirs, keras.layers.RandomErasing) and isinstance(theirs.fill_value, list | tuple):
        pytest.skip("Keras on JAX cannot fill with a colour: its full_like takes single numbers")
    images = jnp.zeros((batch, 6, 7, case.inputs[0][-1] or 1))
    other = theirs.get_random_transformation(images, training=True, seed=keras.random.SeedGenerator(5))
    found = dict(layer.draw(jax.random.key(5), images.shape))
    if not isinstance(other, dict) or case.type in ("RandomRotation", "RandomPerspective"):
        pytest.skip("draws other quantities than Keras: tested by themselves")
    shared = found.keys() & other.keys()
    assert shared
    for name in shared:
        a, b = (np.asarray(part[name], "float64") for part in (found, other))
        if a.size < batch:  # one draw for a whole batch
            continue
        a, b = (part.reshape(batch, -1)[:, 0] for part in np.broadcast_arrays(a, b))
        assert abs(a.mean() - b.mean()) <= 5 * np.hypot(a.std(), b.std()) / batch**0.5 + 1e-9, name
        assert abs(a.std() - b.std()) <= 0.1 * max(a.std(), b.std()) + 1e-9, name


def test_turns_and_corners_lie_anywhere_within_their_limits() -> None:
    angle = np.asarray(RandomRotation(factor=(-0.1, 0.3)).draw(jax.random.key(0), (4000, 8, 8, 1))["angle"])
    turn = 2 * np.pi
    assert -0.1 * turn <= angle.min() < -0.09 * turn
    assert 0.29 * turn < angle.max() <= 0.3 * turn
    assert abs(angle.mean() - 0.1 * turn) < 5 * 0.4 * turn / 12**0.5 / 4000**0.5


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_the_share_of_grey_pictures_is_the_factor(share: float) -> None:
    drawn = RandomGrayscale(factor=share).draw(jax.random.key(0), (5000, 8, 8, 3))["should_apply"]
    assert abs(float(drawn.mean()) - share) < 5 * (share * (1 - share) / 5000) ** 0.5


def test_windows_are_cut_out_anywhere_the_same_for_a_batch() -> None:
    layer = RandomCrop(height=3, width=4)
    images = jnp.arange(6 * 6.0).reshape(1, 6, 6, 1).repeat(2, 0)
    found: set[tuple[int, int]] = set()
    cut = jax.jit(lambda seed: layer.apply({}, images, ctx=Context(training=True, key=jax.random.key(seed))))
    for seed in range(120):
        first, second = cut(seed)[..., 0]
        assert (first == second).all()
        top, left = divmod(int(first[0, 0]), 6)
        assert (first == images[0, top : top + 3, left : left + 4, 0]).all()
        found.add((top, left))
    assert found == {(top, left) for top in range(4) for left in range(3)}


@pytest.mark.parametrize("size", [(3, 9), (9, 3), (4, 4), (3, 3), (5, 4)])
def test_pictures_too_small_to_cut_are_resized_as_in_keras(size: tuple[int, int]) -> None:
    layer, images = RandomCrop(height=4, width=4), jnp.asarray(np.random.default_rng(0).random((2, *size, 3)))
    theirs = keras.layers.RandomCrop(4, 4)
    ours = layer.apply({}, images, ctx=Context(training=True, key=jax.random.key(0)))
    close(ours, theirs(images, training=True), atol=1e-5)


def test_a_crop_at_inference_is_what_keras_documents() -> None:
    """Its version 3.15 gives pictures of another shape than it declares: keras#21868."""
    images = np.random.default_rng(0).random((2, 9, 7, 3)).astype("float32")
    theirs = keras.layers.RandomCrop(4, 5)
    assert theirs(images, training=False).shape == images.shape
    assert theirs.compute_output_shape(images.shape) == (2, 4, 5, 3)
    ours = RandomCrop(height=4, width=5).apply({}, jnp.asarray(images), ctx=Context())
    close(ours, keras.preprocessing.image.smart_resize(images, (4, 5)))


# Settings


def test_one_number_stands_for_a_range_as_in_keras() -> None:
    assert RandomRotation(factor=0.2).factor == (-0.2, 0.2)  # pyright: ignore[reportArgumentType]
    assert RandomContrast(factor=0.2).factor == (0, 0.2)  # pyright: ignore[reportArgumentType]
    assert RandomPosterization(factor=5).factor == (1, 5)  # pyright: ignore[reportArgumentType]
    assert RandomBrightness(factor=(0.3, -0.1)).factor == (-0.1, 0.3)
    for cls, value in (
        (RandomRotation, 1.5),
        (RandomContrast, -0.1),
        (RandomPosterization, 9),
        (RandomFlip, "up"),
    ):
        with pytest.raises(ValueError, match=r"must be|should be"):
            cls.model_validate({"mode" if cls is RandomFlip else "factor": value})
    for cls, settings in (
        (RandomZoom, {"height_factor": -1}),
        (RandomShear, {"x_factor": (-0.2, 0.1)}),
        (RandomBrightness, {"value_range": (1, 1)}),
    ):
        with pytest.raises(ValueError, match="must be"):
            cls.model_validate(settings)


def test_keras_opens_the_shear_that_it_could_not_open_itself() -> None:
    theirs = keras.layers.RandomShear(0.2)
    with pytest.raises((ValueError, TypeError), match="in the range"):
        keras.layers.RandomShear.from_config(theirs.get_config())
    assert unbuilt(RandomShear.model_validate({"x_factor": (-0.2, 0.2)})).x_factor == (-0.2, 0.2)  # pyright: ignore


def test_whole_numbers_are_equalized_as_in_keras_up_to_one_level() -> None:
    """The result is cut off to whole numbers, which turns the last bit of a sum into a level."""
    images = np.random.default_rng(0).integers(0, 256, (2, 16, 12, 3)).astype("uint8")
    layer = ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(2, 3))
    ours, theirs = (np.asarray(f(images)) for f in (lambda x: layer.apply({}, x, ctx=Context()), unbuilt(layer)))
    assert ours.dtype == theirs.dtype == np.uint8
    assert np.abs(ours.astype(int) - theirs.astype(int)).max() <= 1
