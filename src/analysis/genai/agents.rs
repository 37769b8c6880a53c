//! Agents: who is who, by stated name, or told apart by what they are made of.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::calls::Totals;
use super::facts::{At, Fact};
use super::field::{Confidence, Datum, Text};
use super::resolve::Resolved;
use crate::model::ids::index_type;
use crate::model::{SpanIx, TraceStore};

index_type!(
    /// An agent of a workspace.
    AgentIx
);

/// An agent: whoever calls models and tools under one name.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Agent {
    /// Its name; one that was made up, such as `agent A`, when nothing names it.
    pub name: String,
    /// Nothing names it: it was told from others by its instructions, tools, model and place.
    pub is_inferred: bool,
    /// Where the name was read: an attribute's key, `span name`, `service.name` or what it was inferred from.
    pub source: String,
    /// How far the name can be trusted.
    pub confidence: Confidence,
    /// The first span that names it, in file order.
    pub first_span: Option<SpanIx>,
    /// What it did.
    pub totals: Totals,
}

impl Agent {
    /// Nothing states its name: then it has to look like a guess.
    #[must_use]
    pub fn is_guess(&self) -> bool {
        self.is_inferred || self.confidence == Confidence::Inferred
    }
}

/// The agents while they are being found.
#[derive(Debug, Default)]
pub struct Agents {
    pub list: Vec<Agent>,
    by_name: HashMap<String, AgentIx, FixedState>,
    /// The same without case, spaces and signs; the first one of several.
    by_plain_name: HashMap<String, AgentIx, FixedState>,
    by_text: HashMap<Text, AgentIx, FixedState>,
    /// Agents without a name, by what they are made of.
    by_print: HashMap<String, AgentIx, FixedState>,
    by_service: HashMap<String, AgentIx, FixedState>,
}

impl Agents {
    /// The agent that `fact` names.
    pub fn named(&mut self, store: &TraceStore, resolved: &Resolved, fact: &Fact) -> AgentIx {
        let Datum::Text(text) = fact.datum else { return AgentIx::NONE };
        if let Some(&known) = self.by_text.get(&text) {
            return known;
        }
        let source = match fact.at {
            At::Attr(_, rule) => resolved.tables.keys[usize::from(rule)].key.clone(),
            At::Name(_) => "span name".to_owned(),
        };
        let ix = self.by_string(resolved.text(store, text), &source, fact.confidence(resolved));
        self.by_text.insert(text, ix);
        ix
    }

    /// The agent called `name`.
    pub fn by_string(&mut self, name: &str, source: &str, confidence: Confidence) -> AgentIx {
        if let Some(&known) = self.by_name.get(name) {
            return known;
        }
        let ix = self.push(Agent { name: name.to_owned(), source: source.to_owned(), confidence, ..Agent::default() });
        self.by_plain_name.entry(plain(name)).or_insert(ix);
        self.by_name.insert(name.to_owned(), ix);
        ix
    }

    /// The agent called `name`, if there is one; spelling apart: `support agent` is `support_agent`.
    pub fn find(&self, name: &str) -> Option<AgentIx> {
        self.by_name.get(name).or_else(|| self.by_plain_name.get(&plain(name))).copied()
    }

    /// The agent without a name that is made of `print`. Equal prints are one agent.
    pub fn anonymous(&mut self, print: String) -> AgentIx {
        if let Some(&known) = self.by_print.get(&print) {
            return known;
        }
        let nth = self.by_print.len();
        let ix = self.push(Agent {
            name: format!("agent {}", letters(nth)),
            is_inferred: true,
            source: "instructions, tools, model and place".to_owned(),
            confidence: Confidence::Inferred,
            ..Agent::default()
        });
        self.by_print.insert(print, ix);
        ix
    }

    /// The agent that stands for everything that a service does, where nothing better is known.
    pub fn service(&mut self, name: &str) -> AgentIx {
        if let Some(known) = self.by_name.get(name).or_else(|| self.by_service.get(name)) {
            return *known;
        }
        let ix = self.push(Agent {
            name: name.to_owned(),
            source: "service.name".to_owned(),
            confidence: Confidence::Inferred,
            ..Agent::default()
        });
        self.by_service.insert(name.to_owned(), ix);
        ix
    }

    fn push(&mut self, agent: Agent) -> AgentIx {
        self.list.push(agent);
        AgentIx::from_usize(self.list.len() - 1)
    }
}

/// `name` without case, spaces and signs.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A, B, … Z, AA, AB, …
fn letters(mut number: usize) -> String {
    let mut text = Vec::new();
    loop {
        text.push(b'A' + u8::try_from(number % 26).unwrap_or(0));
        match (number / 26).checked_sub(1) {
            Some(next) => number = next,
            None => break,
        }
    }
    text.iter().rev().map(|&byte| char::from(byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_go_on_after_z() {
        let labels: Vec<String> = [0, 25, 26, 51, 52, 701, 702].map(letters).into();
        assert_eq!(labels, ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
    }

    #[test]
    fn spelling_does_not_make_another_agent() {
        let mut agents = Agents::default();
        let ix = agents.by_string("Support Agent", "gen_ai.agent.name", Confidence::Stated);
        assert_eq!(agents.find("support_agent"), Some(ix));
        assert_eq!(agents.find("support"), None);
        let anonymous = agents.anonymous("x".to_owned());
        assert_eq!(agents.anonymous("x".to_owned()), anonymous);
        assert_ne!(agents.anonymous("y".to_owned()), anonymous);
        assert_eq!(agents.find("agent A"), None, "a made-up name is nobody's name");
    }
}
