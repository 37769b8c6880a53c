//! A field's distinct values, and which of them each span has.
//!
//! Matching, statistics and sorting all work on categories: each distinct value is looked at once,
//! and a span is a number.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use rayon::iter::{IndexedParallelIterator as _, IntoParallelRefMutIterator as _, ParallelIterator as _};
use std::borrow::Cow;

use super::{CancelFlag, Field, Number};
use crate::analysis::clocks::domains::Domains;
use crate::model::{AttrId, DomainIx, InputIx, SpanIx, Sym, TraceIx, TraceStore, Value};

/// One distinct value of a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Label {
    /// Interned text.
    Sym(Sym),
    /// An attribute's value.
    Value(Value),
    /// A word of the format, such as a span kind.
    Word(&'static str),
    /// A clock domain.
    Domain(DomainIx),
    /// A trace.
    Trace(TraceIx),
    /// An input.
    Input(InputIx),
}

impl Label {
    /// The label as text.
    #[must_use]
    pub fn text<'a>(self, store: &'a TraceStore, domains: &'a Domains) -> Cow<'a, str> {
        match self {
            Self::Sym(sym) => Cow::Borrowed(store.text(sym)),
            Self::Value(value) => {
                value.sym().map_or_else(|| Cow::Owned(store.value_text(value)), |sym| Cow::Borrowed(store.text(sym)))
            }
            Self::Word(word) => Cow::Borrowed(word),
            Self::Domain(domain) => Cow::Borrowed(domains.list.get(domain.at()).map_or("", |it| it.name.as_str())),
            Self::Trace(trace) => Cow::Owned(store.trace_id_text(store.traces()[trace.at()].id)),
            Self::Input(input) => Cow::Borrowed(store.inputs()[input.at()].name.as_str()),
        }
    }

    /// The value as a number: a finite numeric attribute, or text that is nothing but a decimal number.
    #[must_use]
    pub fn number(self, store: &TraceStore) -> Option<Number> {
        match self {
            Self::Value(value) => number_of(store, value),
            Self::Sym(sym) => Number::parse(store.text(sym)),
            _ => None,
        }
    }
}

pub(super) fn number_of(store: &TraceStore, value: Value) -> Option<Number> {
    match value {
        Value::Int(int) => Some(Number::Int(int)),
        Value::Double(double) => Number::from_f64(double),
        Value::Str(sym) => Number::parse(store.text(sym)),
        _ => None,
    }
}

/// The category of every span.
#[derive(Clone, Debug, Default)]
pub struct Categories {
    /// The category of every span, an index into `labels`, or [`Self::MISSING`].
    pub of_span: Vec<u32>,
    /// The distinct values, in order of first appearance. Two of them never have the same text,
    /// except for clocks, traces and inputs, which are different things even under one name.
    pub labels: Vec<Label>,
}

impl Categories {
    /// The span has no value of this field.
    pub const MISSING: u32 = u32::MAX;

    /// The categories of `field`; `None` when cancelled.
    #[must_use]
    pub fn new(store: &TraceStore, domains: &Domains, field: &Field, cancel: &CancelFlag) -> Option<Self> {
        let spans = &store.spans;
        let found = match field {
            Field::Name => by_sym(store, &spans.name),
            Field::Service => {
                let service = |attrs: &[AttrId]| match store.find_attr(attrs, "service.name") {
                    Some(value) => value.sym(),
                    None => None,
                };
                let of_resource: Vec<_> = store.resources.iter().map(|resource| service(&resource.attrs)).collect();
                by_group_sym(store, &of_resource, |at| spans.resource[at].at())
            }
            Field::Scope => {
                let named = |sym: Sym| (!sym.is_empty()).then_some(sym);
                let of_scope: Vec<_> = store.scopes.iter().map(|scope| named(scope.name)).collect();
                by_group_sym(store, &of_scope, |at| spans.scope[at].at())
            }
            Field::Clock => {
                let of_span = |at: usize| domains.of_span.get(at).map_or(Self::MISSING, |domain| domain.0);
                by_index(store.len(), of_span, |at| Label::Domain(DomainIx(at)))
            }
            Field::Kind => by_index(store.len(), |at| spans.kind[at] as u32, |at| Label::Word(kind_word(at))),
            Field::Status => by_index(store.len(), |at| spans.status[at] as u32, |at| Label::Word(status_word(at))),
            Field::Trace => by_index(store.len(), |at| spans.trace[at].0, |at| Label::Trace(TraceIx(at))),
            Field::Input => {
                let of_span = |at: usize| store.resources[spans.resource[at].at()].input.0;
                by_index(store.len(), of_span, |at| Label::Input(InputIx(at)))
            }
            Field::Attr(key) => by_attr(store, key, cancel)?,
        };
        cancel.going_on()?;
        Some(found)
    }

