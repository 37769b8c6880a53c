//! The order in which people expect values: numbers by size, then text without regard to case.

use rayon::slice::ParallelSliceMut as _;
use std::cmp::Ordering;

use super::{Label, Number, fold};
use crate::analysis::clocks::domains::Domains;
use crate::model::TraceStore;

/// The rank of each of `labels` among all of them, from 0. Distinct labels never share one: texts that
/// differ only in case are ordered by their bytes, equal ones by position.
#[must_use]
pub fn ranks(store: &TraceStore, domains: &Domains, labels: &[Label]) -> Vec<u32> {
    let mut numbers: Vec<(Number, u32)> = Vec::new();
    let mut texts: Vec<(u128, u32)> = Vec::new();
    for (at, label) in (0_u32..).zip(labels) {
        let number = if matches!(label, Label::Value(_)) { label.number(store) } else { None };
        match number {
            Some(number) => numbers.push((number, at)),
            None => texts.push((prefix(&label.text(store, domains)), at)),
        }
    }
    let text = |at: u32| labels[at as usize].text(store, domains);
    numbers
        .par_sort_unstable_by(|a, b| a.0.order(b.0).then_with(|| compare(&text(a.1), &text(b.1))).then(a.1.cmp(&b.1)));
    texts.par_sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| compare(&text(a.1), &text(b.1))).then(a.1.cmp(&b.1)));
    let mut ranks = vec![0; labels.len()];
    let in_order = numbers.iter().map(|entry| entry.1).chain(texts.iter().map(|entry| entry.1));
    for (rank, at) in (0_u32..).zip(in_order) {
        ranks[at as usize] = rank;
    }
    ranks
}

/// The first 16 bytes of the folded text, so that most comparisons need no text.
fn prefix(text: &str) -> u128 {
    let mut bytes = [0_u8; 16];
    let head = &text.as_bytes()[..text.len().min(16)];
    if head.is_ascii() {
        for (byte, from) in bytes.iter_mut().zip(head) {
            *byte = from.to_ascii_lowercase();
        }
        return u128::from_be_bytes(bytes);
    }
    let mut folded = String::with_capacity(64);
    // Folding never makes a character vanish, so that 16 of them fill the prefix.
    let end = text.char_indices().nth(16).map_or(text.len(), |(at, _)| at);
    fold(&text[..end], &mut folded);
    for (byte, from) in bytes.iter_mut().zip(folded.bytes()) {
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
