//! Numbers as their text, so that integers stay exact.

/// A number as the file spelled it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Number<'a>(pub &'a str);

/// The largest integer up to which a double holds every integer: 2^53.
const EXACT_IN_DOUBLE: i128 = 1 << 53;

impl Number<'_> {
    /// The exact integer, unless there is a fraction. `5.0` and `1e3` are integers.
    #[must_use]
    pub fn as_int(self) -> Option<i128> {
        if let Some(int) = parse_int(self.0.as_bytes()) {
            return Some(int);
        }
        let double = self.as_f64()?;
        #[expect(clippy::cast_possible_truncation, reason = "checked: integral and within range")]
        (double.fract() == 0.0 && double.abs() < 1e30).then_some(double as i128)
    }

    /// The number as a double; also `NaN` and the infinities.
    #[must_use]
    pub fn as_f64(self) -> Option<f64> {
        self.0.parse().ok()
    }

    /// True when a reader that keeps JSON numbers in doubles may have rounded it: it exceeds 2^53.
    #[must_use]
    pub fn may_be_rounded(self) -> bool {
        self.as_int().is_none_or(|int| int.abs() > EXACT_IN_DOUBLE)
    }
}

/// A decimal integer with an optional sign: up to 38 digits.
#[must_use]
pub fn parse_int(text: &[u8]) -> Option<i128> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > 38 {
        return None;
    }
    // Up to 19 digits fit into 64 bits, which is much faster.
    let (high, low) = digits.split_at(digits.len().saturating_sub(19));
    let mut value = i128::from(digits_of(low)?);
    if !high.is_empty() {
        value += i128::from(digits_of(high)?) * 10_000_000_000_000_000_000;
    }
    Some(if negative { -value } else { value })
}

/// A decimal integer of at most 18 digits with an optional minus sign; `None` for anything else.
#[must_use]
#[inline]
pub fn parse_short_int(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let value = i64::try_from(digits_of(digits)?).ok()?;
    Some(if negative { -value } else { value })
}

/// The plain number that `text` begins with: at most 19 digits, perhaps after a minus sign, perhaps with a point.
/// Returns the digits as an integer with that sign, how many of them stand after the point, and the bytes it takes.
pub(super) fn plain_decimal(text: &[u8]) -> Option<(i128, usize, usize)> {
    let negative = text.first() == Some(&b'-');
    let mut value = 0_u64;
    let mut digits = 0;
    let mut point = None;
    let mut at = usize::from(negative);
    loop {
        let byte = text.get(at).copied().unwrap_or(b' ');
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
            digits += 1;
        } else if byte == b'.' && point.is_none() {
            point = Some(digits);
        } else if matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'I' | b'N') {
            return None;
        } else {
            break;
        }
        at += 1;
    }
    // 19 digits always fit into 64 bits.
    if digits == 0 || digits > 19 {
        return None;
    }
    let value = i128::from(value);
    Some((if negative { -value } else { value }, digits - point.unwrap_or(digits), at))
}

#[inline]
fn digits_of(digits: &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for &digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_exact_and_fractions_are_not_integers() {
        for (text, int) in [
            ("0", Some(0)),
            ("-7", Some(-7)),
            ("9007199254740993", Some(9_007_199_254_740_993)),
            ("18446744073709551616", Some(18_446_744_073_709_551_616)),
            ("99999999999999999999999999999999999999", Some(99_999_999_999_999_999_999_999_999_999_999_999_999)),
            ("5.0", Some(5)),
            ("1e3", Some(1000)),
            ("1.5", None),
            ("NaN", None),
            ("", None),
            ("-", None),
        ] {
            assert_eq!(Number(text).as_int(), int, "{text}");
            if let Some(short) = parse_short_int(text.as_bytes()) {
                assert_eq!(Some(i128::from(short)), int, "{text}");
            }
        }
    }

    #[test]
    fn short_integers_have_at_most_18_digits() {
        assert_eq!(parse_short_int(b"-999999999999999999"), Some(-999_999_999_999_999_999));
        for text in ["1000000000000000000", "", "-", "1.0", "+1", " 1"] {
            assert_eq!(parse_short_int(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn plain_decimals_are_exact_and_everything_else_is_left_alone() {
        for (text, plain) in [
            ("0,", Some((0, 0, 1))),
            ("-1.50}", Some((-150, 2, 5))),
            ("9999999999999999.999", Some((9_999_999_999_999_999_999, 3, 20))),
            (".5 ", Some((5, 1, 2))),
            ("5.]", Some((5, 0, 2))),
            ("00012345678901234567", None),
            ("1e3", None),
            ("1.2.3", None),
            ("1-2", None),
            ("+1", None),
            ("-", None),
            ("-Infinity", None),
            ("NaN", None),
            ("", None),
        ] {
            assert_eq!(plain_decimal(text.as_bytes()), plain, "{text}");
        }
    }

    #[test]
    fn numbers_past_2_to_53_may_be_rounded() {
        assert!(!Number("9007199254740992").may_be_rounded());
        assert!(Number("9007199254740993").may_be_rounded());
        assert!(Number("1.7e18").may_be_rounded());
    }
}
