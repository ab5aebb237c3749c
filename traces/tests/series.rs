//! What every importer of series keeps to, and what each makes of its fixtures.

use std::path::{Path, PathBuf};

use traces::format::{self, Source};
use traces::series::{
    self, Calendar, Environment, Gaps, Rules, Series, SeriesSummary, Signal, UtcTime, Wrap,
};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// The fixtures of an importer, `series_NAME.*` and `series_NAME-*`, and the options that stand beside them.
fn fixtures(name: &str) -> Vec<(PathBuf, toml::Table)> {
    let folder = std::fs::read_dir(fixture("")).expect("there are fixtures");
    let is_of_importer = |path: &PathBuf| {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let behind = file.strip_prefix("series_").and_then(|file| file.strip_prefix(name));
        behind.is_some_and(|behind| behind.starts_with(['.', '-'])) && !file.ends_with(".toml")
    };
    let mut files: Vec<PathBuf> =
        folder.map(|entry| entry.expect("readable").path()).filter(is_of_importer).collect();
    files.sort();
    let with_options = |file: PathBuf| {
        let options = std::fs::read_to_string(file.with_extension("toml")).unwrap_or_default();
        (file, toml::from_str(&options).expect("TOML"))
    };
    files.into_iter().map(with_options).collect()
}

fn import(name: &str, file: &str, options: &str) -> (Environment, SeriesSummary) {
    let options = toml::from_str(options).expect("TOML");
    series::import(name, &fixture(file), options).unwrap_or_else(|error| panic!("{error}"))
}

fn series(name: &str, file: &str, options: &str) -> (Series, SeriesSummary) {
    match import(name, file, options) {
        (Environment::Series(series), summary) => (series, summary),
        (Environment::Failures(_), _) => panic!("{file} holds failures"),
    }
}

fn times(series: &Series) -> Vec<String> {
    series.times().iter().map(ToString::to_string).collect()
}

#[test]
fn fixtures_import_are_recognised_by_one_importer_and_come_back_with_the_same_digest() {
    let names: Vec<&str> = series::names().into_iter().map(|(name, _)| name).collect();
    for (name, help) in series::names() {
        assert!(!help.is_empty(), "{name} has no help");
        let files = fixtures(name);
        assert!(!files.is_empty(), "{name} has no fixture");
        for (file, options) in files {
            let shown = file.display();
            let import =
                || series::import(name, &file, options.clone()).unwrap_or_else(|error| panic!("{error}"));
            let (environment, summary) = import();
            assert_eq!(summary.importer, name);
            assert_eq!(summary.rows_read, summary.rows_kept + summary.rows_dropped.values().sum::<u64>());
            assert!(summary.points > 1, "{shown}");
            match name {
                "csv_series" => assert!(series::recognise(&file).is_err(), "{shown}"),
                _ => assert_eq!(series::recognise(&file).expect("recognised"), name, "{shown}"),
            }
            for other in names.iter().filter(|&&other| other != name) {
                let start = "start = \"2022-01-01T00:00:00Z\"";
                let imported = [toml::Table::new(), toml::from_str(start).expect("TOML")]
                    .map(|options| series::import(other, &file, options));
                assert!(imported.iter().all(Result::is_err), "{other} takes {shown}");
            }
            let json = serde_json::to_string(&summary).expect("JSON");
            let order = [
                "importer",
                "rows_read",
                "rows_kept",
                "rows_dropped",
                "points",
                "span_seconds",
                "quantity",
                "unit",
                "first",
                "last",
                "gaps",
                "minimum",
                "mean",
                "maximum",
            ];
            let places: Vec<_> =
                order.iter().map(|key| json.find(&format!("\"{key}\":")).expect("a key")).collect();
            assert!(places.is_sorted() && places[0] == 1, "{json}");
            round_trip(&environment, &import().0, name);
        }
    }
}

/// Writes and reads the same series, and writes the same bytes for an equal one.
fn round_trip(environment: &Environment, again: &Environment, what: &str) {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let source = Source { file: what.to_owned(), licence: None, importer: what.to_owned() };
    let dirs = ["one", "other"].map(|name| scratch.path().join(name));
    let written = format::write_series(environment, &dirs[0], &source).expect("written");
    format::write_series(again, &dirs[1], &source).expect("written");
    let (back, manifest) = format::read_series(&dirs[0]).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(&back, environment, "{what}");
    assert_eq!(manifest, written);
    assert_eq!(manifest.digest, format::series_digest(&back));
    assert!(format::is_series(&dirs[0]) && !format::is_series(scratch.path()));
    for file in ["manifest.toml", "points.parquet"] {
        let bytes = dirs.each_ref().map(|dir| std::fs::read(dir.join(file)).expect("written"));
        assert_eq!(bytes[0], bytes[1], "{what}: {file}");
    }
    assert!(format::write_series(again, &dirs[1], &source).is_err(), "nothing is overwritten");
}

