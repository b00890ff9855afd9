//! The Mann-Whitney test as R inverts it: an interval for the shift between two samples, from the normal
//! approximation with correction for ties and continuity.

use super::brent;

/// By how much the canary's values are shifted from the baseline's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// The lower end of the interval.
    pub lower: f64,
    /// Its upper end.
    pub upper: f64,
    /// The estimate.
    pub estimate: f64,
}

/// The shift of `x` from `y` at a confidence. `None` where all observations are tied, so that nothing can be said.
pub fn shift(x: &[f64], y: &[f64], confidence: f64) -> Option<Shift> {
    let (low, high) = (least(x) - greatest(y), greatest(x) - least(y));
    let end = |quantile: f64| {
        let f = |mu| statistic(x, y, mu, quantile);
        match (f(low)?, f(high)?) {
            (at_low, _) if at_low <= 0.0 => Some(low),
            (_, at_high) if at_high >= 0.0 => Some(high),
            _ => brent::root(low, high, f),
        }
    };
    let z = normal_quantile((1.0 - confidence) / 2.0);
    let estimate = brent::root(low, high, |mu| statistic(x, y, mu, 0.0))?;
    Some(Shift { lower: end(-z)?, upper: end(z)?, estimate })
}

/// The standardised rank sum of `x - mu` among both samples, less a quantile.
pub fn statistic(x: &[f64], y: &[f64], mu: f64, quantile: f64) -> Option<f64> {
    let (m, n) = (x.len() as f64, y.len() as f64);
    let shifted: Vec<f64> = x.iter().map(|value| value - mu).collect();
    let Ranks { sum, ties } = ranks(&shifted, y);
    let excess = sum - m * (m + 1.0) / 2.0 - m * n / 2.0;
    let correction = if excess == 0.0 { 0.0 } else { 0.5_f64.copysign(excess) };
    let variance = m * n / 12.0 * ((m + n + 1.0) - ties / ((m + n) * (m + n - 1.0)));
    (variance > 0.0).then(|| (excess - correction) / variance.sqrt() - quantile)
}

/// Average ranks of the first sample among both.
pub struct Ranks {
    /// Their sum.
    pub sum: f64,
    /// `sum(t^3 - t)` over all groups of tied values.
    pub ties: f64,
}

/// Ranks both samples together; tied values share the mean of their ranks.
pub fn ranks(x: &[f64], y: &[f64]) -> Ranks {
    let mut all: Vec<(f64, bool)> =
        x.iter().map(|&value| (value, true)).chain(y.iter().map(|&value| (value, false))).collect();
    all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut before = 0.0;
    let mut ranks = Ranks { sum: 0.0, ties: 0.0 };
    for tied in all.chunk_by(|a, b| a.0 == b.0) {
        let count = tied.len() as f64;
        let mine = tied.iter().filter(|(_, first)| *first).count() as f64;
        ranks.sum += mine * (before + f64::midpoint(1.0, count));
        ranks.ties += count.powi(3) - count;
        before += count;
    }
    ranks
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn greatest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// The quantile of the standard normal distribution, for chances below one half: Wichura, AS 241 (1988), `PPND16`.
pub fn normal_quantile(chance: f64) -> f64 {
    let centred = chance - 0.5;
    if centred.abs() <= 0.425 {
        let r = 0.180_625 - centred * centred;
        return centred * ratio(r, &CENTRE);
    }
    let r = (-chance.min(1.0 - chance).ln()).sqrt();
    let tail = if r <= 5.0 { ratio(r - 1.6, &TAIL) } else { ratio(r - 5.0, &FAR_TAIL) };
    tail.copysign(centred)
}

/// Numerator and denominator of a rational function, the lowest power first.
type Rational = ([f64; 8], [f64; 8]);

fn ratio(x: f64, (above, below): &Rational) -> f64 {
    let polynomial = |coefficients: &[f64; 8]| coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c);
    polynomial(above) / polynomial(below)
}

const CENTRE: Rational = (
    [
        3.387_132_872_796_366_5,
        133.141_667_891_784_38,
        1_971.590_950_306_551_3,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ],
    [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_854,
    ],
);
const TAIL: Rational = (
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        7.745_450_142_783_414e-4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ],
);
const FAR_TAIL: Rational = (
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_87,
        0.026_532_189_526_576_124,
        0.001_242_660_947_388_078_4,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        0.599_832_206_555_887_9,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
);
