"""Cases of the layers in `engine/layers/conv.py`, `conv_transpose.py` and `depthwise.py`."""

from tests.engine.cases.case import PICTURE, Case, case

SEQUENCE = (9, 4)
VOLUME = (5, 4, 6, 2)

CONVOLUTIONS: tuple[Case, ...] = (
    case("Conv2D", PICTURE),
    case("Conv2D", PICTURE, filters=5, kernel_size=(3, 2), padding="same", activation="relu"),
    case("Conv2D", PICTURE, filters=4, kernel_size=(2, 3), strides=(2, 3), padding="same", use_bias=False),
    case("Conv2D", PICTURE, filters=4, strides=(2, 2)),
    case("Conv2D", PICTURE, filters=4, dilation_rate=(2, 2), activation="gelu"),
    case("Conv2D", PICTURE, filters=3, dilation_rate=(1, 2), padding="same"),
    case("Conv2D", PICTURE, filters=6, groups=2, padding="same", kernel_initializer="orthogonal"),
    case("Conv2D", PICTURE, filters=2, kernel_regularizer="l2(0.02)", bias_constraint="max_norm(1.5)"),
    case("Conv1D", SEQUENCE),
    case("Conv1D", SEQUENCE, filters=3, kernel_size=(4,), strides=(2,), padding="same", activation="tanh"),
    case("Conv1D", SEQUENCE, filters=3, padding="causal", dilation_rate=(3,)),
    case("Conv1D", SEQUENCE, filters=3, kernel_size=(2,), strides=(2,), padding="causal", use_bias=False),
    case("Conv1D", SEQUENCE, filters=4, groups=4, kernel_constraint="unit_norm", bias_initializer="ones"),
    case("Conv3D", VOLUME, filters=3),
    case("Conv3D", VOLUME, filters=4, kernel_size=(2, 1, 3), strides=(2, 1, 3), padding="same", groups=2),
    case("Conv3D", VOLUME, filters=2, kernel_size=(2, 2, 2), dilation_rate=(1, 2, 3), activation="elu"),
    case("Conv3D", VOLUME, filters=2, use_bias=False, bias_regularizer="l1", activity_regularizer="l2"),
)

TRANSPOSED: tuple[Case, ...] = (
    case("Conv2DTranspose", (4, 3, 2), filters=3),
    case("Conv2DTranspose", (4, 3, 2), filters=3, strides=(2, 3), padding="same", activation="relu"),
    case("Conv2DTranspose", (4, 3, 2), filters=3, strides=(2, 3), output_padding=(1, 2)),
    case("Conv2DTranspose", (4, 3, 2), kernel_size=(4, 3), strides=(2, 2), padding="same", output_padding=(1, 0)),
    case("Conv2DTranspose", (4, 3, 2), filters=2, dilation_rate=(2, 1), use_bias=False),
    case("Conv2DTranspose", (4, 3, 2), filters=2, dilation_rate=(2, 3), padding="same"),
    case("Conv2DTranspose", (4, 3, 2), filters=2, kernel_size=(2, 1), strides=(3, 2)),
    case("Conv1DTranspose", (5, 3), filters=2),
    case("Conv1DTranspose", (5, 3), filters=2, kernel_size=(4,), strides=(3,), padding="same", use_bias=False),
    case("Conv1DTranspose", (5, 3), filters=2, strides=(4,), padding="same", output_padding=(3,)),
    case("Conv1DTranspose", (5, 3), filters=2, dilation_rate=(2,), kernel_initializer="he_normal"),
    case("Conv3DTranspose", (3, 2, 4, 2), filters=2, kernel_size=(2, 3, 1), activation="selu"),
    case("Conv3DTranspose", (3, 2, 4, 2), filters=2, strides=(2, 1, 2), padding="same"),
    case("Conv3DTranspose", (3, 2, 4, 2), filters=2, strides=(2, 2, 1), output_padding=(1, 0, 0)),
    case("Conv3DTranspose", (3, 2, 4, 2), filters=2, kernel_size=(2, 2, 2), dilation_rate=(1, 2, 1)),
)

DEPTHWISE: tuple[Case, ...] = (
    case("DepthwiseConv2D", PICTURE),
    case("DepthwiseConv2D", PICTURE, depth_multiplier=3, strides=(2, 2), padding="same", activation="relu6"),
    case("DepthwiseConv2D", PICTURE, kernel_size=(2, 3), dilation_rate=(2, 2), use_bias=False),
    case("DepthwiseConv2D", PICTURE, strides=(2, 1), depthwise_regularizer="l2", bias_constraint="non_neg"),
    case("DepthwiseConv2D", PICTURE, strides=(2, 2), dilation_rate=(1, 2), depthwise_initializer="he_uniform"),
    case("DepthwiseConv1D", SEQUENCE),
    case("DepthwiseConv1D", SEQUENCE, kernel_size=(4,), depth_multiplier=2, padding="same", activation="silu"),
    case("DepthwiseConv1D", SEQUENCE, strides=(3,), bias_regularizer="l1", bias_initializer="ones"),
    case("DepthwiseConv1D", SEQUENCE, dilation_rate=(3,), depthwise_constraint="max_norm", use_bias=False),
    case("SeparableConv2D", PICTURE),
    case("SeparableConv2D", PICTURE, filters=5, depth_multiplier=2, strides=(2, 2), padding="same"),
    case("SeparableConv2D", PICTURE, filters=3, kernel_size=(2, 2), dilation_rate=(2, 3), activation="relu"),
    case("SeparableConv2D", PICTURE, filters=3, use_bias=False, pointwise_regularizer="l1(0.1)"),
    case("SeparableConv1D", SEQUENCE, filters=3),
    case("SeparableConv1D", SEQUENCE, filters=3, depth_multiplier=3, strides=(2,), padding="same"),
    case("SeparableConv1D", SEQUENCE, filters=3, dilation_rate=(2,), activation="tanh", use_bias=False),
    case("SeparableConv1D", SEQUENCE, pointwise_constraint="unit_norm", pointwise_initializer="random_normal"),
)

CASES = CONVOLUTIONS + TRANSPOSED + DEPTHWISE
