//! Clocks and findings for people.

use std::collections::BTreeSet;
use std::fmt;

use super::clocks::{Analysis, EdgeReport, EvidenceReport, FindingReport, OffsetReport};
use super::text::{aligned, count};
use super::{Clock, Report};
use crate::analysis::clocks::Severity;
use crate::analysis::clocks::words::offset_text;
use crate::model::grouped;
use crate::model::time::{absolute_text, duration_text};

/// How many findings are shown; the JSON form has all of them.
const FINDINGS_SHOWN: usize = 20;
/// How many edges of one proof are shown.
const EDGES_SHOWN: usize = 6;
/// How many kinds of evidence are shown.
const EVIDENCE_SHOWN: usize = 12;
/// How many explanations of one finding are shown.
const REPAIRS_SHOWN: usize = 3;

/// The whole matter in one or two sentences.
pub(super) fn summary(report: &Report) -> String {
    let clocks = report.domains.len();
    let of = |severity| report.findings.iter().filter(|finding| finding.severity == severity).count() as u64;
    let (impossible, suspicious) = (of(Severity::Impossible), of(Severity::Suspicious));
    let off = report.findings.iter().filter(|finding| is_off(finding)).count();
    let mut said = Vec::new();
    if impossible > 0 {
        said.push(format!("{} impossible by protocol, whatever the offsets of the clocks", are(impossible)));
    }
    if suspicious > 0 {
        said.push(format!("{} the way such spans usually nest", contradict(suspicious)));
    }
    if off > 0 {
        said.push(off_text(&report.findings));
    }
    let several = report.findings.iter().filter(|finding| finding.severity == Severity::Clock && !is_off(finding));
    let several: Vec<&str> = several.map(|finding| finding.root.as_str()).collect();
    if !several.is_empty() {
        let each = if several.len() == 1 { "" } else { " each" };
        said.push(format!("{} may be several machines{each}", several.join(", ")));
    }
    if !said.is_empty() {
        return format!("{}.", said.join("; "));
    }
    let unknown = report.domains.iter().filter_map(|clock| clock.offset.as_ref());
    let unknown = unknown.filter(|offset| offset.lo_ns.is_none() && offset.hi_ns.is_none()).count() as u64;
    match clocks {
        0 | 1 => "Nothing contradicts causality.".to_owned(),
        _ if unknown > 0 => format!(
            "Nothing contradicts causality; {} cannot be compared, as no message connects {}.",
            count(unknown, "clock"),
            if unknown == 1 { "it" } else { "them" }
        ),
        _ => "Nothing contradicts causality, and no clock is provably off.".to_owned(),
    }
}

fn are(n: u64) -> String {
    if n == 1 { "1 thing is".to_owned() } else { format!("{} things are", grouped(n)) }
}

fn contradict(n: u64) -> String {
    if n == 1 { "1 thing contradicts".to_owned() } else { format!("{} things contradict", grouped(n)) }
}

/// Whether it says that a clock is off; that one name stands for several clocks does not.
fn is_off(finding: &FindingReport) -> bool {
    finding.severity == Severity::Clock && finding.code != "X8"
}

/// Which clocks are off.
fn off_text(findings: &[FindingReport]) -> String {
    const SHOWN: usize = 4;
    let of = findings.iter().filter(|finding| is_off(finding));
    let names: BTreeSet<&str> = of.map(|finding| finding.root.as_str()).collect();
    let is = if names.len() == 1 { "is" } else { "are" };
    let shown: Vec<&str> = names.iter().copied().take(SHOWN).collect();
    let more = match names.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{} {is} off: {}{more}", count(names.len() as u64, "clock"), shown.join(", "))
}

