//! Loads any number of inputs into one store, always with the same result.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::decompress::{self, Plain, lock};
use super::source::{Item, Origin, Source, expand};
use super::{Format, LoadError, Options, Output, Phase, Progress, sniff, unwrap};
use crate::model::{Input, Part, StoreBuilder, TraceStore};

/// An input that could not be read while others could.
#[derive(Debug)]
pub struct Failure {
    /// What the user called it, or its path below a directory that the user named.
    pub name: String,
    /// True when it is only a file in a named directory that is no trace: worth a note, not an error.
    pub is_note: bool,
    /// Why.
    pub error: LoadError,
}

/// What a load gave.
#[derive(Debug)]
pub struct Loaded {
    /// The whole workspace, earlier inputs included.
    pub store: TraceStore,
    /// Where the bytes of each input that was added now are; aligned with the last inputs of the store.
    pub origins: Vec<Origin>,
    /// Inputs that could not be read, in the order given.
    pub failures: Vec<Failure>,
}

/// Loads `sources` into a new store.
///
/// # Errors
/// When not one of them can be read, or on cancel.
pub fn load(sources: &[Source], options: &Options, progress: &Progress) -> Result<Loaded, LoadError> {
    load_into(None, sources, options, progress)
}

/// Loads `sources` into a copy of `existing`, or into a new store.
///
/// # Errors
/// When not one of them can be read, or on cancel.
pub fn load_into(
    existing: Option<&TraceStore>,
    sources: &[Source],
    options: &Options,
    progress: &Progress,
) -> Result<Loaded, LoadError> {
    progress.set_phase(Phase::Opening);
    let items = expand(sources);
    progress.set_total(total_bytes(&items));
    progress.set_phase(Phase::Reading);
    let mut workspace = Workspace {
        builder: existing.map_or_else(StoreBuilder::new, StoreBuilder::continue_from),
        origins: Vec::new(),
        failures: Vec::new(),
    };
    let mut items = items.into_iter().peekable();
    while items.peek().is_some() {
        let batch = next_batch(&mut items);
        workspace.read_batch(batch, options, progress)?;
    }
    workspace.finish(progress)
}

fn total_bytes(items: &[Result<Item, LoadError>]) -> Option<u64> {
    items.iter().flatten().map(|item| item.bytes).sum()
}

/// Inputs up to this size are read side by side, at most [`BATCH_BYTES`] at a time: their parts wait in
/// memory until they can be joined in order. Bigger inputs are read alone, by a parser that is parallel itself.
const SMALL_BYTES: u64 = 16 << 20;
const BATCH_BYTES: u64 = 64 << 20;

type Items = std::iter::Peekable<std::vec::IntoIter<Result<Item, LoadError>>>;

fn next_batch(items: &mut Items) -> Vec<Result<Item, LoadError>> {
    let size = |item: &Result<Item, LoadError>| match item {
        Ok(item) => item.bytes.unwrap_or(u64::MAX),
        Err(_) => 0,
    };
    let mut batch: Vec<_> = items.next().into_iter().collect();
    let mut bytes = batch.first().map_or(0, size);
    if bytes > SMALL_BYTES {
        return batch;
    }
    while let Some(item) = items.next_if(|item| size(item) <= SMALL_BYTES && bytes + size(item) <= BATCH_BYTES) {
        bytes += size(&item);
        batch.push(item);
    }
    batch
}

/// A store in the making.
struct Workspace {
    builder: StoreBuilder,
    origins: Vec<Origin>,
    failures: Vec<Failure>,
}

/// An input that was recognised.
struct Recognised<'a> {
    input: Input,
    format: &'static dyn Format,
    plain: Plain<'a>,
    origin: Option<Origin>,
}

/// A small input that was read on its own.
struct Read {
    input: Input,
    parts: Vec<Part>,
    origin: Origin,
}

impl Workspace {
    fn read_batch(
        &mut self,
        mut batch: Vec<Result<Item, LoadError>>,
        options: &Options,
        progress: &Progress,
    ) -> Result<(), LoadError> {
        if batch.len() == 1 {
            let item = match batch.pop().unwrap_or(Err(LoadError::NoInput)) {
                Ok(item) => item,
                Err(error) => return self.fail(None, error, progress),
            };
            let read = self.read_streaming(&item, options, progress);
            return read.or_else(|error| self.fail(Some(&item), error, progress));
        }
        for (item, read) in read_side_by_side(batch, options, progress) {
            match read {
                Ok(read) => {
                    let input = self.builder.add_input(read.input);
                    for part in read.parts {
                        self.builder.absorb(part, input);
                    }
                    self.origins.push(read.origin);
                }
                Err(error) => self.fail(item.as_ref(), error, progress)?,
            }
        }
        Ok(())
    }

    fn read_streaming(&mut self, item: &Item, options: &Options, progress: &Progress) -> Result<(), LoadError> {
        let mut found = recognise(item, options, progress)?;
        let input = self.builder.add_input(found.input.clone());
        let result = found.format.read(&mut *found.plain.reader, &mut Output::new(&mut self.builder, input, progress));
        if progress.is_cancelled() {
            return Err(LoadError::Cancelled);
        }
        // Spans read before the stream failed are in the store already, so the input stays and says why it ends.
        let (read, origin) = complete(found, result.err());
        let kept = self.builder.input_mut(input);
        kept.bytes = read.bytes;
        kept.inflated_bytes = read.inflated_bytes;
        kept.diagnostics.absorb(read.diagnostics);
        kept.diagnostics.set_input(input);
        self.origins.push(origin);
        Ok(())
    }

