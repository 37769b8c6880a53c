//! Kinds of evidence as people read and name them: how often each was used and failed, and whether it counts.
//!
//! A kind is called `unary_end` (all operations) or `unary_end:POST /chat → serve` on the command line and in saved
//! views; `->` does for the arrow.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use strum::IntoEnumIterator as _;

use super::causal::{Evidence, Rule};
use super::domains::Domains;
use super::edges::{Class, ClassChoice, ClassKey};
use super::model::{ClockModel, Options};
use super::repair::Element;
use crate::model::{TraceStore, grouped};

const ARROW: &str = " → ";

/// Whether a kind of evidence counts, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Standing {
    /// It counts.
    On,
    /// It counts because the user insists on it.
    OnByHand,
    /// The user does not believe it.
    OffByHand,
    /// Too many of its uses cannot hold whatever the clocks' offsets are.
    Failing,
    /// The messages that are certain contradict too many of its uses.
    Overruled,
    /// It was given up as a whole, because it contradicts the rest.
    GivenUp,
    /// The level of evidence in use does not include it.
    TooWeak,
}

impl Standing {
    /// Whether it counts.
    #[must_use]
    pub const fn is_on(self) -> bool {
        matches!(self, Self::On | Self::OnByHand)
    }

    /// Whether the program itself switched it off.
    #[must_use]
    pub const fn is_off_by_itself(self) -> bool {
        matches!(self, Self::Failing | Self::Overruled | Self::GivenUp)
    }

    /// The reason in words; empty for what counts as usual.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::On => "",
            Self::OnByHand => "on by hand",
            Self::OffByHand => "off by hand",
            Self::Failing => "off: no offset could make it hold in over a fifth of its uses",
            Self::Overruled => "off: messages that are certain contradict over a fifth of its uses",
            Self::GivenUp => "off: it contradicts the other messages, and without it they agree",
            Self::TooWeak => "not at this level of evidence",
        }
    }
}

/// One kind of evidence: a rule, and for weak ones the operations.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClassUse {
    /// What it is.
    pub key: ClassKey,
    /// What the command line and saved views call it.
    pub name: String,
    /// `“POST /chat” → “serve”`; empty for rules of all operations.
    pub operation: String,
    /// How often the rule was applied.
    pub uses: u64,
    /// In how many of them it cannot hold, whatever the offsets are.
    pub violated: u64,
    /// How many single messages of it were set aside so that the rest fits.
    pub set_aside: u64,
    /// Whether it counts.
    pub standing: Standing,
}

impl ClassUse {
    /// The rule with its operation, in words.
    #[must_use]
    pub fn words(&self) -> String {
        choice_words(self.key.rule, &self.operation)
    }
}

/// All kinds that occur: the strongest first, then by rule, the most used operation first.
#[must_use]
pub fn class_uses(store: &TraceStore, model: &ClockModel) -> Vec<ClassUse> {
    let mut given_up: BTreeMap<usize, u64> = BTreeMap::new();
    let mut set_aside: BTreeMap<usize, u64> = BTreeMap::new();
    for repair in model.repairs() {
        match repair.element {
            Element::Class(class) => *given_up.entry(class as usize).or_default() += 1,
            Element::Edge(cause) => {
                let class = repair.contradictions.iter().find_map(|contradiction| contradiction.class_of(cause));
                if let Some(class) = class {
                    *set_aside.entry(class as usize).or_default() += 1;
                }
            }
            _ => {}
        }
    }
    let level = model.options().level;
    let of_class = |(at, class): (usize, &Class)| {
        let key = class.key();
        ClassUse {
            key,
            name: choice_name(store, key.into()),
            operation: operation(store, key),
            uses: class.uses,
            violated: class.failures + class.overruled,
            set_aside: set_aside.get(&at).copied().unwrap_or(0),
            standing: standing(class, level, given_up.contains_key(&at)),
        }
    };
    let used = model.classes().iter().enumerate().filter(|(_, class)| class.uses > 0);
    let mut uses: Vec<ClassUse> = used.map(of_class).collect();
    uses.sort_by(|a, b| order(a).cmp(&order(b)));
    uses
}

fn order(class: &ClassUse) -> (Evidence, Rule, Reverse<u64>, &str) {
    (class.key.rule.strength(), class.key.rule, Reverse(class.uses), &class.name)
}

fn standing(class: &Class, level: Evidence, is_given_up: bool) -> Standing {
    match class.said {
        Some(false) => Standing::OffByHand,
        _ if class.rule.strength() > level => Standing::TooWeak,
        Some(true) => Standing::OnByHand,
        None if class.overruled > 0 => Standing::Overruled,
        None if class.is_off() => Standing::Failing,
        None if is_given_up => Standing::GivenUp,
        None => Standing::On,
    }
}

fn operation(store: &TraceStore, key: ClassKey) -> String {
    match (store.text(key.from_name), store.text(key.to_name)) {
        ("", "") => String::new(),
        (from, to) => format!("“{from}”{ARROW}“{to}”"),
    }
}

