//! Conversations whose turns are served by different machines, and streams that both sides number.

use serde_json::{Value as Json, json};
use skewline::analysis::clocks::{ClockModel, Options, domains};
use skewline::model::DomainIx;

use super::innocent::{CLIENT, File, INTERNAL, MS, NOW, S, SERVER, assert_silent, attr};

const LEVELS: [&str; 3] = ["protocol", "convention", "prior"];

/// A turn of a conversation on a machine.
fn turn(file: &mut File, host: usize, (conversation, number): (u64, i64), times: (i64, i64)) -> u64 {
    let span = file.span(host, (conversation * 100 + number as u64, 0), INTERNAL, times);
    file.of(span)["name"] = json!("turn");
    file.say(span, "conversation.id", format!("c-{conversation}"));
    file.say(span, "turn.number", number);
    span
}

/// Every offset that the truth says lies in its interval at every level, and nothing has to be repaired.
fn assert_true(file: &File, names: &[&str], offsets: &[i64], what: &str) {
    let store = file.store();
    let clocks = domains::assign(&store);
    let true_offset = |at: usize| offsets[names.iter().position(|name| *name == clocks.list[at].name).unwrap()];
    for level in LEVELS {
        for frame in 0..clocks.list.len() {
            let reference = Some(DomainIx::from_usize(frame));
            let options = Options { level: level.parse().unwrap(), reference, ..Options::default() };
            let model = ClockModel::analyse(&store, &clocks, &options);
            assert!(model.repairs().is_empty(), "{what}: {:#?}", model.findings());
            for clock in 0..clocks.list.len() {
                let expected = true_offset(clock) - true_offset(frame);
                let found = model.offset(DomainIx::from_usize(clock), NOW + 12 * S + true_offset(clock));
                let (lo, hi) = (found.lo_ns.unwrap_or(i64::MIN), found.hi_ns.unwrap_or(i64::MAX));
                assert!(lo <= expected && expected <= hi, "{what} {level}: {expected} not in {lo}..{hi}");
            }
        }
    }
}

#[test]
fn the_truth_lies_in_every_interval_of_turns_on_several_machines() {
    let names = ["pod-1", "pod-2", "pod-3"];
    for seed in 0..40 {
        let mut file = File::with_seed(seed * 104_729 + 7);
        let hosts = names.map(|name| file.host(name));
        let offsets = [0; 3].map(|_| file.below(30 * S) - 15 * S);
        for conversation in 0..6 {
            let mut at = NOW + file.below(10 * S);
            for number in 1..=5_i64 {
                let which = file.below(3) as usize;
                let took = 200 * MS + file.below(3 * S);
                let times = (at + offsets[which], at + took + offsets[which]);
                let own = turn(&mut file, hosts[which], (conversation, number), times);
                at += took + 1 + file.below(4 * S);
                match file.below(6) {
                    // Spoken into: the next one begins before this one is over.
                    0 => {
                        file.say(own, "turn.was_interrupted", true);
                        at -= took / 2;
                    }
                    // Generated anew, at the same time and elsewhere.
                    1 => {
                        let other = (which + 1) % 3;
                        let times = (at - took + offsets[other], at + 5 * S + offsets[other]);
                        turn(&mut file, hosts[other], (conversation, number), times);
                    }
                    _ => {}
                }
            }
        }
        assert_true(&file, &names, &offsets, &format!("seed {seed}"));
    }
}

#[test]
fn turns_bound_clocks_that_exchange_no_messages() {
    let mut file = File::default();
    let hosts = [file.host("pod-1"), file.host("pod-2")];
    for number in 1..=10 {
        // The second machine is 20 s behind.
        let which = (number % 2) as usize;
        let at = NOW + number * 3 * S - [0, 20 * S][which];
        turn(&mut file, hosts[which], (1, number), (at, at + 2 * S));
    }
    let report = file.report("convention");
    let offset = |name: &str| {
        let clocks = report["domains"].as_array().unwrap();
        clocks.iter().find(|clock| clock["name"] == name).unwrap()["offset"].clone()
    };
    let other = if offset("pod-1")["lo_ns"] == 0 { offset("pod-2") } else { offset("pod-1") };
    let (lo, hi) = (other["lo_ns"].as_i64().unwrap(), other["hi_ns"].as_i64().unwrap());
    assert!(lo < hi && hi - lo < 5 * S && lo.abs().min(hi.abs()) <= 20 * S && 20 * S <= lo.abs().max(hi.abs()));
    assert!(report.to_string().contains("\"rule\":\"turn_before_next\""));
    assert!(offset("pod-2")["level"] == "convention");
    // Without protocol nothing is known, and what is said is no more than a possibility.
    let protocol = file.report("protocol");
    let is_used = |part: &str| protocol[part].to_string().contains("turn_before_next");
    assert!(!["findings", "domains", "pairs"].into_iter().any(is_used));
    let said: Vec<&Json> = report["findings"].as_array().unwrap().iter().collect();
    assert!(said.iter().all(|finding| finding["severity"] == "info"), "{said:#?}");
    assert!(said[0]["sentence"].as_str().unwrap().contains("nobody waited for the end of that turn"), "{said:#?}");
}

