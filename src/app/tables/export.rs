//! Tables out of the window: tab-separated on the clipboard, CSV in a file. Times are raw nanoseconds.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::rows::Listed;
use super::statistics::Counted;
use crate::analysis::background::Newest;
use crate::analysis::search::CancelFlag;
use crate::analysis::statistics::StatColumn;
use crate::analysis::table::Column;
use crate::app::host::Saved;
use crate::app::state::{Effect, State, Tone};
use crate::app::window::Host;
use crate::app::workspace::Workspace;
use crate::export::csv::{Dialect, RowWriter};
use crate::model::SpanIx;
use crate::scene::{count_text, grouped};
use strum::IntoEnumIterator as _;

/// One of the two tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum Which {
    /// The span table.
    Spans,
    /// The statistics.
    Statistics,
}

/// The panel that writes a table to a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TableExport {
    /// Which table.
    pub which: Which,
    /// Where to, as typed.
    pub path: String,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

/// How many rows the clipboard takes at most; a file takes all.
const MOST_COPIED: usize = 100_000;

/// A table as it stands, to be written on a thread.
enum Content {
    Spans { data: Arc<Workspace>, listed: Arc<Listed>, columns: Vec<Column>, rows: Option<Vec<SpanIx>> },
    Statistics { data: Arc<Workspace>, counted: Arc<Counted> },
}

impl Content {
    fn rows(&self) -> usize {
        match self {
            Self::Spans { listed, rows, .. } => rows.as_ref().map_or(listed.rows.len(), Vec::len),
            Self::Statistics { counted, .. } => counted.statistics.groups.len(),
        }
    }

    /// Writes the heading and at most `most` rows. Stops early, as if done, when cancelled.
    fn write(&self, out: &mut RowWriter<impl Write>, most: usize, cancel: &CancelFlag) -> io::Result<()> {
        match self {
            Self::Spans { data, listed, columns, rows } => {
                out.row(columns.iter().map(|column| column.heading(true)))?;
                let cells = listed.cells(data);
                for &span in rows.as_ref().unwrap_or(&listed.rows).iter().take(most) {
                    if cancel.is_cancelled() {
                        break;
                    }
                    out.row(columns.iter().map(|column| cells.cell(span, column, true)))?;
                }
            }
            Self::Statistics { data, counted } => {
                let statistics = &counted.statistics;
                out.row(StatColumn::iter().map(|column| column.heading(&statistics.field, true)))?;
                for group in statistics.groups.iter().take(most) {
                    out.row(StatColumn::iter().map(|column| group.cell(&data.store, &data.domains, column, true)))?;
                }
            }
        }
        Ok(())
    }
}

/// What writing came to.
enum Written {
    Text { text: String, rows: usize, of: usize },
    File { path: PathBuf, rows: usize },
    Failed(String),
}

/// Writes tables on a thread of its own.
#[derive(Debug, Default)]
pub(super) struct Writer {
    worker: Newest<Written>,
}

impl Writer {
    pub(super) fn is_busy(&self) -> bool {
        self.worker.is_busy()
    }
}

impl State {
    /// The table as it is shown; `None` until it is there.
    fn content(&self, which: Which, is_selection_enough: bool) -> Option<Content> {
        let data = self.data.clone()?;
        let tables = &self.session.tables;
        match which {
            Which::Spans => {
                let listed = tables.spans.listed.clone()?;
                let selection = &self.session.view.selection;
                let mut rows: Vec<usize> = selection.iter().filter_map(|&span| listed.row_of(span)).collect();
                rows.sort_unstable();
                let rows = (is_selection_enough && !rows.is_empty())
                    .then(|| rows.into_iter().map(|row| listed.rows[row]).collect());
                Some(Content::Spans { data, listed, columns: self.settings.tables.columns.clone(), rows })
            }
            Which::Statistics => Some(Content::Statistics { data, counted: tables.statistics.counted.clone()? }),
        }
    }

    pub(super) fn copy_table(&mut self, which: Which, host: &Host) {
        let Some(content) = self.content(which, true) else { return };
        self.write_in_background(host, move |cancel| {
            let mut out = RowWriter::new(Vec::new(), Dialect::Tsv);
            let of = content.rows();
            let result = content.write(&mut out, MOST_COPIED, cancel).and_then(|()| out.finish());
            match result.map(String::from_utf8) {
                Ok(Ok(text)) => Written::Text { text, rows: of.min(MOST_COPIED), of },
                Ok(Err(error)) => Written::Failed(error.to_string()),
                Err(error) => Written::Failed(error.to_string()),
            }
        });
    }

