//! What is around a trace is taken off, whatever it is, and nothing else is touched.

use std::io::{Cursor, Read as _};

use super::{Wrap, behind_labels, find, lines, objects, utf16};

fn unwrapped(text: &[u8], wrap: Wrap) -> String {
    let mut out = String::new();
    wrap.open(Box::new(Cursor::new(text.to_vec())), None).read_to_string(&mut out).unwrap();
    out
}

fn wrap_of(text: &str) -> Option<(Wrap, &'static str)> {
    find(text.as_bytes()).map(|(wrap, format)| (wrap, format.name()))
}

const REQUEST: &str = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"01","spanId":"02","name":"x"}]}]}]}"#;

#[test]
fn lines_of_logs_hold_json_behind_times_or_in_fields() {
    let quoted = serde_json::to_string(REQUEST).unwrap();
    for (text, kind) in [
        (format!("2026-01-05T10:00:00.1Z stdout F {REQUEST}\n"), lines::Kind::Behind),
        (format!("starting\n2026-01-05 10:00:00 [INFO] exporter: {REQUEST}\n"), lines::Kind::Behind),
        (format!("data: {REQUEST}\n\n"), lines::Kind::Behind),
        (format!("[otel.javaagent 2026-01-05 10:00:00:000 +0000] [main] INFO x - {REQUEST}\n"), lines::Kind::Behind),
        (format!("[2026-01-05 10:00:00] starting\n[2026-01-05 10:00:01] {REQUEST}\n"), lines::Kind::Behind),
        (format!("[42] {REQUEST}\n"), lines::Kind::Behind),
        (format!("\u{1e}{REQUEST}\n"), lines::Kind::Behind),
        (format!("{{\"log\":{quoted},\"stream\":\"stdout\"}}\n"), lines::Kind::Field("log")),
        (format!("\u{feff}{{\"log\":{quoted}}}\n"), lines::Kind::Field("log")),
        (format!("{{\"timestamp\":1,\"body\":{REQUEST}}}\n"), lines::Kind::Field("body")),
        (format!("{{\"@timestamp\":\"x\",\"message\":{quoted}}}\n"), lines::Kind::Field("message")),
        (
            format!("{{\n \"events\": [\n {{\n \"message\": {quoted},\n \"id\": 1\n}}]}}\n"),
            lines::Kind::Inside("message"),
        ),
        (
            format!("{{\"events\":[{{\"message\":\"START\"}},{{\"message\":{quoted}}}]}}"),
            lines::Kind::Inside("message"),
        ),
        (
            format!(
                "{{\"results\": [\n[{{\"field\": \"@ptr\", \"value\": \"x\"}},\n{{\"field\": \"@message\",\n\"value\": {quoted}}}]]}}"
            ),
            lines::Kind::Inside("value"),
        ),
    ] {
        assert_eq!(wrap_of(&text), Some((Wrap::Lines(kind), "otlp-json")), "{text}");
        let inner = unwrapped(text.as_bytes(), Wrap::Lines(kind));
        let inner: serde_json::Value = serde_json::from_str(inner.trim()).unwrap();
        assert_eq!(inner, serde_json::from_str::<serde_json::Value>(REQUEST).unwrap(), "{text}");
    }
    for text in ["hello there\nand more\n", "{\"message\":\"hi\",\"level\":\"info\"}\n", "a,b,c,d\n1,2,3,4\n", ""] {
        assert_eq!(wrap_of(text), None, "{text}");
    }
}

#[test]
fn labels_of_loggers_are_no_lists() {
    for (text, is_label) in [
        ("[main] INFO", true),
        ("[2026-01-05 10:00:00] x", true),
        ("[42] x", true),
        ("\u{feff}[info]", true),
        ("[1, 2]", false),
        ("[1]\n[2]", false),
        ("[", false),
        ("[\n{", false),
        ("[{\"a\":1}]", false),
        ("[\"a\"] x", false),
        ("[]", false),
        ("[17", false),
        ("[null]", false),
        ("{\"a\":1}", false),
        ("", false),
    ] {
        assert_eq!(crate::load::sniff::begins_with_label(text.as_bytes()), is_label, "{text}");
    }
}

#[test]
fn parts_of_a_line_are_joined() {
    let (head, tail) = REQUEST.split_at(30);
    let text = format!("2026-01-05T10:00:00Z stdout P {head}\n2026-01-05T10:00:00Z stdout F {tail}\n");
    assert_eq!(unwrapped(text.as_bytes(), Wrap::Lines(lines::Kind::Behind)), format!("{REQUEST}\n"));
}

