//! From a configuration to the runs it stands for: scenarios x schedulers x seeds, in that order.
//!
//! A run's id is a hash of all that determines its outcome: the cluster and the workload with the content of
//! every file they name, rules, scheduler, seed, and the versions of the program and of its formats. Names
//! are part of it too, so that two runs of one experiment never share an id.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use policies::scheduler::{Backfilling, SchedulerConfig};
use results::{ExperimentManifest, PlannedRun};
use serde_json::{Value, json};
use sim::kernel::rng::Seed;
use sim::metrics::Window;
use sim::rules::Rules;
use xxhash_rust::xxh3::{Xxh3Default, xxh3_128};

use crate::config::{
    ClaimConfig, ClusterConfig, Config, FacilityConfig, QuantityConfig, RulesConfig, SavingsConfig, Source,
    WorkloadConfig,
};
use crate::error::RunError;
use crate::surroundings::PlannedSurroundings;

/// The version of the program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// So much of a file is in memory at once while it is hashed.
const CHUNK_BYTES: usize = 1 << 18;

/// An experiment, ready to be run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is written first into the folder of results.
    pub manifest: ExperimentManifest,
    /// What the leaderboard shows; empty when reports choose.
    pub metrics: Vec<String>,
    /// At most how many points of each time series are kept.
    pub series_points: usize,
    /// Whether runs say what they saw of tenants.
    pub by_tenant: bool,
    /// The clusters that scenarios use.
    pub clusters: Vec<PlannedCluster>,
    /// The workloads that scenarios use.
    pub workloads: Vec<PlannedWorkload>,
    /// What is around the datacenters whose rules say so.
    pub surroundings: Vec<PlannedSurroundings>,
    /// Who schedules: the experiment's, then those that scenarios have of their own.
    pub schedulers: Vec<SchedulerConfig>,
    /// All runs, in the order of the manifest.
    pub runs: Vec<Run>,
}

/// A cluster and where its files lie.
#[derive(Clone, Debug)]
pub struct PlannedCluster {
    /// Its name.
    pub name: String,
    /// What the config says.
    pub config: ClusterConfig,
    /// The list of nodes that it names.
    pub nodes: Option<PathBuf>,
}

/// A workload and where its files lie.
#[derive(Clone, Debug)]
pub struct PlannedWorkload {
    /// Its name.
    pub name: String,
    /// What the config says.
    pub config: WorkloadConfig,
    /// The file or directory that it names.
    pub path: Option<PathBuf>,
}

/// One run: a scenario with a scheduler under a seed.
#[derive(Clone, Debug)]
pub struct Run {
    /// Hash of all that determines it, in hexadecimal digits.
    pub id: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Name of the scheduler.
    pub scheduler_name: String,
    /// The seed.
    pub seed: u64,
    /// Index of the cluster.
    pub cluster: usize,
    /// Index of the workload.
    pub workload: usize,
    /// Index of the scheduler.
    pub scheduler: usize,
    /// The rules of the engine; the building is made for the cluster by [`Assets::rules`](crate::assets::Assets::rules).
    pub rules: Rules,
    /// The building, where its losses follow the load.
    pub facility: Option<FacilityConfig>,
    /// Index of what is around the datacenter, where the rules say it.
    pub surroundings: Option<usize>,
    /// The part of the episode that is measured.
    pub window: Window,
    /// Who may start before a task that must wait.
    pub backfilling: Backfilling,
    /// All that determines it.
    pub config: Value,
}

impl Run {
    /// As errors name it.
    pub fn title(&self) -> String {
        format!("scenario `{}`, scheduler `{}`, seed {}", self.scenario, self.scheduler_name, self.seed)
    }
}