#[test]
fn packed_and_plain_files_import_alike() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let packed = scratch.path().join("prices.csv.gz");
    let out = std::fs::File::create(&packed).expect("created");
    let mut encoder = flate2::write::GzEncoder::new(out, flate2::Compression::default());
    let bytes = std::fs::read(fixture("series_prices.csv")).expect("a fixture");
    std::io::Write::write_all(&mut encoder, &bytes).expect("packed");
    encoder.finish().expect("packed");
    let (found, _) = series::import("prices", &packed, toml::Table::new()).expect("imports");
    assert_eq!(found, import("prices", "series_prices.csv", "").0);
    assert_eq!(series::recognise(&packed).expect("recognised"), "prices");
}

#[test]
fn null_values_are_counted_and_leave_gaps() {
    let (dcrl, summary) = series("dcrl", "series_dcrl.csv", "");
    assert_eq!((summary.rows_read, summary.rows_kept, summary.rows_dropped["null_value"]), (12, 11, 1));
    assert_eq!((summary.gaps, summary.gap_seconds), (1, 3600.0));
    assert_eq!((summary.quantity.as_str(), summary.unit.as_str()), ("carbon_intensity", "gCO2eq/kWh"));
    assert_eq!(
        (summary.first.as_str(), summary.last.as_str()),
        ("2022-03-01T00:00:00Z", "2022-03-01T11:00:00Z")
    );
    assert_eq!((summary.minimum, summary.maximum), (200.5, 310.5));
    let at = |gaps, time: &str| {
        let signal = Signal::new(dcrl.clone(), Rules { gaps, ..Rules::default() }).expect("valid rules");
        signal.at(time.parse().expect("a time"))
    };
    assert_eq!(at(Gaps::Refuse, "2022-03-01T05:59+01:00").expect("covered"), 240.5);
    assert!(at(Gaps::Refuse, "2022-03-01T05:30Z").is_err());
    assert_eq!(at(Gaps::Hold, "2022-03-01T05:30Z").expect("held"), 240.5);
    assert_eq!(at(Gaps::Interpolate, "2022-03-01T05:30Z").expect("drawn"), 250.5);
}

#[test]
fn steps_may_change_within_a_file() {
    let (lww, summary) = series("lww", "series_lww.csv", "");
    assert_eq!(summary.gaps, 1, "one quarter is missing");
    let steps: Vec<(f64, u64)> = summary.steps.iter().map(|step| (step.seconds, step.points)).collect();
    assert_eq!(steps, [(900.0, 13), (1800.0, 10)]);
    let mean_by_hand = ((120.25 + 129.25) / 2.0 * 10.0 * 1800.0
        + (0..14)
            .filter(|&quarter| quarter != 7)
            .map(|quarter| (130.75 + f64::from(quarter)) * 900.0)
            .sum::<f64>())
        / (10.0 * 1800.0 + 13.0 * 900.0);
    assert!((summary.mean_over_time - mean_by_hand).abs() < 1e-9, "{}", summary.mean_over_time);
    let (berlin, _) = series("lww", "series_lww.csv", "time_zone = \"Europe/Berlin\"");
    assert_eq!(lww.times()[0].microseconds() - berlin.times()[0].microseconds(), 3_600_000_000);
}

#[test]
fn options_choose_the_column() {
    let (lca, summary) = series("electricity_maps", "series_electricity_maps.csv", "");
    assert_eq!((lca.values()[0], summary.facts["estimated"]), (90.25, 1));
    assert_eq!(summary.column, "Carbon Intensity gCO₂eq/kWh (LCA)");
    let (direct, _) = series("electricity_maps", "series_electricity_maps.csv", "intensity = \"direct\"");
    assert_eq!(direct.values()[0], 60.5);
    let (produced, summary) = series("carbonscaler", "series_carbonscaler.csv", "intensity = \"production\"");
    assert_eq!((produced.values()[1], summary.gaps, summary.gap_seconds), (281.0, 1, 23.0 * 3600.0));
    let (marginal, summary) = series("watttime", "series_watttime.csv", "");
    assert_eq!((marginal.values()[1], summary.quantity.as_str()), (426.125, "marginal_carbon_intensity"));
    let (disk, _) = series(
        "datacentertraces",
        "series_datacentertraces-alibaba.csv",
        "start = \"2018-01-01T00:00:00Z\"\nquantity = \"disk_utilisation\"\nstep_seconds = 60",
    );
    assert_eq!(disk.values()[1], 5.125 * 0.01);
    assert_eq!(times(&disk)[1], "2018-01-01T00:01:00Z");
}

