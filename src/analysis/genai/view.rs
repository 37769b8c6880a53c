//! Everything known about one span, with sources: what the hover and the inspector show.

use super::calls::{Call, ttft_source};
use super::facts::{At, Facts};
use super::field::{Confidence, Datum, Field, Role, Unit};
use super::{AskedTool, GenAi, tokens, units};
use crate::model::{SpanIx, TraceStore};

/// A derived value, where it was read, and how far it can be trusted.
#[derive(Clone, PartialEq, Debug)]
pub struct Known {
    /// Which field.
    pub field: Field,
    /// The value as text: durations in nanoseconds, costs in dollars, moments in Unix nanoseconds.
    pub text: String,
    /// The value.
    pub datum: Datum,
    /// The attribute's key, or `span name`.
    pub source: String,
    /// The convention that the source belongs to.
    pub convention: String,
    /// How far it can be trusted.
    pub confidence: Confidence,
    /// Of a duration: the unit that its convention states, and the one that it was read in.
    pub units: Option<(Unit, Unit)>,
    /// Of a duration: it was known when the answer began to be sent, so that of a streamed answer it covers no more.
    pub is_of_head: bool,
}

/// Everything known about one span of an AI conversation. Made when asked for.
pub struct CallView<'a> {
    /// The span.
    pub span: SpanIx,
    /// What kind of work it is.
    pub role: Role,
    /// All fields, in their order.
    pub known: Vec<Known>,
    /// Its tokens and times, if it is a model call or restates one.
    pub call: Option<&'a Call>,
    genai: &'a GenAi,
    store: &'a TraceStore,
}

impl<'a> CallView<'a> {
    pub(super) fn new(genai: &'a GenAi, store: &'a TraceStore, span: SpanIx) -> Self {
        let mut facts = Facts::default();
        facts.read(store, &genai.resolved, span);
        let span_ns = store.span(span).duration_ns();
        let in_turn = units::in_turn(&genai.resolved, &facts, span_ns);
        let known = facts.all().map(|(field, fact)| {
            let tables = genai.resolved.tables;
            let (source, convention, unit, is_of_head) = match fact.at {
                At::Attr(_, rule) => {
                    let rule = &tables.keys[usize::from(rule)];
                    (rule.source(), rule.of.clone(), rule.unit, rule.is_of_head)
                }
                At::Name(rule) => ("span name".to_owned(), tables.names[usize::from(rule)].of.clone(), None, false),
            };
            let alone = || field.is_duration().then(|| units::fit(&genai.resolved, fact, span_ns)).flatten();
            let fitted = in_turn.iter().find(|(known, _)| *known == field).map(|(_, fitted)| *fitted).or_else(alone);
            let (datum, confidence) = match fitted {
                Some(fitted) => (Datum::Ns(fitted.ns), fitted.confidence.max(fact.confidence(&genai.resolved))),
                None => (fact.datum, fact.confidence(&genai.resolved)),
            };
            let units = unit.zip(fitted.map(|fitted| fitted.unit));
            let known = Known {
                field,
                text: text(genai, store, datum),
                datum,
                source,
                convention,
                confidence,
                units,
                is_of_head,
            };
            added_up(genai, &facts, known)
        });
        Self { span, role: genai.role_of(span), known: known.collect(), call: genai.call_of(span), genai, store }
    }

    /// What is known about `field`.
    #[must_use]
    pub fn get(&self, field: Field) -> Option<&Known> {
        self.known.iter().find(|known| known.field == field)
    }

    /// The duration in `field`, nanoseconds, as far as its unit could be read.
    #[must_use]
    pub fn ns(&self, field: Field) -> Option<i64> {
        match self.get(field)?.datum {
            Datum::Ns(ns) => Some(ns),
            _ => None,
        }
    }

    /// The text of `field`.
    #[must_use]
    pub fn text(&self, field: Field) -> Option<&str> {
        self.get(field).map(|known| known.text.as_str())
    }

    /// Time to first token in nanoseconds, what gave it, and how far that can be trusted.
    #[must_use]
    pub fn ttft(&self) -> Option<(i64, &str, Confidence)> {
        let ttft = self.call?.ttft?;
        Some((ttft.ns, ttft_source(&self.genai.resolved, ttft.from), ttft.confidence))
    }

    /// The model that answered, else the one that was asked for.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.text(Field::ResponseModel).or_else(|| self.text(Field::RequestModel))
    }

    /// The tools that the answer asks for: see [`GenAi::asked_tools`].
    #[must_use]
    pub fn asked_tools(&self) -> Vec<AskedTool> {
        self.genai.asked_tools(self.store, self.span)
    }

    /// When the pieces of the streamed answer came, and how many events were dropped: see [`GenAi::chunks`].
    #[must_use]
    pub fn chunks(&self) -> (Vec<i64>, u32) {
        self.genai.chunks(self.store, self.span)
    }
}

/// Tokens that are stated in parts become their sum, and say what was added.
fn added_up(genai: &GenAi, facts: &Facts, known: Known) -> Known {
    let Some(sum) = tokens::sum(&genai.resolved, facts, known.field) else { return known };
    // Parts of one object are named by their places in it, and the object once.
    let part = |field: &Field| {
        let rule = facts.get(*field)?.key_rule(&genai.resolved)?;
        let name = rule.path.as_ref().unwrap_or(&rule.key);
        Some((format!("{} of {name}", facts.int(*field)?), rule.path.as_ref().map(|_| rule.key.as_str())))
    };
    let (parts, objects): (Vec<String>, Vec<Option<&str>>) = sum.of.iter().filter_map(part).unzip();
    let inside = objects.into_iter().flatten().next().map(|key| format!(" in {key}")).unwrap_or_default();
    let why = if sum.by_total { ", as the stated total has it" } else { "" };
    Known {
        text: sum.count.to_string(),
        datum: Datum::Int(sum.count),
        source: format!("{}{inside}{why}", parts.join(" + ")),
        confidence: known.confidence.max(Confidence::Assumed),
        ..known
    }
}

fn text(genai: &GenAi, store: &TraceStore, datum: Datum) -> String {
    match datum {
        Datum::Text(text) => genai.text(store, text).to_owned(),
        Datum::Int(int) | Datum::Ns(int) | Datum::At(int) => int.to_string(),
        Datum::Number { value, .. } => value.to_string(),
        Datum::Flag(flag) => flag.to_string(),
        Datum::Role(role) => role.to_string(),
    }
}
