//! What the repairs say: one root cause each.

use super::super::causal::{Cause, Rule};
use super::super::domains::ClockKind;
use super::super::doubt::Jump;
use super::super::explained::Explained;
use super::super::findings::{Code, Finding, Severity};
use super::super::reference::trust;
use super::super::repair::{Contradiction, Element, Repair, excess_ns};
use super::super::solve::{Edge, Group, Interval, ceil_ns, floor_ns};
use super::words::{ahead, amount, short};
use super::{Context, proof};
use crate::model::grouped;
use crate::model::time::{S, absolute_text, duration_text};

impl Context<'_> {
    pub(super) fn of_repair(&self, repair: &Repair, explained: Option<&Explained>) -> Finding {
        let worst = &repair.contradictions[0];
        let mut finding = match repair.element {
            Element::Jump { clock, at_ns } => self.jump(clock, at_ns),
            Element::Rate { clock, ppb } => self.slew(clock, ppb, worst),
            Element::Edge(cause) => self.wrong_edge(repair, cause),
            Element::Class(class) => self.wrong_class(class, worst),
            Element::Split { clock } => self.merged(clock, worst),
            Element::Pair { from, to } => self.loop_of(worst, &[from, to]),
            Element::Outvoted { a, b } => self.outvoted((a, b), repair, worst),
        };
        finding = finding.proven_by(worst.edges.iter().map(proof).collect());
        finding.severity = match repair.element {
            // What is missing is the machine's name; no clock need be wrong.
            // No clock of ours is concerned.
            Element::Split { clock } if self.processes.unseen(clock).is_some_and(|other| other.is_guessed) => {
                Severity::Info
            }
            Element::Split { clock } if self.processes.may_be_several(clock) => Severity::Clock,
            _ if self.is_late_end(repair.element) => Severity::Info,
            _ => self.severity(worst),
        };
        finding.excess_ns = excess_ns(worst.excess);
        let is_one = matches!(repair.element, Element::Edge(_));
        finding.count = if is_one { 1 } else { repair.contradictions.len() as u64 };
        if let Some(votes) = &repair.votes {
            finding.count = votes.outvoted + votes.undecided;
        }
        if let Some(explained) = explained.filter(|explained| explained.count > finding.count) {
            finding.count = explained.count;
            finding.sentence.push_str(&format!(" It explains {} impossible messages.", grouped(explained.count)));
            for &span in &explained.spans {
                if finding.spans.len() < Finding::EXAMPLES && !finding.spans.contains(&span) {
                    finding.spans.push(span);
                }
            }
        }
        if matches!(repair.element, Element::Pair { .. }) {
            finding.sentence.push_str(&given_up(repair.given_up_after.unwrap_or(0)));
        }
        if repair.is_first_found {
            finding.sentence.push_str(" There are too many ways to explain it to try all: there may be a simpler one.");
        }
        if repair.is_cut {
            finding.sentence.push_str(" There is too much of it to try every other explanation.");
        }
        let words = repair.alternatives.iter().map(|&other| self.remedy(other));
        finding.repairs = std::iter::once(self.remedy(repair.element)).chain(words).collect();
        finding
    }

    /// Whether all that has to be given up is that servers end before their callers have the answer, or turns before the
    /// next ones begin: many do something more afterwards, which is no fault of any clock.
    fn is_late_end(&self, element: Element) -> bool {
        match element {
            Element::Edge(cause) => is_habit_of_ends(cause.rule),
            Element::Class(class) => {
                self.classes.list.get(class as usize).is_some_and(|class| is_habit_of_ends(class.rule))
            }
            _ => false,
        }
    }

    fn severity(&self, contradiction: &Contradiction) -> Severity {
        if contradiction.is_hard() { Severity::Impossible } else { Severity::Suspicious }
    }

    fn remedy(&self, element: Element) -> String {
        match element {
            Element::Edge(cause) => format!("{} is not a causal edge", self.message(cause)),
            Element::Class(class) => format!("the rule does not hold for {}", self.operation(class)),
            Element::Jump { clock, .. } => format!("the clock of {} jumped", self.name(clock)),
            Element::Rate { clock, ppb } => {
                format!("the clock of {} was {} ppm off", self.name(clock), grouped(ppb.div_ceil(1000).into()))
            }
            Element::Split { clock } => format!("{} is more than one clock", self.name(clock)),
            Element::Pair { from, to } => {
                format!("messages from {} to {} say nothing", self.name(from), self.name(to))
            }
            Element::Outvoted { a, b } => {
                format!("some messages between {} and {} are not causal edges", self.name(a), self.name(b))
            }
        }
    }

    pub(super) fn operation(&self, class: u32) -> String {
        let Some(class) = self.classes.list.get(class as usize) else { return String::new() };
        match (self.store.text(class.from_name), self.store.text(class.to_name)) {
            ("", "") => class.rule.words().to_owned(),
            (from, to) => format!("“{from}” → “{to}”"),
        }
    }

    fn jump(&self, clock: u32, at_ns: i64) -> Finding {
        let name = self.name(clock);
        let is_it = |jump: &&Jump| jump.clock == clock && jump.before_ns < at_ns && at_ns <= jump.after_ns;
        let found = self.system.jumps.iter().find(is_it);
        let (before, after) = found.map_or((at_ns.saturating_sub(1), at_ns), |jump| (jump.before_ns, jump.after_ns));
        let size = found.map_or_else(Interval::default, |jump| jump.size);
        // Positive: the clock is further ahead than before.
        let least =
            size.lo.map(ceil_ns).into_iter().chain(size.hi.map(|hi| floor_ns(hi).saturating_neg())).max().unwrap_or(0);
        let is_back = size.hi.is_some_and(|hi| hi <= 0);
        let by = amount(size, is_back);
        if is_back && least > S && self.may_sleep(clock) {
            let sentence = format!("{name} lost {by}: its clock stopped while the computer slept.");
            return self.clock_finding(Code::C2, clock, Some(at_ns), sentence, "M3");
        }
        let how = match (size.lo.is_some() || size.hi.is_some(), is_back) {
            (false, _) => "by an unknown amount".to_owned(),
            (true, true) => format!("back by {by}"),
            (true, false) => format!("forward by {by}"),
        };
        let (from, to) = (absolute_text(before), absolute_text(after));
        let to = to.split_once(' ').filter(|(day, _)| from.starts_with(day)).map_or(to.as_str(), |(_, time)| time);
        let sentence = format!("{name}'s clock jumped {how} between {from} and {to}.");
        self.clock_finding(Code::X3, clock, Some(at_ns), sentence, "M3")
    }

    /// Whether the machine may sleep, or its spans are measured from a reading that sleep does not touch.
    fn may_sleep(&self, clock: u32) -> bool {
        const MEASURED: [&str; 3] = ["java", "nodejs", "webjs"];
        let languages = self.domains.list.get(self.domain(clock).at()).map(|domain| &domain.sdk_languages);
        let is_measured = languages
            .is_some_and(|own| !own.is_empty() && own.iter().all(|language| MEASURED.contains(&language.as_str())));
        is_measured || self.blame(clock).1 == trust(ClockKind::Unmanaged)
    }

    fn merged(&self, clock: u32, worst: &Contradiction) -> Finding {
        let next = worst.edges.iter().cycle().skip(1);
        let stay = worst.edges.iter().zip(next).find(|(edge, _)| edge.to.clock == clock);
        let by = duration_text(excess_ns(worst.excess));
        if let Some(unseen) = self.processes.unseen(clock) {
            let sentence = format!(
                "Taken as one clock, {} contradicts itself by {by}. It is known by {} alone: there may be several. Its \
                 times are not used.",
                unseen.name, unseen.told_by
            );
            return self.clock_finding(Code::X8, clock, None, sentence, "M1");
        }
        if self.processes.is_unnamed.get(clock as usize) == Some(&true) {
            let key = self.domains.list.get(clock as usize).map_or("", |domain| &domain.key);
            let known = if key.is_empty() { "Nothing".to_owned() } else { format!("Nothing but {key}") };
            let sentence = format!(
                "Taken as one clock, {} contradicts itself by {by}. {known} says which machine its spans come from: \
                 there may be several. Each request is compared by its own messages.",
                self.name(clock)
            );
            return self.clock_finding(Code::X8, clock, None, sentence, "M1");
        }
        let process = |span: crate::model::SpanIx| self.processes.name(self.store, span);
        let names = stay
            .map_or_else(Default::default, |(edge, next)| (process(edge.cause.to.span), process(next.cause.from.span)));
        let cut = (short(names.0), short(names.1));
        // Long ids may differ in what is cut.
        let names = if cut.0 == cut.1 { (names.0.to_owned(), names.1.to_owned()) } else { cut };
        let sentence = format!(
            "Several clocks are recorded as {}: the times of “{}” and “{}” differ by at least {by}.",
            self.name(clock),
            names.0,
            names.1
        );
        self.clock_finding(Code::X8, clock, None, sentence, "M1")
    }

    fn slew(&self, clock: u32, ppb: u32, worst: &Contradiction) -> Finding {
        let passed = worst.stays().filter(|stay| stay.0 == clock).map(|stay| stay.1.abs_diff(stay.2)).sum::<u64>();
        // The messages ask for more offset where they leave the clock than where they came to it.
        let longest = worst.stays().filter(|stay| stay.0 == clock).max_by_key(|stay| stay.1.abs_diff(stay.2));
        let is_fast = longest.is_none_or(|(_, arrival, departure)| arrival < departure);
        let sentence = format!(
            "{}'s clock ran at least {} ppm too {} for {}, typical of a clock being corrected.",
            self.name(clock),
            grouped(ppb.div_ceil(1000).into()),
            if is_fast { "fast" } else { "slow" },
            duration_text(i64::try_from(passed).unwrap_or(i64::MAX))
        );
        let at = worst.stays().find(|stay| stay.0 == clock).map(|stay| stay.1.min(stay.2));
        self.clock_finding(Code::X2, clock, at, sentence, "M2s")
    }

    fn wrong_edge(&self, repair: &Repair, cause: Cause) -> Finding {
        let worst = &repair.contradictions[0];
        let Some(edge) = worst.edges.iter().find(|edge| edge.cause == cause) else {
            return self.loop_of(worst, &[]);
        };
        let (from, to) = (edge.from.clock, edge.to.clock);
        match cause.rule {
            Rule::DeclaredBound => return self.broken_bound(edge, worst),
            Rule::SameHost => return self.not_one_host(edge, worst),
            _ => {}
        }
        let others: u64 =
            self.reduced.groups.iter().filter(|group| is_between(group, from, to)).map(|group| group.seen).sum();
        if others < 3 {
            return self.loop_of(worst, &[from, to]);
        }
        let (others, known) = (grouped(others), self.difference(&edge.from, &edge.to));
        let goes_on = |after: String, because: &str| {
            format!(
                "“{}” on {} goes on for at least {} after {after}: {others} messages agree that {} is {} {}. {because}",
                self.store.span(cause.from.span).name(),
                self.name(from),
                duration_text(excess_ns(worst.excess)),
                self.name(to),
                ahead(known),
                self.name(from)
            )
        };
        let [_, other] = self.spans(cause);
        if cause.rule == Rule::TurnBeforeNext {
            let after = format!("the next turn, {other}, began");
            return self.edge_finding(edge, goes_on(after, "Somebody spoke into it, or asked several things at once."));
        }
        if cause.rule == Rule::UnaryEnd {
            let after = format!("{other} had its answer");
            return self.edge_finding(edge, goes_on(after, "The server did something more, or its end was set late."));
        }
        let sentence = format!(
            "{others} messages agree that {} is {} {}; {} disagrees by {}. Probably a wrong parent or \
             asynchronous work.",
            self.name(to),
            ahead(known),
            self.name(from),
            self.message(cause),
            duration_text(excess_ns(worst.excess))
        );
        self.edge_finding(edge, sentence)
    }

    /// Messages that most others between the same clocks contradict.
    fn outvoted(&self, (a, b): (u32, u32), repair: &Repair, worst: &Contradiction) -> Finding {
        let votes = repair.votes.clone().unwrap_or_default();
        let (names, by) = ((self.name(a), self.name(b)), duration_text(excess_ns(worst.excess)));
        let others: u64 =
            self.reduced.groups.iter().filter(|group| is_between(group, a, b)).map(|group| group.seen).sum();
        let of = grouped(votes.of.max(others));
        let between = format!("of {of} messages between {} and {}", names.0, names.1);
        let sentence = match (votes.outvoted, votes.undecided) {
            (0, undecided) => format!(
                "{} {between} contradict each other by up to {by}, and about as many speak for the one side as for the \
                 other. None of them is used.",
                grouped(undecided)
            ),
            (outvoted, undecided) => {
                let rest = match undecided {
                    0 => "They are not used.".to_owned(),
                    1 => "They are not used, nor is 1 more that may be wrong or right.".to_owned(),
                    more => format!("They are not used, nor are {} more that may be wrong or right.", grouped(more)),
                };
                format!(
                    "{} {between} {} the others by up to {by}. Probably wrong parents, asynchronous work, or times \
                     that were set by hand. {rest}",
                    grouped(outvoted),
                    if outvoted == 1 { "contradicts" } else { "contradict" }
                )
            }
        };
        let mut finding = Finding::new(Code::X7, Severity::Suspicious, sentence);
        finding.root = format!("messages between {} and {}", names.0, names.1);
        finding.domains = vec![self.domain(a), self.domain(b)];
        finding.spans = votes.spans;
        finding.model = "M1";
        finding
    }

    fn edge_finding(&self, edge: &Edge, sentence: String) -> Finding {
        let mut finding = Finding::new(Code::X7, Severity::Suspicious, sentence);
        finding.root = self.message(edge.cause);
        finding.domains = vec![self.domain(edge.to.clock), self.domain(edge.from.clock)];
        finding.at_ns = Some(edge.to.raw_ns);
        finding.model = "M1";
        finding
    }

    fn wrong_class(&self, class: u32, worst: &Contradiction) -> Finding {
        let sentence = format!(
            "The rule that {} does not hold for {}: it contradicts the other messages by up to {}.",
            self.classes.list.get(class as usize).map_or("", |class| class.rule.words()),
            self.operation(class),
            duration_text(excess_ns(worst.excess))
        );
        let mut finding = Finding::new(Code::X7, Severity::Suspicious, sentence);
        finding.root = self.operation(class);
        finding.domains = worst.edges.iter().map(|edge| self.domain(edge.to.clock)).collect();
        finding.domains.sort_unstable();
        finding.domains.dedup();
        finding.model = "M1";
        finding
    }

    fn loop_of(&self, worst: &Contradiction, first: &[u32]) -> Finding {
        let mut clocks: Vec<u32> = worst.edges.iter().map(|edge| edge.from.clock).collect();
        clocks.sort_unstable();
        clocks.dedup();
        let by = duration_text(excess_ns(worst.excess));
        let (code, sentence) = if clocks.len() > 2 {
            let text = format!(
                "Together these {} messages would have an effect arrive {by} before its cause.",
                grouped(worst.edges.len() as u64)
            );
            (Code::X5, text)
        } else {
            let names: Vec<&str> = clocks.iter().map(|&clock| self.name(clock)).collect();
            let text = format!(
                "A round trip between {} is {by} shorter than the work inside it. No clock offset can fix this: the \
                 call did not wait, or a span boundary is wrong.",
                names.join(" and ")
            );
            (Code::X4, text)
        };
        clocks.sort_by_key(|clock| !first.contains(clock));
        let mut finding = Finding::new(code, Severity::Suspicious, sentence);
        finding.root = clocks.iter().map(|&clock| self.name(clock)).collect::<Vec<_>>().join(", ");
        finding.domains = clocks.into_iter().map(|clock| self.domain(clock)).collect();
        finding.model = "M4";
        finding
    }
}

/// That a pair of clocks was given up.
fn given_up(after: usize) -> String {
    if after == 0 {
        return " So much contradicts itself that it was not weighed message by message.".to_owned();
    }
    let after = grouped(after as u64);
    format!(
        " The first {after} such contradictions were set aside one by one; more were not, so that no message counts."
    )
}

fn is_between(group: &Group, a: u32, b: u32) -> bool {
    (group.from, group.to) == (a, b) || (group.from, group.to) == (b, a)
}

/// Whether the rule only says when something that somebody waited for was over.
const fn is_habit_of_ends(rule: Rule) -> bool {
    matches!(rule, Rule::UnaryEnd | Rule::TurnBeforeNext)
}
