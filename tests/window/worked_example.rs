//! The worked example of the method, from the file to the measuring tool: a browser sends at 0 and has the first token at
//! 910 ms; a gateway, as its own clock has it, receives at 670 and sends the first token at 1310.

use std::path::PathBuf;

use egui::{Key, Modifiers, Rect, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use skewline::analysis::clocks::EventKey;
use skewline::app::App;
use skewline::export::report::{BetweenReport, Describe, PairReport, Report, ReportInput};
use skewline::load::Source;
use skewline::model::SpanIx;

use crate::harness::{assert_shown, click_label, pointer, press, settle, window};

const MS: i64 = 1_000_000;

pub fn worked_example() -> Source {
    Source::Path(PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/window/worked_example.json")))
}

/// Drags from the start of one bar to the end of another, as a hand does: not exactly on the edges.
fn measure(harness: &mut Harness<'_, App>, from: Rect, to: Rect) -> (String, Option<String>) {
    let (start, end) = (from.left_center() + vec2(2.0, 1.0), to.right_center() + vec2(-2.0, 1.0));
    pointer(harness, start, Some(true));
    pointer(harness, start + vec2(30.0, 0.0), None);
    pointer(harness, end, None);
    pointer(harness, end, Some(false));
    harness.run_steps(2);
    let scene = harness.state().canvas().scene().unwrap();
    let measured = scene.measure.as_ref().unwrap();
    (measured.text.to_string(), measured.raw.as_ref().map(ToString::to_string))
}

#[test]
fn loader_engine_report_and_measuring_tool_say_the_same() {
    let mut harness = window(vec![worked_example()]);
    let state = &harness.state().state;
    let (data, known) = (state.data.as_ref().unwrap(), state.known().unwrap());
    assert_eq!(
        (data.store.len(), data.diagnostics.entries().len()),
        (3, 0),
        "the loader keeps all and finds nothing odd"
    );
    let (sent, first_token) = (EventKey::start(SpanIx(0)), EventKey::end(SpanIx(1)));

    // The engine: 640 to 910, but for the drift that clocks are allowed within the call.
    let between = known.model.between(&data.store, &data.domains, sent, first_token).unwrap();
    let near = |ns: Option<i64>, ms: i64| (ns.unwrap() - ms * MS).abs() < MS / 5;
    assert!(near(between.lo_ns, 640) && near(between.hi_ns, 910), "{between:?}");
    assert_eq!(between.raw_ns, 1_310 * MS);

    // The report: the pair under one constant offset, exactly, and the question of `--between`.
    let (store, domains, model) = (&*data.store, &data.domains, &known.model);
    let report = Report::build(ReportInput { store, domains, model, hashes: &[], failures: &[] });
    let [PairReport { lo_ns, hi_ns, slack_ns, .. }] = &report.pairs[..] else { panic!("{:?}", report.pairs) };
    let gateway_ahead = (Some(400 * MS), Some(670 * MS));
    let is_turned = *hi_ns < Some(0);
    let turned = |ns: Option<i64>| ns.map(|ns| -ns);
    assert_eq!(if is_turned { (turned(*hi_ns), turned(*lo_ns)) } else { (*lo_ns, *hi_ns) }, gateway_ahead);
    assert_eq!(*slack_ns, Some(270 * MS));
    let asked = BetweenReport::build(&Describe { store, domains, model }, sent, first_token).unwrap();
    assert_eq!((asked.lo_ns, asked.hi_ns, asked.raw_ns), (between.lo_ns, between.hi_ns, between.raw_ns));
    assert!(asked.to_string().contains("640–910 ms"), "{asked}");

    // The measuring tool, on raw times and on the reference clock's: the axis changes, the answer does not.
    for axis in ["raw", "reference"] {
        let call = harness.get_by_label_contains("POST /chat, 910 ms").rect();
        let serve = harness.get_by_label_contains("serve, 640 ms").rect();
        let across = measure(&mut harness, call, serve);
        assert_eq!(across, ("640–910 ms".to_owned(), Some("raw 1.31 s".to_owned())), "on {axis} times");
        let own = measure(&mut harness, call, call);
        assert_eq!(own, ("910 ms".to_owned(), None), "one clock measured it, on {axis} times");
        press(&mut harness, Modifiers::NONE, Key::Escape);
        press(&mut harness, Modifiers::NONE, Key::C);
        settle(&mut harness);
    }

    // And the pointer says which came first, with the same interval between the starts.
    click_label(&mut harness, "Raw");
    settle(&mut harness);
    harness.state_mut().apply(skewline::app::command::Command::Select { span: SpanIx(0), extend: false });
    harness.run_steps(2);
    let serve = harness.get_by_label_contains("serve, 640 ms").rect();
    pointer(&mut harness, serve.center(), None);
    harness.run_steps(2);
    assert_shown(&harness, "after POST /chat by 0 to 270 ms");
    assert_shown(&harness, "raw 670 ms");
}
