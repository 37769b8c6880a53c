//! Making the arrangement that the plan asks for, on a thread of its own. The window draws the old one meanwhile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, TryRecvError, bounded};

use super::host::Wake;
use super::state::{Effect, State, Tone};
use super::window::Host;
use super::workspace::Workspace;
use crate::arrange::{Arranged, Plan};

/// An arrangement that is being made; before it, the old rows with bars at new times may come.
pub struct Arranging {
    begun: Instant,
    result: Receiver<Arranged>,
}

/// How long the window waits before it says that it is busy.
const PATIENCE: Duration = Duration::from_millis(200);

impl Arranging {
    fn start(data: Arc<Workspace>, plan: Arc<Plan>, before: Arc<Arranged>, wake: Wake) -> Self {
        let (sender, result) = bounded(2);
        // Without a thread the channel closes, which `take_arranged` reports.
        let _ = std::thread::Builder::new().name("arrange".to_owned()).spawn(move || {
            // Gone when another file was opened meanwhile.
            let send = |arranged| {
                let _ = sender.send(arranged);
                wake();
            };
            let arranged = data.arrange(&plan, &before, send);
            let known = arranged.known.clone();
            send(arranged);
            drop(sender);
            wake();
            // What may be asked for next, as long as the workspace is open: another level is then only looked up.
            if let Some(known) = known {
                known.prepare(&data.store, &data.domains, || Arc::strong_count(&data) > 1);
            }
        });
        Self { begun: Instant::now(), result }
    }

    /// True when it takes long enough to be mentioned.
    #[must_use]
    pub fn is_slow(&self) -> bool {
        self.begun.elapsed() >= PATIENCE
    }
}

impl State {
    /// Starts an arrangement when the plan asks for another one. One at a time: what was asked for meanwhile starts
    /// when it is done.
    pub(super) fn keep_arranged(&mut self, host: &Host) {
        let Some(data) = &self.data else { return };
        // Turns are placed once it is known which there are.
        let has_turns = data.known_work().is_none() || self.arranged.course.knows_work;
        let is_whole = self.arranged.known.is_some() && self.arranged.rows_by.is_none() && has_turns;
        let is_wanted = *self.session.view.plan != self.arranged.plan || !is_whole;
        if self.session.arranging.is_none() && is_wanted && !self.session.clocks.gave_up {
            let plan = Arc::clone(&self.session.view.plan);
            let before = Arc::clone(&self.arranged);
            self.session.arranging = Some(Arranging::start(Arc::clone(data), plan, before, host.wake()));
        }
    }

    /// Takes a finished arrangement, unless the plan has changed since it was begun.
    pub(super) fn take_arranged(&mut self, host: &Host) {
        let Some(arranging) = &self.session.arranging else { return };
        match arranging.result.try_recv() {
            Err(TryRecvError::Empty) => return,
            Ok(arranged) => {
                let is_early = arranged.rows_by.is_some();
                if arranged.plan == *self.session.view.plan {
                    self.show_arranged(arranged, host);
                }
                if is_early {
                    return;
                }
            }
            Err(TryRecvError::Disconnected) => {
                // The same plan again would end the same way.
                self.session.view.plan = Arc::new(self.arranged.plan.clone());
                self.session.clocks.gave_up |= self.arranged.known.is_none();
                self.effect(Effect::Toast(Tone::Bad, "The lanes could not be arranged like that".to_owned()));
            }
        }
        self.session.arranging = None;
    }

    /// Puts a new arrangement in place, or the old rows seen with other clocks; the focused span keeps its height on the screen.
    fn show_arranged(&mut self, arranged: Arranged, host: &Host) {
        let before = self.session.view.focused.and_then(|span| self.top_of(span));
        let (old, old_view) = (Arc::clone(&self.arranged), self.session.view.clone());
        self.arranged = Arc::new(arranged);
        let after = self.session.view.focused.and_then(|span| self.top_of(span));
        if let (Some(before), Some(after)) = (before, after) {
            self.session.view.scroll_y += after - before;
        }
        self.clamp_view();
        self.set_out(old, &old_view);
        if self.arranged.rows_by.is_some() {
            return;
        }
        // Marks belong to rows: those of the old arrangement mean nothing in the new one.
        self.session.search.marks = None;
        self.search_again(Duration::ZERO, host);
        self.finish_view_file();
        if let Some(purpose) = self.session.drawn_next.take() {
            self.draw_picture(purpose, host);
        }
    }
}
