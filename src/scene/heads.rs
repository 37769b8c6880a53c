//! Lane heads: which clock, how it is known, what runs on it.

use std::sync::Arc;

use ecolor::Color32;
use emath::{Pos2, Rect};

use super::build::{Frame, SceneBuilder, count_text, grouped};
use super::clocks::{LaneOffset, lane_offset};
use super::frame::{LaneHead, Scene};
use super::geometry::{HeadRoom, LaneBand};
use super::text::{self, Font};
use super::theme::ThemeKind;
use crate::analysis::clocks::domains::ClockKind;
use crate::arrange::{ColorBy, LaneInfo};
use crate::layout::LaneIx;

/// The texts of a lane head, cropped for one width.
#[derive(Clone, Debug)]
pub(super) struct LaneTexts {
    room: f32,
    hits: Option<u32>,
    theme: ThemeKind,
    color: ColorBy,
    full_name: String,
    is_pinned: bool,
    name: Arc<str>,
    count: Arc<str>,
    detail: Arc<str>,
    chip: Arc<str>,
    kind: &'static str,
    services: Arc<[(Color32, Arc<str>)]>,
}

impl SceneBuilder {
    pub(super) fn head(&mut self, frame: &Frame<'_>, scene: &mut Scene, band: &LaneBand) {
        let (area, metrics) = (scene.area_of(band), scene.metrics);
        let [_, top_moved, bottom_moved] = frame.input.band_moved(band);
        let lane_top = scene.screen_y(band, band.lane_top) + top_moved;
        let lane_bottom = scene.screen_y(band, band.lane_bottom()) + bottom_moved;
        let top = lane_top.max(area.top());
        let bottom = lane_bottom.min(area.bottom()).max(top);
        let rect = Rect::from_min_max(Pos2::new(0.0, top), Pos2::new(area.right(), bottom));
        // The text stays in view while any of the lane is, and leaves with its bottom edge.
        let text_top = top.min(lane_bottom - metrics.lane_full.min(band.lane_height)).max(lane_top);
        let Some(lane) = frame.input.lanes.get(band.lane.at()) else { return };
        let mut texts = self.lane_texts(frame, scene, band.lane, lane);
        let room = metrics.head_room(band.lane_height, !lane.detail.is_empty());
        if room == HeadRoom::OneLine {
            // It shares its line with the offset, and is cut where both are known.
            texts.name = texts.full_name.as_str().into();
        }
        scene.lanes.push(LaneHead {
            lane: band.lane,
            rect,
            text_top,
            stripe: lane
                .services
                .first()
                .map_or(frame.theme.unknown, |name| frame.input.colors.colors_of_name(name, frame.view.theme).fill),
            name: texts.name,
            count: texts.count,
            hits: texts.hits,
            detail: texts.detail,
            chip: texts.chip,
            kind: texts.kind,
            services: texts.services,
            is_guess: lane.is_guess,
            is_mixed: lane.clocks.len() > 1,
            is_pinned: frame.view.lanes.pinned.contains(&lane.key),
            room,
            offset: offset(frame, lane),
        });
    }

    fn lane_texts(&mut self, frame: &Frame<'_>, scene: &Scene, ix: LaneIx, lane: &LaneInfo) -> LaneTexts {
        let metrics = &scene.metrics;
        let room = scene.areas.heads.width() - 26.0 * metrics.scale;
        let at = ix.at();
        let hits = frame.input.marks.map(|marks| marks.in_lane(ix));
        if self.lane_texts.len() <= at {
            self.lane_texts.resize(frame.input.lanes.len().max(at + 1), None);
        }
        let name = frame.view.lanes.name(lane);
        let is_pinned = frame.view.lanes.pinned.contains(&lane.key);
        let is_same = |texts: &&LaneTexts| {
            (texts.room, texts.theme, texts.hits, texts.is_pinned) == (room, frame.view.theme, hits, is_pinned)
                && (texts.color, texts.full_name.as_str()) == (frame.view.lanes.color, name)
        };
        if let Some(texts) = self.lane_texts[at].as_ref().filter(is_same) {
            return texts.clone();
        }
        let mut count = count_text(lane.spans, "span");
        if let Some(hits) = hits {
            count = format!("{} of {count}", grouped(u64::from(hits)));
        }
        let count_width = text::width(&count, Font::Regular, metrics.small) + 10.0 * metrics.scale;
        let pin_width = if is_pinned { 16.0 * metrics.scale } else { 0.0 };
        let kind = if lane.clocks.len() > 1 { "" } else { kind_beside(lane.kind, &lane.chip) };
        let kind_width = text::width(kind, Font::Regular, metrics.small);
        let chip_room = (room - kind_width - 26.0 * metrics.scale).max(60.0);
        let texts = LaneTexts {
            room,
            hits,
            theme: frame.view.theme,
            color: frame.view.lanes.color,
            name: text::crop(name, Font::Bold, metrics.name, room - count_width - pin_width).into(),
            full_name: name.to_owned(),
            is_pinned,
            count: count.into(),
            detail: text::crop(&lane.detail, Font::Regular, metrics.text, room).into(),
            chip: text::crop(&lane.chip, Font::Regular, metrics.small, chip_room).into(),
            kind,
            services: services(frame, &lane.services, room, metrics.small),
        };
        self.lane_texts[at] = Some(texts.clone());
        texts
    }
}

/// The offset of the lane's clock; nothing when there is no other clock.
fn offset(frame: &Frame<'_>, lane: &LaneInfo) -> LaneOffset {
    let clock = lane.clock().filter(|_| frame.input.domains.list.len() > 1);
    clock.map(|clock| lane_offset(frame.input, clock, frame.view.time)).unwrap_or_default()
}

/// The kind of clock, unless the chip beside it says so already.
fn kind_beside(kind: ClockKind, chip: &str) -> &'static str {
    // A guess by the name of a service is no ground to call a clock ours.
    let is_said = chip.contains(" · ") && kind != ClockKind::Unknown;
    if is_said { "" } else { kind_text(kind) }
}

/// Services of a lane with their colours, when bars have those and there is more than the one that the stripe shows.
fn services(frame: &Frame<'_>, names: &[String], room: f32, size: f32) -> Arc<[(Color32, Arc<str>)]> {
    if names.len() < 2 || frame.view.lanes.color != ColorBy::Service {
        return Arc::new([]);
    }
    let color = |name: &str| frame.input.colors.colors_of_name(name, frame.view.theme).fill;
    let room = room - 2.0 * size;
    names.iter().take(24).map(|name| (color(name), text::crop(name, Font::Regular, size, room).into())).collect()
}

const fn kind_text(kind: ClockKind) -> &'static str {
    match kind {
        ClockKind::Server => "our clock",
        ClockKind::Unmanaged => "unmanaged clock",
        ClockKind::Provider => "provider's clock",
        ClockKind::Unknown => "clock not known",
    }
}
