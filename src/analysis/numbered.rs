//! Everything that was found, about clocks and about AI conversations, under one numbering: the findings of the
//! clocks first, then the patterns of the conversations. List, bars, pictures and report all say these numbers.

use super::clocks::domains::Domains;
use super::clocks::findings::{Finding as ClockFinding, Proof};
use super::clocks::{FindingTone, Known};
use super::findings::{self, Finding as Pattern, Rulebook};
use super::genai::{GenAi, Judged};
use crate::model::{SpanIx, TraceStore};

/// What a list of findings needs besides the findings: kinds, and which have one root cause. Made once, because a
/// list is drawn every frame.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Digest {
    /// Codes with how often they occur, in order of their first finding.
    pub kinds: Vec<(&'static str, u32)>,
    /// Findings with the same root cause, as places in the list from 0; groups in order of their first finding.
    pub groups: Vec<Vec<u32>>,
}

impl Digest {
    /// The digest of findings with these codes and root causes.
    pub fn of<'a>(findings: impl Iterator<Item = (&'static str, &'a str)>) -> Self {
        let mut digest = Self::default();
        let mut group_of = std::collections::BTreeMap::new();
        for (at, (code, root)) in (0..).zip(findings) {
            match digest.kinds.iter_mut().find(|(known, _)| *known == code) {
                Some((_, count)) => *count += 1,
                None => digest.kinds.push((code, 1)),
            }
            // A finding that names no root stands for itself.
            let next = digest.groups.len();
            let group = if root.is_empty() { next } else { *group_of.entry(root).or_insert(next) };
            if group == next {
                digest.groups.push(Vec::new());
            }
            digest.groups[group].push(at);
        }
        digest
    }
}

/// Patterns in the AI conversations of a store; numbered when the clocks are known.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Patterns {
    list: Vec<Pattern>,
    digest: Digest,
    /// How many there are besides those in the list.
    pub dropped: usize,
}

impl Patterns {
    /// Most findings that are kept: the worst.
    pub const MOST: usize = 2_000;

    /// Looks for all patterns of `store`, by the thresholds and the contract of `rules`.
    #[must_use]
    pub fn find(store: &TraceStore, domains: &Domains, genai: &GenAi, rules: &Rulebook) -> Self {
        let (config, contract) = (&rules.config, rules.contract.as_ref());
        Self::new(findings::find(&findings::Context { store, domains, genai, config, contract }, 1))
    }

    /// The same under the same numbers, as somebody has judged where traces belong that lost their parent; `None` when
    /// that changes nothing.
    #[must_use]
    pub fn judged(&self, store: &TraceStore, domains: &Domains, genai: &GenAi, judged: &Judged) -> Option<Self> {
        let mut new = None;
        for (at, finding) in self.list.iter().enumerate() {
            if let Some(finding) = findings::judged(finding, store, domains, (genai, judged)) {
                new.get_or_insert_with(|| self.clone()).list[at] = finding;
            }
        }
        new
    }

    /// Keeps the worst of `list`.
    #[must_use]
    pub fn new(mut list: Vec<Pattern>) -> Self {
        let dropped = list.len().saturating_sub(Self::MOST);
        list.truncate(Self::MOST);
        let digest = Digest::of(list.iter().map(|finding| (finding.code, finding.root.as_str())));
        Self { list, digest, dropped }
    }
}

/// A finding of either kind.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    /// About a clock.
    Clock(&'a ClockFinding),
    /// A pattern, with its number.
    Pattern(u32, &'a Pattern),
}

impl<'a> Found<'a> {
    /// Its number, from 1.
    #[must_use]
    pub const fn id(self) -> u32 {
        match self {
            Self::Clock(finding) => finding.id,
            Self::Pattern(id, _) => id,
        }
    }

    /// Its kind: `N0`, `X3`, `E7`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Clock(finding) => finding.code.into(),
            Self::Pattern(_, finding) => finding.code,
        }
    }

    /// How it looks.
    #[must_use]
    pub const fn tone(self) -> FindingTone {
        match self {
            Self::Clock(finding) => FindingTone::of(finding),
            Self::Pattern(..) => FindingTone::Pattern,
        }
    }

    /// How bad it is, in a word.
    #[must_use]
    pub fn severity(self) -> String {
        match self {
            Self::Clock(finding) => finding.severity.to_string(),
            Self::Pattern(_, finding) => finding.severity.to_string(),
        }
    }

    /// What is wrong, in a sentence.
    #[must_use]
    pub const fn sentence(self) -> &'a str {
        match self {
            Self::Clock(finding) => finding.sentence.as_str(),
            Self::Pattern(_, finding) => finding.sentence.as_str(),
        }
    }

    /// The root cause in a few words; may be empty.
    #[must_use]
    pub const fn root(self) -> &'a str {
        match self {
            Self::Clock(finding) => finding.root.as_str(),
            Self::Pattern(_, finding) => finding.root.as_str(),
        }
    }

    /// Spans that show it, the clearest first; not all of them.
    #[must_use]
    pub const fn spans(self) -> &'a [SpanIx] {
        match self {
            Self::Clock(finding) => finding.spans.as_slice(),
            Self::Pattern(_, finding) => finding.spans.as_slice(),
        }
    }

    /// How many spans or messages show it.
    #[must_use]
    pub const fn count(self) -> u64 {
        match self {
            Self::Clock(finding) => finding.count,
            Self::Pattern(_, finding) => finding.count,
        }
    }

    /// The edges that prove it; patterns have none.
    #[must_use]
    pub const fn witness(self) -> &'a [Proof] {
        match self {
            Self::Clock(finding) => finding.witness.as_slice(),
            Self::Pattern(..) => &[],
        }
    }

    /// The spans that carry its number. What one offset explains is a fact about a clock: its clearest example says
    /// it, not every span.
    pub fn marked(self) -> impl Iterator<Item = SpanIx> + 'a {
        let witness = self.witness().iter().flat_map(|proof| [proof.cause.from.span, proof.cause.to.span]);
        let others =
            if self.tone() == FindingTone::Clock || self.tone() == FindingTone::Note { &[] } else { self.spans() };
        witness.chain(others.iter().copied())
    }
}

