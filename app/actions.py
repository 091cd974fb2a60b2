"""Every action of the program in one table: its name, text, shortcut, icon and tooltip."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QObject, Qt
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu, QMenuBar, QToolBar, QWidget

from app.icons import icon
from app.language import LANGUAGES
from app.settings import AppSettings
from graph_editor import theme as themes


@dataclass(frozen=True)
class ActionSpec:
    """One row of the table. Shortcuts are in Qt's portable notation, the first is the one shown."""

    name: str
    text: str
    tip: str
    shortcuts: tuple[str, ...] = ()
    icon: str = ""
    checkable: bool = False
    brief: str = ""
    """The text on a button, where that is to be shorter."""


def tr(text: str) -> str:
    """The text in the language of the program."""
    return QCoreApplication.translate("Actions", text)


def specs() -> tuple[ActionSpec, ...]:
    """All actions."""
    return (*_file_specs(), *_edit_specs(), *_view_specs(), *_run_specs(), *_help_specs())


def _file_specs() -> tuple[ActionSpec, ...]:
    return (
        ActionSpec("new", tr("&New"), tr("Start an empty project"), ("Ctrl+N",), "new"),
        ActionSpec("new_template", tr("New from &template…"), tr("Start from a ready project"), ("Ctrl+Shift+N",)),
        ActionSpec("open", tr("&Open…"), tr("Open a project or a Keras model"), ("Ctrl+O",), "open"),
        ActionSpec("load_weights", tr("Load &weights…"), tr("Take the weights of a Keras file for this network")),
        ActionSpec("clear_recent", tr("Clear the list of recent files"), tr("Forget which files were open")),
        ActionSpec("save", tr("&Save"), tr("Save the project"), ("Ctrl+S",), "save"),
        ActionSpec("save_as", tr("Save &as…"), tr("Save the project under another name"), ("Ctrl+Shift+S",)),
        ActionSpec(
            "export_model",
            tr("&Keras model…"),
            tr("Write architecture and trained weights to a file that Keras opens"),
            ("Ctrl+E",),
        ),
        ActionSpec("export_python", tr("&Python…"), tr("Write the network as Python for Keras or JAX")),
        ActionSpec("export_picture", tr("P&icture…"), tr("Draw the graph as PNG, SVG or PDF")),
        ActionSpec("quit", tr("&Quit"), tr("Leave the program"), ("Ctrl+Q",)),
    )