impl Plan {
    /// Multiplies a configuration out. Of the files it names, only the digests are taken.
    ///
    /// # Errors
    /// When a file that it names is not there.
    pub fn new(config: &Config, data: Option<&Path>, command: &str) -> Result<Self, RunError> {
        if let Some(path) = data.filter(|path| !path.is_dir()) {
            return Err(RunError::DataFolder { path: path.to_owned() });
        }
        let experiment = &config.experiment;
        let (mut clusters, mut cluster_values) = (Vec::new(), Vec::new());
        for (name, cluster) in &experiment.clusters.0 {
            let (planned, value) = plan_cluster(name, cluster, data)?;
            clusters.push(planned);
            cluster_values.push(value);
        }
        let (mut workloads, mut workload_values) = (Vec::new(), Vec::new());
        for (name, workload) in &experiment.workloads.0 {
            let (planned, value) = plan_workload(name, workload, data, config.folder())?;
            workloads.push(planned);
            workload_values.push(value);
        }
        let mut surroundings = Vec::new();
        let mut planned_rules = Vec::new();
        for (name, rules) in &experiment.rules.0 {
            planned_rules.push(plan_rules(name, rules, data, &mut surroundings)?);
        }
        let mut runs = Vec::new();
        let mut schedulers: Vec<SchedulerConfig> =
            experiment.schedulers.0.iter().map(|(_, scheduler)| scheduler.clone()).collect();
        for scenario in config.scenarios() {
            let cluster = position(experiment.clusters.position(&scenario.cluster));
            let workload = position(experiment.workloads.position(&scenario.workload));
            let rules = scenario.rules.as_ref().map(|name| position(experiment.rules.position(name)));
            let own = (RulesConfig::default(), value(&RulesConfig::default()), None);
            let (rules, rules_value, around) = rules.map_or(&own, |index| &planned_rules[index]);
            for (index, (scheduler_name, scheduler)) in experiment.schedulers.0.iter().enumerate() {
                let own = scenario.scheduler(scheduler_name, scheduler);
                let (index, scheduler) = match own == scheduler {
                    true => (index, scheduler),
                    false => {
                        schedulers.push(own.clone());
                        (schedulers.len() - 1, own)
                    }
                };
                let swept = config.swept(&scenario.name, scheduler_name);
                for &seed in &scenario.seeds.as_ref().unwrap_or(&experiment.seeds).0 {
                    let mut config = json!({
                        "scenario": scenario.name,
                        "scheduler_name": scheduler_name,
                        "seed": seed,
                        "cluster": cluster_values[cluster],
                        "workload": workload_values[workload],
                        "rules": rules_value,
                        "scheduler": value(scheduler),
                        "series_points": experiment.series_points,
                        "version": VERSION,
                        "results_schema": results::SCHEMA_VERSION,
                        "workload_schema": traces::format::SCHEMA_VERSION,
                    });
                    // What was not asked for leaves no mark, so that runs keep their names as questions are added.
                    if experiment.by_tenant {
                        config["by_tenant"] = true.into();
                    }
                    if !swept.is_empty() {
                        config["sweep"] = value(&swept);
                    }
                    runs.push(Run {
                        id: digest(canonical(&config).as_bytes()),
                        scenario: scenario.name.clone(),
                        scheduler_name: scheduler_name.clone(),
                        seed,
                        cluster,
                        workload,
                        scheduler: index,
                        rules: rules.rules(Seed(seed)),
                        facility: rules.facility.clone(),
                        surroundings: *around,
                        window: rules.window(),
                        backfilling: rules.backfilling,
                        config,
                    });
                }
            }
        }
        let manifest = ExperimentManifest {
            experiment: experiment.name.clone(),
            version: VERSION.to_owned(),
            config_digest: digest(canonical(&value(experiment)).as_bytes()),
            runs: runs.iter().map(planned_run).collect(),
            command: command.to_owned(),
            savings: experiment.savings.as_ref().map(SavingsConfig::savings),
            claim: experiment.claim.as_ref().map(ClaimConfig::claim),
        };
        Ok(Self {
            manifest,
            metrics: experiment.metrics.clone(),
            series_points: experiment.series_points,
            by_tenant: experiment.by_tenant,
            clusters,
            workloads,
            surroundings,
            schedulers,
            runs,
        })
    }
}

fn planned_run(run: &Run) -> PlannedRun {
    let (scenario, scheduler) = (run.scenario.clone(), run.scheduler_name.clone());
    PlannedRun { id: run.id.clone(), scenario, scheduler, seed: run.seed }
}

fn position(found: Option<usize>) -> usize {
    found.expect("names were checked when the config was read")
}

fn value(config: &impl serde::Serialize) -> Value {
    serde_json::to_value(config).expect("configs hold text, finite numbers and tables of them")
}

