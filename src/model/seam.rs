//! Parts that begin or end inside of a resource or a scope.
//!
//! A large input is read in chunks, and a chunk may be cut between two spans of one scope. The chunk that holds the
//! scope's name may be an earlier or a later one. So a part keeps what it knows in its [`Seam`], and the builder
//! fills in the spans' resource and scope when the last of them has been absorbed.

use std::ops::Range;

use super::ids::{ResourceIx, ScopeIx};
use super::part::{Part, Resource, Scope, SpanDraft};
use super::{AttrId, SpanIx, Sym};

/// What a part says about a group of spans that began in an earlier part.
#[derive(Clone, Debug)]
pub(super) struct Head<T> {
    pub(super) content: T,
    /// How many of the part's spans belong to the group, once its end was read.
    pub(super) closed_at: Option<usize>,
}

/// A group of spans that goes on in a later part.
#[derive(Clone, Debug)]
pub(super) struct Tail<T> {
    pub(super) content: T,
    pub(super) first_span: usize,
}

/// Where a part begins and ends inside of a resource or a scope.
#[derive(Clone, Debug, Default)]
pub(super) struct Seam {
    pub(super) head_resource: Option<Head<Resource>>,
    pub(super) head_scope: Option<Head<Scope>>,
    pub(super) tail_resource: Option<Tail<Resource>>,
    pub(super) tail_scope: Option<Tail<Scope>>,
}

impl Part {
    /// Appends the span `draft`, whose resource and scope are told later by `close_...` or `leave_..._open`.
    pub fn push_ungrouped(&mut self, draft: &SpanDraft) -> SpanIx {
        self.push(draft, ResourceIx::NONE, ScopeIx::NONE)
    }

    /// The spans from `first_span` on belong to `resource`, whose end has been read. `is_head` when it
    /// began in an earlier part: then `resource` is what this part says about it.
    pub fn close_resource(&mut self, resource: Resource, first_span: usize, is_head: bool) {
        if is_head {
            self.seam.head_resource = Some(Head { content: resource, closed_at: Some(self.spans.len()) });
        } else {
            let ix = self.resource(resource);
            self.spans.resource[first_span..].fill(ix);
        }
    }

    /// Like [`Self::close_resource`], for a scope.
    pub fn close_scope(&mut self, scope: Scope, first_span: usize, is_head: bool) {
        if is_head {
            self.seam.head_scope = Some(Head { content: scope, closed_at: Some(self.spans.len()) });
        } else {
            let ix = self.scope(scope);
            self.spans.scope[first_span..].fill(ix);
        }
    }

    /// The spans from `first_span` on belong to a resource that goes on in the next part.
    pub fn leave_resource_open(&mut self, resource: Resource, first_span: usize, is_head: bool) {
        if is_head {
            self.seam.head_resource = Some(Head { content: resource, closed_at: None });
        } else {
            self.seam.tail_resource = Some(Tail { content: resource, first_span });
        }
    }

    /// Like [`Self::leave_resource_open`], for a scope.
    pub fn leave_scope_open(&mut self, scope: Scope, first_span: usize, is_head: bool) {
        if is_head {
            self.seam.head_scope = Some(Head { content: scope, closed_at: None });
        } else {
            self.seam.tail_scope = Some(Tail { content: scope, first_span });
        }
    }
}

impl Resource {
    /// A resource of which nothing is known yet.
    #[must_use]
    pub const fn of(input: super::InputIx) -> Self {
        Self { input, attrs: Vec::new(), schema_url: Sym::EMPTY, dropped: 0 }
    }

    pub(super) fn add(&mut self, later: Self) {
        replace_attrs(&mut self.attrs, later.attrs);
        replace_sym(&mut self.schema_url, later.schema_url);
        self.dropped = self.dropped.max(later.dropped);
    }
}

impl Scope {
    pub(super) fn add(&mut self, later: Self) {
        replace_attrs(&mut self.attrs, later.attrs);
        replace_sym(&mut self.name, later.name);
        replace_sym(&mut self.version, later.version);
        replace_sym(&mut self.schema_url, later.schema_url);
        self.dropped = self.dropped.max(later.dropped);
    }
}

fn replace_attrs(attrs: &mut Vec<AttrId>, later: Vec<AttrId>) {
    if !later.is_empty() {
        *attrs = later;
    }
}

fn replace_sym(sym: &mut Sym, later: Sym) {
    if !later.is_empty() {
        *sym = later;
    }
}

/// Joins what a part says about its first group to the group that is open, if any; the part's first span will be
/// number `base`. Returns the group when its end is known: told by the part, or because the part starts afresh.
pub(super) fn join<T>(
    open: &mut Option<Tail<T>>,
    head: Option<Head<T>>,
    base: usize,
    add: impl FnOnce(&mut T, T),
) -> Option<(Range<usize>, T)> {
    let Some(head) = head else {
        return open.take().map(|tail| (tail.first_span..base, tail.content));
    };
    let tail = match open.take() {
        Some(mut tail) => {
            add(&mut tail.content, head.content);
            tail
        }
        None => Tail { content: head.content, first_span: base },
    };
    match head.closed_at {
        Some(count) => Some((tail.first_span..base + count, tail.content)),
        None => {
            *open = Some(tail);
            None
        }
    }
}
