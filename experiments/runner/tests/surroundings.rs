//! Weather, carbon and prices from a config to what runs leave.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use results::RunRecord;
use runner::assets::Assets;
use runner::evaluate::evaluate;
use runner::{Config, Plan};

fn config(name: &str) -> Config {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/models").join(name);
    Config::read(&path).expect("valid")
}

fn records(config: &Config, data: Option<&Path>) -> Vec<RunRecord> {
    let plan = Plan::new(config, data, "").expect("planned");
    let assets = Assets::new(&plan, &plan.runs);
    plan.runs.iter().map(|run| evaluate(&plan, run, &assets, None).expect("it runs").record).collect()
}

fn value(record: &RunRecord, metric: &str) -> f64 {
    record.metrics[metric].value
}

/// The experiment of docs/models/facility.md: however the heat gets out, the same happens, and what follows the weather takes less
/// than what does not.
#[test]
fn cooling_moves_the_pue_and_nothing_that_happens() {
    let records = records(&config("facility.toml"), None);
    let digests: BTreeSet<_> = records.iter().map(|record| (&record.scheduler, &record.digest)).collect();
    assert_eq!(digests.len(), 2, "one for each scheduler");
    let pue = |way: &str| {
        let scenario = format!("water [facility.cooling={way}]");
        let is_it = |record: &&RunRecord| record.scenario == scenario && record.scheduler == "always_on";
        value(records.iter().find(is_it).expect("it was run"), "pue")
    };
    let ways = ["liquid", "economiser_water", "economiser_air", "chiller", "chiller_dry", "chiller_20c"];
    assert!(ways.map(pue).windows(2).all(|pair| pair[0] < pair[1]), "{:?}", ways.map(pue));
    for record in &records {
        let sum = ["energy_it", "energy_losses", "energy_cooling"]
            .map(|part| value(record, part))
            .iter()
            .sum::<f64>();
        assert!((sum - value(record, "energy_facility")).abs() <= 1e-9 * sum, "{}", record.scenario);
    }
}

/// The experiment of docs/models/carbon.md: waiting saves, and tenants, idle and boot have all of it.
#[test]
fn waiting_for_better_hours_saves_carbon_and_money() {
    let mut config = config("carbon.toml");
    config.experiment.seeds.0.truncate(2);
    let records = records(&config, None);
    let of = |scheduler: &str, metric: &str| -> f64 {
        records
            .iter()
            .filter(|record| record.scheduler == scheduler)
            .map(|record| value(record, metric))
            .sum()
    };
    assert!(of("carbon_aware", "carbon_operational") < 0.9 * of("at_once", "carbon_operational"));
    assert!(of("price_aware", "energy_cost") < 0.85 * of("at_once", "energy_cost"));
    assert_eq!(of("carbon_aware", "carbon_embodied"), of("at_once", "carbon_embodied"));
    for record in &records {
        let by_tenant = record.by_tenant.as_ref().expect("it was asked for");
        let sum: f64 = by_tenant.energy.iter().map(|share| share.carbon_kilograms.expect("known")).sum();
        assert!((sum - value(record, "carbon_operational")).abs() <= 1e-9 * sum, "{}", record.scheduler);
    }
}

/// Free hours of real weather years, as counted over the rows of the files: dry bulb + 2 K, or wet bulb + 4 K, at most 24 °C.
#[test]
fn weather_years_of_seattle_and_san_jose() {
    let Some(data) = std::env::var_os("RACKWRIGHT_DATA").map(PathBuf::from) else { return };
    let records = records(&config("free_cooling.toml"), Some(&data));
    for (scenario, hours, pue) in [
        ("seattle [facility.cooling=economiser_water]", 8666.0, 1.054),
        ("seattle [facility.cooling=economiser_air]", 8130.0, 1.071),
        ("seattle [facility.cooling=chiller]", 0.0, 1.265),
        ("san_jose [facility.cooling=economiser_water]", 8729.0, 1.054),
        ("san_jose [facility.cooling=economiser_air]", 7547.0, 1.075),
        ("san_jose [facility.cooling=liquid]", 7547.0, 1.052),
    ] {
        let record = records.iter().find(|record| record.scenario == scenario).expect(scenario);
        assert!((value(record, "free_cooling_hours") - hours).abs() < 1e-9, "{scenario}");
        assert!((value(record, "pue") - pue).abs() <= 0.0005, "{scenario}: {}", value(record, "pue"));
    }
}

