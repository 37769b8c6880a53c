//! The span table: its rows, sorted on a thread of their own, and moving and selecting in it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::among::{Among, Only};
use super::doubts::Doubts;
use super::{Pick, Step, is_settled};
use crate::analysis::background::Newest;
use crate::analysis::clocks::Known;
use crate::analysis::search::{CancelFlag, Field};
use crate::analysis::self_time::SelfTimes;
use crate::analysis::table::{Column, Rows};
use crate::app::state::{Effect, State, Tone};
use crate::app::window::Host;
use crate::app::workspace::Workspace;
use crate::model::SpanIx;

/// What is worked out once per workspace, by whichever table needs it first.
#[derive(Debug, Default)]
pub struct Derived {
    self_times: OnceLock<SelfTimes>,
}

impl Derived {
    /// The self times; `None` when cancelled.
    pub(super) fn self_times(&self, data: &Workspace, cancel: &CancelFlag) -> Option<&SelfTimes> {
        if let Some(known) = self.self_times.get() {
            return Some(known);
        }
        let new = SelfTimes::new(&data.store, &data.domains, cancel)?;
        Some(self.self_times.get_or_init(|| new))
    }
}

/// By what the rows are sorted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Order {
    /// The column.
    pub column: Column,
    /// Largest first.
    pub is_descending: bool,
}

impl Order {
    /// The order after a click on the heading of `column`: turned round, or as that column is mostly wanted.
    fn clicked(&self, column: Column) -> Self {
        let largest_first = column.is_number() && !matches!(column, Column::Start | Column::Reference | Column::Offset);
        let is_descending = if self.column == column { !self.is_descending } else { largest_first };
        Self { column, is_descending }
    }
}

#[derive(Clone, PartialEq, Debug)]
struct Asked {
    order: Order,
    among: Among,
    clocks: Clocks,
}

/// What reference times are made from, where a column shows them.
#[derive(Clone, Debug)]
struct Clocks(Option<Arc<Known>>);

impl PartialEq for Clocks {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_ref().map(Arc::as_ptr) == other.0.as_ref().map(Arc::as_ptr)
    }
}

/// The rows as they were asked for.
#[derive(Debug)]
pub struct Listed {
    asked: Asked,
    /// The spans, one per row.
    pub rows: Vec<SpanIx>,
    /// The row of each span, or [`NO_ROW`].
    row_of: Vec<u32>,
    derived: Arc<Derived>,
    pub(super) doubts: Doubts,
}

const NO_ROW: u32 = u32::MAX;

impl Listed {
    fn new(data: &Workspace, derived: Arc<Derived>, asked: Asked, cancel: &CancelFlag) -> Option<Self> {
        let self_times = derived.self_times(data, cancel)?;
        let known = asked.clocks.0.as_deref();
        let rows = Rows { store: &data.store, domains: &data.domains, self_times, known };
        let among = asked.among.set(data, cancel)?;
        let rows = rows.sorted(among.as_ref(), &asked.order.column, asked.order.is_descending, cancel)?;
        let mut row_of = vec![NO_ROW; data.store.len()];
        for (row, span) in (0..).zip(&rows) {
            row_of[span.at()] = row;
        }
        cancel.going_on()?;
        Some(Self { asked, rows, row_of, derived, doubts: Doubts::default() })
    }

    /// By what the rows are sorted.
    #[must_use]
    pub const fn order(&self) -> &Order {
        &self.asked.order
    }

    /// The row of `span`, if it is listed.
    #[must_use]
    pub fn row_of(&self, span: SpanIx) -> Option<usize> {
        self.row_of.get(span.at()).filter(|&&row| row != NO_ROW).map(|&row| row as usize)
    }

    /// What cells are made from.
    #[must_use]
    pub fn cells<'a>(&'a self, data: &'a Workspace) -> Rows<'a> {
        static NOTHING: SelfTimes = SelfTimes::NOTHING;
        let self_times = self.derived.self_times.get().unwrap_or(&NOTHING);
        Rows { store: &data.store, domains: &data.domains, self_times, known: self.asked.clocks.0.as_deref() }
    }
}

/// The span table.
#[derive(Debug)]
pub struct SpanTable {
    /// By what it shall be sorted.
    pub order: Order,
    /// Which spans it shall list.
    pub only: Only,
    /// The rows that are shown; while others are worked out, still the ones before.
    pub listed: Option<Arc<Listed>>,
    /// Where a range of rows begins.
    anchor: Option<SpanIx>,
    pending: Option<Asked>,
    worker: Newest<Listed>,
}

impl Default for SpanTable {
    fn default() -> Self {
        Self {
            order: Order { column: Column::Start, is_descending: false },
            only: Only { hits: true, ..Only::default() },
            listed: None,
            anchor: None,
            pending: None,
            worker: Newest::default(),
        }
    }
}

/// How many spans one gesture in the table selects at most: the details and the canvas draw each of them.
pub const MOST_SELECTED: usize = 10_000;

