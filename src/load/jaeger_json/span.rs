//! One span of a Jaeger file.

use std::borrow::Cow;

use super::super::fields as shared;
use super::super::json::{Fault, Token};
use super::super::repeats::List;
use super::fields::{self, Tag};
use super::reader::{Reader, Step};
use crate::model::{
    AttrId, Code, EventDraft, InputIx, LinkDraft, LinkKind, Resource, ResourceIx, Scope, SpanDraft, SpanFlags, SpanId,
    Status, Sym, TraceId, Value,
};

/// What belongs to the span that is being read beside its draft.
#[derive(Default)]
struct Whose<'c> {
    /// Its process, when that is inside of it.
    process: Option<Vec<AttrId>>,
    process_id: Cow<'c, str>,
    duration: Option<i128>,
}

/// A reference of the span that is being read.
pub(super) struct Reference {
    kind: Option<LinkKind>,
    trace: TraceId,
    span: SpanId,
}

/// A tag that says something about its span.
const ERROR: &str = "error";

impl<'c> Reader<'c> {
    pub(super) fn span(&mut self) -> Result<(), Fault> {
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
                let kind = shared::kind_of(text);
                draft.kind = kind.unwrap_or(draft.kind);
                kind.is_some()
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
