//! Objects as JavaScript (`util.inspect`) and Python (`repr`) print them, to JSON: names without quotes, other quotes,
//! `undefined` and `None`, `Map(2) { 'a' => 1 }`, and what is left out (`... 3 more items`, `[Object]`).

use std::io::{self, BufRead as _, BufReader, Read};

use super::Step;
use crate::load::json::push_quoted;
use crate::load::sniff::without_bom;

/// Whether `head` begins with an object that is not JSON but printed by a program.
pub(super) fn are_printed(head: &[u8]) -> bool {
    let mut inner = without_bom(head).trim_ascii_start();
    // `[{`, `{ name: {` and the like: the first thing in an object decides.
    while let Some((b'[' | b'{', rest)) = inner.split_first() {
        let opens_object = inner[0] == b'{';
        inner = rest.trim_ascii_start();
        if opens_object {
            let quote = matches!(inner.first(), Some(b'\''));
            let name =
                inner.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$')).count();
            let is_name = name > 0 && inner[name..].trim_ascii_start().first() == Some(&b':');
            return quote || is_name;
        }
    }
    false
}

/// What `text` is as JSON.
pub(super) fn to_json(text: &str) -> String {
    let mut writer = Writer::default();
    for char in text.chars() {
        writer.char(char);
    }
    writer.end();
    writer.out
}

/// A stream of printed objects.
#[derive(Default)]
pub(super) struct Objects {
    writer: Writer,
    line: Vec<u8>,
}

impl Step for Objects {
    fn step(&mut self, source: &mut BufReader<Box<dyn Read + Send + '_>>, out: &mut Vec<u8>) -> io::Result<bool> {
        const MOST_BYTES: u64 = 16 << 20;
        self.line.clear();
        let count = source.by_ref().take(MOST_BYTES).read_until(b'\n', &mut self.line)?;
        if count == 0 {
            self.writer.end();
        }
        for char in String::from_utf8_lossy(&self.line).chars() {
            self.writer.char(char);
        }
        out.append(&mut std::mem::take(&mut self.writer.out).into_bytes());
        Ok(count > 0)
    }
}

/// What is being read.
#[derive(Default)]
enum State {
    #[default]
    Between,
    /// A string with this quote around it.
    Text { quote: char, escape: Escape },
    /// A word or a number.
    Word,
    /// Brackets of a call: Python's objects, `datetime.datetime(…)`. How deep.
    Call(u32),
}

/// What a backslash has begun.
#[derive(Clone, Copy)]
enum Escape {
    None,
    Slash,
    /// So many more hex digits, and the number so far.
    Hex {
        left: u8,
        code: u32,
    },
}

#[derive(Default)]
struct Writer {
    out: String,
    state: State,
    /// The text of the string or the word.
    text: String,
    /// A string that may go on after a `+`.
    waits: Option<String>,
    goes_on: bool,
    /// Open brackets as they were written.
    open: Vec<char>,
}

impl Writer {
    fn char(&mut self, char: char) {
        match self.state {
            State::Between => self.between(char),
            State::Text { quote, escape } => self.in_text(char, quote, escape),
            State::Word => self.in_word(char),
            State::Call(depth) => self.in_call(char, depth),
        }
    }

    fn between(&mut self, char: char) {
        match char {
            '\'' | '"' | '`' => {
                if !self.goes_on {
                    self.flush();
                }
                self.state = State::Text { quote: char, escape: Escape::None };
            }
            '+' if self.waits.is_some() => self.goes_on = true,
            _ if char.is_whitespace() => {
                if char == '\n' && self.waits.is_none() {
                    self.out.push('\n');
                }
            }
            '{' | '[' => {
                self.flush();
                self.open.push(char);
                self.out.push(char);
            }
            // A tuple.
            '(' => {
                self.flush();
                self.open.push('[');
                self.out.push('[');
            }
            '}' | ']' | ')' => {
                self.flush();
                self.value_or_null();
                self.without_comma();
                match self.open.pop() {
                    Some('{') => self.out.push('}'),
                    Some(_) => self.out.push(']'),
                    None => {}
                }
                if self.open.is_empty() {
                    self.out.push('\n');
                }
            }
            ',' => {
                self.flush();
                self.value_or_null();
                if !self.out.trim_end().ends_with(['{', '[', ',']) {
                    self.out.push(',');
                }
            }
            ':' => {
                self.flush();
                self.out.push(':');
            }
            _ => {
                self.flush();
                self.text.clear();
                self.text.push(char);
                self.state = State::Word;
            }
        }
    }

