//! The tables of the drawer: spans, and statistics over them.
//!
//! Rows and sums are worked out on named threads, only while their tab is shown, and only when something that
//! they depend on has changed. The window shows the answer before until the new one is there.

mod among;
mod choose;
mod doubts;
mod export;
mod rows;
mod settings;
mod statistics;

use std::sync::Arc;

pub use among::Only;
pub use choose::{Chooser, MOST_SHOWN};
pub use doubts::{MOST_PER_FRAME, Spent};
pub use export::{TableExport, Which};
pub use rows::{Listed, MOST_SELECTED, Order, SpanTable};
pub use settings::TableSettings;
pub use statistics::{Counted, StatCommand, StatOrder, StatTable};

use self::choose::Keys;
use self::export::Writer;
use self::rows::Derived;
use super::drawer::DrawerTab;
use super::state::{Effect, State};
use super::window::Host;
use crate::analysis::table::Column;
use crate::model::SpanIx;

/// The tables, until the window closes.
#[derive(Debug, Default)]
pub struct Tables {
    /// The span table.
    pub spans: SpanTable,
    /// The statistics.
    pub statistics: StatTable,
    /// The list of attributes to choose from.
    pub chooser: Chooser,
    /// The panel that writes a table to a file, when open.
    pub export: Option<TableExport>,
    /// The selection that [`Only::selected`] is about: clicks in the table itself do not change it.
    selected: Arc<[SpanIx]>,
    /// The selection that clicks in the table made, until another one takes its place.
    own_selection: Option<Vec<SpanIx>>,
    derived: Arc<Derived>,
    keys: Keys,
    writer: Writer,
}

impl Tables {
    /// True while something is worked out or written in the background.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.spans.is_busy() || self.statistics.is_busy() || self.keys.is_busy() || self.writer.is_busy()
    }

    /// Forgets everything about what is open.
    pub(super) fn forget(&mut self) {
        self.spans.forget();
        self.statistics.forget();
        self.chooser = Chooser::default();
        self.export = None;
        self.derived = Arc::default();
        self.keys.forget();
    }
}

/// True when `asked` need not be asked now: it is on its way or shown, or a question that is like it still runs.
/// While the view moves, every frame asks for another range: each answer is waited for, so that the table follows
/// instead of starting over until the view rests.
fn is_settled<A: PartialEq>(asked: &A, pending: Option<&A>, shown: Option<&A>, is_like: impl Fn(&A) -> bool) -> bool {
    match pending {
        Some(pending) => pending == asked || is_like(pending),
        None => shown == Some(asked),
    }
}

/// How a click changes the selection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pick {
    /// Selects this row alone.
    Only,
    /// Adds it, or takes it away.
    Toggle,
    /// Selects all rows from the one before to this.
    UpTo,
}

/// How the keyboard moves through rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// By so many rows.
    By(i64),
    /// To the first row.
    First,
    /// To the last row.
    Last,
}

impl Step {
    /// The row that the step leads to from `here` among `rows`; without a `here`, the first or the last.
    fn from(self, here: Option<usize>, rows: usize) -> Option<usize> {
        let last = rows.checked_sub(1)?;
        let by = |here: usize, by: i64| here.saturating_add_signed(isize::try_from(by).unwrap_or(0)).min(last);
        Some(match (self, here) {
            (Self::First, _) => 0,
            (Self::Last, _) => last,
            (Self::By(rows), Some(here)) => by(here, rows),
            (Self::By(rows), None) => {
                if rows < 0 {
                    last
                } else {
                    0
                }
            }
        })
    }
}

