//! What is odd on a single clock: no offset is involved, so none can help.

use super::causal::{Cause, EventKey, Rule};
use super::domains::Domains;
use super::findings::{Code, Finding, Proof, Severity};
use super::solve::Stamp;
use super::stamps::{Stamps, looks_rounded};
use crate::analysis::telling_apart::told_apart;
use crate::model::time::{MS, duration_text};
use crate::model::{DomainIx, SpanFlags, SpanIx, SpanKind, TraceStore, grouped};

/// One kind of oddity on one clock.
#[derive(Clone, Default)]
struct Tally {
    count: u64,
    /// The spans that show it, the worst first once finished.
    spans: Vec<(i64, SpanIx)>,
}

impl Tally {
    fn add(&mut self, by_ns: i64, span: SpanIx) {
        self.count += 1;
        self.spans.push((by_ns, span));
        if self.spans.len() >= 2 * Finding::EXAMPLES {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.spans.sort_unstable_by_key(|&(by, span)| (std::cmp::Reverse(by), span));
        self.spans.truncate(Finding::EXAMPLES);
    }
}

#[derive(Clone, Default)]
struct Tallies {
    backwards: Tally,
    early: Tally,
    late: Tally,
    clamped: Tally,
}

/// Findings S1 to S4, one per clock and kind, and X6.
#[must_use]
pub fn findings(stamps: &Stamps<'_>, domains: &Domains) -> Vec<Finding> {
    let store = stamps.store();
    let mut tallies = vec![Tallies::default(); domains.list.len()];
    let mut circular = Tally::default();
    for ix in store.span_ixs() {
        let Some(tally) = tallies.get_mut(stamps.clock(ix) as usize) else { continue };
        let flags = store.flags()[ix.at()];
        if flags.has(SpanFlags::END_BEFORE_START) {
            let (start, end) = (store.starts_ns()[ix.at()], store.ends_ns()[ix.at()]);
            let by = start.saturating_sub(end);
            let detected = stamps.start(ix).into_iter().chain(stamps.end(ix)).map(|stamp| stamp.late_ns).max();
            // An end in whole milliseconds may well read as before a start in nanoseconds.
            if by >= looks_rounded(start).max(looks_rounded(end)) && by >= i64::from(detected.unwrap_or(0)) {
                tally.backwards.add(by, ix);
            }
        }
        if stamps.is_clamped(ix) {
            tally.clamped.add(0, ix);
        }
        if flags.0 & (SpanFlags::PARENT_CYCLE.0 | SpanFlags::SELF_PARENT.0) != 0 {
            circular.add(0, ix);
        }
        let doubtful = SpanFlags::PARENT_OTHER_TRACE.0 | SpanFlags::PARENT_CYCLE.0;
        if flags.0 & doubtful == 0
            && let Some(parent) = store.parents()[ix.at()].get()
            && stamps.clock(parent) == stamps.clock(ix)
            && !store.flags()[parent.at()].has(SpanFlags::ID_CONFLICT)
        {
            nesting(stamps, tally, parent, ix);
        }
    }
    let mut found = Vec::new();
    for (at, tallies) in tallies.into_iter().enumerate() {
        let domain = DomainIx::from_usize(at);
        found.extend(of_clock(stamps, domains, domain, tallies));
    }
    found.extend(circular_parents(store, domains, circular));
    found
}

/// A child before its parent, or after it, by more than the resolution.
fn nesting(stamps: &Stamps<'_>, tally: &mut Tallies, parent: SpanIx, child: SpanIx) {
    let store = stamps.store();
    if let (Some(outer), Some(inner)) = (stamps.start(parent), stamps.start(child)) {
        let by = outer.raw_ns.saturating_sub(inner.raw_ns);
        // A span for a poll is made when messages have come, and they are worked on at once.
        let is_poll = store.span(parent).kind() == SpanKind::Consumer;
        // Servers that write spans after the fact put their parts together from several measurements.
        let is_artefact = stamps.is_written_after(child) && by < MS;
        let rounding = i64::from(inner.late_ns.max(outer.late_ns)).max(grain(&outer, &inner));
        let is_early = by > rounding && !is_artefact;
        let waits = matches!(store.span(child).kind(), SpanKind::Consumer) && is_receive(store, child);
        if is_early && !waits && !is_poll && !is_back_dated(store, child) {
            tally.early.add(by, child);
        }
    }
    // Messages are worked on after they were sent; that is no oddity.
    let kinds = (store.span(parent).kind(), store.span(child).kind());
    let is_message = kinds.0 == SpanKind::Producer || kinds.1 == SpanKind::Consumer;
    if let (Some(outer), Some(inner), false) = (stamps.end(parent), stamps.end(child), is_message) {
        let by = inner.raw_ns.saturating_sub(outer.raw_ns);
        let rounding = i64::from(inner.late_ns.max(outer.late_ns)) - i64::from(inner.early_ns.min(outer.early_ns));
        if by > rounding.max(grain(&outer, &inner)) {
            tally.late.add(by, child);
        }
    }
}

/// How far two readings that look rounded may be apart without being so, nanoseconds; 0 for those that look exact.
fn grain(a: &Stamp, b: &Stamp) -> i64 {
    looks_rounded(a.raw_ns).max(looks_rounded(b.raw_ns)) - 1
}

/// Whether a consumer waits for messages: it began to before there were any.
#[must_use]
pub fn is_receive(store: &TraceStore, span: SpanIx) -> bool {
    let attrs = store.span(span).attr_ids();
    let operation = ["messaging.operation", "messaging.operation.type", "messaging.operation.name"]
        .iter()
        .find_map(|key| store.find_text(attrs, key));
    let name = store.span(span).name().to_ascii_lowercase();
    match operation {
        Some(operation) => matches!(operation, "receive" | "poll"),
        None => name.split(|c: char| !c.is_alphanumeric()).any(|word| word == "receive" || word == "poll"),
    }
}

fn is_back_dated(store: &TraceStore, span: SpanIx) -> bool {
    let name = store.span(span).name();
    matches!(name, "documentLoad" | "documentFetch" | "resourceFetch")
        || ["queue", "scheduled", "waiting"].iter().any(|part| name.to_ascii_lowercase().contains(part))
}

fn of_clock(stamps: &Stamps<'_>, domains: &Domains, domain: DomainIx, tallies: Tallies) -> Vec<Finding> {
    let store = stamps.store();
    let clock = &domains.list[domain.at()].name;
    let name = |span: SpanIx| store.span(span).name();
    let Tallies { backwards, early, late, clamped } = tallies;
    let mut found = Vec::new();
    let mut add = |code, severity, mut tally: Tally, sentence: &dyn Fn(SpanIx, String, String) -> String| {
        tally.cut();
        let Some(&(by, worst)) = tally.spans.first() else { return };
        let others = match tally.count - 1 {
            0 => String::new(),
            1 => " One other span does the same.".to_owned(),
            more => format!(" {} other spans do the same.", grouped(more)),
        };
        let mut finding = Finding::new(code, severity, sentence(worst, duration_text(by), others));
        finding.root.clone_from(clock);
        finding.domains = vec![domain];
        finding.spans = tally.spans.iter().map(|entry| entry.1).collect();
        finding.count = tally.count;
        finding.excess_ns = by;
        finding.at_ns = Some(store.starts_ns()[worst.at()]);
        finding.witness = witness(stamps, code, worst);
        found.push(finding);
    };
    add(Code::S1, Severity::Impossible, backwards, &|span, by, others| {
        format!(
            "“{}” ends {by} before it starts, on one clock ({clock}): the clock stepped back, or an end time was set \
             by hand.{others}",
            name(span)
        )
    });
    add(Code::S2, Severity::Suspicious, early, &|span, by, others| {
        format!(
            "“{}” starts {by} before its parent, on one clock ({clock}). No offset explains that: the start was set \
             by hand, or the parent is wrong.{others}",
            name(span)
        )
    });
    add(Code::S3, Severity::Info, late, &|span, by, others| {
        format!("“{}” outlives its parent by {by} on {clock}: asynchronous work.{others}", name(span))
    });
    add(Code::S4, Severity::Info, clamped, &|span, _, others| {
        format!("The duration of “{}” on {clock} was made up by its SDK: it is not known.{others}", name(span))
    });
    found
}

fn witness(stamps: &Stamps<'_>, code: Code, span: SpanIx) -> Vec<Proof> {
    let store = stamps.store();
    let parent = store.span(span).parent();
    let (start, end) = (store.starts_ns()[span.at()], store.ends_ns()[span.at()]);
    let proof = |from, to, from_ns, to_ns, rule| vec![Proof { cause: Cause { from, to, rule }, from_ns, to_ns }];
    match (code, parent) {
        (Code::S1 | Code::S4, _) => proof(EventKey::start(span), EventKey::end(span), start, end, Rule::SpanEnd),
        (Code::S2, Some(parent)) => {
            let begun = store.starts_ns()[parent.at()];
            proof(EventKey::start(parent), EventKey::start(span), begun, start, Rule::ChildStart)
        }
        (Code::S3, Some(parent)) => {
            let done = store.ends_ns()[parent.at()];
            proof(EventKey::end(span), EventKey::end(parent), end, done, Rule::ChildEnd)
        }
        _ => Vec::new(),
    }
}

/// The steps around the circle of parents that the first of `spans` lies on; none for one that is not whole there.
fn circle(store: &TraceStore, spans: &[SpanIx]) -> Vec<Proof> {
    let Some(&first) = spans.first() else { return Vec::new() };
    let up = |&span: &SpanIx| store.span(span).parent();
    // The loader cut it at its earliest span, which still says who its parent was.
    let Some(cut) = std::iter::successors(Some(first), up).take(spans.len()).last() else { return Vec::new() };
    let wanted = (store.span(cut).trace_ix(), store.span(cut).parent_id());
    let closes = |&&span: &&SpanIx| (store.span(span).trace_ix(), store.span(span).id()) == wanted;
    let Some(&last) = spans.iter().find(closes) else { return Vec::new() };
    let mut around: Vec<SpanIx> = std::iter::successors(Some(last), up).take(spans.len()).collect();
    if around.last() != Some(&cut) {
        return Vec::new();
    }
    around.reverse();
    let next = around.iter().cycle().skip(1);
    let step = |(&from, &to): (&SpanIx, &SpanIx)| {
        let cause = Cause { from: EventKey::start(from), to: EventKey::start(to), rule: Rule::ChildStart };
        Proof { cause, from_ns: store.starts_ns()[from.at()], to_ns: store.starts_ns()[to.at()] }
    };
    around.iter().zip(next).map(step).collect()
}

fn circular_parents(store: &TraceStore, domains: &Domains, mut circular: Tally) -> Option<Finding> {
    circular.cut();
    let &(_, first) = circular.spans.first()?;
    let span = store.span(first);
    let parent = span.parent().unwrap_or(first);
    let [of_parent, of_first] = told_apart(store, domains, parent, first);
    let sentence = format!(
        "“{}”{of_parent} causes “{}”{of_first} and is caused by it: a wrong parent, not a clock. {} spans lie on such \
         circles.",
        store.span(parent).name(),
        span.name(),
        grouped(circular.count)
    );
    let mut finding = Finding::new(Code::X6, Severity::Impossible, sentence);
    finding.root = "wrong parent".to_owned();
    finding.spans = circular.spans.iter().map(|entry| entry.1).collect();
    finding.count = circular.count;
    finding.model = "none";
    finding.witness = circle(store, &finding.spans);
    Some(finding)
}
