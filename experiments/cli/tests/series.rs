//! `rackwright series` as people meet it.

mod common;

use std::path::Path;

use common::{printed, refusal};
use serde_json::Value;

const PRICES: &str = "\
Datetime (UTC),Datetime (Local),Price (EUR/MWh)
2022-10-30 00:00:00+00:00,2022-10-30 02:00:00+02:00,-3.25
2022-10-30 01:00:00+00:00,2022-10-30 02:00:00+01:00,-484.5
2022-10-30 02:00:00+00:00,2022-10-30 03:00:00+01:00,7.5
2022-10-30 05:00:00+00:00,2022-10-30 06:00:00+01:00,9.5
2022-10-30 06:00:00+00:00,2022-10-30 07:00:00+01:00,11.5
";
const LOAD: &str = ",cpu_load\n1,0.25\n2,0.5\n";
const MATRIX: &str = ",here,there\nhere,0,0.02\nthere,0.02,0\n";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in
        [("prices.csv", PRICES), ("load.csv", LOAD), ("matrix.csv", MATRIX), ("other.csv", "a,b\n")]
    {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    folder
}

fn json(folder: &Path, args: &[&str]) -> Value {
    serde_json::from_str(&printed(folder, args)).expect("JSON")
}

#[test]
fn every_verb_has_help_with_examples() {
    let folder = folder();
    for verb in [&["series"][..], &["series", "inspect"], &["series", "import"], &["series", "at"]] {
        let help = printed(folder.path(), &[verb, &["--help"]].concat());
        assert!(
            help.contains("Usage: rackwright series") && help.contains("Examples:\n"),
            "{verb:?}: {help}"
        );
    }
    let list = printed(folder.path(), &["list", "series"]);
    assert!(
        list.starts_with("series\n") && list.contains("  epw ") && list.contains("  csv_series "),
        "{list}"
    );
}

#[test]
fn a_series_is_inspected_imported_and_asked() {
    let folder = folder();
    let folder = folder.path();
    let summary = json(folder, &["series", "inspect", "prices.csv", "--json"]);
    assert_eq!(summary["importer"], "prices");
    assert_eq!(
        (&summary["points"], &summary["gaps"], &summary["unit"]),
        (&5.into(), &1.into(), &"EUR/MWh".into())
    );
    assert!(
        printed(folder, &["series", "inspect", "prices.csv"])
            .contains("gaps                    1, together 7200 s")
    );

    let told = printed(folder, &["series", "import", "prices.csv", "--out", "p"]);
    assert!(told.ends_with("series: p\n"), "{told}");
    let canonical = json(folder, &["series", "inspect", "p", "--json"]);
    for key in ["quantity", "unit", "points", "gaps", "mean", "first", "last", "column"] {
        assert_eq!(canonical[key], summary[key], "{key}");
    }
    let at = |more: &[&str]| printed(folder, &[&["series", "at", "p"], more].concat());
    assert_eq!(at(&["--time", "2022-10-30T02:30:00+02:00 Europe/Berlin"]), "-3.25 EUR/MWh\n");
    assert_eq!(at(&["--time", "2022-10-30T02:30:00+01:00"]), "-484.5 EUR/MWh\n");
    assert_eq!(at(&["--time", "2022-10-30T04:00Z", "--gaps", "hold"]), "7.5 EUR/MWh\n");
    assert_eq!(at(&["--time", "2022-10-30T04:00Z", "--gaps", "interpolate"]), "8.5 EUR/MWh\n");
    assert_eq!(at(&["--time", "2031-10-30T05:30Z", "--wrap", "year"]), "9.5 EUR/MWh\n");
    assert_eq!(at(&["--time", "2022-10-30T05:00Z", "--until", "2022-10-30T07:00Z"]), "10.5 EUR/MWh\n");
    let answer = json(folder, &["series", "at", "prices.csv", "--time", "2022-10-30T02:00Z", "--json"]);
    assert_eq!((&answer["value"], &answer["time"]), (&7.5.into(), &"2022-10-30T02:00:00Z".into()));

    let load =
        json(folder, &["series", "inspect", "load.csv", "-o", "start=2022-03-01T00:00:00+01:00", "--json"]);
    assert_eq!(load["first"], "2022-02-28T23:00:00Z");
}

#[test]
fn refusals_are_one_line() {
    let folder = folder();
    printed(folder.path(), &["series", "import", "prices.csv", "--out", "p"]);
    let cases: &[(&[&str], &[&str])] = &[
        (&["series"], &["series needs a command", "inspect", "at"]),
        (&["series", "look"], &["`look`", "inspect"]),
        (&["series", "inspect", "none.csv"], &["none.csv: cannot be opened"]),
        (&["series", "inspect", "other.csv"], &["other.csv: the format is not recognised", "dcrl"]),
        (&["series", "inspect", "matrix.csv"], &["matrix.csv: is no series", "matrix of costs"]),
        (&["series", "inspect", "prices.csv", "--format", "price"], &["`price`", "did you mean `prices`?"]),
        (&["series", "inspect", "prices.csv", "--format", "lww"], &["prices.csv, line 1", "`Time`"]),
        (&["series", "inspect", "prices.csv", "-o", "zone=1"], &["importer prices", "zone"]),
        (&["series", "inspect", "load.csv"], &["importer dcrl_load", "`start`", "states no times"]),
        (&["series", "import", "prices.csv", "--out", "p"], &["p: already holds files"]),
        (&["series", "at", "p", "--time", "noon"], &["`--time`", "\"noon\" is no time"]),
        (
            &["series", "at", "p", "--time", "2022-10-30 02:30 Europe/Berlin"],
            &["shown twice", "+02:00", "+01:00"],
        ),
        (
            &["series", "at", "p", "--time", "2022-10-30T03:00Z"],
            &["p: the series has a gap from 2022-10-30T03:00:00Z"],
        ),
        (&["series", "at", "p", "--time", "2023-10-30T03:00Z"], &["p: the series goes from", "wrap"]),
        (&["series", "at", "p", "--time", "2022-10-30T02:00Z", "--until", "2022-10-30T01:00Z"], &["before"]),
        (
            &["series", "at", "p", "--time", "2022-10-30T02:00Z", "--gap-factor", "0"],
            &["`gap_factor`", "1 or more"],
        ),
        (
            &["series", "at", "p", "--time", "2022-10-30T02:00Z", "--gaps", "fill"],
            &["fill", "hold", "interpolate"],
        ),
    ];
    for (args, told) in cases {
        let line = refusal(folder.path(), args);
        for words in *told {
            assert!(line.contains(words), "{args:?}: {line:?} does not say {words:?}");
        }
    }
}
