//! Events of every phase, and the ways in which files of them end.

use super::super::{LoadError, Options, Progress, Source, load};
use crate::model::{Code, EventRef, SpanFlags, SpanIx, SpanRef, TraceStore};

fn try_read(bytes: &[u8]) -> Result<TraceStore, LoadError> {
    let source = Source::memory("test", bytes);
    load(&[source], &Options::default(), &Progress::default()).map(|loaded| loaded.store)
}

fn read(text: &str) -> TraceStore {
    let store = try_read(text.as_bytes()).unwrap();
    assert_eq!(store.inputs()[0].format, "chrome-trace");
    store
}

fn count(store: &TraceStore, code: Code) -> u64 {
    store.inputs()[0].diagnostics.count(code)
}

fn by_name<'a>(store: &'a TraceStore, name: &str) -> SpanRef<'a> {
    let ix = store.span_ixs().find(|&ix| store.span(ix).name() == name);
    store.span(ix.unwrap_or_else(|| panic!("no span {name}")))
}

fn parent_name<'a>(store: &'a TraceStore, name: &str) -> Option<&'a str> {
    by_name(store, name).parent().map(|ix| store.span(ix).name())
}

/// Name, start, end of all spans in file order.
fn times(store: &TraceStore) -> Vec<(&str, i64, i64)> {
    store.span_ixs().map(|ix| store.span(ix)).map(|span| (span.name(), span.start_ns(), span.end_ns())).collect()
}

#[test]
fn slices_nest_by_time_on_their_thread_in_any_order() {
    let store = read(
        r#"{"traceEvents":[
        {"ph":"X","pid":1,"tid":1,"name":"inner","ts":2,"dur":3},
        {"ph":"E","pid":1,"tid":1,"ts":20.5,"args":{"result":"ok"}},
        {"ph":"B","pid":1,"tid":1,"name":"outer","ts":1.001},
        {"ph":"X","pid":1,"tid":2,"name":"elsewhere","ts":3,"dur":1},
        {"ph":"X","pid":1,"tid":1,"name":"deepest","ts":"2.5","dur":0},
        {"ph":"X","pid":1,"tid":1,"name":"after","ts":20.5,"dur":1}]}"#,
    );
    assert_eq!(parent_name(&store, "inner"), Some("outer"));
    assert_eq!(parent_name(&store, "deepest"), Some("inner"));
    assert_eq!((parent_name(&store, "elsewhere"), parent_name(&store, "after")), (None, None));
    let outer = by_name(&store, "outer");
    assert_eq!((outer.start_ns(), outer.end_ns()), (1001, 20_500));
    assert_eq!(outer.attr("result").map(|value| store.value_text(value)), Some("ok".into()));
    assert!(store.inputs()[0].diagnostics.is_empty(), "{:?}", store.inputs()[0].diagnostics);
}

#[test]
fn unfinished_lists_bad_text_and_zero_times_are_fine() {
    let full = r#"[{"ph":"B","pid":0,"tid":0,"name":"a","ts":0},{"ph":"E","pid":0,"tid":0,"ts":5},{"ph":"X","pid":0,"tid":0,"name":"b","ts":-7,"dur":7},"#;
    for text in [full.to_owned(), format!("{full}]"), full.trim_end_matches(',').to_owned()] {
        let store = read(&text);
        assert_eq!(times(&store), [("a", 0, 5000), ("b", -7000, 0)]);
        assert!(store.inputs()[0].diagnostics.is_empty(), "{:?}", store.inputs()[0].diagnostics);
    }
    let store = try_read(b"[{\"ph\":\"X\",\"name\":\"a\xff\",\"ts\":1,\"dur\":1}]").unwrap();
    assert_eq!((store.span(SpanIx(0)).name(), count(&store, Code::BadUtf8)), ("a\u{fffd}", 1));
    let cut = read(&full[..full.len() - 30]);
    assert_eq!(count(&cut, Code::Truncated), 1, "in the middle of an event");
    let cut = read(&format!("{{\"traceEvents\":{full}"));
    assert_eq!(count(&cut, Code::Truncated), 1, "the object has no end");
}

