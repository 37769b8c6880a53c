//! Files in which nothing is wrong with any clock, and which look as if something were: nothing is claimed about their
//! clocks at any level of evidence. Today's adjusters move spans in every one of them.

use serde_json::{Value as Json, json};
use skewline::analysis::clocks::{ClockModel, Options, domains};
use skewline::export::report::{Report, ReportInput};
use skewline::load::{self, Progress, Source};
use skewline::model::TraceStore;

pub const MS: i64 = 1_000_000;
pub const S: i64 = 1_000 * MS;
/// A moment with nanoseconds: 2026-11-21.
pub const NOW: i64 = 1_795_269_727_000_000_000 + 123_457;

pub const INTERNAL: i64 = 1;
pub const SERVER: i64 = 2;
pub const CLIENT: i64 = 3;
pub const PRODUCER: i64 = 4;
pub const CONSUMER: i64 = 5;

/// A file in the making. All times are what a right clock shows.
#[derive(Default)]
pub struct File {
    /// Attributes of each resource, and its spans.
    resources: Vec<(Vec<Json>, Vec<Json>)>,
    ids: u64,
    dice: u64,
}

pub fn attr(key: &str, value: impl Into<Json>) -> Json {
    let value = match value.into() {
        Json::Number(number) => json!({ "intValue": number.to_string() }),
        Json::Bool(is) => json!({ "boolValue": is }),
        Json::String(text) => json!({ "stringValue": text }),
        other => {
            json!({ "arrayValue": { "values": other.as_array().unwrap().iter().map(|text| json!({ "stringValue": text })).collect::<Vec<_>>() } })
        }
    };
    json!({ "key": key, "value": value })
}

impl File {
    /// A file whose accidents are those of `seed`.
    pub fn with_seed(seed: u64) -> Self {
        Self { dice: seed, ..Self::default() }
    }