def _edit_specs() -> tuple[ActionSpec, ...]:
    return (
        ActionSpec("undo", tr("&Undo"), tr("Take back the last edit"), ("Ctrl+Z",), "undo"),
        ActionSpec("redo", tr("&Redo"), tr("Do again what was taken back"), ("Ctrl+Shift+Z", "Ctrl+Y"), "redo"),
        ActionSpec("cut", tr("Cu&t"), tr("Move the selected layers to the clipboard"), ("Ctrl+X",), "cut"),
        ActionSpec("copy", tr("&Copy"), tr("Copy the selected layers"), ("Ctrl+C",), "copy"),
        ActionSpec("paste", tr("&Paste"), tr("Insert the copied layers"), ("Ctrl+V",), "paste"),
        ActionSpec(
            "duplicate", tr("D&uplicate"), tr("Copy the selected layers in place"), ("Ctrl+D",), "duplicate"
        ),
        ActionSpec(
            "duplicate_linked",
            tr("Duplicate &linked"),
            tr("Copy the selected layers in place; the copies share their weights"),
            ("Ctrl+Shift+D",),
        ),
        ActionSpec(
            "make_independent", tr("Make &independent"), tr("Give layers that share weights weights of their own")
        ),
        ActionSpec("delete", tr("&Delete"), tr("Remove what is selected"), ("Del", "Backspace"), "delete"),
        ActionSpec(
            "add_layer",
            tr("&Add a layer…"),
            tr("Add a layer to what is selected: also Tab on the canvas"),
            ("Shift+A",),
        ),
        ActionSpec(
            "edit_settings",
            tr("Settin&gs of the layer"),
            tr("Go to the settings of what is selected"),
            ("Alt+Return",),
        ),
        ActionSpec("rename", tr("&Rename"), tr("Give the selected layer another name"), ("F2",)),
        ActionSpec("connect", tr("Co&nnect to…"), tr("Wire the layer to one that the arrows choose"), ("C",)),
        ActionSpec("next_wire", tr("Next &wire"), tr("Select a wire of the layer, then the next one"), ("W",)),
        ActionSpec(
            "merge",
            tr("&Merge with…"),
            tr("Wire all selected layers to a new one below them: Concatenate, Add…"),
            ("Ctrl+M",),
        ),
        ActionSpec(
            "take_out",
            tr("Ta&ke out of the wires"),
            tr("Take the selected layers out and close the gap: also by shaking them, or dragging with Alt"),
            ("Ctrl+Shift+X",),
        ),
        ActionSpec("select_all", tr("Select &all"), tr("Select every layer"), ("Ctrl+A",)),
        ActionSpec("group", tr("&Group into a model"), tr("Put the selected layers into one card"), ("Ctrl+G",)),
        ActionSpec("ungroup", tr("U&ngroup"), tr("Take the selected model apart"), ("Ctrl+Shift+G",)),
        ActionSpec(
            "repeat",
            tr("Rep&eat…"),
            tr("Have the selected layers several times, one after another"),
            ("Ctrl+Alt+R",),
        ),
        ActionSpec("add_note", tr("Add a &note"), tr("Write something on the canvas"), ("Ctrl+Alt+N",)),
        ActionSpec("next_remark", tr("Next n&ote or frame"), tr("Select a note, then the next one"), ("N",)),
        ActionSpec(
            "add_frame",
            tr("Add a &frame"),
            tr("Put a frame with a title around the selected layers; moving it moves what lies in it"),
            ("Ctrl+Alt+F",),
        ),
        ActionSpec(
            "save_block", tr("&Save as a block…"), tr("Keep the selected model in the palette, for other networks")
        ),
        ActionSpec(
            "replace", tr("Replace &with…"), tr("Put another layer in its place, with the same wires"), ("Ctrl+H",)
        ),
        *_place_specs(),
        ActionSpec("arrange", tr("A&rrange"), tr("Lay the graph out from top to bottom"), ("Ctrl+L",), "arrange"),
    )


def _place_specs() -> tuple[ActionSpec, ...]:
    return (
        ActionSpec(
            "arrange_selected",
            tr("Arrange the &selection"),
            tr("Lay only the selected layers out; the others stay where they are"),
            ("Ctrl+Shift+L",),
        ),
        ActionSpec("align_left", tr("Align &left"), tr("Bring the selected layers to the x of the leftmost")),
        ActionSpec("align_centre", tr("Align &centre"), tr("Bring the selected layers into one column")),
        ActionSpec("align_right", tr("Align &right"), tr("Bring the selected layers to the x of the rightmost")),
        ActionSpec("align_top", tr("Align &top"), tr("Bring the selected layers up to the uppermost")),
        ActionSpec("align_middle", tr("Align &middle"), tr("Bring the selected layers into one row")),
        ActionSpec("align_bottom", tr("Align &bottom"), tr("Bring the selected layers down to the lowest")),
        ActionSpec("distribute_across", tr("Distribute &across"), tr("Equal distances from left to right")),
        ActionSpec("distribute_down", tr("Distribute &down"), tr("Equal distances from top to bottom")),
    )


