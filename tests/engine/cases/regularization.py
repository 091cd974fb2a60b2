"""Cases of the layers in `engine/layers/regularization.py`."""

from tests.engine.cases.case import Case, case

CASES: tuple[Case, ...] = (
    case("Dropout", (6,)),
    case("Dropout", (3, 4), rate=0.25),
    case("Dropout", (6,), rate=0.0),
)
