//! What was said, folded: how much there is in the head, the words below it.

use egui::{CollapsingHeader, Label, RichText, Ui, WidgetInfo};

use super::super::super::people::Contents;
use super::super::widgets::{counted, grouped};
use super::{Details, value};
use crate::analysis::genai::{Content, Message, Speaker};
use crate::analysis::reading::{MOST_CHARS, Said};
use crate::scene::{Font, text};

/// Characters of one text that are laid out at most.
const MOST_LAID_OUT: usize = 6000;
/// Messages of one fold that are laid out at most.
const MOST_MESSAGES: usize = 100;

/// Draws what was said under `name` in line `at`.
pub fn said_ui(ui: &mut Ui, details: &Details<'_>, contents: Contents, at: usize, name: &str, said: &Said) {
    let mut title = summary(name, said);
    if contents == Contents::FirstLines {
        title = format!("{name}: {}", first_line(said));
    }
    let small = egui::TextStyle::Small.resolve(ui.style());
    let room = (ui.available_width() - ui.spacing().indent - 30.0 * details.scale).max(40.0);
    let cropped = text::crop(&title, Font::Regular, small.size, room).into_owned();
    ui.spacing_mut().interact_size.y = 15.0 * details.scale;
    ui.spacing_mut().button_padding.y = 0.0;
    let header = CollapsingHeader::new(RichText::new(cropped).small().color(details.theme.text_dim));
    let shown = header.id_salt(name).default_open(contents == Contents::Open).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for message in said.messages.iter().take(MOST_MESSAGES) {
            message_ui(ui, details, message);
        }
        let rest = said.messages.len().saturating_sub(MOST_MESSAGES) as u64;
        if rest > 0 {
            ui.label(RichText::new(format!("and {}", counted(rest, "more message"))).weak().small());
        }
        if said.messages.is_empty() && said.repeated == 0 {
            ui.label(RichText::new("too long to show here: see the attributes of the span").weak().small());
        }
    });
    let of = if said.convention.is_empty() { String::new() } else { format!(" ({})", said.convention) };
    let response = shown.header_response.on_hover_text(format!("{}\nfrom {}{of}", summary(name, said), said.source));
    let label = format!("Line {}, {name}", at + 1);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &label));
}

/// `prompt · 2 messages, 3 as before · 133 characters`.
fn summary(name: &str, said: &Said) -> String {
    let mut parts = vec![name.to_owned()];
    let is_plain = matches!(said.messages.as_slice(), [only] if only.contents.len() == 1);
    if said.repeated > 0 {
        let new = said.messages.len() as u64;
        parts.push(format!("{} new, {} as before", grouped(new), grouped(said.repeated as u64)));
    } else if !is_plain {
        let noun = if name == "documents" { "document" } else { "message" };
        parts.push(counted(said.messages.len() as u64, noun));
    }
    let tools = said.messages.iter().flat_map(|message| &message.contents).filter_map(|content| match content {
        Content::ToolCall { name, .. } if !name.is_empty() => Some(name.as_str()),
        _ => None,
    });
    let tools: Vec<&str> = tools.collect();
    if !tools.is_empty() {
        parts.push(format!("asks for {}", tools.join(", ")));
    }
    parts.push(counted(said.chars as u64, "character"));
    parts.join(" · ")
}

fn first_line(said: &Said) -> String {
    let texts = said.messages.iter().rev().flat_map(|message| &message.contents);
    let found = texts.filter_map(|content| content.text().lines().find(|line| !line.trim().is_empty())).next();
    found.map_or_else(|| summary("nothing new", said), |line| value::shortened(line.trim(), 300))
}

fn message_ui(ui: &mut Ui, details: &Details<'_>, message: &Message) {
    let theme = details.theme;
    let mut who = if message.speaker == Speaker::Unknown { String::new() } else { message.speaker.name().to_owned() };
    if !message.name.is_empty() {
        who = format!("{who} {}", value::shortened(&message.name, 200)).trim().to_owned();
    }
    if !who.is_empty() {
        ui.add(Label::new(RichText::new(who).small().strong().color(theme.text_dim)).truncate());
    }
    for content in &message.contents {
        let (what, is_code) = match content {
            Content::Text(_) => (String::new(), false),
            Content::Reasoning(_) => ("thinks".to_owned(), false),
            Content::ToolCall { name, id, .. } => (format!("asks for the tool {name}  {id}"), true),
            Content::ToolResult { name, id, .. } => (format!("the tool {name} gives back  {id}"), true),
            Content::Media(_) => ("shows".to_owned(), true),
            Content::Other(_) => (String::new(), true),
        };
        if !what.is_empty() {
            ui.add(
                Label::new(RichText::new(what.replace("  ", " ").trim_end()).small().italics().color(theme.text_dim))
                    .wrap(),
            );
        }
        let words = content.text();
        let cut = value::shortened(words, MOST_LAID_OUT);
        let is_cut = cut.len() < words.len();
        let body = RichText::new(cut).color(theme.text);
        let body = if is_code { body.monospace() } else { body };
        ui.add(Label::new(body).wrap().selectable(true));
        if is_cut || words.chars().count() > MOST_CHARS {
            let shown = MOST_LAID_OUT.min(words.chars().count()) as u64;
            ui.label(RichText::new(format!("the first {} characters", grouped(shown))).weak().small());
        }
    }
}
