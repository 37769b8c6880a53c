//! The tool bar: what is open, and the switches that are used most.

mod clocks;
mod conversation;
mod fold;
mod search;

pub use search::focus_search;

use egui::{Align, Label, Layout, RichText, Ui};

use super::super::command::{Command, Queue};
use super::super::state::State;
use super::super::theme;
use super::super::workspace::Workspace;
use super::widgets::{command_button, counted};
use crate::analysis::clocks::Evidence;
use crate::arrange::ClockChoice;
use crate::model::time::duration_text;
use crate::scene::{Font, text};

/// The tool bar, always one row: what has no room is behind `More`, what is switched most often last.
pub fn toolbar_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let Some(data) = &state.data else { return };
    let scale = state.settings.text_scale;
    let size = theme::size::BODY * scale;
    let whole = ui.available_width();
    let name = text::width(&data.title(), Font::Bold, size).min((LONGEST_NAME * scale).min(whole * 0.25));
    let counts = counts(data, &state.arranged.hull_ns);
    let counts = counts.first().map_or(0.0, |counts| text::width(counts, Font::Regular, size) + GAP * scale);
    let room = whole - name - command_width("Export", scale) - 4.0 * SPACING;
    let (shown, more, chars) = fitting(state, room);
    let needs: f32 = shown.iter().map(|group| group.width(state, chars) + SPACING).sum();
    let needs = needs + if more.is_empty() { 0.0 } else { more_width(scale) };
    // What is left goes to the counts, then to the search.
    let search = (room - counts - needs).clamp(LEAST_SEARCH * scale, MOST_SEARCH * scale);
    let search = search.min((room - needs).max(TIGHT_SEARCH * scale)).min(whole * 0.4);
    // Where not even that fits, the export is behind `More` too: the name of what is open says what one looks at.
    let has_export = room - needs >= TIGHT_SEARCH * scale;
    row_ui(ui, |ui| {
        if has_export {
            command_button(ui, "Export", Command::ExportPanel, queue);
            ui.add_space(6.0);
        }
        search::field_ui(ui, state, search, queue);
        ui.add_space(6.0);
        if !more.is_empty() {
            more_ui(ui, state, &more, has_export, queue);
        }
        shown.iter().for_each(|group| group.ui(ui, state, chars, queue));
        ui.add_space(6.0);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| title_ui(ui, state, data));
    });
}

/// The groups that fit into `room` points beside a search field, those that do not, both right to left, and how many
/// characters of the reference clock's name there is room for.
fn fitting(state: &State, room: f32) -> (Vec<Group>, Vec<Group>, usize) {
    let scale = state.settings.text_scale;
    let needs = |chars| groups(state).map(|group| group.width(state, chars) + SPACING).sum::<f32>();
    // The name of the reference clock is cut before anything goes.
    for chars in [CLOCK_CHARS, FEW_CLOCK_CHARS] {
        if needs(chars) + LEAST_SEARCH * scale <= room {
            return (groups(state).collect(), Vec::new(), chars);
        }
    }
    let mut left = room - TIGHT_SEARCH * scale - more_width(scale);
    let mut kept = Vec::new();
    for group in KEPT.into_iter().filter(|kept| groups(state).any(|group| group == *kept)) {
        left -= group.width(state, FEW_CLOCK_CHARS) + SPACING;
        if left < 0.0 {
            break;
        }
        kept.push(group);
    }
    let (shown, more) = groups(state).partition(|group| kept.contains(group));
    (shown, more, FEW_CLOCK_CHARS)
}

/// Groups that keep their place in a narrow bar, the first one longest.
const KEPT: [Group; 5] = [Group::Clock, Group::Assumed, Group::Evidence, Group::Idle, Group::Fold];

/// What the button says that opens the groups without room.
const MORE: &str = "More";

fn more_width(scale: f32) -> f32 {
    command_width(MORE, scale) + SPACING
}

/// The groups that have no room in the bar, below each other.
fn more_ui(ui: &mut Ui, state: &State, groups: &[Group], has_export: bool, queue: &mut Queue) {
    let color = state.theme().theme();
    // That something is not as usual does not hide in a menu.
    let is_unusual = groups.contains(&Group::Assumed);
    let text = if is_unusual { RichText::new(MORE).color(color.warning) } else { RichText::new(MORE) };
    let response = ui.menu_button(text, |ui| {
        let widest = groups.iter().map(|group| group.width(state, CLOCK_CHARS) + SPACING).fold(0.0, f32::max);
        ui.set_width(widest);
        for group in groups.iter().rev() {
            row_ui(ui, |ui| group.ui(ui, state, CLOCK_CHARS, queue));
        }
        if !has_export {
            row_ui(ui, |ui| drop(command_button(ui, "Export", Command::ExportPanel, queue)));
        }
    });
    response.response.on_hover_text("Switches that have no room beside it");
    ui.add_space(SPACING - 8.0);
}

