"""A project as a Python program that computes it with JAX alone: the functions that it uses, a line per layer."""

from __future__ import annotations

import inspect

from engine import named
from engine.formats.keras_config import Calls, calls
from engine.formats.python_text import Group, Names, call, listing, literal, quoted, statement
from engine.formats.sources import collect, module_of, sorted_imports
from engine.formats.steps import Script, Step, script
from engine.graph import Graph, Node
from engine.layer import Layer, Op, Weight
from engine.layers.core import Input
from engine.model import compile_graph
from engine.ops import initializers
from engine.ops.activations import ACTIVATIONS
from engine.ops.core import identity
from engine.ops.initializers import INITIALIZERS
from engine.project import Project

_WIDTH = 115
"""That of the functions that are copied."""

_RESERVED = (
    "w", "x", "inputs", "outputs", "forward", "predict", "load_weights", "init_weights", "batch", "data", "main",
    "jax", "jnp", "np", "lax", "h5py", "sys", "math", "partial", "reduce", "initialize",
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


def jax_code(project: Project, weights_file: str | None = None) -> str:
    """The program; it reads its weights from a file of ours if one is given, else it starts from new ones.

    `forward(w, inputs)` gives the outputs at inference. Raises `NotReadyError` where the graph has problems.
    """
    found = calls(project.graph)
    imports, definitions = _functions(found, weights_file is None)
    imports |= {"import jax", "import jax.numpy as jnp", "import numpy as np", "import sys"}
    if weights_file is not None:
        imports.add("import h5py")
    taken = {name for text in definitions for name in _names_in(text)}
    plan = script(found, Names({*_RESERVED, *taken}))
    parts = [
        "from __future__ import annotations\n\n" + sorted_imports(imports),
        *definitions,
        _table(project.graph, found, weights_file),
        _forward(found, plan),
        "predict = jax.jit(forward)",
        (_INIT if weights_file is None else _LOAD).rstrip(),
        _main(found, project.training.seed, weights_file),
    ]
    return _joined(parts)


def _joined(parts: list[str]) -> str:
    """Two blank lines around functions, one between other statements."""
    text = parts[0]
    previous = ""
    for part in parts[1:]:
        block = any(p.startswith(("def ", "@", "if __name__")) for p in (part, previous))
        text += ("\n\n\n" if block else "\n\n") + part
        previous = part
    return text + "\n"


def _names_in(text: str) -> list[str]:
    start = text.split("(")[0].split("=")[0].split(":")[0].removeprefix("def ")
    return [start.strip()]


# The functions


def _functions(found: Calls, drawing: bool) -> tuple[set[str], list[str]]:
    """Import lines and texts of the functions that the layers use, and of the initializers for first weights."""
    wanted: dict[tuple[str, str], None] = {}
    for layer in (node.layer for node in found.nodes if not isinstance(node.layer, Input)):
        functions = [layer.op().function] if layer.op().function is not identity else []
        if _activates(layer):
            functions.append(ACTIVATIONS[layer.activation_name or "linear"])
        wanted |= {(module_of(function).__name__, function.__name__): None for function in functions}
    imports, texts = collect(wanted)
    if drawing:
        more, drawers = _initializers(found)
        return imports | more, texts + drawers
    return imports, texts


def _initializers(found: Calls) -> tuple[set[str], list[str]]:
    """`initialize` and the initializers that are used."""
    weights = [weight for owner in found.layers for weight in found.inference[owner.id].weights]
    names = {named.parse(weight.initializer, INITIALIZERS)[0] for weight in weights}
    imports, texts = collect((initializers.__name__, name) for name in sorted({*names, "initialize"}))
    if any("(" in weight.initializer for weight in weights):
        imports.add("from functools import partial")
    return imports, texts


def _activates(layer: Layer) -> bool:
    return layer.activation_name not in (None, "linear")


# The weights


def _table(graph: Graph, found: Calls, weights_file: str | None) -> str:
    """All weights, for the functions that load or draw them."""
    owners = compile_graph(graph).owners
    rows: list[Group] = []
    if weights_file is not None:
        for owner in owners:
            weights = listing(quoted(weight.name) for weight in found.inference[owner.id].weights)
            rows.append(Group(f"{quoted(owner.name)}: [", weights.items, "]"))
        return _spread(Group("WEIGHTS = {", tuple(rows), "}"))
    for owner in owners:
        rows += [_row(owner, weight) for weight in found.inference[owner.id].weights]
    return _spread(Group("WEIGHTS = [", tuple(rows), "]"))


def _row(owner: Node, weight: Weight) -> Group:
    name, settings = named.parse(weight.initializer, INITIALIZERS)
    defaults = named.settings_of(INITIALIZERS[name])
    changed = [f"{key}={literal(value)}" for key, value in settings.items() if value != defaults[key]]
    draw = call("partial", [name, *changed]).flat() if changed else name
    texts = (literal(owner.name), literal(weight.name), literal(weight.shape), draw, literal(weight.dtype))
    return Group("(", texts, ")")


def _spread(group: Group) -> str:
    return group.spread("", _WIDTH) if group.items else group.flat()


# The network


def _forward(found: Calls, plan: Script) -> str:
    names = ", ".join(["w", *(step.target for step in plan.inputs)])
    lines = [line for step in plan.steps if (line := _line(found, step))]
    returned = f"    return {', '.join(plan.outputs)}"
    if len(returned) > _WIDTH:
        returned = "    return " + Group("(", plan.outputs, ")").spread("    ", _WIDTH)
    return "\n".join([f"def forward({names}):", *lines, returned])


def _line(found: Calls, step: Step) -> str:
    layer, owner = step.node.layer, found.graph.owner(step.node.id)
    op = layer.op()
    activation = f"{layer.activation_name}(" if _activates(layer) else ""
    if op.function is identity:
        value = f"{activation}{step.sources[0]}{')' if activation else ''}"
        return "" if value == step.target else f"    {step.target} = {value}"
    weights = _weights(op, owner, found.inference[owner.id].weights)
    parameters = inspect.signature(op.function).parameters
    settings = [f"{k}={literal(v)}" for k, v in op.settings.items() if v != parameters[k].default]
    inner = call(op.function.__name__, [*step.sources, *weights, *settings])
    if not activation:
        return statement(f"{step.target} = ", inner, indent="    ", width=_WIDTH)
    flat = f"    {step.target} = {activation}{inner.flat()})"
    if len(flat) <= _WIDTH:
        return flat
    return _nested(step.target, activation, inner)


def _nested(target: str, activation: str, inner: Group) -> str:
    value = inner.flat() if len(inner.flat()) + 8 <= _WIDTH else inner.spread("        ", _WIDTH)
    return f"    {target} = {activation}\n        {value}\n    )"


def _weights(op: Op, owner: Node, weights: tuple[Weight, ...]) -> list[str]:
    """The weights as arguments: all at once where the function has parameters of their names, else one by one."""
    if not op.weights:
        return []
    own, table = {weight.name for weight in weights}, f"w[{quoted(owner.name)}]"
    parameters = inspect.signature(op.function).parameters
    present = [name for name in op.weights if name in own]
    if set(present) == own and own <= parameters.keys():
        return [f"**{table}"]
    last = max(op.weights.index(name) for name in present)
    return [f"{table}[{quoted(name)}]" if name in own else "None" for name in op.weights[: last + 1]]


# Running it


def _main(found: Calls, seed: int, weights_file: str | None) -> str:
    shapes = [_shape_entry(node) for node in found.inputs]
    start = f"load_weights({quoted(weights_file)})" if weights_file is not None else f"init_weights({seed})"
    lines = [
        'if __name__ == "__main__":',
        statement("shapes = ", Group("{", tuple(shapes), "}"), indent="    ", width=_WIDTH),
        "    if len(sys.argv) > 1:  # an NPZ file with an array for each input",
        "        data = np.load(sys.argv[1])",
        "    else:",
        "        data = {name: np.zeros((1, *shape), dtype) for name, (shape, dtype) in shapes.items()}",
        f"    result = predict({start}, *(data[name] for name in shapes))",
        "    print(jax.tree.map(jnp.shape, result))",
    ]
    return "\n".join(lines)


def _shape_entry(node: Node) -> Group:
    layer = node.layer
    assert isinstance(layer, Input)
    return Group(f"{quoted(node.name)}: (", (literal(layer.shape), quoted(layer.dtype)), ")")
