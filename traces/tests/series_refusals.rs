//! What is no series is refused in one sentence that says where, what stood there and what is allowed; no bytes panic.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use traces::format::{self, Source};
use traces::series::{self, SeriesError};

const DCRL: &str = "timestamp,WND,avg_CI\n2022-01-01 00:00:00+00:00,1,2\n";
const LWW: &str = "Time,Carbon Intensity\n2020-01-01 00:00:00,1\n";
const PRICES: &str = "Datetime (UTC),Datetime (Local),Price (USD/MWh)\n";
const START: &str = "start = \"2022-01-01T00:00:00Z\"";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn import_bytes(importer: &str, bytes: &[u8], options: &str) -> Result<(), SeriesError> {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let file = scratch.path().join("series-file");
    std::fs::write(&file, bytes).expect("written");
    series::import(importer, &file, toml::from_str(options).expect("TOML")).map(|_| ())
}

/// Imports these bytes and expects a refusal of one line that says all of this.
fn refused_with(importer: &str, bytes: &[u8], options: &str, told: &[&str]) {
    let what = String::from_utf8_lossy(&bytes[..bytes.len().min(150)]).into_owned();
    let Err(error) = import_bytes(importer, bytes, options) else { panic!("{importer} takes {what:?}") };
    let error = error.to_string();
    assert!(error.contains("series-file") && !error.contains('\n'), "{what:?}: {error}");
    for words in told {
        assert!(error.contains(words), "{importer}, {what:?}: {error:?} does not say {words:?}");
    }
}

fn refused(importer: &str, bytes: impl AsRef<[u8]>, told: &[&str]) {
    refused_with(importer, bytes.as_ref(), "", told);
}

#[test]
fn rows_of_times_and_values() {
    refused("dcrl", "", &["line 1", "empty"]);
    refused("dcrl", "timestamp,WND\n", &["line 1", "no column `avg_CI`", "timestamp, WND"]);
    refused("dcrl", "timestamp,timestamp,avg_CI\n", &["line 1", "`timestamp` twice"]);
    refused("dcrl", DCRL, &["two points or more", "there are 1"]);
    refused(
        "dcrl",
        format!("{DCRL}2022-01-01 00:00:00+00:00,1,2\n"),
        &["line 3", "2022-01-01T00:00:00Z stands behind"],
    );
    refused("dcrl", format!("{DCRL}\n2021-01-01 00:00:00+00:00,1,2\n"), &["line 4", "ascend"]);
    refused("dcrl", format!("{DCRL}2022-01-01 01:00:00+00:00,1\n"), &["line 3", "2 columns", "3"]);
    refused(
        "dcrl",
        format!("{DCRL}2022-01-01 01:00:00+00:00,1,much\n"),
        &["line 3", "column avg_CI", "\"much\""],
    );
    refused("dcrl", format!("{DCRL}2022-01-01 01:00:00+00:00,1,inf\n"), &["line 3", "avg_CI", "1e18"]);
    refused("dcrl", format!("{DCRL}yesterday,1,2\n"), &["line 3", "column timestamp", "\"yesterday\""]);
    refused("dcrl", format!("{DCRL}\"2022-01-01 01:00,1,2\n"), &["line 3", "quotation mark"]);
    refused("dcrl", [DCRL.as_bytes(), b"\xff\xfe,1,2\n"].concat(), &["line 3", "UTF-8"]);
    refused("dcrl", vec![b'7'; 3 << 20], &["line 1"]);
    refused("dcrl", [0_u8; 5000], &["line 1"]);
    refused("lww", LWW, &["two points"]);
    refused_with(
        "lww",
        format!("{LWW}2020-03-29 02:30:00,2\n").as_bytes(),
        "time_zone = \"Europe/Berlin\"",
        &["line 3", "column Time", "never shown", "2020-03-29T01:30:00+01:00 Europe/Berlin"],
    );
    refused("watttime", "oootime,A,B\n2023-01-01,1,2\n", &["line 1", "`region`"]);
    refused("watttime", "oootime\n2023-01-01\n", &["line 1", "`region`"]);
    refused("prices", "Datetime (UTC),Price (dollars/MWh)\n", &["line 1", "CURRENCY/MWh"]);
    refused(
        "prices",
        format!("{PRICES}2023-01-01 00:00:00+00:00,2023-01-01 02:00:00+01:00,5\n"),
        &["line 2", "Datetime (Local)", "2023-01-01T00:00:00Z"],
    );
    let head =
        "datetime,timestamp,zone_name,carbon_intensity_avg\n2020-01-01T00:00:00+00:00,1577836800,A,1\n";
    let row = |row: &str| format!("{head}{row}\n");
    refused(
        "carbonscaler",
        row("2020-01-01T01:00:00+00:00,1577836800,A,1"),
        &["line 3", "timestamp", "1577840400"],
    );
    refused(
        "carbonscaler",
        row("2020-01-01T01:00:00+00:00,1577840400,B,1"),
        &["line 3", "zone_name", "one zone"],
    );
    let head = "Datetime (UTC),Zone Id,Carbon Intensity (direct)\n";
    refused("electricity_maps", head, &["line 1", "(LCA)"]);
    refused_with(
        "dcrl_load",
        b",cpu_load\n1,0.5\n3,0.5\n",
        START,
        &["line 3", "column 1", "2: rows are numbered"],
    );
    refused_with("dcrl_load", b",cpu_load\n1,40\n", START, &["line 2", "cpu_load", "a share"]);
    refused_with(
        "datacentertraces",
        b"cpu_util,mem_util\n1,2\n3,4\n",
        "quantity = \"network_in\"\nstart = \"2022-01-01 UTC\"",
        &["network_in"],
    );
}

