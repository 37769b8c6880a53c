//! Where records go: the part that is being filled, and the span that is being read.

use std::collections::BTreeMap;

use super::record::{Raw, Record};
use super::times::{Unit, time_ns};
use crate::load::fields;
use crate::load::ids::{self, Id};
use crate::load::json::{Scanner, Token};
use crate::load::otlp_json::otlp_value;
use crate::model::{
    AttrId, Code, EventDraft, InputIx, LinkDraft, Part, Resource, ResourceIx, Scope, ScopeIx, SpanDraft, SpanFlags,
    SpanId, Status, Sym, TraceId, Value,
};

/// What the records of one input become.
#[derive(Default)]
pub(super) struct Sink {
    pub part: Part,
    pub draft: SpanDraft,
    /// Who reports the spans of a trace: known in full only once the whole input is read, because a trace may be
    /// described after its spans.
    reporters: BTreeMap<String, Reporter>,
}

/// A resource in the making.
struct Reporter {
    ix: ResourceIx,
    attrs: Vec<AttrId>,
}

impl Sink {
    /// Begins a span at `offset`.
    pub fn begin(&mut self, offset: u64) {
        self.draft.clear();
        self.draft.offset = offset;
    }

    /// Appends the span, reported by `reporter` through `scope`.
    pub fn push(&mut self, reporter: ResourceIx, scope: ScopeIx) {
        self.part.push(&self.draft, reporter, scope);
    }

    /// Who reports the spans of the trace `key`.
    pub fn reporter(&mut self, key: &str) -> ResourceIx {
        if let Some(known) = self.reporters.get(key) {
            return known.ix;
        }
        let ix = ResourceIx::from_usize(self.part.resources.len());
        self.part.resources.push(Resource { input: InputIx(0), attrs: Vec::new(), schema_url: Sym::EMPTY, dropped: 0 });
        self.reporters.insert(key.to_owned(), Reporter { ix, attrs: Vec::new() });
        ix
    }

    /// Says more about the reporter of the trace `key`. What is known already stays.
    pub fn describe(&mut self, key: &str, attr: &str, raw: Raw<'_>) {
        if !raw.is_nothing() {
            let id = self.intern(attr, raw);
            self.describe_with(key, id);
        }
    }

    /// Says more about the reporter of the trace `key`, in text.
    pub fn describe_text(&mut self, key: &str, attr: &str, text: &str) {
        let id = self.text_attr(attr, text);
        self.describe_with(key, id);
    }

    /// Says more about the reporter of the trace `key`, with an attribute that is there already.
    pub fn describe_with(&mut self, key: &str, id: AttrId) {
        self.reporter(key);
        let name = self.part.attrs.get(id).key;
        let attrs = &self.part.attrs;
        if let Some(known) = self.reporters.get_mut(key)
            && known.attrs.iter().all(|&other| attrs.get(other).key != name)
        {
            known.attrs.push(id);
        }
    }

    /// The part, complete.
    pub fn finish(mut self) -> Part {
        for Reporter { ix, attrs } in self.reporters.into_values() {
            self.part.resources[ix.at()].attrs = attrs;
        }
        self.part
    }

    /// Text as a symbol.
    pub fn sym(&mut self, text: &str) -> Sym {
        self.part.strings.intern(text)
    }

    /// An attribute, interned.
    pub fn intern(&mut self, key: &str, raw: Raw<'_>) -> AttrId {
        let key = self.part.strings.intern(key);
        let mut json = raw.scanner();
        let value = fields::any_value(&mut json, &mut self.part).unwrap_or(Value::Empty);
        self.take_notes(&mut json);
        self.part.attrs.intern(key, value)
    }

    fn take_notes(&mut self, json: &mut Scanner<'_>) {
        self.part.diagnostics.absorb(std::mem::take(&mut json.diagnostics));
    }

    /// An attribute of the span, unless nothing was recorded.
    pub fn attr(&mut self, key: &str, raw: Raw<'_>) {
        if !raw.is_nothing() {
            let id = self.intern(key, raw);
            self.draft.attrs.push(id);
        }
    }

    /// A text attribute of the span.
    pub fn attr_text(&mut self, key: &str, text: &str) {
        let id = self.text_attr(key, text);
        self.draft.attrs.push(id);
    }

    /// An attribute with a text for value, for a span, a resource or the like.
    pub fn text_attr(&mut self, key: &str, text: &str) -> AttrId {
        let (key, value) = (self.sym(key), Value::Str(self.sym(text)));
        self.part.attrs.intern(key, value)
    }

