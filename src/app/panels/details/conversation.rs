//! The turn of the selected span as people read it. What was said is folded until somebody unfolds it.

use std::sync::Arc;

use egui::text::{LayoutJob, TextFormat};
use egui::{Align, Button, Color32, Frame, Label, Layout, Margin, Rect, RichText, ScrollArea, Ui, WidgetInfo, vec2};
use strum::IntoEnumIterator as _;

use super::super::super::command::{Command, Queue};
use super::super::super::people::{Contents, PeopleCommand, Shown};
use super::super::super::state::State;
use super::super::super::theme;
use super::super::widgets::{counted, segmented};
use super::said::said_ui;
use super::turns::{turn_name, turns_ui};
use super::why::why_ui;
use super::{Details, value};
use crate::analysis::genai::{Confidence, GenAi, Totals, TurnIx};
use crate::analysis::reading::{Act, Line, Moment, Party, details as details_of};
use crate::analysis::why::Explained;
use crate::model::SpanIx;
use crate::model::time::duration_text;
use crate::scene::Work;
use crate::scene::sections::tokens_text;

/// Lines this far outside of what is visible are drawn, so that the keyboard can go on to them.
const MARGIN: f32 = 240.0;
/// How deep lines are indented at most.
const MOST_DEPTH: u16 = 6;

/// The tab.
pub fn conversation_ui(ui: &mut Ui, details: &Details<'_>, state: &State, queue: &mut Queue) {
    let Some(work) = details.data.known_work() else { return };
    let Some(turn) = state.turn_looked_at() else {
        let text = match state.looked_at() {
            None => "Select a span to read its turn, or a turn here:",
            Some(_) => "This span belongs to no turn of a conversation. These are the turns:",
        };
        ui.add(Label::new(RichText::new(text).weak()).wrap());
        return turns_ui(ui, details, work, queue);
    };
    head_ui(ui, details, state, work, turn, queue);
    why_ui(ui, details, state, Explained::Turn(turn), queue);
    let Some(shown) = state.session.people.reading_of(turn) else {
        ui.label(RichText::new("Reading the turn…").weak());
        return;
    };
    if shown.reading.lines.is_empty() {
        let text = "Nothing in this turn says who talked to whom: it has no model calls, tools or agents.";
        ui.add(Label::new(RichText::new(text).weak()).wrap());
        return;
    }
    lines_ui(ui, details, state, work, shown, queue);
}

/// Which turn, what it took, and how much of what was said is shown.
fn head_ui(ui: &mut Ui, details: &Details<'_>, state: &State, work: &Work, turn: TurnIx, queue: &mut Queue) {
    let genai = &work.genai;
    let Some(known) = genai.turns().get(turn.at()) else { return };
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let count = genai.turns().len();
            for (sign, name, target) in [
                ("▶", "Next turn", turn.at().checked_add(1).filter(|at| *at < count)),
                ("◀", "Previous turn", turn.at().checked_sub(1)),
            ] {
                let button = ui.add_enabled(target.is_some(), Button::new(RichText::new(sign).small()));
                button.widget_info(|| WidgetInfo::labeled(egui::Role::Button, target.is_some(), name));
                if let Some(target) = target.filter(|_| button.on_hover_text(name).clicked()) {
                    queue.push(PeopleCommand::Turn(TurnIx::from_usize(target)).into());
                }
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let heading = RichText::new(turn_name(&details.data.store, genai, turn))
                    .font(theme::bold(theme::size::TITLE * details.scale));
                ui.add(Label::new(heading).truncate());
            });
        });
    });
    let took = state.session.people.reading_of(turn).map(|shown| shown.reading.took);
    let text = totals_text(&known.totals, took);
    ui.add(Label::new(RichText::new(text).color(details.theme.text_dim)).wrap().selectable(true));
    ui.horizontal_wrapped(|ui| {
        let chosen = state.session.people.contents;
        let choices =
            Contents::iter().map(|it| (it.name(), PeopleCommand::Contents(it).into(), it == chosen)).collect();
        segmented(ui, details.theme, choices, queue);
        let copy = |ui: &mut Ui, text, name: &str, tip, with_contents, queue: &mut Queue| {
            let button = ui.small_button(text).on_hover_text(tip);
            button.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, name));
            if button.clicked() {
                queue.push(PeopleCommand::CopyTurn { with_contents }.into());
            }
        };
        copy(ui, "Copy", "Copy turn", "Copies these lines without anything that was said", false, queue);
        copy(ui, "Copy all", "Copy turn with contents", "Copies these lines with what was said", true, queue);
    });
    ui.add_space(3.0);
}

