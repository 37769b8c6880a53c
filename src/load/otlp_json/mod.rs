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

pub(super) use logs::finish as finish_log;
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
        begins_with(head, is_resource)
    }

    fn read(&self, bytes: &mut (dyn Read + Send), out: &mut Output<'_>) -> Result<(), LoadError> {
        run(bytes, shape::OtlpShape::Bare, Limits::default(), out)
    }
}

/// `ResourceSpans` objects in a list that some tool put around them.
#[derive(Clone, Copy, Debug)]
pub struct OtlpWrapped;

impl Format for OtlpWrapped {
    fn name(&self) -> &'static str {
        "otlp-json"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        begins_with(head, wraps_resources)
    }

    fn read(&self, bytes: &mut (dyn Read + Send), out: &mut Output<'_>) -> Result<(), LoadError> {
        run(bytes, shape::OtlpShape::Wrapped, Limits::default(), out)
    }
}

/// Whether the open object is an element of `resourceSpans`.
fn is_resource(json: &mut Scanner<'_>) -> bool {
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
}

/// Whether the open object holds elements of `resourceSpans` in a list, or in a list of an object in it.
fn wraps_resources(json: &mut Scanner<'_>) -> bool {
    while let Ok(Some(key)) = json.next_key() {
        let mark = json.mark();
        let found = shape::is_wrapper(&key)
            && match json.peek() {
                Token::Array => {
                    json.begin_array().is_ok()
                        && json.next_element() == Ok(true)
                        && json.peek() == Token::Object
                        && json.begin_object().is_ok()
                        && is_resource(json)
                }
                Token::Object => json.begin_object().is_ok() && wraps_resources(json),
                _ => false,
            };
        if found {
            return true;
        }
        json.rewind(mark);
        if json.skip_value().is_err() {
            break;
        }
    }
    false
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

/// True when one of the first documents of `head` has one of the keys that only OTLP has. Other lines may come before.
fn sniff(head: &[u8]) -> bool {
    begins_with(head, has_otlp_key)
}

/// Whether `has` accepts the first object of `head`, which may be the first of a list, or one of the few documents that
/// follow it. It is open already.
fn begins_with(head: &[u8], has: impl Fn(&mut Scanner<'_>) -> bool) -> bool {
    const DOCUMENTS: usize = 8;
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let mut json = Scanner::new(head, 0);
    for _ in 0..DOCUMENTS {
        json.skip_separators();
        let mark = json.mark();
        let mut opens = json.peek() != Token::Array || json.begin_array().is_ok() && json.next_element() == Ok(true);
        opens = opens && json.peek() == Token::Object && json.begin_object().is_ok();
        if opens && has(&mut json) {
            return true;
        }
        json.rewind(mark);
        if json.skip_value().is_err() {
            return false;
        }
    }
    false
}

fn has_otlp_key(json: &mut Scanner<'_>) -> bool {
    while let Ok(Some(key)) = json.next_key() {
        match &*key {
            b"resourceSpans" | b"resource_spans" | b"resourceLogs" | b"resource_logs" | b"resourceMetrics"
            | b"resource_metrics" => return true,
            b"batches" => return json.peek() == Token::Array,
            key if shape::is_wrapper(key) || shape::is_object_wrapper(key) && json.peek() == Token::Object => {
                let mark = json.mark();
                let is_list = json.peek() == Token::Array;
                let opens = !is_list || json.begin_array().is_ok() && json.next_element() == Ok(true);
                let is_object = opens && json.peek() == Token::Object && json.begin_object().is_ok();
                if is_object && has_otlp_key(json) {
                    return true;
                }
                json.rewind(mark);
                if json.skip_value().is_err() {
                    return false;
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
