//! A table of any number of rows: headings that sort, columns that keep their width, rows for mouse, keyboard and
//! screen readers. Only the rows and columns in view are laid out.

use std::collections::BTreeMap;
use std::ops::Range;

use egui::{
    Align, Color32, EventFilter, FontSelection, Id, Key, Label, Layout, Modifiers, Rect, RichText, Role, Sense,
    TextStyle, Ui, WidgetInfo, pos2, vec2,
};
use egui_table::{CellInfo, HeaderCellInfo, HeaderRow, PrefetchInfo, Table, TableDelegate};

use super::super::keys::list_id;
use super::super::tables::Step;
use super::columns;
use crate::scene::Theme;
use crate::scene::theme::mix;

/// A column.
pub struct GridColumn {
    /// Names the column in the settings.
    pub key: String,
    /// What its heading says.
    pub heading: String,
    /// What the heading explains.
    pub tooltip: String,
    /// Width in points of normal text, until it is dragged.
    pub width: f32,
    /// Headings of numbers stand at the right.
    pub is_number: bool,
}

/// A table as it is shown in this frame.
pub struct Grid<'a> {
    /// What a screen reader calls it.
    pub name: String,
    /// Left to right.
    pub columns: &'a [GridColumn],
    /// Number of rows.
    pub rows: usize,
    /// The column that rows are sorted by, and whether the largest come first.
    pub sorted: Option<(usize, bool)>,
    /// The row that the keyboard is on; it is scrolled into view when it changes.
    pub current: Option<usize>,
    /// Scrolls to `current` anew when this changes: other rows, another order.
    pub version: u64,
    /// Measures the contents anew when this changes.
    pub sampled: u64,
    /// Widths that were dragged.
    pub widths: &'a BTreeMap<String, f32>,
    /// Colours.
    pub theme: &'a Theme,
    /// Text scale.
    pub scale: f32,
}

/// What was done to a table.
pub enum GridEvent {
    /// A click on a heading.
    Sort(usize),
    /// A click on a row.
    Click(usize, Modifiers),
    /// A double click on a row.
    DoubleClick(usize),
    /// A key that moves; `true` with Shift.
    Step(Step, bool),
    /// Ctrl+A.
    SelectAll,
    /// Enter.
    Activate(Modifiers),
    /// Ctrl+C.
    Copy,
    /// Columns were dragged to these widths, in points of normal text.
    Widths(Vec<(String, f32)>),
}

/// What a table shows.
pub trait GridRows {
    /// True for a row that is marked.
    fn is_selected(&self, row: usize) -> bool;
    /// What a screen reader says about a row.
    fn row_name(&self, row: usize) -> String;
    /// Draws a cell.
    fn cell_ui(&self, ui: &mut Ui, row: usize, column: usize);
    /// The text of the cell in `column` of one of [`columns::SAMPLES`] rows that stand for all: columns grow by what
    /// they hold, as far as there is room. `None` for a column that need not grow, and where there are fewer rows.
    fn sample(&self, at: usize, column: usize) -> Option<String>;
    /// What a right click on a heading offers.
    fn heading_menu_ui(&mut self, _ui: &mut Ui, _column: usize) {}
    /// Takes what was done.
    fn on(&mut self, event: GridEvent);
}

/// How many rows a table shows at most: scrolling counts in `f32`, which tells no more positions apart.
pub const MOST_ROWS: usize = 12_000_000;
/// Left and right of the text of a cell.
pub const PADDING: f32 = 6.0;
/// Height of a row in points of normal text.
const ROW_HEIGHT: f32 = 21.0;
/// Where the number of cells that the last table laid out is kept, for a test.
#[must_use]
pub fn cells_id() -> Id {
    Id::unique("grid-cells")
}

