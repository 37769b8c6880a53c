//! Rules about the source text that the compiler cannot hold: who may use egui (invariant I1), where
//! colours may be named, and how long a file may grow.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "a test binary")]

use std::fs;
use std::path::{Path, PathBuf};

fn rust_files(dir: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rust_files(&path, out);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            out.push(path);
        }
    }
}

/// Every source file with its path relative to `src/`.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&root, &mut files);
    assert!(files.len() > 20, "found only {} source files", files.len());
    files
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect()
}

fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(at, line)| (at + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn assert_none(broken: &[String], rule: &str) {
    assert!(broken.is_empty(), "{rule}:\n{}", broken.join("\n"));
}

#[test]
fn i1_only_view_and_app_know_the_window_toolkit() {
    const TOOLKIT: &[&str] =
        &["egui::", "eframe::", "egui_plot::", "egui_extras::", "egui_notify::", "rfd::", "arboard::"];
    let mut broken = Vec::new();
    for (name, text) in sources() {
        if name.starts_with("view/") || name.starts_with("app/") {
            continue;
        }
        for (at, line) in code_lines(&text) {
            if TOOLKIT.iter().any(|word| line.contains(word)) {
                broken.push(format!("src/{name}:{at}: {}", line.trim()));
            }
        }
    }
    assert_none(&broken, "I1: only src/view and src/app may use egui, eframe, egui_plot or rfd");
}

#[test]
fn colours_are_named_only_in_the_theme() {
    let mut broken = Vec::new();
    for (name, text) in sources() {
        if name.starts_with("scene/theme") || name.starts_with("scene/palette") {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (at, line) in code_lines(code) {
            if line.contains("Color32::from_rgb") || line.contains("Color32::RED") || line.contains("hex_color!") {
                broken.push(format!("src/{name}:{at}: {}", line.trim()));
            }
        }
    }
    assert_none(&broken, "colours belong to src/scene/theme.rs and src/scene/palette.rs");
}

#[test]
fn files_stay_short_enough_to_read() {
    const MOST_LINES: usize = 700;
    let broken: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| text.lines().count() > MOST_LINES)
        .map(|(name, text)| format!("src/{name}: {} lines", text.lines().count()))
        .collect();
    assert_none(&broken, "a file this long asks to be split by its jobs");
}

#[test]
fn i9_loading_and_the_model_do_no_arithmetic_on_times_in_floats() {
    let mut broken = Vec::new();
    for (name, text) in sources() {
        if !(name.starts_with("load/") || name.starts_with("layout/") || name.starts_with("lod/")) {
            continue;
        }
        for (at, line) in code_lines(&text) {
            let float_time = line.contains("_ns as f64") || line.contains("_ns as f32");
            if float_time {
                broken.push(format!("src/{name}:{at}: {}", line.trim()));
            }
        }
    }
    assert_none(&broken, "I9: times are i64 nanoseconds; floats only after the viewport's origin was subtracted");
}

#[test]
fn i2_nothing_outside_the_model_changes_a_store() {
    let mut broken = Vec::new();
    for (name, text) in sources().into_iter().filter(|(name, _)| !name.starts_with("model/")) {
        for (at, line) in code_lines(&text).filter(|(_, line)| line.contains("&mut TraceStore")) {
            broken.push(format!("src/{name}:{at}: {}", line.trim()));
        }
    }
    assert_none(&broken, "I2: a TraceStore is immutable once it is built");
}

#[test]
fn i8_what_draws_gets_the_state_to_read_only() {
    let mut broken = Vec::new();
    for (name, text) in sources() {
        if !(name.starts_with("view/") || name.starts_with("app/panels/")) {
            continue;
        }
        for (at, line) in code_lines(&text) {
            if ["&mut State", "&mut App", "&mut ViewState", ".apply("].iter().any(|word| line.contains(word)) {
                broken.push(format!("src/{name}:{at}: {}", line.trim()));
            }
        }
    }
    assert_none(&broken, "I8: drawing code pushes commands; only App::apply changes state");
}
