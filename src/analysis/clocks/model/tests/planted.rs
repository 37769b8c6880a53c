//! Planted faults are the first finding, with the right clock; without a plant there is no finding at all.

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::*;
use crate::analysis::clocks::solve::Check;

/// Runs per plant.
const RUNS: u64 = 1_000;

/// Seeds for `check`, on all cores.
fn each_run(check: impl Fn(u64) + Sync + Send) {
    (0..RUNS).into_par_iter().for_each(check);
}

/// What is wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Plant {
    Nothing,
    Edge,
    Step,
    Milliseconds,
    Streaming,
    Asynchronous,
}

/// Three clocks that call each other, offsets of up to 50 ms, drifts of up to 20 ppm.
fn three(seed: u64, plant: Plant, is_off: bool) -> Draft {
    let mut draft = Draft::default();
    let language = if plant == Plant::Milliseconds { "nodejs" } else { "python" };
    let hosts = [draft.host("a", language), draft.host("b", language), draft.host("c", language)];
    let mut dice = Dice(seed);
    let mut off = || if is_off { (dice.below(100 * MS) - 50 * MS, dice.below(40) - 20) } else { (0, 0) };
    let offsets = [off(), off(), off()];
    let mut dice = Dice(seed ^ 0x5eed);
    for call in 0..36_i64 {
        let pair = [(0, 1), (1, 2), (2, 0)][usize::try_from(call % 3).unwrap()];
        let stepped = plant == Plant::Step && call >= 18;
        let read = |clock: usize, time: i64| {
            let (offset, ppm) = offsets[clock];
            let shown = time + offset + (time - NOW) / 1_000_000 * ppm + i64::from(stepped && clock == 2) * 300 * MS;
            // A clock of whole milliseconds; durations are measured apart from it.
            if plant == Plant::Milliseconds { shown - shown.rem_euclid(MS) } else { shown }
        };
        let sent = NOW + call * 250 * MS + dice.below(MS);
        let received = sent + MS + dice.below(4 * MS);
        let replied = received + 5 * MS + dice.below(20 * MS);
        let done = replied + MS + dice.below(4 * MS);
        let mut times = [read(pair.0, sent), read(pair.1, received), read(pair.1, replied), read(pair.0, done)];
        if plant == Plant::Milliseconds {
            (times[2], times[3]) = (times[1] + (replied - received), times[0] + (done - sent));
        }
        if plant == Plant::Edge && call == 20 {
            (times[1], times[2]) = (times[1] - 700 * MS, times[2] - 700 * MS);
        }
        let late = matches!(plant, Plant::Streaming | Plant::Asynchronous);
        if late {
            times[2] += 900 * MS;
        }
        let id = u64::try_from(call).unwrap() * 2 + 1;
        draft.call((hosts[pair.0], hosts[pair.1]), id, 0, times);
        if plant == Plant::Streaming {
            draft.at(usize::try_from(call).unwrap() * 2).texts.push(("gen_ai.request.stream", "true"));
        }
    }
    draft
}

#[test]
fn without_a_fault_there_is_no_finding_and_offsets_alone_need_no_repair() {
    each_run(|seed| {
        for plant in [Plant::Nothing, Plant::Streaming] {
            let (_, _, model) = analyse(&three(seed, plant, false));
            assert_eq!(codes(&model), [], "{plant:?} {seed}: {:#?}", model.findings());
            assert_eq!(model.strain(), Strain { reading_error_ns: Some(0), extra_drift_ppb: Some(0) });
        }
        let (_, _, model) = analyse(&three(seed, Plant::Nothing, true));
        assert!(model.repairs().is_empty(), "{seed}: {:#?}", model.findings());
        assert!(codes(&model).iter().all(|code| matches!(code, Code::N0 | Code::X1)), "{:?}", codes(&model));
    });
}

#[test]
fn whole_milliseconds_prove_nothing() {
    each_run(|seed| {
        let (_, _, model) = analyse(&three(seed, Plant::Milliseconds, false));
        let claims = model.findings().iter().filter(|finding| finding.severity > Severity::Info);
        assert_eq!(claims.count(), 0, "{seed}: {:#?}", model.findings());
    });
}

