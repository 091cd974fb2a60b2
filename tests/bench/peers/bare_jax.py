"""The same networks in JAX by hand: a jitted step with Adam, its weights donated, called once for each batch."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tests.bench.peers.turns import BFLOAT16, Worker, asked
from tests.bench.peers.works import LEARNING_RATE, Op, Work

Weights = list[dict[str, jax.Array]]
_LAYOUT = ("NHWC", "HWIO", "NHWC")
_MOMENTUM = 0.99


def _initial(work: Work) -> tuple[Weights, Weights]:
    """Weights of each operation, and the moving means and variances."""
    rng, trained, kept, shapes = np.random.default_rng(0), [], [], list[tuple[int, ...]]()
    for op in work.ops:
        shape = work.shape if op.kind == "input" else shapes[op.inputs[0]]
        own: dict[str, Any] = {}
        moving: dict[str, Any] = {}
        if op.kind == "dense":
            own = {"kernel": _drawn(rng, (shape[0], op.size)), "bias": jnp.zeros(op.size)}
        elif op.kind in ("conv", "plain_conv"):
            own = {"kernel": _drawn(rng, (op.window, op.window, shape[-1], op.size))}
            if op.kind == "conv":
                own["bias"] = jnp.zeros(op.size)
        elif op.kind == "norm":
            own = {"gamma": jnp.ones(shape[-1]), "beta": jnp.zeros(shape[-1])}
            moving = {"mean": jnp.zeros(shape[-1]), "variance": jnp.ones(shape[-1])}
        trained.append(own)
        kept.append(moving)
        shapes.append(_shape(op, [shapes[place] for place in op.inputs], work.shape))
    return trained, kept


def _drawn(rng: np.random.Generator, shape: tuple[int, ...]) -> jax.Array:
    fan_in = int(np.prod(shape[:-1]))
    return jnp.asarray(rng.normal(0, np.sqrt(2 / fan_in), shape).astype(np.float32))


def _shape(op: Op, before: list[tuple[int, ...]], start: tuple[int, ...]) -> tuple[int, ...]:
    if op.kind == "input":
        return start
    first = before[0]
    if op.kind in ("conv", "plain_conv"):
        return (-(-first[0] // op.stride), -(-first[1] // op.stride), op.size)
    return {
        "dense": lambda: (op.size,),
        "pool": lambda: (first[0] // 2, first[1] // 2, first[2]),
        "flatten": lambda: (int(np.prod(first)),),
        "mean": lambda: (first[-1],),
        "concat": lambda: (*first[:-1], sum(shape[-1] for shape in before)),
    }.get(op.kind, lambda: first)()


def _logits(work: Work, trained: Weights, kept: Weights, x: jax.Array, training: bool) -> tuple[Any, Weights]:
    values: list[Any] = []
    kept = list(kept)
    if BFLOAT16:
        trained, x = jax.tree.map(_in_short, trained), x.astype(jnp.bfloat16)
    for place, (op, own) in enumerate(zip(work.ops, trained, strict=True)):
        given = [values[before] for before in op.inputs]
        if op.kind == "norm":
            value, kept[place] = _norm(given[0], own, kept[place], training)
        else:
            value = x if op.kind == "input" else _value(op, own, given)
        values.append(value)
    return values[-1].astype(jnp.float32), kept


def _in_short(weight: jax.Array) -> jax.Array:
    return weight.astype(jnp.bfloat16)


def _value(op: Op, own: dict[str, jax.Array], given: list[Any]) -> Any:
    x = given[0]
    match op.kind:
        case "dense":
            return x @ own["kernel"] + own["bias"]
        case "conv" | "plain_conv":
            strides = (op.stride, op.stride)
            x = lax.conv_general_dilated(x, own["kernel"], strides, "SAME", dimension_numbers=_LAYOUT)
            return x + own["bias"] if "bias" in own else x
        case "relu":
            return jax.nn.relu(x)
        case "pool":
            return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        case "smooth_pool":
            return lax.reduce_window(x, -jnp.inf, lax.max, (1, 3, 3, 1), (1, 1, 1, 1), "SAME")
        case "flatten":
            return x.reshape(len(x), -1)
        case "mean":
            return x.mean((1, 2))
        case "concat":
            return jnp.concatenate(given, -1)
        case "add":
            return given[0] + given[1]
        case _:
            raise ValueError(op.kind)


def _norm(x: jax.Array, own: Any, kept: Any, training: bool) -> tuple[jax.Array, Any]:
    short, x = x.dtype, x.astype(jnp.float32)
    mean, variance = kept["mean"], kept["variance"]
    if training:
        mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
        news = {"mean": mean, "variance": variance}
        kept = {name: _MOMENTUM * kept[name] + (1 - _MOMENTUM) * new for name, new in news.items()}
    return ((x - mean) * lax.rsqrt(variance + 1e-3) * own["gamma"] + own["beta"]).astype(short), kept


class BareJax(Worker):
    """The step by hand."""

    def __init__(self, work: Work) -> None:
        self.work = work
        inputs, classes = work.samples()
        self._data = jax.device_put((inputs, classes))
        self._rng, self._order, self._done = np.random.default_rng(1), np.arange(len(classes)), work.batches
        trained, kept = _initial(work)
        zeros = jax.tree.map(jnp.zeros_like, trained)
        learner = (trained, kept, zeros, jax.tree.map(jnp.zeros_like, trained), jnp.float32(0))
        lowered = jax.jit(self._step, donate_argnums=0).lower(learner, self._data, self._order[: work.batch])
        self._compiled, self._learner = lowered.compile(), learner
        self._predicted = jax.jit(lambda trained, kept, x: _logits(work, trained, kept, x, False)[0])
        self._batch = inputs[: work.batch]

    def _step(self, learner: Any, data: Any, numbers: Any) -> Any:
        trained, kept, first, second, count = learner
        x, y = data[0][numbers], data[1][numbers]

        def loss(trained: Any) -> Any:
            logits, moved = _logits(self.work, trained, kept, x, True)
            chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], -1)
            return -chosen.mean(), (moved, (logits.argmax(-1) == y).mean())

        (value, (kept, accuracy)), gradients = jax.value_and_grad(loss, has_aux=True)(trained)
        count = count + 1
        rate = LEARNING_RATE * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
        trained = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-7), trained, first, second)
        return (trained, kept, first, second, count), (value, accuracy)

    def train(self) -> int:
        if self._done == self.work.batches:
            self._order, self._done = self._rng.permutation(len(self._order)), 0
        start = self._done * self.work.batch
        numbers = self._order[start : start + self.work.batch]
        self._learner, found = self._compiled(self._learner, self._data, numbers)
        jax.block_until_ready(found)
        self._done += 1
        return 1

    def predict(self) -> None:
        trained, kept, *_ = self._learner
        np.asarray(self._predicted(trained, kept, self._batch))

    def memory(self) -> int | None:
        found: Any = self._compiled.memory_analysis()
        extra = found.temp_size_in_bytes + found.output_size_in_bytes - found.alias_size_in_bytes
        return found.argument_size_in_bytes + extra


if __name__ == "__main__":
    BareJax(asked()).serve()
