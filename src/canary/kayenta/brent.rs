//! The root finder of R's `zeroin`, step for step: its tolerance is coarse, and shows in the digits of an interval.

/// The most steps.
const STEPS: usize = 1000;
/// The tolerance, absolute.
const TOLERANCE: f64 = 1e-4;

/// A point and the function there.
#[derive(Debug, Clone, Copy)]
struct Point {
    x: f64,
    f: f64,
}

/// Where `function` crosses zero between `low` and `high`. `None` where it has no value.
pub fn root(low: f64, high: f64, function: impl Fn(f64) -> Option<f64>) -> Option<f64> {
    let at = |x: f64| Some(Point { x, f: function(x)? });
    let (mut a, mut b) = (at(low)?, at(high)?);
    if is_zero(a.f) {
        return Some(a.x);
    }
    if is_zero(b.f) {
        return Some(b.x);
    }
    let mut c = a;
    for _ in 0..STEPS {
        let previous = b.x - a.x;
        if c.f.abs() < b.f.abs() {
            (a, b, c) = (b, c, b);
        }
        let tolerance = 2.0 * f64::EPSILON * b.x.abs() + TOLERANCE / 2.0;
        let half = (c.x - b.x) / 2.0;
        if half.abs() <= tolerance || b.f == 0.0 {
            return Some(b.x);
        }
        let step = interpolated(a, b, c, previous, tolerance).unwrap_or(half);
        let step = if step.abs() < tolerance { tolerance.copysign(step) } else { step };
        a = b;
        b = at(b.x + step)?;
        if (b.f > 0.0) == (c.f > 0.0) && (b.f < 0.0) == (c.f < 0.0) {
            c = a;
        }
    }
    Some(b.x)
}

/// A step by the secant or the inverse parabola, where the last one was long enough to trust it.
fn interpolated(a: Point, b: Point, c: Point, previous: f64, tolerance: f64) -> Option<f64> {
    if previous.abs() < tolerance || a.f.abs() <= b.f.abs() {
        return None;
    }
    let across = c.x - b.x;
    let (p, q) = if a.x == c.x {
        let t = b.f / a.f;
        (across * t, 1.0 - t)
    } else {
        let (q, t1, t2) = (a.f / c.f, b.f / c.f, b.f / a.f);
        (t2 * (across * q * (q - t1) - (b.x - a.x) * (t1 - 1.0)), (q - 1.0) * (t1 - 1.0) * (t2 - 1.0))
    };
    let (p, q) = if p > 0.0 { (p, -q) } else { (-p, q) };
    let is_inside = p < 0.75 * across * q - (tolerance * q).abs() / 2.0 && p < (previous * q / 2.0).abs();
    is_inside.then(|| p / q)
}

/// Zero, or a neighbour of it.
fn is_zero(value: f64) -> bool {
    value.abs() <= f64::from_bits(1)
}
