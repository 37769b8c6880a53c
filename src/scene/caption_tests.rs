//! Exported pictures stand alone at every size: nothing overlaps, nothing leaves the frame, and they say what they are.

use emath::{Pos2, Rect, Vec2};

use super::caption::Caption;
use super::text::{self, Font};
use super::*;
use crate::arrange::{ClockChoice, Plan};
use crate::export::picture::Timeline;
use crate::load::{Options, Progress, Source, load};
use crate::model::TraceStore;

fn sample() -> TraceStore {
    let sources = [Source::Path("sample-traces/slow-conversation.otlp.json".into())];
    load(&sources, &Options::default(), &Progress::default()).unwrap().store
}

fn place(text: &TextShape) -> Rect {
    let width = text::width(&text.text, text.font, text.size);
    let left = match text.anchor {
        Anchor::Start => text.pos.x,
        Anchor::Middle => text.pos.x - width / 2.0,
        Anchor::End => text.pos.x - width,
    };
    let top = text.pos.y - text::cap_height(text.font, text.size);
    Rect::from_min_max(Pos2::new(left, top), Pos2::new(left + width, text.pos.y))
}

/// Every text around the timeline, and where it is.
fn texts(scene: &Scene) -> Vec<(String, Rect)> {
    let shapes = scene.header.iter().chain(&scene.footer).map(|text| (text.text.to_string(), place(text)));
    let legend = scene.legend.iter().map(|entry| {
        let width = text::width(&entry.text, Font::Regular, scene.metrics.small);
        let sample = caption::sample_rect(entry, &scene.metrics);
        let top = entry.pos.y - text::cap_height(Font::Regular, scene.metrics.small);
        let right_bottom = Pos2::new(entry.pos.x + width, entry.pos.y);
        (entry.text.to_string(), Rect::from_min_max(Pos2::new(sample.left(), top), right_bottom))
    });
    shapes.chain(legend).collect()
}

#[test]
fn pictures_of_every_size_stand_alone() {
    let store = sample();
    let plans = [Plan::default(), Plan { clock: ClockChoice::Frame, ..Plan::default() }];
    for timeline in plans.iter().map(|plan| Timeline::of_store(&store, plan)) {
        let source = "slow-conversation.otlp.json · sha256 ba5a398b3df4…".to_owned();
        let caption = Caption::of_store(&store, 5, "slow-conversation.otlp.json".to_owned(), source);
        for (width, height, scale) in [
            (480.0, 360.0, 1.0),
            (320.0, 240.0, 0.66),
            (640.0, 400.0, 1.0),
            (600.0, 900.0, 1.5),
            (800.0, 600.0, 1.0),
            (1000.0, 700.0, 1.0),
            (1600.0, 500.0, 1.0),
            (1600.0, 1000.0, 1.0),
            (3840.0, 2160.0, 2.0),
        ] {
            let mut view = ViewState { size: Vec2::new(width, height), text_scale: scale, ..ViewState::default() };
            view.fit(&timeline.arranged.hull_ns);
            view.course = std::sync::Arc::clone(&timeline.arranged.course);
            let scene = timeline.scene(&store, &caption, &view);
            let which = format!("{width}x{height} at {scale}");
            assert!(scene.areas.canvas.height() >= 40.0 * scale, "{which}: {}", scene.areas.canvas.height());
            let texts = texts(&scene);
            let frame = scene.areas.frame.expand(0.5);
            for (at, (text, place)) in texts.iter().enumerate() {
                assert!(frame.contains_rect(*place), "{which}: {text:?} leaves the picture: {place}");
                assert!(!scene.areas.canvas.intersects(*place), "{which}: {text:?} lies on the timeline");
                for (other, of_other) in &texts[at + 1..] {
                    assert!(!place.intersects(*of_other), "{which}: {text:?} and {other:?} overlap");
                }
            }
            let says = |wanted: &str| texts.iter().any(|(text, _)| text.contains(wanted));
            let clock =
                if timeline.arranged.is_frame() { "times as gateway's clock would" } else { "raw clocks: every" };
            for wanted in [clock, "slow-conversation.otlp.json", "2026-11-21", "UTC", "sha256", "in view", "Skewline"] {
                assert!(says(wanted), "{which} does not say {wanted:?}: {texts:?}");
            }
            if width >= 1000.0 {
                assert!(texts.iter().all(|(text, _)| !text.ends_with('…') || text.contains("sha256")), "{texts:?}");
            }
        }
    }
}
