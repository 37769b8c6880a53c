//! The list of findings: what contradicts what, which clock explains it, and patterns of AI conversations.

use egui::{Align, Button, CollapsingHeader, Color32, Frame, Label, Layout, Margin, Rect, RichText};
use egui::{ScrollArea, Sense, Stroke, Ui, vec2};

use super::super::clocks::ClockCommand;
use super::super::command::{Command, Queue};
use super::super::state::State;
use super::super::theme::{bold, link_color, size};
use crate::analysis::clocks::findings::Finding as ClockFinding;
use crate::analysis::clocks::{Cause, EventKey, Point};
use crate::analysis::findings::Finding as Pattern;
use crate::analysis::numbered::Found;
use crate::model::time::duration_text;
use crate::model::{SpanIx, TraceStore};
use crate::scene::Theme;
use crate::scene::clocks::{badge_look, tone_color};

/// Findings listed at once; the others are counted.
const MOST_LISTED: usize = 200;
/// Edges of a witness that are written out.
const MOST_EDGES: usize = 12;

/// The panel.
pub fn findings_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let Some(data) = &state.data else { return };
    title_ui(ui, state, queue);
    if state.known().is_none() {
        ui.label(RichText::new(nothing_yet(state)).weak());
        return;
    }
    super::assumed::note_ui(ui, state);
    filter_ui(ui, state, queue);
    ui.add_space(2.0);
    ScrollArea::vertical().id_salt("findings").auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 5.0;
        let (mut listed, mut rest) = (0_usize, state.findings().dropped());
        for group in state.listed_findings() {
            if listed >= MOST_LISTED {
                rest += group.len();
                continue;
            }
            group_ui(ui, state, &data.store, &group, queue);
            listed += group.len().min(MOST_LISTED);
            rest += group.len().saturating_sub(MOST_LISTED);
        }
        if rest > 0 {
            ui.label(RichText::new(format!("and {}", super::widgets::counted(rest as u64, "more finding"))).weak());
        }
        if state.findings().is_empty() {
            ui.label(RichText::new("Nothing contradicts anything: the clocks may all be right.").weak());
        }
        super::widgets::follow_focus(ui);
    });
}

fn nothing_yet(state: &State) -> &'static str {
    if state.is_analysing() { "Comparing the clocks…" } else { "The clocks could not be analysed." }
}

/// `Findings (7)      explained by clocks 4 · real 3 · patterns 5`.
fn title_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let theme = state.theme().theme();
    ui.horizontal(|ui| {
        ui.label(RichText::new("Findings").font(bold(size::TITLE * state.settings.text_scale)));
        let counts = state.known().map(|_| state.findings().counts());
        if let Some([_, real, _, patterns]) = counts.filter(|counts| counts.iter().sum::<usize>() > 0) {
            let color = match (real, patterns) {
                (1.., _) => theme.error,
                (0, 1..) => theme.pattern,
                (0, 0) => theme.clock,
            };
            Frame::new()
                .stroke(Stroke::new(1.0, color))
                .corner_radius(9)
                .inner_margin(Margin::symmetric(7, 0))
                .show(ui, |ui| ui.label(RichText::new(state.findings().len().to_string()).small().strong()));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let close = ui.add(Button::new(RichText::new("✕").small()).frame_when_inactive(false));
            close.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, "Close findings"));
            if close.on_hover_text("Hides the list  (I)").clicked() {
                queue.push(Command::ToggleFindings);
            }
            if let Some(counts) = counts {
                let size = egui::TextStyle::Small.resolve(ui.style()).size;
                let [whole, short] = kinds_texts(counts);
                let width = crate::scene::text::width(&whole, crate::scene::Font::Regular, size);
                let text = if width + 2.0 <= ui.available_width() { &whole } else { &short };
                ui.add(Label::new(RichText::new(text).small().weak()).truncate()).on_hover_text(whole);
            }
        });
    });
}

/// How many findings clocks explain, how many no clock explains, how many are notes and patterns: in words, and shorter.
fn kinds_texts([explained, real, notes, patterns]: [usize; 4]) -> [String; 2] {
    let more = |what: &str, count: usize| if count > 0 { format!(" · {what} {count}") } else { String::new() };
    let (notes, patterns) = (more("notes", notes), more("patterns", patterns));
    ["explained by clocks", "clocks"].map(|clocks| format!("{clocks} {explained} · real {real}{notes}{patterns}"))
}

