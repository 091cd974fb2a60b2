"""Cases of the layers in `engine/layers/reshaping.py`, `borders.py` and `upsampling.py`."""

from tests.engine.cases.case import Case, case

SEQUENCE = (6, 2)
IMAGE = (5, 4, 2)
VOLUME = (4, 3, 5, 2)

CASES: tuple[Case, ...] = (
    case("Flatten", (4,)),
    case("Flatten", (2, 3, 4)),
    case("Reshape", (12,), target_shape=(3, -1)),
    case("Reshape", (4, 3), target_shape=(2, 2, 3)),
    case("Reshape", (4, 3)),
    case("Permute", (4, 3)),
    case("Permute", (4, 3, 2), dims=(3, 1, 2)),
    case("Permute", (4,), dims=(1,)),
    case("RepeatVector", (4,)),
    case("RepeatVector", (3,), n=5),
    case("Cropping1D", SEQUENCE),
    case("Cropping1D", SEQUENCE, cropping=(0, 3)),
    case("Cropping1D", SEQUENCE, cropping=2),
    case("Cropping2D", IMAGE),
    case("Cropping2D", IMAGE, cropping=(1, 0, 2, 1)),
    case("Cropping2D", IMAGE, cropping=((0, 2), (1, 0))),
    case("Cropping2D", IMAGE, cropping=1),
    case("Cropping3D", VOLUME),
    case("Cropping3D", VOLUME, cropping=(1, 0, 2)),
    case("Cropping3D", VOLUME, cropping=((0, 2), (1, 1), (3, 0))),
    case("ZeroPadding1D", SEQUENCE),
    case("ZeroPadding1D", SEQUENCE, padding=(0, 3)),
    case("ZeroPadding2D", IMAGE),
    case("ZeroPadding2D", IMAGE, padding=(2, 3)),
    case("ZeroPadding2D", IMAGE, padding=((0, 1), (2, 0))),
    case("ZeroPadding3D", VOLUME),
    case("ZeroPadding3D", VOLUME, padding=(0, 1, 2)),
    case("ZeroPadding3D", VOLUME, padding=(0, 1, 2, 0, 3, 1)),
    Case("ZeroPadding1D", {}, (SEQUENCE,), dtype="int32"),
    case("UpSampling1D", SEQUENCE),
    case("UpSampling1D", SEQUENCE, size=3),
    case("UpSampling2D", IMAGE),
    case("UpSampling2D", IMAGE, size=(3, 1)),
    case("UpSampling2D", IMAGE, interpolation="bilinear"),
    case("UpSampling2D", IMAGE, size=(2, 3), interpolation="bicubic"),
    case("UpSampling2D", IMAGE, size=(3, 2), interpolation="lanczos3"),
    case("UpSampling2D", IMAGE, interpolation="lanczos5"),
    case("UpSampling3D", VOLUME),
    case("UpSampling3D", VOLUME, size=(1, 3, 2)),
)
