//! Loading on a thread of its own, so that a window stays alive meanwhile.

use std::sync::Arc;

use crossbeam_channel::{Receiver, TryRecvError, bounded};

use super::{LoadError, Loaded, Options, Phase, Progress, Source, load_into};
use crate::model::TraceStore;

/// A load that runs in the background. Dropping it cancels the load.
#[derive(Debug)]
pub struct Job<T> {
    progress: Arc<Progress>,
    result: Receiver<Result<T, LoadError>>,
}

impl<T> Job<T> {
    /// How far it has come.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Asks the job to stop. Its result is then [`LoadError::Cancelled`].
    pub fn cancel(&self) {
        self.progress.cancel();
    }

    /// The result, once; `None` while the job still runs.
    #[must_use]
    pub fn poll(&self) -> Option<Result<T, LoadError>> {
        match self.result.try_recv() {
            Ok(result) => Some(result),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(died())),
        }
    }

    /// Blocks until the result is there.
    ///
    /// # Errors
    /// What the load failed with.
    pub fn wait(self) -> Result<T, LoadError> {
        self.result.recv().unwrap_or_else(|_| Err(died()))
    }
}

impl<T> Drop for Job<T> {
    fn drop(&mut self) {
        self.progress.cancel();
    }
}

fn died() -> LoadError {
    LoadError::Internal { detail: "the loading thread ended without an answer".to_owned() }
}

/// Loads `sources` on a thread, adding to `existing` if there is one, then runs `finish` on the same
/// thread: the clock analysis, layout and index that a window needs before its first frame.
///
/// `wake` is called once the result can be polled, also when the load failed or panicked.
pub fn spawn<T: Send + 'static>(
    sources: Vec<Source>,
    options: Options,
    existing: Option<Arc<TraceStore>>,
    finish: impl FnOnce(Loaded, &Progress) -> T + Send + 'static,
    wake: impl Fn() + Send + 'static,
) -> Job<T> {
    let progress = Arc::new(Progress::default());
    let (sender, result) = bounded(1);
    let job = Job { progress: Arc::clone(&progress), result };
    let answer = sender.clone();
    let work = move || {
        // Dropped last, after the sender, so that a wake-up always finds the answer.
        let _wake = WakeOnDrop(wake);
        let sender = sender;
        let loaded = load_into(existing.as_deref(), &sources, &options, &progress);
        let outcome = loaded.and_then(|loaded| {
            progress.set_phase(Phase::Preparing);
            let finished = finish(loaded, &progress);
            if progress.is_cancelled() { Err(LoadError::Cancelled) } else { Ok(finished) }
        });
        progress.set_phase(Phase::Done);
        // Nobody listens any more when the job was dropped.
        let _ = sender.send(outcome);
    };
    if let Err(error) = std::thread::Builder::new().name("load".to_owned()).spawn(work) {
        let _ = answer.try_send(Err(LoadError::Internal { detail: format!("no thread: {error}") }));
    }
    job
}

struct WakeOnDrop<F: Fn()>(F);

impl<F: Fn()> Drop for WakeOnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