#[test]
fn turns_that_overlap_without_a_word_blame_nobody() {
    // Of twelve turns on two machines whose clocks are well known, so many go on when the next one begins.
    for late in [1, 2, 6, 11] {
        let mut file = File::default();
        let hosts = [file.host("pod-1"), file.host("pod-2")];
        file.known((hosts[0], hosts[1]));
        for number in 1..=12 {
            let at = NOW + number * 3 * S;
            let took = if number <= late { 4 * S } else { 2 * S };
            turn(&mut file, hosts[(number % 2) as usize], (1, number), (at, at + took));
        }
        assert_silent(&file);
    }
}

#[test]
fn branches_of_one_conversation_blame_nobody() {
    let mut file = File::default();
    let hosts = [file.host("pod-1"), file.host("pod-2")];
    file.known((hosts[0], hosts[1]));
    let ask = |text: &str| json!({ "role": "user", "content": text });
    let answer = json!({ "role": "assistant", "content": "well" });
    let mut chat = |host: usize, times: (i64, i64), messages: Vec<Json>| {
        let span = file.span(hosts[host], (messages.len() as u64 * 10 + host as u64, 0), CLIENT, times);
        file.of(span)["name"] = json!("chat");
        file.say(span, "gen_ai.conversation.id", "c-1");
        file.say(span, "gen_ai.input.messages", serde_json::to_string(&messages).unwrap());
    };
    // Three questions at once after the first answer, and the first question once more on the other machine.
    chat(0, (NOW, NOW + 2 * S), vec![ask("hi")]);
    for (at, text) in [(0, "a"), (1, "b"), (1, "c")] {
        chat(at, (NOW + 3 * S, NOW + 9 * S), vec![ask("hi"), answer.clone(), ask(text)]);
    }
    let later = |text: &str| vec![ask("hi"), answer.clone(), ask(text), answer.clone(), ask("more")];
    chat(1, (NOW + 10 * S, NOW + 11 * S), later("a"));
    chat(0, (NOW + 10 * S, NOW + 11 * S), later("c"));
    chat(1, (NOW + S, NOW + 14 * S), vec![ask("hi")]);
    assert_eq!(file.said(true), Vec::<String>::new());
}

/// A message of a stream as one side notes it.
fn noted(file: &mut File, span: u64, name: &str, number: i64, at: i64) {
    let event =
        json!({ "name": name, "timeUnixNano": at.to_string(), "attributes": [attr("sequence-number", number)] });
    file.of(span)["events"].as_array_mut().unwrap().push(event);
}

#[test]
fn what_is_uploaded_while_an_answer_streams_bounds_the_other_direction() {
    let names = ["app", "model"];
    for seed in 0..20 {
        let mut file = File::with_seed(seed * 31_337 + 3);
        let hosts = names.map(|name| file.host(name));
        let offsets = [0, file.below(20 * S) - 10 * S];
        let base = [file.below(2), file.below(2)];
        for call in 0..4 {
            let at = NOW + call * 10 * S;
            let client = file.span(hosts[0], (call as u64, 0), CLIENT, (at, at + 8 * S));
            let from = at + MS + file.below(20 * MS) + offsets[1];
            // The answer was given up, and the server goes on.
            let server = file.span(hosts[1], (call as u64, client), SERVER, (from, at + 9 * S + offsets[1]));
            file.say(client, "rpc.grpc.status_code", 1);
            let mut now = at + 50 * MS;
            for number in 0..6 {
                let took = 1 + file.below(5 * MS);
                noted(&mut file, client, "Outbound message", number + base[0], now);
                noted(&mut file, server, "Inbound message", number + base[1], now + took + offsets[1]);
                now += 300 * MS;
                let took = 1 + file.below(5 * MS);
                noted(&mut file, server, "Outbound message", number + base[1], now + offsets[1]);
                noted(&mut file, client, "Inbound message", number + base[0], now + took);
                now += 200 * MS;
            }
        }
        assert_true(&file, &names, &offsets, &format!("seed {seed}"));
        let report = file.report("protocol");
        let widths = report["pairs"].as_array().unwrap().iter().map(|pair| pair["slack_ns"].as_i64().unwrap());
        let widest = widths.max().unwrap();
        assert!(widest < 11 * MS && report.to_string().contains("call_message"), "seed {seed}: {widest}");
    }
}
