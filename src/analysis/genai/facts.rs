//! Reading one span: its attributes and its name, each field by the rule that is believed most.

use super::field::{Confidence, Datum, Field, Role, Text};
use super::resolve::Resolved;
use super::tables::{KeyRule, NameRule, matches};
use crate::model::{AttrId, SpanIx, SpanRef, TraceStore};

/// Where a value was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum At {
    /// In an attribute of the span, by that rule of the tables.
    Attr(AttrId, u16),
    /// In the span's name, by that rule of the tables.
    Name(u16),
}

/// A value and where it was read.
#[derive(Clone, Copy, Debug)]
pub struct Fact {
    pub datum: Datum,
    pub at: At,
}

/// Everything that a span says about itself. Reused from span to span.
pub struct Facts {
    present: u128,
    facts: [Fact; Field::COUNT],
    /// What the name may say about the kind of work; it depends on what is above.
    pub name_rules: Vec<u16>,
}

const NOTHING: Fact = Fact { datum: Datum::Flag(false), at: At::Name(0) };

impl Default for Facts {
    fn default() -> Self {
        Self { present: 0, facts: [NOTHING; Field::COUNT], name_rules: Vec::new() }
    }
}

impl Facts {
    /// Reads `span`; whatever was read before is forgotten.
    pub fn read(&mut self, store: &TraceStore, resolved: &Resolved, span: SpanIx) {
        self.present = 0;
        self.name_rules.clear();
        let view = store.span(span);
        for &id in view.attr_ids() {
            for reading in resolved.of_attr(id).iter().filter(|reading| !reading.is_of_events) {
                self.offer(reading.field, Fact { datum: reading.datum, at: At::Attr(id, reading.rule) });
            }
        }
        if resolved.reads_events() {
            self.read_events(store, resolved, span);
        }
        self.read_name(store, resolved, view);
        for &(field, fact) in resolved.of_resource(view.resource_ix()) {
            if self.get(field).is_none() {
                self.put(field, fact);
            }
        }
        self.settle();
    }

    /// What stands in events only, such as why an answer ended.
    fn read_events(&mut self, store: &TraceStore, resolved: &Resolved, span: SpanIx) {
        let events = &store.events;
        for event in super::event_range(store, span) {
            let Some(rules) = resolved.of_event_attrs(events.name[event]) else { continue };
            let first = if event == 0 { 0 } else { events.attr_end[event - 1] };
            for &id in &events.attrs[first as usize..events.attr_end[event] as usize] {
                for reading in resolved.of_attr(id).iter().filter(|reading| rules.contains(&reading.rule)) {
                    self.offer(reading.field, Fact { datum: reading.datum, at: At::Attr(id, reading.rule) });
                }
            }
        }
    }

    fn read_name(&mut self, store: &TraceStore, resolved: &Resolved, span: SpanRef<'_>) {
        let Some(hit) = resolved.of_name(span.name_sym()) else { return };
        for &(at, captured) in &hit.rules {
            let rule = &resolved.tables.names[usize::from(at)];
            let scope = store.text(span.scope().name);
            if rule.scope.as_ref().is_some_and(|wanted| !scope.starts_with(wanted.as_str())) {
                continue;
            }
            let is_over =
                |like: &String| span.children().iter().any(|child| matches(like, store.span(*child).name()).is_some());
            if rule.over.as_ref().is_some_and(|like| !is_over(like)) {
                continue;
            }
            let is_first = self.name_rules.is_empty();
            self.name_rules.push(at);
            if let (Some(field), Some(text), true) = (rule.capture, captured, is_first)
                && !self.is_model_name(rule, scope, text, resolved, store)
                && self.get(field).is_none_or(|known| self.is_weaker(known, resolved))
            {
                self.put(field, Fact { datum: Datum::Text(text), at: At::Name(at) });
            }
        }
    }

