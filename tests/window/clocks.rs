//! Clocks through the window: whose time is shown, findings, measuring across clocks.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use skewline::analysis::clocks::{EventKey, Evidence, Point};
use skewline::analysis::search::Field;
use skewline::analysis::table::Column;
use skewline::app::clocks::ClockCommand;
use skewline::app::command::Command;
use skewline::arrange::ClockChoice;
use skewline::load::Source;
use skewline::model::SpanIx;
use skewline::scene::TimeRange;

use crate::harness::{assert_shown, click_label, pointer, press, selected_names, settle, small, window};

/// The worked example of the method: between the clocks of browser and gateway lie 400 to 670 ms.
pub const EXAMPLE: &str = r#"{"resourceSpans":[
{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"browser"}},{"key":"device.id","value":{"stringValue":"d-1"}},
 {"key":"telemetry.sdk.language","value":{"stringValue":"go"}}]},
 "scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"0000000000000001","name":"POST /chat","kind":3,
 "startTimeUnixNano":"1700000000000000001","endTimeUnixNano":"1700000000910000001","status":{"code":1}}]}]},
{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"gateway"}},{"key":"host.id","value":{"stringValue":"gw-1"}},
 {"key":"telemetry.sdk.language","value":{"stringValue":"go"}}]},
 "scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"0000000000000002","parentSpanId":"0000000000000001","name":"serve","kind":2,
 "startTimeUnixNano":"1700000000670000001","endTimeUnixNano":"1700000001310000001","status":{"code":1}}]}]}]}"#;

pub fn example() -> Source {
    Source::memory("example.json", EXAMPLE.as_bytes())
}

/// The same with two more spans, one of each clock, whose parents no input holds.
pub fn with_ghosts() -> Source {
    let first = r#"{"traceId":"1af7651916cd43dd8448eb211c80319c","spanId":"0000000000000008","parentSpanId":"00000000000000f8",
 "name":"orphan of the browser","startTimeUnixNano":"1700000000100000001","endTimeUnixNano":"1700000000400000001"},"#;
    let second = r#"{"traceId":"1af7651916cd43dd8448eb211c80319c","spanId":"0000000000000009","parentSpanId":"00000000000000f9",
 "name":"orphan of the gateway","startTimeUnixNano":"1700000000800000001","endTimeUnixNano":"1700000001200000001"},"#;
    let begin = r#""spans":["#;
    let mut parts = EXAMPLE.split(begin);
    let [head, browser, gateway] = [parts.next(), parts.next(), parts.next()].map(Option::unwrap);
    let text = format!("{head}{begin}{first}{browser}{begin}{second}{gateway}");
    Source::memory("ghosts.json", text.into_bytes())
}

#[test]
fn the_clock_is_switched_and_nothing_of_the_data_changes() {
    let mut harness = window(vec![example()]);
    let start = |harness: &egui_kittest::Harness<'_, skewline::app::App>| {
        let state = &harness.state().state;
        (state.arranged.layout.extent_ns(SpanIx(0)).0, state.data.as_ref().unwrap().store.starts_ns().to_vec())
    };
    let before = start(&harness);
    press(&mut harness, Modifiers::NONE, Key::C);
    settle(&mut harness);
    assert!(harness.state().state.arranged.is_frame());
    let after = start(&harness);
    assert_ne!(before.0, after.0, "the browser's bar has moved");
    assert_eq!(before.1, after.1, "its raw times have not");
    assert!(!harness.state().canvas().scene().unwrap().clocks.whiskers.is_empty());
    click_label(&mut harness, "Raw");
    settle(&mut harness);
    assert_eq!(start(&harness), before);
    assert!(harness.state().canvas().scene().unwrap().clocks.whiskers.is_empty(), "raw times have no whiskers");
}

#[test]
fn evidence_is_chosen_in_the_tool_bar() {
    let mut harness = window(vec![example()]);
    for (label, level) in
        [("Protocol", Evidence::Protocol), ("Prior", Evidence::Prior), ("Convention", Evidence::Convention)]
    {
        click_label(&mut harness, label);
        settle(&mut harness);
        let state = &harness.state().state;
        assert_eq!(state.known().unwrap().model.options().level, level);
        assert_eq!(state.session.view.plan.clock, ClockChoice::Raw);
    }
}

#[test]
fn a_finding_jumps_to_its_witness_and_esc_lets_go() {
    let mut harness = window(vec![example()]);
    assert_shown(&harness, "explained by clocks 1 · real 0");
    press(&mut harness, Modifiers::NONE, Key::N);
    assert_eq!(harness.state().state.session.view.finding, Some(1));
    assert_eq!(selected_names(&harness), ["POST /chat"], "the effect that seems to come first");
    let scene = harness.state().canvas().scene().unwrap().clone();
    assert!(scene.clocks.arrows.iter().any(|arrow| arrow.finding == Some(1) && arrow.is_active));
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert_eq!(harness.state().state.session.view.finding, None);
    harness.get_by_label_contains("Finding 1:").click();
    harness.run_steps(3);
    assert_eq!(harness.state().state.session.view.finding, Some(1));
}