/// `5.17 s · 5 model calls · 4 tool calls · 6,034 → 1,204 tokens · 2 failed`.
pub fn totals_text(totals: &Totals, took: Option<Moment>) -> String {
    let mut parts = Vec::new();
    parts.extend(took.map(|took| took.words()));
    if totals.model_calls > 0 {
        parts.push(counted(totals.model_calls, "model call"));
    }
    if totals.tool_calls > 0 {
        parts.push(counted(totals.tool_calls, "tool call"));
    }
    let input = (totals.calls_with_input > 0).then_some(totals.input_tokens);
    let output = (totals.calls_with_output > 0).then_some(totals.output_tokens);
    parts.extend(tokens_text(input, output, "tokens"));
    if totals.calls_without_tokens > 0 {
        parts.push(format!("{} without tokens", counted(totals.calls_without_tokens, "call")));
    }
    if totals.errors > 0 {
        parts.push(format!("{} failed", counted(totals.errors, "span")));
    }
    parts.join(" · ")
}

/// What is remembered from frame to frame: how high each line was, and what the list has followed.
#[derive(Clone, Default)]
struct Seen {
    heights: Arc<Vec<f32>>,
    followed: Option<(SpanIx, Contents)>,
}

fn lines_ui(ui: &mut Ui, details: &Details<'_>, state: &State, work: &Work, shown: &Shown, queue: &mut Queue) {
    let lines = &shown.reading.lines;
    let contents = state.session.people.contents;
    let id = ui.scope_id().with(("turn", shown.reading.turn.at()));
    let looked_at = state.looked_at();
    let current = looked_at.and_then(|span| line_of(details, lines, span));
    ScrollArea::vertical().auto_shrink(false).id_salt("turn").show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        let mut seen: Seen = ui.data_mut(|data| data.get_temp(id)).unwrap_or_default();
        // Once per selection and way of showing, so that scrolling away from it is possible.
        let follow = looked_at.map(|span| (span, contents));
        let has_moved = seen.followed != follow;
        seen.followed = follow;
        let mut heights = Arc::unwrap_or_clone(seen.heights);
        heights.resize(lines.len(), 0.0);
        let visible = ui.clip_rect().expand(MARGIN);
        for (at, line) in lines.iter().enumerate() {
            let top = ui.cursor().top();
            let is_outside = heights[at] > 0.0 && (top + heights[at] < visible.top() || top > visible.bottom());
            if is_outside && !has_moved {
                ui.add_space(heights[at]);
                continue;
            }
            let is_current = current == Some(at);
            let drawn = LineView { details, genai: &work.genai, work, state, contents, at, line, is_current };
            let response = ui.push_id((at, contents.name()), |ui| drawn.line_ui(ui, queue)).response;
            heights[at] = ui.cursor().top() - top;
            if is_current && has_moved {
                response.scroll_to_me(None);
            }
        }
        if shown.reading.more > 0 {
            ui.label(RichText::new(format!("and {}", counted(shown.reading.more, "more line"))).weak());
        }
        seen.heights = Arc::new(heights);
        ui.data_mut(|data| data.insert_temp(id, seen));
    });
}

/// The line of `span`, or of the nearest span above it that has one.
fn line_of(details: &Details<'_>, lines: &[Line], span: SpanIx) -> Option<usize> {
    let store = &details.data.store;
    let above = std::iter::successors(Some(span), |&up| store.span(up).parent()).take(64);
    // What the user asks and gets stand on spans of other lines.
    let of = |span: SpanIx| {
        let own = |line: &&(usize, &Line)| line.1.span == span;
        let all: Vec<(usize, &Line)> = lines.iter().enumerate().filter(|(_, line)| line.span == span).collect();
        let found = all.iter().find(|line| own(line) && !matches!(line.1.act, Act::Asks | Act::Answers));
        found.or(all.first()).map(|(at, _)| *at)
    };
    above.into_iter().find_map(of)
}

struct LineView<'a> {
    details: &'a Details<'a>,
    genai: &'a GenAi,
    work: &'a Work,
    state: &'a State,
    contents: Contents,
    at: usize,
    line: &'a Line,
    is_current: bool,
}

