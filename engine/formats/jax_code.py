"""A project as a Python program that computes it with JAX alone: the functions that it uses, a line per layer."""

from __future__ import annotations

from engine import named
from engine.errors import StyleError
from engine.formats.jax_functions import WIDTH, Functions, functions_of
from engine.formats.jax_network import Network
from engine.formats.keras_config import Calls, all_calls, calls
from engine.formats.python_text import Group, call, listing, literal, quoted, statement
from engine.formats.sources import Library, Place, collect, place_of, sorted_imports
from engine.graph import Graph, Node
from engine.layer import parts_of
from engine.layers.core import Input
from engine.layers.nested import Functional
from engine.model import compile_graph
from engine.ops import initializers
from engine.ops.initializers import DRAWS
from engine.project import Project
from engine.weights import Weight

_RESERVED = (
    "w", "x", "inputs", "outputs", "forward", "predict", "load_weights", "init_weights", "batch", "data", "main",
    "within", "jax", "jnp", "np", "lax", "h5py", "sys", "math", "partial", "reduce", "initialize",
)  # fmt: skip

_LOAD = '''\
def load_weights(path):
    """The weights of each layer by name, from a Keras HDF5 file."""
    with h5py.File(path, "r") as file:
        saved = file["model_weights"]
        return {
            layer: {name: jnp.asarray(saved[layer][layer][name]) for name in names}
            for layer, names in WEIGHTS.items()
        }
'''

_INIT = '''\
def init_weights(seed=0):
    """New weights of each layer by name; the same seed gives the same numbers."""
    w = {}
    for number, (layer, name, shape, draw, dtype) in enumerate(WEIGHTS):
        value = initialize(draw, seed, number, shape, dtype)
        w.setdefault(layer, {})[name] = jnp.asarray(value)
    return w
'''


_WITHIN = '''\
def within(w, layer):
    """The weights of a layer of a model within the model, by their own names."""
    return {name.removeprefix(f"{layer}/"): value for name, value in w.items() if name.startswith(f"{layer}/")}
'''


def jax_code(project: Project, weights_file: str | None = None, *, with_training: bool = False) -> str:
    """The program; it reads its weights from a file of ours if one is given, else it starts from new ones.

    `forward(w, inputs)` gives the outputs at inference. Raises `NotReadyError` where the graph has problems,
    `StyleError` where training is asked for, of which only Keras code has any, and where a layer works on texts.
    """
    if with_training:
        raise StyleError("The JAX program computes a network; a program that trains it is written for Keras.")
    found = calls(project.graph)
    _check_writable(found)
    library = _library(found, drawing=weights_file is None)
    functions = Functions(library, _RESERVED)
    Network(found, functions, "forward").write()
    parts = [
        *library.definitions,
        _table(project.graph, found, library, weights_file),
        *functions.written,
        "predict = jax.jit(forward)",
        (_INIT if weights_file is None else _LOAD).rstrip(),
        _main(found, project.training.seed, weights_file),
    ]
    if any("within(w" in text for text in functions.written):
        parts.insert(parts.index(functions.written[0]), _WITHIN.rstrip())
    imports = {*library.imports, "import jax", "import jax.numpy as jnp", "import numpy as np", "import sys"}
    if weights_file is not None:
        imports.add("import h5py")
    if any("partial(" in part for part in parts):
        imports.add("from functools import partial")
    return _joined(["from __future__ import annotations\n\n" + sorted_imports(imports), *parts])


def _check_writable(found: Calls) -> None:
    """Raise `StyleError` for layers that are not JAX, and for those that still have to see data."""
    for node in (node for each in all_calls(found) for node in each.nodes):
        if node.layer.learns:
            raise StyleError(f"{node.name} has learned nothing from the data yet: train the network first.")
        if node.layer.host_op() is not None:
            raise StyleError(f"{node.name} works on text, which JAX has no arrays of: take the Keras program.")
        if not isinstance(node.layer, Functional) and any(isinstance(p, Functional) for p in parts_of(node.layer)):
            raise StyleError(f"{node.name} calls a model for each of its parts: take the Keras program.")


