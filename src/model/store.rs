//! The immutable result of loading: every span of the workspace, read-only from here on.

use std::ops::Range;

use super::attr::{AttrId, Attrs, Value};
use super::columns::{EventColumns, LinkColumns, SpanColumns, slice_range};
use super::diagnostics::{Diagnostics, Severity};
use super::ids::{Hex64, SpanId, SpanIx, TraceId, TraceIx};
use super::part::{Resource, Scope};
use super::refs::SpanRef;
use super::span::SpanFlags;
use super::strings::{Strings, Sym};

/// One input of the workspace, as it was read.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// What the user called it: a path, or `-`.
    pub name: String,
    /// The recognised format, e.g. `otlp-json`.
    pub format: &'static str,
    /// What was around the trace: empty, a compression (`gzip`), or what its text was made of (`log lines`).
    pub compression: &'static str,
    /// Size as stored, in bytes.
    pub bytes: u64,
    /// Size after decompression, in bytes.
    pub inflated_bytes: u64,
    /// Spans that came from it.
    pub spans: u64,
    /// What was odd in it.
    pub diagnostics: Diagnostics,
}

impl Input {
    /// What byte offsets into it count, in words behind the number: nothing where they are those of the file itself.
    #[must_use]
    pub fn offset_words(&self) -> String {
        offset_words(self.compression)
    }
}

/// What byte offsets count in an input with `compression` around its trace: see [`Input::offset_words`].
#[must_use]
pub fn offset_words(compression: &str) -> String {
    match compression {
        "" => String::new(),
        "UTF-16" => " of the text in UTF-8".to_owned(),
        packed if packed.starts_with("gzip") || packed.starts_with("zstd") => " once unpacked".to_owned(),
        made_of => format!(" of the JSON made of {made_of}"),
    }
}

/// A trace: a set of spans with one trace id.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trace {
    /// Its id.
    pub id: TraceId,
    /// Number of spans.
    pub spans: u32,
}

/// A parent that spans name but that no input holds. Spans with the same missing parent share one.
#[derive(Clone, Debug)]
pub struct Ghost {
    /// The trace that its children belong to.
    pub trace: TraceIx,
    /// Its span id.
    pub id: SpanId,
    /// Whether the children say that it lived in another process; `None` when they do not say.
    pub remote: Option<bool>,
    /// Its children, in input order.
    pub children: Vec<SpanIx>,
}

/// All spans of the workspace in columns. Immutable; shared as `Arc<TraceStore>`.
#[derive(Clone, Debug, Default)]
pub struct TraceStore {
    pub(crate) inputs: Vec<Input>,
    pub(crate) strings: Strings,
    pub(crate) attrs: Attrs,
    pub(crate) spans: SpanColumns,
    pub(crate) events: EventColumns,
    pub(crate) links: LinkColumns,
    pub(crate) traces: Vec<Trace>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) scopes: Vec<Scope>,
    /// Resolved parent, or `NONE`. Free of cycles.
    pub(crate) parent: Vec<SpanIx>,
    /// Children of all spans, end to end, each list sorted by start, then index.
    pub(crate) children: Vec<SpanIx>,
    pub(crate) child_end: Vec<u32>,
    /// Spans sorted by (trace, id), for look-ups.
    pub(crate) by_id: Vec<SpanIx>,
    /// Where each trace's spans end in `by_id`; empty until they are sorted and counted.
    pub(crate) trace_end: Vec<u32>,
    pub(crate) ghosts: Vec<Ghost>,
    /// Spans with [`SpanFlags::ERROR`].
    pub(crate) failed: u64,
}

impl TraceStore {
    /// Number of spans.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// True when no span was loaded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// All spans, in input order.
    pub fn span_ixs(&self) -> impl ExactSizeIterator<Item = SpanIx> + use<> {
        (0..self.spans.len() as u32).map(SpanIx)
    }

