//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use runner::replay::Amount;

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
    /// Train policies, or go on with a training that was interrupted
    #[command(after_help = "\
Examples:
  rackwright train my_training.toml --out trained/my
  rackwright train t1.toml --out trained/t1 --data ~/rackwright-data --json

The policy that is left, OUT/policy.toml, stands in an experiment wherever a policy's name does:
  order = \"trained/my/policy.toml\"")]
    Train(TrainArgs),
    /// Short formulas that decide as a trained order does
    #[command(after_help = "\
Examples:
  rackwright distil trained/t1/policy.toml --training t1.toml --out formula.toml
  rackwright distil trained/t1/policy.toml --training t1.toml --terms 5 --json

The formula stands in an experiment wherever an order's name does: order = \"formula.toml\"")]
    Distil(DistilArgs),
    /// Say how well the lives of a trace's tasks are foretold from its past, or tune who foretells them
    #[command(after_help = "\
Examples:
  rackwright predict experiments/configs/predict/openb.toml
  rackwright predict my_prediction.toml --json
  rackwright predict my_prediction.toml --tune tuned.toml      its numbers, from what comes before the test")]
    Predict(PredictArgs),
    /// Import, inspect, generate, fit or transform workloads
    #[command(
        subcommand,
        after_help = "\
Examples:
  rackwright trace inspect log.swf.gz --json
  rackwright trace import log.swf.gz --format swf --out workloads/log -o processors=larger
  rackwright trace generate mixed_cluster --seed 7 --out workloads/day -o tasks=30000
  rackwright trace fit log.swf.gz --out fits/log
  rackwright trace transform log.swf.gz --out workloads/tenth 'sample = { share = 0.1 }'"
    )]
    Trace(TraceCommand),
    /// Carbon intensity, prices, weather and failures: inspect, import, ask for a value
    #[command(
        subcommand,
        after_help = "\
Examples:
  rackwright series inspect prices_2023.csv.gz --json
  rackwright series import Seattle.epw.gz --out series/seattle -o year=2022
  rackwright series at series/seattle --time 2022-03-01T12:00:00-08:00"
    )]
    Series(SeriesCommand),
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
  rackwright bench --hosts 100000 --tasks 1000000 --scheduler first_fit --json
  rackwright bench --hosts 10000 --scheduler trained/my/policy.toml")]
    Bench(BenchArgs),
    /// Show results again, and write what a paper needs: figures (SVG, PNG) with their data (CSV), tables (Markdown,
    /// LaTeX, CSV), and a README that says what made them
    #[command(after_help = "\
Examples:
  rackwright report rackwright-out/default
  rackwright report results/my --metrics wait_mean,energy_facility --baseline best_fit --scenario 'gpu/*'
  rackwright report results/my --out thesis/figures --json")]
    Report(ReportArgs),
    /// A group of schedulers, such as one method trained several times, against the best of the others
    #[command(after_help = "\
Examples:
  rackwright rivals results/t1_learned --group 'learned_*' --metric bounded_slowdown_mean --blocks 10
  rackwright rivals results/my --group mine --metric energy_facility --json")]
    Rivals(RivalsArgs),
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
    /// Repeat the decisions that a trace records, and say how faithful the simulation is to it
    #[command(after_help = "\
Examples:
  rackwright trace replay HPC2N-2002-2.2-cln.swf.gz --processors 240
  rackwright trace replay cluster02.csv.gz --gpus peak --out replayed
  rackwright trace replay log.swf.gz -o processors=larger --processors 256 --json
  rackwright trace replay pods.csv --format openb --cluster openb.toml --data ~/rackwright-data")]
    Replay(ReplayArgs),
    /// Look at every file below a folder: what it is, and what importing it comes to
    #[command(after_help = "\
Examples:
  rackwright trace survey ~/rackwright-data/traces
  rackwright trace survey ~/rackwright-data/traces --out docs/formats.md")]
    Survey(SurveyArgs),
    /// Generate a workload directory
    #[command(after_help = "\
