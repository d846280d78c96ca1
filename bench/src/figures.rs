//! Several measurements as one figure: the median, and how far apart the others are.

use serde::Serialize;

/// The median and the range of what was measured in each round.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Figure {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Figure {
    /// Of at least one value.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let upper = *sorted.get(middle)?;
        let median = if sorted.len().is_multiple_of(2) {
            f64::midpoint(sorted[middle - 1], upper)
        } else {
            upper
        };
        Some(Self {
            median,
            least: *sorted.first()?,
            most: *sorted.last()?,
        })
    }

    /// Of the ratios within each round: what slows a whole round down does not show in them.
    pub(crate) fn of_ratios(numerators: &[f64], denominators: &[f64]) -> Option<Self> {
        let pairs = numerators.iter().zip(denominators);
        let ratios: Vec<_> = pairs
            .filter(|(_, denominator)| **denominator > 0.0)
            .map(|(numerator, denominator)| numerator / denominator)
            .collect();
        Self::of(&ratios)
    }
}

/// A number as people like to read it: three digits that count, thousands apart.
pub(crate) fn readable(value: f64) -> String {
    if value >= 1000.0 {
        with_commas(&format!("{value:.0}"))
    } else if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

fn with_commas(digits: &str) -> String {
    match digits.len() {
        0..=3 => digits.to_owned(),
        length => {
            let (front, back) = digits.split_at(length - 3);
            format!("{},{back}", with_commas(front))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64]) -> (f64, f64, f64) {
        let figure = Figure::of(values).unwrap();
        (figure.median, figure.least, figure.most)
    }

    #[test]
    fn the_median_does_not_care_for_outliers() {
        assert_eq!(of(&[3.0, 1000.0, 1.0]), (3.0, 1.0, 1000.0));
        assert_eq!(of(&[4.0, 1.0, 2.0, 100.0]), (3.0, 1.0, 100.0));
        assert_eq!(of(&[7.0]), (7.0, 7.0, 7.0));
        assert_eq!(Figure::of(&[]), None);
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        // The second round was twice as slow for both.
        let figure = Figure::of_ratios(&[400.0, 200.0], &[100.0, 50.0]).unwrap();
        assert_eq!((figure.median, figure.least, figure.most), (4.0, 4.0, 4.0));
        assert_eq!(Figure::of_ratios(&[1.0], &[0.0]), None);
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(
            [0.034, 9.87, 12.34, 123.4, 1234.5, 1_234_567.0].map(readable),
            ["0.03", "9.87", "12.3", "123", "1,234", "1,234,567"]
        );
    }
}
