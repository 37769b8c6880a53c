//! Many messages that are wrong: what most of them agree on stands, and no clock is blamed for them.

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::*;
use crate::analysis::clocks::repair::{Budget, Element};

const CLOCKS: usize = 4;
const GAP: i64 = 20 * MS;

/// Calls between four clocks, and what is wrong with them.
#[derive(Clone, Copy, Debug)]
struct Load {
    seed: u64,
    calls: i64,
    /// Of a hundred calls so many have their server span moved.
    wrong: i64,
    /// At which call the third clock jumps, and by how much.
    step: Option<(i64, i64)>,
    /// How fast clocks drift at most, parts per million.
    ppm: i64,
    /// Whether calls are much longer than the work inside.
    is_long: bool,
    /// Whether clocks show whole milliseconds.
    is_coarse: bool,
}

impl Load {
    const fn new(seed: u64) -> Self {
        Self { seed, calls: 1_600, wrong: 0, step: None, ppm: 0, is_long: false, is_coarse: false }
    }

    /// By clock: offset and drift.
    fn clocks(self) -> [(i64, i64); CLOCKS] {
        let mut dice = Dice(self.seed ^ 0xc10c);
        std::array::from_fn(|_| (dice.below(400 * MS) - 200 * MS, dice.below(2 * self.ppm + 1) - self.ppm))
    }

    /// What `clock` shows at a true time.
    fn read(self, clock: usize, time: i64) -> i64 {
        let (offset, ppm) = self.clocks()[clock];
        let jumped = self.step.filter(|&(call, _)| clock == 2 && time >= NOW + call * GAP).map_or(0, |step| step.1);
        let shown = time + offset + (time - NOW) / 1_000_000 * ppm + jumped;
        if self.is_coarse { shown - shown.rem_euclid(MS) } else { shown }
    }

    /// The calls, and how many of them are wrong.
    fn draft(self) -> (Draft, u64) {
        let mut draft = Draft::default();
        let language = if self.is_coarse { "nodejs" } else { "python" };
        let hosts = ["a", "b", "c", "d"].map(|name| draft.host(name, language));
        let mut dice = Dice(self.seed);
        let mut moved = 0;
        for call in 0..self.calls {
            let from = usize::try_from(dice.below(4)).unwrap();
            let to = (from + 1 + usize::try_from(dice.below(3)).unwrap()) % CLOCKS;
            let sent = NOW + call * GAP + dice.below(GAP);
            let (there, work, back) = if self.is_long {
                (MS + dice.below(900 * MS), 20 * MS + dice.below(30 * MS), MS + dice.below(900 * MS))
            } else {
                (MS + dice.below(3 * MS), 2 * MS + dice.below(9 * MS), MS + dice.below(3 * MS))
            };
            let is_wrong = dice.below(100) < self.wrong;
            let length = there + work + back;
            let by = 60 * MS + length + dice.below(900 * MS);
            let by = if dice.below(2) == 0 { by } else { -by };
            let by = if is_wrong { by } else { 0 };
            moved += u64::from(is_wrong);
            let received = self.read(to, sent + there + by);
            let replied = if self.is_coarse { received + work } else { self.read(to, sent + there + work + by) };
            let begun = self.read(from, sent);
            let done = if self.is_coarse { begun + length } else { self.read(from, sent + length) };
            let id = u64::try_from(call).unwrap() * 2 + 1;
            draft.call((hosts[from], hosts[to]), id, 0, [begun, received, replied, done]);
        }
        (draft, moved)
    }

