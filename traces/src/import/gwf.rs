//! The Grid Workloads Archive's workflow format as simulators pass it on (`.gwf`): commas, blanks around everything.
//!
//! Columns: `WorkflowID` (the tenant), `JobID`, `SubmitTime` and `RunTime` in seconds, `NProcs`, `ReqNProcs` and
//! `Dependencies` (job ids with blanks between). Every row is a task of its own, submitted when it was; whom it follows is
//! remembered and not waited for. Processors are those requested, and those used where the request is -1 or missing.
//!
//! Rows that are dropped, by reason: `no_processors`, `unknown_run_time`. Dependencies on rows that are not there are counted
//! as `dependencies_on_nothing`.

use std::path::Path;

use rustc_hash::FxHashMap;
use serde::Deserialize;
use sim::workload::{Demand, TaskSpec, Workload};

use super::gather::{Gatherer, Place};
use super::table::{OtherColumns, Table};
use super::text::Lines;
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "workflows in the Grid Workloads Archive's format (.gwf)";

const COLUMNS: [&str; 6] = ["WorkflowID", "JobID", "SubmitTime", "RunTime", "NProcs", "ReqNProcs"];
const DEPENDENCIES: &str = "Dependencies";

/// There is nothing to choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {}

/// The importer.
pub fn importer(_: Options) -> impl Importer {
    Gwf
}

/// True when the first line names the columns.
pub fn recognises(head: &Head) -> bool {
    head.has_columns(&COLUMNS)
}

struct Gwf;

impl Importer for Gwf {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let lines = Lines::open(path)?;
        let mut table = Table::with_header(lines, ',', &COLUMNS, &[DEPENDENCIES], OtherColumns::Ignore)?;
        let mut gatherer = Gatherer::new();
        let (mut known, mut follows): (FxHashMap<u64, u32>, Vec<(u32, u64, u64)>) = Default::default();
        while table.next_row()? {
            tally.read();
            let id = table.whole("JobID", 0..=u64::MAX)?;
            let processors = |column| table.whole(column, -1..=4_000_000_i64);
            let cores = match (processors("ReqNProcs")?, processors("NProcs")?) {
                (requested, _) if requested > 0 => requested,
                (_, used) => used,
            };
            let submit = table.time("SubmitTime", 1.0)?;
            if cores <= 0 {
                tally.drop_row("no_processors");
                continue;
            }
            if table.text("RunTime").starts_with('-') {
                tally.drop_row("unknown_run_time");
                continue;
            }
            let work = table.duration("RunTime", 1.0)?;
            tally.keep();
            let task = gatherer.task_count() as u32;
            if known.insert(id, task).is_some() {
                return Err(table.wrong("JobID", "an id that no other row has"));
            }
            for on in table.text(DEPENDENCIES).split_ascii_whitespace().filter(|&on| on != "-1") {
                let on = on.parse().map_err(|_| table.wrong(DEPENDENCIES, "job ids with blanks between them"))?;
                follows.push((task, on, table.line()));
            }
            let tenant = gatherer.tenant(table.text("WorkflowID"));
            let demand = Demand { cpu_milli: 1000 * cores as u32, ..Demand::default() };
            let name = Some(table.text("JobID").into());
            let place = Place { file: table.file(), line: table.line() };
            gatherer.task(place, submit, tenant, TaskSpec { demand, work, name, ..TaskSpec::default() })?;
        }
        for (task, on, line) in follows {
            match known.get(&on) {
                Some(&on) => gatherer.follows(Place { file: table.file(), line }, task, on)?,
                None => tally.count("dependencies_on_nothing"),
            }
        }
        gatherer.finish(Place { file: table.file(), line: table.line() }, tally)
    }
}
