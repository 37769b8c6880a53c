//! The time axis as it is drawn: straight, or with idle stretches drawn shorter than they are.
//!
//! Times stay what they are. A *place* is where a time stands on the axis: the same number of nanoseconds where
//! nothing is shortened before it, fewer after every [`Cut`]. Distances on the screen are distances of places;
//! durations are always differences of times.

use std::sync::Arc;

/// A stretch of time that is drawn shorter than it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cut {
    /// Where it begins.
    pub from_ns: i64,
    /// Where it ends.
    pub to_ns: i64,
    /// How long it is drawn; less than it is long.
    pub shown_ns: i64,
    /// What earlier cuts leave out.
    left_out_ns: i64,
}

impl Cut {
    /// How long it really is.
    #[must_use]
    pub const fn length_ns(&self) -> i64 {
        self.to_ns.saturating_sub(self.from_ns)
    }

    const fn place_ns(&self) -> i64 {
        self.from_ns.saturating_sub(self.left_out_ns)
    }
}

/// Which stretches are drawn shorter. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Axis {
    /// By start, disjoint.
    cuts: Option<Arc<[Cut]>>,
}

/// A straight axis.
pub static STRAIGHT: Axis = Axis { cuts: None };

impl Axis {
    /// An axis on which each of `stretches` (start and end, sorted, disjoint) is drawn `shown_ns` long. Stretches that
    /// are not longer than that stay as they are.
    #[must_use]
    pub fn shortening(stretches: impl IntoIterator<Item = (i64, i64)>, shown_ns: i64) -> Self {
        let (shown_ns, mut left_out_ns, mut after) = (shown_ns.max(1), 0_i64, i64::MIN);
        let mut cuts = Vec::new();
        for (from_ns, to_ns) in stretches {
            let length = to_ns.saturating_sub(from_ns);
            if from_ns < after || length <= shown_ns || length == i64::MAX {
                continue;
            }
            cuts.push(Cut { from_ns, to_ns, shown_ns, left_out_ns });
            left_out_ns = left_out_ns.saturating_add(length - shown_ns);
            after = to_ns;
        }
        Self { cuts: (!cuts.is_empty()).then(|| cuts.into()) }
    }

    /// The stretches that are drawn shorter, by start.
    #[must_use]
    pub fn cuts(&self) -> &[Cut] {
        self.cuts.as_deref().unwrap_or_default()
    }

    /// The cuts that touch `from_ns..to_ns`.
    #[must_use]
    pub fn cuts_between(&self, from_ns: i64, to_ns: i64) -> &[Cut] {
        let cuts = self.cuts();
        let first = cuts.partition_point(|cut| cut.to_ns <= from_ns);
        let last = cuts.partition_point(|cut| cut.from_ns < to_ns);
        cuts.get(first..last).unwrap_or_default()
    }

    /// Where `time_ns` stands on the axis. Never goes back when time goes on.
    #[must_use]
    pub fn place_ns(&self, time_ns: i64) -> i64 {
        let cuts = self.cuts();
        let Some(cut) = cuts.partition_point(|cut| cut.from_ns <= time_ns).checked_sub(1).map(|at| cuts[at]) else {
            return time_ns;
        };
        if time_ns >= cut.to_ns {
            return time_ns.saturating_sub(cut.left_out_ns).saturating_sub(cut.length_ns() - cut.shown_ns);
        }
        let inside = i128::from(time_ns - cut.from_ns) * i128::from(cut.shown_ns) / i128::from(cut.length_ns());
        cut.place_ns().saturating_add(i64::try_from(inside).unwrap_or(cut.shown_ns))
    }

    /// The first time that stands at `place_ns`: the place of that time is `place_ns` again.
    #[must_use]
    pub fn time_ns(&self, place_ns: i64) -> i64 {
        let cuts = self.cuts();
        let Some(cut) = cuts.partition_point(|cut| cut.place_ns() <= place_ns).checked_sub(1).map(|at| cuts[at]) else {
            return place_ns;
        };
        let inside = place_ns.saturating_sub(cut.place_ns());
        if inside >= cut.shown_ns {
            return place_ns.saturating_add(cut.left_out_ns).saturating_add(cut.length_ns() - cut.shown_ns);
        }
        let (length, shown) = (i128::from(cut.length_ns()), i128::from(cut.shown_ns));
        let offset = (i128::from(inside) * length + shown - 1) / shown;
        cut.from_ns.saturating_add(i64::try_from(offset).unwrap_or(cut.length_ns()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Axes with a few cuts somewhere in time, and a time near one of them.
    fn axes() -> impl Strategy<Value = (Axis, i64)> {
        let stretch = (0..1_000_000_i64, 1..50_000_000_i64);
        let starts = prop::sample::select(vec![0_i64, -7_000_000, 1_795_269_727_000_000_000]);
        (prop::collection::vec(stretch, 0..6), 1..10_000_i64, starts, -1_000_000..200_000_000_i64).prop_map(
            |(pieces, shown, start, near)| {
                let mut at = start;
                let stretches = pieces.into_iter().map(|(gap, length)| {
                    let from = at + gap;
                    at = from + length;
                    (from, at)
                });
                (Axis::shortening(stretches, shown), start + near)
            },
        )
    }

    proptest! {
        #[test]
        fn places_go_on_and_lead_back((axis, at) in axes(), step in 0..3_000_000_i64) {
            let place = axis.place_ns(at);
            prop_assert!(axis.place_ns(at + step) >= place, "time goes on, so does the place");
            prop_assert!(axis.place_ns(at + step) - place <= step, "nothing is drawn longer than it is");
            // Every place is that of the time that it leads back to.
            prop_assert_eq!(axis.place_ns(axis.time_ns(place)), place);
            prop_assert_eq!(axis.place_ns(axis.time_ns(place + step)), place + step);
            let back = axis.time_ns(place);
            match axis.cuts().iter().find(|cut| (cut.from_ns..cut.to_ns).contains(&at)) {
                None => prop_assert_eq!(back, at, "exact where nothing is shortened"),
                Some(cut) => {
                    let coarse = cut.length_ns() / cut.shown_ns + 1;
                    prop_assert!(back >= cut.from_ns && back <= at && at - back <= coarse, "{back} for {at}");
                }
            }
        }

        #[test]
        fn only_cuts_change_distances((axis, at) in axes(), step in 0..50_000_000_i64) {
            // Counted from the cuts alone: what lies outside of them keeps its length.
            let (from, to) = (at, at + step);
            let mut expected = step;
            for cut in axis.cuts() {
                let inside = (to.min(cut.to_ns) - from.max(cut.from_ns)).max(0);
                if inside == cut.length_ns() {
                    expected -= cut.length_ns() - cut.shown_ns;
                } else if inside > 0 {
                    return Ok(());
                }
            }
            prop_assert_eq!(axis.place_ns(to) - axis.place_ns(from), expected);
        }
    }

    #[test]
    fn the_ends_of_time_do_not_overflow() {
        let axis = Axis::shortening([(i64::MIN, -5), (0, i64::MAX)], 100);
        for time in [i64::MIN, -6, -5, 0, 1, i64::MAX - 1, i64::MAX] {
            let _ = (axis.place_ns(time), axis.time_ns(time));
        }
        assert_eq!(Axis::shortening([(0, 50), (60, 110)], 100), STRAIGHT, "too short to be shortened");
        assert_eq!(STRAIGHT.place_ns(i64::MIN), i64::MIN);
    }
}
