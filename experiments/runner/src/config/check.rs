//! What types cannot say: refuses values that are out of range and names that stand for nothing.

use std::collections::BTreeSet;

use environment::foresight;
use policies::scheduler::{Backfilling, SchedulerConfig};
use sim::kernel::time::SimTime;
use sim::metrics::MetricSet;
use sim::models::gpu_power::{self, GpuPower};
use sim::resources::{DeviceClass, MAX_DEVICES_PER_HOST, MAX_NUMA_NODES_PER_HOST};
use traces::transform::Transform;

use super::document::Document;
use super::operation;
use super::schema::SAVING;
use super::surroundings;
use super::{
    ClusterConfig, ConfigError, ExperimentConfig, HostGroupConfig, Named, PoolConfig, RulesConfig, Seeds,
    Source, WorkloadConfig, gpu_power_names,
};
use crate::nearest::unknown_name;

pub(super) type Checked = Result<(), ConfigError>;

/// A series of fewer points has no middle.
const FEWEST_SERIES_POINTS: usize = 4;
const MOST_SERIES_POINTS: usize = 100_000;
/// One more processor would not fit into 2^32 - 1 thousandths.
const MOST_CORES: u32 = u32::MAX / 1000;
/// What is given out of the memory of a device is counted in 2^16 - 1 pages of 16 MiB; it may be overcommitted.
const MOST_DEVICE_MIB: u32 = 512 * 1024;
const MOST_GIB: u32 = u32::MAX / 1024;

pub(super) fn experiment(config: &ExperimentConfig, document: &Document) -> Checked {
    if config.name.trim().is_empty() {
        return Err(document.refuse(&["name"], "the name is empty; allowed is any other text"));
    }
    seeds(config, document)?;
    metrics(config, document)?;
    savings(config, document)?;
    config.claim.as_ref().map_or(Ok(()), |claim| claim.check(&config.metrics, document))?;
    let points = config.series_points;
    if points != 0 && !(FEWEST_SERIES_POINTS..=MOST_SERIES_POINTS).contains(&points) {
        let problem = format!(
            "{points} points stand there; allowed are 0, or {FEWEST_SERIES_POINTS} to {MOST_SERIES_POINTS}"
        );
        return Err(document.refuse(&["series_points"], problem));
    }
    for (table, names) in [
        ("clusters", config.clusters.names()),
        ("workloads", config.workloads.names()),
        ("rules", config.rules.names()),
        ("schedulers", config.schedulers.names()),
    ] {
        if names.is_empty() && table != "rules" {
            return Err(
                document.refuse(&[table], format!("there is none; allowed are one or more [{table}.NAME]"))
            );
        }
        if names.iter().any(|name| name.trim().is_empty()) {
            return Err(document.refuse(&[table], "a name is empty; allowed is any other text"));
        }
    }
    for (name, one) in &config.workloads.0 {
        workload(one, &seeds_of(config, name), document, &["workloads", name])?;
    }
    for (name, one) in &config.rules.0 {
        rules(one, document, &["rules", name])?;
    }
    scenarios(config, document)?;
    operation::asked(config, &config.scenarios(), document)?;
    surroundings::foreseen(config, document)?;
    schedulers(config, document)
}

fn seeds(config: &ExperimentConfig, document: &Document) -> Checked {
    seeds_at(&config.seeds, document, &["seeds"])?;
    for (place, scenario) in config.scenarios.iter().enumerate() {
        if let Some(seeds) = &scenario.seeds {
            seeds_at(seeds, document, &[&format!("scenarios[{place}]"), "seeds"])?;
        }
    }
    Ok(())
}

pub(crate) fn seeds_at(seeds: &Seeds, document: &Document, at: &[&str]) -> Checked {
    if seeds.0.is_empty() {
        return Err(document.refuse(at, "there is no seed; allowed are one or more, each once"));
    }
    let mut seen = BTreeSet::new();
    match seeds.0.iter().find(|&&seed| !seen.insert(seed)) {
        Some(seed) => {
            Err(document.refuse(at, format!("seed {seed} stands there twice; allowed is each seed once")))
        }
        None => Ok(()),
    }
}

