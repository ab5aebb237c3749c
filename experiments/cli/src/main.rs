//! The one binary: runs experiments, looks at traces, shows results.
#![allow(clippy::print_stderr, reason = "only the binary prints, and errors go to standard error")]

mod allocator;
mod args;
mod bench;
mod distil;
mod failure;
mod fit;
mod forecast;
mod list;
mod manual;
mod predict;
mod replay;
mod report;
mod rivals;
mod run;
mod schema;
mod series;
mod survey;
mod terminal;
mod trace;
mod train;
mod transform;

use std::process::ExitCode;

use args::{Cli, Command};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};
use failure::{Failure, bad_input};
use runner::nearest::unknown_name;

#[global_allocator]
static ALLOCATOR: allocator::CountingAllocator = allocator::CountingAllocator;

fn main() -> ExitCode {
    match parsed().and_then(|cli| cli.map_or(Ok(()), execute)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {}", failure.line());
            failure.status()
        }
    }
}

fn execute(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        None => run::main_job(&cli.main_job),
        Some(Command::Run(args)) => run::run(&args),
        Some(Command::Train(args)) => train::train(&args),
        Some(Command::Distil(args)) => distil::distil(&args),
        Some(Command::Predict(args)) => predict::predict(&args),
        Some(Command::Trace(command)) => trace::trace(&command),
        Some(Command::Series(command)) => series::series(&command),
        Some(Command::List(args)) => list::list(&args),
        Some(Command::Bench(args)) => bench::bench(&args),
        Some(Command::Report(args)) => report::report(&args),
        Some(Command::Rivals(args)) => rivals::rivals(&args),
        Some(Command::Schema(args)) => schema::schema(&args),
        Some(Command::Completions(args)) => manual::completions(&args),
        Some(Command::Man(args)) => manual::man(&args),
    }
}

/// The command line; `None` when help or the version was asked for and given.
fn parsed() -> Result<Option<Cli>, Failure> {
    match Cli::try_parse() {
        Ok(cli) => Ok(Some(cli)),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            terminal::print(&error.render().to_string())?;
            Ok(None)
        }
        Err(error) => Err(bad_input(anyhow::anyhow!("{}; see --help", one_line(&error)))),
    }
}

/// What clap says in several paragraphs, without the usage.
fn one_line(error: &clap::Error) -> String {
    let cli = Cli::command();
    let first = std::env::args().nth(1).unwrap_or_default();
    let parent = cli.find_subcommand(&first).filter(|verb| verb.has_subcommands()).unwrap_or(&cli);
    let names: Vec<&str> = parent.get_subcommands().map(clap::Command::get_name).collect();
    if let Some(ContextValue::String(found)) = error.get(ContextKind::InvalidSubcommand) {
        return unknown_name("command", found, &names);
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return format!("{} needs a command; allowed are {}", parent.get_name(), names.join(", "));
    }
    let message = error.render().to_string();
    let told = message.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let lines: Vec<&str> = told.filter(|line| !line.is_empty() && !line.starts_with("For more")).collect();
    lines.join(" ").trim_start_matches("error: ").to_owned()
}
