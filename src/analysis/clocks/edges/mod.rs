//! Causal edges between spans of different clocks, from what the store says.
//!
//! Strong edges rest on protocol: a server cannot start before its request is sent. That a parent starts before
//! its child and ends after it is only a habit of instrumentation (OpenTelemetry allows explicit past start
//! times; client spans may end once the headers are read; browsers' document load starts before its server
//! parent), so those edges are weaker, or missing where the habit is known not to hold.

mod answers;
mod calls;
mod genai;
mod links;
mod others;
mod signs;
mod streams;
#[cfg(test)]
mod tests;
mod turns;

use std::collections::BTreeMap;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::causal::{Cause, EventKey, Evidence, Rule};
use super::solve::{Edge, Stamp};
use super::stamps::Stamps;
use crate::model::{SpanFlags, SpanIx, Sym, TraceIx};
pub use answers::CallEdges;
use signs::Signs;

/// A class of edges that can be switched off together: a rule, and for weak rules the operations.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Class {
    /// Why its edges hold.
    pub rule: Rule,
    /// Name of the parent or client span; empty for classes of all operations.
    pub from_name: Sym,
    /// Name of the child or server span; empty for classes of all operations.
    pub to_name: Sym,
    /// How often the rule was applied.
    pub uses: u64,
    /// How often it cannot hold whatever the clocks' offsets are: a server is longer than the call that it is in.
    pub failures: u64,
    /// How often protocol alone contradicts it, whatever the offsets are. Only counted where that is too often.
    pub overruled: u64,
    /// The failure by most, and by how much in nanoseconds.
    pub worst: Option<(Cause, i64)>,
    /// What the user says about it: to be believed or not, however often it fails. `None` = it is judged by that.
    pub said: Option<bool>,
}

/// Which classes the user believes or does not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ClassChoice {
    /// Their rule.
    pub rule: Rule,
    /// The operations, as in [`ClassKey`]; `None` = all of the rule.
    pub names: Option<(Sym, Sym)>,
}

impl From<ClassKey> for ClassChoice {
    fn from(key: ClassKey) -> Self {
        Self { rule: key.rule, names: Some((key.from_name, key.to_name)) }
    }
}

/// What names a class, whatever else the store holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ClassKey {
    /// Why its edges hold.
    pub rule: Rule,
    /// Name of the parent or client span; empty for classes of all operations.
    pub from_name: Sym,
    /// Name of the child or server span; empty for classes of all operations.
    pub to_name: Sym,
}

impl Class {
    /// What names the class.
    #[must_use]
    pub const fn key(&self) -> ClassKey {
        ClassKey { rule: self.rule, from_name: self.from_name, to_name: self.to_name }
    }

    /// Whether it does not count: because the user says so, else because it [fails too often](Self::fails_often).
    #[must_use]
    pub const fn is_off(&self) -> bool {
        match self.said {
            Some(is_on) => !is_on,
            None => self.fails_often(),
        }
    }

    /// Whether the rule fails so often, without any offset being able to help, that it does not apply here:
    /// more than 20 % of at least five uses.
    #[must_use]
    pub const fn fails_often(&self) -> bool {
        self.fails(self.overruled)
    }

    const fn fails(&self, overruled: u64) -> bool {
        self.uses >= 5 && (self.failures + overruled) * 5 > self.uses
    }
}

/// What a pass over the store found besides the edges.
#[derive(Clone, Debug, Default)]
pub struct Classes {
    /// All classes; edges name them by position.
    pub list: Vec<Class>,
    /// Clocks that stood still during calls.
    pub frozen: BTreeMap<u32, Frozen>,
    by_key: HashMap<(Rule, Sym, Sym), u32, FixedState>,
}

/// How often a clock showed the same time before and after a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Frozen {
    /// So many calls.
    pub count: u64,
    /// The longest one, and how long the server was at work at least, nanoseconds.
    pub worst: (Cause, i64),
}

impl Classes {
    /// Takes what the user says about classes: of a class itself before of its whole rule.
    pub(super) fn choose(&mut self, choices: &[(ClassChoice, bool)]) {
        let said = |choice: ClassChoice| choices.iter().find(|(other, _)| *other == choice).map(|&(_, is_on)| is_on);
        for class in &mut self.list {
            let whole = ClassChoice { rule: class.rule, names: None };
            class.said = said(class.key().into()).or_else(|| said(whole));
        }
    }

    /// The same classes by the same positions, nothing counted yet. What was overruled or said stays so.
    fn emptied(&self) -> Self {
        let empty = |class: &Class| Class { uses: 0, failures: 0, worst: None, ..class.clone() };
        let list = self.list.iter().map(empty).collect();
        Self { list, frozen: BTreeMap::new(), by_key: self.by_key.clone() }
    }

    fn freeze(&mut self, clock: u32, cause: Cause, by_ns: i64) {
        let frozen = self.frozen.entry(clock).or_insert(Frozen { count: 0, worst: (cause, by_ns) });
        frozen.count += 1;
        if by_ns > frozen.worst.1 {
            frozen.worst = (cause, by_ns);
        }
    }

    fn of(&mut self, rule: Rule, from_name: Sym, to_name: Sym) -> u32 {
        *self.by_key.entry((rule, from_name, to_name)).or_insert_with(|| {
            let (uses, failures, overruled, worst, said) = (0, 0, 0, None, None);
            self.list.push(Class { rule, from_name, to_name, uses, failures, overruled, worst, said });
            u32::try_from(self.list.len() - 1).unwrap_or(u32::MAX)
        })
    }

