//! Lists that are searched by typing: the command palette, and whatever else has many names.
//!
//! A [`Picker`] is plain state: it is filled when it opens and ranked when the query changes, so drawing it costs
//! what is visible. The panel of the same name draws any picker the same way.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::command::{Command, entries, entry_of};
use super::keys;
use super::state::State;
use super::window::Host;

/// Something that can be picked.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Its name.
    pub title: String,
    /// What tells it from others of that name: searched too, shown faintly.
    pub note: String,
    /// Keys that do the same; may be empty.
    pub keys: String,
    /// Why it cannot be picked now.
    pub why_not: Option<&'static str>,
    /// What picking it does.
    pub command: Command,
}

/// A choice that fits the query.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    /// Which choice.
    pub choice: usize,
    /// Characters of its title that the query found, ascending.
    pub matched: Vec<u32>,
}

/// An open list.
#[derive(Clone, Debug)]
pub struct Picker {
    /// What the list is called.
    pub title: &'static str,
    /// What to type.
    pub hint: &'static str,
    choices: Vec<Choice>,
    query: String,
    shown: Vec<Shown>,
    at: usize,
}

/// What can be done with the open picker.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PickerCommand {
    /// Searches for something else.
    Query(String),
    /// Moves the mark by so many places; stops at the ends.
    Move(isize),
    /// Picks what is at this place of the list.
    Pick(usize),
    /// Closes the list.
    Close,
}

/// Longer names are searched and shown up to here, in characters.
const MOST_CHARS: usize = 300;
/// So many choices say which characters were found; nobody scrolls further.
const MOST_MARKED: usize = 300;
/// How many commands of the palette are remembered.
const MOST_RECENT: usize = 8;

impl Picker {
    /// A list of `choices`, in this order while nothing is typed.
    #[must_use]
    pub fn new(title: &'static str, hint: &'static str, mut choices: Vec<Choice>) -> Self {
        for choice in &mut choices {
            for text in [&mut choice.title, &mut choice.note] {
                if let Some((at, _)) = text.char_indices().nth(MOST_CHARS) {
                    text.truncate(at);
                    text.push('…');
                }
            }
        }
        let mut picker = Self { title, hint, choices, query: String::new(), shown: Vec::new(), at: 0 };
        picker.search(String::new());
        picker
    }

    /// What was typed.
    #[must_use]
    pub fn query(&self) -> &str {
        &self.query
    }

    /// What fits, best first.
    #[must_use]
    pub fn shown(&self) -> &[Shown] {
        &self.shown
    }

    /// The place that is marked.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.at
    }

    /// The choice at place `at` of the list.
    #[must_use]
    pub fn choice(&self, at: usize) -> Option<&Choice> {
        self.choices.get(self.shown.get(at)?.choice)
    }

    /// Ranks the choices by how well they fit `query`; what cannot be used now comes after what can.
    pub fn search(&mut self, query: String) {
        self.at = 0;
        self.query = query;
        let pattern = Pattern::parse(&self.query, CaseMatching::Ignore, Normalization::Smart);
        if pattern.atoms.is_empty() {
            self.shown = (0..self.choices.len()).map(|choice| Shown { choice, matched: Vec::new() }).collect();
            return;
        }
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut buffer = Vec::new();
        let mut found: Vec<(usize, u32)> = Vec::new();
        for (at, choice) in self.choices.iter().enumerate() {
            let text = format!("{} {}", choice.title, choice.note);
            if let Some(score) = pattern.score(Utf32Str::new(&text, &mut buffer), &mut matcher) {
                found.push((at, score));
            }
        }
        found.sort_by_key(|&(at, score)| (self.choices[at].why_not.is_some(), std::cmp::Reverse(score), at));
        let marked = |(place, (at, _)): (usize, (usize, u32))| {
            let mut matched = Vec::new();
            if place < MOST_MARKED {
                // The title alone, where it fits alone: only its characters are marked.
                pattern.indices(Utf32Str::new(&self.choices[at].title, &mut buffer), &mut matcher, &mut matched);
                matched.sort_unstable();
                matched.dedup();
            }
            Shown { choice: at, matched }
        };
        self.shown = found.into_iter().enumerate().map(marked).collect();
    }

    fn move_by(&mut self, by: isize) {
        self.at = self.at.saturating_add_signed(by).min(self.shown.len().saturating_sub(1));
    }
}

