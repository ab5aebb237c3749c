//! The power of A100 devices under a generated training load, beside what was measured of two clusters.
//!
//! ```text
//!   DATA/traces/acme-util/*.pkl      measured: a thousand quantiles of each cluster     --+
//!   configs/models/a100_power.toml   simulated: each device, for as long as it draws it --+--> a figure, and a table
//! ```
//!
//! Run it with the data folder, and the file in which the figure is to be written (SVG, or PNG by its ending). The measurements are of the Acme
//! clusters Seren and Kalos (Hu et al., NSDI 2024; CC-BY 4.0): pickled arrays of which only the numbers are read here.

#![allow(clippy::print_stdout)] // this is a program, and programs print

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use policies::Policy;
use policies::episode::run_episode;
use policies::scheduler::{Backfilling, Scheduler};
use reports::figures::distributions;
use reports::figures::distributions::Panel;
use runner::Config;
use runner::assets::Assets;
use runner::plan::{Plan, Run};
use sim::engine::Engine;
use sim::event::Event;
use sim::kernel::rng::Seed;
use sim::kernel::time::SimTime;
use sim::models::gpu_power::{GpuCurve, GpuPower};
use sim::observe::Observer;
use sim::view::ClusterView;

const CONFIG: &str = include_str!("../../configs/models/a100_power.toml");
/// Watts are counted in so many steps of one watt.
const STEPS: usize = 1000;

/// For how long devices drew how much.
struct Watch {
    models: Vec<GpuPower>,
    from: SimTime,
    now: SimTime,
    /// Thousandths of each device in use since `now`.
    used: Vec<u32>,
    /// Device-seconds by watts, for each model of power.
    seconds: Vec<Vec<f64>>,
}

impl Watch {
    fn new(models: Vec<GpuPower>, from: SimTime, devices: usize) -> Self {
        let seconds = vec![vec![0.0; STEPS]; models.len()];
        Self { models, from, now: SimTime::ZERO, used: vec![0; devices], seconds }
    }

    fn pass(&mut self, to: SimTime) {
        let begin = self.now.max(self.from);
        if to > begin {
            let seconds = to.since(begin).seconds();
            for (model, sums) in self.models.iter().zip(&mut self.seconds) {
                for &used in &self.used {
                    let watts = model.watts(used.min(1000) as u16);
                    sums[(watts.round() as usize).min(STEPS - 1)] += seconds;
                }
            }
        }
        self.now = to;
    }
}

impl Observer for Watch {
    fn on_event(&mut self, event: &Event, view: ClusterView<'_>) {
        self.pass(event.time);
        self.used.clear();
        view.topology().hosts().for_each(|host| self.used.extend(view.device_use(host)));
    }
}

/// A cumulative distribution: watts, and the share of all that draws no more.
type Corners = Vec<(f64, f64)>;

fn corners(seconds: &[f64]) -> Corners {
    let all: f64 = seconds.iter().sum();
    let mut sum = 0.0;
    let mut corners = Corners::new();
    for (watts, seconds) in seconds.iter().enumerate().filter(|(_, seconds)| **seconds > 0.0) {
        sum += seconds;
        corners.push((watts as f64, (sum / all).min(1.0)));
    }
    corners
}

/// The two arrays of a pickled list of numpy arrays: what stands behind `B`, a length of four bytes, and is a thousand doubles.
fn measured(path: &Path) -> Result<Corners, Box<dyn Error>> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let length = 8 * 1000;
    let mut marker = vec![b'B'];
    marker.extend_from_slice(&(length as u32).to_le_bytes());
    let mut arrays = Vec::new();
    let mut at = 0;
    while let Some(found) = bytes[at..].windows(marker.len()).position(|window| window == marker) {
        let begin = at + found + marker.len();
        let Some(block) = bytes.get(begin..begin + length) else { break };
        let number = |eight: &[u8]| f64::from_le_bytes(eight.try_into().expect("eight bytes"));
        arrays.push(block.chunks_exact(8).map(number).collect::<Vec<f64>>());
        at = begin + length;
    }
    let [watts, percents] = &arrays[..] else {
        let count = arrays.len();
        let problem =
            format!("{}: {count} arrays of a thousand numbers stand there; expected are two", path.display());
        return Err(problem.into());
    };
    let mut corners: Corners = Vec::new();
    for (watts, percent) in watts.iter().zip(percents) {
        match corners.last_mut() {
            Some(last) if last.0 == *watts => last.1 = percent / 100.0,
            _ => corners.push((*watts, percent / 100.0)),
        }
    }
    Ok(corners)
}

