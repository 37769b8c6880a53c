//! The span table: one row per span, in the order and with the columns that the user chose.

use std::cell::Cell;
use std::sync::Arc;

use egui::{Align, Align2, Button, Color32, Layout, Rect, RichText, Sense, TextStyle, Ui, UiBuilder, vec2};

use super::super::command::{Command, Queue};
use super::super::state::State;
use super::super::tables::{Listed, MOST_PER_FRAME, Only, Pick, StatCommand, TableCommand, Which};
use super::super::workspace::Workspace;
use super::chooser;
use super::columns::SAMPLES;
use super::grid::{
    Grid, GridColumn, GridEvent, GridRows, MOST_CHARS, MOST_ROWS, grid_ui, number_ui, shortened, text_ui,
};
use super::widgets::{counted, grouped};
use crate::analysis::row_order::Doubt;
use crate::analysis::search::Field;
use crate::analysis::table::{Column, Rows};
use crate::model::{SpanFlags, SpanIx, Status};
use crate::scene::Theme;

/// Room for the mark of a row whose order is not known, in points of normal text.
const DOUBT_WIDTH: f32 = 18.0;

fn push(queue: &mut Queue, command: TableCommand) {
    queue.push(Command::Table(command));
}

/// The tab.
pub fn table_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let (Some(data), Some(listed)) = (&state.data, &state.session.tables.spans.listed) else {
        ui.label(RichText::new("Sorting…").weak());
        return;
    };
    let theme = state.theme().theme();
    ui.horizontal(|ui| {
        ui.label(RichText::new(counts_text(data, listed)).strong());
        if listed.rows.len() > MOST_ROWS {
            let text = format!("the first {} are shown: sort or search to see others", grouped(MOST_ROWS as u64));
            ui.label(RichText::new(text).color(theme.warning));
        }
        if state.session.tables.spans.is_busy() {
            ui.label(RichText::new("sorting…").weak());
        }
        ui.add_space(8.0);
        let only = state.session.tables.spans.only;
        if let Some(only) = only_ui(ui, state, only) {
            push(queue, TableCommand::Only(only));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            write_ui(ui, Which::Spans, selected_rows(state, listed), queue);
            chooser::columns_ui(ui, state, queue);
        });
    });
    if listed.rows.is_empty() {
        empty_ui(ui, state, queue);
        return;
    }
    let columns: Vec<GridColumn> = state.settings.tables.columns.iter().map(grid_column).collect();
    let order = listed.order();
    let sorted = state.settings.tables.columns.iter().position(|column| *column == order.column);
    let grid = Grid {
        name: format!("Span table, {}", counted(listed.rows.len() as u64, "row")),
        columns: &columns,
        rows: listed.rows.len(),
        sorted: sorted.map(|at| (at, order.is_descending)),
        current: state.session.view.focused.and_then(|span| listed.row_of(span)),
        version: Arc::as_ptr(listed).addr() as u64,
        sampled: Arc::as_ptr(&data.store).addr() as u64 ^ data.store.len() as u64,
        widths: &state.settings.tables.widths,
        theme,
        scale: state.settings.text_scale,
    };
    let budget = Cell::new(MOST_PER_FRAME);
    let mut spans = Spans { state, data, listed, cells: listed.cells(data), budget, theme, queue };
    grid_ui(ui, &grid, &mut spans);
    if spans.budget.get() == 0 {
        // Rows may still wait for their marks.
        ui.ctx().request_repaint();
    }
}

fn counts_text(data: &Workspace, listed: &Listed) -> String {
    let all = data.store.len();
    if listed.rows.len() == all {
        return counted(all as u64, "span");
    }
    format!("{} of {}", grouped(listed.rows.len() as u64), counted(all as u64, "span"))
}

/// How many of the selected spans are rows of the table.
fn selected_rows(state: &State, listed: &Listed) -> usize {
    state.session.view.selection.iter().filter(|&&span| listed.row_of(span).is_some()).count()
}

/// The switches that say which spans count; the new ones after a click.
pub fn only_ui(ui: &mut Ui, state: &State, only: Only) -> Option<Only> {
    let search = &state.session.search;
    let has_search = search.hits.is_some();
    let hits = match &search.hits {
        Some(hits) => format!("Search hits ({})", grouped(hits.len() as u64)),
        None => "Search hits".to_owned(),
    };
    let mut new = only;
    let switch = |ui: &mut Ui, text: &str, tip: &str, is_on: bool, is_usable: bool| {
        let button = Button::selectable(is_on && is_usable, RichText::new(text).small());
        ui.add_enabled(is_usable, button)
            .on_hover_text(tip)
            .on_disabled_hover_text("Nothing is searched for  (/)")
            .clicked()
    };
    ui.label(RichText::new("only").weak().small());
    if switch(ui, &hits, "Only the spans that the search found", only.hits, has_search) {
        new.hits = !only.hits;
    }
    if switch(ui, "Time in view", "Only spans that reach into the time on the canvas", only.in_view, true) {
        new.in_view = !only.in_view;
    }
    let tip = "Only the spans that are selected. Clicks in this table do not shorten it.";
    if switch(ui, "Selected", tip, only.selected, true) {
        new.selected = !only.selected;
    }
    (new != only).then_some(new)
}

