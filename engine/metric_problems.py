"""What can be wrong with the metrics of an Output: they must suit the targets of its loss, and its shape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from engine.chosen_metrics import Chosen, chosen, renamed, with_figures
from engine.fixes import Fix, Problem, set_field
from engine.graph import Graph, Node
from engine.layers.core import Output
from engine.losses import LOSSES, TargetKind
from engine.metric_settings import Area, Found, Overlapping, TopK
from engine.metrics import METRICS
from engine.metrics_in_keras import changed
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
    for choice in map(chosen, layer.metrics):
        metric = choice.metric
        if metric.name == "accuracy" and LOSSES[loss].targets == "numbers":
            found.append(_accuracy_of_numbers(node, layer, loss))
        elif not metric.suits(loss):
            found.append(_unsuited(node, layer, loss, choice))
        elif metric.of_rows and _no_row(shape):
            text = f"{metric.name} needs a row of numbers for each sample, but {node.name} is {show_shape(shape)}."
            found.append(_problem(node, text, _without(node, layer, choice)))
        else:
            found += _setting_problems(node, layer, choice, LOSSES[loss].targets, shape)
    return [*found, *_name_problems(node, layer)]


def _name_problems(node: Node, layer: Output) -> Iterator[Problem]:
    """Names that were given and that numbering gives another metric, too: of the two figures Keras keeps one."""
    figures = [*with_figures(layer.metrics)]
    names = Counter(figure for figure, _ in figures)
    for figure, choice in figures:
        if choice.settings.name == figure and names[figure] > 1:
            text = f"{figure} is also what another {figure.rpartition('_')[0]} of {node.name} is called."
            yield _problem(node, text, _as_it_comes(node, layer, choice, "name"))


def _no_row(shape: Shape) -> bool:
    return len(shape) != 1 or shape[0] is None


def _setting_problems(
    node: Node, layer: Output, metric: Chosen, kind: TargetKind, shape: Shape
) -> Iterator[Problem]:
    """Settings that go beyond the numbers that are predicted, or count for other targets only."""
    settings, name = metric.settings, metric.metric.name
    size = shape[-1] if shape and shape[-1] is not None else 1
    if isinstance(settings, TopK) and size <= settings.k:
        text = (
            f"{name} looks among the first {settings.k} classes, and {node.name} has only {size}: "
            "it is always 100 %."
        )
        yield _problem(node, text, _without(node, layer, metric), warning=True)
    if isinstance(settings, Found):
        if settings.top_k is not None and settings.top_k > size:
            text = f"{name} looks at the {settings.top_k} highest predictions, but {node.name} has only {size}."
            yield _problem(node, text, _as_it_comes(node, layer, metric, "top_k"))
        if settings.class_id is not None and settings.class_id >= size:
            text = (
                f"{name} looks at class {settings.class_id}, but the classes of {node.name} are 0 to {size - 1}."
            )
            yield _problem(node, text, _as_it_comes(node, layer, metric, "class_id"))
    if isinstance(settings, Area) and settings.multi_label and _no_row(shape):
        text = f"A curve for each number needs a row of them, but {node.name} is {show_shape(shape)}."
        yield _problem(node, text, _as_it_comes(node, layer, metric, "multi_label"))
    if isinstance(settings, Overlapping):
        yield from _overlap_problems(node, layer, metric, settings, 2 if kind == "binary" else size, kind)


def _overlap_problems(
    node: Node, layer: Output, metric: Chosen, settings: Overlapping, classes: int, kind: TargetKind
) -> Iterator[Problem]:
    name = metric.metric.name
    beyond = [number for number in settings.target_class_ids if number >= classes]
    if beyond:
        number, last = beyond[0], classes - 1
        text = f"{name} looks at class {number}, but the classes of {node.name} are 0 to {last}."
        yield _problem(node, text, _as_it_comes(node, layer, metric, "target_class_ids"))
    if kind != "binary" and "threshold" in changed(settings):
        text = f"The threshold of {name} counts for yes-or-no answers only: here it changes nothing."
        yield _problem(node, text, _as_it_comes(node, layer, metric, "threshold"), warning=True)
    if kind == "binary" and settings.ignore_class is not None:
        text = f"The ignore_class of {name} counts for several classes only: here it changes nothing."
        yield _problem(node, text, _as_it_comes(node, layer, metric, "ignore_class"), warning=True)


def _problem(node: Node, text: str, *fixes: Fix, warning: bool = False) -> Problem:
    return Problem(node.id, text, "metrics", fixes, "warning" if warning else "error")


def _accuracy_of_numbers(node: Node, layer: Output, loss: str) -> Problem:
    kept = tuple(text for text in layer.metrics if chosen(text).metric.name != "accuracy")
    metrics = kept if "mae" in kept else (*kept, "mae")
    text = f"Accuracy says little with {loss}: predicted numbers are hardly ever met exactly."
    instead = set_field(node.id, "metrics", metrics, "Show the mean absolute error instead")
    return _problem(node, text, instead, warning=True)


def _unsuited(node: Node, layer: Output, loss: str, choice: Chosen) -> Problem:
    """Labels have another shape than all other targets; of those something is computed, but it means nothing."""
    kind, metric = LOSSES[loss].targets, choice.metric
    others = (metric.counterpart, "accuracy" if metric.counts_right else None)
    fixes = [_instead(node, layer, choice, name) for name in others if name and METRICS[name].suits(loss)][:1]
    fixes += [_one_hot(node, layer, loss)] if kind == "labels" and "one-hot" in metric.targets else []
    fixes += [_without(node, layer, choice)]
    is_for: TargetKind = "one-hot" if kind == "labels" and metric.of_classes else metric.targets[0]
    if kind == "labels" or metric.targets == ("labels",):
        text = (
            f"{metric.name} is of {_TAKES[is_for]}, but {loss} takes {_TAKES[kind]}: "
            "they cannot be compared, in Keras either."
        )
        return _problem(node, text, *fixes)
    text = f"{metric.name} is of {_TAKES[is_for]}, but {loss} takes {_TAKES[kind]}: what it shows means nothing."
    return _problem(node, text, *fixes, warning=True)


def _without(node: Node, layer: Output, metric: Chosen) -> Fix:
    text = f"Leave out {metric.metric.name}"
    return _changed(node, layer, metric, (), text)


def _instead(node: Node, layer: Output, metric: Chosen, other: str) -> Fix:
    text = f"Use {other} instead"
    return _changed(node, layer, metric, (renamed(metric, other).text,), text)


def _as_it_comes(node: Node, layer: Output, metric: Chosen, field: str) -> Fix:
    """With one of its settings put back."""
    settings = metric.settings.replace(**{field: type(metric.settings).model_fields[field].default})
    text = f"Leave {field} of {metric.metric.name} as it comes"
    return _changed(node, layer, metric, (Chosen(metric.metric, settings).text,), text)


def _changed(node: Node, layer: Output, metric: Chosen, instead: tuple[str, ...], text: str) -> Fix:
    metrics = tuple(new for old in layer.metrics for new in (instead if old == metric.text else (old,)))
    return set_field(node.id, "metrics", tuple(dict.fromkeys(metrics)), text)


def _one_hot(node: Node, layer: Output, loss: str) -> Fix:
    """From labels to a number for each class, which the data is turned into; metrics of labels go along."""
    wanted = loss.removeprefix("sparse_")

    def fitting(metric: Chosen) -> str:
        other = None if metric.metric.suits(wanted) else metric.metric.counterpart
        return renamed(metric, other).text if other else metric.text

    def change(graph: Graph) -> Graph:
        metrics = tuple(fitting(chosen(text)) for text in layer.metrics)
        return graph.set_layer(node.id, layer.replace(loss=wanted, metrics=tuple(dict.fromkeys(metrics))))

    return Fix(f"Set the loss to {wanted}", change)
