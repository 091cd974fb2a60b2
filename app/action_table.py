"""Every action of the program in one table: its name, text, shortcut, icon and tooltip."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from app.language import LANGUAGES


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
            "duplicate", tr("Dup&licate"), tr("Copy the selected layers in place"), ("Ctrl+D",), "duplicate"
        ),
        ActionSpec(
            "duplicate_linked",
            tr("Duplicate lin&ked"),
            tr("Copy the selected layers in place; the copies share their weights"),
            ("Ctrl+Shift+D",),
        ),
        ActionSpec(
            "make_independent", tr("Make &independent"), tr("Give layers that share weights weights of their own")
        ),
        ActionSpec("delete", tr("&Delete"), tr("Remove what is selected"), ("Del", "Backspace"), "delete"),
        ActionSpec(
            "add_layer",
            tr("Add a la&yer…"),
            tr("Add a layer to what is selected: also Tab on the canvas"),
            ("Shift+A",),
        ),
        ActionSpec(
            "edit_settings",
            tr("&Settings of the layer"),
            tr("Go to the settings of what is selected"),
            ("Alt+Return",),
        ),
        ActionSpec("rename", tr("Rena&me"), tr("Give the selected layer another name"), ("F2",)),
        ActionSpec("connect", tr("C&onnect to…"), tr("Wire the layer to one that the arrows choose"), ("C",)),
        ActionSpec("next_wire", tr("Ne&xt wire"), tr("Select a wire of the layer, then the next one"), ("W",)),
        ActionSpec(
            "merge",
            tr("Merge wit&h…"),
            tr("Wire all selected layers to a new one below them: Concatenate, Add…"),
            ("Ctrl+M",),
        ),
        ActionSpec(
            "take_out",
            tr("Tak&e out of the wires"),
            tr("Take the selected layers out and close the gap: also by shaking them, or dragging with Alt"),
            ("Ctrl+Shift+X",),
        ),
        ActionSpec("select_all", tr("Select &all"), tr("Select every layer"), ("Ctrl+A",)),
        ActionSpec("group", tr("&Group into a model"), tr("Put the selected layers into one card"), ("Ctrl+G",)),
        ActionSpec("ungroup", tr("Ungroup"), tr("Take the selected model apart"), ("Ctrl+Shift+G",)),
        ActionSpec("expand", tr("Expand or collapse"), tr("Show what is inside a model below its card"), ("X",)),
        ActionSpec(
            "repeat",
            tr("Repeat…"),
            tr("Have the selected layers several times, one after another"),
            ("Ctrl+Alt+R",),
        ),
        ActionSpec(
            "freeze",
            tr("Free&ze or unfreeze"),
            tr("Have training leave the weights of the selected layers as they are, or change them again"),
            ("Ctrl+Shift+K",),
        ),
        ActionSpec(
            "freeze_before",
            tr("Freeze all before"),
            tr("Freeze every layer that the selected ones depend on"),
            ("Ctrl+Alt+K",),
        ),
        ActionSpec("add_note", tr("Add a note"), tr("Write something on the canvas"), ("Ctrl+Alt+N",)),
        ActionSpec("next_remark", tr("Next note or frame"), tr("Select a note, then the next one"), ("N",)),
        ActionSpec(
            "add_frame",
            tr("Add a frame"),
            tr("Put a frame with a title around the selected layers; moving it moves what lies in it"),
            ("Ctrl+Alt+F",),
        ),
        ActionSpec(
            "save_block", tr("Save as a &block…"), tr("Keep the selected model in the palette, for other networks")
        ),
        ActionSpec(
            "replace", tr("Replace &with…"), tr("Put another layer in its place, with the same wires"), ("Ctrl+H",)
        ),
        *_place_specs(),
        ActionSpec("arrange", tr("Arrang&e"), tr("Lay the graph out from top to bottom"), ("Ctrl+L",), "arrange"),
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
        ActionSpec("zoom_out", tr("Zoom ou&t"), tr("Show the graph smaller"), ("Ctrl+-", "-"), "zoom-out"),
        ActionSpec("reset_zoom", tr("&Actual size"), tr("Show the graph in its own size"), ("Ctrl+1", "0")),
        ActionSpec("fit", tr("&Fit to window"), tr("Show the whole graph"), ("Ctrl+0", "F"), "fit"),
        ActionSpec("show_canvas", tr("&Canvas"), tr("Show the graph"), ("Alt+1",), "canvas"),
        ActionSpec("show_data", tr("&Data"), tr("Show the data to learn from"), ("Alt+2",), "data"),
        ActionSpec("show_code", tr("C&ode"), tr("Show the graph as Python"), ("Alt+3",), "code"),
        ActionSpec("show_summary", tr("&Summary"), tr("Show layers, shapes and costs as a table"), ("Alt+4",)),
        ActionSpec("show_evaluation", tr("Evaluate"), tr("Show how good the trained network is"), ("Alt+5",)),
        ActionSpec("show_runs", tr("Runs"), tr("Show the runs of the project"), ("Alt+6",)),
        ActionSpec("show_prediction", tr("Predict"), tr("Ask the trained network about one sample"), ("Alt+7",)),
        ActionSpec("show_sweep", tr("Sweep"), tr("Make many runs with some settings different"), ("Alt+8",)),
        *_reading_specs(),
        ActionSpec("find_layer", tr("Find a &layer…"), tr("Search the list of layers"), ("Ctrl+Shift+F",)),
        ActionSpec("palette", tr("&Palette"), tr("Show the list of layers"), ("Ctrl+Shift+1",), checkable=True),
        ActionSpec("inspector", tr("Insp&ector"), tr("Show the settings"), ("Ctrl+Shift+2",), checkable=True),
        ActionSpec("curves", tr("Cur&ves"), tr("Show the curves"), ("Ctrl+Shift+3",), checkable=True),
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
        ActionSpec("find_next", tr("Find next"), tr("Go to the next layer that was found"), ("F3",)),
        ActionSpec("find_previous", tr("Find previous"), tr("Go to the one before"), ("Shift+F3",)),
        ActionSpec("next_problem", tr("Next problem"), tr("Go to the next layer with a problem"), ("F8",)),
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
            tr("Pat&hs under the pointer"),
            tr("Light up what the layer under the pointer depends on"),
            checkable=True,
        ),
        ActionSpec(
            "show_path",
            tr("Path of the selected la&yer"),
            tr("Light up what the selected layer depends on"),
            ("Ctrl+Shift+I",),
            checkable=True,
        ),
        ActionSpec("sight_nothing", tr("&Nothing"), tr("Show layers by their settings alone"), checkable=True),
        ActionSpec(
            "sight_activations",
            tr("&Activations"),
            tr("Show on each card what its layer gives for a sample, while the network learns and after"),
            ("Ctrl+Shift+A",),
            checkable=True,
        ),
        ActionSpec(
            "sight_weights",
            tr("&Weights and gradients"),
            tr("Show on each card how long weights and gradient are, look by look"),
            checkable=True,
        ),
        ActionSpec(
            "look_into",
            tr("&Look into the layer"),
            tr("Show large what the selected layer gives for the sample, and its weights: also a double click"),
        ),
        ActionSpec("card_costs", tr("Costs o&n cards"), tr("Write FLOPs and memory on the cards"), checkable=True),
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
        ActionSpec("step", tr("One st&ep"), tr("Let a held run make one step; hold one that goes on"), ("F7",)),
        ActionSpec(
            "find_rate",
            tr("&Find a learning rate…"),
            tr("Try growing rates on a copy of the network, and see where its loss falls"),
        ),
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
