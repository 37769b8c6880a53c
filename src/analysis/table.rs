//! The span table: which columns it may have, in which order its rows stand, what its cells say.

use rayon::slice::ParallelSliceMut as _;
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::clocks::domains::Domains;
use super::clocks::words::placed_text;
use super::clocks::{EventKey, Known, Placed};
use super::search::{CancelFlag, Categories, Field, Label, ParseError, SpanSet, Term, parse, ranks};
use super::self_time::SelfTimes;
use crate::model::time::{absolute_text, duration_text};
use crate::model::{SpanFlags, SpanId, SpanIx, TraceStore, Value};

/// A column of the span table.
///
/// Its text form (`name`, `lane`, `start`, `dur`, `self`, `attr.KEY`, ...) is stable: saved views hold it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Column {
    /// A field as text.
    Field(Field),
    /// Span id.
    Id,
    /// Raw start.
    Start,
    /// Start as the reference clock would show it: an estimate with its interval.
    Reference,
    /// Raw duration.
    Duration,
    /// See [`super::self_time`].
    SelfTime,
    /// Number of attributes of its own.
    Attributes,
    /// Number of events.
    Events,
    /// Byte offset in the (decompressed) input.
    Offset,
}

/// Columns that are not a field: their text form, heading for people, and heading for files.
const PLAIN: [(Column, &str, &str, &str); 8] = [
    (Column::Id, "id", "id", "id"),
    (Column::Start, "start", "start (raw, UTC)", "start_unix_ns"),
    (Column::Reference, "reference", "start (reference)", "start_reference_estimate_unix_ns"),
    (Column::Duration, "dur", "duration", "duration_ns"),
    (Column::SelfTime, "self", "self", "self_ns"),
    (Column::Attributes, "attributes", "attributes", "attributes"),
    (Column::Events, "events", "events", "events"),
    (Column::Offset, "offset", "byte offset", "offset_bytes"),
];

impl Column {
    /// The columns that a new table shows.
    #[must_use]
    pub fn usual() -> Vec<Self> {
        let field = Self::Field;
        vec![
            field(Field::Name),
            field(Field::Service),
            field(Field::Clock),
            Self::Start,
            Self::Duration,
            Self::SelfTime,
            field(Field::Status),
        ]
    }

    /// Every column but those of attributes.
    #[must_use]
    pub fn fixed() -> Vec<Self> {
        let fields = [
            Field::Name,
            Field::Service,
            Field::Clock,
            Field::Kind,
            Field::Status,
            Field::Trace,
            Field::Scope,
            Field::Input,
        ];
        fields.map(Self::Field).into_iter().chain(PLAIN.map(|plain| plain.0)).collect()
    }

    /// True when its cells are numbers.
    #[must_use]
    pub const fn is_number(&self) -> bool {
        !matches!(self, Self::Field(_) | Self::Id)
    }

    /// The heading for people, or (`is_exact`) the name with the unit, for files.
    #[must_use]
    pub fn heading(&self, is_exact: bool) -> String {
        match (self, self.plain()) {
            (Self::Field(Field::Attr(key)), _) if !is_exact => key.clone(),
            (Self::Field(Field::Clock), _) => "clock".to_owned(),
            (Self::Field(field), _) => field.to_string(),
            (_, Some((.., exact))) if is_exact => (*exact).to_owned(),
            (_, Some((_, _, heading, _))) => (*heading).to_owned(),
            (_, None) => String::new(),
        }
    }

    fn plain(&self) -> Option<&'static (Self, &'static str, &'static str, &'static str)> {
        PLAIN.iter().find(|plain| plain.0 == *self)
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.plain()) {
            (Self::Field(field), _) => field.fmt(f),
            (_, Some((_, name, ..))) => f.write_str(name),
            (_, None) => Ok(()),
        }
    }
}

impl FromStr for Column {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if let Some(plain) = PLAIN.iter().find(|plain| plain.1 == text) {
            return Ok(plain.0.clone());
        }
        // A field is spelled as in a query.
        match parse(&format!("{text}:*"))?.expr {
            Some(super::search::Expr::Term(Term::Field(field, _))) => Ok(Self::Field(field)),
            _ => Err(ParseError {
                range: 0..text.len(),
                expected: "a column".to_owned(),
                remedy: "Write name, service, lane, start, reference, dur, self, status, kind or attr.KEY.".to_owned(),
            }),
        }
    }
}

/// What the rows and cells are made from.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// The spans.
    pub store: &'a TraceStore,
    /// Their clocks.
    pub domains: &'a Domains,
    /// Their self times.
    pub self_times: &'a SelfTimes,
    /// What is known about the clocks; needed for [`Column::Reference`] only.
    pub known: Option<&'a Known>,
}

