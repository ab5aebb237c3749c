//! Fewer points, the same picture: of all points that fall into one column of pixels, only the lowest and the
//! highest can be seen.

/// Keeps the first point, the last point, and the extremes of each column, in their order of time. Points come in
/// order of time.
pub(super) fn thin(points: &[(f64, f64)], columns: usize) -> Vec<(f64, f64)> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Vec::new();
    };
    let width = (last.0 - first.0) / columns as f64;
    if points.len() <= 2 * columns || width <= 0.0 {
        return points.to_vec();
    }
    let column_of = |point: &(f64, f64)| ((point.0 - first.0) / width) as usize;
    let mut kept = vec![*first];
    for column in points.chunk_by(|one, next| column_of(one) == column_of(next)) {
        let places = || 0..column.len();
        let lowest = places().min_by(|one, other| column[*one].1.total_cmp(&column[*other].1)).unwrap_or(0);
        let highest = places().max_by(|one, other| column[*one].1.total_cmp(&column[*other].1)).unwrap_or(0);
        kept.push(column[lowest.min(highest)]);
        if lowest != highest {
            kept.push(column[lowest.max(highest)]);
        }
    }
    kept.push(*last);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_survive_in_order_of_time() {
        let mut points: Vec<(f64, f64)> = (0..10_000).map(|step| (f64::from(step), 1.0)).collect();
        points[4_321].1 = 9.0;
        points[4_322].1 = -9.0;
        let kept = thin(&points, 100);
        assert!(kept.len() <= 2 * 101 + 2, "{}", kept.len());
        assert!(kept.contains(&(4_321.0, 9.0)) && kept.contains(&(4_322.0, -9.0)));
        assert!(kept.is_sorted_by(|one, next| one.0 <= next.0));
        assert_eq!((kept[0], kept[kept.len() - 1]), (points[0], points[9_999]));
    }

    #[test]
    fn short_series_and_single_moments_stay() {
        let short = [(0.0, 1.0), (1.0, 2.0)];
        assert_eq!(thin(&short, 100), short);
        assert!(thin(&[], 100).is_empty());
        let moment = vec![(5.0, 1.0); 1000];
        assert_eq!(thin(&moment, 100), moment);
    }
}
