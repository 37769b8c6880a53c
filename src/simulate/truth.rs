//! The side file: what is true about a simulated trace.

use std::collections::BTreeMap;

use serde::Serialize;

use super::cast::Cast;
use super::clock::{Clock, Slew, Step};

/// What is true about a simulated trace: `FILE.truth.json`, schema `skewline.truth/1`.
///
/// Absolute times are decimal strings of Unix nanoseconds, everything else integers of nanoseconds.
/// A clock shows `true + offset_ns + (true - reference_time_ns) * drift_ppb / 10^9`, before rounding:
/// a positive offset means that the clock is ahead. From `at_ns` of a step on it shows `by_ns` more; during a
/// slew it gains another `ppb` parts of 10⁹ of the time that passes. What it shows is divided by `unit_ns`
/// where a unit is mistaken.
#[derive(Clone, Debug, Serialize)]
pub struct Truth {
    /// Always `skewline.truth/1`.
    pub schema: &'static str,
    /// The scenario's name.
    pub scenario: &'static str,
    /// The seed.
    pub seed: u64,
    /// Number of spans written.
    pub spans: u64,
    /// When the clocks are off by exactly their `offset_ns`, in true Unix nanoseconds.
    pub reference_time_ns: String,
    /// All clocks.
    pub clocks: Vec<TrueClock>,
    /// What was planted, to be found again.
    pub facts: Vec<Fact>,
    /// What is wrong, as the first finding of an analysis should say it; nothing in a clean run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

/// What is wrong, as the first finding of an analysis should say it.
#[derive(Clone, Debug, Serialize)]
pub struct Fault {
    /// The code of the finding, e.g. `X3`.
    pub code: &'static str,
    /// The name of the clock to blame, one of `clocks`; none when no clock is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
    /// When it began, true Unix nanoseconds; none when it was there from the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_ns: Option<String>,
    /// What that clock showed at that moment, after any jump.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_shows_ns: Option<String>,
    /// What it is, in a sentence.
    pub says: &'static str,
    /// Ids of the spans at fault, if it is not a clock.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<String>,
    /// Numbers that the finding has to give, by the names that it gives them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub numbers: BTreeMap<&'static str, i64>,
}

impl Fault {
    /// A fault that is no clock's, shown by the spans with these ids.
    pub fn of_spans(code: &'static str, says: &'static str, spans: &[u64]) -> Self {
        let spans = spans.iter().map(|id| format!("{id:016x}")).collect();
        Self { code, clock: None, at_ns: None, clock_shows_ns: None, says, spans, numbers: BTreeMap::new() }
    }

    /// Adds a number.
    #[must_use]
    pub fn with(mut self, name: &'static str, number: i64) -> Self {
        self.numbers.insert(name, number);
        self
    }
}

/// A jump of a clock.
#[derive(Clone, Debug, Serialize)]
pub struct TrueStep {
    /// When, true Unix nanoseconds.
    pub at_ns: String,
    /// How far the clock jumped, nanoseconds; negative = back.
    pub by_ns: i64,
}

/// A stretch of time in which a clock ran at another rate.
#[derive(Clone, Debug, Serialize)]
pub struct TrueSlew {
    /// From this true time on, Unix nanoseconds.
    pub from_ns: String,
    /// Until this true time.
    pub to_ns: String,
    /// How much faster it ran, parts per 10⁹.
    pub ppb: i64,
}

/// One clock as it really is.
#[derive(Clone, Debug, Serialize)]
pub struct TrueClock {
    /// What people would call it.
    pub name: String,
    /// The resource attribute that identifies it best.
    pub key: &'static str,
    /// The value of that attribute.
    pub value: String,
    /// How far it is ahead of true time at the reference time.
    pub offset_ns: i64,
    /// How much faster than true time it runs, in parts per 10⁹.
    pub drift_ppb: i64,
    /// The quantum of span starts.
    pub grain_ns: i64,
    /// Jumps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<TrueStep>,
    /// Corrections by another rate.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub slews: Vec<TrueSlew>,
    /// Nanoseconds per unit of its times; 1 unless a unit is mistaken.
    #[serde(skip_serializing_if = "is_one")]
    pub unit_ns: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
const fn is_one(unit_ns: &i64) -> bool {
    *unit_ns == 1
}

impl TrueClock {
    fn new(clock: &Clock) -> Self {
        let step = |step: &Step| TrueStep { at_ns: step.at_ns.to_string(), by_ns: step.by_ns };
        let slew =
            |slew: &Slew| TrueSlew { from_ns: slew.from_ns.to_string(), to_ns: slew.to_ns.to_string(), ppb: slew.ppb };
        Self {
            name: clock.name.clone(),
            key: clock.key,
            value: clock.value.clone(),
            offset_ns: clock.offset_ns,
            drift_ppb: clock.drift_ppb,
            grain_ns: clock.stamper.grain_ns(),
            steps: clock.steps.iter().map(step).collect(),
            slews: clock.slews.iter().map(slew).collect(),
            unit_ns: clock.unit_ns,
        }
    }
}

/// Something that was planted.
#[derive(Clone, Debug, Serialize)]
pub struct Fact {
    /// A short stable name.
    pub id: &'static str,
    /// What it is, in a sentence.
    pub says: &'static str,
    /// Ids of the spans that show it, in the order that the sentence names them.
    pub spans: Vec<String>,
    /// Numbers that belong to it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub numbers: BTreeMap<&'static str, i64>,
}

impl Fact {
    /// A fact shown by the spans with these ids.
    pub fn new(id: &'static str, says: &'static str, spans: &[u64]) -> Self {
        let spans = spans.iter().map(|id| format!("{id:016x}")).collect();
        Self { id, says, spans, numbers: BTreeMap::new() }
    }

    /// Adds a number.
    #[must_use]
    pub fn with(mut self, name: &'static str, number: i64) -> Self {
        self.numbers.insert(name, number);
        self
    }
}

impl Truth {
    /// What is true about the clocks of `cast`.
    pub fn new(scenario: &'static str, seed: u64, cast: &Cast) -> Self {
        let clocks = cast.clocks.iter().map(TrueClock::new);
        Self {
            schema: "skewline.truth/1",
            scenario,
            seed,
            spans: 0,
            reference_time_ns: cast.reference_ns.to_string(),
            clocks: clocks.collect(),
            facts: Vec::new(),
            fault: None,
        }
    }

    /// The side file's text.
    ///
    /// # Errors
    /// Never in practice: every field has a JSON form.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}
