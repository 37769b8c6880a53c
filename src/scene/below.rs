//! What stands below the timeline of an exported picture: the legend and notes about clocks and findings, as many as
//! leave room for the timeline. What has no room is counted.

use super::build::count_text;
use super::clocks::Notes;
use super::frame::Sample;
use super::geometry::Metrics;
use super::text::{self, Font};
use crate::analysis::clocks::FindingTone;

/// Height of a line of the legend, and around it.
const LINE: f32 = 20.0;
const AROUND_LEGEND: f32 = 14.0;
/// Height of a line of notes.
pub(super) const NOTE: f32 = 18.0;
/// Left and right.
pub(super) const SIDE: f32 = 14.0;
/// Width of a sample with its gap, left of the text.
pub(super) const SAMPLE: f32 = 20.0;
/// Points between entries of the legend.
const GAP: f32 = 18.0;
/// Lines of one note at most.
const MOST_WRAPPED: usize = 3;
/// Lines of findings that are cut short, at most.
const MOST_BRIEF: usize = 4;
/// Least width of such a finding, in points of normal text.
const BRIEF: f32 = 300.0;

/// An entry of the legend.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Placed {
    pub sample: Sample,
    pub text: String,
    /// Left of its text in points.
    pub x: f32,
    /// Counted from the top, in points.
    pub middle_y: f32,
}

/// A line of a note.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct NoteLine {
    /// Number and tone of the finding that begins here.
    pub finding: Option<(u32, FindingTone)>,
    /// Left of its text in points.
    pub x: f32,
    /// On which line it stands, from 0.
    pub line: usize,
    pub text: String,
}

/// Everything below the timeline but the last lines.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Below {
    pub legend: Vec<Placed>,
    /// Height of the legend in points.
    pub legend_height: f32,
    pub notes: Vec<NoteLine>,
    /// Height of the notes in points.
    pub notes_height: f32,
}

/// How much is shown of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Amount {
    legend_lines: usize,
    findings: usize,
    /// Lines with findings that are cut short.
    brief: usize,
    /// Lines of a note.
    wrapped: usize,
    /// Whether notes that are no findings are shown.
    has_plain: bool,
}

/// What of `entries` and `notes` fits into `width` and `most_height` points.
pub(super) fn below(
    entries: &[(Sample, String)],
    notes: &Notes,
    width: f32,
    most_height: f32,
    metrics: &Metrics,
) -> Below {
    let flowed = flow(entries, width, metrics);
    let lines = flowed.last().map_or(0, |(line, _)| line + 1);
    let all = notes.findings.len().min(notes.in_full);
    let amount =
        |legend_lines, findings, brief, wrapped| Amount { legend_lines, findings, brief, wrapped, has_plain: true };
    // First fewer findings in full, then fewer at all, then shorter notes, then fewer signs.
    let fewer_in_full =
        (1..=all.max(1)).rev().map(|findings| amount(lines, findings.min(all), MOST_BRIEF, MOST_WRAPPED));
    let fewer = (0..MOST_BRIEF).rev().map(|brief| amount(lines, all.min(1), brief, MOST_WRAPPED));
    let shorter = (1..MOST_WRAPPED).rev().map(|wrapped| amount(lines, all.min(1), 0, wrapped));
    let fewer_signs = (1..lines).rev().map(|lines| amount(lines, all.min(1), 0, 1));
    let least =
        [(1, 0, 1), (0, 0, 1)].map(|(legend, findings, wrapped)| amount(legend.min(lines), findings, 0, wrapped));
    let nothing = Amount { legend_lines: 0, findings: 0, brief: 0, wrapped: 1, has_plain: false };
    fewer_in_full
        .chain(fewer)
        .chain(shorter)
        .chain(fewer_signs)
        .chain(least)
        .map(|amount| placed(&flowed, notes, amount, width, metrics))
        .find(|below| below.legend_height + below.notes_height <= most_height)
        .unwrap_or_else(|| placed(&[], &Notes::default(), nothing, width, metrics))
}

