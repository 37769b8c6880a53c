//! What a resource says about the clock behind its spans (clocks.md 2.1, conventions.md C1).

use super::{ClockKind, Strength};
use crate::model::{AttrId, InputIx, Resource, ScopeIx, Sym, TraceStore, Value};

/// A key that can name a clock.
struct Key {
    attr: &'static str,
    /// What people know the key as.
    shown: &'static str,
    strength: Strength,
    /// Whether equal values in different inputs name the same clock. Values that are only unique on one
    /// machine or in one deployment do not.
    global: bool,
    /// Whether the key names a clock only where a user's device reports.
    devices_only: bool,
}

const fn key(attr: &'static str, strength: Strength, global: bool) -> Key {
    Key { attr, shown: attr, strength, global, devices_only: false }
}

/// The keys in order: the first that is present decides.
const KEYS: &[Key] = &[
    // A Chrome trace: one recorder stamps all processes and devices of a file.
    Key { shown: "trace file", ..key("trace.clock", Strength::Strong, false) },
    key("host.id", Strength::Strong, true),
    key("k8s.node.uid", Strength::Strong, true),
    key("k8s.node.name", Strength::Strong, true),
    key("host.name", Strength::Weak, false),
    Key { shown: "host.name", ..key("hostname", Strength::Weak, false) },
    key("container.id", Strength::Medium, true),
    key("k8s.pod.uid", Strength::Medium, true),
    key("device.id", Strength::Strong, true),
    Key { devices_only: true, ..key("app.installation.id", Strength::Medium, true) },
    Key { devices_only: true, ..key("session.id", Strength::Medium, false) },
    key("faas.instance", Strength::Medium, false),
    key("service.instance.id", Strength::Medium, false),
    Key { shown: "service.instance.id", ..key("client-uuid", Strength::Medium, false) },
    key("k8s.pod.name", Strength::Medium, false),
];

/// Span attributes that name a clock where the resource has nothing as good:
/// (attribute, resource key it stands for).
pub(super) const SPAN_KEYS: &[(&str, &str)] = &[("host_id", "host.id"), ("session.id", "session.id")];

/// Services and scopes through which a provider reports its own side of a call.
const PROVIDER_SERVICES: &[&str] = &["claude-platform"];
const PROVIDER_SCOPES: &[(&str, &str)] = &[("com.anthropic.claude-platform", "claude-platform")];

/// One clock, as far as the evidence goes. Equal identities are one domain.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Identity {
    pub key: &'static str,
    pub value: String,
    pub strength: Strength,
    pub kind: ClockKind,
    /// Set when the key names a clock only within one input.
    pub input: Option<InputIx>,
    /// All attributes of the resource, sorted, where nothing better tells resources apart.
    pub attrs: Vec<AttrId>,
    /// Read from spans and not from the resource.
    pub from_spans: bool,
}

impl Identity {
    /// What makes two identities the same clock. How it was read does not matter.
    pub fn clock(&self) -> (&'static str, &str, Option<InputIx>, &[AttrId], ClockKind) {
        // A device's clock and a server's clock with the same id would be a mistake in the ids: keep them apart.
        (self.key, &self.value, self.input, &self.attrs, self.kind)
    }
}

/// A value that names something: not empty, not a placeholder.
fn names_something(key: &str, text: &str) -> bool {
    const PLACEHOLDERS: &[&str] = &["unknown", "none", "null", "undefined", "n/a", "-", "0"];
    const EVERYBODYS_HOST: &[&str] = &["localhost", "localhost.localdomain", "127.0.0.1", "::1"];
    let lower = text.to_ascii_lowercase();
    let placeholder = PLACEHOLDERS.contains(&lower.as_str());
    let zeros = lower.bytes().all(|byte| matches!(byte, b'0' | b'-'));
    let everybodys = key.starts_with("host") && EVERYBODYS_HOST.contains(&lower.as_str());
    !(text.is_empty() || placeholder || zeros || everybodys)
}

/// Whether a node's name is one that local clusters give to every machine: in another file it is another one.
fn is_common_node(key: &str, name: &str) -> bool {
    const COMMON: &[&str] = &[
        "minikube",
        "docker-desktop",
        "rancher-desktop",
        "lima-rancher-desktop",
        "colima",
        "orbstack",
        "microk8s-vm",
        "kind",
        "k3d",
        "node",
        "master",
        "worker",
        "control-plane",
        "server",
        "k8s",
    ];
    if key != "k8s.node.name" {
        return false;
    }
    let lower = name.to_ascii_lowercase();
    // "kind-control-plane", "k3d-k3s-default-server-0", "node-1", "worker2"
    let words = lower.split(['-', '.', '_']);
    let mut own = words.map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit())).filter(|word| !word.is_empty());
    let is_local =
        |word: &str| COMMON.contains(&word) || ["k3s", "default", "control", "plane", "agent", "m"].contains(&word);
    COMMON.contains(&lower.as_str()) || own.all(is_local)
}

