//! UTF-16 to UTF-8: what shells of Windows write when output is redirected.

use std::io::{self, BufRead as _, BufReader, Read};

use super::Step;

pub(super) struct Utf16 {
    big_endian: bool,
    /// A byte without its other half, and a unit without its other half.
    byte: Option<u8>,
    high: Option<u16>,
}

/// Whether `head` is UTF-16, and if so, whether the high byte comes first: by its mark, or because every other byte of
/// its first characters is 0.
pub(super) fn order_of(head: &[u8]) -> Option<bool> {
    match head {
        [0xff, 0xfe, ..] => Some(false),
        [0xfe, 0xff, ..] => Some(true),
        [0, b'{' | b'[', 0, _, ..] => Some(true),
        [b'{' | b'[', 0, _, 0, ..] => Some(false),
        _ => None,
    }
}

impl Utf16 {
    pub fn new(big_endian: bool) -> Self {
        Self { big_endian, byte: None, high: None }
    }

    fn unit(&mut self, unit: u16, out: &mut Vec<u8>) {
        let mut push = |text: char| out.extend_from_slice(text.encode_utf8(&mut [0; 4]).as_bytes());
        match (self.high.take(), unit) {
            (Some(high), 0xdc00..=0xdfff) => {
                let code = 0x1_0000 + ((u32::from(high) - 0xd800) << 10) + (u32::from(unit) - 0xdc00);
                push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            (high, unit) => {
                if high.is_some() {
                    push(char::REPLACEMENT_CHARACTER);
                }
                match unit {
                    0xd800..=0xdbff => self.high = Some(unit),
                    // The mark that says the order.
                    0xfeff => {}
                    _ => push(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER)),
                }
            }
        }
    }
}

impl Step for Utf16 {
    fn step(&mut self, source: &mut BufReader<Box<dyn Read + Send + '_>>, out: &mut Vec<u8>) -> io::Result<bool> {
        let bytes = source.fill_buf()?;
        let count = bytes.len();
        for &byte in bytes {
            match self.byte.take() {
                None => self.byte = Some(byte),
                Some(first) => {
                    let pair = [first, byte];
                    let unit = if self.big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) };
                    self.unit(unit, out);
                }
            }
        }
        source.consume(count);
        Ok(count > 0)
    }
}
