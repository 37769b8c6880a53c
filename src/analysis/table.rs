//! The span table: which columns it may have, in which order its rows stand, what its cells say.

use rayon::slice::ParallelSliceMut as _;
use std::fmt;
use std::str::FromStr;

use super::clocks::domains::Domains;
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
    /// Raw duration.
    Duration,
    /// See [`super::self_time`].
    SelfTime,
}

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

    /// The heading for people, or (`is_exact`) the name with the unit, for files.
    #[must_use]
    pub fn heading(&self, is_exact: bool) -> String {
        match (self, is_exact) {
            (Self::Field(field), _) => field.to_string(),
            (Self::Id, _) => "id".to_owned(),
            (Self::Start, true) => "start_unix_ns".to_owned(),
            (Self::Start, false) => "start (raw)".to_owned(),
            (Self::Duration, true) => "duration_ns".to_owned(),
            (Self::Duration, false) => "duration".to_owned(),
            (Self::SelfTime, true) => "self_ns".to_owned(),
            (Self::SelfTime, false) => "self".to_owned(),
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(field) => field.fmt(f),
            Self::Id => f.write_str("id"),
            Self::Start => f.write_str("start"),
            Self::Duration => f.write_str("dur"),
            Self::SelfTime => f.write_str("self"),
        }
    }
}

impl FromStr for Column {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "id" => return Ok(Self::Id),
            "start" => return Ok(Self::Start),
            "dur" => return Ok(Self::Duration),
            "self" => return Ok(Self::SelfTime),
            _ => {}
        }
        // A field is spelled as in a query.
        match parse(&format!("{text}:*"))?.expr {
            Some(super::search::Expr::Term(Term::Field(field, _))) => Ok(Self::Field(field)),
            _ => Err(ParseError {
                range: 0..text.len(),
                expected: "a column".to_owned(),
                remedy: "Write name, service, lane, start, dur, self, status, kind or attr.KEY.".to_owned(),
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
}

impl Rows<'_> {
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
            Column::Start => by_key(&rows, |ix| self.start(ix), is_descending, cancel),
            Column::Duration => by_key(&rows, |ix| self.store.span(ix).duration_ns(), is_descending, cancel),
            Column::SelfTime => by_key(&rows, |ix| self.self_times.get(ix), is_descending, cancel),
        }
    }

    fn start(&self, ix: SpanIx) -> Option<i64> {
        let span = self.store.span(ix);
        (!span.flags().has(SpanFlags::START_MISSING)).then(|| span.start_ns())
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
    /// nanoseconds; empty when there is no value.
    #[must_use]
    pub fn cell(&self, span: SpanIx, column: &Column, is_exact: bool) -> String {
        let duration = |ns: Option<i64>| match ns {
            Some(ns) if is_exact => ns.to_string(),
            Some(ns) => duration_text(ns),
            None => String::new(),
        };
        match column {
            Column::Field(field) => self.field_text(span, field),
            Column::Id => self.store.span_id_text(self.store.span(span).id()),
            Column::Start => match self.start(span) {
                Some(ns) if is_exact => ns.to_string(),
                Some(ns) => absolute_text(ns),
                None => String::new(),
            },
            Column::Duration => duration(self.store.span(span).duration_ns()),
            Column::SelfTime => duration(self.self_times.get(span)),
        }
    }

    fn field_text(&self, ix: SpanIx, field: &Field) -> String {
        let store = self.store;
        let span = store.span(ix);
        match field {
            Field::Name => span.name().to_owned(),
            Field::Service => {
                let value = store.find_attr(&span.resource().attrs, "service.name");
                value.filter(|value| value.sym().is_some()).map(|value| store.value_text(value)).unwrap_or_default()
            }
            Field::Clock => {
                let domain = self.domains.of_span.get(ix.at()).and_then(|domain| self.domains.list.get(domain.at()));
                domain.map(|domain| domain.name.clone()).unwrap_or_default()
            }
            Field::Kind => span.kind().to_string(),
            Field::Status => span.status().to_string(),
            Field::Scope => store.text(span.scope().name).to_owned(),
            Field::Trace => store.trace_id_text(span.trace_id()),
            Field::Input => store.inputs()[span.input_ix().at()].name.clone(),
            Field::Attr(key) => self.attr(ix, key).map(|value| store.value_text(value)).unwrap_or_default(),
        }
    }

    fn attr(&self, ix: SpanIx, key: &str) -> Option<Value> {
        let span = self.store.span(ix);
        let resource = || self.store.find_attr(&span.resource().attrs, key);
        span.attr(key).or_else(resource).or_else(|| self.store.find_attr(&span.scope().attrs, key))
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
