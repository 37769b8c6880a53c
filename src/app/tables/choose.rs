//! Choosing columns and what to group by, out of all attributes of the workspace.

use std::sync::Arc;
use std::time::Duration;

use crate::analysis::attribute_keys::attribute_keys;
use crate::analysis::background::Newest;
use crate::analysis::search::CancelFlag;
use crate::analysis::search::Field;
use crate::analysis::table::Column;
use crate::app::state::{Effect, State, Tone};
use crate::app::window::Host;

/// What a list to choose from shows.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Chooser {
    /// What was typed.
    pub text: String,
    /// The columns whose name contains it, at most [`MOST_SHOWN`].
    pub found: Vec<Column>,
    /// How many more there are.
    pub more: usize,
    /// The attributes are still being collected.
    pub is_incomplete: bool,
}

/// How many columns a list shows at once: typing finds the others.
pub const MOST_SHOWN: usize = 200;

/// All attribute keys, collected on a thread when they are wanted first.
#[derive(Debug, Default)]
pub(super) struct Keys {
    known: Option<Vec<String>>,
    worker: Newest<Vec<String>>,
}

impl Keys {
    pub(super) fn is_busy(&self) -> bool {
        self.worker.is_busy()
    }

    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

impl State {
    /// Fills the list with what contains `text`.
    pub(super) fn choose(&mut self, text: String, host: &Host) {
        self.collect_keys(host);
        let tables = &mut self.session.tables;
        let keys = tables.keys.known.as_deref();
        tables.chooser = found(text, keys.unwrap_or_default());
        tables.chooser.is_incomplete = keys.is_none();
    }

    fn collect_keys(&mut self, host: &Host) {
        let (Some(data), keys) = (&self.data, &mut self.session.tables.keys) else { return };
        if keys.worker.has_started() {
            return;
        }
        let store = Arc::clone(&data.store);
        let work = move |_: &CancelFlag| {
            Some(attribute_keys(&store).into_iter().map(|key| store.text(key).to_owned()).collect())
        };
        if let Err(error) = keys.worker.ask("skewline-attributes", host.wake(), Duration::ZERO, work) {
            self.effect(Effect::Toast(Tone::Bad, format!("Cannot list the attributes: {error}")));
        }
    }

    pub(super) fn take_keys(&mut self) {
        let tables = &mut self.session.tables;
        if let Some(keys) = tables.keys.worker.take() {
            tables.chooser = found(std::mem::take(&mut tables.chooser.text), &keys);
            tables.keys.known = Some(keys);
        }
    }
}

fn found(text: String, keys: &[String]) -> Chooser {
    let wanted = text.trim().to_lowercase();
    let is_match = |name: &str| name.to_lowercase().contains(&wanted);
    let attributes = keys.iter().filter(|key| is_match(key)).map(|key| Column::Field(Field::Attr(key.clone())));
    let fixed = Column::fixed().into_iter().filter(|column| is_match(&column.heading(false)));
    let mut all = fixed.chain(attributes);
    let found = all.by_ref().take(MOST_SHOWN).collect();
    let more = all.count();
    Chooser { text, found, more, is_incomplete: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_finds_columns_and_says_how_many_more() {
        let keys: Vec<String> = (0..300).map(|at| format!("Gen_AI.key.{at}")).chain(["dur.x".to_owned()]).collect();
        let chooser = found(" gen_ai ".to_owned(), &keys);
        assert_eq!((chooser.found.len(), chooser.more), (MOST_SHOWN, 100));
        let chooser = found("DUR".to_owned(), &keys);
        assert_eq!(chooser.found, [Column::Duration, Column::Field(Field::Attr("dur.x".to_owned()))]);
        assert_eq!(found("nothing like it".to_owned(), &keys).found, []);
    }
}
