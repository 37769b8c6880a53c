//! Simulated clocks that wander within their bounds, are rounded, and jump where that is declared: the truth is never
//! excluded.

use proptest::prelude::*;

use super::super::{Bounds, Breaks, Check, Graph, Guide, Order, Pairwise, Rates, Shape, Stamp, fine};
use super::{edge, no_guess};

const RATE_PPB: u32 = 10_000_000;

/// What every clock shows at every moment, and who tells whom: (clock, moment) -> (clock, later moment).
#[derive(Clone, Debug)]
struct World {
    moments: Vec<i64>,
    shown: Vec<Vec<i64>>,
    quanta: Vec<i64>,
    /// By clock: at which moment it jumped forward, if it did.
    jumps: Vec<Option<usize>>,
    messages: Vec<((usize, usize), (usize, usize))>,
}

impl World {
    fn breaks(&self) -> Breaks {
        let mut breaks = Breaks::none();
        for (clock, moment) in self.jumps.iter().enumerate() {
            if let Some(moment) = *moment {
                let stamp = self.stamp(clock, moment);
                breaks.insert(stamp.clock, stamp.anchor_ns);
            }
        }
        breaks
    }

    fn stamp(&self, clock: usize, moment: usize) -> Stamp {
        let quantum = self.quanta[clock];
        let shown = self.shown[clock][moment];
        let late_ns = i32::try_from(quantum - 1).unwrap();
        Stamp { late_ns, ..Stamp::exact(u32::try_from(clock).unwrap(), shown - shown.rem_euclid(quantum)) }
    }
}

fn world() -> impl Strategy<Value = World> {
    (2_usize..=4, 3_usize..12).prop_flat_map(|(clocks, moments)| {
        let gaps = prop::collection::vec(1_i64..5_000, moments);
        let wander = prop::collection::vec(prop::collection::vec(-100_i64..=100, moments), clocks);
        let starts = prop::collection::vec(-100_000_i64..100_000, clocks);
        let quanta = prop::collection::vec(prop_oneof![Just(1_i64), Just(10), Just(500)], clocks);
        let messages = prop::collection::vec(((0..clocks, 0..moments), (0..clocks, 0..moments)), 1..30);
        // Further than the coarsest stamp, so that it is seen.
        let jump = prop::option::weighted(0.2, (1..moments, 1_000_i64..100_000));
        let jumps = prop::collection::vec(jump, clocks);
        (gaps, wander, starts, quanta, jumps, messages).prop_map(|(gaps, wander, starts, quanta, jumps, messages)| {
            let moments: Vec<i64> = gaps
                .iter()
                .scan(0, |now, gap| {
                    *now += gap;
                    Some(*now)
                })
                .collect();
            let shown = wander.iter().zip(&starts).zip(&jumps).map(|((wander, &start), jump)| {
                let mut offset = start;
                let steps = wander.iter().zip(&gaps).zip(&moments).enumerate();
                // A share of what 1 % of the time that passed on the clock itself allows.
                steps
                    .map(|(at, ((share, gap), moment))| {
                        offset += gap * share / 100 * 99 / 10_000;
                        offset += jump.filter(|jump| jump.0 == at).map_or(0, |jump| jump.1);
                        moment + offset
                    })
                    .collect()
            });
            let messages = messages.into_iter().map(|(a, b)| if a.1 <= b.1 { (a, b) } else { (b, a) });
            let messages = messages.filter(|(a, b)| a.0 != b.0).collect();
            let shown = shown.collect();
            let jumps = jumps.iter().map(|jump| jump.map(|jump| jump.0)).collect();
            World { shown, moments, quanta, jumps, messages }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn the_truth_is_never_excluded(world in world()) {
        let clocks = world.shown.len();
        let rates = Rates::uniform(clocks, RATE_PPB);
        let edges: Vec<_> = (0_u32..)
            .zip(&world.messages)
            .map(|(span, &(a, b))| edge(span, world.stamp(a.0, a.1), world.stamp(b.0, b.1)))
            .collect();
        let breaks = world.breaks();
        let graph = Graph::build(&edges, &rates, &breaks, Shape::Drift);
        let Check::Feasible(solution) = graph.check(None) else { panic!("true clocks are consistent") };
        // What counts as true on the axis of a clock that jumped is a matter of its stretches.
        for frame in (0..clocks).filter(|&frame| world.jumps[frame].is_none()) {
            let bounds = Bounds::new(&edges, &rates, &breaks, u32::try_from(frame).unwrap(), no_guess).unwrap();
            for (clock, shown) in world.shown.iter().enumerate() {
                for (moment, &own) in shown.iter().enumerate() {
                    let truth = fine(own - world.shown[frame][moment]);
                    let range = bounds.offset(u32::try_from(clock).unwrap(), own);
                    prop_assert!(clock == frame || range.contains(truth), "{truth} not in {range:?}");
                }
            }
        }
        let guide = Guide::new(&graph, &solution);
        for clock in 0..clocks {
            let mut from = Pairwise::new(&graph, &guide, world.stamp(clock, 0));
            for other in 0..clocks {
                for moment in 1..world.moments.len() {
                    let truth = fine(world.moments[moment] - world.moments[0]);
                    let found = from.interval(&graph, &guide, &world.stamp(other, moment));
                    // Two stamps that read the same are one reading to the solver; the rounding is all they differ by.
                    let slack = fine(world.quanta[clock] + world.quanta[other]);
                    let is_one = world.stamp(clock, 0).is_rigid_with(&world.stamp(other, moment));
                    prop_assert!(is_one && truth <= slack || found.contains(truth), "{truth} not in {found:?}");
                    prop_assert!(found.order() != Order::After || truth == 0 || is_one);
                }
            }
        }
    }
}
