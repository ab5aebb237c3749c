//! PlanetLab's use of cpu in 2011, as Beloglazov and Buyya selected it (CoMon project): one file for each virtual machine
//! and day, of 288 lines: the percent of its cpu that it used in each five minutes.
//!
//! The source is a folder or an archive of such files, or one file. The folder that holds a file is a day when its name is
//! a date of eight digits (`20110303`): its machines are submitted at midnight UTC of that day, machines of files without
//! such a folder at 0. A machine runs for 300 s for each line and uses of its cpu what the lines say, from the beginning of
//! each step on; equal neighbours are one point. The machines were there before the day and after it: their lives are
//! censored, and each is counted in `present_at_start`. Files of another number of lines than 288 are read alike
//! (`files_of_other_length`).
//!
//! The source tells nothing of sizes: a machine asks for `cores` (option, 1) and `memory_mib` (option, 0); with `sizes`, the
//! machines are of these sizes in blocks: machine `i` of `n` has size `i div ceil(n / sizes)`, as in the PlanetLab examples of
//! CloudSim. With `until_idle`, a machine is taken away for good 0.1 s after the beginning of the first step, from the second
//! on, in which it uses nothing and nothing in the next either (`ended_idle`), as there. The name of a machine is that of its
//! file; all are of one tenant. A row is a line; none is dropped, and an empty file is no machine
//! (`files_without_rows`).

use std::path::Path;

use chrono::NaiveDate;
use serde::Deserialize;
use sim::kernel::time::{SimDuration, SimTime};
use sim::workload::{Demand, TaskSpec, UsePoint, Workload};

use super::gather::{Gatherer, Place, cpu_milli_of};
use super::text::{Lines, excerpt, for_each_text};
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "use of cpu of PlanetLab's virtual machines (a folder or .tar.gz of files of 288 percentages)";

const STEP_US: u64 = 300_000_000;
const STEPS_OF_A_DAY: usize = 288;
/// So long after the beginning of a step an idle machine is taken away.
const IDLE_US: u64 = 100_000;

/// What a machine asks for.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Cores of a machine.
    pub cores: Cores,
    /// Memory of a machine, in mebibytes.
    pub memory_mib: u32,
    /// Sizes in blocks, in the place of the other two.
    pub sizes: Vec<Size>,
    /// Whether machines end when they use nothing for two steps.
    pub until_idle: bool,
}

/// The size of some of the machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// Cores of a machine.
    pub cores: Cores,
    /// Memory of a machine, in mebibytes.
    pub memory_mib: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { cores: Cores(1000), memory_mib: 0, sizes: Vec::new(), until_idle: false }
    }
}

/// A number of cores, kept in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "f64")]
pub struct Cores(pub u32);

impl TryFrom<f64> for Cores {
    type Error = String;
    fn try_from(cores: f64) -> Result<Self, String> {
        let milli = cpu_milli_of(cores).filter(|&milli| milli > 0);
        milli.map(Self).ok_or_else(|| format!("{cores} stands there, allowed is a number from 0.001 to 4000000"))
    }
}

/// The importer.
pub fn importer(options: Options) -> impl Importer {
    PlanetLab(options)
}

/// True when the first text holds nothing but percentages, one a line, and files of a folder have no endings.
pub fn recognises(head: &Head) -> bool {
    let lines: Vec<&str> = head.text.lines().collect();
    let is_percent = |line: &&str| line.trim().parse::<u8>().is_ok_and(|percent| percent <= 100);
    let is_whole_day = lines.len() >= STEPS_OF_A_DAY || !head.entries.is_empty();
    !lines.is_empty()
        && is_whole_day
        && lines.iter().all(is_percent)
        && head.entries.iter().all(|entry| is_wanted(entry))
}

/// Other files that are passed around with these, such as lists of sums, have endings or say so.
fn is_wanted(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    !name.starts_with('.') && !["README", "LICENSE", "SHA256SUMS"].contains(&name) && !name.ends_with(".md")
}

struct PlanetLab(Options);

/// A machine before its size is known.
struct Machine {
    file: String,
    submit: SimTime,
    task: TaskSpec,
}

