//! Series from plain numbers.

use super::super::counters::Range;
use super::super::prometheus::Series;

/// One series with the one number of the moment. Several are an error: a sum that nobody asked for may count twice.
///
/// # Errors
/// When there is more than one number.
pub fn of_moment(values: &[Option<f64>], range: Range) -> Result<Vec<Series>, String> {
    match values {
        [] => Ok(Vec::new()),
        [value] => Ok(vec![of_points(value.iter().map(|value| (range.end(), *value)).collect())]),
        many => Err(format!("{} numbers where one is wanted", many.len())),
    }
}

/// One series of times in seconds and numbers, brought into the order of time. A null is a gap.
///
/// # Errors
/// When there are not as many of both.
pub fn of_rows(times: &[f64], values: &[Option<f64>]) -> Result<Vec<Series>, String> {
    if times.len() != values.len() {
        return Err(format!("{} times and {} numbers", times.len(), values.len()));
    }
    let mut points: Vec<(f64, f64)> =
        times.iter().zip(values).filter_map(|(at, value)| Some((*at, (*value)?))).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(vec![of_points(points)])
}

/// One series without labels.
pub fn of_points(points: Vec<(f64, f64)>) -> Series {
    Series { points, ..Series::default() }
}