/// One chip per kind that occurs.
fn filter_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let kinds: Vec<(&'static str, u32)> = state.findings().kinds().collect();
    if kinds.len() < 2 {
        return;
    }
    let chosen = state.session.clocks.filter;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(4.0, 3.0);
        for (code, count) in kinds {
            let is_on = chosen == Some(code);
            let chip = Button::selectable(is_on, RichText::new(format!("{code} {count}")).small());
            let response = ui.add(chip).on_hover_text(code_words(code));
            response
                .widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, is_on, format!("Only {code}")));
            if response.clicked() {
                queue.push(Command::Clocks(ClockCommand::Filter((!is_on).then_some(code))));
            }
        }
    });
}

/// Findings with one root cause, below its name when there are several.
fn group_ui(ui: &mut Ui, state: &State, store: &TraceStore, group: &[Found<'_>], queue: &mut Queue) {
    let shown = &group[..group.len().min(MOST_LISTED)];
    let Some(first) = shown.first().filter(|_| group.len() > 1) else {
        shown.iter().for_each(|found| finding_ui(ui, state, store, *found, queue));
        return;
    };
    let root: String = first.root().chars().take(60).collect();
    let title = format!("{root} · {}", super::widgets::counted(group.len() as u64, "finding"));
    let heading = RichText::new(title).small().strong();
    // A long list of one pattern would bury what else there is.
    let is_open = group.len() <= MOST_OPEN || shown.iter().any(|found| state.session.view.finding == Some(found.id()));
    let header = CollapsingHeader::new(heading).id_salt(("root", first.id())).default_open(is_open);
    let must_open = shown.iter().any(|found| state.session.clocks.scroll_to == Some(found.id()));
    header.open(must_open.then_some(true)).show_unindented(ui, |ui| {
        shown.iter().for_each(|found| finding_ui(ui, state, store, *found, queue));
    });
}

/// Larger groups are closed at first.
const MOST_OPEN: usize = 8;

/// A code as a short title.
pub fn code_words(code: &str) -> &'static str {
    match code {
        "N0" => "One fixed offset explains it",
        "N1" => "A clock is off, seen one way only",
        "X1" => "No fixed offset: clocks drift",
        "X2" => "A clock was being corrected",
        "X3" => "A clock jumped",
        "X4" => "No offset can explain this",
        "X5" => "A loop contradicts itself",
        "X6" => "A cause that is its own effect",
        "X7" => "One message against many",
        "X8" => "Two clocks recorded as one",
        "S1" => "Ends before it starts",
        "S2" => "A child starts before its parent",
        "S3" => "A child outlives its parent",
        "S4" => "Durations that were made up",
        "C2" => "A clock stood still",
        "Q" => "Too close to tell apart",
        "U" => "Times in a wrong unit",
        "K" => "A familiar offset",
        "E2" => "Model calls that say little",
        "E3" => "Dark handoff",
        "E4" => "Reasoning dominates",
        "E5" => "Stall or repetition",
        "E6" => "Agents without names",
        "E7" => "Retry cascade",
        "E8" => "Spans without their parent",
        "E9" => "Names that changed",
        "E10" => "Modalities in separate traces",
        "E11" => "Tool calls that do not match",
        "E12" => "Nobody to attribute it to",
        "E13" => "Worth a look",
        _ => "A fact about a clock",
    }
}

