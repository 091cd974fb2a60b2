"""Blocks of one's own: groups that were saved to the palette, each in a small file of its own."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from engine.errors import FileError, NameTakenError
from engine.files import write_text
from engine.formats.reading import Place, parse_json, read_text
from engine.graph import check_name
from engine.layer import Layer
from engine.layers.nested import Functional
from engine.registry import LAYERS

BLOCK = "block/"
"""What the keys of blocks begin with in the palette; no layer is called so."""
_FORMAT, _VERSION = "layerloom-block", 1
_LONGEST = 60


@dataclass(frozen=True)
class Block:
    """A group by the name that it has in the palette."""

    name: str
    layer: Functional
    path: Path | None = None


class Blocks(QObject):
    """The blocks in a folder; without one, they last until the program ends."""

    changed = Signal()

    def __init__(self, folder: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._by_name: dict[str, Block] = {}
        self.faults: dict[Path, str] = {}
        """Files that hold no block, and why."""
        self._load()

    def all(self) -> list[Block]:
        """All blocks, by name."""
        return sorted(self._by_name.values(), key=lambda block: block.name.lower())

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def made(self, key: str) -> tuple[Layer, str | None] | None:
        """The layer that a key of the palette stands for, and the name of its card if it has one already."""
        if key.startswith(BLOCK):
            block = self._by_name.get(key.removeprefix(BLOCK))
            return None if block is None else (block.layer, block.name)
        found = LAYERS.get(key)
        return None if found is None else (found(), None)

    # Keeping

    def save(self, name: str, layer: Functional) -> None:
        """Keep a group under a name, in place of what had it; raises `NameTakenError`, `FileError`."""
        check_name(name)
        before = self._by_name.get(name)
        path = before.path if before is not None else self._new_path(name)
        if path is not None:
            settings = layer.model_dump(mode="json")
            content = {"format": _FORMAT, "version": _VERSION, "name": name, "settings": settings}
            _make_folder(path.parent)
            write_text(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
        self._by_name[name] = Block(name, layer, path)
        self.changed.emit()

    def rename(self, name: str, new: str) -> None:
        """Give a block another name; raises `NameTakenError`, `FileError`."""
        if new == name:
            return
        if new in self._by_name:
            raise NameTakenError(f"There is already a block named {new!r}.")
        block = self._by_name[name]
        self.save(new, block.layer)
        self.delete(name)

    def delete(self, name: str) -> None:
        """Forget a block; raises `FileError`."""
        path = self._by_name[name].path
        if path is not None:
            _remove(path)
        del self._by_name[name]
        self.changed.emit()

    def delete_fault(self, path: Path) -> None:
        """Remove a file that holds no block; raises `FileError`."""
        _remove(path)
        self.faults.pop(path, None)
        self.changed.emit()

    def _new_path(self, name: str) -> Path | None:
        if self._folder is None:
            return None
        stem = re.sub(r"\W+", "_", name).strip("_")[:_LONGEST] or "block"
        names = (f"{stem}.json" if not number else f"{stem}_{number}.json" for number in range(10_000))
        return next(path for path in (self._folder / name for name in names) if not path.exists())

    # Reading

    def _load(self) -> None:
        if self._folder is None:
            return
        with contextlib.suppress(OSError):
            for path in sorted(self._folder.glob("*.json")):
                try:
                    block = read_block(path)
                    if block.name in self._by_name:
                        raise FileError(path, "holds a block of a name that another file has.")
                    self._by_name[block.name] = block
                except FileError as error:
                    self.faults[path] = error.reason


def read_block(path: Path) -> Block:
    """The block in a file; raises `FileError`, `FileFormatError` with the cause."""
    place = Place(path)
    content = place.mapping(parse_json(read_text(path), place))
    if content.get("format") != _FORMAT:
        raise place.error("holds no block.")
    if content.get("version") != _VERSION:
        raise place.error("was written by a newer version of Layerloom.")
    place.mapping(content, ("format", "version", "name", "settings"), ())
    name = place.at("name").text(content["name"])
    try:
        check_name(name)
    except NameTakenError as error:
        raise place.error(str(error)) from None
    return Block(name, place.at("settings").settings(Functional, content["settings"]), path)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(folder, f"could not be made: {error.strerror or error}.") from error


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise FileError(path, f"could not be deleted: {error.strerror or error}.") from error
