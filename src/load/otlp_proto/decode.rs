//! OTLP messages in memory to columns, without building messages in between.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::json::Spelling;
use super::super::repeats::{List, Repeats};
use super::wire::{Field, Fields, Stop, Value as Wire};
use crate::model::{
    AttrId, Code, EventDraft, InputIx, LinkDraft, LinkKind, LogDraft, Part, Resource, ResourceIx, Scope, ScopeIx,
    SpanDraft, SpanFlags, SpanId, SpanKind, Status, Sym, TraceId, Value,
};

/// What a request carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Signal {
    Spans,
    Logs,
    Metrics,
}

/// Tells spans, log records and metrics apart: the three requests share their outer structure, and
/// the innermost records differ in the types of their fields.
pub(super) fn signal_of(record: &[u8]) -> Signal {
    let mut id_lengths = (None, None);
    for field in Fields::new(record, 0).flatten() {
        match (field.number, field.value) {
            (1 | 11, Wire::Fixed64(_)) | (8, Wire::Fixed32(_)) => return Signal::Logs,
            (7 | 8, Wire::Fixed64(_)) | (16, Wire::Fixed32(_)) => return Signal::Spans,
            (9, Wire::Len(id)) if id_lengths.0.is_none() && id.len() == 16 && !id.is_ascii() => return Signal::Logs,
            (1, Wire::Len(id)) => id_lengths.0 = Some(id.len()),
            (2, Wire::Len(id)) => id_lengths.1 = Some(id.len()),
            _ => {}
        }
    }
    match id_lengths {
        (Some(16), Some(8)) => Signal::Spans,
        _ => Signal::Metrics,
    }
}

/// Decodes into a [`Part`]. Buffers are reused from span to span.
pub(super) struct Decoder<'b> {
    pub part: Part,
    repeats: Repeats<'b>,
    draft: SpanDraft,
    input: InputIx,
}

/// Name of the attribute that holds a log record's severity, as in OTLP JSON.
const LOG_SEVERITY: &str = "log.severity";
/// Name of the attribute that holds a log record's body, unless the body is the event's name.
const LOG_BODY: &str = "log.body";

/// Nested values deeper than this are cut.
const MAX_DEPTH: u32 = 64;

impl<'b> Decoder<'b> {
    pub(super) fn new() -> Self {
        // The builder sets the input when it absorbs the part.
        Self { part: Part::new(), repeats: Repeats::new(), draft: SpanDraft::default(), input: InputIx(0) }
    }

    /// A `ResourceSpans`, `ResourceLogs` or `ResourceMetrics` that lies at `base` of the input.
    pub(super) fn resource_block(&mut self, bytes: &'b [u8], base: u64) {
        let mut resource = Resource { input: self.input, attrs: Vec::new(), schema_url: Sym::EMPTY, dropped: 0 };
        // Fields may come in any order: the schema URL even usually follows the spans.
        for field in Fields::new(bytes, base) {
            match field.map(|field| (field.number, field.value, field.offset)) {
                Ok((1, Wire::Len(inner), offset)) => self.resource(inner, offset, &mut resource),
                Ok((3, Wire::Len(text), offset)) => resource.schema_url = self.text(text, offset),
                // Its records say where it is cut.
                Ok(_) | Err(Stop::Cut { number: 2, .. }) => {}
                Err(stop) => self.note_stop(stop),
            }
        }
        let resource = self.part.resource(resource);
        for field in Fields::new(bytes, base) {
            match field {
                Ok(Field { number: 2, offset, value: Wire::Len(inner) }) => self.scope_block(inner, offset, resource),
                Err(Stop::Cut { number: 2, offset, rest }) => self.scope_block(rest, offset, resource),
                _ => {}
            }
        }
    }