#[test]
fn tables_become_objects() {
    let csv = "\u{feff}TraceId,SpanId,SpanName,SpanAttributes,Duration,Note\r\n\
        01ab,0002,\"a, \"\"b\"\"\",\"{'k':'it\\'s','n':'1'}\",1500,\r\n\
        \r\n\
        01ab,3,\"two\nlines\",{},0.5,007,more\r\n";
    let rows = unwrapped(csv.as_bytes(), Wrap::Table(b','));
    assert_eq!(
        rows,
        "{\"TraceId\":\"01ab\",\"SpanId\":\"0002\",\"SpanName\":\"a, \\\"b\\\"\",\
         \"SpanAttributes\":{\"k\":\"it's\",\"n\":\"1\"},\"Duration\":1500,\"Note\":null}\n\
         {\"TraceId\":\"01ab\",\"SpanId\":\"3\",\"SpanName\":\"two\\nlines\",\"SpanAttributes\":{},\"Duration\":0.5,\
         \"Note\":\"007\",\"column 7\":\"more\"}\n"
    );
    // A row that was cut stays open.
    assert_eq!(unwrapped(b" \n\ta,b\n1,2\n3", Wrap::Table(b',')), "{\"a\":1,\"b\":2}\n{\"a\":3");
    let tsv = "TraceId\tSpanId\tSpanName\tEvents.Name\n1\t2\ta\\tb\t['x','y']\n3\t4\t\\N\t[]\n";
    assert_eq!(
        unwrapped(tsv.as_bytes(), Wrap::Table(b'\t')),
        "{\"TraceId\":\"1\",\"SpanId\":\"2\",\"SpanName\":\"a\\tb\",\"Events.Name\":[\"x\",\"y\"]}\n\
         {\"TraceId\":\"3\",\"SpanId\":\"4\",\"SpanName\":null,\"Events.Name\":[]}\n"
    );
    assert_eq!(wrap_of(csv), Some((Wrap::Table(b','), "clickhouse-rows")));
}

