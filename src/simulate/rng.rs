//! Random numbers that stay the same across machines and versions: SplitMix64, integers only.

/// A seeded stream of random numbers.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 random bits (Steele, Lea, Flood 2014: SplitMix64).
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number in `0..n`; 0 when `n` is 0.
    pub const fn below(&mut self, n: u64) -> u64 {
        ((self.next() as u128 * n as u128) >> 64) as u64
    }

    /// A number in `low..=high`.
    pub const fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below(high.abs_diff(low) + 1).cast_signed()
    }

    /// `mean` plus or minus up to `percent`, the middle likelier than the ends.
    pub const fn around(&mut self, mean: i64, percent: i64) -> i64 {
        let spread = mean / 100 * percent;
        mean + (self.between(-spread, spread) + self.between(-spread, spread)) / 2
    }

    /// True `percent` times out of a hundred.
    pub const fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// A span id: never zero.
    pub const fn id64(&mut self) -> u64 {
        let id = self.next();
        if id == 0 { 1 } else { id }
    }

    /// A trace id: never zero.
    pub const fn id128(&mut self) -> u128 {
        (self.id64() as u128) << 64 | self.next() as u128
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_splitmix64() {
        // Reference output for seed 1234567, from the public-domain C version by Sebastiano Vigna.
        let mut rng = Rng::new(1_234_567);
        let expected = [
            6_457_827_717_110_365_317_u64,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!(std::array::from_fn(|_| rng.next()), expected);
    }

    #[test]
    fn ranges_hold_their_ends() {
        let mut rng = Rng::new(1);
        let drawn: Vec<i64> = (0..1000).map(|_| rng.between(-2, 2)).collect();
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&-2), Some(&2)));
        assert!((0..1000).all(|_| (90..=110).contains(&rng.around(100, 10))));
        assert_eq!(rng.below(0), 0);
    }
}
