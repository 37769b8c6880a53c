//! How busy equally wide columns of the screen are, where some of the time axis may be shortened.

use super::input::SceneInput;
use super::time_scale::TimeScale;
use crate::layout::LaneIx;
use crate::lod::Density;

/// The load of `count` columns of `width` points from `left` on. `ask` answers for equal parts of a time range.
pub(super) fn loads(
    scale: &TimeScale,
    left: f32,
    width: f32,
    count: usize,
    ask: impl Fn(i64, i64, usize) -> Vec<Density>,
) -> Vec<Density> {
    let edge = |column: usize| scale.time_from_screen(left + column as f32 * width);
    let (from_ns, to_ns) = (edge(0), edge(count));
    if scale.axis().cuts_between(from_ns, to_ns).is_empty() {
        return ask(from_ns, to_ns, count);
    }
    // Columns without a shortened stretch are asked for together, others one by one.
    let mut loads = Vec::with_capacity(count);
    let mut first = 0;
    while first < count {
        let start_ns = edge(first);
        let next_cut = scale.axis().cuts_between(start_ns, to_ns).first().map_or(i64::MAX, |cut| cut.from_ns);
        let mut last = first + 1;
        while last < count && edge(last + 1) <= next_cut {
            last += 1;
        }
        loads.extend(ask(start_ns, edge(last), last - first));
        first = last;
    }
    loads
}

/// The load of all lanes that are shown, from `all` of them or summed up over `one` each.
pub(super) fn of_shown(
    input: &SceneInput<'_>,
    all: impl Fn() -> Vec<Density>,
    one: impl Fn(LaneIx) -> Vec<Density>,
) -> Vec<Density> {
    if !input.lanes.iter().any(|lane| lane.is_aside) {
        return all();
    }
    let shown = (0_u32..).zip(input.lanes).filter(|(_, lane)| !lane.is_aside).map(|(at, _)| LaneIx(at));
    let mut sums: Vec<Density> = Vec::new();
    for lane in shown {
        let loads = one(lane);
        sums.resize(sums.len().max(loads.len()), Density::default());
        for (sum, load) in sums.iter_mut().zip(&loads) {
            sum.busy_ns = sum.busy_ns.saturating_add(load.busy_ns);
            sum.spans = sum.spans.saturating_add(load.spans);
            sum.errors = sum.errors.saturating_add(load.errors);
        }
    }
    sums
}
