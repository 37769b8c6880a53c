//! One span: `{"traceId": ..., "spanId": ..., ...}`.

use super::fields::{kind, span_id, status_code, time_ns, trace_id};
use super::values::{attributes, text};
use crate::load::fields;
use crate::load::json::{Fault, Scanner};
use crate::load::records::guess_time;
use crate::load::repeats::{List, Repeats};
use crate::model::{Code, EventDraft, LinkDraft, Part, SpanDraft, SpanFlags, SpanId, Sym, TraceId};

/// Fills `draft` from the span that comes next.
pub(super) fn read_span<'a>(
    json: &mut Scanner<'a>,
    part: &mut Part,
    repeats: &mut Repeats<'a>,
    draft: &mut SpanDraft,
) -> Result<(), Fault> {
    draft.clear();
    draft.offset = json.offset();
    json.begin_object()?;
    while let Some(key) = json.next_name()? {
        match key {
            b"traceId" | b"trace_id" => draft.trace = trace_id(json, part)?,
            b"spanId" | b"span_id" => draft.id = span_id(json, part)?,
            b"parentSpanId" | b"parent_span_id" => draft.parent = span_id(json, part)?,
            b"name" => draft.name = text(json, part)?,
            b"kind" => draft.kind = kind(json)?,
            b"startTimeUnixNano" | b"start_time_unix_nano" => draft.start_ns = time_ns(json, &mut draft.flags)?,
            b"endTimeUnixNano" | b"end_time_unix_nano" => draft.end_ns = time_ns(json, &mut draft.flags)?,
            // Not OTLP's names, but what some writers put here.
            b"startTime" | b"start_time" if draft.start_ns == 0 => draft.start_ns = any_time(json, &mut draft.flags)?,
            b"endTime" | b"end_time" if draft.end_ns == 0 => draft.end_ns = any_time(json, &mut draft.flags)?,
            b"attributes" => attributes(json, part, repeats, List::Record, &mut draft.attrs)?,
            b"events" => events(json, part, repeats, draft)?,
            b"status" => status(json, part, draft)?,
            b"flags" => draft.otlp_flags = json.field_u32()?.unwrap_or_default(),
            b"links" => links(json, part, repeats, draft)?,
            b"traceState" | b"trace_state" => draft.rare.trace_state = text(json, part)?,
            b"droppedAttributesCount" | b"dropped_attributes_count" => draft.rare.dropped[0] = dropped(json)?,
            b"droppedEventsCount" | b"dropped_events_count" => draft.rare.dropped[1] = dropped(json)?,
            b"droppedLinksCount" | b"dropped_links_count" => draft.rare.dropped[2] = dropped(json)?,
            _ => json.skip_value()?,
        }
    }
    Ok(())
}

/// Reads a time in whatever form; 0 = absent.
fn any_time(json: &mut Scanner<'_>, flags: &mut SpanFlags) -> Result<i64, Fault> {
    json.peek();
    let offset = json.offset();
    let Some(time) = guess_time(json)? else {
        json.bad_field(offset, "a time");
        return Ok(0);
    };
    Ok(fields::clamp(time, flags))
}

/// Reads how much an SDK dropped, and counts it.
pub(super) fn dropped(json: &mut Scanner<'_>) -> Result<u32, Fault> {
    let offset = json.offset();
    let count = json.field_u32()?.unwrap_or_default();
    if count > 0 {
        json.note(Code::SdkDropped, offset, || format!("{count} dropped"));
    }
    Ok(count)
}

fn status(json: &mut Scanner<'_>, part: &mut Part, draft: &mut SpanDraft) -> Result<(), Fault> {
    if !json.field_object()? {
        return Ok(());
    }
    while let Some(key) = json.next_name()? {
        match key {
            b"code" => draft.status = status_code(json)?,
            b"message" => draft.rare.status_message = text(json, part)?,
            _ => json.skip_value()?,
        }
    }
    Ok(())
}

fn events<'a>(
    json: &mut Scanner<'a>,
    part: &mut Part,
    repeats: &mut Repeats<'a>,
    draft: &mut SpanDraft,
) -> Result<(), Fault> {
    if !json.field_array()? {
        return Ok(());
    }
    while json.next_element()? {
        if !json.field_object()? {
            continue;
        }
        let mut event = EventDraft::default();
        while let Some(key) = json.next_name()? {
            match key {
                b"timeUnixNano" | b"time_unix_nano" => event.time_ns = time_ns(json, &mut draft.flags)?,
                b"name" => event.name = text(json, part)?,
                b"attributes" => attributes(json, part, repeats, List::Event, &mut draft.event_attrs)?,
                b"droppedAttributesCount" | b"dropped_attributes_count" => {
                    dropped(json)?;
                }
                _ => json.skip_value()?,
            }
        }
        event.attr_end = arena_end(draft.event_attrs.len());
        draft.events.push(event);
    }
    Ok(())
}

fn links<'a>(
    json: &mut Scanner<'a>,
    part: &mut Part,
    repeats: &mut Repeats<'a>,
    draft: &mut SpanDraft,
) -> Result<(), Fault> {
    if !json.field_array()? {
        return Ok(());
    }
    while json.next_element()? {
        if !json.field_object()? {
            continue;
        }
        let mut link = LinkDraft { trace: TraceId::None, span: SpanId::None, ..LinkDraft::default() };
        while let Some(key) = json.next_name()? {
            match key {
                b"traceId" | b"trace_id" => link.trace = trace_id(json, part)?,
                b"spanId" | b"span_id" => link.span = span_id(json, part)?,
                b"traceState" | b"trace_state" => link.trace_state = text(json, part)?,
                b"attributes" => attributes(json, part, repeats, List::Other, &mut draft.link_attrs)?,
                b"flags" => link.otlp_flags = json.field_u32()?.unwrap_or_default(),
                b"droppedAttributesCount" | b"dropped_attributes_count" => {
                    dropped(json)?;
                }
                _ => json.skip_value()?,
            }
        }
        link.attr_end = arena_end(draft.link_attrs.len());
        draft.links.push(link);
    }
    Ok(())
}

fn arena_end(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// A time outside of spans: what is odd about it is not kept.
pub(super) fn plain_time_ns(json: &mut Scanner<'_>) -> Result<i64, Fault> {
    time_ns(json, &mut SpanFlags::default())
}

/// A symbol, or the one from before when the field is absent.
pub(super) fn text_or(json: &mut Scanner<'_>, part: &mut Part, before: Sym) -> Result<Sym, Fault> {
    let sym = text(json, part)?;
    Ok(if sym.is_empty() { before } else { sym })
}
