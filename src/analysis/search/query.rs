//! The search language as values, and how they are written. [`parse`](super::parse) reads them.
//!
//! | write | finds spans |
//! |---|---|
//! | `chat` | that say so anywhere: name, service, scope, attribute values, events, status message, ids |
//! | `name:chat` `service:api` ... | where that field contains the text; see [`FIELDS`] |
//! | `attr.http.route:/chat` | with that attribute on the span, else its resource, else its scope |
//! | `name:chat*` | where the whole text matches; `*` is any text, `name:*` any name at all |
//! | `name="POST /chat"` | where the text is exactly that, case included |
//! | `dur>500ms` `attr.x>=100` | by duration or number: `<`, `<=`, `>`, `>=`; `dur=1s` too |
//! | `error` `root` `orphan` | that failed; that have no parent; whose parent is not in the workspace |
//! | `-name:chat` | for which the rest does not hold |
//! | `a b` `a OR b` `(a OR b) c` | both, either, grouped |
//! | `"two words"` | quotes take everything literally, `*` included; `\"` and `\\` inside |
//!
//! Case matters only after `=`.

use std::cmp::Ordering;
use std::fmt::{self, Write as _};

use super::pattern::Pattern;
use crate::model::time;

/// A whole query. Writes itself canonically: what is written reads back as an equal query.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Query {
    /// What must hold; `None` for the empty query, which holds for every span.
    pub expr: Option<Expr>,
}

impl Query {
    /// True for the empty query, which holds for every span.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.expr.is_none()
    }

    /// The query that one term makes, e.g. for a click on a row of the statistics.
    #[must_use]
    pub const fn of(term: Term) -> Self {
        Self { expr: Some(Expr::Term(term)) }
    }

    /// Both queries at once, e.g. to narrow what is there by a click.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self.expr, other.expr) {
            (Some(left), Some(right)) => Self { expr: Some(Expr::all([left, right])) },
            (left, right) => Self { expr: left.or(right) },
        }
    }
}

/// A condition on a span.
#[derive(Clone, PartialEq, Debug)]
pub enum Expr {
    /// All hold. At least two, none of them an `And`.
    And(Vec<Self>),
    /// At least one holds. At least two, none of them an `Or`.
    Or(Vec<Self>),
    /// It does not hold. Never a `Not` inside.
    Not(Box<Self>),
    /// One condition.
    Term(Term),
}

impl Query {
    /// True when the answer depends on how lanes are shown.
    #[must_use]
    pub fn is_about_lanes(&self) -> bool {
        self.expr.as_ref().is_some_and(|expr| expr.any_term(&|term| matches!(term, Term::Lane(_))))
    }

    /// True when the answer needs to know what the spans say about AI conversations.
    #[must_use]
    pub fn is_about_ai(&self) -> bool {
        let is_ai = |term: &Term| matches!(term, Term::Agent(_) | Term::Phase(_));
        self.expr.as_ref().is_some_and(|expr| expr.any_term(&is_ai))
    }
}

impl Expr {
    fn any_term(&self, test: &impl Fn(&Term) -> bool) -> bool {
        match self {
            Self::Term(term) => test(term),
            Self::Not(inner) => inner.any_term(test),
            Self::And(parts) | Self::Or(parts) => parts.iter().any(|part| part.any_term(test)),
        }
    }

    /// All of `parts`, without needless nesting. Empty input cannot be said; there is at least one part.
    pub(super) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Self::And(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        if flat.len() == 1 { flat.remove(0) } else { Self::And(flat) }
    }

    /// At least one of `parts`, without needless nesting.
    pub(super) fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Self::Or(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        if flat.len() == 1 { flat.remove(0) } else { Self::Or(flat) }
    }

