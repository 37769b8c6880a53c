//! Spans in true time, before any clock has stamped them.

use std::borrow::Cow;

/// Text that mostly costs nothing.
pub type Text = Cow<'static, str>;

/// An attribute value.
#[derive(Clone, Debug)]
pub enum Value {
    Text(Text),
    Int(i64),
    Double(f64),
    Bool(bool),
    List(&'static [&'static str]),
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<i64> for Value {
    fn from(int: i64) -> Self {
        Self::Int(int)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<&'static [&'static str]> for Value {
    fn from(list: &'static [&'static str]) -> Self {
        Self::List(list)
    }
}

/// A duration as the GenAI conventions write it: a double of seconds.
pub fn seconds(ns: i64) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "durations stay far below 2^53 ns")]
    Value::Double(ns as f64 / 1e9)
}

/// A key with its value.
pub type Attr = (&'static str, Value);

/// The role of a span, as OTLP numbers it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    Internal = 1,
    Server = 2,
    Client = 3,
    Producer = 4,
    Consumer = 5,
}

/// Which process of the [`Cast`](super::cast::Cast) reported a span.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ProcessIx(pub u32);

/// A place in a trace that children can hang from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct At {
    pub trace: u128,
    pub span: u64,
    pub process: ProcessIx,
    pub start_ns: i64,
}

/// Something at one moment of a span.
#[derive(Clone, Debug)]
pub struct Event {
    pub true_ns: i64,
    pub name: &'static str,
    pub attrs: Vec<Attr>,
}

/// One span in true time.
#[derive(Clone, Debug)]
pub struct TrueSpan {
    pub process: ProcessIx,
    /// The instrumentation scope's name.
    pub scope: &'static str,
    pub trace: u128,
    pub id: u64,
    /// 0 = root.
    pub parent: u64,
    /// Whether the parent lives in another process.
    pub parent_is_remote: bool,
    pub name: Text,
    pub kind: Kind,
    pub start_ns: i64,
    pub end_ns: i64,
    pub attrs: Vec<Attr>,
    pub events: Vec<Event>,
    /// Linked spans: trace and span id.
    pub links: Vec<(u128, u64)>,
    /// W3C `tracestate`; empty = none.
    pub trace_state: &'static str,
    /// The status message, when it failed.
    pub error: Option<&'static str>,
}

impl TrueSpan {
    /// A root span that has not ended.
    pub fn new(
        id: u64,
        trace: u128,
        (process, scope): (ProcessIx, &'static str),
        name: impl Into<Text>,
        kind: Kind,
        start_ns: i64,
    ) -> Self {
        Self {
            process,
            scope,
            trace,
            id,
            parent: 0,
            parent_is_remote: false,
            name: name.into(),
            kind,
            start_ns,
            end_ns: start_ns,
            attrs: Vec::with_capacity(20),
            events: Vec::new(),
            links: Vec::new(),
            trace_state: "",
            error: None,
        }
    }

    /// Where children hang from.
    pub const fn at(&self) -> At {
        At { trace: self.trace, span: self.id, process: self.process, start_ns: self.start_ns }
    }

    /// Adds an attribute.
    pub fn set(&mut self, key: &'static str, value: impl Into<Value>) -> &mut Self {
        self.attrs.push((key, value.into()));
        self
    }

    /// Adds an event.
    pub fn event(&mut self, true_ns: i64, name: &'static str, attrs: Vec<Attr>) -> &mut Self {
        self.events.push(Event { true_ns, name, attrs });
        self
    }

    /// Marks it as failed.
    pub fn fail(&mut self, kind: &'static str, message: &'static str) -> &mut Self {
        self.error = Some(message);
        self.set("error.type", kind)
    }
}
