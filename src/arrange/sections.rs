//! Folded lanes: their rows in sections, one for each group of spans.
//!
//! A section has the rows that its spans would have as a lane of their own, so that opening it again needs no new
//! arrangement; while it is closed, one strip stands for them. No span leaves its lane, and none is lost.

use std::collections::BTreeMap;
use std::ops::Range;

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::fold::Folding;
use super::groups::{Group, Groups};
use super::{LaneInfo, LaneKey};
use crate::analysis::genai::{Call, Counted, GenAi};
use crate::layout::{Grouping, LaneIx, Layout};
use crate::model::{SpanFlags, TraceStore};

/// A group of spans in one lane.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Section {
    /// Its lane.
    pub lane: LaneIx,
    /// Its stable name: a piece of its lane's key.
    pub key: LaneKey,
    /// What its spans have in common; `None` = its lane is not folded.
    pub group: Option<Group>,
    /// Its rows, counted over all lanes.
    pub rows: Range<u32>,
    /// Spans.
    pub spans: u64,
    /// Spans that failed.
    pub errors: u64,
    /// Time that its spans take, added up, in nanoseconds. Spans inside others count too.
    pub sum_ns: i64,
    /// Time in which at least one of its spans is busy.
    pub busy_ns: i64,
    /// From its first start to its last end.
    pub wall_ns: i64,
    /// Tokens in that its model calls state, each counted once within the section; `None` = none states any. What a
    /// call states is also stated by the provider's own span of it, which may be in another section.
    pub input_tokens: Option<u64>,
    /// Tokens out, as above.
    pub output_tokens: Option<u64>,
}

/// Disjoint intervals by start, in nanoseconds.
type Busy = Vec<(i64, i64)>;

/// Sections on their way: `grouping` puts spans into sections instead of lanes.
pub(super) struct Draft {
    pub grouping: Grouping,
    pub sections: Vec<Section>,
}

/// Parts the lanes of `grouping` as `folding` says; `None` when nothing is folded.
pub(super) fn fold(
    store: &TraceStore,
    genai: Option<&GenAi>,
    folding: &Folding,
    lanes: &[LaneInfo],
    grouping: &Grouping,
) -> Option<Draft> {
    let wanted: Vec<_> = lanes.iter().map(|lane| folding.of_lane(&lane.key)).collect();
    if wanted.iter().all(Option::is_none) {
        return None;
    }
    let by: Vec<_> = folding.all().into_iter().filter(|by| wanted.contains(&Some(*by))).collect();
    let groups: Vec<Groups> = by.iter().map(|by| Groups::of_store(store, genai, by)).collect();
    // The place of every (lane, group) that has spans; a lane that is not folded has one place.
    let of_lane: Vec<Option<usize>> =
        wanted.iter().map(|wanted| wanted.and_then(|wanted| by.iter().position(|by| *by == wanted))).collect();
    let mut first = Vec::with_capacity(lanes.len() + 1);
    let mut places = 0_usize;
    for of_lane in &of_lane {
        first.push(places);
        places += of_lane.map_or(1, |at| groups[at].list.len());
    }
    let place_of = |span: usize| {
        let lane = grouping.of_span[span].at();
        first[lane] + of_lane[lane].map_or(0, |at| groups[at].of_span[span] as usize)
    };
    let place: Vec<usize> = (0..grouping.of_span.len()).into_par_iter().map(place_of).collect();
    let mut spans = vec![0_u64; places];
    for &place in &place {
        spans[place] += 1;
    }
    let mut section_of = vec![0_u32; places];
    let mut sections = Vec::new();
    for (lane, of_lane) in of_lane.iter().enumerate() {
        let list = of_lane.map(|at| (by[at], &groups[at].list));
        let empty = sections.len();
        for place in first[lane]..first[lane] + list.map_or(1, |(_, list)| list.len()) {
            if spans[place] == 0 && list.is_some() {
                continue;
            }
            section_of[place] = sections.len() as u32;
            let key = |group: &Group| {
                lanes[lane].key.piece(&list.map_or(String::new(), |(by, _)| by.to_string()), &group.value)
            };
            let group = list.map(|(_, list)| list[place - first[lane]].clone());
            sections.push(Section {
                lane: LaneIx(lane as u32),
                key: group.as_ref().map_or_else(|| lanes[lane].key.clone(), key),
                group,
                ..empty_section()
            });
        }
        if sections.len() == empty {
            // Even a lane without spans has its place among the others.
            sections.push(Section { lane: LaneIx(lane as u32), key: lanes[lane].key.clone(), ..empty_section() });
        }
    }
    let grouping = Grouping {
        of_span: place.into_par_iter().map(|place| LaneIx(section_of[place])).collect(),
        lanes: sections.len(),
        folded: grouping.folded.clone(),
        lane_of_part: sections.iter().map(|section| section.lane).collect(),
    };
    make_distinct(&mut sections);
    Some(Draft { grouping, sections })
}

fn empty_section() -> Section {
    Section {
        lane: LaneIx(0),
        key: LaneKey::from(""),
        group: None,
        rows: 0..0,
        spans: 0,
        errors: 0,
        sum_ns: 0,
        busy_ns: 0,
        wall_ns: 0,
        input_tokens: None,
        output_tokens: None,
    }
}

