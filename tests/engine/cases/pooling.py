"""Cases of the layers in `engine/layers/pooling.py`."""

from tests.engine.cases.case import PICTURE, Case, case

CASES: tuple[Case, ...] = (
    case("MaxPooling2D", PICTURE),
    case("MaxPooling2D", (6, 4, 2), padding="same"),
    case("MaxPooling2D", PICTURE, pool_size=(3, 2), strides=(2, 1), padding="same"),
    case("MaxPooling2D", PICTURE, pool_size=(2, 3), strides=(1, 2)),
    case("AveragePooling2D", PICTURE),
    case("AveragePooling2D", PICTURE, pool_size=(3, 3), strides=(2, 2), padding="same"),
    case("GlobalAveragePooling2D", PICTURE),
    case("GlobalAveragePooling2D", PICTURE, keepdims=True),
    case("GlobalMaxPooling2D", PICTURE),
    case("GlobalMaxPooling2D", PICTURE, keepdims=True),
)
