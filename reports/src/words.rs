//! How names and numbers are said to people.

use crate::statistics::Estimate;
use results::Better;

/// A mean and the half width of its interval, rounded alike: the half width to two significant digits, the mean to
/// the same place. Without an interval the mean has four significant digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The mean.
    pub mean: String,
    /// Half the width of the interval.
    pub half_width: Option<String>,
}

impl Said {
    /// Rounds an estimate for reading.
    pub fn of(estimate: &Estimate) -> Said {
        // Values that differ in their last bit only would print a dozen digits.
        let half_width =
            estimate.half_width.map(|half| if half <= 1e-12 * estimate.mean.abs() { 0.0 } else { half });
        let largest = estimate.mean.abs().max(half_width.unwrap_or(0.0));
        let power = power_of_ten(largest, 4);
        let (scale, suffix) = match power {
            -3..=6 => (1.0, String::new()),
            _ => (10.0_f64.powi(power), format!("e{power}")),
        };
        let scaled = estimate.mean / scale;
        match half_width {
            Some(half) if half > 0.0 => {
                let half = half / scale;
                let decimals = usize::try_from(1 - power_of_ten(half, 2)).unwrap_or(0);
                let say =
                    |value: f64| format!("{}{suffix}", without_minus_zero(format!("{value:.decimals$}")));
                Said { mean: say(scaled), half_width: Some(say(half)) }
            }
            _ => Said {
                mean: format!("{}{suffix}", significant(scaled)),
                half_width: half_width.map(|_| "0".to_owned()),
            },
        }
    }

    /// "41.2 ± 1.3".
    pub fn plain(&self) -> String {
        match &self.half_width {
            Some(half_width) => format!("{} ± {half_width}", self.mean),
            None => self.mean.clone(),
        }
    }

    /// "41.2 s ± 1.3".
    pub fn with_unit(&self, unit: &str) -> String {
        let unit = if unit == "1" { String::new() } else { format!(" {unit}") };
        match &self.half_width {
            Some(half_width) => format!("{}{unit} ± {half_width}", self.mean),
            None => format!("{}{unit}", self.mean),
        }
    }

    /// The same with a sign in front of what is above zero as it is written: for differences.
    pub fn signed(mut self) -> Said {
        let is_zero = self.mean.bytes().all(|byte| matches!(byte, b'0' | b'.'));
        if !is_zero && !self.mean.starts_with('-') {
            self.mean.insert(0, '+');
        }
        self
    }
}

/// A number with four significant digits and no idle zeros.
pub fn significant(value: f64) -> String {
    let power = power_of_ten(value.abs(), 4);
    if !(-4..=6).contains(&power) {
        return format!("{value:.3e}");
    }
    let decimals = usize::try_from(3 - power).unwrap_or(0);
    let text = format!("{value:.decimals$}");
    let text =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
    without_minus_zero(text)
}

/// The power of ten of a number's first digit, after rounding to so many digits: 9.996 with three is 1.00e1.
fn power_of_ten(value: f64, digits: usize) -> i32 {
    let text = format!("{value:.*e}", digits.saturating_sub(1));
    text.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0)
}

fn without_minus_zero(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) if rest.bytes().all(|byte| matches!(byte, b'0' | b'.')) => rest.to_owned(),
        _ => text,
    }
}

/// A metric's name as a reader would say it: `bounded_slowdown_mean` is "mean bounded slowdown".
pub fn metric_title(name: &str) -> String {
    let (words, mean) = match name.strip_suffix("_mean") {
        Some(rest) => (rest, "mean "),
        None => (name, ""),
    };
    format!("{mean}{}", words.replace('_', " "))
}

/// "lower", "higher", or nothing where a metric does not judge.
pub fn direction(better: Better) -> &'static str {
    match better {
        Better::Higher => "higher",
        Better::Lower => "lower",
        Better::Neither => "",
    }
}

