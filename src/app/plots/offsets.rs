//! The offset of one clock against another over time, ready to be drawn: bounds that never claim more than is known,
//! the estimate, the messages behind them, jumps and drift.

use super::series::{Follow, Series, Window, between};
use super::{AxisOf, finite};
use crate::analysis::clocks::repair::Element;
use crate::analysis::clocks::{Band, BandJump, BandPoint, ClockModel, Proof, Side};
use crate::model::{DomainIx, TraceStore};
use crate::scene::TimeRange;

/// The offset of clock `b` against clock `a`.
#[derive(Debug)]
pub struct Offsets {
    /// What it is compared with.
    pub a: DomainIx,
    /// Whose offset it is.
    pub b: DomainIx,
    /// Times between which clock `b` did not jump, in order.
    pub stretches: Vec<Stretch>,
    /// Messages that say something alone, by time.
    pub edges: Vec<EdgePoint>,
    /// Their bounds, by position.
    series: Series,
    /// Jumps of clock `b`, by time.
    pub jumps: Vec<Jump>,
}

/// Times without a jump.
#[derive(Debug)]
pub struct Stretch {
    /// Its times on the axis.
    pub time: TimeRange,
    /// From its first to its last message.
    known: TimeRange,
    /// Drift leads from message to message: it is not a single moment somewhere in a jump.
    pub is_steady: bool,
    /// At least this, over time; `None` when nothing bounds it.
    pub lo: Option<Series>,
    /// At most this.
    pub hi: Option<Series>,
    /// A guess inside; no bound.
    pub estimate: Series,
    /// The guess assumes a latency, because one side is open.
    pub is_assumed: bool,
    /// The drift on average lies between these, parts per billion, when both ends of the stretch are bounded.
    pub drift_ppb: Option<(i64, i64)>,
}

/// A message between both clocks.
#[derive(Clone, Debug)]
pub struct EdgePoint {
    /// When, on the axis.
    pub at_ns: i64,
    /// What it bounds.
    pub side: Side,
    /// The bound, nanoseconds.
    pub offset_ns: i64,
    /// The message.
    pub proof: Proof,
    /// No other messages say more at that moment.
    pub is_tight: bool,
    /// It contradicts the others and does not count.
    pub is_set_aside: bool,
}

/// A jump of a clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Jump {
    /// Somewhere between these times of the axis.
    pub time: TimeRange,
    /// By at least this, nanoseconds; positive = forward.
    pub lo_ns: Option<i64>,
    /// By at most this.
    pub hi_ns: Option<i64>,
}

impl Offsets {
    /// The offset of `b` against `a`. `axis` is that of the timeline. Searches the whole system: not for the window's
    /// own thread. `None` when the clocks cannot be compared at all.
    #[must_use]
    pub fn new(store: &TraceStore, axis: AxisOf<'_>, a: DomainIx, b: DomainIx) -> Option<Self> {
        let band = axis.model.band(a, b, usize::MAX)?;
        let hull = store.time_hull_ns().unwrap_or(0..0);
        let mut edges = edge_points(&band, axis);
        edges.extend(set_aside(axis.model, store, axis, a, b));
        edges.sort_by_key(|edge| (edge.at_ns, edge.offset_ns, edge.proof.cause));
        let series = Series::new(edges.iter().map(|edge| (edge.at_ns, edge.offset_ns)));
        let mut stretches = Vec::new();
        let parts: Vec<&[BandPoint]> = band.points.chunk_by(|a, b| a.stretch == b.stretch).collect();
        for (at, part) in parts.iter().enumerate() {
            let (Some(first), Some(last)) = (part.first(), part.last()) else { continue };
            let from_ns = if at == 0 { hull.start.min(first.at_ns) } else { first.at_ns };
            let to_ns = if at + 1 == parts.len() { hull.end.max(last.at_ns) } else { last.at_ns };
            let mut stretch = Stretch::new(part, band.drift_ppb, (from_ns, to_ns), |at_ns| axis.map(b, at_ns));
            stretch.is_steady = part.len() > 1 || parts.len() == 1;
            stretches.push(stretch);
        }
        let jump = |jump: &BandJump| Jump {
            time: TimeRange { from_ns: axis.map(b, jump.before_ns), to_ns: axis.map(b, jump.after_ns) }.ordered(),
            lo_ns: jump.lo_ns,
            hi_ns: jump.hi_ns,
        };
        let jumps = band.jumps.iter().map(jump).collect();
        Some(Self { a, b, stretches, edges, series, jumps })
    }