/// What the command line and saved views call `choice`.
#[must_use]
pub fn choice_name(store: &TraceStore, choice: ClassChoice) -> String {
    match choice.names.map(|(from, to)| (store.text(from), store.text(to))) {
        None | Some(("", "")) => choice.rule.to_string(),
        Some((from, to)) => format!("{}:{from}{ARROW}{to}", choice.rule),
    }
}

/// Why a name means no kind of evidence.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotAChoice {
    /// No rule is called so.
    #[error("no rule is called {0}; the rules are {list}", list = rule_names())]
    Rule(String),
    /// No spans are called so.
    #[error("no spans here are called {0}; an operation is written FROM -> TO, as the report lists it")]
    Operation(String),
}

fn rule_names() -> String {
    Rule::iter().filter(|rule| rule.is_between_clocks()).map(|rule| rule.to_string()).collect::<Vec<_>>().join(", ")
}

/// What `name` means in `store`.
///
/// # Errors
/// When no rule or no spans are called so.
pub fn find_choice(store: &TraceStore, name: &str) -> Result<ClassChoice, NotAChoice> {
    let (rule, operation) = match name.split_once(':') {
        Some((rule, operation)) => (rule.trim(), Some(operation.trim())),
        None => (name.trim(), None),
    };
    let found: Option<Rule> = rule.parse().ok();
    let found = found.filter(|rule| rule.is_between_clocks()).ok_or_else(|| NotAChoice::Rule(rule.to_owned()))?;
    let Some(operation) = operation else { return Ok(ClassChoice { rule: found, names: None }) };
    // Names of spans may have arrows of their own.
    let arrows = ["→", "->"].into_iter().flat_map(|arrow| operation.match_indices(arrow));
    let names = arrows.filter_map(|(at, arrow)| {
        let (from, to) = (operation[..at].trim(), operation[at + arrow.len()..].trim());
        Some((store.strings().find(from)?, store.strings().find(to)?))
    });
    let names = names.min().ok_or_else(|| NotAChoice::Operation(operation.to_owned()))?;
    Ok(ClassChoice { rule: found, names: Some(names) })
}

fn choice_words(rule: Rule, operation: &str) -> String {
    if operation.is_empty() { rule.words().to_owned() } else { format!("{} ({operation})", rule.words()) }
}

/// Parts per 10⁹ as parts per million: `200 ppm`, `0.5 ppm`.
#[must_use]
pub fn ppm_text(ppb: u32) -> String {
    let rest = ppb % 1000;
    // Trailing zeros say nothing.
    let part = if rest == 0 { String::new() } else { format!(".{rest:03}").trim_end_matches('0').to_owned() };
    format!("{}{part} ppm", grouped((ppb / 1000).into()))
}

/// Where `options` differ from the usual, in words, for people who read an answer: nothing when they do not.
#[must_use]
pub fn assumed_words(store: &TraceStore, domains: &Domains, options: &Options) -> Vec<String> {
    let usual = Options::default();
    let mut words = Vec::new();
    if let Some(trace) = options.only.and_then(|trace| store.traces().get(trace.at())) {
        words.push(format!("only the messages of trace {} count", store.trace_id_text(trace.id)));
    }
    if options.drift_ppb != usual.drift_ppb {
        words.push(format!("clocks may drift by {}", ppm_text(options.drift_ppb)));
    }
    let drifting: Vec<(String, u32)> = options
        .drift_of
        .iter()
        .filter_map(|&(domain, ppb)| Some((domains.list.get(domain.at())?.name.clone(), ppb)))
        .collect();
    words.extend(few(drifting, "clock").into_iter().map(|name| match name {
        Few::One((name, ppb)) => format!("{name} may drift by {}", ppm_text(ppb)),
        Few::Rest(rest) => format!("{rest} with drift of their own"),
    }));
    for (is_on, said) in [(false, "not believed"), (true, "believed by hand")] {
        let choices = options.said.iter().filter(|(_, own)| *own == is_on);
        let choices = choices.map(|(choice, _)| {
            let key = choice.names.map(|(from_name, to_name)| ClassKey { rule: choice.rule, from_name, to_name });
            choice_words(choice.rule, &key.map_or_else(String::new, |key| operation(store, key)))
        });
        words.extend(few(choices.collect(), "kind").into_iter().map(|kind| match kind {
            Few::One(kind) => format!("{said}: {kind}"),
            Few::Rest(rest) => format!("{said}: {rest} of evidence"),
        }));
    }
    words
}

enum Few<T> {
    One(T),
    Rest(String),
}

/// The first ones of `all`, and how many `noun`s there are more.
fn few<T>(all: Vec<T>, noun: &str) -> Vec<Few<T>> {
    const SHOWN: usize = 3;
    let more = all.len().saturating_sub(SHOWN);
    let mut shown: Vec<Few<T>> = all.into_iter().take(SHOWN).map(Few::One).collect();
    match more {
        0 => {}
        1 => shown.push(Few::Rest(format!("1 more {noun}"))),
        _ => shown.push(Few::Rest(format!("{more} more {noun}s"))),
    }
    shown
}
