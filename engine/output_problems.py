"""What can be wrong with an Output: its loss and metrics, and the layer before it, which must suit one another."""

from __future__ import annotations

from engine.class_weight import BALANCED, read_class_weight
from engine.fixes import Fix, Problem, fix_of, set_field
from engine.graph import Edge, Graph, Node
from engine.layer import Layer
from engine.layers.core import Activation, Dense, Output
from engine.layers.global_pooling import GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalAveragePooling3D
from engine.layers.regularization import Dropout
from engine.layers.reshaping import Flatten
from engine.losses import LOSSES, Loss
from engine.metric_problems import metric_problems
from engine.repairs import InsertBefore
from engine.shapes import Shape, show_shape


def giver_of(graph: Graph, node_id: str) -> Node | None:
    edges = graph.incoming(node_id)
    return graph[edges[0].source] if edges else None


def nothing_to_learn(graph: Graph) -> tuple[Problem, ...]:
    """Why a graph can predict but not be trained: that no Output has a loss; nothing where one has."""
    outputs = graph.of_type(Output)
    if any(isinstance(node.layer, Output) and node.layer.loss is not None for node in outputs):
        return ()
    return tuple(_lossless(graph, node) for node in outputs)


def _lossless(graph: Graph, node: Node) -> Problem:
    giver = giver_of(graph, node.id)
    activation = giver.layer.final_activation if giver is not None else None
    suited = {"softmax": "sparse_categorical_crossentropy", "sigmoid": "binary_crossentropy"}
    fixes = (_set_loss(node, suited.get(activation or "", "mean_squared_error")),)
    return Problem(node.id, f"{node.name} has no loss, so there is nothing to learn: choose one.", "loss", fixes)


def output_problems(graph: Graph, node: Node, shape: Shape) -> list[Problem]:
    layer, giver = node.layer, giver_of(graph, node.id)
    assert isinstance(layer, Output)
    assert giver is not None
    if layer.loss is None:
        return []
    loss = LOSSES[layer.loss]
    problems: list[Problem] = []
    if loss.targets in ("labels", "one-hot"):
        if not shape or shape[-1] is None or shape[-1] < 2:
            problems.append(
                Problem(
                    node.id,
                    f"{layer.loss} needs one number per class, but {giver.name} gives {show_shape(shape)}.",
                    "loss",
                    (_set_loss(node, "binary_crossentropy"), _set_loss(node, "mean_squared_error")),
                )
            )
            return problems
        if len(shape) > 1:
            problems.append(
                Problem(
                    node.id,
                    f"{giver.name} gives {show_shape(shape)}: that is a class for each place. "
                    "For one class a sample, flatten before the last layer.",
                    fixes=_one_for_all_places(graph, giver, len(shape)),
                    severity="warning",
                )
            )
    problems += _activation_problems(node, giver, layer.loss)
    problems += _weight_problems(node, layer, loss, shape)
    problems += metric_problems(node, layer, layer.loss, shape)
    return problems


def _weight_problems(node: Node, layer: Output, loss: Loss, shape: Shape) -> list[Problem]:
    """What is wrong with the weights of the classes."""
    found = read_class_weight(layer.class_weight)
    if not found:
        return []
    away = set_field(node.id, "class_weight", "", "Let all classes count alike")
    if not loss.tells_classes or (loss.targets == "binary" and shape not in ((), (1,))):
        text = f"Class weights need one class a sample, which {layer.loss} of {show_shape(shape)} does not tell."
        return [Problem(node.id, text, "class_weight", (away,))]
    classes = 2 if loss.targets == "binary" else shape[-1]
    if isinstance(found, str) or len(found) == classes:
        return []
    balanced = set_field(node.id, "class_weight", BALANCED, "Balance the classes")
    text = f"{node.name} has {len(found)} class weights, but tells {classes} classes apart."
    return [Problem(node.id, text, "class_weight", (balanced, away))]


def _activation_problems(node: Node, giver: Node, loss_name: str) -> list[Problem]:
    wanted = LOSSES[loss_name].activation
    if LOSSES[loss_name].positive:
        return _sign_problems(node, giver, loss_name)
    actual = giver.layer.final_activation
    if actual is None:
        actual = "linear" if not isinstance(giver.layer, Activation) else actual
    if wanted is None:
        if actual in ("softmax", "relu") and isinstance(giver.layer, Dense):
            text = f"{giver.name} ends in {actual}, which cannot give every number that {loss_name} asks for."
            fix = set_field(giver.id, "activation", "linear", f"Set activation of {giver.name} to linear")
            return [Problem(node.id, text, "loss", (fix,), severity="warning")]
        return []
    if actual == wanted or (wanted == "softmax" and actual == "sigmoid"):
        return []
    text = f"{loss_name} takes probabilities, but {giver.name} does not end in {wanted}."
    fixes: tuple[Fix, ...]
    if "activation" in type(giver.layer).model_fields and giver.layer.final_activation is not None:
        fixes = (set_field(giver.id, "activation", wanted, f"Set activation of {giver.name} to {wanted}"),)
    else:
        repair = InsertBefore(Activation(activation=wanted))
        fixes = (fix_of(node, (Edge(giver.id, node.id, 0),), repair),)
    return [Problem(node.id, text, "loss", fixes, severity="warning")]


def _sign_problems(node: Node, giver: Node, loss_name: str) -> list[Problem]:
    """Predictions that can fall below 0 where a loss takes their logarithm."""
    if giver.layer.final_activation not in ("linear", "tanh") or not isinstance(giver.layer, Dense):
        return []
    text = f"{loss_name} takes numbers above 0, but {giver.name} can give any."
    fix = set_field(giver.id, "activation", "softplus", f"Set activation of {giver.name} to softplus")
    return [Problem(node.id, text, "loss", (fix,), severity="warning")]


def _set_loss(node: Node, loss: str) -> Fix:
    return set_field(node.id, "loss", loss, f"Set the loss to {loss}")


def _one_for_all_places(graph: Graph, giver: Node, axes: int) -> tuple[Fix, ...]:
    """Flatten, or pool, before the first of the dense layers that the giver is the last of."""
    if not isinstance(giver.layer, Dense):
        return ()
    first = node = giver
    while (before := giver_of(graph, node.id)) is not None and isinstance(
        before.layer, (Dense, Activation, Dropout)
    ):
        node = before
        first = node if isinstance(node.layer, Dense) else first
    edges = graph.incoming(first.id)
    return tuple(fix_of(first, edges, InsertBefore(layer)) for layer in (Flatten(), *_pooling(axes)))


def _pooling(axes: int) -> tuple[Layer, ...]:
    """What takes the mean of all places of a sequence, a picture or a volume."""
    pooling = {2: GlobalAveragePooling1D, 3: GlobalAveragePooling2D, 4: GlobalAveragePooling3D}
    return (pooling[axes](),) if axes in pooling else ()
