//! Writing a canonical workload.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use polars::prelude::Column;
use sim::workload::{Demand, Workload};

use super::table::{self, DEVICE_MEMORY, SEPARATOR, class_code, column};
use super::{
    FOLLOWS, FormatError, ImporterNote, JOBS, MANIFEST, MIX, Manifest, NAMES, RECORDED, SCHEMA_VERSION,
    Source, SourceNote, TASKS, USAGE, digest, display,
};

/// Writes a workload as a directory, which appears whole or not at all.
///
/// # Errors
/// When something is there already, the file system refuses, or a device kind or feature cannot be stored.
pub fn write(workload: &Workload, dir: &Path, source: &Source) -> Result<Manifest, FormatError> {
    let mut manifest = Manifest {
        schema_version: SCHEMA_VERSION,
        jobs: workload.job_count() as u64,
        tasks: workload.task_count() as u64,
        origin_us: workload.origin().0,
        digest: digest(workload),
        source: SourceNote { file: source.file.clone(), licence: source.licence.clone() },
        importer: ImporterNote {
            name: source.importer.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        files: BTreeMap::new(),
    };
    refuse_occupied(dir)?;
    let draft = Draft::beside(dir)?;
    manifest.files = write_tables(workload, &draft.path)?;
    write_manifest(&manifest, &draft.path.join(MANIFEST))?;
    draft.publish(dir)?;
    Ok(manifest)
}

pub(super) fn refuse_occupied(dir: &Path) -> Result<(), FormatError> {
    match fs::read_dir(dir).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(FormatError::Occupied { path: display(dir) }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(FormatError::Files { path: display(dir), action: "read", source }),
    }
}

/// A directory in the making, gone again unless it is published.
pub(super) struct Draft {
    pub(super) path: PathBuf,
}

impl Draft {
    pub(super) fn beside(dir: &Path) -> Result<Self, FormatError> {
        let fail =
            |path: &Path, source| FormatError::Files { path: display(path), action: "created", source };
        let name = dir.file_name().ok_or_else(|| fail(dir, std::io::ErrorKind::InvalidInput.into()))?;
        if let Some(parent) = dir.parent() {
            fs::create_dir_all(parent).map_err(|source| fail(parent, source))?;
        }
        let mut attempt = 0_u32;
        loop {
            let mut draft = std::ffi::OsString::from(".");
            draft.push(name);
            draft.push(format!(".{}-{attempt}.partial", std::process::id()));
            let path = dir.with_file_name(draft);
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self { path }),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => attempt += 1,
                Err(source) => return Err(fail(&path, source)),
            }
        }
    }

    pub(super) fn publish(self, dir: &Path) -> Result<(), FormatError> {
        let fail = |source| FormatError::Files { path: display(dir), action: "renamed into place", source };
        if dir.is_dir() {
            fs::remove_dir(dir).map_err(fail)?;
        }
        fs::rename(&self.path, dir).map_err(fail)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Nothing is left here after a rename; after a failure there is nobody to tell but the caller, who knows.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn write_manifest(manifest: &Manifest, path: &Path) -> Result<(), FormatError> {
    let text = toml::to_string(manifest).map_err(|error| FormatError::Manifest {
        path: display(path),
        key: "origin_us".to_owned(),
        problem: format!("{error}; allowed is up to 2^63 - 1"),
    })?;
    fs::write(path, text).map_err(|source| FormatError::Files {
        path: display(path),
        action: "written",
        source,
    })
}

/// Writes the tables and returns their checksums.
fn write_tables(workload: &Workload, dir: &Path) -> Result<BTreeMap<String, String>, FormatError> {
    let mut files = BTreeMap::new();
    let mut write = |name: &str, columns: Vec<Column>| {
        table::write(&dir.join(name), columns).map(|checksum| files.insert(name.to_owned(), checksum))
    };
    write(JOBS, job_columns(workload))?;
    write(TASKS, task_columns(workload, &dir.join(TASKS))?)?;
    write(MIX, mix_columns(workload, &dir.join(MIX))?)?;
    if workload.has_usage() {
        write(USAGE, usage_columns(workload))?;
    }
    if workload.tasks().next().is_some_and(|task| workload.name(task).is_some()) {
        let ids: Vec<u32> = workload.tasks().map(|task| task.0).collect();
        let names: Vec<&str> = workload.tasks().map(|task| workload.name(task).unwrap_or_default()).collect();
        write(NAMES, vec![column("task_id", ids), column("name", names)])?;
    }
    if workload.is_recorded() {
        let starts = workload.tasks().map(|task| workload.recorded_start(task).map(|start| start.0));
        let hosts = workload.tasks().map(|task| workload.recorded_host(task));
        write(
            RECORDED,
            vec![
                column("start_us", starts.collect::<Vec<Option<u64>>>()),
                column("host", hosts.collect::<Vec<Option<&str>>>()),
            ],
        )?;
    }
    if !workload.dependencies().is_empty() {
        let (tasks, on): (Vec<u32>, Vec<u32>) =
            workload.dependencies().iter().map(|&(task, on)| (task.0, on.0)).unzip();
        write(FOLLOWS, vec![column("task_id", tasks), column("follows", on)])?;
    }
    Ok(files)
}

fn job_columns(workload: &Workload) -> Vec<Column> {
    let jobs = || workload.jobs();
    let mut first = 0_u32;
    let firsts: Vec<u32> = jobs()
        .map(|job| {
            let this = first;
            first += workload.job_tasks(job).len() as u32;
            this
        })
        .collect();
    vec![
        column("job_id", jobs().map(|job| job.0).collect::<Vec<u32>>()),
        column("tenant", jobs().map(|job| workload.tenant(job).0).collect::<Vec<u32>>()),
        column("submit_us", jobs().map(|job| workload.job_submit(job).0).collect::<Vec<u64>>()),
        column("gang", jobs().map(|job| workload.is_gang(job)).collect::<Vec<bool>>()),
        column("first_task", firsts),
        column("task_count", jobs().map(|job| workload.job_tasks(job).len() as u32).collect::<Vec<u32>>()),
    ]
}

fn task_columns(workload: &Workload, path: &Path) -> Result<Vec<Column>, FormatError> {
    let tasks = || workload.tasks();
    let mut columns = vec![
        column("task_id", tasks().map(|task| task.0).collect::<Vec<u32>>()),
        column("job_id", tasks().map(|task| workload.job(task).0).collect::<Vec<u32>>()),
        column("submit_us", tasks().map(|task| workload.submit(task).0).collect::<Vec<u64>>()),
    ];
    let demands: Vec<&Demand> = tasks().map(|task| workload.demand(task)).collect();
    columns.extend(demand_columns(&demands, path)?);
    let optional = |value: Option<sim::kernel::time::SimDuration>| value.map(|duration| duration.0);
    columns.extend([
        column("gang", tasks().map(|task| workload.is_gang(workload.job(task))).collect::<Vec<bool>>()),
        column("work_us", tasks().map(|task| workload.work(task).0).collect::<Vec<u64>>()),
        column("estimate_us", tasks().map(|task| optional(workload.estimate(task))).collect::<Vec<_>>()),
        column("patience_us", tasks().map(|task| optional(workload.patience(task))).collect::<Vec<_>>()),
        column("censored", tasks().map(|task| workload.is_censored(task)).collect::<Vec<bool>>()),
    ]);
    Ok(columns)
}

fn mix_columns(workload: &Workload, path: &Path) -> Result<Vec<Column>, FormatError> {
    let mix = workload.mix();
    let demands: Vec<&Demand> = mix.iter().map(|entry| &entry.demand).collect();
    let mut columns = demand_columns(&demands, path)?;
    columns.push(column("share", mix.iter().map(|entry| entry.share).collect::<Vec<f64>>()));
    Ok(columns)
}

fn usage_columns(workload: &Workload) -> Vec<Column> {
    let (mut ids, mut starts) = (Vec::new(), Vec::new());
    let (mut cpu, mut memory, mut devices) = (Vec::new(), Vec::new(), Vec::new());
    for task in workload.tasks() {
        for point in workload.usage(task) {
            ids.push(task.0);
            starts.push(point.start.0);
            cpu.push(point.cpu);
            memory.push(point.memory);
            devices.push(point.devices);
        }
    }
    vec![
        column("task_id", ids),
        column("start_us", starts),
        column("cpu", cpu),
        column("memory", memory),
        column("devices", devices),
    ]
}

fn demand_columns(demands: &[&Demand], path: &Path) -> Result<Vec<Column>, FormatError> {
    let devices = || demands.iter().map(|demand| demand.devices.as_ref());
    let (mut kinds, mut features) = (Vec::new(), Vec::new());
    for (row, demand) in demands.iter().enumerate() {
        let names = demand.devices.as_ref().map_or(&[][..], |devices| &devices.kinds);
        kinds.push(join(names, (path, row, "device_kinds"))?);
        features.push(join(&demand.features, (path, row, "features"))?);
    }
    let mut columns = vec![
        column("cpu_milli", demands.iter().map(|demand| demand.cpu_milli).collect::<Vec<u32>>()),
        column("memory_mib", demands.iter().map(|demand| demand.memory_mib).collect::<Vec<u32>>()),
        column("device_class", devices().map(class_code).collect::<Vec<u8>>()),
        column("device_count", devices().map(|one| one.map_or(0, |one| one.count)).collect::<Vec<u8>>()),
        column(
            "device_milli",
            devices().map(|one| one.map_or(0, |one| one.milli_each)).collect::<Vec<u16>>(),
        ),
        column("device_kinds", kinds),
        column("features", features),
        column("priority", demands.iter().map(|demand| demand.priority).collect::<Vec<u8>>()),
    ];
    let device_memory: Vec<u32> = devices().map(|one| one.map_or(0, |one| one.memory_mib_each)).collect();
    if device_memory.iter().any(|&mib| mib > 0) {
        columns.push(column(DEVICE_MEMORY, device_memory));
    }
    Ok(columns)
}

/// A list of names in one cell. A name that would come back as another list is refused.
fn join(names: &[String], (path, row, column): (&Path, usize, &'static str)) -> Result<String, FormatError> {
    if let Some(name) = names.iter().find(|name| name.is_empty() || name.contains(SEPARATOR)) {
        return Err(FormatError::Cell {
            path: display(path),
            row,
            column,
            value: format!("{name:?}"),
            allowed: format!("a name that is not empty and holds no '{SEPARATOR}'"),
        });
    }
    Ok(names.join("|"))
}
