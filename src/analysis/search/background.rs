//! Searching on a thread of its own: a new question stops the old one, and only the newest answer counts.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::{CancelFlag, Hits, Query, run};
use crate::analysis::clocks::domains::Domains;
use crate::model::TraceStore;

/// A finished search.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What [`Searcher::ask`] returned for it.
    pub ticket: u64,
    /// What was asked.
    pub query: Query,
    /// What was found.
    pub hits: Hits,
}

/// Runs searches one after the other on the thread `skewline-search`.
#[derive(Debug)]
pub struct Searcher {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    newest: u64,
    waiting: Option<Question>,
    answer: Option<Answer>,
    /// Belongs to the question that waits or runs.
    cancel: CancelFlag,
    is_running: bool,
    is_closed: bool,
}

#[derive(Debug)]
struct Question {
    ticket: u64,
    store: Arc<TraceStore>,
    domains: Arc<Domains>,
    query: Query,
    cancel: CancelFlag,
}

impl Shared {
    /// A panic elsewhere leaves the state usable: every field is replaced as a whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Searcher {
    /// Starts the thread. `on_answer` is called there after each answer, e.g. to ask for a repaint.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn new(on_answer: impl Fn() + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread =
            std::thread::Builder::new().name("skewline-search".to_owned()).spawn(move || serve(&theirs, &on_answer))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Asks `query`; whatever was asked before is stopped and will not be answered.
    pub fn ask(&self, store: Arc<TraceStore>, domains: Arc<Domains>, query: Query) -> u64 {
        let mut state = self.shared.lock();
        state.stop();
        state.newest += 1;
        let (ticket, cancel) = (state.newest, state.cancel.clone());
        state.waiting = Some(Question { ticket, store, domains, query, cancel });
        drop(state);
        self.shared.changed.notify_one();
        ticket
    }

    /// Stops what runs and forgets what was asked.
    pub fn stop(&self) {
        self.shared.lock().stop();
    }

    /// The answer to the newest question, once.
    #[must_use]
    pub fn take(&self) -> Option<Answer> {
        self.shared.lock().answer.take()
    }

    /// True while the newest question has no answer yet.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        let state = self.shared.lock();
        state.waiting.is_some() || state.is_running && !state.cancel.is_cancelled()
    }
}

impl Drop for Searcher {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.stop();
        state.is_closed = true;
        drop(state);
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // It ends at its next look at the flag; a panic there was reported by the panic hook.
            let _ = thread.join();
        }
    }
}

impl State {
    fn stop(&mut self) {
        self.cancel.cancel();
        self.cancel = CancelFlag::new();
        self.waiting = None;
        self.answer = None;
        self.is_running = false;
    }
}

fn serve(shared: &Shared, on_answer: &impl Fn()) {
    while let Some(question) = next(shared) {
        let hits = run(&question.store, &question.domains, &question.query, &question.cancel);
        let mut state = shared.lock();
        if state.newest != question.ticket || question.cancel.is_cancelled() {
            continue;
        }
        state.is_running = false;
        state.answer = hits.map(|hits| Answer { ticket: question.ticket, query: question.query, hits });
        drop(state);
        on_answer();
    }
}

/// Waits for a question; `None` once the searcher is gone.
fn next(shared: &Shared) -> Option<Question> {
    let mut state = shared.lock();
    loop {
        if state.is_closed {
            return None;
        }
        if let Some(question) = state.waiting.take() {
            state.is_running = true;
            return Some(question);
        }
        state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::search::parse;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn only_the_newest_question_is_answered() {
        let (done, answered) = mpsc::channel();
        let searcher = Searcher::new(move || done.send(()).unwrap()).unwrap();
        let (store, domains) = (Arc::new(TraceStore::default()), Arc::new(Domains::default()));
        let mut last = 0;
        for text in ["a", "b", "c"] {
            last = searcher.ask(Arc::clone(&store), Arc::clone(&domains), parse(text).unwrap());
        }
        let answer = loop {
            answered.recv_timeout(Duration::from_secs(30)).unwrap();
            if let Some(answer) = searcher.take() {
                break answer;
            }
        };
        assert_eq!((answer.ticket, answer.query.to_string()), (last, "c".to_owned()));
        assert!(!searcher.is_busy());
        assert!(searcher.take().is_none());
    }

    #[test]
    fn a_stopped_question_has_no_answer_and_dropping_ends_the_thread() {
        let searcher = Searcher::new(|| ()).unwrap();
        searcher.ask(Arc::default(), Arc::default(), parse("a").unwrap());
        searcher.stop();
        assert!(!searcher.is_busy());
        assert!(searcher.take().is_none());
        drop(searcher);
    }
}