#[test]
fn printed_objects_become_json() {
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(&objects::to_json(text));
    for (printed, expected) in [
        ("{ name: 'a', id: undefined, list: [ 1, 2, ], on: true }", r#"{"name":"a","id":null,"list":[1,2],"on":true}"#),
        ("{'a': None, 'b': True, 'c': ('x', 2.5)}", r#"{"a":null,"b":true,"c":["x",2.5]}"#),
        ("{ text: 'one ' +\n    \"two's\" + `three`, n: 12n }", r#"{"text":"one two'sthree","n":12}"#),
        ("Map(1) { 'k' => { at: 2026-01-05T10:00:00.000Z } }", r#"{"k":{"at":"2026-01-05T10:00:00.000Z"}}"#),
        ("{ a: [Object], b: [ 1, ... 98 more items ] }", r#"{"a":["Object"],"b":[1]}"#),
        (
            "{ when: datetime.datetime(2026, 1, 5, tz(1)), e: 'caf\\xe9 \\u2192 \\'q\\'' }",
            r#"{"when":null,"e":"café → 'q'"}"#,
        ),
        ("{ scope: Scope { name: 'x' }, end: -1.5e3 }", r#"{"scope":{"name":"x"},"end":-1500.0}"#),
    ] {
        assert_eq!(json(printed).unwrap(), serde_json::from_str::<serde_json::Value>(expected).unwrap(), "{printed}");
    }
    assert!(objects::are_printed(b"[\n  {\n    name: 'x'"));
    assert!(objects::are_printed(b"\xef\xbb\xbf {'a': 1}"));
    for json in [&b"{\"a\": 1}"[..], b"[1]", b"{}", b"plain", b"", b"[[["] {
        assert!(!objects::are_printed(json));
    }
}

#[test]
fn utf_16_becomes_utf_8() {
    let text = "\u{feff}{\"a\":\"é 😀\"}";
    for big_endian in [false, true] {
        let bytes: Vec<u8> = text
            .encode_utf16()
            .flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect();
        assert_eq!(utf16::order_of(&bytes), Some(big_endian));
        assert_eq!(utf16::order_of(&bytes[2..]), Some(big_endian));
        assert_eq!(unwrapped(&bytes, Wrap::Utf16 { big_endian }), text.trim_start_matches('\u{feff}'));
        // Half a character at the end is left out.
        assert!(unwrapped(&bytes[..bytes.len() - 1], Wrap::Utf16 { big_endian }).starts_with("{\"a\":"));
    }
    assert_eq!(utf16::order_of(b"{\"a\":1}"), None);
}

#[test]
fn quoted_json_is_json() {
    let quoted = serde_json::to_string(REQUEST).unwrap();
    let pretty = serde_json::to_string(&format!("\n  {REQUEST}\n")).unwrap();
    for text in [quoted.clone(), format!("\u{feff}\n{quoted}\n{quoted}\n"), format!("[{quoted},\n{quoted}]"), pretty] {
        assert_eq!(wrap_of(&text), Some((Wrap::Quoted, "otlp-json")), "{text}");
        for line in unwrapped(text.as_bytes(), Wrap::Quoted).lines().filter(|line| !line.trim().is_empty()) {
            assert_eq!(line.trim(), REQUEST);
        }
    }
    let odd = "\"{\\\"a\\\":\\\"\\u00e9 \\ud83d\\ude00 \\ud83d! \\\\\\/\\\"}\"";
    assert_eq!(unwrapped(odd.as_bytes(), Wrap::Quoted), "{\"a\":\"é 😀 \u{fffd}! \\/\"}\n");
    for text in ["\"hello\"", "[\"a\",\"b\"]", "\"{}\"", "\"{ not json", "\""] {
        assert_eq!(wrap_of(text), None, "{text}");
    }
}

/// Activities end at a blank line or where the next one begins, and everything else is left out.
#[test]
fn activities_become_objects() {
    let text = "\u{feff}starting\r\nActivity.TraceId: 01\r\nActivity.SpanId: 02\r\nActivity.DisplayName: a: b\r\n\
        Activity.StartTime: 2026-02-01T10:00:00.0000000Z\r\nActivity.Duration: 00:00:00.5\r\n\
        Activity.TraceId: 01\r\nActivity.SpanId: 03\r\nActivity.Tags:\r\n    k: v: w\r\n    empty: \r\n\r\nlost\r\n";
    assert_eq!(wrap_of(text), Some((Wrap::Activities, "flat-spans")));
    let rest = "\"links\":[],\"scope\":{\"attributes\":{}},\"resource\":{\"attributes\":{}}}\n";
    let first = "{\"trace_id\":\"01\",\"span_id\":\"02\",\"name\":\"a: b\",\"start_time\":\"2026-02-01T10:00:00.0000000Z\",\
        \"end_time\":\"1769940000500000000\",\"attributes\":{},\"events\":[],";
    let second =
        "{\"trace_id\":\"01\",\"span_id\":\"03\",\"attributes\":{\"k\":\"v: w\",\"empty\":null},\"events\":[],";
    assert_eq!(unwrapped(text.as_bytes(), Wrap::Activities), format!("{first}{rest}{second}{rest}"));
}

/// Whatever the bytes, taking off what is around them ends and does not panic.
#[test]
fn nothing_panics() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let alphabet = b"{}[]()'\"`\\:,;\t\n\r +=>aTn0.-x\x1e\xff\xc3\xa9 ";
    for _ in 0..400 {
        let bytes: Vec<u8> = (0..200)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                alphabet[usize::try_from(state % alphabet.len() as u64).unwrap()]
            })
            .collect();
        for wrap in [
            Wrap::Utf16 { big_endian: true },
            Wrap::Lines(lines::Kind::Behind),
            Wrap::Lines(lines::Kind::Field("log")),
            Wrap::Table(b','),
            Wrap::Table(b'\t'),
            Wrap::Objects,
            Wrap::Activities,
            Wrap::Quoted,
        ] {
            let mut out = Vec::new();
            wrap.open(Box::new(Cursor::new(bytes.clone())), None).read_to_end(&mut out).unwrap();
            assert!(out.len() <= 40 * bytes.len());
        }
        find(&bytes);
    }
}

/// However a printout of several programs is cut, what was printed before is there, and nothing panics.
#[test]
fn labelled_lines_cut_anywhere() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/exports/printed-dotnet-compose.txt");
    let whole = std::fs::read(path).unwrap();
    let activities = |text: &[u8]| {
        let Some((Some(wrap), format)) = behind_labels(text) else { return 0 };
        assert_eq!((wrap, format.name()), (Wrap::Activities, "flat-spans"));
        let lines = unwrapped(text, Wrap::Labels);
        unwrapped(lines.as_bytes(), wrap).lines().count()
    };
    assert_eq!(activities(&whole), 3);
    let mut before = 0;
    for cut in (0..=whole.len()).step_by(37) {
        let found = activities(&whole[..cut]);
        assert!(found >= before, "cut at {cut}: {found} of {before}");
        before = found;
    }
    // What nobody printed over several lines is not touched.
    for text in ["app-1  | hello\napp-1  | world\n", "2026-02-01T10:00:00.5Z {\n2026-02-01T10:00:00.6Z }\n", "\n\n"] {
        assert!(behind_labels(text.as_bytes()).is_none(), "{text}");
    }
}
