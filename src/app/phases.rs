//! Where time went, by phase: of the selection, of its turn, of its agent, or of everything. Worked out on threads of
//! their own, only while it is shown.

use std::sync::Arc;
use std::time::Duration;

use super::drawer::DrawerTab;
use super::people::DetailsTab;
use super::state::{Effect, State, Tone};
use super::window::Host;
use super::workspace::Workspace;
use crate::analysis::background::Newest;
use crate::analysis::clocks::Known;
use crate::analysis::genai::{AgentIx, Breakdown, TurnIx};
use crate::analysis::search::CancelFlag;
use crate::model::SpanIx;

/// Whose time is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, strum::EnumIter)]
pub enum Scope {
    /// Of the selected spans with everything below them; of everything where none is selected.
    #[default]
    Selection,
    /// Of the turn of the selected span.
    Turn,
    /// Of the agent of the selected span.
    Agent,
    /// Of everything.
    Everything,
}

/// Whose time it is, worked out from the selection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Whose {
    /// Of these spans with everything below them.
    Spans(Vec<SpanIx>),
    /// Of a turn.
    Turn(TurnIx),
    /// Of an agent.
    Agent(AgentIx),
    /// Of everything.
    Everything,
}

/// A breakdown that is ready to be shown.
#[derive(Debug)]
pub struct ShownPhases {
    asked: Asked,
    /// The times.
    pub breakdown: Breakdown,
}

impl ShownPhases {
    /// Whose time it is.
    #[must_use]
    pub const fn whose(&self) -> &Whose {
        &self.asked.whose
    }
}

#[derive(Clone, Debug)]
struct Asked {
    data: Arc<Workspace>,
    known: Option<Arc<Known>>,
    whose: Whose,
}

impl PartialEq for Asked {
    fn eq(&self, other: &Self) -> bool {
        let known = |asked: &Self| asked.known.as_ref().map(Arc::as_ptr);
        Arc::ptr_eq(&self.data, &other.data) && known(self) == known(other) && self.whose == other.whose
    }
}

/// Breakdowns until the window closes.
#[derive(Debug, Default)]
pub struct Phases {
    /// Whose time the tab of the drawer shall show.
    pub scope: Scope,
    /// That of the tab.
    pub of_tab: Adding,
    /// That of several selected spans, for the details.
    pub of_selection: Adding,
}

/// A breakdown that is shown somewhere.
#[derive(Debug, Default)]
pub struct Adding {
    /// What was asked for last; while something else is worked out, still the answer before.
    pub shown: Option<Arc<ShownPhases>>,
    pending: Option<Asked>,
    worker: Newest<ShownPhases>,
}

impl Phases {
    /// True while something is worked out.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.of_tab.worker.is_busy() || self.of_selection.worker.is_busy()
    }

    pub(super) fn forget(&mut self) {
        self.of_tab.forget();
        self.of_selection.forget();
    }
}

impl Adding {
    fn forget(&mut self) {
        self.worker.stop();
        (self.shown, self.pending) = (None, None);
    }

    /// Takes what was worked out, and asks for what is wanted, if that is something else.
    fn update(&mut self, wanted: Option<Asked>, host: &Host) -> Result<(), std::io::Error> {
        if let Some(shown) = self.worker.take() {
            self.pending = None;
            self.shown = Some(Arc::new(shown));
        }
        let Some(asked) = wanted else { return Ok(()) };
        let is_known = self.shown.as_ref().is_some_and(|shown| shown.asked == asked);
        if self.pending.as_ref() == Some(&asked) || (is_known && self.pending.is_none()) {
            return Ok(());
        }
        self.pending = Some(asked.clone());
        let work = move |cancel: &CancelFlag| asked.answer(cancel);
        self.worker.ask("skewline-phases", host.wake(), Duration::ZERO, work)
    }

    /// The breakdown of `spans`, once it is worked out.
    #[must_use]
    pub fn of_spans(&self, spans: &[SpanIx]) -> Option<&ShownPhases> {
        let shown = self.shown.as_deref()?;
        matches!(shown.whose(), Whose::Spans(of) if of == spans).then_some(shown)
    }
}

impl Asked {
    fn answer(self, cancel: &CancelFlag) -> Option<ShownPhases> {
        let genai = &self.data.known_work()?.genai;
        let store = &self.data.store;
        let spans: Vec<SpanIx> = match &self.whose {
            Whose::Spans(spans) => below(&self.data, spans, cancel)?,
            Whose::Turn(turn) => store.span_ixs().filter(|span| genai.turn_of(*span) == Some(*turn)).collect(),
            Whose::Agent(agent) => store.span_ixs().filter(|span| genai.agent_of(*span) == Some(*agent)).collect(),
            Whose::Everything => store.span_ixs().collect(),
        };
        if cancel.is_cancelled() {
            return None;
        }
        let clocks = self.known.as_ref().map(|known| &known.model);
        let breakdown = Breakdown::with_walls(store, genai, &self.data.domains, clocks, spans);
        Some(ShownPhases { asked: self, breakdown })
    }
}

/// `spans` with everything below them, each once, in file order.
fn below(data: &Workspace, spans: &[SpanIx], cancel: &CancelFlag) -> Option<Vec<SpanIx>> {
    let mut is_in = vec![false; data.store.len()];
    let mut stack = spans.to_vec();
    while let Some(span) = stack.pop() {
        if cancel.is_cancelled() {
            return None;
        }
        if !std::mem::replace(is_in.get_mut(span.at())?, true) {
            stack.extend_from_slice(data.store.span(span).children());
        }
    }
    Some(data.store.span_ixs().filter(|span| is_in[span.at()]).collect())
}

impl State {
    /// Whose time the tab shows, as far as the selection says.
    #[must_use]
    pub fn whose_phases(&self) -> Whose {
        let genai = self.data.as_ref().and_then(|data| data.known_work()).map(|work| &work.genai);
        let looked_at = self.looked_at();
        let agent = || genai?.agent_of(looked_at?);
        let selection = &self.session.view.selection;
        match self.session.phases.scope {
            Scope::Selection if !selection.is_empty() => Whose::Spans(selection.clone()),
            Scope::Turn => self.turn_looked_at().map_or(Whose::Everything, Whose::Turn),
            Scope::Agent => agent().map_or(Whose::Everything, Whose::Agent),
            _ => Whose::Everything,
        }
    }

    /// Takes what was worked out, and asks for what should be shown.
    pub(super) fn update_phases(&mut self, host: &Host) {
        let data = self.data.clone().filter(|_| self.has_conversations());
        let asked = |whose| data.clone().map(|data| Asked { data, known: self.known().cloned(), whose });
        let of_tab = self.settings.drawer.shows(DrawerTab::Phases).then(|| asked(self.whose_phases())).flatten();
        let selection = &self.session.view.selection;
        let has_details = self.settings.details_open && self.details_tab() == DetailsTab::Span && selection.len() > 1;
        let of_selection = has_details.then(|| asked(Whose::Spans(selection.clone()))).flatten();
        let phases = &mut self.session.phases;
        let results = [phases.of_tab.update(of_tab, host), phases.of_selection.update(of_selection, host)];
        for error in results.into_iter().filter_map(Result::err) {
            self.effect(Effect::Toast(Tone::Bad, format!("Cannot add up phases: {error}")));
        }
    }
}