#[test]
fn weather_files() {
    let whole = std::fs::read_to_string(fixture("series_epw.epw")).expect("a fixture");
    let lines = |count: usize| whole.lines().take(count).map(|line| format!("{line}\n")).collect::<String>();
    refused("epw", "", &["line 1", "header"]);
    refused("epw", lines(7), &["line 7", "8 lines"]);
    refused("epw", lines(8).replace("DATA PERIODS", "DATA"), &["line 8", "DATA PERIODS"]);
    refused("epw", lines(55), &["line 55", "47 rows", "has 48"]);
    refused("epw", whole.replace(",-8.0,", ",west,"), &["zone in hours"]);
    refused("epw", whole.replace("PERIODS,1,1,", "PERIODS,1,4,"), &["line 8", "one row per hour"]);
    refused(
        "epw",
        whole.replace("2012,1,31,2,", "2012,1,31,25,"),
        &["line 10", "column hour", "\"25\"", "1 to 24"],
    );
    refused("epw", whole.replace("2012,1,31,2,", "2012,1,31,1,"), &["line 10", "stands behind"]);
    refused(
        "epw",
        whole.replace("2021,2,1,1,", "2021,2,29,1,"),
        &["column day", "\"29\"", "month 2 of 2023", "`year`"],
    );
    refused("epw", whole.replace(",5.25,", ",525,"), &["line 10", "dry bulb", "-70 to 70", "99.9"]);
    refused("epw", whole.replace(",5.25,", ",,"), &["line 10", "dry bulb"]);
}

#[test]
fn options_and_mappings() {
    let told = |importer: &str, options: &str, words: &[&str]| {
        let error = import_bytes(importer, b"", options).expect_err("refused").to_string();
        for word in words {
            assert!(error.contains(word), "{importer}, {options}: {error:?} does not say {word:?}");
        }
    };
    told("carbon", "", &["no importer of series `carbon`", "dcrl", "epw"]);
    told("dcrl", "time_zone = \"UTC\"", &["importer dcrl", "time_zone"]);
    told("lww", "time_zone = \"Berlin\"", &["importer lww", "`time_zone`", "\"Berlin\" is no time zone"]);
    told("epw", "quantity = \"electricity_price\"", &["`quantity`", "dew_point"]);
    told("epw", "year = 0", &["`year`", "1 to 9998"]);
    told("dcrl_load", "", &["`start`", "states no times"]);
    told(
        "dcrl_load",
        "start = \"2022-10-30 02:30 Europe/Berlin\"",
        &["`start`", "shown twice", "+02:00", "+01:00"],
    );
    told("datacentertraces", &format!("{START}\nstep_seconds = -1"), &["`step_seconds`", "-1"]);
    told("csv_series", "", &["`quantity`", "is missing", "carbon_intensity"]);
    told("csv_series", "quantity = \"dry_bulb\"", &["`value`", "is missing"]);
    let mapping = |more: &str| format!("quantity = \"dry_bulb\"\nvalue = \"v\"\n{more}");
    told("csv_series", &mapping(""), &["`time`", "step_seconds"]);
    told("csv_series", &mapping("step_seconds = 60"), &["`start`"]);
    told("csv_series", &mapping("unit = \"F\""), &["`unit`", "°C", "factor"]);
    told("csv_series", "quantity = \"electricity_price\"\nvalue = \"v\"", &["`unit`", "EUR/MWh"]);
    told("csv_series", &mapping("time = \"t\"\nstep_seconds = 1"), &["`time`", "one of both"]);
    told("csv_series", &mapping("time = \"t\"\ntime_format = \"dd.mm\""), &["`time_format`", "unix_ms"]);
    told("csv_series", &mapping("time = \"t\"\nfactor = 0"), &["`factor`"]);
    told("csv_series", &mapping("time = \"t\"\ndecimal = \",\""), &["`separator`"]);
}

