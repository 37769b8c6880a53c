//! E9: old and new names of one convention, or two versions of one library, in one trace; other names in another file;
//! a contract that is broken.

use std::collections::{BTreeMap, BTreeSet};

use super::{Config, Context, Finding, Rule, Severity, count, e09_contract, e09_inputs, verb};
use crate::analysis::genai::Role;
use crate::model::{ScopeIx, SpanIx, SpanKind, Sym, TraceIx};

/// See the module.
pub struct Drift;

/// Old keys beside the ones that replaced them.
const RENAMED: [Renamed; 12] = [
    ("gen_ai.system", "gen_ai.provider.name"),
    ("gen_ai.usage.prompt_tokens", "gen_ai.usage.input_tokens"),
    ("gen_ai.usage.completion_tokens", "gen_ai.usage.output_tokens"),
    ("ai.operationId", "gen_ai.operation.name"),
    ("gen_ai.usage.cache_read_input_tokens", "gen_ai.usage.cache_read.input_tokens"),
    ("gen_ai.usage.cache_creation_input_tokens", "gen_ai.usage.cache_write.input_tokens"),
    ("gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens"),
    ("gen_ai.usage.reasoning_tokens", "gen_ai.usage.reasoning.output_tokens"),
    ("gen_ai.openai.response.system_fingerprint", "openai.response.system_fingerprint"),
    ("gen_ai.openai.request.service_tier", "openai.request.service_tier"),
    ("gen_ai.openai.response.service_tier", "openai.response.service_tier"),
    ("gen_ai.openai.request.seed", "gen_ai.request.seed"),
];

impl Rule for Drift {
    fn code(&self) -> &'static str {
        "E9"
    }

    fn title(&self) -> &'static str {
        "renames and schema drift"
    }

    fn is_on(&self, config: &Config) -> bool {
        config.E9.on
    }

    fn find(&self, context: &Context<'_>) -> Vec<Finding> {
        let found = renamed(context).into_iter().chain(versions(context));
        found.chain(e09_inputs::find(context)).chain(e09_contract::find(context)).collect()
    }
}

/// An old key with the one that replaced it.
type Renamed = (&'static str, &'static str);

/// Per trace with both: the first span with only the old key, and the first one with only the new one. A span with
/// both bridges the two on purpose, and so does a call that two libraries tell, one inside of the other.
fn mixed(context: &Context<'_>, (old, new): Renamed) -> BTreeMap<TraceIx, [SpanIx; 2]> {
    let find = |key| context.store.strings().find(key);
    let (Some(old_key), Some(new_key)) = (find(old), find(new)) else { return BTreeMap::new() };
    let mut by_call: BTreeMap<SpanIx, [Option<SpanIx>; 2]> = BTreeMap::new();
    for span in context.store.span_ixs() {
        let view = context.store.span(span);
        // A model server that keeps old names is somebody else's choice, and its call is told by its client, too.
        if view.kind() == SpanKind::Server {
            continue;
        }
        let has = |key: Sym| view.attrs().any(|attr| attr.key == key);
        for (at, key) in [old_key, new_key].into_iter().enumerate() {
            if has(key) {
                by_call.entry(context.outermost(span)).or_default()[at].get_or_insert(span);
            }
        }
    }
    let mut only: BTreeMap<TraceIx, [Option<SpanIx>; 2]> = BTreeMap::new();
    for (call, says) in by_call {
        let trace = context.store.span(call).trace_ix();
        match says {
            [Some(old), None] => only.entry(trace).or_default()[0].get_or_insert(old),
            [None, Some(new)] => only.entry(trace).or_default()[1].get_or_insert(new),
            _ => continue,
        };
    }
    only.into_iter().filter_map(|(trace, [old, new])| Some((trace, [old?, new?]))).collect()
}