    /// `invoke_agent MODEL` names a model, not an agent: one SDK does that, and others where the agent has no name.
    fn is_model_name(&self, rule: &NameRule, scope: &str, text: Text, resolved: &Resolved, store: &TraceStore) -> bool {
        if rule.capture != Some(Field::AgentName) {
            return false;
        }
        let name = resolved.text(store, text);
        let model = |field| self.text(field).is_some_and(|model| resolved.text(store, model) == name);
        matches!(scope, "gen_ai" | "ai" | "@ai-sdk/otel") || model(Field::RequestModel) || model(Field::ResponseModel)
    }

    /// Names of nodes of a graph are believed less than what the span's own name says.
    fn is_weaker(&self, known: &Fact, resolved: &Resolved) -> bool {
        matches!(known.at, At::Attr(..)) && known.confidence(resolved) == Confidence::Inferred
    }

    /// What follows from several fields together.
    fn settle(&mut self) {
        // Names that are a tool's on tools only.
        let entity = self.get(Field::ToolEntity).copied();
        if let (Some(Role::Tool), None, Some(entity)) = (self.kind(), self.get(Field::ToolName), entity) {
            self.put(Field::ToolName, entity);
        }
        self.drop(Field::ToolEntity);
        if self.kind().is_some_and(|kind| kind != Role::Agent) {
            self.drop(Field::AgentEntity);
        }
        // Who hangs up does not speak into the answer.
        if self.flag(Field::Closed) {
            self.drop(Field::Interrupted);
        }
    }

    /// Takes `fact` unless a rule that is believed more has said something.
    fn offer(&mut self, field: Field, fact: Fact) {
        let is_better = match (self.get(field).map(|known| known.at), fact.at) {
            (Some(At::Attr(_, known)), At::Attr(_, new)) => new < known,
            (None, _) => true,
            _ => false,
        };
        if is_better {
            self.put(field, fact);
        }
    }

    fn put(&mut self, field: Field, fact: Fact) {
        self.present |= 1 << field as u8;
        self.facts[field as usize] = fact;
    }

    fn drop(&mut self, field: Field) {
        self.present &= !(1 << field as u8);
    }

    /// Whether nothing at all is known.
    pub fn is_empty(&self) -> bool {
        self.present == 0 && self.name_rules.is_empty()
    }

    /// What is known about `field`.
    pub fn get(&self, field: Field) -> Option<&Fact> {
        (self.present & (1 << field as u8) != 0).then(|| &self.facts[field as usize])
    }

    /// All that is known, in the order of the fields.
    pub fn all(&self) -> impl Iterator<Item = (Field, &Fact)> {
        use strum::VariantArray as _;
        Field::VARIANTS.iter().filter_map(|&field| Some((field, self.get(field)?)))
    }

    /// A text.
    pub fn text(&self, field: Field) -> Option<Text> {
        match self.get(field)?.datum {
            Datum::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A count.
    pub fn int(&self, field: Field) -> Option<i64> {
        match self.get(field)?.datum {
            Datum::Int(int) => Some(int),
            _ => None,
        }
    }

    /// Yes or no; `false` when not said.
    pub fn flag(&self, field: Field) -> bool {
        self.get(field).is_some_and(|fact| fact.datum == Datum::Flag(true))
    }

    /// What the attributes say that the span is.
    pub fn kind(&self) -> Option<Role> {
        match self.get(Field::Kind)?.datum {
            Datum::Role(role) => Some(role),
            _ => None,
        }
    }
}

impl Fact {
    /// How far it can be trusted.
    pub fn confidence(&self, resolved: &Resolved) -> Confidence {
        match self.at {
            At::Attr(_, rule) => resolved.tables.keys[usize::from(rule)].sure,
            At::Name(_) => Confidence::Inferred,
        }
    }

    /// The rule of the attribute that it was read from.
    pub fn key_rule<'r>(&self, resolved: &'r Resolved) -> Option<&'r KeyRule> {
        match self.at {
            At::Attr(_, rule) => resolved.tables.keys.get(usize::from(rule)),
            At::Name(_) => None,
        }
    }

    /// Position of its rule; smaller ones are believed more.
    pub const fn rank(&self) -> u16 {
        match self.at {
            At::Attr(_, rule) => rule,
            At::Name(_) => u16::MAX,
        }
    }
}
