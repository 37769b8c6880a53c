//! Reads one chunk: follows the levels that the splitter knows, and hands items to their readers.

use super::shape::{OtlpShape, REQUEST, Signal, Tier, signal_of};
use super::spans::{dropped, read_span, text_or};
use super::values::{attribute_of, attributes, text};
use crate::load::json::{Chunk, Fault, Open, Scanner, Shape, Token};
use crate::load::repeats::{List, Repeats};
use crate::model::{AttrId, Code, InputIx, Part, Resource, Scope, SpanDraft};

/// A resource or a scope whose spans are being read.
#[derive(Debug)]
struct Group<T> {
    content: T,
    first_span: usize,
    /// It began in an earlier chunk.
    is_head: bool,
}

struct Reader<'a> {
    shape: OtlpShape,
    json: Scanner<'a>,
    part: Part,
    repeats: Repeats<'a>,
    draft: SpanDraft,
    input: InputIx,
    stack: Vec<Open>,
    resource: Option<Group<Resource>>,
    scope: Option<Group<Scope>>,
    metrics: u64,
    /// Where the current document begins, until a key that OTLP has was seen in it.
    unknown_since: Option<u64>,
}

/// Reads `chunk`, cut by `shape`, into a part of `input`.
pub(super) fn read_chunk(chunk: &Chunk, shape: OtlpShape, input: InputIx) -> Part {
    let mut reader = Reader {
        shape,
        json: Scanner::of_chunk(chunk),
        part: Part::sized_for(chunk.bytes.len()),
        repeats: Repeats::new(),
        draft: SpanDraft::default(),
        input,
        stack: Vec::new(),
        resource: None,
        scope: None,
        metrics: 0,
        unknown_since: None,
    };
    for &open in &chunk.path {
        reader.enter(open, true);
    }
    reader.run(chunk);
    reader.part
}

