//! Published tables, reproduced: `configs/tables` against the goldens of the data folder.
#![allow(clippy::print_stdout, reason = "the reproduced table is worth reading")]

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::{configs, data, printed};
use serde_json::Value;

/// Scenario, scheduler and seed of a run, and a metric's name.
type Key = (String, String, u64, String);

/// Every metric of every run of a table.
fn metrics_of(table: &str, data: &Path) -> BTreeMap<Key, f64> {
    let folder = tempfile::tempdir().expect("a folder");
    let (config, out) = (configs().join(table), folder.path().join("out"));
    let text = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    let args = ["run", &text(&config), "--out", &text(&out), "--data", &text(data), "--no-report", "--json"];
    let summary: Value = serde_json::from_str(&printed(folder.path(), &args)).expect("JSON");
    let mut metrics = BTreeMap::new();
    for run in summary["runs"].as_array().expect("a list of runs") {
        let word = |key: &str| run[key].as_str().expect("text").to_owned();
        for (name, metric) in run["metrics"].as_object().expect("a table of metrics") {
            let seed = run["seed"].as_u64().expect("a seed");
            let value = metric["value"].as_f64().expect("a number");
            metrics.insert((word("scenario"), word("scheduler"), seed, name.clone()), value);
        }
    }
    metrics
}

/// The rows of a golden file, by column.
fn golden(data: &Path, file: &str) -> Vec<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(data.join("goldens").join(file)).expect("the goldens are there");
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let columns: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let row = |line: &str| {
        columns.iter().zip(line.split(',')).map(|(&key, value)| (key.into(), value.into())).collect()
    };
    lines.map(row).collect()
}

/// How far apart two numbers are when the one is printed with as many decimals as the other.
fn decimals(printed: &str) -> usize {
    printed.split_once('.').map_or(0, |(_, decimals)| decimals.len())
}

/// Every training is valid, and learns from no job of its test.
#[test]
fn trainings_have_their_jobs() {
    let Some(data) = data() else { return };
    let mut count = 0;
    for entry in std::fs::read_dir(configs().join("train")).expect("a folder") {
        let path = entry.expect("an entry").path();
        if let Err(error) = runner::train::Training::read(&path, Some(&data)) {
            panic!("{}: {error}", path.display());
        }
        count += 1;
    }
    assert!(count >= 6, "only {count} trainings were found");
}

/// One command with the classical orders of T1 and those that were learned: each cell has five, and they are no worse than what their
/// search began with.
#[test]
fn learned_orders_do_what_they_were_seen_to_do() {
    let Some(data) = data() else { return };
    let metrics = metrics_of("tables/t1_learned.toml", &data);
    let mean_over = |scenario: &str, scheduler: &str| {
        let values: Vec<f64> = metrics
            .iter()
            .filter(|((of, by, _, name), _)| {
                of == scenario && by == scheduler && name == "bounded_slowdown_mean"
            })
            .map(|(_, value)| *value)
            .collect();
        assert!(!values.is_empty(), "{scenario}, {scheduler}");
        values.iter().sum::<f64>() / values.len() as f64
    };
    let scenarios: std::collections::BTreeSet<&String> =
        metrics.keys().map(|(scenario, ..)| scenario).collect();
    for scenario in scenarios.into_iter().filter(|scenario| scenario.starts_with("t1x/")) {
        let learned = (0..5).map(|seed| mean_over(scenario, &format!("learned_{seed}"))).sum::<f64>() / 5.0;
        assert!(learned < mean_over(scenario, "smith"), "{scenario}: {learned}");
    }
}

