//! Every real trace file in `tests/data/traces`, as the store sees it: a text summary and all diagnostics. Where the
//! files come from is in SOURCES.md beside them. Review changes with `cargo insta review`.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test binary")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use skewline::load::{LoadError, Options, Progress, Source, load};
use skewline::model::{Input, SpanIx, SpanRef, TraceStore, span::FLAG_NAMES};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/traces")
}

/// The files whose names begin with `prefix`, sorted.
fn files(prefix: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(data()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.file_name().unwrap().to_string_lossy().starts_with(prefix));
    files.sort();
    assert!(!files.is_empty(), "no {prefix} file in tests/data/traces");
    files
}

fn load_bytes(name: &str, bytes: Vec<u8>) -> Result<TraceStore, LoadError> {
    load(&[Source::memory(name, bytes)], &Options::default(), &Progress::default()).map(|loaded| loaded.store)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// Spans that a summary lists; the others are only counted.
const LISTED: usize = 60;

fn summary(store: &TraceStore) -> String {
    let mut text = String::new();
    for input in store.inputs() {
        describe_input(input, &mut text);
    }
    writeln!(
        text,
        "{} spans, {} traces, {} resources, {} scopes, {} ghosts",
        store.len(),
        store.traces().len(),
        store.resources().len(),
        store.scopes().len(),
        store.ghosts().len()
    )
    .unwrap();
    for resource in store.resources() {
        let attrs: Vec<String> = resource
            .attrs
            .iter()
            .map(|&id| store.attrs().get(id))
            .map(|attr| pair(store, attr.key, attr.value))
            .collect();
        writeln!(text, "resource {}", clip(&attrs.join(" "), 160)).unwrap();
    }
    let start = store.time_hull_ns().map_or(0, |hull| hull.start);
    writeln!(text, "times from {start} ns").unwrap();
    let mut left = LISTED;
    for root in store.span_ixs().filter(|&ix| store.span(ix).parent().is_none()) {
        list(store, root, 0, start, &mut left, &mut text);
    }
    if store.len() > LISTED {
        writeln!(text, "... and {} more spans", store.len() - LISTED).unwrap();
    }
    text
}

fn describe_input(input: &Input, text: &mut String) {
    let how = if input.compression.is_empty() { "plain" } else { input.compression };
    writeln!(text, "{} {how} {} -> {} bytes", input.format, input.bytes, input.inflated_bytes).unwrap();
    for (code, entry) in input.diagnostics.entries() {
        writeln!(text, "{} {code} x{}", code.severity(), entry.count).unwrap();
        for place in entry.places.iter().take(2) {
            writeln!(text, "    at {}: {}", place.offset, clip(&place.detail, 100)).unwrap();
        }
    }
}

fn pair(store: &TraceStore, key: skewline::model::Sym, value: skewline::model::Value) -> String {
    format!("{}={}", store.text(key), store.value_text(value))
}

fn clip(text: &str, max: usize) -> String {
    let line = text.replace('\n', "\\n");
    if line.chars().count() <= max { line } else { line.chars().take(max).chain(['…']).collect() }
}

fn list(store: &TraceStore, ix: SpanIx, depth: usize, start: i64, left: &mut usize, text: &mut String) {
    if *left == 0 {
        return;
    }
    *left -= 1;
    let span = store.span(ix);
    let duration = span.duration_ns().map_or("?".to_owned(), |ns| ns.to_string());
    let from = span.start_ns().saturating_sub(start);
    write!(text, "{:indent$}{} [{from} +{duration}] {}", "", clip(span.name(), 60), span.kind(), indent = 2 * depth)
        .unwrap();
    write!(text, " {}", store.find_text(&span.resource().attrs, "service.name").unwrap_or("-")).unwrap();
    counts(span, text);
    for (flag, name) in FLAG_NAMES {
        if span.flags().has(*flag) {
            write!(text, " <{name}>").unwrap();
        }
    }
    text.push('\n');
    for &child in span.children() {
        list(store, child, depth + 1, start, left, text);
    }
}

fn counts(span: SpanRef<'_>, text: &mut String) {
    for (count, what) in [(span.attrs().len(), "attrs"), (span.events().len(), "events"), (span.links().len(), "links")]
    {
        if count > 0 {
            write!(text, " {count} {what}").unwrap();
        }
    }
}

fn check(prefix: &str, format: &str) {
    for path in files(prefix) {
        let store = load_bytes(&name_of(&path), std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(store.inputs()[0].format, format, "{}", path.display());
        insta::assert_snapshot!(name_of(&path), summary(&store));
    }
}

#[test]
fn otlp_files() {
    check("otlp-", "otlp-json");
    check("derived-", "otlp-json");
}

#[test]
fn jaeger_files() {
    check("jaeger-", "jaeger-json");
}

#[test]
fn zipkin_files() {
    check("zipkin-", "zipkin-json");
}

#[test]
fn chrome_files() {
    check("chrome-", "chrome-trace");
}

#[test]
fn exports_of_ai_tools() {
    check("flat-", "flat-spans");
    check("langfuse-", "langfuse-json");
}

/// Small exports of every form, with all attributes, events and links.
#[test]
fn small_exports_of_ai_tools_in_full() {
    let folder = data().with_file_name("exports");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension != "md"));
    paths.sort();
    for path in paths {
        let store = load_bytes(&name_of(&path), std::fs::read(&path).unwrap()).unwrap();
        insta::assert_snapshot!(name_of(&path), format!("{}{}", summary(&store), in_full(&store)));
    }
}

