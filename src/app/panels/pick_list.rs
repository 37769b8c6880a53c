//! The open picker: a field to type into, and what fits. The mouse can pick, hands need not leave the keys.

use egui::text::LayoutJob;
use egui::{Align2, FontId, Key, Modal, Modifiers, Rect, RichText, ScrollArea, Sense, TextEdit, TextFormat, Ui};

use super::super::command::{Command, Queue};
use super::super::picker::{Choice, Picker, PickerCommand, Shown};
use super::super::state::State;
use crate::scene::Theme;

/// Rows that the list shows at once, at most.
const ROWS: usize = 14;

/// The list, when it is open.
pub fn pick_list_ui(ui: &Ui, state: &State, queue: &mut Queue) {
    let Some(picker) = &state.session.picker else { return };
    let scale = state.settings.text_scale;
    let theme = state.theme().theme();
    let id = egui::Id::unique("picker");
    let area = Modal::default_area(id).anchor(Align2::CENTER_TOP, egui::vec2(0.0, 56.0));
    let modal = Modal::new(id).area(area).show(ui.ctx(), |ui| {
        let room = ui.ctx().content_rect().size();
        ui.set_width((560.0 * scale).min(room.x - 60.0));
        let heading = ui.label(RichText::new(picker.title).small().weak());
        move_by_keys(ui, picker, queue);
        let mut query = picker.query().to_owned();
        let field = ui.add(TextEdit::singleline(&mut query).hint_text(picker.hint).desired_width(f32::INFINITY));
        let field = field.labelled_by(heading.id);
        if field.changed() {
            push(queue, PickerCommand::Query(query));
        }
        // Asked of the memory: while another window is in front no widget has the focus, and asking for it in
        // every frame would draw without end.
        if !ui.memory(|memory| memory.has_focus(field.id)) {
            field.request_focus();
        }
        ui.add_space(4.0);
        if picker.shown().is_empty() {
            ui.label(RichText::new("Nothing fits.").weak());
        }
        let row_height = (ui.text_style_height(&egui::TextStyle::Body) + 8.0).ceil();
        let most = ((room.y - 160.0) / row_height).clamp(3.0, ROWS as f32);
        list_ui(ui, theme, picker, row_height, most * row_height, queue);
    });
    if modal.backdrop_response.clicked() {
        push(queue, PickerCommand::Close);
    }
}

fn push(queue: &mut Queue, command: PickerCommand) {
    queue.push(Command::Picker(command));
}

/// Keys that the text field has no use for.
fn move_by_keys(ui: &Ui, picker: &Picker, queue: &mut Queue) {
    let page = ROWS as isize - 1;
    for (key, by) in [(Key::ArrowDown, 1), (Key::ArrowUp, -1), (Key::PageDown, page), (Key::PageUp, -page)] {
        let presses = ui.input_mut(|input| input.count_and_consume_key(Modifiers::NONE, key));
        for _ in 0..presses {
            push(queue, PickerCommand::Move(by));
        }
    }
    if ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter)) {
        push(queue, PickerCommand::Pick(picker.at()));
    }
}

fn list_ui(ui: &mut Ui, theme: &Theme, picker: &Picker, row_height: f32, height: f32, queue: &mut Queue) {
    let seen_id = ui.scope_id().with("seen");
    let seen = ui.data_mut(|data| data.get_temp::<(usize, usize)>(seen_id));
    let now = (picker.at(), picker.shown().len());
    ui.data_mut(|data| data.insert_temp(seen_id, now));
    // The popup remembers its height from the list before, which may have been shorter.
    let least = (row_height * picker.shown().len() as f32).min(height);
    let area = ScrollArea::vertical().max_height(height).min_scrolled_height(least).auto_shrink([false, true]);
    area.show_viewport(ui, |ui, viewport| {
        let width = ui.available_width();
        ui.set_height(row_height * picker.shown().len() as f32);
        let origin = ui.min_rect().min;
        let row_rect = |row: usize| {
            Rect::from_min_size(origin + egui::vec2(0.0, row as f32 * row_height), egui::vec2(width, row_height))
        };
        if seen != Some(now) {
            ui.scroll_to_rect(row_rect(picker.at()), None);
        }
        let first = (viewport.min.y / row_height).max(0.0) as usize;
        let last = (viewport.max.y / row_height).ceil().max(0.0) as usize;
        for row in first..last.min(picker.shown().len()) {
            if let (Some(choice), Some(shown)) = (picker.choice(row), picker.shown().get(row)) {
                row_ui(ui, theme, row_rect(row), row, row == picker.at(), choice, shown, queue);
            }
        }
    });
}

