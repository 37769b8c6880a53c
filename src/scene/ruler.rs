//! Ticks and labels of the time ruler, from nanoseconds to years.

use chrono::{DateTime, Utc};

use super::text::{self, Font};
use super::time_scale::TimeScale;
use super::view_state::{RulerMode, TimeRange};
use crate::model::time::{DAY, HOUR, MIN, MS, S, US};

/// One tick of the ruler.
#[derive(Clone, PartialEq, Debug)]
pub struct Tick {
    /// Where it is, in points.
    pub x: f32,
    /// Its time.
    pub time_ns: i64,
    /// Its label; empty for a minor tick.
    pub label: String,
}

/// The ruler of one view.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Ruler {
    /// Ticks by time, minor ones without a label.
    pub ticks: Vec<Tick>,
    /// Distance of labelled ticks in nanoseconds.
    pub step_ns: i64,
    /// What the labels count from, when they do not tell the whole time: `12.345 s +`. Else empty.
    pub base: String,
}

/// Least free space between two labels, in points at text scale 1.
const LABEL_GAP: f32 = 22.0;
/// Least distance of minor ticks in points.
const MINOR_GAP: f32 = 7.0;

/// Steps that people can count in, ascending.
fn steps() -> impl Iterator<Item = i64> {
    let decimal = (0..10).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_i64.pow(power)));
    let clock = [10 * S, 15 * S, 30 * S].into_iter();
    let minutes = [1, 2, 5, 10, 15, 30].into_iter().map(|count| count * MIN);
    let hours = [1, 2, 3, 6, 12].into_iter().map(|count| count * HOUR);
    let days = (0..5).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_i64.pow(power) * DAY));
    decimal.take_while(|&step| step < 10 * S).chain(clock).chain(minutes).chain(hours).chain(days)
}

/// What a ruler is for.
pub struct Asked<'a> {
    /// The visible time.
    pub time: TimeRange,
    /// Where times are.
    pub scale: &'a TimeScale,
    /// Zero of relative labels.
    pub origin_ns: i64,
    /// What labels count.
    pub mode: RulerMode,
    /// Height of labels in points.
    pub size: f32,
    /// Where no label may be, from left to right.
    pub taken: Vec<[f32; 2]>,
}

/// The ruler that is asked for. Where the axis is shortened there are no ticks.
#[must_use]
pub fn ruler(asked: &Asked<'_>) -> Ruler {
    let &Asked { time, scale, origin_ns, mode, size, .. } = asked;
    let gap = LABEL_GAP * size / 11.0;
    let fits = |step: i64| {
        let label = Labels::new(time, origin_ns, mode, step);
        let widest = [time.from_ns, time.to_ns]
            .map(|at| text::width(&label.text(label.align(at)), Font::Mono, size))
            .into_iter()
            .fold(0.0, f32::max);
        step as f64 * scale.points_per_ns() >= f64::from(widest + gap)
    };
    let step = steps().find(|&step| fits(step)).unwrap_or(50_000 * DAY);
    let labels = Labels::new(time, origin_ns, mode, step);
    let mut ruler = Ruler { ticks: Vec::new(), step_ns: step, base: labels.base_text() };
    let minor = minor_step(step, scale);
    let cuts = scale.axis().cuts_between(time.from_ns, time.to_ns);
    let starts = std::iter::once(time.from_ns).chain(cuts.iter().map(|cut| cut.to_ns));
    let ends = cuts.iter().map(|cut| cut.from_ns).chain([time.to_ns]);
    for (from_ns, to_ns) in starts.zip(ends) {
        let mut at = labels.align_to(from_ns, minor);
        // The minor step is at least some points wide, so this is a count of ticks on a screen.
        while at <= to_ns && ruler.ticks.len() < 4096 {
            let is_major = labels.align(at) == at;
            let label = if is_major { labels.text(at) } else { String::new() };
            if at >= from_ns {
                ruler.ticks.push(Tick { x: scale.screen_from_time(at), time_ns: at, label });
            }
            let Some(next) = at.checked_add(minor) else { break };
            at = next;
        }
    }
    if !cuts.is_empty() {
        clear_labels(&mut ruler, asked, gap);
    }
    ruler
}

