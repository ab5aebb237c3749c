//! Azure's traces of functions (serverless) of 2019 (Shahrad et al., ATC 2020) and of 2021 (Zhang et al., SOSP 2021).
//!
//! **2021**: columns `app`, `func`, `end_timestamp` and `duration` in seconds. An invocation is a task: it is submitted, and
//! started, when it began (`end_timestamp - duration`) and asks for the options `cores` (1) and `memory_mib` (0). Who began
//! before 0 is submitted at 0 with what was left (`present_at_start`). Its app is its tenant.
//!
//! **2019**: a folder (or one of its files, for the files of the same day) with, for each day `.dNN.` or without days:
//!
//! * `*invocations*.csv`: `HashOwner`, `HashApp`, `HashFunction`, `Trigger`, and how often the function was invoked in each
//!   minute, from 1 on;
//! * `*durations*.csv`: `HashOwner`, `HashApp`, `HashFunction`, `Average` (milliseconds), and more;
//! * `*memory*.csv`: `HashOwner`, `HashApp`, `AverageAllocatedMb` (MiB), and more; in derived sets also `HashFunction`.
//!
//! Single invocations are not published, so they are gathered: a task for each function and each `bin_minutes` (1) in which
//! it was invoked, submitted when the bin begins and as long as it. By Little's law `n` invocations of on average `d`
//! seconds in a bin of `b` seconds keep `n d / b` instances busy; the task asks for so many times `cores`, rounded up to a
//! thousandth, and for the memory of that many instances, rounded up to whole ones. Worked example: 30 invocations of 4 s in
//! a minute keep 2 instances busy. `priority` is 1 for the trigger `http`, on which somebody waits, and 0 for others; the
//! owner is the tenant. Functions whose app has no memory stated ask for `memory_mib` (`functions_without_memory` counts).
//!
//! Rows of all files are counted. Those that are dropped, by reason: `no_duration` (of a function without a row of
//! durations), `never_invoked`, `stated_twice` (durations or memory, again for the same day).

use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;
use serde::Deserialize;
use sim::kernel::time::{SimDuration, SimTime};
use sim::workload::{Demand, JobSpec, Recorded, TaskSpec, Workload};

use super::gather::{Gatherer, Place, rounded};
use super::planetlab::Cores;
use super::table::{OtherColumns, Table};
use super::text::{Lines, Member, for_each_text, member_name};
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "invocations of Azure's functions (the folder of 2019, gathered into tasks; or the CSV of 2021)";

const COLUMNS_2021: [&str; 4] = ["app", "func", "end_timestamp", "duration"];
const INVOCATIONS: [&str; 4] = ["HashOwner", "HashApp", "HashFunction", "Trigger"];
const DURATIONS: [&str; 4] = ["HashOwner", "HashApp", "HashFunction", "Average"];
const MEMORY: [&str; 3] = ["HashOwner", "HashApp", "AverageAllocatedMb"];
const MINUTE_US: u64 = 60_000_000;
const MINUTES_OF_A_DAY: u32 = 1440;

/// What an instance of a function takes, and how invocations are gathered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Cores of an instance.
    pub cores: Cores,
    /// Memory of an instance of which the source does not tell, in mebibytes.
    pub memory_mib: u32,
    /// Length of a bin of 2019, in minutes.
    pub bin_minutes: Minutes,
}

impl Default for Options {
    fn default() -> Self {
        Self { cores: Cores(1000), memory_mib: 0, bin_minutes: Minutes(1) }
    }
}

/// From 1 to those of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub struct Minutes(pub u32);

impl TryFrom<u32> for Minutes {
    type Error = String;
    fn try_from(count: u32) -> Result<Self, String> {
        match count {
            1..=MINUTES_OF_A_DAY => Ok(Self(count)),
            _ => Err(format!("{count} stands there, allowed is a whole number from 1 to {MINUTES_OF_A_DAY}")),
        }
    }
}

/// The importer.
pub fn importer(options: Options) -> impl Importer {
    AzureFunctions(options)
}

/// True for the file of 2021, for a folder of 2019 and for each of its files.
pub fn recognises(head: &Head) -> bool {
    let is_folder = head.has_entry(|name| Kind::Invocations.is_it(name)) && head.has_entry(|name| Kind::Durations.is_it(name));
    is_folder || [&COLUMNS_2021[..], &INVOCATIONS, &DURATIONS, &MEMORY].iter().any(|columns| head.has_columns(columns))
}

/// The files of 2019.
#[derive(Clone, Copy)]
enum Kind {
    Invocations,
    Durations,
    Memory,
}

