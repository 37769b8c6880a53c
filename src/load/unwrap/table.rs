//! Tables with a header, separated by commas, tabs or semicolons (RFC 4180, and ClickHouse's forms of it): every row
//! becomes a JSON object on a line of its own.

use std::io::{self, BufRead as _, BufReader, Read};

use super::{Step, objects};
use crate::load::json::push_quoted;

/// Rows are taken as they come; one larger than this is cut.
const MOST_BYTES: usize = 64 << 20;

/// The byte between the columns of the table that `head` begins with.
pub(super) fn separator(head: &[u8]) -> Option<u8> {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let first = text.split(|&byte| byte == b'\n').next()?;
    // A header has names, and no objects.
    if first.first().is_none_or(|&byte| byte == b'[') || first.iter().any(|byte| matches!(byte, b'{' | b'}' | b'<')) {
        return None;
    }
    let count = |byte: u8| first.iter().filter(|&&other| other == byte).count();
    [b'\t', b',', b';'].into_iter().filter(|&byte| count(byte) >= 3).max_by_key(|&byte| count(byte))
}

/// A row as it was read.
struct Row {
    /// The text of each field, and whether it was in quotes.
    fields: Vec<(Vec<u8>, bool)>,
    /// The text ends inside of quotes.
    is_open: bool,
    /// The text ends without the end of a line.
    is_last: bool,
}

pub(super) struct Table {
    separator: u8,
    header: Option<Vec<String>>,
}

impl Table {
    pub fn new(separator: u8) -> Self {
        Self { separator, header: None }
    }

    /// Reads a row. `None` at the end.
    fn row(&self, source: &mut BufReader<Box<dyn Read + Send + '_>>) -> io::Result<Option<Row>> {
        let mut fields = vec![(Vec::new(), false)];
        let (mut is_quoted, mut after_quote, mut size) = (false, false, 0);
        loop {
            let bytes = source.fill_buf()?;
            if bytes.is_empty() {
                return Ok((size > 0).then_some(Row { fields, is_open: is_quoted, is_last: true }));
            }
            let mut taken = 0;
            let mut is_over = false;
            for &byte in bytes {
                taken += 1;
                size += 1;
                let Some((field, was_quoted)) = fields.last_mut() else { break };
                match byte {
                    b'"' if is_quoted => (is_quoted, after_quote) = (false, true),
                    _ if is_quoted => field.push(byte),
                    // Two quotes inside of quotes are one.
                    b'"' if after_quote => {
                        field.push(b'"');
                        (is_quoted, after_quote) = (true, false);
                    }
                    b'"' if field.is_empty() => (is_quoted, *was_quoted) = (true, true),
                    b'\n' => is_over = true,
                    _ if byte == self.separator => {
                        after_quote = false;
                        fields.push((Vec::new(), false));
                    }
                    _ => field.push(byte),
                }
                if is_over || size >= MOST_BYTES {
                    break;
                }
            }
            source.consume(taken);
            if is_over || size >= MOST_BYTES {
                if let Some((field, false)) = fields.last_mut()
                    && field.last() == Some(&b'\r')
                {
                    field.pop();
                }
                return Ok(Some(Row { fields, is_open: false, is_last: false }));
            }
        }
    }
}

impl Step for Table {
    fn step(&mut self, source: &mut BufReader<Box<dyn Read + Send + '_>>, out: &mut Vec<u8>) -> io::Result<bool> {
        let Some(row) = self.row(source)? else { return Ok(false) };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        // An empty line is no row.
        if row.fields.len() == 1 && row.fields[0].0.trim_ascii().is_empty() {
            return Ok(true);
        }
        let Some(header) = &self.header else {
            // Azure's portal says the zone of its times in the header.
            let name = |(field, _): &(Vec<u8>, bool)| {
                text(field).trim_start_matches('\u{feff}').trim().trim_end_matches(" [UTC]").to_owned()
            };
            self.header = Some(row.fields.iter().map(name).collect());
            return Ok(true);
        };
        let mut line = String::from("{");
        for (at, (field, was_quoted)) in row.fields.iter().enumerate() {
            let odd = format!("column {}", at + 1);
            let key = header.get(at).unwrap_or(&odd);
            if at > 0 {
                line.push(',');
            }
            push_quoted(&mut line, key);
            line.push(':');
            let is_tab = self.separator == b'\t' && !was_quoted;
            push_value(&mut line, key, &text(field), is_tab);
        }
        // A row that was cut stays open, so that whoever reads it says so.
        if !row.is_open && (!row.is_last || row.fields.len() >= header.len()) {
            line.push_str("}\n");
        }
        out.extend_from_slice(line.as_bytes());
        Ok(true)
    }
}

/// Writes a field as JSON. Lists and objects become what they are, numbers numbers, except where they are ids.
/// `is_escaped` when backslashes escape, as ClickHouse writes between tabs.
pub(super) fn push_value(out: &mut String, key: &str, text: &str, is_escaped: bool) {
    if text.is_empty() || is_escaped && text == "\\N" {
        return out.push_str("null");
    }
    if text.starts_with(['{', '[']) {
        if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
            return out.push_str(text);
        }
        let converted = objects::to_json(text);
        if serde_json::from_str::<serde::de::IgnoredAny>(&converted).is_ok() {
            return out.push_str(converted.trim());
        }
    }
    let is_id = key.to_ascii_lowercase().ends_with("id");
    let is_int = text.parse::<i64>().is_ok_and(|int| int.to_string() == text);
    let is_decimal = || {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        text.split_once('.').is_some_and(|(whole, rest)| {
            digits(rest) && digits(whole.trim_start_matches('-')) && (whole.len() == 1 || !whole.starts_with('0'))
        })
    };
    if !is_id && (is_int || is_decimal()) {
        return out.push_str(text);
    }
    if matches!(text, "true" | "false") {
        return out.push_str(text);
    }
    if is_escaped { push_quoted(out, &unescaped(text)) } else { push_quoted(out, text) }
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match if char == '\\' { chars.next() } else { None } {
            None => plain.push(char),
            Some('t') => plain.push('\t'),
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some(other) => plain.push(other),
        }
    }
    plain
}
