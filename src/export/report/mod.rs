//! The report: what the inputs hold, what is odd in them, and which clocks stamped the spans.
//!
//! # The JSON form, schema `skewline.report/1`
//!
//! - Absolute times are decimal **strings** of Unix nanoseconds (they do not fit into a double);
//!   durations, offsets, sizes and counts are integers (nanoseconds, bytes).
//! - The order of everything is stable: the same inputs give the same text, except for `memory`,
//!   which says how much was really allocated, and `version`.
//! - Fields may be added under this schema name; none is removed or changes its meaning.
//!
//! ```text
//! schema       "skewline.report/1"
//! version      of the program
//! worst        the worst severity found: "notice", "warning", "error", or null
//! counts       { notice, warning, error }: how often something of that severity was found
//! inputs[]     name, format, compression ("gzip", "zstd", null, or what was around the trace: "log
//!              lines", "a table", ...; offsets then count bytes of what was made of it), bytes, inflated_bytes,
//!              sha256 (of the stored bytes; null if they are gone), spans and traces (kept from
//!              it: exact copies of spans of earlier inputs are merged, see "duplicate-merged"),
//!              diagnostics[]: code, severity, count, meaning, places[]: offset (bytes, inflated), detail
//! failures[]   inputs that could not be read: name, severity ("notice" for files of a named
//!              directory that are no traces, else "error"), error
//! workspace    spans, traces, events, links, error_spans, root_spans,
//!              orphan_spans (their parent is in no input),
//!              missing_parents { count, remote, local, unknown },
//!              time { clock: "raw", start_ns, end_ns, duration_ns } or null
//! memory       column_bytes, attribute_bytes, string_bytes, event_bytes, total_bytes,
//!              column_bytes_per_span, bytes_per_span
//! domains[]    one per clock domain, in the order of the lanes: name, kind ("server", "unmanaged",
//!              "provider", "unknown"), key and value (the evidence; null if nothing identifies the
//!              clock), strength ("strong", "medium", "weak", "unknown"), evidence (in words),
//!              detail, services[], sdk_languages[], members[] (the processes, instances or pages:
//!              process, sdk_language), spans, time { clock: "raw", ... } or null,
//!              offset { reference (name of the reference clock), level (see analysis), lo_ns and
//!              hi_ns: bounds of (this clock) - (reference clock), positive = ahead, null for an open
//!              side; estimate_ns: a guess inside, null if the clocks are not comparable; at_ns: what
//!              this clock showed then (the median of its spans' starts, but for those at which it may
//!              have jumped), one_sided: exactly one side is bounded, why[]: the edges that set the ends, each with side: "lo" or "hi" }
//! analysis     level: which causal edges count ("protocol": information had to flow, "convention":
//!              and the usual nesting, "prior": and weak identity), reference (name) and reason
//!              (null without any clock), drift_ppb: how fast clocks may drift without comment, drift_of {}:
//!              the clocks for which another bound was asked for, only_trace: the trace whose messages alone
//!              count, or null; unseen_clocks[], where there are some: clocks that stamped no span but are read
//!              in some (brokers, whoever dates responses): name, told_by (attributes), guessed: the name may
//!              stand for several machines, spans: how many read it; evidence[]: kinds of messages between clocks: name (for --without and --with), rule,
//!              strength, uses, violated (uses that no offset could make hold), set_aside (single messages given
//!              up so that the rest fits), on: it counts, standing ("on", "on_by_hand", "off_by_hand", "failing":
//!              over a fifth is violated, "overruled": protocol contradicts over a fifth, "given_up", "too_weak":
//!              not at this level); strain: what would explain all contradictions { reading_error_ns: the least
//!              error of every single reading, extra_drift_ppb: the least addition to every clock's drift }
//!              (0 without contradictions, null when none helps)
//! pairs[]      two clocks that exchange messages, under one constant offset, at analysis.level: a, b
//!              (names), lo_ns and hi_ns: bounds of (clock of b) - (clock of a), null for an open side
//!              or when no constant fits; slack_ns: least latency there and back (null likewise),
//!              edges: number of messages, feasible: one constant fits, model: the simplest that fits
//!              ("M0" equal clocks, "M1" a constant, "M2" drift, "M2s" slewing, "M3" jumps, "M4" none)
//! findings[]   one per root cause, the worst first: id (1, 2, ...), code ("N0", "X3", ...), severity
//!              ("impossible": no clock explains it, "suspicious": contradicts the usual nesting,
//!              "clock": a fact about a clock, "info"), sentence, root (in a few words), domains[]
//!              (names, the one to blame first), spans[] (ids, the clearest first, at most 50),
//!              witness[]: edges in causal order, excess_ns: by how much, model: the simplest that
//!              explains it (as for pairs, or "none" on one clock), repairs[]: what would explain it,
//!              most likely first; count: how many spans or messages show it, level: the weakest evidence it needs, at_ns: when on the
//!              first of domains, or null. In counts and worst, "impossible" and "suspicious" are
//!              warnings, the others notices
//! ai           totals of AI work; every "totals" below has the same fields: spans, errors, model_calls
//!              (one inside another counts once), calls_without_tokens, tool_calls, input_tokens,
//!              cache_read_tokens, output_tokens, reasoning_tokens (leaf calls only: spans that restate
//!              the tokens of others are not added), cost_nano_usd (billionths, null if no call states
//!              it), calls_with_cost
//! agents[]     name, inferred (made up: nothing names it), source (the key that names it) and
//!              confidence ("stated", "assumed", "inferred"), totals, phases[]
//! conversations[]  id, source, confidence, traces[] (ids), turns, totals
//! turns[]      conversation (id or null), number, source, confidence, roots[] (ids of its topmost spans),
//!              start_ns of the first one and its clock, wall: an interval, exact on one clock (null
//!              without times; across clocks worked out for the first turns, as many as a budget of
//!              searches allows: over a thousand), voice (null, or in a conversation by voice: waited_ns from
//!              the end of what a person said to the first sound of the answer, its source and confidence,
//!              measured: the same as the spans show it, an interval, interrupted: the span into which
//!              somebody spoke), totals, phases[], why (null without times, and beyond the slowest thousand
//!              or a budget of searches)
//! why          what a turn's time was spent on along its critical path: sentence, took_ns (on the clock on which
//!              it began), parts[]: the most first, at most 12: what (words after a duration), kind ("phase",
//!              "failed_call", "backoff", "human_wait", "tool", "retrieval", "agent", "step", "between",
//!              "unknown_order"), phase (or null), lo_ns and hi_ns (equal but for orders that clocks leave open),
//!              derived: from durations that spans state, spans[] (ids, the longest first, at most 50); more_parts
//!              and more { lo_ns, hi_ns }: the smaller parts, unaccounted { lo_ns, hi_ns }, median_ns: of the
//!              other turns of the conversation, or null, remarks[]: what it rests on that no span states
//! longest      the longest trace where no turn is known, else null: span (id), name, why
//! phases[]     of all AI work: phase ("queue", "load", "prefill", "decode", "compute", "overhead",
//!              "network", "first_token", "opaque", "tool", "retrieval", "agent_work", "backoff",
//!              "human_wait"), count, sum_ns = real_ns (spans or events) + derived_ns (from durations
//!              or the first token) + unaccounted_ns, busy: the union, an interval { lo_ns, hi_ns };
//!              phases may overlap
//! handoffs[]   from and to (agents, null if unknown), by ("span", "attributes", "tool", "next_agent"),
//!              confidence, span, taken: how whoever takes over follows, null where it left no span { span,
//!              lo_ns and hi_ns: it begins that much later, from the start of the handoff (of "next_agent" from
//!              the end of the agent before), null for an open side, exact on one clock; raw_ns: what the
//!              stated times claim, order ("before": the handoff came first, "after", "same", "unknown": not
//!              proven), one_clock }
//! retries[]    name, attempts[] (ids, all but the last failed), backoff_ns[] between them, succeeded,
//!              wasted_tokens, fallback: another model or tool was tried
//! stitches[]   proposals for traces that lost their parent: root and under (ids), score (0 to 100), by
//!              ("ancestry", "link", "tool_call", "task", "mcp_request", "request", "linked_trace",
//!              "previous_response", "handoff", "conversation"; the surest first), evidence, taken: from the
//!              start of under to the start of root, as for handoffs
//! sources[]    where derived values were read: field, source (an attribute's key, or "span name"), convention,
//!              confidence, spans: how many have it from there, first (id)
//! missing_parents[]  what is known about parents that are in no input, the first 500: id, trace, children (how many
//!              spans name it), sampled: how many of them say that the trace was sampled, exact: the last of
//!              ancestors is the parent itself and not only above it, ancestors[]: the outermost first, id and
//!              name (null if not stated), start_ns (or null), here: the id of its span if it is in an input;
//!              sources[] (attributes that say it). Parents about which nothing is known are left out
//! conventions[]  what each instrumentation scope of AI spans follows: scope, version, schema_url (empty if not
//!              stated), spans, conventions[] (by name, as far as attributes or span names belong to one)
//! calls[]      the first 500 model calls: span (id), name, values[]: field, value (text; durations in
//!              nanoseconds), source, confidence. What was said is never in a report
//! ai_findings[]  patterns, the worst first: id (goes on after those of findings), code ("E2" to "E13"),
//!              severity ("impossible", "suspicious", "unknown": data is missing), sentence, root (in a
//!              few words), evidence[] (in words), spans[] (ids, at most 50), count, numbers {} (of the
//!              evidence, by short names; those that end in _ns are nanoseconds; of "E3" after_ns from the end of
//!              the handoff to the start of the trace on one clock, across clocks after_lo_ns and after_hi_ns
//!              instead, each as far as something bounds it). In counts and worst,
//!              "unknown" does not count, the others are warnings
//!
//! an edge is   { from: { span, event: "start", "end" or "event N" (from 0), trace, name, clock },
//!              to: { the same }, rule, strength ("protocol", "convention", "prior"), raw_from_ns,
//!              raw_to_ns: the stated times }: "from" had to happen before "to"
//! ```

