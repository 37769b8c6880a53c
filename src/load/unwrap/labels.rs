//! What container tools and loggers put before every line of what a program prints over several lines: the names of
//! `docker compose`, the pods of `kubectl logs --prefix`, times, the tags of container runtimes, the workers of Ray.
//!
//! Lines of several programs are mixed; those of one are put together again, a printed object or activity at a time.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read};

use super::Step;
use crate::load::sniff::without_bom;

/// Longer lines are taken in pieces.
const MOST_BYTES: u64 = 16 << 20;
/// So much of one program waits for the end of what it prints.
const MOST_WAITING: usize = 16 << 20;
/// Lines that are looked at.
const MOST_LINES: usize = 400;

/// Whether most lines of `head` have something before them that is no part of what was printed.
pub(super) fn are_there(head: &[u8]) -> bool {
    let lines = without_bom(head).split(|&byte| byte == b'\n').take(MOST_LINES);
    let (mut with, mut without) = (0_usize, 0_usize);
    for line in lines.filter(|line| !line.trim_ascii().is_empty()) {
        if split(line).is_some() { with += 1 } else { without += 1 }
    }
    with >= 2 && with > without
}

#[derive(Default)]
pub(super) struct Labels {
    line: Vec<u8>,
    /// What programs have printed and not ended yet, by their labels.
    waiting: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Step for Labels {
    fn step(&mut self, source: &mut BufReader<Box<dyn Read + Send + '_>>, out: &mut Vec<u8>) -> io::Result<bool> {
        self.line.clear();
        let count = source.by_ref().take(MOST_BYTES).read_until(b'\n', &mut self.line)?;
        if count == 0 {
            for text in std::mem::take(&mut self.waiting).into_values().filter(|text| !text.is_empty()) {
                out.extend(text);
                // Where the text was cut, what the next one printed begins a line all the same.
                if out.last() != Some(&b'\n') {
                    out.push(b'\n');
                }
            }
            return Ok(false);
        }
        let line = without_bom(&self.line);
        let (label, text) = split(line).unwrap_or((b"", line));
        let waiting = self.waiting.entry(label.to_vec()).or_default();
        waiting.extend_from_slice(text);
        // What is printed over several lines ends at the margin, or with an empty line.
        let is_end = matches!(text.trim_ascii_end(), b"" | b"}" | b"]" | b"}," | b"],");
        if is_end || waiting.len() >= MOST_WAITING {
            out.append(waiting);
        }
        Ok(true)
    }
}

/// Who printed `line`, and what; `None` when nothing is before it. A time alone names nobody.
fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = colour(line);
    let named = compose(text).or_else(|| in_brackets(text)).or_else(|| worker(text)).or_else(|| system(text));
    let (label, text) = named.unwrap_or((b"", text));
    match (time(text), named) {
        (Some(rest), _) => Some((label, runtime(rest).unwrap_or(rest))),
        (None, Some(_)) => Some((label, text)),
        (None, None) => None,
    }
}

/// Passes over what sets a colour: `ESC[36m`.
fn colour(text: &[u8]) -> &[u8] {
    let Some(rest) = text.strip_prefix(b"\x1b[") else { return text };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
    rest[digits..].strip_prefix(b"m").map_or(text, colour)
}

fn one_blank(text: &[u8]) -> &[u8] {
    text.strip_prefix(b" ").unwrap_or(text)
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

/// `app-1  | text`.
fn compose(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let name = text.iter().take_while(|byte| is_name(**byte)).count();
    let blanks = text[name..].iter().take_while(|byte| **byte == b' ').count();
    let rest = colour(&text[name + blanks..]).strip_prefix(b"|")?;
    (name > 0).then(|| (&text[..name], one_blank(colour(rest))))
}

/// `[pod/app-7c9/web] text`.
fn in_brackets(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = text.strip_prefix(b"[")?;
    let end = inner.iter().position(|byte| *byte == b']')?;
    let is_pod = inner[..end].contains(&b'/') && inner[..end].iter().all(|byte| is_name(*byte) || *byte == b'/');
    is_pod.then(|| (&inner[..end], one_blank(&inner[end + 1..])))
}

/// `(Replica:app pid=4347, ip=10.0.0.7) text`.
fn worker(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = text.strip_prefix(b"(")?;
    let end = inner.iter().position(|byte| *byte == b')')?;
    let is_worker = inner[..end].windows(5).any(|part| part == b" pid=");
    is_worker.then(|| (&inner[..end], one_blank(colour(&inner[end + 1..]))))
}

/// `Feb 01 10:00:00 host app[123]: text`.
fn system(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let is_month = text.len() > 16 && text[..3].iter().all(u8::is_ascii_alphabetic) && text[3] == b' ';
    let is_time = is_month && text[9] == b':' && text[12] == b':' && text[15] == b' ';
    if !is_time {
        return None;
    }
    let end = text.windows(3).position(|part| part == b"]: ")?;
    // The time is not who it is.
    (end < 200).then(|| (&text[16..=end], &text[end + 3..]))
}

/// What is behind `2026-02-01T10:00:00.123456789Z `.
fn time(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().position(|byte| matches!(byte, b' ' | b'\n'))?;
    let word = std::str::from_utf8(&text[..end]).ok()?;
    let is_time = word.len() >= 20 && chrono::DateTime::parse_from_rfc3339(word).is_ok();
    is_time.then(|| one_blank(&text[end..]))
}

/// What is behind the stream and the tag of a container runtime: `stdout F `.
fn runtime(text: &[u8]) -> Option<&[u8]> {
    let rest = text.strip_prefix(b"stdout ").or_else(|| text.strip_prefix(b"stderr "))?;
    rest.strip_prefix(b"F ").or_else(|| rest.strip_prefix(b"F").filter(|rest| rest.trim_ascii().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: &str) -> Option<(String, String)> {
        let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        split(line.as_bytes()).map(|(label, text)| (lossy(label), lossy(text)))
    }

    #[test]
    fn what_is_before_lines() {
        for (line, label, rest) in [
            ("app-1  | Activity.TraceId:  4f", "app-1", "Activity.TraceId:  4f"),
            ("app-1  |     key: value", "app-1", "    key: value"),
            ("app-1  |\n", "app-1", "\n"),
            ("\u{1b}[36mapp-1  |\u{1b}[0m {", "app-1", "{"),
            ("app-1  | 2026-02-01T10:00:00.123456789Z   a", "app-1", "  a"),
            ("[pod/shop-7c9d/web]     key: value", "pod/shop-7c9d/web", "    key: value"),
            ("[pod/shop-7c9d/web] 2026-02-01T10:00:00Z {", "pod/shop-7c9d/web", "{"),
            (
                "(ServeReplica:default:Hello pid=4347)     \"name\": 1",
                "ServeReplica:default:Hello pid=4347",
                "    \"name\": 1",
            ),
            ("2026-02-01T10:00:00.5Z Activity.Kind: Client", "", "Activity.Kind: Client"),
            ("2026-02-01T10:00:00.5+01:00 stdout F     key: value", "", "    key: value"),
            ("2026-02-01T10:00:00.5Z \n", "", "\n"),
            ("Feb 01 10:00:00 host app[12]:     key: value", "host app[12]", "    key: value"),
        ] {
            assert_eq!(text(line), Some((label.to_owned(), rest.to_owned())), "{line}");
        }
        for line in ["Activity.TraceId: 4f", "    key: value", "", "[main] INFO", "(see below) x", "a b | c", "2026 x"]
        {
            assert_eq!(text(line), None, "{line}");
        }
    }
}
