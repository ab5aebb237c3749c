//! Results that look like real ones, without a simulator: for the demonstration, and for tests that need a page.

use results::{
    Better, ExperimentManifest, FinishedRun, MetricValue, PlannedRun, Results, RunRecord, SeriesPoint,
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
        },
        runs,
    }
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
    let mut noise = Noise(seed * 1_000_003 + scenario as u64 * 7919);
    let luck = noise.next();
    let mut own = Noise(noise.0 ^ (scheduler as u64 * 104_729));
    let skill = [1.0, 0.82, 1.35, 0.74, 0.69, 0.61, 1.6, 0.58][scheduler % 8];
    let series: Vec<SeriesPoint> =
        (0..size.samples).map(|step| sample(size.samples, step, skill, &mut own)).collect();
    let id = format!("{:08x}{:08x}", 0xa000_0000_u64 + scenario as u64 * 256 + scheduler as u64, seed);
    let record = RunRecord {
        experiment: "invented_packing".to_owned(),
        scheduler: name(&SCHEDULERS, scheduler),
        seed,
        version: "0.1.0".to_owned(),
        config: Default::default(),
        digest: format!("{:016x}", own.0),
        events: 240_000 + seed,
        decisions: 80_000 + seed,
        metrics: metrics(skill, luck, scenario, &mut own),
        scenario: scenario_name,
        id,
    };
    FinishedRun { record, series }
}

fn metrics(skill: f64, luck: f64, scenario: usize, own: &mut Noise) -> BTreeMap<String, MetricValue> {
    let devices = if scenario == 1 { 1.0 } else { 0.0 };
    let mut jitter = |spread: f64| 1.0 + spread * (own.next() - 0.5);
    let wait = 41.2 * skill * (1.0 + 0.4 * luck) * jitter(0.06);
    let all = [
        ("bounded_slowdown_mean", wait / 11.0 * jitter(0.02), "1", Better::Lower),
        ("wait_mean", wait, "s", Better::Lower),
        ("wait_p95", 4.1 * wait * jitter(0.1), "s", Better::Lower),
        ("makespan", 86_400.0 * jitter(0.02), "s", Better::Lower),
        ("cpu_utilisation", 78.0 / skill.max(0.8) * jitter(0.02), "%", Better::Higher),
        ("memory_utilisation", 52.0 * jitter(0.03), "%", Better::Neither),
        ("gpu_utilisation", devices * 61.0 / skill.max(0.7) * jitter(0.03), "%", Better::Higher),
        ("energy_it", 412.0 * jitter(0.01), "kWh", Better::Lower),
        ("energy_facility", 530.0 * skill.max(0.7) * jitter(0.01), "kWh", Better::Lower),
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

fn sample(count: u32, step: u32, skill: f64, own: &mut Noise) -> SeriesPoint {
    let day = f64::from(step) / f64::from(count.max(2) - 1);
    // Two humps of a parabola each, morning and evening.
    let hump = |centre: f64, width: f64| (1.0 - ((day - centre) / width) * ((day - centre) / width)).max(0.0);
    let load = 0.25 + 0.5 * hump(0.35, 0.2) + 0.65 * hump(0.75, 0.18) + 0.05 * (own.next() - 0.5);
    let cpu = (load / skill.max(0.85)).clamp(0.0, 0.98);
    let it_power_watts = 9_000.0 + 14_000.0 * cpu;
    SeriesPoint {
        time_seconds: day * 86_400.0,
        cpu_allocation: cpu,
        memory_allocation: 0.7 * cpu,
        device_allocation: (load * 1.05).clamp(0.0, 1.0),
        tasks_waiting: ((load - 0.6).max(0.0) * 400.0 * skill + 3.0 * own.next()) as u32,
        tasks_running: (cpu * 900.0) as u32,
        it_power_watts,
        facility_power_watts: it_power_watts * 1.18 + 2_500.0,
    }
}

/// Numbers between 0 and 1 that look random: splitmix64 (Steele, Lea, Flood, OOPSLA 2014).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}