#[cfg(test)]
mod ai_tests;
mod between;
mod clocks;
mod clocks_text;
mod derived;
mod genai;
mod genai_text;
mod missing;
mod passage;
#[cfg(test)]
mod tests;
mod text;
mod voice;
mod why;

pub use between::{BETWEEN_SCHEMA, BetweenReport};
pub use clocks::{
    Analysis, Describe, EdgeReport, FindingReport, Moment, OffsetReport, PairReport, StrainReport, UnseenReport,
    WhyEdge,
};
pub use derived::{CallReport, ConventionReport, SourceReport, ValueReport};
pub use genai::{
    AgentReport, AiFindingReport, AiReport, AiTotals, ConversationReport, HandoffReport, Interval, PhaseReport,
    RetryReport, StitchReport, TurnReport,
};
pub use missing::{AncestorReport, MissingParentReport};
pub use passage::PassageReport;
pub use why::{LongestReport, WhyPart, WhyReport};

use std::collections::HashSet;
use std::ops::Range;

use serde::Serialize;

use crate::analysis::clocks::ClockModel;
use crate::analysis::clocks::domains::{self, Domains};
use crate::analysis::findings::Rulebook;
use crate::model::{Diagnostics, InputIx, Severity, SpanFlags, TraceStore};

/// The schema's name.
pub const SCHEMA: &str = "skewline.report/1";

