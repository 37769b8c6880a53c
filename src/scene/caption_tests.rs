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
    let shapes =
        scene.header.iter().chain(&scene.footer).chain(&scene.rest).map(|text| (text.text.to_string(), place(text)));
    let legend = scene.legend.iter().map(|entry| {
        let width = text::width(&entry.text, Font::Regular, scene.metrics.small);
        let sample = caption::sample_rect(entry, &scene.metrics);
        let top = entry.pos.y - text::cap_height(Font::Regular, scene.metrics.small);
        let right_bottom = Pos2::new(entry.pos.x + width, entry.pos.y);
        (entry.text.to_string(), Rect::from_min_max(Pos2::new(sample.left(), top), right_bottom))
    });
    shapes.chain(legend).collect()
}

/// Numbers of the findings that a picture explains below its legend.
fn explained(scene: &Scene) -> impl Iterator<Item = u32> {
    let below = scene.areas.legend.bottom();
    scene.legend.iter().filter(move |entry| entry.pos.y > below).filter_map(|entry| match entry.sample {
        frame::Sample::Finding(number, _) => Some(number),
        _ => None,
    })
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
            for wanted in [clock, "slow-conversation.otlp.json", "2026-11-21", "UTC", "sha256", "Skewline"] {
                assert!(says(wanted), "{which} does not say {wanted:?}: {texts:?}");
            }
            // Every number on a bar is explained, or the picture says how many are not.
            let numbers: std::collections::BTreeSet<u32> = explained(&scene).collect();
            for badge in &scene.clocks.badges {
                let is_told = numbers.contains(&badge.finding) || says("in view, listed by");
                assert!(is_told, "{which}: nobody says what {} is", badge.finding);
            }
            if width >= 1000.0 {
                // Findings after the first ones are cut short.
                let brief = scene.legend.iter().filter(|entry| matches!(entry.sample, frame::Sample::Finding(..)));
                let brief: Vec<&str> = brief.skip(2).map(|entry| &*entry.text).collect();
                let whole = |text: &str| !text.ends_with('…') || text.contains("sha256") || brief.contains(&text);
                let cut: Vec<&str> = texts.iter().map(|(text, _)| text.as_str()).filter(|text| !whole(text)).collect();
                assert!(cut.is_empty(), "{which}: {cut:?}");
            }
        }
    }
}

#[test]
fn pictures_end_at_edges_of_rows_and_say_how_many_rows_are_missing() {
    let store = sample();
    let timeline = Timeline::of_store(&store, &Plan::default());
    let caption = Caption::of_store(&store, 5, "a.json".to_owned(), "a.json".to_owned());
    let mut cuts = 0;
    for height in (420_u16..1700).step_by(53) {
        for scroll_y in [0.0, 7.0, 111.0, 340.0] {
            let size = Vec2::new(1200.0, f32::from(height));
            let mut view = ViewState { size, scroll_y, ..ViewState::default() };
            view.fit(&timeline.arranged.hull_ns);
            let scene = timeline.scene(&store, &caption, &view);
            let which = format!("{height} from {scroll_y}");
            let rows = scene.areas.canvas.expand2(Vec2::new(f32::INFINITY, 0.5));
            for bar in &scene.bars {
                assert!(rows.contains_rect(bar.rect), "{which}: {:?} is cut by {rows:?}", bar.rect);
            }
            match &scene.rest {
                None => assert_eq!(scene.hidden.rows_below, 0, "{which}"),
                Some(rest) => {
                    cuts += 1;
                    let rows = count_text(u64::from(scene.hidden.rows_below), "more row");
                    assert!(rest.text.starts_with(&format!("↓ {rows} below")), "{which}: {}", rest.text);
                    let drawn = lower(&scene);
                    let shapes = drawn.layers.iter().flat_map(|layer| &layer.shapes);
                    assert!(shapes.into_iter().any(|shape| matches!(shape, Shape::Text(text) if text == rest)));
                }
            }
        }
    }
    assert!(cuts > 20, "{cuts}");
}