    /// The value that `span` has.
    #[must_use]
    pub fn label(&self, span: SpanIx) -> Option<Label> {
        let category = *self.of_span.get(span.at())?;
        self.labels.get(category as usize).copied()
    }
}

fn kind_word(at: u32) -> &'static str {
    ["unspecified", "internal", "server", "client", "producer", "consumer"].get(at as usize).unwrap_or(&"unspecified")
}

fn status_word(at: u32) -> &'static str {
    ["unset", "ok", "error"].get(at as usize).unwrap_or(&"unset")
}

/// Numbers things in the order in which they are first asked for.
struct Dense {
    of: Vec<u32>,
    labels: Vec<Label>,
}

impl Dense {
    fn new(things: usize) -> Self {
        Self { of: vec![Categories::MISSING; things], labels: Vec::new() }
    }

    fn category(&mut self, thing: usize, label: impl FnOnce() -> Label) -> u32 {
        if self.of[thing] == Categories::MISSING {
            self.of[thing] = self.labels.len() as u32;
            self.labels.push(label());
        }
        self.of[thing]
    }
}

fn by_sym(store: &TraceStore, syms: &[Sym]) -> Categories {
    let mut dense = Dense::new(store.strings().len());
    let of_span = syms.iter().map(|&sym| dense.category(sym.at(), || Label::Sym(sym))).collect();
    Categories { of_span, labels: dense.labels }
}

/// By the text that each group (resource, scope) has.
fn by_group_sym(store: &TraceStore, of_group: &[Option<Sym>], group: impl Fn(usize) -> usize) -> Categories {
    let mut dense = Dense::new(store.strings().len());
    let of_group: Vec<u32> = of_group
        .iter()
        .map(|sym| sym.map_or(Categories::MISSING, |sym| dense.category(sym.at(), || Label::Sym(sym))))
        .collect();
    Categories { of_span: (0..store.len()).map(|at| of_group[group(at)]).collect(), labels: dense.labels }
}

fn by_index(len: usize, of_span: impl Fn(usize) -> u32, label: impl Fn(u32) -> Label) -> Categories {
    let raw: Vec<u32> = (0..len).map(of_span).collect();
    let things = raw.iter().filter(|&&at| at != Categories::MISSING).max().map_or(0, |&at| at as usize + 1);
    let mut dense = Dense::new(things);
    let of_span = raw
        .into_iter()
        .map(|at| match at {
            Categories::MISSING => at,
            at => dense.category(at as usize, || label(at)),
        })
        .collect();
    Categories { of_span, labels: dense.labels }
}

