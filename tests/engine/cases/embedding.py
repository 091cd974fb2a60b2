"""Cases of the layers in `engine/layers/embedding.py`."""

from tests.engine.cases.case import Case, case

TABLE = {"input_dim": 9, "output_dim": 3}

CASES: tuple[Case, ...] = (
    Case("Embedding", {"input_dim": 9, "output_dim": 3}, ((5,),), "int32", below=9),
    Case("Embedding", {"input_dim": 9, "output_dim": 2, "mask_zero": True}, ((2, None),), "int32", below=9),
    Case("Embedding", {"input_dim": 9, "output_dim": 2, "embeddings_initializer": "ones"}, ((),), below=9),
    Case(
        "Embedding",
        {
            "input_dim": 7,
            "output_dim": 3,
            "embeddings_regularizer": "l2(0.5)",
            "embeddings_constraint": "unit_norm",
        },
        ((4,),),
        "int32",
        below=7,
    ),
    Case("ReversibleEmbedding", {"input_dim": 9, "output_dim": 3}, ((5,),), "int32", below=9),
    Case(
        "ReversibleEmbedding", {"input_dim": 9, "output_dim": 3, "tie_weights": False}, ((5,),), "int32", below=9
    ),
    case("ReversibleEmbedding", (5, 3), input_dim=9, output_dim=3, reverse=True),
    case(
        "ReversibleEmbedding", (3,), input_dim=9, output_dim=3, reverse=True, tie_weights=False, logit_soft_cap=2.0
    ),
    case("Masking", (4, 3)),
    case("Masking", (None, 2), mask_value=-1.0),
)
