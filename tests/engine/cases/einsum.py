"""Cases of the layer in `engine/layers/einsum.py`."""

from tests.engine.cases.case import PICTURE, Case, case

CASES: tuple[Case, ...] = (
    case("EinsumDense", (5,)),
    case("EinsumDense", (4, 5), equation="abc,cd->abd", result_shape=(None, 3), bias_axes="d", activation="relu"),
    case("EinsumDense", (4, 6), equation="abc,cde->abde", result_shape=(None, 2, 3), bias_axes="de"),
    case("EinsumDense", PICTURE, equation="...x,xy->...y", result_shape=7, bias_axes="y"),
    case("EinsumDense", (4, 5), equation="ab...,bc->ac...", result_shape=3, bias_axes="c"),
    case("EinsumDense", (4, 2, 3), equation="abcd,cde->abe", result_shape=(None, 6), bias_axes="e"),
)
