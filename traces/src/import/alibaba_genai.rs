//! Requests for images in Alibaba's trace of generative models of 2026 (`lora_request_trace.csv`).
//!
//! Columns that are read: `gmt_create` (local time, shifted by its authors, taken as UTC), `exec_time_seconds` (from the
//! request to the answer), `groupId` (the tenant) and `checkpoint_model_version_id` (the name). A request is a task of one
//! whole GPU, submitted when it was made and as long as it took: what it waited for inside of the system is in it. The GPU
//! and nothing beside it is asked for, since nothing is told. What was generated, and with how many adapters, is passed over.
//!
//! Rows that are dropped, by reason: `unfinished` (`predict_status` is neither `SUCCEED` nor `FAILED`).

use std::path::Path;

use serde::Deserialize;
use sim::workload::{Demand, TaskSpec, Workload};

use super::gang::whole_gpus;
use super::gather::{Gatherer, Place};
use super::table::{OtherColumns, Table};
use super::text::for_each_text;
use super::{Head, ImportError, Importer, Tally, dates};

/// One line of help.
pub const HELP: &str = "requests for images in Alibaba's trace of generative models of 2026 (lora_request_trace.csv)";

const COLUMNS: [&str; 5] =
    ["gmt_create", "predict_status", "exec_time_seconds", "groupId", "checkpoint_model_version_id"];

/// There is nothing to choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {}

/// The importer.
pub fn importer(_: Options) -> impl Importer {
    AlibabaGenai
}

/// True when the first line names the columns, and for an archive that holds such a table.
pub fn recognises(head: &Head) -> bool {
    super::table::has_columns(&head.text, ',', &COLUMNS)
}

struct AlibabaGenai;

impl Importer for AlibabaGenai {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let utc = dates::Zone(chrono_tz::UTC);
        let mut gatherer = Gatherer::new();
        let mut last = (path.display().to_string(), 1);
        for_each_text(path, |name| name.ends_with(".csv"), |member| {
            let mut table = Table::with_header(member.lines, ',', &COLUMNS, &[], OtherColumns::Ignore)?;
            while table.next_row()? {
                tally.read();
                let submit = dates::moment(table.text("gmt_create"), utc)
                    .ok_or_else(|| table.wrong("gmt_create", dates::ALLOWED))?;
                match table.text("predict_status") {
                    "SUCCEED" | "FAILED" => tally.keep(),
                    "PENDING" | "PROCESSING" => {
                        tally.drop_row("unfinished");
                        continue;
                    }
                    _ => return Err(table.wrong("predict_status", "SUCCEED, FAILED, PENDING or PROCESSING")),
                }
                let task = TaskSpec {
                    demand: Demand { devices: whole_gpus(1), ..Demand::default() },
                    work: table.duration("exec_time_seconds", 1.0)?,
                    name: Some(table.text("checkpoint_model_version_id").into()),
                    ..TaskSpec::default()
                };
                let tenant = gatherer.tenant(table.text("groupId"));
                gatherer.task(Place { file: table.file(), line: table.line() }, submit, tenant, task)?;
            }
            last = (table.file().to_owned(), table.line());
            Ok(())
        })?;
        gatherer.finish(Place { file: &last.0, line: last.1 }, tally)
    }
}
