//! Lanes by what people call them, for the command line.

use std::sync::Arc;

use super::{Arranged, LaneView};
use crate::layout::LaneIx;

impl Arranged {
    /// Shows just the lanes that `wanted` names, in that order: by number from the top, by name, by key, or by a part
    /// of a name that only one lane has.
    ///
    /// # Errors
    /// In words, with a list of all lanes, when a name fits no lane or several.
    pub fn pick_lanes(&self, view: &mut Arc<LaneView>, wanted: &[String]) -> Result<(), String> {
        let order = view.ordered(&self.lanes);
        let mut picked: Vec<LaneIx> = Vec::new();
        for text in wanted {
            let lane = self.pick_lane(view, &order, text.trim())?;
            if !picked.contains(&lane) {
                picked.push(lane);
            }
        }
        let key = |lane: &LaneIx| self.lanes[lane.at()].key.clone();
        let hidden = order.iter().filter(|lane| !picked.contains(lane)).map(key).collect();
        let view = Arc::make_mut(view);
        view.order = picked.iter().map(key).collect();
        view.pinned.clear();
        view.hidden = hidden;
        Ok(())
    }

    fn pick_lane(&self, view: &LaneView, order: &[LaneIx], text: &str) -> Result<LaneIx, String> {
        let name = |lane: LaneIx| view.name(&self.lanes[lane.at()]);
        let lower = text.to_lowercase();
        let number = text.parse::<usize>().ok().and_then(|number| order.get(number.checked_sub(1)?)).copied();
        let exact = |lane: LaneIx| name(lane) == text || self.lanes[lane.at()].key.as_str() == text;
        let same = |lane: LaneIx| name(lane).to_lowercase() == lower;
        let part = |lane: LaneIx| !lower.is_empty() && name(lane).to_lowercase().contains(&lower);
        let fitting = |fits: &dyn Fn(LaneIx) -> bool| -> Vec<LaneIx> {
            order.iter().copied().filter(|&lane| fits(lane)).collect()
        };
        let rules: [&dyn Fn(LaneIx) -> bool; 3] = [&exact, &same, &part];
        for found in rules.map(fitting) {
            match (found.as_slice(), number) {
                ([only], _) => return Ok(*only),
                ([], _) => {}
                (_, Some(number)) => return Ok(number),
                _ => return Err(format!("several lanes are called {text:?}; {}", self.listed(view, order))),
            }
        }
        number.ok_or_else(|| format!("there is no lane {text:?}; {}", self.listed(view, order)))
    }

    /// All lanes with their numbers, as an error message needs them.
    fn listed(&self, view: &LaneView, order: &[LaneIx]) -> String {
        const MOST: usize = 40;
        let mut text = "the lanes are:".to_owned();
        for (number, lane) in (1..).zip(order).take(MOST) {
            let lane = &self.lanes[lane.at()];
            text = format!("{text}\n{number:>4}  {}  ({})", view.name(lane), lane.key);
        }
        if order.len() > MOST {
            text = format!("{text}\n      and {} more", order.len() - MOST);
        }
        text
    }
}
