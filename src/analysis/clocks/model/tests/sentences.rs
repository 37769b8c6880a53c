//! What findings say to a tired reader: which span is which, and numbers that can be read.

use super::super::super::evidence::ppm_text;
use super::*;

/// A service that calls another one 900 ms ahead; both spans of a call have one name.
fn posts(names: [&str; 2]) -> Draft {
    let mut draft = conversation(6, 10 * MS, |clock, time| time - i64::from(clock == 1) * 900 * MS);
    for call in 0..6 {
        for (at, name) in names.iter().enumerate() {
            draft.at(2 * call + at).name = (*name).to_owned();
        }
    }
    draft
}

#[test]
fn spans_of_one_name_are_told_apart_by_their_lanes_and_others_are_not() {
    let sentence = |draft: &Draft| {
        let (_, _, model) = analyse(draft);
        let found = model.findings().iter().find(|finding| finding.code == Code::N0);
        found.map(|finding| finding.sentence.clone()).unwrap()
    };
    let same = sentence(&posts(["post", "post"]));
    assert!(same.starts_with("“post” on b appears to happen "), "{same}");
    assert!(same.contains(" before “post” on a caused it. "), "{same}");
    let different = sentence(&posts(["post", "handle"]));
    assert!(different.starts_with("“handle” appears to happen "), "{different}");
    assert!(different.contains(" before “post” caused it. "), "{different}");
}

#[test]
fn rates_are_read_in_groups_of_three_digits() {
    for (ppb, text) in [(0, "0 ppm"), (500, "0.5 ppm"), (50_000, "50 ppm"), (83_333_120, "83,333.12 ppm")] {
        assert_eq!(ppm_text(ppb), text);
    }
    // A clock that runs 3,000 ppm fast, which is believed of it: a drift, and how much at least.
    let draft = conversation(40, 10 * S, |clock, time| time + (time - NOW) / 1_000 * 3 * i64::from(clock == 1));
    let (_, _, model) = analyse_with(&draft, &Options { drift_ppb: 5_000_000, ..Options::default() });
    let drift = model.findings().iter().find(|finding| finding.code == Code::X1).unwrap();
    assert!(drift.sentence.contains("A drift of at least 2,9"), "{}", drift.sentence);
}
