//! Whether raw times keep the order of cause and effect: safe, broken, or unknown, for one kind of message between two
//! clocks.
//!
//! A message that takes `latency` is stamped `latency + (receiver ahead of sender)` apart, so that it runs backwards when
//! the receiver is behind by more than the latency. A kind of message is safe when no offset within its bounds is that
//! large for the least latency, and broken when every one is, or when a message did run backwards. With a round trip the
//! least latency needs no run without skew: there and back it is the width of the offset's interval.

use super::model::{Offset, Pair};
use super::separations::Separations;

/// Whether two clocks agree well enough for raw times to keep the order of cause and effect.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum Safety {
    /// Whatever the offset is within its bounds, it is smaller than the least latency.
    Safe,
    /// The bounds do not tell.
    Unknown,
    /// Whatever the offset is within its bounds, the receiver is behind by more than the least latency.
    Broken,
}

/// Whether messages of a least latency of `least_ns` keep their order in raw times, when (clock of the receiver) -
/// (clock of the sender) lies in `offset`. Only a receiver that is behind can break it.
#[must_use]
pub fn safety(offset: &Offset, least_ns: i64) -> Safety {
    match (offset.lo_ns, offset.hi_ns) {
        (_, Some(hi)) if hi.saturating_neg() > least_ns => Safety::Broken,
        (Some(lo), _) if lo.saturating_neg() < least_ns => Safety::Safe,
        _ => Safety::Unknown,
    }
}

/// Why a [`Verdict`] is what it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ground {
    /// So many messages of so many ran backwards by more than the resolution of their stamps.
    Seen {
        /// Those that ran backwards.
        backwards: usize,
        /// All.
        checked: usize,
    },
    /// So many messages are too close to tell, and none ran backwards for certain.
    TooClose(usize),
    /// No one offset fits all messages: the clocks drift apart, or one stepped.
    NoOneOffset,
    /// Nothing comes back: nothing says how far the receiver may be behind.
    NoRoundTrip,
    /// What the bounds say against the least latency.
    Bounds,
}

/// The answer for one kind of message, with the numbers that it rests on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// The answer.
    pub safety: Safety,
    /// Why.
    pub ground: Ground,
    /// (Clock of the receiver) - (clock of the sender) is at least this, nanoseconds; `None` when nothing bounds it.
    pub lo_ns: Option<i64>,
    /// And at most this.
    pub hi_ns: Option<i64>,
    /// The least latency, nanoseconds: that of a round trip where there is one, else that of the fastest message, which
    /// is right only if the clocks agree. `None` without either.
    pub least_ns: Option<i64>,
}

impl Verdict {
    /// The answer for the messages of `edge`. `pair` is what is known about its two clocks under one constant offset.
    #[must_use]
    pub fn of(edge: &Separations, pair: Option<&Pair>) -> Self {
        let offset = pair.map_or_else(Offset::default, |pair| offset(pair, edge));
        let round_trip = pair.and_then(|pair| pair.slack_ns);
        let least_ns = round_trip.or_else(|| edge.least_latencies().map(|least| least.least_ns));
        let (backwards, unclear) = edge.backwards();
        let (safety, ground) = match pair {
            _ if backwards > 0 => (Safety::Broken, Ground::Seen { backwards, checked: edge.len() }),
            _ if unclear > 0 => (Safety::Unknown, Ground::TooClose(unclear)),
            Some(pair) if !pair.is_feasible => (Safety::Unknown, Ground::NoOneOffset),
            _ => match (safety(&offset, least_ns.unwrap_or(0)), offset.lo_ns) {
                (Safety::Unknown, None) => (Safety::Unknown, Ground::NoRoundTrip),
                (safety, _) => (safety, Ground::Bounds),
            },
        };
        Self { safety, ground, lo_ns: offset.lo_ns, hi_ns: offset.hi_ns, least_ns }
    }

    /// The answer for several kinds of messages together: the worst of them. `None` without any.
    #[must_use]
    pub fn worst(verdicts: impl IntoIterator<Item = Self>) -> Option<Self> {
        verdicts.into_iter().reduce(|worst, next| {
            let ground = match (worst.ground, next.ground) {
                (Ground::Seen { backwards: a, checked: n }, Ground::Seen { backwards: b, checked: m }) => {
                    Ground::Seen { backwards: a + b, checked: n + m }
                }
                (Ground::TooClose(a), Ground::TooClose(b)) => Ground::TooClose(a + b),
                _ if next.safety > worst.safety => next.ground,
                _ => worst.ground,
            };
            let graver = if next.safety > worst.safety { next } else { worst };
            Self { ground, ..graver }
        })
    }
}