/// What a report is made from.
#[derive(Clone, Copy, Debug)]
pub struct ReportInput<'a> {
    /// The workspace.
    pub store: &'a TraceStore,
    /// Its clock domains.
    pub domains: &'a Domains,
    /// What causality says about them.
    pub model: &'a ClockModel,
    /// SHA-256 of each input's stored bytes, as hex digits, where known. Aligned with the inputs.
    pub hashes: &'a [Option<String>],
    /// Inputs that could not be read.
    pub failures: &'a [Failure],
}

/// The whole report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: &'static str,
    /// Version of the program.
    pub version: &'static str,
    /// The worst severity found.
    #[serde(serialize_with = "as_text_or_null")]
    pub worst: Option<Severity>,
    /// How often something was found.
    pub counts: Counts,
    /// The inputs that were read, in order.
    pub inputs: Vec<InputReport>,
    /// The inputs that were not.
    pub failures: Vec<Failure>,
    /// Totals.
    pub workspace: Workspace,
    /// What the workspace costs.
    pub memory: Memory,
    /// The clock domains.
    pub domains: Vec<Clock>,
    /// How the clocks were analysed.
    pub analysis: Analysis,
    /// Pairs of clocks that exchange messages.
    pub pairs: Vec<PairReport>,
    /// Conclusions, the worst first.
    pub findings: Vec<FindingReport>,
    /// Agents, conversations, turns, phases.
    #[serde(flatten)]
    pub ai: AiReport,
}

