//! An axis: from where to where it reaches, in equal steps or in equal factors, and where its numbers stand.

use crate::words::significant;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use std::ops::Range;

/// So far, in steps, a number may lie beyond an end: what was computed is rarely exact.
const SLACK: f64 = 1e-9;

/// An axis. Values are drawn at their place: themselves, or their power of ten on a logarithmic axis.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    is_log: bool,
    /// Places in rising order, each with what stands there.
    ticks: Vec<(f64, String)>,
    has_names: bool,
}

impl Axis {
    /// Equal steps from `low` to `high`, with about so many numbers.
    pub(super) fn linear(low: f64, high: f64, ticks: usize) -> Axis {
        let (low, high) = widened(low, high);
        let step = round_step(low, high, ticks);
        let (first, last) = ((low / step - SLACK).ceil(), (high / step + SLACK).floor());
        let count = (last - first) as usize + 1;
        let numbers = (0..count).map(|index| (first + index as f64) * step);
        // 3 * 0.1 is not 0.3; what is said is rounded, and so is zero.
        let tick = |number: f64| (number, significant(if number.abs() < 1e-9 * step { 0.0 } else { number }));
        Axis { low, high, is_log: false, ticks: numbers.map(tick).collect(), has_names: false }
    }

    /// Equal factors from `low` to `high`, both above zero: numbers at powers of ten, or between them as
    /// well where there is room.
    pub(super) fn logarithmic(low: f64, high: f64, ticks: usize) -> Axis {
        assert!(low > 0.0 && high >= low, "a logarithmic axis lies above zero");
        let (low, high) = widened(libm::log10(low), libm::log10(high));
        let decades = low.floor() as i32..=high.ceil() as i32;
        let within = |factors: &[f64]| -> Vec<(f64, String)> {
            let numbers =
                decades.clone().flat_map(|decade| factors.iter().map(move |factor| (decade, factor)));
            let places = numbers.map(|(decade, factor)| {
                (
                    f64::from(decade) + libm::log10(*factor),
                    significant(factor * libm::pow(10.0, f64::from(decade))),
                )
            });
            places.filter(|(place, _)| (low..=high).contains(place)).collect()
        };
        let mut found = within(&[1.0]);
        for factors in [&[1.0, 3.0][..], &[1.0, 2.0, 5.0], &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0]] {
            let finer = within(factors);
            if finer.len() <= ticks {
                found = finer;
            }
        }
        if found.len() < 3 {
            // Less than a decade: round numbers in equal steps, where they stand on this axis.
            let (low, high) = (libm::pow(10.0, low), libm::pow(10.0, high));
            let steps = Axis::linear(low, high, ticks).ticks.into_iter();
            found = steps.map(|(number, label)| (libm::log10(number), label)).collect();
        }
        let every = found.len().div_ceil(ticks + 1);
        Axis { low, high, is_log: true, ticks: found.into_iter().step_by(every).collect(), has_names: false }
    }

    /// Names at equal distances, in their order: the first at 0, the next at 1.
    pub(super) fn names(names: &[String]) -> Axis {
        let ticks = names.iter().enumerate().map(|(place, name)| (place as f64, name.clone())).collect();
        Axis { low: -0.5, high: names.len().max(1) as f64 - 0.5, is_log: false, ticks, has_names: true }
    }

    /// Where a value stands. On a logarithmic axis what is not above zero stands at the lower end.
    pub(super) fn place(&self, value: f64) -> f64 {
        match self.is_log {
            false => value,
            true if value > 0.0 => libm::log10(value).max(self.low),
            true => self.low,
        }
    }

    /// The name at a place, on an axis of names.
    pub(super) fn name(&self, place: f64) -> Option<String> {
        self.has_names.then(|| self.label(place))
    }

    /// Where the axis begins and ends, as places.
    pub(super) fn ends(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// What stands at the place of a tick.
    pub(super) fn label(&self, place: f64) -> String {
        let tick = self.ticks.iter().find(|(at, _)| *at == place);
        tick.map(|(_, label)| label.clone()).unwrap_or_default()
    }
}

/// The axis as the drawing library knows it: it is asked for places, and has numbers where ours stand.
impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, place: &f64, limit: (i32, i32)) -> i32 {
        let share = (place - self.low) / (self.high - self.low);
        limit.0 + (share * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        let is_bold = !hint.weight().allow_light_points();
        self.ticks.iter().filter(|_| is_bold).map(|(place, _)| *place).collect()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

/// A point has no extent; an axis must have one.
fn widened(low: f64, high: f64) -> (f64, f64) {
    match high - low {
        width if width > 1e-9 * high.abs().max(low.abs()) => (low, high),
        _ if high != 0.0 => (low - 0.1 * high.abs(), high + 0.1 * high.abs()),
        _ => (-1.0, 1.0),
    }
}

/// The smallest of 1, 2, 2.5 and 5 times powers of ten that puts no more than one number too many between the ends.
fn round_step(low: f64, high: f64, ticks: usize) -> f64 {
    let width = high - low;
    let decade = libm::pow(10.0, libm::log10(width / ticks.max(1) as f64).floor() - 1.0);
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0, 20.0, 25.0, 50.0, 100.0].into_iter().map(|factor| factor * decade);
    let count = |step: f64| (high / step + SLACK).floor() - (low / step - SLACK).ceil() + 1.0;
    steps.into_iter().find(|step| count(*step) <= ticks as f64 + 1.0).unwrap_or(width)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn steps_are_round_numbers() {
        assert_eq!(labels(&Axis::linear(-0.2, 1.0, 6)), ["-0.2", "0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(labels(&Axis::linear(3.0, 97.0, 4)), ["20", "40", "60", "80"]);
        assert_eq!(labels(&Axis::linear(5.0, 5.0, 4)), ["4.6", "4.8", "5", "5.2", "5.4"]);
        assert!(!Axis::linear(0.0, 0.0, 4).ticks.is_empty());
    }

    #[test]
    fn powers_of_ten_stand_at_equal_distances() {
        let axis = Axis::logarithmic(1.0, 1e4, 8);
        assert_eq!(labels(&axis), ["1", "10", "100", "1000", "10000"]);
        assert_eq!((axis.place(100.0), axis.place(0.0)), (2.0, 0.0));
        assert_eq!(axis.label(2.0), "100");
        assert_eq!(labels(&Axis::logarithmic(0.8, 9.0, 6)), ["1", "1.5", "2", "3", "5", "7"]);
        assert!(labels(&Axis::logarithmic(1e-9, 1e12, 6)).len() <= 6);
        assert_eq!(labels(&Axis::logarithmic(0.9, 1.1, 4)), ["0.9", "0.95", "1", "1.05", "1.1"]);
    }

    #[test]
    fn names_stand_in_their_order() {
        let axis = Axis::names(&["none".to_owned(), "easy".to_owned()]);
        assert_eq!((axis.label(0.0), axis.label(1.0)), ("none".to_owned(), "easy".to_owned()));
        assert_eq!(axis.ends(), (-0.5, 1.5));
    }
}