    /// Whether anything bounds the offset at all.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.stretches.iter().any(|stretch| stretch.lo.is_some() || stretch.hi.is_some())
    }

    /// How many messages there are between the clocks, and how many set an end of the band.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.edges.len(), self.edges.iter().filter(|edge| edge.is_tight).count())
    }

    /// What a window shows.
    #[must_use]
    pub fn view(&self, window: &Window) -> OffsetsView {
        let time = window.time();
        let steady = self.stretches.iter().filter(|stretch| stretch.is_steady);
        let shown = steady.filter_map(|stretch| stretch.view(window)).collect();
        let thinned = self.series.thinned(window);
        let mut view =
            OffsetsView { stretches: shown, edges: thinned.at, hidden: thinned.hidden, ..Default::default() };
        (view.lo_ns, view.hi_ns) = self.range_in(|stretch| cut(time, stretch.time));
        // Far from all messages the band is as wide as clocks drift: that is no reason to draw the rest small.
        let near = self.range_in(|stretch| cut(time, stretch.known));
        let (lo, hi) = if near == (None, None) { (view.lo_ns, view.hi_ns) } else { near };
        let estimates = || view.stretches.iter().flat_map(|stretch| stretch.estimate.iter().map(|corner| corner.1));
        let all = || estimates().chain(lo).chain(hi);
        view.height = finite(all().min().unwrap_or(-1_000_000), all().max().unwrap_or(1_000_000));
        let is_outside = |at: &&usize| !(view.height.0..=view.height.1).contains(&self.series.get(**at).1);
        view.outside = view.edges.iter().filter(is_outside).count();
        view
    }

    /// The least and the largest offset in the parts of the stretches that `part` chooses.
    fn range_in(&self, part: impl Fn(&Stretch) -> Option<TimeRange>) -> Ends {
        let steady = self.stretches.iter().filter(|stretch| stretch.is_steady);
        let ranges = steady.filter_map(|stretch| Some(stretch.range_in(part(stretch)?)));
        ranges.fold((None, None), |all: Ends, own| (least(all.0, own.0), most(all.1, own.1)))
    }

    /// The table that is copied: the band at its corners, then the messages, as far as they lie in `time`.
    #[must_use]
    pub fn rows(&self, store: &TraceStore, time: TimeRange) -> Vec<Vec<String>> {
        let cell = |value: Option<i64>| value.map(|ns| ns.to_string()).unwrap_or_default();
        let head = "kind at_ns lo_ns hi_ns estimate_ns rule strength from_span from_raw_ns to_span to_raw_ns";
        let mut rows = vec![head.split(' ').map(str::to_owned).collect()];
        for stretch in &self.stretches {
            let mut times: Vec<i64> = stretch.estimate.times_ns().to_vec();
            times.extend([&stretch.lo, &stretch.hi].into_iter().flatten().flat_map(Series::times_ns));
            times.sort_unstable();
            times.dedup();
            for at in times.into_iter().filter(|&at| time.from_ns <= at && at <= time.to_ns) {
                let value = |series: &Option<Series>| cell(series.as_ref().and_then(|series| series.value_at(at)));
                let estimate = cell(stretch.estimate.value_at(at));
                rows.push(vec!["band".to_owned(), at.to_string(), value(&stretch.lo), value(&stretch.hi), estimate]);
            }
        }
        for edge in self.series.within(time).filter_map(|at| self.edges.get(at)) {
            let (lo, hi) = match edge.side {
                Side::Lo => (Some(edge.offset_ns), None),
                Side::Hi => (None, Some(edge.offset_ns)),
            };
            let kind = if edge.is_set_aside { "set aside" } else { "message" };
            let mut row = vec![kind.to_owned(), edge.at_ns.to_string(), cell(lo), cell(hi), String::new()];
            row.extend(super::proof_cells(store, &edge.proof));
            rows.push(row);
        }
        rows
    }
}

