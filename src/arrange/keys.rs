//! Stable names of lanes and spans: plans and saved views outlive the store that they were made for.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::{SpanIx, TraceIx, TraceStore};

/// The stable name of a lane: says what is in it, as `host.id=gw-1` or, where that lane is split,
/// `host.id=gw-1 / service.name=shop`, whatever else is open and in whatever order. Names for people are in
/// `LaneInfo`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LaneKey(Arc<str>);

/// Between a lane's key and the value that a piece of it has.
const SEPARATOR: &str = " / ";

impl LaneKey {
    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The piece of this lane whose spans have `value` for `attr`; an empty value stands for none.
    #[must_use]
    pub fn piece(&self, attr: &str, value: &str) -> Self {
        Self(format!("{self}{SEPARATOR}{attr}={value}").into())
    }

    /// The lane that this is a piece of.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once(SEPARATOR).map(|(parent, _)| parent.into())
    }

    /// True when this is a piece of `lane`, or a piece of a piece.
    #[must_use]
    pub fn is_part_of(&self, lane: &Self) -> bool {
        self.0.strip_prefix(lane.as_str()).is_some_and(|rest| rest.starts_with(SEPARATOR))
    }
}

impl From<&str> for LaneKey {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for LaneKey {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl Borrow<str> for LaneKey {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for LaneKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for LaneKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for LaneKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

/// The stable name of a span: its trace id and span id, or its number in the input where ids do not tell it apart.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SpanKey(String);

impl SpanKey {
    /// The name of `span`.
    #[must_use]
    pub fn of(store: &TraceStore, span: SpanIx) -> Self {
        let view = store.span(span);
        if view.id().is_some() && store.find_span(view.trace_ix(), view.id()) == Some(span) {
            Self(format!("{}/{}", store.trace_id_text(view.trace_id()), store.span_id_text(view.id())))
        } else {
            Self(format!("#{}", span.0))
        }
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SpanKey {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// The spans that `keys` name, sorted, and the keys that name none. Looks at every trace once.
#[must_use]
pub fn resolve<'a>(store: &TraceStore, keys: impl Iterator<Item = &'a SpanKey>) -> (Vec<SpanIx>, Vec<&'a SpanKey>) {
    let (mut found, mut unknown) = (BTreeSet::new(), Vec::new());
    let mut traces: Option<HashMap<String, TraceIx>> = None;
    for key in keys {
        let span = match key.0.strip_prefix('#') {
            Some(number) => number.parse().ok().map(SpanIx).filter(|span| span.at() < store.len()),
            None => {
                let traces = traces.get_or_insert_with(|| traces_by_text(store));
                key.0.rsplit_once('/').and_then(|(trace, span)| {
                    let trace = *traces.get(trace)?;
                    store.find_span(trace, store.parse_span_id(span)?)
                })
            }
        };
        match span {
            Some(span) => {
                found.insert(span);
            }
            None => unknown.push(key),
        }
    }
    (found.into_iter().collect(), unknown)
}

fn traces_by_text(store: &TraceStore) -> HashMap<String, TraceIx> {
    let texts = store.traces().iter().map(|trace| store.trace_id_text(trace.id));
    texts.enumerate().map(|(at, text)| (text, TraceIx::from_usize(at))).collect()
}