/// How often something of each severity was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Counts {
    /// Worth knowing.
    pub notice: u64,
    /// Odd, kept and flagged.
    pub warning: u64,
    /// Something could not be read.
    pub error: u64,
}

/// One input that was read.
#[derive(Clone, Debug, Serialize)]
pub struct InputReport {
    /// What the user called it.
    pub name: String,
    /// The recognised format.
    pub format: &'static str,
    /// How it was compressed.
    pub compression: Option<&'static str>,
    /// Stored size in bytes.
    pub bytes: u64,
    /// Size after decompression in bytes.
    pub inflated_bytes: u64,
    /// Of the stored bytes, as hex digits.
    pub sha256: Option<String>,
    /// Spans that are kept from it; exact copies of earlier ones are merged.
    pub spans: u64,
    /// Traces that these spans belong to.
    pub traces: u64,
    /// What was odd in it, worst first.
    pub diagnostics: Vec<Diagnostic>,
}

/// One kind of oddity in one input.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnostic {
    /// Stable name.
    pub code: String,
    /// How much it matters.
    #[serde(serialize_with = "as_text")]
    pub severity: Severity,
    /// How often.
    pub count: u64,
    /// One sentence.
    pub meaning: &'static str,
    /// The first places.
    pub places: Vec<Place>,
}

/// Where something was seen.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Place {
    /// Byte offset in the inflated input.
    pub offset: u64,
    /// What was there; may be empty.
    pub detail: String,
}

/// An input that could not be read.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// What the user called it.
    pub name: String,
    /// `Notice` for a file of a named directory that is no trace, else `Error`.
    #[serde(serialize_with = "as_text")]
    pub severity: Severity,
    /// Why, and what to do about it.
    pub error: String,
}

/// Totals of the workspace.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Workspace {
    /// Spans.
    pub spans: u64,
    /// Traces.
    pub traces: u64,
    /// Events, log records included.
    pub events: u64,
    /// Links.
    pub links: u64,
    /// Spans whose status is error.
    pub error_spans: u64,
    /// Spans that name no parent.
    pub root_spans: u64,
    /// Spans that name a parent which is in no input.
    pub orphan_spans: u64,
    /// The parents that are in no input.
    pub missing_parents: MissingParents,
    /// From the first to the last stated time.
    pub time: Option<Hull>,
}

/// Parents that spans name but no input holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct MissingParents {
    /// How many.
    pub count: u64,
    /// Those that lived in another process, as their children say.
    pub remote: u64,
    /// Those that lived in the same process.
    pub local: u64,
    /// Those whose children do not say.
    pub unknown: u64,
}

/// A range of time on a stated clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Hull {
    /// `raw`: as the clocks said, not corrected.
    pub clock: &'static str,
    /// Begin, Unix nanoseconds.
    #[serde(serialize_with = "as_text")]
    pub start_ns: i64,
    /// End, Unix nanoseconds.
    #[serde(serialize_with = "as_text")]
    pub end_ns: i64,
    /// End minus begin.
    pub duration_ns: i64,
}

/// What the workspace costs in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Memory {
    /// Span columns and the tree.
    pub column_bytes: u64,
    /// Attributes.
    pub attribute_bytes: u64,
    /// Interned text.
    pub string_bytes: u64,
    /// Events and links.
    pub event_bytes: u64,
    /// All of it.
    pub total_bytes: u64,
    /// Columns per span, rounded.
    pub column_bytes_per_span: u64,
    /// Everything per span, rounded.
    pub bytes_per_span: u64,
}

