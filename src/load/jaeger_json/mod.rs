//! Jaeger JSON: what its UI and API export, and the JSON form of its protobuf messages.
//!
//! Spans name a process by an id, and the processes usually follow the spans. Chunks of the file are read on
//! their own, with a stand-in for every process; the stand-ins are filled in when the trace ends.

mod fields;
mod join;
mod reader;
mod span;
#[cfg(test)]
mod tests;

use std::io::Read;

use self::join::Joiner;
use super::json::{Level, Limits, Shape, pipeline};
use super::sniff::{has_json_path, walk_json_keys};
use super::{Format, LoadError, Output};

/// Jaeger's JSON forms.
pub struct JaegerJson;

impl Format for JaegerJson {
    fn name(&self) -> &'static str {
        "jaeger-json"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        // An answer of the API, even if it holds no trace.
        let has = |key| has_json_path(head, |path| path == key);
        if has("data") && has("errors") && has("total") {
            return true;
        }
        // A response, a bare trace, or a list of traces; every span has an operation name.
        has_json_path(head, |path| {
            let path = path.strip_prefix("[].").unwrap_or(path);
            let path = path.strip_prefix("data[].").or_else(|| path.strip_prefix("data.")).unwrap_or(path);
            matches!(path, "spans[].operationName" | "spans[].operation_name" | "processes" | "spans[].processID")
        })
    }

    fn read(&self, bytes: &mut (dyn Read + Send), out: &mut Output<'_>) -> Result<(), LoadError> {
        let progress = out.progress;
        let mut joiner = Joiner::new(out);
        let read = |chunk: &_| reader::read_chunk(chunk, JaegerShape::Traces);
        pipeline::run(bytes, &JaegerShape::Traces, Limits::default(), progress, read, |read| joiner.add(read))?;
        joiner.finish();
        Ok(())
    }
}

/// Spans one by one, each with its process inside: Jaeger's documents in Elasticsearch or OpenSearch, as they are,
/// as hits of a search, or as lines of a dump; and spans as Jaeger writes them to Kafka as JSON.
pub struct JaegerRows;

impl Format for JaegerRows {
    fn name(&self) -> &'static str {
        "jaeger-rows"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        let mut found = 0;
        walk_json_keys(head, |path| {
            let path = path.strip_prefix("hits.hits").or_else(|| path.strip_prefix("hits")).unwrap_or(path);
            let path = path.strip_prefix("[]").unwrap_or(path).trim_start_matches('.');
            match path.strip_prefix("_source.").unwrap_or(path) {
                "operationName" => found |= 1,
                "spanID" | "spanId" => found |= 2,
                "startTime" => found |= 4,
                _ => {}
            }
            found != 7
        });
        found == 7
    }

    fn read(&self, bytes: &mut (dyn Read + Send), out: &mut Output<'_>) -> Result<(), LoadError> {
        let progress = out.progress;
        let mut joiner = Joiner::new(out);
        let read = |chunk: &_| reader::read_chunk(chunk, JaegerShape::Rows);
        pipeline::run(bytes, &JaegerShape::Rows, Limits::default(), progress, read, |read| joiner.add(read))?;
        joiner.finish();
        Ok(())
    }
}

/// A list of traces.
const LIST: Level = Level(1);
/// A trace, or the response around traces.
const OBJECT: Level = Level(2);
/// The spans of a trace.
const SPANS: Level = Level(3);

/// How documents are built.
#[derive(Clone, Copy, PartialEq, Eq)]
enum JaegerShape {
    /// Traces that hold spans and processes.
    Traces,
    /// Spans, or a search result that holds them.
    Rows,
}

impl Shape for JaegerShape {
    fn child(&self, parent: Level, key: Option<&[u8]>, is_array: bool) -> Option<Level> {
        if *self == Self::Rows {
            return match (parent, key, is_array) {
                (Level::ROOT, _, true) | (OBJECT, Some(b"hits"), true) => Some(SPANS),
                (Level::ROOT, _, false) | (OBJECT, Some(b"hits"), false) => Some(OBJECT),
                _ => None,
            };
        }
        match (parent, key, is_array) {
            (Level::ROOT, _, true) | (OBJECT, Some(b"data"), true) => Some(LIST),
            (Level::ROOT | LIST, _, false) | (OBJECT, Some(b"data"), false) => Some(OBJECT),
            (OBJECT, Some(b"spans"), true) => Some(SPANS),
            _ => None,
        }
    }
}
