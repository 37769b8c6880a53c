//! Reads the chunks of a JSON stream side by side, and hands the results on in the order of the stream.

use std::io::Read;

use super::json::{Chunk, Limits, Shape, Splitter};
use super::{LoadError, Progress};

/// Chunks that are read at the same time.
const BATCH: usize = 4;

/// Splits `bytes` by `shape`, runs `read` on every chunk in the thread pool, and `join` on the results in order.
/// Stops early when the user cancels.
///
/// # Errors
/// When the stream cannot be read.
pub(super) fn in_order<S: Shape, T: Send>(
    bytes: &mut (dyn Read + Send),
    shape: &S,
    progress: &Progress,
    read: impl Fn(&Chunk) -> T + Sync,
    mut join: impl FnMut(T),
) -> Result<(), LoadError> {
    let mut splitter = Splitter::new(bytes, shape, Limits::default());
    let mut batch = next_batch(&mut splitter)?;
    let mut done: Vec<Option<T>> = Vec::new();
    while !batch.is_empty() && !progress.is_cancelled() {
        let mut results: Vec<Option<T>> = batch.iter().map(|_| None).collect();
        let read = &read;
        // While the pool reads this batch, this thread joins the last one and splits the next one.
        let next = rayon::in_place_scope(|scope| {
            for (chunk, slot) in batch.into_iter().zip(&mut results) {
                scope.spawn(move |_| *slot = Some(read(&chunk)));
            }
            done.drain(..).flatten().for_each(&mut join);
            next_batch(&mut splitter)
        });
        done = results;
        batch = next?;
    }
    done.into_iter().flatten().for_each(join);
    Ok(())
}

fn next_batch<S: Shape>(splitter: &mut Splitter<'_, S>) -> Result<Vec<Chunk>, LoadError> {
    let mut batch = Vec::with_capacity(BATCH);
    while batch.len() < BATCH {
        match splitter.next_chunk(Vec::new())? {
            Some(chunk) => batch.push(chunk),
            None => break,
        }
    }
    Ok(batch)
}
