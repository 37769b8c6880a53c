//! Lists to choose columns, and what to group by, from: all attributes of the workspace, found by typing.

use egui::{Button, Popup, PopupCloseBehavior, Response, RichText, ScrollArea, TextEdit, Ui};

use super::super::command::{Command, Queue};
use super::super::state::State;
use super::super::tables::{StatCommand, TableCommand};
use super::grid::shortened;
use super::widgets::grouped;
use crate::analysis::search::Field;
use crate::analysis::table::Column;

fn push(queue: &mut Queue, command: TableCommand) {
    queue.push(Command::Table(command));
}

/// The button that opens the list of columns.
pub fn columns_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let button = ui.button("Columns…").on_hover_text("Which columns to show: every attribute can be one");
    let chosen = &state.settings.tables.columns;
    popup_ui(&button, state, queue, |ui, column, queue| {
        let is_shown = chosen.contains(column);
        let mut is_wanted = is_shown;
        let is_last = is_shown && chosen.len() == 1;
        let text = shortened(&column.heading(false), 80).into_owned();
        ui.add_enabled_ui(!is_last, |ui| ui.checkbox(&mut is_wanted, text));
        if is_wanted != is_shown {
            let mut columns = chosen.clone();
            columns.retain(|other| other != column);
            if is_wanted {
                columns.push(column.clone());
            }
            push(queue, TableCommand::Columns(columns));
        }
    });
}

/// The button that opens the list of what to group by.
pub fn group_by_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let field = &state.session.tables.statistics.field;
    let (text, is_on) = match field {
        Field::Attr(key) => (shortened(key, 40).into_owned(), true),
        Field::Trace | Field::Scope | Field::Input => (Column::Field(field.clone()).heading(false), true),
        _ => ("Attribute…".to_owned(), false),
    };
    let button = ui.add(Button::selectable(is_on, RichText::new(text).small()));
    let button = button.on_hover_text("Any attribute can be grouped by");
    button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, "Group by another field"));
    popup_ui(&button, state, queue, |ui, column, queue| {
        let Column::Field(of) = column else { return };
        let text = shortened(&column.heading(false), 80).into_owned();
        if ui.add(Button::selectable(of == field, text).frame_when_inactive(false)).clicked() {
            push(queue, TableCommand::Statistics(StatCommand::By(of.clone())));
            ui.close();
        }
    });
}

/// A list below `button` with a field to type into; `row_ui` draws one column of it.
fn popup_ui(button: &Response, state: &State, queue: &mut Queue, row_ui: impl Fn(&mut Ui, &Column, &mut Queue)) {
    let chooser = &state.session.tables.chooser;
    if button.clicked() {
        push(queue, TableCommand::Choose(String::new()));
    }
    let scale = state.settings.text_scale;
    let popup = Popup::from_toggle_button_response(button).close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    popup.width(280.0 * scale).show(|ui| {
        let mut text = chooser.text.clone();
        let edit = ui.add(TextEdit::singleline(&mut text).hint_text("Type to find").desired_width(f32::INFINITY));
        edit.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Find a column"));
        if button.clicked() {
            edit.request_focus();
        }
        if edit.changed() {
            push(queue, TableCommand::Choose(text));
        }
        ui.add_space(4.0);
        // The popup remembers its height from the list before, which may have been shorter.
        let (least, most) = (200.0 * scale, 300.0 * scale);
        let area = ScrollArea::vertical().max_height(most).min_scrolled_height(least).auto_shrink([false, true]);
        area.show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            let mut is_attribute = false;
            for column in &chooser.found {
                if matches!(column, Column::Field(Field::Attr(_))) && !is_attribute {
                    is_attribute = true;
                    ui.label(RichText::new("attributes").weak().small());
                }
                row_ui(ui, column, queue);
            }
            let note = match (chooser.is_incomplete, chooser.found.is_empty(), chooser.more) {
                (true, ..) => "Collecting the attributes…".to_owned(),
                (_, true, _) => "Nothing is called so".to_owned(),
                (_, _, 0) => return,
                (_, _, more) => format!("and {} more: type to find them", grouped(more as u64)),
            };
            ui.label(RichText::new(note).weak().small());
        });
    });
}
