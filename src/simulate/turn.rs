//! The script of one turn: a person presses send, and an answer is rendered.

use super::cast::Roles;
use super::model_call::{CallPlan, Refusal};
use super::rng::Rng;
use super::span::{At, Kind, ProcessIx, Text, TrueSpan};
use crate::model::time::{MS, US};

pub const WEB: &str = "web-chat";
pub const FETCH: &str = "@opentelemetry/instrumentation-fetch";
pub const OTELHTTP: &str = "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp";
pub const REDIS: &str = "github.com/redis/go-redis/extra/redisotel/v9";
pub const GATEWAY: &str = "gateway";
pub const FASTAPI: &str = "opentelemetry.instrumentation.fastapi";
pub const AGENTS: &str = "support.agents";

/// What happens in one turn, and how long it takes. Times in nanoseconds of true time.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which turn of the conversation, from 1.
    pub number: i64,
    /// When the person pressed send.
    pub send_ns: i64,
    pub trace: u128,
    /// From the browser's fetch to the gateway, and back.
    pub up_ns: i64,
    pub down_ns: i64,
    /// From the gateway to the agents, and the same back.
    pub hop_ns: i64,
    /// From send to the first model call.
    pub call_after_ns: i64,
    pub first: CallPlan,
    /// The vector search as the agents see it.
    pub query_ns: i64,
    /// The same search as the vector store's own span claims it.
    pub query_claimed_ns: i64,
    /// Refused attempts before the answer: how long each took, and the pause after it.
    pub refusals: Vec<Refusal>,
    pub answer: CallPlan,
    pub researchers: Vec<Researcher>,
    /// The trace of the critic's work, when the planner hands over.
    pub critic_trace: Option<u128>,
}

/// What goes wrong for a researcher.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mishap {
    None,
    /// Its first model call is refused with a 429.
    Refused,
    /// The page it wants does not come.
    PageTimeout,
}

/// One researcher agent.
#[derive(Clone, Debug)]
pub struct Researcher {
    /// After the planner began to delegate.
    pub after_ns: i64,
    pub read: CallPlan,
    pub page_ns: i64,
    pub write: CallPlan,
    pub mishap: Mishap,
}

/// Whom the turn belongs to.
#[derive(Clone, Debug)]
pub struct Who {
    pub conversation: String,
    pub session: String,
    pub user: String,
}

/// Where spans are collected while a turn is played.
pub struct Stage<'a> {
    pub rng: &'a mut Rng,
    pub out: &'a mut Vec<TrueSpan>,
    pub roles: Roles,
    pub who: &'a Who,
    pub turn: i64,
    /// Every chunk as an event, and message texts; otherwise at most three events and no texts.
    pub is_rich: bool,
}

/// What later planting needs to know about a turn.
#[derive(Clone, Debug, Default)]
pub struct Played {
    pub end_ns: i64,
    pub user_turn: u64,
    pub chat_fetch: u64,
    pub first_call: u64,
    pub first_message: u64,
    pub query: [u64; 2],
    pub attempts: Vec<u64>,
    pub errors: Vec<u64>,
    pub handoff: [u64; 2],
}

