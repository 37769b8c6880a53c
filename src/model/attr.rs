//! Attributes: distinct key/value pairs, stored once, named by an [`AttrId`].

use hashbrown::HashTable;

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

    /// The value as plain numbers that are equal exactly when the values are.
    pub(crate) const fn packed(self) -> Packed {
        let (tag, payload) = match self {
            Self::Empty => (0, 0),
            Self::Str(sym) => (1, sym.0 as u64),
            Self::Int(int) => (2, int.cast_unsigned()),
            Self::Double(double) => (3, double.to_bits()),
            Self::Bool(flag) => (4, flag as u64),
            Self::Bytes(sym) => (5, sym.0 as u64),
            Self::Json(sym) => (6, sym.0 as u64),
        };
        Packed { tag, payload }
    }
}

/// A [`Value`] as two numbers. Readers pass this on instead of the enum: copying an enum whose fields have just been
/// written one by one makes the processor wait for the writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Packed {
    tag: u64,
    payload: u64,
}

impl Packed {
    pub(crate) const EMPTY: Self = Value::Empty.packed();

    pub(crate) const fn value(self) -> Value {
        let sym = Sym(self.payload as u32);
        match self.tag {
            1 => Value::Str(sym),
            2 => Value::Int(self.payload.cast_signed()),
            3 => Value::Double(f64::from_bits(self.payload)),
            4 => Value::Bool(self.payload != 0),
            5 => Value::Bytes(sym),
            6 => Value::Json(sym),
            _ => Value::Empty,
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.packed() == other.packed()
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
    by_content: HashTable<Entry>,
}

/// A pair in the table. Its hash is kept, so that growing the table touches no pair.
#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u32,
    ix: u32,
}

impl Attrs {
    /// The id of `key = value`, stored now if it is new.
    pub fn intern(&mut self, key: Sym, value: Value) -> AttrId {
        self.intern_packed(key, value.packed())
    }

    /// Like [`Self::intern`].
    pub(crate) fn intern_packed(&mut self, key: Sym, value: Packed) -> AttrId {
        let hash = hash_of(key, value);
        let same = |entry: &Entry| {
            let pair = &self.pairs[entry.ix as usize];
            entry.hash == hash && pair.key == key && pair.value.packed() == value
        };
        if let Some(found) = self.by_content.find(spread(hash), same) {
            return AttrId(found.ix);
        }
        let ix = u32::try_from(self.pairs.len()).unwrap_or(u32::MAX);
        self.pairs.push(Attr { key, value: value.value() });
        self.by_content.insert_unique(spread(hash), Entry { hash, ix }, |entry| spread(entry.hash));
        AttrId(ix)
    }

    /// Makes room for `count` pairs.
    pub(super) fn reserve(&mut self, count: usize) {
        self.pairs.reserve(count);
        self.by_content.reserve(count, |entry| spread(entry.hash));
    }

    /// Gives back memory that is not in use.
    pub(super) fn shrink(&mut self) {
        self.pairs.shrink_to_fit();
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

/// One wide multiplication mixes both halves well enough, and is much faster than a general hash.
fn hash_of(key: Sym, value: Packed) -> u32 {
    let Packed { tag, payload } = value;
    let key = u64::from(key.0) << 8 | tag;
    let product = u128::from(key ^ 0x9e37_79b9_7f4a_7c15) * u128::from(payload ^ 0x2545_f491_4f6c_dd1d);
    let folded = (product >> 64) as u64 ^ product as u64;
    (folded ^ (folded >> 32)) as u32
}

/// The table takes buckets from the low bits and tags from the high ones.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_loses_nothing() {
        for value in [
            Value::Empty,
            Value::Str(Sym(u32::MAX)),
            Value::Int(i64::MIN),
            Value::Int(-1),
            Value::Double(-0.0),
            Value::Double(f64::NAN),
            Value::Bool(true),
            Value::Bool(false),
            Value::Bytes(Sym(7)),
            Value::Json(Sym(7)),
        ] {
            let back = value.packed().value();
            assert_eq!(back, value);
            assert_eq!(std::mem::discriminant(&back), std::mem::discriminant(&value));
        }
    }

    #[test]
    fn equal_pairs_share_an_id_and_nan_equals_itself() {
        let mut attrs = Attrs::default();
        let nan = attrs.intern(Sym(1), Value::Double(f64::NAN));
        assert_eq!(attrs.intern(Sym(1), Value::Double(f64::NAN)), nan);
        assert_ne!(attrs.intern(Sym(1), Value::Int(0)), attrs.intern(Sym(1), Value::Bool(false)));
        assert_eq!(attrs.pairs().len(), 3);
    }
}