/// Takes away labels that would run into each other across a break, or into what stands there.
fn clear_labels(ruler: &mut Ruler, asked: &Asked<'_>, gap: f32) {
    let mut free_from = f32::NEG_INFINITY;
    for tick in ruler.ticks.iter_mut().filter(|tick| !tick.label.is_empty()) {
        let half = text::width(&tick.label, Font::Mono, asked.size) / 2.0;
        let (left, right) = (tick.x - half, tick.x + half);
        let near = asked.taken.partition_point(|taken| taken[1] + gap / 4.0 < left);
        let is_taken = asked.taken.get(near).is_some_and(|taken| taken[0] - gap / 4.0 <= right);
        if is_taken || left < free_from {
            tick.label.clear();
        } else {
            free_from = right + gap / 2.0;
        }
    }
}

fn minor_step(step: i64, scale: &TimeScale) -> i64 {
    [10, 5, 4, 3, 2]
        .into_iter()
        .filter(|parts| step % parts == 0)
        .map(|parts| step / parts)
        .find(|&minor| minor as f64 * scale.points_per_ns() >= f64::from(MINOR_GAP))
        .unwrap_or(step)
}

/// How the labels of one ruler are written.
struct Labels {
    mode: RulerMode,
    origin_ns: i64,
    step: i64,
    /// The unit of small steps.
    unit: i64,
    /// Labels tell the time since here, when `Some`.
    base_ns: Option<i64>,
    /// The largest offset that is labelled.
    reach: u64,
}

/// Labels with more than this many digits in the unit of the step count from a base instead.
const MOST_UNITS: i64 = 100_000;

impl Labels {
    fn new(time: TimeRange, origin_ns: i64, mode: RulerMode, step: i64) -> Self {
        let unit = [S, MS, US, 1].into_iter().find(|&unit| step >= unit).unwrap_or(1);
        let zero = if mode == RulerMode::Relative { origin_ns } else { 0 };
        let from = time.from_ns.saturating_sub(zero);
        let far = from.saturating_abs().max(time.to_ns.saturating_sub(zero).saturating_abs()) / unit;
        let needs_base = unit < S && (far >= MOST_UNITS || (mode == RulerMode::Absolute && unit < MS));
        let coarse = unit * 1000;
        let base_ns = needs_base.then(|| from.div_euclid(coarse).saturating_mul(coarse).saturating_add(zero));
        let base_ns = if mode == RulerMode::Absolute && unit >= MS { None } else { base_ns };
        let to = time.to_ns.saturating_sub(zero);
        Self { mode, origin_ns, step, unit, base_ns, reach: from.unsigned_abs().max(to.unsigned_abs()) }
    }

    /// The last multiple of the step at or before `at`.
    fn align(&self, at: i64) -> i64 {
        self.align_to(at, self.step)
    }

    fn align_to(&self, at: i64, step: i64) -> i64 {
        let zero = match self.mode {
            RulerMode::Relative => self.origin_ns,
            RulerMode::Absolute => 0,
        };
        zero.saturating_add(at.saturating_sub(zero).div_euclid(step).saturating_mul(step))
    }

    fn base_text(&self) -> String {
        let Some(base) = self.base_ns else { return String::new() };
        match self.mode {
            RulerMode::Relative => {
                let offset = base.saturating_sub(self.origin_ns);
                format!("{} +", decimal_text(offset, self.unit * 1000, offset.unsigned_abs()))
            }
            RulerMode::Absolute => format!("{} +", clock_text(base, self.unit * 1000)),
        }
    }

    fn text(&self, at: i64) -> String {
        if let Some(base) = self.base_ns {
            return units_text(at.saturating_sub(base), self.unit);
        }
        match self.mode {
            RulerMode::Absolute => clock_text(at, self.step),
            RulerMode::Relative => relative_text(at.saturating_sub(self.origin_ns), self.step, self.reach),
        }
    }
}

