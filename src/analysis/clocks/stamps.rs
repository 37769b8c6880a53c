//! How the times of spans were read: when the wall clock was looked at, and how it was rounded.
//!
//! SDKs differ (read in their sources). JavaScript reads `Date.now()` at the start of a span and measures the
//! rest from there; Java reads the wall clock once per local root span; Go and C++ measure the end of a span from
//! its start; Python, Rust and .NET read the wall clock each time. Explicit times bypass all of this. Inference servers
//! (vLLM, SGLang, TensorRT-LLM) write a request's spans when it is done: the wall clock gave its arrival, and all else
//! was measured from there.

use std::collections::BTreeSet;

use crate::model::time::{DAY, MS, S, US};
use crate::model::{DomainIx, InputIx, ResourceIx, SpanFlags, SpanIx, TraceStore};

use super::causal::{EventKey, Point};
use super::solve::Stamp;
use super::units::Unit;
use super::unseen::UnseenClocks;
use super::written_after::{WrittenAfter, written_after};

/// Which moments of a span are readings of the wall clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Style {
    /// Every stamp.
    #[default]
    EachStamp,
    /// The start; all others are measured from there.
    SpanStart,
    /// The start and the events; the end is measured from the start.
    StartAndEvents,
    /// The start of the first span of a process in a trace; all below it are measured from there.
    LocalRoot,
}

/// The reading error of a kind of stamp: true = raw + error.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Reading {
    early_ns: i32,
    late_ns: i32,
}

/// How one resource's SDK reads time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Reader {
    style: Style,
    start: Reading,
    end: Reading,
    event: Reading,
    /// Duration that the SDK writes when it would be zero or negative, if there is one.
    clamp_ns: Option<i64>,
}

/// How every resource of a store read its times.
#[derive(Clone, Debug, Default)]
pub struct Readers {
    of_resource: Vec<Reader>,
    /// The local root of every span; empty when no SDK needs it.
    roots: Vec<SpanIx>,
    /// Spans that were written after the fact, with the one whose start all of their times are measured from.
    written_after: WrittenAfter,
}

impl Readers {
    /// Finds out how each resource of `store` read its times.
    #[must_use]
    pub fn detect(store: &TraceStore) -> Self {
        let grains = detect(store);
        let of_resource: Vec<Reader> =
            (0..store.resources().len()).map(|at| reader(store, ResourceIx::from_usize(at), &grains[at])).collect();
        let needs_roots = of_resource.iter().any(|reader| reader.style == Style::LocalRoot);
        let roots = if needs_roots { local_roots(store) } else { Vec::new() };
        Self { of_resource, roots, written_after: written_after(store) }
    }
}

/// Clocks that are taken apart into the processes that report to them.
#[derive(Clone, Debug, Default)]
pub struct Split {
    /// The clocks that are taken apart.
    pub clocks: BTreeSet<u32>,
    /// By resource: the clock of its process alone.
    pub of_resource: Vec<u32>,
    /// By span, where resources do not tell the processes apart.
    pub of_span: Vec<u32>,
}

/// The stamps of a store, as readings of its clocks. A view; cheap to make.
#[derive(Clone, Copy, Debug)]
pub struct Stamps<'a> {
    store: &'a TraceStore,
    clocks: &'a [DomainIx],
    readers: &'a Readers,
    /// How to read times that are not Unix nanoseconds, by clock; empty when all are.
    units: &'a [Option<Unit>],
    split: Option<&'a Split>,
    /// The first clock that stamped no span, and what those are.
    others: Option<(u32, &'a UnseenClocks)>,
}

/// A clock that stamped no span, but is read in one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Other {
    /// Coordinated universal time.
    Utc,
    /// The collector that an input's log records came through.
    Collector(InputIx),
    /// A broker, or whoever dated a response: one of [`UnseenClocks::list`].
    Unseen(u32),
}

/// When the wall clock was read, nanoseconds, and by which span ([`Stamp::reading`]).
type Anchor = (i64, u32);

/// Stamps from which a resolution is concluded, at least.
const ENOUGH_STAMPS: u32 = 20;
/// Stamps from which whole milliseconds or seconds are concluded: that four finer ones look so by accident happens once
/// in 10^12 times.
const ENOUGH_COARSE_STAMPS: u32 = 4;

/// What a time looks rounded to in nanoseconds, be there enough like it to be sure or not: nothing that is said to be
/// impossible rests on less. 1 when it looks exact, and for times near zero, where simulations are exact.
#[must_use]
pub fn looks_rounded(raw_ns: i64) -> i64 {
    let is_unix = raw_ns.saturating_abs() > DAY;
    let grain = [S, MS, US].into_iter().find(|&grain| is_unix && raw_ns % grain == 0);
    grain.unwrap_or(1)
}

