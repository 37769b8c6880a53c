//! The search field: the query, how many hits there are, what is wrong with it and where.

use std::sync::Arc;

use egui::text::{CCursorRange, LayoutJob, TextFormat};
use egui::{
    Align, Button, Context, Frame, Galley, Id, Key, Layout, Margin, Modifiers, Popup, PopupCloseBehavior, Response,
    RichText, Stroke, TextBuffer, TextEdit, TextStyle, Ui, vec2,
};

use super::super::widgets::{counted, grouped};
use crate::analysis::search::{FIELDS, ParseError};
use crate::app::command::{Command, Queue};
use crate::app::search::SearchCommand;
use crate::app::state::State;
use crate::scene::Theme;

/// Name of the field for people who do not see it.
const NAME: &str = "Search spans";

fn field_id() -> Id {
    Id::unique("search-field")
}

/// Puts the keyboard into the search field with everything selected, or takes it away.
pub fn focus_search(ctx: &Context, wanted: bool) {
    if !wanted {
        ctx.memory_mut(|memory| memory.surrender_focus(field_id()));
        return;
    }
    ctx.memory_mut(|memory| memory.request_focus(field_id()));
    // The key that led here is no text.
    ctx.input_mut(|input| input.events.retain(|event| !matches!(event, egui::Event::Text(_))));
    let mut state = TextEdit::load_state(ctx, field_id()).unwrap_or_default();
    state
        .cursor
        .set_char_range(Some(CCursorRange::two(egui::text::CCursor::new(0), egui::text::CCursor::new(usize::MAX))));
    TextEdit::store_state(ctx, field_id(), state);
}

/// The field, `width` points wide.
pub fn field_ui(ui: &mut Ui, state: &State, width: f32, queue: &mut Queue) {
    let theme = state.theme().theme();
    let search = &state.session.search;
    let line = match (&search.error, search.has_focus) {
        (Some(_), _) => theme.error,
        (None, true) => theme.accent,
        (None, false) => theme.control_line,
    };
    let frame = Frame::new().fill(theme.canvas).stroke(Stroke::new(1.0, line)).corner_radius(5).inner_margin(Margin {
        left: 7,
        right: 3,
        top: 1,
        bottom: 1,
    });
    let size = vec2(width, ui.spacing().interact_size.y);
    let shown = ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        frame.show(ui, |ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            help_button(ui, state, queue);
            clear_button(ui, state, queue);
            status_ui(ui, state);
            edit_ui(ui, state, queue);
        })
    });
    let response = shown.inner.response;
    // Elsewhere it would lie on what the user looks at.
    if let Some(error) = search.error.as_ref().filter(|_| search.has_focus || response.contains_pointer()) {
        error_ui(&response, &state.session.view.query, error, theme);
    }
    if search.help_open {
        help_ui(&response, state, queue);
    }
}

fn help_button(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let button = Button::selectable(state.session.search.help_open, RichText::new("?").small());
    let response = ui.add(button).on_hover_text("What can be written here");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, "Search language"));
    if response.clicked() {
        queue.push(Command::SearchHelp);
    }
}

fn clear_button(ui: &mut Ui, state: &State, queue: &mut Queue) {
    if state.session.view.query.is_empty() {
        return;
    }
    let response = ui.add(Button::new(RichText::new("×")).frame_when_inactive(false)).on_hover_text("Clear the search");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, "Clear search"));
    if response.clicked() {
        queue.push(Command::ClearSearch);
    }
}

/// How many hits there are, and which one is selected.
fn status_ui(ui: &mut Ui, state: &State) {
    let search = &state.session.search;
    let theme = state.theme().theme();
    if search.is_busy() {
        ui.add(egui::Spinner::new().size(ui.text_style_height(&TextStyle::Small)));
    }
    if search.error.is_some() && !search.has_focus {
        ui.label(RichText::new("cannot be read").small().color(theme.error));
    }
    let Some(text) = hits_text(state) else { return };
    let is_nothing = search.hits.as_ref().is_some_and(|hits| hits.is_empty());
    let color = if is_nothing { theme.warning } else { theme.text_dim };
    ui.label(RichText::new(text).small().color(color));
}

/// `12 of 1,204 hits`, `1,204 hits`, `no hits`; `None` when nothing is asked.
fn hits_text(state: &State) -> Option<String> {
    let (data, hits) = (state.data.as_ref()?, state.session.search.hits.as_ref()?);
    let position = state.session.view.focused.and_then(|span| hits.position(&data.store, span));
    Some(match (position, hits.len() as u64) {
        (_, 0) => "no hits".to_owned(),
        (Some(at), len) => format!("{} of {}", grouped(at as u64 + 1), counted(len, "hit")),
        (None, len) => counted(len, "hit"),
    })
}

fn edit_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let has_focus = ui.memory(|memory| memory.has_focus(field_id()));
    if has_focus {
        for (held, command) in [(Modifiers::SHIFT, Command::PreviousHit), (Modifiers::NONE, Command::NextHit)] {
            if ui.input_mut(|input| input.consume_key(held, Key::Enter)) {
                queue.push(command);
            }
        }
    }
    let theme = state.theme().theme();
    let error = state.session.search.error.as_ref().map(|error| error.range.clone());
    let mut layouter = |ui: &Ui, text: &dyn TextBuffer, _: f32| -> Arc<Galley> {
        let job = marked(ui, text.as_str(), error.clone(), theme, &TextStyle::Body);
        ui.fonts_mut(|fonts| fonts.layout_job(job))
    };
    let mut text = state.session.view.query.clone();
    let edit = TextEdit::singleline(&mut text)
        .id(field_id())
        .frame(Frame::NONE)
        .hint_text("/  service:api dur>500ms error")
        .desired_width(ui.available_width())
        .min_size(vec2(0.0, ui.available_height()))
        .align(egui::Align2::LEFT_CENTER)
        .return_key(None)
        .layouter(&mut layouter);
    let response = ui.add(edit);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, NAME));
    if response.changed() {
        queue.push(Command::Search(SearchCommand::Type(text)));
    }
    if response.has_focus() != state.session.search.has_focus {
        queue.push(Command::Search(SearchCommand::Focus(response.has_focus())));
    }
}

