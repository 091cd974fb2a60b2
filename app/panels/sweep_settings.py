"""What is asked of a sweep: the settings to vary with their values, how they are chosen, how many runs."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError
from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.texts import metric_label
from engine.errors import LayerloomError
from engine.figures import figure_names
from engine.project import Project
from engine.sweeps.axes import axis_of, suggested
from engine.sweeps.plan import TRIALS, Plan
from engine.sweeps.variables import Variable, variables
from graph_editor import theme as themes
from graph_editor.words import counted, said


@dataclass
class _Row:
    """A setting that is varied."""

    setting: Variable
    box: QWidget
    values: QLineEdit
    fault: QLabel


class SweepSettings(QWidget):
    """Fills in a `Plan`."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._project: Project | None = None
        self._known: dict[str, Variable] = {}
        self.rows: dict[str, _Row] = {}
        self.why_not = ""
        """Why there is no plan."""
        self._make_widgets()
        self._lay_out()
        self.method.currentIndexChanged.connect(self._edited)
        self.trials.valueChanged.connect(self._edited)
        self.search.activated.connect(lambda _index: self._add_chosen())
        edit = self.search.lineEdit()
        assert edit is not None
        edit.returnPressed.connect(self._entered)

    def _make_widgets(self) -> None:
        self.search = QComboBox(editable=True)
        self.search.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.search.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.search.setMinimumContentsLength(12)
        self.search.setAccessibleName(self.tr("Add a setting to vary"))
        edit, completer = self.search.lineEdit(), self.search.completer()
        assert edit is not None
        assert completer is not None
        edit.setPlaceholderText(self.tr("Add a setting…"))
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.method = QComboBox()
        for method, text, tip in (
            ("random", self.tr("At random"), self.tr("Draw the settings of each run; none comes twice")),
            ("grid", self.tr("Every combination"), self.tr("Go through all values; ranges give five each")),
            ("tpe", self.tr("By what was best (TPE)"), self.tr("Draw near the settings that did well so far")),
        ):
            self.method.addItem(text, method)
            self.method.setItemData(self.method.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.trials = QSpinBox(minimum=1, maximum=10_000, value=TRIALS)
        self.monitor = QComboBox()
        self.monitor.setToolTip(self.tr("The figure that runs are compared by, each at its best epoch"))
        self.epochs = QSpinBox(minimum=0, maximum=1_000_000, value=0)
        self.epochs.setSpecialValueText(self.tr("as in the project"))
        for box in (self.trials, self.epochs):
            box.setMinimumHeight(26)  # letters below the line would be cut off
        self.total = QLabel(wordWrap=True)
        self.total.setProperty("muted", True)

    def _lay_out(self) -> None:
        heading = QLabel(self.tr("Settings to vary"))
        heading.setProperty("heading", True)
        self._body = QVBoxLayout()
        self._body.setSpacing(6)
        form = QFormLayout()
        form.setContentsMargins(0, 6, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(self.tr("Method"), self.method)
        form.addRow(self.tr("Runs"), self.trials)
        form.addRow(self.tr("Compare by"), self.monitor)
        form.addRow(self.tr("Epochs"), self.epochs)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(heading)
        column.addWidget(self.search)
        column.addLayout(self._body)
        column.addLayout(form)
        column.addWidget(self.total)

    # The project

    def show_project(self, project: Project) -> None:
        """Offer the settings of a project; those that are varied stay where it still has them."""
        before, self._project = self._project, project
        known = variables(project)
        names = [found.name for found in known]
        self._known = {found.name: found for found in known}
        if before is None or names != [self.search.itemData(n) for n in range(self.search.count())]:
            self.search.clear()
            for found in known:
                self.search.addItem(found.name, found.name)
                last = self.search.count() - 1
                tip = self.tr("{0}: now {1}").format(said(found.spec.description) or found.name, found.value)
                self.search.setItemData(last, tip, Qt.ItemDataRole.ToolTipRole)
            self.search.setCurrentIndex(-1)
            self.search.clearEditText()
        for name in [name for name in self.rows if name not in self._known]:
            self.remove(name)
        for name, row in self.rows.items():
            row.setting = self._known[name]
        self._show_figures(project)
        self._edited()

    def _show_figures(self, project: Project) -> None:
        names = figure_names(project.graph)
        wanted = self.monitor.currentData() or project.training.callbacks.monitor
        listed = [*(f"val_{name}" for name in names), *names]
        if listed != [self.monitor.itemData(n) for n in range(self.monitor.count())]:
            self.monitor.clear()
            for name in listed:
                self.monitor.addItem(metric_label(name), name)
        self.monitor.setCurrentIndex(max(0, self.monitor.findData(wanted)))

    # Settings

    def _entered(self) -> None:
        """Take what was typed; of what is suggested, the list takes care itself."""
        completer = self.search.completer()
        popup = completer and completer.popup()
        if popup is None or not popup.isVisible():
            self._add_chosen()

    def _add_chosen(self) -> None:
        text = self.search.currentText().strip()
        if text in self._known:
            self.add(text)
            # In a moment: the list writes its suggestion into the field after it is taken.
            QTimer.singleShot(0, self.search, self._clear_search)

    def _clear_search(self) -> None:
        self.search.setCurrentIndex(-1)
        self.search.clearEditText()

    def add(self, name: str, values: str = "") -> None:
        """Vary a setting; with values that suit it where none are given."""
        setting = self._known[name]
        if name not in self.rows:
            self.rows[name] = self._row(setting)
            self._body.addWidget(self.rows[name].box)
        row = self.rows[name]
        row.values.setText(values or row.values.text() or suggested(setting))
        for other in self.rows.values():
            other.values.deselect()
        row.values.setFocus()
        row.values.selectAll()
        self._edited()

    def _row(self, setting: Variable) -> _Row:
        box = QWidget()
        title = QLabel(f"<b>{setting.name}</b>")
        title.setToolTip(said(setting.spec.description))
        now = QLabel(self.tr("now {0}").format(setting.value))
        now.setProperty("muted", True)
        values, fault = QLineEdit(), QLabel(wordWrap=True)
        values.setFont(themes.tabular(values.font()))
        values.setAccessibleName(setting.name)
        values.setToolTip(
            self.tr(
                "Values with commas between, or a range LOW..HIGH; behind it :log or :linear say how it is "
                "spread, :5 takes five values of it"
            )
        )
        values.textChanged.connect(self._edited)
        fault.setProperty("fault", True)
        fault.hide()
        away = QToolButton(autoRaise=True)
        away.setText("×")
        away.setAccessibleName(self.tr("Do not vary {0}").format(setting.name))
        away.setToolTip(self.tr("Do not vary {0}").format(setting.name))
        away.clicked.connect(lambda: self.remove(setting.name))
        head = QHBoxLayout()
        head.addWidget(title)
        head.addWidget(now)
        head.addStretch()
        head.addWidget(away)
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(values)
        column.addWidget(fault)
        return _Row(setting, box, values, fault)

    def remove(self, name: str) -> None:
        """Leave a setting as the project has it."""
        row = self.rows.pop(name)
        self._body.removeWidget(row.box)
        row.box.hide()
        row.box.deleteLater()
        self._edited()

    # The plan

    def _edited(self) -> None:
        plan = self.plan()
        grid = self.method.currentData() == "grid"
        self.trials.setEnabled(not grid)
        text = "" if plan is None else counted(plan.total, self.tr("{0} run"), self.tr("{0} runs"))
        self.total.setText(text)
        self.changed.emit()

    def plan(self) -> Plan | None:
        """What is asked for; None where that is nothing yet, or cannot be."""
        axes, faults = [], list[str]()
        for row in self.rows.values():
            fault = ""
            try:
                axis = axis_of(row.setting, row.values.text())
                if self._project is not None:
                    Plan(axes=(axis,)).check(self._project)
                axes.append(axis)
            except LayerloomError as error:
                fault = said(str(error))
                faults.append(fault)
            row.fault.setText(fault)
            row.fault.setVisible(bool(fault))
        self.why_not = faults[0] if faults else "" if axes else self.tr("Add a setting to vary first")
        if self.why_not:
            return None
        method = self.method.currentData()
        trials = None if method == "grid" else self.trials.value()
        epochs = self.epochs.value() or None
        try:
            plan = Plan(
                axes=tuple(axes),
                method=method,
                trials=trials,
                monitor=self.monitor.currentData() or "",
                epochs=epochs,
            )
            if self._project is not None:
                plan.check(self._project)
        except (LayerloomError, ValidationError) as error:
            self.why_not = said(str(error))
            self.total.setText(self.why_not)
            return None
        return plan

    def sizeHint(self) -> QSize:
        return QSize(250, super().sizeHint().height())
