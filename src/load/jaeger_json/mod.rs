//! Jaeger JSON: what its UI and API export, and the JSON form of its protobuf messages.
//!
//! Spans name a process by an id, and the processes usually follow the spans. Chunks of the file are read on
//! their own, with a stand-in for every process; the stand-ins are filled in when the trace ends.

mod fields;
mod join;
mod reader;
#[cfg(test)]
mod tests;

use std::io::Read;

use self::join::Joiner;
use super::json::{Level, Limits, Shape, pipeline};
use super::sniff::has_json_path;
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
        pipeline::run(bytes, &JaegerShape, Limits::default(), progress, reader::read_chunk, |read| joiner.add(read))?;
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

struct JaegerShape;

impl Shape for JaegerShape {
    fn child(&self, parent: Level, key: Option<&[u8]>, is_array: bool) -> Option<Level> {
        match (parent, key, is_array) {
            (Level::ROOT, _, true) | (OBJECT, Some(b"data"), true) => Some(LIST),
            (Level::ROOT | LIST, _, false) | (OBJECT, Some(b"data"), false) => Some(OBJECT),
            (OBJECT, Some(b"spans"), true) => Some(SPANS),
            _ => None,
        }
    }
}
