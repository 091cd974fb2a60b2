"""Layers that look texts and whole numbers up in a vocabulary, and hash them.

A .keras archive keeps the vocabulary of an adapted layer beside its config, whose own is null then: in
`assets/layers/<layer>/vocabulary.txt`, UTF-8, a line per place, the tokens of the special places first. The
weights of tf_idf are in the weights file, as `idf_weights` in the group of the layer. A vocabulary that was given
as a setting stays in the config, and there are no assets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field

from engine.errors import ShapeError
from engine.fields import Count, PositiveInt, repeated
from engine.layer import Content, Layer, NoType
from engine.layers.categories import Mode, encoded_shape
from engine.layers.vocabulary import Vocabulary, check_terms
from engine.op import Op
from engine.ops import categories, core, hashing
from engine.ops import text as ops
from engine.registry import register
from engine.repairs import SetField
from engine.shapes import Shape, show_shape

LookupMode = Literal["int", "one_hot", "multi_hot", "count", "tf_idf"]
MaxTokens = Annotated[int, Field(ge=2, le=10_000_000)]
Salt = Annotated[tuple[int, int], repeated(2)]
Int32 = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]

_MODE = "The index; a row with a 1 for it; one row a sample; how often each occurs; or that, weighted."
_MAX = "Places in the vocabulary, special ones included; the most frequent terms of the training data get them."
_PAD = "Give the rows max_tokens columns even where the vocabulary has fewer terms."
_IDF = "The weight of each term for tf_idf."
_SALT = "Two numbers that change the hash; with them it is SipHash."
_OOV = "Places for terms outside of the vocabulary, which a hash distributes to them."


class VocabularyLayer(Layer):
    """Base of the layers that have a vocabulary."""

    dtype: NoType = None
    max_tokens: MaxTokens | None = Field(default=None, description=_MAX)
    output_mode: LookupMode = Field(default="int", description=_MODE)
    pad_to_max_tokens: bool = Field(default=False, description=_PAD)
    idf_weights: tuple[float, ...] | None = Field(default=None, description=_IDF)

    learned: ClassVar[tuple[str, ...]] = ("vocabulary", "idf_weights")
    flops_each: ClassVar[int] = 0
    casts: ClassVar[bool] = False
    caption: ClassVar[tuple[str, ...]] = ("output_mode", "max_tokens")

    @property
    def known(self) -> Vocabulary:
        """The vocabulary and the places of its terms."""
        raise NotImplementedError

    def _known(self, vocabulary: Any, mask_token: Any, oov_token: Any, num_oov_indices: int) -> Vocabulary:
        return Vocabulary(
            vocabulary,
            self.idf_weights,
            self.output_mode,
            mask_token,
            oov_token,
            num_oov_indices,
            self.max_tokens,
            self.pad_to_max_tokens,
        )

    def encoding(self) -> Op:
        """The encoding of places."""
        known = self.known
        weights = {"idf_weights": known.weights} if known.weights else {}
        return Op(categories.encode, settings={"mode": self.output_mode, "depth": known.depth, **weights})

    def keras_arguments(self) -> dict[str, Any]:
        arguments = super().keras_arguments()
        return {**arguments, "idf_weights": self.idf_weights if self.output_mode == "tf_idf" else None}

    @classmethod
    def from_keras(cls, config: Mapping[str, Any]) -> Mapping[str, Any]:
        return check_terms(config)


class _Lookup(VocabularyLayer):
    """Base of StringLookup and IntegerLookup."""

    num_oov_indices: Count = Field(default=1, description=_OOV)
    invert: bool = Field(default=False, description="From indices to terms.")
    salt: Salt | None = Field(default=None, description=_SALT)

    def output_shape(self, *inputs: Shape) -> Shape:
        if self.invert and self.output_mode != "int":
            text = "From indices to terms there is nothing to encode: output_mode must be int."
            raise ShapeError(text, "output_mode", (SetField("output_mode", "int"),))
        self.known.check()
        return encoded_shape(inputs[0], self.output_mode, self.known.depth)

    def learn(self, samples: np.ndarray[Any, Any]) -> Self:
        rows: list[list[Any]] = samples.reshape(len(samples), -1).tolist()
        return self.replace(**self.known.learned(rows))

    def lookup(self, **more: Any) -> Op:
        """From terms to places, on the host."""
        known = self.known
        settings = {
            "vocabulary": known.terms,
            "mask_token": known.mask_token,
            "num_oov_indices": self.num_oov_indices,
            "masked": known.masked,
            "salt": self.salt,
            **more,
        }
        return Op(ops.lookup, settings=settings)


@register(category="Text and categories")
class StringLookup(_Lookup):
    """Terms as their places in a vocabulary, which is given or taken from the training data.

    https://keras.io/api/layers/preprocessing_layers/categorical/string_lookup/
    """

    mask_token: str | None = Field(default=None, description="A term that stands for nothing: index 0.")
    oov_token: str | None = Field(default="[UNK]", description="What stands for a term outside of the vocabulary.")
    vocabulary: tuple[str, ...] | None = Field(
        default=None, description="The terms; none: they are taken from the training data."
    )

    keras_class: ClassVar[str | None] = "StringLookup"
    keras_constants: ClassVar[Mapping[str, Any]] = {"sparse": False, "encoding": "utf-8"}
    keras_ignored: ClassVar[tuple[str, ...]] = ("oov_method", "vocabulary_dtype")

    @property
    def known(self) -> Vocabulary:
        return self._known(self.vocabulary, self.mask_token, self.oov_token, self.num_oov_indices)

    @property
    def takes(self) -> tuple[Content, ...]:
        return ("numbers",) if self.invert else ("text",)

    @property
    def gives(self) -> Content:
        return "text" if self.invert else "numbers"

    def host_op(self) -> Op:
        if not self.invert:
            return self.lookup()
        known = self.known
        places = tuple(term or "" for term in known.places)
        return Op(ops.terms, settings={"vocabulary": places, "oov_token": self.oov_token or ""})

    def op(self) -> Op:
        return Op(core.identity) if self.invert else self.encoding()


@register(category="Text and categories")
class IntegerLookup(_Lookup):
    """Whole numbers as their places in a vocabulary, which is given or taken from the training data.

    https://keras.io/api/layers/preprocessing_layers/categorical/integer_lookup/
    """

    mask_token: Int32 | None = Field(default=None, description="A number that stands for nothing: index 0.")
    oov_token: Int32 | None = Field(default=-1, description="What stands for a number outside of the vocabulary.")
    vocabulary: tuple[Int32, ...] | None = Field(
        default=None, description="The numbers; none: they are taken from the training data."
    )
    oov_method: Literal["floormod", "farmhash"] = Field(
        default="floormod",
        description="How numbers outside of the vocabulary get their places: remainder or hash.",
    )

    keras_class: ClassVar[str | None] = "IntegerLookup"
    keras_constants: ClassVar[Mapping[str, Any]] = {"sparse": False, "vocabulary_dtype": "int64"}

    @property
    def known(self) -> Vocabulary:
        return self._known(self.vocabulary, self.mask_token, self.oov_token, self.num_oov_indices)

    def output_shape(self, *inputs: Shape) -> Shape:
        if self.salt is not None and self.oov_method != "farmhash":
            text = "A salt is for hashes: oov_method must be farmhash."
            raise ShapeError(text, "oov_method", (SetField("oov_method", "farmhash"),))
        return super().output_shape(*inputs)

    def host_op(self) -> Op | None:
        hashed = self.oov_method == "farmhash" and self.num_oov_indices > 1
        if self.invert or not (hashed or self.num_oov_indices == 0):
            return None
        return self.lookup()

    def op(self) -> Op:
        known = self.known
        if self.invert:
            oov = -1 if self.oov_token is None else self.oov_token
            places = tuple(oov if term is None else term for term in known.places)
            return Op(categories.integer_terms, settings={"terms": places, "oov_token": oov})
        encoding = self.encoding()
        if self.host_op() is not None:
            return encoding
        own = {"vocabulary": known.terms, "mask_token": self.mask_token, "num_oov_indices": self.num_oov_indices}
        return Op(categories.integer_lookup, settings={**own, **encoding.settings})

    def learn(self, samples: np.ndarray[Any, Any]) -> Self:
        return super().learn(samples.astype(np.int64))


def _widths(value: Any) -> Any:
    return tuple(range(1, value + 1)) if isinstance(value, int) else value


@register(category="Text and categories")
class TextVectorization(VocabularyLayer):
    """Texts as rows of indices of their words, or as how often each word occurs.

    The vocabulary is given or taken from the training data. Index 0 stands for no word, 1 for any other word.
    https://keras.io/api/layers/preprocessing_layers/text/text_vectorization/
    """

    standardize: Literal["lower_and_strip_punctuation", "lower", "strip_punctuation"] | None = Field(
        default="lower_and_strip_punctuation", description="What is done to a text first; it knows ASCII only."
    )
    split: Literal["whitespace", "character"] | None = Field(
        default="whitespace", description="What a text is taken apart into; none: a sample is a row of words."
    )
    ngrams: Annotated[tuple[PositiveInt, ...], BeforeValidator(_widths)] | None = Field(
        default=None, description="Rows of so many words count as terms; 1 and 2: words and pairs of words."
    )
    output_mode: Literal["int", "multi_hot", "count", "tf_idf"] = Field(  # pyright: ignore[reportIncompatibleVariableOverride]
        default="int", description="The indices; one row a sample; how often each occurs; or that, weighted."
    )
    output_sequence_length: PositiveInt | None = Field(
        default=None, description="Indices a sample, filled up or cut off; none: as many as the longest text has."
    )
    vocabulary: tuple[str, ...] | None = Field(
        default=None, description="The words; none: they are taken from the training data."
    )

    keras_class: ClassVar[str | None] = "TextVectorization"
    keras_constants: ClassVar[Mapping[str, Any]] = {"sparse": False, "ragged": False, "encoding": "utf-8"}
    caption: ClassVar[tuple[str, ...]] = ("output_mode", "output_sequence_length")

    @property
    def known(self) -> Vocabulary:
        return self._known(self.vocabulary, "", "[UNK]", 1)

    @property
    def takes(self) -> tuple[Content, ...]:
        return ("text",)

    def output_shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        if self.split is not None and shape not in ((), (1,)):
            text = f"TextVectorization splits one text a sample, but gets {show_shape(shape)} of them."
            raise ShapeError(text, "split")
        if self.split is None and len(shape) != 1:
            text = f"Without a split TextVectorization takes a row of words a sample, not {show_shape(shape)}."
            raise ShapeError(text, "split", (SetField("split", "whitespace"),))
        if self.output_mode != "int" and self.output_sequence_length is not None:
            text = "output_sequence_length is for indices, which output_mode = int gives."
            raise ShapeError(text, "output_sequence_length", (SetField("output_sequence_length", None),))
        self.known.check()
        return (self.output_sequence_length,) if self.output_mode == "int" else (self.known.depth,)

    def _taking_apart(self) -> dict[str, Any]:
        return {"standardize": self.standardize, "split": self.split, "ngrams": self.ngrams}

    def host_op(self) -> Op:
        known = self.known
        own = {"vocabulary": known.terms, "masked": known.masked, "length": self.output_sequence_length}
        return Op(ops.vectorize, settings={**own, **self._taking_apart()})

    def op(self) -> Op:
        return self.encoding()

    def learn(self, samples: np.ndarray[Any, Any]) -> Self:
        return self.replace(**self.known.learned(ops.tokens(samples, **self._taking_apart())))


def _whole(value: Any) -> Any:
    """A number that was written as a text; Keras tells the two apart."""
    return int(value) if isinstance(value, str) and value.removeprefix("-").isdecimal() else value


@register(category="Text and categories")
class Hashing(Layer):
    """Texts or whole numbers as one of a number of bins, by a hash: no vocabulary is needed.

    https://keras.io/api/layers/preprocessing_layers/categorical/hashing/
    """

    dtype: NoType = None
    num_bins: PositiveInt = Field(default=16, description="Number of bins, that of the mask value included.")
    mask_value: Annotated[str | int, BeforeValidator(_whole)] | None = Field(
        default=None, description="A value that stands for nothing: bin 0."
    )
    salt: Salt | None = Field(default=None, description=_SALT)
    output_mode: Mode = Field(default="int", description=_MODE.rsplit(";", 1)[0] + ".")

    keras_class: ClassVar[str | None] = "Hashing"
    keras_constants: ClassVar[Mapping[str, Any]] = {"sparse": False}
    positional: ClassVar[tuple[str, ...]] = ("num_bins",)
    caption: ClassVar[tuple[str, ...]] = ("num_bins", "output_mode")
    casts: ClassVar[bool] = False

    @property
    def takes(self) -> tuple[Content, ...]:
        return ("text", "numbers")

    def output_shape(self, *inputs: Shape) -> Shape:
        return encoded_shape(inputs[0], self.output_mode, self.num_bins)

    def host_op(self) -> Op:
        settings = {"num_bins": self.num_bins, "salt": self.salt, "mask_value": self.mask_value}
        return Op(hashing.hash_texts, settings=settings)

    def op(self) -> Op:
        return Op(categories.encode, settings={"mode": self.output_mode, "depth": self.num_bins})

    def keras_arguments(self) -> dict[str, Any]:
        return {**super().keras_arguments(), **_dtype(self.output_mode)}


@register(category="Text and categories")
class HashedCrossing(Layer):
    """Several texts or whole numbers, taken together, as one of a number of bins, by a hash.

    https://keras.io/api/layers/preprocessing_layers/categorical/hashed_crossing/
    """

    dtype: NoType = None
    num_bins: PositiveInt = Field(default=16, description="Number of bins.")
    output_mode: Literal["int", "one_hot"] = Field(default="int", description="The bin, or a row with a 1 for it.")

    min_inputs: ClassVar[int] = 2
    max_inputs: ClassVar[int | None] = None
    keras_class: ClassVar[str | None] = "HashedCrossing"
    keras_constants: ClassVar[Mapping[str, Any]] = {"sparse": False}
    positional: ClassVar[tuple[str, ...]] = ("num_bins",)
    caption: ClassVar[tuple[str, ...]] = ("num_bins", "output_mode")
    casts: ClassVar[bool] = False

    @property
    def takes(self) -> tuple[Content, ...]:
        return ("text", "numbers")

    def output_shape(self, *inputs: Shape) -> Shape:
        for shape in inputs:
            if shape not in ((), (1,)) or shape != inputs[0]:
                text = f"HashedCrossing takes one value a sample at each input, not {show_shape(shape)}."
                raise ShapeError(text)
        return encoded_shape(inputs[0], self.output_mode, self.num_bins)

    def host_op(self) -> Op:
        return Op(hashing.cross, settings={"num_bins": self.num_bins})

    def op(self) -> Op:
        return Op(categories.encode, settings={"mode": self.output_mode, "depth": self.num_bins})

    def keras_arguments(self) -> dict[str, Any]:
        return {**super().keras_arguments(), **_dtype(self.output_mode)}


def _dtype(mode: str) -> dict[str, str]:
    """What Keras wants to hear of the type of a layer that gives bins."""
    return {"dtype": "int64"} if mode == "int" else {}