def _joined(parts: list[str]) -> str:
    """Two blank lines around functions, one between other statements."""
    text = parts[0]
    previous = ""
    for part in parts[1:]:
        block = any(p.startswith(("def ", "@", "if __name__")) for p in (part, previous))
        text += ("\n\n\n" if block else "\n\n") + part
        previous = part
    return text + "\n"


def _library(found: Calls, drawing: bool) -> Library:
    """The functions that the layers use, and the initializers where first weights are drawn."""
    nodes = (node for each in all_calls(found) for node in each.nodes)
    layers = [node.layer for node in nodes if not isinstance(node.layer, Input | Functional)]
    masks = any(made is not None and not made.all_masks for made in (layer.mask_op() for layer in layers))
    places: list[Place] = [place_of(function) for layer in layers for function in functions_of(layer, masks)]
    if drawing:
        weights = [weight for owner in found.layers for weight in found.inference[owner.id].weights]
        names = {named.parse(weight.initializer, DRAWS)[0] for weight in weights}
        places += [place_of(DRAWS[name]) for name in sorted(names)]
        if any(weight.forget for weight in weights):
            places.append(place_of(initializers.unit_forget))
        places.append(place_of(initializers.initialize))
    return collect(dict.fromkeys(places))


# The weights


def _table(graph: Graph, found: Calls, library: Library, weights_file: str | None) -> str:
    """All weights, for the functions that load or draw them."""
    owners = compile_graph(graph).owners
    rows: list[Group] = []
    if weights_file is not None:
        for owner in owners:
            weights = listing(quoted(weight.name) for weight in found.inference[owner.id].weights)
            rows.append(Group(f"{quoted(owner.name)}: [", weights.items, "]"))
        return _spread(Group("WEIGHTS = {", tuple(rows), "}"))
    for owner in owners:
        rows += [_row(owner, weight, library) for weight in found.inference[owner.id].weights]
    return _spread(Group("WEIGHTS = [", tuple(rows), "]"))


def _row(owner: Node, weight: Weight, library: Library) -> Group:
    name, settings = named.parse(weight.initializer, DRAWS)
    defaults = named.settings_of(DRAWS[name])
    changed = [f"{key}={literal(value)}" for key, value in settings.items() if value != defaults[key]]
    function = library.name(DRAWS[name])
    draw = call("partial", [function, *changed]).flat() if changed else function
    if weight.forget:
        draw = call("partial", [library.name(initializers.unit_forget), f"draw={draw}"]).flat()
    texts = (literal(owner.name), literal(weight.name), literal(weight.shape), draw, literal(weight.dtype))
    return Group("(", texts, ")")


def _spread(group: Group) -> str:
    return group.spread("", WIDTH) if group.items else group.flat()


# Running it

_OPEN = 8
"""Stands for a size that is open."""


def _main(found: Calls, seed: int, weights_file: str | None) -> str:
    shapes = [_shape_entry(node) for node in found.inputs]
    start = call("init_weights", [str(seed)])
    if weights_file is not None:
        start = call("load_weights", [quoted(weights_file)])
    running = call("predict", [start, "*(data[name] for name in shapes)"])
    lines = [
        'if __name__ == "__main__":',
        statement("shapes = ", Group("{", tuple(shapes), "}"), indent="    ", width=WIDTH),
        "    if len(sys.argv) > 1:  # an NPZ file with an array for each input",
        "        data = np.load(sys.argv[1])",
        "    else:",
        "        data = {name: np.zeros((1, *shape), dtype) for name, (shape, dtype) in shapes.items()}",
        statement("result = ", running, indent="    ", width=WIDTH),
        "    print(jax.tree.map(jnp.shape, result))",
    ]
    return "\n".join(lines)


def _shape_entry(node: Node) -> Group:
    layer = node.layer
    assert isinstance(layer, Input)
    shape = tuple(size or _OPEN for size in layer.shape)
    return Group(f"{quoted(node.name)}: (", (literal(shape), quoted(layer.dtype)), ")")
