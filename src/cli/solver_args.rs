//! What the clock engine may assume, on the command line.

use anyhow::{Context as _, bail};

use super::clock_args::find_lane;
use crate::analysis::clocks::domains::Domains;
use crate::analysis::clocks::evidence::{ClassUse, choice_name, find_choice};
use crate::arrange::{Assumed, clock_lane_key};
use crate::model::TraceStore;

/// What the clock engine may assume.
#[derive(clap::Args, Clone, Debug)]
pub struct SolverArgs {
    /// How fast clocks may drift, or with LANE= one of them, in parts per million; may be repeated [default: 50]
    #[arg(long, value_name = "[LANE=]PPM")]
    pub drift: Vec<String>,
    /// Rest bounds on the messages of this trace alone (an id or a unique beginning), not on those of all traces
    #[arg(long, value_name = "TRACE")]
    pub only_trace: Option<String>,
    /// Do not believe this kind of evidence, of all operations or of one written 'FROM -> TO'; may be repeated.
    /// `skewline report` lists the kinds
    #[arg(long, value_name = "RULE[:OPERATION]")]
    pub without: Vec<String>,
    /// Believe this kind of evidence although it fails so often that it would be switched off; may be repeated
    #[arg(long, value_name = "RULE[:OPERATION]")]
    pub with: Vec<String>,
}

impl SolverArgs {
    /// `assumed` with this on top.
    ///
    /// # Errors
    /// When a rate is no number of 0 to 100,000, or no single lane, trace or kind of evidence is called so.
    pub fn on_top_of(&self, assumed: Assumed, store: &TraceStore, domains: &Domains) -> anyhow::Result<Assumed> {
        let mut assumed = assumed;
        if let Some(wanted) = &self.only_trace {
            assumed.only_trace = Some(find_trace(store, wanted)?);
        }
        for drift in &self.drift {
            match drift.rsplit_once('=') {
                Some((lane, rate)) => {
                    let (lane, ppb) = (clock_lane_key(domains, find_lane(domains, lane)?), ppb(rate)?);
                    assumed.drift_of.extend(lane.map(|lane| (lane, ppb)));
                }
                None => assumed.drift_ppb = Some(ppb(drift)?),
            }
        }
        for (names, is_on) in [(&self.without, false), (&self.with, true)] {
            for name in names {
                let choice = find_choice(store, name).map_err(anyhow::Error::msg)?;
                assumed.evidence.insert(choice_name(store, choice), is_on);
            }
        }
        Ok(assumed)
    }

    /// Says so when an option means no message at all: that is a slip.
    ///
    /// # Errors
    /// When a kind of evidence does not occur among `uses`; the message lists those that do.
    pub fn check(&self, store: &TraceStore, uses: &[ClassUse]) -> anyhow::Result<()> {
        for name in self.without.iter().chain(&self.with) {
            let choice = find_choice(store, name).map_err(anyhow::Error::msg)?;
            let names =
                |class: &ClassUse| choice.names.is_none_or(|names| names == (class.key.from_name, class.key.to_name));
            if !uses.iter().any(|class| class.key.rule == choice.rule && names(class)) {
                const SHOWN: usize = 20;
                let known: Vec<&str> = uses.iter().take(SHOWN).map(|class| class.name.as_str()).collect();
                let more = if uses.len() > SHOWN { ", and more: see skewline report --format json" } else { "" };
                bail!("no message here is of the kind {name}; there are {}{more}", known.join(", "));
            }
        }
        Ok(())
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

/// The id of the trace whose id is or begins with `wanted`.
fn find_trace(store: &TraceStore, wanted: &str) -> anyhow::Result<String> {
    let lower = wanted.to_ascii_lowercase();
    let fits = |text: &str| text.to_ascii_lowercase().starts_with(&lower);
    let mut found = store.traces().iter().map(|trace| store.trace_id_text(trace.id)).filter(|id| fits(id));
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id),
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