#[test]
fn work_that_is_not_waited_for_is_no_skew() {
    each_run(|seed| {
        let (_, _, model) = analyse(&three(seed, Plant::Asynchronous, false));
        assert!(model.repairs().is_empty());
        // One note that the rule does not hold for this operation.
        assert_eq!(codes(&model), [Code::X4], "{:#?}", model.findings());
        assert_eq!(model.findings()[0].severity, Severity::Info);
        assert!(model.findings()[0].sentence.contains("not used there"), "{}", model.findings()[0].sentence);
    });
}

/// Right clocks, and 20 batches, `early` of which are dated half a second before the job that starts them.
fn batches(early: u64) -> Draft {
    let mut draft = conversation(60, 100 * MS, |_, time| time);
    for batch in 0..20_u64 {
        let (id, at) = (10_000 + 2 * batch, NOW + i64::try_from(batch).unwrap() * 300 * MS);
        draft.span(0, id, 0, at, at + 40 * MS).name = "job".to_owned();
        let from = if batch < early { at - 500 * MS } else { at + 3 * MS };
        draft.span(1, id + 1, id, from, at + 30 * MS).name = "batch".to_owned();
    }
    draft
}

#[test]
fn a_habit_that_protocol_contradicts_in_a_fifth_of_its_uses_is_off_and_said_so() {
    for early in [5, 10, 20] {
        let (_, domains, model) = analyse(&batches(early));
        assert_eq!(codes(&model), [Code::X7], "{early}: {:#?}", model.findings());
        let finding = &model.findings()[0];
        assert_eq!((finding.severity, finding.count), (Severity::Info, early));
        let said = format!("contradict {early} of 20 such cases");
        assert!(
            finding.sentence.contains("“job” → “batch”") && finding.sentence.contains(&said),
            "{}",
            finding.sentence
        );
        assert!(finding.sentence.contains("It is not used there"), "{}", finding.sentence);
        assert!(model.repairs().is_empty());
        let class = model.classes().iter().find(|class| class.is_off()).unwrap();
        assert_eq!((class.overruled, class.failures, class.uses), (early, 0, 20));
        // The clocks are as well known as without it.
        let (_, _, without) = analyse(&conversation(60, 100 * MS, |_, time| time));
        assert_eq!(model.offset(clock(&domains, "b"), NOW + S), without.offset(clock(&domains, "b"), NOW + S));
    }
}

#[test]
fn a_habit_that_is_off_can_be_put_back_and_one_that_holds_can_be_switched_off() {
    let draft = batches(10);
    let (store, domains, model) = analyse(&draft);
    let uses = class_uses(&store, &model);
    let habit = uses.iter().find(|class| class.standing == Standing::Overruled).unwrap();
    assert_eq!((habit.name.as_str(), habit.uses, habit.violated), ("remote_child_start:job → batch", 20, 10));
    assert!(habit.standing.is_off_by_itself());
    let choice = find_choice(&store, &habit.name).unwrap();
    assert_eq!(find_choice(&store, "remote_child_start: job -> batch"), Ok(choice));
    let asked = |choice, is_on| {
        let options = Options { said: vec![(choice, is_on)], ..Options::default() };
        model.with_options(&store, &domains, &options)
    };
    let standing = |model: &ClockModel, name: &str| {
        class_uses(&store, model).into_iter().find(|class| class.name == name).unwrap().standing
    };
    let kept = asked(choice, true);
    assert_eq!(standing(&kept, &habit.name), Standing::OnByHand);
    assert!(!kept.repairs().is_empty(), "now it contradicts the certain messages");
    let is_given_up = |repair: &repair::Repair| matches!(repair.element, Element::Class(_));
    assert!(!kept.repairs().iter().any(is_given_up), "and is not given up behind the user's back");
    let dropped = asked(choice, false);
    assert_eq!(standing(&dropped, &habit.name), Standing::OffByHand);
    assert!(dropped.findings().is_empty(), "what is not believed is nothing to find: {:#?}", dropped.findings());
    // A rule stands for all of its operations; what is said of one of them comes first.
    let whole = find_choice(&store, "remote_child_start").unwrap();
    assert_eq!(standing(&asked(whole, false), &habit.name), Standing::OffByHand);
    let said = vec![(whole, false), (choice, true)];
    let both = model.with_options(&store, &domains, &Options { said, ..Options::default() });
    assert_eq!(standing(&both, &habit.name), Standing::OnByHand);
    for unknown in ["remote", "span_end", "remote_child_start:job → nothing", "remote_child_start:job", ""] {
        assert!(find_choice(&store, unknown).is_err(), "{unknown}");
    }
}