fn metrics(config: &ExperimentConfig, document: &Document) -> Checked {
    let savings = config.savings.iter().flat_map(|savings| savings.metrics.names());
    let known: Vec<&str> = MetricSet::INFOS.iter().map(|info| info.name).chain(savings).collect();
    let mut seen = BTreeSet::new();
    for (index, metric) in config.metrics.iter().enumerate() {
        let key = ["metrics", &index.to_string()];
        if !known.contains(&metric.as_str()) {
            return Err(document.refuse(&key, unknown_name("metric", metric, &known)));
        }
        if !seen.insert(metric) {
            return Err(
                document.refuse(&key, format!("`{metric}` stands there twice; allowed is each metric once"))
            );
        }
    }
    Ok(())
}

fn savings(config: &ExperimentConfig, document: &Document) -> Checked {
    let Some(savings) = &config.savings else { return Ok(()) };
    let schedulers = config.schedulers.names();
    if !schedulers.contains(&savings.baseline.as_str()) {
        let problem = unknown_name("scheduler", &savings.baseline, &schedulers);
        return Err(document.refuse(&["savings", "baseline"], problem));
    }
    let known: Vec<&str> = MetricSet::INFOS.iter().map(|info| info.name).collect();
    for (name, metric) in &savings.metrics.0 {
        let refuse = |problem: String| Err(document.refuse(&["savings", "metrics", name], problem));
        if known.contains(&name.as_str()) {
            return refuse(format!("`{name}` is a metric already; allowed is any other name"));
        }
        if !name.contains(SAVING) {
            return refuse(format!("`{name}` stands there; allowed are names with `{SAVING}` in them"));
        }
        if !known.contains(&metric.as_str()) {
            return refuse(unknown_name("metric", metric, &known));
        }
    }
    Ok(())
}

