//! Clocks that are off by a known amount, and how SDKs read them.

use crate::model::time::{MS, US};

/// How the SDK of a process turns clock readings into stamps (read in the SDKs' sources).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stamper {
    /// `Date.now()` floored to 1 ms at the start; everything else that plus `performance.now()`
    /// differences, which browsers floor to 100 µs.
    Webjs,
    /// Every stamp is a reading of the wall clock. Go, Python and Rust; Go's monotonic ends are the
    /// same thing as long as no clock steps.
    Wall,
    /// The wall clock, kept in microseconds.
    WallMicros,
    /// The wall clock, kept in milliseconds.
    WallMillis,
}

impl Stamper {
    /// The quantum of a start stamp, in nanoseconds.
    pub const fn grain_ns(self) -> i64 {
        match self {
            Self::Webjs | Self::WallMillis => MS,
            Self::Wall => 1,
            Self::WallMicros => US,
        }
    }
}

/// One clock.
#[derive(Clone, Debug)]
pub struct Clock {
    /// What people would call it.
    pub name: String,
    /// The resource attribute that identifies it best.
    pub key: &'static str,
    /// The value of that attribute.
    pub value: String,
    /// How far it is ahead of true time at the reference time.
    pub offset_ns: i64,
    /// How much faster than true time it runs, in parts per 10⁹.
    pub drift_ppb: i64,
    /// When it is off by exactly `offset_ns`.
    pub reference_ns: i64,
    /// Who reads it.
    pub stamper: Stamper,
    /// When it jumped.
    pub steps: Vec<Step>,
    /// When it ran faster or slower than its drift says.
    pub slews: Vec<Slew>,
    /// What its times are divided by before they are written down: 1, or a mistake in the unit.
    pub unit_ns: i64,
}

/// A jump of a clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// When, true Unix nanoseconds; from then on the clock shows `by_ns` more.
    pub at_ns: i64,
    /// How far; negative = back.
    pub by_ns: i64,
}

/// A stretch of time in which a clock is corrected by running at another rate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slew {
    /// From this true time on.
    pub from_ns: i64,
    /// Until this true time.
    pub to_ns: i64,
    /// How much faster it runs, parts per 10⁹.
    pub ppb: i64,
}

impl Clock {
    /// What the clock shows at `true_ns`.
    pub fn read(&self, true_ns: i64) -> i64 {
        let jumped: i64 = self.steps.iter().filter(|step| step.at_ns <= true_ns).map(|step| step.by_ns).sum();
        self.read_without_steps(true_ns) + jumped
    }

    /// As a monotonic clock counts on from a reading: slews are in it, jumps are not.
    fn read_without_steps(&self, true_ns: i64) -> i64 {
        let drift = i128::from(true_ns - self.reference_ns) * i128::from(self.drift_ppb) / 1_000_000_000;
        let slewed: i128 = self.slews.iter().map(|slew| slew.gained_ns(true_ns)).sum();
        // Far from overflow: offsets and drifts of simulated clocks are days at most.
        true_ns + self.offset_ns + (drift + slewed) as i64
    }

    /// What the SDK writes for `true_ns` in a span that started at `start_ns` in true time.
    pub fn stamp(&self, start_ns: i64, true_ns: i64) -> i64 {
        let grain_ns = self.stamper.grain_ns();
        let stamp = match self.stamper {
            Stamper::Webjs => {
                let start = self.read(start_ns);
                let passed = self.read_without_steps(true_ns) - self.read_without_steps(start_ns);
                start - start.rem_euclid(grain_ns) + (passed - passed.rem_euclid(100 * US))
            }
            Stamper::Wall | Stamper::WallMicros | Stamper::WallMillis => {
                let read = self.read(true_ns);
                read - read.rem_euclid(grain_ns)
            }
        };
        stamp / self.unit_ns
    }
}

impl Slew {
    fn gained_ns(&self, true_ns: i64) -> i128 {
        let passed = true_ns.clamp(self.from_ns, self.to_ns) - self.from_ns;
        i128::from(passed) * i128::from(self.ppb) / 1_000_000_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(stamper: Stamper) -> Clock {
        Clock {
            name: "c".to_owned(),
            key: "host.id",
            value: "h".to_owned(),
            offset_ns: 1_200 * MS,
            drift_ppb: 50_000,
            reference_ns: 10_000 * MS,
            stamper,
            steps: Vec::new(),
            slews: Vec::new(),
            unit_ns: 1,
        }
    }

    #[test]
    fn drift_counts_from_the_reference() {
        let clock = clock(Stamper::Wall);
        assert_eq!(clock.read(10_000 * MS), 11_200 * MS);
        // 50 ppm over 20 s is 1 ms.
        assert_eq!(clock.read(30_000 * MS), 31_201 * MS);
        assert_eq!(clock.read(-10_000 * MS), -8_801 * MS);
    }

    #[test]
    fn jumps_and_slews_add_up() {
        let mut clock = Clock { drift_ppb: 0, offset_ns: 0, ..clock(Stamper::Wall) };
        clock.steps.push(Step { at_ns: 100, by_ns: -30 });
        clock.slews.push(Slew { from_ns: 1_000, to_ns: 3_000, ppb: 100_000_000 });
        for (at, shows) in [(99, 99), (100, 70), (1_000, 970), (2_000, 2_070), (9_000, 9_170)] {
            assert_eq!(clock.read(at), shows);
        }
        let webjs = Clock { stamper: Stamper::Webjs, ..clock };
        assert_eq!(webjs.stamp(0, 500 * US), 500 * US, "a browser measures inside a span without the jump");
    }

    #[test]
    fn browsers_floor_the_start_and_keep_the_floor_for_the_rest_of_the_span() {
        let clock = Clock { drift_ppb: 0, offset_ns: 0, ..clock(Stamper::Webjs) };
        let start = 1_000 * MS + 999_999;
        assert_eq!(clock.stamp(start, start), 1_000 * MS);
        assert_eq!(clock.stamp(start, start + 150 * US), 1_000 * MS + 100 * US);
    }
}