#[test]
fn the_base_time_is_added_exactly_wherever_it_stands() {
    let event = r#""traceEvents":[{"ph":"X","pid":851,"tid":1,"name":"a","ts":6520618853487.683,"dur":2408.598}]"#;
    for text in [
        format!(r#"{{"baseTimeNanoseconds":1767189312000000000,{event}}}"#),
        format!(r#"{{{event},"baseTimeNanoseconds":1767189312000000000}}"#),
    ] {
        let start = 1_767_189_312_000_000_000 + 6_520_618_853_487_683;
        assert_eq!(times(&read(&text)), [("a", start, start + 2_408_598)]);
    }
}

#[test]
fn partial_overlaps_are_kept_and_counted() {
    let store = read(
        r#"[{"ph":"X","name":"root","ts":0,"dur":100},{"ph":"X","name":"first","ts":10,"dur":20},
            {"ph":"X","name":"second","ts":20,"dur":20},{"ph":"X","name":"in both","ts":22,"dur":2}]"#,
    );
    assert_eq!((parent_name(&store, "first"), parent_name(&store, "second")), (Some("root"), Some("root")));
    assert_eq!(parent_name(&store, "in both"), Some("second"));
    assert_eq!(count(&store, Code::PartialOverlap), 1);
}

#[test]
fn asynchronous_operations_match_by_id_and_nest() {
    let store = read(
        r#"[{"ph":"b","cat":"c","id":"0x1","pid":1,"name":"request","ts":1},{"ph":"b","cat":"c","id":"0x1","pid":1,"name":"job","ts":2},
            {"ph":"b","cat":"c","id":"0x1","pid":2,"name":"other process","ts":2},
            {"ph":"n","cat":"c","id":"0x1","pid":1,"name":"mark","ts":3},{"ph":"e","cat":"c","id":"0x1","pid":1,"name":"job","ts":4},
            {"ph":"e","cat":"c","id":"0x1","pid":1,"name":"request","ts":5},{"ph":"e","cat":"c","id":"0x9","pid":1,"name":"nobody","ts":5},
            {"ph":"S","cat":"c","id":7,"pid":1,"name":"old","ts":6},{"ph":"T","cat":"c","id":7,"pid":1,"name":"old","ts":7},
            {"ph":"F","cat":"c","id":7,"pid":1,"name":"old","ts":8},
            {"ph":"b","cat":"c","id2":{"global":"g"},"pid":1,"name":"global","ts":9},{"ph":"e","cat":"c","id2":{"global":"g"},"pid":2,"name":"global","ts":10}]"#,
    );
    assert_eq!(
        times(&store),
        [
            ("request", 1000, 5000),
            ("job", 2000, 4000),
            ("other process", 2000, 0),
            ("old", 6000, 8000),
            ("global", 9000, 10_000)
        ]
    );
    assert_eq!(parent_name(&store, "job"), Some("request"));
    assert_eq!((by_name(&store, "job").events().len(), by_name(&store, "old").events().len()), (1, 1));
    assert!(by_name(&store, "other process").flags().has(SpanFlags::END_MISSING));
    assert_eq!(count(&store, Code::UnmatchedEvent), 2);
}

#[test]
fn flows_bind_to_the_slice_around_them_or_to_the_next_one() {
    let store = read(
        r#"[{"ph":"X","pid":1,"tid":1,"name":"send","ts":10,"dur":5},{"ph":"s","pid":1,"tid":1,"cat":"f","id":1,"name":"n","ts":10},
            {"ph":"X","pid":1,"tid":2,"name":"step","ts":20,"dur":5},{"ph":"t","pid":1,"tid":2,"cat":"f","id":1,"name":"n","ts":22},
            {"ph":"f","pid":2,"tid":1,"cat":"f","id":1,"name":"n","ts":30},{"ph":"X","pid":2,"tid":1,"name":"next","ts":31,"dur":5},
            {"ph":"f","bp":"e","pid":2,"tid":1,"cat":"f","id":2,"name":"n","ts":32},
            {"ph":"f","bp":"e","pid":9,"tid":9,"cat":"f","id":1,"name":"n","ts":32}]"#,
    );
    let linked =
        |name| by_name(&store, name).links().map(|link| store.span(link.target().unwrap()).name()).collect::<Vec<_>>();
    assert_eq!((linked("step"), linked("next"), linked("send")), (vec!["send"], vec!["step"], vec![]));
    assert_eq!(count(&store, Code::UnmatchedEvent), 2, "an end without a start, an end without a slice");
}

