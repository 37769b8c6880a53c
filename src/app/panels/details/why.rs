//! Why a turn or a span took so long: a sentence in lines, whose parts select what shows them.

use egui::{Label, Link, Rect, RichText, Sense, Ui, vec2};

use super::super::super::command::Queue;
use super::super::super::people::PeopleCommand;
use super::super::super::state::State;
use super::super::super::theme::link_color;
use super::super::widgets::counted;
use super::Details;
use crate::analysis::why::{Explained, Why};

/// Width of a bar that shows all the time, in points.
const BAR: f32 = 44.0;

/// The sentence, or that it is being worked out.
pub fn why_ui(ui: &mut Ui, details: &Details<'_>, state: &State, what: Explained, queue: &mut Queue) {
    let Some(why) = state.session.people.whys.of(what) else {
        ui.label(RichText::new("Working out why it took so long…").weak());
        return;
    };
    // Where the ends are not known there is nothing to explain.
    let Some(why) = why else { return };
    let named: Vec<usize> = why.named().collect();
    let colon = if named.is_empty() { "" } else { ":" };
    ui.add(Label::new(RichText::new(format!("{}{colon}", why.head())).strong()).wrap().selectable(true));
    for part in named {
        part_ui(ui, details, why, part, queue);
    }
    let weak = |ui: &mut Ui, text: &str| {
        ui.add(Label::new(RichText::new(text).small().color(details.theme.text_dim)).wrap().selectable(true));
    };
    let rest = why.rest();
    if !rest.is_empty() {
        weak(ui, &rest);
    }
    why.closing().iter().for_each(|text| weak(ui, text));
    for remark in why.remarks() {
        ui.add(Label::new(RichText::new(remark).small().color(details.theme.text_faint)).wrap());
    }
    ui.add_space(3.0);
}

/// A bar for its share, and what it was.
fn part_ui(ui: &mut Ui, details: &Details<'_>, why: &Why, part: usize, queue: &mut Queue) {
    let (what, known) = (why.of, &why.parts[part]);
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let height = ui.text_style_height(&egui::TextStyle::Body);
        let (place, _) = ui.allocate_exact_size(vec2(BAR * details.scale, height), Sense::hover());
        let line = Rect::from_center_size(place.center(), vec2(place.width(), 6.0 * details.scale));
        ui.painter().rect_filled(line, 1.0, details.theme.control);
        let share = |ns: i64| (ns as f32 / why.took_ns.max(1) as f32).clamp(0.0, 1.0) * line.width();
        let end = |ns: i64| Rect::from_min_size(line.min, vec2(share(ns), line.height()));
        // What is not sure is paler.
        ui.painter().rect_filled(
            end(known.time.hi_ns.unwrap_or(why.took_ns)),
            1.0,
            details.theme.accent.gamma_multiply(0.4),
        );
        ui.painter().rect_filled(end(known.time.lo_ns), 1.0, details.theme.accent);
        ui.vertical(|ui| {
            let link = ui.add(Link::new(RichText::new(known.text()).color(link_color(details.theme))));
            let derived = if known.is_derived { "; derived from durations that spans state" } else { "" };
            let spans = counted(known.count as u64, "span");
            if link.on_hover_text(format!("On the critical path{derived}. Selects {spans}")).clicked() {
                queue.push(PeopleCommand::WhyPart { what, part }.into());
            }
        });
    });
}
