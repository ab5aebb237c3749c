//! Writes a table of events as large as one likes, in the layout of Google's cells of 2019, and imports such a table:
//! what it shows is how much memory the import takes.
//!
//! ```text
//!   google_like write events.json 2000      2000 MB of rows, each as long as a published one
//!   google_like import events.json          tasks, seconds, and the most memory that was held
//!
//!   SUBMIT -> QUEUE -> ENABLE -> SCHEDULE -> (UPDATE_RUNNING) -> FINISH or KILL
//!               ^                  |
//!               +---- SUBMIT <- EVICT, for one attempt in three
//! ```
//!
//! Instances live for minutes to hours, hundreds of thousands of them after each other; rows rise in time, as those of a
//! query that orders by it do.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use sim::kernel::rng::{Seed, Stream};

const USAGE: &str = "google_like write FILE MEGABYTES, or google_like import FILE";
const SUBMIT: u8 = 0;
const QUEUE: u8 = 1;
const ENABLE: u8 = 2;
const SCHEDULE: u8 = 3;
const EVICT: u8 = 4;
const FINISH: u8 = 6;
const KILL: u8 = 7;
const UPDATE_RUNNING: u8 = 10;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["write", file, megabytes] => write(Path::new(file), megabytes.parse::<u64>()? * 1_000_000)?,
        ["import", file] => import(Path::new(file))?,
        _ => return Err(USAGE.into()),
    }
    Ok(())
}

fn import(file: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let begin = Instant::now();
    let (_, summary) = traces::import::import("google_2019", file, toml::Table::new())?;
    let seconds = begin.elapsed().as_secs_f64();
    println!("{} rows, {} tasks, {seconds:.1} s", summary.rows_read, summary.tasks);
    // Where the system tells it.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(line) = status.lines().find(|line| line.starts_with("VmHWM")) {
        println!("{line}");
    }
    Ok(())
}

/// What happens next to an instance.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Next {
    time: u64,
    instance: u64,
    event: u8,
}

fn write(file: &Path, bytes: u64) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create(file)?);
    let mut draws = Seed(2019).stream("google_like");
    let (mut written, mut rows, mut instances) = (0, 0_u64, 0_u64);
    let mut next = BinaryHeap::new();
    let mut arrival = 600_000_000;
    while written < bytes {
        arrival += 1 + draws.below(2_000_000) as u64;
        next.push(Reverse(Next { time: arrival, instance: instances, event: SUBMIT }));
        instances += 1;
        while let Some(&Reverse(happens)) = next.peek()
            && happens.time <= arrival
        {
            next.pop();
            let row = row(happens);
            out.write_all(row.as_bytes())?;
            written += row.len() as u64;
            rows += 1;
            next.extend(after(happens, &mut draws).map(Reverse));
        }
    }
    println!("{rows} rows of {instances} instances, {} bytes a row", written / rows);
    out.flush()
}

/// What follows an event.
fn after(Next { time, instance, event }: Next, draws: &mut Stream) -> Option<Next> {
    let is_evicted = event == SCHEDULE && draws.below(3) == 0;
    let (event, within) = match event {
        SUBMIT => (QUEUE, 1_000),
        QUEUE => (ENABLE, 1_000_000),
        ENABLE => (SCHEDULE, 20_000_000),
        EVICT => (SUBMIT, 1_000_000),
        SCHEDULE if is_evicted => (EVICT, 600_000_000),
        SCHEDULE => (UPDATE_RUNNING, 600_000_000),
        UPDATE_RUNNING => (if draws.below(4) == 0 { KILL } else { FINISH }, 3_600_000_000),
        _ => return None,
    };
    Some(Next { time: time + 1 + draws.below(within) as u64, instance, event })
}

/// A row with the fields of published rows, and about as long.
fn row(Next { time, instance, event }: Next) -> String {
    let collection = 374_921_618_000 + instance / 40;
    let is_placed = matches!(event, SCHEDULE..=KILL | UPDATE_RUNNING);
    let machine = if is_placed { 20_000_000_000 + instance * 7919 % 12_000 } else { 0 };
    let constraint = match collection % 2 {
        0 => r#"{"name":"/6Q8v1/C+fQhGxhvZsbYnCTkkIx2FTH5pUS3NmIWzRE=","value":"","relation":"6"}"#,
        _ => "",
    };
    let (cpus, memory) = (instance % 64 + 1, instance % 97 + 1);
    let (cpus, memory) = (cpus as f64 / 1024.0, memory as f64 / 4096.0);
    let priority = [25, 103, 117, 200, 360][(collection % 5) as usize];
    format!(
        concat!(
            r#"{{"time":"{}","type":"{}","collection_id":"{}","scheduling_class":"2","collection_type":"0","#,
            r#""priority":"{}","alloc_collection_id":"0","instance_index":"{}","machine_id":"{}","#,
            r#""resource_request":{{"cpus":{},"memory":{}}},"constraint":[{}]}}"#,
            "\n"
        ),
        time,
        event,
        collection,
        priority,
        instance % 40,
        machine,
        cpus,
        memory,
        constraint
    )
}
