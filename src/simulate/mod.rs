//! Synthetic traces whose true clock offsets are known.
//!
//! A scenario plans spans in *true* time, in which causes precede effects. Writing them stamps every
//! time with the clock of its process: true time, plus that clock's offset and drift, rounded as the
//! SDK of that language rounds. The offsets go to a side file ([`Truth`]), so that what an analysis
//! concludes can be checked against what was true.
//!
//! The same scenario, seed and size give the same bytes on every machine and with every version of
//! the program that has the same golden samples: own integer random numbers, no hash order, no libm.

mod agents;
mod cast;
mod clock;
mod model_call;
mod otlp;
mod rng;
mod sample;
mod scale;
mod span;
mod tools;
mod truth;
mod turn;

#[cfg(test)]
mod tests;

use std::io::{self, Write};

pub use truth::{Fact, TrueClock, Truth};

/// What to simulate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scenario {
    /// One conversation of three turns on five clocks, with planted faults.
    SlowConversation,
    /// Conversations at a steady load, about this many spans (complete turns, so slightly more).
    Scale {
        /// At least so many spans, unless it is 0.
        spans: u64,
    },
}

/// Writes a scenario as OTLP JSON and returns what is true about it.
///
/// `SlowConversation` becomes one object with a span per line; `Scale` becomes JSON lines of requests
/// with about 500 spans each, as the collector's file exporter writes them. Needs memory for one
/// request, however many spans are asked for.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(scenario: Scenario, seed: u64, out: &mut dyn Write) -> io::Result<Truth> {
    match scenario {
        Scenario::SlowConversation => {
            let sample = sample::plan(seed);
            otlp::write_object(&sample.cast, sample.spans, out)?;
            Ok(sample.truth)
        }
        Scenario::Scale { spans } => scale::write(spans, seed, out),
    }
}
