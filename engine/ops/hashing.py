"""Hashes of texts, equal to those of TensorFlow, which Keras's layers take them from. Pure Python.

FarmHash64 is the fingerprint of https://github.com/google/farmhash (`farmhashna::Hash64`), SipHash-2-4 that of
https://www.131002.net/siphash/siphash.pdf.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

_ALL = 2**64 - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F
_CROSS_MULTIPLIER, _CROSS_KEY = 0xC6A4A7935BD1E995, 0xDECAFCAFFE


def buckets(x: Any, num_bins: int, salt: Sequence[int] | None = None) -> np.ndarray[Any, Any]:
    """A number below `num_bins` for each text or whole number: by FarmHash64, by SipHash where there is a salt."""

    def bucket(text: bytes) -> int:
        return (farm_hash(text) if salt is None else sip_hash(text, salt)) % num_bins

    return each_of(as_texts(x), lambda text: bucket(str(text).encode()), np.int32)


def hash_texts(
    x: Any, *, num_bins: int, salt: Sequence[int] | None = None, mask_value: str | int | None = None
) -> np.ndarray[Any, Any]:
    """Buckets of texts or numbers; where there is a mask value, it has bucket 0 for itself."""
    texts = as_texts(x)
    if mask_value is None or num_bins == 1:
        return buckets(texts, num_bins, salt)
    return np.where(texts == str(mask_value), 0, 1 + buckets(texts, num_bins - 1, salt)).astype(np.int32)


def cross(*inputs: Any, num_bins: int) -> np.ndarray[Any, Any]:
    """A bucket for the values of all inputs together, place by place."""
    found = np.full(np.shape(inputs[0]), _CROSS_KEY, object)
    for x in inputs:
        values = np.asarray(x)
        own: Callable[[Any], int] = (lambda v: farm_hash(str(v).encode())) if values.dtype.kind in "US" else int
        hashes = each_of(values, own, object)
        found = np.frompyfunc(cat_hash, 2, 1)(found, hashes)
    return np.asarray(found % num_bins, np.int32)


def as_texts(x: Any) -> np.ndarray[Any, Any]:
    """Texts as they are; numbers, cut to whole ones, as decimal digits."""
    x = np.asarray(x)
    return x if x.dtype.kind == "U" else x.astype(np.int64).astype(str)


def each_of(x: np.ndarray[Any, Any], function: Callable[[Any], Any], dtype: Any) -> np.ndarray[Any, Any]:
    """A function of every element, called once for each value that occurs."""
    values, places = np.unique(x, return_inverse=True)
    found = np.array([function(value) for value in values], dtype)
    return found[places].reshape(x.shape)


def farm_hash(text: bytes) -> int:
    """FarmHash64's fingerprint."""
    if len(text) <= 16:
        return _farm_to_16(text)
    if len(text) <= 32:
        return _farm_to_32(text)
    return _farm_to_64(text) if len(text) <= 64 else _farm_long(text)


def _fetch(text: bytes, start: int, size: int = 8) -> int:
    return int.from_bytes(text[start : start + size], "little")


def _rotate(value: int, count: int) -> int:
    """To the right, by less than 64."""
    value &= _ALL
    return (value >> count | value << (64 - count)) & _ALL


def _shift_mix(value: int) -> int:
    value &= _ALL
    return value ^ value >> 47


def _mix(u: int, v: int, mul: int) -> int:
    a = _shift_mix(((u ^ v) & _ALL) * mul)
    return _shift_mix(((v ^ a) & _ALL) * mul) * mul & _ALL


def _farm_to_16(text: bytes) -> int:
    length = len(text)
    mul = _K2 + length * 2
    if length >= 8:
        a, b = _fetch(text, 0) + _K2, _fetch(text, length - 8)
        return _mix(_rotate(b, 37) * mul + a & _ALL, (_rotate(a, 25) + b) * mul & _ALL, mul)
    if length >= 4:
        return _mix(length + (_fetch(text, 0, 4) << 3), _fetch(text, length - 4, 4), mul)
    if not length:
        return _K2
    y, z = text[0] + (text[length >> 1] << 8), length + (text[-1] << 2)
    return _shift_mix(y * _K2 & _ALL ^ z * _K0 & _ALL) * _K2 & _ALL


def _farm_to_32(text: bytes) -> int:
    length = len(text)
    mul = _K2 + length * 2
    a, b = _fetch(text, 0) * _K1, _fetch(text, 8)
    c, d = _fetch(text, length - 8) * mul, _fetch(text, length - 16) * _K2
    return _mix(_rotate(a + b, 43) + _rotate(c, 30) + d & _ALL, a + _rotate(b + _K2, 18) + c & _ALL, mul)


