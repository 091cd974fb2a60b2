"""Folders of pictures: what is in which class, how pictures become numbers, and what is refused."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine import feeding
from engine.data import holding
from engine.data.decoded import Decoded
from engine.data.images import ImageFolder
from engine.data.source import DataSet, finished
from engine.errors import DataError, FileError, FileFormatError
from engine.events import Event, Finished, Progress
from engine.formats import project_file
from engine.project import DataSettings, Project, TrainingSettings
from engine.starting import columns_of, started
from engine.training import train
from tests.engine.class_folders import COLORS, parted_folder, picture, picture_folder


def rows_of(ds: DataSet) -> Any:
    return ds.features["x"]


def proposed(path: Path, **settings: Any) -> ImageFolder:
    source = finished(ImageFolder(path=str(path), **settings).proposing())
    assert isinstance(source, ImageFolder)
    return source


def only(path: Path, **settings: Any) -> Any:
    """The first picture of a folder, as numbers."""
    return rows_of(ImageFolder(path=str(path), **settings).load()).read(np.array([0]))[0]


def one(tmp_path: Path, content: Image.Image | bytes, name: str = "a.png", **options: Any) -> Path:
    """A folder with this file in the first of two classes."""
    for label in ("first", "second"):
        (tmp_path / "set" / label).mkdir(parents=True, exist_ok=True)
    picture("red", (8, 8), 0).save(tmp_path / "set" / "second" / "b.png")
    path = tmp_path / "set" / "first" / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        content.save(path, **options)
    return tmp_path / "set"


# Folders


def test_each_folder_is_a_class(tmp_path: Path) -> None:
    ds = ImageFolder(path=str(picture_folder(tmp_path / "set", each=5))).load()
    assert ds.classes == {"y": ("blue", "green", "red")}
    np.testing.assert_array_equal(ds.targets["y"], np.repeat([0, 1, 2], 5))
    x = rows_of(ds)
    assert (x.shape, x.dtype, x.costly) == ((15, 24, 32, 3), np.uint8, True)
    means = x.read(np.array([0, 6, 14])).mean((1, 2))
    np.testing.assert_allclose(means, [COLORS[name] for name in ("blue", "green", "red")], atol=6)
    assert ds.validation is None
    assert ds.test is None
    assert ds.notes == ()


def test_folders_of_parts_are_the_parts(tmp_path: Path) -> None:
    for root in (parted_folder(tmp_path / "set"), tmp_path):  # packed files often bring a folder around all
        ds = ImageFolder(path=str(root)).load()
        assert ds.validation is not None
        assert ds.test is not None
        assert (ds.size, len(ds.validation["y"]), len(ds.test["y"])) == (24, 9, 12)
        assert ds.test["x"].shape == (12, 24, 32, 3)


def test_folders_within_a_class_belong_to_it(tmp_path: Path) -> None:
    folder = picture_folder(tmp_path / "set", each=2)
    picture_folder(folder / "red" / "more" / "still", each=3, classes=("green",))
    ds = ImageFolder(path=str(folder)).load()
    np.testing.assert_array_equal(np.bincount(ds.targets["y"]), [2, 2, 5])


def test_what_does_not_belong_is_left_out_and_told(tmp_path: Path) -> None:
    folder = picture_folder(tmp_path / "set", each=2)
    (folder / "yellow").mkdir()
    (folder / "red" / "readme.txt").write_text("hello")
    (folder / "red" / "empty").write_bytes(b"")
    picture("red", (8, 8), 0).save(folder / "cover.png")
    for hidden in (".DS_Store", "Thumbs.db", "desktop.ini"):
        (folder / "red" / hidden).write_bytes(b"x")
    (folder / ".cache").mkdir()
    picture("red", (8, 8), 0).save(folder / ".cache" / "a.png")
    ds = ImageFolder(path=str(folder)).load()
    assert ds.classes == {"y": ("blue", "green", "red")}
    assert ds.notes == (
        "There is nothing to learn from in yellow.",
        "1 files lie outside of the folders of the classes and were left out.",
        "2 files of other kinds were left out; the first is red/empty.",
    )


def test_what_is_in_a_file_counts_not_its_name(tmp_path: Path) -> None:
    folder = picture_folder(tmp_path / "set", each=2)
    picture("red", (24, 32), 0).save(folder / "red" / "z.png", format="JPEG")
    picture("red", (24, 32), 0).save(folder / "red" / "photo", format="PNG")
    ds = ImageFolder(path=str(folder)).load()
    assert ds.size == 8
    np.testing.assert_allclose(rows_of(ds).read(np.arange(4, 8)).mean((1, 2)), [COLORS["red"]] * 4, atol=6)


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs links")
def test_links_in_a_circle_are_followed_once(tmp_path: Path) -> None:
    folder = parted_folder(tmp_path / "set")
    elsewhere = picture_folder(tmp_path / "elsewhere", each=3, classes=("red",))
    for name, target in (("self", "."), ("up", ".."), ("all", str(folder)), ("root", "/")):
        (folder / "train" / "red" / name).symlink_to(target)
    (folder / "train" / "red" / "more").symlink_to(elsewhere)
    (folder / "train" / "green" / "gone.png").symlink_to("nowhere.png")
    ds = ImageFolder(path=str(folder), unreadable="skip").load()
    np.testing.assert_array_equal(np.bincount(ds.targets["y"]), [8, 9, 11])
    assert ds.notes == ("4 folders that links lead to a second time were read once.",)
    with pytest.raises(FileError, match=r"gone\.png: there is no such file"):
        rows_of(ds).read(np.arange(8, 17))


@pytest.mark.skipif(os.name == "nt", reason="names there are always text")
def test_names_that_are_no_text_are_read_and_shown(tmp_path: Path) -> None:
    folder = picture_folder(tmp_path / "set", each=2)
    strange = os.fsdecode(os.fsencode(folder) + b"/caf\xe9")
    os.rename(folder / "red", strange)  # noqa: PTH104
    (Path(strange) / os.fsdecode(b"\xff.png")).write_bytes(b"x")
    source = proposed(folder, unreadable="skip")
    assert source.class_names == ("blue", r"caf\udce9", "green")
    project_file.save(Project(data=DataSettings(source=source)), tmp_path / "a.loom")
    assert project_file.load(tmp_path / "a.loom").data.source == source
    found, faults = rows_of(source.load()).read_sound(np.arange(7))
    assert found[2:4].mean() > 60
    assert list(faults) == [4]
    assert faults[4].encode("utf-8").endswith(b"\\udcff.png: is no picture of a kind that is known: "
                                              b"JPEG, PNG, BMP, GIF, TIFF, WEBP, PPM.")  # fmt: skip
    inside = ImageFolder(path=strange)
    project_file.save(Project(data=DataSettings(source=inside)), tmp_path / "b.loom")
    assert project_file.load(tmp_path / "b.loom").data.source == inside


def test_many_files_are_listed_with_progress_and_can_be_left(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for number in range(1200):
            (tmp_path / "set" / name / f"{number}.png").touch()
    picture("red", (8, 8), 0).save(tmp_path / "set" / "a" / "0.png")
    job = ImageFolder(path=str(tmp_path / "set")).loading()
    texts = [(event.text, event.done) for event in job]
    assert texts[:4] == [("Listing the files", 500 * step) for step in (1, 2, 3, 4)]
    assert texts[4][0] == "Looking at the files"
    job = ImageFolder(path=str(tmp_path / "set")).loading()
    next(job)
    job.close()


def test_folders_without_classes_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No folder is chosen"):
        ImageFolder().load()
    with pytest.raises(FileError, match="no such folder"):
        ImageFolder(path=str(tmp_path / "none")).load()
    with pytest.raises(FileError, match="holds no folder for each class"):
        ImageFolder(path=str(tmp_path)).load()
    picture("red", (8, 8), 0).save(tmp_path / "a.png")
    with pytest.raises(FileError, match=r"a\.png: is a file, not a folder"):
        ImageFolder(path=str(tmp_path / "a.png")).load()
    with pytest.raises(FileError, match="holds no folder for each class"):
        ImageFolder(path=str(tmp_path)).load()
    picture_folder(tmp_path / "set", classes=("red",))
    with pytest.raises(DataError, match="only one class, 'red'"):
        ImageFolder(path=str(tmp_path / "set")).load()


def test_classes_are_left_out_and_put_in_order(tmp_path: Path) -> None:
    folder = picture_folder(tmp_path / "set", each=2)
    ds = ImageFolder(path=str(folder), class_names=("red", "blue")).load()
    np.testing.assert_array_equal(ds.targets["y"], [0, 0, 1, 1])
    assert rows_of(ds).read(np.array([0]))[..., 0].mean() > 150
    assert ds.notes == ("These folders are none of the classes and were left out: green.",)
    with pytest.raises(
        DataError, match="no folder 'pink', which is one of the classes; there are blue, green, red"
    ):
        ImageFolder(path=str(folder), class_names=("red", "pink")).load()


# What suits the files


def test_size_and_colours_are_those_that_all_pictures_have(tmp_path: Path) -> None:
    source = proposed(picture_folder(tmp_path / "set"))
    assert (source.image_size, source.color_mode, source.class_names) == (
        (24, 32),
        "rgb",
        ("blue", "green", "red"),
    )
    ds = source.load()
    assert (source.features(), source.targets()) == columns_of(ds)
    grey = tmp_path / "grey"
    for name in ("a", "b"):
        (grey / name).mkdir(parents=True)
        Image.new("L", (28, 28)).save(grey / name / "a.png")
        Image.new("1", (28, 28)).save(grey / name / "b.png")
    assert proposed(grey).color_mode == "grayscale"
    assert rows_of(proposed(grey).load()).shape == (4, 28, 28, 1)


def test_pictures_of_other_sizes_are_resized_and_told(tmp_path: Path) -> None:
    folder = picture_folder(tmp_path / "set", each=3, size=(900, 1200))
    picture("red", (600, 1200), 0).save(folder / "red" / "wide.png")
    source = proposed(folder)
    assert source.image_size == (192, 256)
    ds = source.load()
    assert ds.notes == (
        "The pictures are 600 × 1,200 … 900 × 1,200 pixels large (height × width); all are made 192 × 256.",
    )
    np.testing.assert_allclose(rows_of(ds).read(np.arange(3)).mean((1, 2)), [COLORS["blue"]] * 3, atol=6)
    assert proposed(folder, image_size=(10, 20)).image_size == (10, 20)
    other = proposed(picture_folder(tmp_path / "other", classes=("red", "blue")), class_names=("x", "y"))
    assert other.class_names == ("blue", "red")  # those of another folder do not stay


def test_a_settled_source_goes_through_a_project_file(tmp_path: Path) -> None:
    source = proposed(picture_folder(tmp_path / "set"), fit="crop", interpolation="area")
    project_file.save(Project(data=DataSettings(source=source)), tmp_path / "a.loom")
    assert project_file.load(tmp_path / "a.loom").data.source == source


# Pictures as numbers


def half_and_half(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """White at the left, black at the right."""
    found = Image.new(mode, (width, height))
    found.paste((255, 255, 255), (0, 0, width // 2, height))
    return found


def test_a_picture_is_stretched_cropped_or_padded(tmp_path: Path) -> None:
    folder = one(tmp_path, half_and_half(80, 20))
    grey = {"image_size": (20, 20), "color_mode": "grayscale", "interpolation": "nearest"}
    stretched = only(folder, **grey)[..., 0]
    assert (stretched[:, :10] == 255).all()
    assert (stretched[:, 10:] == 0).all()
    cropped = only(folder, **grey, fit="crop")[..., 0]  # the 20 columns in the middle
    np.testing.assert_array_equal(cropped, stretched)
    wide = only(folder, **{**grey, "image_size": (40, 80)}, fit="crop")[..., 0]
    assert (wide[:, :40] == 255).all()
    padded = only(folder, **grey, fit="pad")[..., 0]
    assert (padded[:7] == 0).all()
    assert (padded[13:] == 0).all()
    assert (padded[8:12, :10] == 255).all()


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "area", "lanczos3"])
def test_interpolation_blends_what_nearest_does_not(tmp_path: Path, interpolation: Any) -> None:
    stripes = Image.fromarray(np.tile(np.array([[0, 255]], np.uint8), (64, 32)))
    folder = one(tmp_path, stripes)
    assert set(np.unique(only(folder, image_size=(8, 8), interpolation="nearest"))) <= {0, 255}
    blended = only(folder, image_size=(8, 8), interpolation=interpolation)
    np.testing.assert_allclose(blended, 127.5, atol=12)


def test_colour_modes(tmp_path: Path) -> None:
    folder = one(tmp_path, Image.new("RGBA", (8, 8), (200, 100, 50, 128)))
    np.testing.assert_array_equal(only(folder, color_mode="rgba")[0, 0], [200, 100, 50, 128])
    np.testing.assert_array_equal(only(folder, color_mode="rgb")[0, 0], [200, 100, 50])
    assert only(folder, color_mode="grayscale")[0, 0, 0] == round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)


def test_every_kind_of_pixels_is_converted_rightly(tmp_path: Path) -> None:
    red = Image.new("RGB", (8, 8), (255, 0, 0))
    palette = red.quantize(4)
    deep = Image.fromarray(np.full((8, 8), 40_000, np.uint16))
    for name, made, wanted in (
        ("cmyk.jpg", Image.new("CMYK", (8, 8), (0, 255, 255, 0)), (255, 0, 0)),
        ("palette.png", palette, (255, 0, 0)),
        ("palette.gif", palette, (255, 0, 0)),
        ("seen through.gif", palette, (255, 0, 0)),
        ("grey.png", Image.new("L", (8, 8), 100), (100, 100, 100)),
        ("black and white.png", Image.new("1", (8, 8), 1), (255, 255, 255)),
        ("16 bits.png", deep, (156, 156, 156)),
        ("16 bits.tif", deep, (156, 156, 156)),
        ("grey.pgm", Image.new("L", (8, 8), 100), (100, 100, 100)),
        ("web.webp", Image.new("RGB", (8, 8), (255, 255, 255)), (255, 255, 255)),
        ("windows.bmp", red, (255, 0, 0)),
    ):
        folder = one(tmp_path / name, made, name, **({"transparency": 0} if "through" in name else {}))
        np.testing.assert_allclose(only(folder, color_mode="rgb")[0, 0], wanted, atol=3, err_msg=name)


def test_numbers_of_no_known_range_are_refused(tmp_path: Path) -> None:
    for number, array in enumerate((np.full((8, 8), 0.5, np.float32), np.full((8, 8), 70_000, np.int32))):
        folder = one(tmp_path / str(number), Image.fromarray(array), "a.tif")
        with pytest.raises(FileFormatError, match=r"a\.tif: holds numbers of 32 bits"):
            only(folder)


def test_a_photo_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned right by a quarter
    folder = one(tmp_path, half_and_half(40, 20), "a.jpg", exif=exif, quality=95)
    source = ImageFolder(path=str(folder), image_size=(40, 20))
    found = rows_of(source.load()).read(np.array([0]))[0]
    assert found[:16].mean() > 240  # what was at the left is on top
    assert found[24:].mean() < 15
    (folder / "second" / "b.png").unlink()
    half_and_half(20, 40).save(folder / "second" / "b.png")
    assert proposed(folder).image_size == (40, 20)


def test_one_pixel_is_a_picture(tmp_path: Path) -> None:
    folder = one(tmp_path, Image.new("RGB", (1, 1), (9, 8, 7)))
    for fit in ("stretch", "crop", "pad"):
        assert (only(folder, image_size=(8, 8), fit=fit) == (9, 8, 7)).all()
    long = one(tmp_path / "long", Image.new("RGB", (3000, 1), (9, 8, 7)))
    for fit in ("stretch", "crop", "pad"):
        assert only(long, image_size=(8, 8), fit=fit).max() == 9


def png_header(width: int, height: int) -> bytes:
    """A PNG file that promises a size, and holds little."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(100)))
        + chunk(b"IEND", b"")
    )