/// A time of day, as exact as `step` asks for.
fn clock_text(at: i64, step: i64) -> String {
    let time: DateTime<Utc> = DateTime::from_timestamp_nanos(at);
    let is_midnight = at.rem_euclid(DAY) == 0;
    let seconds = time.format("%H:%M:%S");
    match step {
        _ if step >= 365 * DAY => time.format("%Y-%m-%d").to_string(),
        _ if step >= DAY || (is_midnight && step >= MIN) => time.format("%b %d").to_string(),
        _ if step >= MIN => time.format("%H:%M").to_string(),
        _ if step >= S => seconds.to_string(),
        _ => {
            let digits = (1..=9).find(|&digits| step % 10_i64.pow(9 - digits) == 0).unwrap_or(9);
            let fraction = format!("{:09}", at.rem_euclid(S));
            format!("{seconds}.{}", &fraction[..digits as usize])
        }
    }
}

/// Time since the origin, as exact as `step` asks for, in the unit that suits offsets up to `reach`.
fn relative_text(offset: i64, step: i64, reach: u64) -> String {
    let sign = if offset < 0 { "−" } else { "" };
    let size = offset.unsigned_abs();
    let (s, min, hour, day) = (S as u64, MIN as u64, HOUR as u64, DAY as u64);
    if offset == 0 && step >= S {
        let unit = match step {
            _ if step >= DAY => "d",
            _ if step >= HOUR => "h",
            _ if step >= MIN => "min",
            _ => "s",
        };
        return format!("0 {unit}");
    }
    let body = match step {
        _ if step >= DAY => format!("{} d", size / day),
        _ if size >= day => {
            format!("{} d {:02}:{:02}{}", size / day, size / hour % 24, size / min % 60, seconds(size, step))
        }
        _ if size >= hour || step >= HOUR => {
            format!("{}:{:02}{} h", size / hour, size / min % 60, seconds(size, step))
        }
        _ if step >= MIN => format!("{} min", size / min),
        _ if size >= min && step >= S => format!("{}:{:02} min", size / min, size / s % 60),
        _ => return decimal_text(offset, step, reach),
    };
    format!("{sign}{body}")
}

fn seconds(size: u64, step: i64) -> String {
    if step >= MIN { String::new() } else { format!(":{:02}", size / S as u64 % 60) }
}

/// `offset` in the largest unit that `reach` fills, with the decimals that multiples of `step` need.
fn decimal_text(offset: i64, step: i64, reach: u64) -> String {
    let (unit, name) = match reach {
        _ if reach >= S as u64 => (S, "s"),
        _ if reach >= MS as u64 => (MS, "ms"),
        _ if reach >= US as u64 => (US, "µs"),
        _ => (1, "ns"),
    };
    let size = offset.unsigned_abs();
    let sign = if offset < 0 { "−" } else { "" };
    let unit_digits = unit.ilog10();
    let digits = (0..=unit_digits).find(|&digits| step % 10_i64.pow(unit_digits - digits) == 0).unwrap_or(unit_digits);
    let whole = size / unit as u64;
    if digits == 0 || offset == 0 {
        return format!("{sign}{whole} {name}");
    }
    let fraction = size % unit as u64 / 10_u64.pow(unit_digits - digits);
    format!("{sign}{whole}.{fraction:0width$} {name}", width = digits as usize)
}

