//! The processes that report to each clock: how a clock is taken apart when it turns out to be several.
//!
//! Where nothing says which machine spans come from, but a service's name, one request after the other may have been
//! served by another replica, and each page of a site been open on another computer. Then what one request did there is
//! all that surely was one process.

use super::domains::{Domain, Domains};
use super::repair::Changes;
use super::stamps::Split;
use super::unseen::{Unseen, UnseenClocks};
use crate::model::{DomainIx, SpanIx, TraceStore};

/// The processes of all clocks, each with a clock number of its own past those of the domains.
#[derive(Clone, Debug, Default)]
pub struct Processes {
    /// By resource: the number of its process.
    of_resource: Vec<u32>,
    /// By span, where some clock is known by no more than a service's name: the number of its process.
    of_span: Vec<u32>,
    /// By process: its domain and its name.
    clock: Vec<(DomainIx, String)>,
    /// By domain: the clock number of its first process.
    pub main: Vec<u32>,
    /// By domain: whether nothing says which machine it is.
    pub is_unnamed: Vec<bool>,
    /// By domain: the requests that nothing tells apart; 0 for a machine that has a name.
    pub unnamed: Vec<u32>,
    /// Clocks that stamped no span.
    pub unseen: UnseenClocks,
    domains: u32,
}

/// Whether nothing says which machine a clock belongs to.
fn is_unnamed(domain: &Domain) -> bool {
    matches!(domain.key.as_str(), "" | "service.name" | "process.pid")
}

impl Processes {
    /// The processes of `domains`, in their order.
    #[must_use]
    pub fn new(store: &TraceStore, domains: &Domains) -> Self {
        let count = u32::try_from(domains.list.len()).unwrap_or(u32::MAX);
        let is_unnamed = domains.list.iter().map(is_unnamed).collect();
        let unseen = UnseenClocks::find(store);
        let mut processes = Self { domains: count, is_unnamed, unseen, ..Self::default() };
        processes.of_resource = vec![0; store.resources().len()];
        for (at, domain) in domains.list.iter().enumerate() {
            let first = u32::try_from(processes.clock.len()).unwrap_or(u32::MAX);
            processes.main.push(count.saturating_add(first));
            for member in &domain.members {
                let number = u32::try_from(processes.clock.len()).unwrap_or(u32::MAX);
                processes.clock.push((DomainIx::from_usize(at), member.process.clone()));
                for resource in &member.resources {
                    if let Some(slot) = processes.of_resource.get_mut(resource.at()) {
                        *slot = number;
                    }
                }
            }
        }
        processes.tell_requests_apart(store, domains);
        processes
    }

    /// Gives what each request did on a clock that nothing names a process of its own.
    fn tell_requests_apart(&mut self, store: &TraceStore, domains: &Domains) {
        self.unnamed = vec![0; domains.list.len()];
        if !self.is_unnamed.contains(&true) {
            return;
        }
        self.of_span = vec![u32::MAX; store.len()];
        let mut path = Vec::new();
        for span in store.span_ixs() {
            let domain = domains.of_span[span.at()];
            if !self.is_unnamed[domain.at()] {
                self.of_span[span.at()] = self.of_resource[store.span(span).resource_ix().at()];
                continue;
            }
            let mut at = span;
            let number = loop {
                if self.of_span[at.at()] != u32::MAX {
                    break self.of_span[at.at()];
                }
                path.push(at);
                match store.span(at).parent().filter(|up| domains.of_span[up.at()] == domain) {
                    Some(up) => at = up,
                    None => {
                        self.clock.push((domain, String::new()));
                        self.unnamed[domain.at()] += 1;
                        break u32::try_from(self.clock.len() - 1).unwrap_or(u32::MAX);
                    }
                }
            };
            for own in path.drain(..) {
                self.of_span[own.at()] = number;
            }
        }
    }

    /// The number of the process that `span` was reported by.
    #[must_use]
    pub fn number(&self, store: &TraceStore, span: SpanIx) -> u32 {
        let of_resource = || self.of_resource.get(store.span(span).resource_ix().at()).copied();
        self.of_span.get(span.at()).copied().or_else(of_resource).unwrap_or(0)
    }

    /// The name of the process that `span` was reported by; empty when nothing tells it from the others.
    #[must_use]
    pub fn name(&self, store: &TraceStore, span: SpanIx) -> &str {
        self.clock.get(self.number(store, span) as usize).map_or("", |process| &process.1)
    }

    /// The first clock that stamped no span; see [`super::stamps::Other`].
    #[must_use]
    pub fn first_other(&self) -> u32 {
        self.domains.saturating_add(u32::try_from(self.clock.len()).unwrap_or(u32::MAX))
    }

    /// The name of a clock that stamped no span.
    #[must_use]
    pub fn other_name(&self, clock: u32) -> Option<&str> {
        clock.checked_sub(self.first_other()).map(|number| self.unseen.name(number))
    }

    /// The broker or whoever dates responses that a solver's clock stands for.
    #[must_use]
    pub fn unseen(&self, clock: u32) -> Option<&Unseen> {
        self.unseen.get(clock.checked_sub(self.first_other())?)
    }

    /// How many clocks the solver may have to do with.
    #[must_use]
    pub fn clocks(&self) -> usize {
        self.first_other() as usize + self.unseen.count()
    }

    /// Whether a clock that contradicts itself may be several, because nothing or only a name says which machine it is.
    #[must_use]
    pub fn may_be_several(&self, clock: u32) -> bool {
        self.is_unnamed.get(clock as usize) == Some(&true) || self.unseen(clock).is_some_and(|other| other.is_guessed)
    }

    /// The domain of a solver's clock.
    #[must_use]
    pub fn domain(&self, clock: u32) -> DomainIx {
        let process = clock.checked_sub(self.domains).and_then(|at| self.clock.get(at as usize));
        process.map_or(DomainIx(clock), |process| process.0)
    }

    /// The solver's clocks for `domain`: its own, and those of its processes should it be taken apart.
    pub fn clocks_of(&self, domain: DomainIx) -> impl Iterator<Item = u32> + '_ {
        let own = (self.domains..).zip(&self.clock).filter(move |(_, process)| process.0 == domain);
        std::iter::once(domain.0).chain(own.map(|(clock, _)| clock))
    }

    /// The solver's clock for the process that `span` was reported by.
    #[must_use]
    pub fn clock_of(&self, store: &TraceStore, span: SpanIx) -> u32 {
        self.domains.saturating_add(self.number(store, span))
    }

    /// Which clocks `changes` takes apart, and into what.
    #[must_use]
    pub fn split(&self, changes: &Changes) -> Split {
        if changes.splits.is_empty() {
            return Split::default();
        }
        let clocks = |of: &[u32]| of.iter().map(|process| self.domains.saturating_add(*process)).collect();
        let needs_spans = changes.splits.iter().any(|&clock| self.is_unnamed.get(clock as usize) == Some(&true));
        let of_span = if needs_spans { clocks(&self.of_span) } else { Vec::new() };
        Split { clocks: changes.splits.clone(), of_resource: clocks(&self.of_resource), of_span }
    }
}
