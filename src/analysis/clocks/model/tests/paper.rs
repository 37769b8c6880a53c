//! "Time, Causality, and Observability Failures in Distributed AI Inference Systems" (2026), reproduced: four stages
//! on clocks of their own, one of them skewed.
//!
//! The rates of negative spans follow from the distribution of the latency alone, so that they have closed forms;
//! every run must agree with them within three binomial standard deviations.

use super::super::super::causal::Rule;
use super::super::super::health::{Health, WINDOW_NS};
use super::super::super::separations::{Sample, Separations};
use super::*;

/// How messages get from one stage to the next, in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Transport {
    Kafka,
    Zmq,
    ZmqRaw,
}

impl Dice {
    /// Uniform in (0, 1).
    fn share(&mut self) -> f64 {
        (self.below(1 << 30) as f64 + 0.5) / (1_u64 << 30) as f64
    }

    fn exponential(&mut self, mean_ms: f64) -> f64 {
        -mean_ms * self.share().ln()
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.share().ln()).sqrt() * (std::f64::consts::TAU * self.share()).cos()
    }
}

impl Transport {
    fn latency_ms(self, dice: &mut Dice) -> f64 {
        match self {
            Self::Kafka => 3.4 + 1.2 * (0.6 * dice.normal()).exp(),
            Self::Zmq => 3.2 + dice.exponential(0.8),
            Self::ZmqRaw => 0.08 + dice.exponential(0.05),
        }
    }

    /// The share of messages that take less than `ms`.
    fn share_below(self, ms: f64) -> f64 {
        match self {
            Self::Kafka => {
                if ms <= 3.4 {
                    0.0
                } else {
                    phi(((ms - 3.4) / 1.2).ln() / 0.6)
                }
            }
            Self::Zmq => 1.0 - (-(ms - 3.2).max(0.0) / 0.8).exp(),
            Self::ZmqRaw => 1.0 - (-(ms - 0.08).max(0.0) / 0.05).exp(),
        }
    }
}

/// The normal distribution (Abramowitz and Stegun 7.1.26, good to 1e-7).
fn phi(x: f64) -> f64 {
    let z = x.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let terms = [0.254_829_592, -0.284_496_736, 1.421_413_741, -1.453_152_027, 1.061_405_429];
    let sum = terms.iter().rev().fold(0.0, |sum, term| (sum + term) * t);
    let half = 0.5 * sum * (-z * z).exp();
    if x < 0.0 { half } else { 1.0 - half }
}

/// True times of one request in ms: sent by P, received and sent by R, received and sent by I, received by S.
type Request = [f64; 6];

fn run(transport: Transport, seconds: f64, seed: u64) -> Vec<Request> {
    let mut dice = Dice(seed);
    let (mut now, mut free) = (0.0, 0.0_f64);
    let mut requests = Vec::new();
    loop {
        now += dice.exponential(200.0);
        if now > seconds * 1_000.0 {
            return requests;
        }
        let at_r = now + transport.latency_ms(&mut dice);
        let from_r = at_r + 2.0 + dice.exponential(1.0);
        let at_i = from_r + transport.latency_ms(&mut dice);
        let from_i = at_i.max(free) + 120.0 * (0.25 * dice.normal()).exp();
        free = from_i;
        requests.push([now, at_r, from_r, at_i, from_i, from_i + transport.latency_ms(&mut dice)]);
    }
}

fn ns(ms: f64) -> i64 {
    (ms * 1e6).round() as i64
}

/// Separations from the stamp of `from` to that of `to`, where clock I is `skew(true time)` ms ahead.
fn separations(requests: &[Request], (from, to): (usize, usize), skew: impl Fn(f64) -> f64) -> Separations {
    let read = |request: &Request, at: usize| request[at] + if matches!(at, 3 | 4) { skew(request[at]) } else { 0.0 };
    let key = |at: usize| EventKey::start(SpanIx::from_usize(at));
    let samples = requests.iter().enumerate().map(|(at, request)| {
        let received_ns = ns(read(request, to));
        let separation_ns = received_ns - ns(read(request, from));
        Sample { received_ns, separation_ns, from: key(at), to: key(at), is_unclear: false }
    });
    Separations::new(DomainIx(0), DomainIx(1), Rule::MessageStart, samples.collect())
}

