//! Bands as they are drawn, against the analysis itself and against plain definitions.

use proptest::prelude::*;

use super::*;
use crate::analysis::clocks::domains::{self, Domains};
use crate::analysis::clocks::{Offset, Options};
use crate::load::Source;
use crate::model::time::{MS, S};

/// Calls from clock 0 to clock 1, each (sent, received, replied, done) as the clocks showed it.
fn store(calls: &[[i64; 4]]) -> TraceStore {
    store_of(calls, 3, 2)
}

/// The same with spans of other kinds.
fn store_of(calls: &[[i64; 4]], near: u8, far: u8) -> TraceStore {
    let (mut clients, mut servers) = (Vec::new(), Vec::new());
    for (at, [sent, received, replied, done]) in calls.iter().enumerate() {
        let (client, server) = (at * 2 + 1, at * 2 + 2);
        let trace = "\"traceId\":\"0af7651916cd43dd8448eb211c80319c\"";
        clients.push(format!(
            "{{{trace},\"spanId\":\"{client:016x}\",\"name\":\"ask\",\"kind\":{near},\"status\":{{\"code\":1}},\
             \"startTimeUnixNano\":\"{sent}\",\"endTimeUnixNano\":\"{done}\"}}"
        ));
        servers.push(format!(
            "{{{trace},\"spanId\":\"{server:016x}\",\"parentSpanId\":\"{client:016x}\",\"name\":\"serve\",\"kind\":{far},\
             \"status\":{{\"code\":1}},\"startTimeUnixNano\":\"{received}\",\"endTimeUnixNano\":\"{replied}\"}}"
        ));
    }
    let resource = |host: &str, spans: &[String]| {
        let attribute =
            |key: &str, value: &str| format!("{{\"key\":\"{key}\",\"value\":{{\"stringValue\":\"{value}\"}}}}");
        let attributes = [attribute("host.id", host), attribute("service.name", host)].join(",");
        let spans = spans.join(",");
        format!("{{\"resource\":{{\"attributes\":[{attributes}]}},\"scopeSpans\":[{{\"spans\":[{spans}]}}]}}")
    };
    let text = format!("{{\"resourceSpans\":[{},{}]}}", resource("near", &clients), resource("far", &servers));
    let source = Source::memory("calls.json", text.as_bytes());
    crate::load::load(&[source], &crate::load::Options::default(), &crate::load::Progress::default()).unwrap().store
}

fn analysed(calls: &[[i64; 4]]) -> (TraceStore, Domains, ClockModel) {
    let store = store(calls);
    let domains = domains::assign(&store);
    let model = ClockModel::analyse(&store, &domains, &Options::default());
    (store, domains, model)
}

const NOW: i64 = 1_795_000_000 * S + 123_457;

/// One call every `gap`; the other clock shows `offset(time)` more.
fn calls(count: i64, gap: i64, offset: impl Fn(i64) -> i64) -> Vec<[i64; 4]> {
    let call = |at: i64| {
        // Times that look rounded would be read as rounded.
        let sent = NOW + at * gap + at * 611_953 % MS;
        let (received, replied) = (sent + 2 * MS + at * 7_919 % MS, sent + 9 * MS + at * 15_485_863 % MS);
        [sent, received + offset(received), replied + offset(replied), replied + 3 * MS + at * 104_729 % MS]
    };
    (0..count).map(call).collect()
}

fn clocks(domains: &Domains, model: &ClockModel) -> (DomainIx, DomainIx) {
    let reference = model.reference().unwrap().domain;
    (reference, (0..domains.list.len()).map(DomainIx::from_usize).find(|&domain| domain != reference).unwrap())
}

