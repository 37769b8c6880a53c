//! The help: all commands with their keys, generated from the command table.

use egui::{Key, Label, Modal, RichText, ScrollArea, Ui, vec2};
use strum::IntoEnumIterator as _;

use super::super::bindings::Bindings;
use super::super::command::{Category, Command, MOUSE, Queue};
use super::super::state::State;
use super::super::theme::size;
use crate::scene::{Font, text};

/// Points between keys and what they do, and between columns, at normal text.
const GAP: f32 = 14.0;
const COLUMN_GAP: f32 = 30.0;
/// Points from line to line, and below a block, at normal text.
const LINE: f32 = 18.0;
const BELOW_BLOCK: f32 = 10.0;
/// More columns are not easier to read.
const MOST_COLUMNS: usize = 5;

/// Lines under one heading.
struct Block {
    heading: String,
    /// Keys or gesture, what it does, and more about it.
    lines: Vec<(String, &'static str, Option<&'static str>)>,
    /// Points at normal text that the keys need, and the whole.
    keys: f32,
    width: f32,
}

impl Block {
    fn new(heading: String, lines: Vec<(String, &'static str, Option<&'static str>)>) -> Self {
        let widest = |widths: &mut dyn Iterator<Item = f32>| widths.fold(0.0, f32::max);
        let keys = widest(&mut lines.iter().map(|(keys, ..)| text::width(keys, Font::Mono, size::BODY - 1.8)));
        let said = widest(&mut lines.iter().map(|(_, said, _)| text::width(said, Font::Regular, size::BODY)));
        // Measured without hinting: a few points more are no cut text.
        Self { heading, width: (keys + GAP + said) * 1.02 + 4.0, keys: keys * 1.02 + 2.0, lines }
    }

    /// Points at normal text, with the space below.
    fn height(&self) -> f32 {
        (self.lines.len() + 1) as f32 * LINE + BELOW_BLOCK
    }
}

/// The overlay, when it is open.
pub fn help_ui(ui: &Ui, state: &State, queue: &mut Queue) {
    if !state.session.help_open {
        return;
    }
    let scale = state.settings.text_scale;
    let modal = Modal::new(egui::Id::unique("help")).show(ui.ctx(), |ui| {
        let room = ui.ctx().content_rect().size() - vec2(60.0, 60.0);
        let blocks = blocks(&Bindings::published(ui.ctx()));
        let head = 60.0 * scale;
        let columns = columns(&blocks, (room - vec2(0.0, head)) / scale);
        let width = (columns_width(&columns) * scale + 12.0).min(room.x);
        ui.set_width(width);
        ui.horizontal(|ui| {
            ui.heading("Keyboard and mouse");
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if ui.button("Close").clicked() {
                    queue.push(Command::ToggleHelp);
                }
                if ui.button("Change keys…").clicked() {
                    queue.push(Command::ToggleHelp);
                    queue.push(Command::KeysPanel);
                }
            });
        });
        ui.add_space(6.0);
        // The overlay remembers its height from when it was opened before, perhaps in a smaller window.
        let height = columns.iter().map(|blocks| column_height(blocks)).fold(0.0, f32::max) * scale;
        let height = height.min(room.y - head);
        ScrollArea::both().max_height(height).min_scrolled_height(height).auto_shrink([false, true]).show(ui, |ui| {
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = COLUMN_GAP * scale;
                for blocks in &columns {
                    let width = column_width(blocks) * scale;
                    ui.vertical(|ui| {
                        ui.set_width(width);
                        blocks.iter().for_each(|block| block_ui(ui, block, scale));
                    });
                }
            });
        });
        ui.label(
            RichText::new(
                "Letters are bound by their place on the keyboard: W A S D stay together on AZERTY and Dvorak.",
            )
            .weak()
            .small(),
        );
    });
    let closed_by_key = ui.ctx().input(|input| input.key_pressed(Key::Escape));
    if modal.backdrop_response.clicked() && !closed_by_key {
        queue.push(Command::ToggleHelp);
    }
}

/// Everything that keys and mouse do.
fn blocks(bindings: &Bindings) -> Vec<Block> {
    let of_category = |category: Category| {
        let entries = bindings.iter().filter(|(entry, _)| entry.category == category);
        let lines = entries.map(|(entry, keys)| {
            let keys = if keys.is_empty() { "menu".to_owned() } else { super::super::keys::text_of(keys) };
            (keys, entry.title, Some(entry.tooltip))
        });
        Block::new(category.to_string(), lines.collect())
    };
    let mut blocks: Vec<Block> = Category::iter().map(of_category).filter(|block| !block.lines.is_empty()).collect();
    let mouse = MOUSE.iter().map(|(gesture, effect)| ((*gesture).to_owned(), *effect, None));
    blocks.push(Block::new("Mouse".to_owned(), mouse.collect()));
    blocks
}

