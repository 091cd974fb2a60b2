"""Cases of the layers in `engine/layers/preprocessing.py`."""

from tests.engine.cases.case import Case, case

CASES: tuple[Case, ...] = (
    case("Rescaling", (3,)),
    case("Rescaling", (3, 2), scale=0.5, offset=-1.0),
    case("Rescaling", (3, 2), scale=(0.5, 2.0), offset=(-1.0, 0.25)),
    case("Rescaling", (3, 2), scale=(0.5, 2.0)),
    case("Normalization", (4,)),
    case("Normalization", (3, 2, 4)),
    case("Normalization", (3, 2, 4), axis=(3, 1), invert=True),
    case("Normalization", (3, 4), axis=None),
    case("Normalization", (3, 4), mean=2.0, variance=4.0),
    case("Normalization", (3, 4), mean=2.0, variance=4.0, axis=None, invert=True),
    case("Normalization", (3, 4), mean=(1.0, 2.0, 3.0), variance=(0.5, 2.0, 4.0), axis=1),
    case("Normalization", (3, 4), mean=(1, 2, 3, 4), variance=(0.5, 2.0, 4.0, 0.0), axis=(-1, -2)),
)
