//! What the report says about AI conversations: agents, conversations, turns, phases.

use std::collections::BTreeMap;

use serde::Serialize;

use super::derived::{self, CallReport, ConventionReport, SourceReport};
use super::missing::{self, MissingParentReport};
use super::passage::PassageReport;
use super::voice::VoiceReport;
use super::why::{self, LongestReport, WhyReport};
use super::{ReportInput, as_text};
use crate::analysis::clocks::ClockModel;
use crate::analysis::findings::{self, Finding, Rulebook, Severity as Weight};
use crate::analysis::genai::{Agent, AgentIx, Between, Breakdown, GenAi, Judged, PhaseTime, Totals, TurnIx};
use crate::analysis::reading::{self, Passages};
use crate::model::{Severity, SpanIx, TraceStore};

/// What joining the times of several clocks may cost, turn by turn: events visited in the clock model, about a second.
const MOST_VISITED: usize = 4_000_000;

/// The sections about AI conversations.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AiReport {
    /// Totals of the workspace.
    pub ai: AiTotals,
    /// The agents: named ones first.
    pub agents: Vec<AgentReport>,
    /// The conversations, in order of appearance.
    pub conversations: Vec<ConversationReport>,
    /// The turns, those of one conversation together and in order.
    pub turns: Vec<TurnReport>,
    /// The longest trace, where no turn is known.
    pub longest: Option<LongestReport>,
    /// Where the time of all AI work went.
    pub phases: Vec<PhaseReport>,
    /// Agents that hand over to others.
    pub handoffs: Vec<HandoffReport>,
    /// What was tried more than once.
    pub retries: Vec<RetryReport>,
    /// Where traces that lost their parent may belong.
    pub stitches: Vec<StitchReport>,
    /// Where derived values were read: per field, how often and how sure.
    pub sources: Vec<SourceReport>,
    /// What is known about parents that are in no input; those about which nothing is are only counted.
    pub missing_parents: Vec<MissingParentReport>,
    /// Which conventions each instrumentation scope follows.
    pub conventions: Vec<ConventionReport>,
    /// The first model calls, each value with its source. Without anything that was said.
    pub calls: Vec<CallReport>,
    /// Patterns that were found, the worst first.
    pub ai_findings: Vec<AiFindingReport>,
}

/// Counts and sums.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct AiTotals {
    /// Spans.
    pub spans: u64,
    /// Spans that failed.
    pub errors: u64,
    /// Model calls.
    pub model_calls: u64,
    /// Model calls that state no tokens.
    pub calls_without_tokens: u64,
    /// Tool calls.
    pub tool_calls: u64,
    /// Tokens in.
    pub input_tokens: u64,
    /// Of them from a cache.
    pub cache_read_tokens: u64,
    /// Tokens out.
    pub output_tokens: u64,
    /// Of them reasoning.
    pub reasoning_tokens: u64,
    /// Stated cost in billionths of a US dollar; none when no call states one.
    pub cost_nano_usd: Option<u64>,
    /// Calls that state a cost.
    pub calls_with_cost: u64,
}

/// A duration as an interval.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Interval {
    /// At least this.
    pub lo_ns: i64,
    /// At most this; none when nothing bounds it.
    pub hi_ns: Option<i64>,
}

/// The time of one phase.
#[derive(Clone, Debug, Serialize)]
pub struct PhaseReport {
    /// Its name.
    pub phase: &'static str,
    /// The same for people.
    #[serde(skip)]
    pub label: &'static str,
    /// Parts or spans.
    pub count: u64,
    /// Durations added up.
    pub sum_ns: i64,
    /// Of it from spans or events.
    pub real_ns: i64,
    /// Of it derived.
    pub derived_ns: i64,
    /// Of it unaccounted for.
    pub unaccounted_ns: i64,
    /// Time during which at least one went on.
    pub busy: Interval,
}

