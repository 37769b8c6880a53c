//! `scale`: many conversations at a steady load, for measuring.

use std::io::{self, Write};

use super::cast::{Cast, Pods, Roles};
use super::model_call::{CallPlan, Refusal, STOP, TOOL_CALL};
use super::otlp;
use super::rng::Rng;
use super::span::{ProcessIx, TrueSpan};
use super::truth::Truth;
use super::turn::{Mishap, Plan, Researcher, Stage, Who};
use crate::model::time::{MS, S, US};

/// 2026-11-21 06:00:00 UTC.
const BEGIN_NS: i64 = 1_795_240_800 * S;
/// From one send to the next one, on average: about two turns are in flight at any time.
const BETWEEN_TURNS_NS: i64 = 2_500 * MS;
const SPANS_PER_REQUEST: usize = 500;
const BROWSERS: u64 = 12;

/// Everybody who takes part.
struct Crowd {
    browsers: Vec<ProcessIx>,
    gateways: Vec<ProcessIx>,
    nodes: Vec<Pods>,
    provider: ProcessIx,
    stores: Vec<ProcessIx>,
}

/// Writes JSON lines of requests until at least `spans` spans are out.
pub fn write(spans: u64, seed: u64, out: &mut dyn Write) -> io::Result<Truth> {
    let mut rng = Rng::new(seed);
    let (cast, crowd) = cast(&mut rng);
    let mut truth = Truth::new("scale", seed, &cast);
    let mut waiting: Vec<TrueSpan> = Vec::new();
    let mut text = Vec::new();
    let mut send_ns = BEGIN_NS;
    while truth.spans + (waiting.len() as u64) < spans {
        play(&mut rng, &crowd, send_ns, &mut waiting);
        send_ns += rng.around(BETWEEN_TURNS_NS, 80);
        while waiting.len() >= SPANS_PER_REQUEST {
            let rest = waiting.split_off(SPANS_PER_REQUEST);
            flush(&cast, std::mem::replace(&mut waiting, rest), &mut truth, &mut text, out)?;
        }
    }
    flush(&cast, waiting, &mut truth, &mut text, out)?;
    Ok(truth)
}

fn flush(
    cast: &Cast,
    spans: Vec<TrueSpan>,
    truth: &mut Truth,
    text: &mut Vec<u8>,
    out: &mut dyn Write,
) -> io::Result<()> {
    if spans.is_empty() {
        return Ok(());
    }
    truth.spans += spans.len() as u64;
    text.clear();
    otlp::write_line(cast, spans, text);
    out.write_all(text)
}

fn cast(rng: &mut Rng) -> (Cast, Crowd) {
    let mut cast = Cast::new(BEGIN_NS);
    let crowd = Crowd {
        browsers: (0..BROWSERS).map(|_| cast.browser(rng)).collect(),
        gateways: (1..=2).map(|number| cast.gateway(number, rng)).collect(),
        nodes: (4..=7).map(|number| cast.node(number, rng)).collect(),
        provider: cast.provider(),
        stores: (0..2).map(|number| cast.store(number)).collect(),
    };
    for &browser in &crowd.browsers {
        cast.skew(browser, rng.between(-1_500 * MS, 1_500 * MS), rng.between(-25_000, 25_000));
    }
    let ours = crowd.gateways.iter().chain(crowd.nodes.iter().map(|pods| &pods.planner)).chain(&crowd.stores);
    for &process in ours {
        cast.skew(process, rng.between(-4 * MS, 4 * MS), rng.between(-40, 40));
    }
    cast.skew(crowd.provider, rng.between(-12 * MS, 12 * MS), rng.between(-40, 40));
    (cast, crowd)
}

fn play(rng: &mut Rng, crowd: &Crowd, send_ns: i64, out: &mut Vec<TrueSpan>) {
    let pods = *pick(rng, &crowd.nodes);
    let roles = Roles {
        browser: *pick(rng, &crowd.browsers),
        gateway: *pick(rng, &crowd.gateways),
        planner: pods.planner,
        workers: pods.workers,
        provider: crowd.provider,
        store: *pick(rng, &crowd.stores),
    };
    let number = rng.between(1, 6);
    let who = Who {
        conversation: format!("c-{:08x}", rng.below(1 << 32)),
        session: format!("{:016x}", rng.next()),
        user: format!("u-{:05}", rng.below(20_000)),
    };
    let plan = vary(rng, number, send_ns);
    let mut stage = Stage { rng, out, roles, who: &who, turn: number, is_rich: false };
    stage.play(&plan);
}

fn pick<'a, T>(rng: &mut Rng, from: &'a [T]) -> &'a T {
    &from[rng.below(from.len() as u64) as usize]
}

pub fn vary(rng: &mut Rng, number: i64, send_ns: i64) -> Plan {
    let query_ns = rng.around(190 * MS, 40);
    let refused = if rng.chance(8) { rng.between(1, 3) } else { 0 };
    let researchers = rng.below(4);
    Plan {
        number,
        send_ns,
        trace: rng.id128(),
        up_ns: rng.around(70 * MS, 60),
        down_ns: rng.around(90 * MS, 60),
        hop_ns: rng.between(350 * US, 2 * MS),
        call_after_ns: rng.between(430 * MS, 1_100 * MS),
        first: CallPlan { finish: TOOL_CALL, ..vary_call(rng, 900 * MS) },
        query_ns,
        query_claimed_ns: query_ns - rng.between(900 * US, 4 * MS),
        refusals: (0..refused)
            .map(|nth| Refusal { ns: rng.around(75 * MS, 30), backoff_ns: (120 * MS) << nth })
            .collect(),
        answer: vary_call(rng, 700 * MS),
        researchers: (0..researchers.cast_signed()).map(|nth| vary_researcher(rng, nth)).collect(),
        critic_trace: rng.chance(15).then(|| rng.id128()),
    }
}

fn vary_call(rng: &mut Rng, decode_ns: i64) -> CallPlan {
    CallPlan {
        out_ns: rng.between(24 * MS, 45 * MS),
        back_ns: rng.between(24 * MS, 45 * MS),
        queue_ns: rng.between(5 * MS, 180 * MS),
        prefill_ns: rng.around(260 * MS, 60),
        decode_ns: rng.around(decode_ns, 60),
        linger_ns: 0,
        chunks: rng.between(20, 90),
        stall: None,
        input_tokens: rng.between(400, 9_000),
        output_tokens: rng.between(60, 900),
        reasoning_tokens: rng.between(0, 60),
        finish: STOP,
    }
}

fn vary_researcher(rng: &mut Rng, nth: i64) -> Researcher {
    Researcher {
        after_ns: nth * 85 * MS,
        read: vary_call(rng, 240 * MS),
        page_ns: rng.around(240 * MS, 50),
        write: vary_call(rng, 260 * MS),
        mishap: match rng.below(20) {
            0 => Mishap::Refused,
            1 => Mishap::PageTimeout,
            _ => Mishap::None,
        },
    }
}

/// The first `turns` turns, for tests.
#[cfg(test)]
pub fn turns(seed: u64, turns: usize) -> (Cast, Vec<TrueSpan>) {
    let mut rng = Rng::new(seed);
    let (cast, crowd) = cast(&mut rng);
    let mut spans = Vec::new();
    let mut send_ns = BEGIN_NS;
    for _ in 0..turns {
        play(&mut rng, &crowd, send_ns, &mut spans);
        send_ns += rng.around(BETWEEN_TURNS_NS, 80);
    }
    (cast, spans)
}
