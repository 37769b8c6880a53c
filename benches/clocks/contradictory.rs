//! Workspaces whose messages contradict each other: what that costs at a million spans, and whether the truth survives.
//!
//! `SKEWLINE_BENCH_SPANS` sets the size. Before each is timed, what was found is printed once.

use std::cell::OnceCell;
use std::time::Instant;

use criterion::Criterion;
use skewline::analysis::clocks::domains::{self, Domains};
use skewline::analysis::clocks::repair::Element;
use skewline::analysis::clocks::{ClockModel, Options};
use skewline::model::{
    DomainIx, Input, Part, Scope, SpanDraft, SpanId, SpanKind, StoreBuilder, TraceId, TraceStore, Value,
};

use super::{Dice, MS, hosts};

const CLOCKS: usize = 12;
const BEGIN: i64 = 1_795_000_000_000 * MS;
/// One span a millisecond.
const SPAN_NS: i64 = MS;

/// What is wrong in a workspace.
struct Workload {
    name: &'static str,
    /// (clock, when in hundredths of the recording, by how much)
    steps: &'static [(usize, i64, i64)],
    /// Of a thousand server spans so many lie before their call.
    wrong: i64,
    /// Whether calls are much longer than the work inside.
    is_long: bool,
}

const WORKLOADS: [Workload; 5] = [
    Workload { name: "no fault, short calls", steps: &[], wrong: 0, is_long: false },
    Workload {
        name: "three steps, short calls",
        steps: &[(2, 30, 400 * MS), (5, 52, -250 * MS), (7, 81, 150 * MS)],
        wrong: 0,
        is_long: false,
    },
    Workload { name: "5 % before their call, short calls", steps: &[], wrong: 50, is_long: false },
    Workload { name: "5 % before their call, long calls", steps: &[], wrong: 50, is_long: true },
    Workload { name: "a step among 2 % wrong messages", steps: &[(4, 60, 300 * MS)], wrong: 20, is_long: false },
];

/// A workspace and what was true of its clocks.
struct Made {
    store: TraceStore,
    domains: Domains,
    offsets: Vec<i64>,
    end: i64,
}

impl Workload {
    /// What `clock` shows at a true time.
    fn read(&self, offsets: &[i64], end: i64, clock: usize, at: i64) -> i64 {
        let jumped = |&&(own, part, _): &&(usize, i64, i64)| own == clock && at >= BEGIN + (end - BEGIN) / 100 * part;
        at + offsets[clock] + self.steps.iter().filter(jumped).map(|step| step.2).sum::<i64>()
    }

    fn make(&self, spans: u64) -> Made {
        let mut dice = Dice(11);
        let offsets: Vec<i64> =
            (0..CLOCKS).map(|at| if at == 0 { 0 } else { dice.below(2_000 * MS) - 1_000 * MS }).collect();
        let end = BEGIN + i64::try_from(spans).unwrap() * SPAN_NS;
        let mut builder = StoreBuilder::new();
        let input = builder.add_input(Input { name: "bench".into(), ..Input::default() });
        let mut part = Part::new();
        let resources = hosts(&mut part, input, CLOCKS);
        let scope = part.scope(Scope::default());
        let name = part.strings.intern("GET /");
        let status = part.strings.intern("http.response.status_code");
        let status = part.attrs.intern(status, Value::Int(200));
        for call in 0..spans / 2 {
            let mut pick = || usize::try_from(dice.below(i64::try_from(CLOCKS).unwrap())).unwrap();
            let (client, other) = (pick(), pick());
            let server = if other == client { (client + 1) % CLOCKS } else { other };
            let sent = BEGIN + i64::try_from(call).unwrap() * 2 * SPAN_NS + dice.below(SPAN_NS);
            let (wait, work, back) = if self.is_long {
                (MS + dice.below(1_000 * MS), 20 * MS + dice.below(30 * MS), MS + dice.below(1_000 * MS))
            } else {
                (MS / 5 + dice.below(2 * MS), MS + dice.below(4 * MS), MS / 5 + dice.below(2 * MS))
            };
            let is_wrong = dice.below(1_000) < self.wrong;
            let moved = if is_wrong { wait + work + MS + dice.below(80 * MS) } else { 0 };
            let times = [sent, sent + wait - moved, sent + wait + work - moved, sent + wait + work + back];
            let read = |clock: usize, at: usize| self.read(&offsets, end, clock, times[at]);
            let trace = TraceId::from_u128(u128::from(call / 10 + 1));
            let id = 2 * call + 1;
            let mut draft = SpanDraft {
                trace,
                id: SpanId::from_u64(id),
                start_ns: read(client, 0),
                end_ns: read(client, 3),
                name,
                kind: SpanKind::Client,
                ..SpanDraft::default()
            };
            draft.attrs.push(status);
            part.push(&draft, resources[client], scope);
            let draft = SpanDraft {
                trace,
                id: SpanId::from_u64(id + 1),
                parent: SpanId::from_u64(id),
                start_ns: read(server, 1),
                end_ns: read(server, 2),
                name,
                kind: SpanKind::Server,
                ..SpanDraft::default()
            };
            part.push(&draft, resources[server], scope);
        }
        builder.absorb(part, input);
        let store = builder.finish();
        let domains = domains::assign(&store);
        Made { store, domains, offsets, end }
    }