/// The buttons that copy and export a table.
pub fn write_ui(ui: &mut Ui, which: Which, selected: usize, queue: &mut Queue) {
    if ui.button("Export CSV…").on_hover_text("Writes all rows to a file; times are raw nanoseconds").clicked() {
        push(queue, TableCommand::ExportPanel(which));
    }
    let text = match selected {
        0 => "Copy all".to_owned(),
        1 => "Copy 1 row".to_owned(),
        rows => format!("Copy {} rows", grouped(rows as u64)),
    };
    if ui.button(text).on_hover_text("Tab-separated, for a spreadsheet; times are raw nanoseconds").clicked() {
        push(queue, TableCommand::Copy(which));
    }
}

fn empty_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    ui.add_space(10.0);
    let only = state.session.tables.spans.only;
    let why = if only.selected && state.session.view.selection.is_empty() {
        "No span is selected. Click spans on the canvas, or show all of them."
    } else if state.data.as_ref().is_some_and(|data| data.store.is_empty()) {
        "The files hold no span; Diagnostics says what they hold."
    } else {
        "No span passes all of these switches."
    };
    ui.label(RichText::new(why).weak());
    if only != Only::default() && ui.button("Show all spans").clicked() {
        push(queue, TableCommand::Only(Only::default()));
    }
}

fn grid_column(column: &Column) -> GridColumn {
    let (width, tooltip) = match column {
        Column::Field(Field::Name) => (230.0, "What the span is called."),
        Column::Field(Field::Service) => (120.0, "service.name of its resource."),
        Column::Field(Field::Clock) => (120.0, "The clock that stamped it."),
        Column::Field(Field::Kind) => (74.0, "Its role in a call."),
        Column::Field(Field::Status) => (62.0, "ok, error, or unset: not stated."),
        Column::Field(Field::Trace) => (220.0, "Trace id."),
        Column::Field(_) => (140.0, "The span's own attribute, else its resource's, else its scope's."),
        Column::Id => (130.0, "Span id."),
        Column::Reference => (
            240.0,
            "Start as the reference clock would show it: an estimate, and how far it may be off. Clocks that nothing connects with it come last; ↕ marks rows of which nobody knows whether they come after the one above.",
        ),
        Column::Start => (
            226.0,
            "What its own clock said, UTC. Starts of different clocks are compared as they stand; ↕ marks rows of which nobody knows whether they come after the one above, ⚠ those that do not.",
        ),
        Column::Duration => {
            (112.0, "End minus start on its own clock. Unknown durations come last in both directions.")
        }
        Column::SelfTime => (96.0, "Duration without the time in which children on the same clock ran."),
        Column::Attributes => (76.0, "Number of attributes of its own."),
        Column::Events => (62.0, "Number of events."),
        Column::Offset => (
            96.0,
            "Where it stands in its file, in bytes: once unpacked, and of the JSON made of it where it held none.",
        ),
    };
    let tooltip = format!("{tooltip} Click to sort, right click for more.");
    GridColumn {
        key: column.to_string(),
        heading: column.heading(false),
        tooltip,
        width,
        is_number: column.is_number(),
    }
}

struct Spans<'a> {
    state: &'a State,
    data: &'a Workspace,
    listed: &'a Listed,
    cells: Rows<'a>,
    /// Rows whose order against the one above may still be worked out in this frame.
    budget: Cell<usize>,
    theme: &'a Theme,
    queue: &'a mut Queue,
}

impl Spans<'_> {
    fn span(&self, row: usize) -> Option<SpanIx> {
        self.listed.rows.get(row).copied()
    }

    fn column(&self, column: usize) -> Option<&Column> {
        self.state.settings.tables.columns.get(column)
    }

    /// What is doubtful about the order of `row` and the one above, as far as that is worked out.
    fn doubt(&self, row: usize) -> Option<Doubt> {
        let mut budget = self.budget.get();
        let doubt = self.listed.doubt(self.data, self.state.known()?, row, &mut budget);
        self.budget.set(budget);
        doubt.ok()?
    }

    /// The mark at the left of a time by which rows are sorted.
    fn doubt_ui(&self, ui: &Ui, doubt: &Doubt) {
        let (mark, color) = if doubt.is_wrong { ("⚠", self.theme.warning) } else { ("↕", self.theme.text_dim) };
        let cell = ui.max_rect();
        let place = Rect::from_min_size(cell.min, vec2(DOUBT_WIDTH * self.state.settings.text_scale, cell.height()));
        let font = TextStyle::Body.resolve(ui.style());
        ui.painter().text(place.center(), Align2::CENTER_CENTER, mark, font, color);
        let response = ui.interact(place, ui.scope_id().with("doubt"), Sense::hover());
        response.on_hover_text(doubt.sentence());
    }

    fn color(&self, span: SpanIx, column: &Column, is_known: bool) -> Color32 {
        let flags = self.data.store.span(span).flags();
        match column {
            Column::Field(Field::Status) => match self.data.store.span(span).status() {
                Status::Error => self.theme.error,
                Status::Ok => self.theme.good,
                Status::Unset => self.theme.text_dim,
            },
            Column::Field(Field::Name) if flags.has(SpanFlags::ERROR) => self.theme.error,
            Column::Duration if flags.has(SpanFlags::END_BEFORE_START) => self.theme.warning,
            column if column.is_number() && !is_known => self.theme.text_dim,
            _ => self.theme.text,
        }
    }
}

