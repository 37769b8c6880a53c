//! `one-way-pipeline`: requests flow through queues from stage to stage, and nothing comes back.
//!
//! The stages and their times are those of a published experiment on causality in distributed inference: prompts
//! are routed, inferred one at a time, and post-processed, with 3.4 ms of transport at least between two stages.

use super::cast::Cast;
use super::planted::{Run, blame};
use super::rng::Rng;
use super::span::{At, Kind, ProcessIx, TrueSpan};
use super::truth::Truth;
use crate::model::time::{MS, S, US};

/// 2026-11-21 10:30:00 UTC.
const BEGIN_NS: i64 = 1_795_257_000 * S;
const REQUESTS: i64 = 50;
const KAFKA: &str = "opentelemetry.instrumentation.kafka";

/// The stages: name of the service and of its work. Both of the last two work on what inference sends.
const STAGES: [(&str, &str); 5] = [
    ("prompt-intake", "POST /v1/prompts"),
    ("router", "route"),
    ("inference", "generate"),
    ("scorer", "score answer"),
    ("usage-meter", "count tokens"),
];

/// Plans the run; without its fault if `is_clean`.
pub fn plan(is_clean: bool, seed: u64) -> Run {
    let mut rng = Rng::new(seed);
    let mut cast = Cast::new(BEGIN_NS);
    let stages = STAGES.map(|(service, _)| cast.service(service, "python", &mut rng));
    for stage in stages {
        cast.skew(stage, rng.between(-200 * US, 200 * US), rng.between(-300, 300));
    }
    let inference = stages[2];
    let fault = (!is_clean).then(|| {
        cast.clock_of_mut(inference).offset_ns = rng.between(9 * MS, 40 * MS);
        let says = "The inference machine is ahead: answers are worked on before they were sent. Nothing comes back, \
                    so nothing bounds it from above.";
        blame(cast.clock_of(inference), "N1", None, says)
    });
    let mut spans = Vec::new();
    let mut arrival = BEGIN_NS;
    let mut inference_free = BEGIN_NS;
    for _ in 0..REQUESTS {
        arrival += rng.around(220 * MS, 90);
        inference_free = request(&mut rng, stages, arrival, inference_free, &mut spans);
    }
    let mut truth = Truth::new("one-way-pipeline", seed, &cast);
    truth.spans = spans.len() as u64;
    truth.fault = fault;
    Run { cast, spans, truth }
}

/// One prompt through all stages; returns when the inference machine is free again.
fn request(rng: &mut Rng, stages: [ProcessIx; 5], arrival_ns: i64, free_ns: i64, out: &mut Vec<TrueSpan>) -> i64 {
    let mut way = Way { trace: rng.id128(), rng, out };
    let ns = way.rng.around(900 * US, 40);
    let routed = way.work(stages[0], 0, None, (arrival_ns, arrival_ns + ns));
    let start = way.arrives(routed.1);
    let ns = 2 * MS + way.rng.around(MS, 80);
    let sent = way.work(stages[1], 1, Some(routed.0), (start, start + ns));
    let start = way.arrives(sent.1).max(free_ns);
    let ns = way.rng.around(130 * MS, 45);
    let done = way.work(stages[2], 2, Some(sent.0), (start, start + ns));
    for last in [3, 4] {
        let start = way.arrives(done.1);
        let ns = MS + way.rng.around(600 * US, 60);
        way.work(stages[last], last, Some(done.0), (start, start + ns));
    }
    done.1
}

/// The way of one prompt.
struct Way<'a> {
    trace: u128,
    rng: &'a mut Rng,
    out: &'a mut Vec<TrueSpan>,
}

impl Way<'_> {
    /// When a message sent at `sent_ns` arrives.
    fn arrives(&mut self, sent_ns: i64) -> i64 {
        sent_ns + 3_400 * US + self.rng.around(1_300 * US, 80)
    }

    /// The work of a stage; returns the message that it sends, and when it is done.
    fn work(&mut self, process: ProcessIx, stage: usize, message: Option<At>, (start, end): (i64, i64)) -> (At, i64) {
        let kind = if message.is_some() { Kind::Consumer } else { Kind::Server };
        let mut span = TrueSpan::new(self.rng.id64(), self.trace, (process, KAFKA), STAGES[stage].1, kind, start);
        span.end_ns = end;
        match message {
            Some(message) => {
                (span.parent, span.parent_is_remote) = (message.span, true);
                span.set("messaging.system", "kafka").set("messaging.operation.type", "process");
                span.set("messaging.consumer.group.name", STAGES[stage].0);
            }
            None => {
                span.set("http.request.method", "POST").set("http.response.status_code", 202);
            }
        }
        let at = span.at();
        if stage < 3 {
            let place = (process, KAFKA);
            let mut send = TrueSpan::new(self.rng.id64(), self.trace, place, "send", Kind::Producer, end - 150 * US);
            (send.parent, send.end_ns) = (span.id, end - 20 * US);
            send.set("messaging.system", "kafka").set("messaging.operation.type", "send");
            let topic = if stage == 2 { "answers" } else { STAGES[stage + 1].0 };
            send.set("messaging.destination.name", topic);
            let sent = send.at();
            self.out.extend([send, span]);
            return (sent, end);
        }
        self.out.push(span);
        (at, end)
    }
}