type Ends = (Option<i64>, Option<i64>);

/// What two ranges share.
fn cut(a: TimeRange, b: TimeRange) -> Option<TimeRange> {
    let both = TimeRange { from_ns: a.from_ns.max(b.from_ns), to_ns: a.to_ns.min(b.to_ns) };
    (both.from_ns <= both.to_ns).then_some(both)
}

fn least(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    a.into_iter().chain(b).min()
}

fn most(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    a.into_iter().chain(b).max()
}

fn edge_points(band: &Band, axis: AxisOf<'_>) -> Vec<EdgePoint> {
    let touches = band.touches.iter();
    touches
        .map(|touch| EdgePoint {
            at_ns: axis.map(band.b, touch.at_ns),
            side: touch.side,
            offset_ns: touch.offset_ns,
            proof: touch.proof,
            is_tight: touch.is_tight,
            is_set_aside: false,
        })
        .collect()
}

/// Messages between the clocks that contradict all others, so that the bounds do without them.
fn set_aside(model: &ClockModel, store: &TraceStore, axis: AxisOf<'_>, a: DomainIx, b: DomainIx) -> Vec<EdgePoint> {
    let stamps = model.stamps(store, axis.domains);
    let point = |element: &Element| {
        let &Element::Edge(cause) = element else { return None };
        let (from, to) = (stamps.get(cause.from)?, stamps.get(cause.to)?);
        let proof = Proof { cause, from_ns: from.raw_ns, to_ns: to.raw_ns };
        let apart_ns = to.raw_ns.saturating_sub(from.raw_ns);
        let (side, own_ns, offset_ns) = match (axis.domain(cause.from.span), axis.domain(cause.to.span)) {
            (from_domain, to_domain) if (from_domain, to_domain) == (a, b) => (Side::Hi, to.raw_ns, apart_ns),
            (from_domain, to_domain) if (from_domain, to_domain) == (b, a) => {
                (Side::Lo, from.raw_ns, apart_ns.saturating_neg())
            }
            _ => return None,
        };
        let at_ns = axis.map(b, own_ns);
        Some(EdgePoint { at_ns, side, offset_ns, proof, is_tight: false, is_set_aside: true })
    };
    model.repairs().iter().filter_map(|repair| point(&repair.element)).collect()
}

impl Stretch {
    /// From points of one steady stretch, which reaches over `reach` on its own clock; `map` leads to the axis.
    fn new(points: &[BandPoint], drift_ppb: u32, reach: (i64, i64), map: impl Fn(i64) -> i64) -> Self {
        let bound = |of: fn(&BandPoint) -> Option<i64>, follow: Follow| {
            let known: Option<Vec<(i64, i64)>> = points.iter().map(|point| Some((point.at_ns, of(point)?))).collect();
            let corners = tents(&known?, drift_ppb, reach, follow);
            let mut moved: Vec<(i64, i64)> = corners.into_iter().map(|(at, value)| (map(at), value)).collect();
            moved.sort_by_key(|corner| corner.0);
            Some(Series::new(moved))
        };
        let (lo, hi) =
            (bound(|point| point.offset.lo_ns, Follow::Least), bound(|point| point.offset.hi_ns, Follow::Most));
        let guess = |point: &BandPoint| Some((map(point.at_ns), point.offset.estimate_ns?));
        let guesses = || points.iter().filter_map(guess);
        let mut estimate: Vec<(i64, i64)> = match (&lo, &hi) {
            (Some(lo), Some(hi)) => middles(lo, hi),
            _ => guesses().collect(),
        };
        if let (Some(first), Some(last), true) = (guesses().next(), guesses().last(), lo.is_none() || hi.is_none()) {
            estimate.insert(0, (map(reach.0), first.1));
            estimate.push((map(reach.1), last.1));
        }
        estimate.sort_by_key(|corner| corner.0);
        let ends = points.first().zip(points.last()).map_or(reach, |(first, last)| (first.at_ns, last.at_ns));
        let ends = (map(ends.0), map(ends.1));
        Self {
            time: TimeRange { from_ns: map(reach.0), to_ns: map(reach.1) }.ordered(),
            known: TimeRange { from_ns: ends.0, to_ns: ends.1 }.ordered(),
            lo,
            hi,
            is_steady: true,
            estimate: Series::new(estimate),
            is_assumed: points.iter().any(|point| point.offset.is_assumed),
            drift_ppb: drift(points),
        }
    }

