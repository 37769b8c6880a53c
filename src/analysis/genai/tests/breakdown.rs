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
