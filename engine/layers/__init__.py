"""The layers, a file per family. Importing this package fills `engine.layer.LAYERS`."""

from engine.layers import core, conv, pooling, reshaping, merging, normalization, regularization, preprocessing  # noqa: F401, I001

# The order of import is the order of the palette.
