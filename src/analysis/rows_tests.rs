//! Self times, statistics and the span table, against oracles that do it one span at a time.

use proptest::prelude::*;
use std::collections::BTreeMap;
use strum::IntoEnumIterator as _;

use super::attribute_keys::attribute_keys;
use super::clocks::domains::Domains;
use super::search::samples::{Seed, build, seeds};
use super::search::{CancelFlag, Categories, Field, SpanSet, Subject, matching, parse};
use super::self_time::SelfTimes;
use super::statistics::{Group, StatColumn, Statistics};
use super::table::{Column, Rows};
use crate::model::{DomainIx, SpanFlags, SpanIx, TraceStore};

fn fields() -> Vec<Field> {
    let attr = |key: &str| Field::Attr(key.to_owned());
    let mut fields = vec![Field::Name, Field::Service, Field::Clock, Field::Kind, Field::Status, Field::Scope];
    fields.extend([Field::Trace, Field::Input, attr("model"), attr("n"), attr("nobody has it")]);
    fields
}

/// The text of a field, from the table's cell, and whether there is a value at all.
fn value(rows: &Rows<'_>, categories: &Categories, field: &Field, ix: SpanIx) -> Option<String> {
    let cell = rows.cell(ix, &Column::Field(field.clone()), true);
    let label = categories.label(ix).map(|label| label.text(rows.store, rows.domains).into_owned());
    assert_eq!(label.clone().unwrap_or_default(), cell, "{field} of {ix:?}");
    label
}

/// Marks every nanosecond that a child of the same clock covers. Times in the random stores are below 50.
fn naive_self_ns(store: &TraceStore, domains: &Domains, ix: SpanIx) -> Option<i64> {
    let span = store.span(ix);
    if span.duration_ns().is_none_or(|ns| ns < 0) {
        return None;
    }
    let is_covered = |at: i64| {
        store.span_ixs().any(|other| {
            let child = store.span(other);
            child.parent() == Some(ix)
                && domains.of_span[other.at()] == domains.of_span[ix.at()]
                && child.duration_ns().is_some_and(|ns| ns >= 0)
                && (child.start_ns()..child.end_ns()).contains(&at)
        })
    };
    Some((span.start_ns()..span.end_ns()).filter(|&at| !is_covered(at)).count() as i64)
}