def _view_specs() -> tuple[ActionSpec, ...]:
    return (
        ActionSpec("zoom_in", tr("Zoom &in"), tr("Show the graph larger"), ("Ctrl++", "Ctrl+=", "+"), "zoom-in"),
        ActionSpec("zoom_out", tr("Zoom &out"), tr("Show the graph smaller"), ("Ctrl+-", "-"), "zoom-out"),
        ActionSpec("reset_zoom", tr("&Actual size"), tr("Show the graph in its own size"), ("Ctrl+1", "0")),
        ActionSpec("fit", tr("&Fit to window"), tr("Show the whole graph"), ("Ctrl+0", "F"), "fit"),
        ActionSpec("show_canvas", tr("&Canvas"), tr("Show the graph"), ("Alt+1",), "canvas"),
        ActionSpec("show_data", tr("&Data"), tr("Show the data to learn from"), ("Alt+2",), "data"),
        ActionSpec("show_code", tr("C&ode"), tr("Show the graph as Python"), ("Alt+3",), "code"),
        ActionSpec("show_summary", tr("&Summary"), tr("Show layers, shapes and costs as a table"), ("Alt+4",)),
        *_reading_specs(),
        ActionSpec("find_layer", tr("Find a &layer…"), tr("Search the list of layers"), ("Ctrl+Shift+F",)),
        ActionSpec("palette", tr("&Palette"), tr("Show the list of layers"), ("Ctrl+Shift+1",), checkable=True),
        ActionSpec("inspector", tr("&Inspector"), tr("Show the settings"), ("Ctrl+Shift+2",), checkable=True),
        ActionSpec("curves", tr("C&urves"), tr("Show the curves"), ("Ctrl+Shift+3",), checkable=True),
        ActionSpec("system", tr("As the &system"), tr("Light or dark as the system is"), checkable=True),
        ActionSpec("light", tr("&Light"), tr("Dark text on light ground"), checkable=True),
        ActionSpec("dark", tr("&Dark"), tr("Light text on dark ground"), checkable=True),
        ActionSpec("language_system", tr("As the &system"), tr("The language of the system"), checkable=True),
        *(
            ActionSpec(
                f"language_{code}", name, tr("The language of the window: {0}").format(name), checkable=True
            )
            for code, name in LANGUAGES.items()
        ),
        ActionSpec("full_screen", tr("F&ull screen"), tr("Use the whole screen"), ("F11",), checkable=True),
    )


def _reading_specs() -> tuple[ActionSpec, ...]:
    return (
        ActionSpec("zoom_selection", tr("&Zoom to selection"), tr("Show the selected layers large"), ("Ctrl+2",)),
        ActionSpec("find", tr("&Find…"), tr("Find layers here by name, type, setting or shape"), ("Ctrl+F",)),
        ActionSpec("find_next", tr("Find &next"), tr("Go to the next layer that was found"), ("F3",)),
        ActionSpec("find_previous", tr("Find p&revious"), tr("Go to the one before"), ("Shift+F3",)),
        ActionSpec("next_problem", tr("Ne&xt problem"), tr("Go to the next layer with a problem"), ("F8",)),
        ActionSpec(
            "previous_problem", tr("Pre&vious problem"), tr("Go to the layer with a problem before"), ("Shift+F8",)
        ),
        ActionSpec(
            "colour_category", tr("&Category"), tr("Colour cards by what kind of layer they are"), checkable=True
        ),
        ActionSpec(
            "colour_parameters", tr("&Parameters"), tr("Colour cards by how many weights they own"), checkable=True
        ),
        ActionSpec("colour_flops", tr("&FLOPs"), tr("Colour cards by the operations of a sample"), checkable=True),
        ActionSpec("colour_memory", tr("&Memory"), tr("Colour cards by the memory of a batch"), checkable=True),
        ActionSpec("colour_time", tr("&Time"), tr("Run each layer, colour cards by its time"), checkable=True),
        ActionSpec(
            "minimap",
            tr("&Minimap"),
            tr("Show the whole graph small where it does not fit"),
            ("Ctrl+Shift+4",),
            checkable=True,
        ),
        ActionSpec(
            "hover_path",
            tr("Paths under the poin&ter"),
            tr("Light up what the layer under the pointer depends on"),
            checkable=True,
        ),
        ActionSpec(
            "show_path",
            tr("Pa&th of the selected layer"),
            tr("Light up what the selected layer depends on"),
            ("Ctrl+Shift+I",),
            checkable=True,
        ),
        ActionSpec("card_costs", tr("C&osts on cards"), tr("Write FLOPs and memory on the cards"), checkable=True),
    )


def _run_specs() -> tuple[ActionSpec, ...]:
    return (
        ActionSpec("train", tr("&Train"), tr("Train the network"), ("F5", "Ctrl+R"), "train"),
        ActionSpec(
            "go_on",
            tr("&Go on training"),
            tr("Train on from the weights that are there"),
            ("Ctrl+F5",),
            "go-on",
            brief=tr("Go on"),
        ),
        ActionSpec("pause", tr("&Pause"), tr("Hold the run, or let it go on"), ("F6",), "pause"),
        ActionSpec("stop", tr("&Stop"), tr("End the run early and keep its result"), ("Shift+F5",), "stop"),
    )


