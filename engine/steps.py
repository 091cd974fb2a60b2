"""The compiled functions of training: many steps in one call, and the evaluation of many batches in one call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from engine.backend import compiler_options
from engine.data.prepare import Samples
from engine.losses import LOSSES
from engine.metrics import metric_for
from engine.model import Model, Outcome, Variables
from engine.optimizers import Optimizer

Figures = dict[str, jax.Array]
Batches = np.ndarray[Any, Any]
"""Indices of samples, (batches, batch size), int32."""


class Learner(NamedTuple):
    """What training changes: the weights, and what the optimizer remembers."""

    variables: Variables
    optimizer_state: Any


def figures(model: Model, outcome: Outcome, targets: Mapping[str, jax.Array]) -> Figures:
    """Loss and metrics of each sample, by Keras's names; "loss" is the weighted sum over all outputs."""
    found: Figures = {}
    total: Any = 0.0
    several = len(model.trained_outputs) > 1
    for node, layer, loss_name in model.trained_outputs:
        prediction, target = outcome.outputs[node.name], targets[node.name]
        loss = LOSSES[loss_name](target, prediction, *outcome.logits[node.name])
        total = total + layer.loss_weight * loss
        prefix = f"{node.name}_" if several else ""
        if several:
            found[f"{prefix}loss"] = loss
        for name in layer.metrics:
            found[prefix + name] = metric_for(name, loss_name)(target, prediction)
    return {"loss": total + outcome.penalty, **found}


def device_arrays(samples: Samples) -> tuple[dict[str, jax.Array], dict[str, jax.Array]]:
    """Inputs and targets on the device."""
    return jax.tree.map(jnp.asarray, (dict(samples.inputs), dict(samples.targets)))


@dataclass(frozen=True)
class StepFunctions:
    """Training and evaluation of a model as compiled functions."""

    model: Model
    optimizer: Optimizer

    @cached_property
    def transformation(self) -> Any:
        return self.optimizer.transformation()

    def new_learner(self, variables: Variables) -> Learner:
        return Learner(variables, self.transformation.init(variables.params))

    def _step(
        self, learner: Learner, batch: tuple[Figures, Figures], key: jax.Array, rate: jax.Array
    ) -> tuple[Learner, Figures]:
        (params, state), optimizer_state = learner
        inputs, targets = batch

        def loss(params: Any) -> tuple[jax.Array, tuple[Figures, Any]]:
            outcome = self.model.apply(Variables(params, state), inputs, training=True, key=key)
            means = {name: values.mean() for name, values in figures(self.model, outcome, targets).items()}
            return means["loss"], (means, outcome.state)

        gradients, (means, state) = jax.grad(loss, has_aux=True)(params)
        updates, optimizer_state = self.transformation.update(
            gradients, optimizer_state, params, learning_rate=rate
        )
        params = self.model.constrain(jax.tree.map(jnp.add, params, updates))
        return Learner(Variables(params, state), optimizer_state), means

    def _steps(
        self,
        learner: Learner,
        data: tuple[Figures, Figures],
        batches: jax.Array,
        start: jax.Array,
        stop: jax.Array,
        first_step: jax.Array,
        key: jax.Array,
        rate: jax.Array,
    ) -> tuple[Learner, Figures]:
        """Steps `start` to `stop` of an epoch. The figures have a place for each step of the epoch."""

        def at(array: jax.Array, index: jax.Array) -> jax.Array:
            return array[batches[index]]

        def body(index: jax.Array, carry: tuple[Learner, Figures]) -> tuple[Learner, Figures]:
            learner, logs = carry
            batch = jax.tree.map(lambda array: at(array, index), data)
            learner, means = self._step(learner, batch, jax.random.fold_in(key, first_step + index), rate)
            return learner, {name: logs[name].at[index].set(means[name]) for name in logs}

        logs = {name: jnp.zeros(batches.shape[0]) for name in self.names}
        return jax.lax.fori_loop(start, stop, body, (learner, logs))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of all figures, "loss" first."""
        names = ["loss"]
        for node, layer, _ in self.model.trained_outputs:
            prefix = f"{node.name}_" if len(self.model.trained_outputs) > 1 else ""
            names += [f"{prefix}loss"] if prefix else []
            names += [prefix + name for name in layer.metrics]
        return tuple(names)

    def compile_steps(self, learner: Learner, data: Any, batches: Batches) -> Any:
        """`steps(learner, data, batches, start, stop, first_step, key, rate)`; the learner given is used up."""
        function = jax.jit(self._steps, donate_argnums=0, compiler_options=compiler_options())
        number = np.int32(0)
        arguments = (learner, data, batches, number, number, number, jax.random.key(0), np.float32(0))
        return function.lower(*arguments).compile()

    def _sums(
        self,
        variables: Variables,
        data: Any,
        batches: jax.Array,
        counted: jax.Array,
        start: jax.Array,
        stop: jax.Array,
    ) -> Figures:
        """Sums of all figures over batches `start` to `stop`; `counted` is 0 where a batch is filled up."""

        def body(index: jax.Array, sums: Figures) -> Figures:
            inputs, targets = jax.tree.map(lambda array: array[batches[index]], data)
            found = figures(self.model, self.model.apply(variables, inputs), targets)
            return {name: sums[name] + (found[name] * counted[index]).sum() for name in sums}

        return jax.lax.fori_loop(start, stop, body, {name: jnp.zeros(()) for name in self.names})

    def compile_sums(self, variables: Variables, data: Any, batches: Batches, counted: Batches) -> Any:
        """`sums(variables, data, batches, counted, start, stop)`."""
        function = jax.jit(self._sums, compiler_options=compiler_options())
        return function.lower(variables, data, batches, counted, np.int32(0), np.int32(0)).compile()


def whole_batches(order: Batches, size: int) -> Batches:
    """The full batches of an order of samples."""
    count = len(order) // size
    return order[: count * size].reshape(count, size).astype(np.int32)


def filled_batches(count: int, size: int) -> tuple[Batches, Batches]:
    """All samples in batches, the last filled up with sample 0; and 1 for each sample that counts."""
    size = min(size, count)
    padded = -(-count // size) * size
    order = np.where(np.arange(padded) < count, np.arange(padded), 0).astype(np.int32)
    return order.reshape(-1, size), (np.arange(padded) < count).astype(np.float32).reshape(-1, size)
