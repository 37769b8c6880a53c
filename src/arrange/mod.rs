//! How spans are arranged: which lanes there are, what is folded, and whose time the axis shows.
//!
//! A [`Plan`] is what somebody asked for, as plain data; [`arrange`] turns a store and a plan into an [`Arranged`]:
//! lanes, rows, and the index that frames are drawn from. It visits every span, so the window does it on a thread.
//! What needs no new rows (order, pins, names, heights, hiding) is a [`LaneView`] and costs a step per lane.

mod color_by;
mod fold;
#[cfg(test)]
mod fold_tests;
mod groups;
mod keys;
mod lanes;
mod pairs;
mod pick;
mod plan;
mod sections;
#[cfg(test)]
mod tests;
mod view;
pub mod view_file;

use std::ops::Range;
use std::sync::Arc;

pub use color_by::ColorBy;
pub use fold::{FoldBy, Folding, NotAFold};
pub use groups::Group;
pub use keys::{LaneKey, SpanKey, resolve};
pub use lanes::{LaneInfo, clock_lane_key};
pub use pairs::{Split, group_keys, splits};
pub use plan::{CLOCK, ClockChoice, Plan};
pub use sections::Section;
pub use view::LaneView;
pub use view_file::ViewFile;

use crate::analysis::clocks::Known;
use crate::analysis::clocks::domains::Domains;
use crate::analysis::genai::GenAi;
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
    /// Groups of spans in lanes, by row, when any lane is folded: parallel to `layout.parts()`. Else empty.
    pub sections: Vec<Section>,
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

    /// The texts by which people know each lane when it is shown as `view` says: its name, what its key says, and the
    /// clocks in it.
    #[must_use]
    pub fn lane_texts(&self, domains: &Domains, view: &LaneView) -> Vec<Vec<String>> {
        let texts = |lane: &LaneInfo| {
            let clocks = lane.clocks.iter().filter_map(|clock| domains.list.get(clock.at()));
            let of_clocks = clocks.flat_map(|clock| [clock.name.clone(), clock.value.clone()]);
            let own = [view.name(lane).to_owned(), lane.name.clone(), lane.key.to_string()];
            own.into_iter().chain(lane.parts.iter().map(LaneKey::to_string)).chain(of_clocks).collect()
        };
        self.lanes.iter().map(texts).collect()
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
    arrange_folded(store, domains, known, None, plan)
}

/// The same where lanes may be folded by what `genai` says: agents, phases, turns, retries.
#[must_use]
pub fn arrange_folded(
    store: &TraceStore,
    domains: &Domains,
    known: Option<Arc<Known>>,
    genai: Option<&GenAi>,
    plan: &Plan,
) -> Arranged {
    let (mut grouping, lanes) = lanes::group(store, domains, plan);
    grouping.folded = resolve(store, plan.folds.iter()).0;
    let mut sections = Vec::new();
    if let Some(draft) = sections::fold(store, genai, &plan.fold, &lanes, &grouping) {
        (grouping, sections) = (draft.grouping, draft.sections);
    }
    let layout = match (plan.clock, &known) {
        (ClockChoice::Frame, Some(known)) => {
            Layout::build(store, &grouping, &FrameTime::new(&known.model, store, domains))
        }
        _ => Layout::build(store, &grouping, &RawTime),
    };
    sections::measure(store, genai, &layout, &mut sections);
    let index = Index::build(store, &layout);
    let hull_ns = match layout.hull_ns() {
        hull if hull.start < hull.end => hull.clone(),
        _ => 0..1,
    };
    Arranged { plan: plan.clone(), lanes, sections, layout, index, known, hull_ns }
}
