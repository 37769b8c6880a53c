//! Rules that cannot hold whatever the offsets are: servers that are longer than the calls around them.

use super::super::causal::{Cause, EventKey, Evidence, Rule};
use super::super::edges::{Class, Frozen};
use super::super::findings::{Code, Finding, Proof, Severity};
use super::Context;
use crate::model::time::duration_text;
use crate::model::{DomainIx, SpanIx, grouped};

impl Context<'_> {
    /// Clocks that stood still while a server was at work.
    pub(super) fn frozen(&self) -> Vec<Finding> {
        if self.level == Evidence::Protocol {
            return Vec::new();
        }
        let finding = |(&clock, frozen): (&u32, &Frozen)| {
            let (cause, by_ns) = frozen.worst;
            let (server, client) = (self.store.span(cause.from.span), self.store.span(cause.to.span));
            let sentence = format!(
                "{}'s clock did not move for at least {}: “{}” starts and ends at the same time on it, while the answer \
                 took {}.",
                self.name(clock),
                duration_text(by_ns),
                client.name(),
                duration_text(server.duration_ns().unwrap_or(0))
            );
            let mut finding = self.clock_finding(Code::C1, clock, Some(client.start_ns()), sentence, "M3");
            let witness = Proof { cause, from_ns: server.end_ns(), to_ns: client.end_ns() };
            finding = finding.proven_by(vec![witness]);
            finding.count = frozen.count;
            finding.excess_ns = by_ns;
            finding.repairs = vec![
                format!("the clock of {} only moves while it waits", self.name(clock)),
                "the span was written without measuring".to_owned(),
            ];
            finding
        };
        self.classes.frozen.iter().map(finding).collect()
    }

    /// Servers that are longer than the calls that they are in, per operation.
    pub(super) fn short_round_trips(&self) -> Vec<Finding> {
        if self.level == Evidence::Protocol {
            return Vec::new();
        }
        // What the user does not believe is nothing to find fault with.
        let believed = self.classes.list.iter().filter(|class| class.said != Some(false));
        let failing = believed.filter_map(|class| Some((class, class.worst?)));
        let found = failing.filter_map(|(class, (cause, by_ns))| match class.rule {
            // Turns may well overlap. That is only worth saying where it switches the rule off.
            Rule::TurnBeforeNext if class.is_off() => Some(self.habit(class, cause, by_ns)),
            Rule::TurnBeforeNext => None,
            _ => Some(self.short_round_trip(class, cause, by_ns)),
        });
        found.collect()
    }

    /// A habit that protocol contradicts too often to rest anything on it.
    fn habit(&self, class: &Class, cause: Cause, by_ns: i64) -> Finding {
        let names = (self.store.text(class.from_name), self.store.text(class.to_name));
        let operation = format!("“{}” → “{}”", names.0, names.1);
        let why = if class.overruled > 0 { "the certain messages contradict" } else { "on one clock it fails in" };
        let sentence = format!(
            "The rule that {} does not hold for {operation}: {why} {} of {} such cases, whatever the clocks show. It is \
             not used there.",
            class.rule.words(),
            grouped(class.overruled + class.failures),
            grouped(class.uses)
        );
        let mut finding = Finding::new(Code::X7, Severity::Info, sentence);
        let raw = |key: EventKey| {
            let span = self.store.span(key.span);
            if key == EventKey::start(key.span) { span.start_ns() } else { span.end_ns() }
        };
        let (from_ns, to_ns) = (raw(cause.from), raw(cause.to));
        finding = finding.proven_by(vec![Proof { cause, from_ns, to_ns }]);
        let clock = |span: SpanIx| self.domains.of_span.get(span.at()).copied().unwrap_or(DomainIx(0));
        finding.root = operation;
        finding.domains = vec![clock(cause.to.span), clock(cause.from.span)];
        finding.count = class.overruled + class.failures;
        finding.excess_ns = by_ns;
        finding.model = "M4";
        finding.at_ns = Some(to_ns);
        finding
    }

    fn short_round_trip(&self, class: &Class, cause: Cause, by_ns: i64) -> Finding {
        if class.overruled > 0 {
            return self.habit(class, cause, by_ns);
        }
        let (server, client) = (self.store.span(cause.from.span), self.store.span(cause.to.span));
        let clock = |span| self.domains.of_span.get(SpanIx::at(span)).copied().unwrap_or(DomainIx(0));
        let (inner, outer) = (clock(cause.from.span), clock(cause.to.span));
        let sentence = if class.is_off() {
            format!(
                "The rule that {} does not hold for “{}”: {} of {} servers report more work than their callers saw. It \
                 is not used there.",
                class.rule.words(),
                client.name(),
                grouped(class.failures),
                grouped(class.uses)
            )
        } else {
            format!(
                "{} reports {} of work inside a call that {} saw for {}. No clock offset can fix this: the call did not \
                 wait for the server (streaming, timeout, asynchronous), or a span boundary is wrong.",
                self.name(inner.0),
                duration_text(server.duration_ns().unwrap_or(0)),
                self.name(outer.0),
                duration_text(client.duration_ns().unwrap_or(0))
            )
        };
        let severity = if class.is_off() { Severity::Info } else { Severity::Suspicious };
        let mut finding = Finding::new(Code::X4, severity, sentence);
        finding = finding.proven_by(vec![Proof { cause, from_ns: server.end_ns(), to_ns: client.end_ns() }]);
        let [inside, around] = self.spans(cause);
        finding.root = format!("{around} → {inside}");
        finding.domains = vec![inner, outer];
        finding.count = class.failures;
        finding.excess_ns = by_ns;
        finding.model = "M4";
        finding.at_ns = Some(server.end_ns());
        finding
    }
}
