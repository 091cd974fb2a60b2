"""What a look at the data has told of it, beyond what its settings tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import QCoreApplication

from engine.data.source import Column, Source
from engine.data.table import Table
from engine.fixes import Fix, Problem


def tr(text: str) -> str:
    """The text in the language of the program."""
    return QCoreApplication.translate("Known", text)


@dataclass(frozen=True)
class Known:
    """What is known of the data of a source since it was looked at."""

    source: Source
    features: Mapping[str, Column] = field(default_factory=dict[str, Column])
    targets: Mapping[str, Column] = field(default_factory=dict[str, Column])
    stop: str = ""
    """Why a run would stop at samples that cannot be read: a sentence."""

    def problems(self, *, gives_back: bool = False) -> tuple[Problem, ...]:
        """What keeps a network from learning of this data; one that gives features back needs no targets."""
        if self.stop:
            return (Problem(None, self.stop, fixes=_leaving_out(self.source)),)
        if self.features and not self.targets and not gives_back:
            text = tr("There is nothing to predict in this data: it has no targets.")
            return (Problem(None, " ".join(filter(None, (text, _where_targets_are(self.source))))),)
        return ()


def _leaving_out(source: Source) -> tuple[Fix, ...]:
    changed = source.skipping()
    if changed == source:
        return ()
    text = tr("Leave faulty rows out") if isinstance(source, Table) else tr("Leave them out")
    return (Fix(text, data=lambda data: data.model_copy(update={"source": changed})),)


def _where_targets_are(source: Source) -> str:
    if isinstance(source, Table):
        return tr("Give a column the role target.")
    if {"targets_path", "labels_path"} & type(source).model_fields.keys():
        return tr("Choose their file in the settings of the source.")
    return ""
