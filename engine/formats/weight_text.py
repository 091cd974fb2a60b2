"""How much samples count in the loss, as Python: what `fit` and `evaluate` are told of it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.class_weight import BALANCED, read_class_weight
from engine.data.arrays import MARKS
from engine.data.source import WEIGHT
from engine.formats.data_text import Loading
from engine.formats.python_text import listing, literal, statement
from engine.graph import Node
from engine.layers.core import Output
from engine.losses import LOSSES
from engine.model import Model


@dataclass(frozen=True)
class WeightText:
    """The weights of a project: `w` holds those of the data for its samples, where it has any."""

    model: Model
    loading: Loading

    def own(self, part: str) -> str:
        """Python for the weights that the data has for the samples of a part; empty where it has none."""
        texts = self.loading.expressions.get(part, {})
        found = (texts[name] for name, mark in MARKS.items() if mark == WEIGHT and name in texts)
        return next((f'{text}.astype("float32")' for text in found), "")

    @property
    def has_own(self) -> bool:
        return bool(self.own("train"))

    @property
    def _classed(self) -> list[tuple[Node, Output, str]]:
        return [one for one in self.model.trained_outputs if one[1].class_weight]

    @property
    def _as_class_weight(self) -> bool:
        """Whether Keras takes the weights of classes as such: those of one Output, with one class a sample."""
        (node, _, loss), *others = self.model.trained_outputs
        places = len(self.model.inference[node.id].shape or ()) - (LOSSES[loss].targets != "binary")
        return not others and not self.has_own and places <= 1

    def lines(self) -> list[str]:
        """Lines that compute the weights of classes, once the training part is there."""
        if not self._classed:
            return []
        if self._as_class_weight:
            ((node, layer, _),) = self._classed
            return ["", *self._of_classes(node, layer), "class_weight = dict(enumerate(weight.tolist()))"]
        lines: list[str] = [""]
        each: list[str] = []
        for number, (node, layer, _) in enumerate(self.model.trained_outputs):
            own = "w_train" if self.has_own else ""
            if not layer.class_weight:
                each.append(own or f"np.ones(len({self._target(node)}))")
                continue
            lines += self._of_classes(node, layer)
            axes = len(self.model.inference[node.id].shape or ()) - 1
            own = f"{own}.reshape(-1{', 1' * axes})" if own and axes > 0 else own
            each.append(f"weights_{number}")
            lines += [f"weights_{number} = {f'{own} * ' if own else ''}weight[labels]"]
        several = len(self.model.trained_outputs) > 1
        return [*lines, statement("weights = ", listing(each)) if several else f"weights = {each[0]}"]

    def _target(self, node: Node) -> str:
        nodes = [one.id for one, *_ in self.model.trained_outputs]
        return "y_train" if len(nodes) == 1 else f"y_train[{nodes.index(node.id)}]"

    def _of_classes(self, node: Node, layer: Output) -> list[str]:
        """Lines that give a weight for each class, and the labels of the training part."""
        kind = LOSSES[layer.loss or ""].targets
        shape = self.model.inference[node.id].shape or (1,)
        classes = 2 if kind == "binary" else shape[-1]
        target = self._target(node)
        taken = {"one-hot": f"{target}.argmax(-1)", "binary": f'{target}.ravel().astype("int32")'}
        lines = [f"labels = {taken.get(kind, target)}"]
        found = read_class_weight(layer.class_weight)
        if found != BALANCED:
            return [
                "# How much each class counts in the loss.",
                *lines,
                f"weight = np.array({literal(list(found))})",
            ]
        return [
            "# Rare classes count in the loss as much as frequent ones.",
            *lines,
            f"counts = np.bincount(labels.ravel(), minlength={classes})",
            "weight = labels.size / (np.count_nonzero(counts) * np.maximum(counts, 1))",
        ]

    def fitting(self) -> list[str]:
        """The argument of `fit`, if there is one."""
        if self._classed:
            return ["class_weight=class_weight" if self._as_class_weight else "sample_weight=weights"]
        return [f"sample_weight={self._each('w_train')}"] if self.has_own else []

    def _each(self, name: str) -> str:
        """The same weights for each output."""
        count = len(self.model.trained_outputs)
        return name if count == 1 else f"[{', '.join([name] * count)}]"

    def held(self, suffix: str) -> str:
        """The weights of a part that is held back, for each output; empty where it has none."""
        return self._each(f"w{suffix}") if self.has_own else ""
