//! Hostile input: damaged, absurd and malicious files come through the public loading interface without
//! a panic, in bounded memory, and to an end; nothing is lost without a diagnostic (invariant I3).

#![allow(missing_docs, clippy::unwrap_used, reason = "a test binary")]

#[path = "hostile/files.rs"]
mod files;

use files::{Shape, Valid, Written, valid};
use proptest::prelude::*;
use skewline::analysis::clocks::{self, ClockModel, domains};
use skewline::analysis::findings::{Config, Context, find};
use skewline::analysis::genai::GenAi;
use skewline::analysis::search::{CancelFlag, Field, Subject, parse, run};
use skewline::analysis::self_time::SelfTimes;
use skewline::analysis::statistics::Statistics;
use skewline::arrange::Plan;
use skewline::export::picture::Timeline;
use skewline::load::{FORMATS, LoadError, Loaded, Options, Progress, Source, load, load_into};
use skewline::model::{Code, Severity, SpanIx, TraceStore};
use skewline::scene::{ViewState, build, lower};
use std::io::Write as _;
use std::sync::mpsc;
use std::time::Duration;

/// What a small input may grow to.
const OPTIONS: Options = Options { max_inflated: 4 << 20, max_ratio: 500 };

fn open(name: &str, bytes: &[u8]) -> Result<Loaded, LoadError> {
    load(&[Source::memory(name, bytes)], &OPTIONS, &Progress::default())
}

fn is_read(format: &str) -> bool {
    FORMATS.iter().any(|known| known.name().starts_with(format))
}

/// The valid files whose formats this version reads.
fn readable() -> Vec<Valid> {
    let found: Vec<Valid> = valid().into_iter().filter(|file| is_read(file.format)).collect();
    for format in FORMATS {
        let has_file = found.iter().any(|file| format.name().starts_with(file.format));
        assert!(has_file, "no valid {} file to damage", format.name());
    }
    found
}

/// Runs `work` on a thread of its own; four minutes without an end are a failure, not a wait.
fn to_an_end(name: &str, work: impl FnOnce() + Send + 'static) {
    let (done, ended) = mpsc::channel();
    let thread = std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            work();
            let _ = done.send(());
        })
        .unwrap();
    let outcome = ended.recv_timeout(Duration::from_secs(240));
    assert_ne!(outcome, Err(mpsc::RecvTimeoutError::Timeout), "{name} does not end");
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Whatever was loaded holds together, costs memory in proportion, and can be worked with.
fn check(store: &TraceStore, input_bytes: usize) {
    let len = store.len();
    let memory = store.memory();
    let bytes = memory.column_bytes + memory.attribute_bytes + memory.string_bytes + memory.event_bytes;
    assert!(bytes <= 64 * input_bytes + (1 << 20), "{bytes} bytes of store for {input_bytes} bytes of input");
    let mut seen = vec![0_u32; len];
    for ix in store.span_ixs() {
        let span = store.span(ix);
        for &child in span.children() {
            seen[child.at()] += 1;
            assert_eq!(store.span(child).parent(), Some(ix));
        }
        assert!(span.links().all(|link| link.target().is_none_or(|target| target.at() < len)));
        assert!(span.trace_ix().at() < store.traces().len());
        let _ = (span.events().map(|event| event.attrs().len()).sum::<usize>(), span.rare(), span.drawn_ns());
        let _ = (store.span_id_text(span.id()), store.trace_id_text(span.trace_id()));
        for attr in span.attrs() {
            let _ = store.value_text(attr.value);
        }
    }
    assert!(store.span_ixs().all(|ix| seen[ix.at()] == u32::from(store.span(ix).parent().is_some())));
    assert_no_cycle(store);
    let cancel = CancelFlag::new();
    let domains = domains::assign(store);
    assert_eq!(domains.of_span.len(), len);
    let self_times = SelfTimes::new(store, &domains, &cancel).unwrap();
    for query in ["a", "dur>1ms", "-error", "attr.k:*", "root OR orphan"] {
        let _ = run(&Subject::new(store, &domains), &parse(query).unwrap(), &cancel).unwrap();
    }
    let statistics = Statistics::new(store, &domains, &self_times, &Field::Name, None, &cancel).unwrap();
    assert_eq!(statistics.whole.count, len as u64);
    check_views(store, &domains);
}

