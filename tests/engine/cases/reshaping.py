"""Cases of the layers in `engine/layers/reshaping.py`."""

from tests.engine.cases.case import Case, case

CASES: tuple[Case, ...] = (
    case("Flatten", (4,)),
    case("Flatten", (2, 3, 4)),
    case("Reshape", (12,), target_shape=(3, -1)),
    case("Reshape", (4, 3), target_shape=(2, 2, 3)),
    case("Reshape", (4, 3)),
)
