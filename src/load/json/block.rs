//! Finding the bytes that matter in JSON, 16 at a time.

use wide::u8x16;

/// Bytes looked at in one step.
const LANES: usize = 16;

fn lanes(bytes: &[u8], at: usize) -> Option<u8x16> {
    let chunk: &[u8; LANES] = bytes.get(at..)?.first_chunk()?;
    Some(u8x16::new(*chunk))
}

fn equal(lanes: u8x16, byte: u8) -> u8x16 {
    lanes.simd_eq(u8x16::splat(byte))
}

/// Position of the first `"` or `\` at or after `at`.
#[inline]
pub(super) fn find_string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    while let Some(lanes) = lanes(bytes, at) {
        let mask = (equal(lanes, b'"') | equal(lanes, b'\\')).to_bitmask();
        if mask != 0 {
            return Some(at + mask.trailing_zeros() as usize);
        }
        at += LANES;
    }
    let rest = bytes.get(at..)?;
    rest.iter().position(|&byte| byte == b'"' || byte == b'\\').map(|found| at + found)
}

/// Position of the first `"`, `[`, `]`, `{` or `}` at or after `at`.
#[inline]
pub(super) fn find_structure(bytes: &[u8], mut at: usize) -> Option<usize> {
    while let Some(lanes) = lanes(bytes, at) {
        // Setting bit 5 makes `[` the same as `{`, and `]` the same as `}`; no other byte becomes one.
        let folded = lanes | u8x16::splat(0x20);
        let mask = (equal(lanes, b'"') | equal(folded, b'{') | equal(folded, b'}')).to_bitmask();
        if mask != 0 {
            return Some(at + mask.trailing_zeros() as usize);
        }
        at += LANES;
    }
    let rest = bytes.get(at..)?;
    rest.iter().position(|byte| matches!(byte, b'"' | b'[' | b']' | b'{' | b'}')).map(|found| at + found)
}

/// What is where in 64 bytes: one bit per byte, the lowest for the first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Masks {
    pub(super) quote: u64,
    pub(super) backslash: u64,
    /// `[` and `{`.
    pub(super) open: u64,
    /// `]` and `}`.
    pub(super) close: u64,
}

/// Bytes that [`masks`] looks at.
pub(super) const BLOCK: usize = 64;

/// The masks of one block.
#[inline]
pub(super) fn masks(block: &[u8; BLOCK]) -> Masks {
    let mut masks = Masks::default();
    for (part, chunk) in block.as_chunks::<LANES>().0.iter().enumerate() {
        let lanes = u8x16::new(*chunk);
        let folded = lanes | u8x16::splat(0x20);
        let shift = part * LANES;
        masks.quote |= u64::from(equal(lanes, b'"').to_bitmask()) << shift;
        masks.backslash |= u64::from(equal(lanes, b'\\').to_bitmask()) << shift;
        masks.open |= u64::from(equal(folded, b'{').to_bitmask()) << shift;
        masks.close |= u64::from(equal(folded, b'}').to_bitmask()) << shift;
    }
    masks
}

/// Where the newlines of a block are.
#[inline]
pub(super) fn newlines(block: &[u8; BLOCK]) -> u64 {
    let parts = block.as_chunks::<LANES>().0.iter().enumerate();
    parts.fold(0, |found, (part, chunk)| {
        found | u64::from(equal(u8x16::new(*chunk), b'\n').to_bitmask()) << (part * LANES)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searches_agree_with_a_byte_by_byte_search() {
        let text: Vec<u8> = (0..=255_u8).chain(*b"plain text without any of them, 40 bytes long").collect();
        for start in 0..text.len() {
            let naive = |wanted: &[u8]| text[start..].iter().position(|b| wanted.contains(b)).map(|at| at + start);
            assert_eq!(find_string_end(&text, start), naive(b"\"\\"), "from {start}");
            assert_eq!(find_structure(&text, start), naive(b"\"[]{}"), "from {start}");
        }
        assert_eq!(find_string_end(b"", 3), None);
    }

    #[test]
    fn masks_mark_every_byte_of_interest() {
        for base in [0_u8, 64, 128, 192] {
            let block: [u8; BLOCK] = std::array::from_fn(|at| base + at as u8);
            let found = masks(&block);
            for (at, byte) in block.into_iter().enumerate() {
                assert_eq!(found.quote >> at & 1 == 1, byte == b'"');
                assert_eq!(found.backslash >> at & 1 == 1, byte == b'\\');
                assert_eq!(found.open >> at & 1 == 1, b"[{".contains(&byte), "{byte}");
                assert_eq!(found.close >> at & 1 == 1, b"]}".contains(&byte), "{byte}");
                assert_eq!(newlines(&block) >> at & 1 == 1, byte == b'\n');
            }
        }
    }
}
