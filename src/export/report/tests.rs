//! The report of a small workspace built by hand: every section, in both forms.

use super::{Failure, Report, ReportInput};
use crate::analysis::clocks::domains::{ClockKind, Domain, Domains, Strength};
use crate::analysis::clocks::{ClockModel, Options};
use crate::model::{
    Code, DomainIx, Input, Part, Resource, Scope, Severity, SpanDraft, SpanId, Status, StoreBuilder, Sym, TraceId,
    TraceStore, span::otlp_flags,
};

const T0_NS: i64 = 1_795_269_727_000_000_000;

struct Workspace {
    store: TraceStore,
    domains: Domains,
}

/// Two inputs: an intact one of two clocks, and one whose span fails and has lost its parent.
fn workspace() -> Workspace {
    let mut builder = StoreBuilder::new();
    let mut add = |name: &str, compression: &'static str, spans: &[SpanDraft], cut: bool| {
        let input =
            Input { name: name.to_owned(), format: "otlp-json", compression, bytes: 812_000, ..Input::default() };
        let input = builder.add_input(Input { inflated_bytes: 4_000_000, ..input });
        let mut part = Part::new();
        let resource = part.resource(Resource { input, attrs: Vec::new(), schema_url: Sym::EMPTY, dropped: 0 });
        let scope = part.scope(Scope::default());
        for draft in spans {
            part.push(draft, resource, scope);
        }
        if cut {
            part.diagnostics.add(Code::Truncated, input, 12_345, || "inside an attribute".to_owned());
        }
        builder.absorb(part, input);
    };
    let call = span(1, 2, 0, (0, 900_000_000));
    add(
        "a.otlp.json",
        "",
        &[call.clone(), SpanDraft { parent: SpanId::from_u64(2), ..span(1, 3, 2, (100, 800)) }],
        false,
    );
    let remote = otlp_flags::HAS_IS_REMOTE | otlp_flags::IS_REMOTE;
    let failed = SpanDraft { status: Status::Error, otlp_flags: remote, ..span(2, 9, 77, (500, 1_500_000_000)) };
    add("b.json.gz", "gzip", &[failed], true);
    let domain = |name: &str, kind, strength, key: &str, spans| Domain {
        name: name.to_owned(),
        key: key.to_owned(),
        value: if key.is_empty() { String::new() } else { "4f2a".to_owned() },
        strength,
        kind,
        detail: String::new(),
        chip: if key.is_empty() { "no identity".to_owned() } else { key.to_owned() },
        services: vec!["web-chat".to_owned()],
        spans,
        ..Domain::default()
    };
    let list = vec![
        domain("browser", ClockKind::Unmanaged, Strength::Medium, "device.id", 2),
        domain("web-chat", ClockKind::Unknown, Strength::Unknown, "", 1),
    ];
    let domains = Domains { list, of_span: vec![DomainIx(0), DomainIx(0), DomainIx(1)] };
    Workspace { store: builder.finish(), domains }
}

fn span(trace: u128, id: u64, parent: u64, (start, end): (i64, i64)) -> SpanDraft {
    SpanDraft {
        trace: TraceId::from_u128(trace),
        id: SpanId::from_u64(id),
        parent: SpanId::from_u64(parent),
        start_ns: T0_NS + start,
        end_ns: T0_NS + end,
        ..SpanDraft::default()
    }
}

fn report(workspace: &Workspace) -> Report {
    let failure =
        |name: &str, severity| Failure { name: name.to_owned(), severity, error: format!("{name}: is empty.") };
    let model = ClockModel::analyse(&workspace.store, &workspace.domains, &Options::default());
    Report::build(ReportInput {
        store: &workspace.store,
        domains: &workspace.domains,
        model: &model,
        hashes: &[Some("9c1e".repeat(16)), None],
        failures: &[failure("c.json", Severity::Error), failure("many/readme.txt", Severity::Notice)],
    })
}

/// Without what depends on the allocator or on the release.
fn steady(text: &str) -> String {
    let is_steady = |line: &&str| {
        !["per_span", "column_", "attribute_", "string_", "event_", "total_", "version"]
            .iter()
            .any(|word| line.contains(word))
    };
    let lines: Vec<_> = text.lines().filter(|line| !line.contains("in memory")).filter(is_steady).collect();
    lines.join("\n")
}

#[test]
fn the_json_form_has_every_section() {
    insta::assert_snapshot!(steady(&report(&workspace()).to_json().unwrap()));
}

#[test]
fn the_text_form_reads_like_a_summary() {
    insta::assert_snapshot!(steady(&report(&workspace()).to_string()));
}

#[test]
fn the_worst_of_everything_decides() {
    let report = report(&workspace());
    assert_eq!(report.worst, Some(Severity::Error));
    for severity in [Severity::Notice, Severity::Warning, Severity::Error] {
        assert!(report.has(severity));
    }
    assert_eq!((report.counts.error, report.counts.notice), (2, 2), "cut and unreadable; orphan and no trace");
    let (store, domains) = (TraceStore::default(), Domains::default());
    let quiet = Report::build(ReportInput {
        store: &store,
        domains: &domains,
        model: &ClockModel::analyse(&store, &domains, &Options::default()),
        hashes: &[],
        failures: &[],
    });
    assert!(!quiet.has(Severity::Notice));
    assert!(quiet.to_string().contains("Nothing odd in what was read."));
    assert_eq!(quiet.memory.bytes_per_span, 0, "no division by zero spans");
    assert_eq!(quiet.workspace.time, None);
}
