//! Work on lanes: splitting, merging, ordering, hiding, naming, folding. Each is one step of undo.

use std::sync::Arc;

use super::command::Command;
use super::go::bands;
use super::picker::{Choice, Picker};
use super::state::{Effect, State, Tone};
use crate::arrange::{CLOCK, FoldBy, Folding, LaneInfo, LaneKey, LaneView, Plan, SpanKey, Split, group_keys, splits};
use crate::layout::LaneIx;
use crate::model::SpanIx;
use crate::scene::geometry::content_height;

/// What concerns lanes and holds until the window closes.
#[derive(Debug, Default)]
pub struct Lanes {
    /// The lane that keys act on, when it is not that of the focused span.
    pub current: Option<LaneKey>,
    /// The lane whose name is being typed, and what was typed.
    pub renaming: Option<(LaneKey, String)>,
    /// What can be done with the lane whose menu is open.
    pub menu: Vec<Choice>,
    /// A view whose fit has to be looked at once its arrangement is there.
    pub(super) applied: Option<Box<crate::arrange::ViewFile>>,
}

/// What can be done with lanes, with data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LaneCommand {
    /// Keys act on this lane from now on.
    Focus(LaneKey),
    /// Fills the menu of a lane.
    FillMenu(LaneKey),
    /// Brings a lane to the top of the view.
    Reveal(LaneKey),
    /// Gives every value of a key a lane of its own.
    Split {
        /// Which lane.
        lane: LaneKey,
        /// [`CLOCK`] or the key of a resource attribute.
        by: String,
    },
    /// Takes back how a lane was merged or split.
    Rejoin(LaneKey),
    /// Makes a lane part of another.
    Merge {
        /// Which lane.
        lane: LaneKey,
        /// The other.
        into: LaneKey,
    },
    /// Puts a lane above another, or below all.
    Move {
        /// Which lane.
        lane: LaneKey,
        /// The one below it then; `None` = at the end.
        before: Option<LaneKey>,
    },
    /// Keeps a lane above those that are not pinned, or no longer.
    Pin(LaneKey),
    /// Hides a lane.
    Hide(LaneKey),
    /// Asks for a new name.
    AskName(LaneKey),
    /// The name as typed.
    TypeName(String),
    /// Gives the lane the name that was typed; an empty one gives its own name back.
    TakeName,
    /// Forgets what was typed.
    KeepName,
    /// Height of a lane by hand in points; `None` = as its rows need. Part of an interaction.
    SetHeight {
        /// Which lane.
        lane: LaneKey,
        /// Points at normal text size.
        points: Option<u32>,
    },
    /// Shows a lane as one strip, or its rows again.
    Fold(LaneKey),
    /// Hides the subtree of a span, or shows it again.
    FoldSpan {
        /// Which span.
        span: SpanIx,
        /// Hide or show.
        fold: bool,
    },
    /// Folds a lane, or all of them, by something; `None` = by nothing.
    FoldBy {
        /// Which lane; `None` = all.
        lane: Option<LaneKey>,
        /// What by.
        by: Option<FoldBy>,
    },
    /// Shows the rows of a group, or one strip instead.
    ToggleGroup(LaneKey),
    /// A lane for each value of this key.
    GroupBy(String),
}

impl State {
    /// The lane that keys act on: the one chosen last, that of the focused span, or the topmost in view.
    #[must_use]
    pub fn current_lane(&self) -> Option<LaneIx> {
        self.data.as_ref()?;
        let (arranged, view) = (&self.arranged, &self.session.view);
        let chosen = self.session.lanes.current.as_ref().and_then(|key| arranged.lane_of_key(key));
        let (bands, canvas_height) = bands(arranged, view);
        let is_shown = |lane: &LaneIx| bands.iter().any(|band| band.lane == *lane);
        let focused = || view.focused.map(|span| arranged.layout.lane_of(span)).filter(is_shown);
        let topmost = || bands.topmost(view.scroll_y, canvas_height).map(|band| band.lane);
        chosen.filter(is_shown).or_else(focused).or_else(topmost)
    }

    /// The topmost lane in view that scrolls.
    pub(super) fn lane_at_top(&self) -> Option<&LaneInfo> {
        let (bands, canvas_height) = bands(&self.arranged, &self.session.view);
        self.arranged.lane(bands.topmost(self.session.view.scroll_y, canvas_height)?.lane)
    }