/// Points between the parts of the bar.
const SPACING: f32 = 14.0;
/// Points between the name and the counts, at normal text.
const GAP: f32 = 14.0;
/// Points that the name of what is open may keep from the switches, at normal text.
const LONGEST_NAME: f32 = 340.0;
/// Narrowest and widest search field in points of normal text.
const LEAST_SEARCH: f32 = 180.0;
/// Narrowest search field where switches are behind `More`.
const TIGHT_SEARCH: f32 = 120.0;
const MOST_SEARCH: f32 = 300.0;
/// Longest name of the reference clock on its button, in characters; the second where there is little room.
const CLOCK_CHARS: usize = 16;
const FEW_CLOCK_CHARS: usize = 10;

/// Switches that belong together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Group {
    Fold,
    Idle,
    Assumed,
    Evidence,
    Clock,
}

/// The groups that have something to switch, right to left.
fn groups(state: &State) -> impl Iterator<Item = Group> {
    let has_idle = conversation::is_needed(state);
    let plan = &state.session.view.plan;
    let is_usual = plan.assumed.is_usual();
    // One clock has nothing to be compared with. What was switched can be switched back.
    let is_switched = plan.clock != ClockChoice::Raw || plan.evidence != Evidence::default();
    let compares = is_switched || state.data.as_ref().is_some_and(|data| data.domains.list.len() > 1);
    let all = [Group::Fold, Group::Idle, Group::Assumed, Group::Evidence, Group::Clock];
    all.into_iter().filter(move |group| match group {
        Group::Idle => has_idle,
        Group::Assumed => !is_usual,
        Group::Evidence | Group::Clock => compares,
        Group::Fold => true,
    })
}

impl Group {
    /// How wide it is in points.
    fn width(self, state: &State, clock_chars: usize) -> f32 {
        let scale = state.settings.text_scale;
        match self {
            Self::Fold => choices_width("Fold", fold::names(state).iter().map(String::as_str), scale),
            Self::Idle => command_width(conversation::NAME, scale),
            Self::Assumed => command_width(&state.assumed_chip().unwrap_or_default(), scale),
            Self::Evidence => choices_width("Evidence", clocks::EVIDENCE.iter().map(|(name, ..)| *name), scale),
            Self::Clock => choices_width("Clock", ["Raw", &clocks::frame_name(state, clock_chars)].into_iter(), scale),
        }
    }

    /// Draws it, for a layout from right to left.
    fn ui(self, ui: &mut Ui, state: &State, clock_chars: usize, queue: &mut Queue) {
        match self {
            Self::Fold => fold::group_ui(ui, state, queue),
            Self::Idle => conversation::switch_ui(ui, state, queue),
            Self::Assumed => clocks::assumed_ui(ui, state, queue),
            Self::Evidence => clocks::evidence_ui(ui, state, queue),
            Self::Clock => clocks::clock_ui(ui, state, clock_chars, queue),
        }
        ui.add_space(SPACING - 8.0);
    }
}

/// The width of a button named `text`: as `theme::style` pads it.
fn command_width(text: &str, scale: f32) -> f32 {
    text::width(text, Font::Regular, theme::size::BODY * scale) + 2.0 * 9.0 + 2.0
}

/// The width of buttons side by side with what they are about before them.
fn choices_width<'a>(about: &str, names: impl Iterator<Item = &'a str>, scale: f32) -> f32 {
    let names: f32 = names.map(|name| command_width(name, scale)).sum();
    text::width(about, Font::Regular, theme::size::SMALL * scale) + 8.0 + names + 4.0
}

/// A row that is filled from the right.
fn row_ui(ui: &mut Ui, contents: impl FnOnce(&mut Ui)) {
    let size = egui::vec2(ui.available_width(), ui.spacing().interact_size.y);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), contents);
}

/// What is open: its name, and as many of the counts as leave room for it.
fn title_ui(ui: &mut Ui, state: &State, data: &Workspace) {
    let scale = state.settings.text_scale;
    let size = theme::size::BODY * scale;
    let gap = GAP * scale;
    let room = ui.available_width() - 2.0;
    let name = data.title();
    let counts = counts(data, &state.arranged.hull_ns);
    let name_width = text::width(&name, Font::Bold, size);
    let fits = |counts: &&String| name_width + gap + text::width(counts, Font::Regular, size) <= room;
    let everything = format!("{name}\n{}", counts.first().map_or("", String::as_str));
    let shown = text::crop_middle(&name, Font::Bold, size, room);
    ui.spacing_mut().item_spacing.x = gap;
    let title = RichText::new(shown.as_ref()).font(theme::bold(size));
    ui.add(Label::new(title).truncate()).on_hover_text(&everything);
    if let Some(counts) = counts.iter().find(fits) {
        ui.add(Label::new(RichText::new(counts).weak()).truncate()).on_hover_text(&everything);
    }
}

/// `3 traces · 4 clocks · 412 spans · 18.4 s`, and shorter and shorter forms of it.
fn counts(data: &Workspace, hull_ns: &std::ops::Range<i64>) -> Vec<String> {
    let store = &data.store;
    let length = duration_text(hull_ns.end.saturating_sub(hull_ns.start));
    let mut parts = vec![counted(store.traces().len() as u64, "trace")];
    if !data.domains.list.is_empty() {
        parts.push(counted(data.domains.list.len() as u64, "clock"));
    }
    parts.extend([counted(store.len() as u64, "span"), length]);
    (0..parts.len()).map(|from| parts[from..].join(" · ")).collect()
}
