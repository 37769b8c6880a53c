//! Chrome trace events: what browsers, PyTorch's profiler, vLLM and many others write.
//!
//! Events have no ids and no parents, and may come in any order. Chunks of the file become lists of records; when
//! all are there, begins are matched with ends, slices of a thread are nested by time, flows are bound to slices,
//! and only then spans are made. All times of a file are stamped by the one recorder that wrote it.

mod asynchronous;
mod build;
mod nest;
mod reader;
mod record;
#[cfg(test)]
mod tests;

use std::hash::{BuildHasher as _, Hasher as _};
use std::io::Read;

use foldhash::fast::{FixedState, FoldHasher};

use self::build::Build;
use super::json::{Level, Limits, Shape, pipeline};
use super::sniff::has_json_path;
use super::{Format, LoadError, Output};

/// The Chrome trace event format.
pub struct ChromeTrace;

impl Format for ChromeTrace {
    fn name(&self) -> &'static str {
        "chrome-trace"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        has_json_path(head, |path| matches!(path, "traceEvents" | "[].ph"))
            // PyTorch's profiler can put more than the head before the events.
            || (has_json_path(head, |path| path == "schemaVersion") && has_json_path(head, |path| path == "deviceProperties"))
    }

    fn read(&self, bytes: &mut (dyn Read + Send), out: &mut Output<'_>) -> Result<(), LoadError> {
        let progress = out.progress;
        let mut build = Build::default();
        let mut hashed = Hashed::new(bytes);
        pipeline::run(&mut hashed, &ChromeShape, Limits::default(), progress, reader::read_chunk, |chunk| {
            build.add(chunk);
        })?;
        build.finish(hashed.id(), out);
        Ok(())
    }
}

/// The object around the events.
const OBJECT: Level = Level(1);
/// The events.
const EVENTS: Level = Level(2);

struct ChromeShape;

impl Shape for ChromeShape {
    fn child(&self, parent: Level, key: Option<&[u8]>, is_array: bool) -> Option<Level> {
        match (parent, key, is_array) {
            (Level::ROOT, _, true) | (OBJECT, Some(b"traceEvents"), true) => Some(EVENTS),
            (Level::ROOT, _, false) => Some(OBJECT),
            _ => None,
        }
    }
}

/// Passes bytes through and hashes them: the id of the file's one trace, so that the spans of two files
/// never share an id, and those of two copies do.
struct Hashed<'a> {
    inner: &'a mut (dyn Read + Send),
    hashers: [FoldHasher<'static>; 2],
}

impl<'a> Hashed<'a> {
    fn new(inner: &'a mut (dyn Read + Send)) -> Self {
        let hasher = |seed| FixedState::with_seed(seed).build_hasher();
        Self { inner, hashers: [hasher(0xc42), hasher(0xc43)] }
    }

    fn id(&self) -> u128 {
        let [high, low] = self.hashers.each_ref().map(FoldHasher::finish);
        u128::from(high) << 64 | u128::from(low) | 1
    }
}

impl Read for Hashed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        // Whole blocks, so that the hash does not depend on how the stream is cut.
        const BLOCK: usize = 4096;
        let wanted = if buffer.len() > BLOCK { buffer.len() / BLOCK * BLOCK } else { buffer.len() };
        let mut filled = 0;
        while filled < wanted {
            let count = self.inner.read(&mut buffer[filled..wanted])?;
            if count == 0 {
                break;
            }
            filled += count;
        }
        for block in buffer[..filled].chunks(BLOCK) {
            self.hashers.iter_mut().for_each(|hasher| hasher.write(block));
        }
        Ok(filled)
    }
}
