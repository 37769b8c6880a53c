//! OTLP protobuf: `ExportTraceServiceRequest` or `TracesData`, one or many, logs and metrics among them.
//!
//! Requests are streamed. Their `ResourceSpans` are copied into groups of some megabytes, which are decoded
//! in parallel and joined in file order. A block that is too big for that is walked field by field and cut
//! at span boundaries, so that memory stays bounded however the exporter batched.

mod decode;
mod sniff;
mod stream;
#[cfg(test)]
mod tests;
mod wire;

use std::io::Read;

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use self::decode::Decoder;
use self::sniff::{Framing, framing};
use self::stream::{Header, Stream};
use super::{Format, LoadError, Output, moving};
use crate::model::{Attrs, Code, InputIx, Part, Resource, Scope, Strings, Sym};

/// OTLP in protobuf encoding.
pub struct OtlpProto;

impl Format for OtlpProto {
    fn name(&self) -> &'static str {
        "otlp-proto"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        framing(head).is_some()
    }

    fn read(&self, bytes: &mut (dyn Read + Send), out: &mut Output<'_>) -> Result<(), LoadError> {
        let mut stream = Stream::new(bytes)?;
        let framing = framing(stream.head()).unwrap_or(Framing::Bare);
        let mut reader = Reader { groups: Vec::new(), bytes: 0, ready: Vec::new(), held: None, out };
        loop {
            let len = match framing {
                Framing::Bare => Some(u64::MAX),
                Framing::Varint => stream.varint()?,
                Framing::BigEndian => stream.big_endian()?,
            };
            let Some(len) = len else { break };
            let end = stream.offset().saturating_add(len);
            let is_good = reader.request(&mut stream, end)?;
            // A framed request that makes no sense can be left behind; without frames there is no way on.
            if framing == Framing::Bare || reader.out.is_cancelled() {
                break;
            }
            if !is_good && stream.skip_to(end)? < end {
                break;
            }
        }
        reader.flush();
        reader.deliver();
        Ok(())
    }
}

/// Blocks up to this size are decoded whole.
const WHOLE_BLOCK_BYTES: u64 = 8 << 20;
/// How much one thread decodes into one part.
const GROUP_BYTES: usize = 2 << 20;
/// How much waits to be decoded.
const BATCH_BYTES: usize = 16 << 20;
/// A single span larger than this is left out.
const MAX_RECORD_BYTES: u64 = 128 << 20;

/// Bytes of some `ResourceSpans`, end to end.
#[derive(Default)]
struct Group {
    bytes: Vec<u8>,
    blocks: Vec<Block>,
}

/// One of them.
#[derive(Clone, Copy)]
struct Block {
    start: usize,
    /// Offset of its bytes in the input.
    offset: u64,
    is_cut: bool,
}

impl Group {
    fn decode(&self) -> Part {
        let mut decoder = Decoder::new();
        for (at, block) in self.blocks.iter().enumerate() {
            let end = self.blocks.get(at + 1).map_or(self.bytes.len(), |next| next.start);
            let cuts = decoder.part.diagnostics.count(Code::Truncated);
            decoder.resource_block(&self.bytes[block.start..end], block.offset);
            if block.is_cut && decoder.part.diagnostics.count(Code::Truncated) == cuts {
                let offset = block.offset + (end - block.start) as u64;
                decoder.part.diagnostics.add(Code::Truncated, InputIx(0), offset, || "the input ends here".to_owned());
            }
        }
        decoder.part
    }
}

struct Reader<'o, 'a> {
    groups: Vec<Group>,
    /// Bytes in `groups`.
    bytes: usize,
    /// Decoded and not yet delivered: delivered while the next batch is decoded.
    ready: Vec<Part>,
    /// Parts of a block that is too big to be read whole: they wait for its resource and schema URL,
    /// which may come last.
    held: Option<Vec<Part>>,
    out: &'o mut Output<'a>,
}

impl Reader<'_, '_> {
    /// Reads one request that ends at offset `end`. False when it makes no sense any more.
    fn request(&mut self, stream: &mut Stream<'_>, end: u64) -> Result<bool, LoadError> {
        while stream.offset() < end && !self.out.is_cancelled() {
            let start = stream.offset();
            match stream.header()? {
                Header::End => return Ok(true),
                Header::Malformed => return Ok(self.malformed(start)),
                Header::Scalar => {}
                Header::Len { len, .. } if end != u64::MAX && len > end.saturating_sub(stream.offset()) => {
                    return Ok(self.malformed(start));
                }
                Header::Len { number: 1, len } if len <= WHOLE_BLOCK_BYTES => self.copy_block(stream, &[], len)?,
                Header::Len { number: 1, len } => self.big_block(stream, len)?,
                Header::Len { len, .. } => {
                    self.note(Code::UnknownDocument, start, "a field that no request has");
                    stream.skip_to(stream.offset().saturating_add(len))?;
                }
            }
        }
        Ok(true)
    }

