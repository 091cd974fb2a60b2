"""Cases of the layers in `engine/layers/categories.py`."""

from tests.engine.cases.case import Case, case

BOUNDS = (-1.0, 0.0, 0.5)

CASES: tuple[Case, ...] = (
    Case("CategoryEncoding", {"num_tokens": 6}, ((4,),), "int32", below=6),
    Case("CategoryEncoding", {"num_tokens": 6, "output_mode": "one_hot"}, ((4,),), "int32", below=6),
    Case("CategoryEncoding", {"num_tokens": 6, "output_mode": "one_hot"}, ((3, 1),), "int32", below=8),
    Case("CategoryEncoding", {"num_tokens": 6, "output_mode": "count"}, ((4,),), "int32", below=6),
    Case("CategoryEncoding", {"num_tokens": 6, "output_mode": "count"}, ((4,), (4,)), "int32", below=6),
    case("Discretization", (4,), bin_boundaries=BOUNDS),
    case("Discretization", (3, 4), bin_boundaries=BOUNDS, output_mode="multi_hot"),
    case("Discretization", (4,), bin_boundaries=BOUNDS, output_mode="one_hot"),
    case("Discretization", (1,), bin_boundaries=BOUNDS, output_mode="one_hot"),
    case("Discretization", (4,), bin_boundaries=BOUNDS, output_mode="count", epsilon=0.1),
)
