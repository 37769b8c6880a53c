//! Reads documents of records chunk by chunk.

use std::io::Read;

use super::record::{Raw, Record};
use super::{Records, Sink};
use crate::load::json::{Chunk, Fault, FaultKind, Level, Limits, Scanner, Shape, Splitter, Token};
use crate::load::{LoadError, Output};

/// A list of records.
const LIST: Level = Level(1);
/// An object that may hold a list of records.
const OBJECT: Level = Level(2);

struct RecordShape {
    lists: &'static [&'static str],
    wrappers: &'static [&'static str],
}

impl Shape for RecordShape {
    fn child(&self, parent: Level, key: Option<&[u8]>, is_array: bool) -> Option<Level> {
        let is_in = |keys: &[&str]| key.is_some_and(|key| keys.iter().any(|known| known.as_bytes() == key));
        match (parent, is_array) {
            (Level::ROOT, true) => Some(LIST),
            (Level::ROOT, false) => Some(OBJECT),
            (OBJECT, true) if is_in(self.lists) => Some(LIST),
            (OBJECT, false) if is_in(self.wrappers) => Some(OBJECT),
            _ => None,
        }
    }
}

/// Reads all of `bytes` as records of `F`. One thread does it: such exports are small, and what a trace is called
/// may stand before or after its spans.
pub(super) fn read<F: Records>(bytes: &mut (dyn Read + Send), out: &mut Output<'_>) -> Result<(), LoadError> {
    read_with::<F>(bytes, Limits::default(), out)
}

pub(super) fn read_with<F: Records>(
    bytes: &mut (dyn Read + Send),
    limits: Limits,
    out: &mut Output<'_>,
) -> Result<(), LoadError> {
    let shape = RecordShape { lists: F::LISTS, wrappers: F::WRAPPERS };
    let mut splitter = Splitter::new(bytes, &shape, limits);
    let mut state = State::<F>::default();
    let mut spare = Vec::new();
    while let Some(chunk) = splitter.next_chunk(spare)? {
        if out.is_cancelled() {
            return Err(LoadError::Cancelled);
        }
        state.chunk(&chunk);
        spare = chunk.bytes;
    }
    state.format.end(&mut state.sink);
    out.absorb(state.sink.finish());
    Ok(())
}

#[derive(Default)]
struct State<F> {
    format: F,
    sink: Sink,
    /// Fields of the open document beside its list.
    fields: Record<'static>,
    /// A list was seen in the open document.
    has_list: bool,
}

/// Whether the text goes on after what was read.
type GoesOn = bool;

impl<F: Records> State<F> {
    fn chunk(&mut self, chunk: &Chunk) {
        let mut json = Scanner::of_chunk(chunk);
        let mut goes_on = true;
        for (depth, open) in chunk.path.iter().enumerate().rev() {
            goes_on = if open.level == LIST {
                self.list(&mut json, chunk.continues)
            } else {
                self.object(&mut json, chunk.continues)
            };
            if !goes_on {
                break;
            }
            if depth == 0 {
                self.end_document();
            }
        }
        if goes_on {
            self.documents(&mut json, chunk.continues);
        }
        if !chunk.continues {
            self.end_document();
        }
        json.note_left_out(chunk);
        self.sink.part.diagnostics.absorb(std::mem::take(&mut json.diagnostics));
    }

    fn documents(&mut self, json: &mut Scanner<'_>, continues: bool) {
        loop {
            json.skip_separators();
            let goes_on = match json.peek() {
                Token::End => false,
                Token::Array if json.begin_array().is_ok() => {
                    self.has_list = true;
                    self.list(json, continues)
                }
                Token::Object => {
                    self.fields.offset = json.offset();
                    json.begin_object().is_ok() && self.object(json, continues)
                }
                _ => {
                    json.skip_to_container("an object or a list of records");
                    continue;
                }
            };
            if !goes_on {
                return;
            }
            self.end_document();
        }
    }

    /// Reads the rest of a document's object.
    fn object(&mut self, json: &mut Scanner<'_>, continues: bool) -> GoesOn {
        loop {
            let field = json.next_key().map(|key| key.map(|key| String::from_utf8_lossy(&key).into_owned()));
            let key = match field {
                Ok(Some(key)) => key,
                Ok(None) => return true,
                Err(fault) => return ends(json, fault, continues),
            };
            let goes_on = match json.peek() {
                Token::Array if F::LISTS.contains(&key.as_str()) && json.begin_array().is_ok() => {
                    self.has_list = true;
                    self.list(json, continues)
                }
                Token::Object if F::WRAPPERS.contains(&key.as_str()) && json.begin_object().is_ok() => {
                    self.object(json, continues)
                }
                _ => match Raw::read(json) {
                    Ok(raw) => {
                        self.fields.push(&key, raw);
                        true
                    }
                    Err(fault) => ends(json, fault, continues),
                },
            };
            if !goes_on {
                return false;
            }
        }
    }

    /// Reads the rest of a list.
    fn list(&mut self, json: &mut Scanner<'_>, continues: bool) -> GoesOn {
        loop {
            match json.next_element() {
                Ok(true) => {}
                Ok(false) => return true,
                Err(fault) => return ends(json, fault, continues),
            }
            let mark = json.mark();
            let result = match json.peek() {
                Token::Object => Record::read(json).map(|record| self.element(&record)),
                Token::Null => json.null(),
                Token::Array => match json.begin_array() {
                    Ok(()) if self.list(json, continues) => Ok(()),
                    Ok(()) => return false,
                    Err(fault) => Err(fault),
                },
                _ => {
                    let offset = json.offset();
                    json.bad_field(offset, "an object");
                    json.skip_value()
                }
            };
            if let Err(fault) = result {
                json.note_fault(fault);
                if json.recover(mark).is_err() {
                    return false;
                }
            }
        }
    }

    /// A record, or a document inside of a list.
    fn element(&mut self, record: &Record<'_>) {
        if self.nested(record) {
            self.format.document(record, &mut self.sink);
        } else {
            self.format.record(record, &mut self.sink);
        }
    }

    /// Reads the list of records inside of `record`, or inside of one of its wrappers. False when there is none.
    fn nested(&mut self, record: &Record<'_>) -> bool {
        let list = F::LISTS.iter().filter_map(|key| record.get(key)).find(|raw| raw.token() == Token::Array);
        if let Some(list) = list {
            for element in list.elements() {
                match element.record() {
                    Some(inner) => self.format.record(&inner, &mut self.sink),
                    None => self.sink.bad_field(element, "an object"),
                }
            }
            return true;
        }
        F::WRAPPERS.iter().any(|key| {
            let inner = record.get(key).filter(|raw| raw.token() == Token::Object).and_then(Raw::record);
            inner.is_some_and(|inner| self.nested(&inner))
        })
    }

    fn end_document(&mut self) {
        let fields = std::mem::take(&mut self.fields);
        if std::mem::take(&mut self.has_list) {
            self.format.document(&fields, &mut self.sink);
        } else if !fields.is_empty() {
            self.format.record(&fields, &mut self.sink);
            self.format.document(&Record::default(), &mut self.sink);
        }
    }
}

/// The text is over: fine when it goes on in the next chunk.
fn ends(json: &mut Scanner<'_>, fault: Fault, continues: bool) -> GoesOn {
    if !(continues && fault.kind == FaultKind::Truncated) {
        json.note_fault(fault);
    }
    false
}
