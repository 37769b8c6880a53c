//! LangSmith runs, as its API and command line export them, and as its SDK sends them. `dotted_order` tells a run's
//! ancestors where `parent_run_id` is missing.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read;

use super::record::{Raw, Record};
use super::times::Unit;
use super::{Records, Sink, keys_in, read};
use crate::load::{Format, LoadError, Output};

/// LangSmith's run JSON.
pub struct LangSmithRuns;

impl Format for LangSmithRuns {
    fn name(&self) -> &'static str {
        "langsmith-json"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        let found = keys_in(head, &["dotted_order", "run_type", "parent_run_id", "start_time"]);
        found & 0b1001 == 0b1001 || found & 0b1010 == 0b1010
    }

    fn read(&self, bytes: &mut (dyn Read + Send), out: &mut Output<'_>) -> Result<(), LoadError> {
        read::read::<Runs>(bytes, out)
    }
}

#[derive(Default)]
pub(super) struct Runs {
    /// Runs without an end, by id: what the SDK sends when a run ends says only what is new.
    started: BTreeMap<String, Record<'static>>,
    /// The trace of every run that says so, by the run's id.
    traces: BTreeMap<String, String>,
    /// Runs that say which run is above them but not their trace, in the order in which they were complete.
    waiting: Vec<Record<'static>>,
}

impl Records for Runs {
    /// The last two are what the SDK sends: runs that begin, and what is new about them.
    const LISTS: &'static [&'static str] = &["runs", "items", "data", "post", "patch"];

    fn record(&mut self, record: &Record<'_>, sink: &mut Sink) {
        let id = record.first(&["id", "run_id"]).and_then(Raw::text).map(Cow::into_owned);
        let Some(id) = id else { return self.complete(record, sink) };
        let record = match self.started.remove(&id) {
            Some(earlier) => record.clone().or(earlier),
            None => record.clone(),
        };
        if record.get("end_time").is_none() {
            self.started.insert(id, record.into_owned());
        } else {
            self.complete(&record, sink);
        }
    }

    fn end(&mut self, sink: &mut Sink) {
        for record in std::mem::take(&mut self.started).into_values() {
            self.complete(&record, sink);
        }
        let waiting = std::mem::take(&mut self.waiting);
        let above: BTreeMap<String, String> =
            waiting.iter().filter_map(|record| Some((id_of(record), parent_of(record)?))).collect();
        for record in &waiting {
            let trace = self.trace_above(&id_of(record), &above);
            run(record, Around { above: None, trace: Some(&trace) }, sink);
        }
    }
}

impl Runs {
    /// Reads a run that has all of its fields, unless its trace can only be told when all runs are known.
    fn complete(&mut self, record: &Record<'_>, sink: &mut Sink) {
        match trace_of(record) {
            Some(trace) => {
                self.traces.insert(id_of(record), trace);
            }
            None if parent_of(record).is_some() => return self.waiting.push(record.clone().into_owned()),
            None => {}
        }
        run(record, Around::default(), sink);
    }

    /// The trace of the run `id`, which does not say it: that of the nearest run above it that does, or else the run
    /// at the top, whose id LangSmith gives to the trace. `above` has the parents of the runs that wait.
    fn trace_above(&self, id: &str, above: &BTreeMap<String, String>) -> String {
        let mut at = id;
        // Runs that are above each other in a circle do not lead anywhere.
        for _ in 0..=above.len() {
            let Some(parent) = above.get(at).filter(|parent| *parent != at) else { break };
            if let Some(trace) = self.traces.get(parent) {
                return trace.clone();
            }
            at = parent;
        }
        at.to_owned()
    }
}

/// What is known of a run from outside of it.
#[derive(Clone, Copy, Default)]
struct Around<'a> {
    /// The run that holds it.
    above: Option<&'a str>,
    /// Its trace.
    trace: Option<&'a str>,
}

fn id_of(record: &Record<'_>) -> String {
    record.first(&["id", "run_id"]).and_then(Raw::text).unwrap_or_default().into_owned()
}

/// The ids of the runs above and of the run itself, outermost first.
fn order_of(record: &Record<'_>) -> Vec<String> {
    record.text("dotted_order").map(|text| order_ids(&text)).unwrap_or_default()
}

