//! Says what content that is no trace looks like, and what to do about it.

mod known;

pub(super) use known::is_table;

use super::sniff::{begins_with_label, is_json, walk_json_keys, without_bom};

const PERFETTO: &str = "Convert a Perfetto trace with `traceconv json`; a profile has no spans.";
const EXPORT: &str = "Export the trace from its tool in one of these formats.";

/// (what it looks like, what to do about it)
pub(super) fn describe(head: &[u8]) -> (String, &'static str) {
    if let Some((name, remedy)) = magic(head) {
        return (name.to_owned(), remedy);
    }
    if is_json(head) && !begins_with_label(head) {
        // Objects as JavaScript prints them begin like JSON too.
        let start = String::from_utf8_lossy(&head[..head.len().min(4096)]);
        return match known::json(head).or_else(|| known::text(&start)) {
            Some((name, remedy)) => (name.to_owned(), remedy),
            None => describe_json(head),
        };
    }
    let text = without_bom(head);
    if text.contains(&0) || !is_mostly_text(text) {
        // Perfetto's traces are lists of packets: field 1, each with its length.
        if text.first() == Some(&0x0a) {
            return ("binary data, maybe a Perfetto trace or a pprof profile".to_owned(), PERFETTO);
        }
        return ("binary data of an unknown kind".to_owned(), EXPORT);
    }
    describe_text(text)
}

/// Files that are known by their first bytes.
fn magic(head: &[u8]) -> Option<(&'static str, &'static str)> {
    const UNPACK: &str = "Unpack it and open the trace inside.";
    const NO_TRACE: &str = "Open the trace file itself.";
    const MAGIC: &[(&[u8], &str, &str)] = &[
        (b"\x89PNG\r\n\x1a\n", "a PNG image", NO_TRACE),
        (b"\xff\xd8\xff", "a JPEG image", NO_TRACE),
        (b"GIF8", "a GIF image", NO_TRACE),
        (b"%PDF-", "a PDF document", NO_TRACE),
        (b"PK\x03\x04", "a ZIP archive", UNPACK),
        (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", UNPACK),
        (b"BZh", "a bzip2 file", UNPACK),
        (b"\xfd7zXZ\0", "an xz file", UNPACK),
        (b"\x04\x22\x4d\x18", "an lz4 file", UNPACK),
        (b"\x7fELF", "a program (ELF)", NO_TRACE),
        (b"MZ", "a program (Windows)", NO_TRACE),
        (b"SQLite format 3\0", "an SQLite database", "Export the trace from the tool that owns the database."),
        (
            b"PAR1",
            "a Parquet table",
            "Write its rows as JSON, for instance with pandas: to_json(orient=\"records\", lines=True).",
        ),
        (b"\xff\xfe", "UTF-16 text", "Convert it to UTF-8, for instance with iconv."),
        (b"\xfe\xff", "UTF-16 text", "Convert it to UTF-8, for instance with iconv."),
    ];
    if head.get(257..262) == Some(b"ustar") {
        return Some(("a tar archive", UNPACK));
    }
    MAGIC.iter().find(|(magic, ..)| head.starts_with(magic)).map(|&(_, name, remedy)| (name, remedy))
}

fn describe_json(head: &[u8]) -> (String, &'static str) {
    let is_array = without_bom(head).trim_ascii_start().first() == Some(&b'[');
    let mut keys: Vec<String> = Vec::new();
    walk_json_keys(head, |path| {
        let path = path.trim_start_matches("[]").trim_start_matches('.');
        if !path.contains(['.', '[']) && !keys.iter().any(|known| known == path) {
            keys.push(path.chars().take(40).collect());
        }
        keys.len() < 9
    });
    let has = |name: &str| keys.iter().any(|key| key == name);
    let remedy = if keys.len() < 5 && (has("error") || has("errors") || has("message")) {
        "It may be the answer of a server that refused the request; look at its text."
    } else {
        EXPORT
    };
    let container = if is_array { "a JSON array" } else { "a JSON object" };
    let looks_like = match keys.len() {
        0 if is_array => "a JSON array without objects".to_owned(),
        0 => "an empty JSON object".to_owned(),
        _ if is_array => format!("{container} of objects with the keys {}", list(&keys)),
        _ => format!("{container} with the keys {}", list(&keys)),
    };
    (looks_like, remedy)
}

fn list(keys: &[String]) -> String {
    let shown = keys.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
    if keys.len() > 8 { format!("{shown}, …") } else { shown }
}

/// Text has no control characters besides white space, and is UTF-8 but for few bytes.
fn is_mostly_text(bytes: &[u8]) -> bool {
    let odd = bytes.iter().filter(|&&byte| byte < 0x20 && !byte.is_ascii_whitespace() && byte != 0x1b).count();
    let replaced = String::from_utf8_lossy(bytes).matches('\u{fffd}').count();
    (odd + replaced) * 50 < bytes.len()
}

fn describe_text(text: &[u8]) -> (String, &'static str) {
    let start: String = String::from_utf8_lossy(&text[..text.len().min(4096)]).trim_start().to_owned();
    let lower = start.to_ascii_lowercase();
    if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
        return (
            "an HTML page (a login page?)".to_owned(),
            "Sign in and download the trace itself, not the page that shows it.",
        );
    }
    if let Some(packed) = in_base64(&start) {
        return (packed.to_owned(), "Decode it first: base64 -d FILE, and open what comes out, still packed or not.");
    }
    if start.starts_with('<') {
        return ("an XML document".to_owned(), EXPORT);
    }
    if let Some((name, remedy)) = known::text(&start) {
        return (name.to_owned(), remedy);
    }
    let mut lines = start.lines();
    let first = lines.next().unwrap_or_default();
    for (separator, name) in [(',', "CSV"), ('\t', "tab-separated values"), (';', "CSV with semicolons")] {
        let columns = first.matches(separator).count();
        if columns > 0 && lines.clone().next().is_some_and(|second| second.matches(separator).count() >= columns) {
            return (name.to_owned(), "Export the trace as JSON instead of a table.");
        }
    }
    let excerpt: String = first.chars().take(40).collect();
    (format!("plain text that begins with {excerpt:?}"), EXPORT)
}