    /// The truth lies in every interval, and every interval has two ends.
    fn assert_truth(self, domains: &Domains, model: &ClockModel) {
        let end = NOW + self.calls * GAP;
        let number =
            |domain: DomainIx| ["a", "b", "c", "d"].into_iter().position(|name| clock(domains, name) == domain);
        let frame = model.reference().unwrap().domain;
        let frame_number = number(frame).unwrap();
        for other in (0..CLOCKS).filter(|&other| other != frame_number) {
            for part in 0..=20 {
                let at = NOW + (end - NOW) / 20 * part;
                // A clock may be seen at a jump of either.
                let near = self.step.is_some_and(|(call, _)| (at - (NOW + call * GAP)).abs() < 2 * S);
                if near {
                    continue;
                }
                let own = self.read(other, at);
                let truth = own - self.read(frame_number, at);
                let found = model.offset(clock(domains, ["a", "b", "c", "d"][other]), own);
                let (lo, hi) = (found.lo_ns, found.hi_ns);
                assert!(lo.is_some() && hi.is_some(), "{self:?}: {other} at {part} has {found:?}");
                assert!(
                    lo <= Some(truth + 2) && Some(truth - 2) <= hi,
                    "{self:?}: {other} at {part}: {truth} not in {found:?}"
                );
            }
        }
    }
}

fn blames(model: &ClockModel) -> Vec<(Code, usize)> {
    let blaming = [Code::X2, Code::X3, Code::X8, Code::C2];
    let found = model.findings().iter().filter(|finding| blaming.contains(&finding.code));
    found.map(|finding| (finding.code, finding.domains[0].at())).collect()
}

fn each_seed(seeds: u64, check: impl Fn(u64) + Sync + Send) {
    (0..seeds).into_par_iter().for_each(check);
}

#[test]
fn one_call_of_twenty_is_wrong_and_the_truth_is_as_well_known_as_before() {
    each_seed(16, |seed| {
        let load = Load { wrong: 5, ppm: 20, is_long: seed % 4 == 3, ..Load::new(seed) };
        let (draft, moved) = load.draft();
        let (_, domains, model) = analyse(&draft);
        load.assert_truth(&domains, &model);
        assert_eq!(blames(&model), [], "{load:?}: {:#?}", model.findings());
        let outvoted = model.repairs().iter().filter_map(|repair| repair.votes.as_ref());
        let (outvoted, undecided) = outvoted.fold((0, 0), |sum, own| (sum.0 + own.outvoted, sum.1 + own.undecided));
        assert!(moved > 40, "{moved}");
        // A call that is moved has one message that runs backwards or two.
        assert!(moved <= outvoted + undecided && outvoted <= 2 * moved, "{load:?}: {outvoted} of {moved}, {undecided}");
        assert!(undecided <= moved / 4 + 4, "{load:?}: {undecided} of {moved}");
        assert!(!model.repairs().iter().any(|repair| matches!(repair.element, Element::Pair { .. })));
        let said = &model.findings()[0].sentence;
        assert!(said.contains(" contradict the others by up to "), "{said}");
    });
}

#[test]
fn a_step_among_wrong_messages_is_a_step_of_that_clock() {
    each_seed(10, |seed| {
        for by in [300 * MS, -300 * MS] {
            let at = 500 + i64::try_from(seed).unwrap() * 60;
            let load = Load { wrong: 3, ppm: 20, step: Some((at, by)), ..Load::new(seed) };
            let (store, domains, model) = analyse(&load.draft().0);
            let third = clock(&domains, "c");
            assert_eq!(blames(&model), [(Code::X3, third.at())], "{load:?}: {:#?}", model.findings());
            let found = model.jumps(third);
            let shown = [load.read(2, NOW + at * GAP) - by, load.read(2, NOW + at * GAP)];
            let (before, after) = found[0];
            assert!(
                before <= shown[1].max(shown[0]) && shown[0].min(shown[1]) <= after,
                "{load:?}: {found:?} {shown:?}"
            );
            assert!(after - before < 4 * S, "{load:?}: {} s", (after - before) / S);
            let reference = Some(clock(&domains, "a"));
            let steady = model.with_options(&store, &domains, &Options { reference, ..Options::default() });
            load.assert_truth(&domains, &steady);
        }
    });
}

#[test]
fn what_is_not_wrong_is_not_outvoted() {
    each_seed(12, |seed| {
        let load = Load { ppm: 24, ..Load::new(seed) };
        for innocent in
            [load, Load { is_long: true, ..load }, Load { is_coarse: true, ..load }, Load { ppm: 0, ..load }]
        {
            let (_, domains, model) = analyse(&innocent.draft().0);
            assert!(model.repairs().is_empty(), "{innocent:?}: {:#?}", model.findings());
            assert_eq!(blames(&model), []);
            if !innocent.is_coarse {
                innocent.assert_truth(&domains, &model);
            }
        }
    });
}

