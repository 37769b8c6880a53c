//! Which findings about AI conversations are looked for, on the command line.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::analysis::findings::Rulebook;

/// Which findings about AI conversations are looked for.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct RuleArgs {
    /// Thresholds and switches of findings about AI conversations (TOML; only what differs from the defaults)
    /// [default: findings.toml in the configuration directory, if it is there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Spans and attributes that you rely on (TOML, see the README): what breaks the contract is a finding
    #[arg(long, value_name = "FILE")]
    pub contract: Option<PathBuf>,
}

impl RuleArgs {
    /// Reads the files.
    ///
    /// # Errors
    /// When one of them cannot be read, or says something that makes no sense.
    pub fn rulebook(&self) -> anyhow::Result<Rulebook> {
        let own =
            || directories::ProjectDirs::from("", "", "skewline").map(|dirs| dirs.config_dir().join("findings.toml"));
        let config = self.config.clone().or_else(|| own().filter(|path| path.exists()));
        let (changes, contract) = (text(config.as_deref())?, text(self.contract.as_deref())?);
        let named = |path: &Option<PathBuf>| path.as_ref().map_or_else(String::new, |path| path.display().to_string());
        let config = Rulebook::read(changes.as_deref(), None).with_context(|| named(&config))?;
        let contract = Rulebook::read(None, contract.as_deref()).with_context(|| named(&self.contract))?;
        Ok(Rulebook { contract: contract.contract, ..config })
    }
}

fn text(path: Option<&Path>) -> anyhow::Result<Option<String>> {
    let read = |path: &Path| std::fs::read_to_string(path).with_context(|| path.display().to_string());
    path.map(read).transpose()
}
