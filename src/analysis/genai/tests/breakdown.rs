//! Where time went, over clocks that differ: intervals that hold the truth.

use super::fixture::{Span, store};
use crate::analysis::clocks::{ClockModel, Options, domains};
use crate::analysis::genai::{Breakdown, GenAi, Phase};
use crate::model::SpanIx;
use crate::model::time::MS;

/// A caller whose clock is right, and a tool on a machine whose clock is `ahead` milliseconds ahead.
fn spans(ahead: f64) -> Vec<Span> {
    let span = |id, parent, name: &str, ms, service: &str, kind: &str| Span {
        id,
        parent,
        name: name.to_owned(),
        ms,
        service: service.to_owned(),
        kind: kind.to_owned(),
        ..Span::default()
    };
    let mut all = vec![
        span(1, 0, "agent", [0.0, 1000.0], "app", "internal"),
        span(2, 1, "POST /tool", [100.0, 700.0], "app", "client"),
        span(3, 2, "execute_tool look", [110.0 + ahead, 680.0 + ahead], "tools", "server"),
    ];
    for (at, kind) in [(0, "invoke_agent"), (2, "execute_tool")] {
        all[at].attributes.insert("gen_ai.operation.name".to_owned(), kind.into());
    }
    all
}

#[test]
fn sums_do_not_depend_on_clocks_and_walls_are_intervals_that_hold_the_truth() {
    for ahead in [0.0, 5.0, -40_000.0, 3_600_000.0] {
        let store = store(&spans(ahead));
        let genai = GenAi::analyse(&store);
        let domains = domains::assign(&store);
        let model = ClockModel::analyse(&store, &domains, &Options::default());
        let of = |spans: &[u32]| {
            let spans = spans.iter().map(|at| SpanIx(*at));
            Breakdown::of(&store, &genai, &domains, Some(&model), spans)
        };
        let all = of(&[0, 1, 2]);
        let tool = all.phases.iter().find(|time| time.phase == Phase::Tool).unwrap();
        assert_eq!((tool.sum_ns(), tool.busy.exact_ns()), (570 * MS, Some(570 * MS)));
        let work = all.phases.iter().find(|time| time.phase == Phase::AgentWork).unwrap();
        assert_eq!(work.sum_ns(), 430 * MS, "1000 ms less the tool's 570, on whatever clock");
        assert_eq!(all.clocks, 2);

        // From the call to the tool's end: 580 ms in truth. Nothing narrower than the call can be known.
        let part = of(&[1, 2]).wall.unwrap();
        assert!(part.lo_ns <= 600 * MS && part.hi_ns.is_some_and(|hi| hi >= 600 * MS), "{ahead}: {part:?}");
        // Without a clock model nothing bounds it from above.
        let plain = Breakdown::of(&store, &genai, &domains, None, store.span_ixs());
        assert_eq!(plain.wall.unwrap().hi_ns, None);
        assert!(plain.wall.unwrap().lo_ns >= 1000 * MS);
        assert!(all.busy.lo_ns <= 1000 * MS && all.busy.hi_ns.unwrap() >= 570 * MS);
    }
}

#[test]
fn the_wall_of_a_phase_on_two_clocks_holds_the_truth() {
    for ahead in [0.0, 5.0, -40_000.0, 3_600_000.0] {
        let mut all = spans(ahead);
        let local =
            Span { id: 4, parent: 1, name: "execute_tool local".to_owned(), ms: [800.0, 900.0], ..all[0].clone() };
        all.push(local);
        all[3].attributes.insert("gen_ai.operation.name".to_owned(), "execute_tool".into());
        let store = store(&all);
        let (genai, domains) = (GenAi::analyse(&store), domains::assign(&store));
        let model = ClockModel::analyse(&store, &domains, &Options::default());
        let tool = |breakdown: &Breakdown| *breakdown.phases.iter().find(|time| time.phase == Phase::Tool).unwrap();
        let plain = tool(&Breakdown::of(&store, &genai, &domains, Some(&model), store.span_ixs()));
        assert_eq!(plain.wall, None, "nobody asked");
        let detailed = Breakdown::with_walls(&store, &genai, &domains, Some(&model), store.span_ixs());
        let wall = tool(&detailed).wall.unwrap();
        // From the remote tool's start, somewhere in its call, to the end of the local one: 790 ms in truth.
        assert!(wall.lo_ns >= 760 * MS && wall.lo_ns <= 790 * MS, "{ahead}: {wall:?}");
        assert!(wall.hi_ns.is_some_and(|hi| (790 * MS..=810 * MS).contains(&hi)), "{ahead}: {wall:?}");
        for time in &detailed.phases {
            let (wall, most) = (time.wall.unwrap(), detailed.wall.unwrap().hi_ns.unwrap());
            assert!(wall.lo_ns >= time.busy.lo_ns && wall.hi_ns.unwrap() <= most, "{time:?} of {most}");
        }
        // Without a clock model only what one clock measured is known.
        let blind = tool(&Breakdown::with_walls(&store, &genai, &domains, None, store.span_ixs())).wall.unwrap();
        assert_eq!((blind.lo_ns, blind.hi_ns), (570 * MS, None));
    }
}