#[test]
fn prices_carry_their_currency_and_may_be_negative() {
    let (prices, summary) = series("prices", "series_prices.csv", "");
    assert_eq!((summary.unit.as_str(), summary.minimum), ("EUR/MWh", -484.5));
    assert_eq!(summary.gaps, 0, "clocks were set back, time went on");
    assert_eq!(times(&prices)[3], "2022-10-30T01:00:00Z");
}

#[test]
fn weather_is_placed_in_one_year_and_its_own_zone() {
    let (dry, summary) = series("epw", "series_epw.epw", "");
    assert_eq!(times(&dry)[0], "2023-01-31T08:00:00Z", "the first hour of the day, eight hours west");
    assert_eq!((summary.rows_read, summary.rows_dropped["missing_value"], summary.gaps), (48, 1, 1));
    assert_eq!((dry.values()[1], summary.unit.as_str()), (5.25, "°C"));
    assert_eq!(times(&dry)[24], "2023-02-01T08:00:00Z", "another year in the file, the next day here");
    let (pressure, _) = series("epw", "series_epw.epw", "quantity = \"pressure\"\nyear = 2020");
    assert_eq!((pressure.values()[0], times(&pressure)[0].as_str()), (101_300.0, "2020-01-31T08:00:00Z"));
    let (humidity, _) = series("epw", "series_epw.epw", "quantity = \"relative_humidity\"");
    assert_eq!((humidity.values()[47], humidity.times().len()), (97.0, 48));
}

#[test]
fn a_mapping_reads_any_table() {
    let options = std::fs::read_to_string(fixture("series_csv_series.toml")).expect("a mapping");
    let (prices, summary) = series("csv_series", "series_csv_series.csv", &options);
    assert_eq!(prices.values(), [125.0, -12.5, 30.0, 47.5]);
    let expected =
        ["2022-10-29T23:00:00Z", "2022-10-30T00:00:00Z", "2022-10-30T02:00:00Z", "2022-10-30T03:00:00Z"];
    assert_eq!(times(&prices), expected);
    assert_eq!((summary.unit.as_str(), summary.rows_dropped["null_value"], summary.gaps), ("EUR/MWh", 1, 1));
    let hours = "quantity = \"cpu_utilisation\"\nvalue = \"cpu_load\"\nstart = \"2022-03-01 00:00 UTC\"\nstep_seconds = 60";
    let (load, _) = series("csv_series", "series_dcrl_load.csv", hours);
    assert_eq!((load.values()[0], times(&load)[5].as_str()), (0.36, "2022-03-01T00:05:00Z"));
    let unix = "quantity = \"other\"\nunit = \"g\"\nvalue = \"carbon_intensity_avg\"\ntime = \"timestamp\"\ntime_format = \"unix_s\"";
    let (carbon, _) = series("csv_series", "series_carbonscaler.csv", unix);
    assert_eq!(times(&carbon)[1], "2022-03-01T01:00:00Z");
}

#[test]
fn failures_follow_each_other_by_intervals() {
    let events = |options: &str| match import("opendc_failures", "series_opendc_failures.parquet", options) {
        (Environment::Failures(failures), summary) => (failures, summary),
        (Environment::Series(_), _) => panic!("failures are expected"),
    };
    let (failures, summary) = events("");
    let starts: Vec<f64> = failures.events().iter().map(|event| event.start.seconds()).collect();
    assert_eq!(starts, [0.0, 1200.0, 2400.0, 88_800.0]);
    assert_eq!((summary.points, summary.maximum, summary.quantity.as_str()), (4, 1.0, "failures"));
    assert_eq!((summary.first.as_str(), summary.last.as_str()), ("0 s", "88800 s"));
    let (failures, _) = events("interval_from = \"end\"");
    let starts: Vec<f64> = failures.events().iter().map(|event| event.start.seconds()).collect();
    assert_eq!(starts, [0.0, 15_600.0, 36_000.0, 122_400.0]);
}

#[test]
fn local_and_utc_series_line_up_on_a_calendar() {
    let calendar: Calendar = "2022-10-30 00:00 Europe/Berlin".parse().expect("a calendar");
    let (prices, _) = series("prices", "series_prices.csv", "");
    let signal = Signal::new(prices, Rules::default()).expect("valid rules");
    let hour = |hour: u64| {
        let time = sim::kernel::time::SimTime(hour * 3_600_000_000);
        let local = calendar.local(time).expect("a time");
        (local.hour, signal.at(calendar.utc(time).expect("a time")).expect("covered"))
    };
    assert_eq!([hour(2), hour(3), hour(4)], [(2, -3.25), (2, -484.5), (3, 7.0)]);
    let repeated = Rules { wrap: Wrap::Year, ..Rules::default() };
    let next_year: UtcTime = "2023-10-30T01:00:00Z".parse().expect("a time");
    let again = Signal::new(signal.series().clone(), repeated).expect("valid rules");
    assert_eq!(again.at(next_year).expect("repeated"), -484.5);
}
