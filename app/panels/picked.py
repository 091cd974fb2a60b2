"""Samples that an examination picked out, with what was predicted for them, as the Data tab shows samples."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.dialogs import sentence
from app.panels.look import Look
from app.panels.preview import Preview, make_preview
from app.panels.sounds import Wave
from app.task import Background, Job
from app.texts import count
from engine.data.source import DataSet
from engine.events import Event, Result
from engine.scoring import Classified, Labelled, Scores

if TYPE_CHECKING:
    from engine.examination import Examination

Array = np.ndarray[Any, Any]

MOST = 60
"""Samples that are shown at a time."""
_LEAST_SIDE = 84


def _tr(text: str) -> str:
    return QCoreApplication.translate("Picked", text)


def picked_job(found: Examination, scores: Scores, places: Array) -> Job:
    """Read the samples of some answers; ends in a `Preview` of them."""
    data = found.shown(scores.samples[places])
    preview = make_preview(data)
    words = [verdict(scores, place) for place in places.tolist()]
    labels = [_label(*texts) for texts in words]
    waves = preview.waves or _windows(data)
    if preview.images or waves:
        images = tuple((image, label) for (image, _), label in zip(preview.images, labels, strict=False))
        named = tuple(
            replace(wave, label=label.replace("\n", "  ")) for wave, label in zip(waves, labels, strict=False)
        )
        yield Result(replace(preview, images=images, waves=named, header=(), rows=(), texts=False))
        return
    header = (_tr("sample"), _tr("true"), _tr("predicted"), figure_name(scores))
    numbers = scores.samples[places].tolist()
    rows = tuple(
        (count(number + 1), *texts, *row) for number, texts, row in zip(numbers, words, preview.rows, strict=False)
    )
    yield Result(replace(preview, header=(*header, *preview.header), rows=rows))


def verdict(scores: Scores, place: int) -> tuple[str, str, str]:
    """What was true and what was predicted for an answer, and how certain or how wrong that is."""
    if isinstance(scores, Classified):
        true, chosen = (scores.classes[int(labels[place])] for labels in (scores.true, scores.predicted))
        sure = float(scores.certainty[place])
        return true, chosen, f"{100 * sure:.1f} %" if scores.is_probability else f"{sure:.3g}"
    if isinstance(scores, Labelled):
        rows = scores.true[place], scores.predicted[place]
        true, chosen = (
            ", ".join(name for name, on in zip(scores.classes, row, strict=True) if on) or _tr("none")
            for row in rows
        )
        return true, chosen, count(int((rows[0] != rows[1]).sum()))
    true, predicted = scores.true[place], scores.predicted[place]
    error = float(np.abs(predicted - true).mean())
    if len(true) == 1:
        return f"{true[0]:.4g}", f"{predicted[0]:.4g}", f"{error:.3g}"
    return "", "", f"{error:.3g}"


def figure_name(scores: Scores) -> str:
    """What the last of the texts of a verdict is."""
    if isinstance(scores, Classified):
        return _tr("probability") if scores.is_probability else _tr("score")
    return _tr("wrong labels") if isinstance(scores, Labelled) else _tr("error")


def _label(true: str, chosen: str, figure: str) -> str:
    if not chosen:
        return figure
    return f"{chosen}\n{figure}" if true == chosen else f"{true} → {chosen}\n{figure}"


def _windows(data: DataSet) -> tuple[Wave, ...]:
    """Windows of a series of single numbers as lines; none for any other samples."""
    samples = np.asarray(next(iter(data.features.values())))
    if len(data.features) != 1 or samples.dtype.kind != "f" or samples.ndim != 3 or samples.shape[2] != 1:
        return ()
    values = samples[..., 0].astype(float)
    reach = float(np.abs(values).max()) or 1.0
    return tuple(
        Wave(np.minimum(row[:-1], row[1:]), np.maximum(row[:-1], row[1:]), "", 0.0) for row in values / reach
    )


class PickedView(QWidget):
    """Some answers with their samples; they are read in the background."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = QLabel(wordWrap=True)
        self.title.setContentsMargins(12, 8, 12, 4)
        self.look = Look()
        self.look.grid.least = _LEAST_SIDE
        self.look.table.verticalHeader().hide()
        self.look.texts.verticalHeader().hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.title)
        layout.addWidget(self.look, 1)
        self._job = Background(self)
        self._job.happened.connect(self._take)
        self._job.failed.connect(lambda error: self.look.say(sentence(error)))
        self._job.ended.connect(self._start)
        self._next: tuple[Examination, Scores, Array] | None = None

    def say(self, text: str) -> None:
        """Show a word in place of samples."""
        self.title.hide()
        self.look.say(text)

    def show_answers(self, title: str, found: Examination, scores: Scores, places: Array) -> None:
        """Show the samples of some answers, those first in the list."""
        some = "" if len(places) <= MOST else self.tr(" The first {0} are shown.").format(MOST)
        self.title.setText(title + some)
        self.title.show()
        if not len(places):
            self._next = None
            self.look.say(self.tr("There are none."))
            return
        self._next = found, scores, places[:MOST]
        if not self._job.busy:
            self._start()

    def _start(self) -> None:
        if self._next is None:
            return
        self._job.begin(picked_job(*self._next))
        self._next = None

    def _take(self, event: Event) -> None:
        if isinstance(event, Result) and self._next is None:
            preview: Preview = event.value
            self.look.show_preview(preview)
            if self.look.currentWidget() is self.look.table:
                self.look.table.resizeColumnsToContents()

    def close_jobs(self) -> None:
        """End what runs in the background; the window is about to go."""
        self._next = None
        self._job.close()