    fn view(&self, window: &Window) -> Option<StretchView> {
        window.cut(self.time).map(|part| StretchView {
            lo: self.lo.as_ref().map(|lo| lo.line(&part, Follow::Least)),
            hi: self.hi.as_ref().map(|hi| hi.line(&part, Follow::Most)),
            estimate: self.estimate.line(&part, Follow::Most),
            is_assumed: self.is_assumed,
            drift_ppb: self.drift_ppb.filter(|&(lo, hi)| lo > 0 || hi < 0),
        })
    }

    /// The least and the largest offset in `part`, which lies in the stretch.
    fn range_in(&self, part: TimeRange) -> Ends {
        let ends = |series: &Series, follow: Follow| {
            let inside = series.extremes(series.within(part));
            let inside = inside.map(|ends| if follow == Follow::Most { ends.most } else { ends.least });
            let borders = [part.from_ns, part.to_ns].into_iter().filter_map(|at| series.value_at(at));
            let all = borders.chain(inside.map(|at| series.get(at).1));
            if follow == Follow::Most { all.max() } else { all.min() }
        };
        let of = |series: &Option<Series>, follow| series.as_ref().and_then(|series| ends(series, follow));
        (of(&self.lo, Follow::Least), of(&self.hi, Follow::Most))
    }
}

/// The middle between two bounds, wherever one of them has a corner.
fn middles(lo: &Series, hi: &Series) -> Vec<(i64, i64)> {
    let mut times: Vec<i64> = lo.times_ns().iter().chain(hi.times_ns()).copied().collect();
    times.sort_unstable();
    times.dedup();
    let middle = |at: i64| Some((at, i64::midpoint(lo.value_at(at)?, hi.value_at(at)?)));
    times.into_iter().filter_map(middle).collect()
}

/// The line of a bound through `known`, which between two points and beyond the last ones widens as fast as the
/// clocks may drift: a straight line from point to point would claim more than is known.
fn tents(known: &[(i64, i64)], drift_ppb: u32, reach: (i64, i64), follow: Follow) -> Vec<(i64, i64)> {
    let (Some(&first), Some(&last)) = (known.first(), known.last()) else { return Vec::new() };
    let sign = if follow == Follow::Most { 1 } else { -1 };
    let widened = |(at, value): (i64, i64), to: i64| {
        let passed = i128::from(at.abs_diff(to)) * i128::from(drift_ppb);
        let more = passed.div_euclid(1_000_000_000) + i128::from(passed.rem_euclid(1_000_000_000) > 0);
        let more = i64::try_from(more).unwrap_or(i64::MAX);
        (to, if sign > 0 { value.saturating_add(more) } else { value.saturating_sub(more) })
    };
    let mut corners = Vec::with_capacity(known.len() * 2 + 2);
    if reach.0 < first.0 {
        corners.push(widened(first, reach.0));
    }
    for (at, &point) in known.iter().enumerate() {
        corners.push(point);
        let Some(&next) = known.get(at + 1) else { continue };
        if let Some(apex_ns) = apex_ns(point, next, drift_ppb, sign) {
            corners.push(widened(if (apex_ns - point.0) <= (next.0 - apex_ns) { point } else { next }, apex_ns));
        }
    }
    if last.0 < reach.1 {
        corners.push(widened(last, reach.1));
    }
    corners
}

