"""The layers, a file per family. Importing this package fills `LAYERS`, in the order of the palette."""

from engine.layers import core
from engine.layers import einsum
from engine.layers import expression
from engine.layers import activations
from engine.layers import conv
from engine.layers import depthwise
from engine.layers import conv_transpose
from engine.layers import pooling
from engine.layers import global_pooling
from engine.layers import reshaping
from engine.layers import borders
from engine.layers import upsampling
from engine.layers import merging
from engine.layers import attention
from engine.layers import normalization
from engine.layers import regularization
from engine.layers import recurrent
from engine.layers import embedding
from engine.layers import wrappers
from engine.layers import conv_lstm
from engine.layers import preprocessing
from engine.layers import resizing
from engine.layers import audio
from engine.layers import augmentation_geometry
from engine.layers import augmentation_bending
from engine.layers import augmentation_colours
from engine.layers import augmentation_detail
from engine.layers import equalization
from engine.layers import augmentation_mixed
from engine.layers import pipeline
from engine.layers import nested
from engine.layers import categories
from engine.layers import text
from engine.layers import applications
from engine.layers import placeholder

__all__ = [
    "activations",
    "applications",
    "attention",
    "audio",
    "augmentation_bending",
    "augmentation_colours",
    "augmentation_detail",
    "augmentation_geometry",
    "augmentation_mixed",
    "borders",
    "categories",
    "conv",
    "conv_lstm",
    "conv_transpose",
    "core",
    "depthwise",
    "einsum",
    "embedding",
    "equalization",
    "expression",
    "global_pooling",
    "merging",
    "nested",
    "normalization",
    "pipeline",
    "placeholder",
    "pooling",
    "preprocessing",
    "recurrent",
    "regularization",
    "reshaping",
    "resizing",
    "text",
    "upsampling",
    "wrappers",
]
