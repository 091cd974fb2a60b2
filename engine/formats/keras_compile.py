"""How a project is compiled, as Python: optimizer, losses, metrics."""

from __future__ import annotations

from engine.fields import describe
from engine.formats.keras_config import Calls
from engine.formats.keras_metrics import metric_code, metrics_in_keras
from engine.formats.python_text import WIDTH, Group, call, keyword, listing, literal, prefixed, quoted
from engine.layers.core import Output
from engine.optimizers import OneCycle
from engine.optimizers.schedules import Schedule
from engine.project import TrainingSettings


def compiling(found: Calls, training: TrainingSettings, *, by_name: bool) -> str:
    """The call of `compile`; of several outputs, each is set by its name, or by its place."""
    graph = found.graph
    outputs = [(node, node.layer) for node in graph.of_type(Output)]
    names = [graph.owner(edge.source).name for edge in found.outputs]
    names = names if by_name and len(set(names)) == len(names) > 1 else []
    losses = [literal(layer.loss) for _, layer in outputs if isinstance(layer, Output)]
    weights = [literal(layer.loss_weight) for _, layer in outputs if isinstance(layer, Output)]
    metrics = [listing(metric_code(*m) for m in metrics_in_keras(found.inference, node)) for node, _ in outputs]
    arguments: list[str | Group] = [_optimizer(training), _by_output("loss", names, losses)]
    if set(weights) != {"1.0"}:
        arguments.append(_by_output("loss_weights", names, weights, alone=False))
    if any(group.items for group in metrics):
        arguments.append(_by_output("metrics", names, metrics))
    text = Group("model.compile(", tuple(arguments), ")").spread("", WIDTH) + "\n"
    return f"{_ONE_CYCLE}\n\n{text}" if isinstance(training.optimizer.learning_rate, OneCycle) else text


def _by_output(setting: str, names: list[str], values: list[str] | list[Group], alone: bool = True) -> str | Group:
    """A setting of `compile`: a value for the only output, else values by name, or by order if there are none."""
    items = list[str | Group](values)
    if alone and len(items) == 1:
        return keyword(setting, items[0])
    if not names:
        return Group(f"{setting}=[", tuple(items), "]")
    entries = [prefixed(f"{quoted(name)}: ", item) for name, item in zip(names, items, strict=True)]
    return Group(f"{setting}={{", tuple(entries), "}")


def _optimizer(training: TrainingSettings) -> Group:
    optimizer = training.optimizer
    changed = (
        f"{spec.name}={literal(getattr(optimizer, spec.name))}"
        for spec in describe(type(optimizer))
        if spec.name != "learning_rate" and getattr(optimizer, spec.name) != spec.default
    )
    return call(f"optimizer=keras.optimizers.{optimizer.type}", [_rate(optimizer.learning_rate), *changed])


def _rate(rate: float | Schedule) -> str | Group:
    """The learning rate; of a schedule all settings are written, since Keras has no default for some."""
    if not isinstance(rate, Schedule):
        return f"learning_rate={literal(rate)}"
    if isinstance(rate, OneCycle):
        words = [f"{name}={literal(getattr(rate, name))}" for name in type(rate).model_fields]
        return call(f"learning_rate={rate.type}", words)
    rate = rate.in_keras()
    words = [f"{name}={literal(getattr(rate, name))}" for name in type(rate).model_fields]
    return call(f"learning_rate=keras.optimizers.schedules.{rate.type}", words)


_ONE_CYCLE = '''\
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """A rate that rises to its highest and falls to almost nothing, along halves of a wave of the cosine."""

    def __init__(self, max_learning_rate, total_steps, pct_start, div_factor, final_div_factor):
        super().__init__()
        self.max_learning_rate = max_learning_rate
        self.total_steps = total_steps
        self.pct_start = pct_start
        self.div_factor = div_factor
        self.final_div_factor = final_div_factor

    def __call__(self, step):
        top, end = self.max_learning_rate, self.total_steps - 1
        first = top / self.div_factor
        last = first / self.final_div_factor
        peak = max(self.pct_start * self.total_steps - 1, 1.0)
        step = keras.ops.minimum(keras.ops.cast(step, "float32"), end)
        rise = self.along(first, top, step / peak)
        fall = self.along(top, last, (step - peak) / (max(end, peak + 1) - peak))
        return keras.ops.where(step < peak, rise, fall)

    @staticmethod
    def along(start, end, share):
        return end + (start - end) * 0.5 * (1 + keras.ops.cos(3.141592653589793 * share))

    def get_config(self):
        names = ("max_learning_rate", "total_steps", "pct_start", "div_factor", "final_div_factor")
        return {name: getattr(self, name) for name in names}
'''
