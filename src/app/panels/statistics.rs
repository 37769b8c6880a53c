//! Statistics: one row per value of a field, with counts, times and failures.

use std::sync::Arc;

use egui::{Align, Button, Layout, Rect, RichText, Sense, Ui, vec2};
use strum::IntoEnumIterator as _;

use super::super::command::{Command, Queue};
use super::super::state::State;
use super::super::tables::{Counted, StatCommand, StatOrder, TableCommand, Which};
use super::super::workspace::Workspace;
use super::chooser;
use super::columns::SAMPLES;
use super::grid::{Grid, GridColumn, GridEvent, GridRows, MOST_CHARS, grid_ui, number_ui, shortened, text_ui};
use super::table::{only_ui, write_ui};
use super::widgets::{counted, grouped};
use crate::analysis::search::Field;
use crate::analysis::statistics::{Group, StatColumn};
use crate::analysis::table::Column;
use crate::scene::Theme;

fn push(queue: &mut Queue, command: StatCommand) {
    queue.push(Command::Table(TableCommand::Statistics(command)));
}

/// The tab.
pub fn statistics_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let Some(data) = &state.data else { return };
    let table = &state.session.tables.statistics;
    let theme = state.theme().theme();
    ui.horizontal(|ui| {
        ui.label(RichText::new("by").weak().small());
        for field in [Field::Name, Field::Service, Field::Clock, Field::Kind, Field::Status] {
            let text = RichText::new(Column::Field(field.clone()).heading(false)).small();
            if ui.add(Button::selectable(table.field == field, text)).clicked() {
                push(queue, StatCommand::By(field));
            }
        }
        chooser::group_by_ui(ui, state, queue);
        ui.add_space(8.0);
        if let Some(only) = only_ui(ui, state, table.only) {
            push(queue, StatCommand::Only(only));
        }
        if table.is_busy() {
            ui.label(RichText::new("counting…").weak());
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            write_ui(ui, Which::Statistics, 0, queue);
            if let Some(known) = &table.counted {
                let text = whole_text(known);
                ui.add(egui::Label::new(RichText::new(text).weak().small()).truncate());
            }
        });
    });
    let Some(known) = &table.counted else {
        ui.label(RichText::new("Counting…").weak());
        return;
    };
    if known.statistics.groups.is_empty() {
        ui.add_space(10.0);
        ui.label(RichText::new("No span passes all of these switches: there is nothing to count.").weak());
        return;
    }
    grid_of(ui, state, data, known, theme, queue);
}

fn grid_of(ui: &mut Ui, state: &State, data: &Workspace, known: &Arc<Counted>, theme: &Theme, queue: &mut Queue) {
    let statistics = &known.statistics;
    let shown: Vec<Shown> = shown_columns(known.order());
    let columns: Vec<GridColumn> = shown.iter().map(|column| grid_column(*column, &statistics.field)).collect();
    let sorted = shown.iter().position(|column| *column == Shown::Of(known.order().column));
    let grid = Grid {
        name: format!("Statistics, {}", counted(statistics.groups.len() as u64, "row")),
        columns: &columns,
        rows: statistics.groups.len(),
        sorted: sorted.map(|at| (at, known.order().is_descending)),
        current: state.session.tables.statistics.cursor,
        version: Arc::as_ptr(known).addr() as u64,
        sampled: Arc::as_ptr(known).addr() as u64 ^ statistics.groups.len() as u64,
        widths: &state.settings.tables.widths,
        theme,
        scale: state.settings.text_scale,
    };
    let searched = (!state.session.view.query.is_empty()).then_some(state.session.view.query.as_str());
    let mut rows = Groups { state, data, known, shown, theme, searched, queue };
    grid_ui(ui, &grid, &mut rows);
}

fn whole_text(known: &Counted) -> String {
    let statistics = &known.statistics;
    let missing = statistics.groups.iter().find(|group| group.label.is_none());
    let values = statistics.groups.len() - usize::from(missing.is_some());
    let mut text = format!("{} in {}", counted(statistics.whole.count, "span"), counted(values as u64, "value"));
    if let Some(missing) = missing {
        text = format!("{text} · {} without any", grouped(missing.count));
    }
    text
}

