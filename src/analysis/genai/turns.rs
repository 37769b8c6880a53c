//! Turns: what a person said, and everything until they speak again.
//!
//! Where the data numbers turns, they are those. Else each root of a conversation begins one, unless it starts while
//! the turn before is still going on: such a root is a part of that turn which lost its parent. Nor does work begin one
//! in which neither a model nor an agent is called (an index that is updated afterwards): it belongs to the turn before.
//! Times are compared between spans of one resource only.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::calls::Totals;
use super::conversations::ConversationIx;
use super::field::{Confidence, Role, Text};
use super::normalise::Own;
use super::resolve::Resolved;
use super::stitch::Stitch;
use crate::model::ids::index_type;
use crate::model::{ResourceIx, SpanIx, TraceIx, TraceStore};

index_type!(
    /// A turn of a workspace.
    TurnIx
);

/// A turn of a conversation, or of a trace that belongs to none.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Turn {
    /// Its conversation.
    pub conversation: Option<ConversationIx>,
    /// Its number in the conversation, from 1 where it was counted.
    pub number: String,
    /// `Stated` when the data numbers it, `Inferred` when it was counted.
    pub confidence: Confidence,
    /// The topmost spans of it, in order of their start; the first one began it.
    pub roots: Vec<SpanIx>,
    /// What happened in it.
    pub totals: Totals,
}

/// The turn of every span, and the turns: those of one conversation together and in order.
pub fn find(
    store: &TraceStore,
    resolved: &Resolved,
    own: &Own,
    order: &[SpanIx],
    stitches: &[Stitch],
) -> (Vec<TurnIx>, Vec<Turn>) {
    let mut finder = Finder { store, resolved, own, of_span: vec![TurnIx::NONE; store.len()], turns: Vec::new() };
    finder.stated(order);
    finder.counted(stitches);
    finder.spread(order);
    finder.add_roots();
    finder.sorted()
}

struct Finder<'a> {
    store: &'a TraceStore,
    resolved: &'a Resolved,
    own: &'a Own,
    of_span: Vec<TurnIx>,
    turns: Vec<Turn>,
}

