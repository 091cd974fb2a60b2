"""Numbers and names as a person reads them."""

from __future__ import annotations

import math

from PySide6.QtCore import QCoreApplication

from engine.metrics import metric_of, parts_of
from graph_editor.words import counted, said


def tr(text: str) -> str:
    """The text in the language of the program."""
    return QCoreApplication.translate("Texts", text)


def metric_label(name: str) -> str:
    """The name of a loss or metric as a heading."""
    label = metric_name(name)
    return label[:1].upper() + label[1:]


def metric_name(name: str) -> str:
    """The name of a loss or metric within a text, behind the output that it is of where there are several."""
    found = parts_of(name)
    if found is None:
        return tr("loss") if name == "loss" else name.replace("_", " ")
    place = f" ({found.place + 1})" if found.place else ""
    return f"{found.output} {said(found.metric.shown)}{place}".strip()


def is_share(name: str) -> bool:
    """Whether a figure is a share of something, from none to all."""
    metric = metric_of(name)
    return metric is not None and metric.share


def figure(name: str, value: float) -> str:
    """A loss or metric in as many digits as one can take in; shares in per cent."""
    if not math.isfinite(value):
        return tr("not a number")
    if is_share(name):
        return f"{100 * value:.1f} %"
    if value and (abs(value) >= 100_000 or abs(value) < 0.0001):
        return f"{value:.2e}"
    digits = max(0, min(4, 3 - math.floor(math.log10(abs(value))))) if value else 4
    return f"{value:,.{digits}f}"


def duration(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any."""
    whole = max(0, round(seconds))
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def count(number: int) -> str:
    """A count with its thousands grouped."""
    return f"{number:,}"


def shape_text(shape: tuple[int, ...]) -> str:
    """The shape of a sample."""
    return " × ".join(map(str, shape)) if shape else tr("one number")


def facts(layers: int, parameters: int, errors: int, warnings: int, *, data_fits: bool = True) -> str:
    """The size of a network and its problems, for the status bar."""
    found = [
        counted(errors, tr("{0} problem"), tr("{0} problems")) if errors else "",
        counted(warnings, tr("{0} warning"), tr("{0} warnings")) if warnings else "",
        "" if data_fits else tr("the data does not fit"),
    ]
    problems = tr(", ").join(filter(None, found)) or tr("no problems")
    sizes = (
        counted(layers, tr("{0} layer"), tr("{0} layers")),
        counted(parameters, tr("{0} parameter"), tr("{0} parameters")),
    )
    return "  ·  ".join((*sizes, problems))
