//! `skewline simulate SCENARIO -o FILE`: traces whose true clock offsets are known.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use clap::builder::PossibleValue;
use strum::{EnumMessage as _, IntoEnumIterator as _};

use super::{Exit, output};
use crate::simulate::{self, Pattern, Planted, Scenario};

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
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Name {
    /// See [`Scenario::SlowConversation`].
    SlowConversation,
    /// See [`Scenario::Scale`].
    Scale,
    /// One with one thing wrong.
    Planted(Planted),
    /// An AI conversation with one pattern in it.
    Pattern(Pattern),
}

impl ValueEnum for Name {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: LazyLock<Vec<Name>> = LazyLock::new(|| {
            let planted = Planted::iter().map(Name::Planted).chain(Pattern::iter().map(Name::Pattern));
            [Name::SlowConversation, Name::Scale].into_iter().chain(planted).collect()
        });
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Self::SlowConversation => (
                "slow-conversation",
                "One conversation of three turns on five clocks, the browser's 1.2 s ahead, with planted faults",
            ),
            Self::Scale => ("scale", "Many conversations at a steady load, as JSON lines of about 1.27 KB per span"),
            Self::Planted(planted) => (planted.into(), planted.get_documentation().unwrap_or_default()),
            Self::Pattern(pattern) => (pattern.into(), pattern.get_documentation().unwrap_or_default()),
        };
        Some(PossibleValue::new(name).help(help.trim_end_matches('.')))
    }
}

impl Args {
    fn scenario(&self) -> anyhow::Result<Scenario> {
        Ok(match self.scenario {
            Name::SlowConversation | Name::Scale if self.clean => {
                bail!("--clean leaves out the one fault of a scenario; this one has none, or several")
            }
            Name::SlowConversation => Scenario::SlowConversation,
            Name::Scale => Scenario::Scale { spans: self.spans },
            Name::Planted(planted) => Scenario::Planted { planted, is_clean: self.clean },
            Name::Pattern(pattern) => Scenario::Pattern { pattern, is_clean: self.clean },
        })
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
