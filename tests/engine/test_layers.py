"""The conformance battery: every layer, with several settings, against JAX's shapes and Keras's numbers."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

from engine.errors import ShapeError
from engine.fields import describe
from engine.formats.keras_layers import layer_entry
from engine.formats.keras_program import Program
from engine.layer import Layer
from engine.layers.core import Input
from engine.layers.normalization import BatchNormalization
from engine.layers.preprocessing import Normalization
from engine.layers.regularization import Dropout
from engine.op import Context
from engine.registry import LAYERS
from engine.shapes import Shape
from tests.engine.layer_cases import CASES, COMPUTING, Array, Case, close, family_of, inputs_of, weights_of

over_all = pytest.mark.parametrize("case", CASES, ids=str)
over_computing = pytest.mark.parametrize("case", COMPUTING, ids=str)
EACH_LAYER = list({case.type: case for case in COMPUTING}.values())
EACH_FAMILY = list({family_of(case): case for case in EACH_LAYER}.values())

over_types = pytest.mark.parametrize("cls", LAYERS.values(), ids=list(LAYERS))


def keras_layer(case: Case) -> keras.Layer:
    """The layer as Keras has it, built, with the weights of `weights_of`."""
    layer = unbuilt(case.layer)
    call(case.layer, layer, [keras.KerasTensor((None, *shape), case.dtype) for shape in case.inputs])
    weights = weights_of(case.layer, *case.inputs)
    own = case.layer.weights(*case.inputs)
    if getattr(case.layer, "trainable", True):  # a frozen layer lists its weights as they come
        own = sorted(own, key=lambda weight: not weight.trainable)
    order = [weight.name for weight in own]
    variables = [*layer.trainable_variables, *layer.non_trainable_variables]
    variables = [variable for variable in variables if "seed" not in variable.path]
    for name, variable in zip(order, variables, strict=True):  # some Keras layers give their weights no names
        assert variable.name == name.split("/")[-1] or variable.name.startswith("variable")
    for name, variable in zip(order, variables, strict=True):
        variable.assign(weights[name])
    if hasattr(layer, "finalize_state"):
        layer.finalize_state()
    return layer


def unbuilt(layer: Layer, name: str = "name") -> keras.Layer:
    """The Keras layer with these settings; that of a formula holds the code that is written of it."""
    if layer.formula is not None:
        return eval(Program().make(layer, name).flat(), {"layers": keras.layers, "keras": keras})
    made = keras.saving.deserialize_keras_object(layer_entry(layer, name))
    assert isinstance(made, keras.Layer)
    return made


def call(ours: Layer, theirs: Any, tensors: list[Any], **more: Any) -> Any:
    """The Keras layer called on tensors as it wants to be called."""
    if ours.formula is not None:
        return theirs(tensors if len(tensors) > 1 else tensors[0], **more)
    args, kwargs = ours.keras_call(tensors)
    return theirs(*args, **kwargs, **more)


def apply(layer: Layer, weights: dict[str, Any], inputs: list[Any], training: bool = False) -> Any:
    return layer.apply(weights, *inputs, ctx=Context(training=training))


def _trains_otherwise(case: Case) -> bool:
    """Whether a layer computes something else in training, and nothing random (StochasticDepth has no state)."""
    return (
        type(case.layer).apply is not Layer.apply
        and not case.layer.seed_generators()
        and case.type != "StochasticDepth"
    )


# What every layer declares


def test_every_layer_has_cases() -> None:
    assert {case.type for case in CASES} == set(LAYERS)
    assert all(sum(case.type == name for case in CASES) > 1 for name in LAYERS)


@over_types
def test_defaults_are_valid_and_described(cls: type[Layer]) -> None:
    layer = cls()
    specs = {spec.name: spec for spec in describe(cls)}
    assert {name: spec.default for name, spec in specs.items()} == dict(layer)
    assert all(spec.description for spec in specs.values())
    assert set(cls.positional) | set(cls.caption) <= specs.keys()
    assert cls.category
    assert inspect.getdoc(cls)


@over_types
def test_unknown_settings_are_refused(cls: type[Layer]) -> None:
    with pytest.raises(ValueError, match="no_such_setting"):
        cls.model_validate({"no_such_setting": 1})


@over_all
def test_json_there_and_back(case: Case) -> None:
    layer = case.layer
    assert type(layer).model_validate_json(layer.model_dump_json()) == layer


@pytest.mark.parametrize("case", [c for c in COMPUTING if c.layer.keras_module == "keras.layers"], ids=str)
def test_settings_left_out_of_code_are_keras_defaults(case: Case) -> None:
    """A program writes only what differs from our defaults, so these must be those of Keras."""
    code = Program().make(case.layer, "name").flat()
    written = eval(code, {"layers": keras.layers, "keras": keras}).get_config()
    assert _comparable(written) == _comparable(unbuilt(case.layer).get_config())


def _comparable(config: dict[str, Any]) -> dict[str, Any]:
    """As a file holds it, where pairs are lists, and without the seed, which some layers draw anew each time."""
    found = _without_inner_names(json.loads(json.dumps(config, default=str)))
    return {key: value for key, value in found.items() if key != "seed"}


def _without_inner_names(value: Any) -> Any:
    """A config in which the layers within the layer have no names: Keras counts them as it makes them."""
    if isinstance(value, list):
        return [_without_inner_names(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("module") == "keras.layers":
        value = {**value, "config": {**value["config"], "name": None}}
    return {key: _without_inner_names(item) for key, item in value.items()}


# Shapes


@over_all
def test_output_shape_is_that_of_the_computation(case: Case) -> None:
    layer, inputs = case.layer, inputs_of(case, batch=2)
    host = layer.host_op()
    if host is not None:
        inputs = [host({}, *inputs)]
    if host is not None and layer.gives == "text":
        assert [layer.output_shape(*case.inputs)] == [x.shape[1:] for x in inputs]
        return
    weights = weights_of(layer, *case.inputs)
    if isinstance(layer, Input):
        tensor = keras.Input(layer.shape, dtype=layer.dtype)
        assert layer.output_shape() == tensor.shape[1:]
        return
    found = jax.eval_shape(lambda w, x: apply(layer, w, x), weights, inputs)
    outputs = found if isinstance(found, tuple) else (found,)
    wanted = [(2, *shape) for shape in layer.output_shapes(*case.inputs)]
    # Sizes left open, and how many words the longest text has, no shape tells.
    wanted = [tuple(map(lambda a, b: a or b, a, b.shape)) for a, b in zip(wanted, outputs, strict=True)]
    assert wanted == [output.shape for output in outputs]
    assert len(outputs) == len(layer.output_names)
    if layer.casts:
        assert all(output.dtype == jnp.float32 for output in outputs)


@over_computing
def test_output_shape_is_that_of_keras(case: Case) -> None:
    tensors = [keras.KerasTensor((None, *shape), case.dtype) for shape in case.inputs]
    found = call(case.layer, unbuilt(case.layer), tensors)
    outputs = keras.tree.flatten(found)
    assert case.layer.output_shapes(*case.inputs) == tuple(output.shape[1:] for output in outputs)


def _open_shapes(inputs: tuple[Shape, ...]) -> Iterator[tuple[Shape, ...]]:
    """The shapes with each size left open by itself, and with all of an input but the last."""
    for port, shape in enumerate(inputs):
        opened = [(*shape[:axis], None, *shape[axis + 1 :]) for axis in range(len(shape))]
        opened += [(*(None,) * (len(shape) - 1), shape[-1])] if len(shape) > 2 else []
        for variant in opened:
            yield (*inputs[:port], variant, *inputs[port + 1 :])


# A model within the model takes the sizes that its Inputs name, and here no others.
@pytest.mark.parametrize("case", [case for case in COMPUTING if case.type != "Functional"], ids=str)
def test_open_sizes_are_carried_through_as_in_keras(case: Case) -> None:
    for inputs in _open_shapes(case.inputs):
        tensors = [keras.KerasTensor((None, *shape), case.dtype) for shape in inputs]
        try:
            found = call(case.layer, unbuilt(case.layer), tensors)
        except (ValueError, TypeError, NotImplementedError):
            continue  # Keras needs this size to be known
        outputs = keras.tree.flatten(found)
        if case.type == "MultiHeadAttention":
            outputs = outputs[:1]  # of the scores, Keras takes the query's length for the key's
        expected = tuple(output.shape[1:] for output in outputs)
        assert case.layer.output_shapes(*inputs)[: len(expected)] == expected, inputs


# Numbers


# The program computes with jit only, and operations take long to compile one by one: a case of each layer will do,
# and every day one of each family.
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=str(case), marks=[] if case in EACH_FAMILY else pytest.mark.exhaustive)
        for case in EACH_LAYER
    ],
)
def test_jit_equals_eager(case: Case) -> None:
    layer, inputs, weights = case.layer, inputs_of(case), weights_of(case.layer, *case.inputs)
    close(jax.jit(lambda w, x: apply(layer, w, x))(weights, inputs), apply(layer, weights, inputs))


SMOOTH = [case for case in COMPUTING if not np.issubdtype(case.dtype, np.integer)]
"""The cases that have gradients."""


@pytest.mark.parametrize("case", [case for case in COMPUTING if case not in SMOOTH], ids=str)
def test_what_whole_numbers_become_equals_keras(case: Case) -> None:
    layer, theirs, inputs = case.layer, keras_layer(case), inputs_of(case)
    weights = weights_of(layer, *case.inputs)
    if layer.host_op() is not None:
        found, expected = apply(layer, weights, inputs), call(layer, theirs, inputs, training=False)
    else:
        found = jax.jit(lambda w, x: apply(layer, w, x))(weights, inputs)
        expected = jax.jit(_pure(layer, theirs, training=False))(*_variables(theirs), inputs)
    close(jax.tree.leaves(found), jax.tree.leaves(expected))


@pytest.mark.parametrize(
    ("case", "training"),
    [(case, False) for case in SMOOTH] + [(case, True) for case in SMOOTH if _trains_otherwise(case)],
    ids=lambda value: str(value) if isinstance(value, Case) else ("training" if value else "inference"),
)
def test_numbers_and_gradients_equal_those_of_keras(case: Case, training: bool) -> None:
    layer, inputs = case.layer, inputs_of(case)
    ours, found = _gradients(layer, inputs, weights_of(layer, *case.inputs), training)
    theirs, expected = _keras_gradients(case, inputs, training)
    close(jax.tree.leaves(found), jax.tree.leaves(expected))
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(ours))
    # Sums of many terms that cancel: what is lost of them goes with the largest.
    largest = max((float(np.abs(leaf).max()) for leaf in jax.tree.leaves(theirs) if leaf.size), default=1.0)
    close(ours, theirs, rtol=2e-5, atol=1e-5 * max(1.0, largest))


def _scored(y: Any) -> Any:
    """One number that depends on each output in a different way, and the outputs."""
    parts = [part * jnp.cos(jnp.arange(part.size)).reshape(part.shape) for part in jax.tree.leaves(y)]
    return sum(part.sum() for part in parts), y


def _gradients(layer: Layer, inputs: list[Array], weights: dict[str, Array], training: bool) -> Any:
    learns = getattr(layer, "trainable", True)
    own = layer.weights(*(x.shape[1:] for x in inputs))
    trained = [weight.name for weight in own if weight.trainable and learns]
    fixed = {name: jnp.asarray(value) for name, value in weights.items() if name not in trained}

    def score(parameters: list[Any], values: list[Any]) -> Any:
        named = dict(zip(trained, parameters, strict=True))
        return _scored(apply(layer, {**fixed, **named}, values, training))

    return jax.jit(jax.grad(score, (0, 1), has_aux=True))([weights[name] for name in trained], inputs)


def _keras_gradients(case: Case, inputs: list[Array], training: bool) -> Any:
    theirs = keras_layer(case)
    compute, (trained, fixed) = _pure(case.layer, theirs, training), _variables(theirs)

    def score(parameters: list[Any], values: list[Any]) -> Any:
        return _scored(compute(parameters, fixed, values))

    return jax.jit(jax.grad(score, (0, 1), has_aux=True))(trained, inputs)


def _pure(ours: Layer, theirs: keras.Layer, training: bool) -> Any:
    """What a Keras layer computes, as a function of its weights, trained and not, and its inputs."""
    mode = {"training": training} if "training" in inspect.signature(theirs.call).parameters else {}

    def compute(trained: list[Any], fixed: list[Any], values: list[Any]) -> Any:
        args, kwargs = ours.keras_call(values)
        return theirs.stateless_call(trained, fixed, *args, **kwargs, **mode)[0]

    return compute


def _variables(layer: keras.Layer) -> tuple[list[Any], list[Any]]:
    trained, fixed = layer.trainable_variables, layer.non_trainable_variables
    return [variable.value for variable in trained], [variable.value for variable in fixed]


# Layers that behave differently in training


@pytest.mark.parametrize("case", [c for c in COMPUTING if c.type == "BatchNormalization"], ids=str)
def test_batch_normalization_keeps_the_statistics_that_keras_keeps(case: Case) -> None:
    layer, inputs, weights = case.layer, inputs_of(case, batch=8), weights_of(case.layer, *case.inputs)
    assert isinstance(layer, BatchNormalization)
    ctx = Context(training=True)
    ours = layer.apply({k: jnp.asarray(v) for k, v in weights.items()}, *map(jnp.asarray, inputs), ctx=ctx)
    theirs = keras_layer(case)
    close(ours, theirs(inputs[0], training=True), atol=5e-6)
    close(ctx.updates["moving_mean"], theirs.moving_mean.value)
    close(ctx.updates["moving_variance"], theirs.moving_variance.value)


def test_batch_normalization_leaves_out_masked_steps_as_keras_does() -> None:
    case = Case("BatchNormalization", {"momentum": 0.5}, ((4, 3),))
    (x,), mask = inputs_of(case, batch=6), np.random.default_rng(1).random((6, 4)) < 0.6
    weights = {name: jnp.asarray(value) for name, value in weights_of(case.layer, (4, 3)).items()}
    ctx, theirs = Context(training=True, masks=(jnp.asarray(mask),)), keras_layer(case)
    ours = case.layer.apply(weights, jnp.asarray(x), ctx=ctx)
    close(ours, theirs(x, training=True, mask=mask), rtol=2e-5, atol=5e-6)
    close(ctx.updates["moving_mean"], theirs.moving_mean.value)
    close(ctx.updates["moving_variance"], theirs.moving_variance.value)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("iterations", [1, 4])
def test_spectral_normalization_computes_and_keeps_what_keras_does(iterations: int, training: bool) -> None:
    settings = {"power_iterations": iterations}
    case = Case("SpectralNormalization", settings, ((5,),))
    theirs, ctx, inputs = keras_layer(case), Context(training=training), inputs_of(case)
    trained, fixed = (
        [v.value for v in part] for part in (theirs.trainable_variables, theirs.non_trainable_variables)
    )
    expected, kept, *_ = theirs.stateless_call(trained, fixed, *inputs, training=training)
    weights = {name: jnp.asarray(value) for name, value in weights_of(case.layer, (5,)).items()}
    close(case.layer.apply(weights, *map(jnp.asarray, inputs), ctx=ctx), expected, rtol=2e-5, atol=5e-6)
    close({**weights, **ctx.updates}["vector_u"], kept[0])


def _drawn(layer: Layer, x: Any, seed: int = 0) -> Array:
    return np.asarray(layer.apply({}, x, ctx=Context(training=True, key=jax.random.key(seed))))


@pytest.mark.parametrize(
    ("kind", "shape", "same"),
    [
        ("SpatialDropout1D", (9, 5, 50), (1,)),
        ("SpatialDropout2D", (9, 5, 4, 50), (1, 2)),
        ("SpatialDropout3D", (9, 5, 4, 3, 50), (1, 2, 3)),
        ("Dropout", (300, 4, 2), (1, 2)),
        ("AlphaDropout", (300, 4, 2), (1, 2)),
    ],
)
def test_dropout_with_a_shape_of_noise_drops_all_along_an_axis(
    kind: str, shape: tuple[int, ...], same: tuple[int, ...]
) -> None:
    settings = {} if "Spatial" in kind else {"noise_shape": (None, 1, 1)}
    y = _drawn(LAYERS[kind].model_validate({"rate": 0.5, **settings}), jnp.ones(shape))
    assert (y == y.max(same, keepdims=True)).all()
    assert len(np.unique(y)) == 2
    assert 0.3 < (y == y.max()).mean() < 0.7  # 300 draws or more


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("GaussianNoise", {"stddev": 0.3}),
        ("GaussianDropout", {"rate": 0.3}),
        ("AlphaDropout", {"rate": 0.3}),
    ],
)
def test_noise_spreads_as_that_of_keras(kind: str, settings: dict[str, Any]) -> None:
    layer, x = LAYERS[kind].model_validate(settings), jnp.asarray(np.random.default_rng(0).normal(size=(300, 300)))
    ours, theirs = _drawn(layer, x), np.asarray(unbuilt(layer)(x, training=True))
    for power in (1, 2, 3):  # means of 90,000 draws each: within five of the deviations that such means have
        deviation = np.hypot((ours**power).std(), (theirs**power).std()) / np.sqrt(ours.size)
        np.testing.assert_allclose((ours**power).mean(), (theirs**power).mean(), rtol=0, atol=5 * deviation)
    np.testing.assert_allclose(ours.std(), theirs.std(), rtol=0.02)
    assert (_drawn(layer, x, seed=1) != ours).any()


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_drops_its_share_and_scales_the_rest(rate: float) -> None:
    layer, x = Dropout(rate=rate), jnp.ones((200, 500))
    y = np.asarray(layer.apply({}, x, ctx=Context(training=True, key=jax.random.key(0))))
    kept = y != 0
    # 100,000 draws: a share strays from its rate by less than five deviations.
    assert abs((~kept).mean() - rate) < 5 * (rate * (1 - rate) / y.size) ** 0.5
    np.testing.assert_allclose(y[kept], 1 / (1 - rate), rtol=1e-6)
    other = np.asarray(layer.apply({}, x, ctx=Context(training=True, key=jax.random.key(1))))
    assert (other != y).any()
    assert (layer.apply({}, x, ctx=Context()) == x).all()


@pytest.mark.parametrize("axis", [-1, 1, (1, 2), (2, 1), None])
def test_normalization_adapts_as_keras_does(axis: Any) -> None:
    data = np.random.default_rng(0).normal(3.0, 2.0, (50, 2, 4)).astype(np.float32)
    theirs, layer = keras.layers.Normalization(axis=axis), Normalization(axis=axis)
    theirs.adapt(data)
    ours = layer.adapt(data)
    assert [ours[weight.name].shape for weight in layer.weights((2, 4))] == [w.shape for w in theirs.weights]
    close(ours["mean"].reshape(-1), np.asarray(theirs.mean).reshape(-1))
    close(ours["variance"].reshape(-1), np.asarray(theirs.variance).reshape(-1), rtol=1e-4)
    close(layer.apply(ours, jnp.asarray(data), ctx=Context()), theirs(data), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mean": 1.0}, "as many variances as means"),
        ({"mean": (1, 2), "variance": (1, 2, 3)}, "as many variances as means"),
        ({"mean": (1, 2), "variance": (1, 2)}, "2 means, but 4 places"),
        ({"mean": (1, 2), "variance": (1, 2), "axis": None}, "2 means, but one"),
        ({"axis": 0}, "axis 0"),
    ],
)
def test_normalization_says_which_figures_do_not_fit(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        Normalization.model_validate(settings).output_shape((2, 4))
