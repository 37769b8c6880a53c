//! Stored bytes to plain bytes: counts, hashes, inflates gzip and zstd by their magic bytes, and stops bombs.
//!
//! After the first plain byte nothing here fails: a damaged or endless stream ends early, and says so in [`Notes`].

use std::io::{self, BufReader, Cursor, Read};
use std::sync::{Arc, Mutex};

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest as _, Sha256};

use super::{Code, LoadError, Options, Progress};

/// How much plain text is looked at to recognise a format.
pub(super) const HEAD_BYTES: usize = 64 << 10;

/// The ratio guard leaves small outputs alone: short repetitive files may compress very well.
const RATIO_FREE_BYTES: u64 = 64 << 20;

const BUFFER_BYTES: usize = 256 << 10;

/// What happened to the byte stream. Shared with the readers, complete once they are drained.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Stored bytes read.
    pub stored_bytes: u64,
    /// Plain bytes handed out.
    pub inflated_bytes: u64,
    /// Why the stream ended before its end: code, plain offset, words.
    pub ended_early: Option<(Code, u64, String)>,
    /// Lines around the trace that hold nothing of it: how many, and the first one with its offset.
    pub left_out: Option<(u64, u64, String)>,
    hasher: Option<Sha256>,
}

impl Notes {
    /// The SHA-256 of what was read, if it was asked for.
    pub(super) fn take_hash(&mut self) -> Option<[u8; 32]> {
        Some(self.hasher.take()?.finalize().into())
    }
}

pub(super) type SharedNotes = Arc<Mutex<Notes>>;

/// The notes; a poisoned lock still holds valid counters.
pub(super) fn lock(notes: &SharedNotes) -> std::sync::MutexGuard<'_, Notes> {
    notes.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A plain byte stream whose first bytes are known.
pub(super) struct Plain<'a> {
    /// The first bytes, at most [`HEAD_BYTES`].
    pub head: Vec<u8>,
    /// Everything, the head included.
    pub reader: Box<dyn Read + Send + 'a>,
    /// `""`, `gzip`, `zstd`, or `gzip in gzip` and the like.
    pub compression: &'static str,
    pub notes: SharedNotes,
}

/// Opens the plain bytes behind `stored`.
///
/// # Errors
/// When not a single plain byte can be had.
pub(super) fn open<'a>(
    name: &str,
    stored: Box<dyn Read + Send>,
    hash: bool,
    options: &Options,
    progress: &'a Progress,
) -> Result<Plain<'a>, LoadError> {
    let notes: SharedNotes = Arc::new(Mutex::new(Notes { hasher: hash.then(Sha256::new), ..Notes::default() }));
    let mut stream: Box<dyn Read + Send + 'a> =
        Box::new(Counted { inner: stored, notes: Arc::clone(&notes), progress });
    let mut layers: Vec<&'static str> = Vec::new();
    loop {
        let magic = read_up_to(&mut *stream, 4).map_err(|error| stream_error(name, &layers, error))?;
        let layer = if layers.len() < 2 { layer_of(&magic) } else { "" };
        let replayed = BufReader::with_capacity(BUFFER_BYTES, Cursor::new(magic).chain(stream));
        match layer {
            "gzip" => stream = Box::new(MultiGzDecoder::new(replayed)),
            "zstd" => {
                let mut decoder =
                    zstd::Decoder::with_buffer(replayed).map_err(|error| stream_error(name, &["zstd"], error))?;
                // Windows up to 128 MiB (`zstd --long=27`), what the tool itself accepts unasked.
                decoder.window_log_max(27).map_err(|error| stream_error(name, &["zstd"], error))?;
                stream = Box::new(decoder);
            }
            _ => {
                stream = Box::new(replayed);
                break;
            }
        }
        layers.push(layer);
    }
    let mut guard = Guard {
        inner: stream,
        notes: Arc::clone(&notes),
        layer: layers.last().copied(),
        max_inflated: options.max_inflated,
        max_ratio: options.max_ratio,
        plain: 0,
        done: false,
    };
    let head = read_up_to(&mut guard, HEAD_BYTES).map_err(|error| stream_error(name, &layers, error))?;
    let reader = Box::new(Cursor::new(head.clone()).chain(guard));
    Ok(Plain { head, reader, compression: compression_name(&layers), notes })
}

