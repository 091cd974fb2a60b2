"""Cases of the layers in `engine/layers/merging.py`."""

from tests.engine.cases.case import Case, case

ELEMENTWISE = ("Add", "Multiply", "Average", "Maximum", "Minimum")

CASES: tuple[Case, ...] = (
    case("Concatenate", (3,), (4,)),
    case("Concatenate", (2, 3), (4, 3), (1, 3), axis=1),
    *(case(kind, (3, 4), (3, 4)) for kind in (*ELEMENTWISE, "Subtract")),
    *(case(kind, (5,), (5,), (5,)) for kind in ELEMENTWISE),
    *(case(kind, (3, 1, 4), (3, 2, 1)) for kind in (*ELEMENTWISE, "Subtract")),
    *(case(kind, (2, 3, 4), (1, 1, 4), (4,)) for kind in ELEMENTWISE),
    case("Subtract", (4,), (2, 3, 4)),
    case("Dot", (4,), (4,)),
    case("Dot", (4,), (4,), normalize=True),
    case("Dot", (3, 4), (5, 4)),
    case("Dot", (3, 4), (4, 2), axes=(2, 1), normalize=True),
    case("Dot", (3, 4), (3,), axes=(1, -1)),
    case("Dot", (2, 3, 4), (5, 3, 2), axes=2),
    case("Dot", (4,), (2, 4, 3), axes=(1, 2)),
)