    fn fail(&mut self, item: Option<&Item>, error: LoadError, progress: &Progress) -> Result<(), LoadError> {
        if progress.is_cancelled() || matches!(error, LoadError::Cancelled) {
            return Err(LoadError::Cancelled);
        }
        let is_note = item.is_some_and(|item| item.from_directory)
            && matches!(error, LoadError::Unknown { .. } | LoadError::Empty { .. });
        let name = item.map_or_else(|| error.name().to_owned(), |item| item.name.clone());
        self.failures.push(Failure { name, is_note, error });
        Ok(())
    }

    fn finish(self, progress: &Progress) -> Result<Loaded, LoadError> {
        if self.origins.is_empty() {
            if self.failures.is_empty() {
                return Err(LoadError::NoInput);
            }
            let mut failed: Vec<LoadError> = self.failures.into_iter().map(|failure| failure.error).collect();
            return Err(if failed.len() == 1 {
                failed.remove(0)
            } else {
                LoadError::Nothing { count: failed.len(), failed }
            });
        }
        progress.set_phase(Phase::Joining);
        let Self { builder, origins, failures, .. } = self;
        Ok(Loaded { store: builder.finish(), origins, failures })
    }
}

fn recognise<'a>(item: &Item, options: &Options, progress: &'a Progress) -> Result<Recognised<'a>, LoadError> {
    let opened = item.open()?;
    let plain = decompress::open(&item.name, opened.reader, opened.origin.is_none(), options, progress)?;
    let plain = unwrap::as_utf8(plain);
    let (plain, format) = match sniff::recognise(&item.name, &plain.head) {
        Ok(format) => (plain, format),
        Err(error) => unwrap::unwrap(plain).map_err(|_| error)?,
    };
    let input =
        Input { name: item.name.clone(), format: format.name(), compression: plain.compression, ..Input::default() };
    Ok(Recognised { input, format, plain, origin: opened.origin })
}

/// Drains what the format left over, so that sizes and hashes are those of the whole input.
fn complete(found: Recognised<'_>, error: Option<LoadError>) -> (Input, Origin) {
    let Recognised { mut input, mut plain, origin, .. } = found;
    // Hidden errors are in the notes: the guard turns them into an early end.
    let _ = std::io::copy(&mut plain.reader, &mut std::io::sink());
    let mut notes = lock(&plain.notes);
    input.bytes = notes.stored_bytes;
    input.inflated_bytes = notes.inflated_bytes;
    if let Some((code, offset, detail)) = notes.ended_early.take() {
        input.diagnostics.add(code, crate::model::InputIx(0), offset, || detail);
    }
    if let Some((count, offset, first)) = notes.left_out.take() {
        input.diagnostics.add(unwrap::LEFT_OUT, crate::model::InputIx(0), offset, || first);
        input.diagnostics.add_count(unwrap::LEFT_OUT, count.saturating_sub(1));
    }
    if let Some(error) = error {
        let offset = notes.inflated_bytes;
        input.diagnostics.add(crate::model::Code::Truncated, crate::model::InputIx(0), offset, || error.to_string());
    }
    let origin = origin.unwrap_or_else(|| Origin::Hashed(notes.take_hash().unwrap_or_default()));
    (input, origin)
}

fn read_alone(item: &Item, options: &Options, progress: &Progress) -> Result<Read, LoadError> {
    let mut found = recognise(item, options, progress)?;
    let mut parts = Vec::new();
    let result = found.format.read(&mut *found.plain.reader, &mut Output::collect(&mut parts, progress));
    if progress.is_cancelled() {
        return Err(LoadError::Cancelled);
    }
    let (mut input, origin) = complete(found, result.err());
    // The builder sets the input of the parts' places; these few come with the input itself.
    let mut own = Part::new();
    own.diagnostics = std::mem::take(&mut input.diagnostics);
    parts.push(own);
    Ok(Read { input, parts, origin })
}

type Outcome = (Option<Item>, Result<Read, LoadError>);

/// Reads the batch on a few named threads; results come back in the order of the batch.
fn read_side_by_side(batch: Vec<Result<Item, LoadError>>, options: &Options, progress: &Progress) -> Vec<Outcome> {
    let slots: Vec<Mutex<Option<Outcome>>> = batch.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    let batch: Vec<Mutex<Option<Result<Item, LoadError>>>> =
        batch.into_iter().map(|item| Mutex::new(Some(item))).collect();
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(slot) = batch.get(at) else { return };
            let Some(item) = take(slot) else { continue };
            let outcome = match item {
                Ok(item) => {
                    let read = read_alone(&item, options, progress);
                    (Some(item), read)
                }
                Err(error) => (None, Err(error)),
            };
            *slots[at].lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(batch.len());
    std::thread::scope(|scope| {
        for ix in 1..threads {
            // Without a helper thread this one does all the work.
            let _ = std::thread::Builder::new().name(format!("load-{ix}")).spawn_scoped(scope, work);
        }
        work();
    });
    slots.iter().filter_map(take).collect()
}

fn take<T>(slot: &Mutex<Option<T>>) -> Option<T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}
