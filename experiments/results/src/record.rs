//! What one run leaves behind.

use crate::manifest::PlannedRun;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which direction of a metric is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// It describes, and does not judge.
    Neither,
}

impl Better {
    /// As files name it.
    pub fn name(self) -> &'static str {
        match self {
            Better::Higher => "higher",
            Better::Lower => "lower",
            Better::Neither => "neither",
        }
    }
}

/// A number about one run, with all that is needed to read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricValue {
    /// The value; finite.
    pub value: f64,
    /// Its unit; "1" for a ratio.
    pub unit: String,
    /// Which direction is good.
    pub better: Better,
}

/// Who is behind energy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payer {
    /// Whoever submitted work, by number.
    Tenant(u32),
    /// Nobody: what was on, or asleep, and not reserved.
    Idle,
    /// Going to sleep and coming back.
    Boot,
}

/// What was seen of tenants.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByTenant {
    /// Who was behind the energy.
    pub energy: Vec<EnergyShare>,
    /// What each tenant held, averaged over time.
    pub dominant_shares: Vec<DominantShare>,
}

/// Of the resources, that of which a tenant held the largest share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DominantShare {
    /// The tenant's number.
    pub tenant: u32,
    /// `cpu`, `memory`, `gpu`, `fpga` or `dpu`.
    pub resource: String,
    /// The share of all of it, 0 to 1.
    pub share: f64,
}

/// The energy that one is behind, in kWh; those of all together are the meters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnergyShare {
    /// Who.
    pub payer: Payer,
    /// Of hosts and devices.
    pub it_kwh: f64,
    /// With its part of losses and cooling.
    pub facility_kwh: f64,
    /// What that emitted, in kilograms of CO2 equivalents; nothing where nobody says what the grid emits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carbon_kilograms: Option<f64>,
}

/// A finished run: nothing here depends on the machine or on the wall clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRecord {
    /// Hash of all that determines the run, in lower-case hexadecimal digits.
    pub id: String,
    /// Name of the experiment.
    pub experiment: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Name of the scheduler.
    pub scheduler: String,
    /// The seed.
    pub seed: u64,
    /// Version of the program.
    pub version: String,
    /// All that determines the run.
    pub config: serde_json::Value,
    /// Digest of the event stream, in hexadecimal digits.
    pub digest: String,
    /// How many events happened.
    pub events: u64,
    /// How many decisions were asked for.
    pub decisions: u64,
    /// What was measured, by name.
    pub metrics: BTreeMap<String, MetricValue>,
    /// What was seen of tenants, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_tenant: Option<ByTenant>,
}

impl RunRecord {
    /// Refuses what is not the planned run, and values that are no numbers.
    pub(crate) fn check(&self, experiment: &str, planned: &PlannedRun) -> Result<(), String> {
        let same = [
            ("id", &self.id, &planned.id),
            ("experiment", &self.experiment, &experiment.to_owned()),
            ("scenario", &self.scenario, &planned.scenario),
            ("scheduler", &self.scheduler, &planned.scheduler),
            ("seed", &self.seed.to_string(), &planned.seed.to_string()),
        ];
        for (field, found, wanted) in same {
            if found != wanted {
                return Err(format!("its {field} is `{found}`, and the plan says `{wanted}`"));
            }
        }
        for (name, metric) in &self.metrics {
            if !metric.value.is_finite() {
                return Err(format!(
                    "the metric `{name}` is {}, and only finite numbers are allowed",
                    metric.value
                ));
            }
        }
        for share in self.by_tenant.iter().flat_map(|by_tenant| &by_tenant.dominant_shares) {
            if !(0.0..=1.0 + 1e-9).contains(&share.share) {
                return Err(format!(
                    "the share of tenant {} is {}, and 0 to 1 is allowed",
                    share.tenant, share.share
                ));
            }
        }
        for share in self.by_tenant.iter().flat_map(|by_tenant| &by_tenant.energy) {
            let carbon = share.carbon_kilograms.unwrap_or_default();
            if !(share.it_kwh.is_finite() && share.facility_kwh.is_finite() && carbon.is_finite()) {
                return Err(format!(
                    "the energy of {:?} is {} and {} kWh and its carbon {carbon} kg, and only finite numbers are allowed",
                    share.payer, share.it_kwh, share.facility_kwh
                ));
            }
        }
        Ok(())
    }
}