/// All findings of a workspace.
#[derive(Clone, Copy, Debug, Default)]
pub struct Numbered<'a> {
    clocks: Option<&'a Known>,
    patterns: Option<&'a Patterns>,
}

impl<'a> Numbered<'a> {
    /// What is known so far. Patterns wait for the clocks: their numbers go on after those.
    #[must_use]
    pub const fn new(clocks: Option<&'a Known>, patterns: Option<&'a Patterns>) -> Self {
        Self { patterns: if clocks.is_some() { patterns } else { None }, clocks }
    }

    fn of_clocks(self) -> &'a [ClockFinding] {
        self.clocks.map(|known| known.model.findings()).unwrap_or_default()
    }

    fn of_patterns(self) -> &'a [Pattern] {
        self.patterns.map(|patterns| patterns.list.as_slice()).unwrap_or_default()
    }

    /// How many there are.
    #[must_use]
    pub fn len(self) -> usize {
        self.of_clocks().len() + self.of_patterns().len()
    }

    /// True when nothing was found.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// How many patterns there are besides those that are numbered.
    #[must_use]
    pub fn dropped(self) -> usize {
        self.patterns.map_or(0, |patterns| patterns.dropped)
    }

    /// Findings that clocks explain, those that no clock explains, notes about times, and patterns.
    #[must_use]
    pub fn counts(self) -> [usize; 4] {
        let [explained, real, notes] = self.clocks.map_or([0; 3], Known::counts);
        [explained, real, notes, self.of_patterns().len()]
    }

    /// The finding with the number `id`.
    #[must_use]
    pub fn get(self, id: u32) -> Option<Found<'a>> {
        let at = (id as usize).checked_sub(1)?;
        let clocks = self.of_clocks();
        match clocks.get(at) {
            Some(finding) => Some(Found::Clock(finding)),
            None => self.of_patterns().get(at - clocks.len()).map(|finding| Found::Pattern(id, finding)),
        }
    }

    /// All findings, by number.
    pub fn iter(self) -> impl Iterator<Item = Found<'a>> {
        (1..=u32::try_from(self.len()).unwrap_or(u32::MAX)).filter_map(move |id| self.get(id))
    }

    /// Codes with how often they occur.
    pub fn kinds(self) -> impl Iterator<Item = (&'static str, u32)> + 'a {
        let clocks = self.clocks.map(super::clocks::Known::digest).into_iter();
        clocks.chain(self.patterns.map(|patterns| &patterns.digest)).flat_map(|digest| digest.kinds.iter().copied())
    }

    /// Findings with one root cause, by their first; only those of one kind, if that is asked for.
    pub fn groups(self, only: Option<&'a str>) -> impl Iterator<Item = Vec<Found<'a>>> {
        let first = u32::try_from(self.of_clocks().len()).unwrap_or(u32::MAX);
        let clocks = self.clocks.into_iter().flat_map(|known| known.digest().groups.iter().map(|group| (1, group)));
        let patterns = self.patterns.into_iter().flat_map(|patterns| patterns.digest.groups.iter());
        let patterns = patterns.map(move |group| (first.saturating_add(1), group));
        clocks.chain(patterns).filter_map(move |(first, group)| {
            let members = group.iter().filter_map(|at| self.get(first.saturating_add(*at)));
            let members: Vec<Found<'a>> =
                members.filter(|found| only.is_none_or(|code| found.code() == code)).collect();
            (!members.is_empty()).then_some(members)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::clocks::domains;
    use crate::load;

    #[test]
    fn a_digest_counts_kinds_and_groups_by_root() {
        let found = [("X3", "browser"), ("N0", "gateway"), ("K", "browser"), ("N0", ""), ("N0", "")];
        let digest = Digest::of(found.into_iter());
        assert_eq!(digest.kinds, [("X3", 1), ("N0", 3), ("K", 1)]);
        assert_eq!(digest.groups, [vec![0, 2], vec![1], vec![3], vec![4]]);
    }

    #[test]
    fn patterns_follow_the_rules() {
        let sample = include_bytes!("../../sample-traces/stall.otlp.json");
        let source = load::Source::memory("sample", sample.to_vec());
        let store = load::load(&[source], &load::Options::default(), &load::Progress::default()).unwrap().store;
        let (domains, genai) = (domains::assign(&store), GenAi::analyse(&store));
        let codes = |rules: &Rulebook| -> Vec<&str> {
            Patterns::find(&store, &domains, &genai, rules).list.iter().map(|found| found.code).collect()
        };
        assert_eq!(codes(&Rulebook::default()), ["E5"]);
        let off = Rulebook::read(Some("[E5]\non = false"), Some("[[span]]\nname = \"nothing\"")).unwrap();
        assert_eq!(codes(&off), ["E9"]);
    }
}
