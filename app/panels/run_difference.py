"""What the selected runs are, or what two of them differ in, as a page of text."""

from __future__ import annotations

import html
from collections.abc import Sequence
from textwrap import shorten

from PySide6.QtCore import QCoreApplication

from app.texts import count, duration, figure, metric_name
from engine.difference import Difference
from engine.past_runs import RunRecord
from graph_editor import theme as themes
from graph_editor.words import noted

_WIDEST = 80

_PARTS = {
    "layer": noted("layer"),
    "wire": noted("wire"),
    "training": noted("training"),
    "data": noted("data"),
    "model": noted("model"),
}
_KINDS = {"added": noted("added"), "removed": noted("removed")}


def tr(text: str) -> str:
    """The text in the language of the program."""
    return QCoreApplication.translate("Runs", text)


def run_page(run: RunRecord, state: str = "") -> str:
    """All that is known of a run, in a few lines; `state` is how it ended, or how it goes on."""
    outcome = run.outcome
    lines = [f"<b>{html.escape(run.name)}</b>"]
    lines += [f'<span style="color:{themes.current().error}">{html.escape(text)}</span>' for text in run.problems]
    if state:
        lines.append(html.escape(state[:1].upper() + state[1:]))
    if outcome.problem:
        lines.append(html.escape(outcome.problem))
    if outcome.begins:
        lines.append(tr("Went on after {0} epochs").format(count(outcome.begins)))
    if outcome.seconds:
        lines.append(tr("{0} of training").format(duration(outcome.seconds)))
    if outcome.best:
        figures = _figures(outcome.best)
        lines.append(tr("Best after epoch {0}: {1}").format(count(outcome.best_epoch), figures))
    if outcome.test:
        lines.append(tr("Test: {0}").format(_figures(outcome.test)))
    if not run.has_weights:
        lines.append(tr("There are no weights in it."))
    if run.remarks.note:
        lines.append(f"<i>{html.escape(run.remarks.note)}</i>")
    lines.append(_muted(tr("Select two runs to see what differs.")))
    return "".join(f'<p style="margin:0 0 6px 0">{line}</p>' for line in lines)


def difference_page(before: RunRecord, after: RunRecord, found: Sequence[Difference]) -> str:
    """What differs in two runs, a row each."""
    title = f"<p><b>{html.escape(before.name)} → {html.escape(after.name)}</b></p>"
    if not found:
        return title + f"<p>{tr('Network and settings are the same.')}</p>"
    rows = "".join(_row(change) for change in found)
    return f'{title}<table cellspacing="0" cellpadding="3">{rows}</table>'


def _row(change: Difference) -> str:
    where = " ".join(filter(None, (tr(_PARTS[change.part]), change.place)))
    if change.kind == "changed":
        value = f"{_value(change.before)} → <b>{_value(change.after)}</b>"
    else:
        value = f"<b>{tr(_KINDS[change.kind])}</b> {_value(change.before or change.after, '')}"
    cells = (_muted(html.escape(where)), html.escape(change.field), value)
    return "<tr>" + "".join(f"<td>{cell}&nbsp;</td>" for cell in cells) + "</tr>"


def _value(text: str, nothing: str = "–") -> str:
    return html.escape(shorten(text, _WIDEST, placeholder="…")) or nothing


def _muted(text: str) -> str:
    return f'<span style="color:{themes.current().muted}">{text}</span>'


def _figures(figures: dict[str, float]) -> str:
    def name(key: str) -> str:
        plain = metric_name(key.removeprefix("val_"))
        return tr("validation {0}").format(plain) if key.startswith("val_") else plain

    return html.escape(tr(", ").join(f"{name(key)} {figure(key, value)}" for key, value in figures.items()))
