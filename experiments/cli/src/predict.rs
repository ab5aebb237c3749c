//! `rackwright predict`: how well lives are foretold.

use std::path::PathBuf;

use anyhow::Context;
use reports::words::significant;
use runner::predict::{Prediction, Report};
use serde_json::json;

use crate::args::PredictArgs;
use crate::failure::{Failure, failed};
use crate::run::DATA_VARIABLE;
use crate::terminal::{Steps, claim, print};

pub(crate) fn predict(args: &PredictArgs) -> Result<(), Failure> {
    let data = args.data.clone().or_else(|| std::env::var_os(DATA_VARIABLE).map(PathBuf::from));
    args.tune.iter().try_for_each(|out| claim(out, &[args.file.as_path()]))?;
    let prediction = Prediction::read(&args.file, data.as_deref())?;
    let steps = Steps::new();
    if let Some(path) = &args.tune {
        let tell = |generation: u64, loss: f64| {
            steps.begin(&format!("generations, the {generation}th: {loss:.1} s"))
        };
        let file = prediction.tune(tell)?;
        let text = toml::to_string(&file).map_err(failed)?;
        std::fs::write(path, text)
            .with_context(|| format!("cannot write {}", path.display()))
            .map_err(failed)?;
        let loss = file.origin.get("loss_seconds").and_then(toml::Value::as_float).unwrap_or_default();
        if args.json {
            let said = json!({ "prediction": prediction.name(), "loss_seconds": loss, "policy": path });
            return print(&said.to_string());
        }
        return print(&format!(
            "{}: a pinball loss of {} s on what comes before the test, by {}",
            prediction.name(),
            significant(loss),
            path.display()
        ));
    }
    let report = prediction.compare();
    match args.json {
        true => print(&serde_json::to_string_pretty(&report.as_json(prediction.name())).map_err(failed)?),
        false => print(&as_text(prediction.name(), &report)),
    }
}

fn as_text(name: &str, report: &Report) -> String {
    let width = report.rows.iter().map(|row| row.name.len()).max().unwrap_or(0).max(9);
    let mut text = format!(
        "{name}: {} tasks, the ends of {} of them not seen; mean pinball loss over quantiles {} to {}, and at the median alone\n\n\
         {:width$}  {:>9}  {:>9}  {:>9}",
        report.tasks,
        report.cut_off,
        report.quantiles.first().copied().unwrap_or_default(),
        report.quantiles.last().copied().unwrap_or_default(),
        "predictor",
        "seconds",
        "at median",
        "logarithm"
    );
    let baselines: Vec<&str> =
        report.rows.iter().flat_map(|row| &row.ratios).map(|ratio| ratio.baseline.as_str()).collect();
    let mut shown: Vec<&str> = Vec::new();
    for baseline in baselines {
        if !shown.contains(&baseline) {
            shown.push(baseline);
            text.push_str(&format!("  {:>22}  {:>22}", format!("to {baseline}"), "at median"));
        }
    }
    text.push('\n');
    for row in &report.rows {
        text.push_str(&format!(
            "{:width$}  {:>9}  {:>9}  {:>9}",
            row.name,
            significant(row.loss_seconds),
            significant(row.loss_of_median),
            significant(row.loss_log)
        ));
        for baseline in &shown {
            let ratio = row.ratios.iter().find(|ratio| ratio.baseline == *baseline);
            let cell = |value: f64, [low, high]: [f64; 2]| format!("{value:.3} ({low:.3}, {high:.3})");
            let cells = ratio.map_or(["-".to_owned(), "-".to_owned()], |ratio| {
                [cell(ratio.value, ratio.ends), cell(ratio.median_value, ratio.median_ends)]
            });
            text.push_str(&format!("  {:>22}  {:>22}", cells[0], cells[1]));
        }
        text.push('\n');
    }
    text.push_str(&format!(
        "\nratios of losses, smaller is better; intervals: percentiles of draws of {} blocks of consecutive tasks",
        report.blocks
    ));
    text
}