/// What the window makes of a store: clocks, agents, findings, lanes and a picture.
fn check_views(store: &TraceStore, domains: &domains::Domains) {
    let model = ClockModel::analyse(store, domains, &clocks::Options::default());
    let _ = (model.findings().len(), model.pairs().len());
    let genai = GenAi::analyse(store);
    let _ = find(&Context { store, domains, genai: &genai, config: &Config::default(), contract: None }, 1);
    let timeline = Timeline::of_store(store, &Plan::default());
    let mut view = ViewState::default();
    view.fit(&timeline.arranged.hull_ns);
    let scene = build(&timeline.input(store, None), &view);
    assert!(scene.bars.len() <= 1600 * 60, "{} bars", scene.bars.len());
    let _ = lower(&scene);
}

fn assert_no_cycle(store: &TraceStore) {
    let mut is_done = vec![false; store.len()];
    for first in store.span_ixs() {
        let mut path: Vec<SpanIx> = Vec::new();
        let mut at = Some(first);
        while let Some(ix) = at.filter(|ix| !is_done[ix.at()]) {
            path.push(ix);
            assert!(path.len() <= store.len(), "a cycle of parents");
            at = store.span(ix).parent();
        }
        for ix in path {
            is_done[ix.at()] = true;
        }
    }
}

fn diagnostics(store: &TraceStore) -> u64 {
    store
        .inputs()
        .iter()
        .map(|input| input.diagnostics.entries().iter().map(|(_, entry)| entry.count).sum::<u64>())
        .sum()
}

fn count(store: &TraceStore, code: Code) -> u64 {
    store.inputs().iter().map(|input| input.diagnostics.count(code)).sum()
}

/// Loads damaged bytes; an error is fine, everything else must hold together.
fn survive(name: &str, bytes: &[u8]) -> Option<TraceStore> {
    match open(name, bytes) {
        Ok(loaded) => {
            check(&loaded.store, bytes.len());
            Some(loaded.store)
        }
        Err(error) => {
            let text = error.to_string();
            assert!(text.ends_with('.') && text.len() > 20, "an error without a way on: {text}");
            None
        }
    }
}

#[test]
fn valid_files_load_whole() {
    for file in readable() {
        let loaded = open(file.name, &file.bytes).unwrap();
        assert!(loaded.store.inputs()[0].format.starts_with(file.format), "{}", file.name);
        assert_eq!(loaded.store.len(), file.spans, "{}", file.name);
        check(&loaded.store, file.bytes.len());
    }
}

#[test]
fn byte_order_marks_and_line_ends_do_not_matter() {
    for file in readable().into_iter().filter(|file| file.is_text) {
        let plain = open(file.name, &file.bytes).unwrap().store;
        let text = String::from_utf8(file.bytes).unwrap();
        let odd = [format!("\u{feff}{text}"), text.replace('\n', "\r\n"), format!(" \r\n\t{text}\r\n\r\n")];
        for (at, odd) in odd.iter().enumerate() {
            let store = open(file.name, odd.as_bytes()).unwrap().store;
            assert_eq!(store.len(), plain.len(), "{} variant {at}", file.name);
            assert!(store.starts_ns() == plain.starts_ns(), "{} variant {at}", file.name);
        }
    }
}

#[test]
fn files_cut_anywhere_lose_nothing_silently() {
    for file in readable() {
        let powers = (0..).map(|power| 1_usize << power).take_while(|&at| at < file.bytes.len());
        let everywhere = (0..file.bytes.len()).step_by(29);
        for at in powers.chain(everywhere) {
            let cut = &file.bytes[..at];
            let Some(store) = survive(file.name, cut) else { continue };
            // Whole lines of a file of lines are a valid shorter file.
            let is_whole_lines = file.name.ends_with(".jsonl")
                && cut.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).all(is_json);
            // So are whole rows of a table, and whole lines of a log; the beginning of a line may be anybody's.
            let is_log = file.name.ends_with(".txt");
            let is_whole_lines =
                is_whole_lines || (is_log || file.name.ends_with(".csv")) && file.bytes[at - 1..=at].contains(&b'\n');
            let left_out = store.inputs()[0].diagnostics.count(Code::UnknownDocument);
            let is_told = store.worst_diagnostic() == Some(Severity::Error) || is_log && left_out > 1;
            let (len, all) = (store.len(), file.spans);
            assert!(len == all || is_told || is_whole_lines, "{} cut at {at}: {len} of {all}, silently", file.name);
        }
    }
}

fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(text).is_ok()
}

#[test]
fn absurd_shapes_are_read_and_flagged() {
    let chain = |len: u64| (1..=len).map(|at| Shape::child(at, at - 1, at as i64, 1_000_000)).collect::<Vec<_>>();
    let cycle = |len: u64| (1..=len).map(|at| Shape::child(at, at % len + 1, 5, 9)).collect::<Vec<_>>();
    let cases: Vec<(&str, Vec<Shape>, Option<Code>)> = vec![
        ("one span", chain(1), None),
        ("no span", Vec::new(), Some(Code::NoSpans)),
        ("its own parent", cycle(1), Some(Code::SelfParent)),
        ("a cycle of 2", cycle(2), Some(Code::ParentCycle)),
        ("a cycle of 50", cycle(50), Some(Code::ParentCycle)),
        ("10,000 levels", chain(10_000), None),
        ("one id for all", (0..40).map(|at| Shape::child(7, 0, at, at + 5)).collect(), Some(Code::IdConflict)),
    ];
    for (what, shapes, code) in cases {
        for written in Written::all().into_iter().filter(|written| is_read(written.format)) {
            // Exports of AI tools share one reader: deep trees of two of them are enough.
            let is_like_others = ["clickhouse", "langfuse", "openai-agents", "mlflow"].contains(&written.format);
            if is_like_others && shapes.len() > 1000 {
                continue;
            }
            let bytes = written.write(&shapes);
            let Some(store) = survive(what, &bytes) else {
                assert!(shapes.is_empty(), "{what} as {} is refused", written.format);
                continue;
            };
            // One Zipkin id may mean one span seen from two sides: how many there are is the reader's business.
            if written.format == "zipkin" {
                continue;
            }
            assert_eq!(store.len(), shapes.len(), "{what} as {}", written.format);
            if let Some(code) = code {
                assert!(count(&store, code) > 0, "{what} as {} without {code}", written.format);
            }
        }
    }
}

#[test]
fn impossible_numbers_are_clamped_or_refused_not_wrapped() {
    let numbers = [
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "-1",
        "-9223372036854775808",
        "-9223372036854775809",
        "1e400",
        "-1e400",
        "1e18",
        "1e-400",
        "0.1",
        "NaN",
        "Infinity",
        "null",
        "true",
        "[]",
        "{}",
        "\"\"",
        "\"abc\"",
        "\"1e18\"",
        "\"-0\"",
        "00012",
        "\"18446744073709551616\"",
        "123456789012345678901234567890123456789012345678901234567890",
    ];
    for written in Written::all_timed().into_iter().filter(|written| is_read(written.format)) {
        for number in numbers {
            let bytes = written.write_with_time(number);
            if let Some(store) = survive(number, &bytes) {
                assert!(store.len() == 1 || diagnostics(&store) > 0, "{number} as {}", written.format);
            }
        }
    }
}

#[test]
fn deep_nesting_is_refused_not_followed() {
    to_an_end("deep nesting", || {
        for (open_with, close_with) in [("[", "]"), ("{\"a\":", "}"), ("{\"arrayValue\":{\"values\":[", "]}}")] {
            let deep = format!("{}1{}", open_with.repeat(100_000), close_with.repeat(100_000));
            let _ = survive("deep", deep.as_bytes());
            for file in readable().into_iter().filter(|file| file.is_text) {
                let text = String::from_utf8(file.bytes).unwrap();
                // In place of a value in the middle, and before everything.
                let middle = text[text.len() / 2..].find(": ").map(|at| text.len() / 2 + at + 2);
                if let Some(at) = middle {
                    let _ = survive(file.name, format!("{}{deep},{}", &text[..at], &text[at..]).as_bytes());
                }
                let _ = survive(file.name, format!("{deep}\n{text}").as_bytes());
            }
        }
    });
}

