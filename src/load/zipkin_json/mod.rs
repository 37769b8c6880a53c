//! Zipkin JSON, v2 and v1: a list of spans, a list of traces, or spans in lines.
//!
//! In v1, and wherever a tracer shares ids, client and server are halves of one span. Both are kept, as two
//! spans with one id; the store hangs the server half below the client half.

mod halves;
mod reader;
#[cfg(test)]
mod tests;

use std::io::Read;

use super::json::{Level, Limits, Shape, pipeline};
use super::sniff::{has_json_path, walk_json_keys};
use super::{Format, LoadError, Output};

/// Zipkin's JSON forms.
pub struct ZipkinJson;

impl Format for ZipkinJson {
    fn name(&self) -> &'static str {
        "zipkin-json"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        let (mut has_ids, mut has_shape, mut is_other) = (0, false, false);
        walk_json_keys(head, |path| {
            match path.trim_start_matches("[]").trim_start_matches('.') {
                "traceId" => has_ids |= 1,
                "id" => has_ids |= 2,
                "localEndpoint" | "remoteEndpoint" | "annotations" | "binaryAnnotations" | "timestamp" => {
                    has_shape = true;
                }
                // Other tools list spans with these.
                "startTime" | "start_time" | "startTimeUnixNano" | "observations" => is_other = true,
                _ => {}
            }
            true
        });
        // Spans one by one, not in a list, have to show more.
        let is_zipkin = |path: &str| {
            path.starts_with("[]") || matches!(path, "localEndpoint" | "remoteEndpoint" | "binaryAnnotations")
        };
        has_ids == 3 && has_shape && !is_other && has_json_path(head, is_zipkin)
    }

    fn read(&self, bytes: &mut (dyn Read + Send), out: &mut Output<'_>) -> Result<(), LoadError> {
        let progress = out.progress;
        pipeline::run(bytes, &ZipkinShape, Limits::default(), progress, reader::read_chunk, |part| out.absorb(part))
    }
}

/// A list of spans or of lists.
const LIST: Level = Level(1);

struct ZipkinShape;

impl Shape for ZipkinShape {
    fn child(&self, _: Level, key: Option<&[u8]>, is_array: bool) -> Option<Level> {
        (is_array && key.is_none()).then_some(LIST)
    }
}
