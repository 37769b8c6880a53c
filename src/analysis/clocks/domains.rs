//! Which clock stamped each span, and what that is concluded from.

use crate::model::{DomainIx, SpanIx, TraceStore};

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
#[derive(Clone, PartialEq, Eq, Debug)]
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
}

/// How far a key can be trusted to name one clock (conventions.md C1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum Strength {
    /// Nothing identified the clock.
    Unknown,
    /// May merge or split wrongly.
    Weak,
    /// A process; shares its node's clock, node unknown.
    Medium,
    /// One machine clock.
    Strong,
}

/// What kind of clock a domain is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum ClockKind {
    /// A server of ours.
    Server,
    /// A browser, phone or laptop: nobody manages its clock.
    Unmanaged,
    /// A provider's: not ours.
    Provider,
    /// Not known.
    Unknown,
}

/// Assigns every span of `store` to a clock domain (clocks.md 2.1).
#[must_use]
pub fn assign(store: &TraceStore) -> Domains {
    let mut list: Vec<Domain> = Vec::new();
    let of_resource: Vec<DomainIx> = store
        .resources()
        .iter()
        .map(|resource| {
            let service = store.find_text(&resource.attrs, "service.name").unwrap_or("unknown clock");
            let found = list.iter().position(|domain| domain.name == service).unwrap_or(list.len());
            if found == list.len() {
                let known = service != "unknown clock";
                list.push(Domain {
                    name: service.to_owned(),
                    key: if known { "service.name".to_owned() } else { String::new() },
                    value: service.to_owned(),
                    strength: if known { Strength::Weak } else { Strength::Unknown },
                    kind: ClockKind::Unknown,
                    detail: String::new(),
                    chip: if known { "service.name · guessed".to_owned() } else { "no identity".to_owned() },
                    services: vec![service.to_owned()],
                    spans: 0,
                });
            }
            DomainIx::from_usize(found)
        })
        .collect();
    let of_span: Vec<DomainIx> = store.span_ixs().map(|ix| of_resource[store.span(ix).resource_ix().at()]).collect();
    for domain in &of_span {
        list[domain.at()].spans += 1;
    }
    Domains { list, of_span }
}
