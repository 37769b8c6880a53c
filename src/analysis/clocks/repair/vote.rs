//! What most messages between two clocks agree on, and which of them contradict that.
//!
//! Every message is a vote on the difference of two clocks: it was at most so much, or at least so much. The values
//! that contradict the fewest messages are found by sorting (Marzullo's algorithm; NTP's selection of servers rests on
//! the same). Clocks drift and jump, so that only messages near each other in time vote together: each vote is relaxed
//! by the drift between its time and the middle of the window. What drift explains is never outvoted. Where a window
//! falls into two parts that each agree, a clock jumped in between, and each part votes on its own.
//!
//! Where the vote is close, nobody can tell which messages are wrong: both sides are undecided, and none is relied on.

/// A message between two clocks, as a vote on (offset of the higher clock) - (offset of the lower one).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Ballot {
    /// When it was sent or received, on the lower and on the higher clock, nanoseconds.
    pub at_ns: (i64, i64),
    /// The bound, nanoseconds, rounded outward.
    pub bound_ns: i64,
    /// Whether it is an upper bound.
    pub is_upper: bool,
    /// Which message it is.
    pub serial: u32,
}

/// What became of a vote.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Fate {
    /// It contradicts most of the others near it by so many nanoseconds; `against` is the one of those that it
    /// contradicts most.
    Outvoted { by_ns: i64, against: u32 },
    /// It contradicts others, and about as many speak for it as against it.
    Undecided { against: u32 },
    /// A clock went back, and showed its time before and after that.
    Torn,
}

/// What came of the votes of one pair of clocks.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Outcome {
    /// What does not count, by message, sorted.
    pub fates: Vec<(u32, Fate)>,
}

/// Votes that are counted together: first many, so that few are undecided, then fewer, between which clocks drift less.
const SCALES: [usize; 2] = [768, 96];
/// The values that are possible are those that contradict at most so many more messages than the best ones. With one
/// wrong message for three right ones near the truth, the truth is among them 99 times of 100.
const MARGIN: i128 = 2;

/// Counts the votes of one pair of clocks that drift by at most `ppb` (of the lower and of the higher clock).
pub(super) fn vote(ballots: Vec<Ballot>, ppb: (u32, u32)) -> Outcome {
    let lower = Count::of(ballots.clone(), ppb, true);
    if !lower.is_torn {
        return lower.outcome;
    }
    // A clock that went back puts its messages into a wrong order; then the other one tells the right one.
    let higher = Count::of(ballots, ppb, false);
    let wrong = |count: &Count| count.outcome.fates.iter().filter(|fate| fate.1 != Fate::Torn).count();
    if wrong(&higher) < wrong(&lower) { higher.outcome } else { lower.outcome }
}

/// How often a window is taken apart at most: so many jumps may lie in it.
const MOST_SPLITS: usize = 3;

/// Runs of about `scale` votes; the first one is longer by `shift`.
fn windows(ballots: &[Ballot], scale: usize, shift: usize) -> impl Iterator<Item = &[Ballot]> {
    let (first, rest) = ballots.split_at(if shift == 0 { 0 } else { (scale + shift).min(ballots.len()) });
    // A short rest would decide little: it belongs to the window before it.
    let whole = (rest.len() / scale).max(1);
    let size = rest.len().div_ceil(whole).max(1);
    std::iter::once(first).filter(|first| !first.is_empty()).chain(rest.chunks(size))
}

struct Count {
    ppb: (u32, u32),
    outcome: Outcome,
    /// Whether a clock jumped, or no majority agrees.
    is_torn: bool,
    /// Whether the times of the lower clock put the votes in order; else those of the higher one.
    by_lower: bool,
}

/// The values that are possible in one window.
struct Poll {
    /// They begin with what is possible between these two (a lower and an upper bound, and which messages say so),
    first: [(i64, u32); 2],
    /// and end with what is possible between these two.
    last: [(i64, u32); 2],
    /// Messages that the best value contradicts.
    against: usize,
    /// Whether those are so many that nobody agrees.
    is_divided: bool,
    /// Whether those are more than some.
    is_suspicious: bool,
}