const OF_FILES: &str = r#"
name = "x"
seeds = [0]
[clusters.room]
hosts = [{ count = 1, model = "m", cores = 8, memory_gib = 16, power = { linear = { idle_watts = 100, max_watts = 200 } } }]
[workloads.day]
source = { generator = "poisson", jobs = 3 }
[rules.dear]
horizon_seconds = 7200
[rules.dear.surroundings]
calendar = "2022-07-01T00:00:00Z"
price = { path = "prices.csv", format = "csv_series", quantity = "electricity_price", value = "price", time = "time", unit = "EUR/MWh" }
[schedulers.s]
[[scenarios]]
name = "one"
cluster = "room"
workload = "day"
rules = "dear"
"#;

/// What a file says determines a run; one that holds something else, or too little, is refused.
#[test]
fn files_determine_runs_and_must_hold_what_is_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let play = |text: &str, prices: &str| {
        std::fs::write(folder.path().join("prices.csv"), prices).expect("written");
        let config = Config::parse("x.toml", text).expect("valid");
        let plan = Plan::new(&config, Some(folder.path()), "").expect("planned");
        let assets = Assets::new(&plan, &plan.runs);
        let outcome = evaluate(&plan, &plan.runs[0], &assets, None);
        (plan.runs[0].id.clone(), outcome.map(|outcome| outcome.record).map_err(|error| error.to_string()))
    };
    let hours = |prices: [i32; 3]| {
        let rows =
            prices.iter().enumerate().map(|(hour, price)| format!("2022-07-01T0{hour}:00:00Z,{price}\n"));
        format!("time,price\n{}", rows.collect::<String>())
    };
    let (cheap, dear) = (play(OF_FILES, &hours([10, 20, 30])), play(OF_FILES, &hours([10, 30, 20])));
    assert_ne!(cheap.0, dear.0, "the content is part of the id");
    let cost = |played: &(String, Result<RunRecord, String>)| {
        value(played.1.as_ref().expect("it runs"), "energy_cost")
    };
    assert!(cost(&cheap) < cost(&dear));
    let long = OF_FILES.replace("7200", "86400");
    let told = play(&long, &hours([10, 20, 30])).1.expect_err("the prices end");
    assert!(told.contains("known until 10800 s") && told.contains("wrap"), "{told}");
    let other = OF_FILES.replace("electricity_price", "carbon_intensity").replace(", unit = \"EUR/MWh\"", "");
    let told = play(&other, &hours([10, 20, 30])).1.expect_err("no prices");
    assert!(told.contains("`surroundings.price`") && told.contains("holds carbon_intensity"), "{told}");
    let cents = OF_FILES.replace("EUR/MWh", "ct/kWh");
    let told = play(&cents, &hours([10, 20, 30])).1.expect_err("another unit");
    assert!(told.contains("ct/kWh") && told.contains("MWh"), "{told}");
    let early = OF_FILES.replace("2022-07-01T00:00:00Z", "2021-07-01T00:00:00Z");
    let told = play(&early, &hours([10, 20, 30])).1.expect_err("before the file");
    assert!(told.contains("nothing is known of its beginning"), "{told}");
}

/// A rule without surroundings leaves no mark of them in what determines its runs.
#[test]
fn what_is_not_asked_for_leaves_no_mark() {
    let start = OF_FILES.find("[rules.dear.surroundings]").expect("there");
    let end = OF_FILES.find("[schedulers.s]").expect("there");
    let plain = format!("{}{}", &OF_FILES[..start], &OF_FILES[end..])
        .replace("horizon_seconds = 7200", "facility = { ups = \"eco\", cooling = 0.25 }");
    let plan = Plan::new(&Config::parse("x.toml", &plain).expect("valid"), None, "").expect("planned");
    let rules = &plan.runs[0].config["rules"];
    assert!(rules.get("surroundings").is_none() && rules["facility"]["cooling"] == 0.25, "{rules}");
    assert!(plan.runs[0].config["cluster"]["hosts"][0].get("embodied").is_none());
}
