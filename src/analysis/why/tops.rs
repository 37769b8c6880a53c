//! Which spans a turn's time is: those at the top of it, one after the other on the clock on which it began.

use super::{LEAST_TURNS, MOST_TURNS, Usual};
use crate::analysis::genai::{Role, TurnIx};
use crate::analysis::reading::Context;
use crate::model::{SpanFlags, SpanIx};

/// Topmost spans of a turn that are looked at.
const MOST_ROOTS: usize = 4096;

/// The span that began `turn`, and the AI work at its top that begins on the same clock once that is over: an agent that
/// answers, steps without a span around them. What runs beside them delays nothing; what is on another clock or lost its
/// parent is in no order with them.
pub fn of_turn(context: &Context<'_>, turn: TurnIx) -> Vec<SpanIx> {
    let genai = context.genai;
    let roots = genai.turns().get(turn.at()).map_or(&[][..], |turn| &turn.roots);
    let Some((&first, others)) = roots.split_first() else { return Vec::new() };
    let clock = |span: SpanIx| context.domains.of_span.get(span.at());
    let mut others: Vec<SpanIx> = others
        .iter()
        .copied()
        .take(MOST_ROOTS)
        .filter(|root| clock(*root) == clock(first) && genai.role_of(*root) != Role::None)
        .filter(|root| length_ns(context, *root).is_some())
        .collect();
    others.sort_by_key(|root| (context.store.span(*root).start_ns(), *root));
    let mut tops = vec![first];
    let mut until = context.store.span(first).end_ns();
    for root in others {
        let view = context.store.span(root);
        if view.start_ns() >= until {
            until = view.end_ns();
            tops.push(root);
        }
    }
    tops
}

/// AI work at the top of `turn` that went on longest after `tops` on their clock, and for how long, nanoseconds: it was
/// beside them, so that it delayed nothing that is known.
pub fn later(context: &Context<'_>, turn: TurnIx, tops: &[SpanIx]) -> Option<(SpanIx, i64)> {
    let store = context.store;
    let last = *tops.last()?;
    let clock = |span: SpanIx| context.domains.of_span.get(span.at());
    let roots = context.genai.turns().get(turn.at())?.roots.iter().copied().take(MOST_ROOTS);
    let beside = roots.filter(|root| {
        clock(*root) == clock(last) && context.genai.role_of(*root) != Role::None && length_ns(context, *root).is_some()
    });
    let after = beside.map(|root| (root, store.span(root).end_ns().saturating_sub(store.span(last).end_ns())));
    after.filter(|(_, ns)| *ns > 0).max_by_key(|(root, ns)| (*ns, std::cmp::Reverse(*root)))
}

/// How long `span` took on its clock, nanoseconds; `None` when a time is missing or it ends before it starts.
pub fn length_ns(context: &Context<'_>, span: SpanIx) -> Option<i64> {
    let view = context.store.span(span);
    let untimed = SpanFlags::START_MISSING.0 | SpanFlags::END_MISSING.0;
    view.duration_ns().filter(|ns| *ns >= 0 && view.flags().0 & untimed == 0)
}

/// From the start of the first one to the end of the last one.
pub fn took_ns(context: &Context<'_>, tops: &[SpanIx]) -> Option<i64> {
    let (first, last) = (*tops.first()?, *tops.last()?);
    length_ns(context, first)?;
    let took = context.store.span(last).end_ns().saturating_sub(context.store.span(first).start_ns());
    (took >= 0).then_some(took)
}

/// What the other turns of the conversation took, where there are enough of them.
pub fn usual(context: &Context<'_>, turn: TurnIx) -> Option<Usual> {
    let turns = context.genai.turns();
    let conversation = turns.get(turn.at())?.conversation?;
    // Turns of one conversation are together and in order: those near by are the ones to compare with.
    let is_same = |at: &usize| turns.get(*at).is_some_and(|other| other.conversation == Some(conversation));
    let before = (0..turn.at()).rev().take_while(is_same).take(MOST_TURNS / 2);
    let after = (turn.at() + 1..turns.len()).take_while(is_same).take(MOST_TURNS / 2);
    let first = |turn: TurnIx| turns.get(turn.at()).and_then(|turn| turn.roots.first().copied());
    // Other services count turns of their own, which are about less.
    let resource = |span: SpanIx| context.store.span(span).resource_ix();
    let own = resource(first(turn)?);
    let others = before.chain(after).map(TurnIx::from_usize);
    let others = others.filter(|other| first(*other).is_some_and(|first| resource(first) == own));
    let mut took: Vec<i64> = others.filter_map(|other| took_ns(context, &of_turn(context, other))).collect();
    took.sort_unstable();
    let median_ns = *took.get(took.len() / 2)?;
    (took.len() >= LEAST_TURNS).then_some(Usual { median_ns, turns: took.len() })
}
