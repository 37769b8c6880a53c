//! The `skewline` program: parse, log, dispatch, exit.

use std::process::ExitCode;

use clap::Parser as _;
use skewline::cli::{self, Cli};

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli::log_to_stderr();
    cli::run(cli).into()
}
