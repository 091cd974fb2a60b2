"""Cases of the layers in `engine/layers/normalization.py`."""

from tests.engine.cases.case import PICTURE, Case, case

CASES: tuple[Case, ...] = (
    case("BatchNormalization", (5,)),
    case("BatchNormalization", PICTURE, momentum=0.8, epsilon=0.01),
    case("BatchNormalization", (4, 3), axis=1, center=False),
    case("BatchNormalization", (4,), scale=False),
    case("BatchNormalization", (4,), scale=False, center=False),
)
