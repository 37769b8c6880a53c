//! `slow-conversation`: one conversation of three turns in three traces, and what was planted in it.

use super::cast::{Cast, Roles};
use super::model_call::{CallPlan, Refusal, TOOL_CALL};
use super::rng::Rng;
use super::span::TrueSpan;
use super::truth::{Fact, Truth};
use super::turn::{Mishap, Plan, Played, Researcher, Stage, Who};
use crate::model::time::{MS, US};

/// 2026-11-21 14:02:07.415 818 204 UTC: when, in true time, the model call of turn 3 starts.
const THIRD_CALL_NS: i64 = 1_795_269_727_415_818_204;
/// Browser 1.2 s ahead, agents 3.5 ms behind, 403.5 ms from send to the call: raw −800 ms.
const THIRD_CALL_AFTER_NS: i64 = 403_500 * US;
const BROWSER_AHEAD_NS: i64 = 1_200 * MS;
const AGENTS_AHEAD_NS: i64 = -3_500 * US;
const PROVIDER_AHEAD_NS: i64 = 8 * MS;
const STORE_AHEAD_NS: i64 = 600 * US;

/// The planned sample.
pub struct Sample {
    pub cast: Cast,
    pub spans: Vec<TrueSpan>,
    pub truth: Truth,
}

/// Plans the conversation.
pub fn plan(seed: u64) -> Sample {
    let third_send = THIRD_CALL_NS - THIRD_CALL_AFTER_NS;
    let mut rng = Rng::new(seed);
    let (cast, roles) = cast(THIRD_CALL_NS, &mut rng);
    let who = Who {
        conversation: "c-7f3a".to_owned(),
        session: format!("4f2a{:012x}", rng.below(1 << 48)),
        user: "u-20931".to_owned(),
    };
    let mut spans = Vec::new();
    let plans = [
        first_turn(third_send - 13_170 * MS, rng.id128()),
        second_turn(third_send - 7_020 * MS, rng.id128()),
        third_turn(third_send, &mut rng),
    ];
    let mut stage = Stage { rng: &mut rng, out: &mut spans, roles, who: &who, turn: 0, is_rich: true };
    let mut played = Vec::new();
    for plan in &plans {
        stage.turn = plan.number;
        played.push(stage.play(plan));
    }
    let orphans = stage.orphans(plans[2].trace, third_send + 3_300 * MS);
    let mut truth = Truth::new("slow-conversation", seed, &cast);
    truth.spans = spans.len() as u64;
    truth.facts = facts(&plans[2], &played[2], orphans);
    Sample { cast, spans, truth }
}

fn cast(reference_ns: i64, rng: &mut Rng) -> (Cast, Roles) {
    let mut cast = Cast::new(reference_ns);
    let browser = cast.browser(rng);
    let gateway = cast.gateway(1, rng);
    let pods = cast.node(7, rng);
    let (provider, store) = (cast.provider(), cast.store(0));
    cast.skew(browser, BROWSER_AHEAD_NS, 21_000);
    cast.skew(gateway, 0, 400);
    cast.skew(pods.planner, AGENTS_AHEAD_NS, -2_300);
    cast.skew(provider, PROVIDER_AHEAD_NS, 900);
    cast.skew(store, STORE_AHEAD_NS, 3_400);
    (cast, Roles { browser, gateway, planner: pods.planner, workers: pods.workers, provider, store })
}

/// A cold session: memory takes a second, so the model call is late on every clock.
fn first_turn(send_ns: i64, trace: u128) -> Plan {
    Plan {
        number: 1,
        send_ns,
        trace,
        up_ns: 133 * MS,
        down_ns: 74 * MS,
        hop_ns: 620 * US,
        call_after_ns: 1_420 * MS,
        first: CallPlan { reasoning_tokens: 61, finish: TOOL_CALL, ..CallPlan::of_ms(29, [64, 310, 540], 31, 44) },
        query_ns: 214 * MS,
        query_claimed_ns: 212_900 * US,
        refusals: Vec::new(),
        answer: CallPlan::of_ms(30, [41, 220, 690], 28, 52),
        researchers: Vec::new(),
        critic_trace: None,
    }
}

