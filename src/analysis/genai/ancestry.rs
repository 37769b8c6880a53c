//! What spans say about ancestors that are not there: some conventions write the ids, names or start times of all of
//! them on every span.

use chrono::NaiveDateTime;

use super::field::Field;
use super::{CallView, GenAi};
use crate::model::{Ghost, SpanId, SpanIx, TraceStore};

/// An ancestor, as a span below it names it. At least one of id and name is there.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ancestor {
    /// Its id as it is written; empty when not stated.
    pub id: String,
    /// Its name; empty when not stated.
    pub name: String,
    /// When it began by the clock of whoever stamped it, Unix nanoseconds.
    pub start_ns: Option<i64>,
    /// The span, where it is in an input after all.
    pub here: Option<SpanIx>,
}

/// What is known about a parent that is in no input.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LostParent {
    /// The spans above its children, the outermost first; empty when they name none.
    pub ancestors: Vec<Ancestor>,
    /// The last of them is the parent itself; else only something above it.
    pub is_exact: bool,
    /// The attributes that say it.
    pub sources: Vec<String>,
    /// Children whose own flags say that the trace was sampled: then its parent was to be recorded as well.
    pub sampled: usize,
}

impl LostParent {
    /// What `ghost`'s children say about it, the first one that names ancestors.
    pub(super) fn of(genai: &GenAi, store: &TraceStore, ghost: &Ghost) -> Self {
        /// The bit of W3C's trace flags. That it is not set means nothing: some SDKs do not write it.
        const SAMPLED: u32 = 1;
        let sampled = ghost.children.iter().filter(|child| store.span(**child).otlp_flags() & SAMPLED != 0).count();
        let named = ghost.children.iter().map(|child| named(genai, store, ghost, *child));
        let lost = named.into_iter().find(|lost: &Self| !lost.ancestors.is_empty()).unwrap_or_default();
        Self { sampled, ..lost }
    }

    /// The same without the count of sampled children, asking only the first few of them: for every frame.
    pub(super) fn name_of(genai: &GenAi, store: &TraceStore, ghost: &Ghost) -> Self {
        const MOST: usize = 8;
        let named = ghost.children.iter().take(MOST).map(|child| named(genai, store, ghost, *child));
        named.into_iter().find(|lost: &Self| !lost.ancestors.is_empty()).unwrap_or_default()
    }

    /// What the missing parent is called, in words that say that it is inferred: `plan (inferred)`, or `below agent
    /// (inferred)` where only something above it is named; `None` when no name is known.
    #[must_use]
    pub fn words(&self, store: &TraceStore) -> Option<String> {
        let nearest = self.nearest()?;
        let name = match nearest.here {
            Some(here) => store.span(here).name(),
            None => nearest.name.as_str(),
        };
        let below = if self.is_exact { "" } else { "below " };
        (!name.trim().is_empty()).then(|| format!("{below}{name} (inferred)"))
    }

    /// The parent itself, or the nearest span above it that is named.
    #[must_use]
    pub fn nearest(&self) -> Option<&Ancestor> {
        self.ancestors.last()
    }
}

fn named(genai: &GenAi, store: &TraceStore, ghost: &Ghost, child: SpanIx) -> LostParent {
    let view = genai.view(store, child);
    let mut ids = view.text(Field::AncestorIds).map(steps).unwrap_or_default();
    // The last one is the span itself.
    ids.pop();
    let names = names_above(store, &view);
    let source = |field, is_used: bool| view.get(field).filter(|_| is_used).map(|known| known.source.clone());
    let sources = [source(Field::AncestorIds, !ids.is_empty()), source(Field::Path, !names.is_empty())];
    let ancestor = |Step { id, start_ns }: Step, name: String| {
        let found = spellings(store, &id).into_iter().find_map(|id| store.find_span(ghost.trace, id));
        Ancestor { id, name, start_ns, here: found }
    };
    let is_parent = |step: &Step| spellings(store, &step.id).contains(&ghost.id);
    // Names are those of the ids only where there are as many.
    let has_both = ids.len() == names.len();
    let is_exact = ids.last().is_some_and(is_parent);
    let ancestors: Vec<Ancestor> = if ids.is_empty() {
        names.into_iter().map(|name| ancestor(Step::default(), name)).collect()
    } else {
        let names = if has_both { names } else { vec![String::new(); ids.len()] };
        ids.into_iter().zip(names).map(|(step, name)| ancestor(step, name)).collect()
    };
    LostParent { ancestors, is_exact, sources: sources.into_iter().flatten().collect(), sampled: 0 }
}