#[test]
fn names_stay_readable_where_whiskers_are() {
    let store = sample();
    let timeline = Timeline::of_store(&store, &Plan { clock: ClockChoice::Frame, ..Plan::default() });
    let caption = Caption::of_store(&store, 5, "a.json".to_owned(), "a.json".to_owned());
    let (mut parted, mut cleared) = (0, 0);
    for width in [900.0, 1366.0, 1600.0, 2400.0] {
        let mut view = ViewState { size: Vec2::new(width, 1700.0), ..ViewState::default() };
        view.fit(&timeline.arranged.hull_ns);
        let scene = timeline.scene(&store, &caption, &view);
        for whisker in &scene.clocks.whiskers {
            let bar = scene.bars.iter().find(|bar| bar.span == whisker.span).unwrap().rect;
            let level = scene.labels.iter().filter(|label| (label.pos.y - bar.center().y).abs() < bar.height() / 2.0);
            for label in level {
                let reach = place(label).x_range();
                let crosses = |from: f32, to: f32| from < reach.max && to > reach.min;
                let (lo, hi) = (whisker.inner.lo.unwrap_or(whisker.at.x), whisker.inner.hi.unwrap_or(whisker.at.x));
                if !whisker.is_end && bar.x_range().contains(reach.min) {
                    assert!(!crosses(lo, hi), "{width}: {whisker:?} strikes {:?}", label.text);
                    cleared += 1;
                }
                let outer = whisker.outer.map(|outer| (outer.lo.unwrap_or(lo), outer.hi.unwrap_or(hi)));
                if outer.is_some_and(|(lo, hi)| crosses(lo, hi)) {
                    let ground = scene.clocks.grounds.iter().find(|ground| ground.rect.contains(place(label).center()));
                    let ground = ground.unwrap_or_else(|| panic!("{width}: {whisker:?} strikes {:?}", label.text));
                    assert!(
                        ground.rect.x_range().contains(reach.min) && ground.rect.x_range().contains(reach.max - 1.0)
                    );
                    parted += 1;
                }
            }
        }
        // The grounds lie on the lines, the names on the grounds.
        let drawn = lower(&scene);
        let layer = drawn.layers.iter().find(|layer| layer.area == Area::Bars).unwrap();
        let at = |wanted: &dyn Fn(&Shape) -> bool| layer.shapes.iter().position(wanted);
        let grounds = at(&|shape| matches!(shape, Shape::Bars(bars) if *bars == scene.clocks.grounds)).unwrap();
        let names = at(&|shape| matches!(shape, Shape::Text(text) if *text == scene.labels[0])).unwrap();
        assert!(grounds < names);
    }
    assert!(parted > 5 && cleared > 20, "{parted} {cleared}");
}

#[test]
fn an_open_side_is_named_only_where_no_name_stands() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/traces/jaeger-jaeger-ui-genaiTestTrace.json");
    let source = crate::load::Source::memory("a.json", std::fs::read(path).unwrap());
    let store = crate::load::load(&[source], &Default::default(), &Default::default()).unwrap().store;
    let timeline = Timeline::of_store(&store, &Plan { clock: ClockChoice::Frame, ..Plan::default() });
    let caption = Caption::of_store(&store, 10, "a.json".to_owned(), "a.json".to_owned());
    let mut view = ViewState { size: Vec2::new(1600.0, 1700.0), ..ViewState::default() };
    view.fit(&timeline.arranged.hull_ns);
    let scene = timeline.scene(&store, &caption, &view);
    for whisker in scene.clocks.whiskers.iter().filter(|whisker| whisker.says_open) {
        let from = whisker.at.x + 16.0;
        let level = scene.labels.iter().filter(|label| (label.pos.y - whisker.at.y).abs() < 9.0);
        for label in level.map(|label| (place(label).x_range(), &label.text)) {
            assert!(label.0.min > from + 60.0 || label.0.max < from, "{whisker:?} lies on {:?}", label.1);
        }
    }
    assert!(scene.clocks.whiskers.iter().any(|whisker| whisker.is_end && whisker.inner.hi.is_none()));
}
