//! A scene as text, one line per item: what snapshot tests compare.

use std::fmt::Write as _;

use emath::Rect;

use super::frame::Scene;
use crate::model::TraceStore;
use crate::model::span::FLAG_NAMES;

impl Scene {
    /// The scene as text, in a stable order, positions rounded to points.
    #[must_use]
    pub fn dump(&self, store: &TraceStore) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let mut line = |text: String| {
            let _ = writeln!(out, "{text}");
        };
        line(format!("scene {} x {} {} scroll {}", self.size.x, self.size.y, self.theme, self.scroll_y.round()));
        if self.held.height > 0.0 {
            line(format!("held {:.0}", self.held.height));
        }
        line(format!("canvas {}", rect_text(self.areas.canvas)));
        let labels: Vec<&str> =
            self.ruler.ticks.iter().map(|tick| tick.label.as_str()).filter(|text| !text.is_empty()).collect();
        line(format!("ruler {:?} {}", self.ruler.base, labels.join(" | ")));
        let overview = &self.overview;
        let errors = overview.columns.iter().filter(|column| column.has_error).count();
        let hits = overview.columns.iter().filter(|column| column.has_hit).count();
        let hits = if hits > 0 { format!(", {hits} with hits") } else { String::new() };
        line(format!(
            "overview {} columns, {errors} with errors{hits}, window {:.0}..{:.0}",
            overview.columns.len(),
            overview.window[0],
            overview.window[1]
        ));
        for mark in &overview.marks {
            line(format!("overview finding {} {} at {:.0}", mark.finding, mark.tone, mark.center.x));
        }
        for band in &self.turns.bands {
            let failed = if band.has_failed { " failed" } else { "" };
            let current = if band.is_current { " current" } else { "" };
            line(format!("turn {} x{} {:?}{failed}{current}", rect_text(band.rect), band.count, band.text));
        }
        for mark in &self.turns.idle {
            line(format!("idle {} {:?}", rect_text(mark.rect), mark.text));
        }
        for mark in &self.turns.breaks {
            line(format!("break {:.0}..{:.0} {} {:?}", mark.x[0], mark.x[1], mark.length, mark.text));
        }
        for head in &self.lanes {
            line(format!(
                "lane {} {} | {} | {} | {} | {} | {}",
                head.lane.0,
                rect_text(head.rect),
                head.name,
                head.count,
                head.detail,
                head.chip,
                head.kind
            ));
        }
        for head in self.lanes.iter().filter(|head| !head.offset.text.is_empty()) {
            line(format!("offset {} {} {:?}", head.lane.0, head.offset.tone, head.offset.words()));
        }
        for head in &self.sections {
            let state = if head.is_open { "open" } else { "folded" };
            let guess = if head.is_guess { " inferred" } else { "" };
            let text = format!("{} | {} | {}", head.name, head.detail, head.failed);
            line(format!("group {} {state}{guess} | {text}", rect_text(head.rect)));
        }
        for bar in &self.bars {
            let flags: Vec<&str> =
                FLAG_NAMES.iter().filter(|(flag, _)| bar.flags.has(*flag)).map(|(_, name)| *name).collect();
            let name: String = store.span(bar.span).name().chars().take(40).collect();
            let found = match bar.hits {
                0 if bar.is_dim => "dim ".to_owned(),
                0 => String::new(),
                hits => format!("hits {hits} "),
            };
            line(
                format!("bar {} x{} {name:?} {found}{}", rect_text(bar.rect), bar.count, flags.join(", "))
                    .trim_end()
                    .to_owned(),
            );
        }
        for ghost in &self.ghosts {
            line(format!("ghost {} x{}", rect_text(ghost.rect), ghost.count));
        }
        for label in &self.labels {
            line(format!("label {:.0},{:.0} {:?}", label.pos.x, label.pos.y, label.text));
        }
        for part in &self.phases {
            line(format!("phase {} {} {}", rect_text(part.rect), part.phase, part.look));
        }
        for mark in &self.critical {
            let unknown = if mark.is_unknown { " unknown" } else { "" };
            line(format!("critical {}{unknown}", rect_text(mark.rect)));
        }
        for tick in &self.tokens.ticks {
            line(format!("piece {} from {} x{}", rect_text(tick.rect), tick.first, tick.count));
        }
        for stall in &self.tokens.stalls {
            line(format!("stall {} {}", rect_text(stall.rect), crate::model::time::duration_text(stall.gap_ns)));
        }
        for first in &self.tokens.firsts {
            let guess = if first.is_inferred { " inferred" } else { "" };
            line(format!("first piece {:.0},{:.0}{guess}", first.center.x, first.center.y));
        }
        for dense in &self.dense {
            line(format!("dense {} {} spans", rect_text(dense.rect), dense.spans));
        }
        if !self.events.is_empty() {
            line(format!("events {}", self.events.len()));
        }
        for edge in &self.edges {
            let (from, to) = (edge.from, edge.to);
            line(format!("edge {} {:.0},{:.0} -> {:.0},{:.0}", edge.kind, from.x, from.y, to.x, to.y));
        }
        for tie in &self.ties {
            let (from, to) = (tie.from, tie.to);
            line(format!("tie {} {:.0},{:.0} -> {:.0},{:.0} {:?}", tie.look, from.x, from.y, to.x, to.y, tie.text));
        }
        for rect in &self.selected {
            line(format!("selected {}", rect_text(*rect)));
        }
        if let Some(rect) = self.focused {
            line(format!("focused {}", rect_text(rect)));
        }
        for note in &self.notes {
            line(format!("note {:.0}..{:.0} {}", note.x[0], note.x[1], note.text));
        }
        if let Some(measure) = &self.measure {
            let raw = measure.raw.as_ref().map(|raw| format!(" | {raw}")).unwrap_or_default();
            line(format!("measure {:.0}..{:.0} {}{raw}", measure.x[0], measure.x[1], measure.text));
        }
        self.dump_clocks(store, &mut line);
        for (part, texts) in [("header", &self.header), ("corner", &self.corner), ("footer", &self.footer)] {
            for text in texts {
                line(format!("{part} {:.0},{:.0} {:?}", text.pos.x, text.pos.y, text.text));
            }
        }
        if let Some(rest) = &self.rest {
            line(format!("rest {:.0},{:.0} {:?}", rest.pos.x, rest.pos.y, rest.text));
        }
        for entry in &self.legend {
            line(format!("legend {:.0},{:.0} {:?}", entry.pos.x, entry.pos.y, entry.text));
        }
        let hidden = super::caption::hidden_text(&self.hidden);
        if !hidden.is_empty() {
            line(format!("hidden {}", hidden.join(", ")));
        }
        out
    }
}