#[test]
fn the_drawn_band_is_never_narrower_than_what_is_known() {
    let (store, domains, model) = analysed(&calls(40, 30 * S, |_| 250 * MS));
    let (a, b) = clocks(&domains, &model);
    let axis = AxisOf { model: &model, domains: &domains, is_frame: false };
    let offsets = Offsets::new(&store, axis, a, b).unwrap();
    assert!(offsets.is_known() && offsets.jumps.is_empty() && offsets.stretches.len() == 1);
    let hull = store.time_hull_ns().unwrap();
    for (from_ns, to_ns, columns) in [
        (hull.start, hull.end, 500),
        (hull.start, hull.end, 9),
        (hull.start + 60 * S, hull.start + 61 * S, 300),
        (hull.start - S, hull.end + S, 40),
    ] {
        let view = offsets.view(&Window::plain(TimeRange { from_ns, to_ns }, columns));
        let filled = view.stretches[0].filled();
        assert!(filled.len() > 1 && filled.is_sorted_by_key(|corner| corner.0));
        assert!(filled.len() <= columns * 8 + 8);
        for part in filled.windows(2).filter(|part| part[0].0 < part[1].0) {
            for share in [0, 1, 2, 3] {
                let at = part[0].0 + (part[1].0 - part[0].0) / 3 * share;
                let known: Offset = model.offset(b, at);
                let drawn =
                    |of: fn(&(i64, i64, i64)) -> i64| between((part[0].0, of(&part[0])), (part[1].0, of(&part[1])), at);
                // A nanosecond of rounding outward each.
                assert!(drawn(|corner| corner.1) <= known.lo_ns.unwrap() + 2, "{at}: {known:?}");
                assert!(drawn(|corner| corner.2) >= known.hi_ns.unwrap() - 2, "{at}: {known:?}");
            }
        }
        assert!(view.lo_ns <= view.hi_ns && view.height.0 < view.height.1);
    }
}

#[test]
fn between_messages_a_bound_widens_as_clocks_drift() {
    // Twice 50 ppm over 30 s: 1.5 ms away from a message, which a straight line would hide.
    let (store, domains, model) = analysed(&calls(3, 60 * S, |_| 0));
    let (a, b) = clocks(&domains, &model);
    let axis = AxisOf { model: &model, domains: &domains, is_frame: false };
    let offsets = Offsets::new(&store, axis, a, b).unwrap();
    let stretch = &offsets.stretches[0];
    let middle = NOW + 30 * S;
    let (drawn, known) =
        (stretch.hi.as_ref().unwrap().value_at(middle).unwrap(), model.offset(b, middle).hi_ns.unwrap());
    assert!((drawn - known).abs() <= 2, "{drawn} {known}");
    let near = model.offset(b, NOW).hi_ns.unwrap();
    assert!(drawn > near + MS, "{drawn} {near}");
}

#[test]
fn a_step_parts_the_band_and_is_measured() {
    let stepped = |time: i64| if time >= NOW + 170 * S { 400 * MS } else { 0 };
    let (store, domains, model) = analysed(&calls(200, S, stepped));
    let (a, b) = clocks(&domains, &model);
    let axis = AxisOf { model: &model, domains: &domains, is_frame: false };
    // Whichever of the two is blamed, the offset of one against the other steps, by its own size.
    let both = [Offsets::new(&store, axis, a, b).unwrap(), Offsets::new(&store, axis, b, a).unwrap()];
    let jumps: Vec<&Jump> = both.iter().flat_map(|offsets| &offsets.jumps).collect();
    assert!(!jumps.is_empty(), "{:#?} {:#?}", model.repairs(), model.findings());
    for offsets in both.iter().filter(|offsets| !offsets.jumps.is_empty()) {
        assert!(offsets.stretches.iter().filter(|stretch| stretch.is_steady).count() == 2);
        let jump = offsets.jumps.iter().max_by_key(|jump| jump.lo_ns.unwrap().abs()).unwrap();
        let sizes = (jump.lo_ns.unwrap(), jump.hi_ns.unwrap());
        let (lo, hi) = if sizes.1 < 0 { (-sizes.1, -sizes.0) } else { sizes };
        assert!(lo <= 400 * MS && 400 * MS <= hi && hi - lo < 60 * MS, "{jump:?}");
        let (from, to) = (jump.time.from_ns, jump.time.to_ns);
        assert!(from <= NOW + 171 * S && NOW + 169 * S <= to && to - from < 6 * S, "{jump:?}");
        // Apart from the jump the band is as narrow as a round trip.
        let view = offsets.view(&Window::plain(TimeRange { from_ns: NOW, to_ns: NOW + 50 * S }, 100));
        assert!(view.hi_ns.unwrap() - view.lo_ns.unwrap() < 20 * MS, "{view:?}");
    }
}

