//! Ids as files spell them: hex of either case, base64, or free text.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// What an id turned out to be; `N` is its size in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Id<N> {
    /// Absent, empty or all zeros.
    None,
    /// Its bytes as a big-endian number, never zero.
    Bytes(N),
    /// Neither hex nor base64 of the right size: to be kept as text.
    Odd,
}

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// A span id: 16 hex digits, or 8 bytes in base64.
#[must_use]
pub fn span_id(text: &[u8]) -> Id<u64> {
    let bits = match text.len() {
        0 => return Id::None,
        16 => hex(text),
        11 | 12 => base64_number(text, 8).and_then(|bits| u64::try_from(bits).ok()),
        _ => return odd_unless_zero(text),
    };
    match bits {
        Some(0) => Id::None,
        Some(bits) => Id::Bytes(bits),
        None => Id::Odd,
    }
}

/// A trace id: 32 hex digits, 16 hex digits (padded left), or 16 or 8 bytes in base64.
#[must_use]
pub fn trace_id(text: &[u8]) -> Id<u128> {
    let bits = match text.len() {
        0 => return Id::None,
        32 => {
            let (high, low) = text.split_at(16);
            hex(high).zip(hex(low)).map(|(high, low)| u128::from(high) << 64 | u128::from(low))
        }
        16 => hex(text).map(u128::from),
        22 | 24 => base64_number(text, 16),
        11 | 12 => base64_number(text, 8),
        _ => return odd_unless_zero(text),
    };
    match bits {
        Some(0) => Id::None,
        Some(bits) => Id::Bytes(bits),
        None => Id::Odd,
    }
}

fn odd_unless_zero<N>(text: &[u8]) -> Id<N> {
    if text.iter().all(|&byte| byte == b'0') { Id::None } else { Id::Odd }
}

const NOT_HEX: u8 = 0xff;
/// The value of every hex digit.
static HEX: [u8; 256] = hex_table();

const fn hex_table() -> [u8; 256] {
    let mut table = [NOT_HEX; 256];
    let mut digit = 0_u8;
    while digit < 16 {
        let byte = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
        table[byte as usize] = digit;
        table[byte.to_ascii_uppercase() as usize] = digit;
        digit += 1;
    }
    table
}

/// Up to 16 hex digits.
fn hex(text: &[u8]) -> Option<u64> {
    let mut bits = 0;
    let mut bad = 0;
    for &byte in text {
        let digit = HEX[usize::from(byte)];
        bad |= digit;
        bits = bits << 4 | u64::from(digit & 15);
    }
    (bad < 16).then_some(bits)
}

fn base64_number(text: &[u8], len: usize) -> Option<u128> {
    let bytes = STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()?;
    (bytes.len() == len).then(|| bytes.iter().fold(0, |bits, &byte| bits << 8 | u128::from(byte)))
}

/// Base64 of either alphabet as standard base64 with padding; `None` when it is neither.
#[must_use]
pub fn standard_base64(text: &str) -> Option<String> {
    let bytes = STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()?;
    Some(base64::engine::general_purpose::STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn span_ids_in_every_spelling() {
        for (text, id) in [
            ("", Id::None),
            ("0000000000000000", Id::None),
            ("00", Id::None),
            ("AAAAAAAAAAA=", Id::None),
            ("EEE19B7EC3C1B174", Id::Bytes(0xeee1_9b7e_c3c1_b174)),
            ("eee19b7ec3c1b174", Id::Bytes(0xeee1_9b7e_c3c1_b174)),
            ("ziprJqtLsl8=", Id::Bytes(0xce2a_6b26_ab4b_b25f)),
            ("ziprJqtLsl8", Id::Bytes(0xce2a_6b26_ab4b_b25f)),
            ("zzzzzzzzzzzzzzzz", Id::Odd),
            ("span-1", Id::Odd),
        ] {
            assert_eq!(span_id(text.as_bytes()), id, "{text}");
        }
    }

    #[test]
    fn trace_ids_in_every_spelling() {
        let id = Id::Bytes(0xb47d_761f_e79b_e88a_ee41_342c_ddd2_7268);
        for text in ["tH12H+eb6IruQTQs3VJyaA==", "tH12H-eb6IruQTQs3VJyaA", "B47D761FE79BE88AEE41342CDDD27268"] {
            let expected =
                if text.starts_with('t') { Id::Bytes(0xb47d_761f_e79b_e88a_ee41_342c_dd52_7268) } else { id };
            assert_eq!(trace_id(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(trace_id(b"00000000000000000000000000000000"), Id::None);
        assert_eq!(trace_id(b"eee19b7ec3c1b174"), Id::Bytes(0xeee1_9b7e_c3c1_b174));
        assert_eq!(trace_id(b"not an id"), Id::Odd);
    }

    #[test]
    fn base64_becomes_standard() {
        assert_eq!(standard_base64("-_8").as_deref(), Some("+/8="));
        assert_eq!(standard_base64("a b").as_deref(), None);
    }
}
