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
    by_content: HashTable<u32>,
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
        let hash = HASHER.hash_one(text.as_bytes());
        if let Some(&found) = self.by_content.find(hash, |&ix| slice(&self.text, &self.ends, ix) == text) {
            return Sym(found);
        }
        let Ok(ix) = u32::try_from(self.ends.len()) else { return Sym::EMPTY };
        self.text.push_str(text);
        self.ends.push(self.text.len());
        let (buffer, ends) = (&self.text, &self.ends);
        self.by_content.insert_unique(hash, ix, |&ix| HASHER.hash_one(slice(buffer, ends, ix).as_bytes()));
        Sym(ix)
    }

    /// The symbol of `text` if it has been interned.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<Sym> {
        let hash = HASHER.hash_one(text.as_bytes());
        self.by_content.find(hash, |&ix| slice(&self.text, &self.ends, ix) == text).map(|&ix| Sym(ix))
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