/// How much would have to be wrong everywhere at least to explain all contradictions.
pub(super) fn write_strain(f: &mut fmt::Formatter<'_>, analysis: &Analysis) -> fmt::Result {
    let strain = &analysis.strain;
    if strain.reading_error_ns == Some(0) {
        return Ok(());
    }
    let error = |ns| format!("every single reading of a clock were off by at least {}", duration_text(ns));
    let drift = |ppb: u32| format!("every clock drifted by at least {} ppm more", grouped(ppb.div_ceil(1000).into()));
    let ways: Vec<String> =
        strain.reading_error_ns.map(error).into_iter().chain(strain.extra_drift_ppb.map(drift)).collect();
    if ways.is_empty() {
        return writeln!(f, "  No error of readings and no drift explains all of it.");
    }
    writeln!(f, "  All contradictions together would be explained only if {}.", ways.join(", or if "))
}

pub(super) fn write_findings(f: &mut fmt::Formatter<'_>, findings: &[FindingReport]) -> fmt::Result {
    if findings.is_empty() {
        return Ok(());
    }
    writeln!(f, "\nFindings")?;
    for finding in findings.iter().take(FINDINGS_SHOWN) {
        write_finding(f, finding)?;
    }
    let more = findings.len().saturating_sub(FINDINGS_SHOWN) as u64;
    if more > 0 {
        writeln!(f, "  and {} more; --format json has all of them", grouped(more))?;
    }
    Ok(())
}

fn write_finding(f: &mut fmt::Formatter<'_>, finding: &FindingReport) -> fmt::Result {
    let FindingReport { id, code, sentence, .. } = finding;
    writeln!(f, "  {id:>2}  {code:<2}  {sentence}")?;
    writeln!(f, "          {}", certainty(finding))?;
    for edge in finding.witness.iter().take(EDGES_SHOWN) {
        write_edge(f, "          ", edge)?;
    }
    let more = finding.witness.len().saturating_sub(EDGES_SHOWN);
    if more > 0 {
        writeln!(f, "          and {} more", count(more as u64, "edge"))?;
    }
    if !finding.repairs.is_empty() {
        let shown: Vec<&str> = finding.repairs.iter().take(REPAIRS_SHOWN).map(String::as_str).collect();
        writeln!(f, "          would be explained if {}", shown.join(", or if "))?;
    }
    Ok(())
}

/// How sure a finding is.
fn certainty(finding: &FindingReport) -> &'static str {
    match (finding.severity, finding.level.as_str()) {
        (Severity::Impossible, _) => "impossible by protocol",
        (Severity::Suspicious, _) => "contradicts the usual nesting of spans",
        (Severity::Clock, "protocol") => "a fact about a clock, by protocol",
        (Severity::Clock, _) => "a fact about a clock, by the usual nesting of spans",
        (Severity::Info, _) => "for information",
    }
}

/// One edge on one line: both events with what their clocks showed, and the rule.
pub(super) fn write_edge(f: &mut fmt::Formatter<'_>, indent: &str, edge: &EdgeReport) -> fmt::Result {
    let event = |moment: &super::Moment, raw_ns| {
        let time = absolute_text(raw_ns);
        let time = time.split_once(' ').map_or("", |(_, time)| time);
        format!("{} of “{}” {time} on {}", moment.event, moment.name, moment.clock)
    };
    writeln!(
        f,
        "{indent}{} → {}: {} ({})",
        event(&edge.from, edge.raw_from_ns),
        event(&edge.to, edge.raw_to_ns),
        edge.because,
        edge.strength
    )
}

pub(super) fn write_clocks(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let clocks = &report.domains;
    if clocks.is_empty() {
        return Ok(());
    }
    let analysis = &report.analysis;
    match (&analysis.reference, &analysis.reason) {
        (Some(reference), Some(reason)) if clocks.len() > 1 => {
            writeln!(f, "\nClocks against {reference} ({reason}), {} evidence", analysis.level)?;
        }
        _ => writeln!(f, "\nClocks, and what they are told apart by")?,
    }
    let table: Vec<_> = clocks.iter().map(|clock| clock_cells(clock, clocks.len() > 1)).collect();
    for row in aligned(&table) {
        writeln!(f, "  {row}")?;
    }
    for clock in &analysis.unseen_clocks {
        let sure = if clock.guessed { ", perhaps several machines" } else { "" };
        let spans = count(clock.spans, "span");
        writeln!(f, "  without spans: {}, read in {spans}, told by {}{sure}", clock.name, clock.told_by)?;
    }
    let apart: Vec<String> = report.pairs.iter().filter(|pair| !pair.feasible).map(pair_text).collect();
    for line in apart {
        writeln!(f, "  {line}")?;
    }
    write_evidence(f, analysis, clocks.len())
}

