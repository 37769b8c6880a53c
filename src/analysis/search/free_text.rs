//! Free text: a word that may stand anywhere in what a span says.
//!
//! Looked at: the span's name, the values of its attributes, the names and attribute values of its
//! events, its status message and server warnings, its scope's name, and the attribute values of its
//! resource, except those that only describe the instrumentation (`telemetry.*`), which all spans
//! share. A word of 16 or 32 hex digits also finds the span or trace with that id. Attribute keys
//! and links are not looked at.

use rayon::iter::{IndexedParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};
use std::fmt::Write as _;
use std::ops::Range;

use super::pattern::Needle;
use super::{CancelFlag, Matcher, Pattern, SpanSet};
use crate::model::{AttrId, SpanId, SpanIx, Sym, TraceStore, Value};

/// Bytes of text per piece of parallel work.
const CHUNK_BYTES: usize = 256 * 1024;

/// The spans that say something that `pattern` matches; `None` when cancelled.
pub(super) fn find(store: &TraceStore, pattern: &Pattern, cancel: &CancelFlag) -> Option<SpanSet> {
    let matcher = Matcher::new(pattern);
    let text = matching_strings(store, &matcher, cancel)?;
    let pairs = matching_pairs(store, &matcher, &text, cancel)?;
    let has = |ids: &[AttrId]| ids.iter().any(|id| pairs[id.0 as usize]);
    let of_resource: Vec<bool> = store
        .resources
        .iter()
        .map(|resource| {
            let telling = resource.attrs.iter().filter(|&&id| {
                let key = store.text(store.attrs().get(id).key);
                !key.starts_with("telemetry.")
            });
            telling.into_iter().any(|id| pairs[id.0 as usize])
        })
        .collect();
    let of_scope: Vec<bool> = store.scopes.iter().map(|scope| text[scope.name.at()]).collect();
    let spans = &store.spans;
    let mut set = SpanSet::from_fn(store.len(), cancel, |at| {
        text[spans.name[at].at()]
            || of_resource[spans.resource[at].at()]
            || of_scope[spans.scope[at].at()]
            || has(store.span(SpanIx::from_usize(at)).attr_ids())
            || has(event_attrs_of(store, at))
            || events_of(store, at).any(|event| text[store.events.name[event].at()])
    })?;
    for (span, rare) in &spans.rare {
        if text[rare.status_message.at()] || rare.warnings.iter().any(|warning| text[warning.at()]) {
            set.insert(*span);
        }
    }
    add_ids(store, &matcher, &mut set);
    Some(set)
}

/// Positions of the events of span `at` in the event columns.
pub(super) fn events_of(store: &TraceStore, at: usize) -> Range<usize> {
    let ends = &store.spans.event_end;
    let start = if at == 0 { 0 } else { ends[at - 1] as usize };
    start..ends[at] as usize
}

/// The attributes of all events of span `at`.
pub(super) fn event_attrs_of(store: &TraceStore, at: usize) -> &[AttrId] {
    let events = events_of(store, at);
    if events.is_empty() {
        return &[];
    }
    let ends = &store.events.attr_end;
    let start = if events.start == 0 { 0 } else { ends[events.start - 1] as usize };
    &store.events.attrs[start..ends[events.end - 1] as usize]
}

/// Writes a span id as text into `out`, without allocating for the usual ones.
pub(super) fn id_text(store: &TraceStore, id: SpanId, out: &mut String) {
    out.clear();
    match id {
        SpanId::None => {}
        SpanId::Bytes(bits) => {
            let _ = write!(out, "{bits:016x}");
        }
        SpanId::Text(sym) => out.push_str(store.text(sym)),
    }
}

/// One verdict per symbol, right for the symbols in `used` (and for no others).
pub(super) fn sym_verdicts(
    store: &TraceStore,
    used: &[Sym],
    matcher: &Matcher,
    cancel: &CancelFlag,
) -> Option<Vec<bool>> {
    let mut is_used = vec![false; store.strings().len()];
    for sym in used {
        is_used[sym.at()] = true;
    }
    let verdicts = is_used
        .par_iter()
        .with_min_len(1024)
        .enumerate()
        .map_init(String::new, |scratch, (at, &is_used)| {
            is_used && !cancel.is_cancelled() && matcher.matches(store.text(sym_at(at)), scratch)
        })
        .collect();
    cancel.going_on()?;
    Some(verdicts)
}

fn sym_at(at: usize) -> Sym {
    Sym(u32::try_from(at).unwrap_or(u32::MAX))
}