fn within_three_sigmas(count: usize, of: usize, share: f64) -> bool {
    let sigma = (share * (1.0 - share) * of as f64).sqrt();
    (count as f64 - share * of as f64).abs() <= 3.0 * sigma + 1e-9
}

#[test]
fn the_rates_follow_the_latency() {
    for (transport, seed) in [(Transport::Kafka, 11), (Transport::Zmq, 12), (Transport::ZmqRaw, 13)] {
        let requests = run(transport, 600.0, seed);
        assert!((2_800..3_200).contains(&requests.len()), "{}", requests.len());
        let baseline = separations(&requests, (4, 5), |_| 0.0);
        for ms in [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 50.0] {
            let edge = separations(&requests, (4, 5), |_| ms);
            let (negative, unclear) = edge.backwards();
            let expected = transport.share_below(ms);
            assert!(
                within_three_sigmas(negative, edge.len(), expected),
                "{transport:?} {ms} ms: {negative} of {}, expected {expected}",
                edge.len()
            );
            assert_eq!(unclear, 0);
            // One run without skew tells the rate under any skew, exactly but for the rounding of the sum.
            assert!(negative.abs_diff(baseline.count_below(ns(ms))) <= 1);
            for (from, to) in [(0, 1), (2, 3), (0, 5)] {
                assert_eq!(separations(&requests, (from, to), |_| ms).backwards().0, 0, "{from} to {to}");
            }
            let health = Health::of_edges([&edge], WINDOW_NS);
            assert_eq!(health.unhealthy().is_empty(), negative == 0);
            if ms >= 5.0 {
                let first = edge.samples.iter().find(|sample| sample.is_backwards()).unwrap().received_ns;
                assert!(health.unhealthy()[0] == (first..health.unhealthy()[0].end) && health.unhealthy().len() == 1);
            }
        }
        // A skew of the other sign breaks the other side of the stage.
        let into = separations(&requests, (2, 3), |_| -5.0);
        assert!(within_three_sigmas(into.backwards().0, into.len(), transport.share_below(5.0)));
        assert_eq!(separations(&requests, (4, 5), |_| -5.0).backwards().0, 0);
        // Inside the stage one clock serves both stamps.
        let inside = separations(&requests, (3, 4), |_| 50.0).least_latencies().unwrap();
        assert!(inside.least_ns > 40 * MS, "{inside:?}");
    }
}

#[test]
fn the_least_latencies_are_those_of_the_transport() {
    let quantile = |transport: Transport, share: f64| {
        let (mut lo, mut hi) = (0.0, 100.0);
        while hi - lo > 1e-9 {
            let middle = (lo + hi) / 2.0;
            if transport.share_below(middle) < share { lo = middle } else { hi = middle }
        }
        ns(lo)
    };
    for transport in [Transport::Kafka, Transport::Zmq] {
        let edge = separations(&run(transport, 600.0, 21), (4, 5), |_| 0.0);
        let least = edge.least_latencies().unwrap();
        assert!(least.least_ns <= least.per_mille_ns && least.per_mille_ns <= least.percent_ns);
        for (found, share) in [(least.percent_ns, 0.01), (least.five_percent_ns, 0.05), (least.median_ns, 0.5)] {
            // Three standard deviations of the share, as latency.
            let sigma = 3.0 * (share * (1.0_f64 - share) / edge.len() as f64).sqrt();
            let range = quantile(transport, (share - sigma).max(0.0))..=quantile(transport, share + sigma);
            assert!(range.contains(&found), "{transport:?} {share}: {found} not in {range:?}");
        }
        assert!((3_200_000..3_800_000).contains(&least.least_ns), "{}", least.least_ns);
        // The whole distribution lies within the band.
        let band = edge.band(0.001);
        for (separation, share) in edge.distribution(200) {
            assert!((share - transport.share_below(separation as f64 / 1e6)).abs() <= band + 1.0 / edge.len() as f64);
        }
    }
}

