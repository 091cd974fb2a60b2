"""Metrics as an Output has them: names, with settings where they are not as they come: `auc(curve='PR')`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial

from engine.fields import CallsOf
from engine.losses import TargetKind
from engine.metric_settings import MetricSettings
from engine.metric_sums import Sums
from engine.metrics import METRICS, Metric
from engine.metrics_in_keras import InKeras
from engine.shapes import Shape

CHOICES = CallsOf(
    {name: metric.settings for name, metric in METRICS.items()},
    says=tuple(metric.description for metric in METRICS.values()),
    example="top_k_categorical_accuracy(k=3)",
)


@dataclass(frozen=True)
class Chosen:
    """A metric with its settings."""

    metric: Metric
    settings: MetricSettings

    @property
    def text(self) -> str:
        """How it is written, in its shortest form."""
        return CHOICES.write(self.metric.name, self.settings)

    @property
    def figure(self) -> str:
        """What its figure is called."""
        return self.settings.name or self.metric.name

    @cached_property
    def sums(self) -> Sums:
        """What it adds up of a batch."""
        return partial(self.metric.sums, **self.settings.model_dump(exclude={"name"}))

    def in_keras(self, kind: TargetKind, shape: Shape) -> InKeras:
        """What Keras has, for targets and the shape of a prediction."""
        return self.metric.maker(kind, shape, self.settings)


@lru_cache(maxsize=1024)
def chosen(text: str) -> Chosen:
    """The metric that a text stands for; raises `ValueError`."""
    name, settings = CHOICES.read(text)
    assert isinstance(settings, MetricSettings)
    return Chosen(METRICS[name], settings)


def renamed(metric: Chosen, name: str) -> Chosen:
    """Another metric with those settings of this one that it has, too."""
    other = METRICS[name]
    kept = {key: value for key, value in metric.settings if key in other.settings.model_fields}
    return Chosen(other, other.settings.model_validate(kept))


def with_figures(metrics: Iterable[str]) -> Iterator[tuple[str, Chosen]]:
    """Metrics with what their figures are called: those of one name are numbered from the second on, as in Keras.

    A name that a metric was given may be one that another gets in this way (see `metric_problems`).
    """
    seen = Counter[str]()
    for metric in map(chosen, metrics):
        number = seen[metric.figure]
        yield f"{metric.figure}_{number}" if number else metric.figure, metric
        seen[metric.figure] += 1


def by_figure(metrics: Iterable[str]) -> dict[str, Chosen]:
    """Metrics by what their figures are called."""
    return dict(with_figures(metrics))
