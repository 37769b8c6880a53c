//! Asynchronous operations: begins and ends with one key, nested or not, on any thread.

use super::nest::{Bindings, Numbered, begin_of};
use super::record::Phase;

/// Binds the records of one operation.
pub(super) fn bind_operation(mut records: Vec<Numbered>, found: &mut Bindings) {
    records.sort_by_key(|(number, record)| (record.start_ns, *number));
    let mut open: Vec<usize> = Vec::new();
    for at in 0..records.len() {
        let (number, record) = records[at];
        match record.phase {
            Phase::AsyncBegin => {
                if let Some(&outer) = open.last() {
                    found.parents.push((number, records[outer].0));
                }
                open.push(at);
            }
            Phase::AsyncEnd => match begin_of(&open, record.name, |begin| records[begin].1.name) {
                Some(place) => {
                    let begin = open.remove(place);
                    found.ends.push((records[begin].0, record.start_ns, number));
                }
                None => found.unmatched.push(number),
            },
            _ => match open.last() {
                Some(&slice) => found.instants.push((records[slice].0, number)),
                None => found.lone.push(number),
            },
        }
    }
    found.unmatched.extend(open.iter().map(|&begin| records[begin].0));
}

/// Links of flows: (later slice, earlier slice). `points` are the bound flow events in time order.
pub(super) fn link_flow(points: &[(Numbered, u32)], links: &mut Vec<(u32, u32)>, unmatched: &mut Vec<u32>) {
    let mut last: Option<u32> = None;
    let mut starts_alone: Option<u32> = None;
    for &((number, record), slice) in points {
        if record.phase == Phase::FlowStart {
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
        if record.phase == Phase::FlowStep {
            last = Some(slice);
        }
    }
    unmatched.extend(starts_alone);
}