/// A column: one of the numbers, or the bar.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Of(StatColumn),
    /// The share of the whole, of the number that is sorted by.
    Share(StatColumn),
}

fn shown_columns(order: StatOrder) -> Vec<Shown> {
    let share = match order.column {
        StatColumn::Count | StatColumn::SelfTime | StatColumn::Errors | StatColumn::Untimed => order.column,
        _ => StatColumn::Total,
    };
    let mut columns: Vec<Shown> = StatColumn::iter().map(Shown::Of).collect();
    columns.insert(1, Shown::Share(share));
    columns
}

fn grid_column(shown: Shown, field: &Field) -> GridColumn {
    let (key, heading, width, tooltip) = match shown {
        Shown::Share(of) => {
            let tooltip = "Of all spans that count here. Spans inside each other are each counted in full, so that totals are more than the time that passed.";
            ("share".to_owned(), format!("share of {}", name(of)), 136.0, tooltip)
        }
        Shown::Of(column) => {
            let heading = match column {
                StatColumn::Value => Column::Field(field.clone()).heading(false),
                column => name(column).to_owned(),
            };
            let (width, tooltip) = match column {
                StatColumn::Value => (220.0, "The value. (none) are the spans that have none."),
                StatColumn::Count => (64.0, "Number of spans."),
                StatColumn::Total => (84.0, "Durations added up."),
                StatColumn::SelfTime => (84.0, "Self times added up."),
                StatColumn::P50 => (76.0, "Half of the spans took no longer."),
                StatColumn::P95 => (76.0, "95 of 100 spans took no longer."),
                StatColumn::Max => (76.0, "The longest one."),
                StatColumn::Errors => (62.0, "Spans whose status is error."),
                StatColumn::Untimed => {
                    (96.0, "Spans that are open, or end before they start: they count, but take no part in times.")
                }
            };
            (format!("by.{column}"), heading, width, tooltip)
        }
    };
    let is_number = !matches!(shown, Shown::Of(StatColumn::Value) | Shown::Share(_));
    GridColumn { key, heading, tooltip: format!("{tooltip} Click to sort."), width, is_number }
}

const fn name(column: StatColumn) -> &'static str {
    match column {
        StatColumn::Value => "value",
        StatColumn::Count => "count",
        StatColumn::Total => "total",
        StatColumn::SelfTime => "self",
        StatColumn::P50 => "p50",
        StatColumn::P95 => "p95",
        StatColumn::Max => "max",
        StatColumn::Errors => "errors",
        StatColumn::Untimed => "no duration",
    }
}

struct Groups<'a> {
    state: &'a State,
    data: &'a Workspace,
    known: &'a Counted,
    shown: Vec<Shown>,
    theme: &'a Theme,
    /// The query of the search.
    searched: Option<&'a str>,
    queue: &'a mut Queue,
}

impl Groups<'_> {
    fn group(&self, row: usize) -> Option<&Group> {
        self.known.statistics.groups.get(row)
    }

    fn value(&self, group: &Group) -> String {
        match group.label {
            None => "(none)".to_owned(),
            Some(label) => match label.text(&self.data.store, &self.data.domains) {
                text if text.is_empty() => "(empty)".to_owned(),
                text => shortened(&text, MOST_CHARS).into_owned(),
            },
        }
    }

    /// What a cell of numbers says.
    fn number(&self, group: &Group, column: StatColumn) -> String {
        let is_count = is_count(column);
        match group.number(column) {
            Some(number) if is_count => grouped(u64::try_from(number).unwrap_or(0)),
            // No span of the group has a duration.
            _ if !is_count && group.untimed == group.count => "unknown".to_owned(),
            _ => group.cell(&self.data.store, &self.data.domains, column, false),
        }
    }

    fn share_ui(&self, ui: &mut Ui, group: &Group, of: StatColumn) {
        let whole = self.known.statistics.whole.number(of).unwrap_or(0);
        let part = group.number(of).unwrap_or(0);
        let share = if whole > 0 { (part as f64 / whole as f64) as f32 } else { 0.0 };
        let rect = ui.max_rect().shrink2(vec2(6.0, 5.0));
        let (bar, text) = rect.split_left_right_at_fraction(0.6);
        ui.allocate_rect(rect, Sense::hover());
        ui.painter().rect_filled(bar, 2.0, self.theme.control);
        let color = if of == StatColumn::Errors { self.theme.error } else { self.theme.overview };
        let width = (bar.width() * share.clamp(0.0, 1.0)).max(if part > 0 { 1.0 } else { 0.0 });
        ui.painter().rect_filled(Rect::from_min_size(bar.min, vec2(width, bar.height())), 2.0, color);
        let percent = match share * 100.0 {
            percent if part > 0 && percent < 0.1 => "< 0.1 %".to_owned(),
            percent => format!("{percent:.1} %"),
        };
        let font = egui::TextStyle::Monospace.resolve(ui.style());
        ui.painter().text(text.right_center(), egui::Align2::RIGHT_CENTER, percent, font, self.theme.text_dim);
    }
}

