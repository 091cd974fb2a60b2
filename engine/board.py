"""The figures of a run as files that TensorBoard reads, laid out as Keras's callback of that name does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.errors import TrainingError


class Board:
    """Writes event files into `train` and `validation` below a folder."""

    def __init__(self, folder: Path) -> None:
        """Raises `TrainingError` where what writes such files is not installed."""
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            raise TrainingError(
                "The figures cannot be written for TensorBoard: pip install 'layerloom[tensorboard]' brings what "
                "is missing; or switch that callback off."
            ) from None
        self._make = SummaryWriter
        self._folder = folder
        self._writers: dict[str, Any] = {}

    def note(self, epoch: int, figures: Mapping[str, float]) -> None:
        """Write the figures of an epoch; they count from 1 here, and from 0 in TensorBoard."""
        for name, value in figures.items():
            part = "validation" if name.startswith("val_") else "train"
            self._writer(part).add_scalar(f"epoch_{name.removeprefix('val_')}", value, epoch - 1)
        for writer in self._writers.values():
            writer.flush()

    def _writer(self, part: str) -> Any:
        if part not in self._writers:
            self._writers[part] = self._make(str(self._folder / part))
        return self._writers[part]

    def close(self) -> None:
        """Close the files."""
        for writer in self._writers.values():
            writer.close()