fn plan_cluster(
    name: &str,
    config: &ClusterConfig,
    data: Option<&Path>,
) -> Result<(PlannedCluster, Value), RunError> {
    let mut value = value(config);
    let mut nodes = None;
    if let Some(list) = &config.nodes {
        let what = format!("cluster `{name}`");
        let path = in_data(&what, &list.path, data)?;
        value["nodes"]["content"] = content(&what, &path)?;
        nodes = Some(path);
    }
    Ok((PlannedCluster { name: name.to_owned(), config: config.clone(), nodes }, value))
}

/// Rules, all that they determine, and the place of what is around the datacenter among all that is planned.
fn plan_rules(
    name: &str,
    rules: &RulesConfig,
    data: Option<&Path>,
    planned: &mut Vec<PlannedSurroundings>,
) -> Result<(RulesConfig, Value, Option<usize>), RunError> {
    let mut value = value(rules);
    let Some(config) = &rules.surroundings else { return Ok((rules.clone(), value, None)) };
    let mut paths = Vec::new();
    for (key, quantity) in config.quantities() {
        if let QuantityConfig::File(file) = quantity {
            let what = format!("rules `{name}`");
            let path = in_data(&what, &file.path, data)?;
            value["surroundings"][key]["content"] = content(&what, &path)?;
            paths.push((key, path));
        }
    }
    planned.push(PlannedSurroundings { rules: name.to_owned(), config: config.clone(), paths });
    Ok((rules.clone(), value, Some(planned.len() - 1)))
}

pub(crate) fn plan_workload(
    name: &str,
    config: &WorkloadConfig,
    data: Option<&Path>,
    folder: &Path,
) -> Result<(PlannedWorkload, Value), RunError> {
    let what = format!("workload `{name}`");
    let path = match &config.source {
        Source::Importer { path, .. } => Some(in_data(&what, path, data)?),
        Source::Canonical { path } => Some(folder.join(path)),
        Source::Generator { .. } => None,
    };
    let mut value = value(config);
    if let Some(path) = &path {
        value["content"] = content(&what, path)?;
        // A mapping or a partner decides as much as the file itself.
        for beside in read_beside(name, &config.source, path)? {
            let shown = beside.file_name().unwrap_or_default().to_string_lossy().into_owned();
            value["beside"][shown] = content(&what, &beside)?;
        }
    }
    Ok((PlannedWorkload { name: name.to_owned(), config: config.clone(), path }, value))
}

/// The files that an importer reads beside its source.
fn read_beside(name: &str, source: &Source, path: &Path) -> Result<Vec<PathBuf>, RunError> {
    match source {
        Source::Importer { name: importer, options, .. } => {
            traces::import::read_beside(importer, path, options.clone())
                .map_err(|source| RunError::Import { workload: name.to_owned(), source: Box::new(source) })
        }
        _ => Ok(Vec::new()),
    }
}

pub(crate) fn in_data(what: &str, path: &str, data: Option<&Path>) -> Result<PathBuf, RunError> {
    match data {
        Some(data) => Ok(data.join(path)),
        None => Err(RunError::NoDataFolder { what: what.to_owned(), path: path.to_owned() }),
    }
}

