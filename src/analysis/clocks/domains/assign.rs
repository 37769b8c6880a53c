//! Every span to its clock: work per resource, and a look at spans only for keys that some span has.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use rayon::iter::{IndexedParallelIterator as _, IntoParallelIterator as _, ParallelIterator as _};

use super::identity::{self, Identity, SPAN_KEYS};
use crate::model::{DomainIx, InputIx, ResourceIx, ScopeIx, SpanIx, Sym, TraceStore};

/// Domains in order of first appearance, with the clock of every span.
#[derive(Default)]
pub(super) struct Assigned {
    pub identities: Vec<Identity>,
    pub of_span: Vec<DomainIx>,
    by_clock: HashMap<Identity, DomainIx, FixedState>,
}

/// Spans of this many per task.
const SPANS_PER_TASK: usize = 16 * 1024;

pub(super) fn assign(store: &TraceStore) -> Assigned {
    let mut out = Assigned::default();
    let mut resources: Vec<Identity> =
        store.resources().iter().map(|resource| identity::of_resource(store, resource)).collect();
    let per_span = span_values(store, &mut resources);
    let of_resource: Vec<DomainIx> = resources.iter().map(|identity| out.domain(identity)).collect();
    out.of_span = (0..store.len())
        .into_par_iter()
        .with_min_len(SPANS_PER_TASK)
        .map(|at| of_resource[store.span(SpanIx(at as u32)).resource_ix().at()])
        .collect();
    for (span, key, value) in per_span {
        let known = &resources[store.span(span).resource_ix().at()];
        if let Some(identity) = identity::of_span_value(store, key, value, known) {
            out.of_span[span.at()] = out.domain(&identity);
        }
    }
    out.move_provider_spans(store);
    out
}

impl Assigned {
    fn domain(&mut self, identity: &Identity) -> DomainIx {
        // How an identity was read does not make another clock of it.
        let (key, value, input, attrs, kind) = identity.clock();
        let clock = Identity {
            key,
            value: value.to_owned(),
            input,
            attrs: attrs.to_vec(),
            kind,
            strength: identity.strength,
            from_spans: false,
        };
        let identities = &mut self.identities;
        *self.by_clock.entry(clock).or_insert_with(|| {
            identities.push(identity.clone());
            DomainIx::from_usize(identities.len() - 1)
        })
    }

    /// A provider's spans may come in under the caller's resource; their scope gives them away.
    fn move_provider_spans(&mut self, store: &TraceStore) {
        let providers: Vec<Option<&str>> =
            (0..store.scopes().len()).map(|at| identity::provider_of_scope(store, ScopeIx::from_usize(at))).collect();
        if providers.iter().all(Option::is_none) {
            return;
        }
        let mut known: HashMap<(&str, InputIx), DomainIx, FixedState> = HashMap::default();
        for ix in store.span_ixs() {
            let span = store.span(ix);
            let Some(provider) = providers[span.scope_ix().at()] else { continue };
            if self.identities[self.of_span[ix.at()].at()].kind == super::ClockKind::Provider {
                continue;
            }
            let key = (provider, span.input_ix());
            let domain = *known.entry(key).or_insert_with(|| self.domain(&identity::of_provider(provider, key.1)));
            self.of_span[ix.at()] = domain;
        }
    }
}

/// Reads the keys that only spans carry. Where all spans of a resource that have the key agree, it holds for
/// the whole resource; where they differ, the spans are returned one by one, and the others stay where they are.
fn span_values(store: &TraceStore, resources: &mut [Identity]) -> Vec<(SpanIx, &'static str, Sym)> {
    let mut single = Vec::new();
    for &(attr, key) in SPAN_KEYS {
        let wanted: Vec<bool> = resources.iter().map(|known| identity::improves(key, known)).collect();
        let Some(attr) = store.strings().find(attr).filter(|_| wanted.contains(&true)) else { continue };
        let found = spans_with(store, attr, &wanted);
        let mut values: Vec<Vec<Sym>> = vec![Vec::new(); resources.len()];
        for &(span, value) in &found {
            let values = &mut values[store.span(span).resource_ix().at()];
            // Two are enough to know that they differ.
            if values.len() < 2 && !values.contains(&value) {
                values.push(value);
            }
        }
        for (known, values) in resources.iter_mut().zip(&values) {
            if let [value] = values[..]
                && let Some(identity) = identity::of_span_value(store, key, value, known)
            {
                *known = identity;
            }
        }
        single.extend(
            found
                .into_iter()
                .filter(|&(span, _)| values[store.span(span).resource_ix().at()].len() > 1)
                .map(|(span, value)| (span, key, value)),
        );
    }
    single
}

/// Spans of the wanted resources that have `key` as text, with its value, in input order.
fn spans_with(store: &TraceStore, key: Sym, wanted: &[bool]) -> Vec<(SpanIx, Sym)> {
    let values: Vec<Option<Sym>> =
        store.attrs().pairs().iter().map(|attr| attr.value.sym().filter(|_| attr.key == key)).collect();
    if values.iter().all(Option::is_none) {
        return Vec::new();
    }
    (0..store.len())
        .into_par_iter()
        .with_min_len(SPANS_PER_TASK)
        .filter_map(|at| {
            let span = store.span(SpanIx(at as u32));
            if !wanted[span.resource_ix().at()] {
                return None;
            }
            let value = span.attr_ids().iter().find_map(|id| values[id.0 as usize])?;
            Some((span.ix, value))
        })
        .collect()
}

/// Which resources report to which domain: (domain, resource), sorted, each with its number of spans.
pub(super) fn reporters(store: &TraceStore, of_span: &[DomainIx]) -> Vec<(DomainIx, ResourceIx, u64)> {
    let mut counts: HashMap<(DomainIx, ResourceIx), u64, FixedState> = HashMap::default();
    let mut last: Option<((DomainIx, ResourceIx), u64)> = None;
    for (ix, &domain) in store.span_ixs().zip(of_span) {
        let key = (domain, store.span(ix).resource_ix());
        match &mut last {
            Some((known, count)) if *known == key => *count += 1,
            _ => {
                if let Some((known, count)) = last.replace((key, 1)) {
                    *counts.entry(known).or_default() += count;
                }
            }
        }
    }
    if let Some((known, count)) = last {
        *counts.entry(known).or_default() += count;
    }
    let mut list: Vec<_> = counts.into_iter().map(|((domain, resource), count)| (domain, resource, count)).collect();
    list.sort_unstable();
    list
}
