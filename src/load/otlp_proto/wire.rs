//! Protobuf fields of a message in memory, borrowed, without building anything.

/// The value of one field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    /// A string, bytes or an embedded message.
    Len(&'a [u8]),
    Fixed32(u32),
}

/// One field of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Field<'a> {
    pub number: u32,
    /// Offset of the field's value in the input.
    pub offset: u64,
    pub value: Value<'a>,
}

/// Why a message stops making sense.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stop<'a> {
    /// The bytes end inside a field. For an embedded message `number` and its first bytes are known.
    Cut { number: u32, offset: u64, rest: &'a [u8] },
    /// This is no protobuf.
    Malformed { offset: u64 },
}

/// Iterates over the fields of a message. Ends after the first [`Stop`].
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
    base: u64,
}

impl<'a> Fields<'a> {
    /// The fields of `bytes`, which lie at offset `base` of the input.
    pub(super) fn new(bytes: &'a [u8], base: u64) -> Self {
        Self { bytes, at: 0, base }
    }

    fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    fn varint(&mut self) -> Result<u64, Stop<'a>> {
        let start = self.offset();
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            let Some(&byte) = self.bytes.get(self.at) else {
                return Err(Stop::Cut { number: 0, offset: start, rest: &[] });
            };
            self.at += 1;
            // The tenth byte holds one bit; what lies above is dropped, as other decoders do.
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Stop::Malformed { offset: start })
    }

    fn take(&mut self, len: u64, number: u32) -> Result<&'a [u8], Stop<'a>> {
        let rest = &self.bytes[self.at..];
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        match rest.get(..len) {
            Some(taken) => {
                self.at += len;
                Ok(taken)
            }
            None => Err(Stop::Cut { number, offset: self.offset(), rest }),
        }
    }

    fn field(&mut self) -> Result<Field<'a>, Stop<'a>> {
        let start = self.offset();
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).ok().filter(|&number| number > 0 && number < 1 << 29);
        let number = number.ok_or(Stop::Malformed { offset: start })?;
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(le_u64(self.take(8, 0)?)),
            2 => {
                let len = self.varint()?;
                let offset = self.offset();
                return Ok(Field { number, offset, value: Value::Len(self.take(len, number)?) });
            }
            5 => Value::Fixed32(le_u64(self.take(4, 0)?) as u32),
            _ => return Err(Stop::Malformed { offset: start }),
        };
        Ok(Field { number, offset: start, value })
    }
}

fn le_u64(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte))
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Stop<'a>>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let result = self.field();
        if result.is_err() {
            self.at = self.bytes.len();
        }
        Some(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_every_wire_type_are_read() {
        // The examples of the encoding guide: field 1 = 150, field 2 = "testing".
        let bytes =
            [&[0x08, 0x96, 0x01, 0x12, 7][..], b"testing", &[0x1d, 1, 0, 0, 0, 0x21, 2, 0, 0, 0, 0, 0, 0, 0]].concat();
        let values: Vec<_> =
            Fields::new(&bytes, 100).map(|field| field.map(|field| (field.number, field.value))).collect();
        assert_eq!(
            values,
            [
                Ok((1, Value::Varint(150))),
                Ok((2, Value::Len(b"testing"))),
                Ok((3, Value::Fixed32(1))),
                Ok((4, Value::Fixed64(2)))
            ]
        );
    }

    #[test]
    fn cuts_and_nonsense_end_the_message_with_a_reason() {
        let last = |bytes: &'static [u8]| Fields::new(bytes, 10).last();
        assert_eq!(last(&[0x12, 7, b't']), Some(Err(Stop::Cut { number: 2, offset: 12, rest: b"t" })));
        assert_eq!(last(&[0x08]), Some(Err(Stop::Cut { number: 0, offset: 11, rest: &[] })));
        assert_eq!(last(&[0x0b]), Some(Err(Stop::Malformed { offset: 10 })), "groups");
        assert_eq!(last(&[0x00, 1]), Some(Err(Stop::Malformed { offset: 10 })), "field 0");
        assert_eq!(
            last(&[0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]),
            Some(Err(Stop::Malformed { offset: 11 }))
        );
    }
}
