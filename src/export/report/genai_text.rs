//! What people read about AI conversations in a report.

use std::fmt::{self, Write as _};

use super::genai::{
    AgentReport, AiFindingReport, AiReport, AiTotals, HandoffReport, PhaseReport, StitchReport, TurnReport,
};
use super::text::count;
use super::why::WhyReport;
use crate::model::grouped;
use crate::model::time::duration_text;

/// Patterns that the text form lists; the JSON form has all.
const MOST_FINDINGS: usize = 20;
/// Handoffs that the text form lists; the JSON form has all.
const MOST_HANDOFFS: usize = 8;
/// Turns whose time the text form explains: the slowest ones. The JSON form has more.
const MOST_TURNS: usize = 5;

impl AiReport {
    /// The part for people; nothing when there is no AI in the workspace.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.agents.is_empty() && self.ai.model_calls == 0 {
            if let Some(longest) = &self.longest {
                writeln!(f, "\nLongest trace\n  {}", longest.why.sentence)?;
            }
            return self.write_findings(f);
        }
        writeln!(f, "\nAI work")?;
        let [agents, conversations, turns] =
            [self.agents.len(), self.conversations.len(), self.turns.len()].map(|count| count as u64);
        let parts = [
            count(agents, "agent"),
            count(conversations, "conversation"),
            count(turns, "turn"),
            count(self.ai.model_calls, "model call"),
            count(self.ai.tool_calls, "tool call"),
        ];
        writeln!(f, "  {}", parts.join(", "))?;
        writeln!(f, "  {}", tokens(&self.ai))?;
        if !self.agents.is_empty() {
            writeln!(f, "  agents: {}", shortened(self.agents.iter().map(agent_text).collect(), 8))?;
        }
        let mut longest: Vec<&PhaseReport> = self.phases.iter().collect();
        longest.sort_by_key(|time| std::cmp::Reverse(time.sum_ns));
        if !longest.is_empty() {
            writeln!(f, "  time, summed: {}", shortened(longest.into_iter().map(phase_text).collect(), 8))?;
        }
        self.write_whys(f)?;
        if !self.handoffs.is_empty() {
            let handoffs = self.handoffs.iter().map(handoff_text).collect();
            let handed = count(self.handoffs.len() as u64, "handoff");
            writeln!(f, "  {handed}: {}", shortened(handoffs, MOST_HANDOFFS))?;
        }
        if !self.retries.is_empty() {
            let attempts: usize = self.retries.iter().map(|retry| retry.attempts.len()).sum();
            let backoff: i64 = self.retries.iter().flat_map(|retry| &retry.backoff_ns).sum();
            let tried = count(self.retries.len() as u64, "call");
            writeln!(f, "  {tried} tried again: {attempts} attempts, {} between them", duration_text(backoff))?;
        }
        let mut last = "";
        for stitch in self.stitches.iter().filter(|it| std::mem::replace(&mut last, it.root.as_str()) != it.root) {
            let StitchReport { root, under, score, evidence, .. } = stitch;
            writeln!(f, "  {root} may belong under {under} ({score} of 100): {evidence}")?;
        }
        self.write_findings(f)
    }

    /// Why the slowest turns took so long.
    fn write_whys(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(longest) = &self.longest {
            writeln!(f, "  longest trace: {}", longest.why.sentence)?;
        }
        let mut slowest: Vec<(&TurnReport, &WhyReport)> =
            self.turns.iter().filter_map(|turn| Some((turn, turn.why.as_ref()?))).collect();
        slowest.sort_by_key(|(_, why)| std::cmp::Reverse(why.took_ns));
        if slowest.len() > MOST_TURNS {
            writeln!(f, "  the slowest {MOST_TURNS} turns:")?;
        } else if !slowest.is_empty() {
            writeln!(f, "  why turns took so long:")?;
        }
        for (turn, why) in slowest.into_iter().take(MOST_TURNS) {
            let whose = match &turn.conversation {
                Some(id) if self.conversations.len() > 1 => format!("{}: ", shortened_id(id)),
                _ => String::new(),
            };
            writeln!(f, "    {whose}{}", why.sentence)?;
        }
        Ok(())
    }

    fn write_findings(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.ai_findings.is_empty() {
            writeln!(f, "\nPatterns")?;
        }
        for AiFindingReport { id, code, severity, sentence, evidence, .. } in
            self.ai_findings.iter().take(MOST_FINDINGS)
        {
            writeln!(f, "  #{id} {code} {severity}: {sentence}")?;
            if !evidence.is_empty() {
                writeln!(f, "     {}", evidence.join("; "))?;
            }
        }
        match self.ai_findings.len().saturating_sub(MOST_FINDINGS) {
            0 => Ok(()),
            more => writeln!(f, "  and {} more", grouped(more as u64)),
        }
    }
}

fn tokens(totals: &AiTotals) -> String {
    let mut text = format!("{} tokens in", grouped(totals.input_tokens));
    // Writing to a String cannot fail.
    if totals.cache_read_tokens > 0 {
        let _ = write!(text, " ({} cached)", grouped(totals.cache_read_tokens));
    }
    let _ = write!(text, ", {} out", grouped(totals.output_tokens));
    if totals.reasoning_tokens > 0 {
        let _ = write!(text, " ({} reasoning)", grouped(totals.reasoning_tokens));
    }
    if let Some(cost) = totals.cost_nano_usd {
        let (dollars, rest) = (cost / 1_000_000_000, cost % 1_000_000_000 / 100_000);
        let _ = write!(text, ", ${dollars}.{rest:04} in {}", count(totals.calls_with_cost, "call"));
    }
    if totals.calls_without_tokens > 0 {
        let _ = write!(text, "; {} without tokens", count(totals.calls_without_tokens, "model call"));
    }
    text
}

fn agent_text(agent: &AgentReport) -> String {
    if agent.inferred { format!("{} (inferred)", agent.name) } else { agent.name.clone() }
}

fn handoff_text(handoff: &HandoffReport) -> String {
    let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "somebody".to_owned());
    let taken = handoff.taken.as_ref().map_or("left no span", |taken| taken.words.as_str());
    format!("{} to {} ({taken})", name(&handoff.from), name(&handoff.to))
}

fn phase_text(time: &PhaseReport) -> String {
    let how = match (time.real_ns, time.derived_ns, time.unaccounted_ns) {
        (0, 0, _) => " unaccounted",
        (0, _, 0) => " derived",
        (_, 0, 0) => "",
        _ => " partly derived",
    };
    format!("{} {}{how}", time.label, duration_text(time.sum_ns))
}

/// As much of the id of a conversation as a line has room for.
fn shortened_id(id: &str) -> String {
    const MOST: usize = 40;
    let mut text: String = id.chars().take(MOST).map(|ch| if ch.is_control() { ' ' } else { ch }).collect();
    if id.chars().nth(MOST).is_some() {
        text.push('…');
    }
    text
}

/// At most `most` of `texts`, and how many more there are.
fn shortened(mut texts: Vec<String>, most: usize) -> String {
    let more = texts.len().saturating_sub(most);
    texts.truncate(most);
    if more > 0 {
        texts.push(format!("{more} more"));
    }
    texts.join(", ")
}