/// The watts that this share does not exceed.
fn quantile(corners: &Corners, share: f64) -> f64 {
    let found = corners.iter().find(|corner| corner.1 >= share);
    found.or(corners.last()).map_or(0.0, |corner| corner.0)
}

fn mean(corners: &Corners) -> f64 {
    let (mut before, mut sum) = (0.0, 0.0);
    for (watts, share) in corners {
        sum += watts * (share - before);
        before = *share;
    }
    sum / before
}

/// The largest distance between the two (Kolmogorov and Smirnov).
fn distance(one: &Corners, other: &Corners) -> f64 {
    let at = |corners: &Corners, watts: f64| {
        corners.iter().rev().find(|corner| corner.0 <= watts).map_or(0.0, |corner| corner.1)
    };
    let watts = one.iter().chain(other).map(|corner| corner.0);
    watts.map(|watts| (at(one, watts) - at(other, watts)).abs()).fold(0.0, f64::max)
}

fn play(plan: &Plan, run: &Run, models: &[GpuPower]) -> Result<Watch, Box<dyn Error>> {
    let assets = Assets::new(plan, [run]);
    let (topology, workload) = (assets.topology(run)?, assets.workload(run)?);
    let mut watch = Watch::new(models.to_vec(), run.window.begin, topology.device_count());
    let rules = assets.rules(run, &topology)?;
    let mut engine = Engine::new(Arc::clone(&topology), workload, rules);
    let mut scheduler = Scheduler::new(&plan.schedulers[run.scheduler], Backfilling::default())?;
    scheduler.reset(Seed(run.seed));
    run_episode(&mut engine, &mut scheduler, &mut watch)?;
    watch.pass(engine.view().now());
    Ok(watch)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "say where the data folder is, and where the figure is to be written";
    let (data, figure) = (arguments.next().ok_or(usage)?, arguments.next().ok_or(usage)?);
    let config = Config::parse("a100_power.toml", CONFIG)?;
    let plan = Plan::new(&config, None, "a100_power")?;
    let a100 = GpuPower::preset("A100").ok_or("an A100 is known")?;
    let models = [
        ("simulated, 50 to 400 W, linear", a100),
        ("simulated, 62 to 400 W, linear", GpuPower { idle_watts: 62.0, ..a100 }),
        ("simulated, 62 to 400 W, log", GpuPower { idle_watts: 62.0, curve: GpuCurve::Log, ..a100 }),
    ];
    let powers: Vec<GpuPower> = models.iter().map(|model| model.1).collect();
    let mut seconds = vec![vec![0.0; STEPS]; models.len()];
    for run in &plan.runs {
        let watch = play(&plan, run, &powers)?;
        for (sums, seen) in seconds.iter_mut().zip(&watch.seconds) {
            sums.iter_mut().zip(seen).for_each(|(sum, seconds)| *sum += seconds);
        }
    }
    let folder = Path::new(&data).join("traces/acme-util");
    let mut series = vec![
        ("measured, Kalos".to_owned(), measured(&folder.join("gpu_power_kalos.pkl"))?),
        ("measured, Seren".to_owned(), measured(&folder.join("gpu_power_seren.pkl"))?),
    ];
    series.extend(models.iter().zip(&seconds).map(|(model, seconds)| (model.0.to_owned(), corners(seconds))));
    let head = ["p10", "p25", "p50", "p75", "p90", "mean"].map(|name| format!("{name:>7}")).concat();
    println!("{:<34}{head}{:>9}{:>9}", "watts", "to Kalos", "to Seren");
    for (name, corners) in &series {
        let quantiles: String =
            [0.10, 0.25, 0.50, 0.75, 0.90].map(|share| format!("{:>7.0}", quantile(corners, share))).concat();
        let [kalos, seren] = [&series[0].1, &series[1].1].map(|other| distance(corners, other));
        println!("{name:<34}{quantiles}{:>7.0}{kalos:>9.3}{seren:>9.3}", mean(corners));
    }
    let (title, unit) = ("power of an A100".to_owned(), "W".to_owned());
    let panel = Panel { title, unit, is_log_axis: false, series };
    let drawing = distributions(&[panel])?;
    match figure.ends_with(".png") {
        true => std::fs::write(&figure, reports::png(&drawing, 2.0)?)?,
        false => std::fs::write(&figure, drawing)?,
    }
    Ok(())
}
