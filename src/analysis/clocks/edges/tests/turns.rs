//! The order of a conversation's turns.

use super::*;

/// Turns of one conversation: host, number or history, start and end; and what else the spans say.
fn turns(draft: &Draft) -> Vec<String> {
    edges(draft).0.into_iter().filter(|edge| edge.starts_with("turn_before_next")).collect()
}

#[test]
fn turns_follow_each_other_by_their_numbers() {
    let turn = |draft: &mut Draft, host: usize, number: i64, times: (i64, i64)| {
        let id = 100 + draft.len() as u64;
        let span = draft.span(host, id, 0, times.0, times.1);
        span.name = "turn".into();
        span.attrs.push(("turn.number", number));
        span.texts.push(("conversation.id", "c-1"));
    };
    let run = |change: &dyn Fn(&mut Draft)| {
        let (mut draft, a, b) = two_hosts();
        for (number, host) in [(1, a), (2, b), (3, a)] {
            turn(&mut draft, host, number, (1_000 * number, 1_000 * number + 500));
        }
        change(&mut draft);
        turns(&draft)
    };
    let both = ["turn_before_next: 0.end -> 1.start", "turn_before_next: 1.end -> 2.start"];
    assert_eq!(run(&|_| {}), both);
    // What clocks show does not decide what comes first.
    let backwards = |draft: &mut Draft| turn(draft, 1, 4, (10, 20));
    assert_eq!(run(&backwards).len(), 3);
    // Spoken into, given up, failed: nobody waited for its end.
    for says in [("turn.was_interrupted", "true"), ("error.type", "cancelled")] {
        assert_eq!(run(&|draft: &mut Draft| draft.at(1).texts.push(says)), both[..1], "{says:?}");
    }
    // Generated anew: nobody knows which one the next turn follows.
    assert!(run(&|draft: &mut Draft| turn(draft, 0, 2, (2_600, 2_700))).is_empty());
    // A number is missing.
    assert_eq!(run(&|draft: &mut Draft| draft.at(2).attrs[0].1 = 7), both[..1]);
    // Another conversation, or none.
    assert_eq!(run(&|draft: &mut Draft| draft.at(2).texts[0].1 = "c-2"), both[..1]);
    assert_eq!(run(&|draft: &mut Draft| draft.at(2).texts.clear()), both[..1]);
    // Turns that overlap on one clock: several things are asked at once.
    assert!(run(&|draft: &mut Draft| turn(draft, 0, 4, (3_100, 3_200))).is_empty());
}

#[test]
fn turns_follow_each_other_by_what_they_repeat() {
    const FIRST: &str = "[{\"role\":\"user\",\"content\":\"hi\"}]";
    const SECOND: &str = "[{\"role\":\"user\",\"content\":\"hi\"},{\"role\":\"assistant\",\"content\":\"hello\"},\
                          {\"role\":\"user\",\"content\":\"and?\"}]";
    const BRANCH: &str = "[{\"role\":\"user\",\"content\":\"hi\"},{\"role\":\"assistant\",\"content\":\"hello\"},\
                          {\"role\":\"user\",\"content\":\"or?\"}]";
    const BEGUN: &str = "[{\"role\":\"user\",\"content\":\"hi\"},{\"role\":\"assistant\",\"content\":\"{\"}]";
    const LONGER: &str = "[{\"role\":\"user\",\"content\":\"hi\"},{\"role\":\"user\",\"content\":\"more\"}]";
    let run = |texts: &[&'static str]| {
        let (mut draft, a, b) = two_hosts();
        for (at, text) in (0..).zip(texts) {
            let span =
                draft.span([a, b][at as usize % 2], at + 1, 0, 1_000 * (1 + at as i64), 1_000 * (1 + at as i64) + 99);
            span.name = "chat".into();
            span.texts.extend([("gen_ai.conversation.id", "c-1"), ("gen_ai.input.messages", *text)]);
        }
        turns(&draft)
    };
    let one = ["turn_before_next: 0.end -> 1.start"];
    assert_eq!(run(&[FIRST, SECOND]), one);
    assert_eq!(run(&[FIRST, SECOND, FIRST]), [""; 0], "generated anew");
    assert_eq!(run(&[FIRST, BRANCH, SECOND]), one, "branches: the one on the other clock");
    assert_eq!(run(&[FIRST, BEGUN]), [""; 0], "the caller began the answer");
    assert_eq!(run(&[FIRST, LONGER]), [""; 0], "nothing was answered in between");
    assert_eq!(run(&[SECOND, FIRST]), ["turn_before_next: 1.end -> 0.start"]);
    assert_eq!(run(&["[]", FIRST]), [""; 0]);
    assert_eq!(run(&["", "]", "[{\"role\":\"user\""]), [""; 0]);
}

#[test]
fn turns_that_overlap_on_one_clock_switch_the_habit_off() {
    let (mut draft, a, b) = two_hosts();
    for (conversation, text) in (0..).zip(["c-0", "c-1", "c-2", "c-3", "c-4", "c-5"]) {
        // Two of six overlap.
        let late = if conversation % 3 == 0 { 700 } else { 0 };
        for number in 1..=3_i64 {
            let id = 1 + conversation as u64 * 3 + number as u64;
            let start = 10_000 * conversation + 1_000 * number;
            let span = draft.span(if number == 3 { b } else { a }, id, 0, start, start + 500 + late);
            span.name = "turn".into();
            span.attrs.push(("turn.number", number));
            span.texts.push(("conversation.id", text));
        }
    }
    let (found, classes) = edges(&draft);
    let class = classes.list.iter().find(|class| class.rule == Rule::TurnBeforeNext).unwrap();
    assert_eq!((class.uses, class.failures, class.is_off()), (10, 2, false));
    assert_eq!(found.iter().filter(|edge| edge.starts_with("turn_before_next")).count(), 4, "only of the others");
    for at in 0..draft.len() {
        draft.at(at).shift_end(700);
    }
    assert!(edges(&draft).1.list.iter().any(|class| class.rule == Rule::TurnBeforeNext && class.is_off()));
}
