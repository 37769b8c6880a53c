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
mod patterns;
mod pipeline;
mod planted;
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

pub use clock::{Slew, Step};
pub use patterns::Pattern;
pub use planted::Planted;
pub use truth::{Fact, Fault, TrueClock, TrueSlew, TrueStep, Truth};

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
    /// A few turns, or a pipeline, with one thing wrong.
    Planted {
        /// What.
        planted: Planted,
        /// The same run without it.
        is_clean: bool,
    },
    /// An AI conversation with one pattern in it.
    Pattern {
        /// Which.
        pattern: Pattern,
        /// The same run without it.
        is_clean: bool,
    },
}

/// When a simulated span really began and ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TrueTimes {
    /// The trace's id.
    pub trace: u128,
    /// The span's id.
    pub span: u64,
    /// Which of the truth's clocks stamped it.
    pub clock: usize,
    /// True Unix nanoseconds.
    pub start_ns: i64,
    /// True Unix nanoseconds.
    pub end_ns: i64,
}

/// The true times of all spans that [`write()`] writes for `Scenario::Planted`: what no file holds, to check an
/// analysis against.
#[must_use]
pub fn true_times(planted: Planted, is_clean: bool, seed: u64) -> Vec<TrueTimes> {
    let run = planted::plan(planted, is_clean, seed);
    let times = |span: &span::TrueSpan| TrueTimes {
        trace: span.trace,
        span: span.id,
        clock: run.cast.processes[span.process.0 as usize].clock,
        start_ns: span.start_ns,
        end_ns: span.end_ns,
    };
    run.spans.iter().map(times).collect()
}

/// Writes a scenario as OTLP JSON and returns what is true about it.
///
/// `SlowConversation`, `Planted` and `Pattern` become one object with a span per line; `Scale` becomes JSON lines of requests
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
        Scenario::Planted { planted, is_clean } => {
            let run = planted::plan(planted, is_clean, seed);
            otlp::write_object(&run.cast, run.spans, out)?;
            Ok(run.truth)
        }
        Scenario::Pattern { pattern, is_clean } => {
            let run = patterns::plan(pattern, is_clean, seed);
            otlp::write_object(&run.cast, run.spans, out)?;
            Ok(run.truth)
        }
    }
}
