//! The report: what the inputs hold, what is odd in them, and which clocks stamped the spans.
//!
#![doc = include_str!("schema.md")]

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
