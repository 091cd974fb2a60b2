"""Texts as whole numbers, on arrays of NumPy: JAX has no texts. The functions of `Layer.host_op`."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.ops.hashing import buckets, each_of

_LOWER = {ord(letter): letter.lower() for letter in string.ascii_uppercase}
_NO_PUNCTUATION = {ord(mark): None for mark in string.punctuation}
_SPACES = " \t\n\v\f\r"
"""What parts words: Keras's layers know the white space of ASCII only, and change no other letters."""


def lookup(
    x: Any,
    *,
    vocabulary: Sequence[Any],
    mask_token: Any = None,
    num_oov_indices: int = 1,
    masked: bool = False,
    salt: Sequence[int] | None = None,
    remainder: bool = False,
) -> np.ndarray[Any, Any]:
    """The place of each term in a vocabulary, after those for terms outside of it, which are told apart by hash.

    Whole numbers outside of the vocabulary go by their remainder where `remainder` holds. Where `masked` holds,
    place 0 is that of the mask token; else it has none, -1. Raises `ValueError` for a term outside of the
    vocabulary where there is no place for such.
    """
    x = np.asarray(x)
    first = num_oov_indices + masked
    places = {term: first + number for number, term in enumerate(vocabulary)}
    if mask_token is not None:
        places[mask_token] = 0 if masked else -1

    def place(term: Any) -> int:
        found = places.get(term)
        if found is not None:
            return found
        if not num_oov_indices:
            raise ValueError(f"{term!r} is not in the vocabulary, and num_oov_indices = 0 leaves it no place")
        if num_oov_indices == 1:
            return int(masked)
        return int(masked + (term % num_oov_indices if remainder else buckets(term, num_oov_indices, salt)))

    return each_of(x, lambda value: place(value.item()), np.int32)


def terms(x: Any, *, vocabulary: Sequence[str], oov_token: str) -> np.ndarray[Any, Any]:
    """The term at each place of a vocabulary; `oov_token` for places that it lacks."""
    return each_of(
        np.asarray(x), lambda place: vocabulary[place] if 0 <= place < len(vocabulary) else oov_token, np.str_
    )


def vectorize(
    x: Any,
    *,
    vocabulary: Sequence[str],
    standardize: str | None = "lower_and_strip_punctuation",
    split: str | None = "whitespace",
    ngrams: Sequence[int] | None = None,
    masked: bool = True,
    length: int | None = None,
) -> np.ndarray[Any, Any]:
    """Texts, one a sample, as rows of places in a vocabulary: place 0 is no term, 1 any other term.

    Where `masked` does not hold, there is no place for "no term" (-1), and 0 is that of any other term. Rows have
    `length`, or that of the longest.
    """
    rows = tokens(x, standardize=standardize, split=split, ngrams=ngrams)
    width = max(map(len, rows), default=0) if length is None else length
    filled = (
        np.full((len(rows), width), "", np.str_)
        if not width
        else np.array([(row + [""] * (width - len(row)))[:width] for row in rows]).reshape(len(rows), width)
    )
    return lookup(filled, vocabulary=vocabulary, mask_token="", masked=masked)


def tokens(
    x: Any, *, standardize: str | None, split: str | None, ngrams: Sequence[int] | None = None
) -> list[list[str]]:
    """The terms of each sample, in order; for n-grams, all of one width before those of the next."""
    x = np.asarray(x)
    rows = [[_standardized(str(text), standardize) for text in row] for row in x.reshape(len(x), -1)]
    found = [[part for text in row for part in _split(text, split)] for row in rows]
    if ngrams is None:
        return found
    return [
        [" ".join(row[start : start + n]) for n in ngrams for start in range(len(row) - n + 1)] for row in found
    ]


def _standardized(text: str, how: str | None) -> str:
    if how in ("lower", "lower_and_strip_punctuation"):
        text = text.translate(_LOWER)
    if how in ("strip_punctuation", "lower_and_strip_punctuation"):
        text = text.translate(_NO_PUNCTUATION)
    return text


def _split(text: str, how: str | None) -> list[str]:
    if how == "character":
        return list(text)
    if how == "whitespace":
        return [part for part in text.translate({ord(space): " " for space in _SPACES}).split(" ") if part]
    return [text]