impl Scene {
    fn dump_clocks(&self, store: &TraceStore, line: &mut impl FnMut(String)) {
        let end = |x: Option<f32>| x.map_or_else(|| "open".to_owned(), |x| format!("{x:.0}"));
        for whisker in &self.clocks.whiskers {
            let name = store.span(whisker.span).name();
            let side = if whisker.is_end { "end" } else { "start" };
            let inner = format!("{}..{}", end(whisker.inner.lo), end(whisker.inner.hi));
            let outer = whisker.outer.map(|outer| format!(" outer {}..{}", end(outer.lo), end(outer.hi)));
            let assumed = if whisker.is_assumed { " assumed" } else { "" };
            let (at, outer) = (whisker.at, outer.unwrap_or_default());
            line(format!("whisker {side} of {name:?} at {:.0},{:.0} {inner}{outer}{assumed}", at.x, at.y));
        }
        for ground in &self.clocks.grounds {
            line(format!("ground {}", rect_text(ground.rect)));
        }
        for rail in &self.clocks.rails {
            line(format!("rail {:.0}..{:.0} at {:.0}, {} bars", rail.from.x, rail.to.x, rail.from.y, rail.bars));
        }
        for raw in &self.clocks.raw {
            line(format!("raw {} {:?}", rect_text(raw.rect), raw.text));
        }
        for arrow in &self.clocks.arrows {
            let (from, to) = (arrow.from, arrow.to);
            let way = if arrow.is_backward { "backward" } else { "forward" };
            let active = if arrow.is_active { " active" } else { "" };
            let finding = arrow.finding.map(|id| format!(" #{id}")).unwrap_or_default();
            line(format!(
                "arrow{finding} {} {way}{active} {:.0},{:.0} -> {:.0},{:.0} {:?}",
                arrow.tone, from.x, from.y, to.x, to.y, arrow.text
            ));
        }
        for end in &self.clocks.far_ends {
            line(format!("far end {} {} {:?}", end.tone, rect_text(end.rect), end.text));
        }
        for badge in &self.clocks.badges {
            let center = badge.center;
            line(format!("badge #{} {} {:.0},{:.0}", badge.finding, badge.tone, center.x, center.y));
        }
    }
}

fn rect_text(rect: Rect) -> String {
    format!("{:.0},{:.0} {:.0}x{:.0}", rect.left(), rect.top(), rect.width(), rect.height())
}
