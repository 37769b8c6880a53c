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
}

impl Stamper {
    /// The quantum of a start stamp, in nanoseconds.
    pub const fn grain_ns(self) -> i64 {
        match self {
            Self::Webjs => MS,
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
}

impl Clock {
    /// What the clock shows at `true_ns`.
    pub const fn read(&self, true_ns: i64) -> i64 {
        let drift = (true_ns - self.reference_ns) as i128 * self.drift_ppb as i128 / 1_000_000_000;
        true_ns + self.offset_ns + drift as i64
    }

    /// What the SDK writes for `true_ns` in a span that started at `start_ns` in true time.
    pub const fn stamp(&self, start_ns: i64, true_ns: i64) -> i64 {
        match self.stamper {
            Stamper::Webjs => {
                let start = self.read(start_ns);
                let passed = self.read(true_ns) - start;
                start - start.rem_euclid(MS) + (passed - passed.rem_euclid(100 * US))
            }
            Stamper::Wall => self.read(true_ns),
            Stamper::WallMicros => {
                let read = self.read(true_ns);
                read - read.rem_euclid(US)
            }
        }
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
    fn browsers_floor_the_start_and_keep_the_floor_for_the_rest_of_the_span() {
        let clock = Clock { drift_ppb: 0, offset_ns: 0, ..clock(Stamper::Webjs) };
        let start = 1_000 * MS + 999_999;
        assert_eq!(clock.stamp(start, start), 1_000 * MS);
        assert_eq!(clock.stamp(start, start + 150 * US), 1_000 * MS + 100 * US);
    }
}
