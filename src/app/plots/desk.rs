//! One question that a plot has open at a time: asked on a thread, asked again only when it is another one.

use std::sync::Arc;
use std::time::Duration;

use crate::analysis::background::Newest;
use crate::analysis::search::CancelFlag;
use crate::app::window::Host;

/// A shared value as part of a question: the same only when it is the same allocation.
#[derive(Debug)]
pub struct Same<T>(pub Arc<T>);

impl<T> Same<T> {
    /// This very value.
    pub fn of(value: &Arc<T>) -> Self {
        Self(Arc::clone(value))
    }
}

impl<T> Clone for Same<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> PartialEq for Same<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Questions of one kind, and the last answer.
#[derive(Debug)]
pub struct Desk<Q, A> {
    worker: Newest<(Q, A)>,
    asked: Option<Q>,
    answer: Option<(Q, Arc<A>)>,
}

impl<Q: Send + 'static, A: Send + 'static> Default for Desk<Q, A> {
    fn default() -> Self {
        Self { worker: Newest::default(), asked: None, answer: None }
    }
}

impl<Q, A> Desk<Q, A> {
    /// The last answer; while another question is open, still that to the one before.
    #[must_use]
    pub fn answer(&self) -> Option<&Arc<A>> {
        self.answer.as_ref().map(|(_, answer)| answer)
    }

    /// The question that [`Self::answer`] belongs to.
    #[must_use]
    pub fn answered(&self) -> Option<&Q> {
        self.answer.as_ref().map(|(question, _)| question)
    }

    /// True while an answer is worked out.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.worker.is_busy()
    }

    /// Forgets the question and the answer.
    pub fn forget(&mut self) {
        self.worker.stop();
        (self.asked, self.answer) = (None, None);
    }
}

impl<Q: Clone + PartialEq + Send + 'static, A: Send + 'static> Desk<Q, A> {
    /// Takes an answer that has come.
    pub fn take(&mut self) {
        if let Some((question, answer)) = self.worker.take() {
            self.asked = None;
            self.answer = Some((question, Arc::new(answer)));
        }
    }

    /// Asks `question` on the thread `name`, unless it is open or answered. `is_near` = an open question that differs
    /// so little that its answer is worth having: a moving view does not keep starting over.
    ///
    /// # Errors
    /// When the system gives no thread, in words; it is not asked again.
    pub fn ask(
        &mut self,
        name: &str,
        host: &Host,
        question: &Q,
        is_near: impl FnOnce(&Q) -> bool,
        job: impl FnOnce(&CancelFlag) -> Option<A> + Send + 'static,
    ) -> Result<(), String> {
        let is_known = self.asked.is_none() && self.answered() == Some(question);
        let is_open = self.asked.as_ref().is_some_and(|asked| asked == question || is_near(asked));
        if is_known || is_open {
            return Ok(());
        }
        self.asked = Some(question.clone());
        let question = question.clone();
        let started = self.worker.ask(name, host.wake(), Duration::ZERO, move |cancel| Some((question, job(cancel)?)));
        started.map_err(|error| format!("Cannot work out a plot: {error}"))
    }
}
