//! Attributes with filter and copy; flattened lists (`prefix.N.suffix`) stand together.

use egui::{CollapsingHeader, RichText, Ui};

use super::super::super::command::{Command, Queue};
use super::value::{Shown, contains_lower, folded_ui, said_ui, shown};
use super::{Details, row_ui};
use crate::analysis::genai::records_contents;
use crate::model::Attr;
use crate::scene::{Font, text};

/// Attributes shown at most; more are a mistake of the instrumentation, and the filter finds them.
const MOST_ROWS: usize = 500;

/// Draws attributes in file order.
pub fn attributes_ui(ui: &mut Ui, details: &Details<'_>, attrs: &[Attr], queue: &mut Queue) {
    let store = &details.data.store;
    let matching: Vec<(&str, &Attr)> = attrs
        .iter()
        .map(|attr| (store.text(attr.key), attr))
        .filter(|(key, attr)| is_match(details, key, attr))
        .collect();
    for group in groups(&matching, |(key, _)| key).into_iter().take(MOST_ROWS) {
        match group {
            Group::One(at) => attribute_ui(ui, details, [matching[at].0; 2], matching[at].1, queue),
            Group::List { prefix, items } => {
                let count = format!("  [{}]", items.len());
                let size = egui::TextStyle::Body.resolve(ui.style()).size;
                let room = (ui.available_width() - 70.0 * details.scale).max(40.0);
                let title = format!("{}{count}", text::crop(prefix, Font::Regular, size, room));
                let header = CollapsingHeader::new(RichText::new(title).color(details.theme.text_dim));
                header.id_salt(prefix).default_open(items.len() <= 4).show(ui, |ui| {
                    for (number, members) in items {
                        ui.label(RichText::new(number.to_string()).weak().small());
                        ui.push_id(number, |ui| {
                            for at in members {
                                let (key, attr) = matching[at];
                                let suffix = suffix_of(key, prefix);
                                attribute_ui(ui, details, [key, suffix], attr, queue);
                            }
                        });
                    }
                });
            }
        }
    }
    if matching.is_empty() && !attrs.is_empty() {
        ui.label(RichText::new("nothing matches the filter").weak());
    }
    if attrs.len() > 1 {
        copy_ui(ui, details, &matching, queue);
    }
}

/// Copies what is listed. What was said to whom leaves the window only when it is asked for.
fn copy_ui(ui: &mut Ui, details: &Details<'_>, matching: &[(&str, &Attr)], queue: &mut Queue) {
    let said = matching.iter().filter(|(key, _)| is_said(key)).count();
    ui.horizontal(|ui| {
        let mut copy = |ui: &mut Ui, [text, name, tip]: [&str; 3], with_contents: bool| {
            let button = ui.small_button(text);
            // The table of spans has a button of that text too.
            button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name));
            if button.on_hover_text(tip).clicked() {
                let what = match (said, with_contents) {
                    (0, _) => "attributes".to_owned(),
                    (_, true) => "attributes with what was said".to_owned(),
                    (said, false) => format!("attributes, {}", left_out(said)),
                };
                queue.push(Command::CopyText { what, text: copied(details, matching, with_contents) });
            }
        };
        let tip = if said > 0 { "Copies what is listed, without what was said" } else { "Copies what is listed" };
        copy(ui, ["Copy all", "Copy all attributes", tip], false);
        if said > 0 {
            let tip = "Copies what is listed, with prompts and answers";
            copy(ui, ["Copy with contents", "Copy all attributes with contents", tip], true);
        }
    });
}

/// `2 with contents left out`.
fn left_out(said: usize) -> String {
    format!("{} with contents left out", crate::model::grouped(said as u64))
}

/// The attributes as text, one on a line, with a note on how many are missing.
fn copied(details: &Details<'_>, matching: &[(&str, &Attr)], with_contents: bool) -> String {
    let is_kept = |(key, _): &&(&str, &Attr)| with_contents || !is_said(key);
    let line = |(key, attr): &(&str, &Attr)| format!("{key}: {}", details.data.store.value_text(attr.value));
    let mut lines: Vec<String> = matching.iter().filter(is_kept).map(line).collect();
    let missing = matching.len() - lines.len();
    if missing > 0 {
        lines.push(format!("({})", left_out(missing)));
    }
    lines.join("\n")
}

