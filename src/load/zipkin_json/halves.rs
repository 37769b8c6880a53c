//! What one Zipkin span says, and which sides of a call it speaks for.

use crate::model::{SpanKind, Sym, Value};

/// A service at an address; its fields are symbols of the part.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Endpoint {
    pub service: Sym,
    pub ipv4: Sym,
    pub ipv6: Sym,
    pub port: i64,
}

/// The annotations that v1 tells the sides of a call with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Core {
    ClientSend,
    ClientReceive,
    ServerReceive,
    ServerSend,
    MessageSend,
    MessageReceive,
}

impl Core {
    pub(super) fn of(value: &str) -> Option<Self> {
        Some(match value {
            "cs" => Self::ClientSend,
            "cr" => Self::ClientReceive,
            "sr" => Self::ServerReceive,
            "ss" => Self::ServerSend,
            "ms" => Self::MessageSend,
            "mr" => Self::MessageReceive,
            _ => return None,
        })
    }
}

/// Something that happened at a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Annotation {
    pub time_ns: i64,
    pub value: Sym,
    pub core: Option<Core>,
    pub endpoint: Option<Endpoint>,
}

/// A tag of v1, with the endpoint that set it.
#[derive(Clone, Copy, Debug)]
pub(super) struct BinaryAnnotation {
    pub key: Sym,
    pub value: Value,
    pub endpoint: Option<Endpoint>,
}

/// One side of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Half {
    pub kind: SpanKind,
    /// The annotations that begin and end it.
    pub begin: Option<Core>,
    pub end: Option<Core>,
}

const CLIENT: Half = Half { kind: SpanKind::Client, begin: Some(Core::ClientSend), end: Some(Core::ClientReceive) };
const SERVER: Half = Half { kind: SpanKind::Server, begin: Some(Core::ServerReceive), end: Some(Core::ServerSend) };
const PRODUCER: Half = Half { kind: SpanKind::Producer, begin: Some(Core::MessageSend), end: None };
const CONSUMER: Half = Half { kind: SpanKind::Consumer, begin: Some(Core::MessageReceive), end: None };
const LOCAL: Half = Half { kind: SpanKind::Unspecified, begin: None, end: None };

/// The sides that `annotations` speak for, the calling one first; at least one.
pub(super) fn halves(annotations: &[Annotation]) -> Vec<Half> {
    let has = |core: Option<Core>| core.is_some() && annotations.iter().any(|one| one.core == core);
    let found: Vec<Half> = [CLIENT, SERVER, PRODUCER, CONSUMER]
        .into_iter()
        .filter(|half| has(half.begin) || has(half.end))
        .take(2)
        .collect();
    if found.is_empty() { vec![LOCAL] } else { found }
}
