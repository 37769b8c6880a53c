//! Where a command writes. A reader that goes away early (`| head`) is no failure and no panic.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;

use anyhow::Context as _;

/// Says one thing on stderr. If nobody can hear it, so be it.
pub fn say_on_stderr(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes `text` to stdout.
///
/// # Errors
/// When stdout cannot be written, except that a closed pipe is fine.
pub fn print(text: &str) -> anyhow::Result<()> {
    to_path(Path::new("-"), |out| out.write_all(text.as_bytes()))
}

/// Opens `path` (`-` = stdout) and lets `write` fill it through a large buffer.
///
/// # Errors
/// When the file cannot be made or written; the message names it. A closed pipe on stdout is fine.
pub fn to_path(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    const BUFFER_BYTES: usize = 1 << 20;
    let is_stdout = path == Path::new("-");
    let written = if is_stdout {
        fill(BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock()), write)
    } else {
        File::create(path).and_then(|file| fill(BufWriter::with_capacity(BUFFER_BYTES, file), write))
    };
    match written {
        Err(error) if is_stdout && error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.with_context(|| format!("{} could not be written", path.display())),
    }
}

fn fill<W: Write>(mut out: BufWriter<W>, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let done = write(&mut out).and_then(|()| out.flush());
    if done.is_err() {
        // Dropping the buffer would try to write once more.
        let _ = out.into_parts();
    }
    done
}
