"""A Python file of the person's own as a source: batches that a function in it yields, for ever."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from engine.data.consent import Script, read_script
from engine.data.flow import Batch, Flow
from engine.data.source import DataSet, Source, register
from engine.errors import DataError
from engine.events import Progress
from engine.fields import AsPath, PositiveInt

_SEEN = 1000
_SECONDS = 2.0
"""What is drawn to be looked at: batches until there are so many samples, or so much time has passed."""

_POLL = 0.1


@register("generator")
class PythonGenerator(Source):
    """Batches that a function in a Python file of yours yields, for ever: x or (x, y).

    Each is an array, several of them in a list, or a dict by name. The file is run in a process of its own, and
    only after you said yes to it as it stands. It does not say when an epoch ends: the steps do.
    """

    path: Annotated[str, AsPath()] = Field(default="", description="The .py file.")
    function: str = Field(default="batches", description="The function that yields the batches to learn from.")
    steps_per_epoch: PositiveInt = Field(default=100, description="Batches of an epoch.")
    validation_function: str = Field(
        default="", description="The function that yields the batches to validate on; empty: none."
    )
    validation_steps: PositiveInt = Field(default=10, description="Batches that an epoch is validated on.")
    patience: PositiveInt = Field(
        default=60,
        description="Seconds that a batch may take before the file is taken for stuck.",
        json_schema_extra={"rare": True},
    )

    title: ClassVar[str] = "Python generator (.py)"
    endings: ClassVar[tuple[str, ...]] = (".py",)
    endless: ClassVar[bool] = True

    def script(self) -> Script:
        """The file as it is now; raises `DataError` or `FileError`."""
        if not self.path:
            raise DataError("No Python file is chosen yet.")
        return read_script(self.path)

    def flow(self, script: Script) -> Flow:
        """What is learned from, from its first batch on; raises `ConsentError` where there was no yes."""
        return Flow(script, self.function, self.steps_per_epoch, self.patience)

    def validation_flow(self, script: Script) -> Flow | None:
        """What is validated on."""
        if not self.validation_function:
            return None
        return Flow(script, self.validation_function, self.validation_steps, self.patience)

    def load(self) -> DataSet:
        """The first batches alone, to be looked at."""
        drawing = self.loading()
        while True:
            try:
                next(drawing)
            except StopIteration as ended:
                return ended.value

    def loading(self) -> Generator[Progress, None, DataSet]:
        with closing(self.flow(self.script())) as flow:
            yield from begun(flow)
            found: list[Batch] = []
            seen, end = 0, time.monotonic() + _SECONDS
            while len(found) < self.steps_per_epoch and seen < _SEEN and (not found or time.monotonic() < end):
                if flow.wait(_POLL):
                    found.append(flow.take(flow.batch))
                    seen += flow.batch
                yield Progress("Drawing the first batches", seen, min(_SEEN, flow.batch * self.steps_per_epoch))
            return self._shown(found, flow)

    def _shown(self, batches: list[Batch], flow: Flow) -> DataSet:
        features, targets = (
            {name: np.concatenate([batch.arrays[name] for batch in batches]) for name in names}
            for names in flow.names
        )
        notes: list[str] = []
        notes.append(
            f"Drawn to be looked at: {len(batches):,} batches of {flow.batch:,} samples. An epoch has "
            f"{self.steps_per_epoch:,}."
        )
        return DataSet(features, targets, notes=tuple(notes))


def begun(flow: Flow) -> Generator[Progress]:
    """Wait for the first batch, which may take a while where the file imports much."""
    while not flow.wait(_POLL):
        yield Progress("Waiting for the first batch")
