//! One chunk of a Zipkin file to a part.

use super::super::fields;
use super::super::json::{Chunk, Fault, FaultKind, Scanner, Token};
use super::super::repeats::{List, Repeats};
use super::halves::{Annotation, BinaryAnnotation, Core, Endpoint, Half, halves};
use crate::model::{
    AttrId, Code, EventDraft, InputIx, Part, Resource, Scope, SpanDraft, SpanFlags, SpanKind, Status, Sym, Value,
};

/// Reads `chunk`.
pub(super) fn read_chunk(chunk: &Chunk) -> Part {
    let mut reader = Reader {
        json: Scanner::of_chunk(chunk),
        part: Part::sized_for(chunk.bytes.len()),
        repeats: Repeats::new(),
        draft: SpanDraft::default(),
        raw: Raw::default(),
        continues: chunk.continues,
    };
    if chunk.path.iter().all(|_| reader.list()) {
        reader.documents();
    }
    reader.json.note_left_out(chunk);
    reader.part.diagnostics.absorb(std::mem::take(&mut reader.json.diagnostics));
    reader.part
}

/// What a span's object says, before it is decided whose span it is.
#[derive(Default)]
struct Raw {
    kind: Option<SpanKind>,
    timestamp_ns: Option<i128>,
    duration_ns: Option<i128>,
    local: Option<Endpoint>,
    remote: Option<Endpoint>,
    annotations: Vec<Annotation>,
    tags: Vec<AttrId>,
    binary: Vec<BinaryAnnotation>,
    has_error: bool,
}

impl Raw {
    fn clear(&mut self) {
        let Self { mut annotations, mut tags, mut binary, .. } = std::mem::take(self);
        annotations.clear();
        tags.clear();
        binary.clear();
        *self = Self { annotations, tags, binary, ..Self::default() };
    }
}

struct Reader<'c> {
    json: Scanner<'c>,
    part: Part,
    repeats: Repeats<'c>,
    draft: SpanDraft,
    raw: Raw,
    continues: bool,
}

