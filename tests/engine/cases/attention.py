"""Cases of the layers in `engine/layers/attention.py`."""

from tests.engine.cases.case import Case, case

QUERY, VALUE, KEY = (4, 6), (5, 6), (5, 3)
# Without dropout or scores, Keras on JAX fails where values have another size than keys.

CASES: tuple[Case, ...] = (
    case("Attention", QUERY, VALUE),
    case("Attention", QUERY, (5, 2), VALUE, use_scale=True, use_causal_mask=True),
    case("Attention", QUERY, VALUE, score_mode="concat", use_scale=True, return_attention_scores=True),
    case("Attention", QUERY, VALUE, score_mode="concat", dropout=0.2),
    case("AdditiveAttention", QUERY, VALUE),
    case("AdditiveAttention", QUERY, (5, 2), VALUE, use_causal_mask=True),
    case("AdditiveAttention", QUERY, VALUE, use_scale=False, return_attention_scores=True),
    case("MultiHeadAttention", QUERY, VALUE),
    case(
        "MultiHeadAttention", QUERY, VALUE, KEY, num_heads=2, key_dim=3, value_dim=5, use_bias=False, dropout=0.1
    ),
    case("MultiHeadAttention", QUERY, QUERY, num_heads=2, use_causal_mask=True, return_attention_scores=True),
    case("MultiHeadAttention", QUERY, VALUE, num_heads=2, use_gate=True, sliding_window=2, projected_shape=7),
    case("MultiHeadAttention", (3, 4, 6), (3, 5, 6), num_heads=2, attention_axes=2, dropout=0.5),
    case("MultiHeadAttention", (3, 4, 6), (2, 5, 6), num_heads=2, key_dim=3, projected_shape=(2, 3)),
    case("GroupQueryAttention", QUERY, VALUE),
    case("GroupQueryAttention", QUERY, VALUE, KEY, use_bias=False, use_causal_mask=True, sliding_window=3),
    case("GroupQueryAttention", QUERY, VALUE, use_gate=True, return_attention_scores=True, num_query_heads=6),
)