    /// All whole fields of a message; a damaged end is noted.
    fn fields(&mut self, bytes: &'b [u8], base: u64) -> Vec<Field<'b>> {
        let mut fields = Vec::new();
        for field in Fields::new(bytes, base) {
            match field {
                Ok(field) => fields.push(field),
                Err(stop) => self.note_stop(stop),
            }
        }
        fields
    }

    fn note_stop(&mut self, stop: Stop<'_>) {
        let (code, offset) = match stop {
            Stop::Cut { offset, .. } => (Code::Truncated, offset),
            Stop::Malformed { offset } => (Code::Malformed, offset),
        };
        self.part.diagnostics.add(code, self.input, offset, || "a protobuf field".to_owned());
    }

    pub(super) fn resource(&mut self, bytes: &'b [u8], base: u64, resource: &mut Resource) {
        for field in self.fields(bytes, base) {
            match (field.number, field.value) {
                (1, Wire::Len(inner)) => {
                    let attr = self.key_value(inner, field.offset);
                    resource.attrs.extend(attr);
                }
                (2, Wire::Varint(count)) => resource.dropped = count as u32,
                _ => {}
            }
        }
    }

    fn scope_block(&mut self, bytes: &'b [u8], base: u64, resource: ResourceIx) {
        let mut scope = Scope::default();
        let mut signal = None;
        for field in Fields::new(bytes, base) {
            let Ok(field) = field else { continue };
            match (field.number, field.value) {
                (1, Wire::Len(inner)) => self.scope(inner, field.offset, &mut scope),
                (2, Wire::Len(record)) => signal = signal.or_else(|| Some(signal_of(record))),
                (3, Wire::Len(text)) => scope.schema_url = self.text(text, field.offset),
                _ => {}
            }
        }
        let scope = self.part.scope(scope);
        for field in Fields::new(bytes, base) {
            match field {
                Ok(Field { number: 2, offset, value: Wire::Len(record) }) => match signal {
                    Some(Signal::Logs) => self.log(record, offset),
                    Some(Signal::Metrics) => {
                        self.part.diagnostics.add(Code::MetricsSkipped, self.input, offset, String::new);
                    }
                    _ => self.span(record, offset, resource, scope),
                },
                Ok(_) => {}
                Err(stop @ Stop::Malformed { .. }) => self.note_stop(stop),
                Err(Stop::Cut { offset, .. }) => {
                    let detail = || "a record was cut off".to_owned();
                    self.part.diagnostics.add(Code::Truncated, self.input, offset, detail);
                }
            }
        }
    }

    pub(super) fn scope(&mut self, bytes: &'b [u8], base: u64, scope: &mut Scope) {
        for field in self.fields(bytes, base) {
            match (field.number, field.value) {
                (1, Wire::Len(text)) => scope.name = self.text(text, field.offset),
                (2, Wire::Len(text)) => scope.version = self.text(text, field.offset),
                (3, Wire::Len(inner)) => {
                    let attr = self.key_value(inner, field.offset);
                    scope.attrs.extend(attr);
                }
                (4, Wire::Varint(count)) => scope.dropped = count as u32,
                _ => {}
            }
        }
    }

    fn span(&mut self, bytes: &'b [u8], base: u64, resource: ResourceIx, scope: ScopeIx) {
        let mut draft = std::mem::take(&mut self.draft);
        draft.clear();
        self.repeats.begin(List::Record);
        draft.offset = base;
        match self.span_fields(bytes, base, &mut draft) {
            Ok(()) => {
                if draft.rare.dropped != [0; 3] {
                    self.part.diagnostics.add(Code::SdkDropped, self.input, base, || {
                        let [attrs, events, links] = draft.rare.dropped;
                        format!("{attrs} attributes, {events} events, {links} links")
                    });
                }
                self.part.push(&draft, resource, scope);
            }
            Err(_) => {
                let detail = || "a span is no valid protobuf".to_owned();
                self.part.diagnostics.add(Code::Malformed, self.input, base, detail);
            }
        }
        self.draft = draft;
    }

    fn span_fields(&mut self, bytes: &'b [u8], base: u64, draft: &mut SpanDraft) -> Result<(), Stop<'b>> {
        for field in Fields::new(bytes, base) {
            let Field { number, offset, value } = field?;
            match (number, value) {
                (1, Wire::Len(id)) => draft.trace = self.trace_id(id, offset),
                (2, Wire::Len(id)) => draft.id = self.span_id(id, offset),
                (3, Wire::Len(text)) => draft.rare.trace_state = self.text(text, offset),
                (4, Wire::Len(id)) => draft.parent = self.span_id(id, offset),
                (5, Wire::Len(text)) => draft.name = self.text(text, offset),
                (6, Wire::Varint(kind)) => draft.kind = self.kind(kind, offset),
                (7, Wire::Fixed64(time)) => draft.start_ns = clamp(time, &mut draft.flags),
                (8, Wire::Fixed64(time)) => draft.end_ns = clamp(time, &mut draft.flags),
                (9, Wire::Len(inner)) => {
                    let attr = self.key_value(inner, offset);
                    draft.attrs.extend(attr);
                }
                (10, Wire::Varint(count)) => draft.rare.dropped[0] = count as u32,
                (11, Wire::Len(inner)) => self.event(inner, offset, draft),
                (12, Wire::Varint(count)) => draft.rare.dropped[1] = count as u32,
                (13, Wire::Len(inner)) => self.link(inner, offset, draft),
                (14, Wire::Varint(count)) => draft.rare.dropped[2] = count as u32,
                (15, Wire::Len(inner)) => self.status(inner, offset, draft),
                (16, Wire::Fixed32(flags)) => draft.otlp_flags = flags,
                (1..=16, _) => self.bad_field(offset, number),
                _ => {}
            }
        }
        Ok(())
    }

    fn bad_field(&mut self, offset: u64, number: u32) {
        self.part.diagnostics.add(Code::BadField, self.input, offset, || format!("field {number} has another type"));
    }

    fn kind(&mut self, kind: u64, offset: u64) -> SpanKind {
        let known = u8::try_from(kind).ok().and_then(SpanKind::from_repr);
        if known.is_none() {
            self.part.diagnostics.add(Code::BadField, self.input, offset, || format!("span kind {kind}"));
        }
        known.unwrap_or_default()
    }

    fn status(&mut self, bytes: &'b [u8], base: u64, draft: &mut SpanDraft) {
        for field in self.fields(bytes, base) {
            match (field.number, field.value) {
                (2, Wire::Len(text)) => draft.rare.status_message = self.text(text, field.offset),
                (3, Wire::Varint(code)) => match u8::try_from(code).ok().and_then(Status::from_repr) {
                    Some(status) => draft.status = status,
                    None => {
                        let detail = || format!("status code {code}");
                        self.part.diagnostics.add(Code::BadField, self.input, field.offset, detail);
                    }
                },
                _ => {}
            }
        }
    }

    fn event(&mut self, bytes: &'b [u8], base: u64, draft: &mut SpanDraft) {
        let mut event = EventDraft::default();
        self.repeats.begin(List::Event);
        for field in Fields::new(bytes, base) {
            match field.map(|field| (field.number, field.value, field.offset)) {
                Ok((1, Wire::Fixed64(time), _)) => event.time_ns = clamp(time, &mut draft.flags),
                Ok((2, Wire::Len(text), offset)) => event.name = self.text(text, offset),
                Ok((3, Wire::Len(inner), offset)) => {
                    let attr = self.key_value(inner, offset);
                    draft.event_attrs.extend(attr);
                }
                Ok(_) => {}
                Err(stop) => self.note_stop(stop),
            }
        }
        event.attr_end = len_u32(draft.event_attrs.len());
        draft.events.push(event);
    }

    fn link(&mut self, bytes: &'b [u8], base: u64, draft: &mut SpanDraft) {
        let mut link = LinkDraft { kind: LinkKind::Link, ..LinkDraft::default() };
        for field in Fields::new(bytes, base) {
            match field.map(|field| (field.number, field.value, field.offset)) {
                Ok((1, Wire::Len(id), offset)) => link.trace = self.trace_id(id, offset),
                Ok((2, Wire::Len(id), offset)) => link.span = self.span_id(id, offset),
                Ok((3, Wire::Len(text), offset)) => link.trace_state = self.text(text, offset),
                Ok((4, Wire::Len(inner), offset)) => {
                    let attr = self.key_value(inner, offset);
                    draft.link_attrs.extend(attr);
                }
                Ok((6, Wire::Fixed32(flags), _)) => link.otlp_flags = flags,
                Ok(_) => {}
                Err(stop) => self.note_stop(stop),
            }
        }
        link.attr_end = len_u32(draft.link_attrs.len());
        draft.links.push(link);
    }

    fn log(&mut self, bytes: &'b [u8], base: u64) {
        let mut flags = SpanFlags::default();
        let mut log = LogDraft {
            input: self.input,
            trace: TraceId::None,
            span: SpanId::None,
            time_ns: 0,
            observed_ns: None,
            name: Sym::EMPTY,
            attrs: Vec::new(),
            offset: base,
        };
        let (mut severity, mut body) = (Value::Empty, Value::Empty);
        for field in self.fields(bytes, base) {
            match (field.number, field.value) {
                (1, Wire::Fixed64(time)) => log.time_ns = clamp(time, &mut flags),
                (11, Wire::Fixed64(time)) if time != 0 => log.observed_ns = Some(clamp(time, &mut flags)),
                (2, Wire::Varint(number)) if number != 0 && severity == Value::Empty => {
                    severity = Value::Int(number.cast_signed());
                }
                (3, Wire::Len(text)) if !text.is_empty() => severity = Value::Str(self.text(text, field.offset)),
                (5, Wire::Len(inner)) => body = self.any_value(inner, field.offset),
                (6, Wire::Len(inner)) => {
                    let attr = self.key_value(inner, field.offset);
                    log.attrs.extend(attr);
                }
                (9, Wire::Len(id)) => log.trace = self.trace_id(id, field.offset),
                (10, Wire::Len(id)) => log.span = self.span_id(id, field.offset),
                (12, Wire::Len(text)) => log.name = self.text(text, field.offset),
                _ => {}
            }
        }
        if severity != Value::Empty {
            self.add_attr(&mut log, LOG_SEVERITY, severity);
        }
        self.part.name_log(&mut log);
        match body {
            // A body in words is the name of an event that has none.
            Value::Str(text) if log.name.is_empty() => log.name = text,
            Value::Empty => {}
            body => self.add_attr(&mut log, LOG_BODY, body),
        }
        if log.trace == TraceId::None || !log.span.is_some() {
            self.part.diagnostics.add(Code::LogsSkipped, self.input, base, String::new);
        } else {
            self.part.push_log(log);
        }
    }

    fn add_attr(&mut self, log: &mut LogDraft, key: &str, value: Value) {
        let key = self.part.strings.intern(key);
        log.attrs.push(self.part.attrs.intern(key, value));
    }

    fn trace_id(&mut self, id: &[u8], offset: u64) -> TraceId {
        match *id {
            [] => TraceId::None,
            _ if id.len() == 16 || id.len() == 8 => {
                TraceId::from_u128(id.iter().fold(0, |value, &byte| value << 8 | u128::from(byte)))
            }
            _ => TraceId::Text(self.odd_id(id, offset)),
        }
    }

    fn span_id(&mut self, id: &[u8], offset: u64) -> SpanId {
        match *id {
            [] => SpanId::None,
            [a, b, c, d, e, f, g, h] => SpanId::from_u64(u64::from_be_bytes([a, b, c, d, e, f, g, h])),
            _ => SpanId::Text(self.odd_id(id, offset)),
        }
    }

    fn odd_id(&mut self, id: &[u8], offset: u64) -> Sym {
        use std::fmt::Write as _;
        let hex = id.iter().fold(String::new(), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        let sym = self.part.strings.intern(&hex);
        self.part.diagnostics.add(Code::OddId, self.input, offset, || format!("{} bytes: {hex}", id.len()));
        sym
    }

    fn text(&mut self, bytes: &[u8], offset: u64) -> Sym {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return self.part.strings.intern(text);
        }
        self.part.diagnostics.add(Code::BadUtf8, self.input, offset, String::new);
        self.part.strings.intern(&String::from_utf8_lossy(bytes))
    }

    fn key_value(&mut self, bytes: &'b [u8], base: u64) -> Option<AttrId> {
        if let Some(id) = self.repeats.find(|known| known.bytes() == bytes) {
            return Some(id);
        }
        let noted = self.part.diagnostics.total();
        let (mut key, mut value) = (Sym::EMPTY, Value::Empty);
        for field in Fields::new(bytes, base) {
            match field.map(|field| (field.number, field.value, field.offset)) {
                Ok((1, Wire::Len(text), offset)) => key = self.text(text, offset),
                Ok((2, Wire::Len(inner), offset)) => value = self.any_value(inner, offset),
                Ok(_) => {}
                Err(stop) => {
                    self.note_stop(stop);
                    return None;
                }
            }
        }
        let id = self.part.attrs.intern(key, value);
        // What is odd is noted each time.
        let spelling = (self.part.diagnostics.total() == noted).then(|| Spelling::of(bytes));
        self.repeats.add(spelling, key, id);
        Some(id)
    }

    fn any_value(&mut self, bytes: &'b [u8], base: u64) -> Value {
        let mut value = Value::Empty;
        for field in Fields::new(bytes, base) {
            let Field { number, offset, value: wire } = match field {
                Ok(field) => field,
                Err(stop) => {
                    self.note_stop(stop);
                    break;
                }
            };
            value = match (number, wire) {
                (1, Wire::Len(text)) => Value::Str(self.text(text, offset)),
                (2, Wire::Varint(flag)) => Value::Bool(flag != 0),
                (3, Wire::Varint(int)) => Value::Int(int.cast_signed()),
                (4, Wire::Fixed64(bits)) => Value::Double(f64::from_bits(bits)),
                (5 | 6, Wire::Len(inner)) => {
                    let mut json = String::new();
                    self.json(number, inner, offset, &mut json, 0);
                    Value::Json(self.part.strings.intern(&json))
                }
                (7, Wire::Len(raw)) => Value::Bytes(self.part.strings.intern(&STANDARD.encode(raw))),
                _ => value,
            };
        }
        value
    }

    /// Writes an `ArrayValue` (field 5) or `KeyValueList` (field 6) as compact JSON.
    fn json(&mut self, number: u32, bytes: &'b [u8], base: u64, json: &mut String, depth: u32) {
        if depth > MAX_DEPTH {
            self.part.diagnostics.add(Code::TooDeep, self.input, base, String::new);
            json.push_str("null");
            return;
        }
        let (open, close) = if number == 5 { ('[', ']') } else { ('{', '}') };
        json.push(open);
        let mut is_first = true;
        for field in self.fields(bytes, base) {
            let (1, Wire::Len(inner)) = (field.number, field.value) else { continue };
            if !std::mem::take(&mut is_first) {
                json.push(',');
            }
            if number == 5 {
                self.json_value(inner, field.offset, json, depth);
                continue;
            }
            let fields = self.fields(inner, field.offset);
            let find = |number| {
                fields.iter().find_map(|field| match (field.number == number, field.value) {
                    (true, Wire::Len(bytes)) => Some((bytes, field.offset)),
                    _ => None,
                })
            };
            let key = find(1).map_or(&b""[..], |(key, _)| key);
            push_json_text(&String::from_utf8_lossy(key), json);
            json.push(':');
            match find(2) {
                Some((value, offset)) => self.json_value(value, offset, json, depth),
                None => json.push_str("null"),
            }
        }
        json.push(close);
    }

    fn json_value(&mut self, bytes: &'b [u8], base: u64, json: &mut String, depth: u32) {
        use std::fmt::Write as _;
        let last = self.fields(bytes, base).into_iter().rfind(|field| (1..=7).contains(&field.number));
        match last.map(|field| (field.number, field.value, field.offset)) {
            Some((1, Wire::Len(text), _)) => push_json_text(&String::from_utf8_lossy(text), json),
            Some((2, Wire::Varint(flag), _)) => json.push_str(if flag != 0 { "true" } else { "false" }),
            Some((3, Wire::Varint(int), _)) => {
                // Writing to a String cannot fail.
                let _ = write!(json, "{}", int.cast_signed());
            }
            Some((4, Wire::Fixed64(bits), _)) => push_json_double(f64::from_bits(bits), json),
            Some((number @ (5 | 6), Wire::Len(inner), offset)) => self.json(number, inner, offset, json, depth + 1),
            Some((7, Wire::Len(raw), _)) => push_json_text(&STANDARD.encode(raw), json),
            _ => json.push_str("null"),
        }
    }
}

fn push_json_text(text: &str, json: &mut String) {
    // Serialising a string cannot fail.
    json.push_str(&serde_json::to_string(text).unwrap_or_default());
}

/// JSON has no NaN or infinity; they become strings, as protobuf's JSON form does.
fn push_json_double(double: f64, json: &mut String) {
    match serde_json::to_string(&double) {
        Ok(text) if double.is_finite() => json.push_str(&text),
        _ if double.is_nan() => json.push_str("\"NaN\""),
        _ => json.push_str(if double > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" }),
    }
}

fn clamp(time_ns: u64, flags: &mut SpanFlags) -> i64 {
    i64::try_from(time_ns).unwrap_or_else(|_| {
        *flags = flags.with(SpanFlags::TIME_CLAMPED);
        i64::MAX
    })
}

fn len_u32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