impl Stage<'_> {
    /// Begins a root span.
    pub fn root(
        &mut self,
        trace: u128,
        (process, scope): (ProcessIx, &'static str),
        name: impl Into<Text>,
        kind: Kind,
        start_ns: i64,
    ) -> TrueSpan {
        let mut span = TrueSpan::new(self.rng.id64(), trace, (process, scope), name, kind, start_ns);
        self.set_baggage(&mut span);
        span
    }

    /// Begins a span under `parent`.
    pub fn child(
        &mut self,
        parent: At,
        place: (ProcessIx, &'static str),
        name: impl Into<Text>,
        kind: Kind,
        start_ns: i64,
    ) -> TrueSpan {
        let mut span = self.root(parent.trace, place, name, kind, start_ns);
        span.parent = parent.span;
        span.parent_is_remote = parent.process != place.0;
        span
    }

    /// Ends a span.
    pub fn end(&mut self, mut span: TrueSpan, end_ns: i64) -> At {
        span.end_ns = end_ns;
        if !self.is_rich && span.events.is_empty() {
            self.add_notes(&mut span);
        }
        let at = span.at();
        self.out.push(span);
        at
    }

    /// Up to three small events, a little more than one on average.
    fn add_notes(&mut self, span: &mut TrueSpan) {
        const NAMES: [&str; 5] = ["cache miss", "retry budget checked", "checkpoint", "queue drained", "config read"];
        let notes = [0, 0, 1, 1, 2, 3][self.rng.below(6) as usize];
        let part = (span.end_ns - span.start_ns) / 4;
        for nth in 1..=notes {
            let name = NAMES[self.rng.below(NAMES.len() as u64) as usize];
            let step = self.rng.between(1, 40);
            span.event(span.start_ns + nth * part, name, vec![("app.step", step.into())]);
        }
    }

    /// What our own services copy from baggage onto every span; the provider and the store do not.
    fn set_baggage(&self, span: &mut TrueSpan) {
        let Roles { browser, gateway, planner, workers, .. } = self.roles;
        if ![browser, gateway, planner, workers].contains(&span.process) {
            return;
        }
        span.set("gen_ai.conversation.id", self.who.conversation.clone())
            .set("session.id", self.who.session.clone())
            .set("user.id", self.who.user.clone())
            .set("app.turn", self.turn);
        if span.process == planner || span.process == workers {
            span.set("thread.id", 139_872_443_016_896).set("thread.name", "MainThread");
            span.set("code.file.path", "/srv/agents/runtime.py").set("deployment.environment.name", "production");
        } else if span.process == browser {
            span.set("network.effective_type", "4g").set("browser.page.visibility", "visible");
            span.set("url.path", "/chat").set("url.domain", "chat.example.com");
            span.set("app.release", "2026-11-17").set("app.locale", "en-GB");
        } else {
            span.set("network.protocol.version", "2").set("deployment.environment.name", "production");
            span.set("app.tenant", "acme-retail").set("app.plan", "business");
        }
    }

    /// Begins an internal span of the browser.
    fn browser(&mut self, parent: At, name: &'static str, start_ns: i64) -> TrueSpan {
        self.child(parent, (self.roles.browser, WEB), name, Kind::Internal, start_ns)
    }

    /// An internal span of the gateway, from start to end.
    fn gateway(&mut self, parent: At, name: &'static str, start_ns: i64, ns: i64) -> At {
        let mut span = self.child(parent, (self.roles.gateway, GATEWAY), name, Kind::Internal, start_ns);
        span.set("code.function.name", "gateway/middleware.Serve").set("app.policy", "default-2026-10");
        self.end(span, start_ns + ns)
    }

    fn redis(&mut self, parent: At, command: &'static str, start_ns: i64) -> At {
        let mut span = self.child(parent, (self.roles.gateway, REDIS), command, Kind::Client, start_ns);
        span.set("db.system.name", "redis").set("db.operation.name", command).set("db.namespace", "0");
        span.set("server.address", "redis.support.svc").set("server.port", 6379);
        let ns = self.rng.around(900 * US, 40);
        self.end(span, start_ns + ns)
    }

    /// Plays one turn.
    pub fn play(&mut self, plan: &Plan) -> Played {
        let mut played = Played::default();
        let send = plan.send_ns;
        let name = format!("user turn {}", plan.number);
        let mut turn = self.root(plan.trace, (self.roles.browser, WEB), name, Kind::Internal, send);
        turn.set("app.interaction", "send").set("app.view", "conversation");
        turn.event(send, "send pressed", Vec::new());
        self.click(turn.at(), send);
        self.history(turn.at(), send, plan);

        let fetch_start = send + 20 * MS;
        let mut fetch = self.child(turn.at(), (self.roles.browser, FETCH), "POST /chat", Kind::Client, fetch_start);
        set_http(&mut fetch, "POST", "/v1/chat", 200);
        fetch.set("url.full", "https://chat.example.com/v1/chat").set("http.request.body.size", 2_311);
        (played.user_turn, played.chat_fetch) = (turn.id, fetch.id);

        let gateway_end = self.serve(fetch.at(), plan, &mut played);
        let fetch_end = gateway_end + plan.down_ns;
        let first_token = plan.first_chunk_ns() + 8 * MS + plan.down_ns + 154 * MS;
        self.stream(turn.at(), first_token, fetch_end);
        self.end(fetch, fetch_end);

        let end = fetch_end + 160 * MS;
        let paint = self.browser(turn.at(), "paint answer", fetch_end + 12 * MS);
        self.end(paint, end - 3 * MS);
        turn.event(end, "answer rendered", Vec::new());
        self.end(turn, end);
        played.end_ns = end;
        played
    }

    fn click(&mut self, turn: At, send: i64) {
        let mut click = self.browser(turn, "click", send);
        click.set("event_type", "click").set("target_element", "BUTTON").set("target_xpath", "//*[@id=\"send\"]");
        let at = click.at();
        let ns = self.rng.around(6 * MS, 20);
        let compose = self.browser(at, "compose prompt", send + MS);
        self.end(compose, send + ns);
        self.end(click, send + ns + 2 * MS);
    }

    /// The browser also asks for the conversation's history: a second, wider round trip.
    fn history(&mut self, turn: At, send: i64, plan: &Plan) {
        let start = send + 26 * MS;
        let mut fetch = self.child(turn, (self.roles.browser, FETCH), "GET /history", Kind::Client, start);
        set_http(&mut fetch, "GET", "/v1/history", 200);
        fetch.set("url.full", "https://chat.example.com/v1/history");
        let served = start + plan.up_ns + 14 * MS;
        let route = "GET /v1/history";
        let mut serve = self.child(fetch.at(), (self.roles.gateway, OTELHTTP), route, Kind::Server, served);
        set_http(&mut serve, "GET", "/v1/history", 200);
        serve.set("http.route", "/v1/history").set("client.address", "203.0.113.24");
        self.redis(serve.at(), "LRANGE", served + 2 * MS);
        self.redis(serve.at(), "GET", served + 5 * MS);
        self.end(serve, served + 9 * MS);
        self.end(fetch, served + 9 * MS + plan.down_ns + 21 * MS);
    }

    /// The gateway's part; returns when it ended.
    fn serve(&mut self, fetch: At, plan: &Plan, played: &mut Played) -> i64 {
        let start = fetch.start_ns + plan.up_ns;
        let mut serve = self.child(fetch, (self.roles.gateway, OTELHTTP), "POST /v1/chat", Kind::Server, start);
        set_http(&mut serve, "POST", "/v1/chat", 200);
        serve.set("http.route", "/v1/chat").set("client.address", "203.0.113.24");
        let at = serve.at();
        let auth = self.gateway(at, "auth", start + 12 * MS, 36 * MS);
        self.gateway(auth, "verify token", start + 13 * MS, 9 * MS);
        self.redis(auth, "GET", start + 24 * MS);
        let limit = self.gateway(at, "rate limit", start + 49 * MS, 5 * MS);
        self.redis(limit, "EVALSHA", start + 50 * MS);
        let session = self.gateway(at, "restore session", start + 56 * MS, 38 * MS);
        self.redis(session, "HGETALL", start + 58 * MS);
        self.redis(session, "LRANGE", start + 66 * MS);
        self.gateway(at, "screen prompt", start + 96 * MS, 51 * MS);

        let proxied = start + 155 * MS - plan.hop_ns;
        let mut proxy = self.child(at, (self.roles.gateway, OTELHTTP), "HTTP POST", Kind::Client, proxied);
        set_http(&mut proxy, "POST", "/runs", 200);
        proxy.set("server.address", "agent-planner.support.svc").set("server.port", 8080);
        let agents_end = self.planner(proxy.at(), proxied + plan.hop_ns, plan, played);
        self.end(proxy, agents_end + plan.hop_ns);

        let relay = plan.first_chunk_ns() + 8 * MS;
        self.gateway(at, "relay stream", relay, agents_end + 9 * MS - relay);
        let end = agents_end + 45 * MS;
        let store = self.gateway(at, "store answer", agents_end + 12 * MS, 20 * MS);
        self.redis(store, "RPUSH", agents_end + 14 * MS);
        self.redis(store, "EXPIRE", agents_end + 18 * MS);
        self.gateway(at, "write audit log", agents_end + 33 * MS, 6 * MS);
        self.end(serve, end);
        end
    }

    /// What the person sees while the answer streams in.
    fn stream(&mut self, turn: At, first_token: i64, end: i64) {
        let mut stream = self.browser(turn, "first token → stream", first_token);
        stream.event(first_token, "first token", Vec::new());
        stream.set("app.renderer", "markdown").set("app.stream", "sse");
        let at = stream.at();
        let count = if self.is_rich { 18 } else { 5 };
        let every = (end - first_token) / count;
        for number in 0..count {
            let start = first_token + number * every + self.rng.between(0, every / 2);
            let ns = self.rng.between(3 * MS, 14 * MS).min(end - start);
            let mut render = self.browser(at, "render chunk", start);
            render.set("app.chunk", number);
            self.end(render, start + ns);
        }
        self.end(stream, end);
    }
}

impl Plan {
    /// When the agents received the first chunk of the first model call.
    pub const fn first_chunk_ns(&self) -> i64 {
        let call = &self.first;
        self.send_ns + self.call_after_ns + call.out_ns + call.queue_ns + call.prefill_ns + call.back_ns
    }
}

/// The stable HTTP attributes.
pub fn set_http(span: &mut TrueSpan, method: &'static str, path: &'static str, status: i64) {
    span.set("http.request.method", method).set("http.response.status_code", status).set("url.scheme", "https");
    if span.kind == Kind::Server {
        span.set("url.path", path);
    }
}