/// What is in base64, told from the first characters of what programs put there.
fn in_base64(start: &str) -> Option<&'static str> {
    const BEGINNINGS: [(&str, &str); 6] = [
        ("H4sI", "gzip in base64"),
        ("KLUv/", "zstd in base64"),
        ("eyJ", "JSON in base64"),
        ("eyAi", "JSON in base64"),
        ("ewog", "JSON in base64"),
        ("W3si", "JSON in base64"),
    ];
    let text = start.trim_start_matches('"');
    let first: &str = text.lines().next().unwrap_or_default();
    let is_base64 =
        |char: char| char.is_ascii_alphanumeric() || matches!(char, '+' | '/' | '-' | '_' | '=' | '"' | ',');
    let found = BEGINNINGS.iter().find(|(beginning, _)| text.starts_with(beginning))?;
    (first.len() >= 16 && first.trim_end().chars().all(is_base64)).then_some(found.1)
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[test]
    fn content_is_named_in_words() {
        for (head, looks_like) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], "a PNG image"),
            (b"PK\x03\x04\x14\0", "a ZIP archive"),
            (b"<!DOCTYPE html><html><body>Sign in", "an HTML page (a login page?)"),
            (b"<?xml version=\"1.0\"?><a/>", "an XML document"),
            (b"name,start,end\na,1,2\n", "CSV"),
            (b"hello there", "plain text that begins with \"hello there\""),
            (b"{\"error\":\"unauthorized\"}", "a JSON object with the keys error"),
            (b"[{\"a\":{\"x\":1},\"b\":2}]", "a JSON array of objects with the keys a, b"),
            (b"[1,2,3]", "a JSON array without objects"),
            (b"{}", "an empty JSON object"),
            (b"\x01\x02\x03\x00\x05", "binary data of an unknown kind"),
            (b"\n\x0f\x40\xe8\x07\0\0", "binary data, maybe a Perfetto trace or a pprof profile"),
        ] {
            assert_eq!(describe(head).0, looks_like);
        }
    }

    #[test]
    fn files_of_other_tools_are_named_with_a_way_on() {
        for (head, looks_like) in [
            (
                r#"{"traces":[{"traceID":"2f","rootTraceName":"pay","spanSets":[{"spans":[{"spanID":"56"}]}]}]}"#,
                "the result of a Tempo search, which lists traces without their spans",
            ),
            (r#"{"transaction":{"id":"1","span_count":{"started":2}}}"#, "events of the Elastic APM agents"),
            (r#"{"id":"a","trace_id":"t","created_at":"x","ai_org":"openai","ai_model":"m"}"#, "logs of Portkey"),
            (
                r#"{"data":{"id":"gen-1","created_at":"x","generation_time":1200,"native_tokens_prompt":10}}"#,
                "what OpenRouter says about an answer",
            ),
            (
                r#"{"result":[{"id":"a","created_at":"x","provider":"openai","duration":10,"tokens_in":1,"tokens_out":2}]}"#,
                "logs of Cloudflare's AI Gateway",
            ),
            (r#"{"nodes":[{"id":1,"callFrame":{}}],"samples":[1],"timeDeltas":[0]}"#, "a CPU profile of V8"),
            (r#"{"name":{"0":"a"},"start_time":{"0":"x"}}"#, "a table of pandas, column by column"),
            (
                r#"{"level":"info","message":"hi","trace_id":"01","span_id":"02","timestamp":"x"}"#,
                "log records that name traces",
            ),
            (
                "INFO: 'GET /' : 4bf9 00f0 SERVER [tracer: http:1.0] AttributesMap{data={a=b}, capacity=128}\n",
                "what the logging exporter of Java prints, which leaves out the times of spans",
            ),
            (
                "Feb 01, 2026 10:00:00 AM io.opentelemetry.exporter.logging.LoggingSpanExporter export\n",
                "what the logging exporter of Java prints, which leaves out the times of spans",
            ),
            ("H4sIAAAAAAAAA6tWKkktLlGyUlAqS8wpTtVRKkotVrJSMlSqBQBo\n", "gzip in base64"),
            ("\"eyJyZXNvdXJjZVNwYW5zIjpbXX0=\"", "JSON in base64"),
            ("eyJhbGciOi plain words", "plain text that begins with \"eyJhbGciOi plain words\""),
            (r#"{"awslogs":{"data":"H4sIAAAA"}}"#, "a message of CloudWatch Logs, packed"),
            (
                "{\n  instrumentationScope: { name: 'lib' },\n  traceId: '9d5c',\n",
                "what the console exporter of JavaScript prints",
            ),
            ("resource_spans {\n  resource {\n", "OTLP in the text form of protobuf"),
        ] {
            let (found, remedy) = describe(head.as_bytes());
            assert_eq!(found, looks_like);
            assert!(remedy.ends_with('.'), "{looks_like}: {remedy}");
        }
    }
}
