//! The statistics: which field they group by, and how they are worked out on a thread of their own.

use std::sync::Arc;
use std::time::Duration;

use super::among::{Among, Only};
use super::{Step, is_settled};
use crate::analysis::background::Newest;
use crate::analysis::search::{CancelFlag, Field};
use crate::analysis::statistics::{StatColumn, Statistics};
use crate::app::command::Command;
use crate::app::search::SearchCommand;
use crate::app::state::{Effect, State, Tone};
use crate::app::window::Host;
use crate::app::workspace::Workspace;

#[derive(Clone, PartialEq, Debug)]
struct Asked {
    field: Field,
    among: Among,
    order: StatOrder,
}

/// By what the groups are sorted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StatOrder {
    /// The column.
    pub column: StatColumn,
    /// Largest first.
    pub is_descending: bool,
}

/// Statistics as they were asked for.
#[derive(Debug)]
pub struct Counted {
    asked: Asked,
    /// The groups in the order that was asked for.
    pub statistics: Statistics,
}

impl Counted {
    /// By what the groups are sorted.
    #[must_use]
    pub const fn order(&self) -> StatOrder {
        self.asked.order
    }
}

/// The statistics tab.
#[derive(Debug)]
pub struct StatTable {
    /// What to group by.
    pub field: Field,
    /// Which spans count.
    pub only: Only,
    /// By what the groups shall be sorted.
    pub order: StatOrder,
    /// What is shown; while others are worked out, still the ones before.
    pub counted: Option<Arc<Counted>>,
    /// The row that the keyboard is on.
    pub cursor: Option<usize>,
    pending: Option<Asked>,
    worker: Newest<Counted>,
}

impl Default for StatTable {
    fn default() -> Self {
        Self {
            field: Field::Name,
            only: Only::default(),
            order: StatOrder { column: StatColumn::Total, is_descending: true },
            counted: None,
            cursor: None,
            pending: None,
            worker: Newest::default(),
        }
    }
}

/// What the statistics tab asks for.
#[derive(Clone, PartialEq, Debug)]
pub enum StatCommand {
    /// Groups by another field, and shows the tab.
    By(Field),
    /// A click on a heading.
    Sort(StatColumn),
    /// Which spans count.
    Only(Only),
    /// Moves the cursor of the keyboard.
    Step(Step),
    /// Searches for the spans of a row; `narrow` keeps what is searched for already.
    Pick {
        /// The row.
        row: usize,
        /// Both must hold.
        narrow: bool,
    },
}

impl StatTable {
    /// True while statistics are worked out.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.worker.is_busy()
    }

    pub(super) fn forget(&mut self) {
        self.worker.stop();
        (self.counted, self.pending, self.cursor) = (None, None, None);
    }

    pub(super) fn take(&mut self) {
        if let Some(counted) = self.worker.take() {
            self.pending = None;
            self.cursor = self.cursor.filter(|&row| row < counted.statistics.groups.len());
            self.counted = Some(Arc::new(counted));
        }
    }

    fn sort(&mut self, column: StatColumn) {
        let is_descending =
            if self.order.column == column { !self.order.is_descending } else { column != StatColumn::Value };
        self.order = StatOrder { column, is_descending };
    }
}

impl State {
    pub(super) fn apply_statistics(&mut self, command: StatCommand, host: &mut Host) {
        let table = &mut self.session.tables.statistics;
        match command {
            StatCommand::By(field) => self.show_statistics_by(field),
            StatCommand::Sort(column) => table.sort(column),
            StatCommand::Only(only) => table.only = only,
            StatCommand::Step(step) => {
                let rows = table.counted.as_ref().map_or(0, |counted| counted.statistics.groups.len());
                table.cursor = step.from(table.cursor, rows);
            }
            StatCommand::Pick { row, narrow } => self.search_group(row, narrow, host),
        }
    }

    /// Searches for exactly the spans of a group; once more: for nothing.
    fn search_group(&mut self, row: usize, narrow: bool, host: &mut Host) {
        let (Some(data), Some(counted)) = (&self.data, &self.session.tables.statistics.counted) else { return };
        let Some(group) = counted.statistics.groups.get(row) else { return };
        let query = counted.statistics.query(&data.store, &data.domains, group);
        self.session.tables.statistics.cursor = Some(row);
        let command = if narrow {
            SearchCommand::Narrow(query)
        } else {
            let text = query.to_string();
            SearchCommand::Set(if text == self.session.view.query { String::new() } else { text })
        };
        self.apply(Command::Search(command), host);
    }

    /// Asks for the statistics that should be shown, unless they are there or on their way.
    pub(super) fn ask_statistics(&mut self, data: &Arc<Workspace>, host: &Host) {
        let table = &self.session.tables.statistics;
        let asked = Asked { field: table.field.clone(), among: self.among(table.only), order: table.order };
        let derived = Arc::clone(&self.session.tables.derived);
        let table = &mut self.session.tables.statistics;
        let known = table.counted.clone();
        let shown = known.as_ref().map(|known| &known.asked);
        let is_like = |pending: &Asked| table.is_busy() && pending.field == asked.field && pending.order == asked.order;
        if is_settled(&asked, table.pending.as_ref(), shown, is_like) {
            return;
        }
        table.pending = Some(asked.clone());
        let data = Arc::clone(data);
        let work = move |cancel: &CancelFlag| {
            // Sorting anew needs no counting.
            let same = known.filter(|known| known.asked.field == asked.field && known.asked.among == asked.among);
            let mut statistics = match same {
                Some(known) => known.statistics.clone(),
                None => {
                    let self_times = derived.self_times(&data, cancel)?;
                    let among = asked.among.set(&data, cancel)?;
                    Statistics::new(&data.store, &data.domains, self_times, &asked.field, among.as_ref(), cancel)?
                }
            };
            statistics.sort(&data.store, &data.domains, asked.order.column, asked.order.is_descending);
            Some(Counted { asked, statistics })
        };
        if let Err(error) = table.worker.ask("skewline-statistics", host.wake(), Duration::ZERO, work) {
            self.effect(Effect::Toast(Tone::Bad, format!("Cannot work out statistics: {error}")));
        }
    }
}