#[test]
fn a_habit_that_fails_once_holds_but_for_that_case() {
    let (_, _, model) = analyse(&batches(1));
    assert!(model.classes().iter().all(|class| !class.is_off()));
    assert_eq!(codes(&model), [Code::X7], "{:#?}", model.findings());
    let finding = &model.findings()[0];
    assert_eq!((finding.severity, model.repairs().len()), (Severity::Suspicious, 1));
    assert!(finding.spans.contains(&SpanIx(121)), "{:?}", finding.spans);
}

#[test]
fn where_clocks_contradict_themselves_no_habit_is_blamed() {
    for seed in 0..20 {
        let (_, _, model) = analyse(&three(seed, Plant::Step, true));
        assert!(model.classes().iter().all(|class| class.overruled == 0), "{seed}: {:#?}", model.findings());
    }
}

#[test]
fn one_wrong_edge_is_that_edge() {
    each_run(|seed| {
        let (_, _, model) = analyse(&three(seed, Plant::Edge, true));
        let finding = &model.findings()[0];
        assert_eq!(finding.code, Code::X7, "{seed}: {:#?}", model.findings());
        assert!(finding.spans.contains(&SpanIx(41)), "{seed}: {:?}", finding.spans);
        assert!(finding.excess_ns > 600 * MS);
        assert!(model.strain().reading_error_ns.unwrap() > 150 * MS);
    });
}

#[test]
fn a_step_is_that_clock_at_that_time_and_counts_what_it_explains() {
    let right = (0..RUNS).into_par_iter().filter(|&seed| {
        let (_, domains, model) = analyse(&three(seed, Plant::Step, true));
        let finding = &model.findings()[0];
        let is_step = finding.code == Code::X3 && finding.domains[0] == clock(&domains, "c");
        if is_step {
            assert!(finding.count > 6, "{seed}: {}", finding.count);
            assert!(finding.sentence.contains("impossible messages"), "{}", finding.sentence);
        }
        is_step && finding.at_ns.is_some_and(|at| (at - (NOW + 18 * 250 * MS)).abs() < S)
    });
    let right = right.count() as u64;
    assert!(right * 10 >= RUNS * 9, "{right} of {RUNS}");
}

#[test]
fn what_happens_while_a_clock_may_have_jumped_is_drawn_beside_its_clock() {
    // Two hours ahead, and a jump of three seconds in a pause of ten; two other clocks agree with each other.
    let mut draft = Draft::default();
    let hosts = ["a", "b", "c"].map(|host| draft.host(host, "python"));
    let mut dice = Dice(7);
    for (call, id) in (0..60_i64).zip((1_u64..).step_by(10)) {
        let late = if call < 30 { 0 } else { 10 * S };
        let ahead = 7_200 * S + if call < 30 { 0 } else { 3 * S };
        let at = NOW + call * 100 * MS + late;
        let mut delay = || 2 * MS + dice.below(3 * MS);
        let times = [0, delay(), 20 * MS + delay(), 30 * MS + delay()].map(|after| at + after);
        let [sent, received, replied, done] = times;
        draft.call((hosts[0], hosts[1]), id, 0, [sent, received + ahead, replied + ahead, done]);
        draft.call((hosts[0], hosts[2]), id + 5, 0, times);
    }
    // Later than the middle of the pause: as far as anybody can guess, the clock has jumped.
    let in_pause = NOW + 12 * S + 7_200 * S;
    draft.span(1, 1_000, 0, in_pause, in_pause + S);
    let (store, domains, model) = analyse(&draft);
    assert_eq!(codes(&model)[0], Code::X3, "{:#?}", model.findings());
    let b = clock(&domains, "b");
    let at = EventKey::start(SpanIx(u32::try_from(store.len() - 1).unwrap()));
    assert!(model.offset(b, in_pause).is_unknown(), "nothing is claimed about it");
    assert_eq!(model.place(&store, &domains, at).unwrap().estimate_ns, None);
    let drawn = model.estimate_ns(&model.stamps(&store, &domains).get(at).unwrap());
    let shift = in_pause - drawn;
    assert!((7_202 * S..7_204 * S).contains(&shift), "drawn {shift} ns away from where its clock is");
    assert_eq!(model.shift_ns(b, in_pause), shift);
}

