"""Training on batches that a Python file yields, as Python: the file is imported, the model fitted to it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from engine.data.generator import PythonGenerator
from engine.errors import DataError, StyleError
from engine.formats.keras_callbacks import callback_lines
from engine.formats.keras_config import Calls
from engine.formats.keras_program import RESERVED
from engine.formats.keras_script import Training
from engine.formats.python_text import Group, call, quoted, statement
from engine.project import Project


def training_of(project: Project, found: Calls, style: str) -> Training:
    """What writes the parts of a program that trains on the data of a project."""
    drawn = isinstance(project.data.source, PythonGenerator)
    return (GeneratorTraining if drawn else Training)(project, found, style)


class GeneratorTraining(Training):
    """The parts of a program that trains on batches which a function yields."""

    @cached_property
    def source(self) -> PythonGenerator:
        source = self.project.data.source
        assert isinstance(source, PythonGenerator)
        return source

    @property
    def imports(self) -> set[str]:
        return {"import sys", *(["import numpy as np"] if self._adapts else [])}

    @property
    def _adapts(self) -> bool:
        return any(owner.layer.adapts or owner.layer.learns for owner in self.found.layers)

    def data(self) -> str:
        """Imports the file and begins to draw from it; raises `DataError` or `StyleError` where it cannot be."""
        self.check_losses()
        path = self.source.path
        if not path:
            raise DataError("No Python file is chosen yet.")
        names = list(dict.fromkeys(filter(None, (self.source.function, self.source.validation_function))))
        for name in (Path(path).stem, *names):
            if not name.isidentifier():
                raise StyleError(f"Python cannot import {name!r}: take letters, digits and _ alone for its name.")
        called = {name: f"{name}_of_file" if name in RESERVED else name for name in names}
        shown = ", ".join(name if called[name] == name else f"{name} as {called[name]}" for name in names)
        lines = [
            f"keras.utils.set_random_seed({self.project.training.seed})",
            "",
            "# The data: batches without end",
        ]
        lines.append(statement("", call("sys.path.insert", ["0", quoted(str(Path(path).absolute().parent))])))
        lines += [f"from {Path(path).stem} import {shown}", "", f"training = {called[self.source.function]}()"]
        watched = self.source.validation_function
        lines += [f"validation = {called[watched]}()"] if watched else []
        return "\n".join(lines) + "\n"

    def adapting(self, weights_file: str | None) -> str:
        text = super().adapting(weights_file)
        if not text:
            return ""
        if len(self.model.inputs) > 1:
            raise StyleError(
                "Layers take figures from the data of several inputs, which a generator gives together."
            )
        steps = self.source.steps_per_epoch
        return f"x_train = np.concatenate([next(training)[0] for _ in range({steps})])\n{text}"

    def fitting(self) -> str:
        """Training, the figures of a few batches more, and a few predictions."""
        source, watched = self.source, bool(self.source.validation_function)
        arguments: list[str | Group] = ["training", f"steps_per_epoch={source.steps_per_epoch}"]
        arguments.append(f"epochs={self.project.training.epochs}")
        if watched:
            arguments += ["validation_data=validation", f"validation_steps={source.validation_steps}"]
        judged = "validation" if watched else "training"
        steps = source.validation_steps if watched else source.steps_per_epoch
        lines = [
            *callback_lines(self.project.training.callbacks, self.project.graph, validated=watched),
            Group("history = model.fit(", (*arguments, "callbacks=callbacks"), ")").spread("", 0),
            "",
            f"print(model.evaluate({judged}, steps={steps}, return_dict=True))",
            f"print(model.predict(next({judged})[0]))",
        ]
        return "\n".join(lines) + "\n"
