"""Colours of the window, light and dark, and the one place that puts them on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from engine.colors import CLASS_COLORS

Scheme = Literal["system", "light", "dark"]


@dataclass(frozen=True)
class Theme:
    """Every colour that the window draws with, as "#rrggbb"."""

    name: Literal["light", "dark"]
    window: str
    panel: str
    field: str
    button: str
    hover: str
    border: str
    edge: str
    """Of what can be filled in or ticked: 3:1 against what is in it and around it."""
    canvas: str
    grid_dot: str
    card: str
    card_hover: str
    card_border: str
    text: str
    muted: str
    accent: str
    on_accent: str
    error: str
    error_soft: str
    warning: str
    warning_soft: str
    good: str
    wire: str
    selection: str
    plot_train: str
    plot_validation: str
    plot_other: tuple[str, ...]


LIGHT = Theme(
    name="light",
    window="#f3f4f7",
    panel="#ffffff",
    field="#ffffff",
    button="#fafbfc",
    hover="#e9ecf3",
    border="#d5d9e1",
    edge="#747b88",
    canvas="#f7f8fa",
    grid_dot="#d3d8e0",
    card="#ffffff",
    card_hover="#fbfcff",
    card_border="#c9cfd9",
    text="#1d2330",
    muted="#5a6372",
    accent="#4353d3",
    on_accent="#ffffff",
    error="#c22537",
    error_soft="#fdecee",
    warning="#8f5500",
    warning_soft="#fdf3e1",
    good="#1c7440",
    wire="#8b95a7",
    selection="#4353d3",
    plot_train="#3c5bdc",
    plot_validation="#d0570f",
    plot_other=("#1c7f74", "#a13d9a", "#8f6b00", "#5a6372"),
)

DARK = Theme(
    name="dark",
    window="#1b1e24",
    panel="#21252d",
    field="#191c22",
    button="#2b303a",
    hover="#303642",
    border="#383e4a",
    edge="#7b8494",
    canvas="#16191e",
    grid_dot="#2d323c",
    card="#282d37",
    card_hover="#2d333e",
    card_border="#434b59",
    text="#e8ebf1",
    muted="#a7b0be",
    accent="#93a1ff",
    on_accent="#11142a",
    error="#ff8791",
    error_soft="#3b262b",
    warning="#f2b95e",
    warning_soft="#382f20",
    good="#68cd90",
    wire="#7a8598",
    selection="#93a1ff",
    plot_train="#86a0ff",
    plot_validation="#ff9f63",
    plot_other=("#4fc7b6", "#dd8ad6", "#d8b64a", "#a7b0be"),
)

_CATEGORIES: dict[str, tuple[str, str]] = {
    "Input and output": ("#55708f", "#93aecb"),
    "Core": ("#4662d9", "#8098ff"),
    "Convolution": ("#0e8a80", "#41c4b6"),
    "Pooling": ("#3f8f3a", "#7fcb72"),
    "Normalization": ("#a8740a", "#e3b54c"),
    "Regularization": ("#c4562a", "#f09469"),
    "Reshaping": ("#7c6a5d", "#bfa997"),
    "Merging": ("#8a4fc4", "#be92f0"),
    "Recurrent": ("#c03f7d", "#f083b4"),
    "Attention": ("#b23a48", "#f2848f"),
    "Preprocessing": ("#2c7fb0", "#69b9e6"),
    "Embedding": ("#5f7d12", "#aecb5c"),
    "Text and categories": ("#7a7a12", "#cfcf5e"),
    "Augmentation": ("#006f86", "#57bccd"),
    "Activation": ("#9c3b9e", "#dd8fdc"),
    "Model": ("#3d4a57", "#c3ced9"),
}


def category_color(category: str, theme: Theme) -> str:
    """The colour of a category of layers; one that is not known yet gets a colour of its own all the same."""
    dark = theme.name == "dark"
    if category in _CATEGORIES:
        return _CATEGORIES[category][dark]
    hue = sum(place * ord(letter) for place, letter in enumerate(category, 7)) % 360
    return QColor.fromHsl(hue, 120, 165 if dark else 95).name()


def class_color(label: int, theme: Theme) -> str:
    """The colour of a class of samples; after ten they come round again."""
    return CLASS_COLORS[label % len(CLASS_COLORS)][theme.name == "dark"]


@cache
def color(value: str, alpha: int = 255) -> QColor:
    """A colour to draw with, made once: it is everybody's, and not to be changed."""
    result = QColor(value)
    result.setAlpha(alpha)
    return result


