//! Which attributes there are to choose from.

use crate::model::{AttrId, Sym, TraceStore};

/// The keys of all attributes of spans, resources and scopes, sorted as text. Keys that only events and links
/// have are not among them. Visits every attribute of every span.
#[must_use]
pub fn attribute_keys(store: &TraceStore) -> Vec<Sym> {
    let pairs = store.attrs().pairs();
    let mut is_used = vec![false; pairs.len()];
    let mut mark = |ids: &[AttrId]| {
        for id in ids {
            is_used[id.0 as usize] = true;
        }
    };
    mark(&store.spans.attrs);
    store.resources().iter().for_each(|resource| mark(&resource.attrs));
    store.scopes().iter().for_each(|scope| mark(&scope.attrs));
    let used = pairs.iter().zip(&is_used).filter(|(_, is_used)| **is_used);
    let mut keys: Vec<Sym> = used.map(|(pair, _)| pair.key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.sort_unstable_by_key(|&key| store.text(key));
    keys
}
