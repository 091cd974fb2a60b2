"""The small real data sets that come with scikit-learn (https://scikit-learn.org/stable/datasets/toy_dataset.html)."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from engine.data.rows import Array
from engine.data.source import Column, DataSet, Source, register
from engine.errors import DataError


def _table(name: str, delimiter: str = ",", skip: int = 0) -> Array:
    """A table of numbers that scikit-learn brings along.

    Its own loaders would import all of scikit-learn and SciPy, which takes more than a second and holds the
    window meanwhile; a test compares what they give with this.
    """
    spec = importlib.util.find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise DataError("The bundled data sets come with scikit-learn, which is not installed.")
    path = Path(spec.origin).parent / "datasets" / "data" / name
    try:
        return np.loadtxt(path, delimiter=delimiter, skiprows=skip)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: the data set could not be read: {error}.") from error


class _Bundled(Source):
    """What the bundled sets share: one feature array "x", one target array "y"."""

    bundled: ClassVar[bool] = True
    file: ClassVar[str] = ""
    header: ClassVar[int] = 1
    shape: ClassVar[tuple[int, ...]] = ()
    classes: ClassVar[tuple[str, ...]] = ()
    samples: ClassVar[int] = 0

    def features(self) -> dict[str, Column]:
        return {"x": Column(self.shape)}

    def targets(self) -> dict[str, Column]:
        return {"y": Column((), self.classes)}

    def load(self) -> DataSet:
        x, y = self._read()
        x = x.astype(np.float32).reshape(-1, *self.shape)
        y = y.astype(np.int32 if self.classes else np.float32)
        return DataSet({"x": x}, {"y": y}, {"y": self.classes} if self.classes else {})

    def _read(self) -> tuple[Array, Array]:
        """Features and target, which the last column holds."""
        table = _table(self.file, skip=self.header)
        return table[:, :-1], table[:, -1]


@register("digits")
class Digits(_Bundled):
    """1,797 handwritten digits, 8 × 8 pixels of 0 to 16."""

    title: ClassVar[str] = "Handwritten digits"
    task: ClassVar[Literal["classification", "regression", ""]] = "classification"
    file: ClassVar[str] = "digits.csv.gz"
    header: ClassVar[int] = 0
    shape: ClassVar[tuple[int, ...]] = (8, 8, 1)
    classes: ClassVar[tuple[str, ...]] = tuple("0123456789")
    samples: ClassVar[int] = 1797


@register("iris")
class Iris(_Bundled):
    """150 iris flowers of three kinds, by length and width of petals and sepals in cm."""

    title: ClassVar[str] = "Iris flowers"
    task: ClassVar[Literal["classification", "regression", ""]] = "classification"
    file: ClassVar[str] = "iris.csv"
    shape: ClassVar[tuple[int, ...]] = (4,)
    classes: ClassVar[tuple[str, ...]] = ("setosa", "versicolor", "virginica")
    samples: ClassVar[int] = 150


@register("wine")
class Wine(_Bundled):
    """178 wines of three growers, by 13 chemical measures."""

    title: ClassVar[str] = "Wines"
    task: ClassVar[Literal["classification", "regression", ""]] = "classification"
    file: ClassVar[str] = "wine_data.csv"
    shape: ClassVar[tuple[int, ...]] = (13,)
    classes: ClassVar[tuple[str, ...]] = ("class_0", "class_1", "class_2")
    samples: ClassVar[int] = 178


@register("breast_cancer")
class BreastCancer(_Bundled):
    """569 breast tumours, malignant or benign, by 30 measures of their cells."""

    title: ClassVar[str] = "Breast cancer"
    task: ClassVar[Literal["classification", "regression", ""]] = "classification"
    file: ClassVar[str] = "breast_cancer.csv"
    shape: ClassVar[tuple[int, ...]] = (30,)
    classes: ClassVar[tuple[str, ...]] = ("malignant", "benign")
    samples: ClassVar[int] = 569


@register("diabetes")
class Diabetes(_Bundled):
    """442 patients, by 10 measures as they were taken; the target is the disease a year later, 25 to 346."""

    title: ClassVar[str] = "Diabetes"
    task: ClassVar[Literal["classification", "regression", ""]] = "regression"
    file: ClassVar[str] = "diabetes_data_raw.csv.gz"
    shape: ClassVar[tuple[int, ...]] = (10,)
    samples: ClassVar[int] = 442

    def _read(self) -> tuple[Array, Array]:
        return _table(self.file, delimiter=" "), _table("diabetes_target.csv.gz")
