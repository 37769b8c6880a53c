//! What the clock engine may assume: one trace alone, drift of a clock, kinds of evidence on and off.

use std::fmt::Write as _;

use egui::accesskit::Role;
use egui::{Event, Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use skewline::analysis::clocks::evidence::Standing;
use skewline::app::App;
use skewline::app::assumed::AssumeCommand;
use skewline::app::clocks::ClockCommand;
use skewline::app::command::Command;
use skewline::arrange::{LaneKey, ViewFile};
use skewline::load::Source;
use skewline::model::SpanIx;

use crate::harness::{assert_shown, click_label, press, settle, window};

const MS: i64 = 1_000_000;
const FIRST: &str = "11111111111111111111111111111111";
const SECOND: &str = "22222222222222222222222222222222";

/// Calls of a browser, whose clock is 500 ms behind, to a gateway. Those of the first trace take 50 ms each way, those of
/// the second 5 ms. Of six calls to index something, three do not wait for the server.
pub fn two_traces() -> Source {
    let mut spans = [Vec::new(), Vec::new()];
    let mut call = |trace: &str, name: &str, sent: i64, way: i64, work: i64, waits: bool| {
        let id = spans[0].len() + 1;
        let done = if waits { sent + way + work + way } else { sent + way + work / 2 };
        let span = |id: usize, parent: &str, name: &str, kind: u8, from: i64, to: i64| {
            let at = |ms: i64| 1_700_000_000_000_000_001 + ms * MS;
            format!(
                r#"{{"traceId":"{trace}","spanId":"{id:016x}","parentSpanId":"{parent}","name":"{name}","kind":{kind},
                "startTimeUnixNano":"{}","endTimeUnixNano":"{}","status":{{"code":1}}}}"#,
                at(from),
                at(to)
            )
        };
        spans[0].push(span(id, "", name, 3, sent - 500, done - 500));
        let server = format!("serve {name}");
        spans[1].push(span(100 + id, &format!("{id:016x}"), &server, 2, sent + way, sent + way + work));
    };
    for at in 0..4 {
        call(FIRST, "ask", 1000 * at, 50, 200, true);
        call(SECOND, "ask", 1000 * at + 400, 5, 200, true);
    }
    for at in 0..6 {
        call(SECOND, "index", 5000 + 1000 * at, 5, 400, at % 2 == 0);
    }
    let mut text = String::from(r#"{"resourceSpans":["#);
    for (at, (name, key)) in [("browser", "device.id"), ("gateway", "host.id")].into_iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        let _ = write!(
            text,
            r#"{comma}{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"{name}"}}}},
            {{"key":"{key}","value":{{"stringValue":"{name}-1"}}}},
            {{"key":"telemetry.sdk.language","value":{{"stringValue":"go"}}}}]}},"scopeSpans":[{{"spans":[{}]}}]}}"#,
            spans[at].join(",")
        );
    }
    text.push_str("]}");
    Source::memory("two-traces.json", text.into_bytes())
}

/// How wide the bounds of the browser's clock are, in milliseconds.
fn width_ms(harness: &Harness<'_, App>) -> i64 {
    let state = &harness.state().state;
    let (known, data) = (state.known().unwrap(), state.data.as_ref().unwrap());
    let span = data.store.span_ixs().find(|&span| data.store.span(span).name() == "ask").unwrap();
    let clock = data.domains.of_span[span.at()];
    let offset = known.model.offset(clock, 1_700_000_000_000_000_000);
    (offset.hi_ns.unwrap() - offset.lo_ns.unwrap()) / MS
}

fn in_trace(harness: &Harness<'_, App>, id: &str) -> SpanIx {
    let store = &harness.state().state.data.as_ref().unwrap().store;
    store.span_ixs().find(|&span| store.trace_id_text(store.span(span).trace_id()) == id).unwrap()
}

fn browser(harness: &Harness<'_, App>) -> LaneKey {
    harness.state().state.arranged.lanes.iter().find(|lane| lane.name == "browser").unwrap().key.clone()
}

fn only_trace(harness: &Harness<'_, App>) -> Option<String> {
    harness.state().state.session.view.plan.assumed.only_trace.clone()
}

fn standing(harness: &Harness<'_, App>, name: &str) -> Standing {
    let known = harness.state().state.known().unwrap();
    known.uses().iter().find(|class| class.name == name).unwrap().standing
}