    fn malformed(&mut self, offset: u64) -> bool {
        self.note(Code::Malformed, offset, "this is no OTLP request; the rest of it was skipped");
        false
    }

    fn note(&mut self, code: Code, offset: u64, detail: &str) {
        let mut part = Part::new();
        part.diagnostics.add(code, InputIx(0), offset, || detail.to_owned());
        self.flush();
        self.ready.push(part);
    }

    /// Copies `len` bytes as a block for decoding, with `prefix` before them.
    fn copy_block(&mut self, stream: &mut Stream<'_>, prefix: &[u8], len: u64) -> Result<(), LoadError> {
        let offset = stream.offset().saturating_sub(prefix.len() as u64);
        if self.groups.last().is_none_or(|group| group.bytes.len() >= GROUP_BYTES) {
            self.groups.push(Group::default());
        }
        let Some(group) = self.groups.last_mut() else { return Ok(()) };
        let start = group.bytes.len();
        group.bytes.extend_from_slice(prefix);
        let is_cut = stream.copy(len, &mut group.bytes)? < len;
        group.blocks.push(Block { start, offset, is_cut });
        self.bytes += group.bytes.len() - start;
        if self.bytes >= BATCH_BYTES {
            self.flush();
        }
        Ok(())
    }

    /// Decodes what waits, while the parts of the last batch are delivered.
    fn flush(&mut self) {
        let groups = std::mem::take(&mut self.groups);
        self.bytes = 0;
        if groups.is_empty() {
            return;
        }
        let decode = || groups.into_par_iter().map(|group| group.decode()).collect::<Vec<Part>>();
        if let Some(held) = &mut self.held {
            held.extend(decode());
            return;
        }
        let ready = std::mem::take(&mut self.ready);
        let out = &mut *self.out;
        let ((), decoded) = rayon::join(|| ready.into_iter().for_each(|part| out.absorb(part)), decode);
        self.ready = decoded;
    }

    fn deliver(&mut self) {
        for part in std::mem::take(&mut self.ready) {
            self.out.absorb(part);
        }
    }

    /// Walks a `ResourceSpans` of `len` bytes without holding it.
    fn big_block(&mut self, stream: &mut Stream<'_>, len: u64) -> Result<(), LoadError> {
        self.flush();
        self.deliver();
        self.held = Some(Vec::new());
        let end = stream.offset().saturating_add(len);
        let mut own = Vec::new();
        let first = stream.offset();
        while stream.offset() < end && !self.out.is_cancelled() {
            let start = stream.offset();
            match stream.header()? {
                Header::Scalar => {}
                Header::Len { number: 2, len } if len <= WHOLE_BLOCK_BYTES => {
                    self.copy_block(stream, &field_header(2, len), len)?;
                }
                Header::Len { number: 2, len } => self.big_scope_block(stream, len)?,
                Header::Len { number, len } => copy_field(stream, number, len, &mut own)?,
                Header::End | Header::Malformed => {
                    self.hold_note(Code::Truncated, start, "a ResourceSpans stops here");
                    break;
                }
            }
        }
        self.flush();
        let held = self.held.take().unwrap_or_default();
        // Decoded on its own, the block without its scopes is a resource with its schema URL.
        let mut decoder = Decoder::new();
        decoder.resource_block(&own, first);
        for mut part in held {
            for resource in part.resources.iter_mut().take(1) {
                *resource = resource_for(&decoder.part, &mut part.strings, &mut part.attrs);
            }
            self.ready.push(part);
        }
        let mut notes = Part::new();
        notes.diagnostics = std::mem::take(&mut decoder.part.diagnostics);
        self.ready.push(notes);
        self.deliver();
        Ok(())
    }