/// The text of `key` if it names something.
pub(super) fn text_of(store: &TraceStore, attrs: &[AttrId], key: &str) -> Option<String> {
    let text = match store.find_attr(attrs, key)? {
        Value::Double(_) | Value::Bool(_) | Value::Empty => return None,
        value => store.value_text(value),
    };
    let text = text.trim();
    names_something(key, text).then(|| text.to_owned())
}

/// Whether a user's device reports: nobody of ours manages its clock.
fn is_unmanaged(store: &TraceStore, attrs: &[AttrId]) -> bool {
    let text = |key| store.find_text(attrs, key);
    let has_prefix = |prefix: &str| attrs.iter().any(|&id| store.text(store.attrs().get(id).key).starts_with(prefix));
    text("telemetry.sdk.language") == Some("webjs")
        || has_prefix("browser.")
        || has_prefix("device.")
        || text("app.installation.id").is_some()
        || text("os.name").is_some_and(|os| ["android", "ios"].contains(&os.to_ascii_lowercase().as_str()))
}

fn kind_of(store: &TraceStore, attrs: &[AttrId]) -> ClockKind {
    match store.find_text(attrs, "service.name") {
        Some(service) if PROVIDER_SERVICES.contains(&service) => ClockKind::Provider,
        _ if is_unmanaged(store, attrs) => ClockKind::Unmanaged,
        _ => ClockKind::Server,
    }
}

/// The clock of the spans that `resource` reported, by its attributes alone.
pub(super) fn of_resource(store: &TraceStore, resource: &Resource) -> Identity {
    let attrs = &resource.attrs;
    let kind = kind_of(store, attrs);
    for key in KEYS.iter().filter(|key| !key.devices_only || kind == ClockKind::Unmanaged) {
        let Some(value) = text_of(store, attrs, key.attr) else { continue };
        let is_global = key.global && !is_common_node(key.attr, &value);
        return Identity {
            key: key.shown,
            value,
            strength: key.strength,
            kind,
            input: (!is_global).then_some(resource.input),
            attrs: Vec::new(),
            from_spans: false,
        };
    }
    weak_identity(store, resource, kind)
}

/// Process id, service name, or nothing.
fn weak_identity(store: &TraceStore, resource: &Resource, kind: ClockKind) -> Identity {
    let attrs = &resource.attrs;
    let (key, value, strength) = if let Some(pid) = text_of(store, attrs, "process.pid") {
        ("process.pid", pid, Strength::Weak)
    } else if let Some(service) = text_of(store, attrs, "service.name") {
        ("service.name", service, Strength::Weak)
    } else {
        ("", String::new(), Strength::Unknown)
    };
    let unknown = strength == Strength::Unknown;
    // A provider shows one service to all its callers; everything else may be several processes.
    let mut all = if unknown || kind == ClockKind::Provider { Vec::new() } else { attrs.clone() };
    all.sort_unstable();
    let kind = if unknown && kind == ClockKind::Server { ClockKind::Unknown } else { kind };
    Identity { key, value, strength, kind, input: Some(resource.input), attrs: all, from_spans: false }
}

/// The provider behind a scope, for spans that a provider adds under the caller's resource.
pub(super) fn provider_of_scope(store: &TraceStore, scope: ScopeIx) -> Option<&'static str> {
    let name = store.text(store.scopes()[scope.at()].name);
    PROVIDER_SCOPES.iter().find(|(prefix, _)| name.starts_with(prefix)).map(|&(_, provider)| provider)
}

/// The clock of a provider's spans that came in under somebody else's resource.
pub(super) fn of_provider(provider: &str, input: InputIx) -> Identity {
    Identity {
        key: "service.name",
        value: provider.to_owned(),
        strength: Strength::Weak,
        kind: ClockKind::Provider,
        input: Some(input),
        attrs: Vec::new(),
        from_spans: false,
    }
}

/// Whether the span attribute that stands for `key` says more than `known` does.
pub(super) fn improves(key: &str, known: &Identity) -> bool {
    match key {
        "host.id" => known.strength < Strength::Strong && known.kind != ClockKind::Provider,
        _ => {
            known.kind == ClockKind::Unmanaged
                && !["device.id", "session.id", "app.installation.id"].contains(&known.key)
                && known.strength < Strength::Strong
        }
    }
}

/// The clock that a span attribute names.
pub(super) fn of_span_value(store: &TraceStore, key: &'static str, value: Sym, known: &Identity) -> Option<Identity> {
    let text = store.text(value).trim();
    let input = if key == "host.id" { None } else { known.input.or(Some(InputIx(0))) };
    names_something(key, text).then(|| Identity {
        key,
        value: text.to_owned(),
        strength: if key == "host.id" { Strength::Strong } else { Strength::Medium },
        kind: if known.kind == ClockKind::Unknown { ClockKind::Server } else { known.kind },
        input,
        attrs: Vec::new(),
        from_spans: true,
    })
}