fn picture(harness: &mut Harness<'_, App>) -> String {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("view.svg");
    harness.state_mut().apply(Command::Export(path.clone()));
    settle(harness);
    std::fs::read_to_string(&path).unwrap()
}

#[test]
fn the_messages_of_one_trace_count_alone_and_everything_says_so() {
    let mut harness = window(vec![two_traces()]);
    assert_eq!(width_ms(&harness), 10, "the quick calls of the second trace bound the clocks");
    press(&mut harness, Modifiers::SHIFT, Key::R);
    assert_eq!(only_trace(&harness), None, "nothing is selected: no trace is meant");
    let span = in_trace(&harness, FIRST);
    harness.state_mut().apply(Command::Select { span, extend: false });
    press(&mut harness, Modifiers::SHIFT, Key::R);
    settle(&mut harness);
    assert_eq!(only_trace(&harness).as_deref(), Some(FIRST));
    assert_eq!(width_ms(&harness), 100, "the slow ones of the first do not");
    let said = format!("only the messages of trace {FIRST} count");
    assert_shown(&harness, &format!("Here {said}"));
    assert_shown(&harness, "evidence: trace 11111111");
    let heads: Vec<String> =
        harness.state().canvas().scene().unwrap().lanes.iter().map(|lane| lane.offset.words()).collect();
    assert!(heads.iter().all(|text| text.ends_with("· one trace")), "{heads:?}");
    assert!(picture(&mut harness).contains(&format!("Not as usual: {said}")));
    press(&mut harness, Modifiers::SHIFT, Key::O);
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    settle(&mut harness);
    assert_eq!((only_trace(&harness), width_ms(&harness)), (None, 10), "one step back");
    press(&mut harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    settle(&mut harness);
    assert_eq!(only_trace(&harness).as_deref(), Some(FIRST));
    // The span of another trace is that of another question; the same key again ends it.
    let span = in_trace(&harness, SECOND);
    harness.state_mut().apply(Command::Select { span, extend: false });
    press(&mut harness, Modifiers::SHIFT, Key::R);
    settle(&mut harness);
    assert_eq!((only_trace(&harness).as_deref(), width_ms(&harness)), (Some(SECOND), 10));
    press(&mut harness, Modifiers::SHIFT, Key::R);
    settle(&mut harness);
    assert_eq!(only_trace(&harness), None);
    assert!(harness.query_by_label_contains("Here only").is_none());
    let picture = picture(&mut harness);
    assert!(!picture.contains("Not as usual"));
}

#[test]
fn the_palette_and_the_tab_switch_traces_too() {
    let mut harness = window(vec![two_traces()]);
    let span = in_trace(&harness, FIRST);
    harness.state_mut().apply(Command::Select { span, extend: false });
    press(&mut harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::P);
    harness.event(Event::Text("evidence of this".to_owned()));
    harness.run_steps(3);
    press(&mut harness, Modifiers::NONE, Key::Enter);
    settle(&mut harness);
    assert_eq!(only_trace(&harness).as_deref(), Some(FIRST));
    press(&mut harness, Modifiers::SHIFT, Key::X);
    settle(&mut harness);
    click_label(&mut harness, "both traces");
    settle(&mut harness);
    assert_eq!(only_trace(&harness), None);
    click_label(&mut harness, "this trace only");
    settle(&mut harness);
    assert_eq!(only_trace(&harness).as_deref(), Some(FIRST));
    click_label(&mut harness, "As usual");
    settle(&mut harness);
    assert!(harness.state().state.session.view.plan.assumed.is_usual());
}

#[test]
fn one_trace_has_nothing_to_choose_from() {
    let mut harness = window(vec![crate::clocks::example()]);
    harness.state_mut().apply(Command::Select { span: SpanIx(0), extend: false });
    press(&mut harness, Modifiers::SHIFT, Key::R);
    assert_eq!(only_trace(&harness), None);
}

#[test]
fn drift_is_typed_for_one_clock_shown_and_taken_back() {
    let mut harness = window(vec![two_traces()]);
    harness.get_by_label_contains("Lane browser").click();
    harness.run_steps(3);
    assert_shown(&harness, "Assumed drift: at most 50 ppm");
    click_label(&mut harness, "Change drift…");
    let typed = |harness: &Harness<'_, App>| harness.state().state.session.clocks.asking_drift.clone().unwrap();
    assert_eq!((typed(&harness).typed, typed(&harness).lane), ("50".to_owned(), browser(&harness)));
    for wrong in ["fast", "-1", "NaN", "100001", "1e300"] {
        harness.state_mut().apply(Command::Assume(AssumeCommand::TypeDrift(wrong.to_owned())));
        press(&mut harness, Modifiers::NONE, Key::Enter);
        assert_shown(&harness, "Write parts per million");
    }
    harness.state_mut().apply(Command::Assume(AssumeCommand::TypeDrift(" 20000 ppm".to_owned())));
    harness.step();
    assert!(harness.query_by_label_contains("Write parts per million").is_none());
    click_label(&mut harness, "Assume it");
    settle(&mut harness);
    let options = harness.state().state.known().unwrap().model.options().clone();
    assert_eq!(options.drift_of.iter().map(|of| of.1).collect::<Vec<_>>(), [20_000_000]);
    assert_eq!(options.drift_ppb, 50_000, "of the others as before");
    let scene = harness.state().canvas().scene().unwrap().clone();
    let with_drift: Vec<&str> = scene
        .lanes
        .iter()
        .filter(|lane| lane.offset.more.contains("drift 20,000 ppm"))
        .map(|lane| &*lane.name)
        .collect();
    assert_eq!(with_drift, ["browser"]);
    assert_shown(&harness, "Here browser may drift by 20,000 ppm");
    assert!(picture(&mut harness).contains("browser may drift by 20,000 ppm"));
    let file = ViewFile::parse(
        &ViewFile { plan: (*harness.state().state.session.view.plan).clone(), ..ViewFile::default() }.text(),
    )
    .unwrap();
    assert_eq!(file.0.plan.assumed.drift_of[&browser(&harness)], 20_000_000, "saved by the lane's key");
    assert!(file.1.is_empty(), "{:?}", file.1);
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    settle(&mut harness);
    assert!(harness.state().state.session.view.plan.assumed.is_usual());
    press(&mut harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    settle(&mut harness);
    let lane = harness.state().state.arranged.lane_of_key(&browser(&harness));
    harness.state_mut().apply(Command::Clocks(ClockCommand::Why(lane)));
    harness.run_steps(3);
    click_label(&mut harness, "Usual drift");
    settle(&mut harness);
    assert!(harness.state().state.session.view.plan.assumed.is_usual());
    assert!(harness.state().state.known().unwrap().model.options().drift_of.is_empty());
}

#[test]
fn drift_is_asked_for_by_palette_and_escape_lets_go() {
    let mut harness = window(vec![two_traces()]);
    harness.state_mut().apply(Command::AssumeDrift);
    harness.run_steps(3);
    assert_shown(&harness, "Assumed drift of");
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.state().state.session.clocks.asking_drift.is_none());
    assert!(harness.state().state.session.view.plan.assumed.is_usual());
}

#[test]
fn kinds_of_evidence_are_listed_and_switched_off_and_on() {
    let mut harness = window(vec![two_traces()]);
    press(&mut harness, Modifiers::SHIFT, Key::X);
    settle(&mut harness);
    let strong = "a request is sent before the server starts on it: 14 uses, 0 impossible";
    harness.get_by_role_and_label(Role::CheckBox, strong).click();
    settle(&mut harness);
    assert_eq!(standing(&harness, "request_start"), Standing::OffByHand);
    let known = harness.state().state.known().unwrap();
    let (clock, at_ns) = (harness.state().state.data.as_ref().unwrap().domains.of_span[0], 1_700_000_000_000_000_000);
    let offset = known.model.offset(clock, at_ns);
    assert!(offset.lo_ns.is_none() || offset.hi_ns.is_none(), "nothing bounds one side any more: {offset:?}");
    assert_shown(&harness, "off by hand");
    assert_shown(&harness, "1 kind by hand");
    assert!(picture(&mut harness).contains("not believed: a request is sent before the server starts on it"));
    harness.get_by_role_and_label(Role::CheckBox, &format!("{strong}, off by hand")).click();
    settle(&mut harness);
    assert!(harness.state().state.session.view.plan.assumed.is_usual(), "as it was, not insisted on");
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    settle(&mut harness);
    assert_eq!(standing(&harness, "request_start"), Standing::OffByHand);
}

#[test]
fn what_the_program_switched_off_is_marked_and_put_back() {
    let mut harness = window(vec![two_traces()]);
    let name = "unary_end:index → serve index";
    assert_eq!(standing(&harness, name), Standing::Failing);
    assert_eq!(standing(&harness, "unary_end:ask → serve ask"), Standing::On, "the same rule holds elsewhere");
    press(&mut harness, Modifiers::SHIFT, Key::X);
    settle(&mut harness);
    let marked = harness.get_by_label_contains("3 impossible, off: no offset could make it hold");
    assert_eq!(marked.accesskit_node().role(), Role::CheckBox);
    marked.click();
    settle(&mut harness);
    assert_eq!(standing(&harness, name), Standing::OnByHand);
    assert_shown(&harness, "believed by hand: the server ends before the client has the whole response");
    let node = harness.get_by_label_contains("3 impossible, on by hand");
    node.click();
    settle(&mut harness);
    assert_eq!(standing(&harness, name), Standing::OffByHand);
}

#[test]
fn a_saved_view_for_other_files_says_what_does_not_fit() {
    let harness = window(vec![two_traces()]);
    let mut view = ViewFile::default();
    view.plan.assumed.only_trace = Some("33333333333333333333333333333333".to_owned());
    view.plan.assumed.evidence.extend([("unary_end:a → b".to_owned(), false), ("gone".to_owned(), true)]);
    view.plan.assumed.drift_of.insert(browser(&harness), u32::MAX);
    let state = &harness.state().state;
    let store = &state.data.as_ref().unwrap().store;
    let misfits = view.misfits(store, &state.arranged).join("\n");
    for part in ["no trace here is called 3333", "no spans here are called a → b", "no rule is called gone"] {
        assert!(misfits.contains(part), "{part}: {misfits}");
    }
    // What remains is analysed all the same, with a rate that a clock can have.
    let options = view.plan.clock_options(store, &state.data.as_ref().unwrap().domains);
    assert_eq!((options.only, options.said.len(), options.drift_of[0].1), (None, 0, 100_000_000));
}

fn sample(name: &str) -> Source {
    Source::Path(format!("{}/sample-traces/{name}.otlp.json", env!("CARGO_MANIFEST_DIR")).into())
}

fn heads(harness: &Harness<'_, App>) -> Vec<(String, String)> {
    let scene = harness.state().canvas().scene().unwrap();
    scene.lanes.iter().map(|lane| (lane.name.to_string(), lane.offset.words())).collect()
}

#[test]
fn a_lane_whose_clock_jumps_in_view_says_both_offsets() {
    let mut harness = window(vec![sample("step")]);
    let node = |harness: &Harness<'_, App>| heads(harness).into_iter().find(|head| head.0 == "node-7").unwrap().1;
    let whole = node(&harness);
    assert!(whole.contains(" · after a jump: ahead"), "{whole}");
    // The middle of the view in the middle of the jump: nothing is known about that moment, but about both sides.
    let jump = {
        let state = &harness.state().state;
        let domains = &state.data.as_ref().unwrap().domains;
        let at = domains.list.iter().position(|domain| domain.name == "node-7").unwrap();
        state.known().unwrap().model.jumps(skewline::model::DomainIx::from_usize(at))[0]
    };
    let middle = jump.0 + (jump.1 - jump.0) / 2;
    let show = |harness: &mut Harness<'_, App>, from_ns: i64, to_ns: i64| {
        harness.state_mut().apply(Command::ShowRange(skewline::scene::TimeRange { from_ns, to_ns }));
        settle(harness);
    };
    show(&mut harness, middle - 1000 * MS, middle + 1000 * MS);
    assert_eq!(node(&harness), whole);
    let begin = harness.state().state.arranged.hull_ns.start;
    show(&mut harness, begin, begin + 500 * MS);
    assert!(!node(&harness).contains("jump"), "before it: {}", node(&harness));
    // A clock that only is off says nothing of the kind.
    let steady = window(vec![sample("slow-conversation")]);
    assert!(heads(&steady).iter().all(|(_, words)| !words.contains("jump")), "{:?}", heads(&steady));
}