/// The state of the cluster at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeriesPoint {
    /// Seconds since the episode began.
    pub time_seconds: f64,
    /// Share of all cpu that is promised to tasks, 0 to 1.
    pub cpu_allocation: f64,
    /// Share of all memory that is promised to tasks, 0 to 1.
    pub memory_allocation: f64,
    /// Share of all devices that is promised to tasks, 0 to 1.
    pub device_allocation: f64,
    /// Tasks that wait.
    pub tasks_waiting: u32,
    /// Tasks that run.
    pub tasks_running: u32,
    /// Power drawn by the hosts, in watts.
    pub it_power_watts: f64,
    /// Power drawn by the whole facility, in watts.
    pub facility_power_watts: f64,
    /// Temperature outside, in °C, where somebody says what it is.
    pub outside_celsius: Option<f64>,
    /// Carbon intensity of the grid, in grams for each kilowatt-hour, where somebody says what it is.
    pub carbon_grams_per_kwh: Option<f64>,
    /// Price of electricity, in money for each megawatt-hour, where somebody says what it is.
    pub price_per_mwh: Option<f64>,
}

impl SeriesPoint {
    /// Power of the facility over that of its hosts; nothing where they draw nothing.
    pub fn pue(&self) -> Option<f64> {
        (self.it_power_watts > 0.0).then(|| self.facility_power_watts / self.it_power_watts)
    }

    /// The names of the fractional columns beside their values, as tables and refusals name them.
    pub(crate) fn fractional(&self) -> [(&'static str, f64); 9] {
        [
            ("time_seconds", self.time_seconds),
            ("cpu_allocation", self.cpu_allocation),
            ("memory_allocation", self.memory_allocation),
            ("device_allocation", self.device_allocation),
            ("it_power_watts", self.it_power_watts),
            ("facility_power_watts", self.facility_power_watts),
            ("outside_celsius", self.outside_celsius.unwrap_or_default()),
            ("carbon_grams_per_kwh", self.carbon_grams_per_kwh.unwrap_or_default()),
            ("price_per_mwh", self.price_per_mwh.unwrap_or_default()),
        ]
    }
}

/// Refuses numbers that are none, and time that goes backwards.
pub(crate) fn check_series(points: &[SeriesPoint]) -> Result<(), String> {
    let mut last = f64::NEG_INFINITY;
    for (index, point) in points.iter().enumerate() {
        for (name, value) in point.fractional() {
            if !value.is_finite() {
                return Err(format!(
                    "{name} of point {index} of its series is {value}, and only finite numbers are allowed"
                ));
            }
        }
        if point.time_seconds < last {
            return Err(format!(
                "point {index} of its series lies at {} s, before the point at {last} s",
                point.time_seconds
            ));
        }
        last = point.time_seconds;
    }
    Ok(())
}

/// What the wall clock said about one run; it differs from machine to machine and stays out of every digest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// Seconds from the first to the last event of the run, workload and cluster being there.
    pub wall_seconds: f64,
    /// Decisions per second of wall time.
    pub decisions_per_second: f64,
    /// Events per second of wall time.
    pub events_per_second: f64,
    /// Seconds until workload and cluster were there: made, or waited for while another run made them; about 0 when
    /// they had been made before. Nothing in results of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepare_seconds: Option<f64>,
    /// The most bytes that the run itself had allocated at once: its state, its scheduler and its measurements, not
    /// the workload and the cluster, which runs share. Nothing where memory was not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory_bytes: Option<u64>,
}

impl Timing {
    /// Refuses values that JSON cannot hold.
    pub(crate) fn check(&self) -> Result<(), String> {
        let values = [
            ("wall_seconds", self.wall_seconds),
            ("decisions_per_second", self.decisions_per_second),
            ("events_per_second", self.events_per_second),
            ("prepare_seconds", self.prepare_seconds.unwrap_or_default()),
        ];
        match values.iter().find(|(_, value)| !value.is_finite()) {
            Some((name, value)) => {
                Err(format!("{name} of its timing is {value}, and only finite numbers are allowed"))
            }
            None => Ok(()),
        }
    }
}
