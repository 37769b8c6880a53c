//! The contract: spans and attributes that dashboards, alerts and people rely on, as a small TOML file.

use serde::Deserialize;

use super::ConfigError;
use crate::analysis::genai::{Role, name_matches};

/// What a team relies on.
///
/// ```toml
/// [[span]]
/// name = "chat *"                      # `*` stands for any text
/// service = "agent-*"                  # optional
/// role = "model"                       # optional: what kind of work, whatever the span is called
/// attributes = ["gen_ai.usage.input_tokens"]
/// least = 1                            # so many such spans at least; 1 unless stated, 0 = they may be absent
/// why = "the cost dashboard"           # optional
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// What is promised, in order.
    #[serde(default, rename = "span")]
    pub promises: Vec<Promise>,
}

/// Spans that have to be there, and what they have to say.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    /// The span's name; `*` stands for any text.
    pub name: Option<String>,
    /// The service's name; `*` stands for any text.
    pub service: Option<String>,
    /// What kind of work it is.
    role: Option<String>,
    /// Attributes that each of them has, on itself, its resource or its scope.
    #[serde(default)]
    pub attributes: Vec<String>,
    /// How many there are at least.
    #[serde(default = "one")]
    pub least: usize,
    /// Who relies on it, or what for.
    #[serde(default)]
    pub why: String,
}

const fn one() -> usize {
    1
}

impl Contract {
    /// Reads a contract from TOML.
    ///
    /// # Errors
    /// When it is not one; the message says where.
    pub fn read(text: &str) -> Result<Self, ConfigError> {
        let contract: Self = toml::from_str(text).map_err(|error| ConfigError::contract(error.to_string()))?;
        for (at, promise) in (1..).zip(&contract.promises) {
            if promise.name.is_none() && promise.role.is_none() {
                let why = format!("[[span]] number {at} needs a name or a role, to say which spans it is about");
                return Err(ConfigError::contract(why));
            }
            if let Some(role) = &promise.role
                && role.parse::<Role>().is_err()
            {
                return Err(ConfigError::contract(format!("[[span]] number {at}: there is no role {role}")));
            }
        }
        Ok(contract)
    }
}

impl Promise {
    /// What kind of work it is.
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        self.role.as_ref().and_then(|role| role.parse().ok())
    }

    /// Whether a span of that name is meant, as far as its name goes.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        self.name.as_ref().is_none_or(|like| name_matches(like, name).is_some())
    }

    /// Whether a span of that service is meant, as far as its service goes.
    #[must_use]
    pub fn is_of(&self, service: &str) -> bool {
        self.service.as_ref().is_none_or(|like| name_matches(like, service).is_some())
    }

    /// Which spans are meant, in words.
    #[must_use]
    pub fn words(&self) -> String {
        let name = self.name.clone().or_else(|| self.role.as_ref().map(|role| format!("of kind {role}")));
        let of = self.service.as_ref().map_or_else(String::new, |service| format!(" of {service}"));
        name.unwrap_or_default() + &of
    }
}
