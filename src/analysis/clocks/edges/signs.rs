//! What names and attributes say about calls. Decided once per distinct name and attribute.

use super::super::super::genai::{Field, plain_keys};
use crate::model::{Attr, SpanIx, Status, Strings, Sym, TraceStore, Value};

/// A set of signs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sign(u16);

impl Sign {
    /// A response arrived: there is a status code or something of the answer.
    pub const RESPONSE: Self = Self(1);
    /// The response arrives piece by piece; either side may end first.
    pub const STREAM: Self = Self(1 << 1);
    /// The caller gave up or the connection broke.
    pub const CANCEL: Self = Self(1 << 2);
    /// A span that waits for messages, and started before they existed.
    pub const RECEIVE: Self = Self(1 << 3);
    /// A name of spans whose start is set back to before they were made.
    pub const BACK_DATED: Self = Self(1 << 4);
    /// An event per piece of a stream.
    pub const CHUNK: Self = Self(1 << 5);
    /// A browser's network timing: the request was sent.
    pub const REQUEST_SENT: Self = Self(1 << 6);
    /// A browser's network timing: the first byte of the response arrived.
    pub const RESPONSE_START: Self = Self(1 << 7);
    /// A request that was sent again.
    pub const RESEND: Self = Self(1 << 8);
    /// A span that waits for all that it links to.
    pub const JOIN: Self = Self(1 << 9);
    /// A call that was started before it was asked for.
    pub const SPECULATIVE: Self = Self(1 << 10);
    /// Something sent that nobody answers, or only whoever passes it on does.
    pub const ONE_WAY: Self = Self(1 << 11);
    /// The response says that the call failed: an error on the span does not mean that it was broken off.
    pub const FAILED: Self = Self(1 << 12);
    /// The response was kept by somebody in between for a while.
    pub const STORED: Self = Self(1 << 13);
    /// A message is worked on that is there already.
    pub const PROCESS: Self = Self(1 << 14);

    /// Whether any of `other` is set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn when(self, holds: bool) -> Self {
        if holds { self } else { Self::default() }
    }
}

/// Whether the caller got a response.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Response {
    /// The span says so.
    Stated,
    /// The span ended without an error.
    Assumed,
    /// No, or not known.
    None,
}

/// Signs of all names and attributes of a store.
pub struct Signs {
    of_name: Vec<Sign>,
    of_attr: Vec<Sign>,
    /// All signs of attributes together.
    any: Sign,
}

impl Signs {
    pub fn new(store: &TraceStore) -> Self {
        let strings = store.strings();
        let streams: Vec<Sym> = plain_keys(Field::Stream).filter_map(|(key, _)| strings.find(key)).collect();
        let is_stream = |attr: Attr| streams.contains(&attr.key) && is_true(attr.value, |sym| strings.get(sym));
        let signs = |&attr: &Attr| attr_signs(strings, attr).with(Sign::STREAM.when(is_stream(attr)));
        let of_attr: Vec<Sign> = store.attrs().pairs().iter().map(signs).collect();
        let any = of_attr.iter().copied().fold(Sign::default(), Sign::with);
        Self { of_name: strings.iter().map(|(_, text)| name_signs(text)).collect(), of_attr, any }
    }

    /// Whether any attribute of the store has the sign.
    pub const fn has_any(&self, sign: Sign) -> bool {
        self.any.has(sign)
    }

    /// What a span or event name says.
    pub fn of_name(&self, name: crate::model::Sym) -> Sign {
        self.of_name.get(name.at()).copied().unwrap_or_default()
    }

    /// What the name and the attributes of `span` say together.
    pub fn of_span(&self, store: &TraceStore, span: SpanIx) -> Sign {
        let span = store.span(span);
        let attrs = span.attr_ids().iter().map(|id| self.of_attr.get(id.0 as usize).copied().unwrap_or_default());
        attrs.fold(self.of_name(span.name_sym()), Sign::with)
    }
}

/// Whether a value says yes. Python writes it with a capital letter.
pub fn is_true<'a>(value: Value, text: impl Fn(Sym) -> &'a str) -> bool {
    value == Value::Bool(true) || value.sym().is_some_and(|sym| text(sym).eq_ignore_ascii_case("true"))
}

/// Whether the client span `span` with `signs` got a response.
pub fn response(store: &TraceStore, span: SpanIx, signs: Sign) -> Response {
    if signs.has(Sign::CANCEL) || signs.has(Sign::ONE_WAY) {
        Response::None
    } else if signs.has(Sign::RESPONSE) {
        Response::Stated
    } else if store.span(span).status() == Status::Error {
        Response::None
    } else {
        Response::Assumed
    }
}