/// Draws a table into the rest of `ui`.
pub fn grid_ui(ui: &mut Ui, grid: &Grid<'_>, rows: &mut impl GridRows) {
    let row_count = grid.rows.min(MOST_ROWS);
    let area = ui.available_rect_before_wrap();
    let row_height = row_height(row_count, ROW_HEIGHT * grid.scale);
    let focus = ui.interact(area, list_id(), Sense::focusable_noninteractive());
    focus.widget_info(|| WidgetInfo::labeled(Role::Table, true, &grid.name));
    if focus.has_focus() {
        keys_ui(ui, rows, (area.height() / row_height) as i64 - 2);
    }
    let table = Table::new().id_salt("grid").num_rows(row_count as u64).num_sticky_cols(0);
    let id = table.get_id(ui);
    let columns = columns::placed(ui, grid, rows, id, area.width());
    let header = HeaderRow::new(24.0 * grid.scale);
    let mut table = table.columns(columns).headers([header]);
    let seen_id = id.with("seen");
    let seen: Seen = ui.data(|data| data.get_temp(seen_id)).unwrap_or_default();
    if let Some(row) =
        grid.current.filter(|&row| row < row_count && (grid.current, grid.version) != (seen.current, seen.version))
    {
        let is_near = (seen.rows.start.saturating_sub(2)..seen.rows.end + 2).contains(&(row as u64));
        table = table.scroll_to_row(row as u64, (!is_near).then_some(Align::Center));
    }
    let mut delegate = Delegate { grid, rows, row_height, visible: 0..0, cells: 0 };
    table.show(ui, &mut delegate);
    let (visible, cells) = (delegate.visible, delegate.cells);
    ui.data_mut(|data| {
        data.insert_temp(seen_id, Seen { current: grid.current, version: grid.version, rows: visible });
        data.insert_temp(cells_id(), cells);
    });
}

/// What the last frame showed.
#[derive(Clone, Default)]
struct Seen {
    current: Option<usize>,
    version: u64,
    rows: Range<u64>,
}

/// The height of a row such that the top of each of at most [`MOST_ROWS`] rows is a number that `f32` holds exactly: from 16.7
/// million points on, not every whole number is one.
fn row_height(rows: usize, wanted: f32) -> f32 {
    let mut grain = 1.0;
    while grain < 1024.0
        && rows as f64 * f64::from(wanted + grain) > f64::from(grain) * f64::from(1 << f32::MANTISSA_DIGITS)
    {
        grain *= 2.0;
    }
    (wanted / grain).ceil() * grain
}

fn keys_ui(ui: &Ui, rows: &mut impl GridRows, page: i64) {
    ui.memory_mut(|memory| {
        let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
        memory.set_focus_lock_filter(list_id(), filter);
    });
    let steps = [
        (Key::ArrowUp, Step::By(-1)),
        (Key::ArrowDown, Step::By(1)),
        (Key::PageUp, Step::By(-page.max(1))),
        (Key::PageDown, Step::By(page.max(1))),
        (Key::Home, Step::First),
        (Key::End, Step::Last),
    ];
    let events = ui.input(|input| input.events.clone());
    for event in events {
        match event {
            egui::Event::Copy => rows.on(GridEvent::Copy),
            egui::Event::Key { key: Key::A, pressed: true, modifiers, .. } if modifiers.command => {
                rows.on(GridEvent::SelectAll);
            }
            egui::Event::Key { key: Key::Enter, pressed: true, modifiers, .. } => {
                rows.on(GridEvent::Activate(modifiers));
            }
            egui::Event::Key { key, pressed: true, modifiers, .. } if !modifiers.command && !modifiers.alt => {
                if let Some((_, step)) = steps.iter().find(|(of, _)| *of == key) {
                    rows.on(GridEvent::Step(*step, modifiers.shift));
                }
            }
            _ => {}
        }
    }
}

struct Delegate<'a, R> {
    grid: &'a Grid<'a>,
    rows: &'a mut R,
    row_height: f32,
    visible: Range<u64>,
    cells: usize,
}

