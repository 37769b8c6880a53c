//! Links that jump, or say that their target is elsewhere.

use egui::Ui;

use super::super::super::command::Queue;
use super::attributes::attributes_ui;
use super::fields::jump_ui;
use super::{Details, row_ui};
use crate::model::SpanIx;

/// Links shown at most.
const MOST_LISTED: usize = 200;

/// Draws the links of `span`.
pub fn links_ui(ui: &mut Ui, details: &Details<'_>, span: SpanIx, queue: &mut Queue) {
    let store = &details.data.store;
    for (at, link) in store.span(span).links().take(MOST_LISTED).enumerate() {
        ui.push_id(("link", at), |ui| {
            let kind = link.kind().to_string().replace('_', " ");
            match link.target() {
                Some(target) => jump_ui(ui, details, &kind, target, queue),
                None => {
                    let id = store.span_id_text(link.span_id());
                    let trace = store.trace_id_text(link.trace_id());
                    row_ui(ui, details, &kind, &format!("{id} of trace {trace} · not in this workspace"), queue);
                }
            }
            if !link.trace_state().is_empty() {
                row_ui(ui, details, "trace state", link.trace_state(), queue);
            }
            let attrs: Vec<_> = link.attrs().collect();
            attributes_ui(ui, details, &attrs, queue);
        });
    }
}