def _help_specs() -> tuple[ActionSpec, ...]:
    return (
        ActionSpec(
            "commands", tr("&Command palette…"), tr("Find an action by what it is called"), ("Ctrl+Shift+P",)
        ),
        ActionSpec("shortcuts", tr("&Keyboard shortcuts…"), tr("Look up and change all shortcuts"), ("F1",)),
        ActionSpec("about", tr("&About Layerloom"), tr("Version and licence")),
    )


class Actions(QObject):
    """The actions by name, made from the table; icons follow the theme."""

    def __init__(self, settings: AppSettings, canvas: QWidget, parent: QObject) -> None:
        super().__init__(parent)
        self._settings = settings
        self._canvas = canvas
        self._plain_keys: dict[str, list[QShortcut]] = {}
        self._by_name: dict[str, QAction] = {}
        self._icons: dict[str, str] = {}
        self._within: dict[str, str] = {}
        self._defaults = {spec.name: spec.shortcuts for spec in specs()}
        for spec in specs():
            self._by_name[spec.name] = self._make(spec)
            self._bind(spec.name)
            if spec.icon:
                self._icons[spec.name] = spec.icon

    def _make(self, spec: ActionSpec) -> QAction:
        action = QAction(spec.text, self)
        action.setObjectName(spec.name)
        action.setCheckable(spec.checkable)
        action.setIconText(spec.brief or plain(spec.text))
        action.setWhatsThis(spec.tip)
        return action

    def set_text(self, name: str, text: str) -> None:
        """Call an action something else, in menus and on buttons."""
        self[name].setText(text)
        self[name].setIconText(plain(text))

    def set_tip(self, name: str, tip: str) -> None:
        """Say something else of what an action does."""
        _set_tip(self[name], tip)

    # Shortcuts

    def keys(self, name: str) -> tuple[str, ...]:
        """The shortcuts of an action."""
        given = self._settings.shortcuts(name)
        return self._defaults[name] if given is None else given

    def changed(self, name: str) -> bool:
        """Whether an action has other shortcuts than the program gives it."""
        return self._settings.shortcuts(name) is not None

    def set_keys(self, name: str, keys: tuple[str, ...] | None) -> None:
        """Give an action other shortcuts, from now on and at the next start; None those of the program."""
        self._settings.set_shortcuts(name, None if keys == self._defaults[name] else keys)
        self._bind(name)

    def owner_of(self, keys: str, but: str = "") -> str:
        """The name of the action that has these keys, another than `but`; nothing where they are free."""
        owners = (name for name in self._by_name if keys in self.keys(name) and name != but)
        return next(owners, "") if keys else ""

    def _bind(self, name: str) -> None:
        """Let the keys work: those that could also be typed, on the canvas only."""
        action, keys = self[name], [QKeySequence(text) for text in self.keys(name)]
        wide = [key for key in keys if not _is_plain(key)]
        plain = [key for key in keys if _is_plain(key)]
        for shortcut in self._plain_keys.pop(name, []):
            shortcut.setEnabled(False)
            shortcut.deleteLater()
        action.setShortcuts(wide or plain)
        only_canvas = Qt.ShortcutContext.WidgetShortcut
        if not wide:
            self._canvas.addAction(action)
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut if wide else only_canvas)
        if wide:
            made = [QShortcut(key, self._canvas, context=only_canvas) for key in plain]
            for shortcut in made:
                shortcut.activated.connect(action.trigger)
            self._plain_keys[name] = made
        self.set_tip(name, action.whatsThis())

    def __getitem__(self, name: str) -> QAction:
        return self._by_name[name]

    def all(self) -> list[QAction]:
        """Every action, in the order of the table."""
        return list(self._by_name.values())

    def connect_all(self, slots: dict[str, Callable[[], object]]) -> None:
        """Give actions, by name, what they do."""
        for name, slot in slots.items():
            self._by_name[name].triggered.connect(lambda _checked=False, slot=slot: slot())

    def set_enabled(self, names: tuple[str, ...], enabled: bool) -> None:
        """Enable or disable several actions."""
        for name in names:
            self._by_name[name].setEnabled(enabled)

    def restyle(self) -> None:
        """Take the colours of the theme."""
        theme = themes.current()
        for name, file in self._icons.items():
            color = {"train": theme.on_accent}.get(name)
            self._by_name[name].setIcon(icon(file, theme, color))

    def full_text(self, name: str) -> str:
        """What an action is called by itself: behind the name of the menu within a menu that it stands in."""
        text = plain(self[name].text())
        return f"{self._within[name]}: {text}" if name in self._within else text

    def fill_menu(self, menu: QMenu, names: str) -> None:
        """Add actions to a menu; "|" stands for a line."""
        within = isinstance(menu.parent(), QMenu)
        for name in names.split():
            if name == "|":
                menu.addSeparator()
                continue
            menu.addAction(self[name])
            if within:
                self._within[name] = plain(menu.title())

    def fill_toolbar(self, bar: QToolBar, names: str) -> None:
        """Add actions to a toolbar; "|" stands for a line."""
        for name in names.split():
            if name == "|":
                bar.addSeparator()
            else:
                bar.addAction(self[name])


