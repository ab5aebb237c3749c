//! Tables that lie beside series and are none: what data cost between regions.

use super::Head;

/// What a file is that is no series, when it is known.
///
/// The columns of a matrix are regions, and its first rows begin with the same names in the same order.
pub(super) fn what(head: &Head) -> Option<&'static str> {
    let regions = head.names.get(1..)?;
    let rows: Vec<&str> = head.text.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    let is_matrix = regions.len() >= 2
        && head.names[0].is_empty()
        && rows.len() >= 2
        && rows.iter().zip(regions).all(|(row, region)| row.trim().trim_matches('"') == region);
    is_matrix.then_some("it is a matrix of costs between regions, which has no times")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_has_equal_names_on_both_sides() {
        let head = |text: &str| {
            let names = text.lines().next().unwrap_or_default().split(',').map(str::to_owned).collect();
            Head { names, text: text.to_owned(), columns: Vec::new() }
        };
        assert!(what(&head(",a,b\na,0,1\nb,1,0\n")).is_some());
        assert_eq!(what(&head(",a,b\na,0,1\nc,1,0\n")), None);
        assert_eq!(what(&head(",cpu_load\n1,0.5\n")), None);
        assert_eq!(what(&head("")), None);
    }
}
