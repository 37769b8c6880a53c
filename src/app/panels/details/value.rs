//! Values as people read them: short ones in a line, long ones folded, JSON as a tree.

use egui::{CollapsingHeader, RichText, Ui};
use serde_json::Value as Json;

use super::super::super::command::{Command, Queue};
use super::Details;
use crate::model::Value;
use crate::scene::{Font, text};

/// Characters of a long text that are laid out at most; copying gives all.
const MOST_CHARS: usize = 4000;
/// Texts up to this long need no folding.
const ONE_LINE: usize = 120;
/// Larger JSON is shown as text: parsing it every frame would be felt.
const MOST_JSON_BYTES: usize = 64 << 10;
/// Children of a JSON value that are shown.
const MOST_CHILDREN: usize = 200;

/// The beginning of `text`, at most `most` characters.
#[must_use]
pub fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// True when the first 64 KiB of `text` contain `needle`, which is lower case.
#[must_use]
pub fn contains_lower(text: &str, needle: &str) -> bool {
    let mut end = text.len().min(64 << 10);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_lowercase().contains(needle)
}

/// How a value is shown.
#[derive(Clone, PartialEq, Debug)]
pub enum Shown {
    /// In one line.
    Line(String),
    /// Folded text.
    Text(String),
    /// A tree.
    Tree(Json),
}

/// Decides how to show `value`, whose text is `text`.
#[must_use]
pub fn shown(value: Value, text: &str) -> Shown {
    let trimmed = text.trim_start();
    let may_be_json = matches!(value, Value::Json(_))
        || (matches!(value, Value::Str(_)) && (trimmed.starts_with('{') || trimmed.starts_with('[')));
    if may_be_json
        && text.len() <= MOST_JSON_BYTES
        && let Ok(json) = serde_json::from_str::<Json>(text)
        && (json.is_object() || json.is_array())
    {
        let is_short = text.len() <= 60 && !text.contains(['{', '\n']);
        return if is_short { Shown::Line(text.to_owned()) } else { Shown::Tree(json) };
    }
    if text.len() > ONE_LINE || text.contains('\n') {
        return Shown::Text(text.to_owned());
    }
    Shown::Line(text.to_owned())
}

/// Draws something that was said: how much of it there is, and all of it once somebody unfolds it.
pub fn said_ui(ui: &mut Ui, details: &Details<'_>, key: &str, shown: &Shown, full: &str, queue: &mut Queue) {
    let chars = super::super::widgets::counted(full.chars().count() as u64, "character");
    let shown = match shown {
        Shown::Line(text) => &Shown::Text(text.clone()),
        other => other,
    };
    body_ui(ui, details, key, shown, (full, &format!("{chars}, folded")), queue);
}

/// Draws a value that does not fit in a line, below its name.
pub fn folded_ui(ui: &mut Ui, details: &Details<'_>, key: &str, shown: &Shown, full: &str, queue: &mut Queue) {
    let preview = match shown {
        Shown::Line(_) => String::new(),
        Shown::Text(long) => shortened(long.lines().next().unwrap_or_default(), 60),
        Shown::Tree(json) => preview(json),
    };
    body_ui(ui, details, key, shown, (full, &preview), queue);
}

fn body_ui(
    ui: &mut Ui,
    details: &Details<'_>,
    key: &str,
    shown: &Shown,
    (full, preview): (&str, &str),
    queue: &mut Queue,
) {
    let copy = |ui: &mut Ui, queue: &mut Queue| {
        if ui.small_button("Copy").on_hover_text("Copies all of it").clicked() {
            queue.push(Command::CopyText { what: key.to_owned(), text: full.to_owned() });
        }
    };
    match shown {
        Shown::Line(text) => super::row_ui(ui, details, key, text, queue),
        Shown::Text(long) => {
            let header = fold(ui, details, key, preview);
            header.show(ui, |ui| {
                ui.horizontal(|ui| {
                    copy(ui, queue);
                    let count = long.chars().count();
                    let note = if count > MOST_CHARS {
                        format!("{count} characters, the first {MOST_CHARS} are shown")
                    } else {
                        format!("{count} characters")
                    };
                    ui.label(RichText::new(note).weak().small());
                });
                let body = RichText::new(shortened(long, MOST_CHARS)).monospace();
                ui.add(egui::Label::new(body).wrap().selectable(true));
            });
        }
        Shown::Tree(json) => {
            let header = fold(ui, details, key, preview);
            header.show(ui, |ui| {
                copy(ui, queue);
                tree_ui(ui, details, json, 0);
            });
        }
    }
}

/// Between a key and the preview of its value.
const GAP: f32 = 10.0;

