//! Reads a stream on several threads: this one splits and joins, the workers parse.

use std::collections::BTreeMap;
use std::io::Read;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::split::{Chunk, Limits, Shape, Splitter};
use crate::load::{LoadError, Output};
use crate::model::Part;

/// Chunks that may wait for each worker, besides the one it is parsing.
const WAITING: usize = 2;

/// A chunk with its place in the file.
type Job = (usize, Chunk);
/// A parsed chunk with its place in the file, and its buffer to use again.
type Parsed = (usize, Part, Vec<u8>);

/// Splits `stream` by `shape`, parses the chunks on named threads, and delivers the parts in file order. The
/// result does not depend on the number of threads.
///
/// # Errors
/// When the stream cannot be read, or the user cancels.
pub fn run<S: Shape>(
    stream: &mut (dyn Read + Send),
    shape: &S,
    limits: Limits,
    parse: &(dyn Fn(&Chunk) -> Part + Sync),
    out: &mut Output<'_>,
) -> Result<(), LoadError> {
    let mut splitter = Splitter::new(stream, shape, limits);
    let Some(first) = splitter.next_chunk(Vec::new())? else { return Ok(()) };
    if !first.continues && splitter.is_drained() {
        // All of it: no thread is worth its start.
        out.absorb(parse(&first));
        return Ok(());
    }
    let workers = match limits.workers {
        0 => thread::available_parallelism().map_or(1, usize::from),
        count => count,
    };
    thread::scope(|scope| {
        let (jobs_in, jobs) = bounded::<Job>(workers * WAITING);
        let (parsed_in, parsed) = unbounded::<Parsed>();
        let mut running = 0;
        for number in 0..workers {
            let (jobs, parsed_in) = (jobs.clone(), parsed_in.clone());
            let builder = thread::Builder::new().name(format!("parse-{number}"));
            let spawned = builder.spawn_scoped(scope, move || work(&jobs, &parsed_in, parse));
            running += usize::from(spawned.is_ok());
        }
        drop(parsed_in);
        let mut joiner = Joiner { out, parsed, early: BTreeMap::new(), next: 0, sent: 0, spare: Vec::new() };
        let most = running * (WAITING + 1);
        let mut next = Some(first);
        while let Some(chunk) = next {
            if joiner.out.is_cancelled() {
                return Err(LoadError::Cancelled);
            }
            if running == 0 {
                // No thread could be started: slower, but right.
                joiner.out.absorb(parse(&chunk));
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

fn work(jobs: &Receiver<Job>, parsed: &Sender<Parsed>, parse: &(dyn Fn(&Chunk) -> Part + Sync)) {
    while let Ok((number, chunk)) = jobs.recv() {
        let part = parse(&chunk);
        if parsed.send((number, part, chunk.bytes)).is_err() {
            return;
        }
    }
}

/// Puts parsed chunks back into file order.
struct Joiner<'a, 'o> {
    out: &'a mut Output<'o>,
    parsed: Receiver<Parsed>,
    early: BTreeMap<usize, Part>,
    /// Number of the chunk to deliver next.
    next: usize,
    sent: usize,
    spare: Vec<Vec<u8>>,
}

impl Joiner<'_, '_> {
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

    fn take(&mut self, (number, part, buffer): Parsed) {
        self.spare.push(buffer);
        self.early.insert(number, part);
        while let Some(part) = self.early.remove(&self.next) {
            self.next += 1;
            self.out.absorb(part);
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
