//! What a lane is folded by, as plain data.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::LaneKey;

/// What spans are put together by when a lane is folded. Written as `agent`, `phase`, `service`, `turn` or `attr:KEY`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum FoldBy {
    /// The agent at work.
    Agent,
    /// What the time was spent on.
    Phase,
    /// The service that reported it.
    Service,
    /// The exchange of a conversation.
    Turn,
    /// Attempts at the same thing.
    Retry,
    /// The value of an attribute of the span, or else of its resource.
    Attr(String),
}

impl FoldBy {
    /// What people read, in the singular.
    #[must_use]
    pub fn noun(&self) -> &str {
        match self {
            Self::Agent => "agent",
            Self::Phase => "phase",
            Self::Service => "service",
            Self::Turn => "turn",
            Self::Retry => "retry",
            Self::Attr(key) => key,
        }
    }

    /// True when it takes what the spans say about AI conversations.
    #[must_use]
    pub const fn needs_work(&self) -> bool {
        matches!(self, Self::Agent | Self::Phase | Self::Turn | Self::Retry)
    }
}

impl fmt::Display for FoldBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attr(key) => write!(f, "attr:{key}"),
            other => f.write_str(other.noun()),
        }
    }
}

impl From<FoldBy> for String {
    fn from(fold: FoldBy) -> Self {
        fold.to_string()
    }
}

/// A text that names nothing to fold by.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("agent, phase, service, turn, retry, or attr:KEY, not {0:?}")]
pub struct NotAFold(String);

impl FromStr for FoldBy {
    type Err = NotAFold;

    fn from_str(text: &str) -> Result<Self, NotAFold> {
        Ok(match text {
            "agent" => Self::Agent,
            "phase" => Self::Phase,
            "service" => Self::Service,
            "turn" => Self::Turn,
            "retry" => Self::Retry,
            _ => match text.strip_prefix("attr:").filter(|key| !key.is_empty()) {
                Some(key) => Self::Attr(key.to_owned()),
                None => return Err(NotAFold(text.to_owned())),
            },
        })
    }
}

impl TryFrom<String> for FoldBy {
    type Error = NotAFold;

    fn try_from(text: String) -> Result<Self, NotAFold> {
        text.parse()
    }
}

/// Which lanes are folded by what.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Folding {
    /// All lanes, unless they say otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<FoldBy>,
    /// Lanes that differ from that; `None` = not folded.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub lanes: BTreeMap<LaneKey, Option<FoldBy>>,
    /// One lane for everything instead of one for every clock.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub across: bool,
}

impl Folding {
    /// True when nothing is folded.
    #[must_use]
    pub fn is_off(&self) -> bool {
        *self == Self::default()
    }

    /// What `lane` is folded by.
    #[must_use]
    pub fn of_lane(&self, lane: &LaneKey) -> Option<&FoldBy> {
        match self.lanes.get(lane) {
            Some(own) => own.as_ref(),
            None => self.by.as_ref(),
        }
    }

    /// Everything that some lane is folded by, without repeats.
    #[must_use]
    pub fn all(&self) -> Vec<&FoldBy> {
        let mut all: Vec<&FoldBy> = self.by.iter().chain(self.lanes.values().flatten()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// True when it takes what the spans say about AI conversations.
    #[must_use]
    pub fn needs_work(&self) -> bool {
        self.all().into_iter().any(FoldBy::needs_work)
    }
}
