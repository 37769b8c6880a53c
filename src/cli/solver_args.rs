//! What the clock engine may assume, on the command line.

use anyhow::{Context as _, bail};

use super::clock_args::find_lane;
use crate::analysis::clocks::Options;
use crate::analysis::clocks::domains::Domains;
use crate::model::{TraceIx, TraceStore};

/// What the clock engine may assume.
#[derive(clap::Args, Clone, Debug)]
pub struct SolverArgs {
    /// How fast clocks may drift, or with LANE= one of them, in parts per million; may be repeated [default: 50]
    #[arg(long, value_name = "[LANE=]PPM")]
    pub drift: Vec<String>,
    /// Rest bounds on the messages of this trace alone (an id or a unique beginning), not on those of all traces
    #[arg(long, value_name = "TRACE")]
    pub only_trace: Option<String>,
}

impl SolverArgs {
    /// `options` with these assumptions.
    ///
    /// # Errors
    /// When a rate is no number of 0 to 100,000, or no single lane or trace is called so.
    pub fn apply(&self, options: Options, store: &TraceStore, domains: &Domains) -> anyhow::Result<Options> {
        let only = self.only_trace.as_deref().map(|wanted| find_trace(store, wanted)).transpose()?;
        let mut options = Options { only, ..options };
        for drift in &self.drift {
            match drift.rsplit_once('=') {
                Some((lane, rate)) => options.drift_of.push((find_lane(domains, lane)?, ppb(rate)?)),
                None => options.drift_ppb = ppb(drift)?,
            }
        }
        Ok(options)
    }
}

/// Parts per million as parts per billion.
fn ppb(text: &str) -> anyhow::Result<u32> {
    const MOST_PPM: f64 = 100_000.0;
    let ppm: f64 = text.trim().parse().with_context(|| format!("{text} is no rate in parts per million"))?;
    if !(0.0..=MOST_PPM).contains(&ppm) {
        bail!("clocks drift by 0 to 100000 parts per million, not {text}");
    }
    Ok((ppm * 1000.0).round() as u32)
}

/// The trace whose id is or begins with `wanted`.
fn find_trace(store: &TraceStore, wanted: &str) -> anyhow::Result<TraceIx> {
    let lower = wanted.to_ascii_lowercase();
    let fits = |text: &str| text.to_ascii_lowercase().starts_with(&lower);
    let mut found = store.traces().iter().enumerate().filter(|(_, trace)| fits(&store.trace_id_text(trace.id)));
    match (found.next(), found.next()) {
        (Some((at, _)), None) => Ok(TraceIx::from_usize(at)),
        (None, _) => bail!("no trace has an id that begins with {wanted}"),
        (Some(_), Some(_)) => bail!("several traces have ids that begin with {wanted}: write more of it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_parts_per_million() {
        for (text, expected) in
            [("50", Some(50_000)), ("0.5", Some(500)), ("0", Some(0)), ("100000", Some(100_000_000))]
        {
            assert_eq!(ppb(text).ok(), expected, "{text}");
        }
        for text in ["", "fast", "-1", "100001", "NaN"] {
            assert!(ppb(text).is_err(), "{text}");
        }
    }
}
