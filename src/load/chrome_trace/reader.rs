//! One chunk of a Chrome trace to records.

use std::borrow::Cow;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _};

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::super::fields;
use super::super::json::{Chunk, Fault, FaultKind, Scanner, Token};
use super::super::repeats::{List, Repeats};
use super::EVENTS;
use super::record::{Meta, OPEN, Phase, ReadChunk, Record, Thread};
use crate::model::{AttrId, Code, InputIx, SpanFlags, Sym, Value};

/// Reads `chunk`.
pub(super) fn read_chunk(chunk: &Chunk) -> ReadChunk {
    let mut reader = Reader {
        json: Scanner::of_chunk(chunk),
        out: ReadChunk::sized_for(chunk.bytes.len()),
        repeats: Repeats::new(),
        threads: HashMap::default(),
        categories: Vec::new(),
        last_thread: None,
        is_bare_list: chunk.path.first().is_some_and(|open| open.level == EVENTS),
        continues: chunk.continues,
    };
    let goes_on =
        chunk.path.iter().rev().all(|open| if open.level == EVENTS { reader.events() } else { reader.object_rest() });
    if goes_on {
        reader.documents();
    }
    reader.json.note_left_out(chunk);
    reader.out.part.diagnostics.absorb(std::mem::take(&mut reader.json.diagnostics));
    reader.out
}

/// Categories remembered at most.
const MAX_CATEGORIES: usize = 16;

struct Reader<'c> {
    json: Scanner<'c>,
    out: ReadChunk,
    repeats: Repeats<'c>,
    /// Threads by the raw text of their process and thread ids.
    threads: HashMap<(&'c [u8], &'c [u8]), u32, FixedState>,
    /// The first few categories, with their attributes.
    categories: Vec<(&'c str, AttrId)>,
    last_thread: Option<(&'c [u8], &'c [u8], u32)>,
    /// The events are not inside of an object: then the closing bracket may be missing.
    is_bare_list: bool,
    continues: bool,
}

/// The fields of an event that say what it is.
#[derive(Default)]
struct Event<'c> {
    phase: Cow<'c, str>,
    category: Cow<'c, str>,
    name: Option<Cow<'c, str>>,
    /// Raw text of the ids.
    pid: &'c [u8],
    tid: &'c [u8],
    id: &'c [u8],
    is_global_id: bool,
    scope: &'c [u8],
    start_ns: Option<i128>,
    duration_ns: Option<i128>,
    binds_enclosing: bool,
    is_wide: bool,
}

impl Event<'_> {
    /// `{}`: TensorFlow and JAX end their lists with one, so that every real event can have a comma behind it.
    fn is_nothing(&self) -> bool {
        self.phase.is_empty() && self.name.is_none() && self.start_ns.is_none() && self.pid.is_empty()
    }
}

impl<'c> Reader<'c> {
    fn documents(&mut self) {
        loop {
            self.json.skip_separators();
            match self.json.peek() {
                Token::End => return,
                Token::Array if self.json.begin_array().is_ok() => {
                    self.is_bare_list = true;
                    if !self.events() {
                        return;
                    }
                }
                Token::Object if self.json.begin_object().is_ok() => {
                    self.is_bare_list = false;
                    if !self.object_rest() {
                        return;
                    }
                }
                _ => self.json.skip_to_container("an object or a list of events"),
            }
        }
    }

    /// Reads the rest of the object around the events. False when the text is over.
    fn object_rest(&mut self) -> bool {
        loop {
            let step = self.json.next_key().and_then(|key| match key {
                Some(key) => self.object_field(&key).map(Some),
                None => Ok(None),
            });
            match step {
                Ok(Some(true)) => {}
                Ok(Some(false)) => return false,
                Ok(None) => return true,
                Err(fault) => {
                    self.json.note_fault(fault);
                    return false;
                }
            }
        }
    }

    fn object_field(&mut self, key: &[u8]) -> Result<bool, Fault> {
        match key {
            b"traceEvents" if self.json.field_array()? => return Ok(self.events()),
            b"traceEvents" => {}
            b"baseTimeNanoseconds" => self.base(1)?,
            // Clang: microseconds since 1970.
            b"beginningOfTime" => self.base(1_000)?,
            // Bazel: milliseconds since 1970.
            b"otherData" if self.json.peek() == Token::Object => {
                self.json.begin_object()?;
                while let Some(key) = self.json.next_key()? {
                    match &*key {
                        b"profile_start_ts" => self.base(1_000_000)?,
                        _ => self.json.skip_value()?,
                    }
                }
            }
            b"distributedInfo" if self.json.field_object()? => {
                while let Some(key) = self.json.next_key()? {
                    match &*key {
                        b"rank" => self.out.rank = self.json.field_int()?.and_then(|rank| i64::try_from(rank).ok()),
                        _ => self.json.skip_value()?,
                    }
                }
            }
            b"distributedInfo" => {}
            _ => self.json.skip_value()?,
        }
        Ok(true)
    }