fn in_full(store: &TraceStore) -> String {
    let mut text = String::new();
    for ix in store.span_ixs() {
        let span = store.span(ix);
        let id = store.span_id_text(span.id());
        writeln!(text, "{id} in {}: {} {:?}", store.trace_id_text(span.trace_id()), span.status(), span.name())
            .unwrap();
        for attr in span.attrs() {
            writeln!(text, "  {}", clip(&pair(store, attr.key, attr.value), 120)).unwrap();
        }
        for event in span.events() {
            let attrs: Vec<String> = event.attrs().map(|attr| pair(store, attr.key, attr.value)).collect();
            writeln!(text, "  event {} {} {}", event.time_ns(), event.name(), attrs.join(" ")).unwrap();
        }
        for link in span.links() {
            let to = store.span_id_text(link.span_id());
            writeln!(text, "  link {to} in {}", store.trace_id_text(link.trace_id())).unwrap();
        }
    }
    text
}

/// The store of a directory is that of its files in order, and does not depend on threads or on how files are packed.
#[test]
fn many_files_load_the_same_every_time_and_packed_or_not() {
    use std::io::Write as _;
    let read = || {
        let loaded = load(&[Source::Path(data())], &Options::default(), &Progress::default()).unwrap();
        let failures: Vec<String> =
            loaded.failures.iter().map(|failure| format!("{} {}", failure.is_note, failure.error)).collect();
        assert_eq!(loaded.origins.len(), loaded.store.inputs().len());
        (summary(&loaded.store), failures)
    };
    let (first, failures) = read();
    assert_eq!((first, failures.clone()), read());
    assert!(failures.iter().all(|failure| failure.starts_with("true ")), "{failures:?}");
    for path in files("jaeger-") {
        let plain = std::fs::read(&path).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&plain).unwrap();
        let gzip = gzip.finish().unwrap();
        let zstd = zstd::encode_all(&plain[..], 1).unwrap();
        let nested = zstd::encode_all(&gzip[..], 1).unwrap();
        let spans = |bytes: Vec<u8>| {
            let store = load_bytes("x", bytes).unwrap();
            summary(&store).split_once('\n').unwrap().1.to_owned()
        };
        let expected = spans(plain);
        for packed in [gzip, zstd, nested] {
            assert_eq!(spans(packed), expected);
        }
    }
}

/// Damage of a packed file ends it early and is counted; what came before is there.
#[test]
fn packed_files_that_are_cut_or_too_big_keep_what_was_read() {
    use skewline::model::Code;
    use std::io::Write as _;
    let path = data().join("jaeger-agentevals-helm_2.json");
    let plain = std::fs::read(&path).unwrap();
    let whole = load_bytes("x", plain.clone()).unwrap().len();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&plain).unwrap();
    let gzip = gzip.finish().unwrap();
    let cut = load_bytes("x", gzip[..gzip.len() / 2].to_vec()).unwrap();
    assert!(!cut.is_empty() && cut.len() < whole);
    assert!(cut.inputs()[0].diagnostics.count(Code::Truncated) > 0);
    let two_members: Vec<u8> = plain
        .chunks(plain.len() / 2 + 1)
        .flat_map(|half| {
            let mut member = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            member.write_all(half).unwrap();
            member.finish().unwrap()
        })
        .collect();
    assert_eq!(load_bytes("x", two_members).unwrap().len(), whole);
    let limited = Options { max_inflated: 100_000, ..Options::default() };
    let source = Source::memory("x", gzip);
    let limited = load(&[source], &limited, &Progress::default()).unwrap().store;
    assert_eq!(limited.inputs()[0].diagnostics.count(Code::InflateLimit), 1);
    assert!(limited.len() < whole);
}