/// The blocks in their order, in as few columns as `room` is high enough for, but no more than it is wide enough for.
fn columns(blocks: &[Block], room: egui::Vec2) -> Vec<&[Block]> {
    let mut best = vec![blocks];
    for count in 2..=MOST_COLUMNS {
        if best.iter().all(|blocks| column_height(blocks) <= room.y) {
            break;
        }
        let next = balanced(blocks, count);
        if columns_width(&next) > room.x {
            break;
        }
        best = next;
    }
    best
}

/// The blocks in at most `count` columns of which the highest is as low as can be.
fn balanced(blocks: &[Block], count: usize) -> Vec<&[Block]> {
    let filled = |most: f32| {
        let (mut columns, mut from) = (Vec::new(), 0);
        for to in 1..=blocks.len() {
            if to > from + 1 && column_height(&blocks[from..to]) > most {
                columns.push(&blocks[from..to - 1]);
                from = to - 1;
            }
        }
        columns.push(&blocks[from..]);
        columns
    };
    // Every height that a column can have is the height of some run of blocks.
    let runs = (0..blocks.len()).flat_map(|from| (from + 1..=blocks.len()).map(move |to| &blocks[from..to]));
    let mut heights: Vec<f32> = runs.map(column_height).collect();
    heights.sort_by(f32::total_cmp);
    heights.into_iter().map(filled).find(|columns| columns.len() <= count).unwrap_or_else(|| vec![blocks])
}

fn column_height(blocks: &[Block]) -> f32 {
    blocks.iter().map(Block::height).sum()
}

fn column_width(blocks: &[Block]) -> f32 {
    blocks.iter().map(|block| block.width).fold(0.0, f32::max)
}

fn columns_width(columns: &[&[Block]]) -> f32 {
    let gaps = columns.len().saturating_sub(1) as f32 * COLUMN_GAP;
    columns.iter().map(|blocks| column_width(blocks)).sum::<f32>() + gaps
}

fn block_ui(ui: &mut Ui, block: &Block, scale: f32) {
    ui.spacing_mut().item_spacing = vec2(GAP * scale, 0.0);
    let line_ui = |ui: &mut Ui, contents: &mut dyn FnMut(&mut Ui)| {
        let size = vec2(ui.available_width(), LINE * scale);
        ui.allocate_ui_with_layout(size, egui::Layout::left_to_right(egui::Align::Center), contents);
    };
    line_ui(ui, &mut |ui| {
        ui.label(RichText::new(&block.heading).strong());
    });
    for (keys, said, more) in &block.lines {
        line_ui(ui, &mut |ui| {
            let place = vec2(block.keys * scale, LINE * scale);
            ui.allocate_ui_with_layout(place, egui::Layout::left_to_right(egui::Align::Center), |ui| {
                ui.set_min_width(place.x);
                ui.add(Label::new(RichText::new(keys).monospace().weak()).extend());
            });
            let response = ui.add(Label::new(*said).extend());
            if let Some(more) = more {
                response.on_hover_text(*more);
            }
        });
    }
    ui.add_space(BELOW_BLOCK * scale);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(lines: usize) -> Block {
        Block::new("heading".to_owned(), vec![("Ctrl+K".to_owned(), "Does something", None); lines])
    }

    #[test]
    fn columns_are_as_few_as_needed_and_as_even_as_can_be() {
        let blocks: Vec<Block> = [30, 10, 20, 15, 5, 20].map(block).into();
        let lengths = |columns: Vec<&[Block]>| columns.iter().map(|blocks| blocks.len()).collect::<Vec<_>>();
        assert_eq!(lengths(columns(&blocks, vec2(9000.0, 9000.0))), [6], "one column is easiest to read");
        assert_eq!(lengths(columns(&blocks, vec2(9000.0, 1200.0))), [3, 3]);
        assert_eq!(lengths(columns(&blocks, vec2(9000.0, 1000.0))), [2, 2, 2]);
        assert_eq!(lengths(columns(&blocks, vec2(9000.0, 700.0))), [1, 2, 2, 1]);
        assert_eq!(lengths(columns(&blocks, vec2(200.0, 700.0))), [6], "what is too wide is scrolled instead");
        assert_eq!(lengths(balanced(&blocks[..1], 3)), [1]);
    }
}
