"""Cases of the layers in `engine/layers/merging.py`."""

from tests.engine.cases.case import Case, case

CASES: tuple[Case, ...] = (
    case("Concatenate", (3,), (4,)),
    case("Concatenate", (2, 3), (4, 3), (1, 3), axis=1),
    case("Add", (3, 4), (3, 4)),
    case("Add", (5,), (5,), (5,)),
    case("Add", (3, 4), (1, 4)),
)