    /// The opposite of `inner`.
    #[must_use]
    pub fn negated(inner: Self) -> Self {
        match inner {
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }
}

/// One condition.
#[derive(Clone, PartialEq, Debug)]
pub enum Term {
    /// Anything the span says contains the text.
    Text(Pattern),
    /// A field as text.
    Field(Field, TextTest),
    /// One of the texts by which people know the lane that shows the span.
    Lane(TextTest),
    /// The name of the agent at work in the span.
    Agent(TextTest),
    /// What the span, or a part of it, is time of.
    Phase(TextTest),
    /// The span id as text.
    Id(TextTest),
    /// The name of at least one event.
    Event(TextTest),
    /// The value of an attribute of at least one event.
    EventAttr(String, TextTest),
    /// One of the things that were noticed while loading, by name (`end missing`, `id used twice`, ...).
    Flag(TextTest),
    /// The raw duration; spans without one never match.
    Duration(Comparison, i64),
    /// A numeric attribute, or one whose text is a number; others never match.
    Number(String, Comparison, Number),
    /// Status is error.
    Error,
    /// No parent: none is stated, or it was cut off a cycle.
    Root,
    /// The parent is not in the workspace.
    Orphan,
}

/// What a span can be matched, grouped and sorted by as text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Field {
    /// Span name.
    Name,
    /// The resource's `service.name`.
    Service,
    /// Clock domain: its name, or the value it was concluded from.
    Clock,
    /// Role in a call: `client`, `server`, ...
    Kind,
    /// `ok`, `error` or `unset`.
    Status,
    /// Instrumentation scope name.
    Scope,
    /// Trace id.
    Trace,
    /// Name of the input (file).
    Input,
    /// The attribute with this key: the span's own, else its resource's, else its scope's.
    Attr(String),
}

/// How a text is compared.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum TextTest {
    /// `:` contains, or matches the glob; case does not matter.
    Matches(Pattern),
    /// `=` is exactly this.
    Equals(String),
}

/// How a number is compared.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, strum::Display)]
pub enum Comparison {
    /// `<`
    #[strum(serialize = "<")]
    Less,
    /// `<=`
    #[strum(serialize = "<=")]
    AtMost,
    /// `>`
    #[strum(serialize = ">")]
    Greater,
    /// `>=`
    #[strum(serialize = ">=")]
    AtLeast,
    /// `=`
    #[strum(serialize = "=")]
    Equal,
}

impl Comparison {
    /// Whether a left side that stands so to the right side passes.
    #[must_use]
    pub const fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::AtLeast => order.is_ge(),
            Self::Equal => order.is_eq(),
        }
    }
}

/// A number as written: exact as long as it is whole and fits into 64 bits.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Number {
    /// A whole number.
    Int(i64),
    /// Any other finite number, or one that is too large. Never whole within 64 bits.
    Double(f64),
}

/// 2^63, exact as a double.
const TWO_63: f64 = 9_223_372_036_854_775_808.0;

impl Number {
    /// Reads a decimal number; `None` for anything else and for numbers that are not finite.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(int) = text.parse() {
            return Some(Self::Int(int));
        }
        // Rust's doubles also read "inf", "nan" and "infinity".
        if text.bytes().any(|byte| !matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) {
            return None;
        }
        text.parse().ok().and_then(Self::from_f64)
    }

    /// A double, as a whole number if it is one; `None` when it is not finite.
    #[must_use]
    pub fn from_f64(double: f64) -> Option<Self> {
        if !double.is_finite() {
            return None;
        }
        let is_int = double.trunc() == double && (-TWO_63..TWO_63).contains(&double);
        #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
        Some(if is_int { Self::Int(double as i64) } else { Self::Double(double) })
    }

    /// Exact order, also between whole numbers and doubles.
    #[must_use]
    pub fn order(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(&b),
            (Self::Double(a), Self::Double(b)) => a.total_cmp(&b),
            (Self::Int(a), Self::Double(b)) => int_to_double(a, b),
            (Self::Double(a), Self::Int(b)) => int_to_double(b, a).reverse(),
        }
    }
}

/// Compares without rounding the integer. `double` is finite and not whole within 64 bits.
fn int_to_double(int: i64, double: f64) -> Ordering {
    if double >= TWO_63 {
        return Ordering::Less;
    }
    if double < -TWO_63 {
        return Ordering::Greater;
    }
    #[expect(clippy::cast_possible_truncation, reason = "in range after the checks above")]
    let floor = double.floor() as i64;
    // Not whole, so that it lies strictly between its floor and the next integer.
    if int <= floor { Ordering::Less } else { Ordering::Greater }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(int) => write!(f, "{int}"),
            Self::Double(double) => write!(f, "{double}"),
        }
    }
}