/// Groups may share a value, such as turns of two conversations: later ones are numbered.
fn make_distinct(sections: &mut [Section]) {
    let mut seen: BTreeMap<LaneKey, u32> = BTreeMap::new();
    for section in sections {
        let count = seen.entry(section.key.clone()).or_default();
        *count += 1;
        if *count > 1 {
            section.key = format!("{} #{count}", section.key).into();
        }
    }
}

/// Counts and times of `sections`, once they have rows. Times are those of the layout's axis.
pub(super) fn measure(store: &TraceStore, genai: Option<&GenAi>, layout: &Layout, sections: &mut [Section]) {
    if sections.is_empty() {
        return;
    }
    let measured: Vec<(u64, i64, Busy)> =
        layout.parts().into_par_iter().map(|part| measure_rows(store, layout, part.rows.clone())).collect();
    for ((section, part), (errors, sum_ns, busy)) in sections.iter_mut().zip(layout.parts()).zip(measured) {
        section.rows = part.rows.clone();
        section.spans = part.spans;
        section.errors = errors;
        section.sum_ns = sum_ns;
        section.busy_ns = busy.iter().fold(0, |sum, (from, to)| sum + (to - from));
        section.wall_ns = match (busy.first(), busy.last()) {
            (Some(first), Some(last)) => last.1.saturating_sub(first.0),
            _ => 0,
        };
    }
    // What folded subtrees hide belongs to the section of the span that stands for it.
    for folded in layout.folded() {
        if store.flags()[folded.span.at()].has(SpanFlags::ERROR) {
            sections[layout.part_of_row(layout.row_of(folded.span)).at()].errors += 1;
        }
    }
    count_tokens(genai.map(GenAi::calls).unwrap_or_default(), layout, sections);
}

/// Calls inside of one another that are looked at: more than any program nests.
const MOST_NESTED: usize = 32;

/// Tokens of each section: of calls inside of one another in one section the innermost counts.
fn count_tokens(calls: &[Call], layout: &Layout, sections: &mut [Section]) {
    let section_of = |call: &Call| layout.part_of_row(layout.row_of(call.span)).at();
    // What is stated inside of each call, in its own section.
    let mut inner = vec![[false; 2]; calls.len()];
    for call in calls.iter().filter(|call| call.tokens.is_stated()) {
        let own = section_of(call);
        let outer = |call: &Call| call.outer.map(|at| at as usize);
        let above = std::iter::successors(outer(call), |&at| outer(calls.get(at)?));
        for at in above.take(MOST_NESTED) {
            if calls.get(at).is_some_and(|above| section_of(above) == own) {
                inner[at][0] |= call.tokens.input.is_some();
                inner[at][1] |= call.tokens.output.is_some();
            }
        }
    }
    for (call, inner) in calls.iter().zip(inner) {
        let section = &mut sections[section_of(call)];
        // Other spans than model calls add up what is below them, wherever that is.
        let is_own = |which, is_inside: bool| if call.is_model { !is_inside } else { call.counted.has(which) };
        let add = |sum: &mut Option<u64>, tokens: Option<u32>, is_own: bool| {
            if let Some(tokens) = tokens.filter(|_| is_own) {
                *sum = Some(sum.unwrap_or(0).saturating_add(u64::from(tokens)));
            }
        };
        add(&mut section.input_tokens, call.tokens.input, is_own(Counted::INPUT, inner[0]));
        add(&mut section.output_tokens, call.tokens.output, is_own(Counted::OUTPUT, inner[1]));
    }
}

/// Failed spans, the sum of their times, and when any of them is busy.
fn measure_rows(store: &TraceStore, layout: &Layout, rows: Range<u32>) -> (u64, i64, Busy) {
    let items = layout.span_rows();
    let (mut errors, mut sum_ns) = (0, 0_i64);
    // Unions of rows, of 1, 2, 4, … rows each: every time is looked at once per doubling.
    let mut unions: Vec<(u32, Busy)> = Vec::new();
    for row in rows {
        let mut busy = Busy::new();
        for slot in items.slots(row as usize) {
            let (start, end) = (items.starts_ns()[slot], items.ends_ns()[slot]);
            errors += u64::from(store.flags()[items.items()[slot] as usize].has(SpanFlags::ERROR));
            sum_ns = sum_ns.saturating_add(end - start);
            join(&mut busy, (start, end));
        }
        let mut level = 0;
        while unions.last().is_some_and(|(last, _)| *last == level)
            && let Some((_, other)) = unions.pop()
        {
            busy = union(&other, &busy);
            level += 1;
        }
        unions.push((level, busy));
    }
    let busy = unions.into_iter().rev().fold(Vec::new(), |all, (_, busy)| union(&all, &busy));
    (errors, sum_ns, busy)
}

/// Adds an interval that starts no earlier than the ones before.
fn join(busy: &mut Vec<(i64, i64)>, next: (i64, i64)) {
    match busy.last_mut().filter(|last| next.0 <= last.1) {
        Some(last) => last.1 = last.1.max(next.1),
        None => busy.push(next),
    }
}

fn union(a: &[(i64, i64)], b: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let mut out = Vec::with_capacity(a.len() + b.len());
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    loop {
        let next = match (a.peek().map(|next| next.0), b.peek().map(|next| next.0)) {
            (Some(left), Some(right)) if left <= right => a.next(),
            (Some(_), None) => a.next(),
            (_, Some(_)) => b.next(),
            (None, None) => return out,
        };
        if let Some(&next) = next {
            join(&mut out, next);
        }
    }
}