impl Reader<'_> {
    fn run(&mut self, chunk: &Chunk) {
        loop {
            let result = match self.stack.last() {
                None => self.next_document(),
                Some(open) if open.is_array => self.next_in_list(*open),
                Some(open) => self.next_field(*open),
            };
            match result {
                Ok(true) => {}
                Ok(false) => break,
                Err(fault) => self.go_on_after(fault),
            }
        }
        self.json.note_left_out(chunk);
        self.end(chunk);
        let part = &mut self.part;
        part.diagnostics.absorb(std::mem::take(&mut self.json.diagnostics));
        part.diagnostics.add_count(Code::MetricsSkipped, self.metrics);
    }

    /// The chunk is over: what is open goes on in the next one, or was cut off.
    fn end(&mut self, chunk: &Chunk) {
        if chunk.continues {
            self.leave_open();
            return;
        }
        if !self.stack.is_empty() && self.json.diagnostics.count(Code::Truncated) == 0 {
            let fault = self.json.fault("more");
            self.json.note_fault(fault);
        }
        while !self.stack.is_empty() {
            self.leave();
        }
    }

    /// Counts a fault and moves on: at the end there is nothing left to read, before it one step is enough.
    fn go_on_after(&mut self, fault: Fault) {
        self.json.note_fault(fault);
        if self.json.offset() <= fault.offset {
            self.json.skip_byte();
            self.json.skip_to_structure();
        }
    }

    /// Enters the next document; false at the end of the text.
    fn next_document(&mut self) -> Result<bool, Fault> {
        self.json.skip_separators();
        let is_array = match self.json.peek() {
            Token::End => return Ok(false),
            Token::Object => false,
            Token::Array => true,
            Token::Null => {
                self.json.null()?;
                return Ok(true);
            }
            _ => {
                let fault = self.json.fault("an OTLP request");
                return Err(fault);
            }
        };
        self.unknown_since = Some(self.json.offset());
        self.descend(None, is_array)
    }

    /// Enters the container that comes next if it is a level, else skips it.
    fn descend(&mut self, key: Option<&[u8]>, is_array: bool) -> Result<bool, Fault> {
        let parent = self.stack.last().map_or(crate::load::json::Level::ROOT, |open| open.level);
        match self.shape.child(parent, key, is_array) {
            Some(level) => {
                if is_array {
                    self.json.begin_array()?;
                } else {
                    self.json.begin_object()?;
                }
                self.enter(Open { level, is_array }, false);
            }
            None => self.json.skip_value()?,
        }
        Ok(true)
    }

    fn enter(&mut self, open: Open, is_head: bool) {
        self.stack.push(open);
        let first_span = self.part.span_count();
        if matches!(signal_of(open.level), Some((_, Tier::Resources | Tier::Scopes | Tier::Items))) {
            self.unknown_since = None;
        }
        match signal_of(open.level) {
            Some((Signal::Spans, Tier::Resource)) => {
                let content = Resource::of(self.input);
                self.resource = Some(Group { content, first_span, is_head });
            }
            Some((Signal::Spans, Tier::Scope)) => {
                self.scope = Some(Group { content: Scope::default(), first_span, is_head });
            }
            // Spans without a scope around them.
            Some((Signal::Spans, Tier::Items)) if self.scope.is_none() => {
                self.scope = Some(Group { content: Scope::default(), first_span, is_head });
            }
            _ => {}
        }
    }

    /// Leaves the innermost level.
    fn leave(&mut self) {
        let Some(open) = self.stack.pop() else { return };
        match signal_of(open.level) {
            Some((Signal::Spans, Tier::Resource)) => {
                if let Some(group) = self.resource.take() {
                    self.part.close_resource(group.content, group.first_span, group.is_head);
                }
            }
            Some((Signal::Spans, tier @ (Tier::Scope | Tier::Items))) => {
                let around = self.stack.last().and_then(|open| signal_of(open.level));
                if tier == Tier::Scope || around == Some((Signal::Spans, Tier::Resource)) {
                    self.close_scope();
                }
            }
            _ => {}
        }
        if self.stack.is_empty()
            && let Some(offset) = self.unknown_since.take()
        {
            self.json.note(Code::UnknownDocument, offset, String::new);
        }
    }

    fn close_scope(&mut self) {
        if let Some(group) = self.scope.take() {
            self.part.close_scope(group.content, group.first_span, group.is_head);
        }
    }

    fn leave_open(&mut self) {
        if let Some(group) = self.resource.take() {
            self.part.leave_resource_open(group.content, group.first_span, group.is_head);
        }
        if let Some(group) = self.scope.take() {
            self.part.leave_scope_open(group.content, group.first_span, group.is_head);
        }
    }

    /// Reads the next element of a list; false at the end of the text.
    fn next_in_list(&mut self, open: Open) -> Result<bool, Fault> {
        self.json.skip_separators();
        match self.json.peek() {
            Token::End => return Ok(false),
            Token::Close => {
                self.json.close();
                self.leave();
            }
            Token::Null => self.json.null()?,
            Token::Object => match signal_of(open.level) {
                Some((signal, Tier::Items)) => self.item(signal),
                _ => return self.descend(None, false),
            },
            _ => {
                let fault = self.json.fault("an object");
                self.json.skip_value()?;
                return Err(fault);
            }
        }
        Ok(true)
    }

    /// Reads a span, a log record or a metric. One that is not right is skipped as a whole.
    fn item(&mut self, signal: Signal) {
        let mark = self.json.mark();
        let result = match signal {
            Signal::Spans => self.span(),
            Signal::Logs => super::logs::read_log(&mut self.json, &mut self.part, &mut self.repeats, self.input),
            Signal::Metrics => self.json.skip_value().map(|()| self.metrics += 1),
        };
        if let Err(fault) = result {
            self.json.note_fault(fault);
            // When the element has no end either, the text is over, and that has just been counted.
            let _ = self.json.recover(mark);
        }
    }

    fn span(&mut self) -> Result<(), Fault> {
        read_span(&mut self.json, &mut self.part, &mut self.repeats, &mut self.draft)?;
        self.part.push_ungrouped(&self.draft);
        Ok(())
    }

    /// Reads the next field of an object that is a level; false at the end of the text.
    fn next_field(&mut self, open: Open) -> Result<bool, Fault> {
        self.json.skip_separators();
        match self.json.peek() {
            Token::End => return Ok(false),
            Token::Close => {
                self.json.close();
                self.leave();
                return Ok(true);
            }
            _ => {}
        }
        let Some(key) = self.json.next_name()? else {
            self.leave();
            return Ok(true);
        };
        match self.json.peek() {
            Token::End => return Ok(false),
            Token::Array => return self.array_field(open, key),
            Token::Object => {}
            _ => {
                self.scalar_field(open, key)?;
                return Ok(true);
            }
        }
        match signal_of(open.level) {
            Some((Signal::Spans, Tier::Resource)) if key == b"resource" => self.resource()?,
            Some((Signal::Spans, Tier::Scope)) if is_scope(key) => self.scope()?,
            _ => return self.descend(Some(key), false),
        }
        Ok(true)
    }

    fn array_field(&mut self, open: Open, key: &[u8]) -> Result<bool, Fault> {
        debug_assert!(!open.is_array, "fields are in objects");
        self.descend(Some(key), true)
    }

    fn scalar_field(&mut self, open: Open, key: &[u8]) -> Result<(), Fault> {
        let is_schema = matches!(key, b"schemaUrl" | b"schema_url");
        match signal_of(open.level) {
            Some((Signal::Spans, Tier::Resource)) if is_schema => {
                let url = text(&mut self.json, &mut self.part)?;
                if let Some(group) = &mut self.resource {
                    group.content.schema_url = url;
                }
            }
            Some((Signal::Spans, Tier::Scope)) if is_schema => {
                let url = text(&mut self.json, &mut self.part)?;
                if let Some(group) = &mut self.scope {
                    group.content.schema_url = url;
                }
            }
            // Some writers leave out the object around what describes a scope.
            Some((Signal::Spans, Tier::Scope)) if matches!(key, b"name" | b"version") => {
                let text = text(&mut self.json, &mut self.part)?;
                if let Some(group) = &mut self.scope {
                    let field = if key == b"name" { &mut group.content.name } else { &mut group.content.version };
                    *field = text;
                }
            }
            _ => {
                // A list that is `null` still says what the document is.
                if open.level == REQUEST && self.shape.child(REQUEST, Some(key), true).is_some() {
                    self.unknown_since = None;
                }
                self.json.skip_value()?;
            }
        }
        Ok(())
    }

    fn resource(&mut self) -> Result<(), Fault> {
        self.json.begin_object()?;
        let (mut attrs, mut lost) = (Vec::new(), 0);
        while let Some(key) = self.json.next_name()? {
            match key {
                b"attributes" => self.attributes(&mut attrs)?,
                b"droppedAttributesCount" | b"dropped_attributes_count" => lost = dropped(&mut self.json)?,
                // Some writers leave out the list around the attributes. OTLP's own fields have no dots.
                _ if key.contains(&b'.') => attrs.push(attribute_of(key, &mut self.json, &mut self.part)?),
                _ => self.json.skip_value()?,
            }
        }
        if let Some(group) = &mut self.resource {
            group.content.attrs = attrs;
            group.content.dropped = lost;
        }
        Ok(())
    }

    /// Reads the attributes of a resource or a scope.
    fn attributes(&mut self, into: &mut Vec<AttrId>) -> Result<(), Fault> {
        attributes(&mut self.json, &mut self.part, &mut self.repeats, List::Other, into)
    }

    fn scope(&mut self) -> Result<(), Fault> {
        self.json.begin_object()?;
        let mut scope = Scope::default();
        while let Some(key) = self.json.next_name()? {
            match key {
                b"name" => scope.name = text_or(&mut self.json, &mut self.part, scope.name)?,
                b"version" => scope.version = text_or(&mut self.json, &mut self.part, scope.version)?,
                b"attributes" => self.attributes(&mut scope.attrs)?,
                b"droppedAttributesCount" | b"dropped_attributes_count" => scope.dropped = dropped(&mut self.json)?,
                _ => self.json.skip_value()?,
            }
        }
        if let Some(group) = &mut self.scope {
            scope.schema_url = group.content.schema_url;
            group.content = scope;
        }
        Ok(())
    }
}

fn is_scope(key: &[u8]) -> bool {
    matches!(key, b"scope" | b"instrumentationLibrary" | b"instrumentation_library")
}