fn by_attr(store: &TraceStore, key: &str, cancel: &CancelFlag) -> Option<Categories> {
    let mut categories = Categories { of_span: vec![Categories::MISSING; store.len()], labels: Vec::new() };
    let Some(key) = store.strings().find(key) else { return Some(categories) };
    let mut of_pair = vec![Categories::MISSING; store.attrs().pairs().len()];
    let mut values = ValueCategories::new(store, key);
    for (at, attr) in store.attrs().pairs().iter().enumerate() {
        if attr.key == key {
            of_pair[at] = values.category(attr.value);
        }
    }
    cancel.going_on()?;
    categories.labels = values.dense.labels;
    let first = |attrs: &[AttrId]| attrs.iter().map(|id| of_pair[id.0 as usize]).find(|&it| it != Categories::MISSING);
    let of_resource: Vec<_> = store.resources.iter().map(|resource| first(&resource.attrs)).collect();
    let of_scope: Vec<_> = store.scopes.iter().map(|scope| first(&scope.attrs)).collect();
    let spans = &store.spans;
    categories.of_span.par_iter_mut().with_min_len(8192).enumerate().for_each(|(at, category)| {
        let span = store.span(SpanIx::from_usize(at));
        let found = first(span.attr_ids())
            .or_else(|| of_resource[spans.resource[at].at()])
            .or_else(|| of_scope[spans.scope[at].at()]);
        *category = found.unwrap_or(Categories::MISSING);
    });
    Some(categories)
}

/// Gives values with the same text the same category: `1` as a number and as text, in two files of one workspace.
struct ValueCategories<'a> {
    store: &'a TraceStore,
    dense: Dense,
    numbers: HashMap<(u8, u64), u32, FixedState>,
    /// Some value of this key is text, so that a number may meet its own text.
    has_text: bool,
    /// Values of this key have several types, or one is a double that is not finite: two may read the same.
    is_mixed: bool,
}

impl<'a> ValueCategories<'a> {
    fn new(store: &'a TraceStore, key: Sym) -> Self {
        let of_key = || store.attrs().pairs().iter().filter(|attr| attr.key == key).map(|attr| attr.value);
        let has_text = of_key().any(|value| text_sym(value).is_some());
        let has = |kind: fn(Value) -> bool| usize::from(of_key().any(kind));
        let kinds = has(|value| matches!(value, Value::Int(_)))
            + has(|value| matches!(value, Value::Double(_)))
            + has(|value| matches!(value, Value::Bool(_)));
        let has_nan = of_key().any(|value| matches!(value, Value::Double(double) if double.is_nan()));
        let dense = Dense::new(store.strings().len());
        Self { store, dense, numbers: HashMap::default(), has_text, is_mixed: kinds > 1 || has_nan }
    }

    fn category(&mut self, value: Value) -> u32 {
        if let Some(sym) = text_sym(value) {
            return self.dense.category(sym.at(), || Label::Value(value));
        }
        if self.has_text
            && let Some(sym) = self.store.strings().find(&self.store.value_text(value))
        {
            return self.dense.category(sym.at(), || Label::Value(value));
        }
        let labels = &mut self.dense.labels;
        if !self.is_mixed {
            // Distinct attributes of one type are distinct texts.
            labels.push(Label::Value(value));
            return labels.len() as u32 - 1;
        }
        *self.numbers.entry(number_key(value)).or_insert_with(|| {
            labels.push(Label::Value(value));
            labels.len() as u32 - 1
        })
    }
}

/// The text behind a value that is text; no value at all reads as the empty text.
fn text_sym(value: Value) -> Option<Sym> {
    if matches!(value, Value::Empty) { Some(Sym::EMPTY) } else { value.sym() }
}

/// Equal exactly for values with equal text: `100` and `100.0` both read "100".
fn number_key(value: Value) -> (u8, u64) {
    match value {
        Value::Int(int) => (0, int.cast_unsigned()),
        Value::Bool(flag) => (1, u64::from(flag)),
        Value::Double(double) if double.is_nan() => (2, f64::NAN.to_bits()),
        // "-0" is not "0".
        Value::Double(double) if double.to_bits() == (-0.0_f64).to_bits() => (2, double.to_bits()),
        Value::Double(double) => match Number::from_f64(double) {
            Some(Number::Int(int)) => (0, int.cast_unsigned()),
            _ => (2, double.to_bits()),
        },
        _ => (3, 0),
    }
}
