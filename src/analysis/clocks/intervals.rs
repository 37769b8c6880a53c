//! Quantiles of durations of which only intervals are known.

/// Quantile `q` (0 to 1) of durations that lie in `[lo, hi]` nanoseconds each: the quantile of all lower ends and of
/// all upper ends, which is where the quantile of the true durations lies. An open end is `None`, in and out. The
/// quantile is the least value that at least the share `q` of all values does not exceed. `None` without durations.
#[must_use]
pub fn quantile(intervals: &[(Option<i64>, Option<i64>)], q: f64) -> Option<(Option<i64>, Option<i64>)> {
    let rank = (q.clamp(0.0, 1.0) * intervals.len() as f64).ceil() as usize;
    let rank = rank.max(1) - 1;
    let mut lower: Vec<i64> = intervals.iter().map(|interval| interval.0.unwrap_or(i64::MIN)).collect();
    let mut upper: Vec<i64> = intervals.iter().map(|interval| interval.1.unwrap_or(i64::MAX)).collect();
    lower.sort_unstable();
    upper.sort_unstable();
    let (lo, hi) = (*lower.get(rank)?, *upper.get(rank)?);
    Some(((lo != i64::MIN).then_some(lo), (hi != i64::MAX).then_some(hi)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

        #[test]
        fn the_true_quantile_lies_inside(
            spans in prop::collection::vec((-50_i64..50, 0_i64..20, 0_i64..20), 1..30),
            percent in 0_u32..=100,
        ) {
            let q = f64::from(percent) / 100.0;
            let intervals: Vec<_> = spans.iter().map(|&(at, below, above)| (Some(at - below), Some(at + above))).collect();
            let mut truth: Vec<i64> = spans.iter().map(|span| span.0).collect();
            truth.sort_unstable();
            let below = |value: i64| truth.iter().filter(|&&other| other <= value).count();
            let exact = truth.iter().copied().find(|&value| below(value) as f64 >= q * truth.len() as f64).unwrap();
            let (lo, hi) = quantile(&intervals, q).unwrap();
            prop_assert!(lo.unwrap() <= exact && exact <= hi.unwrap());
            // Exactly known durations give exactly their quantile.
            let known: Vec<_> = truth.iter().map(|&at| (Some(at), Some(at))).collect();
            prop_assert_eq!(quantile(&known, q), Some((Some(exact), Some(exact))));
        }
    }

    #[test]
    fn open_ends_stay_open() {
        assert_eq!(quantile(&[], 0.5), None);
        let some = [(Some(1), Some(2)), (None, Some(5)), (Some(3), None)];
        assert_eq!(quantile(&some, 0.0), Some((None, Some(2))));
        assert_eq!(quantile(&some, 1.0), Some((Some(3), None)));
        assert_eq!(quantile(&some, 0.5), Some((Some(1), Some(5))));
    }
}
