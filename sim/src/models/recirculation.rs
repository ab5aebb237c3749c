//! Hot air that comes round again: how much colder the room must be because of where the work is.
//!
//! ```text
//!  inlet of place i = supply + sum over j of D[i][j] * power of place j      every inlet at most the redline
//! ```
//!
//! The hottest inlet says how cold the supply must be, and a chiller takes the more power the colder it is
//! (Moore et al., USENIX ATC 2005; Tang et al., TPDS 2008). The matrix comes from computational fluid dynamics or from
//! measurements. It is a model for comparing distributions of load; no facility of a config uses it.

use super::chiller::Chiller;

/// How much each watt at one place warms the inlet of another, in kelvin per watt.
#[derive(Clone, Debug, PartialEq)]
pub struct Recirculation {
    /// One row for each inlet, with one number for each place that gives heat.
    rows: Vec<Vec<f64>>,
}

impl Recirculation {
    /// Rows of equal length; nothing when they are not, or a number is negative or none.
    pub fn new(rows: Vec<Vec<f64>>) -> Option<Self> {
        let is_square = rows.iter().all(|row| row.len() == rows.len());
        let is_warming = rows.iter().flatten().all(|kelvin| kelvin.is_finite() && *kelvin >= 0.0);
        (is_square && is_warming).then_some(Self { rows })
    }

    /// By how much the hottest inlet is warmer than the supply, in kelvin.
    pub fn hottest_rise_kelvin(&self, watts: &[f64]) -> f64 {
        let rise = |row: &Vec<f64>| row.iter().zip(watts).map(|(kelvin, watts)| kelvin * watts).sum::<f64>();
        self.rows.iter().map(rise).fold(0.0, f64::max)
    }

    /// The warmest supply, in °C, with which no inlet is above the redline.
    pub fn supply_celsius(&self, watts: &[f64], redline_celsius: f64) -> f64 {
        redline_celsius - self.hottest_rise_kelvin(watts)
    }

    /// What a chiller by its supply temperature takes for this distribution of heat.
    pub fn cooling_watts(&self, watts: &[f64], redline_celsius: f64) -> f64 {
        let chiller = Chiller::Supply(self.supply_celsius(watts, redline_celsius));
        chiller.watts(watts.iter().sum(), redline_celsius)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Models 6.4: D = [[0.4, 0.1], [0.05, 0.2]] K/kW, 5 kW, redline 27 °C: all on the first, all on the second, evenly.
    #[test]
    fn models_6_4_where_the_work_is_decides_the_supply() {
        let room = Recirculation::new(vec![vec![0.4e-3, 0.1e-3], vec![0.05e-3, 0.2e-3]]).expect("a matrix");
        for (watts, celsius, cooling_watts) in
            [([5e3, 0.0], 25.0, 1057.5), ([0.0, 5e3], 26.0, 985.1), ([2.5e3, 2.5e3], 25.75, 1002.5)]
        {
            assert!((room.supply_celsius(&watts, 27.0) - celsius).abs() < 1e-9);
            let got = room.cooling_watts(&watts, 27.0);
            assert!((got - cooling_watts).abs() <= 0.06, "{got} is not {cooling_watts}");
        }
    }

    #[test]
    fn what_is_no_matrix_is_refused() {
        assert!(Recirculation::new(vec![vec![1.0, 2.0]]).is_none());
        assert!(Recirculation::new(vec![vec![-1.0]]).is_none());
    }
}
