"""Folders of pictures: a folder for each class, as Keras's image_dataset_from_directory takes them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from engine.data.folders import Kind, Tree, by_class, listing, share
from engine.data.source import Column, DataSet, Source, finished, register
from engine.errors import DataError
from engine.events import Progress
from engine.fields import Holds, repeated

if TYPE_CHECKING:
    from engine.data.decoded import Decoded
    from engine.data.folders import FileAt
    from engine.data.pictures import Facts

ENDINGS = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm",
    ".pbm",
)  # fmt: skip
"""Of names of pictures; what is in a file tells how it is read."""

Side = Annotated[int, Field(ge=1, le=4096)]
Unreadable = Literal["stop", "skip"]


class PictureSource(Source):
    """What the sources of pictures in files share: all are brought to one size and one kind of colours."""

    path: Annotated[str, Holds("hidden")] = ""
    image_size: Annotated[tuple[Side, Side], repeated(2)] | None = Field(
        default=None, description="Height and width that all pictures are brought to; open: what suits the files."
    )
    color_mode: Literal["auto", "rgb", "grayscale", "rgba"] = Field(
        default="auto", description="Channels of a sample; 'auto' is grayscale where all pictures are, else rgb."
    )
    fit: Literal["stretch", "crop", "pad"] = Field(
        default="stretch",
        description="Pictures of other proportions: stretch them, crop the middle, or pad them with black.",
    )
    interpolation: Literal["bilinear", "nearest", "bicubic", "area", "lanczos3"] = Field(
        default="bilinear",
        json_schema_extra={"rare": True},
        description="How the pixels of another size are computed.",
    )
    unreadable: Unreadable = Field(
        default="stop", description="Files that cannot be read: stop, or skip and count them."
    )

    task: ClassVar[Literal["classification", "regression", ""]] = "classification"

    def features(self) -> dict[str, Column]:
        from engine.data.pictures import CHANNELS

        if self.image_size is None or self.color_mode == "auto":
            return {}
        return {"x": Column((*self.image_size, CHANNELS[self.color_mode]), picture=True)}

    def load(self) -> DataSet:
        return finished(self.loading())

    def looked(self, facts: Sequence[Facts]) -> dict[str, Any]:
        """The settings that suit pictures, where none were chosen."""
        from engine.data.pictures import likely_colors, likely_size

        colors = likely_colors(facts) if self.color_mode == "auto" else self.color_mode
        return {"image_size": self.image_size or likely_size(facts), "color_mode": colors}

    def rows(self, files: Sequence[FileAt]) -> Decoded:
        """The pictures of some files; size and colours are known."""
        from engine.data.decoded import Decoded
        from engine.data.pictures import PictureDecoder

        assert self.image_size is not None
        assert self.color_mode != "auto"
        decoder = PictureDecoder(self.image_size, self.color_mode, self.fit, self.interpolation)
        return Decoded(tuple(files), decoder)


@register("images")
class ImageFolder(PictureSource):
    """Pictures in a folder for each class: JPEG, PNG, WebP, BMP, GIF, TIFF, as numbers from 0 to 255.

    Where there is a folder train with the classes in it, validation (or val) and test beside it are those parts.
    A network for them begins with Rescaling.
    """

    class_names: Annotated[tuple[str, ...], Field(max_length=100_000)] = Field(
        default=(),
        description="The folders that are classes, in the order of their numbers; what is not named is left out. "
        "None: all that hold pictures.",
    )

    title: ClassVar[str] = "Pictures in folders"

    @classmethod
    def takes(cls, path: Path) -> bool:
        return path.is_dir() and share(path, ENDINGS) >= 1 / 3

    def targets(self) -> dict[str, Column]:
        return {"y": Column((), self.class_names)} if self.class_names else {}

    def proposing(self) -> Generator[Progress, None, Source]:
        tree, facts = yield from self._surveying()
        if not set(self.class_names) <= set(tree.parts["train"]):  # they are those of another folder
            fresh = type(self)(path=self.path)
            return fresh.replace(class_names=tree.names, **fresh.looked(facts))
        return self.replace(class_names=self.class_names or tree.names, **self.looked(facts))

    def loading(self) -> Generator[Progress, None, DataSet]:
        from engine.data.pictures import size_notes

        tree, facts = yield from self._surveying()
        source = self.replace(class_names=self.class_names or tree.names, **self.looked(facts))
        assert source.image_size is not None
        notes = size_notes(facts, source.image_size)
        return by_class(tree, source.class_names, source.rows, notes, skip=self.unreadable == "skip")

    def _surveying(self) -> Generator[Progress, None, tuple[Tree, tuple[Facts, ...]]]:
        from engine.data.pictures import holds_picture, looking

        if not self.path:
            raise DataError("No folder is chosen yet.")
        tree = yield from listing(self.path, Kind(ENDINGS, holds_picture))
        facts = yield from looking([file for files in tree.parts["train"].values() for file in files])
        return tree, facts
