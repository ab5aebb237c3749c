//! Results that look like real ones, without a simulator: for the demonstration, and for tests that need a page.

use crate::random::Random;
use results::{
    Better, ByTenant, EnergyShare, ExperimentManifest, FinishedRun, MetricValue, Payer, PlannedRun, Results,
    RunRecord, SeriesPoint,
};
use std::collections::BTreeMap;

/// How large an invented experiment is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Scenarios; the names go round after three.
    pub scenarios: usize,
    /// Schedulers; the names go round after eight.
    pub schedulers: usize,
    /// Seeds.
    pub seeds: u64,
    /// Samples in the series of each run.
    pub samples: u32,
}

/// A finished experiment of this size: a day of load with two peaks, schedulers that pack differently well, noise
/// that depends on the seed. The same size gives the same results.
pub fn invented(size: Size) -> Results {
    let mut runs = Vec::new();
    for scenario in 0..size.scenarios {
        for scheduler in 0..size.schedulers {
            for seed in 1..=size.seeds {
                runs.push(run(size, scenario, scheduler, seed));
            }
        }
    }
    let planned = |run: &FinishedRun| PlannedRun {
        id: run.record.id.clone(),
        scenario: run.record.scenario.clone(),
        scheduler: run.record.scheduler.clone(),
        seed: run.record.seed,
    };
    Results {
        manifest: ExperimentManifest {
            experiment: "invented_packing".to_owned(),
            version: "0.1.0".to_owned(),
            config_digest: "5eed0fda7a".to_owned(),
            runs: runs.iter().map(planned).collect(),
            command: "rackwright run experiments/configs/invented_packing.toml".to_owned(),
            savings: None,
            claim: None,
        },
        runs,
    }
}

/// A finished sweep over one key: the same scenario once for each of these values, which are numbers where they read
/// as such. Waits grow with the place of the value.
pub fn swept(key: &str, values: &[&str], schedulers: usize, seeds: u64) -> Results {
    let mut all = invented(Size { scenarios: values.len(), schedulers, seeds, samples: 0 });
    let each = schedulers * seeds as usize;
    let short = key.rsplit('.').next().unwrap_or(key);
    for (index, run) in all.runs.iter_mut().enumerate() {
        let (place, value) = (index / each, values[index / each]);
        let like = run_of(index % each, seeds);
        run.record.scenario = format!("{} [{short}={value}]", like.record.scenario);
        run.record.metrics = like.record.metrics;
        for name in ["wait_mean", "energy_facility"] {
            if let Some(metric) = run.record.metrics.get_mut(name) {
                metric.value *= 1.0 + 0.3 * place as f64;
            }
        }
        run.record.config["sweep"][key] = match value.parse::<f64>() {
            Ok(number) => number.into(),
            Err(_) => value.into(),
        };
        all.manifest.runs[index].scenario.clone_from(&run.record.scenario);
    }
    all
}

/// The run at this place of an experiment of one scenario.
fn run_of(index: usize, seeds: u64) -> FinishedRun {
    let size = Size { scenarios: 1, schedulers: 0, seeds, samples: 0 };
    run(size, 0, index / seeds as usize, 1 + index as u64 % seeds)
}

fn name(names: &[&str], place: usize) -> String {
    match place / names.len() {
        0 => names[place].to_owned(),
        round => format!("{}_{}", names[place % names.len()], round + 1),
    }
}

fn run(size: Size, scenario: usize, scheduler: usize, seed: u64) -> FinishedRun {
    const SCHEDULERS: [&str; 8] = [
        "first_fit",
        "best_fit",
        "worst_fit",
        "dot_product",
        "fgd",
        "sjf_backfilling",
        "random",
        "learned_policy",
    ];
    let scenario_name = name(&["mixed_small", "gpu_burst", "diurnal_large"], scenario);
    let mut noise = Random(seed * 1_000_003 + scenario as u64 * 7919);
    let luck = noise.share();
    let mut own = Random(noise.0 ^ (scheduler as u64 * 104_729));
    let skill = [1.0, 0.82, 1.35, 0.74, 0.69, 0.61, 1.6, 0.58][scheduler % 8];
    let series: Vec<SeriesPoint> =
        (0..size.samples).map(|step| sample(size.samples, step, skill, &mut own)).collect();
    let id = format!("{:08x}{:08x}", 0xa000_0000_u64 + scenario as u64 * 256 + scheduler as u64, seed);
    let metrics = metrics(skill, luck, scenario, &mut own);
    let facility_kwh = metrics["energy_facility"].value;
    let record = RunRecord {
        experiment: "invented_packing".to_owned(),
        scheduler: name(&SCHEDULERS, scheduler),
        seed,
        version: "0.1.0".to_owned(),
        config: Default::default(),
        digest: format!("{:016x}", own.0),
        events: 240_000 + seed,
        decisions: 80_000 + seed,
        metrics,
        by_tenant: Some(ByTenant { energy: energy_by_tenant(facility_kwh), dominant_shares: Vec::new() }),
        scenario: scenario_name,
        id,
    };
    FinishedRun { record, series }
}

