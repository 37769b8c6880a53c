//! Which spans a query holds for.

use rayon::iter::ParallelIterator as _;
use rayon::iter::{IndexedParallelIterator as _, IntoParallelIterator as _, IntoParallelRefIterator as _};
use rayon::slice::ParallelSliceMut as _;

use super::categories::number_of;
use super::query::{Comparison, Expr, Field, Number, Query, Term, TextTest};
use super::{CancelFlag, Categories, Label, Matcher, Pattern, SpanSet, ai, free_text};
use crate::analysis::clocks::domains::Domains;
use crate::analysis::genai::GenAi;
use crate::model::span::FLAG_NAMES;
use crate::model::{Attr, SpanFlags, SpanIx, TraceStore};

/// What a query found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Hits {
    /// The spans that match.
    pub set: SpanSet,
    /// The same spans by raw start, then index: the order in which to step through them. Starts of
    /// different clocks are compared as the file gives them; that is an order, not a claim.
    pub by_start: Vec<SpanIx>,
}

impl Hits {
    /// Number of spans found.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.by_start.len()
    }

    /// True when nothing was found.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.by_start.is_empty()
    }

    /// The hit after (or before) `from`, whether or not `from` is a hit, around the end; the first
    /// (or last) one without `from`.
    #[must_use]
    pub fn step(&self, store: &TraceStore, from: Option<SpanIx>, is_forward: bool) -> Option<SpanIx> {
        let key = |ix: SpanIx| (store.span(ix).drawn_ns().0, ix);
        let len = self.by_start.len();
        let at = match (from, is_forward) {
            (None, true) => 0,
            (None, false) => len.checked_sub(1)?,
            (Some(from), true) => self.by_start.partition_point(|&ix| key(ix) <= key(from)) % len.max(1),
            (Some(from), false) => {
                let before = self.by_start.partition_point(|&ix| key(ix) < key(from));
                if before == 0 { len.checked_sub(1)? } else { before - 1 }
            }
        };
        self.by_start.get(at).copied()
    }

    /// The position of `span` among the hits, counted from 0.
    #[must_use]
    pub fn position(&self, store: &TraceStore, span: SpanIx) -> Option<usize> {
        let key = |ix: SpanIx| (store.span(ix).drawn_ns().0, ix);
        self.by_start.binary_search_by_key(&key(span), |&ix| key(ix)).ok()
    }
}

/// What a query is asked about.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The spans.
    pub store: &'a TraceStore,
    /// Their clocks.
    pub domains: &'a Domains,
    /// The lanes that show them; without, every clock counts as a lane.
    pub lanes: Option<Lanes<'a>>,
    /// What the spans say about AI conversations; without, it is read when a query needs it, which takes a moment.
    pub genai: Option<&'a GenAi>,
}

/// Lanes as they are shown.
#[derive(Clone, Copy)]
pub struct Lanes<'a> {
    /// The texts by which people know each lane.
    pub texts: &'a [Vec<String>],
    /// The lane of a span, an index into `texts`.
    pub of_span: &'a (dyn Fn(SpanIx) -> usize + Sync),
}

impl<'a> Subject<'a> {
    /// Spans that nothing shows.
    #[must_use]
    pub const fn new(store: &'a TraceStore, domains: &'a Domains) -> Self {
        Self { store, domains, lanes: None, genai: None }
    }
}

/// Finds the spans for which `query` holds; `None` when cancelled.
#[must_use]
pub fn run(subject: &Subject<'_>, query: &Query, cancel: &CancelFlag) -> Option<Hits> {
    let store = subject.store;
    let set = matching(subject, query, cancel)?;
    let mut keyed: Vec<(i64, SpanIx)> = set.iter().map(|ix| (store.span(ix).drawn_ns().0, ix)).collect();
    cancel.going_on()?;
    if !keyed.is_sorted() {
        keyed.par_sort_unstable();
    }
    cancel.going_on()?;
    Some(Hits { set, by_start: keyed.into_iter().map(|(_, ix)| ix).collect() })
}

/// The spans for which `query` holds, without their order; `None` when cancelled.
#[must_use]
pub fn matching(subject: &Subject<'_>, query: &Query, cancel: &CancelFlag) -> Option<SpanSet> {
    let Subject { store, domains, lanes, genai } = *subject;
    let read_now = (genai.is_none() && query.is_about_ai()).then(|| GenAi::analyse(store));
    cancel.going_on()?;
    let eval = Eval { store, domains, lanes, genai: genai.or(read_now.as_ref()), cancel };
    query.expr.as_ref().map_or_else(|| Some(SpanSet::all(store.len())), |expr| eval.expr(expr))
}

struct Eval<'a> {
    store: &'a TraceStore,
    domains: &'a Domains,
    lanes: Option<Lanes<'a>>,
    genai: Option<&'a GenAi>,
    cancel: &'a CancelFlag,
}

