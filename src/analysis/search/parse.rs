//! Text to [`Query`]. Errors name the place, what was expected there, and what to write instead.

use std::ops::Range;

use super::ai::{PHASES, phase_passes};
use super::pattern::Pattern;
use super::query::{Comparison, Expr, FIELDS, Field, Number, Query, Term, TextTest, UNITS, is_key_char, keyword};

/// Why a query could not be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("at {}: expected {expected}. {remedy}", range.start)]
pub struct ParseError {
    /// The bytes of the query that are to blame; empty where something is missing.
    pub range: Range<usize>,
    /// What could stand there.
    pub expected: String,
    /// What to do about it: one sentence.
    pub remedy: String,
}

impl ParseError {
    /// The error in three lines: what was expected and what to do, the query, and a line that underlines the place.
    #[must_use]
    pub fn with_place(&self, query: &str) -> String {
        let count = |range: Range<usize>| query.get(range).map_or(0, |text| text.chars().count());
        let (before, length) = (count(0..self.range.start), count(self.range.clone()).max(1));
        // Control characters, tabs among them, would move the line below.
        let line: String = query.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let Self { expected, remedy, .. } = self;
        format!("expected {expected}. {remedy}\n  {line}\n  {}{}", " ".repeat(before), "^".repeat(length))
    }
}

/// Parentheses deeper than this are refused, so that no query can exhaust the stack.
const MAX_DEPTH: u32 = 64;

/// Reads a query. Blank text is the empty query.
///
/// # Errors
/// The first place that cannot be read.
pub fn parse(text: &str) -> Result<Query, ParseError> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    parser.skip_space();
    if parser.is_at_end() {
        return Ok(Query::default());
    }
    let expr = parser.either()?;
    if !parser.is_at_end() {
        // Only a closing parenthesis ends `either` early.
        return Err(parser.error(
            parser.at..parser.at + 1,
            "no `)` here",
            "Nothing is open; quote it to search for it.",
        ));
    }
    Ok(Query { expr: Some(expr) })
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

type Parsed<T> = Result<T, ParseError>;