impl State {
    /// Opens the palette, or closes the open list: every command of the table, the ones picked lately first.
    pub(super) fn toggle_palette(&mut self) {
        if self.session.picker.take().is_some() {
            return;
        }
        let recent = &self.settings.recent_commands;
        let rank = |id: &str| recent.iter().position(|known| known == id).unwrap_or(usize::MAX);
        let mut listed: Vec<_> = entries().filter(|entry| !matches!(entry.command, Command::Palette)).collect();
        listed.sort_by_key(|entry| (entry.needs.why_not(self).is_some(), rank(entry.id)));
        let choices = listed.into_iter().map(|entry| Choice {
            title: entry.title.trim_end_matches('…').to_owned(),
            note: entry.category.to_string(),
            keys: keys::text_of(self.bindings.of(entry.id)),
            why_not: entry.needs.why_not(self),
            command: entry.command.clone(),
        });
        self.session.picker = Some(Picker::new("Command palette", "What do you want to do?", choices.collect()));
    }

    /// Carries out a command of the open picker.
    pub(super) fn apply_picker(&mut self, command: PickerCommand, host: &mut Host) {
        let Some(picker) = &mut self.session.picker else { return };
        match command {
            PickerCommand::Query(query) => picker.search(query),
            PickerCommand::Move(by) => picker.move_by(by),
            PickerCommand::Close => self.session.picker = None,
            PickerCommand::Pick(at) => {
                let Some(choice) = picker.choice(at).filter(|choice| choice.why_not.is_none()) else { return };
                let command = choice.command.clone();
                self.session.picker = None;
                self.remember_command(&command);
                self.apply(command, host);
            }
        }
    }

    fn remember_command(&mut self, command: &Command) {
        let Some(entry) = entry_of(command) else { return };
        let recent = &mut self.settings.recent_commands;
        recent.retain(|known| known != entry.id);
        recent.insert(0, entry.id.to_owned());
        recent.truncate(MOST_RECENT);
        self.effect(super::state::Effect::Save);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picker(titles: &[&str]) -> Picker {
        let choice = |title: &&str| Choice {
            title: (*title).to_owned(),
            note: "View".to_owned(),
            keys: String::new(),
            why_not: title.starts_with("No").then_some("open a trace first"),
            command: Command::ZoomIn,
        };
        Picker::new("test", "type", titles.iter().map(choice).collect())
    }

    fn titles(picker: &Picker) -> Vec<&str> {
        (0..picker.shown().len()).filter_map(|at| picker.choice(at)).map(|choice| choice.title.as_str()).collect()
    }

    #[test]
    fn typing_ranks_and_marks_and_keeps_the_order_of_equals() {
        let mut picker = picker(&["Whole trace", "Zoom out", "Zoom in", "No zoom", "Größe"]);
        assert_eq!(titles(&picker), ["Whole trace", "Zoom out", "Zoom in", "No zoom", "Größe"]);
        for (query, expected) in [
            ("zoom", vec!["Zoom out", "Zoom in", "No zoom"]),
            ("zin", vec!["Zoom in"]),
            ("grosse", vec![]),
            ("größ", vec!["Größe"]),
            ("grö view", vec!["Größe"]),
            ("xyzzy", vec![]),
        ] {
            picker.search(query.to_owned());
            assert_eq!(titles(&picker), expected, "{query}");
        }
        picker.search("zin".to_owned());
        assert_eq!(picker.shown()[0].matched, [0, 5, 6]);
    }

    #[test]
    fn the_mark_stops_at_the_ends_and_starts_over_with_a_query() {
        let mut picker = picker(&["a", "b", "c"]);
        for (by, at) in [(1, 1), (9, 2), (isize::MAX, 2), (-1, 1), (isize::MIN, 0)] {
            picker.move_by(by);
            assert_eq!(picker.at(), at, "{by}");
        }
        picker.move_by(2);
        picker.search("b".to_owned());
        assert_eq!((picker.at(), picker.choice(0).map(|choice| choice.title.as_str())), (0, Some("b")));
        picker.search("nothing like it".to_owned());
        picker.move_by(1);
        assert!(picker.at() == 0 && picker.choice(0).is_none());
    }

    #[test]
    fn endless_names_are_cut() {
        let picker = picker(&["é".repeat(100_000).as_str()]);
        assert_eq!(titles(&picker)[0].chars().count(), MOST_CHARS + 1);
    }
}