/// An agent.
#[derive(Clone, Debug, Serialize)]
pub struct AgentReport {
    /// Its name.
    pub name: String,
    /// The name was made up.
    pub inferred: bool,
    /// Where the name was read.
    pub source: String,
    /// How far it can be trusted.
    pub confidence: String,
    /// What it did.
    #[serde(flatten)]
    pub totals: AiTotals,
    /// Where its time went.
    pub phases: Vec<PhaseReport>,
}

/// A conversation.
#[derive(Clone, Debug, Serialize)]
pub struct ConversationReport {
    /// Its id.
    pub id: String,
    /// The attribute that says it.
    pub source: String,
    /// How far it can be trusted.
    pub confidence: String,
    /// Ids of its traces.
    pub traces: Vec<String>,
    /// Its number of turns.
    pub turns: u64,
    /// What happened in it.
    #[serde(flatten)]
    pub totals: AiTotals,
}

/// A turn.
#[derive(Clone, Debug, Serialize)]
pub struct TurnReport {
    /// Its conversation, if it belongs to one.
    pub conversation: Option<String>,
    /// Its number in it.
    pub number: String,
    /// Where the number was read, or how it was made.
    pub source: String,
    /// Whether the data numbers it or it was counted.
    pub confidence: String,
    /// Ids of its topmost spans.
    pub roots: Vec<String>,
    /// When the first of them starts, on its own clock.
    #[serde(serialize_with = "as_text")]
    pub start_ns: i64,
    /// The clock of that time.
    pub clock: String,
    /// From its first start to its last end.
    pub wall: Option<Interval>,
    /// How long the person waited for the first sound of the answer, in conversations by voice.
    pub voice: Option<VoiceReport>,
    /// What happened in it.
    #[serde(flatten)]
    pub totals: AiTotals,
    /// Where its time went.
    pub phases: Vec<PhaseReport>,
    /// Why it took so long; none without times, and beyond the slowest ones.
    pub why: Option<WhyReport>,
}

/// One agent hands over to another.
#[derive(Clone, Debug, Serialize)]
pub struct HandoffReport {
    /// Who hands over.
    pub from: Option<String>,
    /// Who takes over: the agent, else the name as written.
    pub to: Option<String>,
    /// How it shows.
    pub by: String,
    /// How far that can be trusted.
    pub confidence: String,
    /// The id of the span where it shows.
    pub span: String,
    /// How whoever takes over follows; none where it left no span.
    pub taken: Option<PassageReport>,
}

/// Attempts at one thing.
#[derive(Clone, Debug, Serialize)]
pub struct RetryReport {
    /// Name of the first attempt.
    pub name: String,
    /// Ids of the attempts.
    pub attempts: Vec<String>,
    /// The gaps between them.
    pub backoff_ns: Vec<i64>,
    /// The last one did not fail.
    pub succeeded: bool,
    /// Tokens that failed attempts used.
    pub wasted_tokens: u64,
    /// Another model or tool was tried.
    pub fallback: bool,
}

/// Where a trace that lost its parent may belong.
#[derive(Clone, Debug, Serialize)]
pub struct StitchReport {
    /// The id of its topmost span.
    pub root: String,
    /// The id of the span below which it may belong.
    pub under: String,
    /// From 0 to 100.
    pub score: u8,
    /// Why.
    pub by: String,
    /// The same in words.
    pub evidence: String,
    /// How the trace follows that span.
    pub taken: Option<PassageReport>,
}

/// A pattern that was found.
#[derive(Clone, Debug, Serialize)]
pub struct AiFindingReport {
    /// Number; goes on after those of `findings`.
    pub id: u32,
    /// The rule, `E2` to `E13`.
    pub code: &'static str,
    /// `impossible`, `suspicious` or `unknown`.
    #[serde(serialize_with = "as_text")]
    pub severity: Weight,
    /// What is wrong, in a sentence.
    pub sentence: String,
    /// The root cause in a few words.
    pub root: String,
    /// The numbers and sources behind it.
    pub evidence: Vec<String>,
    /// Ids of spans that show it, the clearest first.
    pub spans: Vec<String>,
    /// How many spans or cases show it.
    pub count: u64,
    /// The numbers of the evidence by short names; those that end in `_ns` are nanoseconds.
    pub numbers: BTreeMap<&'static str, i64>,
}