    /// Prints what is found, and how much of the truth is known.
    fn show(&self, made: &Made) {
        let (begun, ticks) = (Instant::now(), cpu_ticks());
        let model = ClockModel::analyse(&made.store, &made.domains, &Options::default());
        let cpu = cpu_ticks().zip(ticks).map_or_else(String::new, |(now, then)| {
            format!(" ({}.{:02} s CPU)", (now - then) / 100, (now - then) % 100)
        });
        eprintln!("{}: {} spans in {:.2} s{cpu}", self.name, made.store.len(), begun.elapsed().as_secs_f64());
        let count = |is_it: fn(&Element) -> bool| model.repairs().iter().filter(|own| is_it(&own.element)).count();
        eprintln!(
            "  repairs: {} edges, {} jumps, {} pairs, {} in all; {} findings",
            count(|element| matches!(element, Element::Edge(_))),
            count(|element| matches!(element, Element::Jump { .. })),
            count(|element| matches!(element, Element::Pair { .. })),
            model.repairs().len(),
            model.findings().len()
        );
        let known = |domain: usize| {
            let value = &made.domains.list[domain].value;
            value.strip_prefix("host-").and_then(|at| at.parse::<usize>().ok())
        };
        // Seen from the first clock, which never jumps.
        let Some(first) = (0..made.domains.list.len()).find(|&domain| known(domain) == Some(0)) else { return };
        let options = Options { reference: Some(DomainIx::from_usize(first)), ..Options::default() };
        let (frame, model) = (0, model.with_options(&made.store, &made.domains, &options));
        let (mut asked, mut two_sided, mut right, mut width) = (0, 0, 0, 0);
        for domain in 0..made.domains.list.len() {
            let Some(clock) = known(domain).filter(|&clock| clock != frame) else { continue };
            for part in 1..40 {
                let at = BEGIN + (made.end - BEGIN) / 40 * part;
                let own = self.read(&made.offsets, made.end, clock, at);
                let truth = own - self.read(&made.offsets, made.end, frame, at);
                let found = model.offset(DomainIx::from_usize(domain), own);
                let (lo, hi) = (found.lo_ns.unwrap_or(i64::MIN), found.hi_ns.unwrap_or(i64::MAX));
                asked += 1;
                right += i32::from(lo <= truth && truth <= hi);
                if found.lo_ns.is_some() && found.hi_ns.is_some() {
                    two_sided += 1;
                    width += hi - lo;
                }
            }
        }
        eprintln!(
            "  offsets: {right} of {asked} hold the truth, {two_sided} two-sided, {} us wide on average",
            width / 1_000 / i64::from(two_sided.max(1))
        );
        for finding in model.findings().iter().take(8) {
            eprintln!("  {} {} | {}", finding.code, finding.sentence, finding.repairs.join("; "));
        }
    }
}

/// Processor time of this process in hundredths of a second, where the system says it: on a busy machine the time that
/// passes says little.
fn cpu_ticks() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

pub fn contradictory(c: &mut Criterion) {
    let spans = std::env::var("SKEWLINE_BENCH_SPANS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let mut group = c.benchmark_group("clocks that contradict each other");
    group.sample_size(10);
    for workload in &WORKLOADS {
        let made = OnceCell::new();
        group.bench_function(workload.name, |b| {
            let made = made.get_or_init(|| {
                let made = workload.make(spans);
                workload.show(&made);
                made
            });
            b.iter(|| ClockModel::analyse(&made.store, &made.domains, &Options::default()));
        });
    }
    group.finish();
}