fn units_text(offset: i64, unit: i64) -> String {
    let name = match unit {
        S => "s",
        MS => "ms",
        US => "µs",
        _ => "ns",
    };
    let count = offset.div_euclid(unit);
    if count < 0 { format!("−{} {name}", count.unsigned_abs()) } else { format!("+{count} {name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_700_000_000 * S;

    fn labels(from: i64, to: i64, width: f32, mode: RulerMode) -> (Ruler, Vec<String>) {
        let time = TimeRange { from_ns: START.saturating_add(from), to_ns: START.saturating_add(to) };
        let scale = TimeScale::new(time, 0.0, width);
        let ruler = ruler(&Asked { time, scale: &scale, origin_ns: START, mode, size: 11.0, taken: Vec::new() });
        let labels = ruler.ticks.iter().map(|tick| tick.label.clone()).filter(|label| !label.is_empty()).collect();
        (ruler, labels)
    }

    #[test]
    fn labels_are_what_people_expect() {
        for (from, to, mode, base, first) in [
            (0, 5 * S, RulerMode::Relative, "", &["0 s", "0.5 s", "1.0 s", "1.5 s"][..]),
            (-S, S, RulerMode::Relative, "", &["−1.0 s", "−0.8 s"]),
            (0, 8, RulerMode::Relative, "", &["0 ns", "1 ns"]),
            (0, 300 * MS, RulerMode::Relative, "", &["0 ms", "50 ms", "100 ms"]),
            (0, 9 * MIN, RulerMode::Relative, "", &["0 min", "1 min"]),
            (0, 10 * HOUR, RulerMode::Relative, "", &["0 h", "1:00 h"]),
            (0, 9 * DAY, RulerMode::Relative, "", &["0 d", "1 d"]),
            (12 * S + 345, 12 * S + 355, RulerMode::Relative, "12.000000 s +", &["+345 ns", "+346 ns"]),
            (0, 5 * S, RulerMode::Absolute, "", &["22:13:20.0", "22:13:20.5", "22:13:21.0"]),
            (0, 50 * S, RulerMode::Absolute, "", &["22:13:20", "22:13:25"]),
            (0, 10 * HOUR, RulerMode::Absolute, "", &["23:00", "Nov 15", "01:00"]),
            (0, 800 * US, RulerMode::Absolute, "22:13:20.000 +", &["+0 µs", "+100 µs"]),
        ] {
            let (ruler, found) = labels(from, to, 900.0, mode);
            assert_eq!(ruler.base, base, "{from}..{to} {mode}");
            assert_eq!(&found[..first.len()], first, "{from}..{to} {mode}: {found:?}");
        }
    }

    #[test]
    fn labels_never_overlap_and_are_dense_enough_at_any_zoom() {
        for mode in [RulerMode::Relative, RulerMode::Absolute] {
            for width in [300.0, 900.0, 3500.0] {
                let mut length = 7_i64;
                while length < 150 * 365 * DAY {
                    for from in [0, -length / 3, 123_456_789_012_345] {
                        let (ruler, found) = labels(from, from.saturating_add(length), width, mode);
                        let mut last_end = f32::NEG_INFINITY;
                        for tick in ruler.ticks.iter().filter(|tick| !tick.label.is_empty()) {
                            let half = text::width(&tick.label, Font::Mono, 11.0) / 2.0;
                            assert!(tick.x - half > last_end + 4.0, "{from} +{length} {mode} {width}: {found:?}");
                            last_end = tick.x + half;
                        }
                        assert!(ruler.ticks.len() <= 1000, "{} ticks", ruler.ticks.len());
                        let distinct: std::collections::BTreeSet<_> = found.iter().collect();
                        assert!(distinct.len() == found.len() || ruler.step_ns >= MIN, "{length}: {found:?}");
                        assert!(width < 900.0 || found.len() >= 2, "{from} +{length} {mode} {width}: {found:?}");
                    }
                    length = length / 3 * 7 + 2;
                }
            }
        }
    }

    #[test]
    fn times_at_the_ends_of_the_range_do_not_overflow() {
        for mode in [RulerMode::Relative, RulerMode::Absolute] {
            for time in [
                TimeRange { from_ns: i64::MIN, to_ns: i64::MAX },
                TimeRange { from_ns: i64::MAX - 10, to_ns: i64::MAX },
                TimeRange { from_ns: i64::MIN, to_ns: i64::MIN + 1000 },
            ] {
                let scale = TimeScale::new(time, 0.0, 1000.0);
                let ruler =
                    ruler(&Asked { time, scale: &scale, origin_ns: START, mode, size: 11.0, taken: Vec::new() });
                assert!(ruler.ticks.len() < 4097);
            }
        }
    }
}