/// Size and hash of a file; of a directory, those of everything in it, by name, folders in folders.
fn content(what: &str, path: &Path) -> Result<Value, RunError> {
    let missing = |source| RunError::MissingFile { what: what.to_owned(), path: path.to_owned(), source };
    if !path.is_dir() {
        let (bytes, digest) = hashed(path).map_err(missing)?;
        return Ok(json!({ "bytes": bytes, "xxh3": digest }));
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(path).map_err(missing)? {
        names.push(entry.map_err(missing)?.file_name());
    }
    names.sort();
    let mut inner = serde_json::Map::new();
    for name in names {
        let shown = name.to_string_lossy().into_owned();
        inner.insert(shown, content(what, &path.join(&name))?);
    }
    Ok(Value::Object(inner))
}

/// Size and hash of a file that may be larger than the memory.
fn hashed(path: &Path) -> std::io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let mut hash = Box::new(Xxh3Default::new());
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut bytes = 0;
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok((bytes, format!("{:032x}", hash.digest128()))),
            Ok(read) => {
                hash.update(&chunk[..read]);
                bytes += read as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// XXH3-128 as 32 hexadecimal digits.
pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("{:032x}", xxh3_128(bytes))
}

/// JSON in which every object has its keys in alphabetical order, whatever order they were put in.
pub(crate) fn canonical(value: &Value) -> String {
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                let mut entries: Vec<_> = map.iter().collect();
                entries.sort_by_key(|(key, _)| key.as_str());
                Value::Object(entries.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect())
            }
            Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
            other => other.clone(),
        }
    }
    sorted(value).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        name = "x"
        seeds = [4, 2]
        series_points = 0
        [clusters.pool]
        pool = { processors = 8 }
        [workloads.w]
        source = { generator = "bench_cluster", tasks = 10 }
        [rules.b]
        pue = 1.2
        [rules.a]
        backfilling = "none"
        [schedulers.zeta]
        [schedulers.alpha]
        place = "best_fit"
        [scenarios_grid]
        clusters = ["pool"]
        workloads = ["w"]
        rules = ["b", "a"]
        name = "{workload}/{rules}"
    "#;

    fn plan(text: &str) -> Plan {
        let config = Config::parse("x.toml", text).expect("valid");
        Plan::new(&config, None, "rackwright run x.toml").expect("nothing is missing")
    }

    #[test]
    fn runs_stand_in_the_written_order() {
        let plan = plan(TEXT);
        let titles: Vec<String> = plan
            .runs
            .iter()
            .map(|run| format!("{} {} {}", run.scenario, run.scheduler_name, run.seed))
            .collect();
        assert_eq!(
            titles,
            [
                "w/b zeta 4",
                "w/b zeta 2",
                "w/b alpha 4",
                "w/b alpha 2",
                "w/a zeta 4",
                "w/a zeta 2",
                "w/a alpha 4",
                "w/a alpha 2"
            ]
        );
        assert_eq!(plan.manifest.runs.len(), 8);
    }

    #[test]
    fn ids_say_what_determines_a_run_and_nothing_else() {
        let ids = |text: &str| plan(text).runs.into_iter().map(|run| run.id).collect::<Vec<_>>();
        let before = ids(TEXT);
        assert_eq!(before.iter().collect::<std::collections::BTreeSet<_>>().len(), 8, "all differ");
        assert_eq!(
            before,
            ids(&TEXT.replace("name = \"x\"", "# a comment\nname = \"y\"\nmetrics = [\"makespan\"]"))
        );
        let claim = "claim = { says = \"soon\", metric = \"makespan\", at_most = 1 }";
        let claimed =
            TEXT.replace("name = \"x\"", &format!("name = \"x\"\nmetrics = [\"makespan\"]\n{claim}"));
        assert_eq!(before, ids(&claimed), "a claim determines no run");
        assert!(plan(&claimed).manifest.claim.is_some() && plan(TEXT).manifest.claim.is_none());
        let changed =
            |from, to| before.iter().zip(ids(&TEXT.replace(from, to))).filter(|(a, b)| *a != b).count();
        assert_eq!(changed("pue = 1.2", "pue = 1.3"), 4, "the runs of one set of rules");
        assert_eq!(changed("processors = 8", "processors = 9"), 8);
        assert_eq!(changed("best_fit", "worst_fit"), 4);
        assert_eq!(changed("tasks = 10", "tasks = 11"), 8);
    }

    #[test]
    fn the_content_of_files_determines_a_run() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = TEXT
            .replace("generator = \"bench_cluster\", tasks = 10", "importer = \"swf\", path = \"log.swf\"");
        let config = Config::parse("x.toml", &text).expect("valid");
        let ids = || Plan::new(&config, Some(folder.path()), "x").map(|plan| plan.runs[0].id.clone());
        assert!(matches!(ids(), Err(RunError::MissingFile { .. })));
        std::fs::write(folder.path().join("log.swf"), "one").expect("written");
        let one = ids().expect("there");
        std::fs::write(folder.path().join("log.swf"), "two").expect("written");
        assert_ne!(one, ids().expect("there"));
        assert!(matches!(Plan::new(&config, None, "x"), Err(RunError::NoDataFolder { .. })));
        let nowhere = folder.path().join("nowhere");
        assert!(matches!(Plan::new(&config, Some(&nowhere), "x"), Err(RunError::DataFolder { .. })));
    }

    #[test]
    fn what_a_source_is_read_by_determines_a_run() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = TEXT
            .replace("generator = \"bench_cluster\", tasks = 10", "importer = \"csv\", path = \"jobs.csv\"");
        let config = Config::parse("x.toml", &text).expect("valid");
        let ids = || Plan::new(&config, Some(folder.path()), "x").map(|plan| plan.runs[0].id.clone());
        std::fs::write(folder.path().join("jobs.csv"), "when,took,long\n").expect("written");
        let mapping = |run: &str| {
            let text = format!("take = {{ submit = 'when', run = '{run}' }}");
            std::fs::write(folder.path().join("jobs.csv.mapping.toml"), text).expect("written");
        };
        assert!(ids().is_err_and(|error| error.to_string().contains("jobs.csv.mapping.toml")));
        mapping("took");
        let one = ids().expect("there");
        mapping("long");
        assert_ne!(one, ids().expect("there"));
    }

    #[test]
    fn folders_are_hashed_with_all_that_is_in_them_and_files_piece_by_piece() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        std::fs::create_dir_all(path.join("shards/b")).expect("made");
        let large: Vec<u8> = (0..3 * CHUNK_BYTES + 17).map(|index| (index % 251) as u8).collect();
        std::fs::write(path.join("shards/b/large"), &large).expect("written");
        std::fs::write(path.join("shards/a"), "one").expect("written");
        let found = content("x", &path.join("shards")).expect("readable");
        let expected = json!({
            "a": { "bytes": 3, "xxh3": digest(b"one") },
            "b": { "large": { "bytes": large.len(), "xxh3": digest(&large) } },
        });
        assert_eq!(found, expected);
        std::fs::write(path.join("shards/b/more"), "").expect("written");
        assert_ne!(content("x", &path.join("shards")).expect("readable"), expected);
    }

    /// What an experiment without any later key hashes to: a later version of the program must not change it but
    /// on purpose.
    #[test]
    fn ids_of_earlier_experiments_stay() {
        let plan = plan(TEXT);
        let ids: Vec<&str> = plan.runs.iter().map(|run| run.id.as_str()).collect();
        assert_eq!(
            [ids[0], ids[7]],
            ["b22f047491c8e354b1839c072cd2d8c3", "b4d1b9c815e44e29dfc7b3825f580d24"]
        );
        assert_eq!(plan.manifest.config_digest, "6c95228cfdbbbf75b2e02f89f63b2498");
    }

    #[test]
    fn a_swept_value_is_part_of_a_run() {
        let text = TEXT.to_owned()
            + "[sweep]\n\"rules.b.pue\" = [1.2, 1.4]\n\"schedulers.alpha.place\" = [\"fgd\"]\n";
        let plan = plan(&text);
        let titles: Vec<String> = plan
            .runs
            .iter()
            .filter(|run| run.seed == 4)
            .map(|run| {
                let sweep = run.config.get("sweep").map_or(String::new(), Value::to_string);
                format!("{} {} {sweep}", run.scenario, run.scheduler_name)
            })
            .collect();
        assert_eq!(
            titles,
            [
                r#"w/b [pue=1.2] zeta {"rules.b.pue":1.2}"#,
                r#"w/b [pue=1.2] alpha[place=fgd] {"rules.b.pue":1.2,"schedulers.alpha.place":"fgd"}"#,
                r#"w/b [pue=1.4] zeta {"rules.b.pue":1.4}"#,
                r#"w/b [pue=1.4] alpha[place=fgd] {"rules.b.pue":1.4,"schedulers.alpha.place":"fgd"}"#,
                "w/a zeta ",
                r#"w/a alpha[place=fgd] {"schedulers.alpha.place":"fgd"}"#,
            ]
        );
        assert_eq!(plan.runs[0].config["rules"]["pue"], 1.2);
    }

    #[test]
    fn canonical_json_sorts_keys() {
        assert_eq!(
            canonical(&json!({ "b": [{ "d": 1, "c": 2 }], "a": null })),
            r#"{"a":null,"b":[{"c":2,"d":1}]}"#
        );
    }
}