    fn current_info(&self) -> Option<&LaneInfo> {
        self.arranged.lane(self.current_lane()?)
    }

    /// Commands of the table.
    pub(super) fn apply_lane_key(&mut self, command: &Command) {
        let Some(lane) = self.current_info().map(|lane| lane.key.clone()) else { return };
        match command {
            Command::FindLane => self.session.picker = Some(self.lane_finder()),
            Command::GroupLanes => self.session.picker = Some(self.group_picker()),
            Command::GroupByClock => self.apply_lane(LaneCommand::GroupBy(CLOCK.to_owned())),
            Command::LaneMenu => {
                let choices = self.lane_choices(&lane);
                self.session.picker = Some(Picker::new("Lane", "What should happen to this lane?", choices));
            }
            Command::SplitLane => match self.splits_of(&lane).first() {
                Some(split) => self.apply_lane(LaneCommand::Split { lane, by: split.key.clone() }),
                None => self.say("Everything in this lane has the same attributes: there is nothing to split it by"),
            },
            Command::RejoinLane => self.apply_lane(LaneCommand::Rejoin(lane)),
            Command::MergeLane => match self.neighbour(&lane, 1) {
                Some(other) => self.apply_lane(LaneCommand::Merge { lane: other, into: lane }),
                None => self.say("There is no lane below to merge with"),
            },
            Command::LaneUp => self.move_by(lane, -1),
            Command::LaneDown => self.move_by(lane, 1),
            Command::PinLane => self.apply_lane(LaneCommand::Pin(lane)),
            Command::HideLane => self.apply_lane(LaneCommand::Hide(lane)),
            Command::RenameLane => self.apply_lane(LaneCommand::AskName(lane)),
            Command::FoldLane => self.apply_lane(LaneCommand::Fold(lane)),
            Command::FoldSubtree => self.fold_focused(),
            Command::UnfoldSubtree => self.unfold_focused(),
            Command::UnfoldAll => {
                let plan = Arc::make_mut(&mut self.session.view.plan);
                plan.folds.clear();
                plan.fold = Folding::default();
                Arc::make_mut(&mut self.session.view.lanes).folded.clear();
                self.end_lane_work();
            }
            Command::ShowAllLanes => {
                Arc::make_mut(&mut self.session.view.lanes).hidden.clear();
                self.end_lane_work();
            }
            Command::ResetLanes => {
                let clock = self.session.view.plan.clock;
                let only = self.session.view.plan.only.clone();
                self.session.view.plan = Arc::new(Plan { clock, only, ..Plan::default() });
                self.session.view.lanes = Arc::default();
                self.end_lane_work();
            }
            _ => {}
        }
    }

    /// Commands with data.
    pub(super) fn apply_lane(&mut self, command: LaneCommand) {
        let session = &mut self.session;
        let view = &mut session.view;
        match command {
            LaneCommand::Focus(lane) => {
                session.lanes.current = Some(lane);
                return;
            }
            LaneCommand::FillMenu(lane) => {
                let menu = self.lane_choices(&lane);
                self.session.lanes.menu = menu;
                self.session.lanes.current = Some(lane);
                return;
            }
            LaneCommand::AskName(lane) => {
                let name = self.lane_name(&lane);
                self.session.lanes.renaming = Some((lane, name));
                return;
            }
            LaneCommand::TypeName(text) => {
                if let Some((_, name)) = &mut session.lanes.renaming {
                    *name = text;
                }
                return;
            }
            LaneCommand::KeepName => {
                session.lanes.renaming = None;
                return;
            }
            LaneCommand::TakeName => self.take_name(),
            LaneCommand::Reveal(lane) => self.reveal_lane(lane),
            LaneCommand::Split { lane, by } => {
                Arc::make_mut(&mut view.plan).splits.insert(lane, by);
            }
            LaneCommand::Rejoin(lane) => {
                if !Arc::make_mut(&mut view.plan).rejoin(&lane) {
                    return self.say("This lane is neither merged nor a piece of another");
                }
                session.lanes.current = lane.parent().or(Some(lane));
            }
            LaneCommand::Merge { lane, into } => {
                Arc::make_mut(&mut view.plan).merge(&lane, &into);
                session.lanes.current = Some(into);
            }
            LaneCommand::Move { lane, before } => self.move_lane(&lane, before.as_ref()),
            LaneCommand::Pin(lane) => self.pin(&lane),
            LaneCommand::Fold(lane) => toggle(&mut Arc::make_mut(&mut view.lanes).folded, lane),
            LaneCommand::Hide(lane) => self.hide_lane(lane),
            LaneCommand::SetHeight { lane, points } => {
                let heights = &mut Arc::make_mut(&mut view.lanes).heights;
                match points {
                    Some(points) => heights.insert(lane, points),
                    None => heights.remove(&lane),
                };
                // The undo point comes when the drag ends.
                return self.clamp_view();
            }
            LaneCommand::FoldSpan { span, fold } => self.fold_span(span, fold),
            LaneCommand::FoldBy { lane, by } => self.fold_lanes(lane, by),
            LaneCommand::ToggleGroup(key) => toggle(&mut Arc::make_mut(&mut view.lanes).opened, key),
            LaneCommand::GroupBy(key) => {
                // Splits and merges name lanes of the grouping that they were made in.
                let plan = Arc::make_mut(&mut view.plan);
                plan.group_by = key;
                plan.splits.clear();
                plan.merges.clear();
            }
        }
        self.end_lane_work();
    }

