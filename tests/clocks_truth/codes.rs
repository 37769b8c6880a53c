//! Every code that the engine knows, from a file as a collector writes it: with a sentence, its severity and a proof.

use serde_json::{Value as Json, json};

use super::innocent::{CLIENT, CONSUMER, File, INTERNAL, MS, NOW, PRODUCER, S, SERVER};

const HOUR: i64 = 3_600 * S;

/// A file with the fault in it, and what its finding says.
struct Case {
    code: &'static str,
    severity: &'static str,
    says: &'static str,
    /// How many edges prove it.
    witness: usize,
    make: fn(&mut File),
}

/// Forty calls between two machines; `ahead(time)` is how far the second one is ahead.
fn calls(file: &mut File, gap: i64, ahead: impl Fn(i64) -> i64) {
    let pair = (file.host("app"), file.host("api"));
    for call in 0..40 {
        let at = NOW + call * gap;
        let off = ahead(at);
        let client = file.span(pair.0, (call as u64, 0), CLIENT, (at, at + 20 * MS));
        file.say(client, "http.response.status_code", 200);
        file.span(pair.1, (call as u64, client), SERVER, (at + MS + off, at + 19 * MS + off));
    }
}

const fn case(
    code: &'static str,
    severity: &'static str,
    says: &'static str,
    witness: usize,
    make: fn(&mut File),
) -> Case {
    Case { code, severity, says, witness, make }
}