/// How long a machine lives when it is taken away once it has used nothing for two steps.
fn until_idle(percents: &[u8]) -> Option<SimDuration> {
    let last = percents.last()?;
    let next = percents[1..].iter().chain([last]);
    let is_idle = |(&now, &next): (&u8, &u8)| now == 0 && next == 0;
    let step = percents.iter().zip(next).skip(1).position(is_idle)? + 1;
    Some(SimDuration(step as u64 * STEP_US + IDLE_US))
}

impl Importer for PlanetLab {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let mut gatherer = Gatherer::new();
        let mut last = (path.display().to_string(), 1);
        let mut machines = Vec::new();
        // A folder of one day is named by its date itself.
        let above = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        for_each_text(path, is_wanted, |mut member| {
            let (folder, name) = member.name.rsplit_once('/').unwrap_or((&above, member.name));
            let submit = midnight(folder.rsplit('/').next().unwrap_or(folder)).unwrap_or(SimTime::ZERO);
            let percents = read_percents(&mut member.lines, tally)?;
            let steps = percents.len();
            let file = member.lines.file().to_owned();
            if steps == 0 {
                tally.count("files_without_rows");
            } else {
                if steps != STEPS_OF_A_DAY {
                    tally.count("files_of_other_length");
                }
                tally.count("present_at_start");
                let ends = until_idle(&percents).filter(|_| self.0.until_idle);
                if ends.is_some() {
                    tally.count("ended_idle");
                }
                let work = ends.unwrap_or(SimDuration(steps as u64 * STEP_US));
                let task = TaskSpec {
                    work,
                    is_censored: ends.is_none(),
                    usage: usage(&percents).into_iter().filter(|point| point.start < work).collect(),
                    name: Some(name.into()),
                    ..TaskSpec::default()
                };
                machines.push(Machine { file: file.clone(), submit, task });
            }
            last = (file, steps.max(1) as u64);
            Ok(())
        })?;
        let Options { cores, memory_mib, sizes, .. } = &self.0;
        let each = machines.len().div_ceil(sizes.len().max(1)).max(1);
        for (index, Machine { file, submit, mut task }) in machines.into_iter().enumerate() {
            let size = sizes.get(index / each).copied().unwrap_or(Size { cores: *cores, memory_mib: *memory_mib });
            task.demand = Demand { cpu_milli: size.cores.0, memory_mib: size.memory_mib, ..Demand::default() };
            gatherer.task(Place { file: &file, line: 1 }, submit, 0, task)?;
        }
        gatherer.finish(Place { file: &last.0, line: last.1 }, tally)
    }
}

/// The beginning of a day that is written as eight digits.
fn midnight(name: &str) -> Option<SimTime> {
    if name.len() != 8 || !name.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let day = NaiveDate::parse_from_str(name, "%Y%m%d").ok()?;
    let seconds = day.and_hms_opt(0, 0, 0)?.and_utc().timestamp();
    SimTime::from_seconds(u32::try_from(seconds).ok()?.into())
}

/// What was used over time; equal neighbours are one point.
fn usage(percents: &[u8]) -> Vec<UsePoint> {
    let mut usage: Vec<UsePoint> = Vec::new();
    for (step, &percent) in percents.iter().enumerate() {
        let cpu = f32::from(percent) / 100.0;
        if usage.last().is_none_or(|last| last.cpu != cpu) {
            let start = SimDuration(step as u64 * STEP_US);
            usage.push(UsePoint { start, cpu, memory: 1.0, devices: 1.0 });
        }
    }
    usage
}

/// The percentage of each step.
fn read_percents(lines: &mut Lines, tally: &mut Tally) -> Result<Vec<u8>, ImportError> {
    let file = lines.file().to_owned();
    let mut percents = Vec::new();
    while let Some((line, bytes)) = lines.next_line()? {
        if bytes.is_empty() {
            continue;
        }
        tally.read();
        let text = String::from_utf8_lossy(bytes);
        let percent = text.parse::<u8>().ok().filter(|&percent| percent <= 100);
        let percent = percent.ok_or_else(|| ImportError::Value {
            file: file.clone(),
            line,
            column: "1 (percent)".to_owned(),
            value: excerpt(&text),
            allowed: "a whole number from 0 to 100".to_owned(),
        })?;
        tally.keep();
        percents.push(percent);
    }
    Ok(percents)
}
