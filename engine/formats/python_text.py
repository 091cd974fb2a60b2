"""Python as text: values, identifiers, and statements laid out as ruff would."""

from __future__ import annotations

import builtins
import keyword as python_keywords
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

WIDTH = 100


@dataclass(frozen=True)
class Group:
    """Something in brackets: `open` ends in the bracket, and may begin with what stands before it."""

    open: str
    items: tuple[str | Group, ...]
    close: str

    def flat(self) -> str:
        return f"{self.open}{', '.join(map(_flat, self.items))}{self.close}"

    def spread(self, indent: str, width: int) -> str:
        """One item a line, with a comma after the last."""
        inner = indent + "    "
        lines = [f"{inner}{_render(item, inner, width)}," for item in self.items]
        return "\n".join([self.open, *lines, indent + self.close])


def _flat(item: str | Group) -> str:
    return item if isinstance(item, str) else item.flat()


def _render(item: str | Group, indent: str, width: int) -> str:
    text = _flat(item)
    if isinstance(item, str) or not item.items or len(indent) + len(text) < width:
        return text
    return item.spread(indent, width)


def call(function: str, arguments: Iterable[str | Group]) -> Group:
    """`function(arguments)`."""
    return Group(f"{function}(", tuple(arguments), ")")


def listing(items: Iterable[str | Group]) -> Group:
    """`[items]`."""
    return Group("[", tuple(items), "]")


def keyword(name: str, value: str | Group) -> str | Group:
    """`name=value`."""
    return prefixed(f"{name}=", value)


def prefixed(start: str, value: str | Group) -> str | Group:
    """Something with a text before it."""
    return start + value if isinstance(value, str) else Group(start + value.open, value.items, value.close)


def statement(start: str, *groups: Group, indent: str = "", width: int = WIDTH) -> str:
    """A statement made of bracketed groups, on one line if it fits, else with some of them spread."""
    flat = indent + start + "".join(group.flat() for group in groups)
    if len(flat) <= width:
        return flat
    first, *rest = groups
    tail = rest[-1] if rest and any(isinstance(item, Group) for item in rest[-1].items) else None
    head = indent + start + first.flat()
    if tail is not None and len(head) + len(tail.open) <= width:
        return head + spread_call(tail, indent, width)
    text = indent + start + (first.spread(indent, width) if first.items else first.flat())
    last = "".join(group.flat() for group in rest)
    if tail is not None and len(indent) + 1 + len(last) > width:
        last = spread_call(tail, indent, width)
    return text + last


def spread_call(group: Group, indent: str = "", width: int = WIDTH) -> str:
    """A call with a bracketed argument, spread; if it is the only one, it takes no comma."""
    if len(group.items) > 1:
        return group.spread(indent, width)
    inner = indent + "    "
    lines = [f"{inner}{item if isinstance(item, str) else item.spread(inner, width)}" for item in group.items]
    return "\n".join([group.open, *lines, indent + group.close])


def literal(value: Any) -> str:
    """A setting as Python code; 1/255 is written as the fraction that it is."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, tuple):
        inner = ", ".join(literal(item) for item in value)  # pyright: ignore[reportUnknownVariableType]
        return f"({inner},)" if len(value) == 1 else f"({inner})"  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, dict):
        return f"{{{', '.join(f'{literal(k)}: {literal(v)}' for k, v in value.items())}}}"  # pyright: ignore
    if isinstance(value, float) and 1e-6 < value < 1 and len(repr(value)) > 8:
        whole = round(1 / value)
        return f"1 / {whole}" if 1 / whole == value else repr(value)
    return repr(value)


def quoted(text: str) -> str:
    """A text as a literal, in double quotes where that needs no escape. Nothing in it can end the literal."""
    plain = repr(text)
    if plain[0] == "'" and '"' not in plain:
        return f'"{plain[1:-1]}"'
    return plain


class Names:
    """Hands out Python identifiers, each once; none begins with `avoided`."""

    def __init__(self, reserved: Iterable[str] = (), avoided: str | None = None) -> None:
        self._avoided = avoided
        self._reserved = {*reserved, *dir(builtins), *python_keywords.kwlist, *python_keywords.softkwlist}
        self._taken = set(self._reserved)

    def new(self, wanted: str) -> str:
        """An identifier that reads like `wanted` and was not handed out before."""
        # Python itself takes identifiers of one NFKC form for the same.
        stem = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", wanted))[:40].strip("_").lower()
        usable = stem.isidentifier() and not (self._avoided and stem.startswith(self._avoided))
        stem = stem if usable else f"value_{stem}"
        stem = stem if stem.isidentifier() else "value"
        name, number = f"{stem}_" if stem in self._reserved else stem, 1
        while name in self._taken:
            number += 1
            name = f"{stem}_{number}"
        self._taken.add(name)
        return name