/// What was assumed, and which kinds of evidence there are.
fn write_evidence(f: &mut fmt::Formatter<'_>, analysis: &Analysis, clocks: usize) -> fmt::Result {
    for assumed in &analysis.assumed {
        writeln!(f, "  Asked for: {assumed}.")?;
    }
    let evidence = &analysis.evidence;
    if clocks < 2 || evidence.is_empty() {
        return Ok(());
    }
    writeln!(f, "\nEvidence between clocks (--without and --with switch a kind off and on)")?;
    // What is not as usual is never cut.
    let (odd, usual): (Vec<_>, Vec<_>) =
        evidence.iter().partition(|kind| !kind.because.is_empty() || kind.set_aside > 0);
    let most = EVIDENCE_SHOWN.max(odd.len());
    let shown = odd.iter().chain(&usual).take(most);
    let table: Vec<_> = shown.map(|kind| evidence_cells(kind)).collect();
    for row in aligned(&table) {
        writeln!(f, "  {row}")?;
    }
    let more = evidence.len().saturating_sub(most) as u64;
    if more > 0 {
        writeln!(f, "  and {} more; --format json has all of them", grouped(more))?;
    }
    Ok(())
}

fn evidence_cells(kind: &EvidenceReport) -> Vec<String> {
    let mut odd = Vec::new();
    if kind.violated > 0 {
        odd.push(format!("{} impossible", grouped(kind.violated)));
    }
    if kind.set_aside > 0 {
        odd.push(format!("{} set aside", grouped(kind.set_aside)));
    }
    if !kind.because.is_empty() {
        odd.push(kind.because.to_owned());
    }
    vec![kind.name.clone(), kind.strength.clone(), count(kind.uses, "use"), odd.join(", ")]
}

fn pair_text(pair: &super::PairReport) -> String {
    format!("no one offset fits the {} between {} and {}", count(pair.edges, "message"), pair.a, pair.b)
}

fn clock_cells(clock: &Clock, with_offset: bool) -> Vec<String> {
    let kind = match clock.kind.as_str() {
        "unknown" => "kind unknown",
        known => known,
    };
    let services = match clock.services.as_slice() {
        // The name often is the service; saying it twice helps nobody.
        [service] if *service == clock.name => String::new(),
        services => services.join(", "),
    };
    let mut cells = vec![
        clock.name.clone(),
        kind.to_owned(),
        clock.evidence.clone(),
        match clock.strength.as_str() {
            "unknown" => "no evidence".to_owned(),
            strength => format!("{strength} evidence"),
        },
        count(clock.spans, "span"),
        services,
    ];
    if with_offset {
        let words = clock.offset.as_ref().map_or_else(String::new, |offset| offset_words(clock, offset));
        cells.insert(1, words);
    }
    cells
}

/// The interval, and the guess beside it where there is one.
fn offset_words(clock: &Clock, offset: &OffsetReport) -> String {
    if clock.name == offset.reference && offset.lo_ns == Some(0) && offset.hi_ns == Some(0) {
        return "reference".to_owned();
    }
    let words = offset_text(offset.lo_ns, offset.hi_ns);
    match offset.estimate_ns {
        Some(guess) if offset.lo_ns != offset.hi_ns => {
            let sign = if guess > 0 { "+" } else { "" };
            format!("{words} (guess {sign}{})", duration_text(guess))
        }
        _ => words,
    }
}