impl<'a> Parser<'a> {
    #[expect(clippy::unused_self, reason = "reads as the parser's own error")]
    fn error(&self, range: Range<usize>, expected: impl Into<String>, remedy: impl Into<String>) -> ParseError {
        ParseError { range, expected: expected.into(), remedy: remedy.into() }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn is_at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    fn skip_space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Takes `word` when it stands here as a whole word.
    fn take_word(&mut self, word: &str) -> bool {
        let Some(after) = self.rest().strip_prefix(word) else { return false };
        let is_whole = after.chars().next().is_none_or(|c| c.is_whitespace() || matches!(c, '(' | ')'));
        if is_whole {
            self.at += word.len();
            self.skip_space();
        }
        is_whole
    }

    fn either(&mut self) -> Parsed<Expr> {
        let mut parts = vec![self.both()?];
        while self.take_word("OR") {
            parts.push(self.both()?);
        }
        Ok(Expr::any(parts))
    }

    fn both(&mut self) -> Parsed<Expr> {
        let mut parts = vec![self.unary()?];
        loop {
            self.skip_space();
            let start = self.at;
            if self.take_word("AND") {
                parts.push(self.unary()?);
                continue;
            }
            if self.is_at_end() || self.peek() == Some(')') || self.take_word("OR") {
                self.at = start;
                return Ok(Expr::all(parts));
            }
            parts.push(self.unary()?);
        }
    }

    fn unary(&mut self) -> Parsed<Expr> {
        let mut is_negated = false;
        loop {
            if self.take_word("NOT") {
                is_negated = !is_negated;
            } else if self.peek() == Some('-') {
                self.at += 1;
                is_negated = !is_negated;
            } else {
                break;
            }
        }
        let inner = if self.peek() == Some('(') { self.group()? } else { Expr::Term(self.term()?) };
        Ok(if is_negated { Expr::negated(inner) } else { inner })
    }

    fn group(&mut self) -> Parsed<Expr> {
        let open = self.at;
        if self.depth == MAX_DEPTH {
            return Err(self.error(open..open + 1, "fewer parentheses", "Nested this deep, a query is not followed."));
        }
        self.depth += 1;
        self.at += 1;
        self.skip_space();
        let inner = self.either()?;
        if self.peek() != Some(')') {
            let end = self.text.len();
            return Err(self.error(end..end, "`)`", format!("Close the parenthesis opened at {open}.")));
        }
        self.at += 1;
        self.depth -= 1;
        Ok(inner)
    }

    fn term(&mut self) -> Parsed<Term> {
        let start = self.at;
        if self.is_at_end() || matches!(self.peek(), Some(')')) || self.rest().starts_with(char::is_whitespace) {
            return Err(self.error(
                start..start,
                "something to search for",
                "Write a word, a field such as name:chat, or error, root, orphan.",
            ));
        }
        for word in ["OR", "AND"] {
            if self.take_word(word) {
                let end = start + word.len();
                let remedy = format!("Put something before and after {word}, or quote it to search for the word.");
                return Err(self.error(start..end, "something to search for", remedy));
            }
        }
        if let Some(head) = self.field_head()? {
            return self.field_term(start, &head);
        }
        let pattern = self.pattern()?;
        if let Some(term) = keyword(&self.text[start..self.at]) {
            return Ok(term);
        }
        if pattern.is_empty() {
            return Err(self.error(start..self.at, "text between the quotes", "Remove the quotes, or fill them."));
        }
        Ok(Term::Text(pattern))
    }

    /// The field before an operator, if one stands here; the position is then at the operator.
    fn field_head(&mut self) -> Parsed<Option<Head<'a>>> {
        let start = self.at;
        for prefix in ["attr.", "event."] {
            let rest = self.rest();
            if !rest.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix)) {
                continue;
            }
            self.at += prefix.len();
            let key = if self.peek() == Some('"') {
                self.quoted()?
            } else {
                let len = self.rest().find(|c| !is_key_char(c)).unwrap_or(self.rest().len());
                self.at += len;
                self.text[self.at - len..self.at].to_owned()
            };
            if key.is_empty() {
                let expected = "an attribute key";
                return Err(self.error(start..self.at, expected, format!("Write {prefix}KEY:value.")));
            }
            if !matches!(self.peek(), Some(':' | '<' | '>' | '=')) {
                let remedy =
                    format!("Write {0}:* to find spans that have it, {0}:text or {0}>1.", &self.text[start..self.at]);
                return Err(self.error(self.at..self.at, "`:`, `=` or a comparison after the key", remedy));
            }
            return Ok(Some(Head { word: &prefix[..prefix.len() - 1], key: Some(key) }));
        }
        let rest = self.rest();
        let Some(len) = rest.find(|c| !is_key_char(c)) else { return Ok(None) };
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        let word = &rest[..len];
        let is_field = matches!(rest.as_bytes()[len], b':' | b'<' | b'>' | b'=')
            && word.starts_with(|c: char| c.is_ascii_alphabetic())
            && word.chars().all(is_word)
            && !rest[len..].starts_with("://");
        if !is_field {
            return Ok(None);
        }
        self.at += len;
        Ok(Some(Head { word, key: None }))
    }

    fn field_term(&mut self, start: usize, head: &Head<'_>) -> Parsed<Term> {
        let word = head.word.to_ascii_lowercase();
        if let Some(key) = &head.key {
            return match word.as_str() {
                "attr" => self.attr_term(key),
                _ => Ok(Term::EventAttr(key.clone(), self.text_test(start)?)),
            };
        }
        let field = match word.as_str() {
            "name" => Field::Name,
            "service" => Field::Service,
            "clock" => Field::Clock,
            "kind" => Field::Kind,
            "status" => Field::Status,
            "scope" => Field::Scope,
            "trace" => Field::Trace,
            "input" | "file" => Field::Input,
            "dur" | "duration" => return self.duration_term(start),
            "lane" => return Ok(Term::Lane(self.text_test(start)?)),
            "agent" => return Ok(Term::Agent(self.text_test(start)?)),
            "phase" => return self.phase_term(start),
            "id" => return Ok(Term::Id(self.text_test(start)?)),
            "event" => return Ok(Term::Event(self.text_test(start)?)),
            "flag" => return Ok(Term::Flag(self.text_test(start)?)),
            _ => return Err(self.unknown_field(start, head.word)),
        };
        let value = self.at;
        let test = self.text_test(start)?;
        self.check_choice(&field, &test, value..self.at)?;
        Ok(Term::Field(field, test))
    }

    fn phase_term(&mut self, start: usize) -> Parsed<Term> {
        let value = self.at;
        let test = self.text_test(start)?;
        let matcher = super::pattern::Matcher::from(&test);
        if PHASES.iter().any(|phase| phase_passes(*phase, &matcher, &mut String::new())) {
            return Ok(Term::Phase(test));
        }
        let names: Vec<&str> = PHASES.iter().map(|phase| phase.name()).collect();
        Err(self.error(value + 1..self.at, format!("one of {}", names.join(", ")), "No other phase exists."))
    }

    fn unknown_field(&self, start: usize, word: &str) -> ParseError {
        let all: Vec<&str> = FIELDS.iter().map(|field| field.name).collect();
        let names = || FIELDS.iter().flat_map(|field| [field.name, field.alias]).filter(|name| !name.is_empty());
        let close = names().find(|name| is_close(name, &word.to_ascii_lowercase()));
        let operator = &self.text[self.at..=self.at];
        let remedy = match close {
            Some(name) => format!("Did you mean {name}{operator}?"),
            None => format!(
                "For an attribute write attr.{word}{operator}..., to search for the text quote it: \"{word}{operator}...\"."
            ),
        };
        self.error(start..self.at, format!("a field ({})", all.join(", ")), remedy)
    }

    /// Fields with few values: a text that none of them has is a slip.
    fn check_choice(&self, field: &Field, test: &TextTest, at: Range<usize>) -> Parsed<()> {
        let choices: &[&str] = match field {
            Field::Kind => &["unspecified", "internal", "server", "client", "producer", "consumer"],
            Field::Status => &["unset", "ok", "error"],
            _ => return Ok(()),
        };
        let test = super::pattern::Matcher::from(test);
        if choices.iter().any(|choice| test.matches(choice, &mut String::new())) {
            return Ok(());
        }
        Err(self.error(at.start + 1..at.end, format!("one of {}", choices.join(", ")), "No other value exists."))
    }

    fn attr_term(&mut self, key: &str) -> Parsed<Term> {
        let start = self.at;
        if matches!(self.peek(), Some(':' | '=')) {
            return Ok(Term::Field(Field::Attr(key.to_owned()), self.text_test(start)?));
        }
        let comparison = self.comparison();
        let (word, range) = self.plain_word();
        let Some(number) = Number::parse(word) else {
            let remedy = format!("Write attr.{key}{comparison}100, or attr.{key}:text to look for text.");
            return Err(self.error(range, "a number", remedy));
        };
        Ok(Term::Number(key.to_owned(), comparison, number))
    }

    fn duration_term(&mut self, start: usize) -> Parsed<Term> {
        if self.peek() == Some(':') {
            return Err(self.error(start..self.at + 1, "a comparison", "Write dur>500ms or dur<=1.5s."));
        }
        let comparison = self.comparison();
        let (word, range) = self.plain_word();
        match duration(word) {
            Ok(ns) => Ok(Term::Duration(comparison, ns)),
            Err(remedy) => Err(self.error(range, "a duration", remedy)),
        }
    }

    /// Takes `<`, `<=`, `>`, `>=` or `=`; the caller saw that one stands here.
    fn comparison(&mut self) -> Comparison {
        let rest = self.rest();
        let (len, comparison) = match (rest.as_bytes().first(), rest.as_bytes().get(1)) {
            (Some(b'<'), Some(b'=')) => (2, Comparison::AtMost),
            (Some(b'<'), _) => (1, Comparison::Less),
            (Some(b'>'), Some(b'=')) => (2, Comparison::AtLeast),
            (Some(b'>'), _) => (1, Comparison::Greater),
            _ => (1, Comparison::Equal),
        };
        self.at += len;
        comparison
    }

    /// Takes everything up to a space or parenthesis.
    fn plain_word(&mut self) -> (&'a str, Range<usize>) {
        let rest = self.rest();
        let len = rest.find(|c: char| c.is_whitespace() || c == ')').unwrap_or(rest.len());
        let range = self.at..self.at + len;
        self.at += len;
        (&rest[..len], range)
    }

    /// Takes `:pattern` or `=text`.
    fn text_test(&mut self, start: usize) -> Parsed<TextTest> {
        let head = &self.text[start..self.at];
        let operator = self.peek();
        if !matches!(operator, Some(':' | '=')) {
            let remedy = "Text has no order; only dur and attr.KEY can be compared.";
            return Err(self.error(self.at..self.at + 1, "`:` or `=`", remedy));
        }
        self.at += 1;
        let value = self.at;
        if operator == Some('=') {
            let text = self.literal()?;
            if self.at == value {
                let remedy = format!("Write {head}=text, or {head}=\"\" for an empty value.");
                return Err(self.error(value..value, "the exact text", remedy));
            }
            return Ok(TextTest::Equals(text));
        }
        let pattern = self.pattern()?;
        if pattern.is_empty() {
            let remedy = format!("Write {head}:text, or {head}:* for any value.");
            return Err(self.error(value..self.at, "some text", remedy));
        }
        Ok(TextTest::Matches(pattern))
    }

    fn literal(&mut self) -> Parsed<String> {
        let mut text = String::new();
        self.segments(|segment| match segment {
            Segment::Char(c) => text.push(c),
            Segment::Quoted(quoted) => text.push_str(&quoted),
        })?;
        Ok(text)
    }

    fn pattern(&mut self) -> Parsed<Pattern> {
        let mut parts = vec![String::new()];
        self.segments(|segment| match (segment, parts.last_mut()) {
            (Segment::Char('*'), _) => parts.push(String::new()),
            (Segment::Char(c), Some(last)) => last.push(c),
            (Segment::Quoted(quoted), Some(last)) => last.push_str(&quoted),
            (_, None) => {}
        })?;
        Ok(Pattern::from_parts(parts))
    }

    /// Walks over a value: characters and quoted pieces up to a space or an unmatched `)`.
    fn segments(&mut self, mut take: impl FnMut(Segment)) -> Parsed<()> {
        let mut open = 0_u32;
        while let Some(c) = self.peek() {
            match c {
                '"' => {
                    take(Segment::Quoted(self.quoted()?));
                    continue;
                }
                ')' if open == 0 => break,
                ')' => open -= 1,
                '(' => open += 1,
                _ if c.is_whitespace() => break,
                _ => {}
            }
            take(Segment::Char(c));
            self.at += c.len_utf8();
        }
        Ok(())
    }

    /// Takes `"..."`, in which `\"` and `\\` stand for `"` and `\`.
    fn quoted(&mut self) -> Parsed<String> {
        let open = self.at;
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            match (c, chars.peek()) {
                ('"', _) => {
                    self.at += at + 1;
                    return Ok(text);
                }
                ('\\', Some(&(_, escaped @ ('"' | '\\')))) => {
                    text.push(escaped);
                    chars.next();
                }
                _ => text.push(c),
            }
        }
        let remedy = "Write \\\" for a quote inside quotes.";
        Err(self.error(open..self.text.len(), "a closing quote", remedy))
    }
}

