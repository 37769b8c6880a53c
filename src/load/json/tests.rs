//! The scanner on good, odd and hostile text.

use super::*;
use crate::model::Code;

/// Walks a whole value through the typed interface and writes it again, compact.
fn rewrite(json: &mut Scanner<'_>, out: &mut String) -> Result<(), Fault> {
    match json.peek() {
        Token::Object => {
            json.begin_object()?;
            out.push('{');
            while let Some(key) = json.next_key()? {
                if !out.ends_with('{') {
                    out.push(',');
                }
                push_quoted(out, std::str::from_utf8(&key).unwrap());
                out.push(':');
                rewrite(json, out)?;
            }
            out.push('}');
        }
        Token::Array => {
            json.begin_array()?;
            out.push('[');
            let mut first = true;
            while json.next_element()? {
                if !std::mem::take(&mut first) {
                    out.push(',');
                }
                rewrite(json, out)?;
            }
            out.push(']');
        }
        Token::String => push_quoted(out, &json.string()?),
        Token::Number => out.push_str(json.number()?.0),
        Token::Bool => out.push_str(if json.bool()? { "true" } else { "false" }),
        Token::Null => {
            json.null()?;
            out.push_str("null");
        }
        _ => return Err(json.fault("a value")),
    }
    Ok(())
}

fn rewritten(text: &str) -> Result<String, Fault> {
    let mut out = String::new();
    rewrite(&mut Scanner::new(text.as_bytes(), 0), &mut out).map(|()| out)
}

#[test]
fn agrees_with_serde_json_on_good_text() {
    for text in [
        r#"{"a":[1,-2.5e3,true,false,null,{}],"b":{"c":"d\n\u00e9\ud83d\ude00 é"},"":[[],[[]]]}"#,
        "  [ 1 ,\r\n\t2 ] ",
        r#""a string longer than sixteen bytes, with \" and \\ inside of it""#,
    ] {
        let ours: serde_json::Value = serde_json::from_str(&rewritten(text).unwrap()).unwrap();
        assert_eq!(ours, serde_json::from_str::<serde_json::Value>(text).unwrap());
    }
}

#[test]
fn tolerates_commas_and_words_that_are_not_json() {
    assert_eq!(rewritten("[1,,2,]").unwrap(), "[1,2]");
    assert_eq!(rewritten(r#"{"a":1 "b":2,}"#).unwrap(), r#"{"a":1,"b":2}"#);
    assert_eq!(rewritten("[NaN,-Infinity,Infinity]").unwrap(), "[NaN,-Infinity,Infinity]");
    assert_eq!(rewritten("\"raw\ttab\"").unwrap(), r#""raw\ttab""#);
}

#[test]
fn a_cut_at_any_byte_is_a_truncation_and_never_a_panic() {
    let text = r#"{"a":[1,true,null,"x\u00e9y\\"],"bb":{"c":-1.5e3}}"#;
    for cut in 0..text.len() {
        let fault = rewritten(&text[..cut]).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Truncated, "cut at {cut}: {fault:?}");
        let mut json = Scanner::new(&text.as_bytes()[..cut], 0);
        assert_eq!(json.skip_value().unwrap_err().kind, FaultKind::Truncated, "skipping, cut at {cut}");
    }
}

#[test]
fn skipping_ends_where_reading_ends() {
    for text in [r#"{"a":["]}",{"b":"\"}"}]}tail"#, "[[[]]]tail", r#""s\\"tail"#, "-1.5e3 tail", "nulltail"] {
        let mut read = Scanner::new(text.as_bytes(), 0);
        rewrite(&mut read, &mut String::new()).unwrap();
        let mut skipped = Scanner::new(text.as_bytes(), 0);
        skipped.skip_value().unwrap();
        assert_eq!(skipped.offset(), read.offset(), "{text}");
    }
}

#[test]
fn nesting_has_a_limit_where_it_is_read_and_none_where_it_is_skipped() {
    let deep = "[".repeat(200_000);
    assert_eq!(rewritten(&deep).unwrap_err().kind, FaultKind::TooDeep);
    let closed = deep.clone() + &"]".repeat(200_000);
    let mut json = Scanner::new(closed.as_bytes(), 0);
    json.skip_value().unwrap();
    assert_eq!(json.peek(), Token::End);
    assert_eq!(Scanner::new(deep.as_bytes(), 0).skip_value().unwrap_err().kind, FaultKind::Truncated);
}

#[test]
fn fields_of_a_wrong_type_are_skipped_and_counted_with_their_offset() {
    let text = br#"{"a":[{"x":1}],"b":7,"c":"9","d":null,"e":"x","f":4294967296}"#;
    let mut json = Scanner::new(text, 1000);
    json.begin_object().unwrap();
    let mut seen = Vec::new();
    while let Some(key) = json.next_key().unwrap() {
        seen.push(match &*key {
            b"a" | b"d" => json.field_text().unwrap().map(|_| 0),
            b"f" => json.field_u32().unwrap().map(i128::from),
            _ => json.field_int().unwrap(),
        });
    }
    assert_eq!(seen, [None, Some(7), Some(9), None, None, None]);
    assert_eq!(json.diagnostics.count(Code::BadField), 3);
    let offsets: Vec<u64> = json.diagnostics.entries()[0].1.places.iter().map(|place| place.offset).collect();
    let at = |what: &str| 1000 + std::str::from_utf8(text).unwrap().find(what).unwrap() as u64;
    assert_eq!(offsets, [at("[{"), at("\"x\","), at("4294967296")]);
}

#[test]
fn bad_utf8_is_replaced_and_counted_and_good_strings_beside_it_stay() {
    let mut json = Scanner::new(b"[\"a\xffb\",\"good \xc3\xa9\"]", 0);
    json.begin_array().unwrap();
    assert!(json.next_element().unwrap());
    assert_eq!(json.string().unwrap(), "a\u{fffd}b");
    assert!(json.next_element().unwrap());
    assert_eq!(json.string().unwrap(), "good é");
    assert_eq!(json.diagnostics.count(Code::BadUtf8), 1);
}

#[test]
fn recovery_skips_the_whole_broken_value() {
    let mut json = Scanner::new(br#"[{"a" 1, "b":"]}"},{"a":2}]"#, 0);
    json.begin_array().unwrap();
    assert!(json.next_element().unwrap());
    let mark = json.mark();
    json.begin_object().unwrap();
    assert_eq!(json.next_key().unwrap_err().kind, FaultKind::Malformed);
    json.recover(mark).unwrap();
    assert!(json.next_element().unwrap());
    let mut rest = String::new();
    rewrite(&mut json, &mut rest).unwrap();
    assert_eq!(rest, r#"{"a":2}"#);
    assert!(!json.next_element().unwrap());
}
