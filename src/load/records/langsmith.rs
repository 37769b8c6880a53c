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
}

impl Records for Runs {
    /// The last two are what the SDK sends: runs that begin, and what is new about them.
    const LISTS: &'static [&'static str] = &["runs", "items", "data", "post", "patch"];

    fn record(&mut self, record: &Record<'_>, sink: &mut Sink) {
        let id = record.first(&["id", "run_id"]).and_then(Raw::text).map(Cow::into_owned);
        let Some(id) = id else { return run(record, None, sink) };
        let record = match self.started.remove(&id) {
            Some(earlier) => record.clone().or(earlier),
            None => record.clone(),
        };
        if record.get("end_time").is_none() {
            self.started.insert(id, record.into_owned());
        } else {
            run(&record, None, sink);
        }
    }

    fn end(&mut self, sink: &mut Sink) {
        for record in std::mem::take(&mut self.started).into_values() {
            run(&record, None, sink);
        }
    }
}

/// Reads a run and the runs nested in it. `holder` has the ids of the run that holds it, and of its trace.
fn run(record: &Record<'_>, holder: Option<(&str, &str)>, sink: &mut Sink) {
    let id = record.first(&["id", "run_id"]).and_then(Raw::text).unwrap_or_default().into_owned();
    let order: Vec<String> = record.text("dotted_order").map(|text| order_ids(&text)).unwrap_or_default();
    let trace = record.text("trace_id").map(Cow::into_owned).or_else(|| order.first().cloned());
    let listed = record.get("parent_run_ids").and_then(|raw| raw.elements().last().and_then(|raw| raw.text()));
    let derived = listed.map(Cow::into_owned).or_else(|| holder.map(|(id, _)| id.to_owned()));
    let derived = derived.or_else(|| order.iter().rev().nth(1).cloned()).filter(|above| *above != id);
    let above = record.text("parent_run_id").map(Cow::into_owned).or(derived);
    sink.begin(record.offset);
    let trace = trace.or_else(|| holder.map(|(_, trace)| trace.to_owned())).unwrap_or_else(|| id.clone());
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
            Some(child) => run(&child, Some((&id, &trace)), sink),
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