/// `at` is where the cluster stands in the document.
pub(super) fn cluster(config: &ClusterConfig, document: &Document, at: &[&str]) -> Checked {
    let refuse = |key: &[&str], problem: String| Err(document.refuse(&[at, key].concat(), problem));
    let stated = [config.pool.is_some(), config.nodes.is_some(), !config.hosts.is_empty()];
    if stated.iter().filter(|&&is_stated| is_stated).count() != 1 {
        let names = ["pool", "nodes", "hosts"].iter().zip(stated).filter(|(_, is_stated)| *is_stated);
        let found: Vec<&str> = names.map(|(name, _)| *name).collect();
        let found =
            if found.is_empty() { "nothing".to_owned() } else { format!("`{}`", found.join("` and `")) };
        return refuse(
            &[],
            format!(
                "{found} stands there; allowed is exactly one of `pool`, `nodes`, `hosts`, `file` and `named`"
            ),
        );
    }
    if config.host_limit == Some(0) {
        return refuse(&["host_limit"], "0 stands there; allowed is 1 or more, or no such key".to_owned());
    }
    if let Some(pool) = &config.pool {
        return check_pool(pool, &config.device_kinds, document, at);
    }
    for (name, kind) in &config.device_kinds.0 {
        if kind.power.is_none() && GpuPower::preset(name).is_none() {
            let known = gpu_power_names().join("`, `");
            let problem = format!(
                "`{name}` is no model of known power, and no `power` is stated; allowed are `power` = one of `{known}`, \
                 or {{ idle_watts = 50, max_watts = 400 }}"
            );
            return refuse(&["device_kinds", name, "power"], problem);
        }
    }
    for (name, kind) in &config.device_kinds.0 {
        let at = |key| ["device_kinds", name.as_str(), key];
        let known = gpu_power::class(name);
        if kind.power.is_none() && known != DeviceClass::Gpu && kind.class != known {
            let known = format!("{known:?}").to_lowercase();
            let problem =
                format!("another class stands there for the known model `{name}`; allowed is \"{known}\"");
            return refuse(&at("class"), problem);
        }
        if kind.memory_mib.is_some_and(|mib| !(1..=MOST_DEVICE_MIB).contains(&mib)) {
            let found = kind.memory_mib.unwrap_or_default();
            return refuse(
                &at("memory_mib"),
                format!("{found} stands there; allowed are 1 to {MOST_DEVICE_MIB}"),
            );
        }
        let is_in_parts = matches!(kind.sharing(), sim::effects::Sharing::Mig { .. });
        if is_in_parts && kind.memory_overcommit.is_some() {
            let problem = "it stands beside `sharing` in parts of a multi-instance GPU, each of which has its own memory; allowed is one of both";
            return refuse(&at("memory_overcommit"), problem.to_owned());
        }
        if let Some(factor) = kind.memory_overcommit.filter(|factor| !(1.0..=8.0).contains(factor)) {
            let problem = format!("{factor} stands there; allowed is a number from 1 to 8");
            return refuse(&at("memory_overcommit"), problem);
        }
    }
    if let Some((name, _)) =
        config.device_kinds.0.iter().find(|(_, kind)| kind.shared && kind.sharing.is_some())
    {
        let problem = "it stands beside `shared`; allowed is one of both".to_owned();
        return refuse(&["device_kinds", name, "sharing"], problem);
    }
    if let Some(nodes) = &config.nodes
        && !(1..=MAX_NUMA_NODES_PER_HOST).contains(&usize::from(nodes.numa_nodes))
    {
        let problem =
            format!("{} stands there; allowed are 1 to {MAX_NUMA_NODES_PER_HOST}", nodes.numa_nodes);
        return refuse(&["nodes", "numa_nodes"], problem);
    }
    let mut models = BTreeSet::new();
    for (index, group) in config.hosts.iter().enumerate() {
        let index = index.to_string();
        let at = [at, &["hosts", &index]].concat();
        host_group(group, &config.device_kinds, document, &at)?;
        if !models.insert(&group.model) {
            let problem = format!("`{}` stands there twice; allowed is each model once", group.model);
            return Err(document.refuse(&[&at[..], &["model"]].concat(), problem));
        }
    }
    Ok(())
}

fn check_pool<T>(pool: &PoolConfig, kinds: &Named<T>, document: &Document, at: &[&str]) -> Checked {
    let refuse = |key: &[&str], problem: String| Err(document.refuse(&[at, key].concat(), problem));
    if !(1..=MOST_CORES).contains(&pool.processors) {
        let problem = format!("{} stands there; allowed are 1 to {MOST_CORES}", pool.processors);
        return refuse(&["pool", "processors"], problem);
    }
    if pool.memory_mib == Some(0) {
        return refuse(
            &["pool", "memory_mib"],
            "0 stands there; allowed is 1 or more, or no such key".to_owned(),
        );
    }
    if !kinds.0.is_empty() {
        return refuse(&["device_kinds"], "a pool has no devices; allowed are none".to_owned());
    }
    Ok(())
}

fn host_group<T>(group: &HostGroupConfig, kinds: &Named<T>, document: &Document, at: &[&str]) -> Checked {
    let refuse = |key: &[&str], problem: String| Err(document.refuse(&[at, key].concat(), problem));
    if group.count == 0 {
        return refuse(&["count"], "0 hosts stand there; allowed is 1 or more".to_owned());
    }
    if group.model.trim().is_empty() {
        return refuse(&["model"], "the model is empty; allowed is any other text".to_owned());
    }
    let amounts = [
        (("cores", group.cores, MOST_CORES), ("cpu_milli", group.cpu_milli, u32::MAX)),
        (("memory_gib", group.memory_gib, MOST_GIB), ("memory_mib", group.memory_mib, u32::MAX)),
    ];
    for (coarse, fine) in amounts {
        let (key, value, most) = match (coarse.1, fine.1) {
            (Some(value), None) => (coarse.0, value, coarse.2),
            (None, Some(value)) => (fine.0, value, fine.2),
            (found, _) => {
                let found = if found.is_some() { "both stand there" } else { "neither stands there" };
                let problem = format!("{found}; allowed is exactly one of `{}` and `{}`", coarse.0, fine.0);
                return refuse(&[coarse.0], problem);
            }
        };
        if !(1..=most).contains(&value) {
            return refuse(&[key], format!("{value} stands there; allowed are 1 to {most}"));
        }
    }
    let numa_nodes = usize::from(group.numa_nodes);
    if !(1..=MAX_NUMA_NODES_PER_HOST).contains(&numa_nodes) {
        return refuse(
            &["numa_nodes"],
            format!("{numa_nodes} stands there; allowed are 1 to {MAX_NUMA_NODES_PER_HOST}"),
        );
    }
    if group.hosts_per_rack == Some(0) {
        return refuse(
            &["hosts_per_rack"],
            "0 stands there; allowed is 1 or more, or no such key".to_owned(),
        );
    }
    operation::host_group(group, document, at)?;
    devices(group, kinds, document, at)
}

