//! Colours by agent, by phase and by clock.

use ecolor::Color32;
use strum::VariantArray as _;

use super::frame::Sample;
use super::palette::{BarColors, name_slots, slot_colors, unknown_colors};
use super::theme::{ThemeKind, mix, rgb, text_on};
use crate::analysis::clocks::domains::Domains;
use crate::analysis::findings::{Rulebook, StallLimits};
use crate::analysis::genai::{Agent, AgentIx, GenAi, Phase, Stream};
use crate::analysis::numbered::Patterns;
use crate::model::{DomainIx, SpanIx, TraceStore};

/// What a store says about AI conversations, with a colour for every agent. Made once per store, shared.
#[derive(Clone, Debug)]
pub struct Work {
    /// What the spans say.
    pub genai: GenAi,
    /// Patterns in it that deserve a look.
    pub patterns: Patterns,
    /// The colour slot of every agent.
    slots: Vec<usize>,
    /// The phases that occur, in their order.
    phases: Vec<Phase>,
    /// What counts as a stream that stands still.
    stall: StallLimits,
}

impl Work {
    /// Reads all spans of `store`, whose clocks are `domains`.
    #[must_use]
    pub fn of_store(store: &TraceStore, domains: &Domains, rules: &Rulebook) -> Self {
        let genai = GenAi::analyse(store);
        let names: Vec<&str> = genai.agents().iter().map(|agent| agent.name.as_str()).collect();
        let slots = name_slots(&names);
        let of_spans = store.span_ixs().map(|span| genai.phase_of(span));
        let of_parts = genai.calls().iter().flat_map(|call| genai.phases(call.span)).map(|part| part.phase);
        let mut is_there = [false; Phase::VARIANTS.len()];
        for phase in of_spans.chain(of_parts) {
            is_there[phase as usize] = true;
        }
        let phases = Phase::VARIANTS.iter().copied().filter(|&phase| is_there[phase as usize]).collect();
        let patterns = Patterns::find(store, domains, &genai, rules);
        Self { genai, patterns, slots, phases, stall: rules.config.E5 }
    }

    /// True when a gap of `gap_ns` in `stream` is so much longer than usual that the stream stood still.
    #[must_use]
    pub fn is_stall(&self, stream: &Stream<'_>, gap_ns: i64) -> bool {
        self.stall.is_stall(stream, gap_ns)
    }

    /// The phases that occur, of spans and of parts of them.
    #[must_use]
    pub fn phases(&self) -> &[Phase] {
        &self.phases
    }

    /// The colours of what `agent` does.
    #[must_use]
    pub fn agent_colors(&self, agent: AgentIx, theme: ThemeKind) -> BarColors {
        self.slots.get(agent.at()).map_or_else(|| unknown_colors(theme), |&slot| slot_colors(slot, theme))
    }

    /// True when nothing states the name of `agent`: then it has to look like a guess.
    #[must_use]
    pub fn is_guess(&self, agent: AgentIx) -> bool {
        self.genai.agents().get(agent.at()).is_some_and(Agent::is_guess)
    }

    /// The colours of `span` by its agent, and whether the agent is a guess.
    #[must_use]
    pub fn colors_by_agent(&self, span: SpanIx, theme: ThemeKind) -> (BarColors, bool) {
        match self.genai.agent_of(span) {
            Some(agent) => (self.agent_colors(agent, theme), self.is_guess(agent)),
            None => (unknown_colors(theme), false),
        }
    }
}

/// The colours of a phase. Kinds of waiting are light or warm, work of a model is blue and green; what nothing
/// explains is grey. Picked by search, so that all eyes can tell them apart, and none is a colour of services: in a
/// picture that shows both, a colour means one of them. Tests of the palette hold the distances.
#[must_use]
pub fn phase_colors(phase: Phase, theme: ThemeKind) -> BarColors {
    let hex = match phase {
        Phase::None | Phase::Opaque => return unknown_colors(theme),
        Phase::Queue => 0xe9_89_00,
        Phase::Load => 0x9e_9e_53,
        Phase::Prefill => 0x43_63_ea,
        Phase::Decode => 0x28_85_45,
        Phase::Compute => 0x1a_94_8a,
        Phase::Overhead => 0x78_7c_cd,
        Phase::Network => 0x88_04_8c,
        Phase::FirstToken => 0xf5_e8_6a,
        Phase::ModelCall => 0x6b_b0_ff,
        Phase::Tool => 0x5d_cb_d3,
        Phase::Retrieval => 0xe8_b1_a5,
        Phase::AgentWork => 0x8a_97_b9,
        Phase::Backoff => 0x7a_3a_4c,
        Phase::HumanWait => 0xe0_de_d4,
    };
    let depth = if theme == ThemeKind::Light { 0.06 } else { 0.0 };
    let fill = mix(rgb(hex), rgb(0x101216), depth);
    BarColors { fill, text: text_on(fill) }
}

/// The colours of what a clock stamped; clocks have colours in their order, so that neighbours differ.
#[must_use]
pub fn clock_colors(clock: DomainIx, theme: ThemeKind) -> BarColors {
    slot_colors(clock.at(), theme)
}

/// Most entries of a legend of colours; more are counted.
const MOST_ENTRIES: usize = 30;

/// What the colours by agent mean.
pub(super) fn agent_legend(work: &Work, theme: ThemeKind) -> Vec<(Sample, String)> {
    let agents = work.genai.agents();
    let mut entries: Vec<(Sample, String)> = (0..agents.len().min(MOST_ENTRIES))
        .map(|at| {
            let ix = AgentIx::from_usize(at);
            let fill = work.agent_colors(ix, theme).fill;
            match work.is_guess(ix) {
                true => (Sample::Hatched(fill), format!("{} (inferred)", agents[at].name)),
                false => (Sample::Color(fill), agents[at].name.clone()),
            }
        })
        .collect();
    if agents.len() > MOST_ENTRIES {
        let rest = format!("and {} more agents", agents.len() - MOST_ENTRIES);
        entries.push((Sample::Color(theme.theme().unknown), rest));
    }
    entries.push((Sample::Color(unknown_colors(theme).fill), "no agent".to_owned()));
    entries
}

/// What the colours by phase mean: the phases that occur.
pub(super) fn phase_legend(work: &Work, theme: ThemeKind) -> Vec<(Sample, String)> {
    let color = |phase| Sample::Color(phase_colors(phase, theme).fill);
    work.phases.iter().map(|&phase| (color(phase), phase.label().to_owned())).collect()
}

/// What the colours by clock mean.
pub(super) fn clock_legend(domains: &Domains, theme: ThemeKind) -> Vec<(Sample, String)> {
    let mut entries: Vec<(Sample, String)> = (domains.list.iter().take(MOST_ENTRIES).enumerate())
        .map(|(at, domain)| {
            let fill: Color32 = clock_colors(DomainIx::from_usize(at), theme).fill;
            (Sample::Color(fill), format!("clock {}", domain.name))
        })
        .collect();
    if domains.list.len() > MOST_ENTRIES {
        let rest = format!("and {} more clocks", domains.list.len() - MOST_ENTRIES);
        entries.push((Sample::Color(theme.theme().unknown), rest));
    }
    entries
}