impl Finder<'_> {
    fn conversation(&self, span: SpanIx) -> Option<ConversationIx> {
        self.own.conversation[span.at()].get()
    }

    fn open(&mut self, span: SpanIx, number: String, confidence: Confidence) -> TurnIx {
        let conversation = self.conversation(span);
        self.turns.push(Turn { conversation, number, confidence, roots: vec![span], ..Turn::default() });
        TurnIx::from_usize(self.turns.len() - 1)
    }

    /// Turns that the data names, by number or by a span of their own.
    fn stated(&mut self, order: &[SpanIx]) {
        let numbers: HashMap<SpanIx, Text, FixedState> = self.own.turns.iter().copied().collect();
        let has_turn_spans = self.own.role.contains(&Role::Turn);
        if numbers.is_empty() && !has_turn_spans {
            return;
        }
        let mut known: HashMap<(Option<ConversationIx>, TraceIx, Text), TurnIx, FixedState> = HashMap::default();
        let mut counts: HashMap<(Option<ConversationIx>, TraceIx), u32, FixedState> = HashMap::default();
        let mut latest = (SpanIx::NONE, TurnIx::NONE);
        for &span in order {
            let parent = self.store.parents()[span.at()];
            let conversation = self.conversation(span);
            // Turns of one conversation have one count, whatever traces they are in.
            let trace = if conversation.is_some() { TraceIx::NONE } else { self.store.span(span).trace_ix() };
            let turn = if let Some(&number) = numbers.get(&span) {
                let text = self.resolved.text(self.store, number).to_owned();
                let turn = known.get(&(conversation, trace, number)).copied();
                let turn = turn.unwrap_or_else(|| self.open(span, text, Confidence::Stated));
                known.insert((conversation, trace, number), turn);
                turn
            } else if self.own.role[span.at()] == Role::Turn {
                let count = counts.entry((conversation, trace)).or_default();
                *count += 1;
                let number = count.to_string();
                self.open(span, number, Confidence::Inferred)
            } else if latest.0 == parent && parent.is_some() {
                // Beside a turn and after it: what an agent does about it.
                latest.1
            } else {
                parent.get().map_or(TurnIx::NONE, |parent| self.of_span[parent.at()])
            };
            if turn.is_some() && self.own.role[span.at()] == Role::Turn {
                latest = (parent, turn);
            }
            self.of_span[span.at()] = turn;
        }
    }

    /// Counts the roots of conversations, and traces that belong to none.
    fn counted(&mut self, stitches: &[Stitch]) {
        let lost: HashMap<SpanIx, SpanIx, FixedState> = stitches
            .iter()
            .rev()
            .filter(|stitch| self.conversation(stitch.root) == self.conversation(stitch.under))
            .map(|stitch| (stitch.root, stitch.under))
            .collect();
        let mut roots: Vec<(Option<ConversationIx>, i64, SpanIx)> = Vec::new();
        let hulls = self.hulls();
        let has_turns: Vec<Option<ConversationIx>> = self.turns.iter().map(|turn| turn.conversation).collect();
        for span in self.store.span_ixs() {
            let parent = self.store.parents()[span.at()].get();
            let conversation = self.conversation(span);
            let is_top = parent.is_none_or(|parent| self.conversation(parent) != conversation);
            let trace = self.store.span(span).trace_ix();
            // A span of the whole conversation is no turn where the turns are known.
            let is_session = self.own.role[span.at()] == Role::Session && has_turns.contains(&conversation);
            if is_top
                && !is_session
                && !lost.contains_key(&span)
                && !self.of_span[span.at()].is_some()
                && hulls.contains_key(&(conversation, trace))
            {
                roots.push((conversation, self.store.span(span).drawn_ns().0, span));
            }
        }
        roots.sort_unstable();
        for group in roots.chunk_by(|a, b| a.0 == b.0) {
            let mut number = 0_u32;
            let mut current: Option<(TurnIx, Vec<TraceIx>)> = None;
            for &(conversation, _, span) in group {
                let trace = self.store.span(span).trace_ix();
                let hull = hulls.get(&(conversation, trace));
                let goes_on = current.as_ref().is_some_and(|(_, traces)| {
                    traces.contains(&trace)
                        || (conversation.is_some() && hull.is_some_and(|hull| !hull.speaks))
                        || (conversation.is_some()
                            && traces.iter().any(|known| overlap(hulls.get(&(conversation, *known)), hull)))
                });
                match &mut current {
                    Some((turn, traces)) if goes_on => {
                        self.turns[turn.at()].roots.push(span);
                        self.of_span[span.at()] = *turn;
                        if !traces.contains(&trace) {
                            traces.push(trace);
                        }
                    }
                    _ => {
                        number += 1;
                        let text = if conversation.is_some() { number } else { 1 };
                        let turn = self.open(span, text.to_string(), Confidence::Inferred);
                        self.of_span[span.at()] = turn;
                        current = Some((turn, vec![trace]));
                    }
                }
            }
        }
        self.adopt(&lost);
    }

    /// Gives roots that lost their parent the turn of where they most probably belong.
    fn adopt(&mut self, lost: &HashMap<SpanIx, SpanIx, FixedState>) {
        let mut roots: Vec<(SpanIx, SpanIx)> = lost.iter().map(|(root, under)| (*root, *under)).collect();
        roots.sort_unstable();
        // One may belong below another: as many rounds as there are, if it has to be.
        for _ in 0..roots.len() {
            let before = roots.len();
            roots.retain(|&(root, under)| {
                let above = std::iter::successors(Some(under), |&up| self.store.span(up).parent());
                let Some(turn) = above.map(|up| self.of_span[up.at()]).find(|turn| turn.is_some()) else { return true };
                self.turns[turn.at()].roots.push(root);
                self.of_span[root.at()] = turn;
                false
            });
            if roots.len() == before {
                break;
            }
        }
        for (root, _) in roots {
            self.of_span[root.at()] = self.open(root, "1".to_owned(), Confidence::Inferred);
        }
    }

    /// From when to when each resource worked in each trace of each conversation. Spans of AI conversations only.
    fn hulls(&self) -> HashMap<(Option<ConversationIx>, TraceIx), Hulls, FixedState> {
        let mut hulls: HashMap<(Option<ConversationIx>, TraceIx), Hulls, FixedState> = HashMap::default();
        for span in self.store.span_ixs().filter(|span| !matches!(self.own.role[span.at()], Role::None | Role::Pending))
        {
            let view = self.store.span(span);
            let (start, end) = view.drawn_ns();
            let of_trace = hulls.entry((self.conversation(span), view.trace_ix())).or_default();
            of_trace.speaks |= speaks(self.own.role[span.at()]);
            match of_trace.at_work.iter_mut().find(|hull| hull.0 == view.resource_ix()) {
                Some(hull) => *hull = (hull.0, hull.1.min(start), hull.2.max(end)),
                None => of_trace.at_work.push((view.resource_ix(), start, end)),
            }
        }
        hulls
    }

    /// Gives every span below the turn of what is above it.
    fn spread(&mut self, order: &[SpanIx]) {
        for &span in order {
            if self.of_span[span.at()].is_some() {
                continue;
            }
            let Some(parent) = self.store.parents()[span.at()].get() else { continue };
            if self.conversation(parent) == self.conversation(span) {
                self.of_span[span.at()] = self.of_span[parent.at()];
            }
        }
    }

    /// Gives turns the topmost spans that are beside the one that began them, by start.
    fn add_roots(&mut self) {
        let mut is_root = vec![false; self.of_span.len()];
        for root in self.turns.iter().flat_map(|turn| &turn.roots) {
            is_root[root.at()] = true;
        }
        let of_span = &self.of_span;
        let mut others: Vec<(TurnIx, i64, SpanIx)> = self
            .store
            .span_ixs()
            .filter(|span| of_span[span.at()].is_some() && !is_root[span.at()])
            .filter(|span| {
                let above = self.store.parents()[span.at()].get().map(|parent| of_span[parent.at()]);
                above != Some(of_span[span.at()])
            })
            .map(|span| (of_span[span.at()], self.store.span(span).drawn_ns().0, span))
            .collect();
        others.sort_unstable();
        for (turn, _, span) in others {
            self.turns[turn.at()].roots.push(span);
        }
    }

    /// Renumbers the turns by conversation and start.
    fn sorted(mut self) -> (Vec<TurnIx>, Vec<Turn>) {
        let start = |turn: &Turn| turn.roots.first().map(|root| self.store.span(*root).drawn_ns().0);
        let mut ranks: Vec<usize> = (0..self.turns.len()).collect();
        ranks.sort_by_key(|&at| {
            let turn = &self.turns[at];
            (turn.conversation.map_or(u32::MAX, |ix| ix.0), start(turn), at)
        });
        let mut renumbered = vec![TurnIx::NONE; ranks.len()];
        for (new, &old) in ranks.iter().enumerate() {
            renumbered[old] = TurnIx::from_usize(new);
        }
        let turns = ranks.iter().map(|&old| std::mem::take(&mut self.turns[old])).collect();
        for turn in &mut self.of_span {
            *turn = turn.get().map_or(TurnIx::NONE, |old| renumbered[old.at()]);
        }
        (self.of_span, turns)
    }
}

