//! The processes that report to each clock: how a clock is taken apart when it turns out to be several.

use super::domains::Domains;
use super::repair::Changes;
use super::stamps::Split;
use crate::model::{DomainIx, SpanIx, TraceStore};

/// The processes of all clocks, each with a clock number of its own past those of the domains.
#[derive(Clone, Debug, Default)]
pub struct Processes {
    /// By resource: the number of its process.
    pub of_resource: Vec<u32>,
    /// By process: its domain and its name.
    pub clock: Vec<(DomainIx, String)>,
    /// By domain: the clock number of its first process.
    pub main: Vec<u32>,
    domains: u32,
}

impl Processes {
    /// The processes of `domains`, in their order.
    #[must_use]
    pub fn new(store: &TraceStore, domains: &Domains) -> Self {
        let count = u32::try_from(domains.list.len()).unwrap_or(u32::MAX);
        let mut processes = Self { domains: count, ..Self::default() };
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
        processes
    }

    /// The first clock that stamped no span; see [`super::stamps::Other`].
    #[must_use]
    pub fn first_other(&self) -> u32 {
        self.domains.saturating_add(u32::try_from(self.clock.len()).unwrap_or(u32::MAX))
    }

    /// The name of a clock that stamped no span.
    #[must_use]
    pub fn other_name(&self, clock: u32) -> Option<&'static str> {
        clock.checked_sub(self.first_other()).map(|number| match number {
            0 => "UTC",
            1 => "the message broker",
            _ => "the collector",
        })
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
        let resource = store.span(span).resource_ix();
        self.domains.saturating_add(self.of_resource.get(resource.at()).copied().unwrap_or(0))
    }

    /// Which clocks `changes` takes apart, and into what.
    #[must_use]
    pub fn split(&self, changes: &Changes) -> Split {
        if changes.splits.is_empty() {
            return Split::default();
        }
        let of_resource = self.of_resource.iter().map(|process| self.domains + process).collect();
        Split { clocks: changes.splits.clone(), of_resource }
    }
}
