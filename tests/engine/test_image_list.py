"""Tables that name pictures: which columns are meant, where the files are, what is left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.data.image_list import ImageList
from engine.data.opening import source_of
from engine.data.source import DataSet, finished
from engine.data.table import Table
from engine.errors import DataError, FileError, FileFormatError
from engine.events import Finished
from engine.formats import project_file
from engine.project import DataSettings, Project, TrainingSettings
from engine.starting import started
from engine.training import train
from tests.engine.class_folders import COLORS, picture


def rows_of(ds: DataSet) -> Any:
    return ds.features["x"]


def listed(folder: Path, each: int = 8, inner: str = "", header: str = "id,file,kind,age") -> Path:
    """Pictures in one folder, and a table of them beside it, or beside the folder in which they are."""
    (folder / inner).mkdir(parents=True, exist_ok=True)
    lines = [header]
    for number in range(3 * each):
        name = list(COLORS)[number % 3]
        picture(name, (16, 20), number).save(folder / inner / f"{number:03}.png")
        lines.append(f"{number},{number:03}.png,{name},{20 + number % 3 + number / 100}")
    path = folder / "list.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def proposed(path: Path, **settings: Any) -> ImageList:
    source = finished(ImageList(path=str(path), **settings).proposing())
    assert isinstance(source, ImageList)
    return source


def test_columns_are_guessed_and_shown(tmp_path: Path) -> None:
    source = proposed(listed(tmp_path, header="id,file,kind,weight"))
    assert (source.file_column, source.target_column, source.target_kind) == ("file", "weight", "number")
    source = proposed(listed(tmp_path, header="id,file,label,age"))
    assert (source.file_column, source.target_column, source.target_kind) == ("file", "label", "category")
    assert source.class_names == ("blue", "green", "red")
    assert (source.image_size, source.color_mode, source.folder) == ((16, 20), "rgb", "")
    project_file.save(Project(data=DataSettings(source=source)), tmp_path / "a.loom")
    assert project_file.load(tmp_path / "a.loom").data.source == source


def test_rows_are_pictures_with_what_is_to_be_predicted(tmp_path: Path) -> None:
    path = listed(tmp_path)
    ds = ImageList(path=str(path), target_column="kind").load()
    assert ds.classes == {"y": ("blue", "green", "red")}
    np.testing.assert_array_equal(ds.targets["y"], np.arange(24) % 3)
    np.testing.assert_allclose(rows_of(ds).read(np.arange(3)).mean((1, 2)), list(COLORS.values()), atol=6)
    ages = ImageList(path=str(path), target_column="age", target_kind="number").load()
    assert ages.classes == {}
    np.testing.assert_allclose(ages.targets["y"], 20 + np.arange(24) % 3 + np.arange(24) / 100, rtol=1e-6)


def test_files_lie_beside_the_table_in_a_folder_there_or_elsewhere(tmp_path: Path) -> None:
    inner = proposed(listed(tmp_path / "a", inner="images"))
    assert inner.folder == str(tmp_path / "a" / "images")
    assert rows_of(inner.load()).read(np.arange(24)).mean() > 60
    path = listed(tmp_path / "b")
    alone = tmp_path / "far" / "off" / "alone.csv"
    alone.parent.mkdir(parents=True)
    alone.write_text(path.read_text())
    with pytest.raises(FileError, match=r"000\.png: there is no such file"):
        ImageList(path=str(alone), target_column="kind").load()
    found = ImageList(path=str(alone), target_column="kind", folder=str(tmp_path / "b")).load()
    assert rows_of(found).read(np.arange(24)).mean() > 60
    windows = tmp_path / "windows.csv"
    windows.write_text("file,kind\n" + "".join(f"b\\{n:03}.png,{'ab'[n % 2]}\n" for n in range(24)))
    assert rows_of(ImageList(path=str(windows)).load()).read(np.arange(24)).mean() > 60


def test_classes_may_be_left_out(tmp_path: Path) -> None:
    ds = ImageList(path=str(listed(tmp_path)), target_column="kind", class_names=("red", "blue")).load()
    assert ds.classes == {"y": ("red", "blue")}
    np.testing.assert_array_equal(ds.targets["y"], [1, 0] * 8)
    assert ds.notes == ("8 rows of other classes were left out.",)


def test_rows_and_files_that_are_missing_are_told(tmp_path: Path) -> None:
    path = listed(tmp_path)
    path.write_text(path.read_text() + "24,gone.png,red,7\n25,,red,7\n26,001.png,,7\n")
    ds = ImageList(path=str(path), target_column="kind", unreadable="skip").load()
    assert ds.notes == (
        "1 rows were left out because file is missing.",
        "1 rows were left out because kind is missing.",
    )
    assert ds.skip_unreadable
    _, faults = rows_of(ds).read_sound(np.arange(25))
    assert list(faults) == [24]
    assert "gone.png: there is no such file" in faults[24]


def test_tables_that_do_not_fit_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No table is chosen"):
        ImageList().load()
    path = listed(tmp_path)
    for settings, told in (
        ({"file_column": "picture"}, "has no column 'picture'; it has id, file, kind, age"),
        ({"target_column": "price"}, "has no column 'price'"),
    ):
        with pytest.raises(FileFormatError, match=told):
            ImageList(path=str(path), **settings).load()
    path.write_text("a,b\n1,2\n3,4\n")
    with pytest.raises(FileFormatError, match="no column of file names"):
        ImageList(path=str(path)).load()
    path.write_text("file\na.png\nb.png\n")
    with pytest.raises(FileFormatError, match="no column besides the file names"):
        ImageList(path=str(path)).load()


def test_a_table_of_pictures_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    path = listed(tmp_path)
    assert isinstance(source_of(path), ImageList)
    other = listed(tmp_path / "other")
    like = proposed(path, fit="pad")
    assert source_of(other, like=like) == like.replace(path=str(other))
    plain = tmp_path / "plain.csv"
    plain.write_text("a,b\n1,2\n3,4\n")
    assert isinstance(source_of(plain), Table)


@pytest.mark.parametrize("target", ["kind", "age"])
def test_a_list_of_pictures_is_trained_on(tmp_path: Path, target: str) -> None:
    source = proposed(listed(tmp_path), target_column=target)
    graph = started(source.features(), source.targets())
    project = Project(graph, data=DataSettings(source=source), training=TrainingSettings(epochs=4, batch_size=4))
    project_file.save(project, tmp_path / "a.loom")
    *_, end = train(project_file.load(tmp_path / "a.loom"))
    assert isinstance(end, Finished)
    assert end.history["loss"][-1] < end.history["loss"][0]