fn finding_ui(ui: &mut Ui, state: &State, store: &TraceStore, found: Found<'_>, queue: &mut Queue) {
    let theme = state.theme().theme();
    let is_active = state.session.view.finding == Some(found.id());
    let color = tone_color(found.tone(), theme);
    let stroke = if is_active { Stroke::new(1.5, theme.accent) } else { Stroke::new(1.0, theme.control_line) };
    let fill = if is_active { theme.control_hover } else { theme.control };
    let frame = Frame::new().fill(fill).stroke(stroke).corner_radius(4).inner_margin(Margin {
        left: 12,
        right: 8,
        top: 6,
        bottom: 6,
    });
    let shown = frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 3.0;
        head_ui(ui, state, found, color);
        let sentence = RichText::new(found.sentence()).small().color(theme.text_dim);
        ui.add(Label::new(sentence).wrap().selectable(false));
        if is_active {
            match found {
                Found::Clock(finding) => witness_ui(ui, theme, store, finding, queue),
                Found::Pattern(_, pattern) => pattern_ui(ui, theme, store, pattern, queue),
            }
        }
    });
    let rect = shown.response.rect;
    let bar = Rect::from_min_max(rect.min, egui::pos2(rect.left() + 3.0, rect.bottom()));
    ui.painter().rect_filled(bar, 2.0, color);
    // Below its links, so that they keep their clicks.
    let head = Rect::from_min_max(rect.min, egui::pos2(rect.right(), rect.top() + 24.0_f32.max(rect.height() * 0.4)));
    let area = if is_active { head } else { rect };
    let response = ui.interact(area, ui.scope_id().with(("finding", found.id())), Sense::click());
    let name = format!("Finding {}: {}", found.id(), code_words(found.code()));
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, is_active, &name));
    if is_active && !ui.clip_rect().contains_rect(rect) && state.session.clocks.scroll_to == Some(found.id()) {
        response.scroll_to_me(Some(Align::Center));
    }
    if response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked() {
        queue.push(Command::Clocks(ClockCommand::Finding((!is_active).then_some(found.id()))));
    }
}

/// Number, title, code.
fn head_ui(ui: &mut Ui, state: &State, found: Found<'_>, color: Color32) {
    let theme = state.theme().theme();
    let scale = state.settings.text_scale;
    ui.horizontal(|ui| {
        number_ui(ui, theme, found, color, scale);
        let title = RichText::new(code_words(found.code())).font(bold(size::BODY * scale)).color(theme.text);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let mut text = found.code().to_owned();
            if found.count() > 1 {
                text = format!("× {}  {text}", super::widgets::grouped(found.count()));
            }
            let label = ui.label(RichText::new(text).small().monospace().color(theme.text_faint));
            label.on_hover_text(found.severity());
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(Label::new(title).truncate().selectable(false));
            });
        });
    });
}

/// The number as the canvas shows it.
fn number_ui(ui: &mut Ui, theme: &Theme, found: Found<'_>, color: Color32, scale: f32) {
    let text = found.id().to_string();
    let height = 16.0 * scale;
    let width = height.max(crate::scene::text::width(&text, crate::scene::Font::Bold, 10.0 * scale) + 8.0);
    let (rect, _) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
    let look = badge_look(found.tone(), color, theme);
    let stroke = Stroke::new(look.stroke.width, look.stroke.color);
    ui.painter().rect(rect, height / 2.0 * look.roundness, look.fill, stroke, egui::StrokeKind::Inside);
    ui.painter().text(rect.center(), egui::Align2::CENTER_CENTER, text, bold(10.0 * scale), look.ink);
}

/// What a pattern rests on, and its spans; each jumps.
fn pattern_ui(ui: &mut Ui, theme: &Theme, store: &TraceStore, pattern: &Pattern, queue: &mut Queue) {
    ui.label(RichText::new(pattern.severity.to_string()).small().color(theme.text_faint));
    for line in &pattern.evidence {
        ui.add(Label::new(RichText::new(line).small().color(theme.text_faint)).wrap());
    }
    let spans = pattern.spans.iter().copied().filter(|span| span.at() < store.len());
    for span in spans.take(MOST_EDGES) {
        let name: String = store.span(span).name().chars().take(40).collect();
        let text = RichText::new(name).small().color(link_color(theme));
        if ui.add(egui::Link::new(text)).on_hover_text("Selects it and brings it into view").clicked() {
            queue.push(Command::Clocks(ClockCommand::Reveal(EventKey::start(span))));
        }
    }
    let rest = pattern.count.saturating_sub(MOST_EDGES as u64);
    if rest > 0 && pattern.spans.len() > MOST_EDGES {
        ui.label(RichText::new(format!("and {}", super::widgets::counted(rest, "more span"))).small().weak());
    }
}

