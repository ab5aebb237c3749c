use crate::config::Config;

const TEXT: &str = r#"
    name = "x"
    seeds = [0]
    [clusters.pool]
    pool = { processors = 8 }
    [clusters.edge]
    named = "edge_site"
    [workloads.w]
    source = { generator = "bench_cluster", tasks = 10 }
    [rules.a]
    pue = 1.2
    [rules.b]
    [schedulers.zeta]
    [schedulers.alpha]
    place = { policy = "dot_product" }
    [[scenarios]]
    name = "one"
    cluster = "pool"
    workload = "w"
    [[scenarios]]
    name = "two"
    cluster = "edge"
    workload = "w"
    rules = "a"
    [sweep]
"#;

fn config(sweep: &str) -> Config {
    Config::parse("x.toml", &format!("{TEXT}{sweep}")).unwrap_or_else(|error| panic!("{error}"))
}

fn scenarios(sweep: &str) -> Vec<String> {
    config(sweep).scenarios().into_iter().map(|scenario| scenario.name).collect()
}

#[test]
fn only_those_who_use_it_are_multiplied() {
    assert_eq!(scenarios("'rules.a.pue' = [1.1, 1.3]"), ["one", "two [pue=1.1]", "two [pue=1.3]"]);
    assert_eq!(
        scenarios("'clusters.pool.pool.processors' = { from = 4, to = 8, step = 4 }"),
        ["one [pool.processors=4]", "one [pool.processors=8]", "two"]
    );
    assert_eq!(scenarios("'schedulers.alpha.place' = ['fgd']"), ["one", "two"]);
}

#[test]
fn keys_multiply_out_and_the_last_one_runs_fastest() {
    let names = scenarios("'workloads.w.source.tasks' = [10, 20]\n'rules.a.pue' = [1.1, 1.3]");
    assert_eq!(
        names,
        [
            "one [source.tasks=10]",
            "one [source.tasks=20]",
            "two [source.tasks=10, pue=1.1]",
            "two [source.tasks=10, pue=1.3]",
            "two [source.tasks=20, pue=1.1]",
            "two [source.tasks=20, pue=1.3]",
        ]
    );
}

#[test]
fn schedulers_become_several() {
    let sweep =
        "'schedulers.alpha.place.memory_weight' = [0.5, 2.0]\n'schedulers.alpha.order' = ['sjf', 'fcfs']";
    let config = config(sweep);
    assert_eq!(
        config.experiment.schedulers.names(),
        [
            "zeta",
            "alpha[place.memory_weight=0.5, order=sjf]",
            "alpha[place.memory_weight=0.5, order=fcfs]",
            "alpha[place.memory_weight=2.0, order=sjf]",
            "alpha[place.memory_weight=2.0, order=fcfs]",
        ]
    );
    let place = &config.experiment.schedulers.0[3].1.place;
    assert_eq!(place.options["memory_weight"].as_float(), Some(2.0));
    assert!(config.swept("one", "zeta").is_empty());
    assert_eq!(config.swept("one", "alpha[place.memory_weight=2.0, order=sjf]").len(), 2);
}

#[test]
fn a_cluster_that_names_a_file_is_changed_in_what_the_file_says() {
    let swept = config(
        "'clusters.edge.hosts[0].count' = [1, 9]\n'clusters.edge.named' = ['edge_site', 'epyc_fleet']",
    );
    let clusters = &swept.experiment.clusters;
    let first = |name: &str| {
        let position =
            clusters.position(name).unwrap_or_else(|| panic!("{name} is not in {:?}", clusters.names()));
        (clusters.0[position].1.hosts[0].model.as_str(), clusters.0[position].1.hosts[0].count)
    };
    assert_eq!(first("edge[hosts[0].count=9, named=edge_site]"), ("edge_inference", 9));
    assert_eq!(first("edge[hosts[0].count=9, named=epyc_fleet]"), ("epyc_7763", 9));
    assert_eq!(clusters.0.len(), 5);
}

#[test]
fn what_changes_nothing_or_overlaps_is_refused() {
    let refused =
        |sweep: &str| Config::parse("x.toml", &format!("{TEXT}{sweep}")).expect_err(sweep).to_string();
    let unused = refused("'rules.b.pue' = [1.1]");
    assert!(
        unused.contains("line 26, key `sweep.rules.b.pue`") && unused.contains("no scenario uses"),
        "{unused}"
    );
    let overlap =
        refused("'schedulers.alpha.place' = ['fgd']\n'schedulers.alpha.place.memory_weight' = [1.0]");
    assert!(overlap.contains("line 27") && overlap.contains("part of"), "{overlap}");
    let many = refused(
        "'clusters.pool.pool.processors' = { from = 1, to = 200, step = 1 }\n'clusters.pool.pool.memory_mib' = { from = 1, to = 200, step = 1 }",
    );
    assert!(many.contains("multiply out"), "{many}");
    let inside = refused("'clusters.edge.hosts[5].count' = [1]");
    assert!(inside.contains("2 entries"), "{inside}");
}
