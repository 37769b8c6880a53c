//! Answers that are worked out on a thread of their own: a new question stops the old one, and only the newest
//! answer counts.

use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::search::CancelFlag;

/// Works out answers one after the other on a thread that starts with the first question.
pub struct Newest<T> {
    shared: Arc<Shared<T>>,
    thread: Option<JoinHandle<()>>,
}

impl<T> Default for Newest<T> {
    fn default() -> Self {
        let state =
            State { waiting: None, answer: None, cancel: CancelFlag::new(), is_running: false, is_closed: false };
        Self { shared: Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() }), thread: None }
    }
}

/// Looks at the flag every few thousand spans; `None` when cancelled.
type Job<T> = Box<dyn FnOnce(&CancelFlag) -> Option<T> + Send>;

struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    waiting: Option<Question<T>>,
    answer: Option<T>,
    /// Belongs to the question that waits or runs.
    cancel: CancelFlag,
    is_running: bool,
    is_closed: bool,
}

struct Question<T> {
    due: Instant,
    job: Job<T>,
    cancel: CancelFlag,
}

impl<T> Shared<T> {
    /// A panic elsewhere leaves the state usable: every field is replaced as a whole.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Send + 'static> Newest<T> {
    /// Asks; whatever was asked before is stopped and will not be answered. Work begins once nothing else was
    /// asked for `pause`, so that typing does not start a search per letter.
    ///
    /// The first question starts the thread `name`, which calls `on_answer` after each answer, e.g. to ask for a
    /// repaint.
    ///
    /// # Errors
    /// When the system gives no thread; nothing was asked then.
    pub fn ask(
        &mut self,
        name: &str,
        on_answer: impl Fn() + Send + 'static,
        pause: Duration,
        job: impl FnOnce(&CancelFlag) -> Option<T> + Send + 'static,
    ) -> io::Result<()> {
        if self.thread.is_none() {
            let shared = Arc::clone(&self.shared);
            let thread = std::thread::Builder::new().name(name.to_owned());
            self.thread = Some(thread.spawn(move || serve(&shared, &on_answer))?);
        }
        let mut state = self.shared.lock();
        state.stop();
        let cancel = state.cancel.clone();
        state.waiting = Some(Question { due: Instant::now() + pause, job: Box::new(job), cancel });
        drop(state);
        self.shared.changed.notify_one();
        Ok(())
    }
}

impl<T> Newest<T> {
    /// True once something was asked.
    #[must_use]
    pub const fn has_started(&self) -> bool {
        self.thread.is_some()
    }

    /// Stops what runs and forgets what was asked.
    pub fn stop(&self) {
        self.shared.lock().stop();
    }

    /// The answer to the newest question, once.
    #[must_use]
    pub fn take(&self) -> Option<T> {
        self.shared.lock().answer.take()
    }

    /// True while the newest question has no answer yet.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        let state = self.shared.lock();
        state.waiting.is_some() || state.is_running && !state.cancel.is_cancelled()
    }
}

impl<T> fmt::Debug for Newest<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Newest").field("is_busy", &self.is_busy()).finish_non_exhaustive()
    }
}

impl<T> Drop for Newest<T> {
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

impl<T> State<T> {
    fn stop(&mut self) {
        self.cancel.cancel();
        self.cancel = CancelFlag::new();
        self.waiting = None;
        self.answer = None;
        self.is_running = false;
    }
}

fn serve<T>(shared: &Shared<T>, on_answer: &impl Fn()) {
    while let Some((job, cancel)) = next(shared) {
        let answer = job(&cancel);
        let mut state = shared.lock();
        // Every new question cancels the flag of the one before.
        if cancel.is_cancelled() {
            continue;
        }
        state.is_running = false;
        state.answer = answer;
        drop(state);
        on_answer();
    }
}

/// Waits for a question that is due; `None` once nobody can ask any more.
fn next<T>(shared: &Shared<T>) -> Option<(Job<T>, CancelFlag)> {
    let mut state = shared.lock();
    loop {
        if state.is_closed {
            return None;
        }
        let Some(question) = &state.waiting else {
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        let left = question.due.saturating_duration_since(Instant::now());
        if !left.is_zero() {
            state = shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            continue;
        }
        if let Some(question) = state.waiting.take() {
            state.is_running = true;
            return Some((question.job, question.cancel));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    const SOON: Duration = Duration::ZERO;

    #[test]
    fn only_the_newest_question_is_answered() {
        for pause in [SOON, Duration::from_millis(2)] {
            let (done, answered) = mpsc::channel();
            let mut newest = Newest::default();
            for text in ["a", "b", "c"] {
                let done = done.clone();
                newest.ask("test-newest", move || done.send(()).unwrap(), pause, move |_| Some(text)).unwrap();
            }
            let answer = loop {
                answered.recv_timeout(Duration::from_secs(30)).unwrap();
                if let Some(answer) = newest.take() {
                    break answer;
                }
            };
            assert_eq!(answer, "c");
            assert!(!newest.is_busy());
            assert_eq!(newest.take(), None);
        }
    }

    #[test]
    fn a_question_is_told_that_it_is_not_wanted_any_more() {
        let (started, starting) = mpsc::channel();
        let (done, answered) = mpsc::channel();
        let mut newest = Newest::default();
        let late = move |cancel: &CancelFlag| {
            started.send(()).unwrap();
            while !cancel.is_cancelled() {
                std::thread::yield_now();
            }
            Some("late")
        };
        newest.ask("test-newest", move || done.send(()).unwrap(), SOON, late).unwrap();
        starting.recv_timeout(Duration::from_secs(30)).unwrap();
        assert!(newest.is_busy());
        newest.ask("test-newest", || (), SOON, |_| Some("wanted")).unwrap();
        answered.recv_timeout(Duration::from_secs(30)).unwrap();
        assert_eq!(newest.take(), Some("wanted"));
    }

    #[test]
    fn a_question_that_waits_is_never_begun_once_it_is_stopped() {
        let (begun, beginning) = mpsc::channel();
        let mut newest = Newest::default();
        assert!(!newest.has_started() && !newest.is_busy());
        newest.ask("test-newest", || (), Duration::from_secs(3600), move |_| begun.send(()).ok()).unwrap();
        assert!(newest.is_busy());
        newest.stop();
        assert!(!newest.is_busy());
        drop(newest);
        assert!(beginning.recv().is_err(), "dropped without having been run");
    }
}