Examples:
  rackwright trace generate mixed_cluster --seed 7 --out workloads/day
  rackwright trace generate mixed_cluster --seed 7 --out workloads/early -o arrivals.peak_hour=9
  rackwright trace generate lublin --seed 1 --out workloads/batch -o processors=256 -o jobs=5000
  rackwright trace generate poisson --seed 1 --out workloads/poisson -o jobs=5000")]
    Generate(GenerateArgs),
    /// Fit the poisson generator to a trace, and compare what it makes with the trace
    #[command(after_help = "\
Examples:
  rackwright trace fit log.swf.gz
  rackwright trace fit log.swf.gz --out fits/log
  rackwright trace fit openb_pod_list_default.csv --out fits/openb --run-times quantiles
  rackwright trace generate poisson --options fits/log/fitted.toml --seed 1 --out workloads/like-log

With --out it leaves fitted.toml (options of the generator: a part of an experiment as it stands), fit.json, fit.md,
and the comparison as comparison.svg, .png and .csv.")]
    Fit(FitArgs),
    /// Take a part of a workload, change it, or put several together
    #[command(after_help = "\
Examples:
  rackwright trace transform log.swf.gz --out workloads/tenth 'sample = { share = 0.1 }'
  rackwright trace transform log.swf.gz --out workloads/busy 'split = { part = \"test\" }' 'scale_load = { factor = 1.5 }'
  rackwright trace transform workloads/a --merge workloads/b --out workloads/both

