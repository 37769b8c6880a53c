//! The vocabulary: times, ids, spans, attributes, the immutable [`TraceStore`] and how it is built.

pub mod attr;
mod builder;
mod columns;
mod counts;
pub mod diagnostics;
mod duplicates;
mod finish;
pub mod ids;
mod logs;
mod part;
mod refs;
mod seam;
pub mod span;
mod store;
pub mod strings;
#[cfg(test)]
mod tests;
pub mod time;

pub(crate) use attr::Packed;
pub use attr::{Attr, AttrId, Attrs, Value};
pub use builder::StoreBuilder;
pub use columns::Rare;
pub use counts::grouped;
pub use diagnostics::{Code, Diagnostics, Place, Severity};
pub use ids::{DomainIx, InputIx, ResourceIx, ScopeIx, SpanId, SpanIx, TraceId, TraceIx};
pub use part::{EventDraft, LinkDraft, LogDraft, Part, Resource, Scope, SpanDraft};
pub use refs::{EventRef, LinkRef, SpanRef};
pub use span::{LinkKind, SpanFlags, SpanKind, Status};
pub use store::{Ghost, Input, Memory, Trace, TraceStore, offset_words};
pub use strings::{Strings, Sym};
