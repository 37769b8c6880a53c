//! Kinds of evidence between clocks: how often each was used, how often it cannot hold, and whether it counts. Each is
//! switched off and on here, what the program switched off by itself too.

use egui::{Align, Checkbox, Label, Layout, Response, RichText, ScrollArea, Ui, WidgetInfo, vec2};

use super::super::assumed::AssumeCommand;
use super::super::command::{Command, Queue};
use super::super::state::State;
use super::assumed::note_ui;
use super::widgets::{command_button, counted, follow_focus, grouped, segmented};
use crate::analysis::clocks::Rule;
use crate::analysis::clocks::evidence::{ClassUse, Standing};
use crate::scene::{Font, Theme, text};

/// Widths of the columns of numbers and of the strength, in points of normal text.
const NUMBER: f32 = 92.0;
const STRENGTH: f32 = 92.0;
/// Width of the columns of numbers where there is little room; strengths go then.
const TIGHT_NUMBER: f32 = 70.0;
/// Less room for the rule, in points of normal text, is little.
const LEAST_RULE: f32 = 300.0;
/// Points for the box before a rule, at normal text.
const BOX: f32 = 28.0;

/// The tab.
pub fn evidence_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    head_ui(ui, state, queue);
    let Some(known) = state.known() else {
        let text = if state.is_analysing() { "Comparing the clocks…" } else { "The clocks could not be analysed." };
        ui.label(RichText::new(text).weak());
        return;
    };
    note_ui(ui, state);
    if known.uses().is_empty() {
        ui.label("No message connects two clocks here, so nothing is known about their offsets.");
        return;
    }
    ui.add_space(2.0);
    let size = vec2(ui.available_width(), ui.spacing().interact_size.y);
    ui.horizontal(|ui| {
        // The boxes stand before the rules.
        ui.add_space(BOX * state.settings.text_scale);
        let head = |text: &str| RichText::new(text).small().weak();
        let numbers = ["uses", "impossible", "set aside"].map(head);
        row_ui(ui, state, size.x - BOX * state.settings.text_scale, ["rule", "strength"].map(head), numbers, "");
    });
    let lines = lines(known.uses());
    ScrollArea::vertical().auto_shrink(false).show_rows(ui, size.y, lines.len(), |ui, rows| {
        for line in lines.get(rows).unwrap_or_default() {
            match line {
                Line::Rule(of) => ui.push_id(of.name(), |ui| rule_ui(ui, state, of, queue)).inner,
                Line::Kind(class) => ui.push_id(&class.name, |ui| class_ui(ui, state, class, queue)).inner,
            }
        }
        follow_focus(ui);
    });
}

/// A line of the list.
enum Line<'a> {
    /// All kinds of one rule together.
    Rule(OfRule<'a>),
    /// One kind.
    Kind(&'a ClassUse),
}

/// The kinds of one rule, of which there are several.
struct OfRule<'a> {
    rule: Rule,
    kinds: Vec<&'a ClassUse>,
    /// How many of them stand further up, because they do not hold.
    above: usize,
}

impl OfRule<'_> {
    /// What the command line and saved views call it.
    fn name(&self) -> &'static str {
        self.rule.into()
    }

    /// The switch of the rule in words.
    fn words(&self) -> String {
        format!("all {} of: {}", counted(self.kinds.len() as u64, "kind"), self.rule.words())
    }
}

/// What does not hold comes first, the worst on top; then rule by rule, with a line that switches the whole rule where it
/// has several kinds.
fn lines(uses: &[ClassUse]) -> Vec<Line<'_>> {
    let is_trouble = |class: &&ClassUse| class.violated > 0 || class.set_aside > 0;
    let mut trouble: Vec<&ClassUse> = uses.iter().filter(is_trouble).collect();
    trouble.sort_by_key(|class| std::cmp::Reverse((class.violated, class.set_aside)));
    let mut lines: Vec<Line<'_>> = trouble.into_iter().map(Line::Kind).collect();
    for kinds in uses.chunk_by(|a, b| a.key.rule == b.key.rule) {
        if let [first, _, ..] = kinds {
            let above = kinds.iter().filter(is_trouble).count();
            lines.push(Line::Rule(OfRule { rule: first.key.rule, kinds: kinds.iter().collect(), above }));
        }
        lines.extend(kinds.iter().filter(|class| !is_trouble(class)).map(Line::Kind));
    }
    lines
}