impl Reader<'_> {
    fn documents(&mut self) {
        loop {
            self.json.skip_separators();
            match self.json.peek() {
                Token::End => return,
                Token::Array if self.json.begin_array().is_ok() => {
                    if !self.list() {
                        return;
                    }
                }
                Token::Object => {
                    if !self.element() {
                        return;
                    }
                }
                _ => self.json.skip_to_container("a list of spans"),
            }
        }
    }

    /// Reads the rest of a list. False when the text is over.
    fn list(&mut self) -> bool {
        // Lists of lists have two levels; deeper ones are not Zipkin's, but cost nothing.
        let mut depth = 1;
        while depth > 0 {
            match self.json.next_element() {
                Ok(false) => depth -= 1,
                Ok(true) if self.json.peek() == Token::Array => match self.json.begin_array() {
                    Ok(()) => depth += 1,
                    Err(fault) => {
                        self.json.note_fault(fault);
                        if self.json.skip_value().is_err() {
                            return false;
                        }
                    }
                },
                Ok(true) => {
                    if !self.element() {
                        return false;
                    }
                }
                Err(fault) => {
                    if !(self.continues && fault.kind == FaultKind::Truncated) {
                        self.json.note_fault(fault);
                    }
                    return false;
                }
            }
        }
        true
    }

    /// Reads a span, or skips what is none. False when the text is over.
    fn element(&mut self) -> bool {
        let mark = self.json.mark();
        let result = match self.json.peek() {
            Token::Object => self.span(),
            Token::Null => self.json.null(),
            _ => {
                let offset = self.json.offset();
                self.json.bad_field(offset, "a span");
                self.json.skip_value()
            }
        };
        let Err(fault) = result else { return true };
        self.json.note_fault(fault);
        self.json.recover(mark).is_ok()
    }

    fn span(&mut self) -> Result<(), Fault> {
        let mut draft = std::mem::take(&mut self.draft);
        let mut raw = std::mem::take(&mut self.raw);
        draft.clear();
        raw.clear();
        let result = self.span_fields(&mut draft, &mut raw);
        if result.is_ok() {
            self.push(&mut draft, &raw);
        }
        self.draft = draft;
        self.raw = raw;
        result
    }

    fn span_fields(&mut self, draft: &mut SpanDraft, raw: &mut Raw) -> Result<(), Fault> {
        draft.offset = self.json.offset();
        self.json.begin_object()?;
        while let Some(key) = self.json.next_key()? {
            match &*key {
                b"traceId" => draft.trace = fields::trace_id(&mut self.json, &mut self.part)?,
                b"id" => draft.id = fields::span_id(&mut self.json, &mut self.part)?,
                b"parentId" => draft.parent = fields::span_id(&mut self.json, &mut self.part)?,
                b"name" => draft.name = fields::text(&mut self.json, &mut self.part)?,
                b"kind" => raw.kind = self.kind()?,
                b"timestamp" => raw.timestamp_ns = self.micros()?,
                b"duration" => raw.duration_ns = self.micros()?,
                b"localEndpoint" => raw.local = self.endpoint()?,
                b"remoteEndpoint" => raw.remote = self.endpoint()?,
                b"annotations" if self.json.field_array()? => self.annotations(raw)?,
                b"binaryAnnotations" if self.json.field_array()? => self.binary_annotations(raw)?,
                b"tags" if self.json.field_object()? => self.tags(raw)?,
                b"annotations" | b"binaryAnnotations" | b"tags" => {}
                b"shared" => self.mark("zipkin.shared", raw)?,
                b"debug" => self.mark("zipkin.debug", raw)?,
                _ => self.json.skip_value()?,
            }
        }
        Ok(())
    }

    /// Keeps a boolean field that is set as an attribute.
    fn mark(&mut self, key: &str, raw: &mut Raw) -> Result<(), Fault> {
        if self.json.field_bool()? == Some(true) {
            let attr = self.attr(key, Value::Bool(true));
            raw.tags.push(attr);
        }
        Ok(())
    }

    fn attr(&mut self, key: &str, value: Value) -> AttrId {
        let key = self.part.strings.intern(key);
        self.part.attrs.intern(key, value)
    }

    fn kind(&mut self) -> Result<Option<SpanKind>, Fault> {
        self.json.peek();
        let offset = self.json.offset();
        let Some(name) = self.json.field_text()? else { return Ok(None) };
        let kind = match &*name.to_ascii_uppercase() {
            "CLIENT" => Some(SpanKind::Client),
            "SERVER" => Some(SpanKind::Server),
            "PRODUCER" => Some(SpanKind::Producer),
            "CONSUMER" => Some(SpanKind::Consumer),
            _ => None,
        };
        if kind.is_none() && !name.is_empty() {
            self.json.bad_field(offset, "CLIENT, SERVER, PRODUCER or CONSUMER");
        }
        Ok(kind)
    }

    /// Microseconds as nanoseconds; absent when 0, as Zipkin's own readers have it.
    fn micros(&mut self) -> Result<Option<i128>, Fault> {
        Ok(fields::micros(&mut self.json)?.filter(|&time| time != 0))
    }

    fn endpoint(&mut self) -> Result<Option<Endpoint>, Fault> {
        if !self.json.field_object()? {
            return Ok(None);
        }
        let mut endpoint = Endpoint::default();
        while let Some(key) = self.json.next_key()? {
            match &*key {
                b"serviceName" => endpoint.service = fields::text(&mut self.json, &mut self.part)?,
                b"ipv4" => endpoint.ipv4 = fields::text(&mut self.json, &mut self.part)?,
                b"ipv6" => endpoint.ipv6 = fields::text(&mut self.json, &mut self.part)?,
                b"port" => endpoint.port = self.json.field_u32()?.map_or(0, i64::from),
                _ => self.json.skip_value()?,
            }
        }
        Ok((endpoint != Endpoint::default()).then_some(endpoint))
    }

    fn annotations(&mut self, raw: &mut Raw) -> Result<(), Fault> {
        while self.json.next_element()? {
            if !self.json.field_object()? {
                continue;
            }
            let mut one = Annotation { time_ns: 0, value: Sym::EMPTY, core: None, endpoint: None };
            while let Some(key) = self.json.next_key()? {
                match &*key {
                    b"timestamp" => {
                        let time = self.micros()?.unwrap_or_default();
                        one.time_ns = fields::clamp(time, &mut SpanFlags::default());
                    }
                    b"value" => {
                        let Some(text) = self.json.field_text()? else { continue };
                        one.core = Core::of(&text);
                        one.value = self.part.strings.intern(&text);
                    }
                    b"endpoint" => one.endpoint = self.endpoint()?,
                    _ => self.json.skip_value()?,
                }
            }
            raw.annotations.push(one);
        }
        Ok(())
    }

    fn tags(&mut self, raw: &mut Raw) -> Result<(), Fault> {
        self.repeats.begin(List::Record);
        while let Some(pair) = self.repeats.next_pair(&mut self.json, &mut self.part)? {
            raw.has_error |= self.part.strings.get(pair.key) == "error";
            raw.tags.push(pair.id);
        }
        Ok(())
    }

    fn binary_annotations(&mut self, raw: &mut Raw) -> Result<(), Fault> {
        while self.json.next_element()? {
            if !self.json.field_object()? {
                continue;
            }
            let mut one = BinaryAnnotation { key: Sym::EMPTY, value: Value::Empty, endpoint: None };
            while let Some(key) = self.json.next_key()? {
                match &*key {
                    b"key" => one.key = fields::text(&mut self.json, &mut self.part)?,
                    b"value" => one.value = fields::any_value(&mut self.json, &mut self.part)?,
                    b"endpoint" => one.endpoint = self.endpoint()?,
                    _ => self.json.skip_value()?,
                }
            }
            raw.has_error |= self.part.strings.get(one.key) == "error";
            raw.binary.push(one);
        }
        Ok(())
    }

    /// Appends the span, or both of its halves.
    fn push(&mut self, draft: &mut SpanDraft, raw: &Raw) {
        if raw.has_error {
            draft.status = Status::Error;
        }
        let is_v1 = raw.kind.is_none() && raw.local.is_none() && raw.tags.iter().all(|&id| self.is_mark(id));
        let halves = match raw.kind {
            None if is_v1 => halves(&raw.annotations),
            kind => vec![Half { kind: kind.unwrap_or_default(), begin: None, end: None }],
        };
        for (at, half) in halves.iter().enumerate() {
            draft.attrs.clear();
            draft.events.clear();
            draft.event_attrs.clear();
            draft.kind = half.kind;
            let endpoints: Vec<Option<Endpoint>> = halves.iter().map(|half| self.local(raw, *half)).collect();
            let own = endpoints[at];
            // What names the other half's endpoint is the other half's; the first one keeps the rest.
            let is_mine = |endpoint: Option<Endpoint>| {
                let owner = endpoints.iter().position(|known| endpoint.is_some() && *known == endpoint);
                owner.unwrap_or(0) == at
            };
            self.set_times(draft, raw, *half, at == 0);
            draft.attrs.extend_from_slice(&raw.tags);
            let mut remote = raw.remote;
            for one in &raw.binary {
                let key = self.part.strings.get(one.key);
                let is_address = matches!(key, "sa" | "ca" | "ma") && !matches!(one.value, Value::Str(_));
                if is_address && one.endpoint.is_some() {
                    let calls = matches!(half.kind, SpanKind::Client | SpanKind::Producer | SpanKind::Unspecified);
                    if key == "ma" || (key == "sa") == calls {
                        remote = one.endpoint;
                    }
                } else if is_mine(one.endpoint) && !(key == "lc" && one.value == Value::Str(Sym::EMPTY)) {
                    draft.attrs.push(self.part.attrs.intern(one.key, one.value));
                }
            }
            self.add_remote(remote, draft);
            for one in raw.annotations.iter().filter(|one| is_mine(one.endpoint)) {
                // A time that is the span's own already is no event of its own.
                let is_edge = is_v1 && one.core.is_some() && [draft.start_ns, draft.end_ns].contains(&one.time_ns);
                let is_other_half = is_v1 && halves.len() > 1 && one.core.is_some();
                if !is_edge && !is_other_half {
                    draft.events.push(EventDraft { time_ns: one.time_ns, name: one.value, ..EventDraft::default() });
                }
            }
            let resource = self.resource(own);
            let resource = self.part.resource(resource);
            let scope = self.part.scope(Scope::default());
            self.part.push(draft, resource, scope);
        }
    }

    /// True for the attributes that [`Self::mark`] made.
    fn is_mark(&self, id: AttrId) -> bool {
        self.part.strings.get(self.part.attrs.get(id).key).starts_with("zipkin.")
    }

    /// The endpoint that reported a half.
    fn local(&self, raw: &Raw, half: Half) -> Option<Endpoint> {
        let by_core = |core: Option<Core>| {
            raw.annotations.iter().find(|one| core.is_some() && one.core == core).and_then(|one| one.endpoint)
        };
        let is_address = |one: &BinaryAnnotation| matches!(self.part.strings.get(one.key), "sa" | "ca" | "ma");
        raw.local
            .or_else(|| by_core(half.begin))
            .or_else(|| by_core(half.end))
            .or_else(|| raw.annotations.iter().find_map(|one| one.endpoint))
            .or_else(|| raw.binary.iter().filter(|one| !is_address(one)).find_map(|one| one.endpoint))
    }

    /// Stated times win; the annotations fill in what is missing. The first half owns the stated ones.
    fn set_times(&mut self, draft: &mut SpanDraft, raw: &Raw, half: Half, owns_stated: bool) {
        draft.flags = SpanFlags::default();
        let at_core = |core: Option<Core>| {
            raw.annotations.iter().find(|one| core.is_some() && one.core == core).map(|one| i128::from(one.time_ns))
        };
        let stated = raw.timestamp_ns.filter(|_| owns_stated);
        let earliest = || raw.annotations.iter().map(|one| i128::from(one.time_ns)).filter(|&time| time != 0).min();
        let start = stated.or_else(|| at_core(half.begin)).or_else(|| if owns_stated { earliest() } else { None });
        let stated_end = raw.duration_ns.filter(|_| owns_stated).zip(start).map(|(duration, start)| start + duration);
        let end = stated_end.or_else(|| at_core(half.end));
        draft.start_ns = fields::clamp(start.unwrap_or_default(), &mut draft.flags);
        draft.end_ns = fields::clamp(end.unwrap_or_default(), &mut draft.flags);
        if stated.is_none() && start.is_some() {
            let detail = || "the span states no time of its own".to_owned();
            self.part.diagnostics.add(Code::TimesFromAnnotations, InputIx(0), draft.offset, detail);
        }
    }

    fn add_remote(&mut self, remote: Option<Endpoint>, draft: &mut SpanDraft) {
        let Some(remote) = remote else { return };
        for (key, text) in [("peer.service", remote.service), ("peer.ipv4", remote.ipv4), ("peer.ipv6", remote.ipv6)] {
            if !text.is_empty() {
                let attr = self.attr(key, Value::Str(text));
                draft.attrs.push(attr);
            }
        }
        if remote.port != 0 {
            let attr = self.attr("peer.port", Value::Int(remote.port));
            draft.attrs.push(attr);
        }
    }

    fn resource(&mut self, endpoint: Option<Endpoint>) -> Resource {
        let mut attrs = Vec::new();
        if let Some(endpoint) = endpoint {
            for (key, text) in [("service.name", endpoint.service), ("ip", endpoint.ipv4), ("ipv6", endpoint.ipv6)] {
                if !text.is_empty() {
                    attrs.push(self.attr(key, Value::Str(text)));
                }
            }
            if endpoint.port != 0 {
                attrs.push(self.attr("port", Value::Int(endpoint.port)));
            }
        }
        Resource { input: InputIx(0), attrs, schema_url: Sym::EMPTY, dropped: 0 }
    }
}
