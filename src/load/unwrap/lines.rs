//! JSON in lines of a log: behind a time and a level, or in a field of an object that a log driver wrote around it.

use std::io::{self, BufRead as _, BufReader, Read};

use serde_json::Value;

use super::{LeftOut, Step};
use crate::load::sniff::{begins_with_label, without_bom};

/// Where the JSON is in a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Behind other text: what containerd, syslog, loggers and event streams put before it.
    Behind,
    /// In this field of a JSON object.
    Field(&'static str),
    /// As text in this field of the objects inside of a document: what the command line tools of clouds print of a log.
    Inside(&'static str),
}

/// Fields in which log drivers and log stores keep the line that a program wrote.
const FIELDS: [&str; 12] = [
    "log",
    "body",
    "message",
    "line",
    "msg",
    "payload",
    "textPayload",
    "jsonPayload",
    "MESSAGE",
    "@message",
    "_raw",
    "data",
];

/// What may be in the lines of `head`.
pub(super) fn kinds(head: &[u8]) -> Vec<Kind> {
    let text = without_bom(head).trim_ascii_start();
    if !matches!(text.first(), Some(b'{' | b'[' | b'"')) || begins_with_label(text) {
        return vec![Kind::Behind];
    }
    let first = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let mut kinds = Vec::new();
    if let Ok(Value::Object(fields)) = serde_json::from_slice::<Value>(first) {
        kinds.extend(FIELDS.iter().filter(|field| fields.contains_key(**field)).map(|&field| Kind::Field(field)));
    }
    // CloudWatch's answers to queries name their fields in a field of their own.
    let all = FIELDS.iter().chain(&["value"]);
    kinds.extend(all.filter(|field| texts(text, field).any(|text| text.is_some())).map(|&field| Kind::Inside(field)));
    kinds
}

/// The texts of the fields called `field` in `line`, in order: those that hold a JSON object, `None` for others.
fn texts<'l>(line: &'l [u8], field: &str) -> impl Iterator<Item = Option<String>> + use<'l> {
    let key = format!("\"{field}\"");
    let mut rest = line;
    std::iter::from_fn(move || {
        loop {
            let at = memchr::memmem::find(rest, key.as_bytes())?;
            rest = rest[at + key.len()..].trim_ascii_start();
            let Some(value) = rest.strip_prefix(b":").map(<[u8]>::trim_ascii_start) else { continue };
            if value.first() != Some(&b'"') {
                continue;
            }
            let mut stream = serde_json::Deserializer::from_slice(value).into_iter::<String>();
            let text = stream.next().and_then(Result::ok);
            rest = value.get(stream.byte_offset().max(1)..).unwrap_or_default();
            return Some(text.filter(|text| text.trim_start().starts_with('{')));
        }
    })
}

/// Longer lines are taken in pieces.
const MOST_BYTES: u64 = 64 << 20;

pub(super) struct Lines {
    kind: Kind,
    line: Vec<u8>,
    /// The last line was only a part of one.
    is_open: bool,
    left_out: LeftOut,
}

impl Lines {
    pub fn new(kind: Kind) -> Self {
        Self { kind, line: Vec::new(), is_open: false, left_out: LeftOut::default() }
    }

    /// Appends the JSON in the current line. False when there is none.
    fn unwrap(&mut self, out: &mut Vec<u8>) -> bool {
        let line = std::mem::take(&mut self.line);
        let found = match self.kind {
            Kind::Behind => {
                let (is_part, text) = of_container(&line).unwrap_or((false, &line));
                self.text(text, is_part, out)
            }
            Kind::Field(field) => self.field(&line, field, out),
            Kind::Inside(field) => {
                let mut is_whole = true;
                for text in texts(&line, field) {
                    match text {
                        Some(text) => {
                            out.extend_from_slice(text.trim().as_bytes());
                            out.push(b'\n');
                        }
                        // Other lines hold nothing but what is around the texts.
                        None => is_whole = false,
                    }
                }
                is_whole
            }
        };
        self.line = line;
        found
    }

    /// Appends what `field` of the object in `line` holds: JSON, or text with JSON in it.
    fn field(&mut self, line: &[u8], field: &str, out: &mut Vec<u8>) -> bool {
        /// Docker cuts longer lines, and only the last part ends one.
        const PART_BYTES: usize = 16 << 10;
        let Ok(Value::Object(mut fields)) = serde_json::from_slice::<Value>(without_bom(line)) else { return false };
        match fields.remove(field) {
            Some(Value::String(text)) => {
                let is_part = field == "log" && !text.ends_with('\n') && text.len() >= PART_BYTES;
                self.text(text.as_bytes(), is_part, out)
            }
            Some(inner @ (Value::Object(_) | Value::Array(_))) => {
                out.extend_from_slice(inner.to_string().as_bytes());
                out.push(b'\n');
                true
            }
            _ => false,
        }
    }

    /// Appends the JSON in `text`, which may go on in the next line.
    fn text(&mut self, text: &[u8], is_part: bool, out: &mut Vec<u8>) -> bool {
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let from = if self.is_open { Some(0) } else { json_at(text) };
        let Some(from) = from else { return false };
        out.extend_from_slice(&text[from..]);
        self.is_open = is_part;
        if !is_part {
            out.push(b'\n');
        }
        true
    }
}

impl Step for Lines {
    fn step(&mut self, source: &mut BufReader<Box<dyn Read + Send + '_>>, out: &mut Vec<u8>) -> io::Result<bool> {
        self.line.clear();
        let count = source.by_ref().take(MOST_BYTES).read_until(b'\n', &mut self.line)?;
        if count == 0 {
            return Ok(false);
        }
        if !self.unwrap(out) {
            self.left_out.line(&self.line);
        }
        self.left_out.pass(count);
        Ok(true)
    }

    fn left_out(&self) -> Option<&LeftOut> {
        Some(&self.left_out)
    }
}

/// Where JSON begins in `text`.
fn json_at(text: &[u8]) -> Option<usize> {
    let next = |at: usize| text[at + 1..].trim_ascii_start().first().copied();
    (0..text.len()).find(|&at| match text[at] {
        b'{' => next(at) == Some(b'"'),
        b'[' => next(at) == Some(b'{'),
        _ => false,
    })
}

/// Splits `<time> stdout F <text>` as Kubernetes' container runtimes write it: whether it is only a part of a line
/// (`P`), and the text (kubernetes/design-proposals-archive, `node/kubelet-cri-logging.md`).
fn of_container(line: &[u8]) -> Option<(bool, &[u8])> {
    let mut parts = line.splitn(4, |&byte| byte == b' ');
    let (time, stream) = (parts.next()?, parts.next()?);
    let (tag, text) = (parts.next()?, parts.next()?);
    if !time.contains(&b'T') || !matches!(stream, b"stdout" | b"stderr") {
        return None;
    }
    match tag {
        b"F" => Some((false, text)),
        b"P" => Some((true, text)),
        _ => None,
    }
}