/// The switch of a whole rule: on, off, or some of each.
fn rule_ui(ui: &mut Ui, state: &State, of: &OfRule<'_>, queue: &mut Queue) {
    let theme = state.theme().theme();
    let usable: Vec<&&ClassUse> = of.kinds.iter().filter(|class| class.standing != Standing::TooWeak).collect();
    let on = usable.iter().filter(|class| asked(state, class).unwrap_or_else(|| class.standing.is_on())).count();
    let (is_on, is_mixed) = (on > 0, on > 0 && on < usable.len());
    let sum = |count: fn(&ClassUse) -> u64| of.kinds.iter().map(|class| count(class)).sum::<u64>();
    let sums = [sum(|class| class.uses), sum(|class| class.violated), sum(|class| class.set_aside)];
    let width = ui.available_width();
    let height = ui.spacing().interact_size.y;
    let words = of.words();
    ui.allocate_ui_with_layout(vec2(width, height), Layout::left_to_right(Align::Center), |ui| {
        let mut checked = is_on;
        let box_ = Checkbox::without_text(&mut checked).indeterminate(is_mixed);
        let box_ = ui.add_enabled(!usable.is_empty(), box_);
        let name = format!("Rule, {words}: {on} on");
        box_.widget_info(|| WidgetInfo::selected(egui::Role::CheckBox, true, is_on, &name));
        let what = if is_on { "Click to believe none of them." } else { "Click to believe them again." };
        let tip = format!("{} of {} believed\n{what}\n--without {}", grouped(on as u64), of.kinds.len(), of.name());
        if box_.on_hover_text(tip).clicked() {
            let name = of.name().to_owned();
            queue.push(Command::Assume(AssumeCommand::Believe { name, is_on: Some(!is_on) }));
        }
        let text = RichText::new(words).strong();
        let strength = RichText::new(of.rule.strength().to_string()).small().weak();
        let numbers = sums.map(|sum| RichText::new(grouped(sum)).color(theme.text_dim));
        let above =
            if of.above > 0 { format!("{} of them at the top", grouped(of.above as u64)) } else { String::new() };
        row_ui(ui, state, width - BOX * state.settings.text_scale, [text, strength], numbers, &above);
    });
}

/// Whose messages count, and the way back to the usual.
fn head_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let assumed = &state.session.view.plan.assumed;
    let traces = state.data.as_ref().map_or(0, |data| data.store.traces().len());
    ui.horizontal(|ui| {
        if traces > 1 {
            ui.label(RichText::new("Messages of").weak());
            let is_one = assumed.only_trace.is_some();
            let all =
                if traces == 2 { "both traces".to_owned() } else { format!("all {} traces", grouped(traces as u64)) };
            let choices =
                vec![(all.as_str(), Command::AllTraces, !is_one), ("this trace only", Command::OnlyTrace, is_one)];
            segmented(ui, state.theme().theme(), choices, queue);
            if let Some(id) = &assumed.only_trace {
                ui.add(Label::new(RichText::new(id).monospace().small()).truncate());
            }
        } else {
            ui.label(RichText::new("Why one event had to come before another: what bounds of clocks rest on.").weak());
        }
        if !assumed.is_usual() {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                command_button(ui, "As usual", Command::UsualAssumptions, queue);
            });
        }
    });
}

/// What is asked for of a kind, as far as it is: of itself, else of its whole rule.
fn asked(state: &State, class: &ClassUse) -> Option<bool> {
    let said = &state.session.view.plan.assumed.evidence;
    let rule: &str = class.key.rule.into();
    said.get(&class.name).or_else(|| said.get(rule)).copied()
}

fn class_ui(ui: &mut Ui, state: &State, class: &ClassUse, queue: &mut Queue) {
    let theme = state.theme().theme();
    let is_on = asked(state, class).unwrap_or_else(|| class.standing.is_on());
    let is_usable = class.standing != Standing::TooWeak;
    let count =
        |count: u64, color| RichText::new(grouped(count)).color(if count == 0 { theme.text_faint } else { color });
    let width = ui.available_width();
    let numbers =
        [count(class.uses, theme.text), count(class.violated, theme.warning), count(class.set_aside, theme.warning)];
    let height = ui.spacing().interact_size.y;
    ui.allocate_ui_with_layout(vec2(width, height), Layout::left_to_right(Align::Center), |ui| {
        let mut on = is_on && is_usable;
        let box_ = ui.add_enabled(is_usable, Checkbox::without_text(&mut on));
        let state_words = reason(class, is_on);
        name_box(&box_, class, on, &state_words);
        if box_.on_hover_text(tip(class, is_on)).changed() {
            queue.push(Command::Assume(AssumeCommand::Believe { name: class.name.clone(), is_on: Some(on) }));
        }
        // What tells it from its neighbours comes first: a long line is cut at its end.
        let words = if class.operation.is_empty() {
            class.words()
        } else {
            format!("{} · {}", class.operation, class.key.rule.words())
        };
        let text = RichText::new(words).color(if on { theme.text } else { theme.text_dim });
        let strength = RichText::new(class.key.rule.strength().to_string()).small().weak();
        row_ui(ui, state, width - BOX * state.settings.text_scale, [text, strength], numbers, brief(class, is_on));
    });
}

