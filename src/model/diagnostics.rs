//! What went wrong, or looked odd, while loading: typed, counted, with the first places.

use std::collections::BTreeMap;

use super::ids::InputIx;

mod remedy;

pub(super) use remedy::FLAGS;

/// How much a diagnostic matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, strum::Display, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum Severity {
    /// Worth knowing; nothing is missing.
    Notice,
    /// Something is odd in the data; it is kept and flagged.
    Warning,
    /// Something could not be read.
    Error,
}

/// What was found. The text form is stable: it appears in reports and tests.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, strum::Display, strum::EnumIter, strum::EnumString,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Code {
    /// The text stops inside a value.
    Truncated,
    /// A piece of the input is not valid in its format and was skipped.
    Malformed,
    /// A field has a type or value that it cannot have; the field was ignored.
    BadField,
    /// Bytes that are not UTF-8 were replaced.
    BadUtf8,
    /// Values are nested deeper than the reader follows.
    TooDeep,
    /// A single element is larger than the reader holds in memory.
    TooLarge,
    /// A compressed input grows past the limit; the rest was not read.
    InflateLimit,
    /// A document that holds nothing this version understands was skipped.
    UnknownDocument,
    /// Metrics were skipped.
    MetricsSkipped,
    /// Log records that belong to no span were skipped.
    LogsSkipped,
    /// Log records were attached to their spans as events.
    LogsAttached,
    /// Log records name a span that is not in the workspace.
    LogsOrphaned,
    /// A span without a span id.
    MissingSpanId,
    /// A span without a trace id.
    MissingTraceId,
    /// An id is not 8 or 16 bytes long; it is kept as text.
    OddId,
    /// A span without a start time.
    MissingStart,
    /// A span without an end time: in flight, or lost.
    MissingEnd,
    /// A span that ends before it starts.
    EndBeforeStart,
    /// A time outside of what signed 64-bit nanoseconds can hold.
    TimeClamped,
    /// A time written as a number that a double cannot hold exactly.
    ImpreciseTime,
    /// An exact copy of a span was merged.
    DuplicateMerged,
    /// Two different spans have one id.
    IdConflict,
    /// A span names itself as its parent.
    SelfParent,
    /// Spans are each other's ancestors.
    ParentCycle,
    /// A parent is not in the workspace.
    MissingParent,
    /// A parent was found in another trace.
    ParentOtherTrace,
    /// The server that wrote the file left a warning on a span.
    ServerWarning,
    /// The server that wrote the file says that it changed times.
    TimesAdjusted,
    /// An SDK dropped attributes, events or links.
    SdkDropped,
    /// A span states no time; its annotations' times are used (Zipkin).
    TimesFromAnnotations,
    /// Counters and other events that have no place on a timeline of spans were skipped (Chrome traces).
    EventsSkipped,
    /// An end without a beginning, or the other way round (Chrome traces).
    UnmatchedEvent,
    /// Spans of one thread overlap without nesting (Chrome traces).
    PartialOverlap,
    /// An input holds no span.
    NoSpans,
}

