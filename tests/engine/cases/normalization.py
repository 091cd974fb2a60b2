"""Cases of the layers in `engine/layers/normalization.py`."""

from tests.engine.cases.case import PICTURE, Case, case

DENSE = {"type": "Dense", "settings": {"units": 3, "activation": "tanh"}}
CONV = {"type": "Conv2D", "settings": {"filters": 5, "kernel_size": [2, 2]}}

CASES: tuple[Case, ...] = (
    case("BatchNormalization", (5,)),
    case("BatchNormalization", PICTURE, momentum=0.8, epsilon=0.01),
    case("BatchNormalization", (4, 3), axis=1, center=False),
    case("BatchNormalization", (4,), scale=False),
    case("BatchNormalization", (4,), scale=False, center=False),
    case("LayerNormalization", (5,)),
    case("LayerNormalization", PICTURE, axis=[-1, 1], epsilon=1e-5),
    case("LayerNormalization", (4, 3), axis=1, center=False),
    case("LayerNormalization", (2, 4), scale=False, gamma_regularizer="l2"),
    case("LayerNormalization", (4, 3), scale=False, center=False),
    case("LayerNormalization", (4, 3), rms_scaling=True),
    case("GroupNormalization", (64,)),
    case("GroupNormalization", PICTURE, groups=2),
    case("GroupNormalization", PICTURE, groups=-1, center=False),
    case("GroupNormalization", (6, 3), groups=3, axis=1, scale=False, epsilon=0.01),
    case("GroupNormalization", (3, 4, 5), groups=2, axis=-2),
    case("RMSNormalization", (5,)),
    case("RMSNormalization", PICTURE, axis=[-1, -2]),
    case("RMSNormalization", (4, 4), axis=1, epsilon=0.1),
    case("UnitNormalization", (5,)),
    case("UnitNormalization", (3, 4), axis=1),
    case("UnitNormalization", PICTURE, axis=[1, 2]),
    case("SpectralNormalization", (5,)),
    case("SpectralNormalization", (5,), layer=DENSE),
    case("SpectralNormalization", PICTURE, layer=CONV, power_iterations=3),
)