fn metrics(skill: f64, luck: f64, scenario: usize, own: &mut Random) -> BTreeMap<String, MetricValue> {
    let devices = if scenario == 1 { 1.0 } else { 0.0 };
    let mut jitter = |spread: f64| 1.0 + spread * (own.share() - 0.5);
    let energy = 530.0 * skill.max(0.7) * jitter(0.01);
    let wait = 41.2 * skill * (1.0 + 0.4 * luck) * jitter(0.06);
    let all = [
        ("bounded_slowdown_mean", wait / 11.0 * jitter(0.02), "1", Better::Lower),
        ("wait_mean", wait, "s", Better::Lower),
        ("wait_p95", 4.1 * wait * jitter(0.1), "s", Better::Lower),
        ("makespan", 86_400.0 * jitter(0.02), "s", Better::Lower),
        ("cpu_utilisation", 78.0 / skill.max(0.8) * jitter(0.02), "%", Better::Higher),
        ("memory_utilisation", 52.0 * jitter(0.03), "%", Better::Neither),
        ("gpu_utilisation", devices * 61.0 / skill.max(0.7) * jitter(0.03), "%", Better::Higher),
        ("energy_it", 0.78 * energy, "kWh", Better::Lower),
        ("energy_losses", 0.06 * energy, "kWh", Better::Lower),
        ("energy_cooling", 0.16 * energy, "kWh", Better::Lower),
        ("energy_facility", energy, "kWh", Better::Lower),
        ("tasks_rejected", (9.0 * skill * luck * jitter(0.4)).floor(), "tasks", Better::Lower),
        ("evictions", 0.0, "tasks", Better::Lower),
        ("power_mean", 17.4 * jitter(0.01), "kW", Better::Neither),
    ];
    all.into_iter()
        .map(|(name, value, unit, better)| {
            (name.to_owned(), MetricValue { value, unit: unit.to_owned(), better })
        })
        .collect()
}

/// Nine tenants, each half of the one before, and what is nobody's.
fn energy_by_tenant(facility_kwh: f64) -> Vec<EnergyShare> {
    let share = |payer, part: f64| EnergyShare {
        payer,
        it_kwh: 0.78 * part * facility_kwh,
        facility_kwh: part * facility_kwh,
        carbon_kilograms: Some(0.4 * part * facility_kwh),
    };
    let tenants = (0..9).map(|tenant| share(Payer::Tenant(tenant), 0.4 / f64::from(1 << tenant)));
    let sum: f64 = (0..9).map(|tenant| 0.4 / f64::from(1 << tenant)).sum();
    tenants.chain([share(Payer::Idle, 0.98 - sum), share(Payer::Boot, 0.02)]).collect()
}

fn sample(count: u32, step: u32, skill: f64, own: &mut Random) -> SeriesPoint {
    let day = f64::from(step) / f64::from(count.max(2) - 1);
    // Two humps of a parabola each, morning and evening.
    let hump = |centre: f64, width: f64| (1.0 - ((day - centre) / width) * ((day - centre) / width)).max(0.0);
    let load = 0.25 + 0.5 * hump(0.35, 0.2) + 0.65 * hump(0.75, 0.18) + 0.05 * (own.share() - 0.5);
    let cpu = (load / skill.max(0.85)).clamp(0.0, 0.98);
    let it_power_watts = 9_000.0 + 14_000.0 * cpu;
    SeriesPoint {
        time_seconds: day * 86_400.0,
        cpu_allocation: cpu,
        memory_allocation: 0.7 * cpu,
        device_allocation: (load * 1.05).clamp(0.0, 1.0),
        tasks_waiting: ((load - 0.6).max(0.0) * 400.0 * skill + 3.0 * own.share()) as u32,
        tasks_running: (cpu * 900.0) as u32,
        it_power_watts,
        facility_power_watts: it_power_watts * 1.18 + 2_500.0,
        outside_celsius: Some(12.0 + 9.0 * hump(0.6, 0.4)),
        carbon_grams_per_kwh: Some(450.0 - 250.0 * hump(0.5, 0.3)),
        price_per_mwh: Some(60.0 - 70.0 * hump(0.5, 0.25)),
    }
}