/// One line of the help about the search language.
#[derive(Clone, Copy, Debug)]
pub struct FieldHelp {
    /// What to write before `:` or a comparison.
    pub name: &'static str,
    /// Another word for it, or empty.
    pub alias: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// An example that parses.
    pub example: &'static str,
}

/// All fields and words of the language, in the order in which help shows them.
pub const FIELDS: &[FieldHelp] = &[
    FieldHelp { name: "name", alias: "", meaning: "span name", example: "name:chat" },
    FieldHelp { name: "service", alias: "", meaning: "service.name of the resource", example: "service:api-*" },
    FieldHelp { name: "lane", alias: "", meaning: "the lane as it is shown, or what is in it", example: "lane:phone" },
    FieldHelp { name: "clock", alias: "", meaning: "the clock that stamped the span", example: "clock:host-1" },
    FieldHelp { name: "agent", alias: "", meaning: "the AI agent at work", example: "agent:planner" },
    FieldHelp {
        name: "phase",
        alias: "",
        meaning: "what AI work is time of: queue, prefill, tool, ...; of a model call any part",
        example: "phase:queue",
    },
    FieldHelp { name: "dur", alias: "duration", meaning: "raw duration", example: "dur>500ms" },
    FieldHelp {
        name: "attr.KEY",
        alias: "",
        meaning: "an attribute of the span, its resource or its scope",
        example: "attr.gen_ai.usage.output_tokens>100",
    },
    FieldHelp { name: "kind", alias: "", meaning: "client, server, internal, ...", example: "kind:client" },
    FieldHelp { name: "status", alias: "", meaning: "ok, error or unset", example: "status:error" },
    FieldHelp { name: "event", alias: "", meaning: "name of an event", example: "event:exception" },
    FieldHelp {
        name: "event.KEY",
        alias: "",
        meaning: "an attribute of an event",
        example: "event.exception.type:Timeout",
    },
    FieldHelp { name: "scope", alias: "", meaning: "instrumentation scope", example: "scope:openai" },
    FieldHelp { name: "trace", alias: "", meaning: "trace id, or a piece of it", example: "trace:4bf92f" },
    FieldHelp { name: "id", alias: "", meaning: "span id, or a piece of it", example: "id:00f067aa" },
    FieldHelp { name: "input", alias: "file", meaning: "the file it came from", example: "input:rank-3" },
    FieldHelp { name: "flag", alias: "", meaning: "what was odd about it", example: "flag:\"end missing\"" },
    FieldHelp { name: "error", alias: "", meaning: "status is error", example: "error" },
    FieldHelp { name: "root", alias: "", meaning: "has no parent", example: "root" },
    FieldHelp { name: "orphan", alias: "", meaning: "its parent is not in the workspace", example: "orphan" },
];

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.as_ref().map_or(Ok(()), |expr| write!(f, "{expr}"))
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Term(term) => write!(f, "{term}"),
            Self::Not(inner) => match **inner {
                Self::Term(_) => write!(f, "-{inner}"),
                _ => write!(f, "-({inner})"),
            },
            Self::And(parts) => join(f, parts, " ", |part| matches!(part, Self::Or(_))),
            Self::Or(parts) => join(f, parts, " OR ", |_| false),
        }
    }
}

