//! Carbon of making the hosts, spread evenly over their lives (models 7): it falls on whoever owns them, asleep or at work.

use super::{Better, Measured, Metric};
use crate::metrics::GRAMS_PER_KILOGRAM;
use crate::models::carbon::embodied_grams;

const SECONDS_PER_HOUR: f64 = 3600.0;

#[derive(Default)]
pub(super) struct Watch;

impl Metric for Watch {
    const UNIT: &'static str = "kg";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "part of the CO2 equivalents of making the hosts that falls to the time measured; 0 where clusters state none";

    fn value(&self, measured: &Measured<'_>) -> f64 {
        let topology = measured.topology();
        let of_host = |host| topology.model(host).operation.embodied_kilograms;
        let kilograms: f64 = topology.hosts().map(of_host).sum();
        embodied_grams(kilograms, measured.seconds() / SECONDS_PER_HOUR, 1.0) / GRAMS_PER_KILOGRAM
    }
}
