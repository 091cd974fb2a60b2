"""Where a window is on the screen."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QPoint, QSize, Qt
from PySide6.QtWidgets import QStyle, QWidget

_FIRST_SIZE = QSize(1600, 1000)


def restore(window: QWidget, state: QByteArray | None) -> None:
    """Give a window that is not shown yet the place it had, as far as the screen has it."""
    if state is None or not window.restoreGeometry(state):
        window.resize(_FIRST_SIZE)
    fit_screen(window, QSize(0, window.style().pixelMetric(QStyle.PixelMetric.PM_TitleBarHeight)))


def fit_screen(window: QWidget, frame: QSize | None = None) -> None:
    """Make a window no larger than the screen, with the frame, which is known once the window is shown."""
    if window.isMaximized() or window.isFullScreen():
        return
    room = window.screen().availableGeometry()
    frame = window.frameGeometry().size() - window.size() if frame is None else frame
    window.resize(window.size().boundedTo(room.size() - frame))
    outer = window.frameGeometry()
    place = QPoint(
        max(room.left(), min(outer.left(), room.right() + 1 - outer.width())),
        max(room.top(), min(outer.top(), room.bottom() + 1 - outer.height())),
    )
    if window.isVisible() and place != outer.topLeft():
        window.move(place)


def set_full_screen(window: QWidget, on: bool) -> None:
    """Let a window take the whole screen, or give it the frame back."""
    full, state = Qt.WindowState.WindowFullScreen, window.windowState()
    window.setWindowState(state | full if on else state & ~full)
