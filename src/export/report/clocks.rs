//! What causality says about the clocks, for the report.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{as_text, as_text_or_null};
use crate::analysis::clocks::domains::Domains;
use crate::analysis::clocks::evidence::{ClassUse, assumed_words, class_uses};
use crate::analysis::clocks::unseen::{Said, Unseen};
use crate::analysis::clocks::{ClockModel, EventKey, Finding, Offset, Point, Proof, Severity as Weight, Side};
use crate::model::{DomainIx, Severity, SpanIx, TraceIx, TraceStore};

/// How the clocks were analysed.
#[derive(Clone, Debug, Serialize)]
pub struct Analysis {
    /// `protocol`, `convention` or `prior`: which causal edges were believed.
    pub level: String,
    /// Name of the reference clock; none in an empty workspace.
    pub reference: Option<String>,
    /// Why that one.
    pub reason: Option<String>,
    /// How fast clocks may drift without comment, parts per 10⁹.
    pub drift_ppb: u32,
    /// Other bounds, by the clock's name.
    pub drift_of: BTreeMap<String, u32>,
    /// The id of the trace whose messages alone count, if not those of all.
    pub only_trace: Option<String>,
    /// Clocks that stamped no span but are read in some; left out where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unseen_clocks: Vec<UnseenReport>,
    /// Kinds of evidence between clocks: those of protocol first, then the most used ones.
    pub evidence: Vec<EvidenceReport>,
    /// What differs from the usual, in words.
    #[serde(skip)]
    pub assumed: Vec<String>,
    /// What would explain all contradictions.
    pub strain: StrainReport,
}

/// A broker, or whoever dates the responses of a host.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct UnseenReport {
    /// What it is called.
    pub name: String,
    /// The attributes that tell it from others.
    pub told_by: String,
    /// Whether the name may stand for several machines.
    pub guessed: bool,
    /// How many spans read it.
    pub spans: u64,
}

/// A kind of evidence between clocks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct EvidenceReport {
    /// What `--without` and `--with` call it.
    pub name: String,
    /// Its rule.
    pub rule: &'static str,
    /// How sure the rule is.
    pub strength: String,
    /// How often it was applied.
    pub uses: u64,
    /// In how many of them it cannot hold, whatever the offsets are.
    pub violated: u64,
    /// How many single messages of it were set aside so that the rest fits.
    pub set_aside: u64,
    /// It counts.
    pub on: bool,
    /// Why it does or does not: `on`, `on_by_hand`, `off_by_hand`, `failing`, `overruled`, `given_up`, `too_weak`.
    pub standing: &'static str,
    /// The same in words; empty for what counts as usual.
    #[serde(skip)]
    pub because: &'static str,
}

impl EvidenceReport {
    fn new(class: ClassUse) -> Self {
        let ClassUse { key, name, uses, violated, set_aside, standing, operation: _ } = class;
        let (rule, strength) = (key.rule.into(), key.rule.strength().to_string());
        let (on, because, standing) = (standing.is_on(), standing.words(), standing.into());
        Self { name, rule, strength, uses, violated, set_aside, on, standing, because }
    }
}

/// How much would have to be wrong everywhere to explain all contradictions.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct StrainReport {
    /// The least error of every reading, nanoseconds: 0 without contradictions, none when no error helps.
    pub reading_error_ns: Option<i64>,
    /// The least addition to every clock's drift, parts per 10⁹, likewise.
    pub extra_drift_ppb: Option<u32>,
}

/// The offset of a clock against the reference clock at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct OffsetReport {
    /// Name of the reference clock.
    pub reference: String,
    /// Which causal edges were believed.
    pub level: String,
    /// (this clock) - (reference clock) is at least this; none when nothing bounds it.
    pub lo_ns: Option<i64>,
    /// And at most this.
    pub hi_ns: Option<i64>,
    /// A guess inside; none when the clocks are not comparable.
    pub estimate_ns: Option<i64>,
    /// What the clock showed then: the middle one of its spans' starts.
    #[serde(serialize_with = "as_text_or_null")]
    pub at_ns: Option<i64>,
    /// Exactly one side is bounded.
    pub one_sided: bool,
    /// The edges that set the two ends.
    pub why: Vec<WhyEdge>,
}