/// The names above a span, the outermost first. Whether a path ends with the span's own name depends on who wrote it.
fn names_above(store: &TraceStore, view: &CallView<'_>) -> Vec<String> {
    let Some(path) = view.text(Field::Path) else { return Vec::new() };
    let mut names: Vec<String> = match path.starts_with('[') {
        true => serde_json::from_str(path).unwrap_or_default(),
        false => path.split('.').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
    };
    let name = store.span(view.span).name();
    let own = [Field::ToolName, Field::AgentEntity, Field::AgentName];
    let is_own = |last: &String| {
        name == last
            || name.strip_prefix(last.as_str()).is_some_and(|rest| rest.starts_with('.'))
            || own.iter().any(|field| view.text(*field) == Some(last.as_str()))
    };
    if names.last().is_some_and(is_own) {
        names.pop();
    }
    names
}

/// One id of a list of ancestors.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Step {
    pub id: String,
    /// When that span began, where the list says it, Unix nanoseconds.
    pub start_ns: Option<i64>,
}

/// The ids in a list of them, or in LangSmith's `<time>Z<id>.<time>Z<id>`, outermost first.
pub fn steps(text: &str) -> Vec<Step> {
    if text.starts_with('[') {
        let ids: Vec<String> = serde_json::from_str(text).unwrap_or_default();
        return ids.into_iter().map(|id| Step { id, start_ns: None }).collect();
    }
    let step = |step: &str| match step.split_once('Z') {
        Some((time, id)) => Step { id: id.to_owned(), start_ns: compact_time_ns(time) },
        None => Step { id: step.to_owned(), start_ns: None },
    };
    text.split('.').filter(|step| !step.is_empty()).map(step).collect()
}

/// `20240429T004912090000`, in UTC.
fn compact_time_ns(text: &str) -> Option<i64> {
    let time = NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S%6f").ok()?;
    time.and_utc().timestamp_nanos_opt()
}

/// The span ids that an id may stand for. LangSmith makes them of the first half of a run's id; Laminar writes them
/// into the second half of one.
pub fn spellings(store: &TraceStore, id: &str) -> Vec<SpanId> {
    let mut found: Vec<SpanId> = store.strings().find(id).map(SpanId::Text).into_iter().collect();
    let digits: String = id.chars().filter(|c| *c != '-').collect();
    let halves = match digits.len() {
        16 => [Some(&digits[..]), None],
        32 if digits.is_ascii() => [Some(&digits[..16]), Some(&digits[16..])],
        _ => [None, None],
    };
    let bits = halves.into_iter().flatten().filter_map(|half| u64::from_str_radix(half, 16).ok());
    found.extend(bits.filter(|bits| *bits != 0).map(SpanId::from_u64));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_ancestors_in_both_spellings() {
        let step = |id: &str, start_ns| Step { id: id.to_owned(), start_ns };
        for (text, wanted) in [
            ("", vec![]),
            ("[\"a\",\"b\"]", vec![step("a", None), step("b", None)]),
            (
                "20240429T004912090000Zaa-1.20240429T004912345678Zbb-2",
                vec![step("aa-1", Some(1_714_351_752_090_000_000)), step("bb-2", Some(1_714_351_752_345_678_000))],
            ),
            ("20249999T000000000000Zaa.cc", vec![step("aa", None), step("cc", None)]),
            ("[broken", vec![]),
        ] {
            assert_eq!(steps(text), wanted, "{text}");
        }
    }
}