impl<'a> Stamps<'a> {
    /// A view of `store`. `clocks` is the clock of every span.
    #[must_use]
    pub const fn new(store: &'a TraceStore, clocks: &'a [DomainIx], readers: &'a Readers) -> Self {
        Self { store, clocks, readers, units: &[], split: None, others: None }
    }

    /// The same, with times of some clocks converted to Unix nanoseconds.
    #[must_use]
    pub const fn with_units(self, units: &'a [Option<Unit>]) -> Self {
        Self { units, ..self }
    }

    /// The same, with the clocks that stamped no span numbered from `first` on. Without, they are not used.
    #[must_use]
    pub const fn with_others(self, first: u32, unseen: &'a UnseenClocks) -> Self {
        Self { others: Some((first, unseen)), ..self }
    }

    /// The clocks that stamped no span, where they are used.
    #[must_use]
    pub fn unseen(&self) -> Option<&'a UnseenClocks> {
        self.others.map(|(_, unseen)| unseen)
    }

    /// The number of a clock that stamped no span; `None` when it turned out to be several, nobody knows which.
    #[must_use]
    pub fn other(&self, other: Other) -> Option<u32> {
        let (first, unseen) = self.others?;
        let clock = first.checked_add(unseen.number(other))?;
        let is_several = self.split.is_some_and(|split| split.clocks.contains(&clock));
        (!is_several).then_some(clock)
    }

    /// Whether `clock` stamped spans.
    #[must_use]
    pub fn is_of_spans(&self, clock: u32) -> bool {
        self.others.is_none_or(|(first, _)| clock < first)
    }

    /// The same, with some clocks taken apart.
    #[must_use]
    pub fn with_split(self, split: &'a Split) -> Self {
        Self { split: (!split.clocks.is_empty()).then_some(split), ..self }
    }

    /// The store.
    #[must_use]
    pub const fn store(&self) -> &'a TraceStore {
        self.store
    }

    /// The clock of `span`.
    #[must_use]
    pub fn clock(&self, span: SpanIx) -> u32 {
        let clock = self.clocks.get(span.at()).map_or(0, |clock| clock.0);
        match self.split {
            Some(split) if split.clocks.contains(&clock) => {
                let resource = self.store.span(span).resource_ix();
                let own = split.of_span.get(span.at()).or_else(|| split.of_resource.get(resource.at()));
                own.copied().unwrap_or(clock)
            }
            _ => clock,
        }
    }

    /// The stamp of an event; `None` when its time is missing or known to be made up.
    #[must_use]
    pub fn get(&self, key: EventKey) -> Option<Stamp> {
        match key.point {
            Point::Start => self.start(key.span),
            Point::End => self.end(key.span),
            Point::Event(at) => {
                let event = self.store.span(key.span).events().nth(usize::from(at))?;
                self.event(key.span, event.time_ns())
            }
        }
    }

    /// The stamp of the start of `span`.
    #[must_use]
    pub fn start(&self, span: SpanIx) -> Option<Stamp> {
        const NOT_READ: u16 = SpanFlags::START_MISSING.0 | SpanFlags::TIME_CLAMPED.0 | SpanFlags::TIME_ADJUSTED.0;
        let flags = self.store.flags()[span.at()];
        if flags.0 & NOT_READ != 0 {
            return None;
        }
        let reader = self.reader(span);
        let raw_ns = self.store.starts_ns()[span.at()];
        let anchor = match reader.style {
            Style::LocalRoot => self.root_start(span),
            Style::EachStamp => (raw_ns, Stamp::ALONE),
            Style::SpanStart | Style::StartAndEvents => (raw_ns, span.0),
        };
        let anchor = self.arrival(span).unwrap_or(anchor);
        Some(self.stamp(span, raw_ns, anchor, reader.start))
    }

    /// The stamp of the end of `span`.
    #[must_use]
    pub fn end(&self, span: SpanIx) -> Option<Stamp> {
        const NOT_READ: u16 = SpanFlags::END_MISSING.0 | SpanFlags::TIME_CLAMPED.0 | SpanFlags::TIME_ADJUSTED.0;
        let flags = self.store.flags()[span.at()];
        if flags.0 & NOT_READ != 0 || self.is_clamped(span) {
            return None;
        }
        let reader = self.reader(span);
        let (start_ns, raw_ns) = (self.store.starts_ns()[span.at()], self.store.ends_ns()[span.at()]);
        let has_start = !flags.has(SpanFlags::START_MISSING);
        let anchor = match reader.style {
            Style::SpanStart | Style::StartAndEvents if has_start => (start_ns, span.0),
            Style::LocalRoot => self.root_start(span),
            Style::EachStamp | Style::SpanStart | Style::StartAndEvents => (raw_ns, Stamp::ALONE),
        };
        let anchor = self.arrival(span).unwrap_or(anchor);
        Some(self.stamp(span, raw_ns, anchor, reader.end))
    }

    /// The stamp of an event of `span` at `raw_ns`.
    #[must_use]
    pub fn event(&self, span: SpanIx, raw_ns: i64) -> Option<Stamp> {
        let flags = self.store.flags()[span.at()];
        if raw_ns == 0 || flags.has(SpanFlags::TIME_ADJUSTED) {
            return None;
        }
        let reader = self.reader(span);
        let anchor = match reader.style {
            Style::EachStamp | Style::StartAndEvents => (raw_ns, Stamp::ALONE),
            Style::SpanStart => (self.store.starts_ns()[span.at()], span.0),
            Style::LocalRoot => self.root_start(span),
        };
        let anchor = self.arrival(span).unwrap_or(anchor);
        Some(self.stamp(span, raw_ns, anchor, reader.event))
    }

    /// The one reading of the wall clock that a span written after the fact rests on.
    fn arrival(&self, span: SpanIx) -> Option<Anchor> {
        let request = self.readers.written_after.get(&span.0)?;
        Some((self.store.starts_ns()[request.at()], request.0))
    }

    /// Whether `span` was written when its request was done: small gaps and overlaps with its neighbours are an artefact
    /// of that.
    #[must_use]
    pub fn is_written_after(&self, span: SpanIx) -> bool {
        self.readers.written_after.contains_key(&span.0)
    }

    /// An event whose time was not read by the SDK's own clock but handed over, such as a browser's network
    /// timing: an independent reading.
    #[must_use]
    pub fn explicit(&self, span: SpanIx, raw_ns: i64) -> Option<Stamp> {
        let reader = self.reader(span);
        (raw_ns != 0).then(|| self.stamp(span, raw_ns, (raw_ns, Stamp::ALONE), reader.event))
    }

    /// Whether the duration of `span` is what its SDK writes in place of one that is not positive.
    #[must_use]
    pub fn is_clamped(&self, span: SpanIx) -> bool {
        let (start, end) = (self.store.starts_ns()[span.at()], self.store.ends_ns()[span.at()]);
        self.reader(span).clamp_ns == Some(end.wrapping_sub(start)) && end != 0
    }

    fn stamp(&self, span: SpanIx, raw_ns: i64, (anchor_ns, reading): Anchor, error: Reading) -> Stamp {
        let clock = self.clock(span);
        let mut stamp = Stamp { raw_ns, anchor_ns, clock, early_ns: error.early_ns, late_ns: error.late_ns, reading };
        if let Some(Some(unit)) = self.units.get(clock as usize) {
            (stamp.raw_ns, stamp.anchor_ns) = (unit.convert(raw_ns), unit.convert(anchor_ns));
            (stamp.early_ns, stamp.late_ns) = (-ns(unit.factor / 2), ns(unit.factor));
        }
        if self.store.flags()[span.at()].has(SpanFlags::TIME_IMPRECISE) {
            // A double near 1.7e18 resolves 256 ns; formats that multiply afterwards double that.
            stamp.early_ns = stamp.early_ns.min(-512);
            stamp.late_ns = stamp.late_ns.max(512);
        }
        stamp
    }

    fn reader(&self, span: SpanIx) -> Reader {
        self.readers.of_resource.get(self.store.span(span).resource_ix().at()).copied().unwrap_or_default()
    }

    fn root_start(&self, span: SpanIx) -> Anchor {
        let root = self.readers.roots.get(span.at()).copied().unwrap_or(span);
        let start = self.store.starts_ns()[root.at()];
        if start == 0 { (self.store.starts_ns()[span.at()], span.0) } else { (start, root.0) }
    }
}