#[test]
fn metadata_names_processes_and_threads_and_counters_are_counted() {
    let store = read(
        r#"{"distributedInfo":{"rank":3},"traceEvents":[
            {"ph":"X","pid":"Spans","tid":"PyTorch","name":"a","ts":1,"dur":9},
            {"ph":"i","pid":"Spans","tid":"PyTorch","name":"tick","ts":2,"s":"t"},{"ph":"i","pid":5,"tid":1,"name":"global","ts":2,"s":"g"},
            {"ph":"M","pid":"Spans","name":"process_name","args":{"name":"python"}},
            {"ph":"M","pid":"Spans","tid":"PyTorch","name":"thread_name","args":{"name":"main"}},
            {"ph":"C","pid":5,"name":"memory","ts":3,"args":{"bytes":1}},{"ph":"?","ts":3}]}"#,
    );
    let span = by_name(&store, "a");
    let resource = &span.resource().attrs;
    assert_eq!(
        (store.find_text(resource, "service.name"), store.find_text(resource, "process.pid")),
        (Some("python"), Some("Spans"))
    );
    assert_eq!(store.find_text(resource, "trace.clock"), Some("rank 3"));
    assert_eq!(span.attr("thread.name").map(|value| store.value_text(value)), Some("main".into()));
    assert_eq!(span.events().next().map(|event| (event.name(), event.time_ns())), Some(("tick", 2000)));
    assert_eq!(by_name(&store, "global").duration_ns(), Some(0));
    assert_eq!((count(&store, Code::EventsSkipped), count(&store, Code::BadField)), (1, 1));
}

#[test]
fn spans_of_two_files_never_share_an_id_and_copies_merge() {
    let event = |name: &str| format!(r#"[{{"ph":"X","name":"{name}","ts":1,"dur":1}}]"#).into_bytes();
    let load_all = |names: [&str; 3]| {
        let sources: Vec<Source> = names.iter().map(|name| Source::memory(*name, event(name))).collect();
        load(&sources, &Options::default(), &Progress::default()).unwrap().store
    };
    let store = load_all(["a", "b", "c"]);
    assert_eq!((store.len(), store.traces().len(), count(&store, Code::IdConflict)), (3, 3, 0));
    assert_eq!(load_all(["a", "b", "a"]).len(), 2);
}

#[test]
fn begins_and_ends_meet_across_chunks() {
    let pad = "x".repeat(60_000);
    let mut text = String::from("[{\"ph\":\"B\",\"pid\":1,\"tid\":1,\"name\":\"outer\",\"ts\":0},\n");
    for at in 1..=200 {
        text.push_str(&format!("{{\"ph\":\"X\",\"pid\":1,\"tid\":1,\"name\":\"step\",\"ts\":{at},\"dur\":0.5,\"args\":{{\"pad\":\"{pad}\"}}}},\n"));
    }
    text.push_str("{\"ph\":\"i\",\"pid\":1,\"tid\":1,\"name\":\"mark\",\"ts\":300},{\"ph\":\"E\",\"pid\":1,\"tid\":1,\"name\":\"outer\",\"ts\":301,\"args\":{\"n\":1}}]");
    let store = read(&text);
    let outer = by_name(&store, "outer");
    assert_eq!((store.len(), outer.children().len(), outer.end_ns()), (201, 200, 301_000));
    assert_eq!(outer.events().next().map(EventRef::name), Some("mark"));
    assert_eq!(outer.attr("n").map(|value| store.value_text(value)), Some("1".into()));
}

#[test]
fn wrong_types_everywhere_lose_only_themselves() {
    let values = ["null", "1", "-2.5e99", "true", "\"x\"", "[]", "{}", "[[1]]", "{\"a\":{}}", "1e999999999"];
    for key in ["name", "cat", "ts", "dur", "pid", "tid", "id", "id2", "scope", "bp", "s", "args", "tdur", "other"] {
        for value in values {
            for phase in ["X", "B", "b", "e", "s", "f", "i", "M", "C"] {
                let text = format!(r#"[{{"ph":"{phase}","{key}":{value}}},{{"ph":"X","name":"b","ts":4,"dur":1}}]"#);
                let store = read(&text);
                assert_eq!(by_name(&store, "b").start_ns(), 4000, "{text}");
                assert_eq!(count(&store, Code::Malformed) + count(&store, Code::Truncated), 0, "{text}");
            }
        }
    }
}

#[test]
fn begins_and_ends_of_strangers_take_no_quadratic_time() {
    let mut text = String::from("[");
    for at in 0..200_000 {
        text.push_str(&format!("{{\"ph\":\"B\",\"name\":\"b{at}\",\"ts\":{at}}},"));
    }
    for at in 0..200_000 {
        text.push_str(&format!("{{\"ph\":\"E\",\"name\":\"e{at}\",\"ts\":{}}},", 200_000 + at));
    }
    let store = read(&text);
    assert_eq!((store.len(), count(&store, Code::UnmatchedEvent)), (200_000, 400_000));
}
