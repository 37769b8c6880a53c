//! The details drawer: everything that is known about the selected span, or sums over several.

mod attributes;
mod attribution;
mod clock;
mod conversation;
mod derived;
mod events;
mod fields;
mod links;
mod many;
mod said;
mod stitches;
mod tabs;
mod turns;
mod value;
mod why;

pub use conversation::totals_text;
use egui::{Align, CollapsingHeader, Layout, RichText, ScrollArea, TextEdit, Ui};
pub use turns::turn_name;

use super::super::command::{Command, Queue};
use super::super::people::{Contents, DetailsTab};
use super::super::state::State;
use super::super::theme;
use super::super::workspace::Workspace;
use super::keys::{key_of, with_key};
use super::widgets::follow_focus;
use crate::analysis::genai::Role;
use crate::analysis::why::Explained;
use crate::arrange::Arranged;
use crate::model::SpanIx;
use crate::scene::Theme;

/// What all parts of the drawer need.
pub struct Details<'a> {
    /// What is open.
    pub data: &'a Workspace,
    /// Where its spans are drawn.
    pub arranged: &'a Arranged,
    /// Colours.
    pub theme: &'static Theme,
    /// Text scale.
    pub scale: f32,
    /// The filter, lower case.
    pub filter: String,
    /// Attributes that hold what was said show how much of it there is.
    pub folds_said: bool,
}

/// The drawer.
pub fn details_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let Some(data) = &state.data else { return };
    let details = Details {
        data,
        arranged: &state.arranged,
        theme: state.theme().theme(),
        scale: state.settings.text_scale,
        filter: state.session.details_filter.to_lowercase(),
        folds_said: state.session.people.contents == Contents::Folded && state.has_conversations(),
    };
    if state.has_conversations() {
        tabs::tabs_ui(ui, &details, state, queue);
    }
    match state.details_tab() {
        DetailsTab::Conversation => return conversation::conversation_ui(ui, &details, state, queue),
        DetailsTab::Attribution => return attribution::attribution_ui(ui, &details, state, queue),
        DetailsTab::Span => {}
    }
    let selection = &state.session.view.selection;
    match (selection.as_slice(), state.session.view.focused) {
        ([], _) => nothing_ui(ui, &details),
        ([only], _) => span_ui(ui, &details, *only, state, queue),
        (several, _) => many::many_ui(ui, &details, several, state, queue),
    }
}

/// True when there is nothing to show but a few words about how to choose something.
pub fn has_little(state: &State) -> bool {
    let view = &state.session.view;
    let has_span = !view.selection.is_empty() || state.details_tab() != DetailsTab::Span;
    !has_span && view.notes.is_empty() && view.why.is_none()
}

/// Heights of the window, in points of normal text, in which keys and the explanation leave room for findings.
const ROOMY: f32 = 560.0;
const TIGHT: f32 = 380.0;

fn nothing_ui(ui: &mut Ui, details: &Details<'_>) {
    ui.label(RichText::new("Nothing selected").font(theme::bold(theme::size::TITLE * details.scale)));
    let height = ui.ctx().content_rect().height() / details.scale;
    if height < TIGHT {
        return;
    }
    ui.add_space(4.0);
    ui.label(RichText::new("Click a span to see every field of it. Ctrl+click adds more: the drawer then shows how much time they take together.").weak());
    if height < ROOMY {
        return;
    }
    ui.add_space(6.0);
    let ways = [
        ([Command::RowDown, Command::RowUp], "from row to row"),
        ([Command::PreviousSpan, Command::NextSpan], "along a row"),
        ([Command::NextFlagged, Command::PreviousFlagged], "to spans that failed"),
        ([Command::NextFinding, Command::PreviousFinding], "to findings"),
    ];
    for (commands, where_to) in ways {
        let keys: Vec<String> = commands.iter().map(|command| key_of(ui, command)).collect();
        let keys = keys.join("  ");
        if !keys.trim().is_empty() {
            ui.horizontal(|ui| {
                ui.label(RichText::new(keys.trim()).monospace());
                ui.label(RichText::new(where_to).weak());
            });
        }
    }
}

