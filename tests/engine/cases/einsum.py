"""Cases of the layer in `engine/layers/einsum.py`."""

from tests.engine.cases.case import Case, case

CASES: tuple[Case, ...] = (
    case("EinsumDense", (5,)),
    case("EinsumDense", (4, 5), equation="abc,cd->abd", result_shape=(4, 3), bias_axes="d", activation="relu"),
    case("EinsumDense", (4, 6), equation="abc,cde->abde", result_shape=(4, 2, 3), bias_axes="de"),
    # Keras 3.15 foretells the axes of "..." in reverse where there are several; its numbers are these.
    case("EinsumDense", (6, 4), equation="...x,xy->...y", result_shape=7, bias_axes="y"),
    case("EinsumDense", (4, 5), equation="ab...,bc->ac...", result_shape=3, bias_axes="c"),
    case("EinsumDense", (4, 2, 3), equation="abcd,cde->abe", result_shape=(4, 6), bias_axes="e"),
)