impl Code {
    /// How much a finding of this code matters.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::MetricsSkipped
            | Self::LogsAttached
            | Self::DuplicateMerged
            | Self::SdkDropped
            | Self::MissingParent
            | Self::MissingEnd
            | Self::OddId
            | Self::ServerWarning
            | Self::TimesFromAnnotations
            | Self::EventsSkipped
            | Self::UnmatchedEvent
            | Self::PartialOverlap => Severity::Notice,
            Self::Truncated | Self::Malformed | Self::TooDeep | Self::TooLarge | Self::InflateLimit => Severity::Error,
            _ => Severity::Warning,
        }
    }

    /// True when it follows from the finished store, not from reading one input.
    const fn is_derived(self) -> bool {
        matches!(
            self,
            Self::MissingSpanId
                | Self::MissingTraceId
                | Self::MissingStart
                | Self::MissingEnd
                | Self::EndBeforeStart
                | Self::TimeClamped
                | Self::ImpreciseTime
                | Self::IdConflict
                | Self::SelfParent
                | Self::ParentCycle
                | Self::MissingParent
                | Self::ParentOtherTrace
                | Self::TimesAdjusted
                | Self::NoSpans
        )
    }

    /// One sentence: what it means, and what to do about it.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Truncated => "The input stops inside a value; everything before it was read. Fetch the file again.",
            Self::Malformed => "A piece is not valid in its format and was skipped; the rest was read.",
            Self::BadField => "A field has a type or value it cannot have; the field was ignored.",
            Self::BadUtf8 => "Bytes that are not UTF-8 were replaced by U+FFFD.",
            Self::TooDeep => "Values are nested deeper than the reader follows; that value was skipped.",
            Self::TooLarge => "A single element is larger than Skewline holds in memory; it was left out.",
            Self::InflateLimit => {
                "The compressed input grows past the limit; the rest was not read. Raise --max-inflated."
            }
            Self::UnknownDocument => "A document holds nothing that Skewline understands; it was skipped.",
            Self::MetricsSkipped => "Metrics are not shown.",
            Self::LogsSkipped => "Log records without a trace and span id have no place on the timeline.",
            Self::LogsAttached => "Log records became events of the spans they name.",
            Self::LogsOrphaned => "Log records name a span that is not in the workspace; add the file that holds it.",
            Self::MissingSpanId => "A span without an id is shown, but nothing can refer to it.",
            Self::MissingTraceId => "Spans without a trace id are shown together as one trace.",
            Self::OddId => "An id is not 8 or 16 bytes of hex or base64; it is kept as text.",
            Self::MissingStart => "A span without a start time is drawn at its end.",
            Self::MissingEnd => "A span without an end time is drawn open: it was still running, or its end was lost.",
            Self::EndBeforeStart => {
                "A span ends before it starts on its own clock: the clock stepped, or a time was set by hand."
            }
            Self::TimeClamped => "A time does not fit into signed 64-bit nanoseconds; the nearest value is used.",
            Self::ImpreciseTime => {
                "A time was written as a JSON number too large for exact doubles; tools in between may have rounded it."
            }
            Self::DuplicateMerged => "An exact copy of a span was merged into the first one.",
            Self::IdConflict => "Different spans share one id; all are kept, and children may hang from the wrong one.",
            Self::SelfParent => "A span names itself as its parent; it is drawn as a root.",
            Self::ParentCycle => "Spans are each other's ancestors; the cycle is cut where it is drawn.",
            Self::MissingParent => "The parent is not in the workspace: sampled, not collected, or in another file.",
            Self::ParentOtherTrace => "The parent was found, but in another trace.",
            Self::ServerWarning => "The server that wrote this file left a warning on a span.",
            Self::TimesAdjusted => {
                "The server that wrote this file says that it changed times: they are not what the clocks said."
            }
            Self::SdkDropped => "An SDK dropped attributes, events or links because of its limits.",
            Self::TimesFromAnnotations => "A span states no time of its own; the times of its annotations are used.",
            Self::EventsSkipped => "Counters and other records that are no spans are not shown.",
            Self::UnmatchedEvent => {
                "A begin without an end, an end without a begin, or a flow whose other side is missing: recording started or stopped in between."
            }
            Self::PartialOverlap => {
                "Spans of one thread overlap without one holding the other; each is a child of what holds it whole."
            }
            Self::NoSpans => "The input was read, but it holds no span.",
        }
    }
}

/// Where a diagnostic was seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The input.
    pub input: InputIx,
    /// Byte offset in the (decompressed) input.
    pub offset: u64,
    /// What was there, in words or as an excerpt; may be empty.
    pub detail: String,
}

/// One kind of diagnostic with its count.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Entry {
    /// How often it was seen.
    pub count: u64,
    /// The first places, at most [`Diagnostics::MAX_PLACES`], in input order.
    pub places: Vec<Place>,
}

/// All diagnostics of a workspace or of a part of it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Diagnostics {
    entries: BTreeMap<Code, Entry>,
}

impl Diagnostics {
    /// How many places are kept per code; every further one is only counted.
    pub const MAX_PLACES: usize = 5;

    /// Counts one more `code` at `offset`; `detail` is only built while places are still kept.
    pub fn add(&mut self, code: Code, input: InputIx, offset: u64, detail: impl FnOnce() -> String) {
        let entry = self.entries.entry(code).or_default();
        entry.count += 1;
        if entry.places.len() < Self::MAX_PLACES {
            entry.places.push(Place { input, offset, detail: detail() });
        }
    }

    /// Counts `count` more without a place.
    pub fn add_count(&mut self, code: Code, count: u64) {
        if count > 0 {
            self.entries.entry(code).or_default().count += count;
        }
    }

    /// Adds what another part found. Parts must be absorbed in input order.
    pub fn absorb(&mut self, other: Self) {
        for (code, mut entry) in other.entries {
            let mine = self.entries.entry(code).or_default();
            mine.count += entry.count;
            let room = Self::MAX_PLACES.saturating_sub(mine.places.len());
            entry.places.truncate(room);
            mine.places.append(&mut entry.places);
        }
    }

    /// Shifts every place to the input `input`, for parts that were read on their own.
    pub fn set_input(&mut self, input: InputIx) {
        for place in self.entries.values_mut().flat_map(|entry| &mut entry.places) {
            place.input = input;
        }
    }

    /// Drops what is found anew whenever a store is finished.
    pub(crate) fn forget_derived(&mut self) {
        self.entries.retain(|code, _| !code.is_derived());
    }

    /// All kinds, most severe first, then by code.
    #[must_use]
    pub fn entries(&self) -> Vec<(Code, &Entry)> {
        let mut all: Vec<_> = self.entries.iter().map(|(&code, entry)| (code, entry)).collect();
        all.sort_by_key(|&(code, _)| (std::cmp::Reverse(code.severity()), code));
        all
    }

    /// How often `code` was seen.
    #[must_use]
    pub fn count(&self, code: Code) -> u64 {
        self.entries.get(&code).map_or(0, |entry| entry.count)
    }

    /// How often anything was seen.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.entries.values().map(|entry| entry.count).sum()
    }

    /// The worst severity present.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.entries.keys().map(|code| code.severity()).max()
    }

    /// True when nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
