//! Reading a canonical workload, and trusting none of it.

use std::path::Path;

use sim::kernel::time::{SimDuration, SimTime};
use sim::workload::{JobSpec, MixEntry, Recorded, TaskSpec, UsePoint, Workload, WorkloadBuilder};

use super::table::Table;
use super::{
    FOLLOWS, FormatError, JOBS, MANIFEST, MIX, Manifest, NAMES, RECORDED, SCHEMA_VERSION, TASKS, USAGE,
    digest, display,
};

const JOB_COLUMNS: [&str; 6] = ["job_id", "tenant", "submit_us", "gang", "first_task", "task_count"];
const TASK_COLUMNS: [&str; 16] = [
    "task_id",
    "job_id",
    "submit_us",
    "cpu_milli",
    "memory_mib",
    "device_class",
    "device_count",
    "device_milli",
    "device_kinds",
    "features",
    "gang",
    "priority",
    "work_us",
    "estimate_us",
    "patience_us",
    "censored",
];
const MIX_COLUMNS: [&str; 9] = [
    "cpu_milli",
    "memory_mib",
    "device_class",
    "device_count",
    "device_milli",
    "device_kinds",
    "features",
    "priority",
    "share",
];

/// Reads a workload and verifies its digest.
///
/// # Errors
/// When a file or a column is missing, of another type or damaged, or the content is not what was written.
pub fn read(dir: &Path) -> Result<(Workload, Manifest), FormatError> {
    let manifest = read_manifest(&dir.join(MANIFEST))?;
    let table = |name: &str, columns: &[&str]| match manifest.files.get(name) {
        Some(checksum) => Table::read(dir.join(name), checksum, columns).map(Some),
        None if dir.join(name).exists() || ![USAGE, NAMES, RECORDED, FOLLOWS].contains(&name) => {
            Err(FormatError::Manifest {
                path: display(&dir.join(MANIFEST)),
                key: "files".to_owned(),
                problem: format!("{name} is missing: every table is stated with its checksum"),
            })
        }
        None => Ok(None),
    };
    let needed =
        |name, columns: &[&str]| table(name, columns).map(|table| table.expect("it is not optional"));
    let jobs = Jobs::read(needed(JOBS, &JOB_COLUMNS)?, manifest.jobs)?;
    let mut specs = read_tasks(&needed(TASKS, &TASK_COLUMNS)?, &jobs, manifest.tasks)?;
    if let Some(usage) = table(USAGE, &["task_id", "start_us", "cpu", "memory", "devices"])? {
        read_usage(&usage, &mut specs)?;
    }
    if let Some(names) = table(NAMES, &["task_id", "name"])? {
        read_names(&names, &mut specs)?;
    }
    if let Some(recorded) = table(RECORDED, &["start_us", "host"])? {
        read_recorded(&recorded, &mut specs)?;
    }
    let mix = read_mix(&needed(MIX, &MIX_COLUMNS)?)?;
    let mut builder = WorkloadBuilder::new();
    builder.set_origin(SimTime(manifest.origin_us));
    builder.set_mix(mix);
    let mut specs = specs.into_iter();
    for (row, (job, task_count)) in jobs.specs.into_iter().zip(jobs.task_counts).enumerate() {
        let tasks = specs.by_ref().take(task_count as usize);
        builder.add_job(job, tasks).map_err(|source| FormatError::Row {
            path: jobs.table.path(),
            row,
            source,
        })?;
    }
    if let Some(follows) = table(FOLLOWS, &["task_id", "follows"])? {
        for (row, (task, on)) in
            follows.u32s("task_id")?.into_iter().zip(follows.u32s("follows")?).enumerate()
        {
            let path = follows.path();
            builder.add_dependency(task, on).map_err(|source| FormatError::Row { path, row, source })?;
        }
    }
    let workload = builder.finish();
    let found = digest(&workload);
    if found != manifest.digest {
        let path = display(&dir.join(MANIFEST));
        return Err(FormatError::Digest { path, stated: manifest.digest, found });
    }
    Ok((workload, manifest))
}

fn read_manifest(path: &Path) -> Result<Manifest, FormatError> {
    let text = std::fs::read_to_string(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => FormatError::Missing { path: display(path) },
        _ => FormatError::Files { path: display(path), action: "read", source },
    })?;
    let fail = |key: &str, problem: &str| FormatError::Manifest {
        path: display(path),
        key: key.to_owned(),
        problem: problem.to_owned(),
    };
    let table: toml::Table = toml::from_str(&text).map_err(|error| fail("", error.message()))?;
    // The version comes first: everything else may mean something else in another version.
    match table.get("schema_version") {
        None => return Err(fail("schema_version", "is missing")),
        Some(version) if version.as_integer() != Some(i64::from(SCHEMA_VERSION)) => {
            return Err(FormatError::Version { path: display(path), found: version.to_string() });
        }
        Some(_) => {}
    }
    crate::options::parse(table).map_err(|error| fail(&error.key, &error.problem))
}

/// The jobs, and how many tasks each of them has.
struct Jobs {
    table: Table,
    specs: Vec<JobSpec>,
    task_counts: Vec<u32>,
}

