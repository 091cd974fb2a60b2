"""Cases of the layers in `engine/layers/text.py`: those whose results are stored, since Keras needs TensorFlow."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from tests.engine.cases.case import Case

STORED: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[1] / "fixtures" / "text_layers.json").read_text("utf-8")
)
"""What Keras's layers gave; `fixtures/text_layers.py` made it."""


def stored_case(entry: dict[str, Any]) -> Case:
    """The case that a stored result is of."""
    values = tuple(np.asarray(value) for value in entry["inputs"])
    return Case(
        entry["type"],
        entry["settings"],
        tuple(value.shape[1:] for value in values),
        "string" if values[0].dtype.kind == "U" else "int32",
        values=values,
        runs_in_keras=False,
    )


CASES: tuple[Case, ...] = tuple(map(stored_case, STORED["cases"]))