impl Eval<'_> {
    fn expr(&self, expr: &Expr) -> Option<SpanSet> {
        match expr {
            Expr::Term(term) => self.term(term),
            Expr::Not(inner) => {
                let mut set = self.expr(inner)?;
                set.invert();
                Some(set)
            }
            Expr::And(parts) => {
                let mut set = SpanSet::all(self.store.len());
                for part in parts {
                    if set.is_empty() {
                        break;
                    }
                    set.keep(&self.expr(part)?);
                }
                Some(set)
            }
            Expr::Or(parts) => {
                let mut set = SpanSet::none(self.store.len());
                for part in parts {
                    set.add(&self.expr(part)?);
                }
                Some(set)
            }
        }
    }

    fn term(&self, term: &Term) -> Option<SpanSet> {
        match term {
            Term::Text(pattern) => free_text::find(self.store, pattern, self.cancel),
            Term::Field(Field::Attr(key), test) => self.attr_text(key, test),
            Term::Field(field, test) => self.field(field, test),
            Term::Lane(test) => self.lane(test),
            Term::Agent(test) => self.genai.map_or_else(
                || Some(SpanSet::none(self.store.len())),
                |genai| ai::by_agent(self.store, genai, test, self.cancel),
            ),
            Term::Phase(test) => self.genai.map_or_else(
                || Some(SpanSet::none(self.store.len())),
                |genai| ai::by_phase(self.store, genai, test, self.cancel),
            ),
            Term::Id(test) => self.id(test),
            Term::Event(test) => self.event(test),
            Term::EventAttr(key, test) => self.event_attr(key, test),
            Term::Flag(test) => {
                let test = Matcher::from(test);
                let named = FLAG_NAMES.iter().filter(|(_, name)| test.matches(name, &mut String::new()));
                self.any_flag(named.fold(0, |bits, (flag, _)| bits | flag.0))
            }
            Term::Duration(comparison, ns) => self.fill(|at| {
                let duration = self.store.span(SpanIx::from_usize(at)).duration_ns();
                duration.is_some_and(|duration| comparison.holds(duration.cmp(ns)))
            }),
            Term::Number(key, comparison, number) => self.attr_number(key, *comparison, *number),
            Term::Error => self.any_flag(SpanFlags::ERROR.0),
            Term::Orphan => self.any_flag(SpanFlags::PARENT_MISSING.0),
            Term::Root => self.fill(|at| {
                !self.store.parents()[at].is_some() && !self.store.flags()[at].has(SpanFlags::PARENT_MISSING)
            }),
        }
    }

    fn fill(&self, is_in: impl Fn(usize) -> bool + Sync) -> Option<SpanSet> {
        SpanSet::from_fn(self.store.len(), self.cancel, is_in)
    }

    fn any_flag(&self, bits: u16) -> Option<SpanSet> {
        let flags = self.store.flags();
        self.fill(|at| flags[at].0 & bits != 0)
    }

    fn field(&self, field: &Field, test: &TextTest) -> Option<SpanSet> {
        let test = Matcher::from(test);
        let categories = Categories::new(self.store, self.domains, field, self.cancel)?;
        let passes: Vec<bool> = categories
            .labels
            .par_iter()
            .with_min_len(1024)
            .map_init(String::new, |scratch, &label| self.label_passes(label, &test, scratch))
            .collect();
        self.cancel.going_on()?;
        self.fill(|at| passes.get(categories.of_span[at] as usize).copied().unwrap_or(false))
    }

    fn label_passes(&self, label: Label, test: &Matcher, scratch: &mut String) -> bool {
        if self.cancel.is_cancelled() {
            return false;
        }
        if test.matches(&label.text(self.store, self.domains), scratch) {
            return true;
        }
        // People know a clock by its name or by the host id behind it.
        match label {
            Label::Domain(domain) => {
                self.domains.list.get(domain.at()).is_some_and(|domain| test.matches(&domain.value, scratch))
            }
            _ => false,
        }
    }

    fn lane(&self, test: &TextTest) -> Option<SpanSet> {
        let Some(lanes) = self.lanes else { return self.field(&Field::Clock, test) };
        let test = Matcher::from(test);
        let mut scratch = String::new();
        let passes: Vec<bool> =
            lanes.texts.iter().map(|texts| texts.iter().any(|text| test.matches(text, &mut scratch))).collect();
        self.fill(|at| passes.get((lanes.of_span)(SpanIx::from_usize(at))).copied().unwrap_or(false))
    }

    fn attr_text(&self, key: &str, test: &TextTest) -> Option<SpanSet> {
        let test = Matcher::from(test);
        self.first_attr(key, |attr, scratch| value_passes(self.store, attr, &test, scratch))
    }

    fn attr_number(&self, key: &str, comparison: Comparison, number: Number) -> Option<SpanSet> {
        self.first_attr(key, |attr, _| {
            number_of(self.store, attr.value).is_some_and(|value| comparison.holds(value.order(number)))
        })
    }

    /// The spans whose value of `key` passes: the span's own first one, else its resource's, else its scope's.
    fn first_attr(&self, key: &str, passes: impl Fn(Attr, &mut String) -> bool + Sync) -> Option<SpanSet> {
        let store = self.store;
        let Some(verdicts) = self.pair_verdicts(key, passes)? else { return Some(SpanSet::none(store.len())) };
        let first = |ids: &[crate::model::AttrId]| {
            ids.iter().map(|id| verdicts[id.0 as usize]).find(|&verdict| verdict != Verdict::OtherKey)
        };
        let of_resource: Vec<_> = store.resources.iter().map(|resource| first(&resource.attrs)).collect();
        let of_scope: Vec<_> = store.scopes.iter().map(|scope| first(&scope.attrs)).collect();
        self.fill(|at| {
            let own = first(store.span(SpanIx::from_usize(at)).attr_ids());
            let found = own
                .or_else(|| of_resource[store.spans.resource[at].at()])
                .or_else(|| of_scope[store.spans.scope[at].at()]);
            found == Some(Verdict::Passes)
        })
    }

    /// One verdict per distinct attribute; `Some(None)` when no attribute has the key.
    fn pair_verdicts(
        &self,
        key: &str,
        passes: impl Fn(Attr, &mut String) -> bool + Sync,
    ) -> Option<Option<Vec<Verdict>>> {
        let Some(key) = self.store.strings().find(key) else { return Some(None) };
        let verdicts = self
            .store
            .attrs()
            .pairs()
            .par_iter()
            .with_min_len(4096)
            .map_init(String::new, |scratch, &attr| match attr.key == key && !self.cancel.is_cancelled() {
                false => Verdict::OtherKey,
                true if passes(attr, scratch) => Verdict::Passes,
                true => Verdict::Fails,
            })
            .collect();
        self.cancel.going_on()?;
        Some(Some(verdicts))
    }

    fn id(&self, test: &TextTest) -> Option<SpanSet> {
        let test = Matcher::from(test);
        let found = (0..self.store.len().div_ceil(CHUNK)).into_par_iter().map_init(
            || (String::new(), String::new()),
            |(text, scratch), chunk| {
                let mut found = Vec::new();
                for at in chunk * CHUNK..self.store.len().min((chunk + 1) * CHUNK) {
                    let ix = SpanIx::from_usize(at);
                    free_text::id_text(self.store, self.store.span(ix).id(), text);
                    if !text.is_empty() && test.matches(text, scratch) {
                        found.push(ix);
                    }
                }
                self.cancel.going_on().map(|()| found)
            },
        );
        let mut set = SpanSet::none(self.store.len());
        for ix in found.collect::<Option<Vec<_>>>()?.into_iter().flatten() {
            set.insert(ix);
        }
        Some(set)
    }

    fn event(&self, test: &TextTest) -> Option<SpanSet> {
        let test = Matcher::from(test);
        let store = self.store;
        let passes = free_text::sym_verdicts(store, &store.events.name, &test, self.cancel)?;
        self.fill(|at| free_text::events_of(store, at).any(|event| passes[store.events.name[event].at()]))
    }

    fn event_attr(&self, key: &str, test: &TextTest) -> Option<SpanSet> {
        let test = Matcher::from(test);
        let store = self.store;
        let passes = |attr: Attr, scratch: &mut String| value_passes(store, attr, &test, scratch);
        let Some(verdicts) = self.pair_verdicts(key, passes)? else { return Some(SpanSet::none(store.len())) };
        self.fill(|at| free_text::event_attrs_of(store, at).iter().any(|id| verdicts[id.0 as usize] == Verdict::Passes))
    }
}

/// Spans per piece of parallel work.
const CHUNK: usize = 16_384;

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Verdict {
    OtherKey,
    Fails,
    Passes,
}

fn value_passes(store: &TraceStore, attr: Attr, test: &Matcher, scratch: &mut String) -> bool {
    match attr.value.sym() {
        Some(sym) => test.matches(store.text(sym), scratch),
        None => test.matches(&store.value_text(attr.value), scratch),
    }
}

impl From<&TextTest> for Matcher {
    fn from(test: &TextTest) -> Self {
        match test {
            TextTest::Matches(pattern) => Self::new(pattern),
            TextTest::Equals(text) => Self::equals(text),
        }
    }
}

impl From<&Pattern> for Matcher {
    fn from(pattern: &Pattern) -> Self {
        Self::new(pattern)
    }
}
