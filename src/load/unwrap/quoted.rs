//! JSON inside of a JSON string, as loggers and shells write a document that was text to them: `"{\"resourceSpans\"…"`.
//! Several of them, one behind the other or in a list, become lines.

use std::io::{self, BufRead as _, BufReader, Read};

use super::Step;
use crate::load::sniff::without_bom;

/// Whether `head` begins with a string, or a list of strings, that holds an object or a list.
pub(super) fn is_quoted(head: &[u8]) -> bool {
    let text = without_bom(head).trim_ascii_start();
    let text = text.strip_prefix(b"[").map_or(text, <[u8]>::trim_ascii_start);
    let Some(inner) = text.strip_prefix(b"\"") else { return false };
    let mut inner = inner;
    while let Some(rest) = [&b"\\n"[..], b"\\r", b"\\t", b" "].iter().find_map(|blank| inner.strip_prefix(*blank)) {
        inner = rest;
    }
    matches!(inner.first(), Some(b'{' | b'['))
}

#[derive(Default)]
enum State {
    #[default]
    Between,
    Text,
    /// A backslash was read.
    Slash,
    /// Hex digits of a code unit: how many there are, and their value.
    Unit(u8, u16),
}

#[derive(Default)]
pub(super) struct Quoted {
    state: State,
    /// The first half of a pair of code units.
    high: Option<u16>,
}

impl Step for Quoted {
    fn step(&mut self, source: &mut BufReader<Box<dyn Read + Send + '_>>, out: &mut Vec<u8>) -> io::Result<bool> {
        let bytes = source.fill_buf()?;
        let count = bytes.len();
        for &byte in bytes {
            self.byte(byte, out);
        }
        source.consume(count);
        Ok(count > 0)
    }
}

impl Quoted {
    fn byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        match self.state {
            State::Between if byte == b'"' => self.state = State::Text,
            State::Between => {}
            State::Text => match byte {
                b'\\' => self.state = State::Slash,
                b'"' => {
                    self.half(out);
                    out.push(b'\n');
                    self.state = State::Between;
                }
                _ => {
                    self.half(out);
                    out.push(byte);
                }
            },
            State::Slash => self.escaped(byte, out),
            State::Unit(digits, unit) => {
                let digit = char::from(byte).to_digit(16).unwrap_or(0);
                let unit = unit.wrapping_shl(4) | u16::try_from(digit).unwrap_or(0);
                self.state = State::Unit(digits + 1, unit);
                if digits == 3 {
                    self.unit(unit, out);
                    self.state = State::Text;
                }
            }
        }
    }

    fn escaped(&mut self, byte: u8, out: &mut Vec<u8>) {
        if byte == b'u' {
            self.state = State::Unit(0, 0);
            return;
        }
        self.half(out);
        out.push(match byte {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'b' => 0x08,
            b'f' => 0x0c,
            other => other,
        });
        self.state = State::Text;
    }

    fn unit(&mut self, unit: u16, out: &mut Vec<u8>) {
        let units = [self.high.take(), Some(unit)];
        if units[0].is_none() && (0xd800..0xdc00).contains(&unit) {
            self.high = Some(unit);
            return;
        }
        for char in char::decode_utf16(units.into_iter().flatten()) {
            let char = char.unwrap_or(char::REPLACEMENT_CHARACTER);
            out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    /// Writes the half of a pair that has no other half.
    fn half(&mut self, out: &mut Vec<u8>) {
        if self.high.take().is_some() {
            out.extend_from_slice(char::REPLACEMENT_CHARACTER.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}
