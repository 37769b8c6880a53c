//! Who waited for whom across clocks: told by a call and its answer, whatever the times claim.

use super::ClockModel;
use crate::analysis::clocks::causal::{EventKey, Evidence, Rule};
use crate::analysis::clocks::edges::{CallEdges, ClassKey};
use crate::analysis::clocks::solve::{Edge, is_used};
use crate::analysis::clocks::stamps::Stamps;
use crate::model::SpanIx;
use hashbrown::HashMap;

/// Answers who waited for whom. Knows what all names and attributes say: made once for many questions.
pub struct Waits<'a> {
    model: &'a ClockModel,
    stamps: Stamps<'a>,
    edges: CallEdges<'a>,
    classes: HashMap<ClassKey, u32, foldhash::fast::FixedState>,
}

impl ClockModel {
    /// Prepares asking who waited for whom; `stamps` are those of [`Self::stamps`]. Looks at every distinct name and
    /// attribute.
    #[must_use]
    pub fn waits<'a>(&'a self, stamps: Stamps<'a>) -> Waits<'a> {
        let classes = (0..).zip(&self.solved.classes.list).map(|(at, class)| (class.key(), at)).collect();
        Waits { model: self, stamps, edges: CallEdges::new(stamps), classes }
    }
}

impl Waits<'_> {
    /// Whether the end of `caller` waited for the answer of its child on another clock: a request and an answer that
    /// comes in one piece, as far as the evidence in force says so. Never for streams, messages that nobody answers, links,
    /// and servers that go on after their answer.
    pub fn is_awaited(&mut self, caller: SpanIx, child: SpanIx) -> bool {
        let only = self.model.options.only;
        if only.is_some_and(|only| self.stamps.store().span(child).trace_ix() != only) {
            return false;
        }
        let edges = self.edges.between(caller, child);
        let has = |rule: Rule, from: EventKey, to: EventKey| {
            edges.iter().any(|(edge, key)| {
                let cause = edge.cause;
                (cause.rule, cause.from, cause.to) == (rule, from, to) && self.counts(edge, *key)
            })
        };
        has(Rule::RequestStart, EventKey::start(caller), EventKey::start(child))
            && has(Rule::UnaryEnd, EventKey::end(child), EventKey::end(caller))
    }

    /// Whether the name or an attribute of `span` says that it is about a stream.
    #[must_use]
    pub fn is_about_a_stream(&self, span: SpanIx) -> bool {
        self.edges.is_about_a_stream(span)
    }

    /// Whether `edge` is in force: at this level, its class believed, and not set aside.
    fn counts(&self, edge: &Edge, key: ClassKey) -> bool {
        let solved = &self.model.solved;
        let level: Evidence = self.model.options.level;
        let Some(&class) = self.classes.get(&key) else { return false };
        let is_on = solved.classes.list.get(class as usize).is_some_and(|class| !class.is_off());
        is_on && is_used(key.rule.strength(), level) && solved.system.changes.allows(edge, class)
    }
}
