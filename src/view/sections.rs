//! Groups of folded lanes: what a screen reader and the keyboard get of them, and the card beside the pointer.

use egui::accesskit::{Action, Role};
use egui::{Key, Rect, RichText, Sense, Ui};

use crate::app::State;
use crate::app::command::{Command, Queue};
use crate::app::lanes::LaneCommand;
use crate::model::time::duration_text;
use crate::scene::sections::{amount_of, in_view, name_of, tokens_text};
use crate::scene::{Scene, count_text, grouped};

/// Parts of a call that its card lists.
const MOST_PARTS: usize = 8;

/// Focusable places over the lines of groups in view.
pub fn sections_ui(ui: &Ui, rect: Rect, scene: &Scene, state: &State, queue: &mut Queue) {
    let offset = rect.min.to_vec2();
    for head in &scene.sections {
        let Some(section) = state.arranged.sections.get(head.section as usize) else { continue };
        let Some(group) = &section.group else { continue };
        let place = head.rect.intersect(scene.areas.canvas).translate(offset);
        let id = ui.scope_id().with(("group", section.key.as_str()));
        // The surface below keeps clicks and drags; the keyboard stops here.
        let response = ui.interact(place, id, Sense::focusable_noninteractive());
        if response.has_focus() {
            let color = scene.theme.theme().selection;
            ui.painter().rect_stroke(place.shrink(1.0), 3, egui::Stroke::new(1.5, color), egui::StrokeKind::Inside);
        }
        ui.ctx().accesskit_node_builder(id, |node| {
            node.set_role(Role::Button);
            let is_open = if head.is_open { "open" } else { "folded" };
            let failed = if section.errors > 0 { format!(", {} failed", section.errors) } else { String::new() };
            node.set_label(format!("Group {}, {is_open}, {}{failed}", name_of(group), amount_of(section)));
            node.set_expanded(head.is_open);
            node.add_action(Action::Click);
        });
        let asked = ui.input(|input| input.has_accesskit_action_request(id, Action::Click));
        let pressed = response.has_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if asked || pressed {
            queue.push(Command::Lanes(LaneCommand::ToggleGroup(section.key.clone())));
        }
    }
}

/// The card of a group.
pub fn card_ui(ui: &mut Ui, state: &State, section: u32) {
    let Some(section) = state.arranged.sections.get(section as usize) else { return };
    let Some(group) = &section.group else { return };
    let theme = state.theme().theme();
    ui.label(RichText::new(name_of(group)).strong());
    if let (Some(agent), Some(work)) = (group.agent, state.data.as_ref().and_then(|data| data.known_work()))
        && let Some(agent) = work.genai.agents().get(agent.at())
    {
        ui.label(RichText::new(format!("name from {} · {}", agent.source, agent.confidence)).weak());
    }
    let (layout, time) = (&state.arranged.layout, state.session.view.time);
    if let Some(seen) = in_view(layout, section, time.from_ns, time.to_ns) {
        let all = if seen.spans == section.spans { ", all of them" } else { "" };
        ui.label(format!("in view: {}{all} · busy {}", count_text(seen.spans, "span"), duration_text(seen.busy_ns)));
    }
    ui.label(format!("{} in all", count_text(section.spans, "span")));
    ui.label(format!("busy {} · at least one span at work", duration_text(section.busy_ns)));
    ui.label(format!("wall {} · first start to last end", duration_text(section.wall_ns)));
    ui.label(format!("sum {} · every span on its own", duration_text(section.sum_ns)));
    if let Some(tokens) = tokens_text(section.input_tokens, section.output_tokens, "tokens") {
        ui.label(format!("{tokens} · each counted once, as the spans of this group state it"));
    }
    if section.errors > 0 {
        ui.label(RichText::new(format!("{} failed", grouped(section.errors))).color(theme.error));
    }
    ui.label(RichText::new("a click opens it in place, or folds it").weak());
}

/// Which parts a model call has and how each is known, for the card of a span.
pub fn phases_ui(ui: &mut Ui, state: &State, span: crate::model::SpanIx) {
    use crate::analysis::genai::Origin;
    let Some(work) = state.data.as_ref().and_then(|data| data.known_work()) else { return };
    if let Some(agent) = work.genai.agent_of(span).and_then(|ix| work.genai.agents().get(ix.at())) {
        let guess = if agent.is_inferred { " (inferred)" } else { "" };
        ui.label(RichText::new(format!("agent {}{guess} · from {}", agent.name, agent.source)).weak());
    }
    let Some(data) = &state.data else { return };
    let parts = work.genai.phases(span);
    let call = if parts.is_empty() { None } else { work.genai.call(&data.store, span) };
    for part in parts.iter().take(MOST_PARTS) {
        let from = match part.origin {
            Origin::Real => "stated".to_owned(),
            Origin::Unaccounted => "nothing accounts for it".to_owned(),
            Origin::Derived(rule) => {
                let source = call.as_ref().and_then(|call| call.get(rule.field)).map(|known| known.source.clone());
                let ttft = || call.as_ref().and_then(|call| call.ttft().map(|(_, source, _)| source.to_owned()));
                let source = source.or_else(ttft).unwrap_or_else(|| rule.field.name().to_owned());
                let place = if rule.is_place_assumed { ", its place is assumed" } else { "" };
                format!("derived from {source} · {}{place}", rule.confidence)
            }
        };
        let outside = if part.is_outside { " · reaches out of the span" } else { "" };
        let length = duration_text(part.duration_ns());
        let label = if part.origin == Origin::Unaccounted { "unaccounted" } else { part.phase.label() };
        ui.label(RichText::new(format!("{label} {length} · {from}{outside}")).small());
    }
    if parts.len() > MOST_PARTS {
        ui.label(RichText::new(format!("and {} more parts", parts.len() - MOST_PARTS)).small().weak());
    }
}