    /// All fields of an object as attributes whose keys begin with `prefix`, or the elements of a list of keys and
    /// values. Anything else as one attribute.
    pub fn attrs(&mut self, prefix: &str, raw: Raw<'_>) {
        match raw.record() {
            Some(record) => {
                for (key, raw) in record.fields() {
                    self.attr(&format!("{prefix}{key}"), raw);
                }
            }
            None => match keys_and_values(raw) {
                Some(pairs) => {
                    for pair in pairs {
                        let id = self.pair(prefix, &pair);
                        self.draft.attrs.extend(id);
                    }
                }
                None => self.attr(prefix.trim_end_matches('.'), raw),
            },
        }
    }

    /// Attributes for an event, a link, a scope or a resource: the fields of an object, or the elements of a list
    /// of keys and values.
    pub fn pairs(&mut self, raw: Option<Raw<'_>>) -> Vec<AttrId> {
        let Some(raw) = raw else { return Vec::new() };
        match keys_and_values(raw) {
            Some(pairs) => pairs.iter().filter_map(|pair| self.pair("", pair)).collect(),
            None => self.interned(raw.record().as_ref()),
        }
    }

    fn pair(&mut self, prefix: &str, pair: &Record<'_>) -> Option<AttrId> {
        let key = pair.first(&KEYS).and_then(Raw::text)?;
        let key = self.sym(&format!("{prefix}{key}"));
        let raw = pair.first(&VALUES).filter(|raw| !raw.is_nothing())?;
        let record = if raw.token() == Token::Object { raw.record().unwrap_or_default() } else { Record::default() };
        let value = if record.get("Type").is_some() {
            // The Go SDK says which type a value has.
            let mut json = record.get("Value")?.scanner();
            fields::any_value(&mut json, &mut self.part)
        } else if record.fields().next().is_some_and(|(key, _)| key.ends_with("Value") || key.ends_with("_value")) {
            otlp_value(&mut raw.scanner(), &mut self.part)
        } else {
            fields::any_value(&mut raw.scanner(), &mut self.part)
        };
        Some(self.part.attrs.intern(key, value.unwrap_or(Value::Empty)))
    }

    /// All fields of an object, interned for an event, a link, a scope or a resource.
    pub fn interned(&mut self, record: Option<&Record<'_>>) -> Vec<AttrId> {
        let Some(record) = record else { return Vec::new() };
        record.fields().filter(|(_, raw)| !raw.is_nothing()).map(|(key, raw)| self.intern(key, raw)).collect()
    }

    /// A time; 0 and a note when it cannot be read.
    pub fn time(&mut self, raw: Option<Raw<'_>>, unit: Unit) -> i64 {
        let Some(raw) = raw else { return 0 };
        match time_ns(raw, unit) {
            Some(time) => fields::clamp(time, &mut self.draft.flags),
            None => {
                if raw.bytes() != b"\"\"" {
                    self.bad_field(raw, "a time");
                }
                0
            }
        }
    }

    /// Notes that `expected` was expected at `raw`.
    pub fn bad_field(&mut self, raw: Raw<'_>, expected: &str) {
        let found = String::from_utf8_lossy(&raw.bytes()[..raw.bytes().len().min(40)]);
        self.part.diagnostics.add(Code::BadField, InputIx(0), raw.offset, || format!("{found}: not {expected}"));
    }

    /// A trace id: hex with or without `0x`, base64, a decimal number of up to 128 bits; any other text as it is.
    pub fn trace_id(&mut self, raw: Option<Raw<'_>>) -> TraceId {
        match id_text(raw) {
            Some((text, true)) => text.parse::<u128>().map_or(TraceId::None, TraceId::from_u128),
            Some((text, false)) => self.trace_id_of(&text),
            None => TraceId::None,
        }
    }

    /// The trace id that `text` spells.
    pub fn trace_id_of(&mut self, text: &str) -> TraceId {
        match ids::trace_id(text.strip_prefix("0x").unwrap_or(text).as_bytes()) {
            Id::None => TraceId::None,
            Id::Bytes(bits) => TraceId::from_u128(bits),
            Id::Odd => TraceId::Text(self.sym(text)),
        }
    }

    /// A span id: hex with or without `0x`, base64, a decimal number of up to 64 bits; any other text as it is.
    pub fn span_id(&mut self, raw: Option<Raw<'_>>) -> SpanId {
        match id_text(raw) {
            Some((text, true)) => text.parse::<u64>().map_or(SpanId::None, SpanId::from_u64),
            Some((text, false)) => self.span_id_of(&text),
            None => SpanId::None,
        }
    }

