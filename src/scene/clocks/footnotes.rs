//! What an exported picture says about clocks below its legend: whose time it shows, by which evidence, which offsets,
//! and the findings in view.

use super::{ClockInput, lane_offset};
use crate::analysis::clocks::evidence::assumed_words;
use crate::analysis::clocks::words::offset_text;
use crate::analysis::clocks::{Evidence, FindingTone};
use crate::analysis::numbered::{Found, Numbered, Patterns};
use crate::scene::frame::Sample;
use crate::scene::input::SceneInput;
use crate::scene::view_state::ViewState;

/// Findings written out, at most.
const MOST_FINDINGS: usize = 6;
/// Findings kept for a picture, at most: numbers on bars are explained.
const MOST_LISTED: usize = 60;
/// Points of a picture's height that each of them needs: a small picture is not for reading.
const HEIGHT_OF_ONE: f32 = 150.0;

/// What is said below the legend.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Notes {
    /// About clocks, one line each where there is room.
    pub plain: Vec<String>,
    /// Number, tone and sentence of findings in view, at most `MOST_LISTED`.
    pub findings: Vec<(u32, FindingTone, String)>,
    /// How many of them a picture has room for in full, at most 6; the others are cut short.
    pub in_full: usize,
    /// How many findings are in view.
    pub in_view: usize,
}

/// The notes that belong to a picture of `view`.
#[must_use]
pub fn notes(input: &SceneInput<'_>, view: &ViewState) -> Notes {
    let Some(clocks) = &input.clocks else { return Notes::default() };
    let mut notes = Notes::default();
    if input.domains.list.len() > 1 {
        notes.plain.push(clock_line(clocks, input, view));
    }
    let assumed = assumed_words(input.store, input.domains, clocks.known.model.options());
    if !assumed.is_empty() {
        notes.plain.push(format!("Not as usual: {}", assumed.join(" · ")));
    }
    notes.plain.extend(held_line(input));
    let judged = patterns_as_judged(input, view);
    let findings = Numbered::new(Some(clocks.known), judged.as_ref().or(input.work.map(|work| &work.patterns)));
    notes.in_full = ((view.size.y / (HEIGHT_OF_ONE * view.text_scale.max(0.1))) as usize).clamp(1, MOST_FINDINGS);
    for found in findings.iter().filter(|found| is_in_view(input, view, *found)) {
        notes.in_view += 1;
        if notes.findings.len() < MOST_LISTED {
            notes.findings.push((found.id(), found.tone(), found.sentence().to_owned()));
        }
    }
    notes
}

/// Findings as they read with what `view` says about traces that lost their parent; `None` = as they were found.
fn patterns_as_judged(input: &SceneInput<'_>, view: &ViewState) -> Option<Patterns> {
    let work = input.work?;
    let judged = view.lanes.conversation.judged(input.store, &work.genai, &view.course.ties);
    work.patterns.judged(input.store, input.domains, &work.genai, &judged)
}

/// Whose time the picture shows, and in a frame by which evidence, in a few words.
#[must_use]
pub fn axis_words(input: &SceneInput<'_>) -> String {
    let frame = input.clocks.as_ref().filter(|clocks| clocks.is_frame);
    let reference = frame.and_then(|clocks| clocks.known.model.reference());
    match reference.and_then(|reference| input.domains.list.get(reference.domain.at())) {
        Some(domain) if input.held().is_some() => format!("what if, as {}'s clock would show it", domain.name),
        Some(domain) => {
            let level = frame.map(|clocks| evidence_words(clocks.known.model.options().level)).unwrap_or_default();
            format!("times as {}'s clock would show them · evidence: {level}", domain.name)
        }
        None => "raw clocks: every lane shows what its own clock said".to_owned(),
    }
}

/// The level of evidence in words.
const fn evidence_words(level: Evidence) -> &'static str {
    match level {
        Evidence::Protocol => "protocol",
        Evidence::Convention => "protocol and convention",
        Evidence::Prior => "protocol, convention and priors",
    }
}

fn clock_line(clocks: &ClockInput<'_>, input: &SceneInput<'_>, view: &ViewState) -> String {
    let evidence = evidence_words(clocks.known.model.options().level);
    let lanes = input.lanes.iter().filter_map(|lane| {
        let offset = lane_offset(input, lane.clock()?, view.time);
        Some(format!("{}: {}", view.lanes.name(lane), offset.words()))
    });
    let offsets: Vec<String> = lanes.take(12).collect();
    let axis = if clocks.is_frame { "reference frame" } else { "raw clocks" };
    format!("Clock: {axis} · evidence: {evidence} · offsets — {}", offsets.join(" · "))
}

/// What is held by hand, so that nobody takes the picture for what was measured.
fn held_line(input: &SceneInput<'_>) -> Option<String> {
    let (held, _) = input.held()?;
    let name = &input.domains.list.get(held.domain.at())?.name;
    let offset = offset_text(Some(held.offset_ns), Some(held.offset_ns));
    Some(format!("What if: the clock of {name} is held at {offset}, and the others follow. Not what was measured."))
}

fn is_in_view(input: &SceneInput<'_>, view: &ViewState, found: Found<'_>) -> bool {
    let witness = found.witness().iter().flat_map(|proof| [proof.cause.from.span, proof.cause.to.span]);
    let spans = witness.chain(found.spans().iter().copied()).filter(|span| span.at() < input.store.len());
    let mut extents = spans.map(|span| input.extent_ns(span));
    extents.any(|(start_ns, end_ns)| start_ns <= view.time.to_ns && end_ns >= view.time.from_ns)
}

/// Legend entries for marks of clocks.
#[must_use]
pub fn legend(input: &SceneInput<'_>, view: &ViewState) -> Vec<(Sample, String)> {
    let Some(clocks) = &input.clocks else { return Vec::new() };
    let mut entries = Vec::new();
    if clocks.is_frame && input.domains.list.len() > 1 {
        let mut say = |sample, text: &str| entries.push((sample, text.to_owned()));
        say(Sample::Whisker, "where causality allows it");
        say(Sample::OuterWhisker, "by protocol alone");
        say(Sample::OpenWhisker, "nothing bounds this side");
        say(Sample::Estimate, "estimate, assumes equal latency both ways");
        say(Sample::Rail, "one clock reading: moves as one");
        if !view.selection.is_empty() {
            say(Sample::Raw, "raw position");
        }
    }
    let numbered = input.findings().iter().find(|found| is_in_view(input, view, *found));
    if let Some(found) = numbered {
        entries.push((Sample::Finding(found.id(), found.tone()), "finding, see below".to_owned()));
    }
    entries
}