fn layer_of(magic: &[u8]) -> &'static str {
    match magic {
        [0x1f, 0x8b, 8, ..] => "gzip",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "zstd",
        _ => "",
    }
}

fn compression_name(layers: &[&'static str]) -> &'static str {
    match layers {
        [] => "",
        [one] => one,
        ["gzip", "gzip"] => "gzip in gzip",
        ["gzip", _] => "zstd in gzip",
        [_, "gzip"] => "gzip in zstd",
        _ => "zstd in zstd",
    }
}

fn stream_error(name: &str, layers: &[&'static str], error: io::Error) -> LoadError {
    match layers.last() {
        Some(&compression) => LoadError::Inflate { name: name.to_owned(), compression, detail: error.to_string() },
        None => LoadError::Read { name: name.to_owned(), source: error },
    }
}

/// Reads until `limit` bytes or the end. An error after the first byte is left to the next read.
pub(super) fn read_up_to(reader: &mut (dyn Read + Send), limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; limit];
    let mut filled = 0;
    while filled < limit {
        match reader.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// Counts and hashes stored bytes.
struct Counted<'a> {
    inner: Box<dyn Read + Send>,
    notes: SharedNotes,
    progress: &'a Progress,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.progress.is_cancelled() {
            return Err(io::Error::other("cancelled"));
        }
        let count = loop {
            match self.inner.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.progress.add_bytes(count as u64);
        let mut notes = lock(&self.notes);
        notes.stored_bytes += count as u64;
        if let Some(hasher) = &mut notes.hasher {
            hasher.update(&buffer[..count]);
        }
        Ok(count)
    }
}

/// Ends the plain stream when it is damaged or grows past the limits.
struct Guard<'a> {
    inner: Box<dyn Read + Send + 'a>,
    notes: SharedNotes,
    layer: Option<&'static str>,
    max_inflated: u64,
    max_ratio: u64,
    plain: u64,
    done: bool,
}

impl Read for Guard<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.done || buffer.is_empty() {
            return Ok(0);
        }
        if let Some(reason) = self.limit_reached() {
            return Ok(self.end_early(Code::InflateLimit, reason));
        }
        let len = self.room().min(buffer.len());
        match self.inner.read(&mut buffer[..len]) {
            Ok(count) => {
                self.plain += count as u64;
                lock(&self.notes).inflated_bytes = self.plain;
                Ok(count)
            }
            Err(error) if self.plain == 0 => Err(error),
            Err(error) => {
                let what = self.layer.map_or_else(|| "reading".to_owned(), |layer| format!("the {layer} stream"));
                Ok(self.end_early(Code::Truncated, format!("{what} stopped: {error}")))
            }
        }
    }
}

impl Guard<'_> {
    /// How much may still be read at once, so that large buffers do not carry a stream past its limit.
    fn room(&self) -> usize {
        let left = self.layer.map_or(u64::MAX, |_| self.max_inflated.saturating_sub(self.plain));
        usize::try_from(left).unwrap_or(usize::MAX)
    }

    /// Only inflated streams are limited: a plain file is as big as it says.
    fn limit_reached(&self) -> Option<String> {
        let layer = self.layer?;
        if self.plain >= self.max_inflated {
            return Some(format!("{layer} data grew past {} bytes", self.max_inflated));
        }
        let stored = lock(&self.notes).stored_bytes.max(1);
        if self.max_ratio > 0 && self.plain > RATIO_FREE_BYTES && self.plain / stored > self.max_ratio {
            return Some(format!("{layer} data grew to more than {} times its stored size", self.max_ratio));
        }
        None
    }

    fn end_early(&mut self, code: Code, reason: String) -> usize {
        self.done = true;
        lock(&self.notes).ended_early = Some((code, self.plain, reason));
        0
    }
}