/// One clock domain.
#[derive(Clone, Debug, Serialize)]
pub struct Clock {
    /// Short name.
    pub name: String,
    /// What kind of clock.
    pub kind: String,
    /// The key that identifies it.
    pub key: Option<String>,
    /// The value of the key.
    pub value: Option<String>,
    /// How far the key can be trusted.
    pub strength: String,
    /// The evidence in words.
    pub evidence: String,
    /// What else is known.
    pub detail: String,
    /// Services on it, sorted.
    pub services: Vec<String>,
    /// SDK languages on it, sorted: how its times were rounded.
    pub sdk_languages: Vec<String>,
    /// The processes, instances or pages that read it.
    pub members: Vec<Member>,
    /// Spans that it stamped.
    pub spans: u64,
    /// From the first to the last of its stamps.
    pub time: Option<Hull>,
    /// How far it is ahead of the reference clock.
    pub offset: Option<OffsetReport>,
}

/// A process, instance or page that reads a clock.
#[derive(Clone, Debug, Serialize)]
pub struct Member {
    /// What tells it from the others; empty when nothing does.
    pub process: String,
    /// Its SDK's language; empty when not stated.
    pub sdk_language: String,
}

fn as_text<T: ToString, S: serde::Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.to_string())
}

#[expect(clippy::ref_option, reason = "the signature that serde asks for")]
fn as_text_or_null<T: ToString, S: serde::Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => as_text(value, serializer),
        None => serializer.serialize_none(),
    }
}

impl Report {
    /// Says what is in a workspace.
    #[must_use]
    pub fn build(input: ReportInput<'_>) -> Self {
        Self::with_rules(input, &Rulebook::default())
    }

    /// Derives the report; findings about AI conversations by the thresholds and the contract of `rules`.
    #[must_use]
    pub fn with_rules(input: ReportInput<'_>, rules: &Rulebook) -> Self {
        let inputs = inputs(input);
        let describe = Describe { store: input.store, domains: input.domains, model: input.model };
        let findings = describe.findings();
        let ai = AiReport::build(input, rules);
        let counts = counts(&inputs, input.failures, &findings, &ai.ai_findings);
        Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            worst: counts.worst(),
            counts,
            inputs,
            failures: input.failures.to_vec(),
            workspace: workspace(input.store),
            memory: memory(input.store),
            domains: clocks(input.store, input.domains, describe.offsets()),
            analysis: describe.analysis(),
            pairs: describe.pairs(),
            findings,
            ai,
        }
    }

    /// The JSON form, ending in a line break.
    ///
    /// # Errors
    /// Never in practice: every field has a JSON form.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

impl Counts {
    const fn add(&mut self, severity: Severity, count: u64) {
        match severity {
            Severity::Notice => self.notice += count,
            Severity::Warning => self.warning += count,
            Severity::Error => self.error += count,
        }
    }

    const fn worst(self) -> Option<Severity> {
        if self.error > 0 {
            Some(Severity::Error)
        } else if self.warning > 0 {
            Some(Severity::Warning)
        } else if self.notice > 0 {
            Some(Severity::Notice)
        } else {
            None
        }
    }
}

fn counts(
    inputs: &[InputReport],
    failures: &[Failure],
    findings: &[FindingReport],
    ai_findings: &[AiFindingReport],
) -> Counts {
    let mut counts = Counts::default();
    for diagnostic in inputs.iter().flat_map(|input| &input.diagnostics) {
        counts.add(diagnostic.severity, diagnostic.count);
    }
    for failure in failures {
        counts.add(failure.severity, 1);
    }
    for severity in
        findings.iter().map(FindingReport::severity).chain(ai_findings.iter().filter_map(AiFindingReport::severity))
    {
        counts.add(severity, 1);
    }
    counts
}

fn inputs(input: ReportInput<'_>) -> Vec<InputReport> {
    let kept = kept_per_input(input.store);
    let of_input = |(ix, loaded): (usize, &crate::model::Input)| InputReport {
        name: loaded.name.clone(),
        format: loaded.format,
        compression: Some(loaded.compression).filter(|compression| !compression.is_empty()),
        bytes: loaded.bytes,
        inflated_bytes: loaded.inflated_bytes,
        sha256: input.hashes.get(ix).cloned().flatten(),
        spans: kept[ix].0,
        traces: kept[ix].1,
        diagnostics: diagnostics(&loaded.diagnostics),
    };
    input.store.inputs().iter().enumerate().map(of_input).collect()
}

