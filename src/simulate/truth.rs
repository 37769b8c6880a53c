//! The side file: what is true about a simulated trace.

use std::collections::BTreeMap;

use serde::Serialize;

use super::cast::Cast;

/// What is true about a simulated trace: `FILE.truth.json`, schema `skewline.truth/1`.
///
/// Absolute times are decimal strings of Unix nanoseconds, everything else integers of nanoseconds.
/// A clock shows `true + offset_ns + (true - reference_time_ns) * drift_ppb / 10^9`, before rounding:
/// a positive offset means that the clock is ahead.
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
        let clocks = cast.clocks.iter().map(|clock| TrueClock {
            name: clock.name.clone(),
            key: clock.key,
            value: clock.value.clone(),
            offset_ns: clock.offset_ns,
            drift_ppb: clock.drift_ppb,
            grain_ns: clock.stamper.grain_ns(),
        });
        Self {
            schema: "skewline.truth/1",
            scenario,
            seed,
            spans: 0,
            reference_time_ns: cast.reference_ns.to_string(),
            clocks: clocks.collect(),
            facts: Vec::new(),
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
