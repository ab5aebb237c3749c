//! `rackwright trace transform`: parts of workloads, and workloads put together.

use runner::nearest::unknown_name;
use sim::kernel::rng::Seed;
use sim::workload::Workload;
use traces::format::{self, Source};
use traces::transform::{self, Align, Transform};

use crate::args::{AlignChoice, TransformArgs};
use crate::failure::{Failure, bad_input};
use crate::terminal::print;
use crate::trace::{self, Input};

pub(crate) fn transform(args: &TransformArgs) -> Result<(), Failure> {
    let steps: Vec<Transform> = args.steps.iter().map(|text| step(text)).collect::<Result<_, _>>()?;
    if steps.is_empty() && args.merge.is_empty() {
        let names: Vec<&str> = transform::names().into_iter().map(|(name, _)| name).collect();
        let names = names.join(", ");
        return Err(bad_input(anyhow::anyhow!("there is nothing to do: name a step ({names}), or --merge")));
    }
    for step in &steps {
        step.check(&[args.seed]).map_err(bad_input)?;
    }
    let Input { mut workload, importer, licence, .. } =
        trace::input(&args.path, args.format.as_deref(), &args.options)?;
    let mut told = vec![counts("read", &workload)];
    let mut notes = vec![args.path.file_name().unwrap_or_default().to_string_lossy().into_owned()];
    if !args.merge.is_empty() {
        workload = merged(args, &workload)?;
        notes.extend(args.merge.iter().map(|path| format!("merged with {}", path.display())));
        told.push(counts("merge", &workload));
    }
    for (step, text) in steps.iter().zip(&args.steps) {
        workload = transform::apply(&workload, step, Seed(args.seed)).map_err(bad_input)?;
        told.push(counts(step.name(), &workload));
        notes.push(text.trim().to_owned());
    }
    if steps.iter().any(Transform::is_of_seed) {
        notes.push(format!("seed {}", args.seed));
    }
    let source = Source { file: notes.join("; "), licence, importer };
    format::write(&workload, &args.out, &source).map_err(trace::format_failure)?;
    told.push(format!("workload: {}", args.out.display()));
    print(&told.join("\n"))
}

fn merged(args: &TransformArgs, first: &Workload) -> Result<Workload, Failure> {
    let others: Vec<Workload> = args
        .merge
        .iter()
        .map(|path| trace::input(path, args.format.as_deref(), &args.options).map(|input| input.workload))
        .collect::<Result<_, _>>()?;
    let all: Vec<&Workload> = std::iter::once(first).chain(&others).collect();
    let align = match args.align {
        AlignChoice::Begin => Align::Begin,
        AlignChoice::Origin => Align::Origin,
    };
    transform::merge(&all, align).map_err(bad_input)
}

/// A step is one line of TOML, as a config has it.
fn step(text: &str) -> Result<Transform, Failure> {
    let refuse = |problem: String| bad_input(anyhow::anyhow!("step `{text}`: {problem}"));
    let example = "allowed is NAME = { KEY = VALUE }, such as 'sample = { share = 0.1 }'";
    let table: toml::Table =
        toml::from_str(text).map_err(|error| refuse(format!("{}; {example}", error.message())))?;
    let names: Vec<&str> = transform::names().into_iter().map(|(name, _)| name).collect();
    match table.keys().map(String::as_str).collect::<Vec<_>>()[..] {
        [name] if names.contains(&name) => {}
        [name] => return Err(refuse(unknown_name("transform", name, &names))),
        _ => return Err(refuse(example.to_owned())),
    }
    table.try_into().map_err(|error: toml::de::Error| refuse(error.message().to_owned()))
}

fn counts(step: &str, workload: &Workload) -> String {
    let mut line = format!("{step:<20}{} jobs, {} tasks", workload.job_count(), workload.task_count());
    line.push_str(&format!(", {} s", workload.last_submit().seconds()));
    if !workload.dependencies().is_empty() {
        line.push_str(&format!(", {} dependencies", workload.dependencies().len()));
    }
    line
}
