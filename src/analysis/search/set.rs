//! A set of spans as one bit per span.

use rayon::iter::{IndexedParallelIterator as _, ParallelIterator as _};
use rayon::slice::ParallelSliceMut as _;

use super::CancelFlag;
use crate::model::SpanIx;

/// Some spans of a store.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SpanSet {
    words: Vec<u64>,
    len: usize,
}

/// Words that one piece of parallel work fills: 16,384 spans.
const CHUNK: usize = 256;

impl SpanSet {
    /// No span out of `len`.
    #[must_use]
    pub fn none(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)], len }
    }

    /// All of `len` spans.
    #[must_use]
    pub fn all(len: usize) -> Self {
        let mut set = Self { words: vec![u64::MAX; len.div_ceil(64)], len };
        set.clear_tail();
        set
    }

    /// The spans of `0..len` for which `is_in` holds; `None` when cancelled.
    #[must_use]
    pub fn from_fn(len: usize, cancel: &CancelFlag, is_in: impl Fn(usize) -> bool + Sync) -> Option<Self> {
        let mut set = Self::none(len);
        set.words.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, words)| {
            if cancel.is_cancelled() {
                return;
            }
            for (at, word) in words.iter_mut().enumerate() {
                let first = (chunk * CHUNK + at) * 64;
                let mut bits = 0;
                for bit in 0..64.min(len - first) {
                    bits |= u64::from(is_in(first + bit)) << bit;
                }
                *word = bits;
            }
        });
        cancel.going_on()?;
        Some(set)
    }

    /// Number of spans that the set is about, in it or not.
    #[must_use]
    pub const fn universe(&self) -> usize {
        self.len
    }

    /// True when `span` is in the set.
    #[must_use]
    pub fn has(&self, span: SpanIx) -> bool {
        self.words.get(span.at() / 64).is_some_and(|word| word >> (span.at() % 64) & 1 == 1)
    }

    /// Puts `span` in. A span outside of the universe is ignored.
    pub fn insert(&mut self, span: SpanIx) {
        if span.at() < self.len {
            self.words[span.at() / 64] |= 1 << (span.at() % 64);
        }
    }

    /// Number of spans in the set.
    #[must_use]
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// True when no span is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    /// Keeps what is in `other` too.
    pub fn keep(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= other;
        }
    }

    /// Adds what is in `other`.
    pub fn add(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
    }

    /// Swaps in and out.
    pub fn invert(&mut self) {
        for word in &mut self.words {
            *word = !*word;
        }
        self.clear_tail();
    }

    /// One bit per span, the first span in the lowest bit of the first word.
    #[must_use]
    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    /// The spans in the set, in input order.
    pub fn iter(&self) -> impl Iterator<Item = SpanIx> + '_ {
        self.words.iter().enumerate().flat_map(|(at, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                if rest == 0 {
                    return None;
                }
                let bit = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                Some(SpanIx::from_usize(at * 64 + bit))
            })
        })
    }

    fn clear_tail(&mut self) {
        let used = self.len % 64;
        if used != 0
            && let Some(last) = self.words.last_mut()
        {
            *last &= (1 << used) - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_a_vector_of_bools() {
        for len in [0, 1, 63, 64, 65, 1000, 40_000] {
            let member = |at: usize| at % 7 == 3 || at % 64 == 63;
            let set = SpanSet::from_fn(len, &CancelFlag::new(), member).unwrap();
            let expected: Vec<SpanIx> = (0..len).filter(|&at| member(at)).map(SpanIx::from_usize).collect();
            assert_eq!(set.iter().collect::<Vec<_>>(), expected);
            assert_eq!(set.count(), expected.len());
            let mut rest = set.clone();
            rest.invert();
            assert_eq!(rest.count(), len - expected.len());
            rest.keep(&set);
            assert!(rest.is_empty());
            rest.invert();
            assert_eq!(rest, SpanSet::all(len));
            assert!(!set.has(SpanIx::from_usize(len)));
        }
    }

    #[test]
    fn a_cancelled_fill_has_no_result() {
        let cancel = CancelFlag::new();
        cancel.cancel();
        assert_eq!(SpanSet::from_fn(10, &cancel, |_| true), None);
    }
}
