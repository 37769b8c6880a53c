//! Showing one conversation only: what belongs to others is put aside, into lanes of its own that are not shown.
//!
//! No span loses its row, so taking it back costs no more than another arrangement, and everything is counted.

use super::LaneInfo;
use crate::analysis::genai::GenAi;
use crate::layout::{Grouping, LaneIx};

/// What the key of a lane that was put aside ends in.
const ASIDE: &str = "other conversations";

/// Puts aside what is not part of the conversation with id `only`. False when there is no such conversation.
pub(super) fn put_aside(genai: &GenAi, only: &str, grouping: &mut Grouping, lanes: &mut Vec<LaneInfo>) -> bool {
    let Some(wanted) = genai.conversations().iter().position(|conversation| conversation.id == only) else {
        return false;
    };
    let is_wanted =
        |span: usize| genai.conversation_of(crate::model::SpanIx::from_usize(span)).is_some_and(|ix| ix.at() == wanted);
    let mut shown = vec![0_u64; lanes.len()];
    for (span, lane) in grouping.of_span.iter().enumerate() {
        shown[lane.at()] += u64::from(is_wanted(span));
    }
    let mut aside_of = vec![None; lanes.len()];
    for lane in 0..shown.len() {
        let hidden = lanes[lane].spans.saturating_sub(shown[lane]);
        if shown[lane] == 0 {
            lanes[lane].is_aside = true;
        } else if hidden > 0 {
            aside_of[lane] = Some(LaneIx(lanes.len() as u32));
            let whole = lanes[lane].clone();
            let (key, name) = (whole.key.piece(ASIDE, ""), format!("{} · {ASIDE}", whole.name));
            lanes[lane].spans = shown[lane];
            lanes.push(LaneInfo { key, name, spans: hidden, parts: Vec::new(), is_aside: true, ..whole });
        }
    }
    for (span, lane) in grouping.of_span.iter_mut().enumerate() {
        if let Some(aside) = aside_of[lane.at()].filter(|_| !is_wanted(span)) {
            *lane = aside;
        }
    }
    grouping.lanes = lanes.len();
    true
}
