"""Predictions one at a time, and where a network looks: saliency and Grad-CAM."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from engine.data.prepare import fit_input
from engine.events import HostWeights
from engine.execution import run
from engine.flattening import flattened
from engine.graph import Graph, Node
from engine.model import Model, compile_graph
from engine.op import Context

Array = np.ndarray[Any, Any]


class Overlays(NamedTuple):
    """How much each pixel counts for an answer, from 0 to 1; None where there is no such map."""

    saliency: Array | None
    grad_cam: Array | None


class Oracle:
    """A trained network that is asked about one sample at a time; compiled at the first question."""

    def __init__(self, graph: Graph, weights: HostWeights) -> None:
        flat = flattened(graph)
        self.model: Model = compile_graph(flat.graph)
        self.variables = self.model.from_host(flat.weights(weights))

    def ask(self, sample: Mapping[str, Array]) -> dict[str, Array]:
        """What each Output gives for a sample, by name; raises `DataError` where it does not fit."""
        found = self.model.predict(self.variables, self._fitting(sample))
        return {name: np.asarray(values[0], np.float32) for name, values in found.items()}

    def overlays(self, sample: Mapping[str, Array], output: str, index: int) -> Overlays:
        """Where a network looks for one number of an Output, where its only Input is a picture.

        Saliency is the gradient of that number by the pixels (https://arxiv.org/abs/1312.6034), the greatest of
        the channels. Grad-CAM weighs what the last convolution gives by the mean gradients of its channels
        (https://arxiv.org/abs/1610.02391). Both of what goes into the last activation, where that is known.
        """
        inputs = self.model.prepare(self._fitting(sample))
        if len(inputs) != 1 or len(self.model.inputs) != 1 or self.model.entries:
            return Overlays(None, None)
        ((name, pixels),) = inputs.items()
        if pixels.ndim not in (3, 4):
            return Overlays(None, None)
        node = next(node for node in self.model.outputs if node.name == output)
        by_pixels, by_maps, maps = self._gradients(self.variables, name, jnp.asarray(pixels), node.id, index)
        saliency = np.abs(np.asarray(by_pixels, np.float32))[0]
        saliency = saliency.max(-1) if saliency.ndim == 3 else saliency
        if maps is None:
            return Overlays(_unit(saliency), None)
        weights = np.asarray(by_maps, np.float32)[0].mean((0, 1))
        cam = np.maximum((np.asarray(maps, np.float32)[0] * weights).sum(-1), 0)
        return Overlays(_unit(saliency), _unit(cam))

    def _fitting(self, sample: Mapping[str, Array]) -> dict[str, Any]:
        return {node.name: fit_input(node, sample[node.name][None]) for node in self.model.inputs}

    @cached_property
    def last_maps(self) -> Node | None:
        """The last convolution whose answer is still a picture; None where there is none."""
        shapes = {node.id: self.model.inference[node.id].shape for node in self.model.compiled}
        found = [
            node
            for node in self.model.compiled
            if type(node.layer).category == "Convolution" and len(shapes[node.id] or ()) == 3
        ]
        return found[-1] if found else None

    @cached_property
    def _gradients(self) -> Any:
        return jax.jit(self._trace, static_argnums=(1, 3))

    def _trace(self, variables: Any, name: str, pixels: jax.Array, output: str, index: Any) -> Any:
        model, last = self.model, self.last_maps
        params, state = variables
        weights = {owner: {**params.get(owner, {}), **state.get(owner, {})} for owner in params.keys() | state}

        def score(pixels: jax.Array, shift: Any) -> tuple[jax.Array, Any]:
            shifts = {} if last is None else {last.id: shift}
            found = run(model.graph, model.compiled, weights, {name: pixels}, shifts=shifts)
            (edge,) = model.graph.incoming(output)
            ctx = found.contexts.get(edge.source, Context())
            answer = found.value(edge) if ctx.logits is None or edge.output else ctx.logits
            maps = None if last is None else found.values[last.id][0]
            return answer.reshape(-1)[index], maps

        pixels = pixels.astype(jnp.float32)
        shift = None
        if last is not None:
            shape = jax.eval_shape(lambda p: score(p, jnp.zeros(()))[1], pixels)
            shift = jnp.zeros(shape.shape, shape.dtype)
        (by_pixels, by_maps), maps = jax.grad(score, argnums=(0, 1), has_aux=True)(pixels, shift)
        return by_pixels, by_maps, maps


def _unit(values: Array) -> Array:
    top = float(values.max()) if values.size else 0.0
    return values / top if top > 0 and np.isfinite(top) else np.zeros_like(values)
