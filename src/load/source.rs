//! Where bytes come from: files, directories, standard input, memory.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::LoadError;

/// What the user asked to open.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file, or a directory whose files are all taken.
    Path(PathBuf),
    /// Standard input.
    Stdin,
    /// Bytes that are already there: drag and drop, tests, the built-in sample.
    Memory {
        /// What to call it.
        name: String,
        /// Its bytes as stored.
        bytes: Arc<[u8]>,
    },
}

impl Source {
    /// Reads a command-line argument: `-` is standard input, everything else a path.
    #[must_use]
    pub fn from_arg(arg: &OsStr) -> Self {
        if arg == "-" { Self::Stdin } else { Self::Path(PathBuf::from(arg)) }
    }

    /// Bytes in memory.
    #[must_use]
    pub fn memory(name: impl Into<String>, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self::Memory { name: name.into(), bytes: bytes.into() }
    }

    /// What to call it in messages and in the report.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Path(path) => path.display().to_string(),
            Self::Stdin => "-".to_owned(),
            Self::Memory { name, .. } => name.clone(),
        }
    }
}

/// Where the stored bytes of a loaded input can be found again, to hash them.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A regular file.
    File(PathBuf),
    /// Bytes in memory.
    Memory(Arc<[u8]>),
    /// A stream that is gone; its SHA-256 was taken while it was read.
    Hashed([u8; 32]),
}

impl Origin {
    /// SHA-256 of the stored bytes as 64 hex digits. Reads files again: call it away from the first frame.
    ///
    /// # Errors
    /// When the file cannot be read any more.
    pub fn sha256(&self) -> io::Result<String> {
        let hash = match self {
            Self::File(path) => hash_reader(&mut File::open(path)?)?,
            Self::Memory(bytes) => Sha256::digest(bytes).into(),
            Self::Hashed(hash) => *hash,
        };
        Ok(hex(&hash))
    }
}

fn hash_reader(reader: &mut dyn Read) -> io::Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finalize().into()),
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// One input after directories have been expanded.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub name: String,
    pub source: Source,
    /// Found in a directory that the user named: being no trace is not an error then.
    pub from_directory: bool,
    /// Stored size, `None` for streams.
    pub bytes: Option<u64>,
}

impl Item {
    /// Opens the stored bytes. Streams are to be hashed while they are read.
    pub(super) fn open(&self) -> Result<Opened, LoadError> {
        let open_error = |source| LoadError::Open { name: self.name.clone(), source };
        Ok(match &self.source {
            Source::Memory { bytes, .. } => Opened {
                reader: Box::new(Cursor::new(Arc::clone(bytes))),
                origin: Some(Origin::Memory(Arc::clone(bytes))),
            },
            Source::Stdin => Opened { reader: Box::new(io::stdin()), origin: None },
            Source::Path(path) => {
                let file = File::open(path).map_err(open_error)?;
                let is_file = file.metadata().map_err(open_error)?.is_file();
                Opened { reader: Box::new(file), origin: is_file.then(|| Origin::File(path.clone())) }
            }
        })
    }
}

/// Stored bytes, ready to be read once.
pub(super) struct Opened {
    pub reader: Box<dyn Read + Send>,
    /// Where to find the bytes again; `None` for streams.
    pub origin: Option<Origin>,
}

/// Expands directories. Failures keep their place in the order, so that results are the same every time.
pub(super) fn expand(sources: &[Source]) -> Vec<Result<Item, LoadError>> {
    let mut items = Vec::new();
    for source in sources {
        match source {
            Source::Path(path) => match fs::metadata(path) {
                Ok(meta) if meta.is_dir() => expand_directory(path, &mut items),
                Ok(meta) => items.push(Ok(Item {
                    name: source.name(),
                    source: source.clone(),
                    from_directory: false,
                    bytes: meta.is_file().then_some(meta.len()),
                })),
                Err(error) => items.push(Err(LoadError::Open { name: source.name(), source: error })),
            },
            Source::Stdin => items.push(Ok(item(source, None))),
            Source::Memory { bytes, .. } => items.push(Ok(item(source, Some(bytes.len() as u64)))),
        }
    }
    items
}

fn item(source: &Source, bytes: Option<u64>) -> Item {
    Item { name: source.name(), source: source.clone(), from_directory: false, bytes }
}

/// Directories deeper than this are not followed; a trace export is never nested that deep.
const MAX_DEPTH: usize = 32;

fn expand_directory(root: &Path, items: &mut Vec<Result<Item, LoadError>>) {
    let before = items.len();
    collect_files(root, 0, items);
    if items.len() == before {
        items.push(Err(LoadError::EmptyDirectory { name: root.display().to_string(), files: 0 }));
    }
}

/// Files below `directory`, sorted by name at each level; hidden entries and links to directories are left out.
fn collect_files(directory: &Path, depth: usize, items: &mut Vec<Result<Item, LoadError>>) {
    let listed = fs::read_dir(directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut entries = match listed {
        Ok(entries) => entries,
        Err(source) => {
            items.push(Err(LoadError::Open { name: directory.display().to_string(), source }));
            return;
        }
    };
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        match fs::metadata(&path) {
            Ok(meta) if meta.is_file() => items.push(Ok(Item {
                name: path.display().to_string(),
                source: Source::Path(path),
                from_directory: true,
                bytes: Some(meta.len()),
            })),
            Ok(meta) if meta.is_dir() && !is_link && depth < MAX_DEPTH => collect_files(&path, depth + 1, items),
            // Sockets and pipes inside a directory are not exports.
            Ok(_) => {}
            Err(source) => items.push(Err(LoadError::Open { name: path.display().to_string(), source })),
        }
    }
}
