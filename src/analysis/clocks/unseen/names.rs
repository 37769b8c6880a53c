//! What tells one broker from another, and one dater of responses from another.

use super::{Said, Unseen};
use crate::model::{InputIx, ResourceIx, SpanIx, TraceStore, Value};

/// Whose host a span talks to, the most telling key first.
const ADDRESS: [&str; 8] = [
    "server.address",
    "net.peer.name",
    "network.peer.address",
    "net.sock.peer.addr",
    "net.peer.ip",
    "peer.address",
    "http.host",
    "messaging.url",
];
/// The same in whole addresses.
const URLS: [&str; 2] = ["url.full", "http.url"];
const PORT: [&str; 2] = ["server.port", "net.peer.port"];
/// One broker of a cluster.
const BROKER: [&str; 3] = ["messaging.kafka.destination.broker.id", "messaging.kafka.broker.id", "messaging.broker.id"];
const CLUSTER: [&str; 2] = ["messaging.kafka.cluster.id", "messaging.cluster.id"];
const DESTINATION: [&str; 5] = [
    "messaging.destination.name",
    "messaging.destination",
    "messaging.source.name",
    "messaging.source",
    "message_bus.destination",
];
const PARTITION: [&str; 4] = [
    "messaging.destination.partition.id",
    "messaging.kafka.partition",
    "messaging.kafka.destination.partition",
    "messaging.eventhubs.partition.id",
];
/// One machine of those that answer for a host: networks in between date responses anew.
const EDGE: [&str; 4] = [
    "http.response.header.cf-ray",
    "http.response.header.x-amz-cf-pop",
    "http.response.header.x-served-by",
    "http.response.header.via",
];
const PEER: [&str; 2] = ["network.peer.address", "net.sock.peer.addr"];
const PROVIDER: [&str; 4] = ["gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system"];

/// What names a clock.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Named {
    /// What it is, for people: a host, a broker's number, a destination.
    main: String,
    /// What else it must have in common.
    also: Vec<String>,
    told_by: Vec<&'static str>,
    is_guessed: bool,
    /// Where the name holds: everywhere, in one input, or for one caller.
    input: Option<InputIx>,
    caller: Option<ResourceIx>,
}

impl Named {
    pub fn describe(&self, said: Said) -> Unseen {
        let what = match said {
            Said::Stored => format!("the broker {}", self.main),
            Said::Dated => self.main.clone(),
            Said::Created => format!("the models of {}", self.main),
        };
        let name = if self.also.is_empty() { what } else { format!("{what} ({})", self.also.join(", ")) };
        Unseen { name, told_by: self.told_by.join(", "), is_guessed: self.is_guessed, spans: 0 }
    }
}

/// The clock that `span` read; `None` when nothing names it.
pub(super) fn name(store: &TraceStore, span: SpanIx, said: Said) -> Option<Named> {
    let reader = Reader { store, span };
    match said {
        Said::Stored => reader.broker(),
        Said::Dated => reader.dater(),
        Said::Created => reader.maker(),
    }
}

/// A text and the key that it stood under.
type Told = (&'static str, String);

#[derive(Clone, Copy)]
struct Reader<'a> {
    store: &'a TraceStore,
    span: SpanIx,
}