fn naive_group(store: &TraceStore, self_times: &SelfTimes, spans: &[SpanIx]) -> Group {
    let mut durations: Vec<i64> =
        spans.iter().filter_map(|&ix| store.span(ix).duration_ns()).filter(|&ns| ns >= 0).collect();
    durations.sort_unstable();
    // Nearest rank, from its definition: the smallest value that at least p percent do not exceed.
    let percentile = |percent: usize| {
        let enough =
            |value: i64| durations.iter().filter(|&&ns| ns <= value).count() * 100 >= percent * durations.len();
        durations.iter().copied().find(|&ns| enough(ns))
    };
    Group {
        label: None,
        count: spans.len() as u64,
        errors: spans.iter().filter(|ix| store.flags()[ix.at()].has(SpanFlags::ERROR)).count() as u64,
        untimed: (spans.len() - durations.len()) as u64,
        total_ns: durations.iter().map(|&ns| i128::from(ns)).sum(),
        self_ns: spans.iter().filter_map(|&ix| self_times.get(ix)).map(i128::from).sum(),
        p50_ns: percentile(50),
        p95_ns: percentile(95),
        max_ns: durations.last().copied(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn self_time_is_what_no_child_on_the_same_clock_covers(seeds in seeds()) {
        let (store, domains) = build(&seeds);
        let self_times = SelfTimes::new(&store, &domains, &CancelFlag::new()).unwrap();
        for ix in store.span_ixs() {
            prop_assert_eq!(self_times.get(ix), naive_self_ns(&store, &domains, ix));
        }
    }

    #[test]
    fn statistics_agree_with_grouping_by_text(seeds in seeds(), mask in any::<u16>()) {
        let (store, domains) = build(&seeds);
        let cancel = CancelFlag::new();
        let self_times = SelfTimes::new(&store, &domains, &cancel).unwrap();
        let rows = Rows { store: &store, domains: &domains, self_times: &self_times, known: None };
        let chosen = SpanSet::from_fn(store.len(), &cancel, |at| mask >> (at % 16) & 1 == 1).unwrap();
        for (field, among) in fields().into_iter().flat_map(|field| [(field.clone(), None), (field, Some(&chosen))]) {
            let categories = Categories::new(&store, &domains, &field, &cancel).unwrap();
            let mut expected: BTreeMap<Option<String>, Vec<SpanIx>> = BTreeMap::new();
            for ix in store.span_ixs().filter(|&ix| among.is_none_or(|among| among.has(ix))) {
                expected.entry(value(&rows, &categories, &field, ix)).or_default().push(ix);
            }
            let found = Statistics::new(&store, &domains, &self_times, &field, among, &cancel).unwrap();
            prop_assert_eq!(found.groups.len(), expected.len(), "{}", field);
            for group in &found.groups {
                let text = group.label.map(|label| label.text(&store, &domains).into_owned());
                let spans = &expected[&text];
                prop_assert_eq!(Group { label: None, ..*group }, naive_group(&store, &self_times, spans), "{}", field);
                // A click on the row finds exactly these spans.
                let query = found.query(&store, &domains, group);
                prop_assert_eq!(parse(&query.to_string()), Ok(query.clone()));
                let mut hits = matching(&Subject::new(&store, &domains), &query, &cancel).unwrap();
                if let Some(among) = among {
                    hits.keep(among);
                }
                prop_assert_eq!(&hits.iter().collect::<Vec<_>>(), spans, "{}", query);
            }
            let all: Vec<SpanIx> = expected.into_values().flatten().collect();
            prop_assert_eq!(found.whole, naive_group(&store, &self_times, &all));
            prop_assert!(found.groups.is_sorted_by_key(|group| std::cmp::Reverse(group.total_ns)));
        }
    }

    #[test]
    fn statistics_sort_by_any_column_with_the_missing_last(seeds in seeds()) {
        let (store, domains) = build(&seeds);
        let cancel = CancelFlag::new();
        let self_times = SelfTimes::new(&store, &domains, &cancel).unwrap();
        for field in fields() {
            let plain = Statistics::new(&store, &domains, &self_times, &field, None, &cancel).unwrap();
            for (column, is_descending) in StatColumn::iter().flat_map(|column| [(column, false), (column, true)]) {
                let mut sorted = plain.clone();
                sorted.sort(&store, &domains, column, is_descending);
                let mut again = plain.clone();
                again.sort(&store, &domains, column, is_descending);
                prop_assert_eq!(&again, &sorted);
                if column == StatColumn::Value {
                    let last_known = sorted.groups.iter().rposition(|group| group.label.is_some());
                    let first_missing = sorted.groups.iter().position(|group| group.label.is_none());
                    prop_assert!(first_missing.is_none() || last_known < first_missing);
                    continue;
                }
                let known: Vec<i128> = sorted.groups.iter().map_while(|group| group.number(column)).collect();
                let missing = sorted.groups.iter().filter(|group| group.number(column).is_none()).count();
                prop_assert_eq!(known.len() + missing, sorted.groups.len());
                let is_right = if is_descending { known.is_sorted_by(|a, b| a >= b) } else { known.is_sorted() };
                prop_assert!(is_right, "{}", column);
            }
        }
    }

    #[test]
    fn the_table_sorts_stably_with_the_missing_last(seeds in seeds(), mask in any::<u16>()) {
        let (store, domains) = build(&seeds);
        let cancel = CancelFlag::new();
        let self_times = SelfTimes::new(&store, &domains, &cancel).unwrap();
        let rows = Rows { store: &store, domains: &domains, self_times: &self_times, known: None };
        let chosen = SpanSet::from_fn(store.len(), &cancel, |at| mask >> (at % 16) & 1 == 1).unwrap();
        let mut columns: Vec<Column> = fields().into_iter().map(Column::Field).collect();
        columns.extend([Column::Id, Column::Start, Column::Duration, Column::SelfTime]);
        columns.extend([Column::Attributes, Column::Events, Column::Offset]);
        for column in columns {
            for (among, is_descending) in [(None, false), (None, true), (Some(&chosen), false), (Some(&chosen), true)] {
                let sorted = rows.sorted(among, &column, is_descending, &cancel).unwrap();
                let mut seen: Vec<SpanIx> = sorted.clone();
                seen.sort_unstable();
                let all: Vec<SpanIx> =
                    store.span_ixs().filter(|&ix| among.is_none_or(|among| among.has(ix))).collect();
                prop_assert_eq!(seen, all);
                let keys: Vec<_> = sorted.iter().map(|&ix| naive_key(&rows, &column, ix)).collect();
                for (pair, ixs) in keys.windows(2).zip(sorted.windows(2)) {
                    let is_right = match (&pair[0], &pair[1]) {
                        (None, Some(_)) => false,
                        (Some(_), None) => true,
                        (a, b) if a == b => ixs[0] < ixs[1],
                        (a, b) => (a < b) != is_descending,
                    };
                    prop_assert!(is_right, "{} {:?} {:?}", column, pair, ixs);
                }
            }
        }
    }
}

/// (numbers first, number, folded text, text), as a person would order cells.
fn naive_key(rows: &Rows<'_>, column: &Column, ix: SpanIx) -> Option<(bool, i128, String, String)> {
    let cell = rows.cell(ix, column, true).into_owned();
    let number = |cell: &str| cell.parse::<f64>().ok().filter(|number| number.is_finite());
    match column {
        Column::Id => match u64::from_str_radix(&cell, 16) {
            Ok(bits) => Some((false, bits.into(), String::new(), String::new())),
            Err(_) => Some((true, 0, cell.to_lowercase(), cell)),
        },
        Column::Field(field) => {
            let categories = Categories::new(rows.store, rows.domains, field, &CancelFlag::new()).unwrap();
            let cell = value(rows, &categories, field, ix)?;
            let folded = cell.chars().flat_map(char::to_lowercase).map(|c| if c == 'ς' { 'σ' } else { c }).collect();
            match (field, number(&cell)) {
                // Halves, so that -2.5 is a whole number of them.
                (Field::Attr(_), Some(number)) => Some((false, (number * 2.0) as i128, folded, cell)),
                _ => Some((true, 0, folded, cell)),
            }
        }
        Column::Duration if cell.starts_with('-') => None,
        _ => (!cell.is_empty()).then(|| (false, cell.parse().unwrap(), String::new(), String::new())),
    }
}

#[test]
fn children_on_another_clock_leave_self_time_alone() {
    let seed = |parent, start, end| Seed {
        name: 0,
        trace: 1,
        parent,
        start,
        end,
        resource: 0,
        attrs: Vec::new(),
        event: None,
        message: 3,
        kind: 0,
        status: 0,
    };
    let (store, mut domains) = build(&[seed(0, 10, 40), seed(1, 5, 20), seed(1, 15, 25), seed(1, 30, 35)]);
    let self_ns = |domains: &Domains| SelfTimes::new(&store, domains, &CancelFlag::new()).unwrap().get(SpanIx(0));
    assert_eq!(self_ns(&domains), Some(10));
    domains.of_span[3] = DomainIx(1);
    assert_eq!(self_ns(&domains), Some(15));
}

#[test]
fn unknown_times_are_told_in_words_and_sort_last() {
    let seed = |start, end| Seed {
        name: 0,
        trace: 1,
        parent: 0,
        start,
        end,
        resource: 0,
        attrs: Vec::new(),
        event: None,
        message: 3,
        kind: 0,
        status: 0,
    };
    let (store, domains) = build(&[seed(10, 0), seed(30, 20), seed(0, 0), seed(10, 14), seed(0, 9), seed(10, 11)]);
    let cancel = CancelFlag::new();
    let self_times = SelfTimes::new(&store, &domains, &cancel).unwrap();
    let rows = Rows { store: &store, domains: &domains, self_times: &self_times, known: None };
    let cells = |is_exact| store.span_ixs().map(move |ix| rows.cell(ix, &Column::Duration, is_exact));
    let people: Vec<_> = cells(false).collect();
    assert_eq!(people, ["open", "ends before start", "no times", "4 ns", "no start", "1 ns"]);
    assert_eq!(cells(true).collect::<Vec<_>>(), ["", "-10", "", "4", "", "1"]);
    for (is_descending, expected) in [(false, [5, 3, 0, 1, 2, 4]), (true, [3, 5, 0, 1, 2, 4])] {
        let sorted = rows.sorted(None, &Column::Duration, is_descending, &cancel).unwrap();
        assert_eq!(sorted, expected.map(SpanIx));
    }
}

#[test]
fn the_keys_are_those_of_spans_resources_and_scopes() {
    let (store, _) = build(&[]);
    let keys: Vec<&str> = attribute_keys(&store).into_iter().map(|key| store.text(key)).collect();
    assert_eq!(keys, ["http.route", "model", "n", "service.name", "telemetry.sdk"]);
}

#[test]
fn columns_read_back_from_their_text() {
    let mut columns = Column::usual();
    columns.extend(fields().into_iter().map(Column::Field));
    columns.extend(Column::fixed());
    columns.extend([Column::Field(Field::Attr("odd key:".to_owned()))]);
    for column in columns {
        assert_eq!(column.to_string().parse::<Column>().as_ref(), Ok(&column));
    }
    assert!("error".parse::<Column>().is_err());
    assert!("".parse::<Column>().is_err());
    assert!("a OR b".parse::<Column>().is_err());
}

#[test]
fn cancelled_work_has_no_result() {
    let (store, domains) = build(&[]);
    let cancel = CancelFlag::new();
    let self_times = SelfTimes::new(&store, &domains, &cancel).unwrap();
    cancel.cancel();
    assert_eq!(SelfTimes::new(&store, &domains, &cancel), None);
    assert!(Statistics::new(&store, &domains, &self_times, &Field::Name, None, &cancel).is_none());
    let rows = Rows { store: &store, domains: &domains, self_times: &self_times, known: None };
    for column in [Column::Id, Column::Start, Column::Field(Field::Name)] {
        assert_eq!(rows.sorted(None, &column, true, &cancel), None);
    }
}
