"""The compiled functions of training: many steps in one call, and the evaluation of many batches in one call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from engine.averages import Average, loss_average
from engine.backend import compiler_options
from engine.errors import TrainingError
from engine.losses import LOSSES
from engine.metric_sums import Seen, nothing
from engine.metrics import METRICS
from engine.model import Model, Outcome, Variables
from engine.optimizers import Optimizer
from engine.optimizers.base import State
from engine.tallies import Tally

Figures = dict[str, Tally]
Arrays = dict[str, jax.Array]
Batches = np.ndarray[Any, Any]
"""Indices of samples, (batches, batch size), int32."""


class Learner(NamedTuple):
    """What training changes: the weights, and what the optimizer remembers."""

    variables: Variables
    optimizer_state: State


def figures(
    model: Model,
    outcome: Outcome,
    targets: Mapping[str, jax.Array],
    weights: Mapping[str, jax.Array],
    counted: jax.Array | None = None,
) -> Figures:
    """Loss and metrics of a batch, by Keras's names; "loss" is the weighted sum over all outputs.

    The loss of an Output is multiplied by its `weights`, where it has any, and divided by the number of samples;
    metrics take no heed of them. Both as in Keras.

    Places that a mask of the prediction leaves out do not count, nor do samples for which `counted` is 0. Raises
    `TrainingError` for a mask that cannot be one of the prediction.
    """
    found: Figures = {}
    samples = jnp.ones(len(next(iter(targets.values())))) if counted is None else counted
    total = outcome.penalty * samples.sum()
    several = len(model.trained_outputs) > 1
    for node, layer, loss_name in model.trained_outputs:
        prediction, target, mask = outcome.outputs[node.name], targets[node.name], outcome.masks[node.name]
        values = LOSSES[loss_name](target, prediction, *outcome.logits[node.name])
        if node.name in weights:
            weight = weights[node.name]
            values = values * weight.reshape(weight.shape + (1,) * (values.ndim - weight.ndim))
        try:
            loss = loss_average(values, mask, samples)
        except ValueError as error:
            raise TrainingError(f"{node.name}: {error}.") from None
        total = total + layer.loss_weight * loss.total
        prefix = f"{node.name}_" if several else ""
        if several:
            found[f"{prefix}loss"] = loss
        kind = LOSSES[loss_name].targets
        seen = Seen(target, prediction, outcome.logits[node.name], mask, samples, kind)
        found |= {prefix + name: METRICS[name].sums(seen) for name in layer.metrics}
    return {"loss": Average(total, samples.sum()), **found}


@dataclass(frozen=True)
class StepFunctions:
    """Training and evaluation of a model as compiled functions."""

    model: Model
    optimizer: Optimizer

    def new_learner(self, variables: Variables) -> Learner:
        return Learner(variables, self.optimizer.init(variables.params))

    def finished(self, learner: Learner) -> Learner:
        """The learner at the end of a run."""
        params, state = learner.variables
        params = self.optimizer.finished(params, learner.optimizer_state)
        return learner._replace(variables=Variables(params, state))

    def _step(
        self, learner: Learner, batch: tuple[Arrays, Arrays, Arrays], key: jax.Array, rate_scale: jax.Array
    ) -> tuple[Learner, Figures]:
        (params, state), optimizer_state = learner
        inputs, targets, weights = batch

        def loss(params: Any) -> tuple[jax.Array, tuple[Figures, Any]]:
            outcome = self.model.apply(Variables(params, state), inputs, training=True, key=key)
            found = figures(self.model, outcome, targets, weights)
            return found["loss"].value * (self.optimizer.loss_scale_factor or 1.0), (found, outcome.state)

        gradients, (found, state) = jax.grad(loss, has_aux=True)(params)
        params, optimizer_state = self.optimizer.update(params, gradients, optimizer_state, rate_scale)
        return Learner(Variables(self.model.constrain(params), state), optimizer_state), found

    def _steps(
        self,
        learner: Learner,
        data: tuple[Arrays, Arrays, Arrays],
        batches: jax.Array,
        start: jax.Array,
        stop: jax.Array,
        first_step: jax.Array,
        key: jax.Array,
        rate_scale: jax.Array,
    ) -> tuple[Learner, Figures]:
        """Steps `start` to `stop` of an epoch. The figures have a place for each step of the epoch."""

        def at(array: jax.Array, index: jax.Array) -> jax.Array:
            return array[batches[index]]

        def body(index: jax.Array, carry: tuple[Learner, Figures]) -> tuple[Learner, Figures]:
            learner, logs = carry
            batch = jax.tree.map(lambda array: at(array, index), data)
            learner, found = self._step(learner, batch, jax.random.fold_in(key, first_step + index), rate_scale)
            return learner, jax.tree.map(lambda log, new: log.at[index].set(new), logs, found)

        logs = jax.tree.map(lambda sums: jnp.zeros((len(batches), *sums.shape)), self.nothing)
        return jax.lax.fori_loop(start, stop, body, (learner, logs))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all figures, "loss" first."""
        return tuple(self.nothing)

    @cached_property
    def nothing(self) -> Figures:
        """All figures, "loss" first, with nothing added up yet."""
        none = Average(np.zeros(()), np.zeros(()))
        found: Figures = {"loss": none}
        for node, layer, loss_name in self.model.trained_outputs:
            prefix = f"{node.name}_" if len(self.model.trained_outputs) > 1 else ""
            if prefix:
                found[f"{prefix}loss"] = none
            kind, shape = LOSSES[loss_name].targets, self.model.inference.shape(node.id) or ()
            found |= {prefix + name: nothing(METRICS[name].sums, kind, shape) for name in layer.metrics}
        return found

    def compile_steps(self, learner: Learner, data: Any, batches: Batches) -> Any:
        """`steps(learner, data, batches, start, stop, first_step, key, rate_scale)`; the learner given is used up.

        Of `data` the shapes and types are enough.
        """
        function = jax.jit(self._steps, donate_argnums=0, compiler_options=compiler_options())
        number = np.int32(0)
        arguments = (learner, data, batches, number, number, number, jax.random.key(0), np.float32(1))
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
        """All figures of batches `start` to `stop`, added up; `counted` is 0 where a batch is filled up."""

        def body(index: jax.Array, sums: Figures) -> Figures:
            inputs, targets, weights = jax.tree.map(lambda array: array[batches[index]], data)
            outcome = self.model.apply(variables, inputs)
            found = figures(self.model, outcome, targets, weights, counted[index])
            return jax.tree.map(jnp.add, sums, found)

        return jax.lax.fori_loop(start, stop, body, jax.tree.map(jnp.asarray, self.nothing))

    def masked(self, variables: Variables, data: Any) -> bool:
        """Whether a prediction has a mask: then the loss of a batch depends on which samples are in it."""
        inputs, *_ = data
        found = jax.eval_shape(lambda some: self.model.apply(variables, some).masks, inputs)
        return any(mask is not None for mask in found.values())

    def compile_sums(self, variables: Variables, data: Any, batches: Batches, counted: Batches) -> Any:
        """`sums(variables, data, batches, counted, start, stop)`."""
        function = jax.jit(self._sums, compiler_options=compiler_options())
        return function.lower(variables, data, batches, counted, np.int32(0), np.int32(0)).compile()
