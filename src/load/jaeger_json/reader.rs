//! One chunk of a Jaeger file to a part.

use std::borrow::Cow;
use std::collections::HashMap;

use super::super::fields as shared;
use super::super::json::{Chunk, Fault, FaultKind, Scanner, Token};
use super::super::repeats::{List, Repeats};
use super::fields::{self, Tag};
use super::{JaegerShape, LIST, OBJECT, SPANS};
use crate::model::{
    AttrId, Code, EventDraft, InputIx, LinkDraft, LinkKind, Part, Resource, ResourceIx, Scope, SpanDraft, SpanFlags,
    SpanId, SpanKind, Status, Sym, TraceId, Value,
};

/// What a chunk gave.
pub(super) struct ReadChunk {
    pub part: Part,
    /// Objects that were open where the chunk starts.
    pub open_objects: usize,
    /// What happened to objects and processes, in order.
    pub steps: Vec<Step>,
}

/// Something that the other chunks of the trace need to know.
pub(super) enum Step {
    /// An object begins.
    Enter,
    /// It ends.
    Leave,
    /// A stand-in waits for the process of this id.
    Wait(ResourceIx, String),
    /// A process, by its id.
    Process(String, Box<Process>),
}

/// A process with tables of its own, since spans in several parts may need it.
pub(super) struct Process {
    pub part: Part,
    pub attrs: Vec<AttrId>,
}

/// Why reading a level stopped.
enum Stop {
    /// Its closing bracket was read.
    Closed,
    /// The text of the chunk is over, or makes no sense any more.
    End,
}

/// What belongs to the span that is being read beside its draft.
#[derive(Default)]
struct Whose<'c> {
    /// Its process, when that is inside of it.
    process: Option<Vec<AttrId>>,
    process_id: Cow<'c, str>,
    duration: Option<i128>,
}

/// A reference of the span that is being read.
struct Reference {
    kind: Option<LinkKind>,
    trace: TraceId,
    span: SpanId,
}

/// A tag that says something about its span.
const ERROR: &str = "error";

/// Reads `chunk`, cut by `shape`.
pub(super) fn read_chunk(chunk: &Chunk, shape: JaegerShape) -> ReadChunk {
    let mut reader = Reader {
        is_rows: shape == JaegerShape::Rows,
        json: Scanner::of_chunk(chunk),
        part: Part::sized_for(chunk.bytes.len()),
        repeats: Repeats::new(),
        draft: SpanDraft::default(),
        references: Vec::new(),
        steps: Vec::new(),
        stand_ins: HashMap::new(),
        stand_in_count: 0,
        scope: Scope::default(),
        continues: chunk.continues,
    };
    let open_objects = chunk.path.iter().filter(|open| open.level == OBJECT).count();
    let goes_on = chunk.path.iter().rev().all(|open| {
        let stop = match open.level {
            SPANS => reader.list(Reader::span),
            LIST => reader.list(Reader::trace),
            _ => reader.object_rest(),
        };
        matches!(stop, Stop::Closed)
    });
    if goes_on {
        reader.documents();
    }
    reader.json.note_left_out(chunk);
    reader.part.diagnostics.absorb(std::mem::take(&mut reader.json.diagnostics));
    ReadChunk { part: reader.part, open_objects, steps: reader.steps }
}

struct Reader<'c> {
    /// Documents are spans, or search results that hold them.
    is_rows: bool,
    json: Scanner<'c>,
    part: Part,
    repeats: Repeats<'c>,
    draft: SpanDraft,
    references: Vec<Reference>,
    steps: Vec<Step>,
    /// Stand-ins of the innermost object, by process id.
    stand_ins: HashMap<Cow<'c, str>, ResourceIx>,
    stand_in_count: u32,
    scope: Scope,
    continues: bool,
}

impl<'c> Reader<'c> {
    fn documents(&mut self) {
        loop {
            self.json.skip_separators();
            let mark = self.json.mark();
            match self.json.peek() {
                Token::End => return,
                Token::Array => {
                    let element = if self.is_rows { Self::span } else { Self::trace };
                    if self.json.begin_array().is_ok() && matches!(self.list(element), Stop::End) {
                        return;
                    }
                }
                Token::Object => {
                    let result = if self.is_rows && !self.has_hits() { self.span() } else { self.trace() };
                    if let Err(fault) = result {
                        self.json.note_fault(fault);
                        if self.json.recover(mark).is_err() {
                            return;
                        }
                    }
                }
                _ => self.json.skip_to_container("an object or a list"),
            }
        }
    }