impl Jobs {
    fn read(table: Table, stated: u64) -> Result<Self, FormatError> {
        check_rows(&table, "job_id", stated)?;
        let (tenants, submits, gangs) =
            (table.u32s("tenant")?, table.u64s("submit_us")?, table.bools("gang")?);
        let (firsts, task_counts) = (table.u32s("first_task")?, table.u32s("task_count")?);
        let mut next = 0_u64;
        for row in 0..table.rows() {
            if row > 0 && submits[row] < submits[row - 1] {
                let allowed = format!("at least the {} of the row before", submits[row - 1]);
                return Err(table.cell(row, "submit_us", submits[row], allowed));
            }
            if u64::from(firsts[row]) != next {
                return Err(table.cell(row, "first_task", firsts[row], next));
            }
            next += u64::from(task_counts[row]);
        }
        let specs = (0..table.rows())
            .map(|row| JobSpec { submit: SimTime(submits[row]), tenant: tenants[row], is_gang: gangs[row] })
            .collect();
        Ok(Self { table, specs, task_counts })
    }

    /// The job of every task, in order.
    fn of_tasks(&self) -> impl Iterator<Item = usize> {
        self.task_counts.iter().enumerate().flat_map(|(job, &count)| std::iter::repeat_n(job, count as usize))
    }
}

/// Ids are dense, and there are as many as the manifest states.
fn check_rows(table: &Table, id: &'static str, stated: u64) -> Result<(), FormatError> {
    let ids = table.u32s(id)?;
    if ids.len() as u64 != stated {
        let allowed = format!("{stated} rows, as the manifest states");
        return Err(table.cell(ids.len(), id, format!("the end of {} rows", ids.len()), allowed));
    }
    match ids.iter().enumerate().find(|&(row, &id)| row != id as usize) {
        Some((row, &found)) => Err(table.cell(row, id, found, row)),
        None => Ok(()),
    }
}

fn read_tasks(table: &Table, jobs: &Jobs, stated: u64) -> Result<Vec<TaskSpec>, FormatError> {
    check_rows(table, "task_id", stated)?;
    let belongs = jobs.task_counts.iter().map(|&count| u64::from(count)).sum::<u64>();
    if belongs != stated {
        let rows = jobs.specs.len();
        return Err(jobs.table.cell(
            rows,
            "task_count",
            format!("a sum of {belongs}"),
            format!("{stated} tasks"),
        ));
    }
    let (job_ids, submits, gangs) = (table.u32s("job_id")?, table.u64s("submit_us")?, table.bools("gang")?);
    for (row, job) in jobs.of_tasks().enumerate() {
        let spec = jobs.specs[job];
        if job_ids[row] as usize != job {
            return Err(table.cell(row, "job_id", job_ids[row], job));
        }
        if submits[row] != spec.submit.0 {
            return Err(table.cell(
                row,
                "submit_us",
                submits[row],
                format!("{}, as for its job", spec.submit.0),
            ));
        }
        if gangs[row] != spec.is_gang {
            return Err(table.cell(row, "gang", gangs[row], format!("{}, as for its job", spec.is_gang)));
        }
    }
    let (work, censored) = (table.u64s("work_us")?, table.bools("censored")?);
    let (estimates, patiences) = (table.optional_u64s("estimate_us")?, table.optional_u64s("patience_us")?);
    let demands = table.demands()?;
    Ok(demands
        .into_iter()
        .enumerate()
        .map(|(row, demand)| TaskSpec {
            demand,
            work: SimDuration(work[row]),
            estimate: estimates[row].map(SimDuration),
            patience: patiences[row].map(SimDuration),
            is_censored: censored[row],
            usage: Vec::new(),
            name: None,
            recorded: None,
        })
        .collect())
}

fn read_usage(table: &Table, specs: &mut [TaskSpec]) -> Result<(), FormatError> {
    let (ids, starts) = (table.u32s("task_id")?, table.u64s("start_us")?);
    let (cpu, memory, devices) = (table.f32s("cpu")?, table.f32s("memory")?, table.f32s("devices")?);
    let task_count = specs.len();
    for row in 0..table.rows() {
        let Some(spec) = specs.get_mut(ids[row] as usize) else {
            return Err(table.cell(row, "task_id", ids[row], format!("less than {task_count}")));
        };
        if row > 0 && ids[row] < ids[row - 1] {
            return Err(table.cell(row, "task_id", ids[row], format!("at least {}", ids[row - 1])));
        }
        spec.usage.push(UsePoint {
            start: SimDuration(starts[row]),
            cpu: cpu[row],
            memory: memory[row],
            devices: devices[row],
        });
    }
    Ok(())
}

fn read_names(table: &Table, specs: &mut [TaskSpec]) -> Result<(), FormatError> {
    check_rows(table, "task_id", specs.len() as u64)?;
    for (spec, name) in specs.iter_mut().zip(table.texts("name")?) {
        spec.name = Some(name);
    }
    Ok(())
}

fn read_recorded(table: &Table, specs: &mut [TaskSpec]) -> Result<(), FormatError> {
    let (starts, hosts) = (table.optional_u64s("start_us")?, table.optional_texts("host")?);
    if starts.len() != specs.len() {
        let found = format!("the end of {} rows", starts.len());
        return Err(table.cell(
            starts.len(),
            "start_us",
            found,
            format!("{} rows, one per task", specs.len()),
        ));
    }
    for (spec, (start, host)) in specs.iter_mut().zip(starts.into_iter().zip(hosts)) {
        spec.recorded = start.map(|start| Recorded { start: SimTime(start), host });
    }
    Ok(())
}

fn read_mix(table: &Table) -> Result<Vec<MixEntry>, FormatError> {
    let (demands, shares) = (table.demands()?, table.f64s("share")?);
    for (row, &share) in shares.iter().enumerate() {
        if !(0.0..=1.0).contains(&share) {
            return Err(table.cell(row, "share", share, "0 to 1"));
        }
    }
    Ok(demands.into_iter().zip(shares).map(|(demand, share)| MixEntry { demand, share }).collect())
}