fn name_signs(name: &str) -> Sign {
    match name {
        "documentLoad" | "documentFetch" | "resourceFetch" => return Sign::BACK_DATED,
        "requestStart" => return Sign::REQUEST_SENT,
        "responseStart" => return Sign::RESPONSE_START,
        "gen_ai.content.completion.chunk"
        | "First Token Stream Event"
        | "new_token"
        | "gen_ai.first_token"
        | "first_token"
        | "ai.stream.firstChunk" => return Sign::CHUNK,
        _ => {}
    }
    // Long texts are contents, not names.
    if name.len() > 120 {
        return Sign::default();
    }
    let has = |part: &str| contains_ignoring_case(name, part);
    let back_dated = ["queue", "scheduled", "waiting"].iter().any(|part| has(part));
    let join = ["join", "aggregate", "gather", "fan-in", "fan_in", "fanin"].iter().any(|part| has(part));
    // "orders receive", by the messaging conventions; "ServiceBus.receive", "receive orders", "poll".
    let mut words = name.split(|c: char| !c.is_alphanumeric());
    let receive = words.any(|word| ["receive", "poll"].iter().any(|own| word.eq_ignore_ascii_case(own)));
    let signs = Sign::BACK_DATED.when(back_dated).with(Sign::STREAM.when(has("stream")));
    signs.with(Sign::JOIN.when(join)).with(Sign::RECEIVE.when(receive))
}

fn contains_ignoring_case(text: &str, part: &str) -> bool {
    text.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

fn attr_signs(strings: &Strings, attr: Attr) -> Sign {
    let text = |value: Value| value.sym().map_or("", |sym| strings.get(sym));
    let code = |value: Value| match value {
        Value::Int(code) => Some(code),
        other => text(other).parse().ok(),
    };
    match strings.get(attr.key) {
        "http.status_code" | "http.response.status_code" => match code(attr.value) {
            // 408 and 504 come from somebody who gave up waiting, 499 is the caller itself.
            // 0 is what a browser knows of a request that was given up.
            Some(0 | 408 | 499 | 504) => Sign::CANCEL,
            // The connection goes on as another protocol.
            Some(101) => Sign::RESPONSE.with(Sign::STREAM),
            Some(400..=599) => Sign::RESPONSE.with(Sign::FAILED),
            Some(100..=399) => Sign::RESPONSE,
            _ => Sign::default(),
        },
        "rpc.grpc.status_code" | "rpc.response.status_code" => match (code(attr.value), text(attr.value)) {
            (Some(1 | 4 | 14), _) | (None, "CANCELLED" | "DEADLINE_EXCEEDED" | "UNAVAILABLE") => Sign::CANCEL,
            (Some(0), _) | (None, "OK") => Sign::RESPONSE,
            (None, "") => Sign::default(),
            _ => Sign::RESPONSE.with(Sign::FAILED),
        },
        // Who answers is the broker, not who works on the message.
        "messaging.system" => Sign::ONE_WAY,
        "mcp.method.name" | "rpc.method" => Sign::ONE_WAY.when(text(attr.value).starts_with("notifications/")),
        "http.response.header.age" => Sign::STORED.when(text(attr.value).bytes().any(|c| matches!(c, b'1'..=b'9'))),
        // "HIT", "TCP_HIT from 10.2.0.1", "cloudfront: Hit"; also what is stale and served all the same.
        "http.response.header.x-cache"
        | "http.response.header.x_cache"
        | "http.response.header.x-cache-status"
        | "http.response.header.cf-cache-status"
        | "http.response.header.cf_cache_status"
        | "http.response.header.x-portkey-cache-status"
        | "http.response.header.helicone-cache"
        | "http.response.header.x-litellm-cache-hit"
        | "gen_ai.cache.status" => {
            let has = |part: &&str| contains_ignoring_case(text(attr.value), part);
            Sign::STORED.when(["hit", "stale", "updating", "revalidated", "true"].iter().any(has))
        }
        "cache_hit" | "gen_ai.cache_hit" | "gen_ai.response.cached" | "llm.cache_hit" | "http.response.from_cache" => {
            Sign::STORED.when(is_true(attr.value, |sym| strings.get(sym)))
        }
        "gen_ai.response.id" | "gen_ai.response.finish_reasons" => Sign::RESPONSE,
        "http.response.header.content-type" | "http.response.header.content_type" => {
            Sign::STREAM.when(text(attr.value).contains("event-stream"))
        }
        "network.protocol.name" => Sign::STREAM.when(text(attr.value).eq_ignore_ascii_case("websocket")),
        "url.scheme" | "http.scheme" => Sign::STREAM.when(matches!(text(attr.value), "ws" | "wss")),
        "url.full" | "http.url" => {
            Sign::STREAM.when(["ws://", "wss://"].iter().any(|start| text(attr.value).starts_with(start)))
        }
        "rpc.grpc.method_type" | "grpc.method.type" => {
            Sign::STREAM.when(contains_ignoring_case(text(attr.value), "stream"))
        }
        "error.type" => {
            let has = |part: &&str| contains_ignoring_case(text(attr.value), part);
            Sign::CANCEL.when(["timeout", "cancel", "abort", "connect"].iter().any(has))
        }
        "http.request.resend_count" | "http.resend_count" => {
            Sign::RESEND.when(code(attr.value).is_some_and(|count| count > 0))
        }
        "gen_ai.tool.speculative" | "speculative" => {
            Sign::SPECULATIVE.when(is_true(attr.value, |sym| strings.get(sym)))
        }
        "messaging.operation" | "messaging.operation.type" | "messaging.operation.name" => match text(attr.value) {
            "receive" | "poll" => Sign::RECEIVE,
            "process" | "deliver" => Sign::PROCESS,
            _ => Sign::default(),
        },
        _ => Sign::default(),
    }
}