fn is_match(details: &Details<'_>, key: &str, attr: &Attr) -> bool {
    details.filter.is_empty()
        || key.to_lowercase().contains(&details.filter)
        || contains_lower(&details.data.store.value_text(attr.value), &details.filter)
}

/// `full_key` is the attribute's, `key` what is left of it in a list.
fn attribute_ui(ui: &mut Ui, details: &Details<'_>, [full_key, key]: [&str; 2], attr: &Attr, queue: &mut Queue) {
    let text = details.data.store.value_text(attr.value);
    match shown(attr.value, &text) {
        said if details.folds_said && is_said(full_key) => said_ui(ui, details, key, &said, &text, queue),
        // The filter has been applied to the whole key already; the suffix alone might not match it.
        Shown::Line(line) => {
            let unfiltered = Details { filter: String::new(), ..*details };
            row_ui(ui, &unfiltered, key, &line, queue);
        }
        folded => folded_ui(ui, details, key, &folded, &text, queue),
    }
}

/// Whether the attribute `key` holds what was said, and not only who said it.
fn is_said(key: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or(key);
    records_contents(key) && !matches!(last, "role" | "name" | "id" | "type" | "finish_reason" | "tool_call_id")
}

/// What stands together.
#[derive(PartialEq, Eq, Debug)]
enum Group<'a> {
    /// An attribute by itself: its position.
    One(usize),
    /// A flattened list.
    List {
        /// What its keys begin with.
        prefix: &'a str,
        /// Number of each item with the positions of its attributes.
        items: Vec<(u32, Vec<usize>)>,
    },
}

/// Groups keys of the form `prefix.N` and `prefix.N.suffix`; a list stands where its first item stands.
fn groups<'a, T>(attrs: &[T], key_of: impl Fn(&T) -> &'a str) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for (at, attr) in attrs.iter().enumerate() {
        let Some((prefix, number)) = split(key_of(attr)) else {
            groups.push(Group::One(at));
            continue;
        };
        let known = groups.iter_mut().find_map(|group| match group {
            Group::List { prefix: known, items } if *known == prefix => Some(items),
            _ => None,
        });
        match known {
            None => groups.push(Group::List { prefix, items: vec![(number, vec![at])] }),
            Some(items) => match items.iter_mut().find(|(known, _)| *known == number) {
                None => items.push((number, vec![at])),
                Some((_, members)) => members.push(at),
            },
        }
    }
    groups
}

/// `gen_ai.prompt.0.role` gives (`gen_ai.prompt`, 0).
fn split(key: &str) -> Option<(&str, u32)> {
    let mut at = 0;
    for part in key.split('.') {
        if at > 0 && !part.is_empty() && part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some((&key[..at - 1], part.parse().ok()?));
        }
        at += part.len() + 1;
    }
    None
}

fn suffix_of<'a>(key: &'a str, prefix: &str) -> &'a str {
    let rest = key.get(prefix.len() + 1..).unwrap_or(key);
    rest.split_once('.').map_or(rest, |(_, suffix)| suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flattened_lists_stand_together() {
        let keys = ["model", "prompt.0.role", "prompt.0.content", "top_p", "prompt.1.role", "tags.0", "http.200"];
        let groups = groups(&keys, |key| key);
        assert_eq!(
            groups,
            [
                Group::One(0),
                Group::List { prefix: "prompt", items: vec![(0, vec![1, 2]), (1, vec![4])] },
                Group::One(3),
                Group::List { prefix: "tags", items: vec![(0, vec![5])] },
                Group::List { prefix: "http", items: vec![(200, vec![6])] },
            ]
        );
        assert_eq!(suffix_of("prompt.0.message.content", "prompt"), "message.content");
        assert_eq!(suffix_of("tags.0", "tags"), "0");
        assert_eq!(split("0.1"), Some(("0", 1)));
        assert_eq!(split("a..b"), None);
        assert_eq!(split("build.20261121"), None, "a date is no position");
    }
}