fn devices<T>(group: &HostGroupConfig, kinds: &Named<T>, document: &Document, at: &[&str]) -> Checked {
    for (index, devices) in group.devices.iter().enumerate() {
        let index = index.to_string();
        let refuse = |key, problem| Err(document.refuse(&[at, &["devices", &index, key]].concat(), problem));
        if kinds.position(&devices.kind).is_none() && GpuPower::preset(&devices.kind).is_none() {
            let known = [kinds.names(), gpu_power_names()].concat();
            return refuse("kind", unknown_name("kind of device", &devices.kind, &known));
        }
        if devices.count == 0 {
            return refuse("count", "0 devices stand there; allowed is 1 or more".to_owned());
        }
    }
    let total: usize = group.devices.iter().map(|devices| usize::from(devices.count)).sum();
    if total > MAX_DEVICES_PER_HOST {
        let problem =
            format!("{total} devices stand there; allowed are up to {MAX_DEVICES_PER_HOST} per host");
        return Err(document.refuse(&[at, &["devices"]].concat(), problem));
    }
    Ok(())
}

pub(super) fn workload(config: &WorkloadConfig, seeds: &[u64], document: &Document, at: &[&str]) -> Checked {
    let refuse = |key: &[&str], problem: String| Err(document.refuse(&[at, key].concat(), problem));
    let known = |names: Vec<(&'static str, &'static str)>| {
        names.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    match &config.source {
        Source::Importer { name, .. } => {
            let names = known(traces::import::names());
            if !names.contains(&name.as_str()) {
                return refuse(&["source", "importer"], unknown_name("importer", name, &names));
            }
        }
        Source::Generator { name, .. } => {
            let names = known(traces::generate::names());
            if !names.contains(&name.as_str()) {
                return refuse(&["source", "generator"], unknown_name("generator", name, &names));
            }
        }
        Source::Canonical { .. } => {}
    }
    for (index, transform) in config.transforms.iter().enumerate() {
        if let Some((key, problem)) = transform_problem(transform, seeds) {
            return refuse(&["transforms", &index.to_string(), key.0, key.1], problem);
        }
    }
    Ok(())
}

/// Transform, key and what is wrong with it.
fn transform_problem(transform: &Transform, seeds: &[u64]) -> Option<((&'static str, &'static str), String)> {
    let is_positive = |value: f64| value.is_finite() && value > 0.0;
    match transform {
        Transform::Window(window) => {
            let windows = window.first_jobs.len() as u64;
            let seed = seeds.iter().find(|&&seed| seed >= windows);
            let no_window = |seed| {
                let problem = format!(
                    "there are {windows} windows and a seed {seed}; allowed are seeds below {windows}"
                );
                (("window", "first_jobs"), problem)
            };
            let nothing = (window.count == 0)
                .then(|| (("window", "count"), "0 jobs stand there; allowed is 1 or more".to_owned()));
            seed.map(no_window).or(nothing)
        }
        Transform::Fill(fill) => (!is_positive(fill.percent)).then(|| {
            (("fill", "percent"), format!("{} stands there; allowed is a number above 0", fill.percent))
        }),
        Transform::Compress(compress) => (!is_positive(compress.factor)).then(|| {
            (("compress", "factor"), format!("{} stands there; allowed is a number above 0", compress.factor))
        }),
        Transform::Limit(limit) => (limit.tasks == 0)
            .then(|| (("limit", "tasks"), "0 tasks stand there; allowed is 1 or more".to_owned())),
        other => {
            let (key, problem) = other.check(seeds).err()?.key()?;
            Some(((other.name(), key), problem))
        }
    }
}

pub(super) fn rules(config: &RulesConfig, document: &Document, at: &[&str]) -> Checked {
    let refuse = |key: &str, problem: String| Err(document.refuse(&[at, &[key]].concat(), problem));
    operation::rules(config, document, at)?;
    if let Some(pue) = config.pue.filter(|pue| !(pue.is_finite() && *pue >= 1.0)) {
        return refuse("pue", format!("{pue} stands there; allowed is a number of 1 or more"));
    }
    if let Some(facility) = &config.facility {
        if let Some((key, problem)) = facility.problem() {
            return Err(document.refuse(&[at, &["facility"], &key].concat(), problem));
        }
        if config.pue.is_some() {
            return refuse("facility", "it stands beside `pue`; allowed is one of both".to_owned());
        }
    }
    surroundings::rules(config, document, at)?;
    let moment = |key, seconds: Option<f64>, allows_zero: bool| {
        let Some(seconds) = seconds else { return Ok(None) };
        let moment = SimTime::from_seconds(seconds).filter(|&moment| allows_zero || moment != SimTime::ZERO);
        let from = if allows_zero { "from 0 on" } else { "above 0" };
        let problem =
            format!("{seconds} stands there; allowed is a number of seconds {from}, up to 2^53 microseconds");
        moment.map(Some).ok_or_else(|| document.refuse(&[at, &[key]].concat(), problem))
    };
    let horizon = moment("horizon_seconds", config.horizon_seconds, false)?;
    let warm_up = moment("warm_up_seconds", config.warm_up_seconds, true)?.unwrap_or_default();
    moment("measure_seconds", config.measure_seconds, false)?;
    let Some(horizon) = horizon else { return Ok(()) };
    if warm_up >= horizon {
        let problem = format!(
            "{} stands there; allowed is less than `horizon_seconds`, {}, for else nothing is measured",
            warm_up.seconds(),
            horizon.seconds()
        );
        return refuse("warm_up_seconds", problem);
    }
    match config.window().end {
        Some(end) if end > horizon => {
            let problem = format!(
                "measuring would end at {} s, after `horizon_seconds`, {}; allowed is an end up to there, or no such key",
                end.seconds(),
                horizon.seconds()
            );
            refuse("measure_seconds", problem)
        }
        _ => Ok(()),
    }
}

fn scenarios(config: &ExperimentConfig, document: &Document) -> Checked {
    let (clusters, workloads, rules) =
        (config.clusters.names(), config.workloads.names(), config.rules.names());
    let known = |what, name: &str, names: &[&str]| match names.contains(&name) {
        true => None,
        false => Some(unknown_name(what, name, names)),
    };
    for (index, scenario) in config.scenarios.iter().enumerate() {
        let index = index.to_string();
        let refuse = |key, problem| Err(document.refuse(&["scenarios", &index, key], problem));
        if scenario.name.trim().is_empty() {
            return refuse("name", "the name is empty; allowed is any other text".to_owned());
        }
        if let Some(problem) = known("cluster", &scenario.cluster, &clusters) {
            return refuse("cluster", problem);
        }
        if let Some(problem) = known("workload", &scenario.workload, &workloads) {
            return refuse("workload", problem);
        }
        if let Some(problem) = scenario.rules.as_ref().and_then(|name| known("rules", name, &rules)) {
            return refuse("rules", problem);
        }
    }
    if let Some(grid) = &config.scenarios_grid {
        for (key, what, found, names) in [
            ("clusters", "cluster", &grid.clusters, &clusters),
            ("workloads", "workload", &grid.workloads, &workloads),
            ("rules", "rules", &grid.rules, &rules),
        ] {
            if found.is_empty() && key != "rules" {
                return Err(
                    document.refuse(&["scenarios_grid", key], "the list is empty; allowed is one or more")
                );
            }
            for (index, name) in found.iter().enumerate() {
                if let Some(problem) = known(what, name, names) {
                    return Err(document.refuse(&["scenarios_grid", key, &index.to_string()], problem));
                }
            }
        }
        if let Some(placeholder) = grid.unknown_placeholder() {
            let problem = unknown_name("placeholder", placeholder, &["cluster", "workload", "rules"]);
            return Err(document.refuse(&["scenarios_grid", "name"], problem));
        }
    }
    let all = config.scenarios();
    if all.is_empty() {
        return Err(document
            .refuse(&["scenarios"], "there is none; allowed are [[scenarios]], [scenarios_grid] or both"));
    }
    let mut seen = BTreeSet::new();
    match all.iter().enumerate().find(|(_, scenario)| !seen.insert(&scenario.name)) {
        None => Ok(()),
        Some((index, scenario)) => {
            let is_of_grid = index >= config.scenarios.len();
            let index = index.to_string();
            let key: &[&str] =
                if is_of_grid { &["scenarios_grid", "name"] } else { &["scenarios", &index, "name"] };
            let problem = format!("two scenarios are named `{}`; allowed is each name once", scenario.name);
            Err(document.refuse(key, problem))
        }
    }
}

/// Refuses a scheduler whose names or options are wrong.
pub(super) fn scheduler(config: &SchedulerConfig, document: &Document, at: &[&str]) -> Checked {
    // Under a discipline that any order can be played with.
    match foresight::check(config, Backfilling::Easy) {
        Ok(()) => Ok(()),
        Err(error) => Err(document.refuse(at, error.to_string())),
    }
}

/// The seeds of the scenarios that use a workload; the experiment's where none does.
fn seeds_of(config: &ExperimentConfig, workload: &str) -> Vec<u64> {
    let scenarios = config.scenarios();
    let users = scenarios.iter().filter(|scenario| scenario.workload == workload);
    let seeds: BTreeSet<u64> = users
        .flat_map(|scenario| scenario.seeds.as_ref().unwrap_or(&config.seeds).0.iter().copied())
        .collect();
    if seeds.is_empty() { config.seeds.0.clone() } else { seeds.into_iter().collect() }
}

/// A scheduler is tried under every discipline that a scenario asks for.
fn schedulers(config: &ExperimentConfig, document: &Document) -> Checked {
    let mut disciplines: Vec<Backfilling> = Vec::new();
    for scenario in config.scenarios() {
        let rules = scenario.rules.and_then(|name| config.rules.position(&name));
        let backfilling =
            rules.map_or_else(Backfilling::default, |index| config.rules.0[index].1.backfilling);
        if !disciplines.contains(&backfilling) {
            disciplines.push(backfilling);
        }
    }
    let tried = |scheduler: &SchedulerConfig, at: &[&str]| -> Checked {
        let error =
            disciplines.iter().find_map(|&backfilling| foresight::check(scheduler, backfilling).err());
        error.map_or(Ok(()), |error| Err(document.refuse(at, error.to_string())))
    };
    for (name, scheduler) in &config.schedulers.0 {
        tried(scheduler, &["schedulers", name])?;
    }
    let known = config.schedulers.names();
    for (place, scenario) in config.scenarios.iter().enumerate() {
        let at = format!("scenarios[{place}]");
        for (name, scheduler) in &scenario.schedulers.0 {
            if !known.contains(&name.as_str()) {
                let problem = unknown_name("scheduler", name, &known);
                return Err(document.refuse(&[&at, "schedulers", name], problem));
            }
            tried(scheduler, &[&at, "schedulers", name])?;
        }
    }
    Ok(())
}