#[test]
fn drift_brings_health_back_or_takes_it() {
    let expected = |transport: Transport, requests: &[Request], skew: &dyn Fn(f64) -> f64| {
        let shares: Vec<f64> = requests.iter().map(|request| transport.share_below(skew(request[4]))).collect();
        let variance: f64 = shares.iter().map(|share| share * (1.0 - share)).sum();
        (shares.iter().sum::<f64>(), variance.sqrt())
    };
    for (transport, floor) in [(Transport::Kafka, 3.4), (Transport::Zmq, 3.2)] {
        let requests = run(transport, 900.0, 31);
        // 5 ms ahead, 5 ppm too slow.
        let skew = |ms: f64| 5.0 - 5e-6 * ms;
        let edge = separations(&requests, (4, 5), skew);
        let (mean, sigma) = expected(transport, &requests, &skew);
        let negative = edge.backwards().0 as f64;
        assert!((negative - mean).abs() <= 3.0 * sigma, "{transport:?}: {negative}, expected {mean}");
        let last = edge.samples.iter().rev().find(|sample| sample.is_backwards()).unwrap().received_ns;
        let limit = ns((5.0 - floor) / 5e-6);
        assert!(last <= limit + 10 * MS, "{last} after {limit}");
        let health = Health::of_edges([&edge], WINDOW_NS);
        assert!(health.is_healthy(last + WINDOW_NS) && !health.is_healthy(last + WINDOW_NS - 1));
        // 10 ms ahead: no recovery in this time. 2 ms ahead and 5 ppm too fast: an onset after some minutes.
        let stays = separations(&requests, (4, 5), |ms| 10.0 - 5e-6 * ms);
        assert!(!Health::of_edges([&stays], WINDOW_NS).is_healthy(880 * S));
        let onset = separations(&requests, (4, 5), |ms| 2.0 + 5e-6 * ms);
        let first = onset.samples.iter().find(|sample| sample.is_backwards()).unwrap().received_ns;
        assert!(first >= ns((floor - 2.0) / 5e-6) && first < 600 * S, "{first}");
    }
}

/// The run as a trace: producers and consumers; `read(clock, true ms)` is what each stage's clock shows. `hosts`
/// names the machine of each stage.
fn trace(requests: &[Request], hosts: [&str; 4], read: impl Fn(usize, f64) -> f64) -> Draft {
    let mut draft = Draft::default();
    let hosts: Vec<usize> =
        hosts.iter().zip(["p", "r", "i", "s"]).map(|(host, service)| draft.process(host, service)).collect();
    let mut id = 0;
    for request in requests {
        let mut parent = 0;
        for (at, &time) in request.iter().enumerate() {
            let stage = at.div_ceil(2);
            let from = NOW + ns(read(stage, time));
            let to = if at % 2 == 1 && at < 5 { NOW + ns(read(stage, request[at + 1])) } else { from };
            id += 1;
            let span = draft.span(hosts[stage], id, parent, from, to);
            span.kind = if at % 2 == 0 { SpanKind::Producer } else { SpanKind::Consumer };
            parent = id;
        }
    }
    draft
}

const APART: [&str; 4] = ["p", "r", "i", "s"];
const SHARED: [&str; 4] = ["p", "rs", "i", "rs"];

