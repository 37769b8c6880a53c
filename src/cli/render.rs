//! `skewline render INPUT... -o OUT`: the timeline as a picture.

use std::path::PathBuf;

use super::Exit;

/// What to draw, and where to.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Files, directories, or - for stdin; several form one workspace
    #[arg(value_name = "INPUT", required = true)]
    pub inputs: Vec<PathBuf>,
    /// The picture; .png or .svg
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
}

/// Draws the picture.
///
/// # Errors
/// When nothing could be read, or the picture could not be written.
pub fn run(_args: Args) -> anyhow::Result<Exit> {
    anyhow::bail!("this build cannot draw pictures")
}