/// What divides all stamps of a resource, by kind: start, end, event.
#[derive(Clone, Copy, Debug, Default)]
struct Grains {
    kinds: [Grain; 3],
}

#[derive(Clone, Copy, Debug, Default)]
struct Grain {
    gcd: u64,
    last: i64,
    distinct: u32,
    /// Some time is near zero, where simulations are exact.
    has_small: bool,
}

impl Grain {
    fn add(&mut self, raw_ns: i64) {
        if raw_ns == self.last || raw_ns == 0 {
            return;
        }
        self.distinct = self.distinct.saturating_add(1);
        self.last = raw_ns;
        self.has_small |= raw_ns.saturating_abs() <= DAY;
        if self.gcd != 1 {
            self.gcd = gcd(self.gcd, raw_ns.unsigned_abs());
        }
    }

    /// The resolution in nanoseconds, if it is coarser than 1 ns and enough stamps show it.
    fn quantum_ns(&self) -> Option<i64> {
        let divisor = self.gcd.min(S.unsigned_abs());
        if self.distinct < ENOUGH_STAMPS {
            let coarse =
                [S, MS].into_iter().find(|grain| self.gcd != 0 && self.gcd.is_multiple_of(grain.unsigned_abs()));
            return coarse.filter(|_| self.distinct >= ENOUGH_COARSE_STAMPS && !self.has_small);
        }
        (self.distinct >= ENOUGH_STAMPS && divisor > 1).then(|| i64::try_from(divisor).unwrap_or(S))
    }
}

const fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn detect(store: &TraceStore) -> Vec<Grains> {
    let mut grains = vec![Grains::default(); store.resources().len()];
    for ix in store.span_ixs() {
        let span = store.span(ix);
        let Some(grains) = grains.get_mut(span.resource_ix().at()) else { continue };
        let [start, end, event] = &mut grains.kinds;
        start.add(span.start_ns());
        end.add(span.end_ns());
        if event.gcd != 1 {
            for item in span.events() {
                event.add(item.time_ns());
            }
        }
    }
    grains
}

fn reader(store: &TraceStore, ix: ResourceIx, grains: &Grains) -> Reader {
    let resource = &store.resources()[ix.at()];
    let language = store.find_text(&resource.attrs, "telemetry.sdk.language").unwrap_or_default();
    let format = store.inputs().get(resource.input.at()).map_or("", |input| input.format);
    let style = match language {
        "webjs" | "nodejs" => Style::SpanStart,
        "java" => Style::LocalRoot,
        "go" | "cpp" => Style::StartAndEvents,
        _ => Style::EachStamp,
    };
    let quanta = grains.kinds.map(|grain| grain.quantum_ns());
    let mut readings = quanta.map(|quantum| quantum.map_or_else(Reading::default, rounded));
    if style == Style::SpanStart {
        // `Date.now()` rounds down; browsers then measure in steps of up to 100 us.
        let step = if language == "webjs" { 100 * US } else { 0 };
        readings = [floored(MS), floored(MS + step), floored(MS + step)];
    }
    let is_micros = format.contains("jaeger") || format.contains("zipkin");
    if is_micros && grains.kinds[1].distinct >= ENOUGH_STAMPS {
        // The end is start + duration, both cut to microseconds. As for other resolutions, a few stamps are taken
        // at their word.
        let end = &mut readings[1];
        (end.early_ns, end.late_ns) = (end.early_ns.min(-ns(US)), end.late_ns.max(2 * ns(US)));
    }
    let clamp_ns = match language {
        "webjs" | "nodejs" => Some(0),
        "dotnet" => Some(100),
        _ => None,
    };
    let [start, end, event] = readings;
    Reader { style, start, end, event, clamp_ns }
}

/// Rounding down to `quantum_ns`.
fn floored(quantum_ns: i64) -> Reading {
    Reading { early_ns: 0, late_ns: ns(quantum_ns) }
}

/// Rounding to `quantum_ns`, down or to the nearest.
fn rounded(quantum_ns: i64) -> Reading {
    Reading { early_ns: -ns(quantum_ns / 2), late_ns: ns(quantum_ns) }
}

fn ns(value: i64) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// The topmost ancestor of every span that its own process recorded without leaving it.
fn local_roots(store: &TraceStore) -> Vec<SpanIx> {
    let mut roots = vec![SpanIx::NONE; store.len()];
    let mut path = Vec::new();
    for ix in store.span_ixs() {
        let mut at = ix;
        let root = loop {
            if roots[at.at()].is_some() {
                break roots[at.at()];
            }
            path.push(at);
            let span = store.span(at);
            match span.parent() {
                Some(up) if store.span(up).resource_ix() == span.resource_ix() => at = up,
                _ => break at,
            }
        };
        for span in path.drain(..) {
            roots[span.at()] = root;
        }
    }
    roots
}

#[cfg(test)]
mod tests {
    use super::super::tests::Draft;
    use super::*;

