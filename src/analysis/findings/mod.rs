//! Findings about AI conversations: one small rule per pattern, thresholds in one file, nothing said about a quiet
//! trace. What is wrong with clocks is found by the clock analysis; its findings come first in one numbering.

mod config;
mod contract;
mod e02_opaque;
mod e03_dark_handoff;
mod e04_reasoning;
mod e05_broken;
mod e05_stall;
mod e05_unseen;
mod e06_anonymous;
mod e07_hidden;
mod e07_retries;
#[cfg(test)]
mod e07_tests;
mod e07_unexplained;
mod e08_identity;
mod e08_orphans;
mod e09_contract;
mod e09_drift;
mod e09_inputs;
mod e10_modalities;
mod e11_audit;
mod e11_ids;
#[cfg(test)]
mod e11_tests;
mod e12_attribution;
mod e13_extras;
mod rulebook;
mod sampling;
#[cfg(test)]
mod tests;

pub use config::{Config, ConfigError, Stall as StallLimits};
pub use contract::{Contract, Promise};
pub use rulebook::Rulebook;

use std::collections::BTreeMap;

use super::clocks::domains::Domains;
use super::genai::{Call, GenAi, Judged};
use crate::model::{SpanIx, TraceStore, grouped};

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum Severity {
    /// Data is missing, so that it cannot be told.
    Unknown,
    /// Looks wrong.
    Suspicious,
    /// Cannot be true.
    Impossible,
}

/// A finding: one root cause, however many spans show it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Number; goes on after those of the clock analysis.
    pub id: u32,
    /// The rule, `E2` to `E13`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in a sentence.
    pub sentence: String,
    /// The root cause in a few words.
    pub root: String,
    /// The numbers and sources behind it, each in a few words.
    pub evidence: Vec<String>,
    /// Spans that show it, the clearest first; at most [`Finding::EXAMPLES`].
    pub spans: Vec<SpanIx>,
    /// How many spans or cases show it.
    pub count: u64,
    /// The numbers of the evidence for programs, by short names; those that end in `_ns` are nanoseconds.
    pub numbers: BTreeMap<&'static str, i64>,
}

impl Finding {
    /// Most spans that a finding names.
    pub const EXAMPLES: usize = 50;

    fn new(code: &'static str, severity: Severity, root: impl Into<String>, sentence: String) -> Self {
        Self {
            id: 0,
            code,
            severity,
            sentence,
            root: root.into(),
            evidence: Vec::new(),
            spans: Vec::new(),
            count: 1,
            numbers: BTreeMap::new(),
        }
    }

    fn with(mut self, name: &'static str, number: impl TryInto<i64>) -> Self {
        self.numbers.insert(name, number.try_into().unwrap_or(i64::MAX));
        self
    }

    /// With the spans that show it; all of them count.
    fn shown_by(mut self, spans: &[SpanIx]) -> Self {
        self.count = spans.len() as u64;
        self.spans = spans.iter().copied().take(Self::EXAMPLES).collect();
        self
    }

    fn because(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(evidence.into());
        self
    }
}

/// What rules look at.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The workspace.
    pub store: &'a TraceStore,
    /// What it says about AI conversations.
    pub genai: &'a GenAi,
    /// Which clock stamped which span.
    pub domains: &'a Domains,
    /// The thresholds.
    pub config: &'a Config,
    /// What is relied on.
    pub contract: Option<&'a Contract>,
}

impl Context<'_> {
    /// Whether one clock stamped both, so that their times can be compared.
    fn is_one_clock(&self, a: SpanIx, b: SpanIx) -> bool {
        let clock = |span: SpanIx| self.domains.of_span.get(span.at());
        clock(a).is_some() && clock(a) == clock(b)
    }

    /// The model call around all model calls that `span` is one of: what the program that asked saw.
    fn outermost(&self, span: SpanIx) -> SpanIx {
        let calls = self.genai.calls();
        let outer = |call: &Call| calls.get(call.outer? as usize).filter(|outer| outer.is_model);
        let Some(call) = self.genai.call_of(span) else { return span };
        std::iter::successors(Some(call), |call| outer(call)).last().map_or(span, |call| call.span)
    }
}

/// A pattern that can be found.
pub trait Rule {
    /// Its name in the file of thresholds, `E2` to `E13`.
    fn code(&self) -> &'static str;
    /// What it looks for, in a few words.
    fn title(&self) -> &'static str;
    /// Whether it is switched on.
    fn is_on(&self, config: &Config) -> bool;
    /// Everything that it finds.
    fn find(&self, context: &Context<'_>) -> Vec<Finding>;
}

/// All rules, in order of their codes.
#[must_use]
pub fn rules() -> [&'static dyn Rule; 12] {
    [
        &e02_opaque::Opaque,
        &e03_dark_handoff::DarkHandoff,
        &e04_reasoning::Reasoning,
        &e05_stall::Stall,
        &e06_anonymous::Anonymous,
        &e07_retries::Retries,
        &e08_orphans::Orphans,
        &e09_drift::Drift,
        &e10_modalities::Modalities,
        &e11_audit::Audit,
        &e12_attribution::Attribution,
        &e13_extras::Extras,
    ]
}

/// Everything that the rules find, the worst first, numbered from `first_id`.
#[must_use]
pub fn find(context: &Context<'_>, first_id: u32) -> Vec<Finding> {
    if context.store.is_empty() {
        return Vec::new();
    }
    // Without any AI there is nothing to say but what is missing, and what somebody relies on.
    let has_contract = context.contract.is_some();
    let is_meant = |rule: &&dyn Rule| match rule.code() {
        "E8" => true,
        "E9" if has_contract => true,
        _ => !context.genai.is_empty(),
    };
    let on = rules().into_iter().filter(|rule| rule.is_on(context.config)).filter(is_meant);
    let mut findings: Vec<(usize, Finding)> = on
        .enumerate()
        .flat_map(|(at, rule)| rule.find(context).into_iter().map(move |finding| (at, finding)))
        .collect();
    // Of one rule in the order in which it found them.
    findings.sort_by_key(|(at, finding)| (std::cmp::Reverse(finding.severity), *at));
    let mut findings: Vec<Finding> = findings.into_iter().map(|(_, finding)| finding).collect();
    for (id, finding) in (first_id..).zip(&mut findings) {
        finding.id = id;
    }
    findings
}

/// What `finding` says once somebody has judged where traces belong that lost their parent; `None` = the same as before.
#[must_use]
pub fn judged(
    finding: &Finding,
    store: &TraceStore,
    domains: &Domains,
    (genai, judged): (&GenAi, &Judged),
) -> Option<Finding> {
    (finding.code == "E3").then(|| e03_dark_handoff::judged(finding, store, domains, (genai, judged))).flatten()
}

/// `1 call`, `2 calls`.
fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{} {what}s", grouped(n as u64)) }
}

/// A number as people read it: `12,345`.
fn figure(n: usize) -> String {
    grouped(n as u64)
}

/// The verb that goes with `n` things.
const fn verb<'v>(n: usize, one: &'v str, several: &'v str) -> &'v str {
    if n == 1 { one } else { several }
}

/// A share as a whole percentage.
fn percent(part: u64, whole: u64) -> u64 {
    // Damaged times last for centuries: a hundred times that is more than 64 bits hold.
    let share = (u128::from(part) * 100).checked_div(u128::from(whole)).unwrap_or(0);
    u64::try_from(share).unwrap_or(u64::MAX)
}
