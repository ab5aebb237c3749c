//! `rackwright bench`: speed and memory on one thread.

use runner::bench::{BenchOptions, BenchReport, bench as measure};

use crate::allocator;
use crate::args::BenchArgs;
use crate::failure::{Failure, failed};
use crate::terminal::print;

pub(crate) fn bench(args: &BenchArgs) -> Result<(), Failure> {
    allocator::start_counting();
    let options = BenchOptions { hosts: args.hosts, tasks: args.tasks, scheduler: args.scheduler.clone() };
    let report = measure(&options, allocator::counters)?;
    if args.json {
        return print(&serde_json::to_string_pretty(&report).map_err(failed)?);
    }
    print(&in_lines(&report))
}

fn in_lines(report: &BenchReport) -> String {
    let scan = match report.scan_decisions_per_second {
        Some(rate) => {
            let factor = report.sample_decisions_per_second / rate;
            format!("{rate:.0} (the index is {factor:.1} times as fast)")
        }
        None => "this policy has no scan to compare with".to_owned(),
    };
    [
        format!("{} hosts, {} tasks, {}", report.hosts, report.tasks, report.scheduler),
        format!("events per second                {:.0}", report.events_per_second),
        format!("decisions per second             {:.0}", report.decisions_per_second),
        format!("  in the middle, by index        {:.0}", report.sample_decisions_per_second),
        format!("  in the middle, by scan         {scan}"),
        format!("wall time                        {:.3} s", report.wall_seconds),
        format!(
            "peak memory                      {:.1} MiB",
            report.peak_memory_bytes as f64 / (1 << 20) as f64
        ),
        format!("bytes per task                   {:.1}", report.bytes_per_task),
        format!("bytes per host                   {:.1}", report.bytes_per_host),
    ]
    .join("\n")
}
