//! What a domain is called, and what its lane head says.

use std::collections::BTreeSet;

use hashbrown::HashSet;

use super::identity::{Identity, text_of};
use super::{ClockKind, Domain, Member, Strength};
use crate::model::{ResourceIx, TraceStore};

/// A domain of `spans` spans that `resources` reported; its name may not be unique yet.
pub(super) fn describe(store: &TraceStore, identity: &Identity, resources: &[ResourceIx], spans: u64) -> Domain {
    let attrs = |resource: &ResourceIx| store.resources()[resource.at()].attrs.as_slice();
    let all = |keys: &[&str]| -> BTreeSet<String> {
        resources
            .iter()
            .filter_map(|resource| keys.iter().find_map(|key| text_of(store, attrs(resource), key)))
            .collect()
    };
    let is_foreign_scope = identity.kind == ClockKind::Provider && identity.key == "service.name";
    let services: Vec<String> =
        if is_foreign_scope { vec![identity.value.clone()] } else { all(&["service.name"]).into_iter().collect() };
    let machine = all(&["k8s.node.name", "host.name", "hostname"]).into_iter().next();
    let name = name(identity, &services, machine.as_deref());
    let pods = all(&["k8s.pod.uid", "k8s.pod.name", "container.id"]).len();
    let members = members(store, resources);
    let inputs: BTreeSet<_> = resources.iter().map(|resource| store.resources()[resource.at()].input).collect();
    let mut details: Vec<String> = Vec::new();
    if identity.kind == ClockKind::Unmanaged && !identity.value.is_empty() && identity.key != "service.name" {
        details.push(format!("{} {}", identity.key.trim_end_matches(".id"), short(&identity.value)));
    } else if let Some(machine) = machine.filter(|machine| *machine != name) {
        details.push(machine);
    }
    if identity.kind == ClockKind::Provider && !is_foreign_scope {
        details.push(identity.value.clone());
    }
    for (count, thing) in [(pods, "pods"), (services.len(), "services"), (inputs.len(), "files")] {
        if count > 1 {
            details.push(format!("{count} {thing}"));
        }
    }
    if pods <= 1 && members.len() > 1 && services.len() <= 1 {
        details.push(format!("{} processes", members.len()));
    }
    let sdk_languages: BTreeSet<_> =
        members.iter().map(|member| member.sdk_language.clone()).filter(|language| !language.is_empty()).collect();
    Domain {
        name,
        key: identity.key.to_owned(),
        value: identity.value.clone(),
        strength: identity.strength,
        kind: identity.kind,
        detail: details.join(" · "),
        chip: chip(identity),
        services,
        spans,
        sdk_languages: sdk_languages.into_iter().collect(),
        members,
    }
}

fn name(identity: &Identity, services: &[String], machine: Option<&str>) -> String {
    if let [service] = services {
        return service.clone();
    }
    match (machine, identity.kind) {
        (Some(machine), _) => machine.to_owned(),
        (None, ClockKind::Unmanaged) if services.is_empty() => "device".to_owned(),
        _ if identity.value.is_empty() => "unknown clock".to_owned(),
        _ => format!("{} {}", identity.key.split('.').next().unwrap_or("clock"), short(&identity.value)),
    }
}

/// The chip that says what the grouping rests on.
fn chip(identity: &Identity) -> String {
    let key = if identity.from_spans { format!("{} on spans", identity.key) } else { identity.key.to_owned() };
    match (identity.kind, identity.strength) {
        (_, Strength::Unknown) => "no identity · unknown".to_owned(),
        (ClockKind::Provider, _) => format!("{key} · not ours"),
        (ClockKind::Unmanaged, _) => format!("{key} · unmanaged clock"),
        (_, Strength::Strong) => key,
        (_, Strength::Medium) => format!("{key} · node unknown"),
        (_, Strength::Weak) if key == "host.name" => "host.name only · guessed".to_owned(),
        (_, Strength::Weak) => format!("{key} · guessed"),
    }
}

/// The processes, instances or pages behind a domain, with the SDK that stamped their spans.
fn members(store: &TraceStore, resources: &[ResourceIx]) -> Vec<Member> {
    const PROCESS_KEYS: &[&str] =
        &["container.id", "k8s.pod.uid", "service.instance.id", "client-uuid", "session.id", "faas.instance"];
    let mut members: Vec<Member> = Vec::new();
    for &resource in resources {
        let attrs = &store.resources()[resource.at()].attrs;
        let mut process: Vec<String> = Vec::new();
        process.extend(text_of(store, attrs, "service.name"));
        process.extend(PROCESS_KEYS.iter().find_map(|key| text_of(store, attrs, key)));
        process.extend(text_of(store, attrs, "process.pid").map(|pid| format!("pid {pid}")));
        let process = process.join(" · ");
        let sdk_language = text_of(store, attrs, "telemetry.sdk.language").unwrap_or_default();
        members.push(Member { process, sdk_language, resources: vec![resource] });
    }
    members
        .sort_by(|a, b| (&a.process, &a.sdk_language, &a.resources).cmp(&(&b.process, &b.sdk_language, &b.resources)));
    members.dedup_by(|later, kept| {
        let same = later.process == kept.process && later.sdk_language == kept.sdk_language;
        if same {
            kept.resources.append(&mut later.resources);
        }
        same
    });
    members
}

/// The first eight characters of an id, with an ellipsis when something was cut.
fn short(value: &str) -> String {
    let mut chars = value.chars();
    let head: String = chars.by_ref().take(8).collect();
    if chars.next().is_none() { head } else { format!("{head}…") }
}

/// Makes names unique: the start of the deciding value where it helps, else a number.
pub(super) fn make_names_unique(domains: &mut [Domain]) {
    let mut count: hashbrown::HashMap<String, usize> = hashbrown::HashMap::new();
    for domain in &*domains {
        *count.entry(domain.name.clone()).or_default() += 1;
    }
    let mut taken: HashSet<String> =
        count.iter().filter(|(_, count)| **count == 1).map(|(name, _)| name.clone()).collect();
    for domain in domains {
        if count.get(&domain.name).is_none_or(|count| *count == 1) {
            continue;
        }
        let tells_apart = !domain.value.is_empty() && domain.value != domain.name;
        let wanted =
            if tells_apart { format!("{} {}", domain.name, short(&domain.value)) } else { domain.name.clone() };
        let unique = std::iter::once(wanted.clone())
            .chain((2_u32..).map(|number| format!("{wanted} {number}")))
            .find(|name| !taken.contains(name));
        domain.name = unique.unwrap_or(wanted);
        taken.insert(domain.name.clone());
    }
}