#[test]
fn t1_is_reproduced_value_by_value() {
    let Some(data) = data() else { return };
    let metrics = metrics_of("tables/t1.toml", &data);
    let (mut compared, mut complaints) = (0, Vec::new());
    for row in golden(&data, "t1-bounded-slowdown-and-utilisation.csv") {
        let scheduler = match row["policy"].as_str() {
            "wfp" => "wfp3_published",
            "uni" => "unicep_published",
            other => other,
        };
        let is_slowdown = row["metric"] == "bounded_slowdown";
        let metric = if is_slowdown { "bounded_slowdown_mean" } else { "utilisation_published" };
        let scenario = format!("t1/{}/{}", row["trace"], row["backfilling"]);
        for seed in 0..10 {
            let published = &row[&format!("seq{seed}")];
            let key = (scenario.clone(), scheduler.to_owned(), seed, metric.to_owned());
            let value = *metrics.get(&key).unwrap_or_else(|| panic!("{key:?} was not run"));
            compared += 1;
            let number: f64 = published.parse().expect("a number");
            let is_equal = match is_slowdown {
                true => (value - number).abs() <= 0.01,
                false => format!("{value:.*}", decimals(published)) == *published,
            };
            if !is_equal {
                complaints.push(format!("{key:?}: {value}, published {published}"));
            }
        }
    }
    assert_eq!(compared, 1080);
    assert!(complaints.is_empty(), "{} of {compared} differ:\n{}", complaints.len(), complaints.join("\n"));
}

/// Mean and variance of the mean.
fn mean(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, squares / (count - 1.0) / count)
}

#[test]
fn t2_is_reproduced_in_the_mean_over_seeds() {
    let Some(data) = data() else { return };
    let metrics = metrics_of("tables/t2.toml", &data);
    let rows = golden(&data, "t2-gpu-allocation.csv");
    let policies = [
        ("random", "Random", 0.5),
        ("dot_product", "DotProd", 0.5),
        ("gpu_clustering", "GpuClustering", 0.8),
        ("gpu_packing", "GpuPacking", 0.8),
        ("best_fit", "BestFit", 0.25),
        ("fgd", "FGD", 0.25),
    ];
    let workloads = [
        "cpu050",
        "default",
        "gpushare100",
        "gpushare40",
        "gpuspec10",
        "gpuspec33",
        "multigpu20",
        "multigpu30",
    ];
    let (mut compared, mut complaints) = (0, Vec::new());
    for workload in workloads {
        for (scheduler, policy, tolerance) in policies {
            for bucket in [100, 130] {
                let of_policy =
                    |row: &&BTreeMap<String, String>| row["workload"] == workload && row["policy"] == policy;
                let value =
                    |row: &BTreeMap<String, String>| row[&format!("b{bucket}")].parse().expect("a number");
                let published: Vec<f64> = rows.iter().filter(of_policy).map(value).collect();
                let metric = format!("gpu_allocation_ratio_at_{bucket}");
                let key = |seed| (format!("t2/{workload}"), scheduler.to_owned(), seed, metric.clone());
                let own: Vec<f64> = (42..52).map(|seed| metrics[&key(seed)]).collect();
                assert_eq!(published.len(), 10, "{workload} {policy}");
                let ((theirs, variance), (ours, own_variance)) = (mean(&published), mean(&own));
                let allowed = f64::max(tolerance, 3.0 * (variance + own_variance).sqrt());
                compared += 1;
                println!("{workload} {scheduler} {bucket}: {ours:.2}, published {theirs:.2}");
                if (ours - theirs).abs() > allowed {
                    complaints.push(format!("{workload} {scheduler} at {bucket}: {ours:.3}, published {theirs:.3}, allowed ± {allowed:.2}"));
                }
            }
        }
    }
    assert_eq!(compared, 96);
    assert!(complaints.is_empty(), "{} of {compared} differ:\n{}", complaints.len(), complaints.join("\n"));
}

