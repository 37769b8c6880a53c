//! E9: what one file calls otherwise than another file of the same system: spans matched by what they do, not by
//! their names.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::{Context, Finding, Severity, count, figure};
use crate::analysis::genai::{Field, Role};
use crate::model::{InputIx, ResourceIx, SpanIx, Sym};

/// Spans of one name and process that are looked at.
const MOST_SPANS: usize = 200;
/// Differences that are written out.
const MOST_DIFFERENCES: usize = 12;
/// An attribute counts as lost when at least so many of 100 spans had it.
const USUAL_PERCENT: usize = 90;

/// What spans do, whatever they are called: their service, kind of work, agent and tool.
type Kind = (String, Role, String, String);

/// How a file writes spans of a kind.
#[derive(Default)]
struct Habit {
    /// Names, with what varies from call to call left out, and a span of each.
    names: BTreeMap<String, SpanIx>,
    /// Per field the keys that say it, and how many spans it is known of.
    keys: BTreeMap<Field, (BTreeSet<String>, usize)>,
    spans: usize,
    example: Option<SpanIx>,
}

/// One difference.
struct Difference {
    words: String,
    spans: [SpanIx; 2],
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Span,
    Attribute,
    Lost,
}

/// Compares each file with the one before it.
pub fn find(context: &Context<'_>) -> Vec<Finding> {
    let files = context.store.inputs().len();
    if files < 2 {
        return Vec::new();
    }
    let habits: Vec<BTreeMap<Kind, Habit>> = habits(context, files);
    let pairs = habits.windows(2).enumerate();
    pairs.filter_map(|(at, pair)| compared(context, InputIx::from_usize(at), &pair[0], &pair[1])).collect()
}

fn habits(context: &Context<'_>, files: usize) -> Vec<BTreeMap<Kind, Habit>> {
    let mut habits: Vec<BTreeMap<Kind, Habit>> = (0..files).map(|_| BTreeMap::new()).collect();
    // Spans of one name and process are alike: a few of them are enough.
    let mut looked_at: HashMap<(ResourceIx, Sym), usize, FixedState> = HashMap::default();
    for span in context.store.span_ixs() {
        // What frameworks call their steps and stages changes with what happens, not only with their version.
        let role = context.genai.role_of(span);
        if !matches!(role, Role::Model | Role::Embedding | Role::Agent | Role::Tool | Role::Handoff) {
            continue;
        }
        let view = context.store.span(span);
        let seen = looked_at.entry((view.resource_ix(), view.name_sym())).or_default();
        *seen += 1;
        if *seen > MOST_SPANS {
            continue;
        }
        let service = context.store.find_text(&view.resource().attrs, "service.name").unwrap_or_default();
        let Some(known) = context.genai.call(context.store, span) else { continue };
        let text = |field| known.text(field).unwrap_or_default().to_owned();
        let agent = context.genai.agent_of(span).map(|agent| context.genai.agents()[agent.at()].name.clone());
        let kind = (service.to_owned(), role, agent.unwrap_or_default(), text(Field::ToolName));
        let Some(of_file) = habits.get_mut(view.input_ix().at()) else { continue };
        let habit = of_file.entry(kind).or_default();
        habit.spans += 1;
        habit.example.get_or_insert(span);
        let varying = [Field::RequestModel, Field::ResponseModel, Field::ToolName, Field::AgentName].map(text);
        habit.names.entry(without(view.name(), &varying)).or_insert(span);
        for one in &known.known {
            let (keys, spans) = habit.keys.entry(one.field).or_default();
            keys.insert(one.source.clone());
            *spans += 1;
        }
    }
    habits
}

/// A span's name with what varies from call to call left out.
fn without(name: &str, varying: &[String]) -> String {
    let mut name = name.to_owned();
    for text in varying.iter().filter(|text| !text.is_empty()) {
        name = name.replace(text.as_str(), "…");
    }
    name
}