#[test]
fn drift_is_proven_or_not_said() {
    for (ppm, seconds) in [(40, 1_200), (-30, 1_500), (0, 1_200), (1, 60)] {
        let (store, domains, model) = analysed(&calls(seconds, S, |time| (time - NOW) / 1_000_000 * ppm));
        let (a, b) = clocks(&domains, &model);
        let axis = AxisOf { model: &model, domains: &domains, is_frame: false };
        let offsets = Offsets::new(&store, axis, a, b).unwrap();
        let sign = if domains.list[b.at()].value == "far" { 1 } else { -1 };
        let (lo, hi) = offsets.stretches[0].drift_ppb.unwrap();
        assert!(lo <= sign * ppm * 1_000 + 10 && sign * ppm * 1_000 - 10 <= hi, "{ppm}: {lo}..{hi}");
        let whole = TimeRange { from_ns: i64::MIN, to_ns: i64::MAX };
        let said = offsets.view(&Window::plain(whole, 100)).stretches[0].drift_ppb;
        let known = offsets.stretches[0].drift_ppb;
        let ends = (model.offset(b, NOW), model.offset(b, NOW + seconds * S));
        assert_eq!(said.is_some(), ppm.abs() > 20, "{ppm}: {said:?} {known:?} {ends:?} {:?}", model.repairs());
    }
}

#[test]
fn one_direction_leaves_a_side_open() {
    let store = store_of(&calls(20, S, |_| 30 * MS), 4, 5);
    let domains = domains::assign(&store);
    let model = ClockModel::analyse(&store, &domains, &Options::default());
    let axis = AxisOf { model: &model, domains: &domains, is_frame: false };
    let offsets = Offsets::new(&store, axis, DomainIx(0), DomainIx(1)).unwrap();
    let view = offsets.view(&Window::plain(TimeRange { from_ns: NOW, to_ns: NOW + 20 * S }, 100));
    let stretch = &view.stretches[0];
    assert!(offsets.is_known() && stretch.lo.is_some() != stretch.hi.is_some(), "{stretch:?}");
    assert!(stretch.filled().is_empty() && stretch.is_assumed);
    assert_eq!(view.lo_ns.is_some(), stretch.lo.is_some());
}

#[test]
fn rows_are_those_in_view() {
    let (store, domains, model) = analysed(&calls(10, S, |_| 0));
    let (a, b) = clocks(&domains, &model);
    let axis = AxisOf { model: &model, domains: &domains, is_frame: false };
    let offsets = Offsets::new(&store, axis, a, b).unwrap();
    let count = |from: i64, to: i64| {
        let rows = offsets.rows(&store, TimeRange { from_ns: NOW + from, to_ns: NOW + to });
        assert_eq!(rows[0][0], "kind");
        rows.iter().filter(|row| row[0] == "message").count()
    };
    assert_eq!(count(-S, 100 * S), offsets.counts().0);
    assert_eq!(count(-2 * S, -S), 0);
    assert!(count(0, 5 * S) < offsets.counts().0);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn tents_are_what_every_point_allows(
        steps in prop::collection::vec((1_i64..2_000_000, -100_i64..=100), 1..12),
        ppb in prop::sample::select(vec![0_u32, 1, 50_000, 100_000, 3_000_000]),
        upper in any::<bool>(),
        before in 0_i64..500_000,
    ) {
        // Neighbours never differ by more than drift allows: the solver's bounds never do.
        let mut known = vec![(0_i64, 0_i64)];
        for (gap, percent) in steps {
            let (at, value) = *known.last().unwrap();
            let most = i64::try_from(i128::from(gap) * i128::from(ppb) / 1_000_000_000).unwrap();
            known.push((at + gap, value + most * percent / 100));
        }
        let reach = (-before, known.last().unwrap().0 + before);
        let follow = if upper { Follow::Most } else { Follow::Least };
        let sign = if upper { 1 } else { -1 };
        let line = Series::new(tents(&known, ppb, reach, follow));
        for part in 0..=97_i64 {
            let at = reach.0 + (reach.1 - reach.0) * part / 97;
            // The oracle: the tightest of what all points allow.
            let allowed = known.iter().map(|&(time, value)| {
                value as f64 * sign as f64 + (at - time).abs() as f64 * f64::from(ppb) / 1e9
            });
            let exact = allowed.fold(f64::INFINITY, f64::min);
            let drawn = line.value_at(at).unwrap() as f64 * sign as f64;
            // Whole nanoseconds: an apex of less than one is left out, and corners and the line are rounded.
            prop_assert!((drawn - exact).abs() <= 3.5, "{} at {at}: {drawn} {exact}", ppb);
        }
    }
}