fn cases() -> Vec<Case> {
    vec![
        case("N0", "clock", "One offset explains it: app is 300 ms behind api", 1, |file| {
            calls(file, S, |_| 300 * MS);
        }),
        case("N1", "clock", "nothing here bounds it from the other side", 1, |file| {
            let (shop, worker) = (file.host("shop"), file.host("worker"));
            for at in 0..5 {
                let sent = NOW + at * S;
                let send = file.span(shop, (at as u64, 0), PRODUCER, (sent, sent + MS));
                file.span(worker, (at as u64, send), CONSUMER, (sent - 80 * MS, sent));
            }
        }),
        case("X1", "clock", "A drift of at least", 2, |file| calls(file, 300 * S, |at| (at - NOW) / 25_000)),
        case("X2", "impossible", "typical of a clock being corrected", 2, |file| {
            // 500 ppm all along, seen by calls that are close enough.
            calls(file, 30 * S, |at| (at - NOW) / 2_000);
        }),
        case("X3", "impossible", "'s clock jumped ", 2, |file| {
            calls(file, S, |at| if at < NOW + 20 * S { 0 } else { 320 * MS });
        }),
        case("X4", "suspicious", "api reports 898 ms of work inside a call that app saw for 20 ms", 1, |file| {
            let (app, api) = (file.host("app"), file.host("api"));
            let client = file.span(app, (1, 0), CLIENT, (NOW, NOW + 20 * MS));
            file.say(client, "http.response.status_code", 200);
            file.span(api, (1, client), SERVER, (NOW + MS, NOW + 899 * MS));
        }),
        case(
            "X5",
            "suspicious",
            "Together these 3 messages would have an effect arrive 150 ms before its cause",
            3,
            |file| {
                let hosts = [file.host("one"), file.host("two"), file.host("three")];
                let mut above = 0;
                for (step, host) in [(0, hosts[0]), (1, hosts[1]), (2, hosts[2]), (3, hosts[0])] {
                    let at = NOW - step * 50 * MS;
                    above = file.span(host, (1, above), INTERNAL, (at, at + S));
                }
            },
        ),
        case("X6", "suspicious", "a wrong parent or link, not a clock", 4, |file| {
            let (shop, worker) = (file.host("shop"), file.host("worker"));
            let above = file.span(shop, (1, 0), CONSUMER, (NOW + 5 * MS, NOW + 6 * MS));
            let first = file.span(shop, (1, above), PRODUCER, (NOW, NOW + MS));
            let work = file.span(worker, (1, first), CONSUMER, (NOW + 2 * MS, NOW + 9 * MS));
            let second = file.span(worker, (1, work), PRODUCER, (NOW + 3 * MS, NOW + 4 * MS));
            file.say(above, "messaging.operation.type", "process");
            file.link(above, (1, second));
        }),
        case("X6", "impossible", "a wrong parent, not a clock", 3, |file| {
            let app = file.host("app");
            let ids: Vec<u64> = (0..3).map(|at| file.span(app, (1, 0), INTERNAL, (NOW + at, NOW + S))).collect();
            for at in 0..3 {
                file.of(ids[at])["parentSpanId"] = json!(format!("{:016x}", ids[(at + 2) % 3]));
            }
        }),
        case("X7", "impossible", "Probably a wrong parent or asynchronous work", 2, |file| {
            calls(file, S, |_| 0);
            // The server answers a second before it was asked.
            let at = NOW + 20_500 * MS;
            let client = file.span(0, (99, 0), CLIENT, (at, at + 20 * MS));
            file.say(client, "http.response.status_code", 200);
            file.span(1, (99, client), SERVER, (at - S, at - S + 10 * MS));
        }),
        case("X8", "impossible", "Several clocks are recorded as", 2, |file| {
            let caller = file.host("app");
            let process = |service| [("service.name", service), ("host.id", "one-id")];
            let two = [file.resource(&process("orders")), file.resource(&process("stock"))];
            for call in 0..40 {
                let at = NOW + call * 100 * MS;
                let off = call % 2 * 500 * MS;
                let client = file.span(caller, (call as u64, 0), CLIENT, (at, at + 20 * MS));
                file.say(client, "http.response.status_code", 200);
                let times = (at + MS + off, at + 19 * MS + off);
                file.span(two[call as usize % 2], (call as u64, client), SERVER, times);
            }
        }),
        case("S1", "impossible", "ends 5 ms before it starts, on one clock", 1, |file| {
            let app = file.host("app");
            file.span(app, (1, 0), INTERNAL, (NOW + 5 * MS, NOW));
        }),
        case("S2", "suspicious", "starts 5 ms before its parent, on one clock", 1, |file| {
            let app = file.host("app");
            let above = file.span(app, (1, 0), INTERNAL, (NOW, NOW + S));
            file.span(app, (1, above), INTERNAL, (NOW - 5 * MS, NOW + MS));
        }),
        case("S3", "info", "outlives its parent by 5 ms", 1, |file| {
            let app = file.host("app");
            let above = file.span(app, (1, 0), INTERNAL, (NOW, NOW + S));
            file.span(app, (1, above), INTERNAL, (NOW + MS, NOW + S + 5 * MS));
        }),
        case("S4", "info", "was made up by its SDK", 1, |file| {
            let app = file.resource(&[("host.id", "app"), ("telemetry.sdk.language", "dotnet")]);
            file.span(app, (1, 0), INTERNAL, (NOW, NOW + 100));
        }),
        case("C1", "suspicious", "'s clock did not move for at least", 1, |file| {
            let worker = file.resource(&[("host.id", "edge"), ("telemetry.sdk.language", "rust")]);
            let api = file.host("api");
            for call in 0..4 {
                let at = NOW + call * S;
                let client = file.span(worker, (call as u64, 0), CLIENT, (at, at));
                file.say(client, "http.response.status_code", 200);
                file.span(api, (call as u64, client), SERVER, (at + MS, at + 300 * MS));
            }
        }),
        case("C2", "impossible", "its clock stopped while the computer slept", 2, |file| {
            let tab = file.resource(&[("device.id", "tab"), ("telemetry.sdk.language", "webjs")]);
            let gateway = file.host("gateway");
            for call in 0..40 {
                let slept = if call < 20 { 0 } else { 8 * HOUR };
                let at = NOW + call * S + slept;
                let shown = (at - slept) / MS * MS;
                let client = file.span(tab, (call as u64, 0), CLIENT, (shown, shown + 40 * MS));
                file.say(client, "http.response.status_code", 200);
                file.span(gateway, (call as u64, client), SERVER, (at + 9 * MS, at + 30 * MS));
            }
        }),
        case("Q", "info", "The order of", 1, |file| {
            let rounded = file.resource(&[("host.id", "r"), ("telemetry.sdk.language", "nodejs")]);
            let app = file.host("app");
            for call in 0..30 {
                let at = NOW + call * S;
                let client = file.span(app, (call as u64, 0), CLIENT, (at, at + 20 * MS));
                file.say(client, "http.response.status_code", 200);
                let floor = (at + 50_000) / MS * MS;
                file.span(rounded, (call as u64, client), SERVER, (floor, floor + 10 * MS));
            }
        }),
        case("U", "suspicious", "look like milliseconds labelled as nanoseconds", 0, |file| {
            let (app, api) = (file.host("app"), file.host("api"));
            for call in 0..10 {
                let at = NOW + call * S;
                let client = file.span(app, (call as u64, 0), CLIENT, (at, at + 20 * MS));
                file.say(client, "http.response.status_code", 200);
                file.span(api, (call as u64, client), SERVER, ((at + 5 * MS) / MS, (at + 15 * MS) / MS));
            }
        }),
        case("K", "info", "likely daylight saving time or a time-zone mistake", 1, |file| calls(file, S, |_| HOUR)),
        case("B", "suspicious", "claims to be within 1 ms of UTC", 1, |file| {
            calls(file, S, |_| 80 * MS);
            for resource in 0..2 {
                file.claim(resource, "clock.error_bound_ns", 1_000_000);
            }
        }),
    ]
}

#[test]
fn every_code_has_a_file_that_shows_it_a_sentence_a_severity_and_a_proof() {
    let mut wrong = Vec::new();
    for Case { code, severity, says, witness, make } in cases() {
        let mut file = File::default();
        make(&mut file);
        let report = file.report("convention");
        let findings = report["findings"].as_array().unwrap();
        let is_it = |finding: &&Json| finding["code"] == code && finding["sentence"].as_str().unwrap().contains(says);
        let Some(found) = findings.iter().find(is_it) else {
            wrong.push(format!("{code}: {:#?}", findings.iter().map(|found| &found["sentence"]).collect::<Vec<_>>()));
            continue;
        };
        let proof = found["witness"].as_array().unwrap();
        let is_right =
            found["severity"] == severity && proof.len() == witness && !found["root"].as_str().unwrap().is_empty();
        if !is_right || found["spans"].as_array().unwrap().is_empty() {
            wrong.push(format!("{code}: {} {found:#}", proof.len()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let shown: std::collections::BTreeSet<&str> = cases().iter().map(|case| case.code).collect();
    assert_eq!(shown.len(), 20, "all codes of the engine: {shown:?}");
}