/// One verdict per symbol, for all symbols.
fn matching_strings(store: &TraceStore, matcher: &Matcher, cancel: &CancelFlag) -> Option<Vec<bool>> {
    let (buffer, ends) = store.strings().buffer();
    let chunks = chunks(ends);
    let found: Vec<Option<Vec<usize>>> = chunks
        .par_iter()
        .map(|chunk| {
            cancel.going_on()?;
            let start = if chunk.start == 0 { 0 } else { ends[chunk.start - 1] };
            let text = &buffer[start..ends[chunk.end - 1]];
            let mut found = Vec::new();
            match matcher.needle() {
                Some(needle) if needle.is_bytewise_in(text) => {
                    find_in_joined(needle, text, start, &ends[chunk.clone()], |at| found.push(chunk.start + at));
                }
                _ => {
                    let mut scratch = String::new();
                    found.extend(chunk.clone().filter(|&at| matcher.matches(store.text(sym_at(at)), &mut scratch)));
                }
            }
            Some(found)
        })
        .collect();
    let mut verdicts = vec![false; ends.len()];
    for chunk in found {
        for at in chunk? {
            verdicts[at] = true;
        }
    }
    // The empty string stands for "not stated" in most columns.
    verdicts[Sym::EMPTY.at()] = false;
    Some(verdicts)
}

/// Ranges of symbols whose texts are about [`CHUNK_BYTES`] together.
fn chunks(ends: &[usize]) -> Vec<Range<usize>> {
    let mut chunks = Vec::new();
    let (mut first, mut start) = (0, 0);
    for (at, &end) in ends.iter().enumerate() {
        if end - start >= CHUNK_BYTES || at + 1 == ends.len() {
            chunks.push(first..at + 1);
            (first, start) = (at + 1, end);
        }
    }
    chunks
}

/// Searches texts that stand end to end in `text`, which starts at `offset` of the buffer that `ends` counts in.
fn find_in_joined(needle: &Needle, text: &str, offset: usize, ends: &[usize], mut hit: impl FnMut(usize)) {
    let len = needle.folded().len();
    let bytes = text.as_bytes();
    let (mut from, mut string) = (0, 0);
    while let Some(found) = needle.find_ascii(&bytes[from..]) {
        let at = from + found;
        // Hits are mostly close together: stepping beats a binary search.
        string += ends[string..].iter().take_while(|&&end| end - offset <= at).count();
        let Some(end) = ends.get(string).map(|end| end - offset) else { return };
        if at + len <= end {
            hit(string);
            from = end;
        } else {
            // It runs over the end of its string: not a match.
            from = at + 1;
        }
    }
}

fn matching_pairs(store: &TraceStore, matcher: &Matcher, text: &[bool], cancel: &CancelFlag) -> Option<Vec<bool>> {
    let may_be_number = matcher.needle().is_none_or(|needle| {
        // The characters of numbers, "NaN", "inf", "true" and "false", folded.
        needle.folded().bytes().all(|byte| b"0123456789-.naiftruels".contains(&byte))
    });
    let pairs = store
        .attrs()
        .pairs()
        .par_iter()
        .with_min_len(4096)
        .map_init(
            || (String::new(), String::new()),
            |(written, scratch), attr| match attr.value {
                Value::Str(sym) | Value::Bytes(sym) | Value::Json(sym) => text[sym.at()],
                _ if !may_be_number || cancel.is_cancelled() => false,
                value => {
                    written.clear();
                    let _ = match value {
                        Value::Int(int) => write!(written, "{int}"),
                        Value::Double(double) => write!(written, "{double}"),
                        Value::Bool(flag) => write!(written, "{flag}"),
                        _ => return false,
                    };
                    matcher.matches(written, scratch)
                }
            },
        )
        .collect();
    cancel.going_on()?;
    Some(pairs)
}

/// A pasted span or trace id finds what it names.
fn add_ids(store: &TraceStore, matcher: &Matcher, set: &mut SpanSet) {
    let Some(word) = matcher.needle().map(Needle::folded) else { return };
    if !matches!(word.len(), 16 | 32) || !word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return;
    }
    let Ok(bits) = u128::from_str_radix(word, 16) else { return };
    let trace = crate::model::TraceId::from_u128(bits);
    let span = u64::try_from(bits).map_or(SpanId::None, SpanId::from_u64);
    for ix in store.span_ixs() {
        let it = store.span(ix);
        let is_span = word.len() == 16 && span.is_some() && it.id() == span;
        if is_span || it.trace_id() == trace && trace != crate::model::TraceId::None {
            set.insert(ix);
        }
    }
}
