"""Cases of the layers in `engine/layers/conv.py`."""

from tests.engine.cases.case import PICTURE, Case, case

CASES: tuple[Case, ...] = (
    case("Conv2D", PICTURE),
    case("Conv2D", PICTURE, filters=5, kernel_size=(3, 2), padding="same", activation="relu"),
    case("Conv2D", PICTURE, filters=4, kernel_size=(2, 3), strides=(2, 3), padding="same", use_bias=False),
    case("Conv2D", PICTURE, filters=4, strides=(2, 2)),
    case("Conv2D", PICTURE, filters=4, dilation_rate=(2, 2), activation="gelu"),
    case("Conv2D", PICTURE, filters=3, dilation_rate=(1, 2), padding="same"),
    case("Conv2D", PICTURE, filters=6, groups=2, padding="same", kernel_initializer="orthogonal"),
)
