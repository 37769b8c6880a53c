//! Recognises formats by content, and says in words what unknown content resembles.

use super::{FORMATS, Format, LoadError, looks};

/// The format that reads content beginning with `head`.
///
/// # Errors
/// [`LoadError::Empty`] or [`LoadError::Unknown`], with what the content looks like.
pub fn recognise(name: &str, head: &[u8]) -> Result<&'static dyn Format, LoadError> {
    let is_other = looks::is_table(head) || begins_with_label(head);
    if let Some(&format) = FORMATS.iter().find(|format| !is_other && format.sniff(head)) {
        return Ok(format);
    }
    if without_bom(head).iter().all(u8::is_ascii_whitespace) {
        return Err(LoadError::Empty { name: name.to_owned() });
    }
    let (looks_like, remedy) = looks::describe(head);
    Err(LoadError::Unknown { name: name.to_owned(), looks_like, remedy })
}

/// `bytes` without a UTF-8 byte order mark.
#[must_use]
pub fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// True when `head` begins with a label of a logger in brackets, `[main] INFO …` or `[2026-02-01 10:00:00] …`, and not
/// with a JSON array.
#[must_use]
pub fn begins_with_label(head: &[u8]) -> bool {
    let line = without_bom(head).trim_ascii_start().split(|&byte| byte == b'\n').next().unwrap_or_default();
    let Some(inner) = line.strip_prefix(b"[") else { return false };
    let inner = inner.trim_ascii();
    // What opens a list, an object or a text is JSON, and so is a list that goes on in the next line.
    if inner.first().is_none_or(|first| matches!(first, b'{' | b'[' | b'"' | b']')) {
        return false;
    }
    let Some(end) = inner.iter().position(|byte| matches!(byte, b',' | b']')) else {
        return serde_json::from_slice::<serde_json::Value>(inner).is_err();
    };
    let is_value = serde_json::from_slice::<serde_json::Value>(inner[..end].trim_ascii()).is_ok();
    // `[42] INFO …`: something comes behind the list.
    !is_value || inner[end] == b']' && !inner[end + 1..].trim_ascii().is_empty()
}

/// True when `head` starts like a JSON object or array.
#[must_use]
pub fn is_json(head: &[u8]) -> bool {
    matches!(without_bom(head).trim_ascii_start().first(), Some(b'{' | b'['))
}

/// True when an object key of `head` lies at a path that `wanted` accepts.
///
/// Paths look like `data[].spans[].traceID`; a key of a top-level object is just its name. Works on cut
/// and damaged text. Keys are compared as written, escapes included; keys deeper than eight levels are left out.
#[must_use]
pub fn has_json_path(head: &[u8], wanted: impl Fn(&str) -> bool) -> bool {
    let mut found = false;
    walk_json_keys(head, |path| {
        found = wanted(path);
        !found
    });
    found
}

/// Calls `visit` with the path of every object key of `head`, in order, until it answers `false`.
pub(super) fn walk_json_keys(head: &[u8], mut visit: impl FnMut(&str) -> bool) {
    let text = without_bom(head);
    if !is_json(text) {
        return;
    }
    let mut walker = Walker::default();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => walker.open(byte),
            b'}' | b']' => walker.close(),
            b'"' => {
                let start = at;
                let Some(len) = string_len(&text[start..]) else { return };
                at = start + len + 1;
                let is_key = text[at..].iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':');
                if is_key && walker.key(&text[start..start + len]) && !visit(&walker.path) {
                    return;
                }
            }
            _ => {}
        }
    }
}

/// Length of a string's text up to its closing quote.
fn string_len(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// Where in a JSON text we are.
#[derive(Default)]
struct Walker {
    path: String,
    /// For each open bracket: was it `{`, and how long the path was before it.
    open: Vec<(bool, usize)>,
    /// Brackets beyond the depth that is tracked.
    beyond: usize,
}

const MAX_DEPTH: usize = 8;

impl Walker {
    fn open(&mut self, bracket: u8) {
        if self.open.len() == MAX_DEPTH {
            self.beyond += 1;
            return;
        }
        self.open.push((bracket == b'{', self.path.len()));
        if bracket == b'[' {
            self.path.push_str("[]");
        }
    }

    fn close(&mut self) {
        if self.beyond > 0 {
            self.beyond -= 1;
        } else if let Some((_, before)) = self.open.pop() {
            self.path.truncate(before);
        }
    }

    /// Replaces the innermost object's current key. False when the key lies too deep or in an array.
    fn key(&mut self, key: &[u8]) -> bool {
        let Some(&(true, before)) = self.open.last() else { return false };
        if self.beyond > 0 {
            return false;
        }
        self.path.truncate(before);
        if before > 0 {
            self.path.push('.');
        }
        self.path.push_str(&String::from_utf8_lossy(key));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        walk_json_keys(text.as_bytes(), |path| {
            all.push(path.to_owned());
            true
        });
        all
    }

    #[test]
    fn paths_name_keys_through_objects_and_arrays() {
        assert_eq!(
            paths(r#"{"data":[{"spans":[{"traceID":"a","tags":["x",{}]}],"p":{"q":1}}],"z":0}"#),
            ["data", "data[].spans", "data[].spans[].traceID", "data[].spans[].tags", "data[].p", "data[].p.q", "z"]
        );
        assert_eq!(paths("\u{feff} [[{\"a\\\"b\" : \"c:\"}]]"), [r#"[][].a\"b"#]);
        assert_eq!(paths("{\"a\":1}\n{\"b\":2}"), ["a", "b"]);
    }

    #[test]
    fn cut_and_deep_text_is_walked_as_far_as_it_goes() {
        assert_eq!(paths(r#"{"a":{"b":["#), ["a", "a.b"]);
        assert_eq!(paths(r#"{"a":"unfinished"#), ["a"]);
        assert_eq!(paths(&"[".repeat(200_000)), Vec::<String>::new());
        assert_eq!(paths("not json {\"a\":1}"), Vec::<String>::new());
    }
}