#[test]
fn mapped_tables() {
    let with = |options: &str, rows: &str, told: &[&str]| {
        let options = format!("quantity = \"dry_bulb\"\nvalue = \"v\"\ntime = \"t\"\n{options}");
        refused_with("csv_series", format!("t,v\n{rows}").as_bytes(), &options, told);
    };
    with("time_format = \"unix_s\"", "1e300,2\n", &["line 2", "column t", "since 1970"]);
    with("time_format = \"%d.%m.%Y\"", "1.1.2020,2\n2020-01-02,3\n", &["line 3", "column t", "%d.%m.%Y"]);
    with("factor = 1e10", "2020-01-01,1e10\n", &["line 2", "column v", "factor"]);
    with("null = []", "2020-01-01,\n", &["line 2", "column v"]);
    refused_with(
        "csv_series",
        b"t;v\n2020-01-01;1.5\n",
        "quantity = \"dry_bulb\"\nvalue = \"v\"\ntime = \"t\"\nseparator = \";\"\ndecimal = \",\"",
        &["line 2", "column v", "\"1.5\"", "','"],
    );
}

#[test]
fn files_that_are_no_series_are_told_apart() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let told = |name: &str, bytes: &str| {
        let file = scratch.path().join(name);
        std::fs::write(&file, bytes).expect("written");
        series::recognise(&file).expect_err("refused").to_string()
    };
    let matrix = told("costs.csv", ",us-east1,us-west1\nus-east1,0.0,0.02\nus-west1,0.02,0.0\n");
    assert!(matrix.contains("costs.csv: is no series: it is a matrix of costs between regions"), "{matrix}");
    let unknown = told("x.csv", "a,b\n1,2\n");
    assert!(
        unknown.contains("x.csv") && unknown.contains("not recognised") && unknown.contains("csv_series"),
        "{unknown}"
    );
    let missing = series::recognise(&scratch.path().join("none.csv")).expect_err("refused").to_string();
    assert!(missing.contains("none.csv") && missing.contains("cannot be opened"), "{missing}");
    assert!(told("empty", "").contains("not recognised"));
}

#[cfg(feature = "tables")]
#[test]
fn parquet_files() {
    use polars::prelude::*;
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let told = |importer: &str, columns: Vec<Column>| {
        let file = scratch.path().join("foreign.parquet");
        let mut frame = DataFrame::new_infer_height(columns).expect("equal lengths");
        let out = std::fs::File::create(&file).expect("created");
        ParquetWriter::new(out).finish(&mut frame).expect("written");
        let error = series::import(importer, &file, toml::Table::new()).expect_err("refused").to_string();
        assert!(error.contains("foreign.parquet") && !error.contains('\n'), "{error}");
        error
    };
    let failures = |interval: i64, duration: Option<i64>, share: f64| {
        told(
            "opendc_failures",
            vec![
                Column::new("failure_interval".into(), [0, interval]),
                Column::new("failure_duration".into(), [Some(5), duration]),
                Column::new("failure_intensity".into(), [0.5, share]),
            ],
        )
    };
    let negative = failures(-1_200_000, Some(5), 0.5);
    assert!(
        negative.contains("row 1, column failure_interval: -1200000 stands there, allowed is"),
        "{negative}"
    );
    assert!(failures(5, Some(-1), 0.5).contains("row 1, column failure_duration: -1"));
    assert!(failures(5, None, 0.5).contains("column failure_duration: null"));
    assert!(failures(5, Some(5), 1.5).contains("column failure_intensity: 1.5"));
    assert!(failures(5, Some(5), 0.0).contains("above 0 and at most 1"));
    assert!(failures(i64::MAX, Some(5), 0.5).contains("failure_interval"));
    let carbon = |times: [i64; 2], value: f64| {
        told(
            "opendc_carbon",
            vec![
                Column::new("timestamp".into(), times),
                Column::new("carbon_intensity".into(), [1.0, value]),
            ],
        )
    };
    assert!(carbon([5, 5], 1.0).contains("row 1, column timestamp"));
    assert!(carbon([5, i64::MAX], 1.0).contains("row 1, column timestamp"));
    assert!(carbon([5, 6], f64::INFINITY).contains("row 1, column carbon_intensity: inf"));
    let text = told(
        "opendc_carbon",
        vec![
            Column::new("timestamp".into(), ["noon", "night"]),
            Column::new("carbon_intensity".into(), [1.0, 2.0]),
        ],
    );
    assert!(text.contains("column `timestamp` is of type"), "{text}");
    let other = told("opendc_carbon", vec![Column::new("time".into(), [1_i64])]);
    assert!(other.contains("\"time\"") && other.contains("timestamp, carbon_intensity"), "{other}");
    refused("opendc_carbon", "no parquet at all", &["is no Parquet file"]);
}

