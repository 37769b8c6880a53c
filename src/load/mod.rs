//! Bytes to spans: finds the inputs, recognises each one's format by its content, and fills a store.
//!
//! ```text
//! Source -> expand -> open -> decompress -> sniff -> Format::read -> StoreBuilder -> TraceStore
//! ```
//!
//! Bad content never fails (invariant I3): what can be read is kept, the rest is in the diagnostics.

mod chrome_trace;
mod decimal;
mod decompress;
mod error;
mod fields;
pub mod ids;
mod inputs;
mod jaeger_json;
mod job;
pub mod json;
mod looks;
mod moving;
pub mod otlp_json;
mod otlp_proto;
mod progress;
mod records;
mod repeats;
pub mod sniff;
mod source;
mod unwrap;
mod zipkin_json;

use std::io::Read;

use crate::model::{Code, InputIx, Part, StoreBuilder};

pub use error::LoadError;
pub use inputs::{Failure, Loaded, load, load_into};
pub use job::{Job, spawn};
pub use progress::{Phase, Progress};
pub use source::{Origin, Source};

/// What Skewline reads, in words, for error messages.
pub const EXPECTED: &str = "OTLP as JSON, JSON lines or protobuf, Jaeger, Zipkin or Chrome trace JSON, an export or rows of \
    one of the usual AI and tracing tools, or spans as an SDK dumps them, plain, in gzip or zstd, in lines of a log, or \
    as a table with a header";

/// A file format. One file per format; nothing else in the loader knows formats.
pub trait Format: Sync {
    /// Short stable name, e.g. `otlp-json`; it appears in reports.
    fn name(&self) -> &'static str;

    /// True when `head`, the first bytes (at most 64 KiB) after decompression, is of this format.
    /// Decides by content only.
    fn sniff(&self, head: &[u8]) -> bool;

    /// Reads all of `bytes` (the head included) into `out`.
    ///
    /// # Errors
    /// Only when the stream itself fails. Bad content becomes diagnostics of the parts.
    fn read(&self, bytes: &mut (dyn Read + Send), out: &mut Output<'_>) -> Result<(), LoadError>;
}

/// Every known format; the first one that recognises an input reads it.
pub static FORMATS: &[&dyn Format] = &[
    &otlp_json::OtlpJson,
    &otlp_json::OtlpResources,
    &otlp_json::OtlpWrapped,
    &records::SkyWalking,
    &jaeger_json::JaegerJson,
    &jaeger_json::JaegerRows,
    &zipkin_json::ZipkinJson,
    &chrome_trace::ChromeTrace,
    &records::Langfuse,
    &records::OpenAiAgents,
    &records::LangSmithRuns,
    &records::MlflowTraces,
    &records::DynamoRequests,
    &records::ClickHouseRows,
    &records::GoSpans,
    &records::GoogleTrace,
    &records::XRay,
    &records::TritonTrace,
    &records::SentryEvents,
    &records::ToolRows,
    &records::FlatSpans,
    &otlp_proto::OtlpProto,
];

/// How to load.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Compressed inputs are cut off after this many plain bytes.
    pub max_inflated: u64,
    /// Compressed inputs are cut off when they grow to more than this many times their stored size
    /// (not before 64 MiB); 0 = never.
    pub max_ratio: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_inflated: 16 << 30, max_ratio: 500 }
    }
}

/// Where a format delivers what it has read.
pub struct Output<'a> {
    sink: Sink<'a>,
    progress: &'a Progress,
}

/// A big input goes straight into the store; small ones are read side by side and joined in order.
enum Sink<'a> {
    Builder(&'a mut StoreBuilder, InputIx),
    Parts(&'a mut Vec<Part>),
}

impl<'a> Output<'a> {
    /// Delivers into `builder`, which must know `input`.
    pub fn new(builder: &'a mut StoreBuilder, input: InputIx, progress: &'a Progress) -> Self {
        Self { sink: Sink::Builder(builder, input), progress }
    }

    fn collect(parts: &'a mut Vec<Part>, progress: &'a Progress) -> Self {
        Self { sink: Sink::Parts(parts), progress }
    }

    /// The input that is being read, to put into resources. Only a stand-in while inputs are read side by
    /// side; the builder sets the right one when it absorbs the part.
    #[must_use]
    pub fn input(&self) -> InputIx {
        match self.sink {
            Sink::Builder(_, input) => input,
            Sink::Parts(_) => InputIx(0),
        }
    }

    /// Delivers the next part. Parts must come in file order.
    pub fn absorb(&mut self, part: Part) {
        self.progress.add_spans(part.span_count() as u64);
        match &mut self.sink {
            Sink::Builder(builder, input) => builder.absorb(part, *input),
            Sink::Parts(parts) => parts.push(part),
        }
    }

    /// True when the user wants no more. A format may then return early with anything.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.progress.is_cancelled()
    }

    /// Notes something that belongs to no part, such as a document that was skipped.
    pub fn note(&mut self, code: Code, offset: u64, detail: impl FnOnce() -> String) {
        let mut part = Part::new();
        part.diagnostics.add(code, self.input(), offset, detail);
        self.absorb(part);
    }
}
