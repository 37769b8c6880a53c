//! Events on a small timeline of their own, then one by one.

use egui::{CollapsingHeader, RichText, Sense, Stroke, Ui, vec2};

use super::super::super::command::Queue;
use super::attributes::attributes_ui;
use super::{Details, row_ui};
use crate::model::SpanIx;
use crate::model::time::{absolute_text, duration_text};
use crate::scene::{Font, text};

/// Events listed at most; the timeline shows all.
const MOST_LISTED: usize = 300;

/// Draws the events of `span`.
pub fn events_ui(ui: &mut Ui, details: &Details<'_>, span: SpanIx, queue: &mut Queue) {
    timeline_ui(ui, details, span);
    let view = details.data.store.span(span);
    let start = view.drawn_ns().0;
    for (at, event) in view.events().take(MOST_LISTED).enumerate() {
        let relative = event.time_ns().saturating_sub(start);
        let sign = if relative >= 0 { "+" } else { "" };
        let title = format!("{sign}{}   {}", duration_text(relative), super::value::shortened(event.name(), 80));
        if !details.filter.is_empty() && !title.to_lowercase().contains(&details.filter) {
            continue;
        }
        let size = egui::TextStyle::Monospace.resolve(ui.style()).size;
        let room = (ui.available_width() - 50.0 * details.scale).max(40.0);
        let title = text::crop(&title, Font::Mono, size, room).into_owned();
        CollapsingHeader::new(RichText::new(title).monospace()).id_salt(("event", at)).show(ui, |ui| {
            row_ui(ui, details, "time (raw)", &absolute_text(event.time_ns()), queue);
            if let Some(observed) = event.observed_ns() {
                row_ui(ui, details, "observed", &absolute_text(observed), queue);
                let later = duration_text(observed.saturating_sub(event.time_ns()));
                row_ui(ui, details, "observed after", &format!("{later}, on the collector's clock"), queue);
            }
            let attrs: Vec<_> = event.attrs().collect();
            attributes_ui(ui, details, &attrs, queue);
        });
    }
    let count = view.events().len();
    if count > MOST_LISTED {
        ui.label(RichText::new(format!("and {} more", count - MOST_LISTED)).weak());
    }
}

/// The span as a line, its events as ticks. Events outside of the span make the line longer.
fn timeline_ui(ui: &mut Ui, details: &Details<'_>, span: SpanIx) {
    let view = details.data.store.span(span);
    let (start, end) = view.drawn_ns();
    let (mut from, mut to) = (start, end);
    for event in view.events() {
        from = from.min(event.time_ns());
        to = to.max(event.time_ns());
    }
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 26.0 * details.scale), Sense::hover());
    let inner = rect.shrink2(vec2(6.0, 4.0));
    let length = to.saturating_sub(from).max(1) as f64;
    let x_of = |ns: i64| inner.left() + (ns.saturating_sub(from) as f64 / length) as f32 * inner.width();
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 4, details.theme.canvas);
    let bar = egui::Rect::from_x_y_ranges(x_of(start)..=x_of(end).max(x_of(start) + 1.0), inner.y_range());
    painter.rect_filled(bar, 2, details.theme.control_hover);
    let mut last = f32::NEG_INFINITY;
    for event in view.events() {
        let x = x_of(event.time_ns());
        // Ticks closer than a point would be the same tick.
        if (x - last).abs() >= 1.0 {
            painter.vline(x, inner.y_range(), Stroke::new(1.5, details.theme.accent));
            last = x;
        }
    }
    let text = format!("{} from first to last", duration_text(to.saturating_sub(from)));
    response.on_hover_text(text);
}
