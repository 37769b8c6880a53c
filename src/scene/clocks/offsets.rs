//! The offset of a lane's clock, in words, at the time in view.

use super::{ClockInput, LaneOffset, OffsetTone};
use crate::analysis::clocks::Offset;
use crate::analysis::clocks::evidence::ppm_text;
use crate::model::DomainIx;
use crate::scene::input::SceneInput;
use crate::scene::view_state::TimeRange;

/// The offset of `domain` in the middle of `time`, which is on the axis of the layout.
#[must_use]
pub fn lane_offset(input: &SceneInput<'_>, domain: DomainIx, time: TimeRange) -> LaneOffset {
    let offset = offset_alone(input, domain, time);
    let Some(options) = input.clocks.as_ref().map(|clocks| clocks.known.model.options()) else { return offset };
    let mut text = offset.text.to_string();
    if options.only.is_some() && !text.is_empty() {
        text.push_str(" · one trace");
    }
    if let Some((_, ppb)) = options.drift_of.iter().find(|(of, ppb)| *of == domain && *ppb != options.drift_ppb) {
        text = format!("{text} · drift {}", ppm_text(*ppb));
    }
    LaneOffset { text: text.into(), ..offset }
}

fn offset_alone(input: &SceneInput<'_>, domain: DomainIx, time: TimeRange) -> LaneOffset {
    let Some(clocks) = &input.clocks else { return LaneOffset::default() };
    let is_reference = clocks.known.model.reference().is_some_and(|reference| reference.domain == domain);
    if is_reference {
        return LaneOffset { text: "reference clock".into(), tone: OffsetTone::Calm, is_reference };
    }
    let Some(offset) = input.offset(domain, own_time_ns(clocks, domain, time)) else { return LaneOffset::default() };
    let (text, tone) = head_words(&offset);
    match input.held() {
        Some((held, _)) if held.domain == domain => {
            LaneOffset { text: format!("what if: {text}").into(), tone: OffsetTone::Notable, is_reference }
        }
        _ => LaneOffset { text: text.into(), tone, is_reference },
    }
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
