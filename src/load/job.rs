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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    const TRACE: &[u8] = br#"{"spans":[{"operationName":"a","startTime":1,"duration":1}],"processes":{}}"#;

    fn sources(count: usize) -> Vec<Source> {
        (0..count).map(|at| Source::memory(format!("file {at}"), TRACE)).collect()
    }

    /// A wake-up that counts, and the count.
    fn counting() -> (impl Fn() + Send + 'static, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let wake = move || {
            counted.fetch_add(1, SeqCst);
        };
        (wake, count)
    }

    /// Waits until `count` wake-ups came; a test that hangs here has failed.
    fn wait_for(count: &AtomicUsize) {
        while count.load(SeqCst) == 0 {
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_job_loads_then_finishes_on_its_thread_and_wakes_once() {
        let (wake, woken) = counting();
        let finish = |loaded: Loaded, progress: &Progress| {
            assert_eq!(progress.phase(), Phase::Preparing);
            (loaded.store.len(), std::thread::current().name().map(str::to_owned))
        };
        let job = spawn(sources(1), Options::default(), None, finish, wake);
        wait_for(&woken);
        assert!(matches!(job.poll(), Some(Ok((1, Some(name)))) if name == "load"));
        assert_eq!((job.progress().phase(), job.progress().spans()), (Phase::Done, 1));
        assert_eq!(job.progress().bytes(), TRACE.len() as u64);
        assert_eq!(woken.load(SeqCst), 1);
    }

    #[test]
    fn a_second_load_adds_to_the_workspace() {
        let keep = |loaded: Loaded, _: &Progress| loaded;
        let first = spawn(sources(1), Options::default(), None, keep, || {}).wait().unwrap();
        let second = Source::memory("second", TRACE.to_vec().into_boxed_slice());
        let both = spawn(vec![second], Options::default(), Some(Arc::new(first.store)), keep, || {}).wait().unwrap();
        assert_eq!((both.store.inputs().len(), both.origins.len()), (2, 1));
        assert_eq!(both.store.inputs()[1].name, "second");
        let hash = both.origins[0].sha256().unwrap();
        assert_eq!((hash.len(), hash), (64, first.origins[0].sha256().unwrap()), "the same bytes");
    }

    #[test]
    fn cancelling_and_failing_end_with_a_reason_and_a_wake_up() {
        let (wake, woken) = counting();
        let (go, wait) = bounded::<()>(1);
        let finish = move |_: Loaded, progress: &Progress| {
            // Cancelled in the middle of what the caller does.
            let _ = wait.recv();
            progress.is_cancelled()
        };
        let job = spawn(sources(2), Options::default(), None, finish, wake);
        assert!(job.poll().is_none());
        job.cancel();
        go.send(()).unwrap();
        wait_for(&woken);
        assert!(matches!(job.poll(), Some(Err(LoadError::Cancelled))));

        let (wake, woken) = counting();
        let job = spawn(Vec::new(), Options::default(), None, |_, _| (), wake);
        wait_for(&woken);
        assert!(matches!(job.poll(), Some(Err(LoadError::NoInput))));
    }

    #[test]
    fn a_panic_on_the_thread_is_an_error_and_still_wakes() {
        let (wake, woken) = counting();
        let finish = |loaded: Loaded, _: &Progress| assert!(loaded.store.is_empty(), "on purpose");
        let job = spawn(sources(1), Options::default(), None, finish, wake);
        wait_for(&woken);
        assert!(matches!(job.poll(), Some(Err(LoadError::Internal { .. }))));
    }
}
