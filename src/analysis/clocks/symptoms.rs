//! Root causes, not symptoms: what an already named fault of a clock explains is not said again.

use super::classify::Context;
use super::findings::{Code, Finding, Proof};
use crate::model::DomainIx;

/// Drops findings that others of `found` explain.
pub fn drop_explained(context: &Context<'_>, found: &mut Vec<Finding>) {
    let blamed = |codes: &[Code]| -> Vec<DomainIx> {
        let named = found.iter().filter(|finding| codes.contains(&finding.code));
        named.filter_map(|finding| finding.domains.first().copied()).collect()
    };
    let merged = blamed(&[Code::X8]);
    let unsteady = blamed(&[Code::X2, Code::X3, Code::C2, Code::X8]);
    let drifting = blamed(&[Code::X1]);
    let touches = |proof: &Proof, clocks: &[DomainIx]| {
        let of_span = |span: crate::model::SpanIx| context.domains.of_span.get(span.at());
        [proof.cause.from.span, proof.cause.to.span]
            .into_iter()
            .any(|span| of_span(span).is_some_and(|clock| clocks.contains(clock)))
    };
    found.retain(|finding| {
        let all_touch = |clocks: &[DomainIx]| finding.witness.iter().all(|proof| touches(proof, clocks));
        match finding.code {
            // One offset is no explanation for a clock that jumped; and a drift that crosses zero is all there is.
            Code::N0 | Code::N1 => {
                // The last question searches for paths: it is asked only where the others leave it open.
                let is_drift = || all_touch(&drifting) && context.passes_zero(finding);
                !(all_touch(&unsteady) || is_drift())
            }
            Code::X4 | Code::S1 | Code::S2 | Code::S3 => {
                let is_merged = finding.domains.iter().any(|clock| merged.contains(clock));
                !is_merged && !context.is_torn(finding)
            }
            _ => true,
        }
    });
}

impl Context<'_> {
    /// Whether the offset of the blamed clock against the other one may have been zero at one end of its times.
    fn passes_zero(&self, finding: &Finding) -> bool {
        let (Some(own), Some(other)) = (finding.domains.first(), finding.domains.get(1)) else { return false };
        let times: Vec<i64> = self.system.graph.nodes_of(own.0).map(|node| self.system.graph.place(node).1).collect();
        let ends = [times.first(), times.last()].into_iter().flatten();
        ends.into_iter().any(|&at_ns| {
            let known = self.offset_between(other.0, own.0, at_ns);
            known.lo.is_none_or(|lo| lo <= 0) && known.hi.is_none_or(|hi| hi >= 0)
        })
    }

    /// Whether a jump or another rate of a clock lies inside the spans that show the finding, so that their
    /// durations are not what they seem.
    fn is_torn(&self, finding: &Finding) -> bool {
        let Some(proof) = finding.witness.first() else { return false };
        let changes = &self.system.changes;
        [proof.cause.from.span, proof.cause.to.span].into_iter().any(|span| {
            let Some(clock) = self.domains.of_span.get(span.at()) else { return false };
            let (start, end) = (self.store.starts_ns()[span.at()], self.store.ends_ns()[span.at()]);
            let (from, to) = (start.min(end).min(proof.from_ns), start.max(end).max(proof.to_ns));
            changes.breaks.of(clock.0).any(|at_ns| from < at_ns && at_ns <= to)
                || changes.rates.iter().any(|rate| rate.0 == clock.0)
        })
    }
}