impl AiFindingReport {
    /// How much it counts among what is odd about inputs: what looks wrong is a warning. Data that is missing is
    /// nothing odd, or a diagnostic of its own.
    #[must_use]
    pub const fn severity(&self) -> Option<Severity> {
        match self.severity {
            Weight::Impossible | Weight::Suspicious => Some(Severity::Warning),
            Weight::Unknown => None,
        }
    }
}

impl From<&Totals> for AiTotals {
    fn from(totals: &Totals) -> Self {
        Self {
            spans: totals.spans,
            errors: totals.errors,
            model_calls: totals.model_calls,
            calls_without_tokens: totals.calls_without_tokens,
            tool_calls: totals.tool_calls,
            input_tokens: totals.input_tokens,
            cache_read_tokens: totals.cache_read_tokens,
            output_tokens: totals.output_tokens,
            reasoning_tokens: totals.reasoning_tokens,
            cost_nano_usd: (totals.calls_with_cost > 0).then_some(totals.cost_nano),
            calls_with_cost: totals.calls_with_cost,
        }
    }
}

impl From<Between> for Interval {
    fn from(between: Between) -> Self {
        Self { lo_ns: between.lo_ns, hi_ns: between.hi_ns }
    }
}

impl From<&PhaseTime> for PhaseReport {
    fn from(time: &PhaseTime) -> Self {
        Self {
            phase: time.phase.name(),
            label: time.phase.label(),
            count: time.count,
            sum_ns: time.sum_ns(),
            real_ns: time.real_ns,
            derived_ns: time.derived_ns,
            unaccounted_ns: time.unaccounted_ns,
            busy: time.busy.into(),
        }
    }
}

impl AiReport {
    pub(super) fn build(input: ReportInput<'_>, rules: &Rulebook) -> Self {
        let genai = GenAi::analyse(input.store);
        let builder = Builder { input, genai: &genai };
        if genai.is_empty() {
            let ai_findings = builder.findings(rules, None);
            let (longest, missing_parents) = (why::longest(&input, &genai), missing::parents(&genai, input.store));
            return Self { ai_findings, missing_parents, longest, ..Self::default() };
        }
        let judged = Judged::default();
        let mut passages = Passages::new(&reading::Context {
            store: input.store,
            domains: input.domains,
            genai: &genai,
            clocks: Some(input.model),
            judged: &judged,
        });
        let (handoffs, stitches) = (builder.handoffs(&mut passages), builder.stitches(&mut passages));
        let ai_findings = builder.findings(rules, Some(&mut passages));
        Self {
            ai: genai.totals().into(),
            agents: builder.agents(),
            conversations: builder.conversations(),
            turns: builder.turns(),
            longest: why::longest(&input, &genai),
            phases: phases(&builder.breakdown(input.store.span_ixs(), true)),
            handoffs,
            retries: builder.retries(),
            stitches,
            sources: derived::sources(&genai, input.store),
            missing_parents: missing::parents(&genai, input.store),
            conventions: derived::conventions(&genai, input.store),
            calls: derived::calls(&genai, input.store),
            ai_findings,
        }
    }
}

fn phases(breakdown: &Breakdown) -> Vec<PhaseReport> {
    breakdown.phases.iter().map(PhaseReport::from).collect()
}

struct Builder<'a> {
    input: ReportInput<'a>,
    genai: &'a GenAi,
}