    pub fn below(&mut self, end: i64) -> i64 {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.dice >> 33) as i64 % end
    }

    pub fn resource(&mut self, attrs: &[(&str, &str)]) -> usize {
        let attrs = attrs.iter().map(|&(key, value)| attr(key, value)).collect();
        self.resources.push((attrs, Vec::new()));
        self.resources.len() - 1
    }

    /// A machine with a clock of its own.
    pub fn host(&mut self, name: &str) -> usize {
        self.resource(&[("service.name", name), ("host.id", &format!("id-of-{name}"))])
    }

    /// A span of `resource` in trace number `trace` below `parent` (0: none); returns its number.
    pub fn span(&mut self, resource: usize, (trace, parent): (u64, u64), kind: i64, times: (i64, i64)) -> u64 {
        self.ids += 1;
        let id = self.ids;
        self.resources[resource].1.push(json!({
            "traceId": format!("5e3d0c1a7b2f4896{trace:016x}"), "spanId": format!("{id:016x}"),
            "parentSpanId": if parent == 0 { String::new() } else { format!("{parent:016x}") },
            "kind": kind, "name": "work", "attributes": [], "links": [], "events": [], "status": {},
            "startTimeUnixNano": times.0.to_string(), "endTimeUnixNano": times.1.to_string()
        }));
        id
    }

    pub fn of(&mut self, id: u64) -> &mut Json {
        let id = format!("{id:016x}");
        self.resources.iter_mut().flat_map(|own| &mut own.1).find(|span| span["spanId"] == id).unwrap()
    }

    fn name(&mut self, id: u64, name: &str) {
        self.of(id)["name"] = json!(name);
    }

    pub fn say(&mut self, id: u64, key: &str, value: impl Into<Json>) {
        let value = attr(key, value);
        self.of(id)["attributes"].as_array_mut().unwrap().push(value);
    }

    pub fn link(&mut self, id: u64, (trace, target): (u64, u64)) {
        let link = json!({ "traceId": format!("5e3d0c1a7b2f4896{trace:016x}"), "spanId": format!("{target:016x}") });
        self.of(id)["links"].as_array_mut().unwrap().push(link);
    }

    fn event(&mut self, id: u64, name: &str, at: i64, tokens: Option<i64>) {
        let attrs: Vec<Json> = tokens.into_iter().map(|tokens| attr("gen_ai.usage.output_tokens", tokens)).collect();
        let event = json!({ "name": name, "timeUnixNano": at.to_string(), "attributes": attrs });
        self.of(id)["events"].as_array_mut().unwrap().push(event);
    }

    /// A call that was waited for: 1 ms there and back; returns client and server span.
    pub fn call(&mut self, (client, server): (usize, usize), place: (u64, u64), times: (i64, i64)) -> (u64, u64) {
        let outer = self.span(client, place, CLIENT, times);
        let inner = self.span(server, (place.0, outer), SERVER, (times.0 + MS, times.1 - MS));
        self.say(outer, "http.response.status_code", 200);
        (outer, inner)
    }

    /// Calls that show between which bounds the clocks of two machines agree.
    pub fn known(&mut self, pair: (usize, usize)) {
        for at in 0..20 {
            let from = NOW - 30 * S + at * S + self.below(MS);
            self.call(pair, (1_000 + at as u64, 0), (from, from + 20 * MS));
        }
    }

    /// A number that a resource says of itself.
    pub fn claim(&mut self, resource: usize, key: &str, value: i64) {
        self.resources[resource].0.push(attr(key, value));
    }

    pub fn store(&self) -> TraceStore {
        let resources = self.resources.iter().map(|(attrs, spans)| {
            json!({ "resource": { "attributes": attrs }, "scopeSpans": [{ "scope": { "name": "t" }, "spans": spans }] })
        });
        let file = json!({ "resourceSpans": resources.collect::<Vec<_>>() });
        let source = Source::memory("written.json", file.to_string().into_bytes());
        let store = load::load(&[source], &load::Options::default(), &Progress::default()).unwrap().store;
        assert_eq!(store.len() as u64, self.ids);
        store
    }

    /// The report at a level of evidence.
    pub fn report(&self, level: &str) -> Json {
        let store = self.store();
        let domains = domains::assign(&store);
        let options = Options { level: level.parse().unwrap(), ..Options::default() };
        let model = ClockModel::analyse(&store, &domains, &options);
        let input = ReportInput { store: &store, domains: &domains, model: &model, hashes: &[], failures: &[] };
        serde_json::from_str(&Report::build(input).to_json().unwrap()).unwrap()
    }

    /// What is said about its clocks at any level, from `info` up if `with_notes`.
    pub fn said(&self, with_notes: bool) -> Vec<String> {
        let mut said = Vec::new();
        for level in ["protocol", "convention", "prior"] {
            let report = self.report(level);
            for finding in report["findings"].as_array().unwrap() {
                let word = |key: &str| finding[key].as_str().unwrap().to_owned();
                if with_notes || word("severity") != "info" {
                    said.push(format!("{level} {} {}: {}", word("code"), word("severity"), word("sentence")));
                }
            }
        }
        said
    }
}

pub fn assert_silent(file: &File) {
    assert_eq!(file.said(false), Vec::<String>::new());
}

#[test]
fn an_answer_that_streams_on_after_the_call_returned() {
    for calls in [1, 3, 12] {
        let mut file = File::default();
        let (app, gateway) = (file.host("app"), file.host("gateway"));
        file.known((app, gateway));
        for call in 0..calls {
            let at = NOW + call * 10 * S;
            let place = (call as u64, 0);
            // The model call streams; the HTTP span inside ends with the headers, the server's with the last token.
            let chat = file.span(app, place, INTERNAL, (at, at + 6 * S));
            file.say(chat, "gen_ai.request.stream", true);
            let post = file.span(app, (place.0, chat), CLIENT, (at + MS, at + 300 * MS));
            file.say(post, "http.response.status_code", 200);
            file.name(post, "POST");
            let serve = file.span(gateway, (place.0, post), SERVER, (at + 2 * MS, at + 5 * S + call * 100 * MS));
            file.name(serve, "POST /v1/chat/completions");
        }
        assert_eq!(file.said(true), Vec::<String>::new(), "{calls}");
    }
}

