//! How spans are arranged: which lanes there are, what is folded, and whose time the axis shows.
//!
//! A [`Plan`] is what somebody asked for, as plain data; [`arrange`] turns a store and a plan into an [`Arranged`]:
//! lanes, rows, and the index that frames are drawn from. It visits every span, so the window does it on a thread.
//! What needs no new rows (order, pins, names, heights, hiding) is a [`LaneView`] and costs a step per lane.

mod color_by;
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
use std::sync::Arc;

pub use color_by::ColorBy;
pub use keys::{LaneKey, SpanKey, resolve};
pub use lanes::{LaneInfo, clock_lane_key};
pub use pairs::{Split, group_keys, splits};
pub use plan::{CLOCK, ClockChoice, Plan};
pub use view::LaneView;
pub use view_file::ViewFile;

use crate::analysis::clocks::Known;
use crate::analysis::clocks::domains::Domains;
use crate::layout::{FrameTime, LaneIx, Layout, RawTime};
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
    /// What was known about the clocks; `None` until that was worked out.
    pub known: Option<Arc<Known>>,
    /// First to last time of anything on the axis, in nanoseconds; never empty.
    pub hull_ns: Range<i64>,
}

impl Arranged {
    /// The lane with `key`.
    #[must_use]
    pub fn lane_of_key(&self, key: &LaneKey) -> Option<LaneIx> {
        self.lanes.iter().position(|lane| lane.key == *key).map(|at| LaneIx(at as u32))
    }

    /// True when times are those of the reference clock.
    #[must_use]
    pub fn is_frame(&self) -> bool {
        self.plan.clock == ClockChoice::Frame && self.known.is_some()
    }

    /// The same arrangement with what became known about the clocks meanwhile. Only for raw times, whose rows do not
    /// depend on it.
    #[must_use]
    pub fn with_known(&self, known: Arc<Known>, plan: &Plan) -> Self {
        Self { known: Some(known), plan: plan.clone(), ..self.clone() }
    }

    /// What `lane` is.
    #[must_use]
    pub fn lane(&self, lane: LaneIx) -> Option<&LaneInfo> {
        self.lanes.get(lane.at())
    }
}

/// Arranges `store` as `plan` says. `known` places clocks against each other; without it every plan is drawn on
/// raw times.
#[must_use]
pub fn arrange(store: &TraceStore, domains: &Domains, known: Option<Arc<Known>>, plan: &Plan) -> Arranged {
    let (mut grouping, lanes) = lanes::group(store, domains, plan);
    grouping.folded = resolve(store, plan.folds.iter()).0;
    let layout = match (plan.clock, &known) {
        (ClockChoice::Frame, Some(known)) => {
            Layout::build(store, &grouping, &FrameTime::new(&known.model, store, domains))
        }
        _ => Layout::build(store, &grouping, &RawTime),
    };
    let index = Index::build(store, &layout);
    let hull_ns = match layout.hull_ns() {
        hull if hull.start < hull.end => hull.clone(),
        _ => 0..1,
    };
    Arranged { plan: plan.clone(), lanes, layout, index, known, hull_ns }
}