const fn is_count(column: StatColumn) -> bool {
    matches!(column, StatColumn::Count | StatColumn::Errors | StatColumn::Untimed)
}

impl GridRows for Groups<'_> {
    fn is_selected(&self, row: usize) -> bool {
        let is_searched = |group: &Group| {
            let query = || self.known.statistics.query(&self.data.store, &self.data.domains, group);
            self.searched.is_some_and(|searched| query().to_string() == searched)
        };
        self.state.session.tables.statistics.cursor == Some(row) || self.group(row).is_some_and(is_searched)
    }

    fn row_name(&self, row: usize) -> String {
        let Some(group) = self.group(row) else { return String::new() };
        format!("{}, {}", self.value(group), counted(group.count, "span"))
    }

    fn cell_ui(&self, ui: &mut Ui, row: usize, column: usize) {
        let (Some(group), Some(shown)) = (self.group(row), self.shown.get(column)) else { return };
        match *shown {
            Shown::Of(StatColumn::Value) => {
                let color = if group.label.is_some() { self.theme.text } else { self.theme.text_dim };
                text_ui(ui, RichText::new(self.value(group)).color(color), false);
            }
            Shown::Of(column) => {
                let is_count = is_count(column);
                let color = match column {
                    StatColumn::Errors if group.errors > 0 => self.theme.error,
                    StatColumn::Errors | StatColumn::Untimed => self.theme.text_dim,
                    _ if !is_count && group.untimed == group.count => self.theme.text_dim,
                    _ => self.theme.text,
                };
                number_ui(ui, &self.number(group, column), color);
            }
            Shown::Share(of) => self.share_ui(ui, group, of),
        }
    }

    fn sample(&self, at: usize, column: usize) -> Option<String> {
        let all = self.known.statistics.groups.len();
        let samples = all.min(SAMPLES);
        let group = (at < samples).then(|| self.group(at * all / samples))??;
        match *self.shown.get(column)? {
            Shown::Of(StatColumn::Value) => Some(self.value(group)),
            Shown::Of(column) => Some(self.number(group, column)),
            Shown::Share(_) => None,
        }
    }

    fn on(&mut self, event: GridEvent) {
        let command = match event {
            GridEvent::Sort(column) => match self.shown.get(column) {
                Some(Shown::Of(column) | Shown::Share(column)) => StatCommand::Sort(*column),
                None => return,
            },
            GridEvent::Click(row, held) => StatCommand::Pick { row, narrow: held.command },
            GridEvent::Activate(held) => match self.state.session.tables.statistics.cursor {
                Some(row) => StatCommand::Pick { row, narrow: held.command },
                None => return,
            },
            GridEvent::Step(step, _) => StatCommand::Step(step),
            GridEvent::Copy => {
                self.queue.push(Command::Table(TableCommand::Copy(Which::Statistics)));
                return;
            }
            GridEvent::Widths(widths) => {
                self.queue.push(Command::Table(TableCommand::Widths(widths)));
                return;
            }
            GridEvent::DoubleClick(_) | GridEvent::SelectAll => return,
        };
        push(self.queue, command);
    }
}