    pub(super) fn end_lane_work(&mut self) {
        self.clamp_view();
        self.session.history.commit(&self.session.view);
    }

    pub(super) fn say(&mut self, text: &str) {
        self.effect(Effect::Toast(Tone::Good, text.to_owned()));
    }

    /// What a lane is called now.
    #[must_use]
    pub fn lane_name(&self, lane: &LaneKey) -> String {
        let info = self.arranged.lanes.iter().find(|info| info.key == *lane);
        info.map_or_else(|| lane.to_string(), |info| self.session.view.lanes.name(info).to_owned())
    }

    fn take_name(&mut self) {
        let Some((lane, name)) = self.session.lanes.renaming.take() else { return };
        let own = self.arranged.lanes.iter().find(|info| info.key == lane).map(|info| info.name.as_str());
        let name = name.trim();
        let names = &mut Arc::make_mut(&mut self.session.view.lanes).names;
        if name.is_empty() || own == Some(name) {
            names.remove(&lane);
        } else {
            names.insert(lane, name.to_owned());
        }
    }

    fn hide_lane(&mut self, lane: LaneKey) {
        let name = self.lane_name(&lane);
        self.session.lanes.current = self.neighbour(&lane, 1).or_else(|| self.neighbour(&lane, -1));
        Arc::make_mut(&mut self.session.view.lanes).hidden.insert(lane);
        self.say(&format!("{name} is hidden; Lanes > Show hidden lanes brings it back"));
    }

    /// Keys of the lanes in view order, hidden ones left out.
    fn shown_keys(&self) -> Vec<LaneKey> {
        let lanes = &self.arranged.lanes;
        self.session.view.lanes.shown(lanes).into_iter().map(|lane| lanes[lane.at()].key.clone()).collect()
    }

    /// The lane that is shown `by` places below `lane`.
    fn neighbour(&self, lane: &LaneKey, by: isize) -> Option<LaneKey> {
        let keys = self.shown_keys();
        let at = keys.iter().position(|key| key == lane)?;
        keys.get(at.checked_add_signed(by)?).cloned()
    }

    fn move_by(&mut self, lane: LaneKey, by: isize) {
        let before = if by < 0 { self.neighbour(&lane, by) } else { self.neighbour(&lane, by + 1) };
        if by < 0 && before.is_none() || by > 0 && self.neighbour(&lane, 1).is_none() {
            return;
        }
        self.session.lanes.current = Some(lane.clone());
        self.apply_lane(LaneCommand::Move { lane, before });
    }

    fn move_lane(&mut self, lane: &LaneKey, before: Option<&LaneKey>) {
        let lanes = &self.arranged.lanes;
        let mut order: Vec<LaneKey> =
            self.session.view.lanes.ordered(lanes).into_iter().map(|at| lanes[at.at()].key.clone()).collect();
        order.retain(|key| key != lane);
        let at = before.and_then(|before| order.iter().position(|key| key == before)).unwrap_or(order.len());
        order.insert(at, lane.clone());
        let view = Arc::make_mut(&mut self.session.view.lanes);
        // A lane that is put among pinned ones is pinned, and no longer when it leaves them.
        let pinned_below = before.is_some_and(|before| view.pinned.contains(before));
        let first_free = order.iter().position(|key| key != lane && !view.pinned.contains(key)).unwrap_or(order.len());
        if pinned_below {
            view.pinned.insert(lane.clone());
        } else if at > first_free {
            view.pinned.remove(lane);
        }
        view.order = order;
    }