    /// True when the object that comes next is the result of a search.
    fn has_hits(&mut self) -> bool {
        let mark = self.json.mark();
        let mut has_hits = false;
        if self.json.begin_object().is_ok() {
            while let Ok(Some(key)) = self.json.next_key() {
                has_hits = &*key == b"hits";
                if has_hits || self.json.skip_value().is_err() {
                    break;
                }
            }
        }
        self.json.rewind(mark);
        has_hits
    }

    /// Reads the rest of a list with `element`. A broken element is skipped and noted.
    fn list(&mut self, element: fn(&mut Self) -> Result<(), Fault>) -> Stop {
        loop {
            match self.json.next_element() {
                Ok(true) => {}
                Ok(false) => return Stop::Closed,
                Err(fault) => return self.end(fault),
            }
            let mark = self.json.mark();
            let result = match self.json.peek() {
                Token::Object => element(self),
                Token::Null => self.json.null(),
                _ => {
                    let offset = self.json.offset();
                    self.json.bad_field(offset, "an object");
                    self.json.skip_value()
                }
            };
            if let Err(fault) = result {
                if fault.kind == FaultKind::Truncated && self.continues && self.json.peek() == Token::End {
                    return Stop::End;
                }
                self.json.note_fault(fault);
                if self.json.recover(mark).is_err() {
                    return Stop::End;
                }
            }
        }
    }

    /// The text is over: fine when the list goes on in the next chunk.
    fn end(&mut self, fault: Fault) -> Stop {
        if !(self.continues && fault.kind == FaultKind::Truncated) {
            self.json.note_fault(fault);
        }
        Stop::End
    }

    /// Reads a trace, or a response around traces.
    fn trace(&mut self) -> Result<(), Fault> {
        self.json.begin_object()?;
        self.steps.push(Step::Enter);
        self.stand_ins.clear();
        match self.object_rest() {
            Stop::Closed => Ok(()),
            // The lists inside have noted why; what is left of the text cannot be read.
            Stop::End => {
                while self.json.peek() != Token::End {
                    self.json.skip_byte();
                }
                Ok(())
            }
        }
    }

    fn object_rest(&mut self) -> Stop {
        loop {
            let result = self.json.next_key().and_then(|key| match key {
                Some(key) => self.object_field(&key).map(Some),
                None => Ok(None),
            });
            match result {
                Ok(Some(Stop::Closed)) => {}
                Ok(Some(Stop::End)) => return Stop::End,
                Ok(None) => {
                    self.steps.push(Step::Leave);
                    self.stand_ins.clear();
                    return Stop::Closed;
                }
                Err(fault) => return self.end(fault),
            }
        }
    }

    fn object_field(&mut self, key: &[u8]) -> Result<Stop, Fault> {
        match key {
            b"data" if self.json.peek() == Token::Object => {
                self.trace()?;
                return Ok(if self.json.peek() == Token::End { Stop::End } else { Stop::Closed });
            }
            b"data" if self.json.field_array()? => return Ok(self.list(Self::trace)),
            b"spans" if self.json.field_array()? => return Ok(self.list(Self::span)),
            b"data" | b"spans" => {}
            b"hits" if self.is_rows && self.json.peek() == Token::Object => {
                self.trace()?;
                return Ok(if self.json.peek() == Token::End { Stop::End } else { Stop::Closed });
            }
            b"hits" if self.is_rows && self.json.field_array()? => return Ok(self.list(Self::span)),
            b"processes" if self.json.field_object()? => self.processes()?,
            b"processes" => {}
            b"warnings" | b"errors" => self.trace_warnings()?,
            _ => self.json.skip_value()?,
        }
        Ok(Stop::Closed)
    }

    fn trace_warnings(&mut self) -> Result<(), Fault> {
        if self.json.peek() != Token::Array {
            return self.json.skip_value();
        }
        self.json.begin_array()?;
        while self.json.next_element()? {
            let offset = self.json.offset();
            let mark = self.json.mark();
            let text = if self.json.peek() == Token::String {
                self.json.string()?
            } else {
                self.json.skip_value()?;
                String::from_utf8_lossy(self.json.since(mark))
            };
            self.part
                .diagnostics
                .add(Code::ServerWarning, InputIx(0), offset, || text.trim().chars().take(200).collect());
        }
        Ok(())
    }

    fn processes(&mut self) -> Result<(), Fault> {
        while let Some(id) = self.json.next_key()? {
            let id = String::from_utf8_lossy(&id).into_owned();
            let outer = std::mem::take(&mut self.part);
            let attrs = self.process();
            let part = std::mem::replace(&mut self.part, outer);
            self.steps.push(Step::Process(id, Box::new(Process { attrs: attrs?, part })));
        }
        Ok(())
    }

