//! How much a compressed input may grow.

use crate::load::Options;

/// Guards against files that inflate without end.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Limits {
    /// Read compressed inputs up to this size, e.g. 64G, whatever they were compressed from
    /// [default: 16G, and not more than 500 times the stored size]
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    max_inflated: Option<u64>,
}

impl Limits {
    /// What the loader shall respect. Whoever names a size trusts the file, so the ratio no longer counts.
    #[must_use]
    pub fn options(self) -> Options {
        self.max_inflated.map_or_else(Options::default, |max_inflated| Options { max_inflated, max_ratio: 0 })
    }
}

/// A number of bytes, or of K, M, G, T (powers of 1024).
fn parse_size(text: &str) -> Result<u64, String> {
    let (digits, shift) = match text.char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 10),
        Some((at, 'm' | 'M')) => (&text[..at], 20),
        Some((at, 'g' | 'G')) => (&text[..at], 30),
        Some((at, 't' | 'T')) => (&text[..at], 40),
        _ => (text, 0),
    };
    let number: u64 = digits.parse().map_err(|_| "a size is a number of bytes, or like 512M or 64G".to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "that is more than 2^64 bytes".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_bytes_or_powers_of_1024() {
        for (text, bytes) in [("0", Some(0)), ("512", Some(512)), ("2k", Some(2_048)), ("64G", Some(64 << 30))] {
            assert_eq!(parse_size(text).ok(), bytes, "{text}");
        }
        for text in ["", "G", "-1", "1.5G", "64GB", "99999999T", "é"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
