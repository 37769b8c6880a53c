//! What is wrong with which clock, by how much, how sure, and what is really impossible.

use super::causal::{Cause, Evidence};
use crate::model::{DomainIx, SpanIx};

/// The kind of a finding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, strum::Display, strum::IntoStaticStr)]
pub enum Code {
    /// Raw times run backwards; one fixed offset explains it.
    N0,
    /// As `N0`, with nothing that bounds the offset from the other side.
    N1,
    /// No fixed offset fits; drift explains it.
    X1,
    /// A clock ran faster or slower than clocks drift: it was being corrected.
    X2,
    /// A clock jumped.
    X3,
    /// A round trip shorter than the work inside.
    X4,
    /// Messages around a loop contradict each other.
    X5,
    /// A cause that is its own effect.
    X6,
    /// One edge against many.
    X7,
    /// Two clocks recorded as one.
    X8,
    /// A span that ends before it starts.
    S1,
    /// A child that starts before its parent on the same clock.
    S2,
    /// A child that outlives its parent on the same clock.
    S3,
    /// A duration that the SDK made up.
    S4,
    /// A clock that did not move while time passed.
    C1,
    /// A clock that stood still while a computer slept.
    C2,
    /// An order that the resolution hides.
    Q,
    /// A stated bound on a clock's error that does not hold.
    B,
    /// Times in a wrong unit.
    U,
    /// An offset that looks like a known constant.
    K,
}

impl Code {
    /// Whether it says what a clock did, or how its times are written: that explains what looks impossible.
    #[must_use]
    pub const fn blames_clock(self) -> bool {
        match self {
            Self::N0 | Self::N1 | Self::X1 | Self::X2 | Self::X3 | Self::X8 => true,
            Self::C1 | Self::C2 | Self::U | Self::K | Self::B => true,
            Self::X4 | Self::X5 | Self::X6 | Self::X7 | Self::S1 | Self::S2 | Self::S3 | Self::S4 | Self::Q => false,
        }
    }
}

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// A fact about a clock, not a fault of the trace.
    Clock,
    /// Contradicts the usual nesting of instrumentation.
    Suspicious,
    /// Contradicts causality: no clock offset explains it.
    Impossible,
}

/// An edge that shows a finding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Proof {
    /// The events and the rule.
    pub cause: Cause,
    /// Raw time of the earlier event on its own clock, nanoseconds.
    pub from_ns: i64,
    /// Raw time of the later event on its own clock, nanoseconds.
    pub to_ns: i64,
}

/// A finding: one root cause, however many spans show it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Number, from 1, in order of severity.
    pub id: u32,
    /// Its kind.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in a sentence.
    pub sentence: String,
    /// The root cause in a few words, e.g. the clock's name.
    pub root: String,
    /// The clocks concerned; the one to blame comes first.
    pub domains: Vec<DomainIx>,
    /// Spans that show it, the clearest first; at most [`Finding::EXAMPLES`].
    pub spans: Vec<SpanIx>,
    /// How many spans or messages show it.
    pub count: u64,
    /// The edges that prove it, in causal order.
    pub witness: Vec<Proof>,
    /// By how much, nanoseconds.
    pub excess_ns: i64,
    /// The simplest clock model that fits: `M1` constant offsets, `M2` drift, `M2s` slewing, `M3` jumps, `M4` any.
    pub model: &'static str,
    /// The weakest evidence that the finding needs.
    pub level: Evidence,
    /// When, on the first clock of `domains`, raw nanoseconds.
    pub at_ns: Option<i64>,
    /// What explains it, most likely first.
    pub repairs: Vec<String>,
}

impl Finding {
    /// Most spans that a finding names.
    pub const EXAMPLES: usize = 50;

    /// A finding without proof so far.
    #[must_use]
    pub fn new(code: Code, severity: Severity, sentence: String) -> Self {
        Self {
            id: 0,
            code,
            severity,
            sentence,
            root: String::new(),
            domains: Vec::new(),
            spans: Vec::new(),
            count: 1,
            witness: Vec::new(),
            excess_ns: 0,
            model: "",
            level: Evidence::Protocol,
            at_ns: None,
            repairs: Vec::new(),
        }
    }

    /// Adds the proof, and the spans in it.
    #[must_use]
    pub fn proven_by(mut self, witness: Vec<Proof>) -> Self {
        for proof in &witness {
            for span in [proof.cause.from.span, proof.cause.to.span] {
                if !self.spans.contains(&span) && self.spans.len() < Self::EXAMPLES {
                    self.spans.push(span);
                }
            }
        }
        let level = witness.iter().map(|proof| proof.cause.rule.strength()).max();
        self.level = level.unwrap_or(self.level);
        self.witness = witness;
        self
    }
}

impl Finding {
    /// What to look at first: causality and single clocks that contradict themselves, then what contradicts
    /// protocols, then what contradicts the usual nesting, then claims, then facts about clocks and resolution. A
    /// drift within the usual is a fact about a clock, although no single offset fits.
    const fn rank(&self) -> u8 {
        let is_hard = matches!(self.level, Evidence::Protocol);
        match (self.code, self.severity) {
            (_, Severity::Info) => 6,
            (Code::X6 | Code::S1, _) => 0,
            (Code::X4, _) if is_hard => 0,
            (Code::X1, _) => 4,
            (Code::X2 | Code::X3 | Code::X5 | Code::X7 | Code::X8 | Code::C2, _) if is_hard => 1,
            (Code::U, _) => 1,
            (Code::B, _) => 3,
            (Code::N0 | Code::N1 | Code::K | Code::Q, _) => 5,
            _ => 2,
        }
    }
}

/// Sorts and numbers findings: the worst first, then by how much.
pub fn number(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let key = |finding: &Finding| (finding.rank(), std::cmp::Reverse(finding.excess_ns), finding.code);
        key(a).cmp(&key(b)).then_with(|| a.sentence.cmp(&b.sentence))
    });
    for (id, finding) in (1..).zip(findings) {
        finding.id = id;
    }
}
