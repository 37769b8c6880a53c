//! Which clock stamped each span, and what that is concluded from.

mod assign;
mod describe;
mod identity;
mod order;
#[cfg(test)]
mod tests;

use crate::model::{DomainIx, ResourceIx, SpanIx, TraceStore};

/// All clock domains of a workspace.
#[derive(Clone, Debug, Default)]
pub struct Domains {
    /// The domains, in the order in which lanes show them.
    pub list: Vec<Domain>,
    /// The domain of every span.
    pub of_span: Vec<DomainIx>,
}

impl Domains {
    /// The domain of `span`.
    #[must_use]
    pub fn of(&self, span: SpanIx) -> &Domain {
        &self.list[self.of_span[span.at()].at()]
    }
}

/// Everything stamped by one clock, as far as the evidence goes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Domain {
    /// Short name for people, unique in the workspace.
    pub name: String,
    /// Which key decided, e.g. `host.id`; empty when nothing identified the clock.
    pub key: String,
    /// The value of that key.
    pub value: String,
    /// How far the key can be trusted to name one clock.
    pub strength: Strength,
    /// What kind of clock it is.
    pub kind: ClockKind,
    /// What the lane head says about it, e.g. `2 pods · 3 services`.
    pub detail: String,
    /// The evidence chip, e.g. `host.id` or `host.name only · guessed`.
    pub chip: String,
    /// Services seen on it, sorted.
    pub services: Vec<String>,
    /// Number of spans.
    pub spans: u64,
    /// Values of `telemetry.sdk.language` seen on it, sorted: how its times were rounded.
    pub sdk_languages: Vec<String>,
    /// The processes, instances or pages that report to it, for splitting the domain by hand.
    pub members: Vec<Member>,
}

/// A process, instance or page of a [`Domain`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Member {
    /// What tells it from the others, e.g. `gateway · pid 17`; empty when nothing does.
    pub process: String,
    /// `telemetry.sdk.language`, empty when not stated.
    pub sdk_language: String,
    /// The resources that it reports as, in order of appearance.
    pub resources: Vec<ResourceIx>,
}

/// How far a key can be trusted to name one clock (conventions.md C1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum Strength {
    /// Nothing identified the clock.
    #[default]
    Unknown,
    /// May merge or split wrongly.
    Weak,
    /// A process; shares its node's clock, node unknown.
    Medium,
    /// One machine clock.
    Strong,
}

/// What kind of clock a domain is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum ClockKind {
    /// A server of ours.
    Server,
    /// A browser, phone or laptop: nobody manages its clock.
    Unmanaged,
    /// A provider's: not ours.
    Provider,
    /// Not known.
    #[default]
    Unknown,
}

/// Assigns every span of `store` to a clock domain (clocks.md 2.1).
///
/// Only evidence on the resource or on the span itself counts: a span whose clock nothing names is never given
/// its parent's. The result depends on the store alone, in order and in names.
#[must_use]
pub fn assign(store: &TraceStore) -> Domains {
    let assigned = assign::assign(store);
    let reporters = assign::reporters(store, &assigned.of_span);
    let mut new_ix = vec![DomainIx::NONE; assigned.identities.len()];
    let mut list = Vec::new();
    for group in reporters.chunk_by(|a, b| a.0 == b.0) {
        let old = group[0].0;
        let resources: Vec<ResourceIx> = group.iter().map(|&(_, resource, _)| resource).collect();
        let spans = group.iter().map(|&(.., spans)| spans).sum();
        new_ix[old.at()] = DomainIx::from_usize(list.len());
        list.push(describe::describe(store, &assigned.identities[old.at()], &resources, spans));
    }
    let mut of_span = assigned.of_span;
    renumber(&mut of_span, &new_ix);
    let order = order::Calls::count(store, &of_span, list.len()).display_order(&list);
    let mut shown_ix = vec![DomainIx::NONE; list.len()];
    for (at, old) in order.iter().enumerate() {
        shown_ix[old.at()] = DomainIx::from_usize(at);
    }
    renumber(&mut of_span, &shown_ix);
    let mut list: Vec<Domain> = order.iter().map(|old| std::mem::take(&mut list[old.at()])).collect();
    describe::make_names_unique(&mut list);
    Domains { list, of_span }
}

fn renumber(of_span: &mut [DomainIx], new_ix: &[DomainIx]) {
    for domain in of_span {
        *domain = new_ix[domain.at()];
    }
}