    /// The span id that `text` spells.
    pub fn span_id_of(&mut self, text: &str) -> SpanId {
        match ids::span_id(text.strip_prefix("0x").unwrap_or(text).as_bytes()) {
            Id::None => SpanId::None,
            Id::Bytes(bits) => SpanId::from_u64(bits),
            Id::Odd => SpanId::Text(self.sym(text)),
        }
    }

    /// Adds an event to the span.
    pub fn event(&mut self, name: &str, time_ns: i64, attrs: &[AttrId]) {
        self.draft.event_attrs.extend_from_slice(attrs);
        let attr_end = u32::try_from(self.draft.event_attrs.len()).unwrap_or(u32::MAX);
        let name = self.sym(name);
        self.draft.events.push(EventDraft { time_ns, observed_ns: None, name, attr_end });
    }

    /// Adds a link to the span.
    pub fn link(&mut self, trace: TraceId, span: SpanId, attrs: &[AttrId]) {
        self.draft.link_attrs.extend_from_slice(attrs);
        let attr_end = u32::try_from(self.draft.link_attrs.len()).unwrap_or(u32::MAX);
        self.draft.links.push(LinkDraft { trace, span, attr_end, ..LinkDraft::default() });
    }

    /// Notes that the span failed, and why.
    pub fn failed(&mut self, message: Option<&str>) {
        self.draft.status = Status::Error;
        if let Some(message) = message.filter(|text| !text.is_empty()) {
            self.draft.rare.status_message = self.sym(message);
        }
    }

    /// A span that is one instant ends where it starts.
    pub fn is_instant(&mut self) {
        self.draft.end_ns = self.draft.start_ns;
    }

    /// The end that a duration gives, when no end is stated.
    pub fn end_after(&mut self, duration_ns: i128) {
        let end = i128::from(self.draft.start_ns).saturating_add(duration_ns);
        let mut flags = SpanFlags::default();
        self.draft.end_ns = fields::clamp(end, &mut flags);
        self.draft.flags = self.draft.flags.with(flags);
    }

    /// The start that a duration gives, when no start is stated.
    pub fn start_before(&mut self, duration_ns: i128) {
        let start = i128::from(self.draft.end_ns).saturating_sub(duration_ns);
        let mut flags = SpanFlags::default();
        self.draft.start_ns = fields::clamp(start, &mut flags);
        self.draft.flags = self.draft.flags.with(flags);
    }

    /// The scope called `name`.
    pub fn scope(&mut self, name: &str, version: &str, attrs: Vec<AttrId>) -> ScopeIx {
        let (name, version) = (self.sym(name), self.sym(version));
        self.part.scope(Scope { name, version, attrs, ..Scope::default() })
    }

    /// The resource with `attrs`.
    pub fn resource(&mut self, attrs: Vec<AttrId>, schema_url: &str) -> ResourceIx {
        let schema_url = self.sym(schema_url);
        self.part.resource(Resource { input: InputIx(0), attrs, schema_url, dropped: 0 })
    }
}

const KEYS: [&str; 2] = ["key", "Key"];
const VALUES: [&str; 2] = ["value", "Value"];

/// The elements of a list of keys and values, `None` when it is something else.
fn keys_and_values(raw: Raw<'_>) -> Option<Vec<Record<'static>>> {
    if raw.token() != Token::Array {
        return None;
    }
    let pair = |raw: Raw<'_>| {
        // OpenTelemetry for JavaScript keeps lists of two.
        if let [key, value] = raw.elements().as_slice() {
            let mut pair = Record::default();
            pair.push(KEYS[0], *key);
            pair.push(VALUES[0], *value);
            return Some(pair);
        }
        raw.record().map(Record::into_owned).filter(|pair| pair.first(&KEYS).is_some())
    };
    raw.elements().into_iter().map(pair).collect()
}

/// The text of an id, and whether it was written as a number.
fn id_text(raw: Option<Raw<'_>>) -> Option<(String, bool)> {
    let raw = raw?;
    let text = raw.text_or_number()?;
    // More than 16 decimal digits are a number in quotes; hex ids of that length hold letters, nearly always.
    let is_number = raw.token() == Token::Number
        || (text.len() > 16 && text.len() != 32 && text.bytes().all(|byte| byte.is_ascii_digit()));
    (!text.is_empty()).then(|| (text.into_owned(), is_number))
}