#[test]
fn one_clock_has_no_switches_of_clocks_until_one_is_used() {
    let mut harness = window(vec![small()]);
    for name in ["Raw", "Convention"] {
        assert!(harness.query_by_label(name).is_none(), "{name}: there is nothing to compare");
    }
    press(&mut harness, Modifiers::NONE, Key::C);
    settle(&mut harness);
    click_label(&mut harness, "Raw");
    settle(&mut harness);
    assert!(harness.query_by_label("Raw").is_none(), "what was switched can be switched back");
    let harness = window(vec![example()]);
    assert!(harness.query_by_label("Raw").is_some() && harness.query_by_label("Convention").is_some());
}

#[test]
fn measuring_across_clocks_says_640_to_910_ms() {
    let mut harness = window(vec![example()]);
    let range = TimeRange { from_ns: 1_700_000_000_000_000_001, to_ns: 1_700_000_001_310_000_001 };
    let ends = [Some(EventKey::start(SpanIx(0))), Some(EventKey::end(SpanIx(1)))];
    harness.state_mut().apply(Command::Clocks(ClockCommand::Measure { range, ends, clocks: [None; 2] }));
    harness.run_steps(2);
    let scene = harness.state().canvas().scene().unwrap().clone();
    let measure = scene.measure.as_ref().unwrap();
    assert_eq!((&*measure.text, measure.raw.as_deref()), ("640–910 ms", Some("raw 1.31 s")));
}

#[test]
fn nothing_is_left_to_the_window_when_the_clocks_are_known() {
    let mut harness = window(vec![example()]);
    for command in
        [Command::EvidenceConvention, Command::EvidenceProtocol, Command::EvidencePrior, Command::ToggleClock]
    {
        harness.state_mut().apply(command);
        settle(&mut harness);
        let model = &harness.state().state.known().unwrap().model;
        assert!(model.is_ready_for_questions(), "the first hover would search the whole system");
    }
}

#[test]
fn a_lane_becomes_the_reference() {
    let mut harness = window(vec![example()]);
    let first = harness.state().state.known().unwrap().model.reference().unwrap().domain;
    let lanes = harness.state().state.arranged.lanes.clone();
    let other = lanes.iter().find(|lane| lane.clock() != Some(first)).unwrap();
    harness.state_mut().apply(Command::Clocks(ClockCommand::SetReference(other.key.clone())));
    settle(&mut harness);
    assert_eq!(harness.state().state.known().unwrap().model.reference().map(|it| it.domain), other.clock());
}

#[test]
fn dragging_over_two_clocks_reads_the_interval_and_the_raw_claim() {
    let mut harness = window(vec![example()]);
    let from = harness.get_by_label_contains("POST /chat, 910 ms").rect();
    let to = harness.get_by_label_contains("serve, 640 ms").rect();
    pointer(&mut harness, from.left_center() + egui::vec2(1.0, 0.0), Some(true));
    pointer(&mut harness, from.center(), None);
    pointer(&mut harness, to.right_center() - egui::vec2(1.0, 0.0), None);
    pointer(&mut harness, to.right_center() - egui::vec2(1.0, 0.0), Some(false));
    harness.run_steps(2);
    let view = &harness.state().state.session.view;
    assert_eq!(view.measure_ends, [Some(EventKey::start(SpanIx(0))), Some(EventKey::end(SpanIx(1)))]);
    let scene = harness.state().canvas().scene().unwrap().clone();
    let measure = scene.measure.as_ref().unwrap();
    assert_eq!((&*measure.text, measure.raw.as_deref()), ("640–910 ms", Some("raw 1.31 s")));
}