/// Percent of power that is saved against FGD when 10, 20, ... 100 % of the GPUs have been asked for, and the allocation
/// at 130 %, where it is stated: an independent replication with other shuffles of the same tasks.
const PWR_REPLICATION: &[(&str, &str, [f64; 10], Option<f64>)] = &[
    ("default", "best_fit", [-7.1, 1.2, 2.2, 3.3, 3.6, 4.5, 4.8, 5.2, 3.7, 2.8], Some(93.09)),
    ("default", "fgd", [0.0; 10], Some(95.40)),
    ("default", "pwr", [12.9, 15.2, 14.2, 13.9, 13.5, 13.6, 13.5, 13.0, 4.2, 7.0], Some(91.00)),
    ("default", "pwr500_fgd500", [12.8, 15.2, 14.3, 14.1, 13.6, 13.7, 13.5, 13.3, 4.9, 5.3], Some(92.30)),
    ("default", "pwr200_fgd800", [12.8, 14.6, 13.4, 13.3, 13.0, 13.2, 13.0, 13.0, 4.9, 4.4], Some(93.28)),
    ("default", "pwr100_fgd900", [10.9, 14.0, 13.3, 13.3, 13.0, 13.1, 13.0, 13.0, 4.9, 4.4], Some(93.31)),
    ("default", "pwr50_fgd950", [10.9, 13.9, 13.3, 13.3, 13.0, 13.2, 13.0, 13.0, 4.8, 4.7], Some(93.18)),
    ("gpushare100", "pwr", [14.8, 14.5, 14.2, 14.5, 14.2, 14.1, 14.2, 5.6, 8.4, 8.2], None),
    ("gpushare100", "pwr100_fgd900", [14.7, 14.0, 13.8, 14.1, 13.7, 13.5, 13.7, 6.6, 6.3, 6.2], None),
    ("gpushare100", "best_fit", [-5.2, -0.6, 1.5, 3.6, 4.0, 4.5, 4.9, 5.2, 2.4, 2.3], None),
    ("gpuspec33", "best_fit", [4.6, 10.9, 11.0, 11.6, 11.4, 10.3, 9.5, 8.3, 7.0, 6.4], Some(93.04)),
    ("gpuspec33", "fgd", [0.0; 10], Some(94.58)),
    ("gpuspec33", "pwr", [20.6, 23.5, 21.9, 20.0, 18.2, 15.4, 13.6, 11.5, 9.8, 8.2], Some(91.74)),
    ("gpuspec33", "pwr200_fgd800", [20.7, 23.6, 21.7, 19.6, 17.5, 14.9, 13.3, 11.0, 9.1, 7.8], Some(93.16)),
    ("gpuspec33", "pwr100_fgd900", [17.1, 19.2, 17.5, 15.7, 13.9, 11.6, 10.4, 8.3, 6.7, 5.9], Some(93.99)),
    ("gpuspec33", "pwr50_fgd950", [14.9, 15.7, 13.2, 10.6, 8.0, 5.3, 4.5, 3.9, 3.4, 2.8], Some(94.34)),
];

#[test]
fn t3_agrees_with_a_replication() {
    let Some(data) = data() else { return };
    let metrics = metrics_of("tables/t3.toml", &data);
    let mean_of = |workload: &str, scheduler: &str, metric: &str| {
        let key = |seed| (format!("t3/{workload}"), scheduler.to_owned(), seed, metric.to_owned());
        mean(&(42..52).map(|seed| metrics[&key(seed)]).collect::<Vec<f64>>()).0
    };
    let mut complaints = Vec::new();
    for &(workload, scheduler, savings, allocation) in PWR_REPLICATION {
        // The replication averages three seeds of gpushare100, does not say how many of gpuspec33, and ten of the other.
        let (tolerance, most) = match workload {
            "default" => (1.0, 8),
            "gpushare100" => (1.5, 7),
            _ => (1.5, 8),
        };
        let percents = (1..=10).map(|tenth| 10 * tenth);
        for (percent, replicated) in percents.zip(savings).skip(1).take(most - 1) {
            let saving = mean_of(workload, scheduler, &format!("power_saving_percent_at_{percent}"));
            println!("{workload} {scheduler} {percent}: {saving:.1}, replicated {replicated}");
            if (saving - replicated).abs() > tolerance {
                complaints
                    .push(format!("{workload} {scheduler} at {percent}: {saving:.2}, not {replicated}"));
            }
        }
        let own = mean_of(workload, scheduler, "gpu_allocation_ratio_at_130");
        if allocation.is_some_and(|replicated| (own - replicated).abs() > 0.3) {
            complaints.push(format!("{workload} {scheduler}: allocation {own:.2}, not {allocation:?}"));
        }
    }
    assert!(complaints.is_empty(), "{} differ:\n{}", complaints.len(), complaints.join("\n"));
}