#[test]
fn a_client_that_gave_up_while_the_server_went_on() {
    type Say = fn(&mut File, u64, u64);
    let ways: [(&str, Say); 7] = [
        ("a browser's aborted fetch", |file, client, _| file.say(client, "http.status_code", 0)),
        ("named error", |file, client, _| file.say(client, "error.type", "AbortError")),
        ("timeout", |file, client, _| {
            file.say(client, "error.type", "ReadTimeout");
            file.say(client, "http.response.status_code", 200);
        }),
        ("gRPC by number", |file, client, _| file.say(client, "rpc.grpc.status_code", 4)),
        ("gRPC by name", |file, client, _| file.say(client, "rpc.response.status_code", "DEADLINE_EXCEEDED")),
        ("only the server knows", |file, _, server| file.say(server, "http.response.status_code", 499)),
        ("broken off after the headers", |file, client, _| {
            file.say(client, "http.response.status_code", 200);
            file.of(client)["status"] = json!({ "code": 2, "message": "connection reset by peer" });
        }),
    ];
    for (way, say) in ways {
        for lasting in [40 * MS, 900 * MS] {
            let mut file = File::default();
            let (app, api) = (file.host("app"), file.host("api"));
            file.known((app, api));
            let client = file.span(app, (1, 0), CLIENT, (NOW, NOW + 100 * MS));
            // It may have waited for a free worker, so that it is shorter than the call.
            let server = file.span(api, (1, client), SERVER, (NOW + 95 * MS, NOW + 95 * MS + lasting));
            say(&mut file, client, server);
            assert_eq!(file.said(true), Vec::<String>::new(), "{way} {lasting}");
        }
    }
}

#[test]
fn messages_that_wait_for_minutes_and_polls_that_wait_for_messages() {
    let mut file = File::default();
    let (shop, worker) = (file.host("shop"), file.host("worker"));
    for at in 0..30 {
        let (trace, sent) = (at as u64, NOW + at * S);
        let send = file.span(shop, (trace, 0), PRODUCER, (sent, sent + 2 * MS));
        file.name(send, "orders publish");
        let took = sent + 10 * S + file.below(20 * 60 * S);
        // The poll began before the message existed. Its parent is the message's context, as JMS agents have it.
        let receive = file.span(worker, (trace, send), CONSUMER, (sent - 25 * S, took));
        file.name(receive, "orders receive");
        file.say(receive, "messaging.operation", "receive");
        let process = file.span(worker, (trace, receive), CONSUMER, (took + MS, took + 400 * MS));
        file.name(process, "orders process");
        file.say(process, "messaging.operation", "process");
    }
    assert_eq!(file.said(true), Vec::<String>::new());
}

#[test]
fn a_poll_that_brings_a_hundred_messages() {
    for operation in [None, Some("receive"), Some("poll")] {
        let mut file = File::default();
        let (shops, worker) = ([file.host("shop-1"), file.host("shop-2"), file.host("shop-3")], file.host("worker"));
        for batch in 0..4_i64 {
            let at = NOW + batch * 60 * S;
            let sends: Vec<(u64, u64)> = (0..100)
                .map(|nth| {
                    let (trace, sent) = ((batch * 100 + nth) as u64, at + nth * 90 * MS);
                    let send = file.span(shops[nth as usize % 3], (trace, 0), PRODUCER, (sent, sent + MS));
                    file.name(send, "orders publish");
                    (trace, send)
                })
                .collect();
            let poll = file.span(worker, (9_000 + batch as u64, 0), CONSUMER, (at - 20 * S, at + 9_100 * MS));
            file.name(poll, "orders receive");
            if let Some(operation) = operation {
                file.say(poll, "messaging.operation.type", operation);
            }
            for send in sends {
                file.link(poll, send);
            }
        }
        assert_eq!(file.said(true), Vec::<String>::new(), "{operation:?}");
    }
}

