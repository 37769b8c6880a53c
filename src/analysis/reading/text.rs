//! A turn as plain text, for the clipboard: without contents unless they are asked for.

use std::fmt::Write as _;

use super::{Line, Models, Reading, Said};
use crate::analysis::genai::{Content, GenAi, Speaker};
use crate::model::grouped;
use crate::model::time::duration_text;

/// The lines of `reading`; what was said only `with_contents`.
#[must_use]
pub fn reading_text(genai: &GenAi, reading: &Reading, with_contents: bool) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    for line in &reading.lines {
        let indent = "  ".repeat(usize::from(line.depth));
        let _ = write!(text, "{indent}{:>12}  {}", line.start.words(), sentence(genai, line));
        for detail in details(line) {
            let _ = write!(text, " · {detail}");
        }
        text.push('\n');
        if with_contents {
            said(&mut text, &indent, &line.said, "given");
            said(&mut text, &indent, &line.answered, "given back");
        }
    }
    if reading.more > 0 {
        let _ = writeln!(text, "and {} more lines", reading.more);
    }
    text
}

/// `planner asks gpt-5.2`.
#[must_use]
pub fn sentence(genai: &GenAi, line: &Line) -> String {
    let guess = |party: &super::Party| if party.is_guess(genai) { " (inferred)" } else { "" };
    let (from, to) = (line.from.name(genai), line.to.name(genai));
    match line.act {
        super::Act::Waits => format!("{from}{} {}", guess(&line.from), line.act.words()),
        super::Act::Begins => format!("{to}{} {}", guess(&line.to), line.act.words()),
        act => format!("{from}{} {} {to}{}", guess(&line.from), act.words(), guess(&line.to)),
    }
}

/// Everything known about a line besides who does what, in short words.
#[must_use]
pub fn details(line: &Line) -> Vec<String> {
    let mut details = Vec::new();
    details.extend(line.took_ns.map(duration_text));
    let count = |tokens: Option<u32>| tokens.map_or("?".to_owned(), |tokens| grouped(u64::from(tokens)));
    if line.tokens.is_stated() {
        details.push(format!("{} → {} tokens", count(line.tokens.input), count(line.tokens.output)));
    }
    if let Some(first) = &line.first_token {
        details.push(format!("first token after {}", duration_text(first.ns)));
    }
    details.extend(line.passage.map(|passage| passage.words()));
    let Models { asked, answered } = &line.models;
    if !asked.is_empty() && !answered.is_empty() && asked != answered {
        details.push(format!("answered by {answered}"));
    }
    if let Some(attempt) = &line.attempt {
        details.push(format!("attempt {} of {}", attempt.number, attempt.of));
    }
    details.extend(line.attempt.and_then(|it| it.waited_ns).map(|ns| format!("waited {}", duration_text(ns))));
    details.extend(line.failure.as_ref().map(|why| format!("failed: {why}")));
    match line.act {
        super::Act::IsPlaced => details.push("accepted by you".to_owned()),
        super::Act::IsLost => details.push("you rejected the place that was proposed".to_owned()),
        _ => {}
    }
    details
}

/// `unnamed` is what stands where nobody speaks, as with tools.
fn said(text: &mut String, indent: &str, said: &Said, unnamed: &str) {
    for message in &said.messages {
        let name = if message.name.is_empty() { String::new() } else { format!(" ({})", message.name) };
        for content in &message.contents {
            let (what, detail) = match content {
                Content::Text(_) | Content::Other(_) => ("", ""),
                Content::Reasoning(_) => (" thinks", ""),
                Content::ToolCall { name, .. } => (" asks for the tool ", name.as_str()),
                Content::ToolResult { name, .. } => (" gives back ", name.as_str()),
                Content::Media(_) => (" shows", ""),
            };
            let body = content.text().replace('\n', &format!("\n{indent}    "));
            let speaker = if message.speaker == Speaker::Unknown { unnamed } else { message.speaker.name() };
            let _ = writeln!(text, "{indent}    {speaker}{name}{what}{detail}: {body}");
        }
    }
}