#[test]
fn a_step_lies_between_the_closest_times_that_all_messages_allow() {
    (0..RUNS / 4).into_par_iter().for_each(|seed| {
        let (store, domains, model) = analyse(&three(seed, Plant::Step, true));
        let [repair] = model.repairs() else { return };
        let (Element::Jump { clock, .. }, [jump]) = (repair.element, model.solved.system.jumps.as_slice()) else {
            return;
        };
        if !repair.alternatives.is_empty() {
            return;
        }
        // The oracle asks of every time of that clock, with all messages, whether the clock may have jumped there.
        let mut edges = Vec::new();
        edges::for_each_again(&model.stamps(&store, &domains), None, &model.solved.classes, |edge, _| {
            if edge.from.clock != edge.to.clock && edge.cause.rule.strength() <= Evidence::Convention {
                edges.push(*edge);
            }
        });
        let stamps = edges.iter().flat_map(|edge| [edge.from, edge.to]).filter(|stamp| stamp.clock == clock);
        let times: std::collections::BTreeSet<i64> = stamps.map(|stamp| stamp.anchor_ns).collect();
        let times: Vec<i64> = times.into_iter().collect();
        let is_possible = |at_ns: i64| {
            let mut breaks = Breaks::none();
            breaks.insert(clock, at_ns);
            let graph = Graph::build(&edges, &model.collected.rates, &breaks, Shape::Drift);
            matches!(graph.check(None), Check::Feasible(_))
        };
        let first = times.iter().position(|&at| is_possible(at)).unwrap();
        let last = times.iter().rposition(|&at| is_possible(at)).unwrap();
        assert_eq!((jump.before_ns, jump.after_ns), (times[first - 1], times[last]), "{seed}");
    });
}

/// 24 calls of one clock to another that is two, told apart by the process, or that keeps another unit.
fn called(seed: u64, is_merged: bool, factor: i64) -> Draft {
    let mut draft = Draft::default();
    let (caller, one, two) = (draft.host("a", ""), draft.process("b", "orders"), draft.process("b", "stock"));
    let mut dice = Dice(seed);
    let ahead = 200 * MS + dice.below(S);
    for call in 0..24_i64 {
        let (server, ahead) = if is_merged && dice.below(2) == 0 { (one, ahead) } else { (two, 0) };
        let sent = NOW + call * 90 * MS + dice.below(MS);
        let received = sent + MS + dice.below(3 * MS);
        let replied = received + 2 * MS + dice.below(9 * MS);
        let done = replied + MS + dice.below(3 * MS);
        let times = [sent, (received + ahead) / factor, (replied + ahead) / factor, done];
        draft.call((caller, server), u64::try_from(call).unwrap() * 2 + 1, 0, times);
    }
    draft
}

#[test]
fn two_clocks_of_one_name_are_the_first_finding() {
    each_run(|seed| {
        let (_, domains, model) = analyse(&called(seed, true, 1));
        let finding = &model.findings()[0];
        assert_eq!(
            (finding.code, finding.domains[0]),
            (Code::X8, clock(&domains, "b")),
            "{seed}: {:#?}",
            model.findings()
        );
        assert_eq!(model.repairs().len(), 1);
        let (_, _, model) = analyse(&called(seed, false, 1));
        assert_eq!(codes(&model), [], "{seed}: {:#?}", model.findings());
    });
}

