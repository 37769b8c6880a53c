//! Where a span lies on the reference clock's axis, and what sets each end of its bounds.

use egui::{CollapsingHeader, RichText, Ui};

use super::super::super::command::Queue;
use super::super::super::state::State;
use super::super::findings::edge_ui;
use super::{Details, row_ui};
use crate::analysis::clocks::words::placed_text;
use crate::analysis::clocks::{ClockModel, EventKey, Side};
use crate::model::SpanIx;
use crate::model::time::duration_text;

/// Edges listed for one end of a bound.
const MOST_EDGES: usize = 8;

/// Reference time with its interval, and why.
pub fn reference_ui(ui: &mut Ui, details: &Details<'_>, span: SpanIx, state: &State, queue: &mut Queue) {
    let Some(known) = state.known().filter(|_| details.data.domains.list.len() > 1) else { return };
    let (model, data) = (&known.model, details.data);
    for (name, key) in [("start (reference)", EventKey::start(span)), ("end (reference)", EventKey::end(span))] {
        let text = model
            .place(&data.store, &data.domains, key)
            .map_or_else(|| "not stamped".to_owned(), |placed| placed_text(&placed));
        row_ui(ui, details, name, &text, queue);
    }
    unit_ui(ui, details, model, span, queue);
    let Some(stamp) = model.stamps(&data.store, &data.domains).start(span) else { return };
    let Some(&domain) = data.domains.of_span.get(span.at()) else { return };
    let sides = [("not before, because", Side::Hi), ("not after, because", Side::Lo)];
    CollapsingHeader::new(RichText::new("Set by").strong()).id_salt("set-by").default_open(false).show_unindented(
        ui,
        |ui| {
            for (title, side) in sides {
                let edges = model.why(domain, stamp.anchor_ns, side);
                if edges.is_empty() {
                    continue;
                }
                ui.label(RichText::new(title).small().weak());
                for proof in edges.iter().take(MOST_EDGES) {
                    edge_ui(ui, details.theme, &data.store, proof, queue);
                }
            }
        },
    );
}

/// How long the span took where its times are read in another unit than they state.
fn unit_ui(ui: &mut Ui, details: &Details<'_>, model: &ClockModel, span: SpanIx, queue: &mut Queue) {
    let domain = details.data.domains.of_span.get(span.at());
    let unit = domain.and_then(|&domain| Some((domain, model.unit(domain)?)));
    let raw_ns = details.data.store.span(span).duration_ns();
    if let Some(((domain, unit), raw_ns)) = unit.zip(raw_ns) {
        let text = format!("{}, read as {}", duration_text(model.duration_ns(domain, raw_ns)), unit.words);
        row_ui(ui, details, "duration (reference)", &text, queue);
    }
}
