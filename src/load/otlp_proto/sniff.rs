//! Tells OTLP protobuf from other binary data: every nesting level must make sense, lengths included.

use super::decode::{Signal, signal_of};
use super::wire::{Field, Fields, Stop, Value};

/// How requests follow each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Framing {
    /// No framing: one request, or several that protobuf merges into one.
    Bare,
    /// A varint length before each request.
    Varint,
    /// A 4-byte big-endian length before each request (the collector's file exporter).
    BigEndian,
}

/// The framing of content that begins with `head`, `None` when it is no OTLP protobuf.
pub(super) fn framing(head: &[u8]) -> Option<Framing> {
    if is_request(head, true) {
        return Some(Framing::Bare);
    }
    if let Some(&[a, b, c, d]) = head.get(..4)
        && framed(&head[4..], u64::from(u32::from_be_bytes([a, b, c, d])))
    {
        return Some(Framing::BigEndian);
    }
    let (len, used) = varint(head)?;
    framed(&head[used..], len).then_some(Framing::Varint)
}

fn framed(rest: &[u8], len: u64) -> bool {
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    len > 0 && is_request(rest.get(..len).unwrap_or(rest), rest.len() < len)
}

/// A varint at the start of `bytes`, with its length.
pub(super) fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for (at, &byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f).checked_shl(7 * at as u32).unwrap_or(0);
        if byte < 0x80 {
            return Some((value, at + 1));
        }
    }
    None
}

/// `is_open`: the bytes may be cut, because the head ends there.
fn is_request(bytes: &[u8], is_open: bool) -> bool {
    let mut check = Check::default();
    check.message(Kind::Request, bytes, is_open) && check.evidence > 0
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Request,
    ResourceBlock,
    Resource,
    ScopeBlock,
    Scope,
    Record,
    KeyValue,
    Text,
    Any,
}

#[derive(Default)]
struct Check {
    /// Things seen that random bytes do not show: readable attribute keys, well-formed records.
    evidence: u32,
}

impl Check {
    fn message(&mut self, kind: Kind, bytes: &[u8], is_open: bool) -> bool {
        match kind {
            Kind::Any => return true,
            Kind::Text => return is_text(bytes, is_open),
            Kind::Record if !is_open => return self.record(bytes),
            _ => {}
        }
        for field in Fields::new(bytes, 0) {
            match field {
                Ok(Field { number, value, .. }) => {
                    let inner_open = is_open && ends_with(bytes, value);
                    if !self.field(kind, number, value, inner_open) {
                        return false;
                    }
                }
                Err(Stop::Cut { number, rest, .. }) => {
                    return is_open && (number == 0 || self.field(kind, number, Value::Len(rest), true));
                }
                Err(Stop::Malformed { .. }) => return false,
            }
        }
        true
    }

    fn field(&mut self, kind: Kind, number: u32, value: Value<'_>, is_open: bool) -> bool {
        let inner = match (kind, number) {
            (Kind::Request, 1) => Kind::ResourceBlock,
            (Kind::ResourceBlock, 1) => Kind::Resource,
            (Kind::ResourceBlock, 2) => Kind::ScopeBlock,
            (Kind::ScopeBlock, 1) => Kind::Scope,
            (Kind::ScopeBlock, 2) => Kind::Record,
            (Kind::Resource, 1) | (Kind::Scope, 3) => Kind::KeyValue,
            (Kind::ResourceBlock | Kind::ScopeBlock, 3) | (Kind::Scope, 1 | 2) | (Kind::KeyValue, 1) => Kind::Text,
            (Kind::KeyValue, 2) | (Kind::Resource, 3) | (Kind::ResourceBlock, 1000) => Kind::Any,
            (Kind::Resource, 2) | (Kind::Scope, 4) | (Kind::KeyValue, 3) => return matches!(value, Value::Varint(_)),
            (Kind::Record, 1..=32) => return true,
            _ => return false,
        };
        let Value::Len(bytes) = value else { return false };
        let is_good = self.message(inner, bytes, is_open);
        if is_good && kind == Kind::KeyValue && number == 1 && !bytes.is_empty() {
            // Attribute keys are words; text files and padding are not.
            self.evidence += 1;
            return !bytes.iter().any(|byte| byte.is_ascii_control() || byte.is_ascii_whitespace());
        }
        is_good
    }

    fn record(&mut self, bytes: &[u8]) -> bool {
        if Fields::new(bytes, 0).any(|field| !matches!(field, Ok(Field { number: 1..=32, .. }))) {
            return false;
        }
        // Metrics look like many things; traces and logs prove themselves.
        self.evidence += u32::from(!bytes.is_empty() && signal_of(bytes) != Signal::Metrics);
        true
    }
}

fn ends_with(bytes: &[u8], value: Value<'_>) -> bool {
    matches!(value, Value::Len(inner) if inner.as_ptr_range().end == bytes.as_ptr_range().end)
}

fn is_text(bytes: &[u8], is_open: bool) -> bool {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if is_open && error.error_len().is_none() => return true,
        Err(_) => return false,
    };
    !text.chars().any(|char| char.is_control() && !char.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::framing;

    #[test]
    fn other_binary_data_is_not_taken() {
        // A pprof profile's first fields, newlines, zeros, a perfetto-like packet, a short lie about lengths.
        let cases: &[&[u8]] = &[
            &[0x0a, 0x04, 0x08, 0x01, 0x10, 0x02, 0x0a, 0x04, 0x08, 0x03, 0x10, 0x04],
            b"\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
            &[0; 64],
            &[0x0a, 0x20, 0x40, 0x01, 0x50, 0x02],
            &[0x0a, 0x02, 0x0a, 0x09, 0x0a, 0x07],
            b"",
            b"\x89PNG\r\n\x1a\n",
        ];
        for bytes in cases {
            assert_eq!(framing(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn random_bytes_are_not_taken() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..20_000 {
            let bytes: Vec<u8> = (0..48)
                .map(|at| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    // The first byte is the right one, to make it harder.
                    if at == 0 { 0x0a } else { (state >> 56) as u8 }
                })
                .collect();
            assert_eq!(framing(&bytes), None, "{bytes:?}");
        }
    }
}
