//! Moves attributes and texts from one part's tables into another's.

use crate::model::{AttrId, Attrs, Part, Strings, Sym};

/// The attributes `ids` of `from`, as ids of the given tables.
pub(super) fn attrs(ids: &[AttrId], from: &Part, strings: &mut Strings, attrs: &mut Attrs) -> Vec<AttrId> {
    ids.iter()
        .map(|&id| {
            let attr = from.attrs.get(id);
            let key = sym(attr.key, from, strings);
            let value = attr.value.map_sym(|text| sym(text, from, strings));
            attrs.intern(key, value)
        })
        .collect()
}

/// The text `sym` of `from`, as a symbol of `strings`.
pub(super) fn sym(sym: Sym, from: &Part, strings: &mut Strings) -> Sym {
    strings.intern(from.strings.get(sym))
}
