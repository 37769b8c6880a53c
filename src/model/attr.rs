//! Attributes: distinct key/value pairs, stored once, named by an [`AttrId`].

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

use super::strings::Sym;

/// One attribute value (OTLP `AnyValue`).
///
/// Doubles compare and hash by their bits, so that `NaN` is equal to itself and `-0.0` differs from `0.0`.
#[derive(Clone, Copy, Debug, Default)]
pub enum Value {
    /// No value was set.
    #[default]
    Empty,
    /// Text.
    Str(Sym),
    /// A signed 64-bit integer.
    Int(i64),
    /// A double; may be `NaN` or infinite.
    Double(f64),
    /// A boolean.
    Bool(bool),
    /// Raw bytes, interned as standard base64 text.
    Bytes(Sym),
    /// An array or key-value list, interned as compact JSON. Bytes inside are base64 strings.
    Json(Sym),
}

impl Value {
    /// The interned text behind a string, bytes or JSON value.
    #[must_use]
    pub const fn sym(self) -> Option<Sym> {
        match self {
            Self::Str(sym) | Self::Bytes(sym) | Self::Json(sym) => Some(sym),
            Self::Empty | Self::Int(_) | Self::Double(_) | Self::Bool(_) => None,
        }
    }

    /// The same value with its interned text replaced, for moving values between interners.
    #[must_use]
    pub fn map_sym(self, map: impl FnOnce(Sym) -> Sym) -> Self {
        match self {
            Self::Str(sym) => Self::Str(map(sym)),
            Self::Bytes(sym) => Self::Bytes(map(sym)),
            Self::Json(sym) => Self::Json(map(sym)),
            other => other,
        }
    }

    /// A tag and a payload that are equal exactly when the values are.
    const fn bits(self) -> (u8, u64) {
        match self {
            Self::Empty => (0, 0),
            Self::Str(sym) => (1, sym.0 as u64),
            Self::Int(int) => (2, int.cast_unsigned()),
            Self::Double(double) => (3, double.to_bits()),
            Self::Bool(flag) => (4, flag as u64),
            Self::Bytes(sym) => (5, sym.0 as u64),
            Self::Json(sym) => (6, sym.0 as u64),
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.bits() == other.bits()
    }
}

impl Eq for Value {}

/// A distinct key/value pair of an [`Attrs`] table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AttrId(pub u32);

/// A key with its value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attr {
    /// The interned key.
    pub key: Sym,
    /// The value.
    pub value: Value,
}

/// The table of distinct attributes.
#[derive(Clone, Debug, Default)]
pub struct Attrs {
    pairs: Vec<Attr>,
    by_content: HashTable<u32>,
}

const HASHER: FixedState = FixedState::with_seed(0x000a_77f5);

impl Attrs {
    /// The id of `key = value`, stored now if it is new.
    pub fn intern(&mut self, key: Sym, value: Value) -> AttrId {
        let attr = Attr { key, value };
        let hash = hash_of(attr);
        if let Some(&found) = self.by_content.find(hash, |&ix| self.pairs[ix as usize] == attr) {
            return AttrId(found);
        }
        let ix = u32::try_from(self.pairs.len()).unwrap_or(u32::MAX);
        self.pairs.push(attr);
        let pairs = &self.pairs;
        self.by_content.insert_unique(hash, ix, |&ix| hash_of(pairs[ix as usize]));
        AttrId(ix)
    }

    /// The pair behind `id`.
    #[must_use]
    pub fn get(&self, id: AttrId) -> Attr {
        self.pairs[id.0 as usize]
    }

    /// All distinct pairs, indexed by [`AttrId`].
    #[must_use]
    pub fn pairs(&self) -> &[Attr] {
        &self.pairs
    }

    /// Bytes of heap memory in use.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.pairs.capacity() * size_of::<Attr>() + self.by_content.allocation_size()
    }
}

fn hash_of(attr: Attr) -> u64 {
    HASHER.hash_one((attr.key.0, attr.value.bits()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_pairs_share_an_id_and_nan_equals_itself() {
        let mut attrs = Attrs::default();
        let nan = attrs.intern(Sym(1), Value::Double(f64::NAN));
        assert_eq!(attrs.intern(Sym(1), Value::Double(f64::NAN)), nan);
        assert_ne!(attrs.intern(Sym(1), Value::Int(0)), attrs.intern(Sym(1), Value::Bool(false)));
        assert_eq!(attrs.pairs().len(), 3);
    }
}
