"""Reading JSON that others wrote: every value is checked, every fault names its place."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from pydantic import ValidationError

from engine.errors import FileError, FileFormatError, UnsupportedError
from engine.fields import Settings
from engine.files import check_file

LARGEST_JSON = 100 * 2**20
"""Bytes of JSON that are read at most; 2,000 nodes need less than one million."""

S = TypeVar("S", bound=Settings)


@dataclass(frozen=True)
class Place:
    """Where a value stands in a file. Its methods take the value apart, or raise `FileFormatError` from there."""

    path: str | PathLike[str]
    where: str = ""

    def at(self, where: str) -> Place:
        """A place further in."""
        return replace(self, where=f"{self.where}, {where}" if self.where else where)

    def error(self, cause: str) -> FileFormatError:
        return FileFormatError(self.path, f"{self.where}: {cause}" if self.where else cause)

    def unsupported(self, cause: str) -> UnsupportedError:
        """The error for what this program does not have, which a reader may keep as it is."""
        return UnsupportedError(self.path, f"{self.where}: {cause}" if self.where else cause, cause)

    def mapping(self, value: Any, required: Collection[str] = (), allowed: Collection[str] | None = None) -> Any:
        """The value as a mapping that has all `required` keys and, where `allowed` is given, no others."""
        if not isinstance(value, dict):
            raise self.error(f"must be an object with named values, not {shown(value)}.")
        fields: dict[str, Any] = value
        for key in required:
            if key not in fields:
                raise self.error(f"the key {key!r} is missing.")
        if allowed is not None:
            for key in fields:
                if key not in required and key not in allowed:
                    raise self.error(f"the key {shown(key)} is not known.")
        return fields

    def listing(self, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise self.error(f"must be a list, not {shown(value)}.")
        return value

    def text(self, value: Any) -> str:
        if not isinstance(value, str):
            raise self.error(f"must be a text, not {shown(value)}.")
        return value

    def truth(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise self.error(f"must be true or false, not {shown(value)}.")
        return value

    def whole(self, value: Any) -> int:
        """The value as a whole number of 0 or more."""
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.error(f"must be a whole number of 0 or more, not {shown(value)}.")
        return value

    def settings(self, cls: type[S], value: Any) -> S:
        """The value as settings of a class, with a sentence for the first fault."""
        try:
            return cls.model_validate(self.mapping(value))
        except ValidationError as error:
            self.refuse(error)
        except (RecursionError, OverflowError, TypeError):
            raise self.error("holds a value that is out of all bounds, or of the wrong type.") from None

    def refuse(self, error: ValidationError) -> NoReturn:
        """Raise the first fault that pydantic found, as a sentence."""
        first = error.errors(include_url=False, include_context=False)[0]
        steps = [step for step in first["loc"] if isinstance(step, str)]
        place = self.at(f"setting {'.'.join(steps)}") if steps else self
        message = first["msg"].removeprefix("Value error, ")
        given = "" if first["type"] in ("missing", "extra_forbidden") else f" (it is {shown(first['input'])})"
        raise place.error(f"{message[:1].lower()}{message[1:]}{given}.") from None


def shown(value: Any) -> str:
    """A value as it may be quoted in a sentence: on one line, and not for ever."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):
        text = type(value).__name__
    return text if len(text) <= 80 else f"{text[:77]}..."


def read_text(path: str | PathLike[str]) -> str:
    """The text of a file; raises `FileError` where it cannot be read, `FileFormatError` where it is no text."""
    file = Path(path)
    check_file(file)
    try:
        if file.stat().st_size > LARGEST_JSON:
            raise FileFormatError(path, "is too large to be a project.")
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FileError(path, f"could not be read: {error.strerror or error}.") from error
    except UnicodeDecodeError:
        raise FileFormatError(path, "is not a text file.") from None


def parse_json(text: str | bytes, place: Place) -> Any:
    """What a JSON text says; NaN and infinities, which JSON does not have, are refused."""

    def refuse(name: str) -> NoReturn:
        raise place.error(f"holds {name}, which is not a number.")

    try:
        return json.loads(text, parse_constant=refuse, object_pairs_hook=lambda pairs: _unique(pairs, place))
    except json.JSONDecodeError as error:
        if not error.doc.strip():
            raise place.error("is empty.") from None
        raise place.error(f"is not JSON: line {error.lineno}, column {error.colno}: {error.msg}.") from None
    except RecursionError:
        raise place.error("is nested too deeply.") from None
    except ValueError:
        raise place.error("holds a number that is too long, or text that is not UTF-8.") from None


def _unique(pairs: list[tuple[str, Any]], place: Place) -> Mapping[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        keys = [key for key, _ in pairs]
        raise place.error(f"the key {shown(next(k for k in keys if keys.count(k) > 1))} occurs twice.")
    return result
