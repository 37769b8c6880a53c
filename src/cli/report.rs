//! `skewline report INPUT...`: what is in the inputs, in words or as JSON.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::ValueEnum;

use super::limits::Limits;
use super::{Exit, output};
use crate::analysis::clocks::domains;
use crate::export::report::{Failure, Report, ReportInput};
use crate::load::{self, Origin, Progress, Source};
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
    /// Limits of what is read
    #[command(flatten)]
    pub limits: Limits,
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
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let sources: Vec<Source> = args.inputs.iter().map(|input| Source::from_arg(input.as_os_str())).collect();
    let loaded = load::load(&sources, &args.limits.options(), &Progress::default())?;
    let hashes: Vec<Option<String>> = loaded.origins.iter().map(hash).collect();
    let failures: Vec<Failure> = loaded.failures.iter().map(failure).collect();
    let domains = domains::assign(&loaded.store);
    let input = ReportInput { store: &loaded.store, domains: &domains, hashes: &hashes, failures: &failures };
    let report = Report::build(input);
    let text = match args.format {
        Format::Text => report.to_string(),
        Format::Json => report.to_json().context("the report could not be written as JSON")?,
    };
    output::print(&text)?;
    let is_found = args.fail_on.is_some_and(|fail_on| report.has(fail_on.into()));
    Ok(if is_found { Exit::Found } else { Exit::Fine })
}

fn hash(origin: &Origin) -> Option<String> {
    origin.sha256().inspect_err(|error| tracing::warn!("an input could not be read again to hash it: {error}")).ok()
}

fn failure(failure: &load::Failure) -> Failure {
    let severity = if failure.is_note { Severity::Notice } else { Severity::Error };
    Failure { name: failure.name.clone(), severity, error: failure.error.to_string() }
}