    fn stamps(draft: &Draft, check: impl Fn(&Stamps<'_>)) {
        let store = draft.store();
        let domains = super::super::domains::assign(&store);
        check(&Stamps::new(&store, &domains.of_span, &Readers::detect(&store)));
    }

    #[test]
    fn languages_read_time_in_their_own_ways() {
        let start = 1_000 * MS;
        for (language, anchored_end, late) in [
            ("webjs", true, MS + 100 * US),
            ("nodejs", true, MS),
            ("go", true, 0),
            ("python", false, 0),
            ("", false, 0),
        ] {
            let mut draft = Draft::default();
            let host = draft.host("a", language);
            draft.span(host, 1, 0, start, start + 12_345_678);
            stamps(&draft, |stamps| {
                let end = stamps.end(SpanIx(0)).unwrap();
                assert_eq!(end.anchor_ns == start, anchored_end, "{language}");
                assert_eq!((end.early_ns, i64::from(end.late_ns)), (0, late), "{language}");
            });
        }
    }

    #[test]
    fn java_reads_the_wall_clock_once_per_local_root() {
        let mut draft = Draft::default();
        let host = draft.host("a", "java");
        draft.span(host, 1, 0, 100, 900);
        draft.span(host, 2, 1, 200, 800);
        draft.span(host, 3, 2, 300, 700);
        stamps(&draft, |stamps| {
            for ix in 0..3 {
                assert_eq!(stamps.start(SpanIx(ix)).unwrap().anchor_ns, 100);
                assert_eq!(stamps.end(SpanIx(ix)).unwrap().anchor_ns, 100);
            }
        });
    }

    #[test]
    fn a_request_written_after_the_fact_is_measured_from_its_arrival() {
        let mut draft = Draft::default();
        let (server, client) = (draft.host("a", "python"), draft.host("b", "python"));
        draft.span(client, 1, 0, 50, 950);
        draft.span(server, 2, 1, 100, 900).texts.push(("gen_ai.latency.e2e", "0.8"));
        draft.span(server, 3, 2, 100, 300).name = "vllm_queue".into();
        draft.span(server, 4, 3, 301, 700);
        draft.span(server, 5, 0, 400, 500);
        stamps(&draft, |stamps| {
            let arrival = stamps.start(SpanIx(1)).unwrap();
            for ix in 1..=3 {
                let (start, end) = (stamps.start(SpanIx(ix)).unwrap(), stamps.end(SpanIx(ix)).unwrap());
                assert!(arrival.is_rigid_with(&start) && arrival.is_rigid_with(&end), "{ix}");
                assert!(stamps.is_written_after(SpanIx(ix)));
            }
            // Neither the caller nor another request.
            for ix in [0, 4] {
                let end = stamps.end(SpanIx(ix)).unwrap();
                assert_eq!(end.anchor_ns, end.raw_ns);
                assert!(!stamps.is_written_after(SpanIx(ix)));
            }
        });
    }

    #[test]
    fn whole_milliseconds_are_recognised_from_four_stamps_on_and_microseconds_from_twenty() {
        let begin = 1_795_000_000 * S;
        for (spans, grain, begin, early, late) in [
            (3, MS, begin, 0, 0),
            (4, MS, begin, -500_000, 1_000_000),
            (4, MS, 0, 0, 0),
            (4, S, begin, -500_000_000, 1_000_000_000),
            (19, US, begin, 0, 0),
            (20, US, begin, -500, 1_000),
            (20, MS, 0, -500_000, 1_000_000),
        ] {
            let mut draft = Draft::default();
            let host = draft.host("a", "python");
            for at in 1..=spans {
                let start = begin + (7 * at * at + at + 1) * grain;
                draft.span(host, at.unsigned_abs(), 0, start, start + 1_234_567 * at);
            }
            stamps(&draft, |stamps| {
                let start = stamps.start(SpanIx(0)).unwrap();
                assert_eq!((start.early_ns, start.late_ns), (early, late), "{spans} spans");
                assert_eq!(stamps.end(SpanIx(0)).unwrap().late_ns, 0, "ends are exact");
            });
        }
    }

    #[test]
    fn made_up_times_are_no_stamps() {
        let mut draft = Draft::default();
        let host = draft.host("a", "nodejs");
        draft.span(host, 1, 0, 5 * MS, 5 * MS);
        draft.span(host, 2, 0, 5 * MS, 0);
        draft.span(host, 3, 0, 0, 5 * MS);
        stamps(&draft, |stamps| {
            assert!(stamps.is_clamped(SpanIx(0)));
            assert!(stamps.end(SpanIx(0)).is_none() && stamps.start(SpanIx(0)).is_some());
            assert!(stamps.end(SpanIx(1)).is_none());
            assert!(stamps.start(SpanIx(2)).is_none() && stamps.end(SpanIx(2)).is_some());
        });
    }
}