    /// Switches a class off if `count` of its uses, contradicted by protocol, are too many. One that the user insists
    /// on is left alone.
    pub(super) fn overrule(&mut self, class: u32, count: u64, worst: (Cause, i64)) -> bool {
        let is_open = |class: &&mut Class| class.said.is_none() && !class.is_off();
        let Some(class) = self.list.get_mut(class as usize).filter(is_open) else { return false };
        if !class.fails(count) {
            return false;
        }
        (class.overruled, class.worst) = (count, Some(worst));
        true
    }

    fn fail(&mut self, class: u32, cause: Cause, by_ns: i64) {
        let class = &mut self.list[class as usize];
        class.failures += 1;
        if class.worst.is_none_or(|(_, worst)| by_ns > worst) {
            class.worst = Some((cause, by_ns));
        }
    }
}

/// Walks over the store and calls `sink(edge, class)` for every causal edge between different clocks, in the
/// order of the spans. `only` restricts it to one trace.
pub fn for_each(stamps: &Stamps<'_>, only: Option<TraceIx>, sink: impl FnMut(&Edge, u32)) -> Classes {
    for_each_again(stamps, only, &Classes::default(), sink)
}

/// The same with the classes of an earlier walk at their positions, whatever comes first this time.
pub fn for_each_again(
    stamps: &Stamps<'_>,
    only: Option<TraceIx>,
    known: &Classes,
    sink: impl FnMut(&Edge, u32),
) -> Classes {
    let mut walk = Walk::new(stamps, sink);
    walk.classes = known.emptied();
    let store = stamps.store();
    for child in store.span_ixs() {
        if only.is_some_and(|trace| store.span(child).trace_ix() != trace) {
            continue;
        }
        if let Some(parent) = walk.parent(child) {
            walk.parent_and_child(parent, child);
        }
        walk.links(child);
        walk.others(child);
    }
    walk.conversations(only);
    walk.turns(only);
    walk.priors();
    walk.classes
}

/// An event, and its stamp if it has one.
type Reading = (EventKey, Option<Stamp>);

struct Walk<'a, F> {
    stamps: &'a Stamps<'a>,
    signs: Signs,
    classes: Classes,
    /// Class of each rule that is not told apart by operation.
    plain: [u32; Rule::COUNT],
    sink: F,
}

impl<'a, F: FnMut(&Edge, u32)> Walk<'a, F> {
    fn new(stamps: &'a Stamps<'a>, sink: F) -> Self {
        let plain = [u32::MAX; Rule::COUNT];
        let store = stamps.store();
        Self { stamps, signs: Signs::new(store), classes: Classes::default(), plain, sink }
    }

    /// The parent of `child`, when it is on another clock and certainly the parent.
    fn parent(&self, child: SpanIx) -> Option<SpanIx> {
        let store = self.stamps.store();
        let parent = store.parents()[child.at()].get()?;
        let doubtful = SpanFlags::PARENT_OTHER_TRACE.0 | SpanFlags::PARENT_CYCLE.0;
        let is_sure = store.flags()[child.at()].0 & doubtful == 0 && !self.is_ambiguous(parent, child);
        (is_sure && self.stamps.clock(parent) != self.stamps.clock(child)).then_some(parent)
    }

    /// Several spans claim the parent's id. A client and a server half that share one id are no conflict.
    fn is_ambiguous(&self, parent: SpanIx, child: SpanIx) -> bool {
        let store = self.stamps.store();
        let (parent, child) = (store.span(parent), store.span(child));
        parent.flags().has(SpanFlags::ID_CONFLICT) && parent.id() != child.id()
    }

    /// An edge of a rule. Protocols hold for all operations alike; habits may hold for one and not for another.
    fn edge(&mut self, rule: Rule, from: Reading, to: Reading) {
        let class = if rule.strength() == Evidence::Convention {
            let name = |reading: &Reading| self.stamps.store().span(reading.0.span).name_sym();
            let names = (name(&from), name(&to));
            // An answer: the caller comes first.
            let names = if rule == Rule::AssumedResponse { (names.1, names.0) } else { names };
            self.classes.of(rule, names.0, names.1)
        } else {
            self.plain_class(rule)
        };
        self.edge_of(class, rule, from, to, 0);
    }

    fn plain_class(&mut self, rule: Rule) -> u32 {
        let slot = rule as usize;
        if self.plain[slot] == u32::MAX {
            self.plain[slot] = self.classes.of(rule, Sym::EMPTY, Sym::EMPTY);
        }
        self.plain[slot]
    }

    /// `min_delay_ns` is how much must have passed at least; negative: by how much the rule may fail.
    fn edge_of(&mut self, class: u32, rule: Rule, from: Reading, to: Reading, min_delay_ns: i64) {
        let ((from_key, Some(from)), (to_key, Some(to))) = (from, to) else { return };
        if from.clock == to.clock {
            return;
        }
        self.classes.list[class as usize].uses += 1;
        let cause = Cause { from: from_key, to: to_key, rule };
        (self.sink)(&Edge { from, to, min_delay_ns, cause }, class);
    }

    fn start(&self, span: SpanIx) -> Reading {
        (EventKey::start(span), self.stamps.start(span))
    }

    fn end(&self, span: SpanIx) -> Reading {
        (EventKey::end(span), self.stamps.end(span))
    }
}
