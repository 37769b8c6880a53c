//! The pull scanner: the caller asks for what it expects next.

use std::borrow::Cow;

use super::block::{find_string_end, find_structure};
use super::number::{Number, plain_decimal};
use super::split::{Chunk, Gap};
use super::text::unescape;
use crate::model::{Code, Diagnostics, InputIx};

/// Objects and arrays may be nested this deep where the caller looks into them; skipping has no limit.
pub const MAX_DEPTH: u32 = 128;

/// What comes next, told from its first byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Token {
    /// `{`
    Object,
    /// `[`
    Array,
    /// A string.
    String,
    /// A number, `NaN` or an infinity.
    Number,
    /// `true` or `false`.
    Bool,
    /// `null`
    Null,
    /// `}` or `]`
    Close,
    /// The text is over.
    End,
    /// Nothing that JSON has.
    Other,
}

/// Why a value could not be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultKind {
    /// The text is over inside a value.
    Truncated,
    /// Not JSON.
    Malformed,
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
}

/// A value that could not be read, and where.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// Byte offset in the input.
    pub offset: u64,
    /// What was expected there.
    pub expected: &'static str,
}

impl Fault {
    /// The diagnostic to count it under.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self.kind {
            FaultKind::Truncated => Code::Truncated,
            FaultKind::Malformed => Code::Malformed,
            FaultKind::TooDeep => Code::TooDeep,
        }
    }
}

/// A place to go back to.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    pub(super) at: usize,
    depth: u32,
    /// How much had been noted.
    pub(super) noted: u64,
}

/// Reads JSON values from a slice, one by one, without building a tree.
///
/// Tolerant: commas may be missing, doubled or trailing, strings may hold raw control characters, `NaN` and
/// `Infinity` are numbers. Fields of a wrong type are skipped and counted in [`Scanner::diagnostics`].
///
/// ```
/// use skewline::load::json::Scanner;
/// let mut json = Scanner::new(br#"{"name": "chat", "size": 12, "odd": [1, 2]}"#, 0);
/// json.begin_object()?;
/// while let Some(key) = json.next_key()? {
///     match &*key {
///         b"name" => assert_eq!(json.field_text()?.as_deref(), Some("chat")),
///         b"size" => assert_eq!(json.field_int()?, Some(12)),
///         _ => json.skip_value()?,
///     }
/// }
/// # Ok::<(), skewline::load::json::Fault>(())
/// ```
#[derive(Debug)]
pub struct Scanner<'a> {
    pub(super) bytes: &'a [u8],
    /// The same bytes, when all of them are UTF-8: then no string needs checking.
    text: Option<&'a str>,
    pub(super) at: usize,
    depth: u32,
    /// Offset of the first byte in the input.
    base: u64,
    /// What was taken out of the text.
    gaps: &'a [Gap],
    /// How often something was noted.
    pub(super) noted: u64,
    /// Bad fields and replaced bytes, to be taken over by the part that is being filled.
    pub diagnostics: Diagnostics,
}

type Result<T> = std::result::Result<T, Fault>;

impl<'a> Scanner<'a> {
    /// Scans `bytes`, which lie at offset `base` of the input.
    #[must_use]
    pub fn new(bytes: &'a [u8], base: u64) -> Self {
        Self {
            bytes,
            text: std::str::from_utf8(bytes).ok(),
            at: 0,
            depth: 0,
            base,
            gaps: &[],
            noted: 0,
            diagnostics: Diagnostics::default(),
        }
    }

    /// Scans the text of `chunk`, past the byte order mark that the first one may begin with.
    #[must_use]
    pub fn of_chunk(chunk: &'a Chunk) -> Self {
        let mut scanner = Self { gaps: &chunk.gaps, ..Self::new(&chunk.bytes, chunk.base) };
        if chunk.base == 0 {
            scanner.skip_byte_order_mark();
        }
        scanner
    }

    /// Notes what the splitter left out of `chunk` because it is too large.
    pub fn note_left_out(&mut self, chunk: &Chunk) {
        let gaps = chunk.gaps.iter().map(|gap| (gap.offset, gap.size));
        for (offset, size) in chunk.refused.into_iter().chain(gaps) {
            self.note(Code::TooLarge, offset, || format!("more than {size} bytes"));
        }
    }

