"""Ways to look at the data, one at a time: its samples, its numbers, its classes, a batch of it in training."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollArea, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from app.panels.batch import BatchView
from app.panels.charts import CategoryTile, SpreadTile, Tiles
from app.panels.classes import ClassesView
from app.panels.look import Look
from app.panels.preview import Preview
from app.texts import count
from engine.data.profile import Profile, Spread
from graph_editor.document import ProjectDocument

SAMPLES, VALUES, CLASSES, BATCH = range(4)
_WORD = BATCH + 1  # stands in for a view whose figures are not there


class DataViews(QWidget):
    """A row of tabs above what is seen of the data; those that have nothing to show are left out."""

    def __init__(self, look: Look, document: ProjectDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.tiles, self.classes = Tiles(), ClassesView(document)
        self.batch = BatchView(document)
        self.tabs = QTabBar(drawBase=False, expanding=False, usesScrollButtons=False)
        self.tabs.setAccessibleName(self.tr("Ways to look at the data"))
        for text, tip in (
            (self.tr("Samples", "view"), self.tr("The first samples")),
            (self.tr("Values", "view"), self.tr("How the numbers are spread")),
            (self.tr("Classes", "view"), self.tr("How often each class comes")),
            (self.tr("Batch", "view"), self.tr("What is changed at random in training, before and after")),
        ):
            self.tabs.setTabToolTip(self.tabs.addTab(text), tip)
        self.part = QLabel()
        self.part.setProperty("muted", True)
        self.stack = QStackedWidget()
        self.word = QLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self.word.setProperty("muted", True)
        for view in (look, self._scrolled(self.tiles), self._scrolled(self.classes), self.batch, self.word):
            self.stack.addWidget(view)
        self.profile: Profile | None = None
        self._pictures = False
        self._wanted = SAMPLES  # what the person turned to last
        self._lay_out()
        self.tabs.currentChanged.connect(self._turned)
        self.say("")

    @staticmethod
    def _scrolled(widget: QWidget) -> QScrollArea:
        area = QScrollArea(widgetResizable=True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(widget)
        return area

    def _lay_out(self) -> None:
        self.bar = QWidget()
        row = QHBoxLayout(self.bar)
        row.setContentsMargins(4, 2, 12, 0)
        row.addWidget(self.tabs)
        row.addStretch()
        row.addWidget(self.part)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self.stack, 1)

    def say(self, text: str) -> None:
        """Show a word in place of all."""
        self.look.say(text)
        self._forget_figures("")
        self.bar.hide()
        self.stack.setCurrentIndex(SAMPLES)

    def show_preview(self, preview: Preview) -> None:
        """Show other data, or the same data otherwise; its figures follow."""
        self.look.show_preview(preview)
        self.batch.show_preview(preview)
        self._forget_figures(preview.why_none or self.tr("Reading the data…"))
        self._pictures = bool(preview.images)
        self._offer()

    def _forget_figures(self, why: str) -> None:
        """The figures that were shown are of other data; why there are none."""
        self.profile = None
        self.tiles.show_tiles(())
        self.classes.show_profile(None)
        self.word.setText(why)

    def show_profile(self, profile: Profile) -> None:
        """Show the figures of the data."""
        self.profile = profile
        self.tiles.show_tiles(
            [SpreadTile(part) if isinstance(part, Spread) else CategoryTile(part) for part in profile.values]
        )
        self.classes.show_profile(profile)
        self._offer()

    def _offer(self) -> None:
        """Show the tabs that have something to show, and the view that was turned to last if it is one of them."""
        known = self.profile
        there = {
            SAMPLES: True,
            VALUES: known is None or bool(known.values),
            CLASSES: known is None or bool(known.balances),
            BATCH: self._pictures,
        }
        self.tabs.blockSignals(True)  # a tab that is hidden would turn to its neighbour
        for view, visible in there.items():
            self.tabs.setTabVisible(view, visible)
        self.tabs.setCurrentIndex(self._wanted if there[self._wanted] else SAMPLES)
        self.tabs.blockSignals(False)
        self.tabs.updateGeometry()
        self.bar.show()
        self._show_view()

    def _turned(self, view: int) -> None:
        self._wanted = view
        self._show_view()

    def _show_view(self) -> None:
        view = self.tabs.currentIndex()
        known = self.profile
        self.stack.setCurrentIndex(_WORD if known is None and view in (VALUES, CLASSES) else view)
        cut = known is not None and not known.whole and view == VALUES
        self.part.setVisible(cut)
        if known is not None and cut:
            looked_at, size = count(known.looked_at), count(known.size)
            self.part.setText(self.tr("from {0} of {1} samples").format(looked_at, size))
