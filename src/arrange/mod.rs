//! How spans are arranged: which lanes there are, what is folded, and whose time the axis shows.
//!
//! A [`Plan`] is what somebody asked for, as plain data; [`arrange`] turns a store and a plan into an [`Arranged`]:
//! lanes, rows, and the index that frames are drawn from. It visits every span, so the window does it on a thread.
//! What needs no new rows (order, pins, names, heights, hiding) is a [`LaneView`] and costs a step per lane.

mod aside;
mod assumed;
mod axis;
mod color_by;
mod conversation_view;
mod course;
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
mod ties;
mod view;
pub mod view_file;

use std::ops::Range;
use std::sync::Arc;

pub use crate::analysis::genai::Verdict;
pub use assumed::{Assumed, MOST_DRIFT_PPB};
pub use axis::{Axis, Cut, STRAIGHT};
pub use color_by::ColorBy;
pub use conversation_view::ConversationView;
pub use course::{Course, TurnRun, TurnTime};
pub use fold::{FoldBy, Folding, NotAFold};
pub use groups::Group;
pub use keys::{LaneKey, SpanKey, resolve};
pub use lanes::{LaneInfo, clock_lane_key};
pub use pairs::{Split, group_keys, splits};
pub use plan::{CLOCK, ClockChoice, Plan};
pub use sections::Section;
pub use ties::{Tie, TieKind};
pub use view::LaneView;
pub use view_file::ViewFile;

use crate::analysis::clocks::domains::Domains;
use crate::analysis::clocks::{ClockModel, Known};
use crate::analysis::genai::GenAi;
use crate::layout::{FrameTime, Grouping, LaneIx, Layout, RawTime, SameTime, TimeMap as _};
use crate::lod::Index;
use crate::model::{DomainIx, SpanIx, TraceStore};

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
    pub layout: Arc<Layout>,
    /// What a row shows at any zoom.
    pub index: Arc<Index>,
    /// What was known about the clocks; `None` until that was worked out.
    pub known: Option<Arc<Known>>,
    /// Whose time rows and index are made for, while new ones for `plan` and `known` are on their way: bars are drawn
    /// where they belong, in the rows that they had. `None` = rows are those of `plan`.
    pub rows_by: Option<TimeOf>,
    /// First to last time of anything that is shown on the axis, in nanoseconds; never empty.
    pub hull_ns: Range<i64>,
    /// Turns and idle stretches on the axis.
    pub course: Arc<Course>,
    /// The conversation that alone is to be shown is there.
    pub has_conversation: bool,
}

/// Whose time an axis shows, with what was known about the clocks.
#[derive(Clone, Debug)]
pub struct TimeOf {
    known: Option<Arc<Known>>,
    is_frame: bool,
}

impl TimeOf {
    /// The clocks that the axis is made from; `None` = it shows raw times.
    #[must_use]
    pub fn model(&self) -> Option<&ClockModel> {
        self.known.as_ref().filter(|_| self.is_frame).map(|known| &known.model)
    }

    /// How far times of `domain` around `at_ns`, on its own clock, are moved back to fit the axis, in nanoseconds.
    #[must_use]
    pub fn shift_ns(&self, domain: DomainIx, at_ns: i64) -> i64 {
        self.model().map_or(0, |model| model.shift_ns(domain, at_ns))
    }

    /// Where `span`, which is at `at_ns` (start, end) on this axis, is on the axis that is made from `now`.
    #[must_use]
    pub fn seen_from(
        &self,
        now: Option<&ClockModel>,
        (store, domains): (&TraceStore, &Domains),
        span: SpanIx,
        at_ns: (i64, i64),
    ) -> (i64, i64) {
        let raw = store.span(span).drawn_ns();
        let ends = |model: Option<&ClockModel>| {
            model.map_or(raw, |model| FrameTime::new(model, store, domains).ends(span, raw.0, raw.1))
        };
        let (then, now) = (ends(self.model()), ends(now));
        // Ends that were completed from relatives move as the clock does around them.
        let start_ns = at_ns.0.saturating_add(now.0.saturating_sub(then.0));
        (start_ns, at_ns.1.saturating_add(now.1.saturating_sub(then.1)).max(start_ns.saturating_add(1)))
    }
}

impl Arranged {
    /// Whose time the axis shows.
    #[must_use]
    pub fn time_of(&self) -> TimeOf {
        TimeOf { known: self.known.clone(), is_frame: self.is_frame() }
    }

    /// The same rows seen with other clocks, until there are rows for them: a picture at once, however many spans
    /// there are. `plan` differs from the one at hand in nothing but whose time is shown and what is believed.
    #[must_use]
    pub fn seen_with(&self, store: &TraceStore, domains: &Domains, known: Arc<Known>, plan: &Plan) -> Self {
        let rows_by = self.rows_by.clone().unwrap_or_else(|| self.time_of());
        let mut seen = Self { known: Some(known), plan: plan.clone(), rows_by: Some(rows_by), ..self.clone() };
        seen.hull_ns = seen.hull_of_rows((store, domains)).unwrap_or_else(|| self.hull_ns.clone());
        seen
    }