impl GridRows for Spans<'_> {
    fn is_selected(&self, row: usize) -> bool {
        self.span(row).is_some_and(|span| self.state.session.view.selection.contains(&span))
    }

    fn row_name(&self, row: usize) -> String {
        let Some(span) = self.span(row) else { return String::new() };
        let cell = |column| self.cells.cell(span, &column, false);
        let name = cell(Column::Field(Field::Name));
        let doubt = self.doubt(row).map_or_else(String::new, |doubt| format!("; {}", doubt.words()));
        format!("Row {}: {}, {}{doubt}", row + 1, shortened(&name, MOST_CHARS), cell(Column::Duration))
    }

    fn cell_ui(&self, ui: &mut Ui, row: usize, column: usize) {
        let (Some(span), Some(column)) = (self.span(row), self.column(column)) else { return };
        let cell = self.cells.cell(span, column, false);
        let color = self.color(span, column, self.cells.number(span, column).is_some());
        let doubt = if *column == self.listed.order().column { self.doubt(row) } else { None };
        if let Some(doubt) = doubt {
            self.doubt_ui(ui, &doubt);
            let mut rest = ui.max_rect();
            rest.min.x += DOUBT_WIDTH * self.state.settings.text_scale - 4.0;
            ui.scope_builder(UiBuilder::new().max_rect(rest), |ui| number_ui(ui, &cell, color));
        } else if column.is_number() {
            number_ui(ui, &cell, color);
        } else {
            text_ui(ui, RichText::new(shortened(&cell, MOST_CHARS)).color(color), false);
        }
    }

    fn sample(&self, at: usize, column: usize) -> Option<String> {
        // Of all spans, whichever are listed and in which order: sorting does not move columns.
        let all = self.data.store.len();
        let samples = all.min(SAMPLES);
        let span = (at < samples).then(|| SpanIx((at * all / samples) as u32))?;
        let cell = self.cells.cell(span, self.column(column)?, false);
        Some(shortened(&cell, MOST_CHARS).into_owned())
    }

    fn heading_menu_ui(&mut self, ui: &mut Ui, at: usize) {
        let columns = &self.state.settings.tables.columns;
        let Some(column) = columns.get(at) else { return };
        if let Column::Field(field) = column
            && ui.button(format!("Statistics by {}", column.heading(false))).clicked()
        {
            push(self.queue, TableCommand::Statistics(StatCommand::By(field.clone())));
        }
        for (text, to) in
            [("Move left", at.checked_sub(1)), ("Move right", Some(at + 1).filter(|&to| to < columns.len()))]
        {
            if ui.add_enabled(to.is_some(), Button::new(text)).clicked()
                && let Some(to) = to
            {
                let mut columns = columns.clone();
                columns.swap(at, to);
                push(self.queue, TableCommand::Columns(columns));
            }
        }
        if ui.add_enabled(columns.len() > 1, Button::new("Hide column")).clicked() {
            let mut columns = columns.clone();
            columns.remove(at);
            push(self.queue, TableCommand::Columns(columns));
        }
    }

    fn on(&mut self, event: GridEvent) {
        let command = match event {
            GridEvent::Sort(column) => self.column(column).cloned().map(TableCommand::Sort),
            GridEvent::Click(row, held) => self.span(row).map(|span| {
                let pick = match (held.shift, held.command) {
                    (true, _) => Pick::UpTo,
                    (false, true) => Pick::Toggle,
                    (false, false) => Pick::Only,
                };
                TableCommand::Pick(span, pick)
            }),
            GridEvent::DoubleClick(row) => {
                if let Some(span) = self.span(row) {
                    self.queue.push(Command::ZoomToSpan(span));
                }
                None
            }
            GridEvent::Step(step, extend) => Some(TableCommand::Step { step, extend }),
            GridEvent::SelectAll => Some(TableCommand::SelectAll),
            GridEvent::Activate(_) => {
                self.queue.push(Command::ZoomToSelection);
                None
            }
            GridEvent::Copy => Some(TableCommand::Copy(Which::Spans)),
            GridEvent::Widths(widths) => Some(TableCommand::Widths(widths)),
        };
        if let Some(command) = command {
            push(self.queue, command);
        }
    }
}
