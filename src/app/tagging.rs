//! The numbers of findings at spans, made on a thread of their own for every arrangement.

use std::sync::Arc;
use std::time::Duration;

use super::state::{Effect, State, Tone};
use super::window::Host;
use crate::analysis::background::Newest;
use crate::analysis::genai::Judged;
use crate::analysis::numbered::Numbered;
use crate::analysis::search::CancelFlag;
use crate::arrange::Arranged;
use crate::lod::Tags;
use crate::scene::findings;

/// Numbers at spans.
#[derive(Debug, Default)]
pub struct Tagging {
    worker: Newest<(Arc<Arranged>, Tags)>,
    /// What was asked for: the arrangement, whether patterns were known, and what somebody said about them.
    asked: Option<(Arc<Arranged>, bool, Arc<Judged>)>,
    tags: Option<(Arc<Arranged>, Arc<Tags>)>,
}

impl Tagging {
    /// True while an answer is missing.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.worker.is_busy()
    }
}

impl State {
    /// Everything that was found so far.
    #[must_use]
    pub fn findings(&self) -> Numbered<'_> {
        let found = self.data.as_ref().and_then(|data| data.known_work()).map(|work| &work.patterns);
        let said = self.session.people.said.patterns.as_deref();
        Numbered::new(self.known().map(Arc::as_ref), said.filter(|_| found.is_some()).or(found))
    }

    /// The numbers at the spans of the arrangement at hand, once they are made.
    #[must_use]
    pub fn tags(&self) -> Option<&Arc<Tags>> {
        let (of, tags) = self.session.tagging.tags.as_ref()?;
        Arc::ptr_eq(of, &self.arranged).then_some(tags)
    }

    /// Asks for numbers when there is another arrangement, or more was found.
    pub(super) fn keep_tagged(&mut self, host: &Host) {
        let Some(data) = &self.data else {
            self.session.tagging = Tagging::default();
            return;
        };
        if self.arranged.known.is_none() {
            return;
        }
        let knows_work = data.known_work().is_some();
        let said = &self.session.people.said;
        let (judged, patterns) = (Arc::clone(&said.judged), said.patterns.clone());
        let tagging = &mut self.session.tagging;
        let is_asked = |(of, knew, said): &(Arc<Arranged>, bool, Arc<Judged>)| {
            Arc::ptr_eq(of, &self.arranged) && *knew == knows_work && Arc::ptr_eq(said, &judged)
        };
        if tagging.asked.as_ref().is_some_and(is_asked) {
            return;
        }
        tagging.asked = Some((Arc::clone(&self.arranged), knows_work, judged));
        let (data, arranged) = (Arc::clone(data), Arc::clone(&self.arranged));
        let task = move |_: &CancelFlag| {
            let found = data.known_work().map(|work| &work.patterns);
            let patterns = patterns.as_deref().or(found);
            let tags = findings::tags(&arranged, Numbered::new(arranged.known.as_deref(), patterns));
            Some((arranged, tags))
        };
        if let Err(error) = tagging.worker.ask("skewline-findings", host.wake(), Duration::ZERO, task) {
            self.effect(Effect::Toast(Tone::Bad, format!("Cannot mark findings: {error}")));
        }
    }

    pub(super) fn take_tags(&mut self) {
        let tagging = &mut self.session.tagging;
        if let Some((of, tags)) = tagging.worker.take() {
            tagging.tags = Some((of, Arc::new(tags)));
        }
    }
}