struct Head<'a> {
    word: &'a str,
    key: Option<String>,
}

enum Segment {
    Char(char),
    Quoted(String),
}

/// An exact duration in nanoseconds, or what to write instead.
fn duration(text: &str) -> Result<i64, &'static str> {
    const HELP: &str = "Write a number with a unit: 250us, 500ms, 1.5s, 2min, 1h.";
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let Some(&(_, unit_ns)) = UNITS.iter().find(|(name, _)| *name == unit || (unit == "m" && *name == "min")) else {
        return Err(if unit.is_empty() && !number.is_empty() {
            "Add a unit: ns, us, ms, s, min, h or d."
        } else {
            HELP
        });
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return Err(HELP);
    }
    const TOO_LONG: &str = "That is longer than 292 years, which no span can last.";
    const TOO_FINE: &str = "That is finer than a nanosecond, which no span can be.";
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > 18 {
        return Err(TOO_FINE);
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| TOO_LONG)? };
    let part: i128 = if fraction.is_empty() { 0 } else { fraction.parse().map_err(|_| HELP)? };
    let scale = 10_i128.pow(fraction.len() as u32);
    let scaled = part * i128::from(unit_ns);
    if scaled % scale != 0 {
        return Err(TOO_FINE);
    }
    let ns = whole.checked_mul(i128::from(unit_ns)).ok_or(TOO_LONG)? + scaled / scale;
    i64::try_from(sign * ns).map_err(|_| TOO_LONG)
}

/// One slip of the finger away: at most two edits, fewer for short words.
fn is_close(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().take(64).collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, cb) in b.iter().enumerate() {
            let swap = diagonal + usize::from(ca != cb);
            let best = swap.min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], best);
        }
    }
    row[b.len()] <= if a.len() > 5 { 2 } else { 1 }
}
