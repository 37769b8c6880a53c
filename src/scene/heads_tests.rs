//! Heads of lanes at every height: nothing overlaps, nothing leaves its lane, and many lanes fit a screen.

use emath::{Pos2, Rect, Vec2};

use super::frame::LaneHead;
use super::geometry::{HeadRoom, MANY_LANES};
use super::tests::Builder;
use super::text;
use super::*;
use crate::arrange::{ClockChoice, Plan};
use crate::export::picture::Timeline;
use crate::model::{SpanKind, TraceStore};

/// One caller and `lanes - 1` clocks with `rows` spans at once each.
fn clocks(lanes: i64, rows: i64) -> TraceStore {
    let mut b = Builder::new();
    let front = b.resource(&[("service.name", "front"), ("host.id", "f-1")]);
    for lane in 1..lanes {
        let (name, id) = (format!("service with a long name {lane}"), format!("host-{lane}"));
        let own = b.resource(&[("service.name", name.as_str()), ("host.id", id.as_str())]);
        let call = b.span(front, 0, "call", lane * 100, Some(lane * 100 + 80), |draft| draft.kind = SpanKind::Client);
        let from = lane * 100 + 20 + lane % 3 * 40;
        let mut parent = b.span(own, call, "serve", from, Some(from + 30), |draft| draft.kind = SpanKind::Server);
        for row in 1..rows {
            parent = b.span(own, parent, "work", from + row, Some(from + 30 - row), |_| {});
        }
    }
    b.finish()
}

fn scene(store: &TraceStore, size: Vec2, text_scale: f32) -> Scene {
    let timeline = Timeline::of_store(store, &Plan { clock: ClockChoice::Frame, ..Plan::default() });
    let mut view = ViewState { size, text_scale, ..ViewState::default() };
    view.fit(timeline.arranged.layout.hull_ns());
    build(&timeline.input(store, None), &view)
}

/// Where the texts of heads are.
fn texts(scene: &Scene) -> Vec<(String, Rect)> {
    let picture = lower(scene);
    let heads = picture.layers.iter().filter(|layer| layer.area == Area::Heads);
    let place = |text: &TextShape| {
        let width = text::width(&text.text, text.font, text.size);
        let left = if text.anchor == Anchor::End { text.pos.x - width } else { text.pos.x };
        let top = text.pos.y - text::cap_height(text.font, text.size);
        (text.text.to_string(), Rect::from_min_max(Pos2::new(left, top), Pos2::new(left + width, text.pos.y)))
    };
    let text = |shape: &Shape| match shape {
        Shape::Text(text) if !text.text.is_empty() => Some(place(text)),
        _ => None,
    };
    heads.flat_map(|layer| &layer.shapes).filter_map(text).collect()
}

#[test]
fn texts_of_heads_stay_in_their_lanes_and_apart() {
    for (lanes, rows) in [(4, 1), (4, 2), (4, 3), (4, 6), (41, 1), (41, 2), (41, 4)] {
        let store = clocks(lanes, rows);
        for text_scale in [0.8, 1.0, 1.3, 2.0] {
            for width in [640.0, 1366.0, 3840.0] {
                let scene = scene(&store, Vec2::new(width, 6000.0), text_scale);
                let which = format!("{lanes} lanes of {rows} at {text_scale} in {width}");
                let texts = texts(&scene);
                let is_whole = |head: &&LaneHead| head.rect.bottom() < scene.areas.canvas.bottom();
                for head in scene.lanes.iter().filter(is_whole) {
                    let own: Vec<_> = texts.iter().filter(|(_, place)| head.rect.contains(place.center())).collect();
                    assert!(own.len() >= 2, "{which}: {own:?} is all that {} says", head.name);
                    for (at, (text, place)) in own.iter().enumerate() {
                        let room = head.rect.intersect(scene.areas.heads).expand(0.5);
                        assert!(room.contains_rect(*place), "{which}: {text:?} at {place} leaves {room}");
                        for (other, of_other) in &own[at + 1..] {
                            assert!(!place.intersects(*of_other), "{which}: {text:?} and {other:?} overlap");
                        }
                    }
                    // An offset is what a lane is there for.
                    let offset: String = head.offset.text.replace(" … ", "–").chars().take(8).collect();
                    let is_said = own.iter().any(|(text, _)| text.replace(" … ", "–").starts_with(&offset));
                    assert!(is_said, "{which}: {:?} is not among {own:?}", head.offset.text);
                }
            }
        }
    }
}

#[test]
fn many_clocks_fit_a_screen() {
    for text_scale in [1.0, 1.5, 2.0] {
        let store = clocks(41, 1);
        let scene = scene(&store, Vec2::new(1920.0, 1300.0 * text_scale), text_scale);
        assert_eq!(scene.lanes.len(), 41, "at {text_scale}");
        assert!(scene.lanes[1..].iter().all(|head| head.room == HeadRoom::OneLine));
        assert_eq!(scene.hidden.rows_below, 0);
    }
    // A few lanes have room for the evidence.
    let few = scene(&clocks(MANY_LANES as i64 - 1, 1), Vec2::new(1366.0, 768.0), 1.0);
    assert!(few.lanes.iter().all(|head| head.room == HeadRoom::TwoLines), "{:?}", few.lanes);
    assert!(texts(&few).iter().any(|(text, _)| text.starts_with("host.id")));
}