impl Kind {
    fn is_it(self, name: &str) -> bool {
        let word = match self {
            Self::Invocations => "invocations",
            Self::Durations => "durations",
            Self::Memory => "memory",
        };
        let name = name.rsplit('/').next().unwrap_or(name);
        name.contains(word) && name.ends_with(".csv")
    }
}

/// The number of the day in a name, `.dNN.`; 1 without one.
fn day_of(name: &str) -> u32 {
    let part = |part: &str| part.strip_prefix('d')?.parse().ok().filter(|day| (1..=366).contains(day));
    name.split('.').find_map(part).unwrap_or(1)
}

struct AzureFunctions(Options);

impl Importer for AzureFunctions {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let head = Head::read(path).unwrap_or_default();
        if head.has_columns(&COLUMNS_2021) {
            return self.read_2021(path, tally);
        }
        if !recognises(&head) {
            let problem = format!(
                "is no trace of functions: a header of {}, or a folder with *invocations*.csv and *durations*.csv, is expected",
                COLUMNS_2021.join(", ")
            );
            return Err(ImportError::Line { file: path.display().to_string(), line: 1, problem });
        }
        self.read_2019(path, tally)
    }

    fn reads_beside(&self, path: &Path) -> Vec<PathBuf> {
        let name = member_name(&path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() || !Kind::Invocations.is_it(&name) {
            return Vec::new();
        }
        let folder = path.parent().unwrap_or(path);
        let mut files = super::text::files_below(folder).unwrap_or_default();
        files.retain(|file| {
            let other = member_name(&super::text::relative(file, folder));
            [Kind::Durations, Kind::Memory].iter().any(|kind| kind.is_it(&other)) && day_of(&other) == day_of(&name)
        });
        files
    }
}

/// What the files beside the invocations tell, by day and function or app.
#[derive(Default)]
struct Known {
    seconds: FxHashMap<String, f64>,
    memory_mib: FxHashMap<String, f64>,
}

impl AzureFunctions {
    fn read_2021(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let mut table = Table::with_header(Lines::open(path)?, ',', &COLUMNS_2021, &[], OtherColumns::Ignore)?;
        let mut gatherer = Gatherer::new();
        while table.next_row()? {
            tally.read();
            let (end, length) = (table.time("end_timestamp", 1.0)?, table.duration("duration", 1.0)?);
            let start = SimTime(end.0.saturating_sub(length.0));
            if end < SimTime::ZERO + length {
                tally.count("present_at_start");
            }
            tally.keep();
            let demand =
                Demand { cpu_milli: self.0.cores.0, memory_mib: self.0.memory_mib, ..Demand::default() };
            let recorded = Some(Recorded { start, host: None });
            let tenant = gatherer.tenant(table.text("app"));
            let task = TaskSpec { demand, work: end.since(start), recorded, ..TaskSpec::default() };
            gatherer.task(Place { file: table.file(), line: table.line() }, start, tenant, task)?;
        }
        gatherer.finish(Place { file: table.file(), line: table.line() }, tally)
    }

    fn read_2019(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let is_file = path.is_file() && Head::read(path).is_some_and(|head| head.entries.is_empty());
        let name = member_name(&path.file_name().unwrap_or_default().to_string_lossy());
        let only_day = is_file.then(|| day_of(&name));
        let source = if is_file { path.parent().unwrap_or(path) } else { path };
        let wanted = |kind: Kind| move |name: &str| kind.is_it(name) && only_day.is_none_or(|day| day == day_of(name));
        let mut known = Known::default();
        for_each_text(source, wanted(Kind::Durations), |member| {
            read_stated(member, &DURATIONS, "Average", &mut known.seconds, tally)
        })?;
        known.seconds.values_mut().for_each(|milliseconds| *milliseconds /= 1000.0);
        for_each_text(source, wanted(Kind::Memory), |member| {
            read_stated(member, &MEMORY, "AverageAllocatedMb", &mut known.memory_mib, tally)
        })?;
        let mut gatherer = Gatherer::new();
        for_each_text(source, wanted(Kind::Invocations), |member| {
            self.read_invocations(member, &known, &mut gatherer, tally)
        })?;
        gatherer.finish(Place { file: &path.display().to_string(), line: 1 }, tally)
    }