/// The columns behind the box: the rule takes what is left.
fn row_ui(ui: &mut Ui, state: &State, width: f32, [rule, strength]: [RichText; 2], numbers: [RichText; 3], why: &str) {
    let scale = state.settings.text_scale;
    let is_tight = width - (STRENGTH + 3.0 * NUMBER) * scale < LEAST_RULE * scale;
    let [strength_width, number_width] =
        if is_tight { [0.0, TIGHT_NUMBER * scale] } else { [STRENGTH * scale, NUMBER * scale] };
    let fixed = strength_width + 3.0 * number_width;
    let size = egui::TextStyle::Small.resolve(ui.style()).size;
    let reason = if why.is_empty() { 0.0 } else { text::width(why, Font::Regular, size) + 4.0 };
    let room = (width - fixed - reason - if why.is_empty() { 20.0 } else { 24.0 }).max(80.0);
    let height = ui.spacing().interact_size.y;
    let cell = |ui: &mut Ui, width: f32, layout: Layout, text: RichText| {
        ui.allocate_ui_with_layout(vec2(width, height), layout, |ui| {
            ui.set_min_width(width);
            ui.add(Label::new(text).truncate())
        })
    };
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let left = Layout::left_to_right(Align::Center);
        cell(ui, room, left, rule);
        if !why.is_empty() {
            cell(ui, reason, left, RichText::new(why).small().color(why_color(state.theme().theme())));
        }
        if !is_tight {
            cell(ui, strength_width, left, strength);
        }
        for number in numbers {
            cell(ui, number_width, Layout::right_to_left(Align::Center), number);
        }
    });
}

const fn why_color(theme: &Theme) -> egui::Color32 {
    theme.warning
}

/// Why it does or does not count; of what was asked for only now, that.
fn reason(class: &ClassUse, is_on: bool) -> String {
    if is_on != class.standing.is_on() && class.standing != Standing::TooWeak {
        return if is_on { "on by hand" } else { "off by hand" }.to_owned();
    }
    class.standing.words().to_owned()
}

/// The same in a few words, for the table.
fn brief(class: &ClassUse, is_on: bool) -> &'static str {
    match class.standing {
        Standing::TooWeak => "not at this level",
        standing if is_on != standing.is_on() => {
            if is_on {
                "on by hand"
            } else {
                "off by hand"
            }
        }
        Standing::Failing => "off: fails too often",
        Standing::Overruled => "off: protocol contradicts it",
        Standing::GivenUp => "off: contradicts the rest",
        Standing::On | Standing::OnByHand | Standing::OffByHand => class.standing.words(),
    }
}

fn name_box(response: &Response, class: &ClassUse, is_on: bool, why: &str) {
    let why = if why.is_empty() { String::new() } else { format!(", {why}") };
    let numbers = format!("{}, {} impossible", counted(class.uses, "use"), grouped(class.violated));
    let name = format!("{}: {numbers}{why}", class.words());
    response.widget_info(|| WidgetInfo::selected(egui::Role::CheckBox, true, is_on, &name));
}

fn tip(class: &ClassUse, is_on: bool) -> String {
    let what = match class.standing {
        Standing::TooWeak => "A weaker level of evidence is chosen in the tool bar to use it.",
        standing if standing.is_off_by_itself() && !is_on => "Click to believe it all the same.",
        _ if is_on => "Click to leave it out of what bounds and findings rest on.",
        _ => "Click to use it again.",
    };
    let why = class.standing.words();
    let why = if why.is_empty() { String::new() } else { format!("\n{why}") };
    format!("{}{why}\n{what}\n--without \"{}\"", class.words(), class.name)
}
