"""Cases of the layers in `engine/layers/resizing.py`."""

from tests.engine.cases.case import PICTURE, Case, case

CASES: tuple[Case, ...] = (
    case("Resizing", PICTURE, height=5, width=9),
    case("Resizing", (None, None, 3), height=4, width=4, interpolation="bicubic", antialias=True),
    case("Resizing", PICTURE, height=3, width=9, interpolation="nearest"),
    case("Resizing", PICTURE, height=10, width=4, interpolation="lanczos3", antialias=True),
    case("Resizing", PICTURE, height=10, width=4, interpolation="lanczos5"),
    case("Resizing", (9, 6, 3), height=5, width=6, crop_to_aspect_ratio=True),
    case("Resizing", (6, 9, 3), height=5, width=4, crop_to_aspect_ratio=True, antialias=True),
    case("Resizing", (9, 6, 3), height=5, width=6, pad_to_aspect_ratio=True, fill_value=2.5),
    case("Resizing", (6, 9, 3), height=8, width=7, pad_to_aspect_ratio=True),
    Case("Resizing", {"height": 5, "width": 9}, (PICTURE,), dtype="uint8", below=256),
    Case("Resizing", {"height": 9, "width": 4, "pad_to_aspect_ratio": True}, (PICTURE,), dtype="uint8", below=256),
    Case("Resizing", {"height": 3, "width": 4, "interpolation": "nearest"}, (PICTURE,), dtype="int32"),
    case("CenterCrop", PICTURE, height=5, width=6),
    case("CenterCrop", (8, 9, 3), height=3, width=4),
    case("CenterCrop", (5, 9, 3), height=7, width=4),
)
