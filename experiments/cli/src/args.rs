//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// A datacenter simulator in which schedulers compete on real traces.
///
/// Without a command it runs the built-in experiment: one day of a mixed CPU and GPU cluster under several
/// schedulers. It prints their leaderboard and leaves a report in rackwright-out/default.
#[derive(Debug, Parser)]
#[command(
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Examples:
  rackwright                                       the built-in experiment
  rackwright run my.toml --out results/my          your own
  rackwright trace inspect log.swf.gz              what is in a trace
  rackwright list policies                         what a config may name
  rackwright bench --hosts 10000                   how fast it is here"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) main_job: MainJob,
}

/// How the built-in experiment is run.
#[derive(Debug, Args)]
pub(crate) struct MainJob {
    /// Folder for the results
    #[arg(long, value_name = "DIR", default_value = "rackwright-out/default")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) how: How,
}

/// What does not change results.
#[derive(Debug, Args)]
pub(crate) struct How {
    /// Threads; without it, one per core
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Replace the results of an experiment that are in the folder
    #[arg(long)]
    pub(crate) force: bool,
    /// Print summary.json instead of the leaderboard
    #[arg(long)]
    pub(crate) json: bool,
    /// Write no report.html
    #[arg(long)]
    pub(crate) no_report: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run an experiment, or go on with one that was interrupted
    #[command(after_help = "\
Examples:
  rackwright run my.toml --out results/my
  rackwright run t1.toml --out results/t1 --data ~/rackwright-data --threads 2
  rackwright run my.toml --dry-run                           the plan, and what it would take
  rackwright run my.toml --out results/my --only 'day:*' --only seed=1
  rackwright run my.toml --out results/my --force --json > summary.json")]
    Run(RunArgs),
    /// Import, inspect or generate workloads
    #[command(
        subcommand,
        after_help = "\
Examples:
  rackwright trace inspect log.swf.gz --json
  rackwright trace import log.swf.gz --format swf --out workloads/log -o processors=larger
  rackwright trace generate mixed_cluster --seed 7 --out workloads/day -o tasks=30000"
    )]
    Trace(TraceCommand),
    /// What a config may name: policies, metrics, formats, generators, models, clusters, rules
    #[command(after_help = "\
Examples:
  rackwright list
  rackwright list metrics --json")]
    List(ListArgs),
    /// Measure speed and memory on one thread
    #[command(after_help = "\
Examples:
  rackwright bench
  rackwright bench --hosts 100000 --tasks 1000000 --scheduler first_fit --json")]
    Bench(BenchArgs),
    /// Show results again: prints the leaderboard and writes report.html anew
    #[command(after_help = "\
Examples:
  rackwright report rackwright-out/default")]
    Report(ReportArgs),
    /// Print the JSON Schema of the configuration, by which editors complete and check it
    #[command(after_help = "\
Examples:
  rackwright schema --out schema.json        then write `#:schema ./schema.json` into the first line of a config
  rackwright schema cluster                  of a file that holds one cluster")]
    Schema(SchemaArgs),
    /// Print a script by which a shell completes commands and options
    #[command(after_help = "\
Examples:
  rackwright completions bash > ~/.local/share/bash-completion/completions/rackwright
  rackwright completions zsh > ~/.zfunc/_rackwright
  rackwright completions fish > ~/.config/fish/completions/rackwright.fish")]
    Completions(CompletionsArgs),
    /// Print the manual page, or write those of all commands into a folder
    #[command(after_help = "\
Examples:
  rackwright man | man -l -
  rackwright man --out ~/.local/share/man/man1")]
    Man(ManArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The configuration of the experiment
    pub(crate) file: PathBuf,
    /// Folder for the results
    #[arg(long, value_name = "DIR", required_unless_present = "dry_run")]
    pub(crate) out: Option<PathBuf>,
    /// Show the plan, what of it is finished in --out, and what the rest would take; run and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Only these runs: SCENARIO, SCENARIO:SCHEDULER (* for any text) or seed=N; may be repeated. The others can be
    /// run later into the same folder
    #[arg(long, value_name = "PATTERN", conflicts_with = "force")]
    pub(crate) only: Vec<String>,
    /// Folder in which the config's traces lie; without it, the environment variable RACKWRIGHT_DATA names it
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) how: How,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TraceCommand {
    /// Turn a trace into a canonical workload directory
    #[command(after_help = "\
Examples:
  rackwright trace import log.swf.gz --format swf --out workloads/log
  rackwright trace import log.swf.gz --out workloads/log -o unknown_run_time=10")]
    Import(ImportArgs),
    /// Say what is in a trace or a workload directory
    #[command(after_help = "\
Examples:
  rackwright trace inspect log.swf.gz
  rackwright trace inspect openb_pod_list_default.csv --format openb --json")]
    Inspect(InspectArgs),
    /// Generate a workload directory
    #[command(after_help = "\
Examples:
  rackwright trace generate mixed_cluster --seed 7 --out workloads/day
  rackwright trace generate mixed_cluster --seed 7 --out workloads/early -o arrivals.peak_hour=9")]
    Generate(GenerateArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The file
    pub(crate) path: PathBuf,
    /// Its format (see `rackwright list formats`); without it, it is recognised
    #[arg(long, value_name = "NAME")]
    pub(crate) format: Option<String>,
    /// Directory for the workload, new or empty
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// An option of the importer; may be repeated
    #[arg(short = 'o', value_name = "KEY=VALUE")]
    pub(crate) options: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The file, or a workload directory
    pub(crate) path: PathBuf,
    /// Its format (see `rackwright list formats`); without it, it is recognised
    #[arg(long, value_name = "NAME")]
    pub(crate) format: Option<String>,
    /// An option of the importer; may be repeated
    #[arg(short = 'o', value_name = "KEY=VALUE")]
    pub(crate) options: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct GenerateArgs {
    /// The generator (see `rackwright list generators`)
    pub(crate) name: String,
    /// The seed: equal seeds give equal workloads
    #[arg(long, value_name = "N")]
    pub(crate) seed: u64,
    /// Directory for the workload, new or empty
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// An option of the generator; may be repeated
    #[arg(short = 'o', value_name = "KEY=VALUE")]
    pub(crate) options: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only this family
    pub(crate) family: Option<Family>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What a config may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Family {
    /// What schedulers are made of
    Policies,
    /// What is measured
    Metrics,
    /// Traces that can be imported
    Formats,
    /// Workloads that can be made up
    Generators,
    /// What hosts and devices draw
    Models,
    /// Clusters that are built in
    Clusters,
    /// What happens that is no scheduler's decision
    Rules,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Hosts of the fleet
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) hosts: usize,
    /// Tasks to be placed
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub(crate) tasks: usize,
    /// The placement policy
    #[arg(long, value_name = "NAME", default_value = "best_fit")]
    pub(crate) scheduler: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// A folder of results
    pub(crate) dir: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// Of what
    #[arg(default_value = "experiment")]
    pub(crate) what: SchemaOf,
    /// Write it into this file instead
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// What there is a schema of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// A file that `rackwright run` takes
    Experiment,
    /// A file that `clusters.NAME.file` names
    Cluster,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Folder for the pages of all commands
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}
