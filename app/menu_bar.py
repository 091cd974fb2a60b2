"""The menus of the window: which actions stand in which."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtWidgets import QMenu, QMenuBar

from app.action_table import tr
from app.actions import Actions
from app.language import LANGUAGES


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
    actions.fill_menu(edit, "undo redo | cut copy paste duplicate delete select_all |")
    actions.fill_menu(edit, "add_note add_frame next_remark |")
    place = edit.addMenu(tr("Arra&nge and align"))
    actions.fill_menu(place, "arrange arrange_selected | align_left align_centre align_right |")
    actions.fill_menu(place, "align_top align_middle align_bottom | distribute_across distribute_down")
    actions.fill_menu(edit, "| find find_next find_previous next_problem previous_problem")
    layer = bar.addMenu(tr("&Layer"))
    actions.fill_menu(layer, "add_layer rename replace edit_settings | connect next_wire merge take_out |")
    actions.fill_menu(layer, "duplicate_linked make_independent | freeze freeze_before |")
    actions.fill_menu(layer, "group ungroup expand repeat save_block")
    view = bar.addMenu(tr("&View"))
    actions.fill_menu(
        view, "show_canvas show_data show_code show_summary show_evaluation show_runs show_prediction show_sweep |"
    )
    actions.fill_menu(view, "fit zoom_selection reset_zoom zoom_in zoom_out |")
    colours = view.addMenu(tr("Colour cards &by"))
    actions.fill_menu(colours, "colour_category colour_parameters colour_flops colour_memory colour_time")
    actions.fill_menu(
        view.addMenu(tr("See in cards")), "sight_nothing sight_activations sight_weights | look_into"
    )
    actions.fill_menu(view, "card_costs minimap hover_path show_path |")
    actions.fill_menu(view, "find_layer palette inspector curves |")
    appearance = view.addMenu(tr("Appea&rance"))
    actions.fill_menu(appearance, "system light dark")
    actions.fill_menu(
        view.addMenu(tr("Lan&guage")), " ".join(f"language_{code}" for code in ("system", *LANGUAGES))
    )
    actions.fill_menu(view, "full_screen")
    actions.fill_menu(bar.addMenu(tr("&Run")), "train go_on pause step stop | find_rate")
    actions.fill_menu(bar.addMenu(tr("&Help")), "commands shortcuts | about")
    for menu in (file, edit, layer, view, recent, export):
        menu.setToolTipsVisible(True)
    return Menus(recent)