/// (Clock of the receiver) - (clock of the sender) of `edge`.
fn offset(pair: &Pair, edge: &Separations) -> Offset {
    let (lo_ns, hi_ns) = match (pair.lo_ns, pair.hi_ns) {
        (lo, hi) if pair.b == edge.to => (lo, hi),
        (lo, hi) => (hi.map(i64::saturating_neg), lo.map(i64::saturating_neg)),
    };
    Offset { lo_ns, hi_ns, ..Offset::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::clocks::separations::Sample;
    use crate::analysis::clocks::{EventKey, Rule};
    use crate::model::{DomainIx, SpanIx};

    #[test]
    fn safety_needs_the_direction() {
        let offset = |lo_ns, hi_ns| Offset { lo_ns, hi_ns, ..Offset::default() };
        for (lo, hi, expected) in [
            (Some(-4), Some(4), Safety::Safe),
            (Some(-5), Some(4), Safety::Unknown),
            (Some(-9), Some(-6), Safety::Broken),
            (Some(-9), Some(-5), Safety::Unknown),
            (Some(100), None, Safety::Safe),
            (None, Some(-6), Safety::Broken),
            (None, None, Safety::Unknown),
        ] {
            assert_eq!(safety(&offset(lo, hi), 5), expected, "{lo:?} {hi:?}");
        }
    }

    /// Messages from one clock to another with these separations; those of -2 and -1 are within the resolution.
    fn edge(from: u32, to: u32, separations: &[i64]) -> Separations {
        let key = EventKey::start(SpanIx(0));
        let sample = |&separation_ns: &i64| {
            let is_unclear = (-2..0).contains(&separation_ns);
            Sample { received_ns: 0, separation_ns, from: key, to: key, is_unclear }
        };
        let samples = separations.iter().map(sample).collect();
        Separations::new(DomainIx(from), DomainIx(to), Rule::RequestStart, samples)
    }

    fn pair(lo_ns: Option<i64>, hi_ns: Option<i64>) -> Pair {
        let slack_ns = lo_ns.zip(hi_ns).map(|(lo, hi)| hi - lo);
        Pair { a: DomainIx(0), b: DomainIx(1), lo_ns, hi_ns, slack_ns, edges: 2, is_feasible: true }
    }

    #[test]
    fn every_kind_of_message_is_safe_broken_or_unknown() {
        let verdict = |from, to, separations: &[i64], pair: Option<&Pair>| {
            let verdict = Verdict::of(&edge(from, to, separations), pair);
            (verdict.safety, verdict.ground)
        };
        let agree = pair(Some(-40), Some(60));
        assert_eq!(verdict(0, 1, &[60, 90], Some(&agree)), (Safety::Safe, Ground::Bounds));
        assert_eq!(verdict(1, 0, &[40, 90], Some(&agree)), (Safety::Safe, Ground::Bounds));
        // The second clock is 20 to 80 ahead: what it sends seems to arrive too early.
        let ahead = pair(Some(20), Some(80));
        assert_eq!(verdict(0, 1, &[80], Some(&ahead)), (Safety::Safe, Ground::Bounds));
        let seen = Ground::Seen { backwards: 1, checked: 2 };
        assert_eq!(verdict(1, 0, &[-20, 5], Some(&ahead)), (Safety::Broken, seen));
        let one_way = pair(None, Some(7));
        assert_eq!(verdict(0, 1, &[7, 9], Some(&one_way)), (Safety::Unknown, Ground::NoRoundTrip));
        assert_eq!(verdict(0, 1, &[7, -1], Some(&one_way)), (Safety::Unknown, Ground::TooClose(1)));
        let steps = Pair { is_feasible: false, lo_ns: None, hi_ns: None, slack_ns: None, ..agree.clone() };
        assert_eq!(verdict(0, 1, &[7, 9], Some(&steps)), (Safety::Unknown, Ground::NoOneOffset));
        assert_eq!(verdict(0, 1, &[7, 9], None), (Safety::Unknown, Ground::NoRoundTrip));
    }

    #[test]
    fn numbers_are_those_of_the_receiver_and_the_worst_counts() {
        let pair = pair(Some(20), Some(80));
        let to = Verdict::of(&edge(0, 1, &[80]), Some(&pair));
        assert_eq!((to.lo_ns, to.hi_ns, to.least_ns), (Some(20), Some(80), Some(60)));
        let back = Verdict::of(&edge(1, 0, &[-20, 5]), Some(&pair));
        assert_eq!((back.lo_ns, back.hi_ns, back.least_ns), (Some(-80), Some(-20), Some(60)));
        let worst = Verdict::worst([to, back, back]).unwrap();
        assert_eq!(worst, Verdict { ground: Ground::Seen { backwards: 2, checked: 4 }, ..back });
        assert_eq!(Verdict::worst([back, to]), Some(back));
        assert_eq!(Verdict::worst([]), None);
    }
}
