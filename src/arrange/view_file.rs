//! Saved views: small JSON files to read, compare and put beside a trace.
//!
//! Lanes and spans are named by their stable keys, so that a view fits another file as far as that has the same
//! clocks and spans. What does not fit, and what a later version wrote, is said and left out; neither is fatal.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Arranged, LaneKey, LaneView, Plan, SpanKey, resolve};
use crate::model::{SpanIx, TraceStore};

/// What a view file says it is.
pub const SCHEMA: &str = "skewline.view/1";
/// What the names of view files end in.
pub const SUFFIX: &str = ".view.json";
const FAMILY: &str = "skewline.view/";

/// A time range, in Unix nanoseconds of the axis that the plan asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SavedRange {
    /// Where it begins.
    pub from_ns: i64,
    /// Where it ends.
    pub to_ns: i64,
}

/// A note to a time range, in nanoseconds as in [`SavedRange`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SavedNote {
    /// Where it begins.
    pub from_ns: i64,
    /// Where it ends.
    pub to_ns: i64,
    /// What about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// A saved view.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct ViewFile {
    /// [`SCHEMA`].
    pub schema: String,
    /// Names of the files that it was made for, as seen from its own place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<String>,
    /// The visible time range; `None` = everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<SavedRange>,
    /// The lane at the top.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top: Option<LaneKey>,
    /// How lanes and rows are made.
    pub plan: Plan,
    /// How lanes are shown.
    pub lanes: LaneView,
    /// Selected spans.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub selection: Vec<SpanKey>,
    /// The measured range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measure: Option<SavedRange>,
    /// Notes to time ranges.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<SavedNote>,
    /// What is searched for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub query: String,
}

impl Default for ViewFile {
    fn default() -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            inputs: Vec::new(),
            time: None,
            top: None,
            plan: Plan::default(),
            lanes: LaneView::default(),
            selection: Vec::new(),
            measure: None,
            notes: Vec::new(),
            query: String::new(),
        }
    }
}

/// Why a text is not a view.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ViewError {
    /// It is no JSON, or a part of it is not what it should be.
    #[error("not a saved view: {0}")]
    Malformed(String),
    /// It is JSON about something else.
    #[error("not a saved view: its \"schema\" is {0}, not \"{SCHEMA}\"")]
    OtherSchema(String),
}

impl ViewFile {
    /// Reads a view. Also returns what in it is not understood, in words.
    ///
    /// # Errors
    /// When `text` is not a view.
    pub fn parse(text: &str) -> Result<(Self, Vec<String>), ViewError> {
        #[derive(Deserialize)]
        struct Head {
            schema: Option<String>,
        }
        let malformed = |error: serde_json::Error| ViewError::Malformed(error.to_string());
        let head: Head = serde_json::from_str(text).map_err(malformed)?;
        let schema = head.schema.filter(|schema| schema.starts_with(FAMILY));
        let Some(schema) = schema else {
            let found =
                serde_json::from_str::<serde_json::Value>(text).ok().and_then(|json| json.get("schema").cloned());
            return Err(ViewError::OtherSchema(found.map_or_else(|| "missing".to_owned(), |found| found.to_string())));
        };
        let mut notes = Vec::new();
        if schema != SCHEMA {
            notes.push(format!("it was saved as {schema}; this program knows {SCHEMA} and takes what it understands"));
        }
        let mut unknown = Vec::new();
        let mut json = serde_json::Deserializer::from_str(text);
        let mut view: Self =
            serde_ignored::deserialize(&mut json, |path| unknown.push(path.to_string())).map_err(malformed)?;
        json.end().map_err(malformed)?;
        SCHEMA.clone_into(&mut view.schema);
        notes.extend(unknown.into_iter().map(|path| format!("\"{path}\" is not known")));
        Ok((view, notes))
    }

    /// The file's text: indented, in a fixed order, with a line break at its end.
    #[must_use]
    pub fn text(&self) -> String {
        // Maps have text keys and no value can fail to be written.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The selected spans that `store` has.
    #[must_use]
    pub fn selected(&self, store: &TraceStore) -> Vec<SpanIx> {
        resolve(store, self.selection.iter()).0
    }

    /// What of the view does not fit what is open, in words. `arranged` follows its plan.
    #[must_use]
    pub fn misfits(&self, store: &TraceStore, arranged: &Arranged) -> Vec<String> {
        let mut notes = Vec::new();
        let lanes = self.unknown_lanes(arranged);
        if !lanes.is_empty() {
            notes.push(format!("no lane here is called {}", listed(&lanes)));
        }
        let spans = resolve(store, self.selection.iter().chain(&self.plan.folds)).1;
        if !spans.is_empty() {
            let spans: Vec<&str> = spans.into_iter().map(SpanKey::as_str).collect();
            notes.push(format!("no span here is called {}", listed(&spans)));
        }
        if let Some(only) = self.plan.only.as_ref().filter(|_| !arranged.has_conversation) {
            notes.push(format!("no conversation here is called \"{only}\", so all of them are shown"));
        }
        notes.extend(self.plan.assumed.misfits(store));
        let is_elsewhere =
            |range: &SavedRange| range.to_ns < arranged.hull_ns.start || range.from_ns > arranged.hull_ns.end;
        if self.time.as_ref().is_some_and(is_elsewhere) {
            notes.push("its time range lies outside of these spans, so all of them are shown".to_owned());
        }
        let range = |note: &SavedNote| SavedRange { from_ns: note.from_ns, to_ns: note.to_ns };
        let elsewhere = self.notes.iter().filter(|note| is_elsewhere(&range(note))).count();
        if elsewhere > 0 {
            notes.push(format!("{elsewhere} of its {} notes lie outside of these spans", self.notes.len()));
        }
        notes
    }

    fn unknown_lanes(&self, arranged: &Arranged) -> Vec<&str> {
        let mut known: BTreeSet<LaneKey> = BTreeSet::new();
        known.extend(arranged.sections.iter().map(|section| section.key.clone()));
        for lane in &arranged.lanes {
            for key in lane.parts.iter().chain([&lane.key]) {
                let mut at = Some(key.clone());
                while let Some(key) = at {
                    at = key.parent();
                    known.insert(key);
                }
            }
        }
        let LaneView { order, pinned, hidden, names, heights, folded, opened, color: _, conversation: _ } = &self.lanes;
        let shown = order
            .iter()
            .chain(pinned)
            .chain(hidden)
            .chain(names.keys())
            .chain(heights.keys())
            .chain(folded)
            .chain(opened);
        let drifting = self.plan.assumed.drift_of.keys();
        let made = self.plan.splits.keys().chain(self.plan.merges.keys()).chain(self.plan.merges.values());
        let wanted: BTreeSet<&LaneKey> = shown.chain(made).chain(drifting).chain(&self.top).collect();
        wanted.into_iter().filter(|key| !known.contains(*key)).map(LaneKey::as_str).collect()
    }
}

/// A few names in quotes, the rest counted.
fn listed(names: &[&str]) -> String {
    const MOST: usize = 3;
    let mut text = names.iter().take(MOST).map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    if names.len() > MOST {
        text = format!("{text} and {} more", names.len() - MOST);
    }
    text
}
