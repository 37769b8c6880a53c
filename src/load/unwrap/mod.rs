//! Traces inside of something else: text in UTF-16, JSON in lines of a log, tables with a header, objects as JavaScript
//! and Python print them, activities as .NET does, JSON in quotes; each of them behind labels of container tools, too. Each becomes the JSON that the formats read, piece by piece.
//!
//! Offsets of spans then count bytes of that JSON, as they count bytes after decompression elsewhere.

mod activities;
mod labels;
mod lines;
mod objects;
mod quoted;
mod table;
#[cfg(test)]
mod tests;
mod utf16;

use std::io::{self, BufReader, Cursor, Read};

use super::decompress::{HEAD_BYTES, Plain, SharedNotes, lock, read_up_to};
use super::{Code, FORMATS, Format, looks};

/// What is around the trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wrap {
    /// Text in UTF-16, the high byte first or last.
    Utf16 { big_endian: bool },
    /// Lines that hold JSON behind something else, or in a field of a JSON object.
    Lines(lines::Kind),
    /// Rows below a header; the byte between columns.
    Table(u8),
    /// Objects as JavaScript and Python print them.
    Objects,
    /// Activities as .NET prints them.
    Activities,
    /// JSON inside of strings.
    Quoted,
    /// Any of these, or JSON over several lines, with something before each line.
    Labels,
}

/// Turns a stream of bytes into another one, a piece at a time.
trait Step: Send {
    /// Takes what comes next of `source` and appends what it becomes to `out`. False at the end of `source`.
    fn step(&mut self, source: &mut BufReader<Box<dyn Read + Send + '_>>, out: &mut Vec<u8>) -> io::Result<bool>;

    /// What was left out so far.
    fn left_out(&self) -> Option<&LeftOut> {
        None
    }
}

/// Lines that hold nothing of the trace.
#[derive(Clone, Default, Debug)]
struct LeftOut {
    count: u64,
    /// The beginning of the first one, and where it is in the source.
    first: Option<(String, u64)>,
    /// Bytes of the source before the current line.
    offset: u64,
}

impl LeftOut {
    /// Leaves out the current line, unless it is blank.
    fn line(&mut self, line: &[u8]) {
        const SHOWN: usize = 60;
        if line.trim_ascii().is_empty() {
            return;
        }
        let offset = self.offset;
        let excerpt = || String::from_utf8_lossy(&line[..line.len().min(SHOWN)]).trim().to_owned();
        self.first.get_or_insert_with(|| (excerpt(), offset));
        self.count += 1;
    }

    /// Goes on behind a line of so many bytes.
    fn pass(&mut self, bytes: usize) {
        self.offset += bytes as u64;
    }
}

/// What a [`Step`] makes of a stream.
struct Unwrapped<'a> {
    source: BufReader<Box<dyn Read + Send + 'a>>,
    step: Box<dyn Step>,
    ready: Vec<u8>,
    at: usize,
    /// Bytes that were made before those that are ready.
    made: u64,
    /// Where in what was made the first line was left out.
    left_at: Option<u64>,
    notes: Option<SharedNotes>,
    /// What places count bytes of.
    of: &'static str,
}