fn span_ui(ui: &mut Ui, details: &Details<'_>, span: SpanIx, state: &State, queue: &mut Queue) {
    let view = details.data.store.span(span);
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
            if ui
                .small_button("Zoom")
                .on_hover_text(with_key(ui, "Zoom to this span", &Command::ZoomToSelection))
                .clicked()
            {
                queue.push(Command::ZoomToSelection);
            }
            if ui.small_button("Copy name").clicked() {
                queue.push(Command::CopyText { what: "the name".to_owned(), text: view.name().to_owned() });
            }
            ui.with_layout(Layout::left_to_right(Align::Min), |ui| {
                let name = value::shortened(view.name(), 300);
                let heading = RichText::new(name).font(theme::bold(theme::size::TITLE * details.scale));
                ui.add(egui::Label::new(heading).wrap().selectable(true));
            });
        });
    });
    ui.add_space(2.0);
    let mut filter = state.session.details_filter.clone();
    let edit = TextEdit::singleline(&mut filter).hint_text("Filter fields and attributes").desired_width(f32::INFINITY);
    let response = ui.add(edit);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Filter fields and attributes"));
    if response.changed() {
        queue.push(Command::FilterDetails(filter));
    }
    ui.add_space(4.0);
    ScrollArea::vertical().auto_shrink(false).id_salt(("details", span.0)).show(ui, |ui| {
        if let Some(what) = state.explained().filter(|what| *what == Explained::Span(span)) {
            why::why_ui(ui, details, state, what, queue);
        }
        fields::fields_ui(ui, details, span, queue);
        clock::reference_ui(ui, details, span, state, queue);
        let proposals = state.proposals(span).len();
        section(ui, "Proposed places", proposals, true, |ui| {
            stitches::stitches_ui(ui, details, span, state, queue);
        });
        derived::derived_ui(ui, details, span, queue);
        let attrs: Vec<_> = view.attrs().collect();
        let genai = details.data.known_work().map(|work| &work.genai);
        // Elsewhere a key such as `text` holds anything.
        let is_ai = genai.is_some_and(|genai| genai.role_of(span) != Role::None);
        let own = Details { filter: details.filter.clone(), folds_said: details.folds_said && is_ai, ..*details };
        section(ui, "Attributes", attrs.len(), true, |ui| attributes::attributes_ui(ui, &own, &attrs, queue));
        let events = view.events().len();
        section(ui, "Events", events, true, |ui| events::events_ui(ui, details, span, queue));
        let links = view.links().len();
        section(ui, "Links", links, true, |ui| links::links_ui(ui, details, span, queue));
        let resource: Vec<_> = view.resource().attrs.iter().map(|&id| details.data.store.attrs().get(id)).collect();
        section(ui, "Resource", resource.len(), false, |ui| {
            fields::resource_ui(ui, details, span, queue);
            attributes::attributes_ui(ui, details, &resource, queue);
        });
        let scope: Vec<_> = view.scope().attrs.iter().map(|&id| details.data.store.attrs().get(id)).collect();
        section(ui, "Scope", scope.len() + 1, false, |ui| {
            fields::scope_ui(ui, details, span, queue);
            attributes::attributes_ui(ui, details, &scope, queue);
        });
        section(ui, "Raw", 1, false, |ui| fields::raw_ui(ui, details, span, queue));
        follow_focus(ui);
    });
}

/// A part that can be folded; left out when it is empty.
fn section(ui: &mut Ui, title: &str, count: usize, open: bool, content: impl FnOnce(&mut Ui)) {
    if count == 0 {
        return;
    }
    ui.add_space(6.0);
    let text = if matches!(title, "Raw" | "Scope") { title.to_owned() } else { format!("{title}  {count}") };
    CollapsingHeader::new(RichText::new(text).strong()).id_salt(title).default_open(open).show_unindented(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        content(ui);
    });
}

/// A row: dim name at the left, value at the right of a column of fixed width, copied by a click.
pub fn row_ui(ui: &mut Ui, details: &Details<'_>, name: &str, value: &str, queue: &mut Queue) {
    if !details.filter.is_empty()
        && !name.to_lowercase().contains(&details.filter)
        && !value::contains_lower(value, &details.filter)
    {
        return;
    }
    ui.horizontal(|ui| {
        name_ui(ui, details, name);
        let text = RichText::new(value::shortened(value, 400)).monospace();
        let label = egui::Label::new(text).wrap().sense(egui::Sense::click());
        let response = ui.add(label).on_hover_cursor(egui::CursorIcon::Copy);
        if response.on_hover_text("Click to copy").clicked() {
            queue.push(Command::CopyText { what: name.to_owned(), text: value.to_owned() });
        }
    });
}

/// `name` without as many of its first parts as do not fit: `http.request.body.size` becomes `…body.size`,
/// because the end tells keys apart.
fn without_prefix(name: &str, room: f32, size: f32) -> std::borrow::Cow<'_, str> {
    let fits = |text: &str| crate::scene::text::width(text, crate::scene::Font::Regular, size) <= room;
    if name.len() > 400 || fits(name) {
        return name.into();
    }
    let shorter = name.match_indices('.').map(|(at, _)| format!("…{}", &name[at + 1..])).find(|text| fits(text));
    shorter.map_or_else(|| name.into(), Into::into)
}

/// The left column of a row.
pub fn name_ui(ui: &mut Ui, details: &Details<'_>, name: &str) {
    let width = (ui.available_width() * 0.32).clamp(60.0, 220.0 * details.scale);
    let height = ui.text_style_height(&egui::TextStyle::Body);
    let (rect, _) = ui.allocate_exact_size(egui::vec2(width, height), egui::Sense::hover());
    let mut column = ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(Layout::left_to_right(Align::Min)));
    let shown = without_prefix(name, width, theme::size::BODY * details.scale);
    let text = RichText::new(shown.as_ref()).color(details.theme.text_dim);
    let response = column.add(egui::Label::new(text).truncate());
    if shown != name {
        response.on_hover_text(name);
    }
}
