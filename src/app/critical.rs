//! The critical path in the window: whose it is, and finding it on a thread of its own.

use std::sync::Arc;
use std::time::Duration;

use super::state::{Effect, State, Tone};
use super::window::Host;
use crate::analysis::background::Newest;
use crate::analysis::search::CancelFlag;
use crate::arrange::Arranged;
use crate::model::SpanIx;
use crate::model::time::duration_text;
use crate::scene::Critical;
use crate::scene::critical::{longest_root, roots_of};

/// The critical path.
#[derive(Debug, Default)]
pub struct CriticalPaths {
    /// It is shown.
    pub is_on: bool,
    worker: Newest<(Arc<Arranged>, Critical)>,
    /// What was asked for: on which rows, for which span, and whether turns were known.
    asked: Option<(Arc<Arranged>, Option<SpanIx>, bool)>,
    found: Option<(Arc<Arranged>, Arc<Critical>)>,
}

impl CriticalPaths {
    /// True while an answer is missing.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.worker.is_busy()
    }
}

impl State {
    /// The critical path on the rows at hand, once it is found.
    #[must_use]
    pub fn critical(&self) -> Option<&Arc<Critical>> {
        let (of, critical) = self.session.critical.found.as_ref().filter(|_| self.session.critical.is_on)?;
        Arc::ptr_eq(of, &self.arranged).then_some(critical)
    }

    pub(super) fn toggle_critical(&mut self) {
        let critical = &mut self.session.critical;
        critical.is_on = !critical.is_on;
        if !critical.is_on {
            // Arrangements are large.
            critical.worker.stop();
            (critical.asked, critical.found) = (None, None);
        }
    }

    /// Asks for the path of the trace or turn of the focused span, when that is another one now.
    pub(super) fn keep_critical(&mut self, host: &Host) {
        let (Some(data), true) = (&self.data, self.session.critical.is_on) else { return };
        let Some(known) = self.arranged.known.clone().filter(|_| self.arranged.rows_by.is_none()) else { return };
        let knows_work = data.known_work().is_some();
        let focused = self.session.view.focused.filter(|span| span.at() < data.store.len());
        let critical = &mut self.session.critical;
        // Letting go of the selection keeps the path that one looks at.
        let last = critical.asked.as_ref().and_then(|(_, span, _)| *span).filter(|span| span.at() < data.store.len());
        let span = focused.or(last);
        let is_asked = |(of, whose, knew): &(Arc<Arranged>, Option<SpanIx>, bool)| {
            Arc::ptr_eq(of, &self.arranged) && *whose == span && *knew == knows_work
        };
        if critical.asked.as_ref().is_some_and(is_asked) {
            return;
        }
        let is_same_place =
            critical.asked.as_ref().is_some_and(|(of, _, knew)| Arc::ptr_eq(of, &self.arranged) && *knew == knows_work);
        critical.asked = Some((Arc::clone(&self.arranged), span, knows_work));
        let genai = data.known_work().map(|work| &work.genai);
        let roots = span.map(|span| roots_of(&data.store, genai, span));
        let shown = critical.found.as_ref().filter(|_| is_same_place && !critical.worker.is_busy());
        if shown.is_some_and(|(_, shown)| roots.as_ref() == Some(&shown.roots)) {
            return;
        }
        let (data, arranged) = (Arc::clone(data), Arc::clone(&self.arranged));
        let task = move |_: &CancelFlag| {
            let roots = roots.unwrap_or_else(|| longest_root(&data.store).into_iter().collect());
            let genai = data.known_work().map(|work| &work.genai);
            let place = (&*arranged.layout, genai);
            let found = Critical::new(&data.store, &data.domains, &known.model, place, roots);
            Some((arranged, found))
        };
        if let Err(error) = critical.worker.ask("skewline-critical-path", host.wake(), Duration::ZERO, task) {
            self.effect(Effect::Toast(Tone::Bad, format!("Cannot find the critical path: {error}")));
        }
    }

    pub(super) fn take_critical(&mut self) {
        let critical = &mut self.session.critical;
        if let Some((of, found)) = critical.worker.take() {
            critical.found = Some((of, Arc::new(found)));
        }
    }

    /// `critical path of turn: 1.2 s, 300 ms of it in unknown order`.
    #[must_use]
    pub fn critical_words(&self) -> Option<String> {
        let (data, critical) = (self.data.as_ref()?, self.critical()?);
        let root = critical.explained.first()?;
        let name: String = data.store.span(*root).name().chars().take(28).collect();
        let more = if critical.explained.len() > 1 {
            format!(" and {} more", critical.explained.len() - 1)
        } else {
            String::new()
        };
        let sum = critical.known_ns.saturating_add(critical.unknown_ns);
        let mut words = format!("critical path of {name}{more}: {}", duration_text(sum));
        if critical.unknown_ns > 0 {
            words = format!("{words}, {} of it in unknown order", duration_text(critical.unknown_ns));
        }
        if critical.is_cut {
            words = format!("{words}, cut");
        }
        Some(words)
    }
}
