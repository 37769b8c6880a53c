//! The offset of a lane's clock, in words, at the time in view.

use std::sync::Arc;

use super::{ClockInput, LaneOffset, OffsetTone};
use crate::analysis::clocks::Offset;
use crate::analysis::clocks::evidence::ppm_text;
use crate::model::DomainIx;
use crate::scene::input::SceneInput;
use crate::scene::view_state::TimeRange;

/// The offset of `domain` in the middle of `time`, which is on the axis of the layout; where its clock jumps in view,
/// before and after.
#[must_use]
pub fn lane_offset(input: &SceneInput<'_>, domain: DomainIx, time: TimeRange) -> LaneOffset {
    let Some(clocks) = &input.clocks else { return LaneOffset::default() };
    let mut offset =
        across_jumps(input, clocks, domain, time).unwrap_or_else(|| in_middle(input, clocks, domain, time));
    if offset.text.is_empty() {
        return offset;
    }
    let options = clocks.known.model.options();
    let own = options.drift_of.iter().find(|(of, ppb)| *of == domain && *ppb != options.drift_ppb);
    let drift = own.map(|(_, ppb)| format!("drift {}", ppm_text(*ppb)));
    let trace = options.only.map(|_| "one trace".to_owned());
    let more = Some(offset.more.to_string()).filter(|more| !more.is_empty());
    offset.more = [more, drift, trace].into_iter().flatten().collect::<Vec<_>>().join(" · ").into();
    offset
}

fn in_middle(input: &SceneInput<'_>, clocks: &ClockInput<'_>, domain: DomainIx, time: TimeRange) -> LaneOffset {
    let is_reference = clocks.known.model.reference().is_some_and(|reference| reference.domain == domain);
    let more = Arc::default();
    if is_reference {
        return LaneOffset { text: "reference clock".into(), more, tone: OffsetTone::Calm, is_reference };
    }
    let Some(offset) = input.offset(domain, own_time_ns(clocks, domain, time)) else { return LaneOffset::default() };
    let (text, tone) = head_words(&offset);
    match input.held() {
        Some((held, _)) if held.domain == domain => {
            LaneOffset { text: format!("what if: {text}").into(), more, tone: OffsetTone::Notable, is_reference }
        }
        _ => LaneOffset { text: text.into(), more, tone, is_reference },
    }
}

/// `ahead 1.20 … 1.26 s` and `after a jump: ahead 800 … 850 ms`, where the clock of `domain` jumps in view.
fn across_jumps(
    input: &SceneInput<'_>,
    clocks: &ClockInput<'_>,
    domain: DomainIx,
    time: TimeRange,
) -> Option<LaneOffset> {
    let is_reference = clocks.known.model.reference().is_some_and(|reference| reference.domain == domain);
    let is_held = input.held().is_some_and(|(held, _)| held.domain == domain);
    if is_reference || is_held {
        return None;
    }
    let at = |at_ns| own_time_ns(clocks, domain, TimeRange { from_ns: at_ns, to_ns: at_ns });
    let (from_ns, to_ns) = (at(time.from_ns), at(time.to_ns));
    let is_seen = |&(before_ns, after_ns): &(i64, i64)| before_ns <= to_ns && after_ns >= from_ns;
    let seen: Vec<(i64, i64)> = clocks.known.model.jumps(domain).into_iter().filter(is_seen).collect();
    let (&(before_ns, _), &(_, after_ns)) = (seen.first()?, seen.last()?);
    let words = |at_ns| head_words(&input.offset(domain, at_ns).unwrap_or_default()).0;
    let after = match seen.len() {
        1 => "after a jump".to_owned(),
        jumps => format!("after {jumps} jumps"),
    };
    let more = format!("{after}: {}", words(after_ns)).into();
    Some(LaneOffset { text: words(before_ns).into(), more, tone: OffsetTone::Notable, is_reference })
}

/// What the clock of `domain` shows in the middle of `time`.
#[must_use]
pub fn own_time_ns(clocks: &ClockInput<'_>, domain: DomainIx, time: TimeRange) -> i64 {
    let middle = time.from_ns.saturating_add(time.length_ns() / 2);
    if clocks.is_frame { middle.saturating_add(clocks.known.model.shift_ns(domain, middle)) } else { middle }
}

/// `ahead 1.08 … 1.26 s`, `no round trip: ahead ≥ 400 µs`.
fn head_words(offset: &Offset) -> (String, OffsetTone) {
    let words = offset.words();
    let differs = offset.lo_ns.is_some_and(|lo| lo > 0) || offset.hi_ns.is_some_and(|hi| hi < 0);
    match words.strip_suffix(": no round trip") {
        Some(bound) => {
            let bound = bound.replace("at least ", "≥ ").replace("at most ", "≤ ");
            (format!("no round trip: {bound}"), OffsetTone::Notable)
        }
        None if offset.is_unknown() => (words, OffsetTone::Faint),
        None => (words.replace('–', " … "), if differs { OffsetTone::Notable } else { OffsetTone::Calm }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_say_offsets_briefly() {
        for (lo_ns, hi_ns, text, tone) in [
            (Some(1_080_000_000), Some(1_260_000_000), "ahead 1.08 … 1.26 s", OffsetTone::Notable),
            (Some(-3_000_000), Some(5_000_000), "3 ms behind to 5 ms ahead", OffsetTone::Calm),
            (Some(400_000), None, "no round trip: ahead ≥ 400 µs", OffsetTone::Notable),
            (None, Some(400_000), "no round trip: ahead ≤ 400 µs", OffsetTone::Notable),
            (None, None, "not comparable", OffsetTone::Faint),
        ] {
            let offset = Offset { lo_ns, hi_ns, ..Offset::default() };
            assert_eq!(head_words(&offset), (text.to_owned(), tone));
        }
    }
}