/// An edge that helps to set one end of an offset.
#[derive(Clone, Debug, Serialize)]
pub struct WhyEdge {
    /// Which end: `lo` or `hi`.
    pub side: &'static str,
    /// The edge.
    #[serde(flatten)]
    pub edge: EdgeReport,
}

/// One event had to happen before another.
#[derive(Clone, Debug, Serialize)]
pub struct EdgeReport {
    /// The earlier event.
    pub from: Moment,
    /// The later event.
    pub to: Moment,
    /// Why it had to.
    pub rule: &'static str,
    /// How sure that is.
    pub strength: String,
    /// What the earlier event's clock showed.
    #[serde(serialize_with = "as_text")]
    pub raw_from_ns: i64,
    /// What the later event's clock showed.
    #[serde(serialize_with = "as_text")]
    pub raw_to_ns: i64,
    /// The rule in words.
    #[serde(skip)]
    pub because: &'static str,
}

/// A point in time of a span.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Moment {
    /// The span's id.
    pub span: String,
    /// `start`, `end`, `event N` from 0; or `stored`, `dated`, `created`, as another clock that the span read says.
    pub event: String,
    /// The id of the span's trace.
    pub trace: String,
    /// The span's name.
    pub name: String,
    /// The clock that stamped it.
    pub clock: String,
}

/// Two clocks that exchange messages, as if their offset never changed.
#[derive(Clone, Debug, Serialize)]
pub struct PairReport {
    /// One clock.
    pub a: String,
    /// The other clock.
    pub b: String,
    /// (clock of b) - (clock of a) is at least this; none for an open side or when no constant fits.
    pub lo_ns: Option<i64>,
    /// And at most this.
    pub hi_ns: Option<i64>,
    /// Least latency there and back; none without a round trip.
    pub slack_ns: Option<i64>,
    /// Messages between the two.
    pub edges: u64,
    /// Whether one constant offset fits all of them.
    pub feasible: bool,
    /// The simplest clock model that fits.
    pub model: &'static str,
}

/// A conclusion about clocks or causality.
#[derive(Clone, Debug, Serialize)]
pub struct FindingReport {
    /// Number, from 1, the worst first.
    pub id: u32,
    /// Its kind, e.g. `N0`.
    pub code: &'static str,
    /// `impossible`, `suspicious`, `clock` or `info`.
    #[serde(serialize_with = "as_text")]
    pub severity: Weight,
    /// What is wrong, in a sentence.
    pub sentence: String,
    /// The root cause in a few words.
    pub root: String,
    /// The clocks concerned, the one to blame first.
    pub domains: Vec<String>,
    /// Ids of spans that show it, the clearest first.
    pub spans: Vec<String>,
    /// The edges that prove it, in causal order.
    pub witness: Vec<EdgeReport>,
    /// By how much.
    pub excess_ns: i64,
    /// The simplest clock model that explains it.
    pub model: &'static str,
    /// What explains it, most likely first.
    pub repairs: Vec<String>,
    /// How many spans or messages show it.
    pub count: u64,
    /// The weakest evidence that it needs.
    pub level: String,
    /// When, on the first clock of `domains`.
    #[serde(serialize_with = "as_text_or_null")]
    pub at_ns: Option<i64>,
}

impl FindingReport {
    /// How much it counts among what is odd about inputs: contradictions are warnings, the rest is worth knowing.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match self.severity {
            Weight::Impossible | Weight::Suspicious => Severity::Warning,
            Weight::Clock | Weight::Info => Severity::Notice,
        }
    }
}

impl From<&Unseen> for UnseenReport {
    fn from(clock: &Unseen) -> Self {
        let Unseen { name, told_by, is_guessed, spans } = clock.clone();
        Self { name, told_by, guessed: is_guessed, spans }
    }
}

/// Turns conclusions about indexes into conclusions about names.
#[derive(Clone, Copy, Debug)]
pub struct Describe<'a> {
    /// The workspace.
    pub store: &'a TraceStore,
    /// Its clock domains.
    pub domains: &'a Domains,
    /// What is known about them.
    pub model: &'a ClockModel,
}

