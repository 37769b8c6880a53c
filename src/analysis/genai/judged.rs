//! What somebody said about proposals for traces that lost their parent. The tree never changes because of it: whoever
//! reads it asks here where a trace was placed by hand.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::stitch::Stitch;
use crate::model::{SpanIx, TraceStore};

/// What somebody said about a proposal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Verdict {
    /// It belongs there.
    Accepted,
    /// It does not.
    Rejected,
}

/// Everything that was said about the proposals of one store.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Judged {
    /// The span below which each accepted root belongs.
    places: BTreeMap<SpanIx, SpanIx>,
    /// The roots that were placed below each span, in file order.
    below: BTreeMap<SpanIx, Vec<SpanIx>>,
    /// (root, span below which it does not belong)
    rejected: BTreeSet<(SpanIx, SpanIx)>,
}

/// Where a trace that lost its parent most probably belongs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Best<'a> {
    /// The proposal.
    pub stitch: &'a Stitch,
    /// Somebody said so; else it is the surest proposal that nobody rejected.
    pub is_accepted: bool,
}

impl Judged {
    /// What was said, as (root, span below which it may belong, verdict), about spans of `store`. A trace that would
    /// come to lie below itself stays where it is.
    #[must_use]
    pub fn new(store: &TraceStore, said: impl IntoIterator<Item = (SpanIx, SpanIx, Verdict)>) -> Self {
        let mut judged = Self::default();
        for (root, under, verdict) in said {
            match verdict {
                Verdict::Rejected => {
                    judged.rejected.insert((root, under));
                }
                Verdict::Accepted if judged.closes_circle(store, root, under) => {}
                Verdict::Accepted => {
                    judged.places.insert(root, under);
                }
            }
        }
        for (&root, &under) in &judged.places {
            judged.below.entry(under).or_default().push(root);
        }
        judged
    }

    fn closes_circle(&self, store: &TraceStore, root: SpanIx, under: SpanIx) -> bool {
        std::iter::successors(Some(under), |&up| self.above(store, up)).any(|up| up == root)
    }

    /// The parent of `span`, or the span below which it was placed.
    #[must_use]
    pub fn above(&self, store: &TraceStore, span: SpanIx) -> Option<SpanIx> {
        store.parents()[span.at()].get().or_else(|| self.place_of(span))
    }

    /// The span below which `root` was placed.
    #[must_use]
    pub fn place_of(&self, root: SpanIx) -> Option<SpanIx> {
        self.places.get(&root).copied()
    }

    /// The roots that were placed below `span`.
    #[must_use]
    pub fn below(&self, span: SpanIx) -> &[SpanIx] {
        self.below.get(&span).map(Vec::as_slice).unwrap_or_default()
    }

    /// All roots that were placed.
    pub fn placed(&self) -> impl Iterator<Item = SpanIx> {
        self.places.keys().copied()
    }

    /// Whether somebody said that `root` does not belong below `under`.
    #[must_use]
    pub fn is_rejected(&self, root: SpanIx, under: SpanIx) -> bool {
        self.rejected.contains(&(root, under))
    }

    /// Whether somebody said that `root` does not belong somewhere.
    #[must_use]
    pub fn has_rejected(&self, root: SpanIx) -> bool {
        self.rejected.range((root, SpanIx(0))..).next().is_some_and(|(of, _)| *of == root)
    }

    /// Where `root` belongs: where it was placed, else the surest of `stitches` that was not rejected. `stitches` are
    /// by root, the surest first.
    #[must_use]
    pub fn best<'a>(&self, stitches: &'a [Stitch], root: SpanIx) -> Option<Best<'a>> {
        let from = stitches.partition_point(|stitch| stitch.root < root);
        let of_root = || stitches[from..].iter().take_while(|stitch| stitch.root == root);
        if let Some(place) = self.place_of(root) {
            let accepted = of_root().find(|stitch| stitch.under == place);
            return accepted.map(|stitch| Best { stitch, is_accepted: true });
        }
        let open = of_root().find(|stitch| !self.is_rejected(root, stitch.under));
        open.map(|stitch| Best { stitch, is_accepted: false })
    }
}

#[cfg(test)]
mod tests {
    use super::super::stitch::StitchBy;
    use super::*;
    use crate::analysis::genai::tests::fixture::{Span, store};

    fn stitch(root: u32, under: u32, score: u8) -> Stitch {
        Stitch { root: SpanIx(root), under: SpanIx(under), score, by: StitchBy::Link, evidence: String::new() }
    }

    #[test]
    fn the_best_place_is_what_was_accepted_then_the_surest_that_was_not_rejected() {
        let spans: Vec<Span> = (1..=4).map(|id| Span { id, trace: u128::from(id), ..Span::default() }).collect();
        let store = store(&spans);
        let stitches = [stitch(1, 0, 98), stitch(1, 2, 70), stitch(3, 1, 30)];
        let best = |said: &[(u32, u32, Verdict)], root| {
            let said = said.iter().map(|&(root, under, verdict)| (SpanIx(root), SpanIx(under), verdict));
            let best = Judged::new(&store, said).best(&stitches, SpanIx(root));
            best.map(|best| (best.stitch.under.0, best.is_accepted))
        };
        assert_eq!(best(&[], 1), Some((0, false)));
        assert_eq!(best(&[(1, 0, Verdict::Rejected)], 1), Some((2, false)));
        assert_eq!(best(&[(1, 2, Verdict::Accepted)], 1), Some((2, true)));
        assert_eq!(best(&[(1, 0, Verdict::Rejected), (1, 2, Verdict::Rejected)], 1), None);
        assert_eq!(best(&[(1, 0, Verdict::Rejected)], 3), Some((1, false)), "the others are not touched");
        assert_eq!(best(&[], 2), None);
    }

    #[test]
    fn nothing_comes_to_lie_below_itself() {
        let spans: Vec<Span> = (1..=3).map(|id| Span { id, trace: u128::from(id), ..Span::default() }).collect();
        let store = store(&spans);
        let pairs = [(0, 1), (1, 2), (2, 0)].map(|(root, under)| (SpanIx(root), SpanIx(under), Verdict::Accepted));
        let judged = Judged::new(&store, pairs);
        assert_eq!(judged.placed().collect::<Vec<_>>(), [SpanIx(0), SpanIx(1)]);
        assert_eq!(judged.below(SpanIx(2)), [SpanIx(1)]);
        assert_eq!(judged.above(&store, SpanIx(0)), Some(SpanIx(1)));
    }
}
