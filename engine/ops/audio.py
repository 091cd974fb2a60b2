"""Spectrograms: which frequencies a sound has, over time."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax


def mel_spectrogram(
    x: jax.Array,
    *,
    fft_length: int,
    sequence_stride: int,
    sequence_length: int,
    sampling_rate: int,
    num_mel_bins: int,
    min_freq: float,
    max_freq: float,
    window: str | None = "hann",
    power_to_db: bool = True,
    top_db: float = 80.0,
    mag_exp: float = 2.0,
    min_power: float = 1e-10,
    ref_power: float = 1.0,
) -> jax.Array:
    """Loudness (batch, bands, times) of sounds (batch, samples); the bands are narrow where the ear hears well."""
    spectrum = jnp.abs(short_time_fft(x, fft_length, sequence_stride, sequence_length, window)) ** mag_exp
    bands = mel_bands(num_mel_bins, spectrum.shape[-1], sampling_rate, min_freq, max_freq)
    power = jnp.swapaxes(spectrum @ bands, 1, 2)
    if not power_to_db:
        return power
    decibels = 10 * jnp.log10(jnp.maximum(power, min_power))
    decibels -= 10 * jnp.log10(jnp.maximum(jnp.abs(jnp.asarray(ref_power)), min_power))
    return jnp.maximum(decibels, decibels.max() - top_db)  # the loudest of the whole batch, as in Keras


def short_time_fft(x: jax.Array, fft_length: int, stride: int, length: int, window: str | None) -> jax.Array:
    """Fourier transforms (batch, times, frequencies) of windows that are centred on every `stride`-th sample."""
    from scipy.signal import get_window  # loads slowly, and few programs need it

    before = (fft_length - length) // 2
    weights = jnp.ones(fft_length)
    if window is not None:
        weights = jnp.asarray(get_window(window, length), jnp.float32)
        weights = jnp.pad(weights, (before, fft_length - length - before))
    x = jnp.pad(x, ((0, 0), (fft_length // 2, fft_length // 2)), mode="reflect")
    starts = jnp.arange(0, x.shape[1] - fft_length + 1, stride)
    return jnp.fft.rfft(x[:, starts[:, None] + jnp.arange(fft_length)] * weights)


def mel_bands(bands: int, frequencies: int, sampling_rate: int, lowest: float, highest: float) -> jax.Array:
    """How much of each frequency goes into each band: triangles, evenly spaced on the mel scale.

    https://en.wikipedia.org/wiki/Mel_scale
    """
    places = to_mel(jnp.linspace(0.0, sampling_rate / 2, frequencies)[1:, None])
    edges = jnp.linspace(to_mel(jnp.asarray(lowest)), to_mel(jnp.asarray(highest)), bands + 2)
    rising = (places - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - places) / (edges[2:] - edges[1:-1])
    return jnp.pad(jnp.maximum(0.0, jnp.minimum(rising, falling)), ((1, 0), (0, 0)))


def to_mel(hertz: jax.Array) -> jax.Array:
    return 1127.0 * jnp.log(1.0 + hertz / 700.0)


def stft_spectrogram(
    x: jax.Array,
    real_kernel: jax.Array | None = None,
    imag_kernel: jax.Array | None = None,
    *,
    frame_step: int,
    mode: str = "log",
    padding: str = "valid",
    expand_dims: bool = False,
) -> jax.Array:
    """Frequencies of sounds (batch, samples, channels) in frames that slide over them.

    (batch, frames, channels × frequencies), or (batch, frames, frequencies, channels) with `expand_dims`.
    """
    parts = [slide(x, kernel, frame_step, padding) for kernel in (real_kernel, imag_kernel) if kernel is not None]
    y = spectrum(parts, mode)
    if expand_dims:
        return y.transpose(0, 2, 3, 1)
    return y.transpose(0, 2, 1, 3).reshape(y.shape[0], y.shape[2], -1)


def slide(x: jax.Array, kernel: jax.Array, frame_step: int, padding: str) -> jax.Array:
    """Each channel convolved with a kernel (frame, 1, frequencies): (batch, channels, frames, frequencies)."""
    batch, samples, channels = x.shape
    x = jnp.swapaxes(x, 1, 2).reshape(batch * channels, samples, 1)
    y = lax.conv_general_dilated(
        x, kernel, (frame_step,), padding.upper(), dimension_numbers=("NHC", "HIO", "NHC")
    )
    return y.reshape(batch, channels, *y.shape[1:])


def spectrum(parts: list[jax.Array], mode: str) -> jax.Array:
    """What is shown of the real and the imaginary part of a transform."""
    if mode in ("real", "imag"):
        return parts[0]
    real, imag = parts
    if mode == "stft":
        return jnp.concatenate([real, imag], -1)
    if mode == "angle":
        return jnp.arctan2(imag, real)
    power = real**2 + imag**2
    if mode == "psd":  # all but the first and the last frequency stand for two
        return power.at[..., 1:-1].multiply(2.0)
    magnitude = jnp.sqrt(jnp.maximum(power, 1e-7))
    return magnitude if mode == "magnitude" else jnp.log(jnp.maximum(magnitude, 1e-7))
