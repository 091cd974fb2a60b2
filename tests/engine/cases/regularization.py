"""Cases of the layers in `engine/layers/regularization.py`."""

from tests.engine.cases.case import PICTURE, Case, case

CASES: tuple[Case, ...] = (
    case("Dropout", (6,)),
    case("Dropout", (3, 4), rate=0.25),
    case("Dropout", (6,), rate=0.0),
    case("Dropout", (3, 4), noise_shape=(None, 1, None)),
    case("SpatialDropout1D", (3, 4)),
    case("SpatialDropout1D", (5, 4), rate=0.0),
    case("SpatialDropout2D", PICTURE),
    case("SpatialDropout2D", PICTURE, rate=0.2),
    case("SpatialDropout3D", (2, 3, 4, 2)),
    case("SpatialDropout3D", (2, 3, 4, 2), rate=0.75),
    case("GaussianNoise", (6,)),
    case("GaussianNoise", (3, 4), stddev=1.0),
    case("GaussianNoise", (3, 4), stddev=0.0),
    case("GaussianDropout", (6,)),
    case("GaussianDropout", (3, 4), rate=0.1),
    case("AlphaDropout", (6,)),
    case("AlphaDropout", (3, 4), rate=0.2, noise_shape=(None, 3, 1)),
    case("ActivityRegularization", (6,)),
    case("ActivityRegularization", (3, 4), l1=0.1, l2=0.5),
)