    /// Writes the string that waited for a `+`.
    fn flush(&mut self) {
        self.goes_on = false;
        if let Some(text) = self.waits.take() {
            push_quoted(&mut self.out, &text);
        }
    }

    /// What JSON has no word for was left out; its name needs a value.
    fn value_or_null(&mut self) {
        if self.out.trim_end().ends_with(':') {
            self.out.push_str("null");
        }
    }

    /// A comma before a closing bracket is none.
    fn without_comma(&mut self) {
        let end = self.out.trim_end().len();
        if self.out[..end].ends_with(',') {
            self.out.truncate(end - 1);
        }
    }

    fn in_text(&mut self, char: char, quote: char, escape: Escape) {
        let next = match escape {
            Escape::None if char == '\\' => Escape::Slash,
            Escape::None if char == quote => return self.end_text(),
            Escape::None => {
                self.text.push(char);
                Escape::None
            }
            Escape::Slash => match char {
                'x' => Escape::Hex { left: 2, code: 0 },
                'u' => Escape::Hex { left: 4, code: 0 },
                _ => {
                    self.text.push(match char {
                        'n' => '\n',
                        't' => '\t',
                        'r' => '\r',
                        other => other,
                    });
                    Escape::None
                }
            },
            Escape::Hex { left, code } => {
                let code = code * 16 + char.to_digit(16).unwrap_or(0);
                if left == 1 {
                    self.text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    Escape::None
                } else {
                    Escape::Hex { left: left - 1, code }
                }
            }
        };
        self.state = State::Text { quote, escape: next };
    }

    fn end_text(&mut self) {
        let text = std::mem::take(&mut self.text);
        match &mut self.waits {
            Some(before) if self.goes_on => before.push_str(&text),
            waits => *waits = Some(text),
        }
        self.goes_on = false;
        self.state = State::Between;
    }

    fn in_word(&mut self, char: char) {
        // `=>` of maps, and times, which have colons.
        let is_time = char == ':'
            && self.text.len() >= 13
            && self.text.contains('T')
            && self.text.starts_with(|c: char| c.is_ascii_digit());
        let is_note = self.text.starts_with("...");
        if char.is_alphanumeric() || "_$.+-<>=@/".contains(char) || is_time || is_note && char == ' ' {
            return self.text.push(char);
        }
        let word = std::mem::take(&mut self.text);
        if char == '(' {
            // `Map(2) {` of JavaScript, `datetime(…)` of Python.
            self.state = State::Call(0);
            return;
        }
        self.state = State::Between;
        self.word(&word, char == ':' || char.is_whitespace() && self.is_at_key());
        self.between(char);
    }

    /// Whether a name comes next: in an object, behind its bracket or a comma.
    fn is_at_key(&self) -> bool {
        self.open.last() == Some(&'{') && self.out.trim_end().ends_with(['{', ','])
    }

    fn word(&mut self, word: &str, is_key: bool) {
        if word == "=>" {
            return self.out.push(':');
        }
        if word.starts_with("...") {
            // So many more items were left out.
            return self.without_comma();
        }
        let number = word.strip_suffix('n').unwrap_or(word);
        let is_number = serde_json::from_str::<serde_json::Number>(number).is_ok();
        match word {
            _ if is_key => push_quoted(&mut self.out, word),
            "true" | "True" => self.out.push_str("true"),
            "false" | "False" => self.out.push_str("false"),
            "undefined" | "None" | "null" | "NaN" | "Infinity" | "-Infinity" | "nan" | "inf" => {
                self.out.push_str("null");
            }
            _ if is_number => self.out.push_str(number),
            // The class of an object stands before its bracket.
            _ if self.open.is_empty()
                || word.chars().all(char::is_alphabetic) && word.starts_with(char::is_uppercase) =>
            {
                if self.open.last() == Some(&'[') && self.out.trim_end().ends_with('[') {
                    // `[Object]` and the like: something that was not printed.
                    push_quoted(&mut self.out, word);
                }
            }
            _ => push_quoted(&mut self.out, word),
        }
    }

    /// What is in the brackets of a call is left out: the size of a `Map(2)`, all of a `datetime(…)`.
    fn in_call(&mut self, char: char, depth: u32) {
        self.state = match char {
            '(' => State::Call(depth + 1),
            ')' if depth == 0 => State::Between,
            ')' => State::Call(depth - 1),
            _ => State::Call(depth),
        };
    }

    fn end(&mut self) {
        if matches!(self.state, State::Word) {
            let word = std::mem::take(&mut self.text);
            self.state = State::Between;
            self.word(&word, false);
        }
        self.flush();
    }
}
