//! Knowing again what was read before.

use super::scanner::{Mark, Scanner};

/// Keys and values as the text spells them. The empty one, which is the default, is never met.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spelling<'a> {
    text: &'a [u8],
    /// How much of the text only tells that the value ends.
    ahead: u8,
}

impl<'a> Spelling<'a> {
    /// All of `text`.
    #[must_use]
    pub const fn of(text: &'a [u8]) -> Self {
        Self { text, ahead: 0 }
    }

    /// What follows its first `count` bytes.
    #[must_use]
    pub fn after(self, count: usize) -> Self {
        Self { text: self.text.get(count..).unwrap_or_default(), ..self }
    }

    /// Number of bytes.
    #[must_use]
    pub const fn len(self) -> usize {
        self.text.len()
    }

    /// True for the empty one.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.text.is_empty()
    }

    /// Its bytes, without what only tells that a value ends.
    #[must_use]
    pub fn bytes(self) -> &'a [u8] {
        &self.text[..self.text.len() - usize::from(self.ahead)]
    }
}

impl<'a> Scanner<'a> {
    /// The spelling of the keys and values from `mark` to here, to know them again with [`Self::skip_same`]. `None`
    /// when they are to be read each time: something was noted about them, or more of the text decides what they are.
    #[must_use]
    pub fn spelling_since(&self, mark: Mark) -> Option<Spelling<'a>> {
        if self.noted != mark.noted {
            return None;
        }
        // Numbers go on for as long as they can; everything else says where it ends.
        let is_closed = matches!(self.since(mark).last()?, b'"' | b'}' | b']' | b':');
        let ahead = u8::from(!is_closed);
        let text = self.bytes.get(mark.at..self.at + usize::from(ahead))?;
        let is_apart = is_closed || matches!(text.last(), Some(b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t'));
        is_apart.then_some(Spelling { text, ahead })
    }

    /// Reads what `known` spells if exactly that comes, otherwise nothing.
    #[inline]
    pub fn skip_same(&mut self, known: Spelling<'_>) -> bool {
        let is_same = !known.is_empty() && self.bytes[self.at..].starts_with(known.text);
        if is_same {
            self.at += known.text.len() - usize::from(known.ahead);
        }
        is_same
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// True when the first value of `text` is known again in `later`.
    fn is_known(text: &str, later: &str) -> bool {
        let mut json = Scanner::new(text.as_bytes(), 0);
        let mark = json.mark();
        json.field_text().unwrap();
        let spelling = json.spelling_since(mark).unwrap_or_default();
        let mut json = Scanner::new(later.as_bytes(), 0);
        let known = json.skip_same(spelling);
        assert_eq!(json.offset() as usize, if known { spelling.bytes().len() } else { 0 });
        known
    }

    #[test]
    fn values_are_known_again_only_whole() {
        for (text, later, expected) in [
            (r#""a","#, r#""a"}"#, true),
            (r#""a"}"#, r#""ab"}"#, false),
            (r#""a\"""#, r#""a\"","#, true),
            ("null,", "null,", true),
            // Of another type, or not UTF-8: noted each time.
            ("12,", "12,", false),
            ("[1],", "[1],", false),
        ] {
            assert_eq!(is_known(text, later), expected, "{text} {later}");
        }
        let mut json = Scanner::new(b"{\"a\":12}", 0);
        json.begin_object().unwrap();
        json.next_key().unwrap();
        let mark = json.mark();
        json.number().unwrap();
        let number = json.spelling_since(mark).unwrap();
        assert_eq!(number.bytes(), b"12");
        assert!(!Scanner::new(b"12,", 0).skip_same(number), "what ends it is another one");
        assert!(!Scanner::new(b"123}", 0).skip_same(number));
        let mut json = Scanner::new(b"12}", 0);
        assert!(json.skip_same(number));
        assert_eq!(json.offset(), 2);
    }
}
