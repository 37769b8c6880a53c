//! How wide the columns of a table are: as they were dragged, else as their contents need as far as there is room.

use egui::{FontSelection, Id, IdMap, TextStyle, Ui};
use egui_table::{Column, TableState};

use super::grid::{Grid, GridColumn, GridEvent, GridRows, PADDING};
use crate::app::theme::size;
use crate::scene::{Font, text};

/// Narrowest and widest column in points of normal text.
const WIDTHS: std::ops::RangeInclusive<f32> = 24.0..=2000.0;
/// How wide a column grows unasked, in points of normal text: farther apart, rows are hard to follow.
const MOST_GROWN: f32 = 620.0;
/// How many rows stand for all when contents are measured.
pub const SAMPLES: usize = 128;
/// Room of the arrow in the heading of the column that rows are sorted by, in points of normal text.
const ARROW: f32 = 16.0;

/// The columns of `grid` for a table called `id` that is `room` points wide. Says to `rows` which ones were dragged.
pub fn placed(ui: &Ui, grid: &Grid<'_>, rows: &mut impl GridRows, id: Id, room: f32) -> Vec<Column> {
    let room = room - ui.spacing().scroll.allocated_width() - 1.0;
    let needs = needs(ui, grid, rows, id);
    let widths = spread(grid, &needs, room);
    let dragged = remember(ui, grid, id, &widths);
    if !dragged.is_empty() {
        rows.on(GridEvent::Widths(dragged));
    }
    let range = WIDTHS.start() * grid.scale..=WIDTHS.end() * grid.scale;
    let column =
        |(column, width): (&GridColumn, f32)| Column::new(width).range(range.clone()).id(column_id(grid, column));
    grid.columns.iter().zip(widths).map(column).collect()
}

/// Another text scale is another column to the table, so that it forgets the old width.
fn column_id(grid: &Grid<'_>, column: &GridColumn) -> Id {
    Id::unique((&column.key, grid.scale.to_bits()))
}

/// The width that each column needs for its heading and its contents, in points.
fn needs(ui: &Ui, grid: &Grid<'_>, rows: &impl GridRows, id: Id) -> Vec<f32> {
    let keys: Vec<&str> = grid.columns.iter().map(|column| column.key.as_str()).collect();
    let version = Id::unique((grid.sampled, grid.scale.to_bits(), keys));
    let kept_id = id.with("needs");
    if let Some((of, needs)) = ui.data(|data| data.get_temp::<(Id, Vec<f32>)>(kept_id))
        && of == version
    {
        return needs;
    }
    let mono = FontSelection::from(TextStyle::Monospace).resolve(ui.style()).size;
    let needs: Vec<f32> = grid
        .columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let (font, points) =
                if column.is_number { (Font::Mono, mono) } else { (Font::Regular, size::BODY * grid.scale) };
            let cells = (0..SAMPLES).map_while(|sample| rows.sample(sample, at));
            let widest = cells.map(|cell| text::width(&cell, font, points)).fold(0.0, f32::max);
            let heading = text::width(&column.heading, Font::Regular, size::BODY * grid.scale) + ARROW * grid.scale;
            // Measured without kerning and hinting: a point more is no cut text.
            (widest.max(heading) * 1.02 + 2.0 * PADDING + 1.0).min(MOST_GROWN * grid.scale)
        })
        .collect();
    ui.data_mut(|data| data.insert_temp(kept_id, (version, needs.clone())));
    needs
}

/// The widths: what was dragged, else what is usual, and of the room that is left what contents need.
fn spread(grid: &Grid<'_>, needs: &[f32], room: f32) -> Vec<f32> {
    let dragged = |column: &GridColumn| grid.widths.get(&column.key).copied();
    let usual: Vec<f32> =
        grid.columns.iter().map(|column| dragged(column).unwrap_or(column.width) * grid.scale).collect();
    let wants = |at: usize| match (grid.columns.get(at).and_then(dragged), needs.get(at)) {
        (None, Some(needs)) => (needs - usual[at]).max(0.0),
        _ => 0.0,
    };
    let wanted: f32 = (0..usual.len()).map(wants).sum();
    let left = room - usual.iter().sum::<f32>();
    let share = if wanted > 0.0 { (left / wanted).clamp(0.0, 1.0) } else { 0.0 };
    // The table asks for widths that add up without rounding.
    usual.iter().enumerate().map(|(at, usual)| ((usual + wants(at) * share) * 4.0).floor() / 4.0).collect()
}

/// Tells the table its `widths`, unless a column is being dragged. Returns the columns that were, in points of normal
/// text.
fn remember(ui: &Ui, grid: &Grid<'_>, id: Id, widths: &[f32]) -> Vec<(String, f32)> {
    // Without a state the table would size its columns by what the first rows hold.
    let mut state = TableState::load(ui, id).unwrap_or_default();
    // The name that the table gives to the handle of a column.
    let handle = |column: &GridColumn| ui.read_response(id.with(column_id(grid, column)).with("resize"));
    let is_held = grid.columns.iter().filter_map(handle).any(|handle| handle.is_pointer_button_down_on());
    if is_held {
        return Vec::new();
    }
    let told_id = id.with("told");
    let told: IdMap<f32> = ui.data(|data| data.get_temp(told_id)).unwrap_or_default();
    let mut dragged = Vec::new();
    for (column, width) in grid.columns.iter().zip(widths) {
        let of = column_id(grid, column);
        match (state.col_widths.get(&of), told.get(&of)) {
            (Some(now), Some(before)) if (now - before).abs() > 0.5 => {
                let points = (now / grid.scale).clamp(*WIDTHS.start(), *WIDTHS.end());
                dragged.push((column.key.clone(), points));
            }
            _ => {
                state.col_widths.insert(of, *width);
            }
        }
    }
    ui.data_mut(|data| data.insert_temp(told_id, state.col_widths.clone()));
    state.store(ui, id);
    dragged
}
