"""The compiled functions of training: many steps in one call, and the evaluation of many batches in one call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding

from engine.averages import Average, loss_average
from engine.chosen_metrics import by_figure
from engine.costs import costs
from engine.devices import ONE, Placement
from engine.errors import TrainingError
from engine.grouping import unplaced
from engine.losses import LOSSES
from engine.metric_sums import Seen, nothing
from engine.model import Model, Outcome, Variables
from engine.optimizers import Optimizer
from engine.optimizers.base import State
from engine.recent import Recent
from engine.tallies import Tally

Figures = dict[str, Tally]
Arrays = dict[str, jax.Array]
T = TypeVar("T")
Tree = dict[str, Arrays]
"""Arrays by owner and name, as weights are."""

Data = tuple[Arrays, Arrays, Arrays]
"""Inputs, targets and weights of samples, by the names of nodes."""

Batches = np.ndarray[Any, Any]
"""Indices of samples, (batches, batch size), int32."""


_SINGLE_FLOPS = 4e6
"""Operations of a batch at inference from which on a network that convolves is faster outside of a loop: measured
with pictures of 8x8 to 28x28."""


_MOST_FORMS = 16
"""Compiled functions that are kept of one network: by the number of samples and the size of a batch."""


_FEW = 2**16
"""Numbers of an array that may be copied for the sake of less to compile."""


class Learner(NamedTuple):
    """What training changes: the weights, and what the optimizer remembers."""

    variables: Variables
    optimizer_state: State


class _Standing(NamedTuple):
    """Where many steps in one call stand: the next of them, and whether the last one was sound."""

    place: jax.Array
    learner: Learner
    logs: Figures
    sound: jax.Array


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
        found |= {prefix + name: metric.sums(seen) for name, metric in by_figure(layer.metrics).items()}
    return {"loss": Average(total, samples.sum()), **found}


def outline_of(learned: T) -> T:
    """Shapes and types of what is learned, and how it lies over devices: enough to compile for it."""
    return jax.tree.map(_outline, learned)


def _outline(array: Any) -> jax.ShapeDtypeStruct:
    sharding = getattr(array, "sharding", None)
    spread = sharding if isinstance(sharding, NamedSharding) else None
    return jax.ShapeDtypeStruct(array.shape, array.dtype, sharding=spread)


def _form(arguments: Any) -> Any:
    """What a compiled function depends on of its arguments."""
    leaves, structure = jax.tree.flatten(outline_of(arguments))
    return structure, tuple((leaf.shape, leaf.dtype, leaf.sharding) for leaf in leaves)


def _sound(loss: jax.Array, by_owner: Tree) -> jax.Array:
    """Whether a loss is finite, and what belongs to weights.

    Of the weights of each layer only the smallest is looked at, its bias as a rule, which costs nothing: what is
    no number in a gradient reaches it, too. Small ones are put together, so that little is compiled for them.
    """
    smallest = [min(own.values(), key=lambda value: value.size) for own in by_owner.values() if own]
    together = jnp.concatenate([loss[None], *(value.ravel() for value in smallest if value.size <= _FEW)])
    by_itself = (value for value in smallest if value.size > _FEW)
    return jnp.stack([jnp.isfinite(value).all() for value in (together, *by_itself)]).all()


@dataclass(frozen=True)
class StepFunctions:
    """Training and evaluation of a model as compiled functions."""

    model: Model
    optimizer: Optimizer
    placement: Placement = ONE
    _known: Recent[Any] = field(default_factory=lambda: Recent(_MOST_FORMS), init=False, compare=False, repr=False)
    """What was compiled, or found out, for arguments of some form; several threads ask."""

    def new_learner(self, variables: Variables) -> Learner:
        return Learner(variables, self.optimizer.init(variables.params))

    def single(self, batch_size: int) -> bool:
        """Whether a call makes a single step, compiled by itself and not as the body of a loop.

        For a CPU, XLA makes fast code of convolutions only outside of loops: within one they take up to seven
        times as long, which outweighs a call for each step in all but the smallest networks.
        """
        return self._convolves and self._flops * batch_size >= _SINGLE_FLOPS

    @cached_property
    def _convolves(self) -> bool:
        """Whether a CPU computes, and a layer convolves, or one that it holds: all of them are named so."""
        return jax.default_backend() == "cpu" and any("Conv" in repr(node.layer) for node in self.model.owners)

    @cached_property
    def _flops(self) -> int:
        """Operations of a sample at inference, as far as they are known."""
        return costs(self.model.inference).total.flops or 0

    def finished(self, learner: Learner) -> Learner:
        """The learner at the end of a run."""
        params, state = learner.variables
        params = self.optimizer.finished(params, learner.optimizer_state)
        return learner._replace(variables=Variables(params, state))

    def _gradients(self, variables: Variables, batch: Data, key: jax.Array) -> tuple[Tree, Figures, Tree]:
        """What a batch teaches: the gradients, its figures, and what layers keep that is not trained."""
        params, state = variables
        inputs, targets, weights = batch

        def loss(params: Any) -> tuple[jax.Array, tuple[Figures, Any]]:
            outcome = self.model.apply(Variables(params, state), inputs, training=True, key=key)
            found = figures(self.model, outcome, targets, weights)
            return found["loss"].value * (self.optimizer.loss_scale_factor or 1.0), (found, outcome.state)

        gradients, (found, state) = jax.grad(loss, has_aux=True)(self.placement.whole(params))
        return self.placement.kept(gradients), self.placement.told(found), state

    def _after(self, learner: Learner, gradients: Tree, state: Tree, rate_scale: jax.Array) -> Learner:
        """The learner after a step."""
        (params, _), optimizer_state = learner
        params, optimizer_state = self.optimizer.update(params, gradients, optimizer_state, rate_scale)
        return self.placement.kept(Learner(Variables(self.model.constrain(params), state), optimizer_state))

    def _steps(
        self,
        learner: Learner,
        data: Data,
        batches: jax.Array,
        start: jax.Array,
        stop: jax.Array,
        first_step: jax.Array,
        key: jax.Array,
        rate_scale: jax.Array,
        careful: jax.Array,
    ) -> tuple[Learner, Figures, jax.Array]:
        """Steps `start` to `stop` of an epoch. The figures have a place for each step of the epoch.

        Where it is `careful`, a step whose loss or gradients are no numbers is not taken: the learner is that of
        before, and no more steps are made. The last of what is given is the step that was reached: also the one
        before `stop` where it is only the weights after it that are no numbers. Where steps are `single`, only the
        first is made.
        """

        def going(carry: _Standing) -> jax.Array:
            return (carry.place < stop) & carry.sound

        def body(carry: _Standing) -> _Standing:
            index, learner, logs, _ = carry
            batch = self.placement.batch(data, batches[index])
            gradients, found, state = self._gradients(
                learner.variables, batch, jax.random.fold_in(key, first_step + index)
            )
            sound = ~careful | _sound(found["loss"].value, gradients)
            # In a branch, the update takes place where the weights lie; a choice between old and new would copy.
            news = learner, gradients, state, rate_scale
            learner = jax.lax.cond(sound, self._after, lambda learner, *_: learner, *news)
            logs = jax.tree.map(lambda log, new: log.at[index].set(new), logs, found)
            return _Standing(index + sound, learner, logs, sound)

        logs = jax.tree.map(lambda sums: jnp.zeros((len(batches), *sums.shape)), self.nothing)
        first = _Standing(start, learner, logs, jnp.bool_(True))
        end = body(first) if self.single(batches.shape[-1]) else jax.lax.while_loop(going, body, first)
        overflown = careful & end.sound & (stop > start) & ~_sound(jnp.float32(0), end.learner.variables.params)
        return end.learner, end.logs, end.place - overflown

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
            for name, metric in by_figure(layer.metrics).items():
                found[prefix + name] = nothing(metric.sums, kind, shape)
        return found

    def compile_steps(self, learner: Learner, data: Any, batches: Batches) -> Any:
        """`steps(learner, data, batches, start, stop, first_step, key, rate_scale, careful)`, see `_steps`.

        The learner that is given is used up.

        Of `data` the shapes and types are enough.
        """
        number = np.int32(0)
        key, rate_scale, careful = jax.random.key(0), np.float32(1), np.bool_(True)
        arguments = (learner, data, batches, number, number, number, key, rate_scale, careful)
        return self._kept(self._steps, arguments, donated=0)

    def _lanes(self, learners: Learner, data: Any, *own: Any) -> tuple[Learner, Figures, jax.Array]:
        """`_steps` of several learners, which learn from the same data; all else has an axis for them in front.

        On a processor one after the other, in one call: products in batches are no faster there, and convolutions
        slower.
        """

        def steps(learner: Learner, batches: jax.Array, *rest: jax.Array) -> tuple[Learner, Figures, jax.Array]:
            return self._steps(learner, data, batches, *rest)  # pyright: ignore[reportCallIssue]

        if self.single(own[0].shape[-1]):  # such runs go one at a time
            assert len(own[0]) == 1
            made = steps(*jax.tree.map(lambda array: array[0], (learners, *own)))
            return jax.tree.map(lambda array: array[None], made)
        if jax.default_backend() == "cpu":
            return jax.lax.map(lambda each: steps(*each), (learners, *own))
        return jax.vmap(steps)(learners, *own)

    def compile_lanes(self, learners: Learner, data: Any, batches: Batches) -> Any:
        """As `compile_steps`, for several learners at once: all that is given but `data` has an axis for them."""
        count = len(batches)
        numbers = np.zeros(count, np.int32)
        keys = jax.random.split(jax.random.key(0), count)
        rest = keys, np.ones(count, np.float32), np.ones(count, np.bool_)
        arguments = (learners, data, batches, numbers, numbers, numbers, *rest)
        return self._kept(self._lanes, arguments, donated=0)

    def _sums(
        self,
        variables: Variables,
        data: Any,
        batches: jax.Array,
        counted: jax.Array,
        start: jax.Array,
        stop: jax.Array,
    ) -> Figures:
        """All figures of batches `start` to `stop`, added up; `counted` is 0 where a batch is filled up.

        Where steps are `single`, only those of the first.
        """

        def body(index: jax.Array, sums: Figures) -> Figures:
            inputs, targets, weights = self.placement.batch(data, batches[index])
            outcome = self.model.apply(self.placement.whole(variables), inputs)
            found = figures(self.model, outcome, targets, weights, counted[index])
            return self.placement.told(jax.tree.map(jnp.add, sums, found))

        sums = jax.tree.map(jnp.asarray, self.nothing)
        single = self.single(batches.shape[-1])
        return body(start, sums) if single else jax.lax.fori_loop(start, stop, body, sums)

    def masked(self, variables: Variables, data: Any) -> bool:
        """Whether a prediction has a mask: then the loss of a batch depends on which samples are in it."""
        inputs, *_ = data

        def masks() -> bool:
            found = jax.eval_shape(lambda some: self.model.apply(variables, some).masks, inputs)
            return any(mask is not None for mask in found.values())

        return self._known.made(("masked", _form(inputs)), masks)

    def compile_sums(self, variables: Variables, data: Any, batches: Batches, counted: Batches) -> Any:
        """`sums(variables, data, batches, counted, start, stop)`."""
        arguments = (variables, data, batches, counted, np.int32(0), np.int32(0))
        return self._kept(self._sums, arguments)

    def _kept(self, function: Any, arguments: tuple[Any, ...], *, donated: int | None = None) -> Any:
        """One of these functions, compiled for arguments like these; what was compiled last is kept."""
        compiled = partial(self.placement.compiled, function, arguments, donated=donated)
        return self._known.made((function.__name__, _form(arguments)), compiled)


def step_functions(model: Model, optimizer: Optimizer, placement: Placement = ONE) -> StepFunctions:
    """The functions of training a model: those of an equal one, with what they compiled, while these are kept."""
    new = partial(StepFunctions, model, optimizer, placement)
    try:
        return _NETWORKS.made((unplaced(model.graph), model.precision, optimizer, placement), new)
    except TypeError:  # a placeholder keeps whatever the file says of it, which may have no hash
        return new()


_NETWORKS: Recent[StepFunctions] = Recent(8)


def forget() -> None:
    """Keep nothing of what was compiled so far."""
    _NETWORKS.clear()
