"""Cases of the layers in `engine/layers/pooling.py` and `global_pooling.py`."""

from tests.engine.cases.case import PICTURE, Case, case

SEQUENCE = (7, 3)
VOLUME = (5, 4, 6, 2)

CASES: tuple[Case, ...] = (
    case("MaxPooling2D", PICTURE),
    case("MaxPooling2D", (6, 4, 2), padding="same"),
    case("MaxPooling2D", PICTURE, pool_size=(3, 2), strides=(2, 1), padding="same"),
    case("MaxPooling2D", PICTURE, pool_size=(2, 3), strides=(1, 2)),
    case("AveragePooling2D", PICTURE),
    case("AveragePooling2D", PICTURE, pool_size=(3, 3), strides=(2, 2), padding="same"),
    case("MaxPooling1D", SEQUENCE),
    case("MaxPooling1D", SEQUENCE, pool_size=(3,), padding="same"),
    case("MaxPooling1D", SEQUENCE, pool_size=(2,), strides=(1,)),
    case("AveragePooling1D", SEQUENCE),
    case("AveragePooling1D", SEQUENCE, pool_size=(3,), strides=(2,), padding="same"),
    case("AveragePooling1D", SEQUENCE, strides=(3,)),
    case("MaxPooling3D", VOLUME),
    case("MaxPooling3D", VOLUME, pool_size=(2, 3, 1), strides=(2, 1, 2)),
    case("MaxPooling3D", VOLUME, padding="same"),
    case("AveragePooling3D", VOLUME),
    case("AveragePooling3D", VOLUME, pool_size=(3, 2, 2), strides=(1, 2, 3), padding="same"),
    *(
        case(f"Global{kind}Pooling{len(shape) - 1}D", shape, keepdims=keepdims)
        for kind in ("Average", "Max")
        for shape in (SEQUENCE, PICTURE, VOLUME)
        for keepdims in (False, True)
    ),
    *(
        case(f"Adaptive{kind}Pooling{len(shape) - 1}D", shape, output_size=size)
        for kind in ("Average", "Max")
        for shape, size in (
            (SEQUENCE, (1,)),
            (SEQUENCE, (3,)),
            (SEQUENCE, (4,)),
            (SEQUENCE, (10,)),
            (PICTURE, (1, 1)),
            (PICTURE, (2, 3)),
            (PICTURE, (5, 4)),
            (VOLUME, (1, 1, 1)),
            (VOLUME, (3, 2, 5)),
        )
    ),
)
