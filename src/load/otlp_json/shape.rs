//! The containers of OTLP JSON between the document and its spans, log records and metrics.

use crate::load::json::{Level, Shape};

/// An array of requests.
pub(super) const REQUESTS: Level = Level(1);
/// One request, or one line.
pub(super) const REQUEST: Level = Level(2);

/// What a list of resources is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Signal {
    Spans,
    Logs,
    Metrics,
}

/// How deep inside of a signal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tier {
    /// `resourceSpans`
    Resources,
    /// One of its elements.
    Resource,
    /// `scopeSpans`
    Scopes,
    /// One of its elements.
    Scope,
    /// `spans`
    Items,
}

const FIRST: u8 = 3;
const TIERS: [Tier; 5] = [Tier::Resources, Tier::Resource, Tier::Scopes, Tier::Scope, Tier::Items];
const SIGNALS: [Signal; 3] = [Signal::Spans, Signal::Logs, Signal::Metrics];

const fn level(signal: Signal, tier: Tier) -> Level {
    Level(FIRST + signal as u8 * TIERS.len() as u8 + tier as u8)
}

/// The signal and tier of a level below a request.
pub(super) fn signal_of(level: Level) -> Option<(Signal, Tier)> {
    let at = usize::from(level.0.checked_sub(FIRST)?);
    Some((*SIGNALS.get(at / TIERS.len())?, *TIERS.get(at % TIERS.len())?))
}

/// The levels of OTLP JSON.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OtlpShape {
    /// Documents are requests.
    Requests,
    /// Documents are elements of `resourceSpans`, without the request around them.
    Bare,
    /// Documents are objects that hold such elements in a list of another name.
    Wrapped,
}

/// What tools call the object, but never a list, in which they put a request: Jaeger's API v3, where it finds spans.
pub(super) fn is_object_wrapper(key: &[u8]) -> bool {
    key == b"spans"
}

/// What tools call the object or the list in which they put requests.
pub(super) fn is_wrapper(key: &[u8]) -> bool {
    matches!(
        key,
        b"trace"
            | b"traces"
            | b"result"
            | b"results"
            | b"data"
            | b"body"
            | b"request"
            | b"requests"
            | b"response"
            | b"payload"
            | b"items"
            | b"tracesData"
            | b"traces_data"
    )
}

impl Shape for OtlpShape {
    fn child(&self, parent: Level, key: Option<&[u8]>, is_array: bool) -> Option<Level> {
        if *self == Self::Bare && parent == Level::ROOT {
            return Some(level(Signal::Spans, if is_array { Tier::Resources } else { Tier::Resource }));
        }
        match (parent, key, is_array) {
            (Level::ROOT, None, true) => return Some(REQUESTS),
            (Level::ROOT | REQUESTS, None, false) => return Some(REQUEST),
            // Tempo, Jaeger's API v3 and others wrap the document.
            (REQUEST, Some(key), false) if is_wrapper(key) || is_object_wrapper(key) => return Some(REQUEST),
            (REQUEST, Some(key), true) => {
                let signal = match key {
                    _ if is_wrapper(key) => {
                        let resources = level(Signal::Spans, Tier::Resources);
                        return Some(if *self == Self::Wrapped { resources } else { REQUESTS });
                    }
                    b"resourceSpans" | b"resource_spans" | b"batches" => Signal::Spans,
                    b"resourceLogs" | b"resource_logs" => Signal::Logs,
                    b"resourceMetrics" | b"resource_metrics" => Signal::Metrics,
                    _ => return None,
                };
                return Some(level(signal, Tier::Resources));
            }
            _ => {}
        }
        let (signal, tier) = signal_of(parent)?;
        match (tier, key, is_array) {
            (Tier::Resources, None, false) => Some(level(signal, Tier::Resource)),
            (Tier::Resource, Some(key), true) if is_scope_list(key) => Some(level(signal, Tier::Scopes)),
            // Some writers leave the scopes out.
            (Tier::Resource, Some(key), true) => is_item_list(signal, key).then_some(level(signal, Tier::Items)),
            (Tier::Scopes, None, false) => Some(level(signal, Tier::Scope)),
            (Tier::Scope, Some(key), true) => is_item_list(signal, key).then_some(level(signal, Tier::Items)),
            _ => None,
        }
    }
}

fn is_scope_list(key: &[u8]) -> bool {
    is_span_scope_list(key)
        || matches!(
            key,
            b"scopeLogs"
                | b"scope_logs"
                | b"instrumentationLibraryLogs"
                | b"instrumentation_library_logs"
                | b"scopeMetrics"
                | b"scope_metrics"
                | b"instrumentationLibraryMetrics"
                | b"instrumentation_library_metrics"
                | SCOPES
        )
}

/// What some writers call the list of scopes, whatever is in it.
pub(super) const SCOPES: &[u8] = b"scopes";

/// True for the names that the lists of scopes with spans have had.
pub(super) fn is_span_scope_list(key: &[u8]) -> bool {
    matches!(key, b"scopeSpans" | b"scope_spans" | b"instrumentationLibrarySpans" | b"instrumentation_library_spans")
}

fn is_item_list(signal: Signal, key: &[u8]) -> bool {
    match signal {
        Signal::Spans => key == b"spans",
        Signal::Logs => matches!(key, b"logRecords" | b"log_records" | b"logs"),
        Signal::Metrics => key == b"metrics",
    }
}
