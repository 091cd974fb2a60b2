"""How the frame of the window looks: tabs, toolbar, progress. The theme gives the colours."""

from __future__ import annotations

from graph_editor.theme import Theme


def window_stylesheet(theme: Theme) -> str:
    """The stylesheet of the main window, on top of that of the program."""
    t = theme
    return f"""
    QMenuBar {{ background: {t.window}; padding: 1px 4px; }}
    QMenuBar::item {{ padding: 4px 9px; border-radius: 4px; background: transparent; }}
    QMenuBar::item:selected {{ background: {t.hover}; }}
    QToolBar {{ background: {t.window}; border: none; border-bottom: 1px solid {t.border};
        padding: 3px 8px; spacing: 2px; }}
    QToolBar::separator {{ width: 1px; background: {t.border}; margin: 5px 6px; }}
    QToolBar QToolButton {{ border: 1px solid transparent; border-radius: 5px; padding: 4px; }}
    QToolBar QToolButton:hover {{ background: {t.hover}; }}
    QToolBar QToolButton:pressed {{ background: {t.border}; }}
    QToolBar QToolButton:focus {{ border-color: {t.accent}; }}
    QToolBar QToolButton#trainButton {{ background: {t.accent}; color: {t.on_accent}; font-weight: 600;
        padding: 4px 14px 4px 8px; border-color: {t.accent}; }}
    QToolBar QToolButton#trainButton:disabled {{ background: {t.border}; color: {t.muted};
        border-color: {t.border}; }}
    QToolBar QToolButton#go_onButton, QToolBar QToolButton#pauseButton, QToolBar QToolButton#stopButton {{
        padding: 4px 10px 4px 6px; }}
    QToolBar QToolButton:disabled {{ color: {t.muted}; }}
    QTabWidget::pane {{ border: none; border-top: 1px solid {t.border}; top: -1px; }}
    QTabWidget::tab-bar {{ left: 6px; }}
    QTabBar {{ background: transparent; }}
    QTabBar::tab {{ padding: 6px 14px; margin: 0 1px; border: none; border-bottom: 2px solid transparent;
        color: {t.muted}; background: transparent; }}
    QTabBar::tab:hover {{ color: {t.text}; }}
    QTabBar::tab:selected {{ color: {t.text}; border-bottom: 2px solid {t.accent}; }}
    QTabBar::tab:focus {{ color: {t.accent}; }}
    QSplitter::handle:horizontal {{ width: 1px; }}
    QSplitter::handle:vertical {{ height: 1px; }}
    QSplitter::handle:hover {{ background: {t.accent}; }}
    QStatusBar {{ background: {t.window}; border-top: 1px solid {t.border}; }}
    QStatusBar::item {{ border: none; }}
    QStatusBar QLabel {{ color: {t.muted}; padding: 0 6px; }}
    QProgressBar {{ background: {t.border}; border: none; border-radius: 3px; }}
    QProgressBar::chunk {{ background: {t.accent}; border-radius: 3px; }}
    #trainingPanel, #runsPanel, #sidePage, #palettePanel, #problemPanel, #dataPanel,
    #evaluatePanel, #predictPanel, #sweepPanel {{ background: {t.panel}; }}
    #trainingPanel QStackedWidget, #runsPanel QStackedWidget, #sweepPanel QStackedWidget,
    #sweepPanel QScrollArea, #sweepPanel QScrollArea > QWidget > QWidget,
    #sidePage QScrollArea, #sidePage QScrollArea > QWidget > QWidget,
    #dataPanel QScrollArea, #dataPanel QScrollArea > QWidget > QWidget, #problemPanel QScrollArea,
    #evaluatePanel QScrollArea, #evaluatePanel QScrollArea > QWidget > QWidget,
    #predictPanel QScrollArea, #predictPanel QScrollArea > QWidget > QWidget,
    #problemPanel QScrollArea > QWidget > QWidget {{
        background: {t.panel}; }}
    #runState {{ font-weight: 600; }}
    QPlainTextEdit {{ background: {t.field}; border-top: 1px solid {t.border}; }}
    QHeaderView::section {{ background: {t.window}; color: {t.muted}; border: none;
        border-bottom: 1px solid {t.border}; padding: 4px 8px; font-weight: 600; }}
    QTableView#runs::indicator:unchecked {{ width: 11px; height: 11px; border: 1px solid {t.edge};
        border-radius: 2px; background: {t.field}; }}
    QTableView#summary QHeaderView::section {{ padding: 4px 11px; }}
    QTreeView::branch {{ background: {t.panel}; }}
    QTableView#classTable::item {{ padding: 0 8px; }}
    QTableView {{ gridline-color: {t.border}; }}
    QHeaderView::up-arrow, QHeaderView::down-arrow {{ subcontrol-position: top center; width: 8px; height: 8px; }}
    """
