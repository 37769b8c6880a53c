//! The command line: one file per subcommand, no logic of its own.
//!
//! Exit codes: 0, 1 when `report --fail-on` found something, 2 for bad usage or when nothing could
//! be read or written.

mod clock_args;
mod event_arg;
mod limits;
mod open;
mod output;
mod render;
mod report;
mod rule_args;
mod simulate;
mod solver_args;
mod time_arg;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use output::say_on_stderr;

/// A desktop viewer for traces of AI conversations that never pretends two clocks are one.
///
/// Without a command, opens the window on the given inputs. A file that is called like a command is
/// opened as ./report.
#[derive(Parser, Debug)]
#[command(version, args_conflicts_with_subcommands = true, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    open: open::Args,
}

const AFTER_HELP: &str = "\
Exit codes: 0; 1 when `report --fail-on` found something; 2 for bad usage or when nothing could be read.
SKEWLINE_LOG sets what is logged to stderr, e.g. SKEWLINE_LOG=skewline=debug.";

#[derive(Subcommand, Debug)]
enum Command {
    /// Say what the inputs hold, what is odd in them, and which clocks stamped the spans
    Report(report::Args),
    /// Draw the timeline into a PNG or SVG file, without a display
    Render(Box<render::Args>),
    /// Write a synthetic trace whose true clock offsets are known
    Simulate(simulate::Args),
}

/// How the program ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// Nothing to complain about.
    Fine,
    /// Something at or above `--fail-on` was found.
    Found,
    /// Bad usage, or nothing could be read or written.
    Unusable,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Fine => 0,
            Exit::Found => 1,
            Exit::Unusable => 2,
        })
    }
}

/// Runs one command; an error is said on stderr in one paragraph.
#[must_use]
pub fn run(cli: Cli) -> Exit {
    let done = match cli.command {
        None => open::run(cli.open),
        Some(Command::Report(args)) => report::run(&args),
        Some(Command::Render(args)) => render::run(*args),
        Some(Command::Simulate(args)) => simulate::run(args),
    };
    done.unwrap_or_else(|error| {
        say_on_stderr(&format!("skewline: {}", in_words(&error)));
        Exit::Unusable
    })
}

/// An error and its causes; a cause that the text before it already tells is not told twice.
fn in_words(error: &anyhow::Error) -> String {
    let mut words = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !words.contains(&cause) {
            words = format!("{words}: {cause}");
        }
    }
    words
}

/// Logs to stderr: warnings, or what `SKEWLINE_LOG` asks for.
pub fn log_to_stderr() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("SKEWLINE_LOG")
        .unwrap_or_else(|_| EnvFilter::new("warn,winit=error,wgpu_hal=error,wgpu_core=error"));
    // Fails only if a logger is already set, as in tests; then that one is right.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use clap::CommandFactory as _;

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("skewline").chain(line.split_whitespace()))
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn bare_paths_open_the_window() {
        for (line, inputs) in [
            ("", &[][..]),
            ("a.json", &["a.json"]),
            ("a.json b.json -", &["a.json", "b.json", "-"]),
            ("./report", &["./report"]),
            ("a.json report", &["a.json", "report"]),
            ("-- report", &["report"]),
        ] {
            let cli = parse(line).unwrap();
            assert!(cli.command.is_none(), "{line}");
            assert_eq!(cli.open.inputs, inputs.iter().map(PathBuf::from).collect::<Vec<_>>(), "{line}");
        }
    }

    #[test]
    fn commands_are_commands() {
        assert!(matches!(parse("report a.json").unwrap().command, Some(Command::Report(_))));
        assert!(matches!(parse("render a.json -o a.png").unwrap().command, Some(Command::Render(_))));
        assert!(matches!(parse("simulate slow-conversation -o -").unwrap().command, Some(Command::Simulate(_))));
        assert_eq!(parse("report").unwrap_err().exit_code(), 2, "an input is needed");
        assert_eq!(parse("--no-such-flag").unwrap_err().exit_code(), 2);
        assert_eq!(parse("--help").unwrap_err().exit_code(), 0);
    }
}
