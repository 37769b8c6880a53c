//! What bars are coloured and folded by. Each choice is one step of undo.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::command::Command;
use super::lanes::LaneCommand;
use super::picker::{Choice, Picker};
use super::state::State;
use crate::arrange::{ColorBy, FoldBy, LaneKey};
use crate::scene::ViewState;

/// The colouring that `command` asks for.
const fn color_of(command: &Command) -> Option<ColorBy> {
    match command {
        Command::ColorByService => Some(ColorBy::Service),
        Command::ColorByAgent => Some(ColorBy::Agent),
        Command::ColorByPhase => Some(ColorBy::Phase),
        Command::ColorByClock => Some(ColorBy::Clock),
        _ => None,
    }
}

/// What `command` folds all lanes by; the inner `None` = by nothing.
const fn fold_of(command: &Command) -> Option<Option<FoldBy>> {
    match command {
        Command::FoldOff => Some(None),
        Command::FoldByAgent => Some(Some(FoldBy::Agent)),
        Command::FoldByPhase => Some(Some(FoldBy::Phase)),
        Command::FoldByService => Some(Some(FoldBy::Service)),
        Command::FoldByTurn => Some(Some(FoldBy::Turn)),
        Command::FoldByRetry => Some(Some(FoldBy::Retry)),
        _ => None,
    }
}

/// True when `view` is as `command` asks for.
#[must_use]
pub fn is_chosen(command: &Command, view: &ViewState) -> bool {
    let fold = &view.plan.fold;
    match (command, color_of(command), fold_of(command)) {
        (_, Some(color), _) => view.lanes.color == color,
        (Command::FoldOff, ..) => fold.is_off(),
        (_, _, Some(by)) => fold.by == by,
        (Command::FoldAcross, ..) => fold.across,
        _ => false,
    }
}

impl State {
    /// Commands of the table.
    pub(super) fn apply_fold(&mut self, command: &Command) {
        if self.data.is_none() {
            return;
        }
        if let Some(color) = color_of(command) {
            Arc::make_mut(&mut self.session.view.lanes).color = color;
        } else if let Some(by) = fold_of(command) {
            self.fold_lanes(None, by);
        } else if matches!(command, Command::FoldAcross) {
            let fold = &mut Arc::make_mut(&mut self.session.view.plan).fold;
            fold.across = !fold.across;
            if fold.across && fold.by.is_none() {
                fold.by = Some(FoldBy::Agent);
            }
        } else {
            self.session.picker = Some(self.fold_picker(None));
            return;
        }
        self.end_lane_work();
    }

    /// Folds `lane`, or all lanes, by `by`; `None` = not at all.
    pub(super) fn fold_lanes(&mut self, lane: Option<LaneKey>, by: Option<FoldBy>) {
        let fold = &mut Arc::make_mut(&mut self.session.view.plan).fold;
        match lane {
            // What differs from the others is kept only while it does.
            Some(lane) if fold.by == by => {
                fold.lanes.remove(&lane);
            }
            Some(lane) => {
                fold.lanes.insert(lane, by);
            }
            None => {
                fold.lanes.clear();
                fold.across &= by.is_some();
                fold.by = by;
            }
        }
    }

    /// Everything that lanes can be folded by.
    pub(super) fn fold_picker(&self, lane: Option<&LaneKey>) -> Picker {
        let data = self.data.as_ref();
        let fixed = [FoldBy::Agent, FoldBy::Phase, FoldBy::Service, FoldBy::Turn, FoldBy::Retry];
        let keys: BTreeSet<&str> = data.map_or_else(BTreeSet::new, |data| {
            data.store.attrs().pairs().iter().map(|pair| data.store.text(pair.key)).collect()
        });
        let attrs = keys.into_iter().filter(|key| !key.is_empty()).map(|key| FoldBy::Attr(key.to_owned()));
        let choices = fixed.into_iter().chain(attrs).map(|by| fold_choice(by.noun(), lane, Some(by.clone())));
        Picker::new("Fold by", "An agent, a phase, or any attribute", choices.collect())
    }

    /// What the menu of `lane` offers about folding.
    pub(super) fn fold_choices(&self, lane: &LaneKey) -> Vec<Choice> {
        let now = self.session.view.plan.fold.of_lane(lane);
        let fixed = [FoldBy::Agent, FoldBy::Phase, FoldBy::Service, FoldBy::Turn, FoldBy::Retry];
        let mut choices: Vec<Choice> = (fixed.into_iter().filter(|by| now != Some(by)))
            .map(|by| fold_choice(&format!("Fold by {}", by.noun()), Some(lane), Some(by.clone())))
            .collect();
        if now.is_some() {
            choices.push(fold_choice("Fold by nothing", Some(lane), None));
        }
        choices
    }
}

fn fold_choice(title: &str, lane: Option<&LaneKey>, by: Option<FoldBy>) -> Choice {
    Choice {
        title: title.to_owned(),
        note: by.as_ref().map(ToString::to_string).unwrap_or_default(),
        keys: String::new(),
        why_not: None,
        command: Command::Lanes(LaneCommand::FoldBy { lane: lane.cloned(), by }),
    }
}