#[test]
fn a_pipeline_without_replies_shows_negative_spans_but_proves_no_offset() {
    for transport in [Transport::Kafka, Transport::Zmq] {
        let requests = run(transport, 60.0, 41);
        for ms in [0.0, 3.0, 5.0, 50.0] {
            let (_, domains, model) =
                analyse(&trace(&requests, APART, |stage, at| at + if stage == 2 { ms } else { 0.0 }));
            let expected: &[Code] = if ms < 4.0 { &[] } else { &[Code::N1] };
            assert_eq!(codes(&model), expected, "{ms}: {:#?}", model.findings());
            assert!(model.repairs().is_empty());
            let pair = |a: &str, b: &str| {
                let (a, b) = (clock(&domains, a), clock(&domains, b));
                let pair = model.pairs().iter().find(|pair| (pair.a, pair.b) == (a.min(b), a.max(b))).unwrap();
                if a < b { (pair.lo_ns, pair.hi_ns) } else { (pair.hi_ns.map(|hi| -hi), pair.lo_ns.map(|lo| -lo)) }
            };
            // (clock of I) - (clock of S) from below, (clock of I) - (clock of R) from above; truth is the skew.
            let (lo, open) = pair("s", "i");
            assert!(open.is_none() && lo.is_some_and(|lo| lo <= ns(ms) && lo > ns(ms - 5.0)), "{lo:?}");
            let (open, hi) = pair("r", "i");
            assert!(open.is_none() && hi.is_some_and(|hi| hi >= ns(ms) && hi < ns(ms + 5.0)), "{hi:?}");
        }
    }
}

#[test]
fn on_one_host_the_round_trip_bounds_the_skewed_stage() {
    let requests = run(Transport::Kafka, 60.0, 51);
    let skewed = trace(&requests, SHARED, |stage, at| at + if stage == 2 { 5.0 } else { 0.0 });
    let (_, domains, model) = analyse(&skewed);
    assert_eq!(codes(&model), [Code::N0], "{:#?}", model.findings());
    let (i, rs) = (clock(&domains, "i"), clock(&domains, "rs"));
    let pair = model.pairs().iter().find(|pair| (pair.a, pair.b) == (i.min(rs), i.max(rs))).unwrap();
    let slack = pair.slack_ns.unwrap();
    // Twice the least latency, whatever the skew.
    assert!((6_800_000..8_200_000).contains(&slack), "{slack}");
    let (lo, hi) = (pair.lo_ns.unwrap(), pair.hi_ns.unwrap());
    let truth = if pair.b == i { 5 * MS } else { -5 * MS };
    assert!(lo <= truth && truth <= hi, "{lo}..{hi}");
}

#[test]
fn only_drift_and_steps_beyond_the_slack_are_provable() {
    let requests = run(Transport::Kafka, 120.0, 61);
    let found = |skew: &dyn Fn(f64) -> f64| {
        let (store, domains, model) =
            analyse(&trace(&requests, SHARED, |stage, at| at + if stage == 2 { skew(at) } else { 0.0 }));
        drop(store);
        (domains, model)
    };
    // 5 ms of drift over the run, less than the slack of 7 ms: nobody can prove it. 20 ms: M1 fails, M2 does not.
    let slow = found(&|at| 5.0 - at * 40e-6);
    assert!(!codes(&slow.1).contains(&Code::X1), "{:#?}", slow.1.findings());
    let fast = {
        let (_, domains, model) = {
            let options = Options { drift_ppb: 200_000, ..Options::default() };
            analyse_with(
                &trace(&requests, SHARED, |stage, at| at + if stage == 2 { 5.0 - at * 160e-6 } else { 0.0 }),
                &options,
            )
        };
        (domains, model)
    };
    assert!(codes(&fast.1).contains(&Code::X1), "{:#?}", fast.1.findings());
    assert!(fast.1.repairs().is_empty());
    // A step of 20 ms is that clock's; one of 5 ms contradicts nothing.
    let step = |by: f64| found(&move |at: f64| if at >= 60_000.0 { by } else { 0.0 });
    let (domains, model) = step(20.0);
    let finding = &model.findings()[0];
    assert_eq!((finding.code, finding.domains[0]), (Code::X3, clock(&domains, "i")), "{:#?}", model.findings());
    assert!((finding.at_ns.unwrap() - (NOW + 60 * S)).abs() < 2 * S, "{:?}", finding.at_ns);
    let (_, model) = step(5.0);
    assert!(model.repairs().is_empty(), "{:#?}", model.findings());
}
