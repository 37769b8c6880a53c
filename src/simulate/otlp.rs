//! Spans as OTLP JSON text. A writer of its own: it must keep up with gigabytes, and its bytes must
//! not change when a library does.

use std::io::{self, Write};

use super::cast::Cast;
use super::clock::Clock;
use super::span::{Attr, Event, ProcessIx, TrueSpan, Value};

/// Has bits "parent is remote is known" and, if so, "it is"; plus the W3C sampled bit.
const FLAGS_LOCAL: u32 = 0x101;
const FLAGS_REMOTE: u32 = 0x301;

/// Writes one object with a line per span.
pub fn write_object(cast: &Cast, spans: Vec<TrueSpan>, out: &mut dyn Write) -> io::Result<()> {
    let mut text = Vec::new();
    write_request(cast, spans, "\n", &mut text);
    text.push(b'\n');
    out.write_all(&text)
}

/// Writes one request on one line.
pub fn write_line(cast: &Cast, spans: Vec<TrueSpan>, text: &mut Vec<u8>) {
    write_request(cast, spans, "", text);
    text.push(b'\n');
}

/// Groups by process and scope; within a scope spans come in the order in which they ended, as
/// exporters see them. `brk` goes between spans.
fn write_request(cast: &Cast, mut spans: Vec<TrueSpan>, brk: &str, text: &mut Vec<u8>) {
    spans.sort_by(|a, b| (a.process, a.scope, a.end_ns, a.id).cmp(&(b.process, b.scope, b.end_ns, b.id)));
    text.extend_from_slice(b"{\"resourceSpans\":[");
    for (nth, of_process) in spans.chunk_by(|a, b| a.process == b.process).enumerate() {
        separate(nth, brk, text);
        let process = of_process[0].process;
        text.extend_from_slice(b"{\"resource\":{\"attributes\":");
        write_attrs(&cast.processes[process.0 as usize].attrs, text);
        text.extend_from_slice(b"},\"scopeSpans\":[");
        for (nth, of_scope) in of_process.chunk_by(|a, b| a.scope == b.scope).enumerate() {
            separate(nth, brk, text);
            write_scope(cast, process, of_scope, brk, text);
        }
        text.extend_from_slice(b"]}");
    }
    text.extend_from_slice(b"]}");
}

fn separate(nth: usize, brk: &str, text: &mut Vec<u8>) {
    if nth > 0 {
        text.push(b',');
    }
    text.extend_from_slice(brk.as_bytes());
}

fn write_scope(cast: &Cast, process: ProcessIx, spans: &[TrueSpan], brk: &str, text: &mut Vec<u8>) {
    let scope = spans[0].scope;
    text.extend_from_slice(b"{\"scope\":{\"name\":");
    write_string(scope, text);
    if let Some(version) = version_of(scope) {
        text.extend_from_slice(b",\"version\":");
        write_string(version, text);
    }
    text.extend_from_slice(b"},\"spans\":[");
    for (nth, span) in spans.iter().enumerate() {
        separate(nth, brk, text);
        write_span(cast.clock_of(process), span, text);
    }
    text.extend_from_slice(b"]}");
}

fn version_of(scope: &str) -> Option<&'static str> {
    if scope.starts_with("opentelemetry.instrumentation") {
        Some("0.59b0")
    } else if scope.starts_with("go.opentelemetry.io") {
        Some("0.63.0")
    } else if scope.starts_with("@opentelemetry") {
        Some("0.206.0")
    } else {
        None
    }
}

fn write_span(clock: &Clock, span: &TrueSpan, text: &mut Vec<u8>) {
    text.extend_from_slice(b"{\"traceId\":\"");
    write_hex(&span.trace.to_be_bytes(), text);
    text.extend_from_slice(b"\",\"spanId\":\"");
    write_hex(&span.id.to_be_bytes(), text);
    if span.parent != 0 {
        text.extend_from_slice(b"\",\"parentSpanId\":\"");
        write_hex(&span.parent.to_be_bytes(), text);
    }
    if !span.trace_state.is_empty() {
        text.extend_from_slice(b"\",\"traceState\":\"");
        text.extend_from_slice(span.trace_state.as_bytes());
    }
    text.extend_from_slice(b"\",\"flags\":");
    let is_remote = span.parent != 0 && span.parent_is_remote;
    write_int(i64::from(if is_remote { FLAGS_REMOTE } else { FLAGS_LOCAL }), text);
    text.extend_from_slice(b",\"name\":");
    write_string(&span.name, text);
    text.extend_from_slice(b",\"kind\":");
    write_int(span.kind as i64, text);
    text.extend_from_slice(b",\"startTimeUnixNano\":\"");
    write_int(clock.stamp(span.start_ns, span.start_ns), text);
    text.extend_from_slice(b"\",\"endTimeUnixNano\":\"");
    write_int(clock.stamp(span.start_ns, span.end_ns), text);
    text.extend_from_slice(b"\",\"attributes\":");
    write_attrs(&span.attrs, text);
    write_events(clock, span, text);
    write_links(&span.links, text);
    text.extend_from_slice(b",\"status\":{");
    if let Some(message) = span.error {
        text.extend_from_slice(b"\"message\":");
        write_string(message, text);
        text.extend_from_slice(b",\"code\":2");
    }
    text.extend_from_slice(b"}}");
}