impl Count {
    fn of(mut ballots: Vec<Ballot>, ppb: (u32, u32), by_lower: bool) -> Self {
        let order = |own: &Ballot| if by_lower { own.at_ns.0 } else { own.at_ns.1 };
        ballots.sort_unstable_by_key(|own| (order(own), own.at_ns, own.bound_ns, own.is_upper, own.serial));
        let mut count = Self { ppb, outcome: Outcome::default(), is_torn: false, by_lower };
        for (round, scale) in SCALES.into_iter().enumerate() {
            let is_last = round + 1 == SCALES.len();
            // The second time with windows that lie across the borders of the first.
            for shift in [0, scale / 2] {
                if shift >= ballots.len() && shift > 0 {
                    continue;
                }
                let known = count.outcome.fates.len();
                for window in windows(&ballots, scale, shift) {
                    count.settle(window, is_last, MOST_SPLITS);
                }
                let mut gone: Vec<u32> = count.outcome.fates[known..].iter().map(|fate| fate.0).collect();
                gone.sort_unstable();
                ballots.retain(|ballot| gone.binary_search(&ballot.serial).is_err());
            }
        }
        count.outcome.fates.sort_unstable();
        count.outcome.fates.dedup_by_key(|fate| fate.0);
        count
    }

    /// How far the bound of `ballot` may have drifted since the one in the middle, nanoseconds, rounded up.
    fn slack(&self, ballot: &Ballot, centre: &Ballot) -> i64 {
        let drift = |ppb: u32, a: i64, b: i64| u128::from(ppb) * u128::from(a.abs_diff(b));
        let fine =
            drift(self.ppb.0, ballot.at_ns.0, centre.at_ns.0) + drift(self.ppb.1, ballot.at_ns.1, centre.at_ns.1);
        i64::try_from(fine.div_ceil(1_000_000_000)).unwrap_or(i64::MAX)
    }

    /// The bound as it holds in the middle of the window.
    fn relaxed(&self, ballot: &Ballot, centre: &Ballot) -> i64 {
        let slack = self.slack(ballot, centre);
        if ballot.is_upper { ballot.bound_ns.saturating_add(slack) } else { ballot.bound_ns.saturating_sub(slack) }
    }

    /// Says what does not count in `window`.
    fn settle(&mut self, window: &[Ballot], is_last: bool, splits: usize) {
        let Some(centre) = window.get(window.len() / 2) else { return };
        let Some(poll) = self.poll(window, centre) else { return };
        if splits > 0
            && poll.is_suspicious
            && let Some(at) = self.jump(window, poll.against)
        {
            self.is_torn = true;
            let (before, after) = window.split_at(at);
            self.tear(before, after);
            self.settle(before, is_last, splits - 1);
            self.settle(after, is_last, splits - 1);
            return;
        }
        self.is_torn |= poll.is_divided;
        if poll.is_divided && !is_last {
            return;
        }
        for ballot in window {
            let bound = self.relaxed(ballot, centre);
            let ([lo, first], [last, hi]) = (poll.first, poll.last);
            let (by_ns, most, against, is_near) = if ballot.is_upper {
                (lo.0.saturating_sub(bound), lo.1, last.1, bound < hi.0)
            } else {
                (bound.saturating_sub(hi.0), hi.1, first.1, bound > lo.0)
            };
            if by_ns > 0 && !poll.is_divided {
                self.outcome.fates.push((ballot.serial, Fate::Outvoted { by_ns, against: most }));
            } else if is_near {
                self.outcome.fates.push((ballot.serial, Fate::Undecided { against }));
            }
        }
    }

    /// Sets aside what came `before` a jump and `after` it at times that the other clock showed both before and after
    /// it: should it be the one that jumped, nobody can tell by its times.
    fn tear(&mut self, before: &[Ballot], after: &[Ballot]) {
        let by_lower = self.by_lower;
        let other = |own: &Ballot| if by_lower { own.at_ns.1 } else { own.at_ns.0 };
        let (Some(last), Some(first)) = (before.iter().map(other).max(), after.iter().map(other).min()) else { return };
        let both = before.iter().chain(after);
        let torn = both.filter(|own| (first..=last).contains(&other(own)));
        self.outcome.fates.extend(torn.map(|own| (own.serial, Fate::Torn)));
    }