impl SpanTable {
    /// True while rows are worked out.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.worker.is_busy()
    }

    pub(super) fn forget(&mut self) {
        self.worker.stop();
        (self.listed, self.pending, self.anchor) = (None, None, None);
    }

    pub(super) fn take(&mut self) {
        if let Some(listed) = self.worker.take() {
            self.pending = None;
            self.listed = Some(Arc::new(listed));
        }
    }

    pub(super) fn sort(&mut self, column: Column) {
        self.order = self.order.clicked(column);
    }
}

impl State {
    /// Asks for the rows that the table should show, unless they are there or on their way.
    pub(super) fn ask_rows(&mut self, data: &Arc<Workspace>, host: &Host) {
        let (order, only) = (self.session.tables.spans.order.clone(), self.session.tables.spans.only);
        let shows_reference =
            order.column == Column::Reference || self.settings.tables.columns.contains(&Column::Reference);
        let clocks = Clocks(self.known().filter(|_| shows_reference).cloned());
        let asked = Asked { order, among: self.among(only), clocks };
        let derived = Arc::clone(&self.session.tables.derived);
        let table = &mut self.session.tables.spans;
        let shown = table.listed.as_ref().map(|listed| &listed.asked);
        let is_like = |pending: &Asked| table.is_busy() && pending.order == asked.order;
        if is_settled(&asked, table.pending.as_ref(), shown, is_like) {
            return;
        }
        // Asked only once: without a thread the table stays as it is.
        table.pending = Some(asked.clone());
        let data = Arc::clone(data);
        let work = move |cancel: &CancelFlag| Listed::new(&data, derived, asked, cancel);
        if let Err(error) = table.worker.ask("skewline-rows", host.wake(), Duration::ZERO, work) {
            self.effect(Effect::Toast(Tone::Bad, format!("Cannot sort: {error}")));
        }
    }

    /// A click on a row.
    pub(super) fn pick_row(&mut self, span: SpanIx, pick: Pick) {
        let Some(listed) = self.session.tables.spans.listed.clone() else { return };
        if listed.row_of(span).is_none() {
            return;
        }
        match pick {
            Pick::Only => {
                self.session.tables.spans.anchor = Some(span);
                self.go_to(span);
            }
            Pick::Toggle => {
                self.session.tables.spans.anchor = Some(span);
                self.select(span, true);
                if self.session.view.focused == Some(span) {
                    self.bring_into_view(span);
                }
            }
            Pick::UpTo => self.select_rows_up_to(&listed, span),
        }
        self.keep_selected_rows();
    }

    /// Selects the rows from the anchor to `span`.
    fn select_rows_up_to(&mut self, listed: &Listed, span: SpanIx) {
        let anchor = self.session.tables.spans.anchor.or(self.session.view.focused);
        let from = anchor.and_then(|anchor| listed.row_of(anchor)).unwrap_or(0);
        let Some(to) = listed.row_of(span) else { return };
        let view = &mut self.session.view;
        view.selection.clear();
        if from <= to {
            view.selection.extend(listed.rows[from..=to].iter().take(MOST_SELECTED));
        } else {
            view.selection.extend(listed.rows[to..=from].iter().rev().take(MOST_SELECTED));
        }
        view.focused = view.selection.last().copied();
        let last = view.focused;
        if from.abs_diff(to) >= MOST_SELECTED {
            self.tell_limit();
        }
        if let Some(last) = last {
            self.bring_into_view(last);
        }
    }

    fn tell_limit(&mut self) {
        let text = format!("Selected {MOST_SELECTED} rows, the most that can be selected at once");
        self.effect(Effect::Toast(Tone::Good, text));
    }

    /// Goes from the focused row to another one; `extend` selects the rows between.
    pub(super) fn step_row(&mut self, step: Step, extend: bool) {
        let Some(listed) = self.session.tables.spans.listed.clone() else { return };
        let here = self.session.view.focused.and_then(|span| listed.row_of(span));
        let Some(row) = step.from(here, listed.rows.len()) else { return };
        if self.session.tables.spans.anchor.is_none() {
            self.session.tables.spans.anchor = self.session.view.focused;
        }
        self.pick_row(listed.rows[row], if extend { Pick::UpTo } else { Pick::Only });
    }

    pub(super) fn select_all_rows(&mut self) {
        let Some(listed) = self.session.tables.spans.listed.clone() else { return };
        self.session.view.selection = listed.rows.iter().copied().take(MOST_SELECTED).collect();
        self.session.view.focused = self.session.view.focused.or(listed.rows.first().copied());
        if listed.rows.len() > MOST_SELECTED {
            self.tell_limit();
        }
        self.keep_selected_rows();
    }

    /// Shows the statistics of a field.
    pub(super) fn show_statistics_by(&mut self, field: Field) {
        self.session.tables.statistics.field = field;
        self.apply_drawer(&crate::app::drawer::DrawerCommand::Show(crate::app::drawer::DrawerTab::Statistics));
    }
}
