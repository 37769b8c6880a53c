//! `skewline [INPUT]...`: the window.

use std::path::PathBuf;

use super::Exit;
use super::rule_args::RuleArgs;

/// What to open.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Files, directories, or - for stdin; several form one workspace
    #[arg(value_name = "INPUT")]
    pub inputs: Vec<PathBuf>,
    /// How to look at it: a view saved in the window (NAME.view.json)
    #[arg(long, value_name = "FILE")]
    pub view: Option<PathBuf>,
    /// Which findings about AI conversations are looked for
    #[command(flatten)]
    pub rules: RuleArgs,
}

/// The way on when there is no window.
const WITHOUT_A_WINDOW: &str =
    "`skewline render` draws a picture and `skewline report` says what is in a file, both without a display";

/// Opens the window.
///
/// # Errors
/// When this build or this machine has no window.
#[cfg(feature = "window")]
pub fn run(args: Args) -> anyhow::Result<Exit> {
    use crate::load::Source;
    if !has_display() {
        anyhow::bail!("no display can be opened (neither WAYLAND_DISPLAY nor DISPLAY is set); {WITHOUT_A_WINDOW}");
    }
    let mut sources: Vec<Source> = args.inputs.iter().map(|input| Source::from_arg(input.as_os_str())).collect();
    if let Some(view) = args.view {
        crate::export::views::read(&view).map_err(anyhow::Error::msg)?;
        sources.push(Source::Path(view));
    }
    let rules = args.rules.rulebook()?;
    match crate::app::run(sources, rules) {
        Ok(()) => Ok(Exit::Fine),
        Err(error) => {
            tracing::debug!("{error}");
            anyhow::bail!("no window can be opened ({}); {WITHOUT_A_WINDOW}", reason(&error))
        }
    }
}

/// Why there is no window, without the places in the toolkit's source that its own texts carry.
#[cfg(feature = "window")]
const fn reason(error: &crate::app::WindowError) -> &'static str {
    use crate::app::WindowError;
    match error {
        WindowError::Winit(_) | WindowError::WinitEventLoop(_) => "the display does not answer",
        WindowError::Wgpu(_) => "no graphics driver: neither Vulkan nor OpenGL works on this display",
        _ => "the window could not be set up",
    }
}

/// Opens the window.
///
/// # Errors
/// Always: this build has none.
#[cfg(not(feature = "window"))]
pub fn run(_args: Args) -> anyhow::Result<Exit> {
    anyhow::bail!("this build has no window; {WITHOUT_A_WINDOW}")
}

/// True when a window system is said to be there. Other systems than Unix always have one.
#[cfg(feature = "window")]
fn has_display() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(all(unix, not(target_os = "macos")))
        || ["WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY"].into_iter().any(is_set)
}