impl<'a> Rows<'a> {
    /// The spans of `among` (all without) sorted by `column`; `None` when cancelled.
    ///
    /// Rows without a value come last in both directions; equal rows keep their order in the input.
    #[must_use]
    pub fn sorted(
        &self,
        among: Option<&SpanSet>,
        column: &Column,
        is_descending: bool,
        cancel: &CancelFlag,
    ) -> Option<Vec<SpanIx>> {
        let rows: Vec<SpanIx> = among.map_or_else(|| self.store.span_ixs().collect(), |set| set.iter().collect());
        match column {
            Column::Field(field) => self.by_field(&rows, field, is_descending, cancel),
            Column::Id => self.by_id(&rows, is_descending, cancel),
            number => by_key(&rows, |ix| self.number(ix, number), is_descending, cancel),
        }
    }

    /// The cell as a number: nanoseconds, bytes or a count; `None` when it is not known, or no number.
    ///
    /// The duration of a span that ends before it starts is not known.
    #[must_use]
    pub fn number(&self, ix: SpanIx, column: &Column) -> Option<i64> {
        let span = self.store.span(ix);
        match column {
            Column::Field(_) | Column::Id => None,
            Column::Start => (!span.flags().has(SpanFlags::START_MISSING)).then(|| span.start_ns()),
            Column::Reference => self.placed(ix)?.estimate_ns,
            Column::Duration => span.duration_ns().filter(|&ns| ns >= 0),
            Column::SelfTime => self.self_times.get(ix),
            Column::Attributes => i64::try_from(span.attr_ids().len()).ok(),
            Column::Events => i64::try_from(span.events().len()).ok(),
            Column::Offset => i64::try_from(span.offset()).ok(),
        }
    }

    /// Where the start of `ix` lies on the reference clock's axis.
    fn placed(&self, ix: SpanIx) -> Option<Placed> {
        self.known?.model.place(self.store, self.domains, EventKey::start(ix))
    }

    /// Sorts the distinct values, then counts the spans into place.
    fn by_field(
        &self,
        rows: &[SpanIx],
        field: &Field,
        is_descending: bool,
        cancel: &CancelFlag,
    ) -> Option<Vec<SpanIx>> {
        let categories = Categories::new(self.store, self.domains, field, cancel)?;
        let mut rank = ranks(self.store, self.domains, &categories.labels);
        cancel.going_on()?;
        let last = categories.labels.len();
        if is_descending {
            for rank in &mut rank {
                *rank = last as u32 - 1 - *rank;
            }
        }
        let place = |ix: SpanIx| rank.get(categories.of_span[ix.at()] as usize).map_or(last, |&rank| rank as usize);
        let mut next = vec![0_usize; last + 2];
        for &ix in rows {
            next[place(ix) + 1] += 1;
        }
        for at in 1..next.len() {
            next[at] += next[at - 1];
        }
        cancel.going_on()?;
        let mut sorted = vec![SpanIx::NONE; rows.len()];
        for &ix in rows {
            let slot = &mut next[place(ix)];
            sorted[*slot] = ix;
            *slot += 1;
        }
        Some(sorted)
    }

    /// Binary ids by size, then ids that are text.
    fn by_id(&self, rows: &[SpanIx], is_descending: bool, cancel: &CancelFlag) -> Option<Vec<SpanIx>> {
        let id = |ix: SpanIx| self.store.span(ix).id();
        let text_of = |ix: SpanIx| if let SpanId::Text(sym) = id(ix) { Some(Label::Sym(sym)) } else { None };
        let labels: Vec<Label> = rows.iter().filter_map(|&ix| text_of(ix)).collect();
        // Equal texts have ranks in input order, which is the order that equal rows keep; reversed, they
        // would not, so that they share the first one's rank.
        let mut rank = shared_ranks(self, &labels).into_iter();
        let keys: Vec<Option<(bool, u64)>> = rows
            .iter()
            .map(|&ix| match id(ix) {
                SpanId::None => None,
                SpanId::Bytes(bits) => Some((false, bits)),
                SpanId::Text(_) => Some((true, rank.next().unwrap_or(0))),
            })
            .collect();
        let mut keyed: Vec<_> = rows.iter().zip(&keys).filter_map(|(&ix, key)| key.map(|key| (key, ix))).collect();
        if is_descending {
            keyed.par_sort_by_key(|&(key, ix)| (std::cmp::Reverse(key), ix));
        } else {
            keyed.par_sort_unstable();
        }
        cancel.going_on()?;
        let mut sorted: Vec<SpanIx> = keyed.into_iter().map(|(_, ix)| ix).collect();
        sorted.extend(rows.iter().zip(&keys).filter(|(_, key)| key.is_none()).map(|(&ix, _)| ix));
        Some(sorted)
    }

