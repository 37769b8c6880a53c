//! `skewline report INPUT...`: what is in the inputs, in words or as JSON.

use std::path::PathBuf;

use clap::ValueEnum;

use super::Exit;
use crate::model::Severity;

/// What to report on, and how.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Files, directories, or - for stdin; several form one workspace
    #[arg(value_name = "INPUT", required = true)]
    pub inputs: Vec<PathBuf>,
    /// For people, or for programs (schema skewline.report/1)
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Exit with 1 when something of this severity or worse was found
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<FailOn>,
}

/// How a report is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// The least severity that fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum FailOn {
    /// Worth knowing.
    Notice,
    /// Odd, kept and flagged.
    Warning,
    /// Something could not be read.
    Error,
}

impl From<FailOn> for Severity {
    fn from(fail_on: FailOn) -> Self {
        match fail_on {
            FailOn::Notice => Self::Notice,
            FailOn::Warning => Self::Warning,
            FailOn::Error => Self::Error,
        }
    }
}

/// Loads, analyses, and prints the report.
///
/// # Errors
/// When nothing could be read.
pub fn run(_args: Args) -> anyhow::Result<Exit> {
    anyhow::bail!("this build cannot load traces")
}