    /// A view of one span.
    #[must_use]
    pub const fn span(&self, ix: SpanIx) -> SpanRef<'_> {
        SpanRef { store: self, ix }
    }

    /// The inputs, in the order they were added.
    #[must_use]
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// The traces, in order of first appearance.
    #[must_use]
    pub fn traces(&self) -> &[Trace] {
        &self.traces
    }

    /// The resources, in order of first appearance.
    #[must_use]
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// The instrumentation scopes, in order of first appearance.
    #[must_use]
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// Parents that no input holds.
    #[must_use]
    pub fn ghosts(&self) -> &[Ghost] {
        &self.ghosts
    }

    /// The text of an interned string.
    #[must_use]
    pub fn text(&self, sym: Sym) -> &str {
        self.strings.get(sym)
    }

    /// All interned strings.
    #[must_use]
    pub const fn strings(&self) -> &Strings {
        &self.strings
    }

    /// The distinct attributes.
    #[must_use]
    pub const fn attrs(&self) -> &Attrs {
        &self.attrs
    }

    /// Start times of all spans, Unix nanoseconds as the file said.
    #[must_use]
    pub fn starts_ns(&self) -> &[i64] {
        &self.spans.start_ns
    }

    /// End times of all spans, Unix nanoseconds as the file said; 0 = not stated.
    #[must_use]
    pub fn ends_ns(&self) -> &[i64] {
        &self.spans.end_ns
    }

    /// Resolved parents of all spans, or `NONE`.
    #[must_use]
    pub fn parents(&self) -> &[SpanIx] {
        &self.parent
    }

    /// Flags of all spans.
    #[must_use]
    pub fn flags(&self) -> &[SpanFlags] {
        &self.spans.flags
    }

    /// Number of spans that failed.
    #[must_use]
    pub const fn failed(&self) -> u64 {
        self.failed
    }

    /// The first value of `key` among `attrs`.
    #[must_use]
    pub fn find_attr(&self, attrs: &[AttrId], key: &str) -> Option<Value> {
        let key = self.strings.find(key)?;
        attrs.iter().map(|&id| self.attrs.get(id)).find(|attr| attr.key == key).map(|attr| attr.value)
    }

    /// The first text value of `key` among `attrs`; other kinds of values are not converted.
    #[must_use]
    pub fn find_text(&self, attrs: &[AttrId], key: &str) -> Option<&str> {
        match self.find_attr(attrs, key)? {
            Value::Str(sym) => Some(self.text(sym)),
            _ => None,
        }
    }

    /// The span with `id` in `trace`; the first one in input order if several claim it.
    #[must_use]
    pub fn find_span(&self, trace: TraceIx, id: SpanId) -> Option<SpanIx> {
        let spans = &self.by_id[self.trace_range(trace)?];
        let is_before = |at: usize| self.id_key(spans[at]) < (trace, id);
        let near = self.place_near(spans, id);
        let range = near.map_or(0..spans.len(), |near| narrowed(near, spans.len(), is_before));
        let at = range.start + spans[range].partition_point(|&ix| self.id_key(ix) < (trace, id));
        let found = *spans.get(at)?;
        (self.id_key(found) == (trace, id)).then_some(found)
    }

    /// About where `id` is among many `spans` of one trace, which are sorted by id: ids are mostly numbers in a row, or
    /// spread evenly.
    fn place_near(&self, spans: &[SpanIx], id: SpanId) -> Option<usize> {
        const FEW: usize = 64;
        let (&first, &last) = spans.first().zip(spans.last()).filter(|_| spans.len() > FEW)?;
        let (SpanId::Bytes(first), SpanId::Bytes(last), SpanId::Bytes(id)) =
            (self.span(first).id(), self.span(last).id(), id)
        else {
            return None;
        };
        // Few enough bits that the product fits.
        let shift = (u64::BITS - last.wrapping_sub(first).leading_zeros()).saturating_sub(31);
        let (all, part) = (last.checked_sub(first)? >> shift, id.checked_sub(first)? >> shift);
        let highest = spans.len() - 1;
        let place = part.min(all) * highest as u64 / all.max(1);
        Some((place as usize).min(highest))
    }

    /// Where in `by_id` the spans of `trace` are.
    fn trace_range(&self, trace: TraceIx) -> Option<Range<usize>> {
        if self.trace_end.is_empty() {
            return Some(0..self.by_id.len());
        }
        (trace.at() < self.trace_end.len()).then(|| slice_range(&self.trace_end, trace.at()))
    }

    /// The two halves of a call that share the id of `first`, which [`Self::find_span`] found: (calling, receiving).
    pub(crate) fn halves(&self, first: SpanIx) -> Option<(SpanIx, SpanIx)> {
        let key = self.id_key(first);
        let at = self.by_id.partition_point(|&ix| (self.id_key(ix), ix) < (key, first));
        let other = *self.by_id.get(at + 1).filter(|&&ix| self.id_key(ix) == key)?;
        let receives = |ix: SpanIx| self.span(ix).flags().has(SpanFlags::SHARED_ID);
        match (receives(first), receives(other)) {
            (false, true) => Some((first, other)),
            (true, false) => Some((other, first)),
            _ => None,
        }
    }

    pub(crate) fn id_key(&self, ix: SpanIx) -> (TraceIx, SpanId) {
        (self.spans.trace[ix.at()], self.span(ix).id())
    }

    /// The hull of all stated times, `None` when no span has one.
    #[must_use]
    pub fn time_hull_ns(&self) -> Option<Range<i64>> {
        let mut hull: Option<Range<i64>> = None;
        for ix in self.span_ixs() {
            let (start, end) = self.span(ix).drawn_ns();
            if start == 0 && end == 0 {
                continue;
            }
            let hull = hull.get_or_insert(start..end);
            hull.start = hull.start.min(start);
            hull.end = hull.end.max(end);
        }
        hull
    }

    /// A span id as text: 16 hex digits, the text of the file, or empty.
    #[must_use]
    pub fn span_id_text(&self, id: SpanId) -> String {
        match id {
            SpanId::None => String::new(),
            SpanId::Bytes(bits) => Hex64(bits).to_string(),
            SpanId::Text(sym) => self.text(sym).to_owned(),
        }
    }

    /// The id that [`Self::span_id_text`] writes as `text`; `None` when no span of the store can have it.
    #[must_use]
    pub fn parse_span_id(&self, text: &str) -> Option<SpanId> {
        let bits = (text.len() == 16).then(|| u64::from_str_radix(text, 16).ok()).flatten();
        let is_canonical = |bits: &u64| Hex64(*bits).to_string() == text;
        match bits.filter(is_canonical) {
            Some(bits) => Some(SpanId::from_u64(bits)),
            None => self.strings().find(text).map(SpanId::Text),
        }
    }

    /// A trace id as text: 32 hex digits, the text of the file, or empty.
    #[must_use]
    pub fn trace_id_text(&self, id: TraceId) -> String {
        match id {
            TraceId::None => String::new(),
            TraceId::Bytes(bits) => format!("{bits:032x}"),
            TraceId::Text(sym) => self.text(sym).to_owned(),
        }
    }

    /// A value as people read it. Strings are not quoted.
    #[must_use]
    pub fn value_text(&self, value: Value) -> String {
        match value {
            Value::Empty => String::new(),
            Value::Str(sym) | Value::Bytes(sym) | Value::Json(sym) => self.text(sym).to_owned(),
            Value::Int(int) => int.to_string(),
            Value::Double(double) => double.to_string(),
            Value::Bool(flag) => flag.to_string(),
        }
    }

    /// The worst severity among the diagnostics of all inputs.
    #[must_use]
    pub fn worst_diagnostic(&self) -> Option<Severity> {
        self.inputs.iter().filter_map(|input| input.diagnostics.worst()).max()
    }

    /// Heap memory by use.
    #[must_use]
    pub fn memory(&self) -> Memory {
        fn of<T>(column: &Vec<T>) -> usize {
            column.capacity() * size_of::<T>()
        }
        let events = of(&self.events.time_ns)
            + of(&self.events.observed_ns)
            + of(&self.events.name)
            + of(&self.events.attr_end)
            + of(&self.events.attrs);
        let links = self.links.kind.capacity() * 64 + of(&self.links.attrs);
        let tree = of(&self.parent) + of(&self.children) + of(&self.child_end) + of(&self.by_id);
        Memory {
            column_bytes: self.spans.column_bytes() + tree,
            attribute_bytes: of(&self.spans.attrs) + self.attrs.heap_bytes(),
            string_bytes: self.strings.heap_bytes(),
            event_bytes: events + links,
        }
    }
}

/// The range in which the first of `len` things is that is not before what is looked for, which is near `near`.
fn narrowed(near: usize, len: usize, is_before: impl Fn(usize) -> bool) -> Range<usize> {
    let mut step = 1;
    if is_before(near) {
        let mut start = near + 1;
        while start + step <= len && is_before(start + step - 1) {
            start += step;
            step *= 2;
        }
        return start..len.min(start + step - 1);
    }
    let mut end = near;
    while step <= end && !is_before(end - step) {
        end -= step;
        step *= 2;
    }
    (end + 1).saturating_sub(step)..end
}

/// Heap memory of a [`TraceStore`] in bytes, by use.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Memory {
    /// Span columns and the tree.
    pub column_bytes: usize,
    /// Attribute arena and distinct attributes.
    pub attribute_bytes: usize,
    /// Interned text.
    pub string_bytes: usize,
    /// Events and links.
    pub event_bytes: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrowing_keeps_the_place_whatever_was_guessed() {
        for len in 1..40 {
            for place in 0..=len {
                for near in 0..len {
                    let range = narrowed(near, len, |at| at < place);
                    assert!(
                        range.start <= place && place <= range.end && range.end <= len,
                        "{len} {place} {near} {range:?}"
                    );
                }
            }
        }
    }
}