impl Read for Unwrapped<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.ready.len() {
            self.made += self.ready.len() as u64;
            self.ready.clear();
            self.at = 0;
            let goes_on = self.step.step(&mut self.source, &mut self.ready)?;
            let left_out = self.step.left_out().filter(|left_out| left_out.count > 0);
            if left_out.is_some() {
                self.left_at.get_or_insert(self.made);
            }
            if !goes_on && self.ready.is_empty() {
                if let (Some(notes), Some(left_out)) = (self.notes.take(), left_out) {
                    let (line, offset) = left_out.first.clone().unwrap_or_default();
                    let of = self.of;
                    let first = format!("{} lines, the first one at byte {offset} of {of}: {line}", left_out.count);
                    lock(&notes).left_out = Some((left_out.count, self.left_at.unwrap_or_default(), first));
                }
                return Ok(0);
            }
        }
        let count = buffer.len().min(self.ready.len() - self.at);
        buffer[..count].copy_from_slice(&self.ready[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

impl Wrap {
    fn open(self, source: Box<dyn Read + Send + '_>, notes: Option<SharedNotes>) -> Unwrapped<'_> {
        let step: Box<dyn Step> = match self {
            Self::Utf16 { big_endian } => Box::new(utf16::Utf16::new(big_endian)),
            Self::Lines(kind) => Box::new(lines::Lines::new(kind)),
            Self::Table(separator) => Box::new(table::Table::new(separator)),
            Self::Objects => Box::new(objects::Objects::default()),
            Self::Activities => Box::new(activities::Activities::default()),
            Self::Quoted => Box::new(quoted::Quoted::default()),
            Self::Labels => Box::new(labels::Labels::default()),
        };
        let (ready, of) = (Vec::new(), "the file");
        Unwrapped { source: BufReader::new(source), step, ready, at: 0, made: 0, left_at: None, notes, of }
    }

    /// What `head` becomes, as far as it goes.
    fn head(self, head: &[u8]) -> Vec<u8> {
        let mut reader = self.open(Box::new(Cursor::new(head.to_vec())), None);
        read_up_to(&mut reader, HEAD_BYTES).unwrap_or_default()
    }

    fn name(self) -> &'static str {
        match self {
            Self::Utf16 { .. } => "UTF-16",
            Self::Lines(_) => "log lines",
            Self::Table(_) => "a table",
            Self::Objects => "printed objects",
            Self::Activities => "printed activities",
            Self::Quoted => "quoted text",
            Self::Labels => "labelled lines",
        }
    }
}

/// The text of `plain` in UTF-8.
pub(super) fn as_utf8(plain: Plain<'_>) -> Plain<'_> {
    match utf16::order_of(&plain.head) {
        Some(big_endian) => open(plain, Wrap::Utf16 { big_endian }),
        None => plain,
    }
}

/// The trace inside of `plain`, and who reads it. `plain` itself when there is none.
pub(super) fn unwrap(plain: Plain<'_>) -> Result<(Plain<'_>, &'static dyn Format), Plain<'_>> {
    if let Some((wrap, format)) = find(&plain.head) {
        return Ok((open(plain, wrap), format));
    }
    match behind_labels(&plain.head) {
        Some((wrap, format)) => {
            let plain = open(plain, Wrap::Labels);
            Ok((if let Some(wrap) = wrap { open(plain, wrap) } else { plain }, format))
        }
        None => Err(plain),
    }
}

fn open(plain: Plain<'_>, wrap: Wrap) -> Plain<'_> {
    let Plain { head: _, reader, compression, notes } = plain;
    let mut reader = wrap.open(reader, Some(SharedNotes::clone(&notes)));
    if compression.starts_with(Wrap::Labels.name()) {
        reader.of = "the text behind the labels";
    }
    // Hidden errors are in the notes: the stream below ends early instead.
    let head = read_up_to(&mut reader, HEAD_BYTES).unwrap_or_default();
    let reader = Box::new(Cursor::new(head.clone()).chain(reader));
    Plain { head, reader, compression: name(wrap, compression), notes }
}

/// How `wrap` inside of `compression` is called.
fn name(wrap: Wrap, compression: &'static str) -> &'static str {
    match (wrap.name(), compression) {
        (name, "") => name,
        ("log lines", "gzip") => "log lines in gzip",
        ("log lines", "zstd") => "log lines in zstd",
        ("a table", "gzip") => "a table in gzip",
        ("a table", "zstd") => "a table in zstd",
        ("labelled lines", "gzip") => "labelled lines in gzip",
        ("labelled lines", "UTF-16") => "labelled lines in UTF-16",
        ("printed objects", "labelled lines") => "printed objects in labelled lines",
        ("printed activities", "labelled lines") => "printed activities in labelled lines",
        ("printed objects", "gzip") => "printed objects in gzip",
        ("printed activities", "gzip") => "printed activities in gzip",
        ("printed activities", "UTF-16") => "printed activities in UTF-16",
        ("quoted text", "gzip") => "quoted text in gzip",
        ("quoted text", "UTF-16") => "quoted text in UTF-16",
        ("log lines", "UTF-16") => "log lines in UTF-16",
        ("a table", "UTF-16") => "a table in UTF-16",
        ("printed objects", "UTF-16") => "printed objects in UTF-16",
        (_, compression) => compression,
    }
}

/// What is around the trace that `head` begins with, and the format of the trace.
fn find(head: &[u8]) -> Option<(Wrap, &'static dyn Format)> {
    // Values in printed activities may be JSON, too.
    let mut wraps: Vec<Wrap> = activities::are_printed(head).then_some(Wrap::Activities).into_iter().collect();
    wraps.extend(lines::kinds(head).into_iter().map(Wrap::Lines));
    wraps.extend(table::separator(head).map(Wrap::Table));
    wraps.extend(objects::are_printed(head).then_some(Wrap::Objects));
    wraps.extend(quoted::is_quoted(head).then_some(Wrap::Quoted));
    let recognised = |wrap: Wrap| {
        let inner = wrap.head(head);
        let is_json = inner.trim_ascii_start().first().is_some_and(|byte| matches!(byte, b'{' | b'['));
        let known = || FORMATS.iter().find(|format| format.sniff(&inner)).copied();
        if is_json && !looks::is_table(&inner) { known().map(|format| (wrap, format)) } else { None }
    };
    wraps.into_iter().find_map(recognised)
}

/// What is around the trace behind the labels of the lines of `head`, if anything more, and the format of the trace.
fn behind_labels(head: &[u8]) -> Option<(Option<Wrap>, &'static dyn Format)> {
    let inner = labels::are_there(head).then(|| Wrap::Labels.head(head))?;
    // Values in what is printed may be JSON, too.
    let printed = find(&inner).map(|(wrap, format)| (Some(wrap), format));
    let is_json = inner.trim_ascii_start().first().is_some_and(|byte| matches!(byte, b'{' | b'['));
    let known = || FORMATS.iter().find(|format| format.sniff(&inner)).map(|format| (None, *format));
    if is_json { known().or(printed) } else { printed }
}

/// The code of the note about what was left out.
pub(super) const LEFT_OUT: Code = Code::UnknownDocument;
