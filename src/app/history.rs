//! Undo and redo of view changes. An undo point is set when an interaction ends, not on every wheel step.

use std::sync::Arc;

use crate::arrange::{LaneView, Plan};
use crate::scene::view_state::RangeNote;
use crate::scene::{TimeRange, ViewState};

/// What "back" restores.
#[derive(Clone, PartialEq, Debug)]
struct Place {
    time: TimeRange,
    scroll_y: f64,
    plan: Arc<Plan>,
    lanes: Arc<LaneView>,
    notes: Arc<Vec<RangeNote>>,
}

impl Place {
    fn of(view: &ViewState) -> Self {
        let (plan, lanes) = (Arc::clone(&view.plan), Arc::clone(&view.lanes));
        Self { time: view.time, scroll_y: view.scroll_y, plan, lanes, notes: Arc::clone(&view.notes) }
    }

    fn restore(self, view: &mut ViewState) {
        view.time = self.time;
        view.scroll_y = self.scroll_y;
        view.plan = self.plan;
        view.lanes = self.lanes;
        view.notes = self.notes;
    }
}

/// Earlier and later views.
#[derive(Clone, Debug, Default)]
pub struct History {
    current: Option<Place>,
    back: Vec<Place>,
    forward: Vec<Place>,
}

/// How many steps are kept.
const MOST_STEPS: usize = 200;

impl History {
    /// Starts anew at `view`.
    pub fn reset(&mut self, view: &ViewState) {
        *self = Self { current: Some(Place::of(view)), ..Self::default() };
    }

    /// True when `view` differs from the last undo point.
    #[must_use]
    pub fn is_pending(&self, view: &ViewState) -> bool {
        self.current.as_ref().is_some_and(|current| *current != Place::of(view))
    }

    /// Sets an undo point if the view has changed since the last one.
    pub fn commit(&mut self, view: &ViewState) {
        if !self.is_pending(view) {
            return;
        }
        self.back.extend(self.current.replace(Place::of(view)));
        if self.back.len() > MOST_STEPS {
            self.back.remove(0);
        }
        self.forward.clear();
    }

    /// Goes one step back.
    pub fn undo(&mut self, view: &mut ViewState) {
        self.commit(view);
        if let Some(place) = self.back.pop() {
            self.forward.extend(self.current.replace(place.clone()));
            place.restore(view);
        }
    }

    /// Goes one step forward again.
    pub fn redo(&mut self, view: &mut ViewState) {
        self.commit(view);
        if let Some(place) = self.forward.pop() {
            self.back.extend(self.current.replace(place.clone()));
            place.restore(view);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(view: &mut ViewState, from_ns: i64) {
        view.time = TimeRange { from_ns, to_ns: from_ns + 100 };
    }

    #[test]
    fn steps_of_one_interaction_are_undone_together() {
        let mut view = ViewState::default();
        let mut history = History::default();
        at(&mut view, 0);
        history.reset(&view);
        for from in [1, 2, 3] {
            at(&mut view, from);
        }
        history.commit(&view);
        history.commit(&view);
        at(&mut view, 10);
        // Undo sets the undo point that is still missing.
        history.undo(&mut view);
        assert_eq!(view.time.from_ns, 3);
        history.undo(&mut view);
        assert_eq!(view.time.from_ns, 0);
        history.undo(&mut view);
        assert_eq!(view.time.from_ns, 0, "the first view is the end");
        history.redo(&mut view);
        history.redo(&mut view);
        assert_eq!(view.time.from_ns, 10);
        history.undo(&mut view);
        at(&mut view, 20);
        history.commit(&view);
        history.redo(&mut view);
        assert_eq!(view.time.from_ns, 20, "a new step ends the future");
    }

    #[test]
    fn history_is_bounded() {
        let mut view = ViewState::default();
        let mut history = History::default();
        history.reset(&view);
        for from in 0..1000 {
            at(&mut view, from);
            history.commit(&view);
        }
        assert_eq!(history.back.len(), MOST_STEPS);
    }
}