A step is what stands in the transforms of an experiment; `rackwright list transforms` names them.")]
    Transform(TransformArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The file or folder
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
    /// The file or folder, or a workload directory
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
pub(crate) struct ReplayArgs {
    /// The file, or a workload directory
    pub(crate) path: PathBuf,
    /// Its format (see `rackwright list formats`); without it, it is recognised
    #[arg(long, value_name = "NAME")]
    pub(crate) format: Option<String>,
    /// An option of the importer; may be repeated
    #[arg(short = 'o', value_name = "KEY=VALUE")]
    pub(crate) options: Vec<String>,
    #[command(flatten)]
    pub(crate) on: ReplayOn,
    /// With --gpus: GPUs of each host; the last host has the rest
    #[arg(long, value_name = "N", default_value_t = 8, requires = "gpus")]
    pub(crate) gpus_per_host: u8,
    /// The placement policy; without it, `recorded` where the cluster has recorded hosts, otherwise `best_fit`
    #[arg(long, value_name = "NAME")]
    pub(crate) place: Option<String>,
    /// Folder in which the node list of the cluster lies; without it, the environment variable RACKWRIGHT_DATA names it
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Folder for fidelity.json, fidelity.md and fidelity.svg
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SurveyArgs {
    /// The folder
    pub(crate) folder: PathBuf,
    /// Write a page in Markdown here; it is made anew each time
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// On what a trace is replayed.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct ReplayOn {
    /// A pool of so many processors, or `peak`: as many as the recorded tasks have in use at once
    #[arg(long, value_name = "N")]
    pub(crate) processors: Option<Amount>,
    /// So many GPUs, or `peak`
    #[arg(long, value_name = "N")]
    pub(crate) gpus: Option<Amount>,
    /// A description in TOML, with the keys of a cluster of an experiment
    #[arg(long, value_name = "FILE.toml")]
    pub(crate) cluster: Option<PathBuf>,
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
    /// A TOML file of options, such as the fitted.toml of `rackwright trace fit`
    #[arg(long = "options", value_name = "FILE")]
    pub(crate) options_file: Option<PathBuf>,
    /// An option of the generator, over those of the file; may be repeated
    #[arg(short = 'o', value_name = "KEY=VALUE")]
    pub(crate) options: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SeriesCommand {
    /// Say what is in a series
    #[command(after_help = "\
Examples:
  rackwright series inspect CISO_NG_avgCI.csv.gz
  rackwright series inspect Seattle.epw -o quantity=pressure --json")]
    Inspect(SeriesInspectArgs),
    /// Turn a file into a canonical series directory
    #[command(after_help = "\
Examples:
  rackwright series import ger_ci.csv.gz --out series/germany
  rackwright series import own.csv --format csv_series --out series/own -o time=t -o value=v -o quantity=dry_bulb")]
    Import(SeriesImportArgs),
    /// Say its value at a moment, or its mean over a time
    #[command(after_help = "\
Examples:
  rackwright series at series/germany --time \"2020-03-01 12:00 Europe/Berlin\"
  rackwright series at prices_2023.csv.gz --time 2023-01-01T00:00Z --until 2023-02-01T00:00Z
  rackwright series at series/germany --time 2031-07-01T12:00Z --wrap year --gaps hold")]
    At(AtArgs),
}

/// A file that holds a series, or a series directory.
#[derive(Debug, Args)]
pub(crate) struct SeriesFile {
    /// The file, or a series directory
    pub(crate) path: PathBuf,
    /// Its format (see `rackwright list series`); without it, it is recognised
    #[arg(long, value_name = "NAME")]
    pub(crate) format: Option<String>,
    /// An option of the importer; may be repeated
    #[arg(short = 'o', value_name = "KEY=VALUE")]
    pub(crate) options: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct SeriesInspectArgs {
    #[command(flatten)]
    pub(crate) file: SeriesFile,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SeriesImportArgs {
    #[command(flatten)]
    pub(crate) file: SeriesFile,
    /// Directory for the series, new or empty
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct AtArgs {
    #[command(flatten)]
    pub(crate) file: SeriesFile,
    /// The moment, with an offset or a zone: 2022-03-01T12:00:00+01:00, or "2022-03-01 12:00 Europe/Berlin"
    #[arg(long, value_name = "TIME")]
    pub(crate) time: String,
    /// The mean from --time until this moment, instead of one value
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// What a gap says
    #[arg(long, value_enum, default_value_t = GapsRule::Refuse)]
    pub(crate) gaps: GapsRule,
    /// A gap is where the next point comes later than so many local steps
    #[arg(long, value_name = "N", default_value_t = 1.5)]
    pub(crate) gap_factor: f64,
    /// What is said beyond the ends
    #[arg(long, value_enum, default_value_t = WrapRule::Never)]
    pub(crate) wrap: WrapRule,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What a gap says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GapsRule {
    /// Nothing: who asks is told so
    Refuse,
    /// The value before it holds on
    Hold,
    /// A straight line to the value behind it
    Interpolate,
}

/// What is said beyond the ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WrapRule {
    /// Nothing: who asks is told so
    Never,
    /// The same day and time of a year that is covered
    Year,
}

#[derive(Debug, Args)]
pub(crate) struct FitArgs {
    /// The trace, or a workload directory
    pub(crate) path: PathBuf,
    /// Its format (see `rackwright list formats`); without it, it is recognised
    #[arg(long, value_name = "NAME")]
    pub(crate) format: Option<String>,
    /// Directory for what is left, new or empty; without it, the comparison is only printed
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// The seed of the workload that is compared with the trace
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// How run times are described
    #[arg(long, value_enum, default_value_t = RunTimesChoice::Family)]
    pub(crate) run_times: RunTimesChoice,
    /// Unix time at which the trace's own clock shows 0; without it, what the trace says of it
    #[arg(long, value_name = "SECONDS")]
    pub(crate) epoch: Option<u64>,
    /// An option of the importer; may be repeated
    #[arg(short = 'o', value_name = "KEY=VALUE")]
    pub(crate) options: Vec<String>,
}

/// How run times are described.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunTimesChoice {
    /// By the most likely family of distributions
    Family,
    /// By quantiles of the trace
    Quantiles,
}

#[derive(Debug, Args)]
pub(crate) struct TransformArgs {
    /// The trace, or a workload directory
    pub(crate) path: PathBuf,
    /// What is done to it, in order, each a line of TOML: 'NAME = { KEY = VALUE }'
    #[arg(value_name = "STEP")]
    pub(crate) steps: Vec<String>,
    /// Directory for the workload, new or empty
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// The seed of steps that draw
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Another trace or workload directory, put together with the first before all steps; may be repeated
    #[arg(long, value_name = "PATH")]
    pub(crate) merge: Vec<PathBuf>,
    /// How the clocks of what is put together are laid upon each other
    #[arg(long, value_enum, default_value_t = AlignChoice::Begin)]
    pub(crate) align: AlignChoice,
    /// Format of the traces (see `rackwright list formats`); without it, it is recognised
    #[arg(long, value_name = "NAME")]
    pub(crate) format: Option<String>,
    /// An option of the importer; may be repeated
    #[arg(short = 'o', value_name = "KEY=VALUE")]
    pub(crate) options: Vec<String>,
}

/// How the clocks of several workloads are laid upon each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AlignChoice {
    /// All begin at the same moment
    Begin,
    /// By their sources' own clocks
    Origin,
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
    /// What foretells how long tasks will live
    Predictors,
    /// What is measured
    Metrics,
    /// Traces that can be imported
    Formats,
    /// Carbon intensity, prices, weather and failures that can be imported
    Series,
    /// Workloads that can be made up
    Generators,
    /// What can be done to workloads
    Transforms,
    /// What hosts and devices draw
    Models,
    /// What learned orders weigh: r run time, n cores, w wait, d delay, f free cores, N all, q the queue's length
    Features,
    /// Clusters that are built in
    Clusters,
    /// What happens that is no scheduler's decision
    Rules,
}

#[derive(Debug, Args)]
pub(crate) struct TrainArgs {
    /// The training, a TOML file
    pub(crate) file: PathBuf,
    /// Folder for what is learned; an interrupted training in it goes on
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// The folder that holds traces/; without it, RACKWRIGHT_DATA
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DistilArgs {
    /// The trained order, a policy file
    pub(crate) policy: PathBuf,
    /// The training, a TOML file, on whose sequences it is watched
    #[arg(long, value_name = "FILE")]
    pub(crate) training: PathBuf,
    /// The most terms of a formula
    #[arg(long, value_name = "N", default_value = "4")]
    pub(crate) terms: NonZeroUsize,
    /// Seed of the sequences
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Write the formula that is worth most as a policy file
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// The folder that holds traces/; without it, RACKWRIGHT_DATA
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PredictArgs {
    /// What is foretold and by whom, a TOML file
    pub(crate) file: PathBuf,
    /// Tune the predictor that the file names instead, and write it here
    #[arg(long, value_name = "FILE")]
    pub(crate) tune: Option<PathBuf>,
    /// The folder that holds traces/; without it, RACKWRIGHT_DATA
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Hosts of the fleet
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) hosts: usize,
    /// Tasks to be placed
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub(crate) tasks: usize,
    /// The placement policy, or a policy file (.toml)
    #[arg(long, value_name = "NAME", default_value = "best_fit")]
    pub(crate) scheduler: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// A folder of results; its report.html is written anew
    pub(crate) dir: PathBuf,
    /// Folder for the figures and tables, new, empty or of an earlier report; without it, DIR/paper
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// The metrics of figures and tables, the first of them for the overview (see `rackwright list metrics`)
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) metrics: Vec<String>,
    /// The scheduler that the others are compared with; without it, the first of the plan
    #[arg(long, value_name = "NAME")]
    pub(crate) baseline: Option<String>,
    /// Only the scenarios of this name, in which * stands for any text
    #[arg(long, value_name = "PATTERN")]
    pub(crate) scenario: Option<String>,
    /// Print which files were written as JSON instead of the leaderboard
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RivalsArgs {
    /// A folder of results
    pub(crate) dir: PathBuf,
    /// The group: schedulers of this name, in which * stands for any text
    #[arg(long, value_name = "PATTERN")]
    pub(crate) group: String,
    /// The metric (see `rackwright list metrics`)
    #[arg(long, value_name = "NAME")]
    pub(crate) metric: String,
    /// Blocks of consecutive seeds, drawn whole for the interval: fewer than seeds where seeds are windows that overlap
    #[arg(long, value_name = "N", default_value = "10")]
    pub(crate) blocks: NonZeroUsize,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
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
    /// A file that `rackwright train` takes
    Training,
    /// A file that `rackwright predict` takes
    Prediction,
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
