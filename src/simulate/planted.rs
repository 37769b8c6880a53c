//! Scenarios with one thing wrong: what the thing is, and the same run without it.

use super::cast::{Cast, Roles};
use super::clock::{Clock, Slew, Stamper, Step};
use super::pipeline;
use super::rng::Rng;
use super::scale::vary;
use super::span::{At, Kind, ProcessIx, TrueSpan};
use super::truth::{Fault, Truth};
use super::turn::{AGENTS, Plan, Played, Stage, Who};
use crate::model::time::{HOUR, MIN, MS, S, US};

/// What is wrong in a planted scenario. The command line shows these sentences.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, strum::EnumIter, strum::EnumMessage, strum::IntoStaticStr,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Planted {
    /// A browser whose clock is off by up to three seconds.
    SkewedBrowser,
    /// A browser whose clock drifts by up to 48 ppm over hours.
    Drift,
    /// A machine whose clock jumps in the middle of a conversation.
    Step,
    /// A machine whose clock is corrected at 500 ppm for minutes.
    Slew,
    /// A laptop that sleeps for hours while the page stays open.
    SleptLaptop,
    /// Inference behind queues: nothing comes back, and one stage is ahead.
    OneWayPipeline,
    /// Two cloned machines that report one id.
    MergedClocks,
    /// A call whose server span hangs from another call.
    WrongParent,
    /// Writes that nobody waits for.
    AsyncChildren,
    /// A machine that keeps only milliseconds.
    MsRounded,
    /// A service that writes micro- or milliseconds where nanoseconds belong.
    UnitMistake,
    /// Streamed answers whose server spans end last, from a provider whose clock is off.
    Streaming,
}

/// 2026-11-21 09:00:00 UTC.
const BEGIN_NS: i64 = 1_795_251_600 * S;

/// A planted run.
pub struct Run {
    pub cast: Cast,
    pub spans: Vec<TrueSpan>,
    pub truth: Truth,
}

/// Plans a scenario, without its fault if `is_clean`.
pub fn plan(planted: Planted, is_clean: bool, seed: u64) -> Run {
    if planted == Planted::OneWayPipeline {
        return pipeline::plan(is_clean, seed);
    }
    let mut rng = Rng::new(seed);
    let mut setting = Setting::new(planted, &mut rng);
    let fault = if is_clean { None } else { setting.wrong_clock(planted, &mut rng) };
    let mut spans = Vec::new();
    let fault = setting.play(planted, is_clean, &mut rng, &mut spans).or(fault);
    let mut truth = Truth::new(planted.into(), seed, &setting.cast);
    truth.spans = spans.len() as u64;
    truth.fault = fault;
    Run { cast: setting.cast, spans, truth }
}

/// Who takes part, and when people press send.
struct Setting {
    cast: Cast,
    roles: Roles,
    sends_ns: Vec<i64>,
}

impl Setting {
    fn new(planted: Planted, rng: &mut Rng) -> Self {
        let mut cast = Cast::new(BEGIN_NS);
        let browser = cast.browser(rng);
        let gateway = cast.gateway(1, rng);
        let pods = cast.node(7, rng);
        // Wrong parents need calls between machines; elsewhere both pods run on one.
        let workers = if planted == Planted::WrongParent { cast.node(4, rng).workers } else { pods.workers };
        let (provider, store) = (cast.provider(), cast.store(0));
        let roles = Roles { browser, gateway, planner: pods.planner, workers, provider, store };
        // As good as clocks get that NTP disciplines.
        for process in [gateway, pods.planner, workers, provider, store] {
            cast.skew(process, rng.between(-90 * US, 90 * US), rng.between(-3, 3));
        }
        cast.skew(browser, rng.between(-4 * MS, 4 * MS), rng.between(-400, 400));
        let gap_ns = match planted {
            Planted::Drift => 50 * MIN,
            Planted::Slew => 200 * S,
            _ => 14 * S,
        };
        let turns = match planted {
            Planted::Slew | Planted::MsRounded => 4,
            Planted::WrongParent => 2,
            _ => 3,
        };
        let mut send_ns = BEGIN_NS + rng.between(0, 9 * S);
        let mut sends_ns = Vec::new();
        for _ in 0..turns {
            sends_ns.push(send_ns);
            send_ns += gap_ns + rng.between(0, gap_ns / 8);
        }
        Self { cast, roles, sends_ns }
    }