/// The service by whose count a turn has its number, where another turn near by in the conversation has it too.
pub fn counted_by<'a>(store: &'a TraceStore, turns: &[Turn], ix: TurnIx) -> Option<&'a str> {
    /// Turns that are looked at on either side.
    const NEAR: usize = 64;
    let own = turns.get(ix.at()).filter(|turn| turn.conversation.is_some())?;
    let (from, to) = (ix.at().saturating_sub(NEAR), ix.at().saturating_add(NEAR).min(turns.len()));
    let is_same = |(at, turn): (usize, &Turn)| {
        from + at != ix.at() && (turn.conversation, turn.number.as_str()) == (own.conversation, own.number.as_str())
    };
    let is_shared = turns[from..to].iter().enumerate().any(is_same);
    let resource = store.span(*own.roots.first().filter(|_| is_shared)?).resource();
    store.find_text(&resource.attrs, "service.name")
}

/// One trace's part in a conversation.
#[derive(Default)]
struct Hulls {
    /// Somebody answers in it.
    speaks: bool,
    /// (resource, first start, last end)
    at_work: Vec<(ResourceIx, i64, i64)>,
}

/// Whether such a span may be the answer to what a person said.
const fn speaks(role: Role) -> bool {
    matches!(role, Role::Model | Role::Agent | Role::Workflow | Role::Turn | Role::Speech | Role::Human)
}

/// Whether the second one starts on some resource while the first one is still at work there.
fn overlap(first: Option<&Hulls>, second: Option<&Hulls>) -> bool {
    let (Some(first), Some(second)) = (first, second) else { return false };
    second.at_work.iter().any(|(resource, start, _)| {
        first.at_work.iter().any(|(known, from, to)| known == resource && (from..=to).contains(&start))
    })
}