impl<R: GridRows> TableDelegate for Delegate<'_, R> {
    fn prepare(&mut self, info: &PrefetchInfo) {
        self.visible = info.visible_rows.clone();
    }

    fn default_row_height(&self) -> f32 {
        self.row_height
    }

    fn header_cell_ui(&mut self, ui: &mut Ui, cell: &HeaderCellInfo) {
        let Some(column) = self.grid.columns.get(cell.col_range.start) else { return };
        let at = cell.col_range.start;
        let theme = self.grid.theme;
        let arrow = match self.grid.sorted {
            Some((sorted, is_descending)) if sorted == at => Some(if is_descending { "↓" } else { "↑" }),
            _ => None,
        };
        let rect = ui.max_rect();
        let response = ui.interact(rect, ui.scope_id().with("heading"), Sense::click());
        ui.painter().rect_filled(rect, 0.0, if response.hovered() { theme.control_hover } else { theme.control });
        let text = match arrow {
            Some(arrow) if column.is_number => format!("{arrow} {}", column.heading),
            Some(arrow) => format!("{} {arrow}", column.heading),
            None => column.heading.clone(),
        };
        let color = if arrow.is_some() { theme.text } else { theme.text_dim };
        let is_number = column.is_number;
        text_ui(ui, RichText::new(shortened(&text, MOST_CHARS)).color(color).strong(), is_number);
        response.widget_info(|| WidgetInfo::labeled(Role::ColumnHeader, true, &column.heading));
        if response.clicked() {
            self.rows.on(GridEvent::Sort(at));
        }
        if response.clicked_by(egui::PointerButton::Primary) {
            // After a click with the mouse, keys go to the rows.
            ui.memory_mut(|memory| memory.request_focus(list_id()));
        }
        response.context_menu(|ui| self.rows.heading_menu_ui(ui, at));
        response.on_hover_text(&column.tooltip);
    }

    fn row_ui(&mut self, ui: &mut Ui, row: u64) {
        let row = row as usize;
        let theme = self.grid.theme;
        let rect = ui.max_rect();
        // Pressing a button in the middle of the part in view is what tests and screen readers do.
        let in_view = rect.intersect(ui.clip_rect());
        if !in_view.is_positive() {
            // The region of the columns that stay in place: there are none.
            return;
        }
        let response = ui.interact(in_view, ui.scope_id().with("row"), Sense::CLICK);
        let is_selected = self.rows.is_selected(row);
        let fill = if is_selected {
            mix(theme.panel, theme.accent, 0.38)
        } else if response.hovered() {
            theme.control_hover
        } else if row.is_multiple_of(2) {
            mix(theme.panel, theme.control, 0.35)
        } else {
            theme.panel
        };
        let full = Rect::from_min_max(rect.min, pos2(ui.clip_rect().right(), rect.bottom()));
        ui.painter().rect_filled(full, 0.0, fill);
        response.widget_info(|| WidgetInfo::labeled(Role::Row, true, self.rows.row_name(row)));
        ui.accesskit_node_builder(response.id, |node| node.set_selected(is_selected));
        if response.clicked() {
            ui.memory_mut(|memory| memory.request_focus(list_id()));
            let modifiers = ui.input(|input| input.modifiers);
            self.rows.on(GridEvent::Click(row, modifiers));
        }
        if response.double_clicked() {
            self.rows.on(GridEvent::DoubleClick(row));
        }
    }

    fn cell_ui(&mut self, ui: &mut Ui, cell: &CellInfo) {
        self.cells += 1;
        self.rows.cell_ui(ui, cell.row_nr as usize, cell.col_nr);
    }
}

/// Characters of a cell that are laid out at most; a value may be megabytes long.
pub const MOST_CHARS: usize = 200;

/// The first `most` characters of `text`, and a sign that there are more.
pub fn shortened(text: &str, most: usize) -> std::borrow::Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]).into(),
    }
}

/// Draws one line of text into a cell, cut where it does not fit.
pub fn text_ui(ui: &mut Ui, text: RichText, is_number: bool) {
    let label = Label::new(text).selectable(false);
    if ui.is_sizing_pass() {
        ui.add_space(PADDING);
        ui.add(label.extend());
        ui.add_space(PADDING);
        return;
    }
    let layout = if is_number { Layout::right_to_left(Align::Center) } else { Layout::left_to_right(Align::Center) };
    let rect = ui.max_rect().shrink2(vec2(PADDING, 0.0));
    ui.scope_builder(egui::UiBuilder::new().max_rect(rect).layout(layout), |ui| ui.add(label.truncate()));
}

/// A number in a cell: at the right, every digit as wide as the others.
pub fn number_ui(ui: &mut Ui, text: &str, color: Color32) {
    let font = FontSelection::from(TextStyle::Monospace).resolve(ui.style());
    text_ui(ui, RichText::new(text).font(font).color(color), true);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_of_every_row_is_exact() {
        for (rows, expected) in [(0, 21.0), (1000, 21.0), (1_000_000, 22.0), (10_000_000, 32.0), (MOST_ROWS, 64.0)] {
            let height = row_height(rows, 21.0);
            assert_eq!(height, expected, "{rows}");
            for row in [rows / 3, rows.saturating_sub(2), rows.saturating_sub(1), rows] {
                let top = row as f32 * height;
                assert_eq!(f64::from(top), row as f64 * f64::from(height), "row {row} of {rows}");
                assert_eq!((row as f32 + 1.0) * height - top, height, "row {row} of {rows}");
            }
        }
    }
}
