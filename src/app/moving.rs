//! The way of bars from an earlier picture to the one at hand, so that people see what moved and by how much.
//!
//! It is drawn only: the arrangement is in place from the first frame on, exports never see the way, and any press
//! of a button ends it.

use std::sync::Arc;

use super::state::State;
use crate::arrange::{Arranged, LaneView, Plan};
use crate::scene::{TimeRange, Travel, ViewState};

/// Bars on their way.
#[derive(Clone, Debug)]
pub struct Moving {
    travel: Arc<Travel>,
    /// When it began, milliseconds of the window's time; `None` until the first frame.
    begun_ms: Option<u64>,
}

impl Moving {
    /// What is drawn of it.
    #[must_use]
    pub const fn travel(&self) -> &Arc<Travel> {
        &self.travel
    }
}

/// How lanes were shown before a command, as far as opening and closing them within one arrangement changes it.
pub(super) struct Seen {
    arranged: Arc<Arranged>,
    lanes: Arc<LaneView>,
    time: TimeRange,
    scroll_y: f64,
}

/// How much longer bars take than a button to change its colour.
const TIMES_ANIMATION: f32 = 3.0;

/// How long bars take where a small animation takes `animation_s` seconds; 0 = nothing moves.
#[must_use]
pub fn length_ms(animation_s: f32) -> u32 {
    (animation_s.max(0.0) * TIMES_ANIMATION * 1000.0).round() as u32
}

impl State {
    /// The bars that are on their way.
    #[must_use]
    pub fn travel(&self) -> Option<&Arc<Travel>> {
        self.session.clocks.moving.as_ref().map(Moving::travel)
    }

    /// Lets bars move from `before`, seen as `view` says, to the arrangement at hand, if only clocks and folds make
    /// the difference.
    pub(super) fn set_out(&mut self, before: Arc<Arranged>, view: &ViewState) {
        let after = &self.arranged;
        if before.rows_by.is_some() && before.plan == after.plan {
            // The rows that the picture waited for: what is on its way goes on.
            return;
        }
        let same_rows = Plan { fold: before.plan.fold.clone(), ..after.plan.clone() };
        let is_folded = before.plan.fold != after.plan.fold;
        let has_clocks = self.data.as_ref().is_some_and(|data| data.domains.list.len() > 1);
        let is_retimed = before.plan != after.plan && (before.is_frame() || after.is_frame()) && has_clocks;
        let sets_out = same_rows.has_rows_of(&before.plan) && (is_folded || is_retimed);
        self.session.clocks.moving = sets_out.then(|| {
            let travel = Travel::new(before, view, &self.session.view);
            Moving { travel: Arc::new(travel), begun_ms: None }
        });
    }

    /// How lanes are shown now, for [`Self::set_out_from`].
    pub(super) fn seen(&self) -> Seen {
        let view = &self.session.view;
        let (arranged, lanes) = (Arc::clone(&self.arranged), Arc::clone(&view.lanes));
        Seen { arranged, lanes, time: view.time, scroll_y: view.scroll_y }
    }

    /// Lets bars move when groups or lanes were opened or closed since `before`: those of a closed one go into its
    /// strip, those of an open one come out of it, and everything below makes room.
    pub(super) fn set_out_from(&mut self, before: Seen) {
        let view = &self.session.view;
        let is_same = Arc::ptr_eq(&before.lanes, &view.lanes)
            || (before.lanes.opened == view.lanes.opened && before.lanes.folded == view.lanes.folded);
        // Another plan is on its way: its bars set out when it is there.
        if is_same || !Arc::ptr_eq(&before.arranged, &self.arranged) || *view.plan != self.arranged.plan {
            return;
        }
        let was = ViewState { lanes: before.lanes, time: before.time, scroll_y: before.scroll_y, ..view.clone() };
        let travel = Travel::new(before.arranged, &was, view);
        self.session.clocks.moving = Some(Moving { travel: Arc::new(travel), begun_ms: None });
    }

    /// Moves the bars as far as they are at `now_ms`.
    pub(super) fn move_on(&mut self, now_ms: u64, length_ms: u32) {
        let Some(moving) = &mut self.session.clocks.moving else { return };
        let begun_ms = *moving.begun_ms.get_or_insert(now_ms);
        let done = now_ms.saturating_sub(begun_ms) as f32 / length_ms as f32;
        // Nothing over nothing is no number: then there is no way to go either.
        if done.is_nan() || done >= 1.0 {
            self.session.clocks.moving = None;
        } else {
            moving.travel = Arc::new(Travel::clone(&moving.travel).at(done));
        }
    }
}