    /// What the votes of `window` leave possible in its middle; `None` when they do not contradict each other.
    fn poll(&self, window: &[Ballot], centre: &Ballot) -> Option<Poll> {
        let (mut least, mut most) = (i64::MAX, i64::MIN);
        for ballot in window {
            let bound = self.relaxed(ballot, centre);
            if ballot.is_upper {
                least = least.min(bound);
            } else {
                most = most.max(bound);
            }
        }
        if most <= least {
            return None;
        }
        let mut ends: Vec<(i64, bool, u32)> =
            window.iter().map(|ballot| (self.relaxed(ballot, centre), ballot.is_upper, ballot.serial)).collect();
        ends.sort_unstable();
        let upper = ends.iter().filter(|end| end.1).count();
        let lower = ends.len() - upper;
        Some(tally(&ends, (upper, lower)))
    }

    /// Where `window` falls into two that contradict themselves far less than the whole, in which the best value
    /// contradicts `against` votes.
    fn jump(&self, window: &[Ballot], against: usize) -> Option<usize> {
        const PARTS: usize = 12;
        const FEW: usize = 4;
        let left = |at: usize| {
            let both = [&window[..at], &window[at..]];
            let count = |part: &[Ballot]| part.get(part.len() / 2).and_then(|centre| self.poll(part, centre));
            both.into_iter().filter_map(count).map(|poll| poll.against).sum::<usize>()
        };
        let best = |places: &mut dyn Iterator<Item = usize>| places.map(|at| (left(at), at)).min();
        let step = (window.len() / PARTS).max(1);
        let (_, near) = best(&mut (step..window.len()).step_by(step))?;
        let (left, at) = best(&mut (near.saturating_sub(step).max(1)..(near + step).min(window.len())))?;
        (2 * left <= against && against >= left + FEW).then_some(at)
    }
}

/// Values that contradict less than those around them: what they cost, between which ends they lie, and how many votes
/// they contradict.
type Valley = (i128, [usize; 2], usize);