class _ThemeNotifier(QObject):
    """Tells everything that draws by itself when the colours change."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.scheme: Scheme = "system"
        self.following = False


theme_notifier = _ThemeNotifier()


def current() -> Theme:
    """The colours in use: those set by hand, else those of the system."""
    if theme_notifier.scheme != "system":
        return DARK if theme_notifier.scheme == "dark" else LIGHT
    if QGuiApplication.instance() is None:
        return LIGHT
    return DARK if QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark else LIGHT


def set_scheme(scheme: Scheme) -> None:
    """Choose light or dark by hand, or follow the system again."""
    theme_notifier.scheme = scheme
    wanted = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark, "system": Qt.ColorScheme.Unknown}
    app = QApplication.instance()
    if isinstance(app, QApplication):
        QGuiApplication.styleHints().setColorScheme(wanted[scheme])
        _restyle()


def apply_theme(app: QApplication) -> None:
    """Give the program its style and colours, and keep them in step with the system."""
    app.setStyle("Fusion")
    if not theme_notifier.following:
        theme_notifier.following = True
        QGuiApplication.styleHints().colorSchemeChanged.connect(lambda _: _restyle())
    _restyle()


def _restyle() -> None:
    app = QApplication.instance()
    if isinstance(app, QApplication):
        theme = current()
        app.setPalette(palette(theme))
        for name in _EDGED:
            app.setPalette(edged(theme), name)  # pyright: ignore[reportArgumentType]  # the stubs want bytes
        app.setStyleSheet(stylesheet(theme))
        theme_notifier.changed.emit()


def palette(theme: Theme) -> QPalette:
    """The theme as Qt's own widgets read it."""
    result = QPalette()
    role = QPalette.ColorRole
    colors = {
        role.Window: theme.window,
        role.WindowText: theme.text,
        role.Base: theme.field,
        role.AlternateBase: theme.window,
        role.Text: theme.text,
        role.PlaceholderText: theme.muted,
        role.Button: theme.button,
        role.ButtonText: theme.text,
        role.BrightText: theme.error,
        role.ToolTipBase: theme.panel,
        role.ToolTipText: theme.text,
        role.Highlight: theme.accent,
        role.HighlightedText: theme.on_accent,
        role.Accent: theme.accent,
        role.Link: theme.accent,
        role.LinkVisited: theme.accent,
        role.Mid: theme.border,
    }
    for key, value in colors.items():
        result.setColor(key, color(value))
    for key in (role.Text, role.WindowText, role.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, key, color(theme.muted, 150))
    return result


_EDGED = ("QLineEdit", "QComboBox", "QAbstractSpinBox", "QCheckBox", "QRadioButton")
"""Widgets whose edge says that they can be filled in or ticked."""


def edged(theme: Theme) -> QPalette:
    """The palette of widgets with an edge: Fusion draws it in the colour of the window, darker by 140 %."""
    result = palette(theme)
    result.setColor(QPalette.ColorRole.Window, color(theme.edge).lighter(140))
    return result