def _farm_to_64(text: bytes) -> int:
    length = len(text)
    mul = _K2 + length * 2
    a, b = _fetch(text, 0) * _K2, _fetch(text, 8)
    c, d = _fetch(text, length - 8) * mul, _fetch(text, length - 16) * _K2
    y = _rotate(a + b, 43) + _rotate(c, 30) + d & _ALL
    z = _mix(y, a + _rotate(b + _K2, 18) + c & _ALL, mul)
    e, f = _fetch(text, 16) * mul, _fetch(text, 24)
    g, h = (y + _fetch(text, length - 32)) * mul, (z + _fetch(text, length - 24)) * mul
    return _mix(_rotate(e + f, 43) + _rotate(g, 30) + h & _ALL, e + _rotate(f + a, 18) + g & _ALL, mul)


def _farm_long(text: bytes) -> int:
    x, y = 81, 81 * _K1 + 113
    z = _shift_mix(y * _K2 + 113) * _K2
    state = (x * _K2 + _fetch(text, 0), y, z, (0, 0), (0, 0))
    end = (len(text) - 1) // 64 * 64
    for start in range(0, end, 64):
        state = _farm_round(text, start, *state, _K1, 1)
    x, y, z, v, w = state
    mul = _K1 + ((z & 0xFF) << 1)
    first = w[0] + ((len(text) - 1) & 63)
    v = (v[0] + first, v[1])
    w = (first + v[0], w[1])
    x, y, z, v, w = _farm_round(text, len(text) - 64, x, y, z, v, w, mul, 9)
    left = _mix(v[0] & _ALL, w[0] & _ALL, mul) + _shift_mix(y) * _K0 + z
    return _mix(left & _ALL, _mix(v[1] & _ALL, w[1] & _ALL, mul) + x & _ALL, mul)


def _farm_round(
    text: bytes, s: int, x: int, y: int, z: int, v: tuple[int, int], w: tuple[int, int], mul: int, factor: int
) -> tuple[int, int, int, tuple[int, int], tuple[int, int]]:
    x = _rotate(x + y + v[0] + _fetch(text, s + 8), 37) * mul
    y = _rotate(y + v[1] + _fetch(text, s + 48), 42) * mul
    x = (x ^ w[1] * factor) & _ALL
    y = y + v[0] * factor + _fetch(text, s + 40) & _ALL
    z = _rotate(z + w[0], 33) * mul & _ALL
    v, w = (
        _weak(text, s, v[1] * mul, x + w[0]),
        _weak(text, s + 32, z + w[1], y + _fetch(text, s + 16)),
    )
    return z, y, x, v, w


def _weak(text: bytes, s: int, a: int, b: int) -> tuple[int, int]:
    w, x, y, z = (_fetch(text, s + 8 * i) for i in range(4))
    a += w
    b = _rotate(b + a + z, 21)
    c = a
    a += x + y
    return a + z & _ALL, b + _rotate(a, 44) + c & _ALL


def cat_hash(first: int, second: int) -> int:
    """One fingerprint of two (TensorFlow's `FingerprintCat64`)."""
    result = first ^ _CROSS_MULTIPLIER ^ _shift_mix(second * _CROSS_MULTIPLIER) * _CROSS_MULTIPLIER
    return _shift_mix(_shift_mix(result * _CROSS_MULTIPLIER) * _CROSS_MULTIPLIER)


def sip_hash(text: bytes, key: Sequence[int]) -> int:
    """SipHash-2-4 with a key of two numbers of 64 bits."""
    k0, k1 = (part & _ALL for part in key)
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]
    whole = len(text) // 8 * 8
    last = int.from_bytes(text[whole:], "little") | (len(text) & 0xFF) << 56
    for word in (*(_fetch(text, start) for start in range(0, whole, 8)), last):
        v[3] ^= word
        _sip_rounds(v, 2)
        v[0] ^= word
    v[2] ^= 0xFF
    _sip_rounds(v, 4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def _sip_rounds(v: list[int], count: int) -> None:
    for _ in range(count):
        v[0] = v[0] + v[1] & _ALL
        v[1] = _rotate(v[1], 64 - 13) ^ v[0]
        v[0] = _rotate(v[0], 32)
        v[2] = v[2] + v[3] & _ALL
        v[3] = _rotate(v[3], 64 - 16) ^ v[2]
        v[0] = v[0] + v[3] & _ALL
        v[3] = _rotate(v[3], 64 - 21) ^ v[0]
        v[2] = v[2] + v[1] & _ALL
        v[1] = _rotate(v[1], 64 - 17) ^ v[2]
        v[2] = _rotate(v[2], 32)