def plain(text: str) -> str:
    """The text of an action without the mark of its letter, and without dots."""
    return re.sub(r"\(&.\)|&", "", text).removesuffix("…")


def _is_plain(key: QKeySequence) -> bool:
    """Whether keys are such as are typed into fields and lists."""
    chord = key[0]  # pyright: ignore[reportIndexIssue]  # the stubs lack it
    held = chord.keyboardModifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
    return not held and not Qt.Key.Key_F1 <= chord.key() <= Qt.Key.Key_F35


def _set_tip(action: QAction, tip: str) -> None:
    shown = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    action.setToolTip(f"{tip} ({shown})" if shown else tip)
    action.setWhatsThis(tip)


@dataclass(frozen=True)
class Menus:
    """The menus whose content changes while the program runs."""

    recent: QMenu


def fill_menu_bar(bar: QMenuBar, actions: Actions) -> Menus:
    """Make all menus."""
    file = bar.addMenu(tr("&File"))
    actions.fill_menu(file, "new new_template open")
    recent = file.addMenu(tr("Open &recent"))
    actions.fill_menu(file, "load_weights | save save_as |")
    export = file.addMenu(tr("&Export"))
    actions.fill_menu(export, "export_model export_python | export_picture")
    actions.fill_menu(file, "| quit")
    edit = bar.addMenu(tr("&Edit"))
    actions.fill_menu(edit, "undo redo | cut copy paste delete select_all |")
    actions.fill_menu(edit, "duplicate duplicate_linked make_independent |")
    actions.fill_menu(edit, "add_layer rename replace edit_settings | connect next_wire merge take_out |")
    actions.fill_menu(edit, "group ungroup repeat save_block | add_note add_frame next_remark |")
    place = edit.addMenu(tr("A&rrange and align"))
    actions.fill_menu(place, "arrange arrange_selected | align_left align_centre align_right |")
    actions.fill_menu(place, "align_top align_middle align_bottom | distribute_across distribute_down")
    view = bar.addMenu(tr("&View"))
    actions.fill_menu(
        view, "show_canvas show_data show_code show_summary | fit zoom_selection reset_zoom zoom_in zoom_out |"
    )
    colours = view.addMenu(tr("Colour cards &by"))
    actions.fill_menu(colours, "colour_category colour_parameters colour_flops colour_memory colour_time")
    actions.fill_menu(view, "card_costs minimap hover_path show_path |")
    actions.fill_menu(view, "find_layer palette inspector curves |")
    appearance = view.addMenu(tr("&Appearance"))
    actions.fill_menu(appearance, "system light dark")
    actions.fill_menu(
        view.addMenu(tr("&Language")), " ".join(f"language_{code}" for code in ("system", *LANGUAGES))
    )
    actions.fill_menu(view, "full_screen")
    actions.fill_menu(bar.addMenu(tr("&Run")), "train go_on pause stop")
    actions.fill_menu(bar.addMenu(tr("&Help")), "commands shortcuts | about")
    actions.fill_menu(edit, "| find find_next find_previous next_problem previous_problem")
    for menu in (file, edit, view, recent, export):
        menu.setToolTipsVisible(True)
    return Menus(recent)