/// Day, scheduler, and what CloudSim 3.0.3 and a second program print: energy in kWh, SLATAH and PDM in percent,
/// migrations, ESV in thousandths, host shutdowns.
const CONSOLIDATION: &[(&str, &str, [&str; 6])] = &[
    ("20110303", "npa", ["2410.80", "0.000", "0.0000", "0", "0.000", "455"]),
    ("20110303", "dvfs", ["802.75", "0.000", "0.0000", "0", "0.000", "455"]),
    ("20110303", "thr_mmt", ["192.62", "4.913", "0.0646", "26711", "6.117", "5885"]),
    ("20110303", "iqr_mmt", ["189.98", "4.823", "0.0624", "26282", "5.713", "5868"]),
    ("20110303", "mad_mmt", ["185.79", "5.049", "0.0662", "26556", "6.208", "5828"]),
    ("20110303", "lr_mmt", ["163.48", "5.858", "0.0793", "27859", "7.592", "5053"]),
    ("20110303", "lrr_mmt", ["163.48", "5.858", "0.0793", "27859", "7.592", "5053"]),
    ("20110303", "lr_mu", ["175.60", "8.152", "0.0752", "30166", "10.761", "5632"]),
    ("20110303", "thr_mu", ["207.79", "7.382", "0.0670", "30653", "10.272", "6523"]),
    ("20110322", "npa", ["2410.80", "0.000", "0.0000", "0", "0.000", "386"]),
    ("20110322", "dvfs", ["1011.14", "0.000", "0.0000", "0", "0.000", "386"]),
    ("20110322", "thr_mmt", ["201.70", "5.029", "0.0608", "28902", "6.166", "5950"]),
    ("20110322", "iqr_mmt", ["200.87", "5.018", "0.0586", "29058", "5.904", "6067"]),
    ("20110322", "mad_mmt", ["198.50", "4.976", "0.0597", "28604", "5.892", "6016"]),
    ("20110322", "lr_mmt", ["177.48", "6.128", "0.0758", "32038", "8.242", "5506"]),
    ("20110411", "npa", ["2410.80", "0.000", "0.0000", "0", "0.000", "427"]),
    ("20110411", "dvfs", ["888.42", "0.000", "0.0000", "0", "0.000", "427"]),
    ("20110411", "thr_mmt", ["207.38", "4.914", "0.0636", "29130", "6.484", "6256"]),
    ("20110411", "iqr_mmt", ["203.40", "4.873", "0.0582", "28634", "5.770", "6135"]),
    ("20110411", "mad_mmt", ["199.01", "4.840", "0.0577", "27968", "5.553", "6022"]),
    ("20110411", "lr_mmt", ["176.12", "6.131", "0.0798", "31960", "8.619", "5535"]),
];

/// The same of maximum correlation, whose regressions decide differently in their last digits: within 2 % of energy, 4 % of
/// SLATAH and migrations, 6 % of PDM.
const CORRELATION: &[(&str, [f64; 4])] =
    &[("lr_mc", [151.07, 7.006, 0.0975, 23380.0]), ("thr_mc", [183.48, 6.838, 0.1019, 23967.0])];

#[test]
fn t5_is_reproduced_digit_by_digit() {
    let Some(data) = data() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let text = std::fs::read_to_string(configs().join("tables/t5.toml")).expect("the table's config");
    let one_seed = text.replace("count = 10", "count = 1");
    assert_ne!(text, one_seed, "only random selection differs between seeds");
    let path = folder.path().join("t5.toml");
    std::fs::write(&path, one_seed).expect("written");
    let metrics = metrics_of(path.to_str().expect("UTF-8"), &data);
    let value = |day: &str, scheduler: &str, metric: &str| {
        metrics[&(format!("t5/{day}"), scheduler.to_owned(), 0, metric.to_owned())]
    };
    let mut complaints = Vec::new();
    for &(day, scheduler, printed) in CONSOLIDATION {
        let names = ["energy_kwh", "slatah_percent", "pdm_percent", "migrations", "esv", "host_shutdowns"];
        for (name, printed) in names.into_iter().zip(printed) {
            let scale = if name == "esv" { 1000.0 } else { 1.0 };
            let own = format!("{:.*}", decimals(printed), scale * value(day, scheduler, name));
            if own != printed {
                complaints.push(format!("{day} {scheduler} {name}: {own}, not {printed}"));
            }
        }
    }
    for &(scheduler, measured) in CORRELATION {
        let names = ["energy_kwh", "slatah_percent", "pdm_percent", "migrations"];
        for ((name, measured), tolerance) in names.into_iter().zip(measured).zip([0.02, 0.04, 0.06, 0.04]) {
            let own = value("20110303", scheduler, name);
            if (own / measured - 1.0).abs() > tolerance {
                complaints.push(format!("{scheduler} {name}: {own}, not {measured}"));
            }
        }
    }
    assert!((value("20110303", "npa", "energy_kwh") - 2410.8028).abs() < 1e-6);
    assert!(complaints.is_empty(), "{} differ:\n{}", complaints.len(), complaints.join("\n"));
}

