//! E9: old and new names of one convention, or two versions of one library, in one trace.

use std::collections::{BTreeMap, BTreeSet};

use super::{Config, Context, Finding, Rule, Severity, count, verb};
use crate::model::{ScopeIx, SpanIx, Sym, TraceIx};

/// See the module.
pub struct Drift;

/// Old keys beside the ones that replaced them.
const RENAMED: [(&str, &str); 4] = [
    ("gen_ai.system", "gen_ai.provider.name"),
    ("gen_ai.usage.prompt_tokens", "gen_ai.usage.input_tokens"),
    ("gen_ai.usage.completion_tokens", "gen_ai.usage.output_tokens"),
    ("ai.operationId", "gen_ai.operation.name"),
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
        let mut findings: Vec<Finding> = RENAMED.iter().filter_map(|(old, new)| renamed(context, old, new)).collect();
        findings.extend(versions(context));
        findings
    }
}

/// Traces in which some spans have the old key and others the new one. A span with both bridges the two on purpose.
fn renamed(context: &Context<'_>, old: &str, new: &str) -> Option<Finding> {
    let (old_key, new_key) = (context.store.strings().find(old)?, context.store.strings().find(new)?);
    let has = |span: SpanIx, key: Sym| context.store.span(span).attrs().any(|attr| attr.key == key);
    let mut only: BTreeMap<TraceIx, [Option<SpanIx>; 2]> = BTreeMap::new();
    for span in context.store.span_ixs() {
        let at = match (has(span, old_key), has(span, new_key)) {
            (true, false) => 0,
            (false, true) => 1,
            _ => continue,
        };
        only.entry(context.store.span(span).trace_ix()).or_default()[at].get_or_insert(span);
    }
    let mixed: Vec<[SpanIx; 2]> = only.into_values().filter_map(|[old, new]| Some([old?, new?])).collect();
    if mixed.is_empty() {
        return None;
    }
    let traces = count(mixed.len(), "trace");
    let sentence = format!(
        "{traces} {} the old name {old} with {new}: dashboards that know one miss the other.",
        verb(mixed.len(), "mixes", "mix")
    );
    let spans: Vec<SpanIx> = mixed.iter().flatten().copied().collect();
    let finding = Finding::new("E9", Severity::Suspicious, old, sentence).shown_by(&spans);
    Some(Finding { count: mixed.len() as u64, ..finding.because("both are folded to one field here") })
}

fn versions(context: &Context<'_>) -> Vec<Finding> {
    let mut by_name: BTreeMap<&str, BTreeSet<(&str, ScopeIx)>> = BTreeMap::new();
    for (at, scope) in context.store.scopes().iter().enumerate() {
        let (name, version) = (context.store.text(scope.name), context.store.text(scope.version));
        if !name.is_empty() && !version.is_empty() {
            by_name.entry(name).or_default().insert((version, ScopeIx::from_usize(at)));
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
    for span in context.store.span_ixs() {
        let scope = context.store.span(span).scope_ix();
        if let Some((version, _)) = versions.iter().find(|(_, ix)| *ix == scope) {
            seen.entry(context.store.span(span).trace_ix()).or_default().entry(version).or_insert(span);
        }
    }
    let spans: Vec<SpanIx> = seen.values().find(|versions| versions.len() > 1)?.values().copied().collect();
    let traces = seen.values().filter(|versions| versions.len() > 1).count();
    let list: Vec<&str> = versions.iter().map(|(version, _)| *version).collect();
    let sentence = format!("Several versions of {name} report into one trace.");
    let finding = Finding::new("E9", Severity::Suspicious, name, sentence).shown_by(&spans);
    Some(Finding { count: traces as u64, ..finding.because(list.join(", ")) })
}