fn second_turn(send_ns: i64, trace: u128) -> Plan {
    let researcher = |after_ms: i64| Researcher {
        after_ns: after_ms * MS,
        read: CallPlan::of_ms(28, [24, 110, 250], 30, 20),
        page_ns: 240 * MS,
        write: CallPlan::of_ms(27, [18, 95, 280], 29, 24),
        mishap: Mishap::None,
    };
    Plan {
        number: 2,
        send_ns,
        trace,
        up_ns: 126 * MS,
        down_ns: 66 * MS,
        hop_ns: 540 * US,
        call_after_ns: 1_290 * MS,
        first: CallPlan { reasoning_tokens: 88, finish: TOOL_CALL, ..CallPlan::of_ms(27, [52, 280, 610], 33, 48) },
        query_ns: 188 * MS,
        query_claimed_ns: 186_800 * US,
        refusals: Vec::new(),
        answer: CallPlan::of_ms(31, [36, 240, 820], 27, 60),
        researchers: vec![researcher(0), researcher(85)],
        critic_trace: None,
    }
}

/// The turn that the picture in the README shows.
fn third_turn(send_ns: i64, rng: &mut Rng) -> Plan {
    let researcher = |after_ms: i64, page_ms: i64, mishap: Mishap| Researcher {
        after_ns: after_ms * MS,
        read: CallPlan::of_ms(28, [30, 120, 230], 27, 18),
        page_ns: page_ms * MS,
        write: CallPlan::of_ms(29, [22, 90, 240], 28, 20),
        mishap,
    };
    Plan {
        number: 3,
        send_ns,
        trace: rng.id128(),
        up_ns: 120 * MS,
        down_ns: 60 * MS,
        hop_ns: 400 * US,
        call_after_ns: THIRD_CALL_AFTER_NS,
        first: CallPlan {
            input_tokens: 1_204,
            output_tokens: 388,
            reasoning_tokens: 237,
            // The usual gap is 10.6 ms, so the stalled one is 182 ms.
            stall: Some((41, 171_400 * US)),
            finish: TOOL_CALL,
            ..CallPlan::of_ms(26, [188, 540, 920], 26, 70)
        },
        query_ns: 310 * MS,
        query_claimed_ns: 380 * MS,
        refusals: vec![Refusal { ns: 80 * MS, backoff_ns: 120 * MS }, Refusal { ns: 70 * MS, backoff_ns: 320 * MS }],
        answer: CallPlan::of_ms(30, [40, 180, 590], 30, 54),
        researchers: vec![
            researcher(0, 210, Mishap::None),
            researcher(85, 190, Mishap::Refused),
            researcher(170, 330, Mishap::PageTimeout),
        ],
        critic_trace: Some(0x91be << 112 | rng.id128() >> 16),
    }
}

fn facts(plan: &Plan, played: &Played, orphans: [u64; 6]) -> Vec<Fact> {
    vec![
        Fact::new(
            "call-before-cause",
            "On raw clocks the model call starts 800 ms before the person pressed send: the browser is ahead.",
            &[played.first_call, played.user_turn],
        )
        .with("raw_ns", THIRD_CALL_AFTER_NS + AGENTS_AHEAD_NS - BROWSER_AHEAD_NS)
        .with("true_ns", THIRD_CALL_AFTER_NS),
        Fact::new(
            "browser-interval",
            "The tightest round trip leaves the browser 1.08 to 1.26 s ahead of the gateway.",
            &[played.chat_fetch],
        )
        .with("least_ns", BROWSER_AHEAD_NS - plan.up_ns)
        .with("most_ns", BROWSER_AHEAD_NS + plan.down_ns),
        Fact::new(
            "impossible-search",
            "The vector store claims 380 ms of work inside a call that the agents saw for 310 ms: its span \
             stays open after the response was sent. No offset explains it.",
            &[played.query[1], played.query[0]],
        )
        .with("claimed_ns", plan.query_claimed_ns)
        .with("seen_ns", plan.query_ns),
        Fact::new(
            "lost-handoff",
            "The critic's work is a trace of its own without a parent; it began 20 ms after the transfer ended. \
             Conversation and tool call id are the same.",
            &played.handoff,
        )
        .with("after_ns", 20 * MS),
        Fact::new("refused-attempts", "Two attempts are refused with 429; the third one succeeds.", &played.attempts)
            .with("backoff_ns", plan.refusals.iter().map(|refusal| refusal.backoff_ns).sum()),
        Fact::new(
            "researcher-errors",
            "One researcher is refused with a 429, another one does not get its page.",
            &played.errors,
        ),
        Fact::new(
            "stalled-stream",
            "The provider sends no chunk for about 182 ms in the middle of a stream.",
            &[played.first_message, played.first_call],
        )
        .with("gap_ns", 182 * MS),
        Fact::new(
            "orphans",
            "Six spans have parents that are not in the file: four remote ones, two that a filter dropped.",
            &orphans,
        ),
    ]
}