/// Spans that are kept from each input, and the traces that they belong to.
fn kept_per_input(store: &TraceStore) -> Vec<(u64, u64)> {
    let mut kept = vec![(0, 0); store.inputs().len()];
    let mut seen = HashSet::new();
    let mut last = None;
    for ix in store.span_ixs() {
        let span = store.span(ix);
        let pair: (InputIx, _) = (span.input_ix(), span.trace_ix());
        let (spans, traces) = &mut kept[pair.0.at()];
        *spans += 1;
        if last != Some(pair) && seen.insert(pair) {
            *traces += 1;
        }
        last = Some(pair);
    }
    kept
}

fn diagnostics(diagnostics: &Diagnostics) -> Vec<Diagnostic> {
    let place = |place: &crate::model::Place| Place { offset: place.offset, detail: place.detail.clone() };
    let entries = diagnostics.entries().into_iter().map(|(code, entry)| Diagnostic {
        code: code.to_string(),
        severity: code.severity(),
        count: entry.count,
        meaning: code.meaning(),
        places: entry.places.iter().map(place).collect(),
    });
    entries.collect()
}

fn workspace(store: &TraceStore) -> Workspace {
    let mut totals = Workspace {
        spans: store.len() as u64,
        traces: store.traces().len() as u64,
        missing_parents: missing_parents(store),
        time: store.time_hull_ns().map(Hull::raw),
        ..Workspace::default()
    };
    for ix in store.span_ixs() {
        let span = store.span(ix);
        totals.events += span.events().len() as u64;
        totals.links += span.links().len() as u64;
        totals.error_spans += u64::from(span.flags().has(SpanFlags::ERROR));
        totals.root_spans += u64::from(!span.parent_id().is_some());
        totals.orphan_spans += u64::from(span.flags().has(SpanFlags::PARENT_MISSING));
    }
    totals
}

fn missing_parents(store: &TraceStore) -> MissingParents {
    let mut missing = MissingParents::default();
    for ghost in store.ghosts() {
        missing.count += 1;
        match ghost.remote {
            Some(true) => missing.remote += 1,
            Some(false) => missing.local += 1,
            None => missing.unknown += 1,
        }
    }
    missing
}

impl Hull {
    const fn raw(range: Range<i64>) -> Self {
        let duration_ns = range.end.saturating_sub(range.start);
        Self { clock: "raw", start_ns: range.start, end_ns: range.end, duration_ns }
    }
}

fn memory(store: &TraceStore) -> Memory {
    let memory = store.memory();
    let [columns, attributes, strings, events] =
        [memory.column_bytes, memory.attribute_bytes, memory.string_bytes, memory.event_bytes]
            .map(|bytes| bytes as u64);
    let total = columns + attributes + strings + events;
    let per_span = |bytes: u64| (bytes + store.len() as u64 / 2).checked_div(store.len() as u64).unwrap_or(0);
    Memory {
        column_bytes: columns,
        attribute_bytes: attributes,
        string_bytes: strings,
        event_bytes: events,
        total_bytes: total,
        column_bytes_per_span: per_span(columns),
        bytes_per_span: per_span(total),
    }
}

fn clocks(store: &TraceStore, domains: &Domains, offsets: Vec<Option<OffsetReport>>) -> Vec<Clock> {
    let mut hulls: Vec<Option<Range<i64>>> = vec![None; domains.list.len()];
    for (ix, domain) in store.span_ixs().zip(&domains.of_span) {
        let (start, end) = store.span(ix).drawn_ns();
        if start == 0 && end == 0 {
            continue;
        }
        let hull = hulls[domain.at()].get_or_insert(start..end);
        *hull = hull.start.min(start)..hull.end.max(end);
    }
    let known = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let clocks = domains.list.iter().zip(hulls).zip(offsets).map(|((domain, hull), offset)| Clock {
        name: domain.name.clone(),
        kind: domain.kind.to_string(),
        key: known(&domain.key),
        value: known(&domain.value),
        strength: domain.strength.to_string(),
        evidence: domain.chip.clone(),
        detail: domain.detail.clone(),
        services: domain.services.clone(),
        sdk_languages: domain.sdk_languages.clone(),
        members: domain.members.iter().map(member).collect(),
        spans: domain.spans,
        time: hull.map(Hull::raw),
        offset,
    });
    clocks.collect()
}

fn member(member: &domains::Member) -> Member {
    Member { process: member.process.clone(), sdk_language: member.sdk_language.clone() }
}
