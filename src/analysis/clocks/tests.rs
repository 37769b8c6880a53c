//! Stores built by hand, for the tests of this module.

use crate::model::{
    AttrId, EventDraft, Input, LinkDraft, LinkKind, Part, Resource, Scope, SpanDraft, SpanId, SpanKind, StoreBuilder,
    Sym, TraceId, TraceStore, Value,
};

/// A store in the making. Clocks are told apart by `host.id`.
#[derive(Clone, Default)]
pub struct Draft {
    /// Key and value that tell the clock, the SDK's language, and the service.
    hosts: Vec<(&'static str, String, String, String)>,
    spans: Vec<Span>,
    /// Further attributes of hosts.
    more: Vec<(usize, &'static str, String)>,
}

/// A span in the making.
#[derive(Clone, Default)]
pub struct Span {
    host: usize,
    pub trace: u128,
    id: u64,
    pub parent: u64,
    times: (i64, i64),
    pub kind: SpanKind,
    pub name: String,
    pub attrs: Vec<(&'static str, i64)>,
    pub texts: Vec<(&'static str, &'static str)>,
    pub events: Vec<(&'static str, i64, i64)>,
    /// What kind of links they are.
    pub link_kind: LinkKind,
    /// When the collector saw the events.
    pub observed_ns: Option<i64>,
    /// What numbers the events: tokens so far when empty.
    pub number_key: &'static str,
    /// Ids of linked spans.
    pub links: Vec<u64>,
}

impl Draft {
    /// Adds a machine with its own clock.
    pub fn host(&mut self, id: &str, language: &str) -> usize {
        self.hosts.push(("host.id", id.to_owned(), language.to_owned(), id.to_owned()));
        self.hosts.len() - 1
    }

    /// Adds a process that claims to run on the machine `id`.
    pub fn process(&mut self, id: &str, service: &str) -> usize {
        self.hosts.push(("host.id", id.to_owned(), String::new(), service.to_owned()));
        self.hosts.len() - 1
    }

    /// Adds a person's device, whose clock nobody manages.
    pub fn device(&mut self, id: &str) -> usize {
        self.hosts.push(("device.id", id.to_owned(), String::new(), id.to_owned()));
        self.hosts.len() - 1
    }

    /// Adds a span; `parent` 0 is none.
    pub fn span(&mut self, host: usize, id: u64, parent: u64, start: i64, end: i64) -> &mut Span {
        let (trace, times, name) = (1, (start, end), "work".to_owned());
        self.spans.push(Span { host, trace, id, parent, times, name, ..Span::default() });
        let at = self.spans.len() - 1;
        &mut self.spans[at]
    }

    /// The span added as number `at`, from 0.
    pub fn at(&mut self, at: usize) -> &mut Span {
        &mut self.spans[at]
    }

    /// How many spans were added.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// The span added first.
    pub fn first(&mut self) -> &mut Span {
        self.at(0)
    }

    /// Adds a unary call: client span `id` and server span `id + 1`. Times are raw, of each side's own clock.
    pub fn call(&mut self, (client, server): (usize, usize), id: u64, parent: u64, times: [i64; 4]) {
        let [sent, received, replied, done] = times;
        let span = self.span(client, id, parent, sent, done);
        span.kind = SpanKind::Client;
        span.name = "GET /".to_owned();
        span.attrs.push(("http.response.status_code", 200));
        let span = self.span(server, id + 1, id, received, replied);
        span.kind = SpanKind::Server;
        span.name = "GET /".to_owned();
    }

    /// Adds a machine that says something more about itself.
    pub fn host_with(&mut self, id: &str, key: &'static str, value: &str) -> usize {
        self.more.push((self.hosts.len(), key, value.to_owned()));
        self.host(id, "")
    }

    /// Builds the store.
    pub fn store(&self) -> TraceStore {
        let mut builder = StoreBuilder::new();
        let input = builder.add_input(Input { name: "test".into(), ..Input::default() });
        let mut part = Part::new();
        let mut resources = Vec::new();
        for (at, (key, id, language, service)) in self.hosts.iter().enumerate() {
            let mut attrs = vec![text(&mut part, key, id), text(&mut part, "service.name", service)];
            if !language.is_empty() {
                attrs.push(text(&mut part, "telemetry.sdk.language", language));
            }
            for (_, key, value) in self.more.iter().filter(|more| more.0 == at) {
                attrs.push(match value.parse() {
                    Ok(number) => int(&mut part, key, number),
                    Err(_) => text(&mut part, key, value),
                });
            }
            resources.push(part.resource(Resource { input, attrs, schema_url: Sym::EMPTY, dropped: 0 }));
        }
        let scope = part.scope(Scope::default());
        for span in &self.spans {
            let draft = span.draft(&mut part);
            part.push(&draft, resources[span.host], scope);
        }
        builder.absorb(part, input);
        builder.finish()
    }
}

impl Span {
    /// Lets it end later.
    pub fn shift_end(&mut self, by_ns: i64) {
        self.times.1 += by_ns;
    }

    fn draft(&self, part: &mut Part) -> SpanDraft {
        let mut draft = SpanDraft {
            trace: TraceId::from_u128(self.trace),
            id: SpanId::from_u64(self.id),
            parent: SpanId::from_u64(self.parent),
            start_ns: self.times.0,
            end_ns: self.times.1,
            kind: self.kind,
            name: part.strings.intern(&self.name),
            ..SpanDraft::default()
        };
        draft.attrs.extend(self.attrs.iter().map(|&(key, value)| int(part, key, value)));
        draft.attrs.extend(self.texts.iter().map(|&(key, value)| text(part, key, value)));
        for &(name, time_ns, tokens) in &self.events {
            let key = if self.number_key.is_empty() { "gen_ai.usage.output_tokens" } else { self.number_key };
            let attr = int(part, key, tokens);
            draft.event_attrs.push(attr);
            let attr_end = u32::try_from(draft.event_attrs.len()).unwrap();
            let name = part.strings.intern(name);
            draft.events.push(EventDraft { time_ns, observed_ns: self.observed_ns, name, attr_end });
        }
        for &id in &self.links {
            draft.links.push(LinkDraft {
                trace: TraceId::from_u128(self.trace),
                span: SpanId::from_u64(id),
                kind: self.link_kind,
                ..LinkDraft::default()
            });
        }
        draft
    }
}

fn text(part: &mut Part, key: &str, value: &str) -> AttrId {
    let (key, value) = (part.strings.intern(key), part.strings.intern(value));
    part.attrs.intern(key, Value::Str(value))
}

fn int(part: &mut Part, key: &str, value: i64) -> AttrId {
    let key = part.strings.intern(key);
    part.attrs.intern(key, Value::Int(value))
}