    fn pin(&mut self, lane: &LaneKey) {
        toggle(&mut Arc::make_mut(&mut self.session.view.lanes).pinned, lane.clone());
        let view = &self.session.view;
        let (bands, canvas_height) = bands(&self.arranged, view);
        let band = self.arranged.lane_of_key(lane).and_then(|ix| bands.iter().find(|band| band.lane == ix));
        let is_held = band.is_none_or(|band| band.lane_top < bands.held_height(canvas_height));
        let is_scrolled = content_height(&bands) > f64::from(canvas_height);
        if view.lanes.pinned.contains(lane) && is_scrolled && !is_held {
            self.say("Too high to stay in view while others scroll: fold the lane, or drag the lower edge of its head");
        }
    }

    fn reveal_lane(&mut self, lane: LaneKey) {
        Arc::make_mut(&mut self.session.view.lanes).hidden.remove(&lane);
        self.scroll_to_lane(&lane);
        self.session.lanes.current = Some(lane);
    }

    /// Scrolls so that `lane` is at the top, as far as there is content.
    pub(super) fn scroll_to_lane(&mut self, lane: &LaneKey) {
        let Some(ix) = self.arranged.lane_of_key(lane) else { return };
        let (bands, canvas_height) = bands(&self.arranged, &self.session.view);
        let held = bands.held_height(canvas_height);
        if let Some(band) = bands.iter().find(|band| band.lane == ix && band.top >= held) {
            self.session.view.scroll_y = band.top - held;
        }
    }

    /// Folds what is below the focused span; where nothing is, goes to the parent.
    fn fold_focused(&mut self) {
        let (Some(data), Some(span)) = (self.data.clone(), self.session.view.focused) else {
            return self.say("Select a span: its subtree is folded then");
        };
        let layout = &self.arranged.layout;
        let shown = layout.shown_as(span);
        let lane = layout.lane_of(shown);
        if let Some(group) = self.group_of(shown).filter(|_| layout.hidden_behind(shown) == 0) {
            // Nothing below it is left to fold, so its group is.
            let is_leaf = data.store.span(shown).parent().is_none() || data.store.span(shown).children().is_empty();
            if is_leaf && self.session.view.lanes.opened.contains(&group) {
                return self.apply_lane(LaneCommand::ToggleGroup(group));
            }
        }
        let has_rows = layout.hidden_behind(shown) == 0
            && data.store.span(shown).children().iter().any(|&child| layout.lane_of(child) == lane);
        if has_rows {
            self.apply_lane(LaneCommand::FoldSpan { span: shown, fold: true });
        } else if let Some(parent) = data.store.span(shown).parent() {
            self.go_to(parent);
        }
    }

    /// Unfolds the focused span; where nothing is folded, goes to its first child.
    fn unfold_focused(&mut self) {
        let (Some(data), Some(span)) = (self.data.clone(), self.session.view.focused) else { return };
        let shown = self.arranged.layout.shown_as(span);
        if let Some(group) = self.group_of(shown).filter(|group| !self.session.view.lanes.opened.contains(group)) {
            return self.apply_lane(LaneCommand::ToggleGroup(group));
        }
        if self.arranged.layout.hidden_behind(shown) > 0 {
            self.apply_lane(LaneCommand::FoldSpan { span: shown, fold: false });
        } else if let Some(&child) = data.store.span(span).children().first() {
            self.go_to(child);
        }
    }

    /// The group of a folded lane that `span` is in.
    fn group_of(&self, span: SpanIx) -> Option<LaneKey> {
        let part = self.arranged.layout.part_of_row(self.arranged.layout.row_of(span));
        let section = self.arranged.sections.get(part.at())?;
        section.group.as_ref().map(|_| section.key.clone())
    }

    fn fold_span(&mut self, span: SpanIx, fold: bool) {
        let Some(data) = self.data.clone().filter(|data| span.at() < data.store.len()) else { return };
        let key = SpanKey::of(&data.store, span);
        let folds = &mut Arc::make_mut(&mut self.session.view.plan).folds;
        if fold {
            folds.insert(key);
        } else {
            folds.remove(&key);
        }
    }

