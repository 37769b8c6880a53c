//! Thresholds and switches of the rules, from `assets/findings.toml` or a file like it.

use serde::Deserialize;
use toml::{Table, Value};

use crate::analysis::genai::Stream;
use crate::model::time::MS;

const BUILT_IN: &str = include_str!("../../../assets/findings.toml");

/// What is wrong with a file of thresholds or a contract, in words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    fn thresholds(why: impl std::fmt::Display) -> Self {
        Self(format!("the thresholds cannot be read: {why}"))
    }

    pub(super) fn contract(why: impl std::fmt::Display) -> Self {
        Self(format!("the contract cannot be read: {why}"))
    }
}

macro_rules! sections {
    ($($(#[$doc:meta])* $code:ident as $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty),* $(,)? })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Debug, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub struct $name {
                /// Whether it is looked for.
                pub on: bool,
                $($(#[$field_doc])* pub $field: $kind,)*
            }
        )*

        /// Thresholds and switches of all rules.
        #[derive(Clone, PartialEq, Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(non_snake_case, reason = "the sections of the file are named like the rules")]
        pub struct Config {
            $($(#[$doc])* pub $code: $name,)*
        }
    };
}

sections! {
    /// Opaque model calls.
    E2 as Opaque {
        /// Such time of one provider, milliseconds.
        least_ms: i64,
        /// Share of the time of its calls.
        least_share: f64,
        /// Share of the time of the turns, where one clock tells it.
        least_turn_share: f64,
    }
    /// Dark handoffs.
    E3 as DarkHandoff {
        /// Score of the proposal, of 100.
        least_score: u8,
    }
    /// Reasoning that dominates.
    E4 as Reasoning {
        /// Reasoning tokens of a call.
        least_tokens: u32,
        /// Share of its tokens out, or of the time of its stream.
        least_share: f64,
        /// Time of reasoning, where no tokens are stated and pieces say what they are, milliseconds.
        least_ms: i64,
    }
    /// Stalls and repetition.
    E5 as Stall {
        /// Pieces of a stream that are needed to know what is usual.
        least_chunks: usize,
        /// How many times the usual gap.
        times_median: f64,
        /// And at least so long, milliseconds.
        least_gap_ms: i64,
        /// How often a phrase is repeated in a row.
        least_repeats: usize,
        /// Characters of that phrase.
        least_phrase: usize,
        /// Other calls of the model that are needed to know its usual pace.
        least_peers: usize,
        /// How many times the usual time for a token.
        times_peers: f64,
        /// And at least so much longer in all, milliseconds.
        least_excess_ms: i64,
    }
    /// Agents without names.
    E6 as Anonymous {
        /// How many.
        least_agents: usize,
    }
    /// Retries.
    E7 as Retries {
        /// Attempts at one thing.
        least_attempts: usize,
        /// Resends inside one span.
        least_resends: i64,
        /// Time that they cost, or that nothing explains, milliseconds.
        least_hidden_ms: i64,
        /// How many times as long as what explains it a call is.
        times_explained: f64,
    }
    /// Orphans.
    E8 as Orphans {
        /// Spans without their parent.
        least_spans: usize,
    }
    /// Renames and drift.
    E9 as Drift {}
    /// Modalities in separate traces, and conversations by voice.
    E10 as Modalities {
        /// What a person waits for the first sound of an answer, milliseconds.
        least_wait_ms: i64,
        /// What is stated and what the spans show differ by, milliseconds.
        least_mismatch_ms: i64,
        /// Answers into which somebody spoke.
        least_barge_ins: usize,
    }
    /// Audit join.
    E11 as Audit {
        /// One-sided tool calls.
        least_calls: usize,
    }
    /// Attribution.
    E12 as Attribution {
        /// Calls that lack it.
        least_calls: usize,
    }
    /// Cheap extras.
    E13 as Extras {}
}

impl Stall {
    /// True when a gap of `gap_ns` in `stream` is so much longer than usual that the stream stood still. With dropped
    /// events a gap may be where they were.
    #[must_use]
    pub fn is_stall(&self, stream: &Stream<'_>, gap_ns: i64) -> bool {
        let is_known = stream.times_ns.len() >= self.least_chunks.max(3) && stream.dropped == 0;
        #[expect(clippy::cast_precision_loss, reason = "a factor between two gaps")]
        let is_long = gap_ns as f64 >= stream.usual_gap_ns.max(1) as f64 * self.times_median;
        is_known && is_long && gap_ns >= self.least_gap_ms.saturating_mul(MS)
    }
}

impl Config {
    /// Reads thresholds from TOML; every rule has its section.
    ///
    /// # Errors
    /// When it is not such a file; the message says where.
    pub fn read(text: &str) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(ConfigError::thresholds)
    }

    /// The built-in thresholds with what `text` changes: any of their sections and keys, the others stay.
    ///
    /// # Errors
    /// When it is not TOML, or says something that the built-in thresholds do not have; the message says what.
    pub fn changed_by(text: &str) -> Result<Self, ConfigError> {
        let changes: Table = text.parse().map_err(|error: toml::de::Error| ConfigError::thresholds(error))?;
        let mut all: Table = BUILT_IN.parse().map_err(|error: toml::de::Error| ConfigError::thresholds(error))?;
        let of = |keys: &Table| keys.keys().cloned().collect::<Vec<_>>().join(", ");
        let codes = super::rules().map(super::Rule::code).join(", ");
        for (code, changes) in changes {
            let Some(Value::Table(section)) = all.get_mut(&code) else {
                return Err(ConfigError::thresholds(format!("there is no section [{code}]; the sections are {codes}")));
            };
            let Value::Table(changes) = changes else {
                return Err(ConfigError::thresholds(format!(
                    "{code} is a section: write [{code}] on a line of its own"
                )));
            };
            let keys = of(section);
            for (key, value) in changes {
                let Some(known) = section.get_mut(&key) else {
                    return Err(ConfigError::thresholds(format!("[{code}] has no {key}; it has {keys}")));
                };
                let value = as_kind_of(known, value);
                if !value.same_type(known) {
                    let (is, should) = (value.type_str(), known.type_str());
                    return Err(ConfigError::thresholds(format!(
                        "{key} in [{code}] has to be of type {should}, and is {is}"
                    )));
                }
                *known = value;
            }
        }
        all.try_into().map_err(|error: toml::de::Error| ConfigError::thresholds(error))
    }

    /// The thresholds that the program was built with.
    ///
    /// # Panics
    /// Never: a test holds that they can be read.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a constant of the program, read by a test")]
    pub fn built_in() -> Self {
        Self::read(BUILT_IN).expect("the built-in thresholds are valid")
    }
}

/// A whole number where a number with a fraction is expected is that number.
fn as_kind_of(known: &Value, value: Value) -> Value {
    match (known, value) {
        #[expect(clippy::cast_precision_loss, reason = "a threshold")]
        (Value::Float(_), Value::Integer(int)) => Value::Float(int as f64),
        (_, value) => value,
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::built_in()
    }
}
