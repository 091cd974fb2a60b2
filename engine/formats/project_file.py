"""The project file, `.loom`: JSON that reads well in a diff. One line per node, wire and position; no weights."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any

from engine.data.source import source_name
from engine.files import write_text
from engine.formats.graph_data import (
    check_node_name,
    edge_data,
    node_data,
    read_graph,
)
from engine.formats.layout_data import LAYOUT_KEYS, layout_data, read_layout
from engine.formats.reading import Place, parse_json, read_text, shown
from engine.project import NAME, DataSettings, Project, TrainingSettings

FORMAT_VERSION = 1

_MORE = ("name", "data", "training", "compiled", "lost", *LAYOUT_KEYS)
"""What a file may leave out."""


def save(project: Project, path: str | PathLike[str]) -> None:
    """Write a project file, atomically; raises `FileError`."""
    write_text(path, dumps(project))


def load(path: str | PathLike[str]) -> Project:
    """Read a project file; raises `FileError`, `FileFormatError` with the place and the cause."""
    return loads(read_text(path), str(path))


def dumps(project: Project) -> str:
    """A project as the text of its file.

    All settings are written, defaults too: a later version may have other defaults.
    """
    data = {"source": _source(project.data), **project.data.model_dump(mode="json", exclude={"source"})}
    layout = layout_data(project.layout)
    remarks = layout["remarks"]
    text = "\n".join(
        [
            "{",
            f'  "format_version": {FORMAT_VERSION},',
            f'  "nodes": {_lines("[]", (_json(node_data(node)) for node in project.graph))},',
            f'  "edges": {_lines("[]", (_json(edge_data(edge)) for edge in project.graph.edges))},',
            f'  "positions": {_lines("{}", _pairs(layout["positions"]))},',
            f'  "remarks": {_lines("{}", _pairs(remarks))},',
            f'  "expanded": {_json(layout["expanded"])},',
            f'  "data": {_lines("{}", _pairs(data))},',
            f'  "training": {_lines("{}", _pairs(project.training.model_dump(mode="json")))},',
            f'  "name": {_json(project.name)},',
            f'  "compiled": {_json(project.compiled)},',
            f'  "lost": {_lines("[]", map(_json, project.lost))}',
            "}\n",
        ]
    )
    # A lone surrogate cannot be written as UTF-8, but JSON has an escape for it.
    return re.sub("[\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", text)


def loads(text: str, path: str = "project") -> Project:
    """The project that a text holds; `path` is named in errors. Raises `FileFormatError`."""
    place = Place(path)
    found = place.mapping(parse_json(text, place))
    _check_version(found.get("format_version"), place)
    place.mapping(found, ("format_version", "nodes", "edges"), _MORE)
    return Project(
        read_graph(found["nodes"], found["edges"], place),
        read_layout(found, place),
        place.at("data").settings(DataSettings, found.get("data", {})),
        place.at("training").settings(TrainingSettings, found.get("training", {})),
        _name(found.get("name", NAME), place.at("name")),
        place.at("compiled").truth(found.get("compiled", True)),
        tuple(map(place.at("lost").text, place.at("lost").listing(found.get("lost", [])))),
    )


# Writing


def _source(data: DataSettings) -> dict[str, Any]:
    return {"type": source_name(data.source), **data.source.model_dump(mode="json")}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _pairs(values: Mapping[str, Any]) -> Iterable[str]:
    return (f"{_json(key)}: {_json(value)}" for key, value in values.items())


def _lines(brackets: str, items: Iterable[str]) -> str:
    """A list or object with one item a line."""
    inner = ",\n".join(f"    {item}" for item in items)
    return f"{brackets[0]}\n{inner}\n  {brackets[1]}" if inner else brackets


# Reading


def _name(value: Any, place: Place) -> str:
    check_node_name(place.text(value), place)
    return str(value)


def _check_version(version: Any, place: Place) -> None:
    if version is None:
        raise place.error("is not a Layerloom project: the key 'format_version' is missing.")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise place.error(f"is not a Layerloom project: format_version is {shown(version)}.")
    if version > FORMAT_VERSION:
        raise place.error(
            f"was written by a newer version of Layerloom (format {version}; this one reads up to "
            f"{FORMAT_VERSION}). Update Layerloom to open it."
        )