fn write_events(clock: &Clock, span: &TrueSpan, text: &mut Vec<u8>) {
    if span.events.is_empty() {
        return;
    }
    text.extend_from_slice(b",\"events\":[");
    for (nth, Event { true_ns, name, attrs }) in span.events.iter().enumerate() {
        separate(nth, "", text);
        text.extend_from_slice(b"{\"timeUnixNano\":\"");
        write_int(clock.stamp(span.start_ns, *true_ns), text);
        text.extend_from_slice(b"\",\"name\":");
        write_string(name, text);
        if !attrs.is_empty() {
            text.extend_from_slice(b",\"attributes\":");
            write_attrs(attrs, text);
        }
        text.push(b'}');
    }
    text.push(b']');
}

fn write_links(links: &[(u128, u64)], text: &mut Vec<u8>) {
    if links.is_empty() {
        return;
    }
    text.extend_from_slice(b",\"links\":[");
    for (nth, (trace, span)) in links.iter().enumerate() {
        separate(nth, "", text);
        text.extend_from_slice(b"{\"traceId\":\"");
        write_hex(&trace.to_be_bytes(), text);
        text.extend_from_slice(b"\",\"spanId\":\"");
        write_hex(&span.to_be_bytes(), text);
        text.extend_from_slice(b"\"}");
    }
    text.push(b']');
}

fn write_attrs(attrs: &[Attr], text: &mut Vec<u8>) {
    text.push(b'[');
    for (nth, (key, value)) in attrs.iter().enumerate() {
        text.extend_from_slice(if nth > 0 { b",{\"key\":" } else { b"{\"key\":" });
        write_string(key, text);
        text.extend_from_slice(b",\"value\":");
        write_value(value, text);
        text.push(b'}');
    }
    text.push(b']');
}

fn write_value(value: &Value, text: &mut Vec<u8>) {
    match value {
        Value::Text(content) => {
            text.extend_from_slice(b"{\"stringValue\":");
            write_string(content, text);
        }
        Value::Int(int) => {
            text.extend_from_slice(b"{\"intValue\":\"");
            write_int(*int, text);
            text.push(b'"');
        }
        Value::Double(double) => {
            text.extend_from_slice(b"{\"doubleValue\":");
            // Shortest form that reads back the same; writing into a Vec cannot fail.
            let _ = write!(text, "{double:?}");
        }
        Value::Bool(true) => text.extend_from_slice(b"{\"boolValue\":true"),
        Value::Bool(false) => text.extend_from_slice(b"{\"boolValue\":false"),
        Value::List(items) => {
            text.extend_from_slice(b"{\"arrayValue\":{\"values\":[");
            for (nth, item) in items.iter().enumerate() {
                separate(nth, "", text);
                text.extend_from_slice(b"{\"stringValue\":");
                write_string(item, text);
                text.push(b'}');
            }
            text.extend_from_slice(b"]}");
        }
    }
    text.push(b'}');
}

fn write_string(string: &str, text: &mut Vec<u8>) {
    text.push(b'"');
    let is_plain = |byte: &u8| *byte >= b' ' && *byte != b'"' && *byte != b'\\';
    if string.as_bytes().iter().all(is_plain) {
        text.extend_from_slice(string.as_bytes());
    } else {
        for byte in string.bytes() {
            match byte {
                b'"' | b'\\' => text.extend_from_slice(&[b'\\', byte]),
                0..b' ' => {
                    let _ = write!(text, "\\u{byte:04x}");
                }
                _ => text.push(byte),
            }
        }
    }
    text.push(b'"');
}

fn write_hex(bytes: &[u8], text: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 15)]);
    }
}

fn write_int(int: i64, text: &mut Vec<u8>) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut rest = int.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if int < 0 {
        text.push(b'-');
    }
    text.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut text = Vec::new();
        write(&mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn numbers_and_strings_are_json() {
        for int in [0, 7, -1, 1_763_733_727_412_318_204, i64::MIN, i64::MAX] {
            assert_eq!(text_of(|text| write_int(int, text)), int.to_string());
        }
        for string in ["", "plain", "a \"quoted\" \\ path", "tab\tline\n", "→ UTF-8"] {
            let text = text_of(|text| write_string(string, text));
            assert_eq!(serde_json::from_str::<String>(&text).unwrap(), string);
        }
        for double in [0.0, 0.728, 1e-9, 12345.5] {
            let text = text_of(|text| write_value(&Value::Double(double), text));
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value["doubleValue"].as_f64(), Some(double));
        }
        assert_eq!(text_of(|text| write_hex(&[0x0f, 0xa0], text)), "0fa0");
    }
}