    /// Reads when the recorder's clock began, in units of `unit` nanoseconds since 1970.
    fn base(&mut self, unit: i128) -> Result<(), Fault> {
        let base = self.json.field_int()?.and_then(|base| base.checked_mul(unit));
        self.out.base_ns = base.and_then(|base| i64::try_from(base).ok()).or(self.out.base_ns);
        Ok(())
    }

    /// Reads the rest of the events. False when the text is over.
    fn events(&mut self) -> bool {
        loop {
            match self.json.next_element() {
                Ok(true) => {}
                Ok(false) => return true,
                Err(fault) => {
                    // The format allows a list that is not closed, since writers may crash.
                    let is_allowed = self.continues || (self.is_bare_list && self.json.peek() == Token::End);
                    if !(is_allowed && fault.kind == FaultKind::Truncated) {
                        self.json.note_fault(fault);
                    }
                    return false;
                }
            }
            let mark = self.json.mark();
            let result = match self.json.peek() {
                Token::Object => self.event(),
                Token::Null => self.json.null(),
                _ => {
                    let offset = self.json.offset();
                    self.json.bad_field(offset, "an event");
                    self.json.skip_value()
                }
            };
            if let Err(fault) = result {
                self.json.note_fault(fault);
                if self.json.recover(mark).is_err() {
                    return false;
                }
            }
        }
    }

    fn event(&mut self) -> Result<(), Fault> {
        let first_attr = self.out.attrs.len();
        let offset = self.json.offset();
        let result = self.event_fields();
        match result {
            Ok(ref event) => self.keep(event, offset, first_attr),
            Err(_) => self.out.attrs.truncate(first_attr),
        }
        result.map(|_| ())
    }

    fn event_fields(&mut self) -> Result<Event<'c>, Fault> {
        let mut event = Event::default();
        self.json.begin_object()?;
        while let Some(key) = self.json.next_key()? {
            match &*key {
                b"ph" => event.phase = self.json.field_text()?.unwrap_or_default(),
                b"name" => event.name = self.json.field_text()?,
                b"cat" => event.category = self.json.field_text()?.unwrap_or_default(),
                b"ts" => event.start_ns = fields::micros(&mut self.json)?,
                b"dur" => event.duration_ns = fields::micros(&mut self.json)?,
                b"pid" => event.pid = self.raw()?,
                b"tid" => event.tid = self.raw()?,
                b"id" => event.id = self.raw()?,
                b"id2" if self.json.field_object()? => {
                    while let Some(key) = self.json.next_key()? {
                        event.is_global_id |= &*key == b"global";
                        event.id = self.raw()?;
                    }
                }
                b"id2" => {}
                b"scope" => event.scope = self.raw()?,
                b"bp" => event.binds_enclosing = self.json.field_text()?.is_some_and(|bind| bind == "e"),
                b"s" => event.is_wide = self.json.field_text()?.is_some_and(|scope| scope == "g" || scope == "p"),
                b"args" => self.args()?,
                b"tdur" => {
                    let value = fields::any_value(&mut self.json, &mut self.out.part)?;
                    self.attr("tdur", value);
                }
                _ => self.json.skip_value()?,
            }
        }
        Ok(event)
    }

    /// The text of a number or string, without its quotes.
    fn raw(&mut self) -> Result<&'c [u8], Fault> {
        let token = self.json.peek();
        let mark = self.json.mark();
        if token == Token::Number {
            return Ok(self.json.number()?.0.as_bytes());
        }
        self.json.skip_value()?;
        let raw = self.json.since(mark).trim_ascii();
        let inner = raw.strip_prefix(b"\"").and_then(|raw| raw.strip_suffix(b"\""));
        Ok(inner.unwrap_or(raw))
    }

    fn args(&mut self) -> Result<(), Fault> {
        if self.json.peek() != Token::Object {
            // Some writers put a bare value here.
            let value = fields::any_value(&mut self.json, &mut self.out.part)?;
            if value != Value::Empty {
                self.attr("args", value);
            }
            return Ok(());
        }
        self.json.begin_object()?;
        self.repeats.begin(List::Record);
        while let Some(pair) = self.repeats.next_pair(&mut self.json, &mut self.out.part)? {
            self.out.attrs.push(pair.id);
        }
        Ok(())
    }

    /// The attribute for the category of `event`: files have few of them.
    fn category(&mut self, event: &Event<'c>) -> AttrId {
        let name = &*event.category;
        if let Some(&(_, id)) = self.categories.iter().find(|(known, _)| *known == name) {
            return id;
        }
        let part = &mut self.out.part;
        let value = Value::Str(part.strings.intern(name));
        let id = part.attrs.intern(part.strings.intern("cat"), value);
        if let Cow::Borrowed(name) = event.category
            && self.categories.len() < MAX_CATEGORIES
        {
            self.categories.push((name, id));
        }
        id
    }

    fn attr(&mut self, key: &str, value: Value) {
        let key = self.out.part.strings.intern(key);
        self.out.attrs.push(self.out.part.attrs.intern(key, value));
    }

    fn keep(&mut self, event: &Event<'c>, offset: u64, first_attr: usize) {
        if event.is_nothing() && self.out.attrs.len() == first_attr {
            return;
        }
        let thread = self.thread(event);
        let Some(phase) = phase_of(event) else {
            if event.phase == "M" {
                self.keep_meta(event, thread, first_attr);
            } else {
                self.note_skipped(event, offset);
            }
            self.out.attrs.truncate(first_attr);
            return;
        };
        if !event.category.is_empty() {
            let id = self.category(event);
            self.out.attrs.push(id);
        }
        let mut flags = SpanFlags::default();
        let start = event.start_ns.unwrap_or_default();
        let start_ns = fields::clamp(start, &mut flags);
        let end_ns = match event.duration_ns {
            // A negative duration is an end before the start, which is kept and flagged.
            Some(duration) if phase == Phase::Complete => fields::clamp(start.saturating_add(duration), &mut flags),
            _ => OPEN,
        };
        let name = event.name.as_ref().map_or(Sym::EMPTY, |name| self.out.part.strings.intern(name));
        self.out.records.push(Record {
            phase,
            is_clamped: flags != SpanFlags::default(),
            has_start: event.start_ns.is_some(),
            start_ns,
            end_ns,
            name,
            thread,
            key: key_of(event, phase),
            attr_end: u32::try_from(self.out.attrs.len()).unwrap_or(u32::MAX),
            offset,
        });
    }

    fn keep_meta(&mut self, event: &Event<'c>, thread: u32, first_attr: usize) {
        let ids: Vec<AttrId> = self.out.attrs[first_attr..].to_vec();
        let value = ["name", "labels"].iter().find_map(|key| self.out.text_of(&ids, key));
        if let (Some(what), Some(value)) = (&event.name, value) {
            self.out.metas.push(Meta { what: what.clone().into_owned(), thread, value });
        }
    }

    fn note_skipped(&mut self, event: &Event<'c>, offset: u64) {
        let code = match &*event.phase {
            "C" | "P" | "N" | "O" | "D" | "V" | "v" | "c" | "(" | ")" => Code::EventsSkipped,
            _ => Code::BadField,
        };
        let detail = || format!("phase {:?}", event.phase.chars().take(8).collect::<String>());
        self.out.part.diagnostics.add(code, InputIx(0), offset, detail);
    }

    fn thread(&mut self, event: &Event<'c>) -> u32 {
        if let Some((pid, tid, ix)) = self.last_thread
            && (pid, tid) == (event.pid, event.tid)
        {
            return ix;
        }
        let next = u32::try_from(self.out.threads.len()).unwrap_or(u32::MAX);
        let ix = *self.threads.entry((event.pid, event.tid)).or_insert(next);
        if ix == next {
            let text = |raw: &[u8]| String::from_utf8_lossy(raw).into_owned();
            self.out.threads.push(Thread { process: text(event.pid), thread: text(event.tid) });
        }
        self.last_thread = Some((event.pid, event.tid, ix));
        ix
    }
}