impl Describe<'_> {
    fn clock(&self, domain: DomainIx) -> String {
        self.domains.list.get(domain.at()).map_or_else(String::new, |domain| domain.name.clone())
    }

    fn level(&self) -> String {
        self.model.options().level.to_string()
    }

    /// How the clocks were analysed.
    #[must_use]
    pub fn analysis(&self) -> Analysis {
        let reference = self.model.reference();
        let options = self.model.options();
        let strain = self.model.strain();
        let trace =
            |trace: TraceIx| self.store.traces().get(trace.at()).map(|trace| self.store.trace_id_text(trace.id));
        Analysis {
            level: self.level(),
            reference: reference.map(|reference| self.clock(reference.domain)),
            reason: reference.map(|reference| reference.reason.clone()),
            drift_ppb: options.drift_ppb,
            drift_of: options.drift_of.iter().map(|&(domain, ppb)| (self.clock(domain), ppb)).collect(),
            only_trace: options.only.and_then(trace),
            unseen_clocks: self.model.unseen().list.iter().map(UnseenReport::from).collect(),
            evidence: class_uses(self.store, self.model).into_iter().map(EvidenceReport::new).collect(),
            assumed: assumed_words(self.store, self.domains, options),
            strain: StrainReport { reading_error_ns: strain.reading_error_ns, extra_drift_ppb: strain.extra_drift_ppb },
        }
    }

    /// A point in time of a span.
    #[must_use]
    pub fn moment(&self, key: EventKey) -> Moment {
        let span = self.store.span(key.span);
        let event = match key.point {
            Point::Start => "start".to_owned(),
            Point::End => "end".to_owned(),
            Point::Event(number) => format!("event {number}"),
        };
        let clock = self.domains.of_span.get(key.span.at()).copied().unwrap_or(DomainIx::NONE);
        Moment {
            span: self.store.span_id_text(span.id()),
            event,
            trace: self.store.trace_id_text(span.trace_id()),
            name: span.name().to_owned(),
            clock: self.clock(clock),
        }
    }

    /// An edge.
    #[must_use]
    pub fn edge(&self, proof: &Proof) -> EdgeReport {
        let (mut from, mut to) = (self.moment(proof.cause.from), self.moment(proof.cause.to));
        match proof.cause.rule.reads() {
            Some((said, true)) => self.read(said, proof.cause.from.span, &mut from),
            Some((said, false)) => self.read(said, proof.cause.to.span, &mut to),
            None => {}
        }
        EdgeReport {
            from,
            to,
            rule: proof.cause.rule.into(),
            strength: proof.cause.rule.strength().to_string(),
            raw_from_ns: proof.from_ns,
            raw_to_ns: proof.to_ns,
            because: proof.cause.rule.words(),
        }
    }

    /// Says in `moment` whose clock `span` read, and what for.
    fn read(&self, said: Said, span: SpanIx, moment: &mut Moment) {
        let unseen = self.model.unseen();
        let clock = unseen.of(span, said).and_then(|at| unseen.list.get(at as usize));
        moment.clock = clock.map_or_else(String::new, |clock| clock.name.clone());
        moment.event = said.word().to_owned();
    }

    /// The offsets of all clocks, each at the middle one of its spans' starts; none without a reference clock.
    #[must_use]
    pub fn offsets(&self) -> Vec<Option<OffsetReport>> {
        let at = self.middles();
        let Some(reference) = self.model.reference() else { return vec![None; at.len()] };
        let reference = self.clock(reference.domain);
        let clocks = at.into_iter().enumerate().map(|(domain, at_ns)| (DomainIx::from_usize(domain), at_ns));
        clocks.map(|(domain, at_ns)| Some(self.offset(domain, at_ns, &reference))).collect()
    }

    fn offset(&self, domain: DomainIx, at_ns: Option<i64>, reference: &str) -> OffsetReport {
        let offset = at_ns.map_or_else(Offset::default, |at_ns| self.model.offset(domain, at_ns));
        let mut why = Vec::new();
        for (side, name) in [(Side::Lo, "lo"), (Side::Hi, "hi")] {
            let proofs = at_ns.map_or_else(Vec::new, |at_ns| self.model.why(domain, at_ns, side));
            why.extend(proofs.iter().map(|proof| WhyEdge { side: name, edge: self.edge(proof) }));
        }
        OffsetReport {
            reference: reference.to_owned(),
            level: self.level(),
            lo_ns: offset.lo_ns,
            hi_ns: offset.hi_ns,
            estimate_ns: offset.estimate_ns,
            at_ns,
            one_sided: offset.lo_ns.is_some() != offset.hi_ns.is_some(),
            why,
        }
    }

    /// By clock: the median of its spans' starts, as the clock model reads them. A span far away from all others
    /// does not move it away from the evidence, and a moment at which the clock may have jumped is no evidence.
    fn middles(&self) -> Vec<Option<i64>> {
        let stamps = self.model.stamps(self.store, self.domains);
        let mut starts: Vec<Vec<i64>> = vec![Vec::new(); self.domains.list.len()];
        for (at, domain) in self.domains.of_span.iter().enumerate() {
            if let (Some(starts), Some(stamp)) = (starts.get_mut(domain.at()), stamps.start(SpanIx::from_usize(at))) {
                starts.push(stamp.anchor_ns);
            }
        }
        let middle = |(domain, mut starts): (usize, Vec<i64>)| {
            let is_sure = |at_ns: &i64| !self.model.may_have_jumped(DomainIx::from_usize(domain), *at_ns);
            if starts.iter().any(is_sure) {
                starts.retain(is_sure);
            }
            let half = starts.len().checked_sub(1)? / 2;
            Some(*starts.select_nth_unstable(half).1)
        };
        starts.into_iter().enumerate().map(middle).collect()
    }

    /// Every pair of clocks that exchange messages.
    #[must_use]
    pub fn pairs(&self) -> Vec<PairReport> {
        let pair = |pair: &crate::analysis::clocks::Pair| PairReport {
            a: self.clock(pair.a),
            b: self.clock(pair.b),
            lo_ns: pair.lo_ns,
            hi_ns: pair.hi_ns,
            slack_ns: pair.slack_ns,
            edges: pair.edges,
            feasible: pair.is_feasible,
            model: self.model_of(pair),
        };
        self.model.pairs().iter().map(pair).collect()
    }

    /// The simplest model that fits: equal clocks, a constant offset, or what the findings about both needed.
    fn model_of(&self, pair: &crate::analysis::clocks::Pair) -> &'static str {
        if pair.is_feasible {
            let is_equal = pair.lo_ns.is_none_or(|lo| lo <= 0) && pair.hi_ns.is_none_or(|hi| hi >= 0);
            return if is_equal { "M0" } else { "M1" };
        }
        let of_span = |key: EventKey| self.domains.of_span.get(key.span.at()).copied();
        let concerns = |finding: &&Finding| {
            let ends = |proof: &Proof| [of_span(proof.cause.from), of_span(proof.cause.to)];
            let has = |clock| finding.witness.iter().any(|proof| ends(proof).contains(&Some(clock)));
            finding.model > "M1" && has(pair.a) && has(pair.b)
        };
        // The names sort by how much the models allow.
        let models = self.model.findings().iter().filter(concerns).map(|finding| finding.model);
        models.max().unwrap_or("M4")
    }

    /// Everything that was found, the worst first.
    #[must_use]
    pub fn findings(&self) -> Vec<FindingReport> {
        self.model.findings().iter().map(|finding| self.finding(finding)).collect()
    }

    fn finding(&self, finding: &Finding) -> FindingReport {
        FindingReport {
            id: finding.id,
            code: finding.code.into(),
            severity: finding.severity,
            sentence: finding.sentence.clone(),
            root: finding.root.clone(),
            domains: finding.domains.iter().map(|&domain| self.clock(domain)).collect(),
            spans: finding.spans.iter().map(|&span| self.store.span_id_text(self.store.span(span).id())).collect(),
            witness: finding.witness.iter().map(|proof| self.edge(proof)).collect(),
            excess_ns: finding.excess_ns,
            // Oddities on one clock need no model of several.
            model: if finding.model.is_empty() { "none" } else { finding.model },
            repairs: finding.repairs.clone(),
            count: finding.count,
            level: finding.level.to_string(),
            at_ns: finding.at_ns,
        }
    }
}