fn join(
    f: &mut fmt::Formatter<'_>,
    parts: &[Expr],
    between: &str,
    needs_parens: impl Fn(&Expr) -> bool,
) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            f.write_str(between)?;
        }
        if needs_parens(part) {
            write!(f, "({part})")?;
        } else {
            write!(f, "{part}")?;
        }
    }
    Ok(())
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(pattern) => write_pattern(f, pattern, true),
            Self::Field(field, test) => write!(f, "{field}{test}"),
            Self::Lane(test) => write!(f, "lane{test}"),
            Self::Agent(test) => write!(f, "agent{test}"),
            Self::Phase(test) => write!(f, "phase{test}"),
            Self::Id(test) => write!(f, "id{test}"),
            Self::Event(test) => write!(f, "event{test}"),
            Self::EventAttr(key, test) => {
                f.write_str("event.")?;
                write_key(f, key)?;
                write!(f, "{test}")
            }
            Self::Flag(test) => write!(f, "flag{test}"),
            Self::Duration(comparison, ns) => {
                write!(f, "dur{comparison}")?;
                write_duration(f, *ns)
            }
            Self::Number(key, comparison, number) => {
                f.write_str("attr.")?;
                write_key(f, key)?;
                write!(f, "{comparison}{number}")
            }
            Self::Error => f.write_str("error"),
            Self::Root => f.write_str("root"),
            Self::Orphan => f.write_str("orphan"),
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("name"),
            Self::Service => f.write_str("service"),
            Self::Clock => f.write_str("clock"),
            Self::Kind => f.write_str("kind"),
            Self::Status => f.write_str("status"),
            Self::Scope => f.write_str("scope"),
            Self::Trace => f.write_str("trace"),
            Self::Input => f.write_str("input"),
            Self::Attr(key) => {
                f.write_str("attr.")?;
                write_key(f, key)
            }
        }
    }
}

impl fmt::Display for TextTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Matches(pattern) => {
                f.write_char(':')?;
                write_pattern(f, pattern, false)
            }
            Self::Equals(text) => {
                f.write_char('=')?;
                write_literal(f, text)
            }
        }
    }
}

/// Words that mean something by themselves.
pub(super) fn is_reserved(word: &str) -> bool {
    matches!(word, "OR" | "AND" | "NOT") || keyword(word).is_some()
}

/// The condition that a bare word stands for.
pub(super) fn keyword(word: &str) -> Option<Term> {
    [("error", Term::Error), ("root", Term::Root), ("orphan", Term::Orphan)]
        .into_iter()
        .find_map(|(known, term)| known.eq_ignore_ascii_case(word).then_some(term))
}

fn write_pattern(f: &mut fmt::Formatter<'_>, pattern: &Pattern, is_bare: bool) -> fmt::Result {
    for (at, part) in pattern.parts().iter().enumerate() {
        if at > 0 {
            f.write_char('*')?;
        }
        if is_bare && means_more(part) {
            write_quoted(f, part)?;
        } else if !part.is_empty() {
            write_literal(f, part)?;
        }
    }
    Ok(())
}

/// True for text that a bare word may not have without quotes.
fn means_more(part: &str) -> bool {
    let is_prefix = |prefix: &str| part.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
    part.contains([':', '<', '>', '='])
        || part.starts_with('-')
        || is_prefix("attr.")
        || is_prefix("event.")
        || is_reserved(part)
}

/// Text as a value, quoted only where that is needed.
fn write_literal(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let is_plain =
        !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '*' | '(' | ')'));
    if is_plain { f.write_str(text) } else { write_quoted(f, text) }
}

fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            f.write_char('\\')?;
        }
        f.write_char(c)?;
    }
    f.write_char('"')
}

/// True for characters that an attribute key may have without quotes.
pub(super) fn is_key_char(c: char) -> bool {
    !(c.is_whitespace() || matches!(c, ':' | '<' | '>' | '=' | '"' | '(' | ')'))
}

fn write_key(f: &mut fmt::Formatter<'_>, key: &str) -> fmt::Result {
    let is_plain = !key.is_empty() && key.chars().all(is_key_char);
    if is_plain { f.write_str(key) } else { write_quoted(f, key) }
}

/// Units of durations, largest first, as they are written.
pub(super) const UNITS: &[(&str, i64)] = &[
    ("d", time::DAY),
    ("h", time::HOUR),
    ("min", time::MIN),
    ("s", time::S),
    ("ms", time::MS),
    ("us", time::US),
    ("µs", time::US),
    ("μs", time::US),
    ("ns", 1),
];

fn write_duration(f: &mut fmt::Formatter<'_>, ns: i64) -> fmt::Result {
    let whole = UNITS.iter().filter(|(name, _)| *name != "d").find(|(_, unit)| ns != 0 && ns % unit == 0);
    let &(name, unit) = whole.unwrap_or(&("ns", 1));
    write!(f, "{}{name}", ns / unit)
}