#[test]
fn damaged_directories() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let (environment, _) =
        series::import("lww", &fixture("series_lww.csv"), toml::Table::new()).expect("imports");
    let damage = |name: &str, change: &dyn Fn(&Path)| {
        let dir = scratch.path().join(name);
        format::write_series(&environment, &dir, &Source::default()).expect("written");
        change(&dir);
        format::read_series(&dir).expect_err("refused").to_string()
    };
    let rewrite = |dir: &Path, from: &str, to: &str| {
        let path = dir.join("manifest.toml");
        let text = std::fs::read_to_string(&path).expect("written");
        assert!(text.contains(from), "{text}");
        std::fs::write(path, text.replace(from, to)).expect("written");
    };
    let gone = damage("a", &|dir| std::fs::remove_file(dir.join("points.parquet")).expect("there"));
    assert!(gone.contains("points.parquet: the file is missing"), "{gone}");
    let gone = damage("b", &|dir| std::fs::remove_file(dir.join("manifest.toml")).expect("there"));
    assert!(gone.contains("manifest.toml: the file is missing"), "{gone}");
    let short = damage("c", &|dir| std::fs::write(dir.join("points.parquet"), b"PAR1").expect("written"));
    assert!(short.contains("is not the file that was written"), "{short}");
    let version = damage("d", &|dir| rewrite(dir, "version = 1", "version = 2"));
    assert!(version.contains("series_schema_version") && version.contains("allowed is 1"), "{version}");
    let unit = damage("e", &|dir| rewrite(dir, "gCO2eq/kWh", "g/kWh"));
    assert!(unit.contains("digest"), "{unit}");
    let quantity = damage("f", &|dir| rewrite(dir, "\"carbon_intensity\"", "\"coal\""));
    assert!(quantity.contains("quantity") && quantity.contains("coal"), "{quantity}");
    let count = damage("g", &|dir| rewrite(dir, "points = 23", "points = 24"));
    assert!(count.contains("`points`"), "{count}");
}

/// Imports these bytes with every importer; whoever refuses says where.
fn import_all(bytes: &[u8]) {
    let file = tempfile::NamedTempFile::new().expect("a scratch file");
    std::fs::write(file.path(), bytes).expect("written");
    let mapping = "quantity = \"dry_bulb\"\nvalue = \"v\"\ntime = \"t\"\ntime_zone = \"Europe/Berlin\"";
    for (name, _) in series::names().into_iter().filter(|(name, _)| !name.starts_with("opendc")) {
        let options = match name {
            "csv_series" => mapping,
            "dcrl_load" | "datacentertraces" => START,
            _ => "",
        };
        if let Err(error) = series::import(name, file.path(), toml::from_str(options).expect("TOML")) {
            let error = error.to_string();
            assert!(error.contains("line ") || error.contains("two points"), "{name}: {error}");
        }
    }
    let _ = series::recognise(file.path());
}

const TEXTS: [&str; 10] = [
    "series_dcrl.csv",
    "series_lww.csv",
    "series_electricity_maps.csv",
    "series_watttime.csv",
    "series_carbonscaler.csv",
    "series_prices.csv",
    "series_epw.epw",
    "series_dcrl_load.csv",
    "series_datacentertraces-google.csv",
    "series_csv_series.csv",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        import_all(&bytes);
        import_all(&[b"t,v\n".as_slice(), &bytes].concat());
    }

    #[test]
    fn changed_fixtures(
        which in 0..TEXTS.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![
            Just("-"), Just("0"), Just("9"), Just(","), Just("\""), Just("\n"), Just("é"), Just(""), Just("e"), Just(":"),
            Just("999999999999999999999"), Just("NaN"), Just("-1e400"),
        ]), 1..5),
    ) {
        let mut bytes = std::fs::read(fixture(TEXTS[which])).expect("a fixture");
        for (index, text) in changes {
            let at = index.index(bytes.len());
            bytes.splice(at..at + 1, text.bytes());
        }
        import_all(&bytes);
    }

    #[test]
    fn texts_that_are_no_times(text in "\\PC{0,30}") {
        let _ = text.parse::<series::Calendar>();
        let _ = text.parse::<series::Zone>();
    }
}
