//! Interned strings: every distinct text is stored once and named by a [`Sym`].

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// An interned string. `Sym::EMPTY` is the empty string in every interner.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Sym(pub u32);

impl Sym {
    /// The empty string.
    pub const EMPTY: Self = Self(0);

    /// True for the empty string.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The symbol as a `usize`, for indexing tables by symbol.
    #[must_use]
    pub const fn at(self) -> usize {
        self.0 as usize
    }
}

impl Default for Sym {
    fn default() -> Self {
        Self::EMPTY
    }
}

/// Distinct strings in one buffer, found again by content.
///
/// Symbols are handed out in order of first use, so that the same input gives the same symbols.
#[derive(Clone, Debug)]
pub struct Strings {
    text: String,
    /// End of each string in `text`; string `i` starts where `i - 1` ends.
    ends: Vec<usize>,
    by_content: HashTable<Entry>,
}

/// A string in the table. Its hash is kept, so that growing the table touches no text.
#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u32,
    ix: u32,
}

const HASHER: FixedState = FixedState::with_seed(0x005e_ed0f_5ca1_ab1e);

impl Default for Strings {
    fn default() -> Self {
        let mut strings = Self { text: String::new(), ends: Vec::new(), by_content: HashTable::new() };
        strings.intern("");
        strings
    }
}

impl Strings {
    /// The symbol of `text`, stored now if it is new.
    ///
    /// At most `u32::MAX - 1` distinct strings; past that every new string maps to the empty one.
    pub fn intern(&mut self, text: &str) -> Sym {
        self.intern_hashed(text, hash_of(text))
    }

    /// Like [`Self::intern`], with the hash of `text` from [`Self::hashes`] of another interner.
    pub(super) fn intern_hashed(&mut self, text: &str, hash: u32) -> Sym {
        let same = |entry: &Entry| entry.hash == hash && slice(&self.text, &self.ends, entry.ix) == text;
        if let Some(found) = self.by_content.find(spread(hash), same) {
            return Sym(found.ix);
        }
        let Ok(ix) = u32::try_from(self.ends.len()) else { return Sym::EMPTY };
        self.text.push_str(text);
        self.ends.push(self.text.len());
        self.by_content.insert_unique(spread(hash), Entry { hash, ix }, |entry| spread(entry.hash));
        Sym(ix)
    }

    /// The hashes of all strings, in symbol order.
    pub(super) fn hashes(&self) -> Vec<u32> {
        let mut hashes = vec![0; self.ends.len()];
        for entry in &self.by_content {
            hashes[entry.ix as usize] = entry.hash;
        }
        hashes
    }

    /// Makes room for `count` strings.
    pub(super) fn reserve(&mut self, count: usize) {
        self.ends.reserve(count);
        self.by_content.reserve(count, |entry| spread(entry.hash));
    }

    /// Gives back memory that is not in use.
    pub(super) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    /// The symbol of `text` if it has been interned.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<Sym> {
        let hash = hash_of(text);
        let same = |entry: &Entry| entry.hash == hash && slice(&self.text, &self.ends, entry.ix) == text;
        self.by_content.find(spread(hash), same).map(|entry| Sym(entry.ix))
    }

    /// The text of `sym`; empty for a symbol of another interner that is out of range here.
    #[must_use]
    pub fn get(&self, sym: Sym) -> &str {
        if sym.at() < self.ends.len() { slice(&self.text, &self.ends, sym.0) } else { "" }
    }

    /// Number of distinct strings, the empty one included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True when nothing but the empty string is stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.len() <= 1
    }

    /// All strings with their symbols, in symbol order.
    pub fn iter(&self) -> impl Iterator<Item = (Sym, &str)> {
        (0..self.ends.len()).map(|ix| {
            let ix = u32::try_from(ix).unwrap_or(u32::MAX);
            (Sym(ix), slice(&self.text, &self.ends, ix))
        })
    }

    /// All texts end to end, and where each one ends, so that a search may look at many at once.
    pub(crate) fn buffer(&self) -> (&str, &[usize]) {
        (&self.text, &self.ends)
    }

    /// Bytes of heap memory in use.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * size_of::<usize>() + self.by_content.allocation_size()
    }
}

fn hash_of(text: &str) -> u32 {
    let hash = HASHER.hash_one(text.as_bytes());
    (hash ^ (hash >> 32)) as u32
}

/// The table takes buckets from the low bits and tags from the high ones.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

fn slice<'a>(text: &'a str, ends: &[usize], ix: u32) -> &'a str {
    let ix = ix as usize;
    let start = if ix == 0 { 0 } else { ends[ix - 1] };
    &text[start..ends[ix]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interning_is_stable_and_shares_equal_text() {
        let mut strings = Strings::default();
        let a = strings.intern("chat");
        let b = strings.intern("invoke_agent");
        assert_eq!(strings.intern("chat"), a);
        assert_ne!(a, b);
        assert_eq!(strings.get(a), "chat");
        assert_eq!(strings.find("invoke_agent"), Some(b));
        assert_eq!(strings.find("nobody"), None);
        assert_eq!(strings.intern(""), Sym::EMPTY);
        assert_eq!(strings.len(), 3);
    }
}