/// When both of two neighbouring points allow the same: there the bound is widest. `None` where the straight line
/// between them is as good.
fn apex_ns(from: (i64, i64), to: (i64, i64), drift_ppb: u32, sign: i128) -> Option<i64> {
    let length = i128::from(to.0) - i128::from(from.0);
    let rise = (i128::from(to.1) - i128::from(from.1)) * sign;
    // from.1 + r (x - from.0) = to.1 + r (to.0 - x), with r = drift_ppb / 10⁹.
    let lean = (rise * 1_000_000_000).checked_div(i128::from(drift_ppb))?;
    let apex = i64::try_from(i128::from(from.0) + (length + lean).div_euclid(2)).ok()?;
    let widest = (length - lean.abs()) * i128::from(drift_ppb) / 2_000_000_000;
    (from.0 < apex && apex < to.0 && widest > 0).then_some(apex)
}

/// Between which values the drift from the first to the last point lies, parts per billion.
fn drift(points: &[BandPoint]) -> Option<(i64, i64)> {
    let (first, last) = (points.first()?, points.last()?);
    let passed = i128::from(last.at_ns) - i128::from(first.at_ns);
    let rate = |from: i64, to: i64, up: bool| {
        let rise = (i128::from(to) - i128::from(from)) * 1_000_000_000;
        let floor = rise.checked_div_euclid(passed)?;
        i64::try_from(if up && rise.rem_euclid(passed) > 0 { floor + 1 } else { floor }).ok()
    };
    if passed <= 0 {
        return None;
    }
    let lo = rate(first.offset.hi_ns?, last.offset.lo_ns?, false)?;
    Some((lo, rate(first.offset.lo_ns?, last.offset.hi_ns?, true)?))
}

/// What one view shows of [`Offsets`]: no more corners and points than the screen has columns, a few times over.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OffsetsView {
    /// The steady stretches in view.
    pub stretches: Vec<StretchView>,
    /// Positions of the messages that are drawn.
    pub edges: Vec<usize>,
    /// Messages in view that share a column with others and are not drawn.
    pub hidden: usize,
    /// Messages of `edges` that lie above or below the plot: they bound far less than others, or contradict them.
    pub outside: usize,
    /// The least offset in view.
    pub lo_ns: Option<i64>,
    /// The largest offset in view.
    pub hi_ns: Option<i64>,
    /// From where to where the plot reaches, nanoseconds.
    pub height: (i64, i64),
}

/// One steady stretch in a view, as corners (time, offset).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StretchView {
    /// At least this.
    pub lo: Option<Vec<(i64, i64)>>,
    /// At most this.
    pub hi: Option<Vec<(i64, i64)>>,
    /// A guess.
    pub estimate: Vec<(i64, i64)>,
    /// The guess assumes a latency.
    pub is_assumed: bool,
    /// The drift, when it is proven that there is any.
    pub drift_ppb: Option<(i64, i64)>,
}

impl StretchView {
    /// Both bounds at the same times: (time, at least, at most). Empty with an open side.
    #[must_use]
    pub fn filled(&self) -> Vec<(i64, i64, i64)> {
        let (Some(lo), Some(hi)) = (&self.lo, &self.hi) else { return Vec::new() };
        let mut filled = Vec::with_capacity(lo.len() + hi.len());
        let (mut below, mut above) = (0, 0);
        while below < lo.len() && above < hi.len() {
            let (at_lo, at_hi) = (lo[below].0, hi[above].0);
            let at = at_lo.min(at_hi);
            let value = |line: &[(i64, i64)], next: usize| match (next.checked_sub(1), line[next]) {
                (_, corner) if corner.0 == at => Some(corner.1),
                (Some(before), corner) => Some(between(line[before], corner, at)),
                (None, _) => None,
            };
            if let (Some(least), Some(most)) = (value(lo, below), value(hi, above)) {
                filled.push((at, least, most));
            }
            below += usize::from(at_lo == at);
            above += usize::from(at_hi == at);
        }
        filled
    }
}

#[cfg(test)]
#[path = "offsets_tests.rs"]
mod tests;