#[test]
fn a_wrong_unit_is_the_only_finding() {
    each_run(|seed| {
        let factor = [1_000, MS][seed as usize % 2];
        let (_, domains, model) = analyse(&called(seed, false, factor));
        let finding = &model.findings()[0];
        assert_eq!(
            (finding.code, finding.domains[0]),
            (Code::U, clock(&domains, "b")),
            "{seed}: {:#?}",
            model.findings()
        );
        assert!(model.repairs().is_empty(), "{seed}: {:#?}", model.findings());
    });
}

#[test]
fn a_clock_that_stands_still_is_frozen() {
    let mut draft = Draft::default();
    let (worker, server) = (draft.host("worker", "nodejs"), draft.host("b", "python"));
    for call in 0..5_i64 {
        // Whole milliseconds, and no whole seconds: those would be a resolution.
        let at = NOW / MS * MS + 7 * MS + call * S;
        draft.call((worker, server), u64::try_from(call).unwrap() * 2 + 1, 0, [at, at + MS, at + 300 * MS, at]);
    }
    let (_, domains, model) = analyse(&draft);
    let finding = &model.findings()[0];
    assert_eq!((finding.code, finding.count), (Code::C1, 5), "{:#?}", model.findings());
    assert_eq!(finding.domains, [clock(&domains, "worker")]);
    assert!(finding.sentence.contains("did not move"), "{}", finding.sentence);
}

#[test]
fn a_broken_claim_about_utc_is_named_without_believing_any() {
    for (offset, expected) in [(0, None), (80 * MS, Some(Code::B))] {
        let mut draft = Draft::default();
        let a = draft.host_with("a", "clock.error_bound_ns", "1000000");
        let b = draft.host_with("b", "clock.error_bound_ns", "2000000");
        for call in 0..20_i64 {
            let at = NOW + call * S;
            let times = [at, at + 2 * MS + offset, at + 9 * MS + offset, at + 11 * MS];
            draft.call((a, b), u64::try_from(call).unwrap() * 2 + 1, 0, times);
        }
        let (store, domains, model) = analyse(&draft);
        assert_eq!(codes(&model).into_iter().find(|&code| code == Code::B), expected, "{:#?}", model.findings());
        let prior = Options { level: Evidence::Prior, ..Options::default() };
        let prior = model.with_options(&store, &domains, &prior);
        let found = codes(&prior);
        assert_eq!(found.contains(&Code::B), expected.is_some(), "{:#?}", prior.findings());
        if expected.is_none() {
            // Believing the claims narrows what messages alone allow.
            let width = |model: &ClockModel| {
                let other = DomainIx(1 - model.reference().unwrap().domain.0);
                let offset = model.offset(other, NOW + 5 * S);
                offset.hi_ns.unwrap() - offset.lo_ns.unwrap()
            };
            assert!(width(&prior) <= width(&model));
        }
    }
}

#[test]
fn levels_and_classes_that_come_and_go_leave_no_residue() {
    for plant in [Plant::Nothing, Plant::Edge, Plant::Step] {
        let draft = three(3, plant, true);
        let (store, domains, fresh) = analyse(&draft);
        let classes: Vec<_> = fresh.classes().iter().map(super::super::super::edges::Class::key).collect();
        let mut model = fresh.clone();
        for level in [Evidence::Protocol, Evidence::Prior, Evidence::Convention] {
            for off in [Vec::new(), classes[..1].to_vec(), classes.clone()] {
                let said = off.into_iter().map(|key| (key.into(), false)).collect();
                let options = Options { level, said, ..Options::default() };
                model = model.with_options(&store, &domains, &options);
                let own = ClockModel::analyse(&store, &domains, &options);
                assert_eq!(model.findings(), own.findings(), "{plant:?} {options:?}");
                for domain in 0..3 {
                    let at = |model: &ClockModel| model.offset(DomainIx(domain), NOW + 3 * S);
                    assert_eq!(at(&model), at(&own), "{plant:?} {options:?}");
                }
            }
        }
        let back = model.with_options(&store, &domains, &Options::default());
        assert_eq!(back.findings(), fresh.findings());
    }
}