#[expect(clippy::too_many_arguments, reason = "one call site")]
fn row_ui(
    ui: &Ui,
    theme: &Theme,
    rect: Rect,
    row: usize,
    is_marked: bool,
    choice: &Choice,
    shown: &Shown,
    queue: &mut Queue,
) {
    // Not focusable: the field keeps the keyboard, Up and Down move the mark.
    let response = ui.interact(rect, ui.scope_id().with(row), Sense::CLICK);
    response.widget_info(|| {
        let enabled = choice.why_not.is_none();
        egui::WidgetInfo::selected(egui::Role::ListBoxOption, enabled, is_marked, spoken(choice))
    });
    if response.clicked() {
        push(queue, PickerCommand::Pick(row));
    }
    let painter = ui.painter().with_clip_rect(ui.clip_rect().intersect(rect));
    let fill = match (is_marked, response.hovered()) {
        (true, _) => Some(theme.accent),
        (false, true) => Some(theme.control_hover),
        (false, false) => None,
    };
    if let Some(fill) = fill {
        painter.rect_filled(rect.shrink2(egui::vec2(0.0, 1.0)), 4, fill);
    }
    let (strong, faint) = match (is_marked, choice.why_not) {
        (true, _) => (theme.on_accent, theme.on_accent),
        (false, None) => (theme.text, theme.text_dim),
        (false, Some(_)) => (theme.text_dim, theme.text_dim),
    };
    let body = egui::TextStyle::Body.resolve(ui.style());
    let small = egui::TextStyle::Small.resolve(ui.style());
    let middle = rect.center().y;
    let title = painter.layout_job(marked_title(&choice.title, &shown.matched, &body, strong));
    let after_title = rect.left() + 8.0 + title.size().x + 12.0;
    painter.galley(egui::pos2(rect.left() + 8.0, middle - title.size().y / 2.0), title, strong);
    let right = match choice.why_not {
        Some(why) => why,
        None => choice.keys.as_str(),
    };
    let right = painter.layout_no_wrap(right.to_owned(), small.clone(), faint);
    let right_x = rect.right() - 8.0 - right.size().x;
    let note = painter.layout_no_wrap(choice.note.clone(), small, faint);
    let note_room = Rect::from_x_y_ranges(after_title..=right_x - 8.0, rect.y_range());
    painter.with_clip_rect(note_room.intersect(painter.clip_rect())).galley(
        egui::pos2(after_title, middle - note.size().y / 2.0),
        note,
        faint,
    );
    painter.galley(egui::pos2(right_x, middle - right.size().y / 2.0), right, faint);
}

/// What a screen reader says of a row.
fn spoken(choice: &Choice) -> String {
    let mut text = choice.title.clone();
    for part in [choice.note.as_str(), choice.keys.as_str()] {
        if !part.is_empty() {
            text = format!("{text}, {part}");
        }
    }
    match choice.why_not {
        Some(why) => format!("{text}, not now: {why}"),
        None => text,
    }
}

/// The title with the characters underlined that the query found.
fn marked_title(title: &str, matched: &[u32], font: &FontId, color: egui::Color32) -> LayoutJob {
    let mut job = LayoutJob::default();
    let plain = TextFormat { font_id: font.clone(), color, ..TextFormat::default() };
    let marked = TextFormat { underline: egui::Stroke::new(1.5, color), ..plain.clone() };
    for (at, letter) in title.chars().enumerate() {
        let is_found = u32::try_from(at).is_ok_and(|at| matched.binary_search(&at).is_ok());
        job.append(letter.encode_utf8(&mut [0; 4]), 0.0, if is_found { marked.clone() } else { plain.clone() });
    }
    job
}