/// What the tables ask for.
#[derive(Clone, PartialEq, Debug)]
pub enum TableCommand {
    /// A click on a heading of the span table.
    Sort(Column),
    /// Which spans to list.
    Only(Only),
    /// A click on a row.
    Pick(SpanIx, Pick),
    /// A key; `extend` selects the rows between.
    Step {
        /// Where to.
        step: Step,
        /// Selects what lies between.
        extend: bool,
    },
    /// Selects every row, up to [`MOST_SELECTED`].
    SelectAll,
    /// Shows these columns; none = the usual ones.
    Columns(Vec<Column>),
    /// Columns were dragged to these widths in points of normal text.
    Widths(Vec<(String, f32)>),
    /// Looks for columns whose name contains a text.
    Choose(String),
    /// The statistics tab.
    Statistics(StatCommand),
    /// Puts a table on the clipboard, tab-separated: the selected rows, or all.
    Copy(Which),
    /// Opens the panel that writes a table to a file; closes it when it is open.
    ExportPanel(Which),
    /// Sets where it writes to.
    SetExportPath(String),
    /// Shows the file dialog of that panel.
    ChooseExportPath,
    /// Writes the table.
    Export,
}

impl State {
    pub(super) fn apply_table(&mut self, command: TableCommand, host: &mut Host) {
        match command {
            TableCommand::Sort(column) => self.session.tables.spans.sort(column),
            TableCommand::Only(only) => self.session.tables.spans.only = only,
            TableCommand::Pick(span, pick) => self.pick_row(span, pick),
            TableCommand::Step { step, extend } => self.step_row(step, extend),
            TableCommand::SelectAll => self.select_all_rows(),
            TableCommand::Columns(columns) => {
                self.settings.tables.columns = if columns.is_empty() { Column::usual() } else { columns };
                self.effect(Effect::Save);
            }
            TableCommand::Widths(widths) => {
                for (column, width) in widths {
                    self.settings.tables.set_width(column, width);
                }
                self.effect(Effect::Save);
            }
            TableCommand::Choose(text) => self.choose(text, host),
            TableCommand::Statistics(command) => self.apply_statistics(command, host),
            TableCommand::Copy(which) => self.copy_table(which, host),
            TableCommand::ExportPanel(which) => self.toggle_table_export(which),
            TableCommand::SetExportPath(path) => {
                if let Some(export) = &mut self.session.tables.export {
                    (export.path, export.error) = (path, None);
                }
            }
            TableCommand::ChooseExportPath => self.choose_table_path(host),
            TableCommand::Export => self.export_table(host),
        }
    }

    /// Takes what the threads have finished, and asks for what the open tab should show.
    pub(super) fn update_tables(&mut self, host: &Host) {
        let Some(data) = self.data.clone() else { return };
        self.session.tables.spans.take();
        self.session.tables.statistics.take();
        self.take_keys();
        self.take_written();
        let (tables, view) = (&mut self.session.tables, &self.session.view);
        let is_own = tables.own_selection.as_ref() == Some(&view.selection);
        if *tables.selected != *view.selection && !is_own {
            tables.selected = view.selection.as_slice().into();
            tables.own_selection = None;
        }
        if self.settings.drawer.shows(DrawerTab::Spans) {
            self.ask_rows(&data, host);
        } else if self.settings.drawer.shows(DrawerTab::Statistics) {
            self.ask_statistics(&data, host);
        }
    }

    /// Remembers that the table itself made the selection.
    fn keep_selected_rows(&mut self) {
        self.session.tables.own_selection = Some(self.session.view.selection.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_stay_among_the_rows() {
        for (step, here, rows, expected) in [
            (Step::By(1), None, 0, None),
            (Step::By(1), None, 3, Some(0)),
            (Step::By(-1), None, 3, Some(2)),
            (Step::By(1), Some(1), 3, Some(2)),
            (Step::By(1), Some(2), 3, Some(2)),
            (Step::By(-20), Some(2), 3, Some(0)),
            (Step::By(i64::MAX), Some(0), 3, Some(2)),
            (Step::By(i64::MIN), Some(2), 3, Some(0)),
            (Step::First, Some(2), 3, Some(0)),
            (Step::Last, None, 3, Some(2)),
        ] {
            assert_eq!(step.from(here, rows), expected, "{step:?} from {here:?} of {rows}");
        }
    }
}
