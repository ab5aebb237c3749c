//! A sweep as a table: what each scheduler reaches at each value beside the others, and whether their order holds. It
//! answers what hangs on an assumption, such as a model of power.

use crate::compare::{Comparison, MetricComparison};
use crate::statistics::Estimate;
use crate::sweeps::{Sweep, Swept};
use crate::words::counted;
use results::Better;

/// One metric of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SweepTable<'a> {
    /// The metric.
    pub(crate) metric: &'a MetricComparison,
    /// The values, from left to right.
    pub(crate) values: Vec<String>,
    /// A row for each scheduler, as many cells as values.
    pub(crate) rows: Vec<(String, Vec<Option<Estimate>>)>,
    /// How many pairs of schedulers can be compared at two values at least.
    pub(crate) pairs: usize,
    /// How many of them are the other way round at some value.
    pub(crate) turned: usize,
}

impl<'a> SweepTable<'a> {
    /// The metrics of a sweep that are shown, a table each.
    pub(crate) fn all(comparison: &'a Comparison, sweep: &Sweep) -> Vec<SweepTable<'a>> {
        let tables = sweep.shown(comparison).into_iter().map(|metric| {
            let row = |line: &crate::sweeps::SweepLine| {
                (line.scheduler.clone(), sweep.estimates(comparison, line, &metric.name))
            };
            let rows: Vec<(String, Vec<Option<Estimate>>)> = sweep.lines.iter().map(row).collect();
            let (pairs, turned) = order(&rows);
            SweepTable { metric, values: sweep.values.iter().map(Swept::said).collect(), rows, pairs, turned }
        });
        tables.filter(|table| table.rows.iter().any(|(_, cells)| cells.iter().any(Option::is_some))).collect()
    }

    /// Whether the cell of a row at a value is the best of its column, where the metric judges and not all are equal.
    pub(crate) fn is_best(&self, row: usize, value: usize) -> bool {
        let means = || self.rows.iter().filter_map(|(_, cells)| Some(cells[value]?.mean));
        let (low, high) = (means().fold(f64::INFINITY, f64::min), means().fold(f64::NEG_INFINITY, f64::max));
        let best = match self.metric.better {
            Better::Lower => low,
            Better::Higher => high,
            Better::Neither => return false,
        };
        low < high && self.rows[row].1[value].is_some_and(|estimate| estimate.mean == best)
    }

    /// Whether the order of the schedulers hangs on the key; nothing where there is one of them only.
    pub(crate) fn order_said(&self) -> Option<String> {
        match (self.pairs, self.turned) {
            (0, _) => None,
            (_, 0) => Some("By their means, the schedulers are in the same order at all values".to_owned()),
            (pairs, turned) => Some(format!(
                "By their means, {turned} of {} of schedulers {} the other way round at some value",
                counted(pairs, "pair"),
                if turned == 1 { "is" } else { "are" }
            )),
        }
    }
}

/// How many pairs of rows there are, and how many of them lie one way at one value and the other way at another. Equal
/// means are neither.
fn order(rows: &[(String, Vec<Option<Estimate>>)]) -> (usize, usize) {
    let (mut pairs, mut turned) = (0, 0);
    for (place, (_, one)) in rows.iter().enumerate() {
        for (_, other) in &rows[place + 1..] {
            let both =
                || one.iter().zip(other).filter_map(|(one, other)| Some((one.as_ref()?, other.as_ref()?)));
            pairs += usize::from(both().count() > 1);
            let is_turned = both().any(|(one, other)| one.mean < other.mean)
                && both().any(|(one, other)| one.mean > other.mean);
            turned += usize::from(is_turned);
        }
    }
    (pairs, turned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a panic is how a test speaks

    use super::*;
    use crate::sweeps::sweeps;
    use crate::testing::swept;

    fn estimate(mean: f64) -> Option<Estimate> {
        Some(Estimate { mean, half_width: None, count: 1 })
    }

    #[test]
    fn pairs_that_turn_are_counted() {
        let row = |name: &str, means: [Option<f64>; 3]| {
            (name.to_owned(), means.map(|mean| mean.and_then(estimate)).to_vec())
        };
        let rows = [
            row("a", [Some(1.0), Some(1.0), None]),
            row("b", [Some(2.0), Some(0.5), Some(1.0)]),
            row("c", [Some(2.0), Some(3.0), Some(0.0)]),
            row("d", [None, None, Some(7.0)]),
        ];
        // a and b turn, a and c do not, b and c turn after a tie; d meets each of the others at one value at most.
        assert_eq!(order(&rows), (3, 2));
    }

    #[test]
    fn each_column_has_its_best() {
        let results = swept("clusters.c.power_curves.hosts", &["stated", "linear"], 3, 2);
        let comparison = Comparison::of(&results).unwrap();
        let sweep = &sweeps(&comparison, &results)[0];
        let tables = SweepTable::all(&comparison, sweep);
        let energy = tables.iter().find(|table| table.metric.name == "energy_facility").unwrap();
        assert_eq!(energy.values, ["stated", "linear"]);
        for value in 0..2 {
            assert_eq!((0..3).filter(|row| energy.is_best(*row, value)).count(), 1);
        }
        let said = energy.order_said().unwrap();
        assert!(said.ends_with("in the same order at all values"), "{said}");
    }
}