/// The query with the place of an error underlined.
fn marked(ui: &Ui, text: &str, error: Option<std::ops::Range<usize>>, theme: &Theme, style: &TextStyle) -> LayoutJob {
    let font = style.resolve(ui.style());
    let plain = TextFormat::simple(font.clone(), theme.text);
    let wrong = TextFormat {
        underline: Stroke::new(2.0, theme.error),
        background: theme.error_ground,
        ..TextFormat::simple(font, theme.text)
    };
    let mut job = LayoutJob::default();
    job.wrap.max_width = f32::INFINITY;
    job.break_on_newline = false;
    // The error belongs to the text of the frame before; what was typed since may be shorter.
    let range = error.filter(|range| text.is_char_boundary(range.start) && text.is_char_boundary(range.end));
    let Some(range) = range.filter(|range| range.start <= range.end && range.end <= text.len()) else {
        job.append(text, 0.0, plain);
        return job;
    };
    for (piece, format) in
        [(&text[..range.start], plain.clone()), (&text[range.clone()], wrong), (&text[range.end..], plain)]
    {
        job.append(piece, 0.0, format);
    }
    job
}

/// What is wrong, where, and what to write instead.
fn error_ui(field: &Response, query: &str, error: &ParseError, theme: &Theme) {
    let popup = Popup::from_response(field).id(Id::unique("search-error")).open(true).interactable(false);
    popup.gap(4.0).width(field.rect.width()).show(|ui| {
        ui.set_max_width(field.rect.width().max(260.0));
        let (shown, range) = excerpt(query, error.range.clone());
        ui.add(egui::Label::new(marked(ui, &shown, Some(range), theme, &TextStyle::Monospace)).truncate());
        ui.label(RichText::new(format!("Expected {}.", error.expected)).color(theme.error));
        ui.label(&error.remedy);
    });
}

/// The query around the place, and a place that can be seen even where something is missing.
fn excerpt(query: &str, range: std::ops::Range<usize>) -> (String, std::ops::Range<usize>) {
    const AROUND: usize = 24;
    let start = query[..range.start].char_indices().rev().nth(AROUND).map_or(0, |(at, _)| at);
    let mut text = if start > 0 { "…".to_owned() } else { String::new() };
    let shift = text.len();
    text.push_str(&query[start..range.start]);
    let from = text.len();
    text.push_str(&query[range.clone()]);
    if range.is_empty() {
        // A gap to underline.
        text.push_str("  ");
    }
    let to = text.len();
    debug_assert!(from >= shift);
    text.extend(query[range.end..].chars().take(AROUND));
    (text, from..to)
}

/// The language, by example: a click puts the example into the field.
fn help_ui(field: &Response, state: &State, queue: &mut Queue) {
    let popup = Popup::from_response(field).id(Id::unique("search-help")).open(true);
    popup.gap(4.0).close_behavior(PopupCloseBehavior::IgnoreClicks).show(|ui| {
        ui.set_max_width(460.0 * state.settings.text_scale);
        // Lines of text, not of buttons.
        ui.spacing_mut().interact_size.y = 0.0;
        let most = ui.ctx().content_rect().height() * 0.8;
        ui.set_max_height(most);
        egui::ScrollArea::vertical().max_height(most).show(ui, |ui| {
            language_ui(ui, queue);
            recent_ui(ui, state, queue);
        });
    });
}

/// What no single field explains.
const RULES: [(&str, &str); 6] = [
    ("chat", "anything the span says: name, attributes, events, ids"),
    ("name:chat*", "the whole text, * is anything"),
    ("name=\"POST /chat\"", "exactly that, case included"),
    ("-error", "not"),
    ("a b   a OR b   (a OR b) c", "both, either, grouped"),
    ("\"two words\"", "quotes take everything literally"),
];

fn language_ui(ui: &mut Ui, queue: &mut Queue) {
    ui.heading("Search language");
    egui::Grid::new("search-rules").num_columns(2).spacing([14.0, 3.0]).show(ui, |ui| {
        for (text, meaning) in RULES {
            ui.label(RichText::new(text).monospace());
            ui.label(RichText::new(meaning).weak());
            ui.end_row();
        }
        for field in FIELDS {
            if ui.link(RichText::new(field.example).monospace()).clicked() {
                queue.push(Command::Search(SearchCommand::Set(field.example.to_owned())));
            }
            let alias = if field.alias.is_empty() { String::new() } else { format!(" (or {})", field.alias) };
            ui.label(RichText::new(format!("{}{alias}", field.meaning)).weak());
            ui.end_row();
        }
    });
}

fn recent_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    if state.session.search.recent.is_empty() {
        return;
    }
    ui.add_space(6.0);
    ui.label(RichText::new("Recent").strong());
    for query in &state.session.search.recent {
        if ui.link(RichText::new(query).monospace()).clicked() {
            queue.push(Command::Search(SearchCommand::Set(query.clone())));
        }
    }
}
