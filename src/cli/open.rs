//! `skewline [INPUT]...`: the window.

use std::path::PathBuf;

use super::Exit;

/// What to open.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Files, directories, or - for stdin; several form one workspace
    #[arg(value_name = "INPUT")]
    pub inputs: Vec<PathBuf>,
}

/// Opens the window.
///
/// # Errors
/// When this build or this machine has no window.
pub fn run(_args: Args) -> anyhow::Result<Exit> {
    anyhow::bail!(
        "this build has no window; `skewline render` draws a picture and `skewline report` says what is in a file"
    )
}
