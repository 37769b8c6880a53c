//! Protobuf fields of a message that is too big for memory, from a byte stream.

use std::io::{self, BufRead as _, BufReader, Cursor, Read};

use super::super::LoadError;
use super::super::decompress::{HEAD_BYTES, read_up_to};

/// A byte stream that knows its offset and can show its head again.
pub(super) struct Stream<'a> {
    head: Vec<u8>,
    inner: BufReader<io::Chain<Cursor<Vec<u8>>, &'a mut (dyn Read + Send)>>,
    offset: u64,
}

/// The start of a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Header {
    /// The stream ends before the field.
    End,
    /// A number; it has been skipped.
    Scalar,
    /// `len` bytes follow.
    Len { number: u32, len: u64 },
    /// This is no protobuf.
    Malformed,
}

impl<'a> Stream<'a> {
    pub(super) fn new(bytes: &'a mut (dyn Read + Send)) -> Result<Self, LoadError> {
        let head = read_up_to(bytes, HEAD_BYTES)?;
        let inner = BufReader::with_capacity(1 << 20, Cursor::new(head.clone()).chain(bytes));
        Ok(Self { head, inner, offset: 0 })
    }

    /// The first bytes of the stream.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Bytes consumed so far.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    fn byte(&mut self) -> Result<Option<u8>, LoadError> {
        let byte = self.inner.fill_buf()?.first().copied();
        if byte.is_some() {
            self.inner.consume(1);
            self.offset += 1;
        }
        Ok(byte)
    }

    /// A varint, `None` at the end of the stream or when it is longer than a varint can be.
    pub(super) fn varint(&mut self) -> Result<Option<u64>, LoadError> {
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            let Some(byte) = self.byte()? else { return Ok(None) };
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte < 0x80 {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// A 4-byte big-endian number, `None` at the end of the stream.
    pub(super) fn big_endian(&mut self) -> Result<Option<u64>, LoadError> {
        let mut value = 0;
        for _ in 0..4 {
            let Some(byte) = self.byte()? else { return Ok(None) };
            value = value << 8 | u64::from(byte);
        }
        Ok(Some(value))
    }

    /// The next field's start.
    pub(super) fn header(&mut self) -> Result<Header, LoadError> {
        let Some(key) = self.varint()? else { return Ok(Header::End) };
        let Some(number) = u32::try_from(key >> 3).ok().filter(|&number| number > 0) else {
            return Ok(Header::Malformed);
        };
        let is_there = match key & 7 {
            0 => self.varint()?.is_some(),
            1 => self.skip(8)? == 8,
            5 => self.skip(4)? == 4,
            2 => {
                let len = self.varint()?;
                return Ok(len.map_or(Header::End, |len| Header::Len { number, len }));
            }
            _ => return Ok(Header::Malformed),
        };
        Ok(if is_there { Header::Scalar } else { Header::End })
    }

    /// Appends the next `len` bytes, or as many as there are.
    pub(super) fn copy(&mut self, len: u64, to: &mut Vec<u8>) -> Result<u64, LoadError> {
        // The length is only a claim: memory grows with what really comes.
        let copied = (&mut self.inner).take(len).read_to_end(to)? as u64;
        self.offset += copied;
        Ok(copied)
    }

    fn skip(&mut self, len: u64) -> Result<u64, LoadError> {
        let skipped = io::copy(&mut (&mut self.inner).take(len), &mut io::sink())?;
        self.offset += skipped;
        Ok(skipped)
    }

    /// Skips forward to `offset`; answers where it is then, before it when the stream ends.
    pub(super) fn skip_to(&mut self, offset: u64) -> Result<u64, LoadError> {
        self.skip(offset.saturating_sub(self.offset))?;
        Ok(self.offset)
    }
}