/// "s, lower is better".
pub fn unit_and_direction(unit: &str, better: Better) -> String {
    let direction = match direction(better) {
        "" => String::new(),
        direction => format!("{direction} is better"),
    };
    let unit = if unit == "1" { "" } else { unit };
    let comma = if unit.is_empty() || direction.is_empty() { "" } else { ", " };
    format!("{unit}{comma}{direction}")
}

/// "mean wait (s, lower is better)".
pub fn metric_heading(name: &str, unit: &str, better: Better) -> String {
    match unit_and_direction(unit, better).as_str() {
        "" => metric_title(name),
        unit => format!("{} ({unit})", metric_title(name)),
    }
}

/// Whether a name fits a pattern: the whole name, with `*` for any text.
pub fn fits(pattern: &str, name: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == name };
    let Some(rest) = name.strip_prefix(before) else { return false };
    let mut starts = rest.char_indices().map(|(index, _)| index).chain([rest.len()]);
    starts.any(|start| fits(after, &rest[start..]))
}

/// "1 seed", "3 seeds".
pub fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(mean: f64, half_width: Option<f64>) -> String {
        Said::of(&Estimate { mean, half_width, count: 3 }).plain()
    }

    #[test]
    fn the_interval_decides_the_digits() {
        assert_eq!(said(41.2345, Some(1.3456)), "41.2 ± 1.3");
        assert_eq!(said(41.2345, Some(0.009_96)), "41.234 ± 0.010");
        assert_eq!(said(1234.5, Some(456.0)), "1234 ± 456");
        assert_eq!(said(-0.04, Some(12.0)), "0 ± 12");
        assert_eq!(said(41.0, Some(0.0)), "41 ± 0");
        assert_eq!(said(41.0, Some(1e-14)), "41 ± 0");
    }

    #[test]
    fn without_an_interval_four_digits_are_said() {
        assert_eq!(said(41.2345, None), "41.23");
        assert_eq!(said(0.333_333, None), "0.3333");
        assert_eq!(said(12.0, None), "12");
        assert_eq!(said(0.0, None), "0");
        assert_eq!(said(123_456.0, None), "123456");
    }

    #[test]
    fn very_large_and_very_small_numbers_share_an_exponent() {
        assert_eq!(said(1.234_56e9, Some(1.2e7)), "1.235e9 ± 0.012e9");
        assert_eq!(said(2.5e-6, None), "2.5e-6");
        assert_eq!(significant(1.5e12), "1.500e12");
    }

    #[test]
    fn units_stand_between_mean_and_interval() {
        let said = Said::of(&Estimate { mean: 41.2345, half_width: Some(1.3), count: 20 });
        assert_eq!(said.with_unit("s"), "41.2 s ± 1.3");
        assert_eq!(said.with_unit("1"), "41.2 ± 1.3");
        assert_eq!(said.signed().plain(), "+41.2 ± 1.3");
        let nothing = Said::of(&Estimate { mean: 0.04, half_width: Some(4.1), count: 3 });
        assert_eq!(nothing.signed().plain(), "0.0 ± 4.1");
    }

    #[test]
    fn stars_stand_for_any_text() {
        for pattern in ["mixed/day", "*", "mixed*", "*day", "m*/*y", "**d*"] {
            assert!(fits(pattern, "mixed/day"), "{pattern}");
        }
        for pattern in ["", "mixed", "day*", "*x", "mixed/day*/"] {
            assert!(!fits(pattern, "mixed/day"), "{pattern}");
        }
    }

    #[test]
    fn names_are_said_as_words() {
        assert_eq!(metric_title("bounded_slowdown_mean"), "mean bounded slowdown");
        assert_eq!(metric_title("wait_p95"), "wait p95");
        assert_eq!(metric_heading("wait_mean", "s", Better::Lower), "mean wait (s, lower is better)");
        assert_eq!(metric_heading("power_mean", "1", Better::Neither), "mean power");
        assert_eq!(unit_and_direction("s", Better::Lower), "s, lower is better");
        assert_eq!(unit_and_direction("1", Better::Neither), "");
        assert_eq!((counted(1, "seed"), counted(3, "seed")), ("1 seed".to_owned(), "3 seeds".to_owned()));
    }
}