/// A span with an attribute of 200 MB is left out, politely: counted, with its place, and its neighbours stay.
#[test]
fn an_attribute_of_200_megabytes_is_refused() {
    let span = |id: u64, value: &str| {
        format!(
            r#"{{"traceId":"{id:032x}","spanId":"{id:016x}","name":"s{id}","startTimeUnixNano":"10","endTimeUnixNano":"20","attributes":[{{"key":"k","value":{{"stringValue":"{value}"}}}}]}}"#
        )
    };
    let big = "x".repeat(200 << 20);
    let spans = [span(1, "small"), span(2, &big), span(3, "small")].join(",");
    let text = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{spans}]}}]}}]}}"#);
    let place = text.find(r#"{"traceId":"00000000000000000000000000000002"#).unwrap() as u64;
    drop((big, spans));
    let store = open("big.json", text.as_bytes()).unwrap().store;
    let names: Vec<&str> = store.span_ixs().map(|ix| store.span(ix).name()).collect();
    assert_eq!(names, ["s1", "s3"]);
    let entries = store.inputs()[0].diagnostics.entries();
    let (_, entry) = entries.iter().find(|(code, _)| *code == Code::TooLarge).unwrap();
    assert_eq!((entry.count, entry.places[0].offset), (1, place));
}

/// The same for one format of every reader: what is longer than 64 MiB is left out with its span.
#[test]
fn a_span_too_large_is_refused_in_every_format() {
    let shapes: Vec<Shape> = (1..=3).map(|at| Shape::child(at, 0, at as i64, 100 + at as i64)).collect();
    for written in Written::all_timed() {
        if !["jaeger", "zipkin", "chrome", "flat-spans"].contains(&written.format) {
            continue;
        }
        let text = String::from_utf8(written.write(&shapes)).unwrap();
        let (at, value) = text.match_indices("Grüße").nth(1).unwrap();
        let big = [&text[..at], &"x".repeat(65 << 20), &text[at + value.len()..]].concat();
        let options = Options { max_inflated: 1 << 30, ..OPTIONS };
        let loaded = load(&[Source::memory("big.json", big.into_bytes())], &options, &Progress::default()).unwrap();
        assert_eq!(loaded.store.len(), 2, "{}", written.format);
        assert_eq!(count(&loaded.store, Code::TooLarge), 1, "{}", written.format);
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

#[test]
fn compression_bombs_are_cut_off_with_a_diagnostic() {
    to_an_end("bombs", || {
        for file in readable().into_iter().filter(|file| file.is_text) {
            let mut bomb = file.bytes.clone();
            bomb.resize(24 << 20, b' ');
            for (kind, packed) in [("gzip", gzip(&bomb)), ("zstd", zstd::encode_all(bomb.as_slice(), 1).unwrap())] {
                assert!(packed.len() < 1 << 20);
                let loaded = open(file.name, &packed).unwrap();
                let store = loaded.store;
                assert_eq!(store.len(), file.spans, "{} in {kind}", file.name);
                assert_eq!(count(&store, Code::InflateLimit), 1, "{} in {kind}", file.name);
                assert!(store.inputs()[0].inflated_bytes <= OPTIONS.max_inflated);
            }
            for packed in [gzip(&file.bytes), zstd::encode_all(file.bytes.as_slice(), 1).unwrap()] {
                assert_eq!(open(file.name, &packed).unwrap().store.len(), file.spans);
                for at in (0..packed.len()).step_by(37) {
                    let _ = survive(file.name, &packed[..at]);
                }
            }
        }
    });
}

#[test]
fn all_formats_make_one_workspace_and_a_bad_file_spoils_nothing() {
    let files = readable();
    let mut sources: Vec<Source> = files.iter().map(|file| Source::memory(file.name, file.bytes.clone())).collect();
    sources.insert(1, Source::memory("noise", &b"\x00\x01\x02 this is no trace"[..]));
    sources.insert(2, Source::memory("nothing", &b""[..]));
    let loaded = load(&sources, &OPTIONS, &Progress::default()).unwrap();
    let names: Vec<&str> = loaded.failures.iter().map(|failure| failure.name.as_str()).collect();
    assert_eq!(names, ["noise", "nothing"]);
    assert_eq!(loaded.store.inputs().len(), files.len());
    assert_eq!(loaded.store.len(), files.iter().map(|file| file.spans).sum::<usize>());
    check(&loaded.store, files.iter().map(|file| file.bytes.len()).sum());
}

#[test]
fn a_workspace_survives_fifty_hostile_files_in_a_row() {
    let files = readable();
    let mut store: Option<TraceStore> = None;
    let mut bytes = 0;
    for at in 0..50_usize {
        let file = &files[at % files.len()];
        let mut damaged = file.bytes.clone();
        let len = damaged.len();
        damaged[at * 131 % len] ^= 0x55;
        damaged.truncate(len - at * 17 % (len / 2));
        bytes += damaged.len();
        let source = [Source::memory(format!("{at}"), damaged)];
        if let Ok(loaded) = load_into(store.as_ref(), &source, &OPTIONS, &Progress::default()) {
            store = Some(loaded.store);
        }
    }
    check(&store.unwrap(), bytes);
}

/// One way to damage a file.
#[derive(Clone, Debug)]
enum Damage {
    Flip(prop::sample::Index, u8),
    Set(prop::sample::Index, u8),
    Cut(prop::sample::Index, usize),
    Duplicate(prop::sample::Index, usize, u8),
    Splice(prop::sample::Index, prop::sample::Index, prop::sample::Index, usize),
    Truncate(prop::sample::Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = || any::<prop::sample::Index>();
    let telling = prop::sample::select(b"\"\\{}[]:,0-9eEntu \n\0\xff\xc3".to_vec());
    prop_oneof![
        (place(), 1..=255_u8).prop_map(|(at, bits)| Damage::Flip(at, bits)),
        (place(), telling).prop_map(|(at, byte)| Damage::Set(at, byte)),
        (place(), 1..200_usize).prop_map(|(at, len)| Damage::Cut(at, len)),
        (place(), 1..200_usize, 1..4_u8).prop_map(|(at, len, times)| Damage::Duplicate(at, len, times)),
        (place(), place(), place(), 1..400_usize).prop_map(|(at, file, from, len)| Damage::Splice(at, file, from, len)),
        place().prop_map(Damage::Truncate),
    ]
}

fn apply(bytes: &mut Vec<u8>, damage: &Damage, files: &[Valid]) {
    if bytes.is_empty() {
        return;
    }
    let len = bytes.len();
    let range = |at: usize, wanted: usize| at..(at + wanted).min(len);
    match damage {
        Damage::Flip(at, bits) => bytes[at.index(len)] ^= bits,
        Damage::Set(at, byte) => bytes[at.index(len)] = *byte,
        Damage::Cut(at, wanted) => {
            bytes.drain(range(at.index(len), *wanted));
        }
        Damage::Duplicate(at, wanted, times) => {
            let at = at.index(len);
            let copy = bytes[range(at, *wanted)].repeat(usize::from(*times));
            bytes.splice(at..at, copy);
        }
        Damage::Splice(at, file, from, wanted) => {
            let other = &files[file.index(files.len())].bytes;
            let from = from.index(other.len());
            let piece = other[from..(from + wanted).min(other.len())].to_vec();
            let at = at.index(len);
            bytes.splice(at..at, piece);
        }
        Damage::Truncate(at) => bytes.truncate(at.index(len)),
    }
}

#[test]
fn damaged_files_of_every_format_are_survived() {
    to_an_end("damaged files", || {
        let all = valid();
        for file in readable() {
            let damages = prop::collection::vec(damage(), 1..5);
            let config = ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() };
            let mut runner = proptest::test_runner::TestRunner::new(config);
            let outcome = runner.run(&damages, |damages| {
                let mut bytes = file.bytes.clone();
                for damage in &damages {
                    apply(&mut bytes, damage, &all);
                }
                let survived = std::panic::catch_unwind(|| survive(file.name, &bytes).is_some());
                prop_assert!(survived.is_ok(), "panic on {:?}", String::from_utf8_lossy(&bytes));
                Ok(())
            });
            if let Err(error) = outcome {
                panic!("{}: {error}", file.name);
            }
        }
        if let Some(peak) = peak_memory_bytes() {
            assert!(peak < 2 << 30, "{peak} bytes at the peak");
        }
    });
}

/// The most memory that this process ever had, where the system tells.
fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}