#[test]
fn replicas_that_nothing_tells_apart() {
    for seed in 0..10 {
        let mut file = File::with_seed(seed);
        let gateway = file.host("gateway");
        // Three machines of one service, without a word about which is which. Each clock is 20 ms off at most.
        let replicas = file.resource(&[("service.name", "api")]);
        let ahead = [-18 * MS, 3 * MS, 19 * MS];
        for call in 0..60_i64 {
            let at = NOW + call * 300 * MS;
            let off = ahead[file.below(3) as usize];
            let client = file.span(gateway, (call as u64, 0), CLIENT, (at, at + 12 * MS));
            file.say(client, "http.response.status_code", 200);
            let server = file.span(replicas, (call as u64, client), SERVER, (at + MS + off, at + 11 * MS + off));
            file.span(replicas, (call as u64, server), INTERNAL, (at + 2 * MS + off, at + 9 * MS + off));
        }
        let said = file.said(true);
        let claims = |line: &&String| !line.contains("Taken as one clock");
        assert_eq!(said.iter().filter(claims).collect::<Vec<_>>(), Vec::<&String>::new(), "{seed}");
        assert!(!said.is_empty());
    }
}

#[test]
fn pages_of_many_people_that_nothing_tells_apart() {
    for seed in 0..10 {
        let mut file = File::with_seed(seed);
        let web = file.resource(&[("service.name", "shop-web"), ("telemetry.sdk.language", "webjs")]);
        let gateway = file.host("gateway");
        for person in 0..25_i64 {
            // Half a minute at most: what people's computers are off by.
            let off = file.below(60 * S) - 30 * S;
            for call in 0..4 {
                let at = NOW + person * 9 * S + call * 2 * S + file.below(S);
                let shown = (at + off) / MS * MS;
                let trace = (person * 4 + call) as u64;
                let fetch = file.span(web, (trace, 0), CLIENT, (shown, shown + 180 * MS));
                file.say(fetch, "http.response.status_code", 200);
                file.span(gateway, (trace, fetch), SERVER, (at + 40 * MS, at + 120 * MS));
            }
        }
        let said = file.said(true);
        let claims = |line: &&String| !line.contains("Taken as one clock");
        assert_eq!(said.iter().filter(claims).collect::<Vec<_>>(), Vec::<&String>::new(), "{seed}");
    }
}

#[test]
fn two_pages_and_two_replicas_of_one_name() {
    // Each is asked once or twice; by how much their clocks differ.
    for (calls, apart) in [(1, 20 * S), (1, 120 * MS), (1, 60 * MS), (2, 20 * S), (2, 60 * MS)] {
        for (is_page, language) in [(true, "webjs"), (false, "python")] {
            let mut file = File::default();
            let own = file.resource(&[("service.name", "web"), ("telemetry.sdk.language", language)]);
            let gateway = file.host("gateway");
            for request in 0..2 * calls {
                let (trace, off) = (request as u64, request % 2 * apart);
                let at = (NOW + request * S) / MS * MS + 7 * MS;
                let (from, to) = if is_page { (own, gateway) } else { (gateway, own) };
                let (outside, inside) = if is_page { (off, 0) } else { (0, off) };
                let client = file.span(from, (trace, 0), CLIENT, (at + outside, at + outside + 40 * MS));
                file.say(client, "http.response.status_code", 200);
                file.span(to, (trace, client), SERVER, (at + inside + 4 * MS + 123, at + inside + 36 * MS + 123));
            }
            let said = file.said(false);
            let claims = |line: &&String| !line.contains("Taken as one clock");
            assert_eq!(
                said.iter().filter(claims).collect::<Vec<_>>(),
                Vec::<&String>::new(),
                "{calls} {apart} {language}"
            );
        }
    }
}

#[test]
fn times_of_different_precision() {
    // Whole milliseconds or seconds at one end, nanoseconds at the other, in too few spans to be sure of it.
    for grain in [MS, S] {
        let mut file = File::default();
        let (app, api) = (file.host("app"), file.host("api"));
        let coarse = |time: i64| time / grain * grain;
        for call in 0..6 {
            let at = NOW + call * 7 * S + file.below(S);
            let (client, server) = file.call((app, api), (call as u64, 0), (at, at + 5 * MS));
            file.of(server)["startTimeUnixNano"] = json!(coarse(at + MS).to_string());
            file.of(server)["endTimeUnixNano"] = json!(coarse(at + 4 * MS).to_string());
            file.of(client)["endTimeUnixNano"] = json!(coarse(at + 5 * MS).to_string());
            // A child whose start is coarser than its parent's, on one clock.
            file.span(app, (call as u64, client), INTERNAL, (coarse(at), coarse(at + 5 * MS)));
        }
        // That orders are hidden may be said.
        let claims = file.said(true).into_iter().filter(|line| !line.contains(" Q info"));
        assert_eq!(claims.collect::<Vec<_>>(), Vec::<String>::new(), "{grain}");
    }
}

