//! How clocks are compared, on the command line.

use anyhow::bail;
use clap::ValueEnum;

use crate::analysis::clocks::domains::Domains;
use crate::analysis::clocks::{Evidence, Options};
use crate::model::DomainIx;

/// How clocks are compared.
#[derive(clap::Args, Clone, Debug)]
pub struct ClockArgs {
    /// Which causal edges to believe
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = Level::Convention)]
    pub evidence: Level,
    /// The clock to compare the others with: a lane's name or number [default: chosen by what is known]
    #[arg(long, value_name = "LANE")]
    pub reference: Option<String>,
}

/// Which causal edges to believe.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Level {
    /// Only where information had to flow, by protocol
    Protocol,
    /// Also the usual nesting of instrumentation
    Convention,
    /// Also weak identity and declared clock bounds
    Prior,
}

impl From<Level> for Evidence {
    fn from(level: Level) -> Self {
        match level {
            Level::Protocol => Self::Protocol,
            Level::Convention => Self::Convention,
            Level::Prior => Self::Prior,
        }
    }
}

impl ClockArgs {
    /// How to analyse the clocks of a workspace.
    ///
    /// # Errors
    /// When no lane is called like the wanted reference clock; the message lists all lanes.
    pub fn options(&self, domains: &Domains) -> anyhow::Result<Options> {
        let reference = self.reference.as_deref().map(|lane| find_lane(domains, lane)).transpose()?;
        Ok(Options { level: self.evidence.into(), reference, ..Options::default() })
    }
}

/// The lane that `wanted` names: by its name, its number from 1, or the only name that begins or contains so.
///
/// # Errors
/// When there is none, or more than one; the message lists the lanes.
pub fn find_lane(domains: &Domains, wanted: &str) -> anyhow::Result<DomainIx> {
    let lower = wanted.to_lowercase();
    let names = || domains.list.iter().map(|domain| domain.name.to_lowercase());
    let only = |holds: &dyn Fn(&str) -> bool| {
        let mut found = names().enumerate().filter(|(_, name)| holds(name)).map(|(at, _)| at);
        found.next().filter(|_| found.next().is_none())
    };
    let by_number = || wanted.parse::<usize>().ok()?.checked_sub(1).filter(|&at| at < domains.list.len());
    let at = domains.list.iter().position(|domain| domain.name == wanted);
    let at = at.or_else(|| only(&|name| name == lower)).or_else(by_number);
    let at = at.or_else(|| only(&|name| name.starts_with(&lower))).or_else(|| only(&|name| name.contains(&lower)));
    match at {
        Some(at) => Ok(DomainIx::from_usize(at)),
        None => bail!("no single lane is called {wanted}; the lanes are: {}", lanes(domains)),
    }
}

fn lanes(domains: &Domains) -> String {
    const SHOWN: usize = 40;
    let all = domains.list.iter().enumerate().take(SHOWN);
    let mut text: Vec<String> = all.map(|(at, domain)| format!("{} {}", at + 1, domain.name)).collect();
    if domains.list.len() > SHOWN {
        text.push(format!("and {} more", domains.list.len() - SHOWN));
    }
    text.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::clocks::domains::Domain;

    #[test]
    fn lanes_are_found_by_name_and_number() {
        let domain = |name: &str| Domain { name: name.to_owned(), ..Domain::default() };
        let list = ["browser", "gateway", "agent-a", "agent-b", "1"].map(domain).to_vec();
        let domains = Domains { list, of_span: Vec::new() };
        for (wanted, found) in [
            ("gateway", Some(1)),
            ("Gateway", Some(1)),
            ("2", Some(1)),
            ("1", Some(4)),
            ("gate", Some(1)),
            ("t-a", Some(2)),
            ("agent", None),
            ("0", None),
            ("6", None),
            ("nobody", None),
        ] {
            assert_eq!(find_lane(&domains, wanted).ok().map(DomainIx::at), found, "{wanted}");
        }
        let error = find_lane(&domains, "nobody").unwrap_err().to_string();
        assert!(error.contains("1 browser, 2 gateway"), "{error}");
    }
}