    fn read_invocations(
        &self,
        member: Member<'_>,
        known: &Known,
        gatherer: &mut Gatherer,
        tally: &mut Tally,
    ) -> Result<(), ImportError> {
        let day = day_of(member.name);
        let mut table = Table::with_header(member.lines, ',', &INVOCATIONS, &[], OtherColumns::Ignore)?;
        // Minutes are told by their place: their names are counted through.
        let names = table.fields().iter().skip(INVOCATIONS.len()).map(|name| name.trim().parse::<u32>().ok());
        let minutes = names.clone().count() as u32;
        if names.zip(1..).any(|(name, number)| name != Some(number)) || !(1..=MINUTES_OF_A_DAY).contains(&minutes) {
            let problem = format!("after {} the minutes from 1 to 1440 are expected", INVOCATIONS.join(", "));
            return Err(table.refuse(table.line(), problem));
        }
        while table.next_row()? {
            tally.read();
            let counts = counts(&table)?;
            let function = key(day, &table, true);
            let Some(&seconds) = known.seconds.get(&function) else {
                tally.drop_row("no_duration");
                continue;
            };
            if counts.iter().all(|&count| count == 0) {
                tally.drop_row("never_invoked");
                continue;
            }
            tally.keep();
            let stated = known.memory_mib.get(&function).or_else(|| known.memory_mib.get(&key(day, &table, false)));
            if stated.is_none() {
                tally.count("functions_without_memory");
            }
            let instance_mib = stated.copied().unwrap_or_else(|| self.0.memory_mib.into());
            let priority = u8::from(table.text("Trigger") == "http");
            let tenant = gatherer.tenant(table.text("HashOwner"));
            let bin_us = u64::from(self.0.bin_minutes.0) * MINUTE_US;
            for (bin, counts) in counts.chunks(self.0.bin_minutes.0 as usize).enumerate() {
                let count: u64 = counts.iter().sum();
                if count == 0 {
                    continue;
                }
                let instances = count as f64 * seconds / SimDuration(bin_us).seconds();
                let cpu_milli = rounded((instances * f64::from(self.0.cores.0)).ceil().max(1.0));
                let memory_mib = rounded((instances.ceil().max(1.0) * instance_mib).ceil());
                let (Some(cpu_milli), Some(memory_mib)) = (cpu_milli, memory_mib) else {
                    let problem = format!("{count} invocations of {seconds} s are more than a machine can hold");
                    return Err(table.refuse(table.line(), problem));
                };
                let task = TaskSpec {
                    demand: Demand { cpu_milli, memory_mib, priority, ..Demand::default() },
                    work: SimDuration(bin_us),
                    ..TaskSpec::default()
                };
                let begin = u64::from(day - 1) * u64::from(MINUTES_OF_A_DAY) * MINUTE_US + bin as u64 * bin_us;
                let job = JobSpec { submit: SimTime(begin), tenant, is_gang: false };
                gatherer.job(Place { file: table.file(), line: table.line() }, job, [task])?;
            }
        }
        Ok(())
    }
}

/// Of which function, or app, on which day a row tells.
fn key(day: u32, table: &Table, is_function: bool) -> String {
    let function = if is_function { table.text("HashFunction") } else { "" };
    format!("{day}/{}/{}/{function}", table.text("HashOwner"), table.text("HashApp"))
}

/// How often a function was invoked in each minute.
fn counts(table: &Table) -> Result<Vec<u64>, ImportError> {
    let parse = |(minute, field): (usize, &String)| {
        let count = field.trim().parse::<u64>().ok().filter(|&count| count <= 1_000_000_000_000);
        count.ok_or_else(|| {
            table.refuse(table.line(), format!("in minute {} {field:?} stands there, allowed is a number of invocations", minute + 1))
        })
    };
    table.fields().iter().skip(INVOCATIONS.len()).enumerate().map(parse).collect()
}

/// Reads a number for each function or app of a day.
fn read_stated(
    member: Member<'_>,
    columns: &[&'static str],
    column: &'static str,
    known: &mut FxHashMap<String, f64>,
    tally: &mut Tally,
) -> Result<(), ImportError> {
    let day = day_of(member.name);
    let optional: &[&str] = if columns.contains(&"HashFunction") { &[] } else { &["HashFunction"] };
    let mut table = Table::with_header(member.lines, ',', columns, optional, OtherColumns::Ignore)?;
    let is_function = table.has("HashFunction");
    while table.next_row()? {
        tally.read();
        let number = table.number(column, 0.0..=1e12)?;
        match known.insert(key(day, &table, is_function), number) {
            None => tally.keep(),
            Some(first) => {
                // The first one counts.
                known.insert(key(day, &table, is_function), first);
                tally.drop_row("stated_twice");
            }
        }
    }
    Ok(())
}
