//! The README stays true: its picture is what the program draws, its report schema is the one in the
//! source, and every sample has its sentence.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "a test binary")]

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).unwrap()
}

fn render(args: &[&str]) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("picture.png");
    Command::new(env!("CARGO_BIN_EXE_skewline"))
        .current_dir(root())
        .arg("render")
        .args(args)
        .arg("-o")
        .arg(&out)
        .assert()
        .success();
    fs::read(out).unwrap()
}

/// Set this variable to draw the README's pictures anew after a wanted change.
const UPDATE: &str = "SKEWLINE_UPDATE_PICTURES";

fn assert_picture(path: &Path, now: &[u8]) {
    if std::env::var_os(UPDATE).is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, now).unwrap();
    }
    let kept = fs::read(path).unwrap_or_default();
    assert!(
        kept == now,
        "{} is not what the program draws today; look at it, then run with {UPDATE}=1",
        path.display()
    );
}

#[test]
fn the_picture_is_what_the_program_draws() {
    let now = render(&[
        "sample-traces/slow-conversation.otlp.json",
        "--size",
        "1400x1180",
        "--from",
        "12.8s",
        "--to",
        "19.5s",
    ]);
    assert_picture(&root().join("assets/readme/slow-conversation.png"), &now);
    assert!(readme().contains("assets/readme/slow-conversation.png"));
}

/// The pictures of the tour: name, then what `render` is told besides the sample.
const TOUR: [(&str, &[&str]); 4] = [
    ("1-whole-trace", &["--size", "1400x640"]),
    ("2-reference-frame", &["--size", "1400x640", "--from", "12.8s", "--to", "19.5s", "--clock", "frame"]),
    ("3-search", &["--size", "1400x900", "--from", "15.5s", "--to", "18s", "--search", "error"]),
    (
        "4-by-service",
        &["--size", "1400x640", "--from", "12.8s", "--to", "19.5s", "--theme", "light", "--group-by", "service.name"],
    ),
];

#[test]
fn the_tour_shows_what_the_program_draws() {
    let readme = readme();
    for (name, args) in TOUR {
        let path = format!("assets/readme/tour-{name}.png");
        let now = render(&[&["sample-traces/slow-conversation.otlp.json"], args].concat());
        assert_picture(&root().join(&path), &now);
        assert!(readme.contains(&path), "the README does not show {path}");
    }
}

#[test]
fn the_report_schema_is_the_one_in_the_source() {
    let source = fs::read_to_string(root().join("src/export/report/schema.md")).unwrap();
    let block: Vec<&str> =
        source.lines().skip_while(|line| *line != "```text").skip(1).take_while(|line| *line != "```").collect();
    assert!(block.len() > 10, "the schema is no longer where this test looks for it");
    assert!(readme().contains(&block.join("\n")), "copy the schema from src/export/report/schema.md into the README");
}

#[test]
fn every_sample_has_its_sentence() {
    let readme = readme();
    for entry in fs::read_dir(root().join("sample-traces")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(readme.contains(&format!("`{name}`")), "the README does not mention {name}");
    }
}