/// Traces in which some spans have old keys and others the ones that replaced them: one root cause for all keys.
fn renamed(context: &Context<'_>) -> Option<Finding> {
    let found: Vec<(Renamed, BTreeMap<TraceIx, [SpanIx; 2]>)> =
        RENAMED.iter().map(|&pair| (pair, mixed(context, pair))).filter(|(_, traces)| !traces.is_empty()).collect();
    let ((old, new), _) = found.first()?;
    let mut traces: BTreeMap<TraceIx, [SpanIx; 2]> = BTreeMap::new();
    for (_, of_pair) in &found {
        for (&trace, &spans) in of_pair {
            traces.entry(trace).or_insert(spans);
        }
    }
    let others = match found.len() {
        1 => String::new(),
        n => format!(" ({} more)", count(n - 1, "name")),
    };
    let sentence = format!(
        "{} {} the old name {old} with {new}{others}: dashboards that know one miss the other.",
        count(traces.len(), "trace"),
        verb(traces.len(), "mixes", "mix")
    );
    let spans: Vec<SpanIx> = traces.values().flatten().copied().collect();
    let pairs: Vec<String> = found.iter().map(|((old, new), _)| format!("{old} is {new} now")).collect();
    let finding = Finding::new("E9", Severity::Suspicious, *old, sentence)
        .shown_by(&spans)
        .because(pairs.join(", "))
        .because("both are folded to one field here")
        .with("traces", traces.len())
        .with("names", found.len());
    Some(Finding { count: traces.len() as u64, ..finding })
}

fn versions(context: &Context<'_>) -> Vec<Finding> {
    let mut by_name: BTreeMap<&str, BTreeSet<(&str, ScopeIx)>> = BTreeMap::new();
    for (at, scope) in context.store.scopes().iter().enumerate() {
        let text = |sym| context.store.text(sym);
        let (name, version, schema) = (text(scope.name), text(scope.version), text(scope.schema_url));
        // Of one version, the schema tells which conventions it follows.
        let mut same = context.store.scopes().iter().filter(|other| text(other.name) == name);
        let label = if same.all(|other| text(other.version) == version) { schema } else { version };
        if !name.is_empty() && !label.is_empty() {
            by_name.entry(name).or_default().insert((label, ScopeIx::from_usize(at)));
        }
    }
    let several = |versions: &BTreeSet<(&str, ScopeIx)>| {
        versions.iter().map(|(version, _)| *version).collect::<BTreeSet<_>>().len() > 1
    };
    let mixed = by_name.into_iter().filter(|(_, versions)| several(versions));
    mixed.filter_map(|(name, versions)| library(context, name, &versions)).collect()
}

/// Two versions of a library are a finding only where they speak in one trace.
fn library(context: &Context<'_>, name: &str, versions: &BTreeSet<(&str, ScopeIx)>) -> Option<Finding> {
    let mut seen: BTreeMap<TraceIx, BTreeMap<&str, SpanIx>> = BTreeMap::new();
    let is_ai = |span: &SpanIx| context.genai.role_of(*span) != Role::None;
    for span in context.store.span_ixs().filter(is_ai) {
        let scope = context.store.span(span).scope_ix();
        if let Some((version, _)) = versions.iter().find(|(_, ix)| *ix == scope) {
            seen.entry(context.store.span(span).trace_ix()).or_default().entry(version).or_insert(span);
        }
    }
    // A version that is alone in its traces mixes with nothing.
    let mixed: Vec<&BTreeMap<&str, SpanIx>> = seen.values().filter(|versions| versions.len() > 1).collect();
    let spans: Vec<SpanIx> = mixed.first()?.values().copied().collect();
    let traces = mixed.len();
    let list: BTreeSet<&str> = mixed.iter().flat_map(|versions| versions.keys().copied()).collect();
    let list: Vec<&str> = list.into_iter().collect();
    let what = if list.iter().any(|label| label.contains("://")) { "schemas" } else { "versions" };
    let sentence = format!("Several {what} of {name} report into one trace.");
    let finding = Finding::new("E9", Severity::Suspicious, name, sentence).shown_by(&spans);
    let finding = finding.because(list.join(", ")).with("traces", traces).with("labels", list.len());
    Some(Finding { count: traces as u64, ..finding })
}