#[test]
fn copied_attributes_leave_out_what_was_said_unless_asked_for() {
    let text = crate::harness::SMALL.replace(
        r#""attributes":[{"key":"gen_ai.request.model","value":{"stringValue":"gpt-5.2"}}]"#,
        r#""attributes":[{"key":"gen_ai.request.model","value":{"stringValue":"gpt-5.2"}},
        {"key":"gen_ai.input.messages","value":{"stringValue":"[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"my secret\"}]}]"}},
        {"key":"gen_ai.usage.input_tokens","value":{"intValue":"12"}}]"#,
    );
    let mut harness = window(vec![Source::memory("said.json", text.into_bytes())]);
    harness.state_mut().apply(Command::Select { span: SpanIx(0), extend: false });
    harness.run_steps(3);
    let mut copy = |label: &str| {
        // It may lie below what is in view of the details.
        harness.get_by_label(label).click_accesskit();
        for _ in 0..4 {
            harness.step();
            for command in &harness.output().platform_output.commands {
                if let egui::OutputCommand::CopyText(text) = command {
                    return text.clone();
                }
            }
        }
        panic!("nothing was copied");
    };
    let plain = copy("Copy all attributes");
    assert!(plain.contains("gen_ai.request.model: gpt-5.2") && plain.contains("input_tokens: 12"), "{plain}");
    assert!(!plain.contains("my secret") && plain.ends_with("(1 with contents left out)"), "{plain}");
    let whole = copy("Copy all attributes with contents");
    assert!(whole.contains("my secret") && !whole.contains("left out"), "{whole}");
}

