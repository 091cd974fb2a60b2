"""The small real data sets that come with scikit-learn (https://scikit-learn.org/stable/datasets/toy_dataset.html)."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from engine.data.source import Column, DataSet, Source, register


class _Bundled(Source):
    """What the bundled sets share: one feature array "x", one target array "y"."""

    loader: ClassVar[str] = ""
    shape: ClassVar[tuple[int, ...]] = ()
    classes: ClassVar[tuple[str, ...]] = ()
    samples: ClassVar[int] = 0

    def features(self) -> dict[str, Column]:
        return {"x": Column(self.shape)}

    def targets(self) -> dict[str, Column]:
        return {"y": Column((), self.classes)}

    def load(self) -> DataSet:
        from sklearn import datasets  # takes a second to import, so not before it is needed

        bunch: Any = getattr(datasets, self.loader)()
        x = np.asarray(bunch.data, np.float32).reshape(-1, *self.shape)
        y = np.asarray(bunch.target, np.int32 if self.classes else np.float32)
        return DataSet({"x": x}, {"y": y}, {"y": self.classes} if self.classes else {})


@register("digits")
class Digits(_Bundled):
    """1,797 handwritten digits, 8 × 8 pixels of 0 to 16."""

    title: ClassVar[str] = "Handwritten digits"
    task: ClassVar[Literal["classification", "regression", ""]] = "classification"
    loader: ClassVar[str] = "load_digits"
    shape: ClassVar[tuple[int, ...]] = (8, 8, 1)
    classes: ClassVar[tuple[str, ...]] = tuple("0123456789")
    samples: ClassVar[int] = 1797


@register("iris")
class Iris(_Bundled):
    """150 iris flowers of three kinds, by length and width of petals and sepals in cm."""

    title: ClassVar[str] = "Iris flowers"
    task: ClassVar[Literal["classification", "regression", ""]] = "classification"
    loader: ClassVar[str] = "load_iris"
    shape: ClassVar[tuple[int, ...]] = (4,)
    classes: ClassVar[tuple[str, ...]] = ("setosa", "versicolor", "virginica")
    samples: ClassVar[int] = 150


@register("wine")
class Wine(_Bundled):
    """178 wines of three growers, by 13 chemical measures."""

    title: ClassVar[str] = "Wines"
    task: ClassVar[Literal["classification", "regression", ""]] = "classification"
    loader: ClassVar[str] = "load_wine"
    shape: ClassVar[tuple[int, ...]] = (13,)
    classes: ClassVar[tuple[str, ...]] = ("class_0", "class_1", "class_2")
    samples: ClassVar[int] = 178


@register("breast_cancer")
class BreastCancer(_Bundled):
    """569 breast tumours, malignant or benign, by 30 measures of their cells."""

    title: ClassVar[str] = "Breast cancer"
    task: ClassVar[Literal["classification", "regression", ""]] = "classification"
    loader: ClassVar[str] = "load_breast_cancer"
    shape: ClassVar[tuple[int, ...]] = (30,)
    classes: ClassVar[tuple[str, ...]] = ("malignant", "benign")
    samples: ClassVar[int] = 569


@register("diabetes")
class Diabetes(_Bundled):
    """442 patients, by 10 measures; the target is how far diabetes has gone a year later, 25 to 346."""

    title: ClassVar[str] = "Diabetes"
    task: ClassVar[Literal["classification", "regression", ""]] = "regression"
    loader: ClassVar[str] = "load_diabetes"
    shape: ClassVar[tuple[int, ...]] = (10,)
    samples: ClassVar[int] = 442
