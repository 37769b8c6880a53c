//! Slices of one thread: begins find their ends, slices nest by time, flows and instants find their slice.

use super::record::{OPEN, Phase};
use crate::model::Sym;

/// A record by its number in the file.
pub(super) type Number = u32;

/// What is concluded from the records of all threads and operations.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    /// (child, parent)
    pub parents: Vec<(Number, Number)>,
    /// (begin, its end, the record of the end)
    pub ends: Vec<(Number, i64, Number)>,
    /// (slice, instant in it)
    pub instants: Vec<(Number, Number)>,
    /// Instants outside of every slice: spans of their own.
    pub lone: Vec<Number>,
    /// (event of a flow, slice it binds to)
    pub flows: Vec<(Number, Number)>,
    /// Ends without a beginning, flow events without a slice.
    pub unmatched: Vec<Number>,
    /// Slices that overlap another one of their thread without nesting.
    pub overlaps: Vec<Number>,
}

/// What counts of a record when it is bound: small, since there are many to sort.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub start_ns: i64,
    pub end_ns: i64,
    pub number: Number,
    /// Its name as a symbol of the whole file: of begins, ends and asynchronous events only.
    pub name: Sym,
    pub phase: Phase,
}

/// Binds the records of one thread, which come in the order of their numbers.
pub(super) fn bind_thread(mut items: Vec<Item>, found: &mut Bindings) {
    match_begins(&mut items, found);
    // Earlier first; a slice before what it may hold: longer ones first. A flow that binds to the next slice
    // comes before slices of its time, everything else after them.
    items.sort_by_key(|item| {
        let rank = match item.phase {
            Phase::FlowEndNext => 0_u8,
            Phase::Complete | Phase::Begin => 1,
            _ => 2,
        };
        (item.start_ns, rank, std::cmp::Reverse(item.end_ns), item.number)
    });
    let mut open: Vec<(Number, i64)> = Vec::new();
    let mut waiting: Vec<Number> = Vec::new();
    for item in &items {
        let number = item.number;
        match item.phase {
            Phase::Complete | Phase::Begin => {
                found.flows.extend(waiting.drain(..).map(|flow| (flow, number)));
                nest(item, &mut open, found);
            }
            Phase::FlowEndNext => waiting.push(number),
            Phase::Instant => match slice_at(&mut open, item.start_ns) {
                Some(slice) => found.instants.push((slice, number)),
                None => found.lone.push(number),
            },
            Phase::FlowStart | Phase::FlowStep | Phase::FlowEnd => match slice_at(&mut open, item.start_ns) {
                Some(slice) => found.flows.push((number, slice)),
                None => found.unmatched.push(number),
            },
            _ => {}
        }
    }
    found.unmatched.append(&mut waiting);
}

/// Gives every begin the time of its end, and removes the ends.
fn match_begins(items: &mut Vec<Item>, found: &mut Bindings) {
    if !items.iter().any(|item| matches!(item.phase, Phase::Begin | Phase::End)) {
        return;
    }
    items.sort_by_key(|item| (item.start_ns, item.number));
    let mut open: Vec<usize> = Vec::new();
    for at in 0..items.len() {
        let Item { number, start_ns, name, phase, .. } = items[at];
        match phase {
            Phase::Begin => open.push(at),
            Phase::End => match begin_of(&open, name, |begin| items[begin].name) {
                Some(place) => {
                    let begin = open.remove(place);
                    items[begin].end_ns = start_ns;
                    found.ends.push((items[begin].number, start_ns, number));
                }
                None => found.unmatched.push(number),
            },
            _ => {}
        }
    }
    found.unmatched.extend(open.iter().map(|&begin| items[begin].number));
    items.retain(|item| item.phase != Phase::End);
}

/// Ends look this far past begins of other names, so that a file of strangers takes no quadratic time.
const MAX_LOOK: usize = 64;

/// The place in `open` of the innermost begin that an end called `name` ends. Ends need no name.
pub(super) fn begin_of(open: &[usize], name: Sym, name_of: impl Fn(usize) -> Sym) -> Option<usize> {
    let near = &open[open.len().saturating_sub(MAX_LOOK)..];
    let place = near.iter().rposition(|&begin| name.is_empty() || name_of(begin) == name)?;
    Some(open.len() - near.len() + place)
}

fn nest(item: &Item, open: &mut Vec<(Number, i64)>, found: &mut Bindings) {
    let &Item { number, start_ns, end_ns, phase, .. } = item;
    while open.last().is_some_and(|&(_, end)| end <= start_ns) {
        open.pop();
    }
    // A complete event without a duration holds nothing; an unfinished begin holds all that follows.
    let is_bare = phase == Phase::Complete && end_ns == OPEN;
    let end = if is_bare { start_ns } else { end_ns.max(start_ns) };
    let before = open.len();
    // What ends inside of this one cannot hold it, and whatever comes later and fits into both fits into this.
    while open.last().is_some_and(|&(_, outer)| outer < end) {
        open.pop();
    }
    if open.len() < before {
        found.overlaps.push(number);
    }
    if let Some(&(parent, _)) = open.last() {
        found.parents.push((number, parent));
    }
    open.push((number, end));
}

/// The innermost slice at a time, its end included.
fn slice_at(open: &mut Vec<(Number, i64)>, time_ns: i64) -> Option<Number> {
    while open.last().is_some_and(|&(_, end)| end < time_ns) {
        open.pop();
    }
    open.last().map(|&(slice, _)| slice)
}
