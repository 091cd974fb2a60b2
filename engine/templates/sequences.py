"""Networks for texts and other sequences. Words come as whole numbers, 0 where a text has ended."""

from __future__ import annotations

from engine.project import Project
from engine.templates.build import Build
from engine.templates.template import Template, architecture

_GROUP = "Sequences"

_WORDS = 20_000
_LENGTH = 200


def _lstm_text() -> Project:
    net = Build()
    x = net("Input", shape=(None,), dtype="int32", name="words")
    x = net("Embedding", x, input_dim=_WORDS, output_dim=128, mask_zero=True)
    x = net("LSTM", x, units=64)
    x = net("Dropout", x, rate=0.5)
    x = net("Dense", x, units=1, activation="sigmoid", name="opinion")
    net("Output", x, loss="binary_crossentropy")
    return architecture(net.graph, epochs=5)


def _transformer() -> Project:
    """The encoder of https://arxiv.org/abs/1706.03762; its learned positions are the bias of an EinsumDense."""
    net = Build()
    width = 64
    x = net("Input", shape=(_LENGTH,), dtype="int32", name="words")
    x = net("Embedding", x, input_dim=_WORDS, output_dim=width)
    x = net(
        "EinsumDense", x, equation="bte,ef->btf", result_shape=(_LENGTH, width), bias_axes="tf",
        bias_initializer="random_normal(stddev=0.02)", name="positions",
    )  # fmt: skip
    for block in (1, 2):
        name = f"block{block}"
        y = net("MultiHeadAttention", x, x, num_heads=4, key_dim=width // 4, dropout=0.1, name=f"{name}_attention")
        y = net("Add", x, y, name=f"{name}_add1")
        x = net("LayerNormalization", y, epsilon=1e-6, name=f"{name}_norm1")
        y = net("Dense", x, units=4 * width, activation="gelu", name=f"{name}_wide")
        y = net("Dense", y, units=width, name=f"{name}_narrow")
        y = net("Dropout", y, rate=0.1, name=f"{name}_dropout")
        y = net("Add", x, y, name=f"{name}_add2")
        x = net("LayerNormalization", y, epsilon=1e-6, name=f"{name}_norm2")
    x = net("GlobalAveragePooling1D", x)
    x = net("Dropout", x, rate=0.1)
    x = net("Dense", x, units=1, activation="sigmoid", name="opinion")
    net("Output", x, loss="binary_crossentropy")
    return architecture(net.graph, epochs=5)


SEQUENCES: tuple[Template, ...] = (
    Template("lstm-text", "LSTM for texts", "Tells praise from blame, word by word.", _lstm_text, _GROUP),
    Template("transformer", "Transformer", "Two blocks of self-attention read a text.", _transformer, _GROUP),
)
