//! A JSON object, one level deep: keys with the text of their values.

use std::borrow::Cow;

use crate::load::json::{Fault, Scanner, Token, push_quoted};

/// The text of a JSON value, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw<'r> {
    bytes: &'r [u8],
    /// Byte offset in the input.
    pub offset: u64,
}

impl<'r> Raw<'r> {
    /// The value that `json` reads next.
    pub fn read(json: &mut Scanner<'r>) -> Result<Self, Fault> {
        json.peek();
        let (offset, mark) = (json.offset(), json.mark());
        json.skip_value()?;
        Ok(Self { bytes: json.since(mark).trim_ascii(), offset })
    }

    pub const fn bytes(self) -> &'r [u8] {
        self.bytes
    }

    pub fn scanner(self) -> Scanner<'r> {
        Scanner::new(self.bytes, self.offset)
    }

    pub fn token(self) -> Token {
        self.scanner().peek()
    }

    /// True for `null`, `{}` and `[]`: nothing was recorded.
    pub fn is_nothing(self) -> bool {
        matches!(self.bytes, b"null" | b"{}" | b"[]" | b"")
    }

    /// A string.
    pub fn text(self) -> Option<Cow<'r, str>> {
        let mut json = self.scanner();
        if json.peek() == Token::String { json.string().ok() } else { None }
    }

    /// The digits of a number, or a string.
    pub fn text_or_number(self) -> Option<Cow<'r, str>> {
        let mut json = self.scanner();
        match json.peek() {
            Token::String => json.string().ok(),
            Token::Number => json.number().ok().map(|number| Cow::Borrowed(number.0)),
            _ => None,
        }
    }

    /// The fields of an object. An object written as the text of a string is one too.
    pub fn record(self) -> Option<Record<'r>> {
        let mut json = self.scanner();
        match json.peek() {
            Token::Object => Record::read(&mut json).ok(),
            Token::String => {
                let text = json.string().ok()?;
                let record = Record::read(&mut Scanner::new(text.trim().as_bytes(), self.offset)).ok()?;
                Some(record.into_owned())
            }
            _ => None,
        }
    }

    /// The elements of an array.
    pub fn elements(self) -> Vec<Self> {
        let mut json = self.scanner();
        let mut elements = Vec::new();
        if json.peek() == Token::Array && json.begin_array().is_ok() {
            while let Ok(true) = json.next_element() {
                match Raw::read(&mut json) {
                    Ok(raw) => elements.push(raw),
                    Err(_) => break,
                }
            }
        }
        elements
    }
}

/// The fields of an object, in file order.
#[derive(Clone, Debug, Default)]
pub(super) struct Record<'a> {
    /// Byte offset of the object in the input.
    pub offset: u64,
    fields: Vec<(Cow<'a, str>, Cow<'a, [u8]>, u64)>,
}

impl<'a> Record<'a> {
    /// Reads the object that comes next.
    pub fn read(json: &mut Scanner<'a>) -> Result<Self, Fault> {
        json.peek();
        let mut record = Self { offset: json.offset(), fields: Vec::new() };
        json.begin_object()?;
        while let Some(key) = json.next_key()? {
            let key = match key {
                Cow::Borrowed(key) => String::from_utf8_lossy(key),
                Cow::Owned(key) => Cow::Owned(String::from_utf8_lossy(&key).into_owned()),
            };
            let raw = Raw::read(json)?;
            record.fields.push((key, Cow::Borrowed(raw.bytes), raw.offset));
        }
        Ok(record)
    }

    /// Adds a field of its own.
    pub fn push(&mut self, key: &str, raw: Raw<'_>) {
        self.fields.push((Cow::Owned(key.to_owned()), Cow::Owned(raw.bytes.to_vec()), raw.offset));
    }

    /// Adds a field of its own that is this text.
    pub fn push_text(&mut self, key: &str, text: &str) {
        let mut quoted = String::with_capacity(text.len() + 2);
        push_quoted(&mut quoted, text);
        self.fields.push((Cow::Owned(key.to_owned()), Cow::Owned(quoted.into_bytes()), self.offset));
    }

    /// Adds a field with the text of a JSON value, which stands at `offset`.
    pub fn push_raw(&mut self, key: &str, json: &[u8], offset: u64) {
        self.fields.push((Cow::Owned(key.to_owned()), Cow::Owned(json.to_vec()), offset));
    }

    /// The fields of `self`, and those of `earlier` that `self` does not state.
    pub fn or(mut self, earlier: Record<'a>) -> Self {
        self.offset = earlier.offset;
        for field in earlier.fields {
            match self.fields.iter_mut().find(|(key, ..)| *key == field.0) {
                Some(own) if *own.1 == *b"null" => *own = field,
                Some(_) => {}
                None => self.fields.push(field),
            }
        }
        self
    }

    /// A copy that borrows nothing.
    pub fn into_owned(self) -> Record<'static> {
        let own = |(key, bytes, offset): (Cow<'a, str>, Cow<'a, [u8]>, u64)| {
            (Cow::Owned(key.into_owned()), Cow::Owned(bytes.into_owned()), offset)
        };
        Record { offset: self.offset, fields: self.fields.into_iter().map(own).collect() }
    }

    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// All fields, in file order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, Raw<'_>)> {
        self.fields.iter().map(|(key, bytes, offset)| (&**key, Raw { bytes, offset: *offset }))
    }

    /// The field `key`, unless it is absent or null.
    pub fn get(&self, key: &str) -> Option<Raw<'_>> {
        self.fields().find(|(name, raw)| *name == key && raw.bytes != b"null").map(|(_, raw)| raw)
    }

    /// The first of `keys` that is there.
    pub fn first(&self, keys: &[&str]) -> Option<Raw<'_>> {
        keys.iter().find_map(|key| self.get(key))
    }

    /// The text of `key`.
    pub fn text(&self, key: &str) -> Option<Cow<'_, str>> {
        self.get(key)?.text()
    }
}