    /// First to last time of what is shown, by the first and the last span of each row: no clock turns those round.
    fn hull_of_rows(&self, ground: (&TraceStore, &Domains)) -> Option<Range<i64>> {
        let (rows_by, now) = (self.rows_by.as_ref()?, self.time_of());
        let items = self.layout.span_rows();
        let shown = self.layout.lanes().iter().zip(&self.lanes).filter(|(_, info)| !info.is_aside);
        let ends = shown.flat_map(|(lane, _)| lane.rows.clone()).flat_map(|row| {
            let slots = items.slots(row as usize);
            [slots.clone().next(), slots.last()]
        });
        let seen = ends.flatten().map(|slot| {
            let (span, own) = (SpanIx(items.items()[slot]), (items.starts_ns()[slot], items.ends_ns()[slot]));
            rows_by.seen_from(now.model(), ground, span, own)
        });
        let (from, to) = seen.reduce(|hull, one| (hull.0.min(one.0), hull.1.max(one.1)))?;
        Some(from..to)
    }

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

    /// True when its rows are made for the times of the reference clock as `known` has them.
    fn has_frame_of(&self, known: &Arc<Known>) -> bool {
        let is_same = self.known.as_ref().is_some_and(|own| Arc::ptr_eq(own, known));
        is_same && self.is_frame() && self.rows_by.is_none()
    }

    /// The same arrangement with what became known about clocks and conversations meanwhile. Only where rows and times
    /// do not depend on it.
    #[must_use]
    pub fn with_known(
        &self,
        store: &TraceStore,
        domains: &Domains,
        known: Arc<Known>,
        genai: Option<&GenAi>,
        plan: &Plan,
    ) -> Self {
        let ground = course::Ground {
            store,
            domains,
            known: Some(&known),
            genai,
            lanes: &self.lanes,
            layout: &self.layout,
            before: Some(self),
        };
        let course = Arc::new(Course::of(&ground));
        Self { known: Some(known), plan: plan.clone(), course, ..self.clone() }
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
    arrange_folded(store, domains, known, (None, None), plan)
}

/// The same where lanes may be folded by what `genai` says: agents, phases, turns, retries. `before` is an arrangement
/// of the same store: what it knows and what still holds is not worked out again.
#[must_use]
pub fn arrange_folded(
    store: &TraceStore,
    domains: &Domains,
    known: Option<Arc<Known>>,
    (genai, before): (Option<&GenAi>, Option<&Arranged>),
    plan: &Plan,
) -> Arranged {
    let (mut grouping, mut lanes) = lanes::group(store, domains, plan);
    let has_conversation = match (&plan.only, genai) {
        (Some(only), Some(genai)) => aside::put_aside(genai, only, &mut grouping, &mut lanes),
        _ => false,
    };
    grouping.folded = resolve(store, plan.folds.iter()).0;
    let mut sections = Vec::new();
    if let Some(draft) = sections::fold(store, genai, &plan.fold, &lanes, &grouping) {
        (grouping, sections) = (draft.grouping, draft.sections);
    }
    let layout = match (plan.clock, &known) {
        (ClockChoice::Frame, Some(known)) => {
            let before = before.filter(|before| before.has_frame_of(known)).map(|before| before.layout.as_ref());
            layout_in_frame(store, &grouping, &FrameTime::new(&known.model, store, domains), before)
        }
        _ => Layout::build(store, &grouping, &RawTime),
    };
    let hull_ns = match shown_hull(&lanes, &layout) {
        hull if hull.start < hull.end => hull,
        _ => 0..1,
    };
    let (known_now, lanes_now) = (known.as_deref(), lanes.as_slice());
    let ground = course::Ground { store, domains, known: known_now, genai, lanes: lanes_now, layout: &layout, before };
    // None needs the others, and each takes a look at every span.
    let course = || ground.course_before(plan).unwrap_or_else(|| Arc::new(Course::of(&ground)));
    let of_all = || rayon::join(|| Index::build(store, &layout), course);
    let ((index, course), ()) = rayon::join(of_all, || sections::measure(store, genai, &layout, &mut sections));
    let (layout, index, plan) = (Arc::new(layout), Arc::new(index), plan.clone());
    Arranged { plan, lanes, sections, layout, index, known, rows_by: None, hull_ns, course, has_conversation }
}

/// Lays out `store` as the reference clock sees it. `before` was laid out in the same times: estimating them again for
/// every span would take longer than finding the rows.
fn layout_in_frame(store: &TraceStore, grouping: &Grouping, map: &FrameTime<'_>, before: Option<&Layout>) -> Layout {
    match before {
        Some(before) => Layout::build(store, grouping, &SameTime { before, store, map }),
        None => Layout::build(store, grouping, map),
    }
}

/// First to last time of the spans in lanes that are not put aside.
fn shown_hull(lanes: &[LaneInfo], layout: &Layout) -> Range<i64> {
    if !lanes.iter().any(|lane| lane.is_aside) {
        return layout.hull_ns().clone();
    }
    let items = layout.span_rows();
    let shown = layout.lanes().iter().zip(lanes).filter(|(_, info)| !info.is_aside);
    let slots = shown.flat_map(|(lane, _)| items.slots_of_rows(lane.rows.clone()));
    let extents = slots.map(|slot| items.starts_ns()[slot as usize]..items.ends_ns()[slot as usize]);
    let whole = extents.reduce(|hull, one| hull.start.min(one.start)..hull.end.max(one.end));
    whole.unwrap_or_else(|| layout.hull_ns().clone())
}
