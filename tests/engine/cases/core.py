"""Cases of the layers in `engine/layers/core.py`."""

from tests.engine.cases.case import Case, case

CASES: tuple[Case, ...] = (
    case("Input"),
    case("Input", shape=(3, 4)),
    case("Input", shape=(5,), dtype="int32"),
    case("Output", (3,)),
    case("Output", (2, 3), loss="mean_squared_error", loss_weight=0.5, metrics=("mae", "mse")),
    case("Dense", (5,)),
    case("Dense", (4, 5), units=3, activation="relu"),
    case("Dense", (5,), units=2, activation="softmax", use_bias=False),
    case("Dense", (6,), units=4, kernel_initializer="he_normal", bias_initializer="random_normal"),
    Case("Dense", {"units": 3, "activation": "tanh"}, ((5,),), dtype="int32"),
    case("Identity", (5,)),
    case("Identity", (4, 3)),
    case("Activation", (4, 3)),
    case("Activation", (5,), activation="softmax"),
    case("Activation", (5,), activation="linear"),
)