/// A small file that grows without end is stopped by its ratio, long before the limit on its size.
#[test]
fn bombs_stop_early() {
    use skewline::model::Code;
    let mut text =
        br#"{"data":[{"traceID":"a","spans":[{"operationName":"x","startTime":1,"duration":1},{"operationName":""#
            .to_vec();
    text.resize(200 << 20, b'x');
    let bomb = zstd::encode_all(&text[..], 1).unwrap();
    drop(text);
    let store = load_bytes("bomb", bomb).unwrap();
    assert_eq!((store.len(), store.inputs()[0].diagnostics.count(Code::InflateLimit)), (1, 1));
    assert!(store.inputs()[0].inflated_bytes < 100 << 20, "{}", store.inputs()[0].inflated_bytes);
}

/// What is no trace is named, with what was expected and what to do.
#[test]
fn errors_name_the_input_what_it_is_and_what_to_do() {
    let gzip_of_nothing = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    let cases: [(&str, &[u8]); 8] = [
        ("empty.json", b""),
        ("blank.json", b" \r\n\t"),
        ("picture.json", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("login.json", b"<!DOCTYPE html><html><head><title>Sign in"),
        ("table.json", b"trace,span,start\n1,2,3\n"),
        ("refused.json", br#"{"error":"unauthorized","code":401}"#),
        ("broken.gz", &gzip_of_nothing),
        ("notes.txt", b"Dear diary, today"),
    ];
    let errors: Vec<String> =
        cases.into_iter().map(|(name, bytes)| load_bytes(name, bytes.to_vec()).unwrap_err().to_string()).collect();
    let missing = Source::Path(PathBuf::from("does/not/exist.json"));
    let missing = load(&[missing], &Options::default(), &Progress::default()).unwrap_err().to_string();
    insta::assert_snapshot!("errors", format!("{}\n{missing}", errors.join("\n")));
}

/// One unreadable input does not keep the others from loading.
#[test]
fn readable_inputs_load_beside_unreadable_ones() {
    let good = std::fs::read(data().join("zipkin-zipkin-lens-skew.json")).unwrap();
    let sources = [
        Source::memory("bad", *b"nonsense"),
        Source::memory("good", good),
        Source::Path(PathBuf::from("missing.json")),
    ];
    let loaded = load(&sources, &Options::default(), &Progress::default()).unwrap();
    assert_eq!((loaded.store.inputs().len(), loaded.failures.len()), (1, 2));
    assert_eq!(loaded.failures.iter().map(|failure| failure.is_note).collect::<Vec<_>>(), [false, false]);
}

/// Files of one job, one per rank, with the same process and thread ids: nothing says that they share a
/// clock, so each file has its own.
#[test]
fn every_rank_of_a_job_has_its_own_clock() {
    use skewline::analysis::clocks::domains;
    let file = |rank: u32, stated: bool| {
        let distributed =
            if stated { format!(r#","distributedInfo":{{"rank":{rank},"world_size":2}}"#) } else { String::new() };
        let event = |name: &str, ts: u32| format!(r#"{{"ph":"X","name":"{name}","pid":7,"tid":1,"ts":{ts},"dur":9}}"#);
        let text = format!(
            r#"{{"traceEvents":[{},{}]{distributed}}}"#,
            event("step", 5 + rank),
            event("all_reduce", 20 + rank)
        );
        Source::memory(format!("rank{rank}.json"), text.into_bytes())
    };
    for stated in [true, false] {
        let loaded = load(&[file(0, stated), file(1, stated)], &Options::default(), &Progress::default()).unwrap();
        let store = &loaded.store;
        assert_eq!((store.len(), store.inputs().len()), (4, 2));
        let domains = domains::assign(store);
        assert_eq!(domains.list.len(), 2, "{:?}", domains.list);
        assert_ne!(domains.list[0].name, domains.list[1].name);
        for span in store.span_ixs() {
            let input = store.span(span).input_ix().at();
            let same = store.span_ixs().filter(|&other| store.span(other).input_ix().at() == input);
            assert!(same.into_iter().all(|other| domains.of_span[other.at()] == domains.of_span[span.at()]));
        }
    }
}