fn compared(
    context: &Context<'_>,
    first: InputIx,
    before: &BTreeMap<Kind, Habit>,
    after: &BTreeMap<Kind, Habit>,
) -> Option<Finding> {
    let mut differences: Vec<Difference> = Vec::new();
    for (kind, old) in before {
        let Some(new) = after.get(kind) else { continue };
        differences.extend(renamed(old, new));
        differences.extend(keys(old, new));
    }
    differences.sort_by(|a, b| a.words.cmp(&b.words));
    differences.dedup_by(|a, b| a.words == b.words);
    if differences.is_empty() {
        return None;
    }
    let name = |at: usize| {
        let name = context.store.inputs()[at].name.as_str();
        name.rsplit(['/', '\\']).next().unwrap_or(name)
    };
    let (old, new) = (name(first.at()), name(first.at() + 1));
    let of = |what| differences.iter().filter(|difference| difference.what == what).count();
    let (spans, attributes, lost) = (of(What::Span), of(What::Attribute), of(What::Lost));
    let mut parts = Vec::new();
    for (n, one, what) in
        [(spans, "span", "renamed"), (attributes, "attribute", "renamed"), (lost, "attribute", "gone")]
    {
        if n > 0 {
            parts.push(format!("{} {what}", count(n, one)));
        }
    }
    let sentence = format!("{new} does not speak as {old} does: {}.", parts.join(", "));
    let examples: Vec<SpanIx> = differences.iter().flat_map(|difference| difference.spans).collect();
    let mut finding =
        Finding::new("E9", Severity::Suspicious, format!("{new} against {old}"), sentence).shown_by(&examples);
    for difference in differences.iter().take(MOST_DIFFERENCES) {
        finding = finding.because(difference.words.as_str());
    }
    if differences.len() > MOST_DIFFERENCES {
        finding = finding.because(format!("and {} more", figure(differences.len() - MOST_DIFFERENCES)));
    }
    let finding = finding.because("compared by service, kind of work, agent and tool");
    let finding = finding.with("spans_renamed", spans).with("attributes_renamed", attributes);
    Some(Finding { count: differences.len() as u64, ..finding.with("attributes_gone", lost) })
}

/// Spans that do the same and have no name in common.
fn renamed(old: &Habit, new: &Habit) -> Option<Difference> {
    if old.names.keys().any(|name| new.names.contains_key(name)) {
        return None;
    }
    let ((was, before), (is, after)) = (old.names.first_key_value()?, new.names.first_key_value()?);
    let words = format!("spans {was} are called {is}");
    Some(Difference { words, spans: [*before, *after], what: What::Span })
}

/// Attributes that say the same under other keys, or are gone.
fn keys(old: &Habit, new: &Habit) -> Vec<Difference> {
    let Some(spans) = old.example.zip(new.example).map(|(old, new)| [old, new]) else { return Vec::new() };
    let mut found = Vec::new();
    for (field, (was, known)) in &old.keys {
        let list = |keys: &BTreeSet<String>| keys.iter().cloned().collect::<Vec<_>>().join(", ");
        let is_usual = known * 100 >= old.spans * USUAL_PERCENT;
        match new.keys.get(field) {
            Some((is, _)) if was.is_disjoint(is) => {
                let words = format!("{} is {}", list(was), list(is));
                found.push(Difference { words, spans, what: What::Attribute });
            }
            None if is_usual && is_lasting(*field) => {
                let words = format!("{} is gone", list(was));
                found.push(Difference { words, spans, what: What::Lost });
            }
            _ => {}
        }
    }
    found
}

/// Fields that every span of a kind has or lacks, whatever happens in it.
const fn is_lasting(field: Field) -> bool {
    matches!(
        field,
        Field::Provider
            | Field::AgentName
            | Field::Conversation
            | Field::User
            | Field::RequestModel
            | Field::ResponseModel
            | Field::PromptName
            | Field::PromptVersion
            | Field::InputTokens
            | Field::OutputTokens
            | Field::ToolName
            | Field::ToolCallId
            | Field::ResponseId
            | Field::Ttft
    )
}
