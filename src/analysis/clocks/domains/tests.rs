//! Resources in, domains out.

use super::*;
use crate::model::{Input, InputIx, Part, Resource, Scope, SpanDraft, SpanId, StoreBuilder, Sym, TraceId, Value};

/// A span by its input, resource, scope, own attributes and parent; ids count from 1.
struct Row<'a> {
    input: u32,
    resource: &'a str,
    scope: &'a str,
    attrs: &'a str,
    parent: u64,
}

fn row(resource: &str) -> Row<'_> {
    Row { input: 0, resource, scope: "", attrs: "", parent: 0 }
}

/// `"a=b c=d"` as attributes; digits alone are integers.
fn attrs(part: &mut Part, text: &str) -> Vec<crate::model::AttrId> {
    let pairs = text.split_whitespace().filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(key, value)| {
            let key = part.strings.intern(key);
            let value = value.parse().map_or_else(|_| Value::Str(part.strings.intern(value)), Value::Int);
            part.attrs.intern(key, value)
        })
        .collect()
}

fn store(rows: &[Row<'_>]) -> TraceStore {
    let mut builder = StoreBuilder::new();
    for input in 0..=rows.iter().map(|row| row.input).max().unwrap_or(0) {
        builder.add_input(Input { name: format!("input {input}"), ..Input::default() });
    }
    for (row, id) in rows.iter().zip(1..) {
        let mut part = Part::new();
        let resource = attrs(&mut part, row.resource);
        let resource =
            part.resource(Resource { input: InputIx(row.input), attrs: resource, schema_url: Sym::EMPTY, dropped: 0 });
        let name = part.strings.intern(row.scope);
        let scope = part.scope(Scope { name, ..Scope::default() });
        let draft = SpanDraft {
            trace: TraceId::from_u128(1),
            id: SpanId::from_u64(id),
            parent: SpanId::from_u64(row.parent),
            start_ns: 1000 + id as i64,
            end_ns: 2000,
            attrs: attrs(&mut part, row.attrs),
            ..SpanDraft::default()
        };
        part.push(&draft, resource, scope);
        builder.absorb(part, InputIx(row.input));
    }
    builder.finish()
}

/// One resource to `key=value`, strength, kind, chip.
#[test]
fn the_first_key_that_names_a_clock_decides() {
    for (resource, key, strength, kind, chip) in [
        ("host.id=h1 host.name=a service.name=s", "host.id=h1", Strength::Strong, ClockKind::Server, "host.id"),
        (
            "host.id=unknown k8s.node.uid=u service.name=s",
            "k8s.node.uid=u",
            Strength::Strong,
            ClockKind::Server,
            "k8s.node.uid",
        ),
        ("k8s.node.name=n host.name=pod", "k8s.node.name=n", Strength::Strong, ClockKind::Server, "k8s.node.name"),
        ("host.name=a container.id=c", "host.name=a", Strength::Weak, ClockKind::Server, "host.name only · guessed"),
        ("hostname=a ip=10.0.0.1", "host.name=a", Strength::Weak, ClockKind::Server, "host.name only · guessed"),
        (
            "host.name=localhost container.id=c",
            "container.id=c",
            Strength::Medium,
            ClockKind::Server,
            "container.id · node unknown",
        ),
        (
            "host.name=LOCALHOST service.name=s",
            "service.name=s",
            Strength::Weak,
            ClockKind::Server,
            "service.name · guessed",
        ),
        (
            "k8s.pod.uid=p service.instance.id=i",
            "k8s.pod.uid=p",
            Strength::Medium,
            ClockKind::Server,
            "k8s.pod.uid · node unknown",
        ),
        (
            "device.id=d service.name=app",
            "device.id=d",
            Strength::Strong,
            ClockKind::Unmanaged,
            "device.id · unmanaged clock",
        ),
        (
            "telemetry.sdk.language=webjs session.id=x service.instance.id=i",
            "session.id=x",
            Strength::Medium,
            ClockKind::Unmanaged,
            "session.id · unmanaged clock",
        ),
        (
            "browser.language=de service.name=shop",
            "service.name=shop",
            Strength::Weak,
            ClockKind::Unmanaged,
            "service.name · unmanaged clock",
        ),
        (
            "session.id=conversation service.name=agent",
            "service.name=agent",
            Strength::Weak,
            ClockKind::Server,
            "service.name · guessed",
        ),
        (
            "service.instance.id=i process.pid=7",
            "service.instance.id=i",
            Strength::Medium,
            ClockKind::Server,
            "service.instance.id · node unknown",
        ),
        ("process.pid=7 service.name=s", "process.pid=7", Strength::Weak, ClockKind::Server, "process.pid · guessed"),
        (
            "service.name=claude-platform",
            "service.name=claude-platform",
            Strength::Weak,
            ClockKind::Provider,
            "service.name · not ours",
        ),
        ("deployment.environment=prod", "=", Strength::Unknown, ClockKind::Unknown, "no identity · unknown"),
        ("", "=", Strength::Unknown, ClockKind::Unknown, "no identity · unknown"),
    ] {
        let domains = assign(&store(&[row(resource)]));
        let domain = &domains.list[0];
        assert_eq!(domains.list.len(), 1, "{resource}");
        assert_eq!(format!("{}={}", domain.key, domain.value), key, "{resource}");
        assert_eq!((domain.strength, domain.kind, domain.chip.as_str()), (strength, kind, chip), "{resource}");
    }
}

/// Two resources, in one input or two: how many clocks?
#[test]
fn strong_keys_merge_and_weak_ones_do_not() {
    for (first, second, in_one, in_two) in [
        ("host.id=h service.name=a", "host.id=h service.name=b", 1, 1),
        ("k8s.node.uid=u service.name=a", "k8s.node.uid=u service.name=b", 1, 1),
        ("k8s.node.name=gke-a-1f3c", "k8s.node.name=gke-a-1f3c", 1, 1),
        ("k8s.node.name=ip-10-0-3-7.ec2.internal", "k8s.node.name=ip-10-0-3-7.ec2.internal", 1, 1),
        // What every local cluster calls its node is another machine in another file.
        ("k8s.node.name=minikube", "k8s.node.name=minikube", 1, 2),
        ("k8s.node.name=kind-control-plane", "k8s.node.name=kind-control-plane", 1, 2),
        ("k8s.node.name=k3d-k3s-default-server-0", "k8s.node.name=k3d-k3s-default-server-0", 1, 2),
        ("k8s.node.name=node-1", "k8s.node.name=node-1", 1, 2),
        ("host.name=n service.name=a", "host.name=n service.name=b", 1, 2),
        ("container.id=c1", "container.id=c2", 2, 2),
        ("service.instance.id=1", "service.instance.id=1", 1, 2),
        ("process.pid=1 service.name=a", "process.pid=1 service.name=a", 1, 2),
        ("process.pid=1 service.name=a", "process.pid=1 service.name=b", 2, 2),
        ("service.name=a", "service.name=a", 1, 2),
        ("service.name=a k8s.pod.ip=1", "service.name=a k8s.pod.ip=2", 2, 2),
        ("service.name=claude-platform a=1", "service.name=claude-platform a=2", 1, 2),
        ("", "deployment.environment=prod", 1, 2),
        ("host.id=h", "", 2, 2),
    ] {
        for (input, expected) in [(0, in_one), (1, in_two)] {
            // The second span is the first one's child: that must not matter.
            let rows = [row(first), Row { input, parent: 1, ..row(second) }];
            let domains = assign(&store(&rows));
            assert_eq!(domains.list.len(), expected, "{first} / {second}, second input: {input}");
        }
    }
}

#[test]
fn keys_on_spans_count_where_the_resource_has_no_strong_one() {
    let weak = "service.name=sglang";
    let with = |attrs| Row { attrs, ..row(weak) };
    let one_host = assign(&store(&[row(weak), with("host_id=m1"), with("host_id=m1")]));
    assert_eq!(one_host.list.len(), 1, "all spans that say it agree: it holds for the process");
    assert_eq!((one_host.list[0].key.as_str(), one_host.list[0].chip.as_str()), ("host.id", "host.id on spans"));

    let two_hosts = assign(&store(&[row(weak), with("host_id=m1"), with("host_id=m2"), row("host.id=m2")]));
    assert_eq!(two_hosts.list.len(), 3, "silent spans stay with the weak key");
    assert_eq!(two_hosts.of_span[2], two_hosts.of_span[3], "the same machine, named by a span and by a resource");
    assert_eq!(two_hosts.of(SpanIx(0)).key, "service.name");

    let strong = assign(&store(&[row("host.id=h"), Row { attrs: "host_id=other", ..row("host.id=h") }]));
    assert_eq!(strong.list.len(), 1);

    let page = "telemetry.sdk.language=webjs service.name=shop";
    let pages =
        assign(&store(&[Row { attrs: "session.id=a", ..row(page) }, Row { attrs: "session.id=b", ..row(page) }]));
    assert_eq!(pages.list.len(), 2, "two pages may be two devices");
}

#[test]
fn a_providers_scope_is_not_the_callers_clock() {
    let caller = "host.id=h service.name=agent";
    let spans = [row(caller), Row { scope: "com.anthropic.claude-platform", parent: 1, ..row(caller) }];
    let domains = assign(&store(&spans));
    let provider = domains.of(SpanIx(1));
    assert_eq!((provider.kind, provider.name.as_str()), (ClockKind::Provider, "claude-platform"));
    assert_eq!(domains.of(SpanIx(0)).kind, ClockKind::Server);
}

#[test]
fn lanes_read_from_the_user_to_the_stores() {
    let rows = [
        row("host.name=q service.name=qdrant"),
        Row { parent: 4, ..row("k8s.node.name=node-7 k8s.pod.uid=p1 service.name=planner") },
        Row { parent: 2, ..row("service.name=claude-platform") },
        Row { parent: 5, ..row("host.id=gw service.name=gateway") },
        row("device.id=4f2a telemetry.sdk.language=webjs service.name=browser"),
        Row { parent: 2, ..row("k8s.node.name=node-7 k8s.pod.uid=p2 service.name=critic") },
        row("service.name=gateway"),
    ];
    let domains = assign(&store(&rows));
    let names: Vec<_> = domains.list.iter().map(|domain| domain.name.as_str()).collect();
    assert_eq!(names, ["browser", "gateway gw", "node-7", "gateway", "claude-platform", "qdrant"]);
    assert_eq!(domains.list[2].detail, "2 pods · 2 services");
    assert_eq!(domains.list[2].services, ["critic", "planner"]);
    assert_eq!(domains.list[0].sdk_languages, ["webjs"]);
    assert_eq!(domains.list.iter().map(|domain| domain.spans).collect::<Vec<_>>(), [1, 1, 2, 1, 1, 1]);
    assert_eq!(domains.list[2].members.len(), 2);
}
