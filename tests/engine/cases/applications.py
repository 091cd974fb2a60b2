"""Cases of the layers in `engine/layers/applications.py`."""

from tests.engine.cases.case import PICTURE, Case, case

CASES: tuple[Case, ...] = (
    case("LayerScale", (64,)),
    case("LayerScale", PICTURE, projection_dim=4, init_values=0.5),
    case("StochasticDepth", (6,)),
    case("StochasticDepth", PICTURE, drop_path_rate=0.5),
    case("CustomScaleLayer", (6,), (6,)),
    case("CustomScaleLayer", PICTURE, PICTURE, scale=0.1),
)
