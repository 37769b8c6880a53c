//! How far loading has come, and whether it shall stop. Shared between threads.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};

/// What the loader is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, strum::Display, strum::FromRepr)]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum Phase {
    /// Looking for the inputs.
    #[default]
    Opening = 0,
    /// Reading bytes and parsing spans.
    Reading = 1,
    /// Resolving parents, links and duplicates.
    Joining = 2,
    /// Clocks, layout and index: what the caller asked to run after loading.
    Preparing = 3,
    /// Everything is there.
    Done = 4,
}

/// Counters of a load. All methods may be called from any thread.
#[derive(Debug, Default)]
pub struct Progress {
    bytes: AtomicU64,
    total_bytes: AtomicU64,
    spans: AtomicU64,
    phase: AtomicU8,
    cancelled: AtomicBool,
}

impl Progress {
    /// Stored (not inflated) bytes read so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// Stored bytes of all inputs, `None` while unknown or when a stream is among them.
    #[must_use]
    pub fn total_bytes(&self) -> Option<u64> {
        Some(self.total_bytes.load(Relaxed)).filter(|&total| total > 0)
    }

    /// Spans parsed so far.
    #[must_use]
    pub fn spans(&self) -> u64 {
        self.spans.load(Relaxed)
    }

    /// What is being done.
    #[must_use]
    pub fn phase(&self) -> Phase {
        Phase::from_repr(self.phase.load(Relaxed)).unwrap_or_default()
    }

    /// Asks the loader to stop; it answers with [`LoadError::Cancelled`](super::LoadError::Cancelled).
    pub fn cancel(&self) {
        self.cancelled.store(true, Relaxed);
    }

    /// True once [`Self::cancel`] was called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Relaxed)
    }

    /// Counts stored bytes.
    pub(super) fn add_bytes(&self, count: u64) {
        self.bytes.fetch_add(count, Relaxed);
    }

    /// Counts spans.
    pub(super) fn add_spans(&self, count: u64) {
        self.spans.fetch_add(count, Relaxed);
    }

    pub(super) fn set_total(&self, total: Option<u64>) {
        self.total_bytes.store(total.unwrap_or(0), Relaxed);
    }

    pub(super) fn set_phase(&self, phase: Phase) {
        self.phase.store(phase as u8, Relaxed);
    }
}
