//! Why an input could not be read at all. Bad content is no error: it becomes diagnostics (invariant I3).

use std::io;

/// What went wrong with one input, or with all of them. Every message names the input and a way on.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file, directory or stream cannot be opened.
    #[error("{name}: cannot be opened ({source}). Check the path and the permissions.")]
    Open {
        /// What the user called it.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// Reading failed before anything was recognised.
    #[error("{name}: reading failed ({source}). Copy the file to a local disk and try again.")]
    Read {
        /// What the user called it.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// There are no bytes, or only white space.
    #[error("{name}: is empty. Expected {expected}. Export the trace again.", expected = super::EXPECTED)]
    Empty {
        /// What the user called it.
        name: String,
    },
    /// The compressed data is damaged from the start.
    #[error("{name}: looks like {compression}, but cannot be decompressed ({detail}). Fetch the file again.")]
    Inflate {
        /// What the user called it.
        name: String,
        /// `gzip` or `zstd`.
        compression: &'static str,
        /// What the decompressor said.
        detail: String,
    },
    /// The content is none of the known formats.
    #[error("{name}: is not a trace that Skewline can read: it looks like {looks_like}. Expected {expected}. {remedy}", expected = super::EXPECTED)]
    Unknown {
        /// What the user called it.
        name: String,
        /// What the content resembles, in words.
        looks_like: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// A directory without a single trace.
    #[error(
        "{name}: the directory holds no trace ({files} files looked at, hidden ones not). Name the files, or another directory."
    )]
    EmptyDirectory {
        /// What the user called it.
        name: String,
        /// Files that were looked at.
        files: usize,
    },
    /// No input was given.
    #[error("no input was given. Name a file or a directory, or - for standard input.")]
    NoInput,
    /// None of several inputs could be read.
    #[error("none of the {count} inputs could be read:{}", one_per_line(failed))]
    Nothing {
        /// How many there were.
        count: usize,
        /// Why each one failed, in order.
        failed: Vec<LoadError>,
    },
    /// The user cancelled.
    #[error("loading was cancelled. Open the input again to load it.")]
    Cancelled,
    /// The loading thread could not start, or stopped without an answer.
    #[error("loading stopped unexpectedly ({detail}). Try again, and report the input if it happens again.")]
    Internal {
        /// What is known about it.
        detail: String,
    },
    /// The byte stream failed; [`LoadError::named`] adds which one.
    #[error("reading failed ({0}). Copy the file to a local disk and try again.")]
    Stream(#[from] io::Error),
}

impl LoadError {
    /// Which input it is about; empty when it is about none or all of them.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Open { name, .. }
            | Self::Read { name, .. }
            | Self::Empty { name }
            | Self::Inflate { name, .. }
            | Self::Unknown { name, .. }
            | Self::EmptyDirectory { name, .. } => name,
            Self::NoInput | Self::Nothing { .. } | Self::Cancelled | Self::Internal { .. } | Self::Stream(_) => "",
        }
    }

    /// Adds the input's name to an error of its byte stream.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        match self {
            Self::Stream(source) => Self::Read { name: name.to_owned(), source },
            other => other,
        }
    }
}

/// The first few errors, each on a line of its own.
fn one_per_line(errors: &[LoadError]) -> String {
    const MOST: usize = 10;
    let mut text: String = errors.iter().take(MOST).map(|error| format!("\n  {error}")).collect();
    if errors.len() > MOST {
        text.push_str(&format!("\n  and {} more", errors.len() - MOST));
    }
    text
}
