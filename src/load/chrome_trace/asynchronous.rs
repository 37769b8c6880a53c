//! Asynchronous operations: begins and ends with one key, nested or not, on any thread.

use super::nest::{Bindings, Item, Number, begin_of};
use super::record::Phase;

/// Binds the records of one operation.
pub(super) fn bind_operation(mut items: Vec<Item>, found: &mut Bindings) {
    items.sort_by_key(|item| (item.start_ns, item.number));
    let mut open: Vec<usize> = Vec::new();
    for at in 0..items.len() {
        let Item { number, start_ns, name, phase, .. } = items[at];
        match phase {
            Phase::AsyncBegin => {
                if let Some(&outer) = open.last() {
                    found.parents.push((number, items[outer].number));
                }
                open.push(at);
            }
            Phase::AsyncEnd => match begin_of(&open, name, |begin| items[begin].name) {
                Some(place) => {
                    let begin = open.remove(place);
                    found.ends.push((items[begin].number, start_ns, number));
                }
                None => found.unmatched.push(number),
            },
            _ => match open.last() {
                Some(&slice) => found.instants.push((items[slice].number, number)),
                None => found.lone.push(number),
            },
        }
    }
    found.unmatched.extend(open.iter().map(|&begin| items[begin].number));
}

/// An event of a flow that is bound to a slice.
#[derive(Clone, Copy, Debug)]
pub(super) struct FlowPoint {
    /// Which flow.
    pub key: u64,
    pub start_ns: i64,
    pub number: Number,
    pub slice: Number,
    pub phase: Phase,
}

/// Links of flows: (later slice, earlier slice). `points` are those of one flow in time order.
pub(super) fn link_flow(points: &[FlowPoint], links: &mut Vec<(Number, Number)>, unmatched: &mut Vec<Number>) {
    let mut last: Option<Number> = None;
    let mut starts_alone: Option<Number> = None;
    for &FlowPoint { number, slice, phase, .. } in points {
        if phase == Phase::FlowStart {
            unmatched.extend(starts_alone.replace(number));
            last = Some(slice);
            continue;
        }
        match last {
            Some(earlier) => {
                starts_alone = None;
                if earlier != slice {
                    links.push((slice, earlier));
                }
            }
            None => unmatched.push(number),
        }
        // One start may have several ends; a step is where the flow goes on from.
        if phase == Phase::FlowStep {
            last = Some(slice);
        }
    }
    unmatched.extend(starts_alone);
}
