//! `skewline simulate SCENARIO -o FILE`: traces whose true clock offsets are known.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::ValueEnum;

use super::{Exit, output};
use crate::simulate::{self, Planted, Scenario};

/// What to simulate, and where to write it.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// What happens
    #[arg(value_enum)]
    pub scenario: Name,
    /// The OTLP JSON file, or - for stdout
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// The same seed gives the same bytes
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub seed: u64,
    /// scale: write at least so many spans (complete turns, so slightly more)
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub spans: u64,
    /// The same without its fault: the twin that an analysis must find nothing in
    #[arg(long)]
    pub clean: bool,
    /// Where the true clock offsets go [default: next to FILE, ending in .truth.json; nowhere for -]
    #[arg(long, value_name = "FILE")]
    pub truth: Option<PathBuf>,
}

/// A scenario by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Name {
    /// One conversation of three turns on five clocks, the browser's 1.2 s ahead, with planted faults
    SlowConversation,
    /// Many conversations at a steady load, as JSON lines of about 1.27 KB per span
    Scale,
    /// A browser whose clock is off by up to three seconds
    SkewedBrowser,
    /// A browser whose clock drifts by up to 48 ppm over hours
    Drift,
    /// A machine whose clock jumps in the middle of a conversation
    Step,
    /// A machine whose clock is corrected at 500 ppm for minutes
    Slew,
    /// A laptop that sleeps for hours while the page stays open
    SleptLaptop,
    /// Inference behind queues: nothing comes back, and one stage is ahead
    OneWayPipeline,
    /// Two cloned machines that report one id
    MergedClocks,
    /// A call whose server span hangs from another call
    WrongParent,
    /// Writes that nobody waits for
    AsyncChildren,
    /// A machine that keeps only milliseconds
    MsRounded,
    /// A service that writes micro- or milliseconds where nanoseconds belong
    UnitMistake,
    /// Streamed answers whose server spans end last, from a provider whose clock is off
    Streaming,
}

impl Args {
    fn scenario(&self) -> anyhow::Result<Scenario> {
        let planted = match self.scenario {
            Name::SlowConversation | Name::Scale if self.clean => {
                bail!("--clean leaves out the one fault of a scenario; this one has none, or several")
            }
            Name::SlowConversation => return Ok(Scenario::SlowConversation),
            Name::Scale => return Ok(Scenario::Scale { spans: self.spans }),
            Name::SkewedBrowser => Planted::SkewedBrowser,
            Name::Drift => Planted::Drift,
            Name::Step => Planted::Step,
            Name::Slew => Planted::Slew,
            Name::SleptLaptop => Planted::SleptLaptop,
            Name::OneWayPipeline => Planted::OneWayPipeline,
            Name::MergedClocks => Planted::MergedClocks,
            Name::WrongParent => Planted::WrongParent,
            Name::AsyncChildren => Planted::AsyncChildren,
            Name::MsRounded => Planted::MsRounded,
            Name::UnitMistake => Planted::UnitMistake,
            Name::Streaming => Planted::Streaming,
        };
        Ok(Scenario::Planted { planted, is_clean: self.clean })
    }
}

/// Writes the scenario and its truth.
///
/// # Errors
/// When a file could not be written.
pub fn run(args: Args) -> anyhow::Result<Exit> {
    let scenario = args.scenario()?;
    let truth_path = args.truth.or_else(|| truth_path(&args.output));
    if truth_path.as_ref() == Some(&args.output) {
        bail!("the trace and its truth cannot both go to {}", args.output.display());
    }
    let mut truth = None;
    output::to_path(&args.output, |out| {
        truth = Some(simulate::write(scenario, args.seed, out)?);
        Ok(())
    })?;
    if let (Some(path), Some(truth)) = (truth_path, truth) {
        let text = truth.to_json().context("the truth could not be written down")?;
        output::to_path(&path, |out| out.write_all(text.as_bytes()))?;
    }
    Ok(Exit::Fine)
}

/// `a.otlp.json` -> `a.truth.json`; nothing for stdout.
fn truth_path(output: &Path) -> Option<PathBuf> {
    if output == Path::new("-") {
        return None;
    }
    let name = output.file_name()?.to_string_lossy();
    let stem = [".otlp.json", ".json", ".jsonl"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(&name);
    Some(output.with_file_name(format!("{stem}.truth.json")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_truth_lies_next_to_the_trace() {
        for (output, truth) in [
            ("x/slow-conversation.otlp.json", Some("x/slow-conversation.truth.json")),
            ("big.json", Some("big.truth.json")),
            ("big.jsonl", Some("big.truth.json")),
            ("big", Some("big.truth.json")),
            ("-", None),
        ] {
            assert_eq!(truth_path(Path::new(output)), truth.map(PathBuf::from), "{output}");
        }
    }
}
