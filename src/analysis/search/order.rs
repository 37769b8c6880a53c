//! The order in which people expect values: numbers by size, then text without regard to case.

use rayon::iter::{IndexedParallelIterator as _, IntoParallelRefMutIterator as _, ParallelIterator as _};
use rayon::slice::ParallelSliceMut as _;
use std::borrow::Cow;
use std::cmp::Ordering;

use super::{Label, Number, fold};
use crate::analysis::clocks::domains::Domains;
use crate::model::TraceStore;

/// The rank of each of `labels` among all of them, from 0. Distinct labels never share one: texts that
/// differ only in case are ordered by their bytes, equal ones by position.
#[must_use]
pub fn ranks(store: &TraceStore, domains: &Domains, labels: &[Label]) -> Vec<u32> {
    let mut numbers: Vec<(Number, u32)> = Vec::new();
    let mut texts: Vec<Keyed> = Vec::new();
    for (at, label) in (0_u32..).zip(labels) {
        let number = if matches!(label, Label::Value(_)) { label.number(store) } else { None };
        match number {
            Some(number) => numbers.push((number, at)),
            None => texts.push((0, at)),
        }
    }
    let text = |at: u32| labels[at as usize].text(store, domains);
    numbers
        .par_sort_unstable_by(|a, b| a.0.order(b.0).then_with(|| compare(&text(a.1), &text(b.1))).then(a.1.cmp(&b.1)));
    sort_texts(&mut texts, 0, &text);
    let mut ranks = vec![0; labels.len()];
    let in_order = numbers.iter().map(|entry| entry.1).chain(texts.iter().map(|entry| entry.1));
    for (rank, at) in (0_u32..).zip(in_order) {
        ranks[at as usize] = rank;
    }
    ranks
}

/// Bytes of a folded text, and which label's text it is.
type Keyed = (u128, u32);

/// Bytes that a key holds.
const KEY_BYTES: usize = 16;

/// From here on texts are compared as a whole: few share that much.
const MAX_DEPTH: usize = 16 * KEY_BYTES;

/// Sorts by the texts from byte `depth` on, all earlier ones being equal. Comparing cached keys of 16 bytes
/// spares looking at the texts themselves, which lie anywhere in memory.
fn sort_texts<'a>(run: &mut [Keyed], depth: usize, text: &(impl Fn(u32) -> Cow<'a, str> + Sync)) {
    if depth >= MAX_DEPTH {
        run.par_sort_unstable_by(|a, b| compare(&text(a.1), &text(b.1)).then(a.1.cmp(&b.1)));
        return;
    }
    run.par_iter_mut().with_min_len(4096).for_each(|entry| entry.0 = key(&text(entry.1), depth));
    run.par_sort_unstable();
    for same in run.chunk_by_mut(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
        if same.len() > 32 {
            sort_texts(same, depth + KEY_BYTES, text);
        } else {
            same.sort_unstable_by(|a, b| compare(&text(a.1), &text(b.1)).then(a.1.cmp(&b.1)));
        }
    }
}

/// The 16 bytes of the folded text from `depth` on, padded with zeros.
fn key(text: &str, depth: usize) -> u128 {
    let mut bytes = [0_u8; KEY_BYTES];
    let end = text.len().min(depth + KEY_BYTES);
    if text.as_bytes()[..end].is_ascii() {
        for (byte, from) in bytes.iter_mut().zip(text.as_bytes()[..end].iter().skip(depth)) {
            *byte = from.to_ascii_lowercase();
        }
        return u128::from_be_bytes(bytes);
    }
    let mut folded = String::with_capacity(64);
    // Folding never makes a character vanish, so that this many of them fill the key.
    let end = text.char_indices().nth(depth + KEY_BYTES).map_or(text.len(), |(at, _)| at);
    fold(&text[..end], &mut folded);
    for (byte, from) in bytes.iter_mut().zip(folded.bytes().skip(depth)) {
        *byte = from;
    }
    u128::from_be_bytes(bytes)
}

/// Without regard to case, then by bytes.
fn compare(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        // Byte by byte: no copies, and long texts mostly differ early.
        let folded =
            a.bytes().map(|byte| byte.to_ascii_lowercase()).cmp(b.bytes().map(|byte| byte.to_ascii_lowercase()));
        return folded.then_with(|| a.cmp(b));
    }
    let folded = |text| {
        let mut out = String::new();
        fold(text, &mut out);
        out
    };
    folded(a).cmp(&folded(b)).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Part, StoreBuilder};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn texts_sort_as_their_folded_forms(
            heads in prop::collection::vec("|a{14,17}|[aA]{300}|É{8}|aaaa bbbb cccc dddd eeee", 1..4),
            tails in prop::collection::vec("[aAbé\\x00]{0,3}", 1..120),
        ) {
            let mut part = Part::new();
            let labels: Vec<Label> = tails
                .iter()
                .enumerate()
                .map(|(at, tail)| Label::Sym(part.strings.intern(&format!("{}{tail}", heads[at % heads.len()]))))
                .collect();
            let mut builder = StoreBuilder::new();
            let input = builder.add_input(crate::model::Input::default());
            let texts: Vec<String> = labels
                .iter()
                .map(|label| if let Label::Sym(sym) = label { part.strings.get(*sym).to_owned() } else { String::new() })
                .collect();
            // Symbols keep their numbers: the first part's strings come into an empty table.
            builder.absorb(part, input);
            let store = builder.finish();
            let ranks = ranks(&store, &Domains::default(), &labels);
            let folded = |text: &str| text.to_lowercase().replace('ς', "σ");
            let mut expected: Vec<usize> = (0..texts.len()).collect();
            expected.sort_by_key(|&at| (folded(&texts[at]), texts[at].clone(), at));
            let mut found: Vec<usize> = (0..texts.len()).collect();
            found.sort_by_key(|&at| ranks[at]);
            prop_assert_eq!(found, expected);
        }
    }
}