def whole_jpeg(tmp_path: Path) -> bytes:
    picture("red", (64, 64), 0).save(tmp_path / "whole.jpg")
    return (tmp_path / "whole.jpg").read_bytes()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (lambda jpeg: jpeg[: len(jpeg) // 2], "is damaged: .*truncated"),
        (lambda jpeg: jpeg[:3], "is no picture of a kind that is known"),
        (lambda _: b"", "is no picture of a kind that is known"),
        (lambda _: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n", "is no picture of a kind that is known"),
        (lambda _: b"<html>not found</html>", "is no picture of a kind that is known"),
        (lambda _: png_header(30_000, 30_000), "is 30,000 × 30,000 pixels large; at most 100,000,000 in all"),
        (lambda _: png_header(2**31 - 1, 2**31 - 1), "is 2,147,483,647 × 2,147,483,647 pixels"),
        (lambda _: png_header(100, 100), "is damaged"),
    ],
)
def test_what_cannot_be_decoded_is_refused_by_name(tmp_path: Path, content: Any, told: str) -> None:
    folder = one(tmp_path, content(whole_jpeg(tmp_path)), "a.png")
    source = ImageFolder(path=str(folder), image_size=(8, 8))
    with pytest.raises(FileFormatError, match=rf"first/a\.png: {told}"):
        only(folder, image_size=(8, 8))
    rows = rows_of(source.load())
    found, faults = rows.read_sound(np.array([1, 0]))
    assert list(faults) == [0]
    assert found[0].mean() > 60
    assert (found[1] == 0).all()


def test_a_picture_that_was_changed_or_removed_is_told(tmp_path: Path) -> None:
    folder = picture_folder(tmp_path / "set", each=2)
    rows = rows_of(ImageFolder(path=str(folder)).load())
    picture("green", (30, 30), 5).save(folder / "blue" / "000.png")
    with pytest.raises(FileError, match=r"000\.png: was changed while it was being learned from"):
        rows.read(np.array([0]))
    (folder / "blue" / "001.jpg").unlink()
    with pytest.raises(FileError, match=r"001\.jpg: there is no such file"):
        rows.read(np.array([1]))


def test_a_key_names_what_is_in_the_samples(tmp_path: Path) -> None:
    folder = picture_folder(tmp_path / "set", each=2)
    source = ImageFolder(path=str(folder))
    key = rows_of(source.load()).key
    assert rows_of(source.load()).key == key
    keys = {key}
    for changes in (
        {"image_size": (8, 8)},
        {"color_mode": "grayscale"},
        {"fit": "crop"},
        {"interpolation": "area"},
    ):
        keys.add(rows_of(source.replace(**changes).load()).key)
    picture("red", (24, 32), 99).save(folder / "red" / "000.png")
    os.utime(folder / "red" / "000.png", (1, 1))
    keys.add(rows_of(source.load()).key)
    assert len(keys) == 6


def test_several_threads_give_what_one_does(tmp_path: Path) -> None:
    rows = rows_of(ImageFolder(path=str(picture_folder(tmp_path / "set"))).load())
    numbers = np.random.default_rng(0).permutation(36)
    np.testing.assert_array_equal(
        rows.read(numbers), np.concatenate([rows.read(numbers[i : i + 1]) for i in range(36)])
    )


# Training


def trained(project: Project, folder: Path) -> tuple[list[Event], Finished]:
    project_file.save(project, folder / "a.loom")
    events = list(train(project_file.load(folder / "a.loom")))
    assert isinstance(events[-1], Finished)
    return events, events[-1]


def test_a_folder_of_pictures_is_trained_on(tmp_path: Path) -> None:
    source = proposed(parted_folder(tmp_path / "set"))
    graph = started(source.features(), source.targets())
    project = Project(graph, data=DataSettings(source=source), training=TrainingSettings(epochs=8, batch_size=8))
    events, end = trained(project, tmp_path)
    assert any(isinstance(event, Progress) for event in events)
    assert end.test["accuracy"] == 1
    assert end.history["loss"][-1] < end.history["loss"][0]


def test_unreadable_pictures_stop_a_run_or_are_skipped(tmp_path: Path) -> None:
    folder = picture_folder(tmp_path / "set")
    (folder / "red" / "bad.jpg").write_bytes(b"\xff\xd8\xff nothing")
    source = proposed(folder)
    graph = started(source.features(), source.targets())
    project = Project(graph, data=DataSettings(source=source), training=TrainingSettings(epochs=1, batch_size=8))
    with pytest.raises(DataError, match=r"red/bad\.jpg: is no picture"):
        list(train(project))
    skipping = source.replace(unreadable="skip")
    _, end = trained(Project(graph, data=DataSettings(source=skipping), training=project.training), tmp_path)
    assert np.isfinite(end.history["loss"]).all()


def test_pictures_are_decoded_once_for_all_runs_and_give_the_same_run_from_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = picture_folder(tmp_path / "set")
    source = proposed(folder)
    graph = started(source.features(), source.targets())
    project = Project(graph, data=DataSettings(source=source), training=TrainingSettings(epochs=2, batch_size=8))
    reads: list[int] = []
    read = Decoded._read
    monkeypatch.setattr(Decoded, "_read", lambda rows, numbers: reads.append(len(numbers)) or read(rows, numbers))
    _, wanted = trained(project, tmp_path)
    for module in (holding, feeding):
        monkeypatch.setattr(module, "HELD", 0)
    for again in (False, True):
        _, found = trained(project, tmp_path)
        assert sum(reads) == 36  # each once, in the run before
        for name, values in wanted.history.items():
            np.testing.assert_allclose(found.history[name], values, rtol=1e-4, err_msg=f"{name} {again}")
    picture("red", (24, 32), 77).save(folder / "red" / "new.png")
    list(train(project))
    assert sum(reads) == 36 + 37
