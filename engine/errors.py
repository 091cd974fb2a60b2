"""Everything that this program raises on purpose.

LayerloomError                   base: its text is a sentence for the person at the window
├── GraphError                   an edit of a graph that is refused
│   ├── CycleError               a wire would close a circle
│   ├── PortOccupiedError        an input already has a wire
│   ├── DuplicateEdgeError       the same wire twice
│   ├── PortError                no such port: an Input takes no wire, an Output gives none
│   ├── NameTakenError           two nodes of one name
│   └── UnknownNodeError         no such node
├── ShapeError                   a layer that cannot work on the shape it gets
├── NotReadyError                a graph with problems was asked to compute
├── StyleError                   code was asked for in a style in which the graph cannot be written
├── DataError                    data that cannot be read, or that does not fit the graph
│   └── ConsentError             a program of the person's own that there was no yes for
├── TrainingError                a training run that cannot go on
│   ├── MemoryShortError         one that there is not enough memory for
│   └── PeerLostError            one of whose processes has ended, or cannot be reached
├── FileError                    a file that is missing, damaged, or cannot be written
│   ├── DownloadError            a file that cannot be had from its site
│   └── FileFormatError          a file of the wrong kind or of a future version
│       ├── UnreadableError      samples that cannot be read, and may be left out
│       └── UnsupportedError     part of a file that this program does not have, but can keep as it is
└── Cancelled                    thrown into a generator of events to ask it to end
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.fixes import Problem
    from engine.repairs import Repair


def legible(path: str | PathLike[str]) -> str:
    """The name of a file as text that can be shown: bytes in it that are no UTF-8 are written as numbers."""
    return os.fspath(path).encode("utf-8", "backslashreplace").decode("utf-8")


_UNSEEN = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str, keep: str = "") -> str:
    """A text from a file as it can be shown: what would command a terminal stands there by its number."""
    return _UNSEEN.sub(lambda found: found[0] if found[0] in keep else ascii(found[0])[1:-1], text)


class LayerloomError(Exception):
    """Base of all errors raised on purpose; `str(error)` is a sentence for a person."""


class GraphError(LayerloomError):
    """An edit of a graph that is refused."""


class CycleError(GraphError):
    """A wire would close a circle."""


class PortOccupiedError(GraphError):
    """An input port already has a wire."""


class DuplicateEdgeError(GraphError):
    """The same wire twice."""


class PortError(GraphError):
    """The layer has no such port."""


class NameTakenError(GraphError):
    """Two nodes of one name, or a name that is not usable."""


class UnknownNodeError(GraphError):
    """No node has this identifier."""


class ShapeError(LayerloomError):
    """A layer cannot work on the shape it gets.

    `field` is the setting at fault, if one is; `repairs` are ways out that a user can apply.
    """

    def __init__(self, message: str, field: str | None = None, repairs: Iterable[Repair] = ()) -> None:
        super().__init__(message)
        self.field = field
        self.repairs = tuple(repairs)


class NotReadyError(LayerloomError):
    """A graph with problems was asked to compute; `problems` says which."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(problem.message for problem in self.problems))


class StyleError(LayerloomError):
    """A graph cannot be written in the style of code that was asked for."""


class DataError(LayerloomError):
    """Data that cannot be read, or that does not fit the graph."""


class ConsentError(DataError):
    """A file would have to be run, and there was no yes for it as it is now."""


class TrainingError(LayerloomError):
    """A training run that cannot go on; `node` is the layer at fault, where one is known."""

    def __init__(self, message: str, node: str | None = None) -> None:
        super().__init__(message)
        self.node = node


class MemoryShortError(TrainingError):
    """Training needs more memory than there is; `batch_size` is one that may do, None where none is known.

    `begun` tells whether steps were made before it ran out.
    """

    def __init__(self, message: str, batch_size: int | None = None, *, begun: bool = False) -> None:
        super().__init__(message)
        self.batch_size = batch_size
        self.begun = begun


class PeerLostError(TrainingError):
    """Another process of the run has ended, or can no longer be reached."""


class FileError(LayerloomError):
    """A file is missing, damaged, or cannot be written; the text names it."""

    def __init__(self, path: str | PathLike[str], reason: str) -> None:
        self.path = legible(path)
        super().__init__(f"{self.path}: {reason}")
        self.reason = reason


class DownloadError(FileError):
    """A file that cannot be had from its site, whose address is the `path`."""


class FileFormatError(FileError):
    """A file of the wrong kind, or of a version this program does not know."""


class UnreadableError(FileFormatError):
    """Samples of a file that cannot be read; the settings may say that they are left out."""


class UnsupportedError(FileFormatError):
    """Part of a file that this program does not have; `cause` says what, without the place."""

    def __init__(self, path: str | PathLike[str], reason: str, cause: str) -> None:
        super().__init__(path, reason)
        self.cause = cause


class Cancelled(LayerloomError):
    """Thrown into a generator of events to ask it to end; training then still yields its result."""

    def __init__(self) -> None:
        super().__init__("Cancelled.")
