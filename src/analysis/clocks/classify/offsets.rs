//! Raw times that run backwards but fit an offset, and orders that the resolution hides.

use std::collections::BTreeMap;

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::super::causal::Rule;
use super::super::findings::{Code, Finding, Severity};
use super::super::solve::{Edge, Group, Stamp, is_used};
use super::super::stamps::looks_rounded;
use super::constants::constant;
use super::words::ahead;
use super::{Context, proof};
use crate::model::time::duration_text;
use crate::model::{SpanIx, grouped};

impl Context<'_> {
    /// Raw times that run backwards, but fit an offset: as few clocks as explain all of them.
    pub(super) fn offsets(&self) -> Vec<Finding> {
        let mut worst: BTreeMap<(u32, u32), (&Edge, u64)> = BTreeMap::new();
        // What turned out to be several machines is off against nobody.
        let is_out = |clock: u32| self.processes.unseen(clock).is_some() && self.system.changes.splits.contains(&clock);
        let used = self.reduced.groups.iter().filter(|group| self.is_used(group));
        let used = used.filter(|group| !is_out(group.from) && !is_out(group.to));
        for group in used.filter(|group| group.negative > 0) {
            let least = group.kept.iter().filter(|edge| self.system.changes.allows(edge, group.class));
            let Some(least) = least.min_by_key(|edge| edge.base_weight()) else { continue };
            if least.base_weight() >= 0 || is_within_grain(least) {
                continue;
            }
            let entry = worst.entry((group.from, group.to)).or_insert((least, 0));
            entry.1 += group.negative;
            if least.base_weight() < entry.0.base_weight() {
                entry.0 = least;
            }
        }
        let mut blames = Vec::new();
        while !worst.is_empty() {
            let mut pairs: BTreeMap<u32, u64> = BTreeMap::new();
            for &(from, to) in worst.keys() {
                *pairs.entry(from).or_default() += 1;
                *pairs.entry(to).or_default() += 1;
            }
            let blamed = pairs.iter().min_by_key(|&(&clock, &pairs)| {
                let (is_reference, trust, clock) = self.blame(clock);
                (is_reference, std::cmp::Reverse(pairs), trust, clock)
            });
            let Some((&clock, _)) = blamed else { break };
            let own: Vec<_> =
                worst.iter().filter(|(key, _)| key.0 == clock || key.1 == clock).map(|(&k, &v)| (k, v)).collect();
            worst.retain(|key, _| key.0 != clock && key.1 != clock);
            blames.push((clock, own));
        }
        // Each may need searches of its own.
        blames.par_iter().flat_map_iter(|(clock, own)| self.offset(*clock, own)).collect()
    }

    fn is_used(&self, group: &Group) -> bool {
        is_used(group.strength, self.level)
            && !self.classes.list.get(group.class as usize).is_some_and(super::super::edges::Class::is_off)
    }

    /// What is known about a clock's offset, and which constant it looks like.
    fn offset(&self, clock: u32, pairs: &[Backwards<'_>]) -> Vec<Finding> {
        let worst = pairs.iter().min_by_key(|pair| pair.1.0.base_weight()).map_or(pairs[0].1.0, |pair| pair.1.0);
        let count: u64 = pairs.iter().map(|pair| pair.1.1).sum();
        let other = if worst.from.clock == clock { worst.to.clock } else { worst.from.clock };
        // (offset of the clock) - (offset of the other one)
        let known = if worst.to.clock == clock {
            self.constant_or(&worst.from, &worst.to)
        } else {
            self.constant_or(&worst.to, &worst.from)
        };
        let by = duration_text(worst.raw_separation_ns().saturating_neg());
        let start = self.backwards(worst, &by);
        let [cause, _] = self.spans(worst.cause);
        let (code, rest) = if known.lo.is_some() && known.hi.is_some() {
            let start = if self.pairs.is_empty() { "Then" } else { "One offset explains it:" };
            let rest = format!("{start} {} is {} {}.", self.name(clock), ahead(known), self.name(other));
            (Code::N0, rest)
        } else {
            let rest = format!(
                "{} is {} {}; nothing here bounds it from the other side.",
                self.name(clock),
                ahead(known),
                self.name(other)
            );
            (Code::N1, rest)
        };
        let more = if count > 1 { format!(" {} messages show it.", grouped(count)) } else { String::new() };
        let is_late_end = self.rests_on_ends(pairs);
        let excuse = excuse(worst.cause.rule).filter(|_| self.rest_on(pairs, |edge| excuse(edge.cause.rule).is_some()));
        let sentence = if let Some(excuse) = excuse {
            format!(
                "{start} Either {} is {} {}, or {excuse}; nothing else tells.{more}",
                self.name(clock),
                ahead(known),
                self.name(other)
            )
        } else if is_late_end && worst.cause.rule == Rule::AssumedResponse {
            format!(
                "{cause} starts {by} after the call that caused it was over. Either {} is {} {}, or nobody waited for it; \
                 nothing else tells.{more}",
                self.name(clock),
                ahead(known),
                self.name(other)
            )
        } else if is_late_end {
            format!(
                "{cause} ends {by} after the call that waited for it. Either {} is {} {}, or the server went on after \
                 its answer; nothing else tells.{more}",
                self.name(clock),
                ahead(known),
                self.name(other)
            )
        } else {
            format!("{start} {rest}{more}")
        };
        let mut finding = self.clock_finding(code, clock, Some(worst.to.raw_ns), sentence, "M1");
        finding = finding.proven_by(pairs.iter().map(|pair| proof(pair.1.0)).collect());
        finding.domains.push(self.domain(other));
        finding.severity = if is_late_end || excuse.is_some() { Severity::Info } else { Severity::Clock };
        finding.count = count;
        finding.excess_ns = worst.raw_separation_ns().saturating_neg();
        let hint = constant(known, worst.to.raw_ns).filter(|_| excuse.is_none()).map(|hint| {
            let sentence = format!("{} is off against {} by {hint}", self.name(clock), self.name(other));
            let mut hint = self.clock_finding(Code::K, clock, Some(worst.to.raw_ns), sentence, "M1");
            hint = hint.proven_by(vec![proof(worst)]);
            hint.domains.push(self.domain(other));
            hint.severity = Severity::Info;
            hint
        });
        std::iter::once(finding).chain(hint).collect()
    }

    /// What seems to happen before its cause, in words.
    fn backwards(&self, edge: &Edge, by: &str) -> String {
        let [cause, effect] = self.spans(edge.cause);
        match edge.cause.rule {
            Rule::DateAfterRequest | Rule::CreatedAfterRequest => {
                format!("The answer to {cause} is dated {by} before it was asked for.")
            }
            Rule::DateBeforeResponse | Rule::CreatedBeforeResponse => {
                format!("The answer to {effect} is dated {by} after it was received.")
            }
            Rule::TurnBeforeNext => format!("{effect} begins {by} before the turn before it, {cause}, is over."),
            Rule::MessageStored => format!("The message of {cause} is stored {by} before it was sent."),
            Rule::MessageDelivered => format!("{effect} has a message {by} before it was stored."),
            Rule::LogObserved => format!("A record of {cause} is seen {by} before it was written."),
            _ => format!("{effect} appears to happen {by} before {cause} caused it."),
        }
    }

    /// Whether only the habit that callers wait for their servers says that the clocks differ.
    fn rests_on_ends(&self, pairs: &[Backwards<'_>]) -> bool {
        self.rest_on(pairs, |edge| match edge.cause.rule {
            Rule::UnaryEnd => true,
            Rule::AssumedResponse => !self.is_answered(edge.cause.to.span),
            _ => false,
        })
    }

    /// Whether all messages between the same clocks that run backwards are as `is_such` asks.
    fn rest_on(&self, pairs: &[Backwards<'_>], is_such: impl Fn(&Edge) -> bool) -> bool {
        let same = |group: &&Group| {
            pairs.iter().any(|(key, _)| *key == (group.from, group.to) || *key == (group.to, group.from))
        };
        let own = self.reduced.groups.iter().filter(|group| self.is_used(group) && group.negative > 0).filter(same);
        own.flat_map(|group| &group.kept).filter(|edge| edge.base_weight() < 0).all(is_such)
    }

    /// Whether the call went by a protocol in which every request has an answer.
    fn is_answered(&self, client: SpanIx) -> bool {
        const PROTOCOLS: [&str; 5] = ["http.", "url.", "rpc.", "grpc.", "db."];
        let mut attrs = self.store.span(client).attrs();
        attrs.any(|attr| PROTOCOLS.iter().any(|start| self.store.text(attr.key).starts_with(start)))
    }

    /// Orders that resolution hides, per clock with the coarser stamps.
    pub(super) fn unclear_orders(&self) -> Vec<Finding> {
        let mut counts: BTreeMap<u32, (u64, i32, Option<&Edge>)> = BTreeMap::new();
        // That dates are cut to seconds is no news, and says nothing about the stamps of any span.
        let is_seen = |clock: u32| self.processes.unseen(clock).is_none();
        let seen = self.reduced.groups.iter().filter(|group| is_seen(group.from) && is_seen(group.to));
        for group in seen.filter(|group| self.is_used(group) && group.unclear > 0) {
            let coarse = |stamp: &Stamp| stamp.late_ns.max(-stamp.early_ns);
            let most = group
                .kept
                .iter()
                .map(|edge| (coarse(&edge.from), edge.from.clock).max((coarse(&edge.to), edge.to.clock)))
                .max();
            let Some((grain, clock)) = most else { continue };
            let entry = counts.entry(clock).or_default();
            let least = [entry.2, group.least_clear.as_deref()].into_iter().flatten();
            let least = least.min_by_key(|edge| (edge.raw_separation_ns(), edge.cause));
            *entry = (entry.0 + group.unclear, entry.1.max(grain), least);
        }
        let finding = |(clock, (count, grain, example)): (u32, (u64, i32, Option<&Edge>))| {
            let sentence = format!(
                "The order of {} cannot be told: the stamps of {} are only good to {}.",
                if count == 1 { "1 message".to_owned() } else { format!("{} messages", grouped(count)) },
                self.name(clock),
                duration_text(i64::from(grain))
            );
            let at_ns = example.map(|edge| if edge.from.clock == clock { edge.from.raw_ns } else { edge.to.raw_ns });
            let mut finding = self.clock_finding(Code::Q, clock, at_ns, sentence, "M0");
            finding = finding.proven_by(example.into_iter().map(proof).collect());
            finding.excess_ns = example.map_or(0, |edge| edge.raw_separation_ns().saturating_neg());
            finding.severity = Severity::Info;
            finding.count = count;
            finding
        };
        counts.into_iter().map(finding).collect()
    }
}

/// What may have happened where a message of `rule` runs backwards, should no clock be off.
const fn excuse(rule: Rule) -> Option<&'static str> {
    match rule {
        Rule::DateAfterRequest | Rule::DateBeforeResponse | Rule::CreatedAfterRequest | Rule::CreatedBeforeResponse => {
            Some("the answer had been kept by somebody for a while")
        }
        Rule::TurnBeforeNext => Some("nobody waited for the end of that turn"),
        _ => None,
    }
}

/// A pair of clocks with raw times that run backwards: the worst edge, and how many there are.
type Backwards<'a> = ((u32, u32), (&'a Edge, u64));

/// Whether a backward step is smaller than what the stamps look rounded to, be there enough of them or not.
fn is_within_grain(edge: &Edge) -> bool {
    let back = edge.raw_separation_ns().saturating_neg();
    back < looks_rounded(edge.from.raw_ns).max(looks_rounded(edge.to.raw_ns))
}
