//! The program as a script sees it: exit codes, output, and no need of a display.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test binary")]

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use assert_cmd::Command;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

fn skewline() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("skewline"));
    // No configuration of whoever runs the tests.
    command.env("XDG_CONFIG_HOME", "/no-such-folder").env("HOME", "/no-such-folder");
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env_remove("SKEWLINE_LOG");
    command
}

fn run(folder: &Path, args: &[&str]) -> Output {
    skewline().current_dir(folder).args(args).output().unwrap()
}

fn report(folder: &Path, args: &[&str]) -> Json {
    let output = run(folder, &[&["report", "--format", "json"], args].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A folder with: `good.json`, two spans without a flaw; `cut.json`, the same stopping short;
/// `orphan.json`, a span whose parent is missing (a notice); `backwards.json`, a span that ends before
/// it starts (a warning); `notes.txt`, no trace at all; `many/` with two traces.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let good = trace("00000000000000000000000000000001", &[("a1", "", 100, 900), ("a2", "a1", 200, 800)]);
    put("good.json", &good);
    put("cut.json", &good[..good.len() - 40]);
    put("orphan.json", &trace("00000000000000000000000000000002", &[("b1", "ff", 100, 900)]));
    put("backwards.json", &trace("00000000000000000000000000000003", &[("c1", "", 900, 100)]));
    put("notes.txt", "Remember the milk.\n");
    fs::create_dir(folder.path().join("many")).unwrap();
    put("many/one.json", &good);
    put("many/two.json", &trace("00000000000000000000000000000004", &[("d1", "", 100, 900)]));
    folder
}

/// One service on one host; spans are (id, parent, start ms, end ms).
fn trace(trace_id: &str, spans: &[(&str, &str, i64, i64)]) -> String {
    let at = |ms: i64| (1_795_269_727_000_000_000 + ms * 1_000_000).to_string();
    let id = |id: &str| if id.is_empty() { String::new() } else { format!("{id:0>16}") };
    let spans: Vec<Json> = spans
        .iter()
        .map(|&(span, parent, start, end)| {
            json!({
                "traceId": trace_id, "spanId": id(span), "parentSpanId": id(parent), "name": format!("work {span}"),
                "kind": 1, "startTimeUnixNano": at(start), "endTimeUnixNano": at(end), "status": {}
            })
        })
        .collect();
    let resource = json!({ "attributes": [
        { "key": "service.name", "value": { "stringValue": "checkout" } },
        { "key": "host.id", "value": { "stringValue": "0a1b2c" } }
    ] });
    json!({ "resourceSpans": [{ "resource": resource, "scopeSpans": [{ "scope": { "name": "t" }, "spans": spans }] }] })
        .to_string()
}

#[test]
fn exit_codes_say_what_was_found() {
    let folder = folder();
    for (args, code) in [
        ("report good.json", 0),
        ("report good.json --fail-on notice", 0),
        ("report orphan.json", 0),
        ("report orphan.json --fail-on notice", 1),
        ("report orphan.json --fail-on warning", 0),
        ("report backwards.json --fail-on warning", 1),
        ("report backwards.json --fail-on error", 0),
        ("report cut.json", 0),
        ("report cut.json --fail-on error", 1),
        ("report good.json orphan.json --fail-on notice", 1),
        ("report good.json no-such-file.json", 0),
        ("report good.json no-such-file.json --fail-on error", 1),
        ("report no-such-file.json", 2),
        ("report notes.txt", 2),
        ("report", 2),
        ("report good.json --fail-on never", 2),
        ("report good.json --format xml", 2),
        ("simulate no-such-scenario -o x.json", 2),
        ("simulate slow-conversation -o no-such-folder/x.json", 2),
        ("--no-such-option", 2),
        ("--help", 0),
        ("--version", 0),
    ] {
        let output = run(folder.path(), &args.split(' ').collect::<Vec<_>>());
        assert_eq!(output.status.code(), Some(code), "{args}\n{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.stderr.is_empty(), code != 2, "{args}: complaints go to stderr, and only they");
        assert_eq!(output.stdout.is_empty(), code == 2, "{args}: results go to stdout, and only they");
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = folder();
    for input in ["no-such-file.json", "notes.txt"] {
        let output = run(folder.path(), &["report", input]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(input), "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

#[test]
fn the_json_form_is_stable() {
    let folder = folder();
    let args = ["good.json", "orphan.json", "backwards.json", "cut.json", "no-such-file.json"];
    let mut report = report(folder.path(), &args);
    assert!(report["memory"]["bytes_per_span"].as_u64().unwrap() > 0);
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    // What depends on the allocator or on the release has no place in the snapshot.
    for value in report["memory"].as_object_mut().unwrap().values_mut() {
        *value = json!("(bytes)");
    }
    report["version"] = json!("(version)");
    insta::assert_snapshot!(serde_json::to_string_pretty(&report).unwrap());
}

#[test]
fn times_survive_readers_that_only_know_doubles() {
    let folder = folder();
    let report = report(folder.path(), &["good.json"]);
    let time = &report["workspace"]["time"];
    assert_eq!(time["start_ns"], "1795269727100000000");
    assert_eq!(time["end_ns"], "1795269727900000000");
    assert_eq!(time["duration_ns"], 800_000_000);
    assert_eq!(time["clock"], "raw");
}

#[test]
fn the_hash_is_of_the_stored_bytes() {
    let folder = folder();
    fs::write(folder.path().join("fixed.json"), trace("0000000000000000000000000000000a", &[("a", "", 1, 2)])).unwrap();
    let hash = |args: &[&str]| report(folder.path(), args)["inputs"][0]["sha256"].as_str().unwrap().to_owned();
    let of_file = hash(&["fixed.json"]);
    assert_eq!(of_file.len(), 64);
    let bytes = fs::read(folder.path().join("fixed.json")).unwrap();
    let output = skewline().args(["report", "--format", "json", "-"]).write_stdin(bytes).output().unwrap();
    let piped: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(piped["inputs"][0]["sha256"], of_file.as_str(), "a pipe is hashed while it is read");
    assert_ne!(hash(&["good.json"]), of_file);
}

#[test]
fn stdin_directories_and_several_inputs_form_one_workspace() {
    let folder = folder();
    let piped = fs::read(folder.path().join("good.json")).unwrap();
    let args = ["report", "--format", "json", "-", "many", "orphan.json"];
    let output = skewline().current_dir(folder.path()).args(args).write_stdin(piped).output().unwrap();
    let report: Json = serde_json::from_slice(&output.stdout).unwrap();
    let names: Vec<_> =
        report["inputs"].as_array().unwrap().iter().map(|input| input["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["-", "many/one.json", "many/two.json", "orphan.json"]);
    assert_eq!(report["workspace"]["traces"], 3, "the same trace in two inputs is one trace");
    assert_eq!(report["inputs"][1]["format"], "otlp-json");
}

#[test]
fn a_directory_may_hold_other_files() {
    let folder = folder();
    fs::write(folder.path().join("many/readme.txt"), "Exports of Tuesday.\n").unwrap();
    let report = report(folder.path(), &["many"]);
    assert_eq!(report["inputs"].as_array().unwrap().len(), 2);
    assert_eq!(report["failures"][0]["severity"], "notice");
    assert_eq!(report["worst"], "notice");
}

/// Offsets into what was made of the file are not told as if they were offsets into the file.
#[test]
fn places_say_what_their_bytes_count() {
    let exports = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/exports");
    for (file, words) in [
        (
            "log-lines-docker.jsonl",
            "at byte 0 of the JSON made of log lines: 1 lines, the first one at byte 0 of the file",
        ),
        ("printed-dotnet.txt", "at byte 0 of the JSON made of printed activities: 4 lines"),
    ] {
        let output = run(&exports, &["report", file]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(words), "{text}");
    }
    let folder = folder();
    let text = String::from_utf8(run(folder.path(), &["report", "orphan.json"]).stdout).unwrap();
    let place = text.lines().find(|line| line.contains("at byte")).unwrap();
    assert!(!place.contains(" of the JSON ") && !place.contains("unpacked"), "{place}");
}

#[test]
fn the_text_form_reads_like_a_summary() {
    let folder = folder();
    let output = run(folder.path(), &["report", "good.json", "orphan.json", "backwards.json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let text: Vec<_> = text.lines().filter(|line| !line.contains("in memory")).collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let folder = folder();
    for args in [&["report", "good.json"][..], &["simulate", "scale", "--spans", "20000", "-o", "-"]] {
        let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("skewline"))
            .current_dir(folder.path())
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{args:?}");
    }
}

#[test]
fn simulate_writes_the_trace_and_its_truth() {
    let folder = folder();
    let output = run(folder.path(), &["simulate", "slow-conversation", "-o", "sample.otlp.json"]);
    assert!(output.status.success() && output.stdout.is_empty());
    let truth: Json = serde_json::from_slice(&fs::read(folder.path().join("sample.truth.json")).unwrap()).unwrap();
    assert_eq!(truth["schema"], "skewline.truth/1");
    let spans = truth["spans"].as_u64().unwrap();

    let loaded = report(folder.path(), &["sample.otlp.json"]);
    assert_eq!(loaded["workspace"]["spans"], spans);
    assert_eq!(loaded["workspace"]["traces"], 4);
    assert_eq!(loaded["workspace"]["orphan_spans"], 6);
    assert_eq!(loaded["workspace"]["missing_parents"], json!({ "count": 4, "remote": 3, "local": 1, "unknown": 0 }));
    assert_eq!(loaded["domains"].as_array().unwrap().len(), truth["clocks"].as_array().unwrap().len());

    let to_stdout = run(folder.path(), &["simulate", "slow-conversation", "-o", "-", "--truth", "t.json"]);
    assert_eq!(to_stdout.stdout, fs::read(folder.path().join("sample.otlp.json")).unwrap());
    assert_eq!(
        fs::read(folder.path().join("t.json")).unwrap(),
        fs::read(folder.path().join("sample.truth.json")).unwrap()
    );
    let other_seed = run(folder.path(), &["simulate", "slow-conversation", "-o", "-", "--seed", "8"]);
    assert_ne!(other_seed.stdout, to_stdout.stdout);
}

#[test]
fn the_help_names_everything() {
    let folder = folder();
    for (args, words) in [
        (
            &["--help"][..],
            &["report", "render", "simulate", "[INPUT]...", "Exit codes", "SKEWLINE_LOG", "./report"][..],
        ),
        (&["report", "--help"], &["<INPUT>...", "--format", "--fail-on", "notice", "skewline.report/1"]),
        (&["simulate", "--help"], &["slow-conversation", "scale", "--seed", "--spans", "--truth", "--output"]),
    ] {
        let help = String::from_utf8(run(folder.path(), args).stdout).unwrap();
        for word in words {
            assert!(help.contains(word), "{args:?} does not say {word}:\n{help}");
        }
    }
}

#[test]
fn every_committed_sample_is_read_without_an_error() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-traces");
    let mut names: Vec<String> =
        fs::read_dir(&samples).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.ends_with(".truth.json"));
    names.sort();
    assert!(names.len() >= 3, "{names:?}");
    for name in names {
        let output = run(&samples, &["report", "--format", "json", "--fail-on", "error", &name]);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", String::from_utf8_lossy(&output.stdout));
        let report: Json = serde_json::from_slice(&output.stdout).unwrap();
        assert!(report["workspace"]["spans"].as_u64().unwrap() > 0, "{name}");
    }
}

#[test]
fn what_inflates_too_far_is_cut_off_and_said() {
    use std::io::Write as _;
    let folder = folder();
    let spans: Vec<(String, i64)> = (1..2_000).map(|at| (format!("{at:x}"), at)).collect();
    let spans: Vec<_> = spans.iter().map(|(id, at)| (id.as_str(), "", *at, *at + 5)).collect();
    let file = fs::File::create(folder.path().join("big.json.gz")).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::default());
    gzip.write_all(trace("0000000000000000000000000000000b", &spans).as_bytes()).unwrap();
    gzip.finish().unwrap();

    let whole = report(folder.path(), &["big.json.gz"]);
    assert_eq!(whole["workspace"]["spans"], spans.len());
    assert_eq!(whole["inputs"][0]["compression"], "gzip");
    let cut = report(folder.path(), &["big.json.gz", "--max-inflated", "100k"]);
    assert!((1..spans.len() as u64).contains(&cut["workspace"]["spans"].as_u64().unwrap()));
    let codes: Vec<_> =
        cut["inputs"][0]["diagnostics"].as_array().unwrap().iter().map(|found| &found["code"]).collect();
    assert!(codes.contains(&&json!("inflate-limit")), "{codes:?}");
    let output = run(folder.path(), &["report", "big.json.gz", "--max-inflated", "100k", "--fail-on", "error"]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn render_draws_the_same_picture_every_time() {
    let folder = folder();
    let render = |args: &[&str]| run(folder.path(), &[&["render", "good.json", "orphan.json"], args].concat());
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    for (name, again) in [("a.png", "b.png"), ("a.svg", "b.svg")] {
        for name in [name, again] {
            let output = render(&["-o", name, "--size", "640x360", "--theme", "light"]);
            assert!(output.status.success() && output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        assert!(read(name) == read(again), "{name} and {again} differ");
    }
    assert!(read("a.png").starts_with(b"\x89PNG"));
    let svg = String::from_utf8(read("a.svg")).unwrap();
    for words in ["checkout", "work a1", "good.json and 1 more", "sha256", "raw clocks", "parent not in the file"] {
        assert!(svg.contains(words), "{words:?} is in the picture");
    }
    assert!(render(&["-o", "search.svg", "--search", "work -orphan"]).status.success());
    let svg = String::from_utf8(read("search.svg")).unwrap();
    for words in ["search work -orphan · 2 of 3 spans", "found by the search"] {
        assert!(svg.contains(words), "{words:?} is in the picture");
    }
    assert!(render(&["-o", "path.svg", "--critical-path"]).status.success());
    let svg = String::from_utf8(read("path.svg")).unwrap();
    assert!(svg.contains("critical path: what the end waited for"));
    assert!(render(&["-o", "part.svg", "--from", "150ms", "--to", "2026-11-21T14:02:07.85Z"]).status.success());
    for (args, reason) in [
        (&["-o", "a.gif"][..], ".png or .svg"),
        (&["-o", "c.png", "--search", "dur>5"], "a unit: ns, us, ms, s, min, h or d.\n  dur>5\n      ^"),
        (&["-o", "c.png", "--from", "2s", "--to", "1s"], "--from"),
        (&["-o", "c.png", "--from", "soon"], "350ms"),
        (&["-o", "c.png", "--critical-path=nobody"], "no span has an id that begins with nobody"),
        (&["-o", "c.png", "--size", "big"], "1600x1000"),
        (&["-o", "c.png", "--scale", "8", "--size", "9000x9000"], "pixels"),
        (&["-o", "no/such/folder/c.png"], "no/such/folder"),
    ] {
        let output = render(args);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {stderr}");
        assert!(stderr.contains(reason), "{args:?}: {stderr}");
    }
}

#[test]
fn lanes_are_chosen_by_name_and_by_view() {
    let dir = tempfile::tempdir().unwrap();
    let sample = "sample-traces/slow-conversation.otlp.json";
    let draw = |args: &[&str]| {
        let out = dir.path().join("lanes.svg");
        let mut command = Command::new(env!("CARGO_BIN_EXE_skewline"));
        command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["render", sample]).args(args).arg("-o").arg(&out);
        let done = command.output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        (done.status.code(), said, std::fs::read_to_string(&out).unwrap_or_default())
    };
    let (code, said, svg) = draw(&["--group-by", "service.name", "--lanes", "gateway"]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    assert!(svg.contains("gateway") && svg.contains("hidden"));
    let (code, said, _) = draw(&["--lanes", "no such lane"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("there is no lane \"no such lane\"") && said.contains("   1  "), "{said}");
    let (code, said, _) = draw(&["--group-by", "no.such.key"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("no.such.key") && said.contains("service.name"), "{said}");
    let view = dir.path().join("odd.view.json");
    std::fs::write(
        &view,
        r#"{"schema": "skewline.view/9", "mood": "blue", "plan": {"group_by": "service.name"}, "lanes": {"hidden": ["service.name=nobody"]}}"#,
    )
    .unwrap();
    let (code, said, svg) = draw(&["--view", view.to_str().unwrap()]);
    assert_eq!(code, Some(0));
    for text in ["skewline.view/9", "\"mood\" is not known", "\"service.name=nobody\""] {
        assert!(said.contains(text), "{said}");
    }
    assert!(svg.contains("2 clocks") || svg.contains("gateway"));
    std::fs::write(&view, "{}").unwrap();
    let (code, said, _) = draw(&["--view", view.to_str().unwrap()]);
    assert_eq!(code, Some(2));
    assert!(said.contains("not a saved view"), "{said}");
}

#[test]
fn lanes_are_folded_and_coloured_from_the_command_line() {
    let dir = tempfile::tempdir().unwrap();
    let draw = |args: &[&str]| {
        let out = dir.path().join("fold.svg");
        let mut command = Command::new(env!("CARGO_BIN_EXE_skewline"));
        let sample = "sample-traces/slow-conversation.otlp.json";
        command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["render", sample]).args(args).arg("-o").arg(&out);
        let done = command.output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        std::fs::read_to_string(&out).unwrap()
    };
    let plain = draw(&[]);
    assert!(!plain.contains("groups folded"), "nothing is folded unasked");
    for (args, words) in [
        (
            &["--fold", "agent", "--color", "agent"][..],
            &["planner", "researcher", "critic", " tok", "groups folded"][..],
        ),
        (&["--fold", "phase", "--color", "phase"], &["model call", "tool", "agent work", " wall", " failed"]),
        (&["--fold", "service"], &["gateway"]),
        (&["--fold", "turn"], &["turn 1"]),
        (&["--fold", "attr:gen_ai.agent.name", "--across"], &["all clocks", "no gen_ai.agent.name", "no common time"]),
        (&["--color", "clock"], &["clock "]),
    ] {
        let svg = draw(args);
        for word in words {
            assert!(svg.contains(word), "{args:?} does not draw {word:?}");
        }
    }
    for args in [["--fold", "colour"], ["--color", "agents"], ["--across", "--absolute"]] {
        let output = skewline().args(["render", "a.json", "-o", "a.svg"]).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn thresholds_and_a_contract_decide_what_is_found() {
    let folder = folder();
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    put("off.toml", "[E8]\non = false\n");
    put("wrong.toml", "[E8]\nof = false\n");
    put("contract.toml", "[[span]]\nname = \"work *\"\nattributes = [\"tenant\"]\nwhy = \"billing\"\n");
    put("no-contract.toml", "[[span]]\n");
    let sentences = |args: &[&str]| -> Vec<String> {
        let report = report(folder.path(), args);
        let found = report["ai_findings"].as_array().unwrap().iter();
        found.map(|finding| finding["sentence"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(sentences(&["orphan.json"]).len(), 1);
    assert_eq!(sentences(&["orphan.json", "--config", "off.toml"]), Vec::<String>::new());
    let broken = sentences(&["good.json", "--contract", "contract.toml"]);
    assert_eq!(broken, ["2 of 2 spans work * lack tenant, which billing relies on."]);
    for (option, file, says) in [
        ("--config", "wrong.toml", "[E8] has no of; it has"),
        ("--config", "no-such.toml", "no-such.toml"),
        ("--contract", "no-contract.toml", "needs a name or a role"),
    ] {
        let output = run(folder.path(), &["report", "good.json", option, file]);
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(says) && said.contains(file), "{said}");
    }
    // The same thresholds from the user's own configuration.
    let own = folder.path().join("skewline");
    fs::create_dir(&own).unwrap();
    fs::rename(folder.path().join("off.toml"), own.join("findings.toml")).unwrap();
    let output = skewline()
        .current_dir(folder.path())
        .env("XDG_CONFIG_HOME", folder.path())
        .args(["report", "orphan.json"])
        .output();
    if cfg!(target_os = "linux") {
        assert!(!String::from_utf8(output.unwrap().stdout).unwrap().contains("E8"));
    }
}

#[test]
fn drift_and_the_messages_of_one_trace_alone_are_a_matter_of_options() {
    let folder = folder();
    // Two calls between two machines, a minute apart, in a trace each: the second one is shorter.
    let at = |ms: i64| (1_795_269_727_000_123_457 + ms * 1_000_000).to_string();
    let span = |trace: u32, id: u64, parent: &str, kind: i64, from: i64, to: i64| {
        json!({ "traceId": format!("{trace:032x}"), "spanId": format!("{id:016x}"), "parentSpanId": parent, "kind": kind,
            "name": "GET", "startTimeUnixNano": at(from), "endTimeUnixNano": at(to), "status": {} })
    };
    let resource = |host: &str, spans: &[Json]| {
        json!({ "resource": { "attributes": [{ "key": "host.id", "value": { "stringValue": host } }] },
            "scopeSpans": [{ "scope": { "name": "t" }, "spans": spans }] })
    };
    let client = [span(0x77, 1, "", 3, 0, 100), span(0x88, 3, "", 3, 60_000, 60_010)];
    let server = [span(0x77, 2, "0000000000000001", 2, 10, 90), span(0x88, 4, "0000000000000003", 2, 60_001, 60_009)];
    let file = json!({ "resourceSpans": [resource("one", &client), resource("two", &server)] }).to_string();
    fs::write(folder.path().join("calls.json"), file).unwrap();
    let width = |args: &[&str]| {
        let report = report(folder.path(), &[&["calls.json"], args].concat());
        let offsets = report["domains"].as_array().unwrap().iter().map(|domain| domain["offset"].clone());
        let widths = offsets.map(|offset| offset["hi_ns"].as_i64().unwrap() - offset["lo_ns"].as_i64().unwrap());
        (widths.max().unwrap(), report["analysis"].clone())
    };
    let first = format!("{:031x}", 7);
    let (usual, analysis) = width(&[]);
    assert_eq!((&analysis["drift_ppb"], &analysis["only_trace"]), (&json!(50_000), &json!(null)));
    let (steady, analysis) = width(&["--drift", "0"]);
    assert_eq!((steady, &analysis["drift_ppb"]), (2_000_000, &json!(0)));
    assert!(steady < usual, "{steady} {usual}");
    let (one, analysis) = width(&["--drift", "0", "--drift", "two=200"]);
    assert_eq!(analysis["drift_of"], json!({ "host two": 200_000 }));
    assert!(steady < one, "{steady} {one}");
    let (alone, analysis) = width(&["--drift", "0", "--only-trace", &first]);
    assert_eq!((alone, &analysis["only_trace"]), (20_000_000, &json!(format!("{:032x}", 0x77))));
    for (args, says) in [
        (["--drift", "fast"], "fast is no rate"),
        (["--drift", "nobody=3"], "no single lane"),
        (["--only-trace", "99"], "no trace has an id"),
        (["--only-trace", "0"], "several traces"),
    ] {
        let output = run(folder.path(), &[&["report", "calls.json"], &args[..]].concat());
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(says), "{said}");
    }
}

#[test]
fn what_the_clock_engine_assumes_is_chosen_alike_for_reports_and_pictures() {
    let dir = tempfile::tempdir().unwrap();
    let sample = "sample-traces/async-children.otlp.json";
    let run = |command: &str, args: &[&str]| {
        let mut line = Command::new(env!("CARGO_BIN_EXE_skewline"));
        line.current_dir(env!("CARGO_MANIFEST_DIR")).args([command, sample]).args(args);
        let out = dir.path().join("assumed.svg");
        if command == "render" {
            line.arg("-o").arg(&out);
        }
        let done = line.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said = if command == "render" { std::fs::read_to_string(&out) } else { Ok(text(&done.stdout)) };
        (done.status.code(), said.unwrap_or_default(), text(&done.stderr))
    };
    let (_, plain, _) = run("report", &[]);
    assert!(plain.contains("off: no offset could make it hold") && !plain.contains("Asked for"), "{plain}");
    let class = "unary_end:upsert points -> upsert points";
    for (args, words) in [
        (&["--drift", "gateway=200"][..], "gateway may drift by 200 ppm"),
        (&["--drift", "0.5"], "clocks may drift by 0.5 ppm"),
        (&["--without", "request_start"], "not believed: a request is sent before the server starts on it"),
        (&["--with", class], "believed by hand: the server ends before the client has the whole response"),
    ] {
        for command in ["report", "render"] {
            let (code, said, error) = run(command, args);
            assert_eq!((code, error.as_str()), (Some(0), ""), "{command} {args:?}");
            assert!(said.contains(words), "{command} {args:?} does not say {words}");
        }
    }
    let (_, json, _) = run("report", &["--format", "json", "--without", "request_start"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let evidence = json["analysis"]["evidence"].as_array().unwrap();
    let off = evidence.iter().find(|kind| kind["name"] == "request_start").unwrap();
    assert_eq!(
        (&off["on"], &off["standing"], &off["strength"]),
        (&false.into(), &"off_by_hand".into(), &"protocol".into())
    );
    for (args, words) in [
        (&["--without", "unary"][..], "no rule is called unary; the rules are"),
        (&["--without", "link_start"], "no message here is of the kind link_start; there are"),
        (&["--with", "unary_end:nobody -> nothing"], "no spans here are called nobody -> nothing"),
        (&["--drift", "fast"], "no rate"),
        (&["--only-trace", "zzz"], "no trace has an id"),
    ] {
        for command in ["report", "render"] {
            let (code, _, error) = run(command, args);
            assert_eq!(code, Some(2), "{command} {args:?}");
            assert!(error.contains(words), "{command} {args:?}: {error}");
        }
    }
}
