"""The proof of an export: Keras itself loads the file, and both sides predict the same random samples."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import LayerloomError
from engine.events import Event, HostWeights, Progress, Result
from engine.formats import keras_check
from engine.graph import Graph
from engine.inference import infer
from engine.layers.core import Input
from engine.layers.placeholder import Placeholder
from engine.model import Model, compile_graph
from engine.precision import Precision
from engine.shapes import Shape

Array = np.ndarray[Any, Any]

TOLERANCE = 1e-4
"""Of the largest output: two programs that add in another order differ by the rounding of 32 bits."""

_TOLERANCES: dict[Precision, float] = {"float32": TOLERANCE, "mixed_bfloat16": 0.05}
"""With 8 bits for a number, each of several layers may be off by a hundredth of its largest one."""

_SAMPLES = 4
_OPEN_SIZES = (16, 48, 128, 299)
_NO_KERAS = 3


@dataclass(frozen=True)
class OutputProof:
    """How far both sides are apart at one output: the largest difference, and the largest number that we give."""

    name: str
    difference: float
    largest: float
    tolerance: float = TOLERANCE

    def __str__(self) -> str:
        if self.holds:
            return f"{self.name}: largest difference {self.difference:.2g} of {self.largest:.3g}"
        return f"{self.name}: largest difference {self.difference:.2g} of {self.largest:.3g}, TOO FAR"

    @property
    def holds(self) -> bool:
        return self.difference <= self.tolerance * max(self.largest, 1e-3)


@dataclass(frozen=True)
class Proof:
    """What came of the check. `reason` says why it could not be made, and is empty where it was."""

    outputs: tuple[OutputProof, ...] = ()
    keras: str = ""
    backend: str = ""
    reason: str = ""
    refused: bool = False
    """Whether Keras would not have the file, or gave other outputs: the export is at fault."""

    @property
    def failed(self) -> bool:
        """Whether the export is wrong; a check that could not be made says nothing of that."""
        return self.refused or (bool(self.outputs) and not self.holds)

    @property
    def holds(self) -> bool:
        return bool(self.outputs) and all(output.holds for output in self.outputs)

    def __str__(self) -> str:
        if self.reason:
            return f"Not checked: {self.reason}"
        if self.holds:
            opened = f"Keras {self.keras} ({self.backend}) opened it and predicts the same."
        else:
            opened = f"Keras {self.keras} ({self.backend}) opened it and predicts something else."
        return "\n".join([opened, *map(str, self.outputs)])


def prove(
    path: str | PathLike[str],
    graph: Graph,
    weights: HostWeights,
    seed: int = 0,
    *,
    precision: Precision = "float32",
) -> Generator[Event]:
    """Compare Keras's predictions with ours; ends in a `Result` with a `Proof`.

    Keras runs in a process of its own. Raises `NotReadyError` where the graph has problems.
    """
    unknown = next((node for node in graph if isinstance(node.layer, Placeholder)), None)
    if unknown is not None:
        cls = unknown.layer.saved_class
        reason = f"{unknown.name} is a placeholder for the class {cls}, which this program cannot compute."
        yield Result(Proof(reason=reason))
        return
    model = compile_graph(graph, precision=precision)
    inputs = random_inputs(model, seed)
    with tempfile.TemporaryDirectory(prefix="layerloom-") as folder:
        given, made = Path(folder, "inputs.npz"), Path(folder, "outputs.npz")
        np.savez(given, allow_pickle=False, **{str(i): array for i, array in enumerate(inputs.values())})
        child = subprocess.Popen(
            [sys.executable, "-I", keras_check.__file__, str(Path(path).resolve()), str(given), str(made)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield Progress("Predicting")
            ours = model.predict(model.from_host(weights), inputs)
            while child.poll() is None:
                yield Progress("Waiting for Keras")
                time.sleep(0.05)
            said, complaint = child.communicate()
        finally:
            child.kill()
            child.wait()
        if child.returncode:
            reason = _reason(child.returncode, complaint)
            yield Result(Proof(reason=reason, refused=child.returncode != _NO_KERAS))
            return
        with np.load(made) as file:
            theirs = [file[name] for name in sorted(file.files, key=int)]
    yield Result(_compared(ours, theirs, json.loads(said.strip().splitlines()[-1]), precision))


def _reason(status: int, complaint: str) -> str:
    last = next((line.strip() for line in reversed(complaint.splitlines()) if line.strip()), "it gave no reason")
    if status == _NO_KERAS:
        return f"Keras is not installed here ({last}). Install it with: pip install keras"
    return f"Keras could not open the file: {last}"


def _compared(
    ours: Mapping[str, Any], theirs: list[Array], versions: Mapping[str, str], precision: Precision
) -> Proof:
    if len(ours) != len(theirs):
        return Proof(reason=f"Keras gives {len(theirs)} outputs, this program {len(ours)}", refused=True)
    outputs: list[OutputProof] = []
    for (name, value), other in zip(ours.items(), theirs, strict=True):
        own = np.asarray(value, np.float64)
        far = np.abs(own - other).max(initial=0.0) if own.shape == other.shape else np.inf
        outputs.append(OutputProof(name, float(far), float(np.abs(own).max(initial=0.0)), _TOLERANCES[precision]))
    return Proof(tuple(outputs), versions["keras"], versions["backend"])


# Random samples


def random_inputs(model: Model, seed: int = 0, samples: int = _SAMPLES) -> dict[str, Array]:
    """Random samples for the inputs of a model, by name; open sizes get a length that the graph can work with."""
    rng = np.random.default_rng(seed)
    size = _open_size(model.graph)
    found: dict[str, Array] = {}
    for node in model.inputs:
        layer = node.layer
        assert isinstance(layer, Input)
        shape = (layer.batch_size or samples, *(size if length is None else length for length in layer.shape))
        found[node.name] = _draw(rng, shape, layer.dtype, _below(model.graph, node.id))
    return found


def _draw(rng: np.random.Generator, shape: tuple[int, ...], dtype: str, below: int) -> Array:
    if dtype == "string":
        return np.array([f"word {i}" for i in rng.integers(0, 50, np.prod(shape, dtype=int))]).reshape(shape)
    if dtype in ("int32", "uint8", "bool"):
        return rng.integers(0, min(below, 2 if dtype == "bool" else 256), shape).astype(dtype)
    return rng.normal(size=shape).astype("float32")


def _below(graph: Graph, node_id: str) -> int:
    """How many whole numbers the layers after an Input know: an Embedding says so."""
    layers = (graph[key].layer for key in graph.descendants([node_id]))
    sizes = (getattr(layer, name, None) for layer in layers for name in ("input_dim", "num_tokens"))
    return min((size for size in sizes if isinstance(size, int)), default=10)


def _open_size(graph: Graph) -> int:
    """A length for sizes left open, with which no layer finds its input too small."""
    for size in _OPEN_SIZES:
        closed = graph
        for node in graph.of_type(Input):
            assert isinstance(node.layer, Input)
            closed = closed.set_layer(node.id, node.layer.replace(shape=_closed(node.layer.shape, size)))
        if not infer(closed).errors:
            return size
    raise LayerloomError("No size was found that fits the sizes which the inputs leave open.")


def _closed(shape: Shape, size: int) -> Shape:
    return tuple(size if length is None else length for length in shape)