    /// Offset in the input of what is read next.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset_of(self.at)
    }

    fn offset_of(&self, at: usize) -> u64 {
        let left_out: u64 = self.gaps.iter().filter(|gap| gap.at < at).map(|gap| gap.size).sum();
        self.base + at as u64 + left_out
    }

    /// Remembers this place.
    #[must_use]
    pub const fn mark(&self) -> Mark {
        Mark { at: self.at, depth: self.depth, noted: self.noted }
    }

    /// Goes back (or forth) to `mark`.
    pub const fn rewind(&mut self, mark: Mark) {
        self.at = mark.at;
        self.depth = mark.depth;
    }

    /// The raw bytes from `mark` to here.
    #[must_use]
    pub fn since(&self, mark: Mark) -> &'a [u8] {
        self.bytes.get(mark.at..self.at).unwrap_or_default()
    }

    /// A fault at this place: truncated when the text is over, else malformed.
    #[must_use]
    #[cold]
    pub fn fault(&self, expected: &'static str) -> Fault {
        let kind = if self.at >= self.bytes.len() { FaultKind::Truncated } else { FaultKind::Malformed };
        Fault { kind, offset: self.offset(), expected }
    }

    /// Counts `code` at `offset` with a detail.
    #[cold]
    pub fn note(&mut self, code: Code, offset: u64, detail: impl FnOnce() -> String) {
        self.noted += 1;
        self.diagnostics.add(code, InputIx(0), offset, detail);
    }

    /// Counts a fault.
    #[cold]
    pub fn note_fault(&mut self, fault: Fault) {
        self.note(fault.code(), fault.offset, || format!("expected {}", fault.expected));
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Skips white space.
    #[inline]
    pub fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.byte() {
            self.at += 1;
        }
    }

    /// Skips white space, commas and record separators.
    #[inline]
    pub fn skip_separators(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t' | b',' | 0x1e) = self.byte() {
            self.at += 1;
        }
    }

    /// Skips a byte order mark.
    pub fn skip_byte_order_mark(&mut self) {
        if self.bytes[self.at..].starts_with(b"\xef\xbb\xbf") {
            self.at += 3;
        }
    }

    /// Notes that `expected` was expected here, and skips to the next object or list: one fault for all the
    /// garbage before it.
    pub fn skip_to_container(&mut self, expected: &'static str) {
        let fault = self.fault(expected);
        self.note_fault(fault);
        while !matches!(self.peek(), Token::End | Token::Object | Token::Array) {
            self.skip_byte();
        }
    }

    /// Skips to the next quote or bracket, or to the end, after a fault.
    pub fn skip_to_structure(&mut self) {
        self.at = find_structure(self.bytes, self.at).unwrap_or(self.bytes.len());
    }

    /// Skips one byte whatever it is, to get past something that is not JSON.
    pub const fn skip_byte(&mut self) {
        if self.at < self.bytes.len() {
            self.at += 1;
        }
    }

    /// What comes next, after white space. Reads nothing.
    #[inline]
    pub fn peek(&mut self) -> Token {
        self.skip_space();
        match self.byte() {
            Some(b'"') => Token::String,
            Some(b'{') => Token::Object,
            Some(b'[') => Token::Array,
            Some(b'}' | b']') => Token::Close,
            Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'N' | b'I') => Token::Number,
            Some(b't' | b'f') => Token::Bool,
            Some(b'n') => Token::Null,
            Some(_) => Token::Other,
            None => Token::End,
        }
    }

    #[inline]
    fn begin(&mut self, open: u8, expected: &'static str) -> Result<()> {
        self.skip_space();
        if self.byte() != Some(open) {
            return Err(self.fault(expected));
        }
        if self.depth >= MAX_DEPTH {
            return Err(Fault { kind: FaultKind::TooDeep, ..self.fault("fewer levels") });
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// Reads `{`.
    ///
    /// # Errors
    /// When something else comes, or the nesting is too deep.
    #[inline]
    pub fn begin_object(&mut self) -> Result<()> {
        self.begin(b'{', "an object")
    }

    /// Reads `[`.
    ///
    /// # Errors
    /// When something else comes, or the nesting is too deep.
    #[inline]
    pub fn begin_array(&mut self) -> Result<()> {
        self.begin(b'[', "an array")
    }

    /// Reads the next key of an object with its colon, or its end (`None`).
    ///
    /// # Errors
    /// When neither comes.
    #[inline]
    pub fn next_key(&mut self) -> Result<Option<Cow<'a, [u8]>>> {
        if let Some(name) = self.plain_name() {
            return Ok(Some(Cow::Borrowed(name)));
        }
        self.next_odd_key()
    }

    /// Reads the next key with its colon if it needs no work: without escapes, the colon right behind it. Otherwise
    /// reads nothing but separators.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the result stays in registers; measured")]
    fn plain_name(&mut self) -> Option<&'a [u8]> {
        self.skip_separators();
        let start = self.at + 1;
        if self.byte() == Some(b'"')
            && let Some(end) = find_string_end(self.bytes, start)
            && let Some(b"\":") = self.bytes.get(end..end + 2)
        {
            self.at = end + 2;
            return Some(&self.bytes[start..end]);
        }
        None
    }

    /// The end of an object, or a key with escapes or blanks before its colon.
    fn next_odd_key(&mut self) -> Result<Option<Cow<'a, [u8]>>> {
        match self.byte() {
            Some(b'"') => {}
            Some(b'}') => {
                self.close();
                return Ok(None);
            }
            _ => return Err(self.fault("a key or }")),
        }
        let (raw, escaped) = self.raw_string()?;
        self.skip_space();
        if self.byte() != Some(b':') {
            return Err(self.fault("a colon"));
        }
        self.at += 1;
        Ok(Some(if escaped { Cow::Owned(unescape(raw).0.into_bytes()) } else { Cow::Borrowed(raw) }))
    }

    /// Like [`Self::next_key`], but the name is as the file spells it: escapes stay. For readers that only compare
    /// it with known names; it is the fast way.
    ///
    /// # Errors
    /// When neither a key nor the end comes.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the result stays in registers; measured")]
    pub fn next_name(&mut self) -> Result<Option<&'a [u8]>> {
        if let Some(name) = self.plain_name() {
            return Ok(Some(name));
        }
        if self.byte() == Some(b'}') {
            self.close();
            return Ok(None);
        }
        self.next_odd_name()
    }

    #[cold]
    fn next_odd_name(&mut self) -> Result<Option<&'a [u8]>> {
        let start = self.at + 1;
        Ok(match self.next_odd_key()? {
            Some(Cow::Borrowed(name)) => Some(name),
            Some(Cow::Owned(_)) => self.bytes.get(start..self.at),
            None => None,
        })
    }

    /// Reads a string if one comes that needs no work: without escapes, in text that is UTF-8 throughout. Otherwise
    /// reads nothing; then [`Self::string`] or [`Self::field_text`] tell what it is.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the result stays in registers; measured")]
    pub fn plain_text(&mut self) -> Option<&'a str> {
        self.skip_space();
        if self.byte() != Some(b'"') {
            return None;
        }
        let start = self.at + 1;
        let end = find_string_end(self.bytes, start).filter(|&end| self.bytes[end] == b'"')?;
        let text = self.text?.get(start..end)?;
        self.at = end + 1;
        Some(text)
    }

    /// True when another element of an array follows; false after its end was read.
    ///
    /// # Errors
    /// When the array is not closed.
    #[inline]
    pub fn next_element(&mut self) -> Result<bool> {
        self.skip_separators();
        match self.byte() {
            Some(b']') => {
                self.close();
                Ok(false)
            }
            Some(b'}' | b':') | None => Err(self.fault("an element or ]")),
            Some(_) => Ok(true),
        }
    }

    /// Reads `}` or `]`, whichever comes.
    pub(crate) const fn close(&mut self) {
        self.at += 1;
        self.depth = self.depth.saturating_sub(1);
    }

    /// The raw bytes of a string, and whether there are escapes in them.
    #[inline]
    fn raw_string(&mut self) -> Result<(&'a [u8], bool)> {
        let start = self.at + 1;
        let mut escaped = false;
        let mut at = start;
        loop {
            match find_string_end(self.bytes, at) {
                Some(found) if self.bytes[found] == b'"' => {
                    self.at = found + 1;
                    return Ok((&self.bytes[start..found], escaped));
                }
                Some(found) => {
                    escaped = true;
                    at = found + 2;
                }
                None => {
                    self.at = self.bytes.len();
                    return Err(self.fault("the end of a string"));
                }
            }
        }
    }

    /// Reads a string.
    ///
    /// # Errors
    /// When something else comes, or the string has no end.
    #[inline]
    pub fn string(&mut self) -> Result<Cow<'a, str>> {
        self.skip_space();
        if self.byte() != Some(b'"') {
            return Err(self.fault("a string"));
        }
        let start = self.at + 1;
        let (raw, escaped) = self.raw_string()?;
        if !escaped && let Some(text) = self.text.and_then(|text| text.get(start..self.at - 1)) {
            return Ok(Cow::Borrowed(text));
        }
        Ok(self.repaired(raw, start))
    }

    #[cold]
    fn repaired(&mut self, raw: &'a [u8], start: usize) -> Cow<'a, str> {
        if !raw.contains(&b'\\')
            && let Ok(text) = std::str::from_utf8(raw)
        {
            return Cow::Borrowed(text);
        }
        let (text, replaced) = unescape(raw);
        if replaced {
            self.note(Code::BadUtf8, self.offset_of(start), String::new);
        }
        Cow::Owned(text)
    }

    /// Reads a number if a plain one comes: at most 19 digits, with or without a sign and a point. Gives the digits as
    /// an integer with that sign, and how many of them stand after the point. Otherwise reads nothing.
    pub fn plain_decimal(&mut self) -> Option<(i128, usize)> {
        self.skip_space();
        let (value, places, len) = plain_decimal(&self.bytes[self.at..])?;
        self.at += len;
        Some((value, places))
    }

    /// Reads a number; `NaN`, `Infinity` and `-Infinity` too.
    ///
    /// # Errors
    /// When something else comes.
    pub fn number(&mut self) -> Result<Number<'a>> {
        self.skip_space();
        let rest = &self.bytes[self.at..];
        let mut len =
            rest.iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')).count();
        if len <= 1 {
            for word in ["NaN", "Infinity", "-Infinity"] {
                if rest.starts_with(word.as_bytes()) {
                    len = word.len();
                }
            }
        }
        let known = self.text.and_then(|text| text.get(self.at..self.at + len));
        match known.map_or_else(|| std::str::from_utf8(&rest[..len]), Ok) {
            Ok(text) if len > 0 => {
                self.at += len;
                Ok(Number(text))
            }
            _ => Err(self.fault("a number")),
        }
    }

    fn word(&mut self, word: &'static str) -> Result<()> {
        self.skip_space();
        let rest = &self.bytes[self.at..];
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(());
        }
        if word.as_bytes().starts_with(rest) {
            self.at = self.bytes.len();
        }
        Err(self.fault(word))
    }

    /// Reads `true` or `false`.
    ///
    /// # Errors
    /// When something else comes.
    pub fn bool(&mut self) -> Result<bool> {
        self.skip_space();
        let truth = self.byte() == Some(b't');
        self.word(if truth { "true" } else { "false" })?;
        Ok(truth)
    }

    /// Reads `null`.
    ///
    /// # Errors
    /// When something else comes.
    pub fn null(&mut self) -> Result<()> {
        self.word("null")
    }

    /// Skips a value, however deep. Checks nothing but the balance of brackets.
    ///
    /// # Errors
    /// When the text ends first, or no value comes.
    pub fn skip_value(&mut self) -> Result<()> {
        match self.peek() {
            Token::String => self.raw_string().map(|_| ()),
            Token::Object | Token::Array => self.skip_nested(),
            Token::Number => self.number().map(|_| ()),
            Token::Bool => self.bool().map(|_| ()),
            Token::Null => self.null(),
            Token::Close | Token::End | Token::Other => Err(self.fault("a value")),
        }
    }

    fn skip_nested(&mut self) -> Result<()> {
        let mut open = 0_u64;
        while let Some(found) = find_structure(self.bytes, self.at) {
            self.at = found;
            match self.bytes[found] {
                b'"' => {
                    self.raw_string()?;
                    continue;
                }
                b'{' | b'[' => open += 1,
                _ => open = open.saturating_sub(1),
            }
            self.at += 1;
            if open == 0 {
                return Ok(());
            }
        }
        self.at = self.bytes.len();
        Err(self.fault("a closing bracket"))
    }

    /// After a fault inside the value that starts at `mark`: skips that value, counting brackets only.
    ///
    /// # Errors
    /// When the value has no end; then all the text has been read.
    pub fn recover(&mut self, mark: Mark) -> Result<()> {
        self.rewind(mark);
        let skipped = self.skip_value();
        if skipped.is_err() && self.at == mark.at {
            self.skip_byte();
        }
        skipped
    }
}