    pub(super) fn toggle_table_export(&mut self, which: Which) {
        let title = self.data.as_ref().map(|data| data.title()).unwrap_or_default();
        self.session.tables.export = match &self.session.tables.export {
            Some(export) if export.which == which => None,
            _ => Some(TableExport { which, path: path_for(&title, which), error: None }),
        };
    }

    pub(super) fn choose_table_path(&mut self, host: &Host) {
        let Some(export) = &self.session.tables.export else { return };
        let name = Path::new(&export.path).file_name();
        let name = name.map_or_else(|| format!("{}.csv", export.which), |name| name.to_string_lossy().into_owned());
        self.session.dialog = Some(host.dialogs.save(Saved::Table, &name, host.wake()));
    }

    pub(super) fn export_table(&mut self, host: &Host) {
        let Some(export) = &self.session.tables.export else { return };
        let (which, path) = (export.which, PathBuf::from(&export.path));
        let Some(content) = self.content(which, false) else { return };
        self.write_in_background(host, move |cancel| match write_file(&path, &content, cancel) {
            Ok(()) => Written::File { rows: content.rows(), path },
            Err(error) => Written::Failed(format!("{} cannot be written: {error}", path.display())),
        });
    }

    fn write_in_background(&mut self, host: &Host, job: impl FnOnce(&CancelFlag) -> Written + Send + 'static) {
        let work = move |cancel: &CancelFlag| Some(job(cancel));
        let worker = &mut self.session.tables.writer.worker;
        if let Err(error) = worker.ask("skewline-table-writer", host.wake(), Duration::ZERO, work) {
            self.effect(Effect::Toast(Tone::Bad, format!("Cannot write tables: {error}")));
        }
    }

    pub(super) fn take_written(&mut self) {
        let Some(written) = self.session.tables.writer.worker.take() else { return };
        match written {
            Written::Text { text, rows, of } => {
                self.effect(Effect::CopyText(text));
                let text = match rows {
                    1 => "Copied 1 row".to_owned(),
                    _ if rows < of => {
                        let (rows, of) = (grouped(rows as u64), grouped(of as u64));
                        format!("Copied the first {rows} of {of} rows; a file takes all of them")
                    }
                    _ => format!("Copied {} rows", grouped(rows as u64)),
                };
                self.effect(Effect::Toast(Tone::Good, text));
            }
            Written::File { path, rows } => {
                self.session.tables.export = None;
                let rows = count_text(rows as u64, "row");
                self.effect(Effect::Toast(Tone::Good, format!("Wrote {rows} to {}", path.display())));
            }
            Written::Failed(error) => match &mut self.session.tables.export {
                Some(export) => export.error = Some(error),
                None => self.effect(Effect::Toast(Tone::Bad, error)),
            },
        }
    }
}

/// Writes beside the file first: a full disk does not cost the file that was there.
fn write_file(path: &Path, content: &Content, cancel: &CancelFlag) -> io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    let draft = PathBuf::from(draft);
    let written = File::create(&draft).and_then(|file| {
        let mut out = RowWriter::new(BufWriter::new(file), Dialect::Csv);
        content.write(&mut out, usize::MAX, cancel)?;
        out.finish()?;
        if cancel.is_cancelled() {
            return Err(io::Error::other("writing was stopped"));
        }
        std::fs::rename(&draft, path)
    });
    if written.is_err() {
        // What is left of the draft helps nobody; if it was never made, there is nothing to remove.
        let _ = std::fs::remove_file(&draft);
    }
    written
}

/// Where a table of `title` goes when the user says nothing else: the documents, or here.
fn path_for(title: &str, which: Which) -> String {
    let stem = title.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or("skewline");
    let directory = directories::UserDirs::new()
        .and_then(|dirs| dirs.document_dir().map(Path::to_owned))
        .filter(|directory| directory.is_dir())
        .or_else(|| std::env::current_dir().ok())
        .unwrap_or_default();
    directory.join(format!("{stem}-{which}.csv")).display().to_string()
}