/// Learned consolidation keeps to what LR-MMT keeps to, each of five in each order of the day, with at least 3 percent less energy in the
/// mean than the best of the rules that do so in the mean.
#[test]
fn learned_consolidation_does_what_it_was_seen_to_do() {
    let Some(data) = data() else { return };
    let metrics = metrics_of("tables/t5_learned.toml", &data);
    let value = |scheduler: &str, seed: u64, name: &str| {
        metrics[&("t5/20110411".to_owned(), scheduler.to_owned(), seed, name.to_owned())]
    };
    let mean_of =
        |scheduler: &str, name: &str| (0..5).map(|seed| value(scheduler, seed, name)).sum::<f64>() / 5.0;
    let kept = ["slatah_percent", "cpu_shortage_percent"];
    let rules =
        ["lr_mmt", "thr_mmt", "cap_no_relief", "cap_no_relief_charged", "thr_charged", "thr_repacked"];
    let best = rules
        .into_iter()
        .filter(|rule| kept.iter().all(|name| mean_of(rule, name) <= mean_of("lr_mmt", name)))
        .map(|rule| mean_of(rule, "energy_kwh"))
        .fold(f64::INFINITY, f64::min);
    let learned: Vec<String> = (0..5).map(|seed| format!("learned_{seed}")).collect();
    for (policy, seed) in learned.iter().flat_map(|policy| (0..5).map(move |seed| (policy, seed))) {
        for name in kept {
            let (own, limit) = (value(policy, seed, name), value("lr_mmt", seed, name));
            assert!(own <= limit, "{policy}, seed {seed}: {name} is {own}, not {limit}");
        }
    }
    let energy = learned.iter().map(|policy| mean_of(policy, "energy_kwh")).sum::<f64>() / 5.0;
    println!("T5 learned: {energy:.1} kWh, the best rule {best:.1} kWh");
    assert!(energy <= 0.97 * best, "{energy} kWh, and {best} kWh by a rule");
}

/// A log's own decisions, repeated: starts are the log's but for what the log itself overbooks.
#[test]
fn recorded_decisions_are_repeated() {
    let Some(data) = data() else { return };
    let fidelity = |file: &str, amount: &[&str]| -> Value {
        let folder = tempfile::tempdir().expect("a folder");
        let path = data.join("traces").join(file);
        let args = [&["trace", "replay", path.to_str().expect("UTF-8"), "--json"], amount].concat();
        serde_json::from_str(&printed(folder.path(), &args)).expect("JSON")
    };
    let hpc2n = fidelity("swf/HPC2N-2002-2.2-cln.swf.gz", &["--processors", "240"]);
    assert_eq!((&hpc2n["tasks"], &hpc2n["tasks_recorded"]), (&202_871.into(), &202_870.into()));
    // For 74 s the log has 243 of 240 processors in use.
    assert_eq!((&hpc2n["late"]["count"], &hpc2n["late"]["max_seconds"]), (&1.into(), &74.0.into()));
    assert_eq!(hpc2n["late"]["causes"]["trace_over_capacity"], 1);
    let elasticflow = fidelity("elasticflow-itp/raw/cluster02.csv.gz", &["--gpus", "peak"]);
    assert_eq!((&elasticflow["tasks"], &elasticflow["late"]["count"]), (&6020.into(), &0.into()));
    for replayed in [&hpc2n, &elasticflow] {
        assert_eq!((&replayed["early"], &replayed["never_started"]), (&0.into(), &0.into()));
        assert_eq!(replayed["trace"]["makespan_seconds"], replayed["simulated"]["makespan_seconds"]);
    }
}