fn fold(ui: &Ui, details: &Details<'_>, key: &str, preview: &str) -> CollapsingHeader {
    let mut job = egui::text::LayoutJob::default();
    let body = egui::TextStyle::Body.resolve(ui.style());
    let mono = egui::TextStyle::Monospace.resolve(ui.style());
    // The header never wraps its text and adds a triangle and paddings: cropped here, it cannot widen the drawer.
    let around = ui.spacing().indent + 2.0 * ui.spacing().button_padding.x + 16.0;
    let room = (ui.available_width() - around).max(40.0);
    let name = text::crop(key, Font::Regular, body.size, room);
    let left = room - text::width(&name, Font::Regular, body.size) - GAP;
    let preview = text::crop(preview, Font::Mono, mono.size, left.max(0.0));
    job.append(&name, 0.0, egui::TextFormat::simple(body, details.theme.text_dim));
    job.append(&preview, GAP, egui::TextFormat::simple(mono, details.theme.text));
    CollapsingHeader::new(job).id_salt(key)
}

/// A JSON value in a few words.
fn preview(json: &Json) -> String {
    match json {
        Json::Array(items) => match items.first() {
            None => "[]".to_owned(),
            Some(first) => format!("[{}] {}", items.len(), shortened(&one_line(first), 50)),
        },
        other => shortened(&one_line(other), 60),
    }
}

fn one_line(json: &Json) -> String {
    match json {
        Json::String(text) => shortened(text, 80).replace('\n', " "),
        Json::Array(items) => format!("[{}]", items.len()),
        Json::Object(map) => {
            let parts = map.iter().take(4).map(|(key, value)| match value {
                Json::String(_) | Json::Array(_) => format!("{key}: {}", one_line(value)),
                Json::Object(inner) => format!("{key}: {{{}}}", inner.len()),
                other => format!("{key}: {other}"),
            });
            let parts: Vec<String> = parts.collect();
            format!("{{{}}}", parts.join(", "))
        }
        other => other.to_string(),
    }
}

/// A JSON value, one line per leaf. Deep values end with their text: no tree is useful past that.
fn tree_ui(ui: &mut Ui, details: &Details<'_>, json: &Json, depth: usize) {
    const MOST_DEPTH: usize = 12;
    let children: Vec<(String, &Json)> = match json {
        Json::Array(items) => {
            items.iter().take(MOST_CHILDREN).enumerate().map(|(at, it)| (at.to_string(), it)).collect()
        }
        Json::Object(map) => map.iter().take(MOST_CHILDREN).map(|(key, it)| (key.clone(), it)).collect(),
        _ => return,
    };
    let total = json.as_array().map_or_else(|| json.as_object().map_or(0, serde_json::Map::len), Vec::len);
    ui.indent(depth, |ui| {
        for (key, value) in &children {
            match value {
                Json::Array(_) | Json::Object(_) if depth < MOST_DEPTH => {
                    ui.label(RichText::new(key.as_str()).color(details.theme.text_dim));
                    ui.push_id(key, |ui| tree_ui(ui, details, value, depth + 1));
                }
                leaf => {
                    let text = match leaf {
                        Json::String(text) => shortened(text, MOST_CHARS),
                        other => shortened(&other.to_string(), MOST_CHARS),
                    };
                    ui.horizontal_wrapped(|ui| {
                        ui.label(RichText::new(key.as_str()).color(details.theme.text_dim));
                        ui.add(egui::Label::new(RichText::new(text).monospace()).wrap().selectable(true));
                    });
                }
            }
        }
        if total > children.len() {
            ui.label(RichText::new(format!("and {} more", total - children.len())).weak());
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Sym;

    #[test]
    fn values_are_folded_by_what_they_hold() {
        let text = Value::Str(Sym(1));
        let long = "x".repeat(200);
        for (value, content, expected) in [
            (text, "gpt-5.2", "line"),
            (text, "[1, 2]", "line"),
            (text, r#"[{"role": "user", "content": "hello"}]"#, "tree"),
            (Value::Json(Sym(1)), r#"["a","b"]"#, "line"),
            (text, "{not json", "line"),
            (text, "two\nlines", "text"),
            (text, long.as_str(), "text"),
            (Value::Int(3), "3", "line"),
        ] {
            let kind = match shown(value, content) {
                Shown::Line(_) => "line",
                Shown::Text(_) => "text",
                Shown::Tree(_) => "tree",
            };
            assert_eq!(kind, expected, "{content}");
        }
    }

    #[test]
    fn shortening_counts_characters_and_keeps_them_whole() {
        assert_eq!(shortened("漢字kanji", 2), "漢字…");
        assert_eq!(shortened("abc", 3), "abc");
        assert!(contains_lower("Token Count", "token"));
        assert!(!contains_lower(&("é".repeat(40_000) + "needle"), "needle"), "only the beginning is searched");
    }
}
