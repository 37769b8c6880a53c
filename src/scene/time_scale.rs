//! Times to places on the screen and back.

use super::view_state::TimeRange;
use crate::arrange::{Axis, STRAIGHT};

/// Where times are on the screen. Subtracts the origin in `i64` before it leaves integers (invariant I9).
#[derive(Clone, PartialEq, Debug)]
pub struct TimeScale {
    /// The time at the left edge.
    pub from_ns: i64,
    /// Left edge in points.
    pub left: f32,
    /// Right edge in points.
    pub right: f32,
    axis: Axis,
    /// Where `from_ns` stands on the axis.
    from_place_ns: i64,
    points_per_ns: f64,
}

impl TimeScale {
    /// `time` spread over `left..right`, nothing shortened.
    #[must_use]
    pub fn new(time: TimeRange, left: f32, right: f32) -> Self {
        Self::on(&STRAIGHT, time, left, right)
    }

    /// `time` spread over `left..right` as `axis` shows it.
    #[must_use]
    pub fn on(axis: &Axis, time: TimeRange, left: f32, right: f32) -> Self {
        let from_place_ns = axis.place_ns(time.from_ns);
        let length = axis.place_ns(time.to_ns).saturating_sub(from_place_ns).max(1);
        let width = f64::from((right - left).max(1.0));
        let points_per_ns = width / length as f64;
        Self { from_ns: time.from_ns, left, right, axis: axis.clone(), from_place_ns, points_per_ns }
    }

    /// The time axis.
    #[must_use]
    pub const fn axis(&self) -> &Axis {
        &self.axis
    }

    /// Points per nanosecond where nothing is shortened.
    #[must_use]
    pub const fn points_per_ns(&self) -> f64 {
        self.points_per_ns
    }

    /// The x of `time_ns`. Far outside the view it saturates a little outside the screen, so that `f32`
    /// coordinates stay exact.
    #[must_use]
    pub fn screen_from_time(&self, time_ns: i64) -> f32 {
        const FAR: f64 = 100_000.0;
        let offset = self.axis.place_ns(time_ns).saturating_sub(self.from_place_ns) as f64 * self.points_per_ns;
        self.left + offset.clamp(-FAR, FAR) as f32
    }

    /// The time at `x`; of a shortened stretch, one of those that stand there.
    #[must_use]
    pub fn time_from_screen(&self, x: f32) -> i64 {
        let offset = f64::from(x - self.left) / self.points_per_ns;
        self.axis.time_ns(self.from_place_ns.saturating_add(offset.round() as i64))
    }

    /// The time that `points` take where nothing is shortened, at least 1 ns.
    #[must_use]
    pub fn ns_from_points(&self, points: f32) -> i64 {
        ((f64::from(points) / self.points_per_ns).round() as i64).max(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY_2026: i64 = 1_795_270_000_000_000_000;

    proptest! {
        /// Cuts after so many ms, so many ms long; the view and two times in ms.
        #[test]
        fn what_is_later_is_not_farther_left_and_leads_back(
            cuts in prop::collection::vec((0..2_000_i64, 1..90_000_i64), 0..5),
            view in (-500..100_000_i64, 1..200_000_i64),
            a in -1_000..300_000_i64,
            b in -1_000..300_000_i64,
        ) {
            const MS: i64 = 1_000_000;
            let mut at = DAY_2026;
            let stretches: Vec<(i64, i64)> = cuts
                .iter()
                .map(|(gap, length)| {
                    let from = at + gap * MS;
                    at = from + length * MS;
                    (from, at)
                })
                .collect();
            let axis = Axis::shortening(stretches, 200 * MS);
            let time = TimeRange { from_ns: DAY_2026 + view.0 * MS, to_ns: DAY_2026 + (view.0 + view.1) * MS };
            let scale = TimeScale::on(&axis, time, 280.0, 1600.0);
            let (a, b) = (DAY_2026 + a.min(b) * MS, DAY_2026 + a.max(b) * MS);
            prop_assert!(scale.screen_from_time(a) <= scale.screen_from_time(b));
            prop_assert!((scale.screen_from_time(time.from_ns) - 280.0).abs() < 0.01);
            for at in [a, b] {
                let x = scale.screen_from_time(at);
                if x.abs() < 20_000.0 {
                    let back = scale.screen_from_time(scale.time_from_screen(x));
                    prop_assert!((back - x).abs() <= 0.02, "{x} leads to {back}");
                }
            }
        }
    }
}
