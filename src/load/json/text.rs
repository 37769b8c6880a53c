//! String contents: escapes, surrogates, bytes that are not UTF-8.

use memchr::memchr;

/// The text of a JSON string's raw bytes (between the quotes), with escapes resolved.
///
/// Lone surrogates and unknown escapes become U+FFFD; bytes that are not UTF-8 too, and then the flag is true.
pub(super) fn unescape(raw: &[u8]) -> (String, bool) {
    let mut out = String::with_capacity(raw.len());
    let mut replaced = false;
    let mut rest = raw;
    while let Some(at) = memchr(b'\\', rest) {
        replaced |= push_lossy(&mut out, &rest[..at]);
        rest = push_escape(&mut out, &rest[at + 1..]);
    }
    replaced |= push_lossy(&mut out, rest);
    (out, replaced)
}

/// Appends `bytes`, replacing what is not UTF-8; true if something was replaced.
fn push_lossy(out: &mut String, bytes: &[u8]) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            out.push_str(text);
            false
        }
        Err(_) => {
            out.push_str(&String::from_utf8_lossy(bytes));
            true
        }
    }
}

/// Appends the escape whose text after the backslash starts `rest`; returns what follows it.
fn push_escape<'a>(out: &mut String, rest: &'a [u8]) -> &'a [u8] {
    let Some((&first, after)) = rest.split_first() else { return rest };
    let plain = match first {
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'"' | b'\\' | b'/' => char::from(first),
        b'u' => return push_unicode(out, after),
        // Not an escape that JSON knows. The byte itself may begin a longer character: leave it alone.
        _ => {
            out.push(char::REPLACEMENT_CHARACTER);
            return rest;
        }
    };
    out.push(plain);
    after
}

/// Appends the character of `XXXX` or of a surrogate pair `XXXX\uXXXX` at the start of `rest`.
fn push_unicode<'a>(out: &mut String, rest: &'a [u8]) -> &'a [u8] {
    let Some((unit, after)) = hex4(rest) else {
        out.push(char::REPLACEMENT_CHARACTER);
        return rest;
    };
    if (0xd800..0xdc00).contains(&unit)
        && let Some((low, after)) = after.strip_prefix(b"\\u").and_then(hex4)
        && (0xdc00..0xe000).contains(&low)
    {
        let scalar = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        out.push(char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER));
        return after;
    }
    out.push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
    after
}

fn hex4(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = bytes.split_at_checked(4)?;
    let mut value = 0;
    for &digit in digits {
        value = value * 16 + char::from(digit).to_digit(16)?;
    }
    Some((value, rest))
}

/// Appends `text` to `out` as a JSON string, quotes included.
pub(crate) fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&text[plain_from..at]);
        plain_from = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.push_str("\\u00");
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
    out.push_str(&text[plain_from..]);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_resolved_and_broken_ones_replaced() {
        for (raw, text) in [
            (r"a\nb\t\r\b\f\/\\\u0041", "a\nb\t\r\u{8}\u{c}/\\A"),
            (r"\ud83d\ude00!", "😀!"),
            (r"\ud83d", "\u{fffd}"),
            (r"\ud83dx", "\u{fffd}x"),
            (r"\ud83d\u0041", "\u{fffd}A"),
            (r"\ude00", "\u{fffd}"),
            (r"\u00", "\u{fffd}00"),
            (r"\é", "\u{fffd}é"),
        ] {
            assert_eq!(unescape(raw.as_bytes()), (text.to_owned(), false), "{raw}");
        }
        assert_eq!(unescape(b"a\xffb\\n"), ("a\u{fffd}b\n".to_owned(), true));
    }

    #[test]
    fn quoting_agrees_with_serde_json() {
        for text in ["", "plain", "q\"b\\s/\n\r\t\u{1}\u{1f}\u{7f}é😀"] {
            let mut out = String::new();
            push_quoted(&mut out, text);
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}
