//! `rackwright train`: policies from a training configuration.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reports::figures::curves::{self, Panel, Scale};
use runner::train::{TrainStanding, Trained, Training};
use serde_json::json;

use crate::args::TrainArgs;
use crate::failure::{Failure, failed};
use crate::run::DATA_VARIABLE;
use crate::terminal::print;

pub(crate) fn train(args: &TrainArgs) -> Result<(), Failure> {
    let data = args.data.clone().or_else(|| std::env::var_os(DATA_VARIABLE).map(PathBuf::from));
    let training = Training::read(&args.file, data.as_deref())?;
    let bar = std::io::stderr().is_terminal().then(bar);
    let trained = training.run(&args.out, |standing| {
        if let Some(bar) = &bar {
            advance(bar, standing);
        }
        ControlFlow::Continue(())
    })?;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let best = args.out.join("policy.toml");
    let curves = args.out.join("curves.svg");
    draw_curves(&trained, training.columns(), &curves)?;
    if args.json {
        let seeds: Vec<_> = trained
            .iter()
            .map(|one| json!({ "seed": one.seed, "validation": one.validation, "policy": one.policy }))
            .collect();
        return print(
            &json!({ "training": training.name(), "policy": best, "curves": curves, "seeds": seeds })
                .to_string(),
        );
    }
    let mut text = format!("{}: {}\n", training.name(), training.measure());
    for one in &trained {
        text.push_str(&format!("  seed {:<4} {:.4}  {}\n", one.seed, one.validation, one.policy.display()));
    }
    print(&format!("{text}the best of them: {}\nlearning curves:  {}", best.display(), curves.display()))
}

/// Draws what was seen, from the tables that were left.
fn draw_curves(trained: &[Trained], [training, validation]: [String; 2], path: &Path) -> Result<(), Failure> {
    let mut panels = [validation, training].map(|title| Panel {
        title,
        horizontal: "generation".to_owned(),
        scale: Scale::Linear,
        top: 0.0,
        curves: Vec::new(),
    });
    for one in trained {
        let table = one.policy.with_file_name("curve.csv");
        let text = std::fs::read_to_string(&table)
            .map_err(|error| failed(anyhow::anyhow!("{}: {error}", table.display())))?;
        for (panel, column) in panels.iter_mut().zip([2, 1]) {
            let point = |line: &str| {
                let mut cells = line.split(',');
                let generation = cells.next()?.parse().ok()?;
                Some((generation, cells.nth(column - 1)?.parse().ok()?))
            };
            panel
                .curves
                .push((format!("seed {}", one.seed), text.lines().skip(1).filter_map(point).collect()));
        }
    }
    let svg = curves::draw(&panels).map_err(failed)?;
    std::fs::write(path, svg).map_err(|error| failed(anyhow::anyhow!("{}: {error}", path.display())))
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
    let template = "{bar:32} {pos} of {len} generations, {eta} left, {msg}";
    bar.set_style(ProgressStyle::with_template(template).expect("the template is well-formed"));
    bar
}

fn advance(bar: &ProgressBar, standing: TrainStanding) {
    bar.set_length(standing.seeds as u64 * standing.generations);
    bar.set_position(standing.seeds_done as u64 * standing.generations + standing.generation);
    let seen = standing.validation.map_or("-".to_owned(), |value| format!("{value:.3}"));
    bar.set_message(format!("seed {}: {seen} on validation", standing.seed));
}
