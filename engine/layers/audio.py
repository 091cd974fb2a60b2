"""Layers that show which frequencies a sound has, over time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from engine.errors import ShapeError
from engine.fields import Padding, PositiveInt
from engine.layer import Layer, Weighted
from engine.op import Op
from engine.ops import audio as ops
from engine.registry import register
from engine.shapes import Shape, count, show_shape
from engine.weights import Weight, kernel_size

Positive = Annotated[float, Field(gt=0)]
Window = Literal[
    "hann", "hamming", "boxcar", "triang", "blackman", "bartlett", "flattop", "parzen", "bohman",
    "blackmanharris", "nuttall", "barthann", "cosine", "exponential", "tukey", "taylor", "lanczos",
]  # fmt: skip


@register(category="Preprocessing")
class MelSpectrogram(Layer):
    """Loudness of a sound by frequency band and time: samples in, bands × times out.

    Decibels are cut off at `top_db` below the loudest number of the whole batch, as in Keras.
    https://keras.io/api/layers/preprocessing_layers/audio_preprocessing/mel_spectrogram/
    """

    fft_length: PositiveInt = Field(default=2048, description="Samples that a transform is made of.")
    sequence_stride: PositiveInt = Field(default=512, description="Samples from one transform to the next.")
    sequence_length: PositiveInt | None = Field(
        default=None, description="Samples that count in a transform; by default all of it."
    )
    window: Literal["hann", "hamming"] | None = Field(
        default="hann", description="How the samples of a transform fade in and out."
    )
    sampling_rate: PositiveInt = Field(default=16000, description="Samples a second.")
    num_mel_bins: PositiveInt = Field(default=128, description="Number of frequency bands.")
    min_freq: Annotated[float, Field(ge=0)] = Field(default=20.0, description="Lowest frequency, in hertz.")
    max_freq: Positive | None = Field(
        default=None, description="Highest frequency, in hertz; by default half the sampling rate."
    )
    power_to_db: bool = Field(default=True, description="Give decibels.")
    top_db: Positive = Field(default=80.0, description="Decibels from the loudest down to the softest shown.")
    mag_exp: Positive = Field(default=2.0, description="Exponent of the magnitudes: 1 for energy, 2 for power.")
    min_power: Positive = Field(default=1e-10, description="Smallest power, of which a logarithm can be taken.")
    ref_power: float = Field(default=1.0, description="The power of 0 decibels.")

    keras_class: ClassVar[str | None] = "MelSpectrogram"
    caption: ClassVar[tuple[str, ...]] = ("num_mel_bins", "sequence_stride")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.sequence_length is not None and self.sequence_length > self.fft_length:
            raise ValueError(f"sequence_length must not exceed fft_length ({self.fft_length})")
        return self

    def output_shape(self, *inputs: Shape) -> Shape:
        if len(inputs[0]) != 1:
            raise ShapeError(f"MelSpectrogram needs a row of samples, but gets {show_shape(inputs[0])}.")
        (samples,) = inputs[0]
        if samples is None:
            return (self.num_mel_bins, None)
        if samples <= self.fft_length // 2:
            raise ShapeError(
                f"MelSpectrogram needs more samples than half of fft_length ({self.fft_length}), "
                f"but gets {samples:,}.",
                "fft_length",
            )
        left = samples + 2 * (self.fft_length // 2) - self.fft_length
        return (self.num_mel_bins, left // self.sequence_stride + 1)

    def flops(self, *inputs: Shape) -> int:
        """Of each frame a fast Fourier transform (5 n log2 n operations) and a product with the bands."""
        frames, size = self.output_shape(*inputs)[1] or 0, self.fft_length
        return frames * (round(5 * size * math.log2(size)) + 2 * (size // 2 + 1) * self.num_mel_bins)

    def op(self) -> Op:
        settings = self.keras_arguments()
        settings["sequence_length"] = self.sequence_length or self.fft_length
        settings["max_freq"] = self.max_freq or self.sampling_rate // 2
        return Op(ops.mel_spectrogram, settings=settings)


@register(category="Preprocessing")
class STFTSpectrogram(Weighted):
    """Frequencies of a sound in frames that slide over it: samples × channels in, frames × frequencies out.

    The waves that the sound is compared with are weights, which training may change.
    https://keras.io/api/layers/preprocessing_layers/audio_preprocessing/stft_spectrogram/
    """

    mode: Literal["log", "magnitude", "psd", "real", "imag", "angle", "stft"] = Field(
        default="log",
        description="What is shown of each frequency; 'psd' is power, 'stft' real and imaginary part.",
    )
    frame_length: PositiveInt = Field(default=256, description="Samples of a frame.")
    frame_step: PositiveInt | None = Field(
        default=None, description="Samples from one frame to the next; by default half a frame."
    )
    fft_length: PositiveInt | None = Field(
        default=None, description="Twice the number of frequencies; by default the next power of two of a frame."
    )
    window: Window | None = Field(default="hann", description="How the samples of a frame fade in and out.")
    periodic: bool = Field(default=False, description="Take the window for one period of a longer one.")
    scaling: Literal["density", "spectrum"] | None = Field(
        default="density", description="Divide by the window's size: by its L2 norm, or by its sum."
    )
    padding: Padding = Field(default="valid", description="'same' lets frames reach over the ends with zeros.")
    expand_dims: bool = Field(default=False, description="Keep channels apart, as the last axis.")

    keras_class: ClassVar[str | None] = "STFTSpectrogram"
    keras_constants: ClassVar[Mapping[str, Any]] = {"data_format": "channels_last"}
    positional: ClassVar[tuple[str, ...]] = ("mode",)
    caption: ClassVar[tuple[str, ...]] = ("mode", "frame_length")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.frame_step is not None and self.frame_step > self.frame_length:
            raise ValueError(f"frame_step must not exceed frame_length ({self.frame_length})")
        if self.fft_length is not None and self.fft_length < self.frame_length:
            raise ValueError(f"fft_length must not be less than frame_length ({self.frame_length})")
        if self.frame_length < 2:
            raise ValueError("frame_length must be 2 or more")
        return self

    @property
    def _step(self) -> int:
        return self.frame_step or self.frame_length // 2

    @property
    def _frequencies(self) -> int:
        return (self.fft_length or 2 ** math.ceil(math.log2(self.frame_length))) // 2 + 1

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        sides = [side for side in ("real", "imag") if self.mode not in ("real", "imag") or self.mode == side]
        shape = (self.frame_length, 1, self._frequencies)
        fade = f"window={self.window or ''!r}, scaling={self.scaling or ''!r}, periodic={self.periodic}"
        return tuple(Weight(f"{side}_kernel", shape, f"stft(side={side!r}, {fade})") for side in sides)

    def output_shape(self, *inputs: Shape) -> Shape:
        if len(inputs[0]) != 2 or inputs[0][1] is None:
            raise ShapeError(f"STFTSpectrogram needs samples × channels, but gets {show_shape(inputs[0])}.")
        samples, channels = inputs[0][0], inputs[0][1] or 0
        frequencies = self._frequencies * (2 if self.mode == "stft" else 1)
        frames = None if samples is None else self._frames(samples)
        return (frames, frequencies, channels) if self.expand_dims else (frames, frequencies * channels)

    def flops(self, *inputs: Shape) -> int:
        """A product of each frame of each channel with the waves, and what is shown of them."""
        samples, channels = inputs[0]
        products = 2 * kernel_size(self.weights(*inputs)) * self._frames(samples or 0) * (channels or 0)
        return products + 4 * count(self.output_shape(*inputs))

    def _frames(self, samples: int) -> int:
        if self.padding == "same":
            return -(-samples // self._step)
        if samples < self.frame_length:
            raise ShapeError(
                f"A frame of {self.frame_length} samples does not fit into {samples:,} samples.", "frame_length"
            )
        return (samples - self.frame_length) // self._step + 1

    def op(self) -> Op:
        settings = {
            "frame_step": self._step,
            "mode": self.mode,
            "padding": self.padding,
            "expand_dims": self.expand_dims,
        }
        return Op(ops.stft_spectrogram, ("real_kernel", "imag_kernel"), settings)
