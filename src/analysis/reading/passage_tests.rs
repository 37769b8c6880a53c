//! Handoffs whose ends lie on one clock, on two that exchange messages, and on two that do not.

use super::{Context, Passage, Passages};
use crate::analysis::clocks::domains::{self, Domains};
use crate::analysis::clocks::{ClockModel, EventKey, Options, Order};
use crate::analysis::genai::tests::fixture::{Span, store};
use crate::analysis::genai::{GenAi, Judged};
use crate::model::TraceStore;
use crate::model::time::MS;

fn span(id: u64, parent: u64, name: &str, ms: [f64; 2], service: &str, attributes: &[(&str, &str)]) -> Span {
    let attributes = attributes.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
    Span { name: name.into(), id, parent, trace: 1, ms, service: service.into(), attributes, ..Span::default() }
}

fn agent(id: u64, parent: u64, name: &str, ms: [f64; 2], service: &str) -> Span {
    let attributes = [("gen_ai.operation.name", "invoke_agent"), ("gen_ai.agent.name", name)];
    span(id, parent, &format!("invoke_agent {name}"), ms, service, &attributes)
}

/// A planner on `a` hands over to a writer, which works on `service` and begins at `at_ms` of its clock.
fn team(service: &str, at_ms: f64) -> Vec<Span> {
    let transfer = [("gen_ai.operation.name", "execute_tool"), ("gen_ai.tool.name", "transfer_to_writer")];
    vec![
        span(1, 0, "run", [0.0, 1000.0], "a", &[]),
        agent(2, 1, "planner", [10.0, 200.0], "a"),
        span(3, 2, "execute_tool transfer_to_writer", [100.0, 110.0], "a", &transfer),
        agent(4, 1, "writer", [at_ms, at_ms + 300.0], service),
    ]
}

/// A call from `a` to `b` and back, which bounds the clock of `b`: it can be from `-ms` to `ms` off.
fn round_trip(ms: f64) -> [Span; 2] {
    let client = Span { kind: "client".into(), ..span(20, 1, "GET", [600.0, 600.0 + 2.0 * ms + 10.0], "a", &[]) };
    let server = Span { kind: "server".into(), ..span(21, 20, "GET", [600.0 + ms, 610.0 + ms], "b", &[]) };
    [client, server]
}

struct Sample {
    store: TraceStore,
    domains: Domains,
    genai: GenAi,
    model: ClockModel,
}

impl Sample {
    fn new(spans: &[Span]) -> Self {
        let store = store(spans);
        let (domains, genai) = (domains::assign(&store), GenAi::analyse(&store));
        let model = ClockModel::analyse(&store, &domains, &Options::default());
        Self { store, domains, genai, model }
    }

    fn passage(&self, clocks: bool) -> Option<Passage> {
        let judged = Judged::default();
        let Self { store, domains, genai, model } = self;
        let context = Context { store, domains, genai, clocks: clocks.then_some(model), judged: &judged };
        let [handoff] = genai.handoffs() else { panic!("{:?}", genai.handoffs()) };
        Passages::new(&context).of(handoff)
    }
}

#[test]
fn on_one_clock_a_handoff_is_exact() {
    let passage = Sample::new(&team("a", 140.0)).passage(true).unwrap();
    assert_eq!((passage.took.lo_ns, passage.took.hi_ns), (Some(40 * MS), Some(40 * MS)));
    assert_eq!((passage.order, passage.is_one_clock), (Order::Before, true));
    assert_eq!(passage.words(), "taken over 40 ms later");
}

#[test]
fn across_clocks_a_handoff_is_an_interval_and_its_order_may_be_open() {
    let sample = |at_ms: f64, ms: f64| Sample::new(&[team("b", at_ms), round_trip(ms).to_vec()].concat());
    // The round trip takes 60 ms on the way; its stamps may be whole milliseconds, which adds up to 2 at each end.
    for (at_ms, bounds_ms, order, words) in [
        (200.0, [70, 130], Order::Before, " ms later"),
        (120.0, [-10, 50], Order::Unknown, " later: which came first is not proven"),
        (40.0, [-90, -30], Order::After, " ms earlier"),
    ] {
        let sample = sample(at_ms, 30.0);
        let passage = sample.passage(true).unwrap();
        // What the comparison of two events says, asked for by itself.
        let (from, to) = (EventKey::start(passage.from.span), EventKey::start(passage.to.span));
        let between = sample.model.between(&sample.store, &sample.domains, from, to).unwrap();
        assert_eq!((passage.took.lo_ns, passage.took.hi_ns), (between.lo_ns, between.hi_ns), "{at_ms}");
        assert_eq!((passage.order, passage.is_one_clock), (order, false), "{at_ms}: {}", passage.words());
        let (lo_ns, hi_ns) = (between.lo_ns.unwrap(), between.hi_ns.unwrap());
        let is_near = |ns: i64, ms: i64| (ns - ms * MS).abs() <= 2 * MS;
        assert!(is_near(lo_ns, bounds_ms[0]) && is_near(hi_ns, bounds_ms[1]), "{at_ms}: {lo_ns} to {hi_ns}");
        assert!(lo_ns <= bounds_ms[0] * MS && hi_ns >= bounds_ms[1] * MS, "{at_ms}: what is possible is inside");
        assert!(passage.words().starts_with("taken over ") && passage.words().ends_with(words), "{}", passage.words());
    }
}

#[test]
fn clocks_that_exchange_nothing_leave_a_handoff_open() {
    let spans: Vec<Span> = team("b", 140.0).into_iter().map(|span| Span { parent: 0, ..span }).collect();
    let mut spans = spans;
    spans[2].parent = 2;
    for clocks in [true, false] {
        let passage = Sample::new(&spans).passage(clocks).unwrap();
        assert_eq!((passage.took.lo_ns, passage.took.hi_ns, passage.order), (None, None, Order::Unknown));
        assert_eq!(passage.took.raw_ns, Some(40 * MS), "the stated times are still told");
        assert!(passage.words().contains("cannot be compared"), "{}", passage.words());
    }
}

#[test]
fn whoever_left_no_span_took_over_at_no_time() {
    let spans = team("a", 140.0);
    assert_eq!(Sample::new(&spans[..3]).passage(true), None);
    // An invocation before the handoff on the same clock is not what it led to.
    assert_eq!(Sample::new(&team("a", 20.0)).passage(true), None);
}

/// However often the agent was at work before, the handoff led to what came next.
#[test]
fn of_many_invocations_the_next_one_took_over() {
    let mut spans = team("a", 140.0);
    let earlier =
        (0..400_u32).map(|at| agent(1_000 + u64::from(at), 1, "writer", [11.0 + f64::from(at) / 10.0; 2], "a"));
    let later = (0..400_u32).map(|at| agent(2_000 + u64::from(at), 1, "writer", [500.0 + f64::from(at); 2], "a"));
    spans.splice(3..3, earlier.chain(later));
    let sample = Sample::new(&spans);
    let passage = sample.passage(true).unwrap();
    assert_eq!(passage.words(), "taken over 40 ms later");
}
