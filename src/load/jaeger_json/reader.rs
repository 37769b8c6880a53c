//! One chunk of a Jaeger file to a part.

use std::borrow::Cow;
use std::collections::HashMap;

use super::super::fields as shared;
use super::super::json::{Chunk, Fault, FaultKind, Scanner, Token};
use super::super::repeats::Repeats;
use super::fields::{self, Tag};
use super::span::Reference;
use super::{JaegerShape, LIST, OBJECT, SPANS};
use crate::model::{AttrId, Code, InputIx, Part, ResourceIx, Scope, SpanDraft, Value};

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

/// Reads one chunk.
pub(super) struct Reader<'c> {
    /// Documents are spans, or search results that hold them.
    pub(super) is_rows: bool,
    pub(super) json: Scanner<'c>,
    pub(super) part: Part,
    pub(super) repeats: Repeats<'c>,
    pub(super) draft: SpanDraft,
    pub(super) references: Vec<Reference>,
    pub(super) steps: Vec<Step>,
    /// Stand-ins of the innermost object, by process id.
    pub(super) stand_ins: HashMap<Cow<'c, str>, ResourceIx>,
    pub(super) stand_in_count: u32,
    pub(super) scope: Scope,
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
    pub(super) fn process(&mut self) -> Result<Vec<AttrId>, Fault> {
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
    pub(super) fn tag_field(&mut self) -> Result<Option<Tag<'c>>, Fault> {
        let Some(key) = self.json.next_key()? else { return Ok(None) };
        let key = Cow::Owned(String::from_utf8_lossy(&key).replace('@', "."));
        Ok(Some(Tag { key, value: shared::any_value(&mut self.json, &mut self.part)? }))
    }
}
