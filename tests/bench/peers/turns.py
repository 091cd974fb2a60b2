"""What a worker does: it makes its network ready, then trains or predicts for a while each time it is asked.

It reads a line ("train", "predict" or "end"), and answers with a line of JSON: `steps` and `seconds`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from abc import ABC, abstractmethod
from typing import Any

from tests.bench.peers.works import WORKS, Work

TURN_SECONDS = float(os.environ.get("TURN_SECONDS", "1"))
BFLOAT16 = "--bfloat16" in sys.argv
"""Whether to compute in bfloat16, with weights in float32."""


class Worker(ABC):
    """One program at one work."""

    work: Work

    @abstractmethod
    def train(self) -> int:
        """Train a little; how many steps."""

    @abstractmethod
    def predict(self) -> None:
        """Predict a batch; its result is on the host."""

    def memory(self) -> int | None:
        """Bytes of a step of training, where they are known."""
        return None

    def device(self) -> str:
        """What it computes on, where that is known."""
        return ""

    def _predictions(self) -> int:
        self.predict()
        return 1

    def serve(self) -> None:
        """Answer until the end."""
        answers = os.fdopen(os.dup(1), "w", buffering=1)  # what others print goes elsewhere
        os.dup2(2, 1)

        def say(**found: Any) -> None:
            answers.write(json.dumps(found) + "\n")

        start = time.perf_counter()
        self.train()
        self.predict()
        say(ready=time.perf_counter() - start, memory=self.memory(), device=self.device())
        for line in sys.stdin:
            if line.strip() == "end":
                return
            step = self.train if line.strip() == "train" else self._predictions
            say(**_turn(step))


def _turn(step: Any) -> dict[str, float]:
    start, steps = time.perf_counter(), 0
    while (seconds := time.perf_counter() - start) < TURN_SECONDS:
        steps += step()
    return {"steps": steps, "seconds": seconds}


def asked() -> Work:
    """The work that the worker was started for."""
    return WORKS[sys.argv[1]]
