//! Clocks that stamped no span: brokers, and whoever dates responses. Each is one clock only as far as something says so.

use serde_json::json;
use skewline::analysis::clocks::{ClockModel, Options, domains};
use skewline::model::DomainIx;

use super::innocent::{CLIENT, CONSUMER, File, MS, NOW, PRODUCER, S, assert_silent, attr};

/// What a server writes into its `Date` header when its clock shows `at`.
fn date(at: i64) -> String {
    let time = chrono::DateTime::from_timestamp(at.div_euclid(S), 0).unwrap();
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// A message that a broker stored when its clock showed `stored`; returns the consumer's span.
fn message(file: &mut File, (from, to): (usize, usize), trace: u64, [sent, stored, taken]: [i64; 3]) -> u64 {
    let send = file.span(from, (trace, 0), PRODUCER, (sent, sent + 2 * MS));
    let process = file.span(to, (trace, send), CONSUMER, (taken, taken + 20 * MS));
    file.say(process, "messaging.system", "servicebus");
    file.say(process, "messaging.servicebus.message.enqueued_time", stored / S);
    process
}

/// A call to a server without spans, whose answer is dated.
fn dated(file: &mut File, caller: usize, (sent, done): (i64, i64), host: &str, says: i64) -> u64 {
    let trace = 50_000 + (sent / MS) as u64;
    let call = file.span(caller, (trace, 0), CLIENT, (sent, done));
    file.say(call, "http.response.status_code", 200);
    file.say(call, "server.address", host);
    file.say(call, "http.response.header.date", vec![date(says)]);
    call
}

/// Findings with their codes at the usual level.
fn said(file: &File) -> Vec<String> {
    let report = file.report("convention");
    let word = |finding: &serde_json::Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let all = report["findings"].as_array().unwrap().iter();
    all.map(|finding| format!("{} {} {}", word(finding, "code"), word(finding, "severity"), word(finding, "sentence")))
        .collect()
}

/// Attributes on the messages of either of two brokers.
type Says = [(&'static str, &'static str); 2];

#[test]
fn two_brokers_whose_clocks_differ_are_no_contradiction() {
    let ways: [(&str, [Says; 2]); 5] = [
        (
            "hosts",
            [
                [("server.address", "ns-1.servicebus.windows.net"), ("messaging.destination.name", "orders")],
                [("server.address", "ns-2.servicebus.windows.net"), ("messaging.destination.name", "orders")],
            ],
        ),
        (
            "destinations",
            [
                [("server.address", "bus"), ("messaging.destination.name", "orders")],
                [("server.address", "bus"), ("messaging.destination.name", "mails")],
            ],
        ),
        (
            "partitions",
            [
                [("net.peer.name", "hub"), ("messaging.destination.partition.id", "0")],
                [("net.peer.name", "hub"), ("messaging.destination.partition.id", "1")],
            ],
        ),
        (
            "numbers",
            [
                [("messaging.destination.name", "t"), ("messaging.kafka.destination.broker.id", "1")],
                [("messaging.destination.name", "t"), ("messaging.kafka.destination.broker.id", "2")],
            ],
        ),
        ("nothing", [[("messaging.operation.type", "process"), ("messaging.message.id", "1")]; 2]),
    ];
    for (way, brokers) in ways {
        let mut file = File::default();
        let (shop, worker) = (file.host("shop"), file.host("worker"));
        file.known((shop, worker));
        for at in 0..12 {
            let (sent, broker) = (NOW + at * S + file.below(S), (at % 2) as usize);
            let ahead = [0, 5 * S][broker];
            let process = message(&mut file, (shop, worker), at as u64, [sent, sent + 3 * MS + ahead, sent + 40 * MS]);
            for (key, value) in brokers[broker] {
                file.say(process, key, value);
            }
        }
        let claims = file.said(true).into_iter().filter(|line| !line.contains(" N0 ") && !line.contains(" Q "));
        assert_eq!(claims.collect::<Vec<_>>(), Vec::<String>::new(), "{way}");
    }
}

#[test]
fn a_broker_that_only_a_queue_names_is_given_up_before_any_clock_is_blamed() {
    let mut file = File::default();
    let (shop, worker) = (file.host("shop"), file.host("worker"));
    file.known((shop, worker));
    for at in 0..12 {
        let sent = NOW + at * S + file.below(S);
        let ahead = if at < 6 { 0 } else { 5 * S };
        let process = message(&mut file, (shop, worker), at as u64, [sent, sent + 3 * MS + ahead, sent + 40 * MS]);
        file.say(process, "messaging.destination.name", "orders");
    }
    let found = said(&file);
    let [only] = &found[..] else { panic!("{found:#?}") };
    assert!(only.starts_with("X8 info Taken as one clock, the broker orders contradicts itself by"), "{only}");
    assert!(only.contains("known by messaging.destination.name alone"), "{only}");
}

#[test]
fn messages_of_a_batch_have_their_times_on_the_links() {
    let mut file = File::default();
    let (shop, worker) = (file.host("shop"), file.host("worker"));
    for at in 0..6 {
        let sent = NOW + at * S;
        // The worker's clock is 2 s ahead, the broker's is right.
        let sends: Vec<u64> =
            (0..3).map(|n| file.span(shop, (at as u64 * 10 + n, 0), PRODUCER, (sent, sent + MS))).collect();
        let process = file.span(worker, (1_000 + at as u64, 0), CONSUMER, (sent + 2_050 * MS, sent + 2_090 * MS));
        file.say(process, "messaging.system", "eventhubs");
        file.say(process, "net.peer.name", "hub.servicebus.windows.net");
        for (n, send) in (0..).zip(sends) {
            file.link(process, (at as u64 * 10 + n, send));
            let times = attr("enqueuedTime", (sent / MS) + 10 + n as i64);
            file.of(process)["links"][n as usize]["attributes"] = json!([times]);
        }
    }
    assert_silent(&file);
    let report = file.report("protocol");
    let clocks = report["analysis"]["unseen_clocks"].as_array().unwrap();
    assert_eq!(clocks.len(), 1, "{clocks:#?}");
    assert_eq!(clocks[0]["name"], "the broker hub.servicebus.windows.net");
    let why = report["domains"].to_string();
    assert!(why.contains("message_stored") && why.contains("message_delivered"), "{why}");
    assert!(why.contains("the broker hub.servicebus.windows.net"), "whose time it is: {why}");
}

/// Two callers of one provider who exchange no messages.
fn two_callers(ahead: i64, hosts: [&str; 2], of_provider: [i64; 2]) -> File {
    let mut file = File::default();
    let callers = [file.host("eu"), file.host("us")];
    for call in 0..20_i64 {
        let which = (call % 2) as usize;
        let (at, took) = (NOW + call * 900 * MS + file.below(S), 80 * MS + file.below(S));
        let own = [0, ahead][which];
        let stale = file.below(900 * MS);
        let says = at + took / 2 - stale + of_provider[which];
        dated(&mut file, callers[which], (at + own, at + took + own), hosts[which], says);
    }
    file
}

#[test]
fn callers_of_one_provider_are_compared_by_its_dates() {
    const HOUR: i64 = 3_600 * S;
    for ahead in [0, 700 * MS, 90 * S, -HOUR] {
        let file = two_callers(ahead, ["api.openai.com"; 2], [0, 0]);
        let store = file.store();
        let clocks = domains::assign(&store);
        let of =
            |name: &str| clocks.list.iter().position(|clock| clock.name == name).map(DomainIx::from_usize).unwrap();
        let options = Options { reference: Some(of("eu")), ..Options::default() };
        let model = ClockModel::analyse(&store, &clocks, &options);
        assert!(model.repairs().is_empty(), "{:#?}", model.findings());
        let found = model.offset(of("us"), NOW + 10 * S + ahead);
        let (lo, hi) = (found.lo_ns.unwrap(), found.hi_ns.unwrap());
        assert!(lo <= ahead && ahead <= hi && hi - lo < 10 * S, "{ahead} in {lo}..{hi}");
        let report = file.report("protocol").to_string();
        for told in ["date_after_request", "date_before_response", "api.openai.com", "dated"] {
            assert!(report.contains(&format!("\"{told}\"")), "{told}: {report}");
        }
    }
}

#[test]
fn two_providers_are_two_clocks() {
    let file = two_callers(0, ["api.openai.com", "api.anthropic.com"], [0, 40 * S]);
    assert_silent(&file);
    let store = file.store();
    let clocks = domains::assign(&store);
    let model = ClockModel::analyse(&store, &clocks, &Options::default());
    assert!(model.repairs().is_empty(), "{:#?}", model.findings());
    let offsets: Vec<_> = (0..2).map(|at| model.offset(DomainIx(at), NOW)).collect();
    assert!(offsets.iter().any(|offset| offset.lo_ns.is_none() && offset.hi_ns.is_none()), "not comparable");
}

#[test]
fn a_date_an_hour_off_is_not_proof_of_a_wrong_clock() {
    let mut file = File::default();
    let app = file.host("app");
    dated(&mut file, app, (NOW, NOW + 300 * MS), "api.example.com", NOW - 3_600 * S);
    let found = said(&file);
    let [says] = &found[..] else { panic!("{found:#?}") };
    assert!(says.contains(" info The answer to “work” is dated 1 h 00 min before it was asked for."), "{found:#?}");
    assert!(says.contains("or the answer had been kept by somebody"), "{says}");
    assert_silent(&file);
}

#[test]
fn answers_that_are_not_dated_by_one_right_clock_blame_nobody() {
    type Say = fn(&mut File, usize, i64, i64);
    let ways: [(&str, Say); 6] = [
        // Recorded long ago and played back by a test.
        ("cassettes", |file, caller, at, call| {
            dated(file, caller, (at, at + 20 * MS), "api.example.com", at - call * 86_400 * S);
        }),
        // A network of machines in front of the provider, and two of them are off.
        ("places", |file, caller, at, call| {
            let off = [0, 6 * S, -9 * S][(call % 3) as usize];
            let span = dated(file, caller, (at, at + 200 * MS), "api.example.com", at + 50 * MS + off);
            file.say(span, "http.response.header.cf-ray", vec![["a1-FRA", "b2-LHR", "c3-IAD"][(call % 3) as usize]]);
        }),
        ("places that nothing tells", |file, caller, at, call| {
            let off = [0, 6 * S, -9 * S][(call % 3) as usize];
            dated(file, caller, (at, at + 200 * MS), "api.example.com", at + 50 * MS + off);
        }),
        // Machines of a network that nobody tells apart, each nearly right.
        ("nearly right machines", |file, caller, at, call| {
            let off = [0, 900 * MS, -900 * MS][(call % 3) as usize];
            dated(file, caller, (at, at + 20 * MS), "api.example.com", at + 10 * MS + off);
        }),
        // A server that writes the date once a second, and is late with that.
        ("kept dates", |file, caller, at, call| {
            dated(file, caller, (at, at + 30 * MS), "vllm:8000", at - (call % 5) * 400 * MS);
        }),
        ("stored by a gateway", |file, caller, at, call| {
            let span = dated(file, caller, (at, at + 30 * MS), "gateway", at - call * 60 * S);
            file.say(span, "http.response.header.x-cache", vec!["HIT"]);
        }),
    ];
    for (way, say) in ways {
        let mut file = File::default();
        let callers = [file.host("app"), file.host("batch")];
        file.known((callers[0], callers[1]));
        for call in 0..15 {
            let at = NOW + call * 3 * S + file.below(S);
            say(&mut file, callers[(call % 2) as usize], at, call);
        }
        assert_eq!(file.said(false), Vec::<String>::new(), "{way}");
    }
}

#[test]
fn a_server_behind_a_proxy_that_dates_its_answers() {
    let mut file = File::default();
    let (app, api) = (file.host("app"), file.host("api"));
    for call in 0..12 {
        let at = NOW + call * S + file.below(S);
        let (client, _) = file.call((app, api), (call as u64, 0), (at, at + 20 * MS));
        // The proxy is 30 s behind both.
        file.say(client, "server.address", "api.shop.example.com");
        file.say(client, "http.response.header.date", vec![date(at + 10 * MS - 30 * S)]);
    }
    let found = said(&file);
    let others = found.iter().filter(|line| !line.contains("is dated")).collect::<Vec<_>>();
    assert!(others.is_empty() && !found.is_empty(), "{found:#?}");
    assert_silent(&file);
}

#[test]
fn when_a_body_says_it_was_made_is_a_prior() {
    let mut file = File::default();
    let callers = [file.host("eu"), file.host("us")];
    for call in 0..20_i64 {
        let (which, at) = ((call % 2) as usize, NOW + call * S + file.below(S));
        let own = [0, 300 * S][which];
        let chat = file.span(callers[which], (call as u64, 0), CLIENT, (at + own, at + own + 2 * S));
        file.say(chat, "gen_ai.provider.name", "openai");
        file.say(chat, "gen_ai.response.created", (at + 100 * MS) / S);
    }
    let store = file.store();
    let clocks = domains::assign(&store);
    let offset = |level: &str| {
        let options = Options { level: level.parse().unwrap(), reference: Some(DomainIx(0)), ..Options::default() };
        let model = ClockModel::analyse(&store, &clocks, &options);
        assert!(model.repairs().is_empty(), "{:#?}", model.findings());
        let found = model.offset(DomainIx(1), NOW + 10 * S);
        (found.lo_ns, found.hi_ns)
    };
    assert_eq!(offset("convention"), (None, None));
    let (Some(lo), Some(hi)) = offset("prior") else { panic!("open") };
    let expected = if clocks.list[0].name == "eu" { 300 * S } else { -300 * S };
    assert!(lo <= expected && expected <= hi && hi - lo < 5 * S, "{lo}..{hi}");
    // An answer that a cache gives again has the old time.
    for call in 0..3 {
        let at = NOW + call * 100 * S;
        let chat = file.span(callers[0], (900 + call as u64, 0), CLIENT, (at, at + S));
        file.say(chat, "gen_ai.provider.name", "openai");
        file.say(chat, "gen_ai.response.created", (at - call * 5_000 * S) / S);
    }
    assert_silent(&file);
}

/// Machines, brokers and providers with random offsets; everything that happens is in order by true time.
#[test]
fn the_truth_lies_in_every_interval_whatever_unseen_clocks_show() {
    for seed in 0..60 {
        let mut file = File::with_seed(seed * 7_919 + 1);
        let names = ["one", "two", "three"];
        let hosts = names.map(|name| file.host(name));
        let mut offsets = || file.below(40 * S) - 20 * S;
        let (of_host, of_broker) = ([offsets(), offsets(), offsets()], [offsets(), offsets()]);
        let of_provider = [offsets(), offsets()];
        for step in 0..24_i64 {
            let at = NOW + step * S + file.below(S);
            let (from, to) = (file.below(3) as usize, file.below(3) as usize);
            let which = file.below(2) as usize;
            if file.below(2) == 0 && from != to {
                let stored = at + 1 + file.below(30 * MS);
                let taken = stored + 1 + file.below(300 * MS);
                let times = [at + of_host[from], stored + of_broker[which], taken + of_host[to]];
                let process = message(&mut file, (hosts[from], hosts[to]), step as u64, times);
                file.say(process, "server.address", ["bus-a", "bus-b"][which]);
            } else {
                let written = at + 1 + file.below(200 * MS);
                let done = written + 1 + file.below(300 * MS);
                // Written up to 1.5 s before it is sent.
                let says = written - file.below(1_500 * MS) + of_provider[which];
                let times = (at + of_host[from], done + of_host[from]);
                dated(&mut file, hosts[from], times, ["api.openai.com", "api.anthropic.com"][which], says);
            }
        }
        let store = file.store();
        let clocks = domains::assign(&store);
        let true_offset =
            |clock: usize| of_host[names.iter().position(|name| *name == clocks.list[clock].name).unwrap()];
        for level in ["protocol", "convention", "prior"] {
            for frame in 0..clocks.list.len() {
                let reference = Some(DomainIx::from_usize(frame));
                let options = Options { level: level.parse().unwrap(), reference, ..Options::default() };
                let model = ClockModel::analyse(&store, &clocks, &options);
                assert!(model.repairs().is_empty(), "seed {seed}: {:#?}", model.findings());
                for clock in 0..clocks.list.len() {
                    let expected = true_offset(clock) - true_offset(frame);
                    let found = model.offset(DomainIx::from_usize(clock), NOW + 12 * S + true_offset(clock));
                    let (lo, hi) = (found.lo_ns.unwrap_or(i64::MIN), found.hi_ns.unwrap_or(i64::MAX));
                    assert!(lo <= expected && expected <= hi, "seed {seed} {level}: {expected} not in {lo}..{hi}");
                }
            }
        }
    }
}