/// The trace that the run itself tells.
fn trace_of(record: &Record<'_>) -> Option<String> {
    record.text("trace_id").map(Cow::into_owned).or_else(|| order_of(record).first().cloned())
}

/// The run above, as the run itself tells it.
fn parent_of(record: &Record<'_>) -> Option<String> {
    let listed = || record.get("parent_run_ids").and_then(|raw| raw.elements().last().and_then(|raw| raw.text()));
    let stated = record.text("parent_run_id").map(Cow::into_owned).or_else(|| listed().map(Cow::into_owned));
    let id = id_of(record);
    stated.or_else(|| order_of(record).iter().rev().nth(1).cloned().filter(|above| *above != id))
}

/// Reads a run and the runs nested in it.
fn run(record: &Record<'_>, around: Around<'_>, sink: &mut Sink) {
    let id = id_of(record);
    let above = parent_of(record).or_else(|| around.above.map(str::to_owned));
    sink.begin(record.offset);
    let trace = trace_of(record).or_else(|| around.trace.map(str::to_owned)).unwrap_or_else(|| id.clone());
    sink.draft.trace = sink.trace_id_of(&trace);
    sink.draft.id = sink.span_id_of(&id);
    if let Some(above) = above {
        sink.draft.parent = sink.span_id_of(&above);
    }
    sink.draft.start_ns = sink.time(record.get("start_time"), Unit::Guess);
    sink.draft.end_ns = sink.time(record.get("end_time"), Unit::Guess);
    sink.draft.name = sink.sym(&record.text("name").unwrap_or_default());
    let error = record.get("error").filter(|raw| !raw.is_nothing());
    if error.is_some() || record.text("status").is_some_and(|status| status == "error") {
        sink.failed(error.and_then(Raw::text).as_deref());
    }
    for (key, raw) in record.fields() {
        field(key, raw, sink);
    }
    let scope = sink.scope("langsmith", "", Vec::new());
    let reporter =
        sink.reporter(&record.text("session_id").or_else(|| record.text("session_name")).unwrap_or_default());
    sink.push(reporter, scope);
    for child in record.get("child_runs").map(Raw::elements).unwrap_or_default() {
        match child.record() {
            Some(child) => run(&child, Around { above: Some(&id), trace: Some(&trace) }, sink),
            None => sink.bad_field(child, "a run"),
        }
    }
}

fn field(key: &str, raw: Raw<'_>, sink: &mut Sink) {
    match key {
        "id" | "run_id" | "trace_id" | "parent_run_id" | "parent_run_ids" | "start_time" | "end_time" | "name"
        | "child_runs" => {}
        "run_type" => sink.attr("langsmith.span.kind", raw),
        "events" => raw.elements().into_iter().for_each(|event| self::event(event, sink)),
        "extra" => {
            for (key, raw) in raw.record().unwrap_or_default().fields() {
                match key {
                    "metadata" => sink.attrs("langsmith.metadata.", raw),
                    "invocation_params" => sink.attrs("langsmith.invocation_params.", raw),
                    _ => sink.attr(&format!("langsmith.extra.{key}"), raw),
                }
            }
        }
        // Its sessions are projects; the conversation is the thread in its metadata.
        _ => sink.attr(&format!("langsmith.{key}"), raw),
    }
}

fn event(raw: Raw<'_>, sink: &mut Sink) {
    let Some(event) = raw.record() else { return sink.bad_field(raw, "an event") };
    let time = sink.time(event.get("time"), Unit::Guess);
    let attrs = sink.interned(event.get("kwargs").and_then(Raw::record).as_ref());
    sink.event(&event.text("name").unwrap_or_default(), time, &attrs);
}

/// The run ids of `<time>Z<uuid>.<time>Z<uuid>`, outermost first.
fn order_ids(text: &str) -> Vec<String> {
    text.split('.').filter_map(|step| step.split_once('Z').map(|(_, id)| id.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn dotted_orders_name_all_ancestors() {
        let order = "20230914T223155647000Z1b64098b-4ab7.20230914T223155649000Z809ed3a2-0172";
        assert_eq!(super::order_ids(order), ["1b64098b-4ab7", "809ed3a2-0172"]);
        assert_eq!(super::order_ids(""), Vec::<String>::new());
        assert_eq!(super::order_ids("nonsense.more"), Vec::<String>::new());
    }
}
