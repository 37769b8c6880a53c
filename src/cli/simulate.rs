//! `skewline simulate SCENARIO -o FILE`: traces whose true clock offsets are known.

use std::path::PathBuf;

use clap::ValueEnum;

use super::Exit;

/// What to simulate, and where to write it.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// slow-conversation: one conversation of three turns on five clocks; scale: a big trace of the same flavour
    #[arg(value_name = "SCENARIO", value_enum)]
    pub scenario: Scenario,
    /// The OTLP JSON file, or - for stdout
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
}

/// A scenario by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Scenario {
    /// One conversation of three turns, with planted faults.
    SlowConversation,
    /// Many conversations at a steady load.
    Scale,
}

/// Writes the scenario.
///
/// # Errors
/// When a file could not be written.
pub fn run(_args: Args) -> anyhow::Result<Exit> {
    anyhow::bail!("this build cannot simulate")
}
