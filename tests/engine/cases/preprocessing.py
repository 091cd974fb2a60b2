"""Cases of the layers in `engine/layers/preprocessing.py`."""

from tests.engine.cases.case import Case, case

CASES: tuple[Case, ...] = (
    case("Rescaling", (3,)),
    case("Rescaling", (3, 2), scale=0.5, offset=-1.0),
    case("Normalization", (4,)),
    case("Normalization", (3, 2, 4)),
)
