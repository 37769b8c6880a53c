//! How spans are arranged: which lanes there are, what is folded, and whose time the axis shows.
//!
//! A [`Plan`] is what somebody asked for, as plain data; [`arrange`] turns a store and a plan into an [`Arranged`]:
//! lanes, rows, and the index that frames are drawn from. It visits every span, so the window does it on a thread.
//! What needs no new rows (order, pins, names, heights, hiding) is a [`LaneView`] and costs a step per lane.

mod keys;
mod lanes;
mod pairs;
mod pick;
mod plan;
#[cfg(test)]
mod tests;
mod view;
pub mod view_file;

use std::ops::Range;

pub use keys::{LaneKey, SpanKey, resolve};
pub use lanes::LaneInfo;
pub use pairs::{Split, group_keys, splits};
pub use plan::{CLOCK, ClockChoice, Plan};
pub use view::LaneView;
pub use view_file::ViewFile;

use crate::analysis::clocks::ClockModel;
use crate::analysis::clocks::domains::Domains;
use crate::layout::{LaneIx, Layout, RawTime};
use crate::lod::Index;
use crate::model::TraceStore;

/// Spans in lanes and rows, as a plan asks for. Immutable; made anew when the plan changes.
#[derive(Clone, Debug, Default)]
pub struct Arranged {
    /// What was asked for.
    pub plan: Plan,
    /// What each lane of the layout is: parallel to `layout.lanes()`.
    pub lanes: Vec<LaneInfo>,
    /// Which lane and which row each span is in.
    pub layout: Layout,
    /// What a row shows at any zoom.
    pub index: Index,
    /// First to last time of anything on the axis, in nanoseconds; never empty.
    pub hull_ns: Range<i64>,
}

impl Arranged {
    /// The lane with `key`.
    #[must_use]
    pub fn lane_of_key(&self, key: &LaneKey) -> Option<LaneIx> {
        self.lanes.iter().position(|lane| lane.key == *key).map(|at| LaneIx(at as u32))
    }

    /// What `lane` is.
    #[must_use]
    pub fn lane(&self, lane: LaneIx) -> Option<&LaneInfo> {
        self.lanes.get(lane.at())
    }
}

/// Arranges `store` as `plan` says. `model` places clocks against each other; without one every plan is drawn on
/// raw times.
#[must_use]
pub fn arrange(store: &TraceStore, domains: &Domains, model: Option<&ClockModel>, plan: &Plan) -> Arranged {
    let (mut grouping, lanes) = lanes::group(store, domains, plan);
    grouping.folded = resolve(store, plan.folds.iter()).0;
    let layout = match (plan.clock, model) {
        (ClockChoice::Raw, _) => Layout::build(store, &grouping, &RawTime),
    };
    let index = Index::build(store, &layout);
    let hull_ns = match layout.hull_ns() {
        hull if hull.start < hull.end => hull.clone(),
        _ => 0..1,
    };
    Arranged { plan: plan.clone(), lanes, layout, index, hull_ns }
}
