//! Slices of one thread: begins find their ends, slices nest by time, flows and instants find their slice.

use super::record::{OPEN, Phase, Record};
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

/// A record with its number. The slice is sorted by number when it comes in.
pub(super) type Numbered = (Number, Record);

/// Binds the records of one thread.
pub(super) fn bind_thread(mut records: Vec<Numbered>, found: &mut Bindings) {
    match_begins(&mut records, found);
    // Earlier first; a slice before what it may hold: longer ones first. A flow that binds to the next slice
    // comes before slices of its time, everything else after them.
    records.sort_by_key(|(number, record)| {
        let rank = match record.phase {
            Phase::FlowEndNext => 0_u8,
            Phase::Complete | Phase::Begin => 1,
            _ => 2,
        };
        (record.start_ns, rank, std::cmp::Reverse(record.end_ns), *number)
    });
    let mut open: Vec<(Number, i64)> = Vec::new();
    let mut waiting: Vec<Number> = Vec::new();
    for &(number, record) in &records {
        match record.phase {
            Phase::Complete | Phase::Begin => {
                found.flows.extend(waiting.drain(..).map(|flow| (flow, number)));
                nest(number, &record, &mut open, found);
            }
            Phase::FlowEndNext => waiting.push(number),
            Phase::Instant => match slice_at(&mut open, record.start_ns) {
                Some(slice) => found.instants.push((slice, number)),
                None => found.lone.push(number),
            },
            Phase::FlowStart | Phase::FlowStep | Phase::FlowEnd => match slice_at(&mut open, record.start_ns) {
                Some(slice) => found.flows.push((number, slice)),
                None => found.unmatched.push(number),
            },
            _ => {}
        }
    }
    found.unmatched.append(&mut waiting);
}

/// Gives every begin the time of its end, and removes the ends.
fn match_begins(records: &mut Vec<Numbered>, found: &mut Bindings) {
    if !records.iter().any(|(_, record)| matches!(record.phase, Phase::Begin | Phase::End)) {
        return;
    }
    // Stable: events of one time keep the order of the file.
    records.sort_by_key(|(number, record)| (record.start_ns, *number));
    let mut open: Vec<usize> = Vec::new();
    for at in 0..records.len() {
        let (number, record) = records[at];
        match record.phase {
            Phase::Begin => open.push(at),
            Phase::End => match begin_of(&open, record.name, |begin| records[begin].1.name) {
                Some(place) => {
                    let begin = open.remove(place);
                    records[begin].1.end_ns = record.start_ns;
                    found.ends.push((records[begin].0, record.start_ns, number));
                }
                None => found.unmatched.push(number),
            },
            _ => {}
        }
    }
    found.unmatched.extend(open.iter().map(|&begin| records[begin].0));
    records.retain(|(_, record)| record.phase != Phase::End);
}

/// Ends look this far past begins of other names, so that a file of strangers takes no quadratic time.
const MAX_LOOK: usize = 64;

/// The place in `open` of the innermost begin that an end called `name` ends. Ends need no name.
pub(super) fn begin_of(open: &[usize], name: Sym, name_of: impl Fn(usize) -> Sym) -> Option<usize> {
    let near = &open[open.len().saturating_sub(MAX_LOOK)..];
    let place = near.iter().rposition(|&begin| name.is_empty() || name_of(begin) == name)?;
    Some(open.len() - near.len() + place)
}

fn nest(number: Number, record: &Record, open: &mut Vec<(Number, i64)>, found: &mut Bindings) {
    while open.last().is_some_and(|&(_, end)| end <= record.start_ns) {
        open.pop();
    }
    // A complete event without a duration holds nothing; an unfinished begin holds all that follows.
    let is_bare = record.phase == Phase::Complete && record.end_ns == OPEN;
    let end = if is_bare { record.start_ns } else { record.end_ns.max(record.start_ns) };
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
