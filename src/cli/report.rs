//! `skewline report INPUT...`: what is in the inputs, in words or as JSON.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::ValueEnum;

use super::clock_args::ClockArgs;
use super::event_arg::find_event;
use super::limits::Limits;
use super::rule_args::RuleArgs;
use super::solver_args::SolverArgs;
use super::{Exit, output};
use crate::analysis::clocks::ClockModel;
use crate::analysis::clocks::domains::{self, Domains};
use crate::analysis::clocks::evidence::class_uses;
use crate::arrange::Assumed;
use crate::export::report::{BetweenReport, Describe, Failure, Report, ReportInput};
use crate::load::{self, Origin, Progress, Source};
use crate::model::{Severity, TraceStore};

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
    /// How clocks are compared
    #[command(flatten)]
    pub clocks: ClockArgs,
    /// What the clock engine may assume
    #[command(flatten)]
    pub solver: SolverArgs,
    /// Say how much time lies between two events, and which came first, instead of the report. An event is
    /// SPAN or TRACE:SPAN (ids, or unique beginnings), then @LANE where two spans share an id, then :start
    /// (the default), :end or ":event N"
    #[arg(long, num_args = 2, value_names = ["EVENT", "EVENT"])]
    pub between: Option<Vec<String>>,
    /// Which findings about AI conversations are looked for
    #[command(flatten)]
    pub rules: RuleArgs,
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
    let rules = args.rules.rulebook()?;
    let loaded = load::load(&sources, &args.limits.options(), &Progress::default())?;
    let hashes: Vec<Option<String>> = loaded.origins.iter().map(hash).collect();
    let failures: Vec<Failure> = loaded.failures.iter().map(failure).collect();
    let domains = domains::assign(&loaded.store);
    let assumed = args.solver.on_top_of(Assumed::default(), &loaded.store, &domains)?;
    let options = assumed.options(&args.clocks.options(&domains)?, &loaded.store, &domains);
    let model = ClockModel::analyse(&loaded.store, &domains, &options);
    args.solver.check(&loaded.store, &class_uses(&loaded.store, &model))?;
    if let Some(events) = &args.between {
        return between(&loaded.store, &domains, &model, events, args.format);
    }
    let store = &loaded.store;
    let input = ReportInput { store, domains: &domains, model: &model, hashes: &hashes, failures: &failures };
    let report = Report::with_rules(input, &rules);
    let text = match args.format {
        Format::Text => report.to_string(),
        Format::Json => report.to_json().context("the report could not be written as JSON")?,
    };
    output::print(&text)?;
    let is_found = args.fail_on.is_some_and(|fail_on| report.has(fail_on.into()));
    Ok(if is_found { Exit::Found } else { Exit::Fine })
}

/// The time between two events, instead of the report.
fn between(
    store: &TraceStore,
    domains: &Domains,
    model: &ClockModel,
    events: &[String],
    format: Format,
) -> anyhow::Result<Exit> {
    let [from, to] = events else { anyhow::bail!("--between takes two events") };
    let (from, to) = (find_event(store, domains, from)?, find_event(store, domains, to)?);
    let describe = Describe { store, domains, model };
    let between = BetweenReport::build(&describe, from, to).map_err(anyhow::Error::msg)?;
    let text = match format {
        Format::Text => between.to_string(),
        Format::Json => between.to_json().context("the answer could not be written as JSON")?,
    };
    output::print(&text)?;
    Ok(Exit::Fine)
}

fn hash(origin: &Origin) -> Option<String> {
    origin.sha256().inspect_err(|error| tracing::warn!("an input could not be read again to hash it: {error}")).ok()
}

fn failure(failure: &load::Failure) -> Failure {
    let severity = if failure.is_note { Severity::Notice } else { Severity::Error };
    Failure { name: failure.name.clone(), severity, error: failure.error.to_string() }
}
