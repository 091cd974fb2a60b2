"""Cases of the layers in `engine/layers/pipeline.py`."""

from typing import Any

from tests.engine.cases.case import PICTURE, Case, case


def _layer(kind: str, **settings: Any) -> dict[str, Any]:
    return {"type": kind, "settings": settings}


CASES: tuple[Case, ...] = (
    case("Pipeline", (8, 6, 3)),
    case("Pipeline", PICTURE, layers=[_layer("Rescaling", scale=0.5), _layer("Activation", activation="tanh")]),
    case("Pipeline", (8, 6, 3), layers=[_layer("AveragePooling2D"), _layer("RandomRotation")]),
)