impl LineView<'_> {
    fn line_ui(&self, ui: &mut Ui, queue: &mut Queue) {
        let theme = self.details.theme;
        let fill = if self.is_current { theme.control_hover } else { Color32::TRANSPARENT };
        let frame =
            Frame::new().fill(fill).corner_radius(3).inner_margin(Margin { left: 4, right: 4, top: 2, bottom: 2 });
        let shown = frame.show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = 3.0;
                self.time_ui(ui);
                ui.add_space(4.0 + f32::from(self.line.depth.min(MOST_DEPTH)) * 10.0 * self.details.scale);
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 1.0;
                    self.sentence_ui(ui, queue);
                    self.details_ui(ui);
                    self.said_ui(ui);
                });
            });
        });
        if self.line.failure.is_some() {
            let rect = shown.response.rect;
            let bar = Rect::from_min_size(rect.min, vec2(2.0, rect.height()));
            ui.painter().rect_filled(bar, 1.0, theme.error);
        }
    }

    /// When, in a column of its own; `2.79–2.99 s` where clocks differ.
    fn time_ui(&self, ui: &mut Ui) {
        let theme = self.details.theme;
        let start = self.line.start;
        let color = if start.is_exact() { theme.text_faint } else { theme.clock };
        let width = 76.0 * self.details.scale;
        ui.allocate_ui_with_layout(vec2(width, 16.0 * self.details.scale), Layout::right_to_left(Align::Min), |ui| {
            ui.set_min_width(width);
            let text = RichText::new(start.words()).small().monospace().color(color);
            let response = ui.add(Label::new(text).wrap().halign(Align::RIGHT));
            response.on_hover_text(time_words(&start));
        });
    }

    fn sentence_ui(&self, ui: &mut Ui, queue: &mut Queue) {
        let theme = self.details.theme;
        let mut job = LayoutJob::default();
        job.wrap.max_width = ui.available_width();
        let body = egui::TextStyle::Body.resolve(ui.style());
        let is_inferred = self.line.confidence == Confidence::Inferred;
        let mut add = |text: &str, color: Color32, is_bold: bool, is_guess: bool| {
            let font = if is_bold { theme::bold(body.size) } else { body.clone() };
            job.append(text, 0.0, TextFormat { font_id: font, color, italics: is_guess, ..TextFormat::default() });
        };
        let (from, to) = (&self.line.from, &self.line.to);
        let [from_color, to_color] = [from, to].map(|party| self.party_color(party));
        let act = self.line.act;
        if act != Act::Begins {
            add(from.name(self.genai), from_color, true, from.is_guess(self.genai));
            add(&format!(" {}", act.words()), theme.text_dim, false, is_inferred);
        }
        if act != Act::Waits {
            let name = value::shortened(to.name(self.genai), 120);
            add(if act == Act::Begins { "" } else { " " }, theme.text, false, false);
            add(&name, to_color, true, to.is_guess(self.genai));
        }
        if act == Act::Begins {
            add(" begins", theme.text_dim, false, is_inferred);
        }
        if is_inferred {
            add("  inferred", theme.warning, false, true);
        }
        let response = ui.add(egui::Link::new(job));
        let tip = if self.line.remark.is_empty() { "Selects its span" } else { self.line.remark.as_str() };
        if response.on_hover_text(tip).clicked() {
            queue.push(Command::Reveal(self.line.span));
        }
    }

    fn party_color(&self, party: &Party) -> Color32 {
        let theme = self.details.theme;
        match party {
            // Readable whatever the agent's colour is: a little of it in the colour of text.
            Party::Agent(ix) => {
                let fill = self.work.agent_colors(*ix, self.state.theme()).fill;
                crate::scene::theme::mix(theme.text, fill, 0.35)
            }
            Party::User | Party::Person => theme.text,
            _ => theme.text_dim,
        }
    }

    fn details_ui(&self, ui: &mut Ui) {
        let theme = self.details.theme;
        let (bad, good): (Vec<String>, Vec<String>) =
            details_of(self.line).into_iter().partition(|text| text.starts_with("failed"));
        if !good.is_empty() {
            let text = RichText::new(good.join(" · ")).small().color(theme.text_dim);
            let response = ui.add(Label::new(text).wrap());
            if let Some(first) = &self.line.first_token {
                response.on_hover_text(format!("first token from {}, {}", first.source, first.confidence));
            }
        }
        for text in bad {
            let text = value::shortened(&text, 400);
            ui.add(Label::new(RichText::new(text).small().color(theme.error)).wrap().selectable(true));
        }
    }

    fn said_ui(&self, ui: &mut Ui) {
        let (first, second) = match self.line.act {
            Act::Asks => ("question", ""),
            Act::Answers => ("", "answer"),
            Act::Uses | Act::HandsOver => ("arguments", "result"),
            Act::LooksUp => ("query", "documents"),
            Act::Speaks => ("input", "output"),
            _ => ("prompt", "answer"),
        };
        let shown = [(first, &self.line.said), (second, &self.line.answered)];
        let missing: Vec<&str> = shown
            .iter()
            .filter(|(name, said)| !name.is_empty() && !said.is_silent && !said.is_captured())
            .map(|(name, _)| *name)
            .collect();
        for (name, said) in shown {
            if said.is_captured() && !name.is_empty() {
                said_ui(ui, self.details, self.contents, self.at, name, said);
            }
        }
        if !missing.is_empty() {
            let verb = if missing.len() > 1 { "were" } else { "was" };
            let text = format!("{} {verb} not captured", missing.join(" and "));
            ui.add(Label::new(RichText::new(text).small().italics().color(self.details.theme.text_faint)).wrap());
        }
    }
}

fn time_words(start: &Moment) -> String {
    let raw = start.raw_ns.map_or_else(|| "a time is missing".to_owned(), |raw| format!("raw {}", duration_text(raw)));
    if start.is_exact() {
        format!("since the turn began, on the same clock: {}", start.words())
    } else {
        format!("since the turn began, on another clock: {} ({raw})", start.words())
    }
}