#[test]
fn browsers_that_keep_milliseconds() {
    for spans in [3, 60] {
        let mut file = File::default();
        let web = file.resource(&[("service.name", "web"), ("telemetry.sdk.language", "webjs"), ("session.id", "s-1")]);
        let gateway = file.host("gateway");
        for call in 0..spans {
            let at = NOW + call * S + file.below(MS);
            let floor = at / MS * MS;
            let fetch = file.span(web, (call as u64, 0), CLIENT, (floor, floor + 2 * MS + 100_000));
            file.say(fetch, "http.response.status_code", 200);
            file.span(gateway, (call as u64, fetch), SERVER, (at + 200_000, at + 1_900_000));
            // The page was made by the server's span, and began to load before that.
            let load = file.span(gateway, (5_000 + call as u64, 0), SERVER, (at, at + 3 * MS));
            let page = file.span(web, (5_000 + call as u64, load), INTERNAL, (floor - 80 * MS, floor + 900 * MS));
            file.name(page, "documentLoad");
        }
        assert_silent(&file);
    }
}

#[test]
fn work_that_outlives_its_parent_on_another_machine() {
    for kind in [INTERNAL, SERVER, CONSUMER] {
        let mut file = File::default();
        let (app, worker) = (file.host("app"), file.host("worker"));
        file.known((app, worker));
        for at in 0..10 {
            let from = NOW + at * S;
            let request = file.span(app, (at as u64, 0), SERVER, (from, from + 5 * MS));
            let start = from + 6 * MS + file.below(300 * MS);
            let later = file.span(worker, (at as u64, request), kind, (start, start + 2 * S));
            file.name(later, "send mail");
        }
        assert_eq!(file.said(true), Vec::<String>::new(), "{kind}");
    }
}

#[test]
fn calls_that_nobody_waits_for() {
    type Say = fn(&mut File, u64);
    let ways: [(&str, Say); 3] = [
        ("a message sent by a client", |file, client| file.say(client, "messaging.system", "aws_sqs")),
        ("a notification", |file, client| file.say(client, "mcp.method.name", "notifications/progress")),
        ("a protocol switch", |file, client| file.say(client, "http.response.status_code", 101)),
    ];
    for (way, say) in ways {
        for calls in [1, 8] {
            let mut file = File::default();
            let (app, worker) = (file.host("app"), file.host("worker"));
            file.known((app, worker));
            for at in 0..calls {
                let from = NOW + at * S;
                let send = file.span(app, (at as u64, 0), CLIENT, (from, from + 9 * MS));
                say(&mut file, send);
                let start = if way.contains("switch") { from + 2 * MS } else { from + 20 * MS + file.below(S) };
                file.span(worker, (at as u64, send), SERVER, (start, start + 30 * S));
            }
            assert_eq!(file.said(true), Vec::<String>::new(), "{way} {calls}");
        }
    }
}

#[test]
fn an_exporter_that_sends_spans_long_after_they_ended() {
    let mut file = File::default();
    let (app, collector) = (file.host("app"), file.host("collector"));
    let mut done = Vec::new();
    for at in 0..60 {
        let from = NOW + at * 300 * MS;
        done.push((at as u64, file.span(app, (at as u64, 0), SERVER, (from, from + 40 * MS))));
    }
    for batch in 0..4 {
        let at = NOW + (batch + 1) * 5 * S + 100 * MS;
        let export = file.span(app, (900 + batch as u64, 0), CLIENT, (at, at + 30 * MS));
        file.name(export, "POST /v1/traces");
        file.say(export, "http.response.status_code", 200);
        let receive = file.span(collector, (900 + batch as u64, export), SERVER, (at + 2 * MS, at + 28 * MS));
        for &span in done.iter().skip(batch as usize * 15).take(15) {
            file.link(receive, span);
        }
    }
    assert_eq!(file.said(true), Vec::<String>::new());
}