/// Votes that nobody asked for: even where every pair of clocks votes, right messages all count.
#[test]
fn a_vote_among_right_messages_sets_none_aside() {
    each_seed(12, |seed| {
        for load in [Load { ppm: 24, ..Load::new(seed) }, Load { is_coarse: true, ppm: 24, ..Load::new(seed) }] {
            let mut draft = load.draft().0;
            // Three calls whose answers are a minute late, and a budget that weighs none of them.
            for (at, id) in (0..3).zip([90_001, 90_003, 90_005]) {
                let sent = NOW + (300 + 100 * at) * GAP;
                let times = [
                    load.read(0, sent),
                    load.read(1, sent + 60 * S),
                    load.read(1, sent + 61 * S),
                    load.read(0, sent + 9 * MS),
                ];
                draft.call((0, 1), id, 0, times);
            }
            let options = Options { budget: Budget { weighed: 0, ..Budget::default() }, ..Options::default() };
            let (_, domains, model) = analyse_with(&draft, &options);
            let votes: Vec<_> = model.repairs().iter().filter_map(|repair| repair.votes.as_ref()).collect();
            assert_eq!(votes.len(), 1, "{load:?}: {:#?}", model.findings());
            assert_eq!((votes[0].outvoted, votes[0].undecided), (3, 0), "{load:?}: {:#?}", model.findings());
            assert_eq!(blames(&model), []);
            if !load.is_coarse {
                load.assert_truth(&domains, &model);
            }
        }
    });
}

/// A step alone is a step alone, however many messages contradict each other across it.
#[test]
fn no_message_is_held_against_the_others_because_of_a_step() {
    each_seed(12, |seed| {
        for by in [300 * MS, -300 * MS, 40 * S] {
            let at = 300 + i64::try_from(seed).unwrap() * 80;
            let load = Load { ppm: 20, step: Some((at, by)), ..Load::new(seed) };
            let options = Options { budget: Budget { many: 0, ..Budget::default() }, ..Options::default() };
            let (_, domains, model) = analyse_with(&load.draft().0, &options);
            assert_eq!(blames(&model), [(Code::X3, clock(&domains, "c").at())], "{load:?}: {:#?}", model.findings());
            let others: Vec<_> = model.repairs().iter().filter(|own| own.votes.is_some()).collect();
            assert!(others.is_empty(), "{load:?}: {:#?}", model.findings());
        }
    });
}

/// What is not weighed is said.
#[test]
fn a_budget_that_is_spent_is_said_in_words() {
    let load = Load { step: Some((700, 300 * MS)), ..Load::new(1) };
    let said = |budget: Budget| {
        let (_, _, model) = analyse_with(&load.draft().0, &Options { budget, ..Options::default() });
        let said: Vec<String> = model.findings().iter().map(|finding| finding.sentence.clone()).collect();
        said.join("\n")
    };
    let usual = Budget::default();
    let cut = [
        "were set aside one by one; more were not",
        "There are too many ways to explain it to try all",
        "There is too much of it to try every other explanation",
    ];
    let complete = said(usual);
    assert!(cut.iter().all(|words| !complete.contains(words)), "{complete}");
    let given_up = said(Budget { many: 0, weighed: 0, unweighed: 1, loops: 0, ..usual });
    assert!(given_up.contains(cut[0]), "{given_up}");
    let first_found = said(Budget { tries: 1, ..usual });
    assert!(first_found.contains(cut[1]), "{first_found}");
    // Two clocks, so that there is another explanation.
    let jump = |clock: usize, time: i64| if clock == 1 && time >= NOW + 30 * S { time + 400 * MS } else { time };
    let options = Options { budget: Budget { arcs: 0, ..usual }, ..Options::default() };
    let (_, _, model) = analyse_with(&conversation(600, 100 * MS, jump), &options);
    assert!(model.findings()[0].sentence.contains(cut[2]), "{:#?}", model.findings());
}