/// The lines of the list of evidence, from the top.
fn listed(harness: &Harness<'_, App>) -> Vec<String> {
    let boxes = harness.get_all_by_role(Role::CheckBox);
    let mut lines: Vec<(f32, String)> = boxes
        .map(|node| (node.rect().top(), node.accesskit_node().label().unwrap_or_default()))
        .filter(|(_, name)| name.contains("use") || name.starts_with("Rule"))
        .collect();
    lines.sort_by(|a, b| a.0.total_cmp(&b.0));
    lines.into_iter().map(|(_, name)| name).collect()
}

#[test]
fn what_does_not_hold_is_listed_first_and_a_whole_rule_is_switched() {
    let mut harness = window(vec![two_traces()]);
    harness.set_size(egui::vec2(1400.0, 1200.0));
    press(&mut harness, Modifiers::SHIFT, Key::X);
    settle(&mut harness);
    let lines = listed(&harness);
    assert!(lines[0].contains("3 impossible"), "{lines:#?}");
    assert!(lines[1..].iter().all(|line| !line.contains("3 impossible")), "{lines:#?}");
    let rule = "Rule, all 2 kinds of: the server ends before the client has the whole response";
    let rules = lines.iter().filter(|line| line.starts_with("Rule")).count();
    assert_eq!(rules, 2, "two rules have several kinds: {lines:#?}");
    let (ask, index) = ("unary_end:ask → serve ask", "unary_end:index → serve index");
    let switch = |harness: &mut Harness<'_, App>, on: u32| {
        harness.get_by_role_and_label(Role::CheckBox, &format!("{rule}: {on} on")).click();
        settle(harness);
    };
    // Some are on: all go off; then all are as the program judges them.
    switch(&mut harness, 1);
    assert_eq!((standing(&harness, ask), standing(&harness, index)), (Standing::OffByHand, Standing::OffByHand));
    assert!(picture(&mut harness).contains("not believed: the server ends before the client has the whole response"));
    switch(&mut harness, 0);
    assert_eq!((standing(&harness, ask), standing(&harness, index)), (Standing::On, Standing::Failing));
    assert!(harness.state().state.session.view.plan.assumed.is_usual());
    // What was said of single kinds gives way to what is said of the rule.
    let believe = |name: &str, is_on| AssumeCommand::Believe { name: name.to_owned(), is_on: Some(is_on) };
    harness.state_mut().apply(Command::Assume(believe(index, true)));
    settle(&mut harness);
    switch(&mut harness, 2);
    assert_eq!((standing(&harness, ask), standing(&harness, index)), (Standing::OffByHand, Standing::OffByHand));
    let said = &harness.state().state.session.view.plan.assumed.evidence;
    assert_eq!(said.iter().collect::<Vec<_>>(), [(&"unary_end".to_owned(), &false)]);
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    settle(&mut harness);
    assert_eq!(standing(&harness, index), Standing::OnByHand, "one step back");
}
