"""What can be wrong with the metrics of an Output: they must suit the targets of its loss, and its shape."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from engine.fixes import Fix, Problem, set_field
from engine.graph import Graph, Node
from engine.layers.core import Output
from engine.losses import LOSSES, TargetKind
from engine.metric_sums import TOP
from engine.metrics import METRICS, Metric
from engine.shapes import Shape, show_shape

_TAKES: dict[TargetKind, str] = {
    "labels": "the number of a class",
    "one-hot": "a number for each class",
    "binary": "answers of 0 or 1",
    "signs": "answers of -1 or 1",
    "numbers": "numbers of any size",
}


def metric_problems(node: Node, layer: Output, loss: str, shape: Shape) -> list[Problem]:
    """For an Output with a loss, and the shape of what it predicts."""
    found: list[Problem] = []
    for metric in (METRICS[name] for name in layer.metrics):
        if metric.name == "accuracy" and LOSSES[loss].targets == "numbers":
            found.append(_accuracy_of_numbers(node, layer, loss))
        elif not metric.suits(loss):
            found.append(_unsuited(node, layer, loss, metric))
        elif metric.of_rows and (len(shape) != 1 or shape[0] is None):
            text = f"{metric.name} needs a row of numbers for each sample, but {node.name} is {show_shape(shape)}."
            found.append(_problem(node, text, _without(node, layer, metric)))
        elif "top_k" in metric.name and (shape[-1] or 0) <= TOP:
            text = (
                f"{metric.name} looks among the first {TOP} classes, and {node.name} has only {shape[-1]}: "
                "it is always 100 %."
            )
            found.append(_problem(node, text, _without(node, layer, metric), warning=True))
    return found


def _problem(node: Node, text: str, *fixes: Fix, warning: bool = False) -> Problem:
    return Problem(node.id, text, "metrics", fixes, "warning" if warning else "error")


def _accuracy_of_numbers(node: Node, layer: Output, loss: str) -> Problem:
    kept = tuple(name for name in layer.metrics if name != "accuracy")
    metrics = kept if "mae" in kept else (*kept, "mae")
    text = f"Accuracy says little with {loss}: predicted numbers are hardly ever met exactly."
    instead = set_field(node.id, "metrics", metrics, "Show the mean absolute error instead")
    return _problem(node, text, instead, warning=True)


def _unsuited(node: Node, layer: Output, loss: str, metric: Metric) -> Problem:
    """Labels have another shape than all other targets; of those something is computed, but it means nothing."""
    kind = LOSSES[loss].targets
    others = (metric.counterpart, "accuracy" if metric.counts_right else None)
    fixes = [_instead(node, layer, metric, name) for name in others if name and METRICS[name].suits(loss)][:1]
    fixes += [_one_hot(node, layer, loss)] if kind == "labels" and "one-hot" in metric.targets else []
    fixes += [_without(node, layer, metric)]
    is_for: TargetKind = "one-hot" if kind == "labels" and metric.of_classes else metric.targets[0]
    if kind == "labels" or metric.targets == ("labels",):
        text = (
            f"{metric.name} is of {_TAKES[is_for]}, but {loss} takes {_TAKES[kind]}: "
            "they cannot be compared, in Keras either."
        )
        return _problem(node, text, *fixes)
    text = f"{metric.name} is of {_TAKES[is_for]}, but {loss} takes {_TAKES[kind]}: what it shows means nothing."
    return _problem(node, text, *fixes, warning=True)


def _without(node: Node, layer: Output, metric: Metric) -> Fix:
    text = f"Leave out {metric.name}"
    return _changed(node, layer, lambda name: () if name == metric.name else (name,), text)


def _instead(node: Node, layer: Output, metric: Metric, other: str) -> Fix:
    text = f"Use {other} instead"
    return _changed(node, layer, lambda name: (other,) if name == metric.name else (name,), text)


def _changed(node: Node, layer: Output, change: Callable[[str], Iterable[str]], text: str) -> Fix:
    metrics = tuple(new for name in layer.metrics for new in change(name))
    return set_field(node.id, "metrics", metrics, text)


def _one_hot(node: Node, layer: Output, loss: str) -> Fix:
    """From labels to a number for each class, which the data is turned into; metrics of labels go along."""
    wanted = loss.removeprefix("sparse_")

    def fitting(name: str) -> str:
        return name if METRICS[name].suits(wanted) else METRICS[name].counterpart or name

    def change(graph: Graph) -> Graph:
        metrics = tuple(map(fitting, layer.metrics))
        return graph.set_layer(node.id, layer.replace(loss=wanted, metrics=metrics))

    return Fix(f"Set the loss to {wanted}", change)