    /// Walks a `ScopeSpans` of `len` bytes and cuts it between records.
    fn big_scope_block(&mut self, stream: &mut Stream<'_>, len: u64) -> Result<(), LoadError> {
        self.flush();
        let first_part = self.held.as_ref().map_or(0, Vec::len);
        let end = stream.offset().saturating_add(len);
        let (mut own, mut records) = (Vec::new(), Vec::new());
        let (first, mut records_at) = (stream.offset(), stream.offset());
        while stream.offset() < end && !self.out.is_cancelled() {
            let start = stream.offset();
            match stream.header()? {
                Header::Scalar => {}
                Header::Len { number: 2, len } if len > MAX_RECORD_BYTES => {
                    self.hold_note(Code::TooLarge, start, "a span larger than 128 MiB was skipped");
                    stream.skip_to(stream.offset().saturating_add(len))?;
                }
                Header::Len { number: 2, len } => {
                    if records.is_empty() {
                        records_at = start;
                    }
                    copy_field(stream, 2, len, &mut records)?;
                }
                Header::Len { number, len } => {
                    // Offsets inside a piece count from its start: it must be one stretch of the input.
                    self.add_piece(&mut records, records_at);
                    copy_field(stream, number, len, &mut own)?;
                }
                Header::End | Header::Malformed => {
                    self.add_piece(&mut records, records_at);
                    self.hold_note(Code::Truncated, start, "a ScopeSpans stops here");
                    break;
                }
            }
            if records.len() >= GROUP_BYTES {
                self.add_piece(&mut records, records_at);
            }
        }
        self.add_piece(&mut records, records_at);
        self.flush();
        let block = [&field_header(2, own.len() as u64)[..], &own].concat();
        let mut decoder = Decoder::new();
        decoder.resource_block(&block, first.saturating_sub((block.len() - own.len()) as u64));
        for part in self.held.iter_mut().flatten().skip(first_part) {
            for scope in part.scopes.iter_mut().take(1) {
                *scope = scope_for(&decoder.part, &mut part.strings, &mut part.attrs);
            }
        }
        let mut notes = Part::new();
        notes.diagnostics = std::mem::take(&mut decoder.part.diagnostics);
        self.held.get_or_insert_default().push(notes);
        Ok(())
    }

    fn hold_note(&mut self, code: Code, offset: u64, detail: &str) {
        self.flush();
        let mut part = Part::new();
        part.diagnostics.add(code, InputIx(0), offset, || detail.to_owned());
        self.held.get_or_insert_default().push(part);
    }

    /// Queues records as a `ScopeSpans` of their own, in a group of their own.
    fn add_piece(&mut self, records: &mut Vec<u8>, offset: u64) {
        if records.is_empty() {
            return;
        }
        let header = field_header(2, records.len() as u64);
        let bytes = [&header[..], records].concat();
        let offset = offset.saturating_sub(header.len() as u64);
        self.bytes += bytes.len();
        self.groups.push(Group { bytes, blocks: vec![Block { start: 0, offset, is_cut: false }] });
        records.clear();
        if self.bytes >= BATCH_BYTES {
            self.flush();
        }
    }
}

/// The key and length of a length-delimited field.
fn field_header(number: u32, len: u64) -> Vec<u8> {
    let mut header = Vec::with_capacity(12);
    prost::encoding::encode_key(number, prost::encoding::WireType::LengthDelimited, &mut header);
    prost::encoding::encode_varint(len, &mut header);
    header
}

fn copy_field(stream: &mut Stream<'_>, number: u32, len: u64, to: &mut Vec<u8>) -> Result<(), LoadError> {
    if len > MAX_RECORD_BYTES {
        stream.skip_to(stream.offset().saturating_add(len))?;
        return Ok(());
    }
    to.extend_from_slice(&field_header(number, len));
    stream.copy(len, to)?;
    Ok(())
}

fn resource_for(from: &Part, strings: &mut Strings, attrs: &mut Attrs) -> Resource {
    let empty = Resource { input: InputIx(0), attrs: Vec::new(), schema_url: Sym::EMPTY, dropped: 0 };
    let Some(resource) = from.resources.first() else { return empty };
    Resource {
        attrs: moving::attrs(&resource.attrs, from, strings, attrs),
        schema_url: moving::sym(resource.schema_url, from, strings),
        dropped: resource.dropped,
        ..empty
    }
}

fn scope_for(from: &Part, strings: &mut Strings, attrs: &mut Attrs) -> Scope {
    let Some(scope) = from.scopes.first() else { return Scope::default() };
    Scope {
        name: moving::sym(scope.name, from, strings),
        version: moving::sym(scope.version, from, strings),
        schema_url: moving::sym(scope.schema_url, from, strings),
        attrs: moving::attrs(&scope.attrs, from, strings, attrs),
        dropped: scope.dropped,
    }
}
