//! What the scenarios share: a few processes, a stage to play on, and what is true about it.

use crate::model::time::{MS, S, US};
use crate::simulate::cast::{Cast, Roles};
use crate::simulate::model_call::Caller;
use crate::simulate::planted::Run;
use crate::simulate::rng::Rng;
use crate::simulate::span::{At, Kind, ProcessIx, TrueSpan};
use crate::simulate::truth::{Fact, Fault, Truth};
use crate::simulate::turn::{FASTAPI, Stage, Who, set_http};

/// 2026-11-21 13:00:00 UTC.
pub const BEGIN_NS: i64 = 1_795_266_000 * S;

/// Nobody in particular: no span has this process.
const NOBODY: ProcessIx = ProcessIx(u32::MAX);

/// A scenario while it is written.
pub struct Script {
    pub cast: Cast,
    pub rng: Rng,
    pub spans: Vec<TrueSpan>,
    pub who: Who,
    pub roles: Roles,
    /// Without the pattern.
    pub is_clean: bool,
    pub fault: Option<Fault>,
    pub facts: Vec<Fact>,
}

impl Script {
    pub fn new(is_clean: bool, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let who = Who {
            conversation: format!("c-{:08x}", rng.below(1 << 32)),
            session: format!("{:016x}", rng.next()),
            user: format!("u-{:05}", rng.below(20_000)),
        };
        let roles = Roles {
            browser: NOBODY,
            gateway: NOBODY,
            planner: NOBODY,
            workers: NOBODY,
            provider: NOBODY,
            store: NOBODY,
        };
        let cast = Cast::new(BEGIN_NS);
        Self { cast, rng, spans: Vec::new(), who, roles, is_clean, fault: None, facts: Vec::new() }
    }

    /// The support team's agents on their node, and the model provider.
    pub fn support_team(&mut self) {
        let pods = self.cast.node(7, &mut self.rng);
        let provider = self.cast.provider();
        self.roles = Roles { planner: pods.planner, workers: pods.workers, provider, ..self.roles };
        for process in [pods.planner, provider] {
            self.tune(process);
        }
    }

    /// A service on a machine of its own.
    pub fn service(&mut self, name: &'static str, language: &'static str) -> ProcessIx {
        let process = self.cast.service(name, language, &mut self.rng);
        self.tune(process);
        process
    }

    /// As good as clocks get that NTP disciplines.
    fn tune(&mut self, process: ProcessIx) {
        self.cast.skew(process, self.rng.between(-90 * US, 90 * US), self.rng.between(-3, 3));
    }

    /// Where a turn is played.
    pub fn stage(&mut self, turn: i64) -> Stage<'_> {
        let Self { rng, spans, roles, who, .. } = self;
        Stage { rng, out: spans, roles: *roles, who, turn, is_rich: true }
    }

    /// The planned run; a fault is one of the run with its pattern only.
    pub fn run(self, scenario: &'static str, seed: u64) -> Run {
        let mut truth = Truth::new(scenario, seed, &self.cast);
        truth.spans = self.spans.len() as u64;
        truth.fault = self.fault.filter(|_| !self.is_clean);
        truth.facts = self.facts;
        Run { cast: self.cast, spans: self.spans, truth }
    }
}

/// The planner, as model calls name it.
pub fn planner(stage: &Stage<'_>) -> Caller {
    Caller { process: stage.roles.planner, agent: "planner", prompt: "support-planner", prompt_version: "41" }
}

/// One request to the planner, open until [`Request::close`].
pub struct Request {
    serve: TrueSpan,
    invoke: TrueSpan,
}

impl Request {
    /// The request arrives and the planner begins.
    pub fn open(stage: &mut Stage<'_>, start: i64) -> Self {
        let trace = stage.rng.id128();
        let mut serve = stage.root(trace, (stage.roles.planner, FASTAPI), "POST /runs", Kind::Server, start);
        set_http(&mut serve, "POST", "/runs", 200);
        serve.set("http.route", "/runs");
        let mut invoke = stage.invoke(serve.at(), "invoke_agent planner", "planner", start + 4 * MS);
        invoke.set("gen_ai.prompt.name", "support-planner").set("gen_ai.prompt.version", "41");
        Self { serve, invoke }
    }

    /// The agent's span.
    pub const fn at(&self) -> At {
        self.invoke.at()
    }

    /// The planner is done.
    pub fn close(self, stage: &mut Stage<'_>, end: i64) {
        stage.end(self.invoke, end);
        stage.end(self.serve, end + 3 * MS);
    }
}

/// Replaces or adds an attribute of a span that has ended.
pub fn amend(stage: &mut Stage<'_>, span: u64, key: &'static str, value: String) {
    if let Some(span) = stage.out.iter_mut().find(|known| known.id == span) {
        span.attrs.retain(|(known, _)| *known != key);
        span.set(key, value);
    }
}
