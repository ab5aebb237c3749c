//! Requests to Azure's language models (2023, Patel et al., ISCA 2024; and 2024), gathered into tasks.
//!
//! Columns: `TIMESTAMP` (`2023-11-16 18:17:03.9799600`, taken as UTC, with or without `+00:00`), `ContextTokens`,
//! `GeneratedTokens`. The source tells nothing of devices, and requests of seconds are no tasks of a cluster; the model:
//!
//! Requests are gathered in bins of `bin_seconds` (60) from midnight UTC on. A GPU reads `context_tokens_per_second` (5000)
//! and writes `generated_tokens_per_second` (500), one after the other, so that a bin of `c` and `g` tokens needs
//! `(c / 5000 + g / 500) / 60` GPUs for its time. That is a job: as many tasks of one whole GPU as that holds, and one with
//! the rest as a share in thousandths, rounded up. All are submitted when the bin begins and run for its length; bins
//! without requests are none. For each GPU a task asks for `cores_per_gpu` (0) and `memory_mib_per_gpu` (0), in
//! proportion. The speeds are assumptions and no measurements: set them to those of the model and device in question.
//!
//! Worked example: 60 requests of 5000 context and 250 generated tokens each in one minute need (60 + 30) / 60 = 1.5 GPUs:
//! one task of a GPU and one of half a GPU.
//!
//! Tasks are named by the number of requests of their bin; all are of one tenant. A row is a request; none is dropped.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::NaiveDateTime;
use serde::Deserialize;
use sim::kernel::time::{SimDuration, SimTime};
use sim::resources::{DeviceClass, WHOLE_DEVICE};
use sim::workload::{Demand, DeviceDemand, JobSpec, TaskSpec, Workload};

use super::gather::{Gatherer, Place, rounded};
use super::table::{OtherColumns, Table};
use super::text::Lines;
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "requests to Azure's language models (AzureLLMInferenceTrace_*.csv), gathered into tasks";

const COLUMNS: [&str; 3] = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"];
const MOST_TOKENS: u64 = 1_000_000_000;
/// A bin that needs more is none of a cluster.
const MOST_GPUS: f64 = 100_000.0;

/// The model of a device.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Length of a bin.
    pub bin_seconds: Positive,
    /// Context tokens that a GPU reads in a second.
    pub context_tokens_per_second: Positive,
    /// Tokens that a GPU generates in a second.
    pub generated_tokens_per_second: Positive,
    /// Cores that go with each GPU.
    pub cores_per_gpu: f64,
    /// Memory that goes with each GPU.
    pub memory_mib_per_gpu: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            bin_seconds: Positive(60.0),
            context_tokens_per_second: Positive(5000.0),
            generated_tokens_per_second: Positive(500.0),
            cores_per_gpu: 0.0,
            memory_mib_per_gpu: 0,
        }
    }
}

/// A number from 0.001 to 10^9.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub struct Positive(pub f64);

impl TryFrom<f64> for Positive {
    type Error = String;
    fn try_from(number: f64) -> Result<Self, String> {
        match (0.001..=1e9).contains(&number) {
            true => Ok(Self(number)),
            false => Err(format!("{number} stands there, allowed is a number from 0.001 to 10^9")),
        }
    }
}

/// The importer.
pub fn importer(options: Options) -> impl Importer {
    AzureLlm(options)
}

/// True when the first line names the columns.
pub fn recognises(head: &Head) -> bool {
    head.has_columns(&COLUMNS)
}

struct AzureLlm(Options);

/// The requests of a bin.
#[derive(Default)]
struct Bin {
    requests: u64,
    context: u64,
    generated: u64,
    /// The line of the first request.
    line: u64,
}

impl Importer for AzureLlm {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let mut table = Table::with_header(Lines::open(path)?, ',', &COLUMNS, &[], OtherColumns::Ignore)?;
        let length = (self.0.bin_seconds.0 * 1e6).round() as u64;
        let mut bins: BTreeMap<u64, Bin> = BTreeMap::new();
        while table.next_row()? {
            tally.read();
            let time = moment(table.text("TIMESTAMP"))
                .ok_or_else(|| table.wrong("TIMESTAMP", "a moment such as 2023-11-16 18:17:03.9799600"))?;
            let bin = bins.entry(time / length * length).or_default();
            if bin.requests == 0 {
                bin.line = table.line();
            }
            bin.requests += 1;
            bin.context += table.whole("ContextTokens", 0..=MOST_TOKENS)?;
            bin.generated += table.whole("GeneratedTokens", 0..=MOST_TOKENS)?;
            tally.keep();
        }
        let mut gatherer = Gatherer::new();
        for (begin, bin) in &bins {
            let place = Place { file: table.file(), line: bin.line };
            let tasks = self.tasks(bin, SimDuration(length)).ok_or_else(|| {
                let problem = "its bin needs more than 100000 GPUs: the options state too slow ones".to_owned();
                table.refuse(bin.line, problem)
            })?;
            gatherer.job(place, JobSpec { submit: SimTime(*begin), tenant: 0, is_gang: false }, tasks)?;
        }
        gatherer.finish(Place { file: table.file(), line: table.line() }, tally)
    }
}

/// Microseconds since 1970.
fn moment(text: &str) -> Option<u64> {
    let text = text.strip_suffix("+00:00").or_else(|| text.strip_suffix('Z')).unwrap_or(text);
    let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok()?;
    u64::try_from(time.and_utc().timestamp_micros()).ok()
}

impl AzureLlm {
    /// The tasks of a bin; nothing when they would be too many.
    fn tasks(&self, bin: &Bin, work: SimDuration) -> Option<Vec<TaskSpec>> {
        let Options { context_tokens_per_second, generated_tokens_per_second, cores_per_gpu, .. } = self.0;
        let reading = bin.context as f64 / context_tokens_per_second.0;
        let writing = bin.generated as f64 / generated_tokens_per_second.0;
        let gpus = (reading + writing) / work.seconds();
        if gpus > MOST_GPUS {
            return None;
        }
        let milli = ((gpus * f64::from(WHOLE_DEVICE)).ceil() as u64).max(1);
        let (whole, rest) = (milli / u64::from(WHOLE_DEVICE), (milli % u64::from(WHOLE_DEVICE)) as u16);
        let shares = (0..whole).map(|_| WHOLE_DEVICE).chain((rest > 0).then_some(rest));
        let task = |milli_each: u16| {
            let share = f64::from(milli_each) / f64::from(WHOLE_DEVICE);
            let class = DeviceClass::Gpu;
            Some(TaskSpec {
                demand: Demand {
                    cpu_milli: rounded((cores_per_gpu * 1000.0 * share).ceil())?,
                    memory_mib: rounded((f64::from(self.0.memory_mib_per_gpu) * share).ceil())?,
                    devices: Some(DeviceDemand { class, count: 1, milli_each, memory_mib_each: 0, kinds: Vec::new() }),
                    ..Demand::default()
                },
                work,
                name: Some(format!("{} requests", bin.requests).into()),
                ..TaskSpec::default()
            })
        };
        shares.map(task).collect()
    }
}
