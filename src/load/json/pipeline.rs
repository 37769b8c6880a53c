//! Reads a stream on several threads: this one splits and joins, the workers parse.

use std::collections::BTreeMap;
use std::io::Read;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::split::{Chunk, Limits, Shape, Splitter};
use crate::load::{LoadError, Progress};

/// Chunks that may wait for each worker, besides the one it is parsing.
const WAITING: usize = 2;

/// A chunk with its place in the file.
type Job = (usize, Chunk);
/// A parsed chunk with its place in the file, and its buffer to use again.
type Parsed<T> = (usize, T, Vec<u8>);

/// Splits `stream` by `shape`, parses the chunks on named threads, and delivers the results in file order. What is
/// delivered does not depend on the number of threads.
///
/// # Errors
/// When the stream cannot be read, or the user cancels.
pub fn run<S: Shape, T: Send>(
    stream: &mut (dyn Read + Send),
    shape: &S,
    limits: Limits,
    progress: &Progress,
    parse: impl Fn(&Chunk) -> T + Sync,
    mut deliver: impl FnMut(T),
) -> Result<(), LoadError> {
    let mut splitter = Splitter::new(stream, shape, limits);
    let Some(first) = splitter.next_chunk(Vec::new())? else { return Ok(()) };
    if !first.continues && splitter.is_drained() {
        // All of it: no thread is worth its start.
        deliver(parse(&first));
        return Ok(());
    }
    let workers = match limits.workers {
        0 => thread::available_parallelism().map_or(1, usize::from),
        count => count,
    };
    let parse = &parse;
    thread::scope(|scope| {
        let (jobs_in, jobs) = bounded::<Job>(workers * WAITING);
        let (parsed_in, parsed) = unbounded::<Parsed<T>>();
        let mut running = 0;
        for number in 0..workers {
            let (jobs, parsed_in) = (jobs.clone(), parsed_in.clone());
            let builder = thread::Builder::new().name(format!("parse-{number}"));
            let spawned = builder.spawn_scoped(scope, move || work(&jobs, &parsed_in, parse));
            running += usize::from(spawned.is_ok());
        }
        drop(parsed_in);
        let mut joiner =
            Joiner { deliver: &mut deliver, parsed, early: BTreeMap::new(), next: 0, sent: 0, spare: Vec::new() };
        let most = running * (WAITING + 1);
        let mut next = Some(first);
        while let Some(chunk) = next {
            if progress.is_cancelled() {
                return Err(LoadError::Cancelled);
            }
            if running == 0 {
                // No thread could be started: slower, but right.
                (joiner.deliver)(parse(&chunk));
            } else {
                joiner.send(&jobs_in, chunk, most)?;
            }
            let spare = joiner.spare.pop().unwrap_or_default();
            next = splitter.next_chunk(spare)?;
        }
        drop(jobs_in);
        joiner.finish()
    })
}

fn work<T>(jobs: &Receiver<Job>, parsed: &Sender<Parsed<T>>, parse: &(impl Fn(&Chunk) -> T + Sync)) {
    while let Ok((number, chunk)) = jobs.recv() {
        let result = parse(&chunk);
        if parsed.send((number, result, chunk.bytes)).is_err() {
            return;
        }
    }
}

/// Puts parsed chunks back into file order.
struct Joiner<'a, T> {
    deliver: &'a mut dyn FnMut(T),
    parsed: Receiver<Parsed<T>>,
    early: BTreeMap<usize, T>,
    /// Number of the chunk to deliver next.
    next: usize,
    sent: usize,
    spare: Vec<Vec<u8>>,
}

impl<T> Joiner<'_, T> {
    fn send(&mut self, jobs: &Sender<Job>, chunk: Chunk, most: usize) -> Result<(), LoadError> {
        while self.sent - self.next >= most {
            self.wait()?;
        }
        while let Ok(parsed) = self.parsed.try_recv() {
            self.take(parsed);
        }
        let number = self.sent;
        self.sent += 1;
        jobs.send((number, chunk)).map_err(|_| stopped())
    }

    fn wait(&mut self) -> Result<(), LoadError> {
        let parsed = self.parsed.recv().map_err(|_| stopped())?;
        self.take(parsed);
        Ok(())
    }

    fn take(&mut self, (number, result, buffer): Parsed<T>) {
        self.spare.push(buffer);
        self.early.insert(number, result);
        while let Some(result) = self.early.remove(&self.next) {
            self.next += 1;
            (self.deliver)(result);
        }
    }

    fn finish(&mut self) -> Result<(), LoadError> {
        while self.next < self.sent {
            self.wait()?;
        }
        Ok(())
    }
}

fn stopped() -> LoadError {
    LoadError::Internal { detail: "a parsing thread stopped".to_owned() }
}
