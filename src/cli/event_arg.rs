//! Events of spans on the command line: `SPAN`, `SPAN:end`, `TRACE:SPAN:event 3`, `SPAN@LANE:start`.

use anyhow::bail;

use super::clock_args::find_lane;
use crate::analysis::clocks::domains::Domains;
use crate::analysis::clocks::{EventKey, Point};
use crate::model::{SpanId, SpanIx, TraceId, TraceStore};

/// What the forms are, for messages.
const FORMS: &str = "SPAN or TRACE:SPAN (ids, or unique beginnings of them), then @LANE where two spans share an id, \
                     then :start, :end or :event N (from 0); the start if nothing is said";

/// The event that `text` names.
///
/// # Errors
/// When no span, or more than one, fits; or when the span has no such event. The message says what to write.
pub fn find_event(store: &TraceStore, domains: &Domains, text: &str) -> anyhow::Result<EventKey> {
    let (name, point) = split_point(text)?;
    let span = find_span(store, domains, name)?;
    if let Point::Event(number) = point {
        let events = store.span(span).events().len();
        if usize::from(number) >= events {
            bail!("{text}: “{}” has {events} events, counted from 0", store.span(span).name());
        }
    }
    Ok(EventKey { span, point })
}

fn split_point(text: &str) -> anyhow::Result<(&str, Point)> {
    if let Some(name) = text.strip_suffix(":start") {
        return Ok((name, Point::Start));
    }
    if let Some(name) = text.strip_suffix(":end") {
        return Ok((name, Point::End));
    }
    let Some((name, number)) = text.rsplit_once(":event") else { return Ok((text, Point::Start)) };
    match number.trim_start_matches([' ', ':', '-', '=']).parse() {
        Ok(number) => Ok((name, Point::Event(number))),
        Err(_) => bail!("{text}: which event? Write {FORMS}"),
    }
}

fn find_span(store: &TraceStore, domains: &Domains, name: &str) -> anyhow::Result<SpanIx> {
    let (ids, lane) = match name.rsplit_once('@') {
        Some((ids, lane)) => (ids, Some(find_lane(domains, lane)?)),
        None => (name, None),
    };
    if ids.is_empty() {
        bail!("an event is named by its span: write {FORMS}");
    }
    let is_on_lane = |ix: &SpanIx| lane.is_none_or(|lane| domains.of_span.get(ix.at()) == Some(&lane));
    let mut found: Vec<SpanIx> = store.span_ixs().filter(|&ix| fits(store, ix, None, ids)).filter(is_on_lane).collect();
    if found.is_empty()
        && let Some((trace, span)) = ids.rsplit_once(':')
    {
        found = store.span_ixs().filter(|&ix| fits(store, ix, Some(trace), span)).filter(is_on_lane).collect();
    }
    // A whole id beats one that only begins so.
    let span_part = ids.rsplit_once(':').map_or(ids, |parts| parts.1);
    let is_whole = |ix: &SpanIx| {
        let id = store.span_id_text(store.span(*ix).id());
        id.eq_ignore_ascii_case(ids) || id.eq_ignore_ascii_case(span_part)
    };
    if found.iter().any(is_whole) {
        found.retain(is_whole);
    }
    match found[..] {
        [span] => Ok(span),
        [] => bail!("no span has an id that begins with {name}; write {FORMS}"),
        _ => bail!("{name} fits {} spans: {}; write more of the id, TRACE:SPAN, or SPAN@LANE", found.len(), {
            candidates(store, domains, &found)
        }),
    }
}

fn candidates(store: &TraceStore, domains: &Domains, found: &[SpanIx]) -> String {
    const SHOWN: usize = 5;
    let candidate = |&ix: &SpanIx| {
        let span = store.span(ix);
        let (trace, id) = (store.trace_id_text(span.trace_id()), store.span_id_text(span.id()));
        let lane = domains.of_span.get(ix.at()).and_then(|lane| domains.list.get(lane.at()));
        format!("{trace}:{id}@{} “{}”", lane.map_or("?", |lane| &lane.name), span.name())
    };
    let mut shown: Vec<String> = found.iter().take(SHOWN).map(candidate).collect();
    if found.len() > SHOWN {
        shown.push(format!("and {} more", found.len() - SHOWN));
    }
    shown.join(", ")
}

fn fits(store: &TraceStore, ix: SpanIx, trace: Option<&str>, span: &str) -> bool {
    let found = store.span(ix);
    let of_span = match found.id() {
        SpanId::None => false,
        SpanId::Bytes(bits) => begins_with(u128::from(bits), 16, span),
        SpanId::Text(text) => store.text(text).starts_with(span),
    };
    of_span
        && trace.is_none_or(|trace| match found.trace_id() {
            TraceId::None => trace.is_empty(),
            // Jaeger and Zipkin write 16 digits where the others are zero.
            TraceId::Bytes(bits) => begins_with(bits, 32, trace) || begins_with(bits & u128::from(u64::MAX), 16, trace),
            TraceId::Text(text) => store.text(text).starts_with(trace),
        })
}

/// Whether the hex form of `bits` with `digits` digits begins with `prefix`.
fn begins_with(bits: u128, digits: u32, prefix: &str) -> bool {
    let length = u32::try_from(prefix.len()).unwrap_or(u32::MAX);
    if length > digits || !prefix.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return false;
    }
    let wanted = u128::from_str_radix(prefix, 16);
    wanted.is_ok_and(|wanted| bits.checked_shr(4 * (digits - length)).unwrap_or(0) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_prefixes_are_compared_by_digits() {
        for (bits, digits, prefix, fits) in [
            (0x00ab_0000_0000_0001, 16, "00ab", true),
            (0x00ab_0000_0000_0001, 16, "00AB", true),
            (0x00ab_0000_0000_0001, 16, "ab", false),
            (0x00ab_0000_0000_0001, 16, "00ab000000000001", true),
            (0x00ab_0000_0000_0001, 16, "00ab0000000000010", false),
            (0x00ab_0000_0000_0001, 16, "+0ab", false),
            (1, 32, "00000000000000000000000000000001", true),
        ] {
            assert_eq!(begins_with(bits, digits, prefix), fits, "{prefix}");
        }
    }

    #[test]
    fn points_stand_after_the_span() {
        for (text, name, point) in [
            ("ab", "ab", Point::Start),
            ("t:ab", "t:ab", Point::Start),
            ("ab:end", "ab", Point::End),
            ("t:ab:start", "t:ab", Point::Start),
            ("ab:event 3", "ab", Point::Event(3)),
            ("ab:event3", "ab", Point::Event(3)),
            ("t:ab:event:0", "t:ab", Point::Event(0)),
        ] {
            assert_eq!(split_point(text).unwrap(), (name, point), "{text}");
        }
        assert!(split_point("ab:event").is_err());
        assert!(split_point("ab:event x").is_err());
    }
}
