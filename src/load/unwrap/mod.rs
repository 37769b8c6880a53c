//! Traces inside of something else: text in UTF-16, JSON in lines of a log, tables with a header, objects as JavaScript
//! and Python print them. Each becomes the JSON that the formats read, piece by piece.
//!
//! Offsets of spans then count bytes of that JSON, as they count bytes after decompression elsewhere.

mod lines;
mod objects;
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
}

/// Turns a stream of bytes into another one, a piece at a time.
trait Step: Send {
    /// Takes what comes next of `source` and appends what it becomes to `out`. False at the end of `source`.
    fn step(&mut self, source: &mut BufReader<Box<dyn Read + Send + '_>>, out: &mut Vec<u8>) -> io::Result<bool>;

    /// What was left out so far: how many lines, and the first one with its offset in the source.
    fn left_out(&self) -> Option<(u64, u64, String)> {
        None
    }
}

/// What a [`Step`] makes of a stream.
struct Unwrapped<'a> {
    source: BufReader<Box<dyn Read + Send + 'a>>,
    step: Box<dyn Step>,
    ready: Vec<u8>,
    at: usize,
    notes: Option<SharedNotes>,
}

impl Read for Unwrapped<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.ready.len() {
            self.ready.clear();
            self.at = 0;
            if !self.step.step(&mut self.source, &mut self.ready)? && self.ready.is_empty() {
                if let (Some(notes), Some(left_out)) = (self.notes.take(), self.step.left_out()) {
                    lock(&notes).left_out = Some(left_out);
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
        };
        Unwrapped { source: BufReader::new(source), step, ready: Vec::new(), at: 0, notes }
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
    match find(&plain.head) {
        Some((wrap, format)) => Ok((open(plain, wrap), format)),
        None => Err(plain),
    }
}

fn open(plain: Plain<'_>, wrap: Wrap) -> Plain<'_> {
    let Plain { head: _, reader, compression, notes } = plain;
    let mut reader = wrap.open(reader, Some(SharedNotes::clone(&notes)));
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
        ("printed objects", "gzip") => "printed objects in gzip",
        ("log lines", "UTF-16") => "log lines in UTF-16",
        ("a table", "UTF-16") => "a table in UTF-16",
        ("printed objects", "UTF-16") => "printed objects in UTF-16",
        (_, compression) => compression,
    }
}

/// What is around the trace that `head` begins with, and the format of the trace.
fn find(head: &[u8]) -> Option<(Wrap, &'static dyn Format)> {
    let mut wraps: Vec<Wrap> = lines::kinds(head).into_iter().map(Wrap::Lines).collect();
    wraps.extend(table::separator(head).map(Wrap::Table));
    wraps.extend(objects::are_printed(head).then_some(Wrap::Objects));
    let recognised = |wrap: Wrap| {
        let inner = wrap.head(head);
        let is_json = inner.trim_ascii_start().first().is_some_and(|byte| matches!(byte, b'{' | b'['));
        let known = || FORMATS.iter().find(|format| format.sniff(&inner)).copied();
        if is_json && !looks::is_table(&inner) { known().map(|format| (wrap, format)) } else { None }
    };
    wraps.into_iter().find_map(recognised)
}

/// The code of the note about what was left out.
pub(super) const LEFT_OUT: Code = Code::UnknownDocument;