#[test]
fn attempts_that_were_given_up_and_calls_that_were_doubled() {
    let mut file = File::default();
    let (app, api) = (file.host("app"), [file.host("api-1"), file.host("api-2")]);
    file.known((app, api[0]));
    file.known((app, api[1]));
    // The first attempt is given up after 50 ms, without a word; its server goes on.
    let first = file.span(app, (1, 0), CLIENT, (NOW, NOW + 50 * MS));
    file.say(first, "error.type", "timeout");
    file.span(api[0], (1, first), SERVER, (NOW + 45 * MS, NOW + 85 * MS));
    let second = file.span(app, (1, 0), CLIENT, (NOW + 60 * MS, NOW + 90 * MS));
    file.say(second, "http.request.resend_count", 1);
    file.say(second, "http.response.status_code", 200);
    file.span(api[1], (1, second), SERVER, (NOW + 62 * MS, NOW + 88 * MS));
    // Two servers at once; the first answer counts.
    let doubled = file.span(app, (2, 0), CLIENT, (NOW + S, NOW + S + 20 * MS));
    file.say(doubled, "http.response.status_code", 200);
    file.span(api[0], (2, doubled), SERVER, (NOW + S + 2 * MS, NOW + S + 18 * MS));
    file.span(api[1], (2, doubled), SERVER, (NOW + S + 12 * MS, NOW + S + 31 * MS));
    assert_eq!(file.said(true), Vec::<String>::new());
}

#[test]
fn servers_that_do_something_more_after_their_answer() {
    for (seed, hop, often) in [(0, 9, 9), (1, 9, 3), (2, 1, 9), (3, 1, 30), (4, 1, 3), (5, 1, 2)] {
        let mut file = File::with_seed(seed);
        let (app, api) = (file.host("app"), file.host("api"));
        for call in 0..40_i64 {
            let at = NOW + call * S + file.below(MS);
            let late = if call % often == 1 { 3 * MS + file.below(4 * MS) } else { -MS };
            let client = file.span(app, (call as u64, 0), CLIENT, (at, at + 20 * MS));
            file.say(client, "http.response.status_code", 200);
            file.name(client, "GET");
            let server = file.span(api, (call as u64, client), SERVER, (at + hop * MS, at + 20 * MS + late));
            file.name(server, "GET /orders");
        }
        // A server that is longer than the call is said to be; that is no matter of clocks.
        let claims = file.said(false).into_iter().filter(|line| !line.contains("No clock offset can fix this"));
        assert_eq!(claims.collect::<Vec<_>>(), Vec::<String>::new(), "{hop} {often}");
    }
}

#[test]
fn a_sender_that_notes_every_fifth_token() {
    let mut file = File::default();
    let (app, gateway) = (file.host("app"), file.host("gateway"));
    file.known((app, gateway));
    let client = file.span(app, (1, 0), CLIENT, (NOW, NOW + 3 * S));
    file.say(client, "gen_ai.request.stream", true);
    let server = file.span(gateway, (1, client), SERVER, (NOW + MS, NOW + 3 * S - 2 * MS));
    for token in 1..=40_i64 {
        let sent = NOW + 100 * MS + token * 50 * MS;
        if token % 5 == 0 {
            file.event(server, "gen_ai.content.completion.chunk", sent, Some(token));
        }
        file.event(client, "gen_ai.content.completion.chunk", sent + MS, Some(token));
    }
    assert_eq!(file.said(true), Vec::<String>::new());
}

#[test]
fn a_proxy_in_between_that_dates_answers_from_its_store() {
    let mut file = File::default();
    let (app, proxy) = (file.host("app"), file.host("proxy"));
    for call in 0..6 {
        let at = NOW + call * S;
        let (client, _) = file.call((app, proxy), (call as u64, 0), (at, at + 20 * MS));
        // 2026-11-21 13:02:07 UTC: an hour old.
        file.say(client, "http.response.header.date", vec!["Sat, 21 Nov 2026 13:02:07 GMT"]);
        file.say(client, "http.response.header.age", vec!["3600"]);
    }
    assert_eq!(file.said(true), Vec::<String>::new());
}