#[test]
fn the_reference_that_is_blamed_is_not_steady_and_another_is_offered() {
    let (store, domains, model) = analyse(&three(4, Plant::Step, false));
    assert!(model.reference().unwrap().is_steady);
    let options = Options { reference: Some(clock(&domains, "c")), ..Options::default() };
    let model = model.with_options(&store, &domains, &options);
    assert!(!model.reference().unwrap().is_steady, "{:#?}", model.findings());
}

#[test]
fn analysis_leaves_every_raw_time_alone() {
    let draft = three(5, Plant::Step, true);
    let (store, domains, model) = analyse(&draft);
    let before = (store.starts_ns().to_vec(), store.ends_ns().to_vec());
    let options = Options { level: Evidence::Protocol, reference: Some(DomainIx(1)), ..Options::default() };
    let other = model.with_options(&store, &domains, &options);
    assert!(other.band(DomainIx(0), DomainIx(2), 50).is_some());
    other.hold(DomainIx(0), NOW, 5).map(|held| held.offset(&other, DomainIx(2), NOW));
    assert_eq!(before, (store.starts_ns().to_vec(), store.ends_ns().to_vec()));
    assert_eq!(draft.store().starts_ns(), store.starts_ns());
}

#[test]
fn a_held_clock_stops_at_its_bounds_and_says_why() {
    let (_, domains, model) = analyse(&three(6, Plant::Nothing, true));
    let reference = model.reference().unwrap().domain;
    let held = (0..3).map(DomainIx).find(|&domain| domain != reference).unwrap();
    let range = model.offset(held, NOW + S);
    let (lo, hi) = (range.lo_ns.unwrap(), range.hi_ns.unwrap());
    let free = model.hold(held, NOW + S, (lo + hi) / 2).unwrap();
    assert!(free.stop.is_none() && free.offset_ns == (lo + hi) / 2);
    let stopped = free.clone().moved_to(&model, hi + S);
    let stop = stopped.stop.clone().unwrap();
    assert!(stop.side == Side::Hi && !stop.edges.is_empty());
    assert!(hi - 1 <= stopped.offset_ns && stopped.offset_ns <= hi);
    for domain in (0..domains.list.len()).map(DomainIx::from_usize) {
        let (before, after) = (model.offset(domain, NOW + 2 * S), stopped.offset(&model, domain, NOW + 2 * S));
        assert!(before.lo_ns <= after.lo_ns && after.hi_ns <= before.hi_ns, "{before:?} {after:?}");
    }
    assert!(model.hold(reference, NOW, 0).is_none());
}

#[test]
fn a_band_shows_the_same_bounds_whichever_clock_is_the_reference() {
    let (store, domains, model) = analyse(&three(7, Plant::Nothing, true));
    for a in (0..3).map(DomainIx) {
        let options = Options { reference: Some(a), ..Options::default() };
        let seen = model.with_options(&store, &domains, &options);
        for b in (0..3).map(DomainIx).filter(|&b| b != a) {
            let band = model.band(a, b, 1_000).unwrap();
            assert!(band.points.len() > 5 && !band.touches.is_empty());
            for point in &band.points {
                assert_eq!(point.offset, seen.offset(b, point.at_ns));
            }
            for touch in &band.touches {
                let known = seen.offset(b, touch.at_ns);
                let (bound, alone) = match touch.side {
                    Side::Hi => (known.hi_ns.unwrap(), touch.offset_ns),
                    Side::Lo => (-known.lo_ns.unwrap(), -touch.offset_ns),
                };
                assert_eq!(touch.is_tight, alone == bound, "{touch:?} {known:?}");
                assert!(alone >= bound, "no message alone says more than all together: {touch:?} {known:?}");
                // What the message says is what its raw times say, but for the resolution and drift of stamps.
                let raw = touch.proof.to_ns - touch.proof.from_ns;
                assert!((alone - raw).abs() <= 2 * MS, "{touch:?}");
            }
            assert!(model.band(a, b, 4).unwrap().points.len() <= 8);
        }
        assert!(model.band(a, a, 10).is_none());
    }
}