fn placed(flowed: &[(usize, Placed)], notes: &Notes, amount: Amount, width: f32, metrics: &Metrics) -> Below {
    let shown: Vec<Placed> =
        flowed.iter().take_while(|(line, _)| *line < amount.legend_lines).map(|(_, entry)| entry.clone()).collect();
    let scale = metrics.scale;
    let (side, indent) = (SIDE * scale, (SIDE + SAMPLE) * scale);
    let mut notes_lines = NoteLines { list: Vec::new(), count: 0 };
    let mut say = |finding, x: f32, text: &str| {
        notes_lines.say(finding, x, wrap(text, metrics.small, width - side - x, amount.wrapped));
    };
    for note in notes.plain.iter().filter(|_| amount.has_plain) {
        say(None, side, note);
    }
    for (number, tone, sentence) in notes.findings.iter().take(amount.findings) {
        say(Some((*number, *tone)), indent, sentence);
    }
    let others = notes.findings.get(amount.findings..).unwrap_or_default();
    let most_columns = ((width - 2.0 * side) / (BRIEF * scale)).floor().max(1.0) as usize;
    // As few beside each other as the lines allow: sentences stay whole where they can.
    let columns = others.len().div_ceil(amount.brief.max(1)).clamp(1, most_columns);
    let column = (width - 2.0 * side) / columns as f32;
    let brief = others.len().min(amount.brief * columns);
    for row in others[..brief].chunks(columns) {
        notes_lines.in_columns(row, indent, column, (SAMPLE + GAP) * scale, metrics.small);
    }
    let left_out = flowed.len() - shown.len();
    let signs = (left_out > 0).then(|| format!("{} not explained here", count_text(left_out as u64, "sign")));
    let listed = amount.findings.min(notes.findings.len()) + brief;
    let findings = notes.in_view - listed;
    let more = if listed > 0 { "more finding" } else { "finding" };
    let findings =
        (findings > 0).then(|| format!("{} in view, listed by `skewline report`", count_text(findings as u64, more)));
    let rest: Vec<String> = [findings, signs].into_iter().flatten().collect();
    if !rest.is_empty() {
        let and = if listed > 0 { "and " } else { "" };
        let text = format!("{and}{}", rest.join(" · "));
        notes_lines.say(None, side, wrap(&text, metrics.small, width - 2.0 * side, amount.wrapped));
    }
    let legend_lines = shown.last().map_or(0.0, |last| (last.middle_y / (LINE * scale)).floor() + 1.0);
    Below {
        legend: shown,
        legend_height: if legend_lines > 0.0 { ((legend_lines * LINE + AROUND_LEGEND) * scale).round() } else { 0.0 },
        notes_height: notes_lines.count as f32 * NOTE * scale,
        notes: notes_lines.list,
    }
}

/// Notes as they are placed.
struct NoteLines {
    list: Vec<NoteLine>,
    /// How many lines they take.
    count: usize,
}

impl NoteLines {
    /// Adds `lines` below each other; the number of `finding` stands before the first one.
    fn say(&mut self, finding: Option<(u32, FindingTone)>, x: f32, lines: Vec<String>) {
        for (at, text) in lines.into_iter().enumerate() {
            self.list.push(NoteLine { finding: finding.filter(|_| at == 0), x, line: self.count, text });
            self.count += 1;
        }
    }

    /// Adds findings side by side, `column` points from one to the next, each cut to leave `gap` points.
    fn in_columns(&mut self, row: &[(u32, FindingTone, String)], left: f32, column: f32, gap: f32, size: f32) {
        for (at, (number, tone, sentence)) in row.iter().enumerate() {
            let text = text::crop(sentence, Font::Regular, size, column - gap).into_owned();
            let x = left + at as f32 * column;
            self.list.push(NoteLine { finding: Some((*number, *tone)), x, line: self.count, text });
        }
        self.count += 1;
    }
}

/// Line and place of each entry, cut where it is wider than a line.
fn flow(entries: &[(Sample, String)], width: f32, metrics: &Metrics) -> Vec<(usize, Placed)> {
    let (side, before) = (SIDE * metrics.scale, SAMPLE * metrics.scale);
    let (mut x, mut line) = (side, 0);
    let mut places = Vec::with_capacity(entries.len());
    for (sample, text) in entries {
        let text = text::crop(text, Font::Regular, metrics.small, width - 2.0 * side - before).into_owned();
        let needs = before + text::width(&text, Font::Regular, metrics.small);
        if x > side && x + needs > width - side {
            (x, line) = (side, line + 1);
        }
        let middle_y = (line as f32 + 0.5) * LINE * metrics.scale;
        places.push((line, Placed { sample: *sample, text, x: x + before, middle_y }));
        x += needs + GAP * metrics.scale;
    }
    places
}

/// `text` in lines of `room` points, at most `most` of them; what is too much is cut from the last one.
fn wrap(text: &str, size: f32, room: f32, most: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if lines.len() + 1 >= most || text::width(rest, Font::Regular, size) <= room {
            lines.push(text::crop(rest, Font::Regular, size, room).into_owned());
            break;
        }
        let spaces = rest.match_indices(' ').map(|(at, _)| at);
        let fits = |at: &usize| text::width(&rest[..*at], Font::Regular, size) <= room;
        // A word that is wider than a line is cut.
        let end = spaces.clone().take_while(fits).last().or_else(|| spaces.clone().next()).unwrap_or(rest.len());
        lines.push(text::crop(&rest[..end], Font::Regular, size, room).into_owned());
        rest = rest[end..].trim_start();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_wrapped_between_words_and_lose_nothing_while_there_are_lines() {
        let text = "Clock: raw clocks · evidence: protocol and convention · offsets — gateway: reference clock";
        for room in (120_u16..600).step_by(7).map(f32::from) {
            let lines = wrap(text, 10.5, room, 99);
            assert_eq!(lines.join(" "), text, "{room}");
            assert!(lines.iter().all(|line| text::width(line, Font::Regular, 10.5) <= room), "{lines:?} in {room}");
            let two = wrap(text, 10.5, room, 2);
            assert_eq!(two.len(), lines.len().min(2));
            assert_eq!(two.last().unwrap().ends_with('…'), lines.len() > 2, "{room}");
        }
        assert_eq!(wrap("verylongwordthatfitsnowhere and", 10.5, 60.0, 3).len(), 2);
        assert!(wrap("  ", 10.5, 60.0, 3).is_empty());
    }
}