    fn splits_of(&self, lane: &LaneKey) -> Vec<Split> {
        let (Some(data), Some(info)) = (&self.data, self.arranged.lanes.iter().find(|info| info.key == *lane)) else {
            return Vec::new();
        };
        splits(&data.store, info)
    }

    fn lane_finder(&self) -> Picker {
        let (lanes, view) = (&self.arranged.lanes, &self.session.view.lanes);
        let shown = view.ordered(lanes).into_iter().filter(|lane| !lanes[lane.at()].is_aside);
        let choices = shown.map(|lane| {
            let info = &lanes[lane.at()];
            let hidden = if view.hidden.contains(&info.key) { " · hidden" } else { "" };
            let spans = crate::scene::count_text(info.spans, "span");
            choice(view.name(info), &format!("{spans} · {}{hidden}", info.key), LaneCommand::Reveal(info.key.clone()))
        });
        Picker::new("Find a lane", "Part of a name, a service or a host", choices.collect())
    }

    fn group_picker(&self) -> Picker {
        let data = self.data.as_ref();
        let keys = data.map(|data| group_keys(&data.store, data.domains.list.len())).unwrap_or_default();
        let choices = keys.into_iter().map(|split| {
            let lanes = format!("{} lanes", split.pieces);
            choice(&split.key.clone(), &lanes, LaneCommand::GroupBy(split.key))
        });
        Picker::new("Group lanes by", "The clock, or a key of the resources", choices.collect())
    }

    /// Everything that can be done with a lane.
    fn lane_choices(&self, lane: &LaneKey) -> Vec<Choice> {
        let view: &LaneView = &self.session.view.lanes;
        let key = || lane.clone();
        let mut choices = Vec::new();
        let mut add = |title: &str, note: &str, command: LaneCommand| choices.push(choice(title, note, command));
        let is_folded = view.folded.contains(lane);
        add(if is_folded { "Unfold lane" } else { "Fold lane" }, "", LaneCommand::Fold(key()));
        add(if view.pinned.contains(lane) { "Unpin lane" } else { "Pin lane" }, "", LaneCommand::Pin(key()));
        add("Hide lane", "", LaneCommand::Hide(key()));
        add("Rename lane…", "", LaneCommand::AskName(key()));
        choices.extend(self.fold_choices(lane));
        let mut add = |title: &str, note: &str, command: LaneCommand| choices.push(choice(title, note, command));
        for split in self.splits_of(lane).into_iter().take(MOST_OFFERED) {
            let note = format!("{} lanes", split.pieces);
            add(&format!("Split by {}", split.key), &note, LaneCommand::Split { lane: key(), by: split.key });
        }
        if lane.parent().is_some() || self.arranged.lanes.iter().any(|info| info.key == *lane && !info.parts.is_empty())
        {
            add("Join again what was split, part what was merged", "", LaneCommand::Rejoin(key()));
        }
        for other in self.shown_keys().into_iter().filter(|other| other != lane).take(MOST_OFFERED) {
            let title = format!("Merge with {}", self.lane_name(&other));
            add(&title, other.as_str(), LaneCommand::Merge { lane: other.clone(), into: key() });
        }
        if let Some(above) = self.neighbour(lane, -1) {
            add("Move lane up", "", LaneCommand::Move { lane: key(), before: Some(above) });
        }
        if self.neighbour(lane, 1).is_some() {
            let before = self.neighbour(lane, 2);
            add("Move lane down", "", LaneCommand::Move { lane: key(), before });
        }
        if view.heights.contains_key(lane) {
            add("Height as its rows need", "", LaneCommand::SetHeight { lane: key(), points: None });
        }
        choices
    }
}

/// Splits and merges that a menu offers; the finder and the commands know them all.
const MOST_OFFERED: usize = 12;

fn choice(title: &str, note: &str, command: LaneCommand) -> Choice {
    Choice {
        title: title.to_owned(),
        note: note.to_owned(),
        keys: String::new(),
        why_not: None,
        command: Command::Lanes(command),
    }
}

fn toggle(set: &mut std::collections::BTreeSet<LaneKey>, lane: LaneKey) {
    if !set.remove(&lane) {
        set.insert(lane);
    }
}