fn phase_of(event: &Event<'_>) -> Option<Phase> {
    Some(match &*event.phase {
        "X" => Phase::Complete,
        "B" => Phase::Begin,
        "E" => Phase::End,
        "i" | "I" | "R" if event.is_wide => Phase::WideInstant,
        "i" | "I" | "R" => Phase::Instant,
        "b" | "S" => Phase::AsyncBegin,
        "e" | "F" => Phase::AsyncEnd,
        "n" | "T" | "p" => Phase::AsyncInstant,
        "s" => Phase::FlowStart,
        "t" => Phase::FlowStep,
        "f" if event.binds_enclosing => Phase::FlowEnd,
        "f" => Phase::FlowEndNext,
        _ => return None,
    })
}

/// Events with one key belong together. Asynchronous operations are of one process unless their id is global;
/// flows cross processes. The older phases tell operations apart by name too.
fn key_of(event: &Event<'_>, phase: Phase) -> u64 {
    let by_name = match phase {
        Phase::AsyncBegin | Phase::AsyncEnd | Phase::AsyncInstant => matches!(&*event.phase, "S" | "T" | "p" | "F"),
        Phase::FlowStart | Phase::FlowStep | Phase::FlowEnd | Phase::FlowEndNext => true,
        _ => return 0,
    };
    let is_flow = !matches!(phase, Phase::AsyncBegin | Phase::AsyncEnd | Phase::AsyncInstant);
    let mut hasher = FixedState::with_seed(0x1d).build_hasher();
    event.category.hash(&mut hasher);
    event.id.hash(&mut hasher);
    event.scope.hash(&mut hasher);
    by_name.then_some(&event.name).hash(&mut hasher);
    (!is_flow && !event.is_global_id).then_some(event.pid).hash(&mut hasher);
    hasher.finish()
}
