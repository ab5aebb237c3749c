//! The metrics of dynamic consolidation, from [`Sums`]: zero where nobody was ever asked *what to change?*.
//!
//! Names without more follow the program's definitions (CloudSim 3.0.3), those with `paper` the paper's (Beloglazov and
//! Buyya, CCPE 24(13), 2012; section 12 of its metrics): SLATAH is the share of active time in which a host gives too little,
//! PDM the share of what tasks ask for that migrations cost them, SLAV = SLATAH PDM, ESV = energy SLAV.

use super::consolidation::Sums;
use super::{Better, JOULES_PER_KWH, Measured, Metric};
use crate::kernel::ids::TaskId;
use crate::view::ClusterView;

macro_rules! levels {
    ($($name:ident, $unit:literal, $help:literal, $value:expr;)*) => {$(
        #[derive(Default)]
        pub(super) struct $name;

        impl Metric for $name {
            const UNIT: &'static str = $unit;
            const BETTER: Better = Better::Lower;
            const HELP: &'static str = $help;

            fn value(&self, measured: &Measured<'_>) -> f64 {
                let value: fn(&Sums) -> f64 = $value;
                measured.consolidation().map_or(0.0, |sums| value(&sums))
            }
        }
    )*};
}

levels! {
    Slatah, "%", "time in which hosts gave less than was asked of them, over time in which they were active; sums over hosts",
        |sums| 100.0 * sums.slatah;
    SlatahPaper, "%", "the mean over hosts of the share of their active time in which all of their cpu was in use",
        |sums| 100.0 * sums.slatah_paper;
    Pdm, "%", "what tasks lacked while they were moved, over what they asked for; sums over tasks",
        |sums| 100.0 * sums.pdm;
    PdmPaper, "%", "the mean over tasks of a tenth of what they used while they were moved, over what they asked for",
        |sums| 100.0 * sums.pdm_paper;
    Slav, "1", "SLATAH times PDM, as fractions",
        |sums| sums.slatah * sums.pdm;
    SlavPaper, "1", "SLATAH times PDM, as fractions, by the paper's definitions",
        |sums| sums.slatah_paper * sums.pdm_paper;
    Esv, "kWh", "energy times SLATAH times PDM",
        |sums| sums.energy_joules / JOULES_PER_KWH * sums.slatah * sums.pdm;
    EsvPaper, "kWh", "energy times SLATAH times PDM, by the paper's definitions",
        |sums| sums.energy_joules / JOULES_PER_KWH * sums.slatah_paper * sums.pdm_paper;
    Shortage, "%", "what tasks lacked of the cpu that they asked for",
        |sums| 100.0 * sums.shortage;
    HostShutdowns, "times", "how often a host went from holding tasks to holding none",
        |sums| sums.host_shutdowns as f64;
}

/// What tasks were given of the cpu of hosts that were not empty.
#[derive(Default)]
pub(super) struct UseOccupied;

impl Metric for UseOccupied {
    const UNIT: &'static str = "%";
    const BETTER: Better = Better::Higher;
    const HELP: &'static str = "what tasks were given of the cpu of hosts, while these were active";

    fn value(&self, measured: &Measured<'_>) -> f64 {
        measured.consolidation().map_or(0.0, |sums| 100.0 * sums.use_active)
    }
}

/// Energy of all hosts under the accounting of the rules.
#[derive(Default)]
pub(super) struct Energy;

impl Metric for Energy {
    const UNIT: &'static str = "kWh";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "energy of all hosts, under the accounting of the rules";

    fn value(&self, measured: &Measured<'_>) -> f64 {
        let joules = measured.consolidation().map(|sums| sums.energy_joules);
        joules.unwrap_or_else(|| measured.it_energy_joules()) / JOULES_PER_KWH
    }
}

/// Migrations that were begun.
#[derive(Default)]
pub(super) struct Migrations(u64);

impl Metric for Migrations {
    const UNIT: &'static str = "times";
    const BETTER: Better = Better::Lower;
    const HELP: &'static str = "how often a running task was sent to another host";

    fn on_migration_started(&mut self, _: TaskId, _: ClusterView<'_>) {
        self.0 += 1;
    }

    fn value(&self, _: &Measured<'_>) -> f64 {
        self.0 as f64
    }
}
