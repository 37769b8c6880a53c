//! OTLP JSON: one object, an array of requests, JSON lines, documents back to back.
//!
//! [`crate::load::json::Splitter`] cuts the stream; every chunk becomes a [`Part`](crate::model::Part) on its own
//! thread; parts are joined in file order. A chunk may begin and end inside of a resource or a scope: what such a
//! part knows about it goes into the part's seam, and the builder closes it.

mod fields;
mod logs;
mod reader;
mod shape;
mod spans;
#[cfg(test)]
mod tests;
mod values;

pub(super) use values::any_value as otlp_value;

use std::io::Read;

use super::json::{Limits, Scanner, Token, pipeline};
use super::{Format, LoadError, Output};

/// Name of the attribute that holds a log record's severity.
pub const LOG_SEVERITY: &str = "log.severity";
/// Name of the attribute that holds a log record's body, when the body is not the event's name.
pub const LOG_BODY: &str = "log.body";

/// The OTLP JSON format.
#[derive(Clone, Copy, Debug)]
pub struct OtlpJson;

impl Format for OtlpJson {
    fn name(&self) -> &'static str {
        "otlp-json"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        sniff(head)
    }

    fn read(&self, bytes: &mut (dyn Read + Send), out: &mut Output<'_>) -> Result<(), LoadError> {
        read_with(bytes, Limits::default(), out)
    }
}

/// `ResourceSpans` objects without the request around them, one or several: what the logging exporter of the Java
/// SDK writes.
#[derive(Clone, Copy, Debug)]
pub struct OtlpResources;

impl Format for OtlpResources {
    fn name(&self) -> &'static str {
        "otlp-json"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        begins_with(head, |json| {
            while let Ok(Some(key)) = json.next_key() {
                let is_list = json.peek() == Token::Array;
                if is_list && (shape::is_span_scope_list(&key) || *key == *shape::SCOPES && holds_spans(json)) {
                    return true;
                }
                if json.skip_value().is_err() {
                    break;
                }
            }
            false
        })
    }

    fn read(&self, bytes: &mut (dyn Read + Send), out: &mut Output<'_>) -> Result<(), LoadError> {
        run(bytes, shape::OtlpShape::Bare, Limits::default(), out)
    }
}

/// Reads OTLP JSON with limits other than the default ones.
///
/// # Errors
/// When the stream cannot be read, or the user cancels.
pub fn read_with(bytes: &mut (dyn Read + Send), limits: Limits, out: &mut Output<'_>) -> Result<(), LoadError> {
    run(bytes, shape::OtlpShape::Requests, limits, out)
}

fn run(
    bytes: &mut (dyn Read + Send),
    shape: shape::OtlpShape,
    limits: Limits,
    out: &mut Output<'_>,
) -> Result<(), LoadError> {
    let (input, progress) = (out.input(), out.progress);
    let read = |chunk: &_| reader::read_chunk(chunk, shape, input);
    pipeline::run(bytes, &shape, limits, progress, read, |part| out.absorb(part))
}

/// True when the list that comes next begins with an object that has a list of spans. Does not move `json`.
fn holds_spans(json: &mut Scanner<'_>) -> bool {
    let mark = json.mark();
    let mut found = json.begin_array().is_ok() && json.next_element() == Ok(true);
    found = found && json.peek() == Token::Object && json.begin_object().is_ok();
    while found {
        match json.next_key() {
            Ok(Some(key)) if *key == *b"spans" && json.peek() == Token::Array => break,
            Ok(Some(_)) => found = json.skip_value().is_ok(),
            _ => found = false,
        }
    }
    json.rewind(mark);
    found
}

/// True when the first document of `head` has one of the keys that only OTLP has.
fn sniff(head: &[u8]) -> bool {
    begins_with(head, has_otlp_key)
}

/// Whether `has` accepts the first object of `head`, which may be the first of a list. It is open already.
fn begins_with(head: &[u8], has: impl Fn(&mut Scanner<'_>) -> bool) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let mut json = Scanner::new(head, 0);
    if json.peek() == Token::Array && (json.begin_array().is_err() || json.next_element() != Ok(true)) {
        return false;
    }
    json.peek() == Token::Object && json.begin_object().is_ok() && has(&mut json)
}

fn has_otlp_key(json: &mut Scanner<'_>) -> bool {
    while let Ok(Some(key)) = json.next_key() {
        match &*key {
            b"resourceSpans" | b"resource_spans" | b"resourceLogs" | b"resource_logs" | b"resourceMetrics"
            | b"resource_metrics" => return true,
            b"batches" => return json.peek() == Token::Array,
            b"trace" | b"result" if json.peek() == Token::Object => {
                if json.begin_object().is_ok() && has_otlp_key(json) {
                    return true;
                }
            }
            _ => {
                if json.skip_value().is_err() {
                    return false;
                }
            }
        }
    }
    false
}
