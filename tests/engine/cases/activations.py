"""Cases of the layers in `engine/layers/activations.py`."""

from tests.engine.cases.case import PICTURE, Case, case

CASES: tuple[Case, ...] = (
    case("ReLU", (6,)),
    case("ReLU", (3, 4), max_value=0.5),
    case("ReLU", (3, 4), max_value=6.0, threshold=0.25),
    case("ReLU", PICTURE, negative_slope=0.1),
    case("ReLU", (6,), negative_slope=0.2, threshold=0.5, max_value=1.0),
    case("LeakyReLU", (6,)),
    case("LeakyReLU", PICTURE, negative_slope=0.05),
    case("PReLU", (6,)),
    case("PReLU", PICTURE, shared_axes=(1, 2), alpha_initializer="constant(value=0.25)"),
    case("PReLU", (3, 4), shared_axes=(1,), alpha_regularizer="l1", alpha_constraint="non_neg"),
    case("ELU", (6,)),
    case("ELU", (3, 4), alpha=0.5),
    case("Softmax", (6,)),
    case("Softmax", (3, 4), axis=1),
    case("Softmax", PICTURE, axis=(1, 2)),
)