/// The edges that prove it, with raw times; each event jumps.
fn witness_ui(ui: &mut Ui, theme: &Theme, store: &TraceStore, finding: &ClockFinding, queue: &mut Queue) {
    let level = format!("{} · evidence: {} · model {}", finding.severity, finding.level, finding.model);
    ui.label(RichText::new(level).small().color(theme.text_faint));
    for proof in finding.witness.iter().take(MOST_EDGES) {
        edge_ui(ui, theme, store, proof, queue);
    }
    let rest = finding.witness.len().saturating_sub(MOST_EDGES) as u64;
    if rest > 0 {
        ui.label(RichText::new(format!("and {}", super::widgets::counted(rest, "more edge"))).small().weak());
    }
    for (at, repair) in finding.repairs.iter().enumerate() {
        let lead = if at == 0 { "likely:" } else { "or:" };
        ui.add(Label::new(RichText::new(format!("{lead} {repair}")).small().color(theme.text_dim)).wrap());
    }
}

/// One causal edge: what had to come first, by which rule, and what the raw times say.
pub fn edge_ui(
    ui: &mut Ui,
    theme: &Theme,
    store: &TraceStore,
    proof: &crate::analysis::clocks::Proof,
    queue: &mut Queue,
) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let [from, to] = edge_ends(store, proof.cause);
        event_link(ui, theme, store, (proof.cause.from, from), queue);
        ui.label(RichText::new("→").small().weak());
        event_link(ui, theme, store, (proof.cause.to, to), queue);
        let raw = proof.to_ns.saturating_sub(proof.from_ns);
        let sign = if raw > 0 { "+" } else { "" };
        let color = if raw < 0 { theme.error } else { theme.text_dim };
        let text = RichText::new(format!("raw {sign}{}", duration_text(raw))).small().monospace().color(color);
        ui.label(text).on_hover_text(proof.cause.rule.words());
    });
}

fn event_link(ui: &mut Ui, theme: &Theme, store: &TraceStore, (key, words): (EventKey, String), queue: &mut Queue) {
    if key.span.at() >= store.len() {
        return;
    }
    let text = RichText::new(words).small().color(link_color(theme));
    if ui.add(egui::Link::new(text)).on_hover_text("Selects it and brings it into view").clicked() {
        queue.push(Command::Clocks(ClockCommand::Reveal(key)));
    }
}

/// Both ends of a causal edge, in words: `POST /chat starts`, or `POST /chat, dated` for what another clock than the
/// span's own says. Empty for spans of another store.
pub fn edge_ends(store: &TraceStore, cause: Cause) -> [String; 2] {
    let mut ends = [cause.from, cause.to].map(|key| event_words(store, key));
    if let Some((said, is_earlier)) = cause.rule.reads() {
        let key = if is_earlier { cause.from } else { cause.to };
        ends[usize::from(!is_earlier)] = format!("{}, {}", brief_name(store, key.span), said.word());
    }
    ends
}

fn brief_name(store: &TraceStore, span: SpanIx) -> String {
    if span.at() < store.len() { store.span(span).name().chars().take(40).collect() } else { String::new() }
}

fn event_words(store: &TraceStore, key: EventKey) -> String {
    let name = brief_name(store, key.span);
    match key.point {
        Point::Start => format!("{name} starts"),
        Point::End => format!("{name} ends"),
        Point::Event(at) => format!("{name}, event {}", u32::from(at) + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::clocks::Rule;
    use crate::analysis::genai::tests::fixture::{Span, store};

    #[test]
    fn what_another_clock_said_is_no_end_of_the_span_that_read_it() {
        let span = |id: u64, name: &str| Span { id, trace: 1, name: name.to_owned(), ..Span::default() };
        let store = store(&[span(1, "POST /chat"), span(2, "jobs process")]);
        let [first, second] = [SpanIx(0), SpanIx(1)];
        let ends = |rule, from, to| edge_ends(&store, Cause { from, to, rule });
        let dated = ends(Rule::DateAfterRequest, EventKey::start(first), EventKey::end(first));
        assert_eq!(dated, ["POST /chat starts", "POST /chat, dated"]);
        let stored = ends(Rule::MessageDelivered, EventKey::start(first), EventKey::start(second));
        assert_eq!(stored, ["POST /chat, stored", "jobs process starts"]);
        let sent = ends(Rule::RequestStart, EventKey::start(first), EventKey::start(second));
        assert_eq!(sent, ["POST /chat starts", "jobs process starts"]);
    }
}
