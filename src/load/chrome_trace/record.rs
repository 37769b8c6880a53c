//! Events as they are read, before it is known how they belong together.

use crate::model::{AttrId, Part, Sym, Value};

/// What kind of event it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// `X`: begins and ends.
    Complete,
    /// `B`
    Begin,
    /// `E`
    End,
    /// `i`, `I`, `R` of a thread.
    Instant,
    /// An instant of a process or of everything: no slice owns it.
    WideInstant,
    /// `b` and `S`
    AsyncBegin,
    /// `e` and `F`
    AsyncEnd,
    /// `n`, `T` and `p`
    AsyncInstant,
    /// `s`
    FlowStart,
    /// `t`
    FlowStep,
    /// `f` that binds to the slice around it.
    FlowEnd,
    /// `f` that binds to the next slice.
    FlowEndNext,
}

/// What binds events to each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Owner {
    /// Nothing: it stands alone.
    Nobody,
    /// The asynchronous operation of its key.
    Operation,
    /// Its thread.
    Thread,
}

impl Phase {
    pub(super) const fn owner(self) -> Owner {
        match self {
            Self::WideInstant => Owner::Nobody,
            Self::AsyncBegin | Self::AsyncEnd | Self::AsyncInstant => Owner::Operation,
            _ => Owner::Thread,
        }
    }
}

/// No end is known.
pub(super) const OPEN: i64 = i64::MAX;

/// An event. Times are nanoseconds of the file's own scale, without its base time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub phase: Phase,
    /// The start lies outside of 64 bits, or is absent.
    pub is_clamped: bool,
    pub has_start: bool,
    pub start_ns: i64,
    /// Only of [`Phase::Complete`] at first; [`OPEN`] when not known.
    pub end_ns: i64,
    pub name: Sym,
    /// Thread, by its place in the chunk's table.
    pub thread: u32,
    /// What events of one asynchronous operation or flow have in common.
    pub key: u64,
    /// Where its attributes end in the chunk's arena.
    pub attr_end: u32,
    /// Byte offset in the input.
    pub offset: u64,
}

/// A thread as events name it. Ids are texts, since some writers use words.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct Thread {
    pub process: String,
    pub thread: String,
}

/// A metadata event.
#[derive(Clone, Debug)]
pub(super) struct Meta {
    /// `process_name`, `thread_name`, ...
    pub what: String,
    pub thread: u32,
    pub value: String,
}

/// What a chunk gave.
#[derive(Debug, Default)]
pub(super) struct ReadChunk {
    /// Its tables and diagnostics; no spans yet.
    pub part: Part,
    pub records: Vec<Record>,
    pub attrs: Vec<AttrId>,
    pub threads: Vec<Thread>,
    pub metas: Vec<Meta>,
    /// When the recorder's clock began, in nanoseconds since 1970: `baseTimeNanoseconds` and what others call it.
    pub base_ns: Option<i64>,
    /// The rank of the process in its training or inference job.
    pub rank: Option<i64>,
}

impl ReadChunk {
    /// An empty one with room for what `bytes` of text usually hold.
    pub(super) fn sized_for(bytes: usize) -> Self {
        Self {
            part: Part::tables_for(bytes),
            records: Vec::with_capacity(bytes / 256),
            attrs: Vec::with_capacity(bytes / 64),
            ..Self::default()
        }
    }

    /// The attributes of a record.
    pub(super) fn attrs_of(&self, at: usize) -> &[AttrId] {
        let start = if at == 0 { 0 } else { self.records[at - 1].attr_end as usize };
        &self.attrs[start..self.records[at].attr_end as usize]
    }

    /// The attribute `key` among `ids`, as text.
    pub(super) fn text_of(&self, ids: &[AttrId], key: &str) -> Option<String> {
        let key = self.part.strings.find(key)?;
        let attr = ids.iter().map(|&id| self.part.attrs.get(id)).find(|attr| attr.key == key)?;
        Some(match attr.value {
            Value::Int(int) => int.to_string(),
            Value::Double(double) => double.to_string(),
            Value::Bool(flag) => flag.to_string(),
            value => self.part.strings.get(value.sym()?).to_owned(),
        })
    }
}
