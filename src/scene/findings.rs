//! Findings at spans: every bar and every strip says the gravest one behind it, at every zoom (invariant I7).

use super::input::SceneInput;
use crate::analysis::clocks::FindingTone;
use crate::analysis::numbered::Numbered;
use crate::arrange::Arranged;
use crate::layout::LaneIx;
use crate::lod::{Tag, Tags};

/// A finding as a bar names it: its number and how it looks.
pub type Numeral = (u32, FindingTone);

/// The numbers of findings at the spans of `arranged`. Costs a step per span that a finding names.
#[must_use]
pub fn tags(arranged: &Arranged, findings: Numbered<'_>) -> Tags {
    let tagged = findings.iter().flat_map(|found| {
        let tag = Tag { level: found.tone() as u8, id: found.id() };
        found.marked().map(move |span| (span, tag))
    });
    let is_shown = |lane: LaneIx| arranged.lane(lane).is_none_or(|lane| !lane.is_aside);
    Tags::build(&arranged.layout, is_shown, tagged)
}

pub(super) fn of_tag(tag: Tag) -> Option<Numeral> {
    Some((tag.id, FindingTone::from_repr(tag.level)?))
}

/// The graver of two; of equally grave ones the first by number.
pub(super) fn graver(a: Option<Numeral>, b: Option<Numeral>) -> Option<Numeral> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if (b.1, a.0) > (a.1, b.0) { b } else { a }),
        (a, b) => a.or(b),
    }
}

impl<'a> SceneInput<'a> {
    /// All findings under their numbers.
    #[must_use]
    pub fn findings(&self) -> Numbered<'a> {
        Numbered::new(self.clocks.map(|clocks| clocks.known), self.work.map(|work| &work.patterns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_graver_finding_wins_then_the_lower_number() {
        let (fact, fault, pattern) = (FindingTone::Clock, FindingTone::Fault, FindingTone::Pattern);
        for (a, b, best) in [
            (None, None, None),
            (Some((3, fact)), None, Some((3, fact))),
            (Some((1, fact)), Some((9, fault)), Some((9, fault))),
            (Some((7, pattern)), Some((1, fact)), Some((7, pattern))),
            (Some((7, pattern)), Some((5, pattern)), Some((5, pattern))),
            (Some((5, pattern)), Some((7, pattern)), Some((5, pattern))),
        ] {
            assert_eq!(graver(a, b), best);
        }
    }
}