impl Builder<'_> {
    fn store(&self) -> &TraceStore {
        self.input.store
    }

    fn breakdown(&self, spans: impl IntoIterator<Item = SpanIx>, with_intervals: bool) -> Breakdown {
        let clocks: Option<&ClockModel> = with_intervals.then_some(self.input.model);
        Breakdown::of(self.input.store, self.genai, self.input.domains, clocks, spans)
    }

    fn id(&self, span: SpanIx) -> String {
        self.store().span_id_text(self.store().span(span).id())
    }

    fn agent(&self, agent: Option<AgentIx>) -> Option<&Agent> {
        agent.map(|agent| &self.genai.agents()[agent.at()])
    }

    fn agents(&self) -> Vec<AgentReport> {
        let groups = groups(self.genai.agents().len(), self.store(), |span| self.genai.agent_of(span).map(AgentIx::at));
        let agent = |(agent, spans): (&Agent, Vec<SpanIx>)| AgentReport {
            name: agent.name.clone(),
            inferred: agent.is_inferred,
            source: agent.source.clone(),
            confidence: agent.confidence.to_string(),
            totals: (&agent.totals).into(),
            phases: phases(&self.breakdown(spans, false)),
        };
        self.genai.agents().iter().zip(groups).map(agent).collect()
    }

    fn conversations(&self) -> Vec<ConversationReport> {
        let mut turns = vec![0; self.genai.conversations().len()];
        for conversation in self.genai.turns().iter().filter_map(|turn| turn.conversation) {
            turns[conversation.at()] += 1;
        }
        let store = self.store();
        let conversations =
            self.genai.conversations().iter().zip(turns).map(|(conversation, turns)| ConversationReport {
                id: conversation.id.clone(),
                source: conversation.source.clone(),
                confidence: conversation.confidence.to_string(),
                traces: conversation.traces.iter().map(|ix| store.trace_id_text(store.traces()[ix.at()].id)).collect(),
                turns,
                totals: (&conversation.totals).into(),
            });
        conversations.collect()
    }

    fn turns(&self) -> Vec<TurnReport> {
        let turns = self.genai.turns();
        let mut left = MOST_VISITED;
        let mut whys = why::turns(&self.input, self.genai).into_iter();
        let voices = self.genai.voices(self.store());
        let voice = |turn: usize| voices.iter().find(|voice| voice.turn.at() == turn);
        let groups = groups(turns.len(), self.store(), |span| self.genai.turn_of(span).map(TurnIx::at));
        let turn = |(at, (turn, spans)): (usize, (&crate::analysis::genai::Turn, Vec<SpanIx>))| {
            let breakdown = self.breakdown(spans, left > 0);
            left = left.saturating_sub(breakdown.visited);
            let first = turn.roots.first().copied();
            let clock = first.and_then(|first| self.input.domains.of_span.get(first.at()));
            TurnReport {
                conversation: turn.conversation.map(|ix| self.genai.conversations()[ix.at()].id.clone()),
                number: turn.number.clone(),
                source: self.turn_source(turn),
                confidence: turn.confidence.to_string(),
                roots: turn.roots.iter().map(|root| self.id(*root)).collect(),
                start_ns: first.map_or(0, |first| self.store().span(first).drawn_ns().0),
                clock: clock.map_or_else(String::new, |ix| self.input.domains.list[ix.at()].name.clone()),
                wall: breakdown.wall.map(Interval::from),
                voice: voice(at).map(|voice| VoiceReport::of(voice, &self.input, self.genai)),
                totals: (&turn.totals).into(),
                phases: phases(&breakdown),
                why: whys.next().flatten(),
            }
        };
        turns.iter().zip(groups).enumerate().map(turn).collect()
    }

    fn turn_source(&self, turn: &crate::analysis::genai::Turn) -> String {
        let view = turn.roots.first().and_then(|root| self.genai.call(self.store(), *root));
        let known = view.as_ref().and_then(|view| view.get(crate::analysis::genai::Field::Turn));
        known.map_or_else(|| "counted".to_owned(), |known| known.source.clone())
    }

    fn handoffs(&self, passages: &mut Passages<'_>) -> Vec<HandoffReport> {
        let handoffs = self.genai.handoffs().iter().map(|handoff| HandoffReport {
            from: self.agent(handoff.from).map(|agent| agent.name.clone()),
            to: self
                .agent(handoff.to)
                .map(|agent| agent.name.clone())
                .or_else(|| Some(handoff.to_name.clone()).filter(|name| !name.is_empty())),
            by: handoff.by.to_string(),
            confidence: handoff.confidence.to_string(),
            span: self.id(handoff.span),
            taken: passages.of(handoff).map(|passage| PassageReport::new(self.store(), &passage)),
        });
        handoffs.collect()
    }

    fn retries(&self) -> Vec<RetryReport> {
        let retries = self.genai.retries().iter().map(|retry| RetryReport {
            name: self.store().span(retry.attempts[0]).name().to_owned(),
            attempts: retry.attempts.iter().map(|span| self.id(*span)).collect(),
            backoff_ns: retry.backoff_ns.clone(),
            succeeded: retry.succeeded,
            wasted_tokens: retry.wasted_tokens,
            fallback: retry.is_fallback,
        });
        retries.collect()
    }

    fn findings(&self, rules: &Rulebook, mut passages: Option<&mut Passages<'_>>) -> Vec<AiFindingReport> {
        let (config, contract) = (&rules.config, rules.contract.as_ref());
        let domains = self.input.domains;
        let context = findings::Context { store: self.store(), genai: self.genai, domains, config, contract };
        let first = u32::try_from(self.input.model.findings().len()).unwrap_or(u32::MAX - 1) + 1;
        let mut found = findings::find(&context, first);
        if let Some(passages) = &mut passages {
            found.iter_mut().for_each(|finding| compare_clocks(finding, passages));
        }
        let found = found.into_iter().map(|finding| AiFindingReport {
            id: finding.id,
            code: finding.code,
            severity: finding.severity,
            sentence: finding.sentence,
            root: finding.root,
            evidence: finding.evidence,
            spans: finding.spans.iter().map(|span| self.id(*span)).collect(),
            count: finding.count,
            numbers: finding.numbers,
        });
        found.collect()
    }

    fn stitches(&self, passages: &mut Passages<'_>) -> Vec<StitchReport> {
        let stitches = self.genai.stitches().iter().map(|stitch| StitchReport {
            root: self.id(stitch.root),
            under: self.id(stitch.under),
            score: stitch.score,
            by: stitch.by.to_string(),
            evidence: stitch.evidence.clone(),
            taken: passages.of_stitch(stitch).map(|passage| PassageReport::new(self.store(), &passage)),
        });
        stitches.collect()
    }
}

/// How long after the handoff a trace began that lost its parent, where two clocks say it: an interval, each end left
/// out where nothing bounds it.
fn compare_clocks(finding: &mut Finding, passages: &mut Passages<'_>) {
    let (&[root, under], "E3") = (finding.spans.as_slice(), finding.code) else { return };
    if finding.numbers.contains_key("after_ns") {
        return;
    }
    let Some(took) = passages.after(under, root).map(|passage| passage.took) else { return };
    let ends = [("after_lo_ns", took.lo_ns), ("after_hi_ns", took.hi_ns)];
    finding.numbers.extend(ends.into_iter().filter_map(|(name, ns)| Some((name, ns?))));
}

/// The spans of each of `count` groups, in file order.
fn groups(count: usize, store: &TraceStore, group: impl Fn(SpanIx) -> Option<usize>) -> Vec<Vec<SpanIx>> {
    let mut groups = vec![Vec::new(); count];
    for span in store.span_ixs() {
        if let Some(of_group) = group(span).and_then(|at| groups.get_mut(at)) {
            of_group.push(span);
        }
    }
    groups
}