impl Reader<'_> {
    fn first(self, keys: &[&'static str]) -> Option<Told> {
        keys.iter().find_map(|&key| Some((key, self.text(key)?)))
    }

    fn text(self, key: &str) -> Option<String> {
        let attrs = self.store.span(self.span).attr_ids();
        let old = key.strip_prefix("http.response.header.").map(|name| {
            // Instrumentations of before 2023 wrote dashes as underscores.
            format!("http.response.header.{}", name.replace('-', "_"))
        });
        let found = self.store.find_attr(attrs, key).or_else(|| self.store.find_attr(attrs, &old?));
        let text = match found? {
            Value::Empty | Value::Bool(_) | Value::Double(_) => return None,
            value => self.store.value_text(value),
        };
        let text = text.trim_matches(|c: char| matches!(c, '[' | ']' | '"' | ' '));
        (!text.is_empty()).then(|| text.to_ascii_lowercase())
    }

    /// Host and port of the peer.
    fn address(self) -> Option<Told> {
        let (key, mut host) = match self.first(&ADDRESS) {
            Some((key, text)) => (key, host_of(&text)?.to_owned()),
            None => {
                let (key, url) = self.first(&URLS)?;
                (key, host_of(&url)?.to_owned())
            }
        };
        if let Some((_, port)) = self.first(&PORT)
            && !host.ends_with(&format!(":{port}"))
            && !matches!(port.as_str(), "443" | "80" | "0")
        {
            host = format!("{host}:{port}");
        }
        Some((key, host))
    }

    fn named(self, (key, main): Told, also: Vec<Told>, is_guessed: bool) -> Named {
        let span = self.store.span(self.span);
        let mut told_by = vec![key];
        told_by.extend(also.iter().map(|told| told.0));
        Named {
            input: (!is_public(&main)).then(|| span.input_ix()),
            // Everybody's own machine.
            caller: is_everybodys(&main).then(|| span.resource_ix()),
            main,
            also: also.into_iter().map(|told| told.1).collect(),
            told_by,
            is_guessed,
        }
    }

    /// One broker where its number is known. Else the partition of a destination, which one broker keeps at a time.
    fn broker(self) -> Option<Named> {
        let (address, destination) = (self.address(), self.first(&DESTINATION));
        let cluster = self.first(&CLUSTER);
        if let Some((key, broker)) = self.first(&BROKER) {
            let of = cluster.or(address);
            return Some(self.named((key, broker), of.into_iter().collect(), false));
        }
        let is_guessed = address.is_none() && cluster.is_none();
        let mut parts = address.into_iter().chain(cluster).chain(destination);
        let main = parts.next()?;
        let also = parts.chain(self.first(&PARTITION)).collect();
        Some(self.named(main, also, is_guessed))
    }

    /// Whoever stamped the `Date` header: the server, or a network of many machines in front of it. Never known for sure.
    fn dater(self) -> Option<Named> {
        let main = self.address()?;
        let place = |(key, text): Told| {
            // `cf-ray` is a number for the request and a code for the place.
            let place = text.rsplit('-').next().unwrap_or_default().to_owned();
            if key.ends_with("cf-ray") { (key, place) } else { (key, text) }
        };
        let mut also: Vec<Told> = self.first(&EDGE).map(place).into_iter().collect();
        also.extend(self.first(&PEER).filter(|peer| !main.1.starts_with(&peer.1)));
        Some(self.named(main, also, true))
    }

    /// Whoever wrote the body: the provider, a gateway, or the caller's own library.
    fn maker(self) -> Option<Named> {
        let main = self.address().or_else(|| self.first(&PROVIDER))?;
        Some(self.named(main, Vec::new(), true))
    }
}

/// `api.example.com:8080` of `https://api.example.com:8080/v1`; the text itself if it is no URL.
fn host_of(text: &str) -> Option<&str> {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = rest.rsplit('@').next().unwrap_or_default();
    (!host.is_empty()).then_some(host)
}

fn without_port(host: &str) -> &str {
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    host.rsplit_once(':').filter(|(name, port)| is_port(port) && !name.ends_with(':')).map_or(host, |(name, _)| name)
}

/// Whether the name means the same host wherever it is used: a domain name that is not one of those for private use.
fn is_public(host: &str) -> bool {
    const PRIVATE: [&str; 9] = ["local", "localhost", "internal", "svc", "lan", "cluster", "home", "test", "intranet"];
    let host = without_port(host);
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_name = last.len() > 1 && last.bytes().all(|byte| byte.is_ascii_alphabetic());
    host.contains('.') && is_name && !PRIVATE.contains(&last)
}

fn is_everybodys(host: &str) -> bool {
    let host = without_port(host).trim_matches(['[', ']']);
    host == "localhost"
        || host.ends_with(".localhost")
        || host == "::1"
        || host.starts_with("127.")
        || host == "0.0.0.0"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_from_urls_and_known_as_public_or_not() {
        for (text, host, public, everybodys) in [
            ("https://api.openai.com/v1/chat", "api.openai.com", true, false),
            ("http://user:pw@api.example.org:8080?x=1", "api.example.org:8080", true, false),
            ("vllm.default.svc:8000", "vllm.default.svc:8000", false, false),
            ("vllm", "vllm", false, false),
            ("10.0.0.7", "10.0.0.7", false, false),
            ("localhost:8000", "localhost:8000", false, true),
            ("[::1]:8000", "[::1]:8000", false, true),
            ("127.0.0.1", "127.0.0.1", false, true),
        ] {
            assert_eq!(host_of(text), Some(host), "{text}");
            assert_eq!((is_public(host), is_everybodys(host)), (public, everybodys), "{text}");
        }
        assert_eq!(host_of("https:///v1"), None);
    }
}