def stylesheet(theme: Theme) -> str:
    """What a palette cannot say: quiet lists, thin scroll bars, soft buttons."""
    t = theme
    return f"""
    QToolTip {{ background: {t.panel}; color: {t.text}; border: 1px solid {t.border}; padding: 4px 6px; }}
    QTreeView, QListView, QTableView {{ background: {t.panel}; border: none; outline: 0; }}
    QTreeView#layers {{ background: transparent; show-decoration-selected: 0; }}
    QTreeView#layers::branch {{ background: {t.window}; }}
    QTreeView::item, QListView::item {{ height: 24px; padding: 0 4px; border-radius: 4px; }}
    QListView#gallery {{ background: {t.field}; border: 1px solid {t.border}; border-radius: 5px; }}
    QListView#gallery::item {{ height: none; }}
    QListView#gallery::item:selected {{ background: {t.hover}; border: 1px solid {t.accent}; }}
    QFrame[rule="true"] {{ background: {t.border}; border: none; max-height: 1px; }}
    QTreeView::item:hover, QListView::item:hover {{ background: {t.hover}; }}
    QTreeView::item:selected, QListView::item:selected {{ background: {t.accent}; color: {t.on_accent}; }}
    QScrollBar:vertical {{ width: 10px; background: transparent; margin: 0; }}
    QScrollBar:horizontal {{ height: 10px; background: transparent; margin: 0; }}
    QScrollBar::handle {{ background: {t.border}; border-radius: 3px; margin: 2px; min-height: 24px;
        min-width: 24px; }}
    QScrollBar::handle:hover {{ background: {t.muted}; }}
    QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{
        background: none; width: 0; height: 0; border: none; }}
    QPushButton {{ background: {t.button}; border: 1px solid {t.border}; border-radius: 5px;
        padding: 4px 12px; }}
    QPushButton:hover {{ background: {t.hover}; }}
    QPushButton:pressed {{ background: {t.border}; }}
    QPushButton:focus {{ border-color: {t.accent}; }}
    QPushButton:disabled {{ color: {t.muted}; background: {t.window}; }}
    QPushButton:default, QPushButton[primary="true"] {{ background: {t.accent}; color: {t.on_accent};
        border-color: {t.accent}; }}
    QPushButton[primary="true"]:disabled {{ background: {t.border}; color: {t.muted};
        border-color: {t.border}; }}
    QToolButton[fold="true"] {{ border: none; color: {t.muted}; font-weight: 600; padding: 2px 4px 2px 0; }}
    QToolButton[fold="true"]:hover, QToolButton[fold="true"]:focus {{ color: {t.text}; }}
    QFrame[breadcrumb="true"] {{ background: {t.panel}; border: 1px solid {t.border}; border-radius: 6px; }}
    QFrame[overlay="true"] {{ background: {t.panel}; border: 1px solid {t.border}; border-radius: 6px; }}
    QFrame[overlay="true"] QLabel {{ border: none; background: transparent; }}
    QFrame[breadcrumb="true"] QToolButton {{ border: none; color: {t.accent}; padding: 2px 4px; }}
    QFrame[breadcrumb="true"] QToolButton:hover {{ background: {t.hover}; border-radius: 4px; }}
    QLabel[muted="true"] {{ color: {t.muted}; }}
    QLabel[heading="true"] {{ color: {t.muted}; font-weight: 600; }}
    QLabel[refused="true"] {{ color: {t.error}; }}
    QLabel[warned="true"] {{ color: {t.warning}; }}
    QSplitter::handle {{ background: {t.border}; }}
    QMenu {{ background: {t.panel}; border: 1px solid {t.border}; padding: 4px; }}
    QMenu::item {{ padding: 5px 24px 5px 12px; border-radius: 4px; }}
    QMenu::item:selected {{ background: {t.accent}; color: {t.on_accent}; }}
    QMenu::item:disabled {{ color: {t.muted}; }}
    QMenu::separator {{ height: 1px; background: {t.border}; margin: 4px 6px; }}
    """


def tabular(font: QFont) -> QFont:
    """The same font with figures of equal width, where the font has them."""
    result = QFont(font)
    result.setFeature(QFont.Tag("tnum"), 1)
    return result