/// Counts what each value contradicts. A vote of one direction weighs as much as there are votes of the other, so that
/// both directions weigh the same: one of them may have several rules for each call. `ends` are sorted.
fn tally(ends: &[(i64, bool, u32)], (upper, lower): (usize, usize)) -> Poll {
    let (of_upper, of_lower) = (lower as i128, upper as i128);
    let all = of_upper * upper as i128;
    // Below everything, all lower bounds are contradicted.
    let (mut cost, mut over, mut under) = (all, 0_usize, lower);
    let mut valleys: Vec<Valley> = Vec::new();
    for (at, end) in ends.iter().enumerate() {
        if end.1 {
            if at > 0 && !ends[at - 1].1 {
                valleys.push((cost, [at - 1, at], over + under));
            }
            (cost, over) = (cost + of_upper, over + 1);
        } else {
            (cost, under) = (cost - of_lower, under - 1);
        }
    }
    let least = valleys.iter().map(|valley| valley.0).min().unwrap_or(all);
    let (is_divided, is_suspicious) = (3 * least > all, 12 * least > all);
    let limit = least + if is_divided { least } else { MARGIN * of_upper.max(of_lower) };
    let mut near = valleys.iter().filter(|valley| valley.0 <= limit);
    let first = near.next();
    let last = near.next_back().or(first);
    let against = valleys.iter().filter(|valley| valley.0 == least).map(|valley| valley.2).min().unwrap_or(lower);
    let ends = |valley: Option<&Valley>| valley.map_or([0, 0], |valley| valley.1).map(|at| (ends[at].0, ends[at].2));
    Poll { first: ends(first), last: ends(last), against, is_divided, is_suspicious }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ballots() -> impl Strategy<Value = Vec<Ballot>> {
        let one = (-20_i64..20, any::<bool>(), 0_i64..50);
        prop::collection::vec(one, 1..40).prop_map(|list| {
            let ballot = |(serial, (bound_ns, is_upper, at)): (u32, (i64, bool, i64))| Ballot {
                at_ns: (at, at),
                bound_ns: if is_upper { bound_ns + 8 } else { bound_ns - 8 },
                is_upper,
                serial,
            };
            (0..).zip(list).map(ballot).collect()
        })
    }

    /// What a value costs, counted one by one.
    fn cost(window: &[Ballot], value: i64) -> (i128, usize) {
        let upper = window.iter().filter(|own| own.is_upper).count();
        let lower = window.len() - upper;
        let over = window.iter().filter(|own| own.is_upper && own.bound_ns < value).count();
        let under = window.iter().filter(|own| !own.is_upper && own.bound_ns > value).count();
        (over as i128 * lower as i128 + under as i128 * upper as i128, over + under)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3_000) })]

        /// Clocks that do not drift: the values that contradict least are all among those that are possible, and what is
        /// left does not contradict itself.
        #[test]
        fn a_poll_finds_what_counting_one_by_one_finds(window in ballots()) {
            let count = Count { ppb: (0, 0), outcome: Outcome::default(), is_torn: false, by_lower: true };
            let values = -40..=40_i64;
            let least = values.clone().map(|value| cost(&window, value).0).min().unwrap();
            let Some(poll) = count.poll(&window, &window[0]) else {
                prop_assert_eq!(least, 0);
                return Ok(());
            };
            prop_assert!(least > 0);
            let (from, to) = (poll.first[0].0, poll.last[1].0);
            if !poll.is_divided {
                for value in values.clone().filter(|&value| cost(&window, value).0 == least) {
                    prop_assert!((from..=to).contains(&value), "{} not in {}..{}", value, from, to);
                    prop_assert!(poll.against <= cost(&window, value).1);
                }
            }
            let mut settled = Count { ppb: (0, 0), outcome: Outcome::default(), is_torn: false, by_lower: true };
            settled.settle(&window, true, 0);
            let gone = |serial: u32| settled.outcome.fates.iter().any(|fate| fate.0 == serial);
            let bounds = |is_upper: bool| window.iter().filter(move |own| own.is_upper == is_upper && !gone(own.serial));
            let least = bounds(true).map(|own| own.bound_ns).min();
            let most = bounds(false).map(|own| own.bound_ns).max();
            prop_assert!(most.zip(least).is_none_or(|(most, least)| most <= least));
            for (serial, fate) in &settled.outcome.fates {
                // Whoever is set aside contradicts the one that is named.
                let (Fate::Outvoted { against, .. } | Fate::Undecided { against }) = *fate else { continue };
                let (own, other) = (window[*serial as usize], window[against as usize]);
                let (upper, lower) = if own.is_upper { (own, other) } else { (other, own) };
                let contradicts = upper.is_upper && !lower.is_upper && upper.bound_ns < lower.bound_ns;
                prop_assert!(poll.is_divided || contradicts);
            }
        }
    }

    /// What drift explains is not outvoted, however long it lasts.
    #[test]
    fn drift_within_the_bounds_contradicts_nothing() {
        let ballots = (0..5_000_u32).map(|serial| {
            let at = i64::from(serial) * 1_000_000_000;
            // 90 ppm between the two.
            let offset = at / 1_000_000 * 90;
            let is_upper = serial % 2 == 0;
            Ballot { at_ns: (at, at), bound_ns: if is_upper { offset + 1 } else { offset - 1 }, is_upper, serial }
        });
        assert_eq!(vote(ballots.clone().collect(), (50_000, 50_000)), Outcome::default());
        // Twice as fast as allowed it is.
        let fast = ballots.map(|own| Ballot { bound_ns: own.bound_ns * 3, ..own });
        assert!(!vote(fast.collect(), (50_000, 50_000)).fates.is_empty());
    }
}