    /// The cell of `span` in `column` as people read it, or (`is_exact`) with times as plain numbers of
    /// nanoseconds.
    ///
    /// A value that is not known is told by a word (`open`, `ends before start`), or (`is_exact`) left out; only
    /// the duration of a span that ends before it starts is exactly what its raw times say: a negative number.
    #[must_use]
    pub fn cell(&self, span: SpanIx, column: &Column, is_exact: bool) -> Cow<'a, str> {
        let is_time = matches!(column, Column::Start | Column::Duration | Column::SelfTime);
        match (column, self.number(span, column)) {
            (Column::Field(field), _) => self.field_text(span, field),
            (Column::Id, _) => self.store.span_id_text(self.store.span(span).id()).into(),
            (Column::Start, Some(ns)) if !is_exact => absolute_text(ns).into(),
            (Column::Reference, _) if !is_exact => {
                self.placed(span).map_or_else(|| "not stamped".into(), |placed| placed_text(&placed).into())
            }
            (_, Some(ns)) if is_time && !is_exact => duration_text(ns).into(),
            (_, Some(number)) => number.to_string().into(),
            (_, None) if !is_exact => unknown_text(self.store.span(span).flags()).into(),
            (Column::Duration, None) => {
                self.store.span(span).duration_ns().map_or("".into(), |ns| ns.to_string().into())
            }
            (_, None) => "".into(),
        }
    }

    fn field_text(&self, ix: SpanIx, field: &Field) -> Cow<'a, str> {
        let store = self.store;
        let span = store.span(ix);
        match field {
            Field::Name => span.name().into(),
            Field::Service => {
                let value = store.find_attr(&span.resource().attrs, "service.name");
                value.and_then(Value::sym).map_or("", |sym| store.text(sym)).into()
            }
            Field::Clock => {
                let domain = self.domains.of_span.get(ix.at()).and_then(|domain| self.domains.list.get(domain.at()));
                domain.map_or("", |domain| domain.name.as_str()).into()
            }
            Field::Kind => span.kind().to_string().into(),
            Field::Status => span.status().to_string().into(),
            Field::Scope => store.text(span.scope().name).into(),
            Field::Trace => store.trace_id_text(span.trace_id()).into(),
            Field::Input => store.inputs()[span.input_ix().at()].name.as_str().into(),
            Field::Attr(key) => match self.attr(ix, key) {
                Some(value) => value.sym().map_or_else(|| store.value_text(value).into(), |sym| store.text(sym).into()),
                None => "".into(),
            },
        }
    }

    fn attr(&self, ix: SpanIx, key: &str) -> Option<Value> {
        let span = self.store.span(ix);
        let resource = || self.store.find_attr(&span.resource().attrs, key);
        span.attr(key).or_else(resource).or_else(|| self.store.find_attr(&span.scope().attrs, key))
    }
}

/// Why a time of a span with these flags is not known.
const fn unknown_text(flags: SpanFlags) -> &'static str {
    match (flags.has(SpanFlags::START_MISSING), flags.has(SpanFlags::END_MISSING)) {
        (true, true) => "no times",
        (true, false) => "no start",
        (false, true) => "open",
        (false, false) => "ends before start",
    }
}

/// Ranks in which equal texts are equal.
fn shared_ranks(rows: &Rows<'_>, labels: &[Label]) -> Vec<u64> {
    let mut distinct: Vec<Label> = Vec::new();
    let mut at_of = std::collections::HashMap::new();
    let place: Vec<usize> = labels
        .iter()
        .map(|&label| {
            let Label::Sym(sym) = label else { return 0 };
            *at_of.entry(sym).or_insert_with(|| {
                distinct.push(label);
                distinct.len() - 1
            })
        })
        .collect();
    let rank = ranks(rows.store, rows.domains, &distinct);
    place.into_iter().map(|at| u64::from(rank[at])).collect()
}

fn by_key(
    rows: &[SpanIx],
    key: impl Fn(SpanIx) -> Option<i64>,
    is_descending: bool,
    cancel: &CancelFlag,
) -> Option<Vec<SpanIx>> {
    // The complement reverses the order of all integers, without an overflow.
    let flip = if is_descending { -1 } else { 0 };
    let mut keyed = Vec::with_capacity(rows.len());
    let mut missing = Vec::new();
    for &ix in rows {
        match key(ix) {
            Some(key) => keyed.push((key ^ flip, ix)),
            None => missing.push(ix),
        }
    }
    cancel.going_on()?;
    keyed.par_sort_unstable();
    cancel.going_on()?;
    let mut sorted: Vec<SpanIx> = keyed.into_iter().map(|(_, ix)| ix).collect();
    sorted.extend(missing);
    Some(sorted)
}