    /// Makes one clock wrong, where that is the fault.
    fn wrong_clock(&mut self, planted: Planted, rng: &mut Rng) -> Option<Fault> {
        let Roles { browser, planner, workers, provider, store, .. } = self.roles;
        let sign = if rng.chance(50) { 1 } else { -1 };
        match planted {
            Planted::SkewedBrowser => {
                self.cast.clock_of_mut(browser).offset_ns = sign * rng.between(400 * MS, 3 * S);
                self.blame(browser, "N0", None, "The browser's clock is off by the same amount all the time.")
            }
            Planted::Drift => {
                self.cast.clock_of_mut(browser).drift_ppb = sign * rng.between(38_000, 48_000);
                self.blame(
                    browser,
                    "X1",
                    None,
                    "The browser's clock drifts; no one offset fits the first and last turn.",
                )
            }
            Planted::Step => {
                // Some time during the second turn, or just before it.
                let at_ns = self.sends_ns[1] + rng.between(-4 * S, 2 * S);
                let by_ns = rng.between(260 * MS, 900 * MS);
                self.cast.clock_of_mut(planner).steps.push(Step { at_ns, by_ns });
                self.blame(planner, "X3", Some(at_ns), "The clock of the agents' machine jumps forward.")
            }
            Planted::Slew => {
                let (from_ns, to_ns) = (self.sends_ns[0] + 6 * S, self.sends_ns[3] + 20 * S);
                self.cast.clock_of_mut(planner).slews.push(Slew { from_ns, to_ns, ppb: sign * 500_000 });
                let says = "The clock of the agents' machine is corrected at 500 ppm, from the first turn on.";
                self.blame(planner, "X2", Some(from_ns), says)
            }
            Planted::SleptLaptop => {
                // People come back to the open page hours later; its clock only counted while it was awake.
                let asleep_ns = rng.between(2 * HOUR, 9 * HOUR);
                let at_ns = self.sends_ns[2] - 3 * S + asleep_ns;
                for send_ns in &mut self.sends_ns[2..] {
                    *send_ns += asleep_ns;
                }
                self.cast.clock_of_mut(browser).steps.push(Step { at_ns, by_ns: -asleep_ns });
                self.blame(browser, "C2", Some(at_ns), "The page's clock stood still while the laptop slept.")
            }
            Planted::MergedClocks => {
                self.cast.clone_clock(workers, "node-7 (clone)");
                self.cast.clock_of_mut(workers).offset_ns += sign * rng.between(300 * MS, 900 * MS);
                self.blame(planner, "X8", None, "Two cloned machines report one id; their clocks differ.")
            }
            Planted::MsRounded => {
                self.cast.clock_of_mut(planner).stamper = Stamper::WallMillis;
                self.blame(planner, "Q", None, "The agents' machine keeps whole milliseconds. No clock is off.")
            }
            Planted::UnitMistake => {
                self.cast.clock_of_mut(store).unit_ns = if sign > 0 { US } else { MS };
                self.blame(store, "U", None, "The vector store writes coarser units where nanoseconds belong.")
            }
            Planted::Streaming => {
                self.cast.clock_of_mut(provider).offset_ns = sign * rng.between(150 * MS, 700 * MS);
                let says = "The provider's clock is off. That its spans end after their callers' is no fault.";
                self.blame(provider, "N0", None, says)
            }
            Planted::OneWayPipeline | Planted::WrongParent | Planted::AsyncChildren => None,
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "what the caller wants in every arm")]
    fn blame(&self, process: ProcessIx, code: &'static str, at_ns: Option<i64>, says: &'static str) -> Option<Fault> {
        Some(blame(self.cast.clock_of(process), code, at_ns, says))
    }

    /// Plays all turns; returns what was planted on the way.
    fn play(&self, planted: Planted, is_clean: bool, rng: &mut Rng, out: &mut Vec<TrueSpan>) -> Option<Fault> {
        let who = Who {
            conversation: format!("c-{:08x}", rng.below(1 << 32)),
            session: format!("{:016x}", rng.next()),
            user: format!("u-{:05}", rng.below(20_000)),
        };
        let mut fault = None;
        for (number, &send_ns) in (1..).zip(&self.sends_ns) {
            let plan = vary_for(planted, rng, number, send_ns);
            let mut stage = Stage { rng, out, roles: self.roles, who: &who, turn: number, is_rich: false };
            let played = stage.play(&plan);
            if planted == Planted::AsyncChildren {
                stage.index(&played, is_clean);
                fault = Some(Fault::of_spans("X4", "Writes to the vector store that nobody waits for.", &[]));
            }
        }
        if planted == Planted::WrongParent && !is_clean {
            fault = wrong_parent(out);
        }
        fault.filter(|_| !is_clean)
    }
}

