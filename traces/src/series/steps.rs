//! How far apart the points of a series lie where nothing is missing.
//!
//! Published series change their step within a file, and lack points. To tell one from the other, the local
//! step at a point is the median of nine distances: the one to the next point, the four before and the four
//! after it (at the ends the first and the last nine; the lower median where there are fewer and their number
//! is even). Up to four late points in a row so are gaps; a new step that stays is a step.

use super::time::UtcTime;

const WINDOW: usize = 9;

/// The local step at every point, in microseconds; the last point has that of the last distance.
pub(super) fn local_steps(times: &[UtcTime]) -> Vec<i64> {
    let distances: Vec<i64> =
        times.windows(2).map(|pair| pair[1].microseconds() - pair[0].microseconds()).collect();
    let count = distances.len();
    let width = WINDOW.min(count);
    let mut window = Vec::with_capacity(width);
    let mut steps = Vec::with_capacity(times.len());
    for index in 0..count {
        let first = index.saturating_sub(WINDOW / 2).min(count - width);
        window.clear();
        window.extend_from_slice(&distances[first..first + width]);
        steps.push(*window.select_nth_unstable((width - 1) / 2).1);
    }
    steps.extend(steps.last().copied());
    steps
}

/// True when the next point comes later than `factor` steps.
pub(super) fn is_gap(distance: i64, step: i64, factor: f64) -> bool {
    distance > step && distance as f64 > factor * step as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(times: &[i64]) -> Vec<i64> {
        let times: Vec<UtcTime> = times.iter().filter_map(|&time| UtcTime::from_microseconds(time)).collect();
        local_steps(&times)
    }

    #[test]
    fn the_median_outvotes_late_points() {
        assert_eq!(steps(&[0, 1]), [1, 1]);
        assert_eq!(steps(&[0, 1, 9]), [1, 1, 1], "the lower of two");
        assert_eq!(steps(&[0, 2, 4, 90, 92, 94]), [2; 6]);
        // Four late ones in a row are outvoted, five are not.
        let late = |count: i64| {
            let mut times: Vec<i64> = (0..10).collect();
            times.extend((1..=count).map(|index| 9 + index * 3));
            let last = 9 + count * 3;
            times.extend((1..10).map(|index| last + index));
            steps(&times)
        };
        assert!(late(4).iter().all(|&step| step == 1));
        assert!(late(5).contains(&3));
    }

    #[test]
    fn a_gap_is_more_than_the_factor() {
        assert!(!is_gap(15, 10, 1.5) && is_gap(16, 10, 1.5));
        assert!(!is_gap(10, 10, 1.0) && is_gap(11, 10, 1.0));
    }
}
