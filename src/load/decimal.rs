//! Decimal numbers as exact integers of a smaller unit: no float ever comes near a time.

/// The value of the JSON number `text` times ten to the power of `shift`, rounded to the nearest integer
/// (halves away from zero). `None` when it is no number, or does not fit.
///
/// `scaled("1700000000000000.123", 3)` is microseconds to nanoseconds.
pub(super) fn scaled(text: &str, shift: i32) -> Option<i128> {
    let (negative, rest) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    // Most times are plain integers.
    if let Some(int) = plain_int(rest) {
        let value = int.checked_mul(10_i128.checked_pow(u32::try_from(shift).ok()?)?)?;
        return Some(if negative { -value } else { value });
    }
    let (mantissa, exponent) = match rest.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(at) => (&rest[..at], std::str::from_utf8(&rest[at + 1..]).ok()?.parse::<i32>().ok()?),
        None => (rest, 0),
    };
    let point = mantissa.iter().position(|&byte| byte == b'.').unwrap_or(mantissa.len());
    let fraction = mantissa.get(point + 1..).unwrap_or_default();
    let digits = mantissa[..point].iter().chain(fraction);
    if mantissa.len() - usize::from(point < mantissa.len()) == 0 {
        return None;
    }
    // How many of the digits belong to the integer part of the result.
    let kept = i64::try_from(point).ok()? + i64::from(exponent) + i64::from(shift);
    let value = take_digits(digits, kept)?;
    Some(if negative { -value } else { value })
}

fn plain_int(digits: &[u8]) -> Option<i128> {
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut value = 0_i64;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(i128::from(value))
}

/// The first `kept` digits as a number, rounded by the next one; zeros are added when there are fewer.
fn take_digits<'a>(digits: impl Iterator<Item = &'a u8>, kept: i64) -> Option<i128> {
    let mut value: i128 = 0;
    let mut at = 0_i64;
    let mut round_up = false;
    for &byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        if at < kept {
            value = value.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
        } else if at == kept {
            round_up = byte >= b'5';
        }
        at += 1;
    }
    if value != 0 {
        while at < kept {
            value = value.checked_mul(10)?;
            at += 1;
        }
    }
    value.checked_add(i128::from(round_up))
}

#[cfg(test)]
mod tests {
    use super::scaled;

    #[test]
    fn microseconds_become_exact_nanoseconds() {
        for (text, ns) in [
            ("0", Some(0)),
            ("1544712660300600", Some(1_544_712_660_300_600_000)),
            ("1544712660300600.123", Some(1_544_712_660_300_600_123)),
            ("9007199254740993.001", Some(9_007_199_254_740_993_001)),
            ("-1.5", Some(-1500)),
            ("0.0004", Some(0)),
            ("0.0005", Some(1)),
            ("-0.0005", Some(-1)),
            (".5", Some(500)),
            ("5.", Some(5000)),
            ("1.5e3", Some(1_500_000)),
            ("15E-1", Some(1500)),
            ("1e-9", Some(0)),
            ("1.7e15", Some(1_700_000_000_000_000_000)),
            ("0e999999999", Some(0)),
            ("1e999999999", None),
            ("99999999999999999999", Some(99_999_999_999_999_999_999_000)),
            ("", None),
            (".", None),
            ("-", None),
            ("1x", None),
            ("NaN", None),
            ("1e", None),
        ] {
            assert_eq!(scaled(text, 3), ns, "{text}");
        }
    }
}