/// A clock at fault.
pub fn blame(clock: &Clock, code: &'static str, at_ns: Option<i64>, says: &'static str) -> Fault {
    Fault {
        clock: Some(clock.name.clone()),
        at_ns: at_ns.map(|at_ns| at_ns.to_string()),
        clock_shows_ns: at_ns.map(|at_ns| clock.read(at_ns).to_string()),
        ..Fault::of_spans(code, says, &[])
    }
}

fn vary_for(planted: Planted, rng: &mut Rng, number: i64, send_ns: i64) -> Plan {
    let mut plan = vary(rng, number, send_ns);
    // A browser on a good line, so that its drift shows within hours.
    (plan.up_ns, plan.down_ns) = (rng.between(22 * MS, 60 * MS), rng.between(22 * MS, 60 * MS));
    plan.hop_ns = plan.hop_ns.max(400 * US);
    plan.critic_trace = None;
    let researchers = match planted {
        Planted::WrongParent => 1 + usize::from(number > 0) + usize::from(number > 1),
        Planted::Slew | Planted::MsRounded | Planted::AsyncChildren => 0,
        _ => 1,
    };
    while plan.researchers.len() < researchers {
        let other = vary(rng, number, send_ns).researchers;
        plan.researchers.extend(other);
    }
    plan.researchers.truncate(researchers);
    for (nth, researcher) in (0..).zip(&mut plan.researchers) {
        researcher.after_ns = nth * 85 * MS;
    }
    match planted {
        Planted::MsRounded => plan.hop_ns = rng.between(350 * US, 400 * US),
        Planted::Streaming => {
            for call in [&mut plan.first, &mut plan.answer] {
                call.linger_ns = call.back_ns + rng.between(60 * MS, 200 * MS);
            }
            for researcher in &mut plan.researchers {
                researcher.read.linger_ns = researcher.read.back_ns + rng.between(60 * MS, 200 * MS);
            }
        }
        _ => {}
    }
    plan
}

/// The first researcher's server span of the last turn gets the last one's call for a parent.
fn wrong_parent(spans: &mut [TrueSpan]) -> Option<Fault> {
    let calls = |spans: &[TrueSpan]| -> Vec<(u64, u128, i64)> {
        let sends = spans.iter().filter(|span| span.name == "message/send");
        sends.map(|span| (span.id, span.trace, span.start_ns)).collect()
    };
    let mut calls = calls(spans);
    calls.sort_unstable_by_key(|call| call.2);
    let (first, last) = (calls.get(2)?, calls.get(4)?);
    let serve = spans.iter_mut().find(|span| span.parent == first.0)?;
    serve.parent = last.0;
    Some(Fault::of_spans(
        "X7",
        "A researcher's work hangs from the call of another one, which began later.",
        &[serve.id, last.0],
    ))
}

impl Stage<'_> {
    /// After a turn the planner writes its notes into the vector store, without waiting unless `is_clean`.
    fn index(&mut self, played: &Played, is_clean: bool) {
        const QDRANT: &str = "opentelemetry.instrumentation.qdrant";
        let trace = self.rng.id128();
        let start = played.end_ns + 40 * MS;
        let root = self.root(trace, (self.roles.planner, AGENTS), "index conversation", Kind::Internal, start);
        let at: At = root.at();
        let mut now = start + 2 * MS;
        for part in 0..3 {
            let work_ns = self.rng.between(90 * MS, 260 * MS);
            let mut upsert = self.child(at, (self.roles.planner, QDRANT), "upsert points", Kind::Client, now);
            upsert.set("db.system.name", "qdrant").set("db.operation.name", "upsert").set("qdrant.wait", is_clean);
            upsert.set("http.response.status_code", if is_clean { 200 } else { 202 }).set("app.part", part);
            let place = (self.roles.store, "qdrant");
            let mut serve = self.child(upsert.at(), place, "upsert points", Kind::Server, now + 500 * US);
            serve.set("db.collection.name", "support_docs").set("db.operation.name", "upsert");
            self.end(serve, now + 500 * US + work_ns);
            let waited_ns = if is_clean { work_ns + 1_200 * US } else { self.rng.between(2 * MS, 5 * MS) };
            now += waited_ns;
            self.end(upsert, now);
            now += 3 * MS;
        }
        self.end(root, now + 2 * MS);
    }
}