#[test]
fn measuring_ends_at_the_first_piece_of_an_answer() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/sample-traces/streaming.otlp.json");
    let mut harness = window(vec![Source::Path(path.into())]);
    let span = {
        let data = harness.state().state.data.as_ref().unwrap();
        let genai = &data.known_work().unwrap().genai;
        let has_piece = |span: SpanIx| data.store.span(span).events().any(|event| genai.is_piece(event.name_sym()));
        genai.calls().iter().map(|call| call.span).find(|&span| has_piece(span)).unwrap()
    };
    harness.state_mut().apply(Command::ZoomToSpan(span));
    settle(&mut harness);
    let scene = harness.state().canvas().scene().unwrap().clone();
    let lane = &scene.lanes[0];
    let head = harness.get_all_by_label_contains(&format!("Lane {}", lane.name)).next().unwrap().rect();
    let offset = head.min - lane.rect.min;
    let bar = scene.bars.iter().find(|bar| bar.span == span).unwrap().rect;
    let first = scene.tokens.firsts.iter().find(|first| first.span == span).unwrap().center;
    let from = bar.left_center() + offset + egui::vec2(2.0, 0.0);
    pointer(&mut harness, from, Some(true));
    pointer(&mut harness, from + egui::vec2(20.0, 0.0), None);
    pointer(&mut harness, first + offset + egui::vec2(3.0, -2.0), None);
    pointer(&mut harness, first + offset + egui::vec2(3.0, -2.0), Some(false));
    harness.run_steps(2);
    let ends = harness.state().state.session.view.measure_ends;
    assert_eq!(ends[0], Some(EventKey::start(span)));
    let is_first_piece = |key: EventKey| key.span == span && matches!(key.point, Point::Event(_));
    assert!(ends[1].is_some_and(is_first_piece), "{ends:?}");
    let Some(EventKey { point: Point::Event(at), .. }) = ends[1] else { panic!("{ends:?}") };
    let span = harness.state().state.data.as_ref().unwrap().store.span(span);
    let passed_ns = span.events().nth(usize::from(at)).unwrap().time_ns() - span.start_ns();
    let measured = harness.state().canvas().scene().unwrap().measure.clone().unwrap();
    let own = skewline::model::time::duration_text(passed_ns);
    assert_eq!((&*measured.text, measured.raw.as_deref()), (own.as_str(), None), "one clock measured it");
}

#[test]
fn a_click_on_a_lane_head_lists_what_sets_its_bounds() {
    let mut harness = window(vec![example()]);
    harness.get_by_label_contains("Lane browser").click();
    harness.run_steps(3);
    assert_shown(&harness, "Why browser: behind 400–670 ms");
    assert_shown(&harness, "No farther behind, because");
    assert_shown(&harness, "No farther ahead, because");
    assert_shown(&harness, "protocol");
    assert_shown(&harness, "22:13:20.000 000 001 → 22:13:20.670 000 001");
    let scene = harness.state().canvas().scene().unwrap().clone();
    assert_eq!(scene.clocks.arrows.iter().filter(|arrow| arrow.finding.is_none()).count(), 2, "and draws them");
    harness.get_all_by_label("serve starts").next().unwrap().click();
    harness.run_steps(3);
    assert_eq!(selected_names(&harness), ["serve"], "each event is a way to its span");
    click_label(&mut harness, "Close the reasons");
    assert!(harness.query_by_label_contains("Why browser").is_none());
    assert_eq!(harness.state().state.session.view.why, None);
}

#[test]
fn the_span_table_says_how_far_reference_times_can_be_told() {
    let mut harness = window(vec![example()]);
    harness.state_mut().state.settings.tables.columns = vec![Column::Field(Field::Name), Column::Reference];
    press(&mut harness, Modifiers::NONE, Key::T);
    settle(&mut harness);
    harness.get_by_role_and_label(egui::accesskit::Role::ColumnHeader, "start (reference)").click();
    settle(&mut harness);
    let table = &harness.state().state.session.tables.spans;
    assert_eq!(table.order.column, Column::Reference);
    assert_eq!(table.listed.as_ref().unwrap().rows, [SpanIx(0), SpanIx(1)]);
    assert_shown(&harness, "± 135 ms");
    assert_shown(&harness, "22:13:20.670 000 001");
}

#[test]
fn a_measured_selection_is_measured_between_its_events() {
    let mut harness = window(vec![example()]);
    for span in [SpanIx(0), SpanIx(1)] {
        harness.state_mut().apply(Command::Select { span, extend: true });
    }
    press(&mut harness, Modifiers::NONE, Key::M);
    let measured = |harness: &egui_kittest::Harness<'_, skewline::app::App>| {
        let measure = harness.state().canvas().scene().unwrap().measure.clone().unwrap();
        (measure.text.to_string(), measure.raw.map(|raw| raw.to_string()), measure.x)
    };
    let raw = measured(&harness);
    assert_eq!((raw.0.as_str(), raw.1.as_deref()), ("640–910 ms", Some("raw 1.31 s")));
    // In the frame it stands on the same events, where they are drawn then.
    press(&mut harness, Modifiers::NONE, Key::C);
    settle(&mut harness);
    let frame = measured(&harness);
    assert_eq!((frame.0.as_str(), frame.1.as_deref()), ("640–910 ms", Some("raw 1.31 s")));
    assert!(frame.2[1] - frame.2[0] < raw.2[1] - raw.2[0], "{:?} in the frame, {:?} raw", frame.2, raw.2);
    // Another range that stands on nothing has nothing of it.
    harness.state_mut().apply(Command::Measure(Some(TimeRange {
        from_ns: 1_700_000_000_700_000_001,
        to_ns: 1_700_000_001_000_000_001,
    })));
    harness.run_steps(2);
    let plain = measured(&harness);
    assert_eq!((plain.0.as_str(), plain.1.as_deref()), ("300 ms", Some("time of gateway")));
}
