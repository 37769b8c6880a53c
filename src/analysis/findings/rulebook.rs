//! What a user wants to be told: thresholds, switches, and what the team relies on.

use super::{Config, ConfigError, Contract};

/// Thresholds and switches of the rules, and the contract that spans have to keep, if there is one.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Rulebook {
    /// The thresholds.
    pub config: Config,
    /// What is relied on.
    pub contract: Option<Contract>,
}

impl Rulebook {
    /// The built-in thresholds with what `config` changes (TOML), and the contract in `contract` (TOML).
    ///
    /// # Errors
    /// When one of them cannot be read; the message says where and why.
    pub fn read(config: Option<&str>, contract: Option<&str>) -> Result<Self, ConfigError> {
        Ok(Self {
            config: config.map_or_else(|| Ok(Config::default()), Config::changed_by)?,
            contract: contract.map(Contract::read).transpose()?,
        })
    }
}
