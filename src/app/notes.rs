//! Range notes: a measured range is kept, named, shown again, removed.

use std::sync::Arc;

use super::command::Command;
use super::state::{Effect, State, Tone};
use crate::scene::view_state::{MOST_NOTE_CHARS, MOST_NOTES, RangeNote};

/// What can be done with one note; the number is its place in the list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoteCommand {
    /// Gives it another text.
    Rename(usize, String),
    /// Brings its range into view and measures it.
    Show(usize),
    /// Removes it.
    Remove(usize),
}

impl State {
    pub(super) fn apply_notes(&mut self, command: Command) {
        match command {
            Command::KeepNote => self.keep_note(),
            Command::RemoveNote => {
                // The note of the measured range, else the last one.
                let (notes, measure) = (&self.session.view.notes, self.session.view.measure);
                let measured = notes.iter().position(|note| {
                    measure.map(super::super::scene::view_state::TimeRange::ordered) == Some(note.range)
                });
                if let Some(at) = measured.or_else(|| notes.len().checked_sub(1)) {
                    self.remove_note(at);
                }
            }
            Command::Note(NoteCommand::Rename(at, text)) => {
                if let Some(note) = Arc::make_mut(&mut self.session.view.notes).get_mut(at) {
                    note.text = text.chars().take(MOST_NOTE_CHARS).collect();
                }
            }
            Command::Note(NoteCommand::Show(at)) => {
                let Some(range) = self.session.view.notes.get(at).map(|note| note.range) else { return };
                self.session.view.measure_range(Some(range));
                self.session.view.fit_range(range);
                self.session.view.zoom_about(range.from_ns.saturating_add(range.length_ns() / 2), 0.6);
                self.clamp_view();
                self.session.history.commit(&self.session.view);
            }
            Command::Note(NoteCommand::Remove(at)) => self.remove_note(at),
            _ => {}
        }
    }

    fn keep_note(&mut self) {
        let Some(range) = self.session.view.measure.or_else(|| self.selection_hull()) else {
            let text = "Measure a range first: drag on the timeline, or select a span".to_owned();
            return self.effect(Effect::Toast(Tone::Bad, text));
        };
        let note = RangeNote { range: range.ordered(), text: String::new() };
        let notes = &self.session.view.notes;
        if notes.iter().any(|known| known.range == note.range) || notes.len() >= MOST_NOTES {
            return;
        }
        // A step of its own: undoing it takes no zoom along.
        self.session.history.commit(&self.session.view);
        let notes = Arc::make_mut(&mut self.session.view.notes);
        notes.push(note);
        self.session.view.measure_range(None);
        self.session.history.commit(&self.session.view);
    }

    fn remove_note(&mut self, at: usize) {
        if at >= self.session.view.notes.len() {
            return;
        }
        self.session.history.commit(&self.session.view);
        let removed = Arc::make_mut(&mut self.session.view.notes).remove(at);
        self.session.view.measure = self.session.view.measure.filter(|range| range.ordered() != removed.range);
        self.session.history.commit(&self.session.view);
    }
}
