//! Why turns and spans took so long, for whoever asks: worked out one at a time on a thread, and kept while the clocks and
//! what was said about lost traces stay the same.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::DetailsTab;
use crate::analysis::background::Newest;
use crate::analysis::clocks::Known;
use crate::analysis::genai::{Judged, TurnIx};
use crate::analysis::reading::Context;
use crate::analysis::search::CancelFlag;
use crate::analysis::why::{Explained, Why, Whys as Answers};
use crate::app::state::{Effect, State, Tone};
use crate::app::window::Host;
use crate::app::workspace::Workspace;

/// Answers that are kept.
const MOST_KEPT: usize = 256;

/// What answers were worked out from.
#[derive(Clone, Debug)]
struct Basis {
    data: Arc<Workspace>,
    known: Arc<Known>,
    judged: Arc<Judged>,
}

impl Basis {
    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.data, &other.data)
            && Arc::ptr_eq(&self.known, &other.known)
            && Arc::ptr_eq(&self.judged, &other.judged)
    }

    fn answer(&self, what: Explained) -> Option<Why> {
        let work = self.data.known_work()?;
        let context = Context {
            store: &self.data.store,
            domains: &self.data.domains,
            genai: &work.genai,
            clocks: Some(&self.known.model),
            judged: &self.judged,
        };
        Answers::new(&context)?.of(what)
    }
}

/// Answers why it took so long.
#[derive(Debug, Default)]
pub struct Whys {
    /// The turn whose card is shown.
    pub(super) hovered: Option<TurnIx>,
    basis: Option<Basis>,
    answers: BTreeMap<Explained, Option<Arc<Why>>>,
    pending: Option<Explained>,
    worker: Newest<(Explained, Option<Why>)>,
}

impl Whys {
    /// True while an answer is missing.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.worker.is_busy()
    }

    /// Why `what` took so long: `None` while that is not worked out, `Some(None)` where nothing can be said.
    #[must_use]
    pub fn of(&self, what: Explained) -> Option<Option<&Arc<Why>>> {
        self.answers.get(&what).map(Option::as_ref)
    }

    /// The turn whose card was shown last.
    #[must_use]
    pub const fn hovered(&self) -> Option<TurnIx> {
        self.hovered
    }

    pub(super) fn forget(&mut self) {
        self.worker.stop();
        self.answers.clear();
        (self.basis, self.pending, self.hovered) = (None, None, None);
    }
}

impl State {
    /// What the details explain: the turn that is read, or the span that is looked at if anything is below it.
    #[must_use]
    pub fn explained(&self) -> Option<Explained> {
        if !self.settings.details_open {
            return None;
        }
        let store = &self.data.as_ref()?.store;
        match self.details_tab() {
            DetailsTab::Conversation => self.turn_looked_at().map(Explained::Turn),
            DetailsTab::Span => {
                let span =
                    self.looked_at().filter(|span| self.session.view.selection.len() < 2 && span.at() < store.len())?;
                (!store.span(span).children().is_empty()).then_some(Explained::Span(span))
            }
            DetailsTab::Attribution => None,
        }
    }

    /// Takes what was worked out, and asks for what is shown.
    pub(super) fn update_whys(&mut self, host: &Host) {
        let judged = Arc::clone(&self.session.people.said.judged);
        let basis = self.data.clone().zip(self.known().cloned()).map(|(data, known)| Basis { data, known, judged });
        let wanted = [self.explained(), self.session.people.whys.hovered.map(Explained::Turn)];
        let whys = &mut self.session.people.whys;
        if let Some((what, why)) = whys.worker.take() {
            whys.pending = None;
            if whys.answers.len() >= MOST_KEPT {
                whys.answers.clear();
            }
            whys.answers.insert(what, why.map(Arc::new));
        }
        let Some(basis) = basis.filter(|basis| basis.data.known_work().is_some()) else { return };
        if whys.basis.as_ref().is_none_or(|known| !known.is(&basis)) {
            let hovered = whys.hovered;
            whys.forget();
            (whys.basis, whys.hovered) = (Some(basis.clone()), hovered);
        }
        let missing = wanted.into_iter().flatten().find(|what| !whys.answers.contains_key(what));
        let Some(what) = missing.filter(|what| whys.pending != Some(*what)) else { return };
        whys.pending = Some(what);
        let answer = move |_: &CancelFlag| Some((what, basis.answer(what)));
        if let Err(error) = whys.worker.ask("skewline-why", host.wake(), Duration::ZERO, answer) {
            self.effect(Effect::Toast(Tone::Bad, format!("Cannot work out why it took so long: {error}")));
        }
    }

    /// Selects what shows a part of an answer.
    pub(super) fn select_why_part(&mut self, what: Explained, part: usize) {
        let why = self.session.people.whys.of(what).flatten().cloned();
        if let Some(part) = why.as_ref().and_then(|why| why.parts.get(part)) {
            self.select_all_of(part.spans.clone(), part.count as u64);
        }
    }
}