    /// Reads a process into the tables of the current part.
    fn process(&mut self) -> Result<Vec<AttrId>, Fault> {
        let mut attrs = Vec::new();
        if !self.json.field_object()? {
            return Ok(attrs);
        }
        while let Some(key) = self.json.next_key()? {
            match &*key {
                b"serviceName" | b"service_name" => {
                    if let Some(name) = self.json.field_text()? {
                        let key = self.part.strings.intern("service.name");
                        let value = Value::Str(self.part.strings.intern(&name));
                        attrs.insert(0, self.part.attrs.intern(key, value));
                    }
                }
                b"tags" if self.json.field_array()? => {
                    while self.json.next_element()? {
                        if let Some(Tag { key, value }) = fields::tag(&mut self.json, &mut self.part)? {
                            let key = self.part.strings.intern(&key);
                            attrs.push(self.part.attrs.intern(key, value));
                        }
                    }
                }
                b"tags" => {}
                b"tag" if self.json.field_object()? => {
                    while let Some(Tag { key, value }) = self.tag_field()? {
                        let key = self.part.strings.intern(&key);
                        attrs.push(self.part.attrs.intern(key, value));
                    }
                }
                _ => self.json.skip_value()?,
            }
        }
        Ok(attrs)
    }

    /// The next of the tags that Elasticsearch keeps as fields of an object, with `@` for the dots in their keys.
    fn tag_field(&mut self) -> Result<Option<Tag<'c>>, Fault> {
        let Some(key) = self.json.next_key()? else { return Ok(None) };
        let key = Cow::Owned(String::from_utf8_lossy(&key).replace('@', "."));
        Ok(Some(Tag { key, value: shared::any_value(&mut self.json, &mut self.part)? }))
    }

    fn span(&mut self) -> Result<(), Fault> {
        let mut draft = std::mem::take(&mut self.draft);
        draft.clear();
        self.references.clear();
        self.scope = Scope::default();
        let result = self.span_fields(&mut draft);
        if let Ok(resource) = result {
            self.connect(&mut draft);
            let scope = self.part.scope(std::mem::take(&mut self.scope));
            self.part.push(&draft, resource, scope);
        }
        self.draft = draft;
        result.map(|_| ())
    }

    fn span_fields(&mut self, draft: &mut SpanDraft) -> Result<ResourceIx, Fault> {
        draft.offset = self.json.offset();
        let mut whose = Whose::default();
        self.span_object(draft, &mut whose)?;
        if let Some(duration) = whose.duration {
            draft.end_ns = shared::clamp(i128::from(draft.start_ns) + duration, &mut draft.flags);
        }
        let resource = |attrs| Resource { input: InputIx(0), attrs, schema_url: Sym::EMPTY, dropped: 0 };
        Ok(match whose.process {
            Some(attrs) => self.part.resource(resource(attrs)),
            None if self.is_rows => self.part.resource(resource(Vec::new())),
            None => self.stand_in(whose.process_id),
        })
    }

    fn span_object(&mut self, draft: &mut SpanDraft, whose: &mut Whose<'c>) -> Result<(), Fault> {
        self.json.begin_object()?;
        while let Some(key) = self.json.next_key()? {
            match &*key {
                // A document of Elasticsearch.
                b"_source" if self.is_rows && self.json.peek() == Token::Object => self.span_object(draft, whose)?,
                b"tag" if self.json.field_object()? => {
                    while let Some(tag) = self.tag_field()? {
                        self.span_tag(&tag, draft);
                    }
                }
                b"tag" => {}
                b"traceID" | b"traceId" | b"trace_id" => {
                    draft.trace = shared::trace_id(&mut self.json, &mut self.part)?;
                }
                b"spanID" | b"spanId" | b"span_id" => draft.id = shared::span_id(&mut self.json, &mut self.part)?,
                b"parentSpanID" | b"parentSpanId" => draft.parent = shared::span_id(&mut self.json, &mut self.part)?,
                b"operationName" | b"operation_name" => draft.name = shared::text(&mut self.json, &mut self.part)?,
                b"startTime" | b"start_time" => draft.start_ns = fields::time_ns(&mut self.json, &mut draft.flags)?,
                b"duration" => whose.duration = fields::duration_ns(&mut self.json)?,
                b"flags" => draft.otlp_flags = self.json.field_u32()?.unwrap_or_default() & 0xff,
                b"references" if self.json.field_array()? => self.span_references()?,
                b"tags" if self.json.field_array()? => self.span_tags(draft)?,
                b"logs" if self.json.field_array()? => self.span_logs(draft)?,
                b"warnings" if self.json.field_array()? => self.span_warnings(draft)?,
                b"references" | b"tags" | b"logs" | b"warnings" => {}
                b"processID" | b"processId" | b"process_id" => {
                    whose.process_id = self.json.field_text()?.unwrap_or_default();
                }
                b"process" => {
                    let attrs = self.process()?;
                    whose.process = Some(attrs).filter(|attrs| !attrs.is_empty());
                }
                _ => self.json.skip_value()?,
            }
        }
        Ok(())
    }

    fn stand_in(&mut self, id: Cow<'c, str>) -> ResourceIx {
        if let Some(&found) = self.stand_ins.get(&id) {
            return found;
        }
        // Stand-ins must differ from each other and from every process; the joiner sets the right input.
        self.stand_in_count += 1;
        let input = InputIx(u32::MAX - self.stand_in_count);
        let ix = self.part.resource(Resource { input, attrs: Vec::new(), schema_url: Sym::EMPTY, dropped: 0 });
        self.steps.push(Step::Wait(ix, id.clone().into_owned()));
        self.stand_ins.insert(id, ix);
        ix
    }

    fn span_references(&mut self) -> Result<(), Fault> {
        while self.json.next_element()? {
            if !self.json.field_object()? {
                continue;
            }
            let mut reference = Reference { kind: None, trace: TraceId::None, span: SpanId::None };
            while let Some(key) = self.json.next_key()? {
                match &*key {
                    b"refType" | b"ref_type" => {
                        if self.json.field_text()?.is_some_and(|kind| kind.eq_ignore_ascii_case("FOLLOWS_FROM")) {
                            reference.kind = Some(LinkKind::FollowsFrom);
                        }
                    }
                    b"traceID" | b"traceId" | b"trace_id" => {
                        reference.trace = shared::trace_id(&mut self.json, &mut self.part)?;
                    }
                    b"spanID" | b"spanId" | b"span_id" => {
                        reference.span = shared::span_id(&mut self.json, &mut self.part)?;
                    }
                    // The API may put the referenced span itself here.
                    _ => self.json.skip_value()?,
                }
            }
            self.references.push(reference);
        }
        Ok(())
    }

    /// Makes the first `CHILD_OF` in the same trace the parent, else the first one at all; the others become links.
    fn connect(&mut self, draft: &mut SpanDraft) {
        let own = draft.trace;
        let is_child = |reference: &Reference| reference.kind.is_none() && reference.span.is_some();
        let in_trace = |reference: &Reference| reference.trace == own || reference.trace == TraceId::None;
        let same = self.references.iter().position(|one| is_child(one) && in_trace(one));
        let parent = same.or_else(|| self.references.iter().position(is_child));
        if let Some(at) = parent {
            draft.parent = self.references[at].span;
        }
        for (at, reference) in self.references.iter().enumerate() {
            // A parent in another trace stays a link too: only the link says which trace.
            if Some(at) == parent && in_trace(reference) {
                continue;
            }
            draft.links.push(LinkDraft {
                kind: reference.kind.unwrap_or(LinkKind::ExtraParent),
                trace: if reference.trace == TraceId::None { own } else { reference.trace },
                span: reference.span,
                ..LinkDraft::default()
            });
        }
    }

    fn span_tags(&mut self, draft: &mut SpanDraft) -> Result<(), Fault> {
        self.repeats.begin(List::Record);
        while self.json.next_element()? {
            if let Some(id) = self.repeats.next_known(&mut self.json) {
                draft.attrs.push(id);
                continue;
            }
            let start = self.json.mark();
            let Some(tag) = fields::tag(&mut self.json, &mut self.part)? else { continue };
            if !self.known_tag(&tag, draft) {
                let key = self.part.strings.intern(&tag.key);
                let id = self.part.attrs.intern(key, tag.value);
                draft.attrs.push(id);
                if tag.key != ERROR {
                    self.repeats.add(self.json.spelling_since(start), key, id);
                }
            }
        }
        Ok(())
    }

    fn span_tag(&mut self, tag: &Tag<'_>, draft: &mut SpanDraft) {
        if !self.known_tag(tag, draft) {
            let key = self.part.strings.intern(&tag.key);
            draft.attrs.push(self.part.attrs.intern(key, tag.value));
        }
    }

    /// Tags that stand for a field of their own. True when nothing else needs to be kept of the tag.
    fn known_tag(&mut self, tag: &Tag<'_>, draft: &mut SpanDraft) -> bool {
        let text = tag.value.sym().map(|sym| (sym, self.part.strings.get(sym)));
        match (&*tag.key, text, tag.value) {
            ("span.kind", Some((_, text)), _) => {
                draft.kind = match text.to_ascii_lowercase().as_str() {
                    "server" => SpanKind::Server,
                    "client" => SpanKind::Client,
                    "producer" => SpanKind::Producer,
                    "consumer" => SpanKind::Consumer,
                    "internal" => SpanKind::Internal,
                    _ => return false,
                };
                true
            }
            ("otel.status_code", Some((_, text)), _) => {
                draft.status = match text.to_ascii_uppercase().as_str() {
                    "ERROR" => Status::Error,
                    "OK" => Status::Ok,
                    _ => return false,
                };
                true
            }
            ("otel.status_code", None, Value::Int(code @ 1..=2)) => {
                draft.status = if code == 2 { Status::Error } else { Status::Ok };
                true
            }
            ("otel.status_description", Some((sym, _)), _) => {
                draft.rare.status_message = sym;
                true
            }
            ("w3c.tracestate", Some((sym, _)), _) => {
                draft.rare.trace_state = sym;
                true
            }
            ("otel.scope.name" | "otel.library.name", Some((sym, _)), _) => {
                self.scope.name = sym;
                true
            }
            ("otel.scope.version" | "otel.library.version", Some((sym, _)), _) => {
                self.scope.version = sym;
                true
            }
            // May hold more than yes or no: kept as a tag too.
            (ERROR, text, value) => {
                let is_error = text.map_or(matches!(value, Value::Bool(true)), |(_, text)| {
                    !matches!(text, "" | "false" | "False" | "0" | "none")
                });
                if is_error {
                    draft.status = Status::Error;
                }
                false
            }
            _ => false,
        }
    }

    fn span_logs(&mut self, draft: &mut SpanDraft) -> Result<(), Fault> {
        while self.json.next_element()? {
            if !self.json.field_object()? {
                continue;
            }
            let mut event = EventDraft::default();
            let mut message = Sym::EMPTY;
            while let Some(key) = self.json.next_key()? {
                match &*key {
                    b"timestamp" => event.time_ns = fields::time_ns(&mut self.json, &mut draft.flags)?,
                    b"fields" if self.json.field_array()? => {
                        self.log_fields(&mut event.name, &mut message, &mut draft.event_attrs)?;
                    }
                    b"fields" => {}
                    _ => self.json.skip_value()?,
                }
            }
            if event.name.is_empty() {
                event.name = message;
            }
            event.attr_end = u32::try_from(draft.event_attrs.len()).unwrap_or(u32::MAX);
            draft.events.push(event);
        }
        Ok(())
    }

    /// Reads the fields of a log: its name and message go there, what is left becomes attributes.
    fn log_fields(&mut self, name: &mut Sym, message: &mut Sym, attrs: &mut Vec<AttrId>) -> Result<(), Fault> {
        self.repeats.begin(List::Event);
        while self.json.next_element()? {
            if let Some(id) = self.repeats.next_known(&mut self.json) {
                attrs.push(id);
                continue;
            }
            let start = self.json.mark();
            let Some(Tag { key, value }) = fields::tag(&mut self.json, &mut self.part)? else { continue };
            if let ("event", Value::Str(text)) = (&*key, value) {
                *name = text;
                continue;
            }
            let sym = self.part.strings.intern(&key);
            let id = self.part.attrs.intern(sym, value);
            attrs.push(id);
            if let ("message", Value::Str(text)) = (&*key, value) {
                *message = text;
            } else {
                self.repeats.add(self.json.spelling_since(start), sym, id);
            }
        }
        Ok(())
    }

    fn span_warnings(&mut self, draft: &mut SpanDraft) -> Result<(), Fault> {
        while self.json.next_element()? {
            let offset = self.json.offset();
            let Some(text) = self.json.field_text()? else { continue };
            // The other clock skew warnings say why times were left alone.
            if text.contains("timestamps were adjusted") {
                draft.flags = draft.flags.with(SpanFlags::TIME_ADJUSTED);
            }
            self.part.diagnostics.add(Code::ServerWarning, InputIx(0), offset, || text.chars().take(200).collect());
            draft.rare.warnings.push(self.part.strings.intern(&text));
        }
        Ok(())
    }
}
