//! Levels, classes, traces, drift bounds and reference clocks that are switched to and fro: whatever came before, the
//! answers are those of an analysis from nothing.

use proptest::prelude::*;

use super::*;
use crate::analysis::clocks::Known;

/// Calls among three clocks in four traces, one of them with a step or a wrong edge in it.
fn workspace(seed: u64, fault: u8) -> Draft {
    let mut draft = Draft::default();
    let hosts = ["a", "b", "c"].map(|name| draft.host(name, "python"));
    let mut dice = Dice(seed);
    let ahead = [0, dice.below(80 * MS) - 40 * MS, dice.below(80 * MS) - 40 * MS];
    for call in 0..24_i64 {
        let pair = [(0, 1), (1, 2), (2, 0)][usize::try_from(call % 3).unwrap()];
        let read = |clock: usize, time: i64| {
            let jumped = fault == 1 && clock == 2 && call >= 12;
            time + ahead[clock] + i64::from(jumped) * 300 * MS
        };
        let sent = NOW + call * 200 * MS + dice.below(MS);
        let received = sent + MS + dice.below(3 * MS);
        let replied = received + 4 * MS + dice.below(20 * MS);
        let done = replied + MS + dice.below(3 * MS);
        let mut times = [read(pair.0, sent), read(pair.1, received), read(pair.1, replied), read(pair.0, done)];
        if fault == 2 && call == 13 {
            (times[1], times[2]) = (times[1] - 600 * MS, times[2] - 600 * MS);
        }
        let id = u64::try_from(call).unwrap() * 2 + 1;
        draft.call((hosts[pair.0], hosts[pair.1]), id, 0, times);
        let trace = 1 + u128::try_from(call).unwrap() % 4;
        for at in [2 * call, 2 * call + 1] {
            draft.at(usize::try_from(at).unwrap()).trace = trace;
        }
    }
    draft
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn every_switch_gives_what_an_analysis_from_nothing_gives(
        seed in 0_u64..50,
        fault in 0_u8..3,
        moves in prop::collection::vec((0_u8..5, any::<prop::sample::Index>()), 1..7),
    ) {
        let draft = workspace(seed, fault);
        let (store, domains, mut model) = analyse(&draft);
        let mut options = Options::default();
        for (what, pick) in moves {
            match what {
                0 => options.level = [Evidence::Protocol, Evidence::Convention, Evidence::Prior][pick.index(3)],
                1 => {
                    let class = model.classes()[pick.index(model.classes().len())].key();
                    let whole = ClassChoice { rule: class.rule, names: None };
                    let class = [class.into(), whole][pick.index(2)];
                    match options.said.iter().position(|(other, _)| *other == class) {
                        Some(at) => drop(options.said.remove(at)),
                        None => options.said.push((class, pick.index(3) == 0)),
                    }
                }
                2 => options.only = [None, Some(TraceIx(0)), Some(TraceIx(2))][pick.index(3)],
                3 => options.drift_of = [vec![], vec![(DomainIx(1), 200_000)]][pick.index(2)].clone(),
                _ => options.reference = [None, Some(DomainIx(0)), Some(DomainIx(2))][pick.index(3)],
            }
            model = model.with_options(&store, &domains, &options);
            let fresh = ClockModel::analyse(&store, &domains, &options);
            prop_assert_eq!(model.findings(), fresh.findings());
            prop_assert_eq!(model.pairs(), fresh.pairs());
            prop_assert_eq!(model.reference(), fresh.reference());
            let keys: Vec<EventKey> = store.span_ixs().step_by(5).map(EventKey::end).collect();
            for &key in &keys {
                prop_assert_eq!(model.place(&store, &domains, key), fresh.place(&store, &domains, key));
                let both = [&model, &fresh].map(|model| model.between(&store, &domains, keys[0], key));
                prop_assert_eq!(both[0], both[1]);
            }
        }
    }
}

#[test]
fn levels_that_were_prepared_are_looked_up_and_say_the_same() {
    for fault in 0..3 {
        let (store, domains, _) = analyse(&workspace(3, fault));
        let known = Known::analyse(&store, &domains, &Options::default());
        let at = |level| Options { level, ..Options::default() };
        let twice = |level| [0, 1].map(|_| known.with_options(&store, &domains, &at(level)).model);
        let [first, second] = twice(Evidence::Prior);
        assert!(!first.has_durations_of(&second), "solved each time it is asked for");
        // The workspace was closed after the first level.
        let asked = std::cell::Cell::new(0);
        known.prepare(&store, &domains, || asked.replace(asked.get() + 1) < 1);
        let [first, second] = twice(Evidence::Prior);
        assert!(asked.get() == 2 && !first.has_durations_of(&second));
        known.prepare(&store, &domains, || true);
        for level in [Evidence::Protocol, Evidence::Convention, Evidence::Prior] {
            let [first, second] = twice(level);
            assert!(first.has_durations_of(&second), "{level}: remembered");
            let fresh = ClockModel::analyse(&store, &domains, &at(level));
            assert_eq!(first.findings(), fresh.findings());
            assert_eq!((first.pairs(), first.reference()), (fresh.pairs(), fresh.reference()));
        }
        // What was looked up remembers the others as well.
        let switched = known.with_options(&store, &domains, &at(Evidence::Prior)).model;
        let back = switched.with_options(&store, &domains, &at(Evidence::Protocol));
        assert!(back.has_durations_of(&twice(Evidence::Protocol)[0]));
    }
}
