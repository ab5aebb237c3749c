//! The state of the cluster over time, sampled at equally spaced moments.
//!
//! When an episode will end is not known while it runs. Sampling therefore begins very finely; whenever there
//! are too many points, every second one is dropped and the distance doubled. What is kept in the end are
//! between half of the allowed points and all of them, and the last moment.

use results::SeriesPoint;
use sim::cluster::Totals;
use sim::event::Event;
use sim::kernel::time::SimTime;
use sim::observe::Observer;
use sim::view::ClusterView;

/// Samples an episode.
#[derive(Debug)]
pub struct SeriesSampler {
    /// At most so many points; fewer than two keep none.
    most: usize,
    step_us: u64,
    /// The next moment to be sampled, in microseconds.
    next_us: u64,
    /// What held since the last event, and since when.
    state: Totals,
    points: Vec<(u64, Totals)>,
}

impl SeriesSampler {
    /// Keeps at most so many points, 0 for none, of an episode at its beginning.
    pub fn new(most: usize, view: ClusterView<'_>) -> Self {
        Self::from_state(most, *view.totals())
    }

    fn from_state(most: usize, state: Totals) -> Self {
        Self { most, step_us: 1, next_us: 0, state, points: Vec::new() }
    }

    /// Samples every moment before this one: there, what held until now held.
    fn sample_until(&mut self, end_us: u64) {
        while self.next_us < end_us {
            // The last point is the end of the episode.
            if self.points.len() + 1 >= self.most {
                let mut is_kept = false;
                self.points.retain(|_| {
                    is_kept = !is_kept;
                    is_kept
                });
                self.step_us *= 2;
                self.next_us = self.points.last().map_or(0, |(time, _)| time + self.step_us);
                continue;
            }
            self.points.push((self.next_us, self.state));
            self.next_us += self.step_us;
        }
    }

    /// The points, the last one showing the end of the episode.
    pub fn finish(mut self, view: ClusterView<'_>) -> Vec<SeriesPoint> {
        if self.most < 2 {
            return Vec::new();
        }
        let now = view.now().0;
        self.sample_until(now);
        self.points.push((now, *view.totals()));
        let (cpu_milli, memory_mib) = view.topology().total_capacity();
        let device_milli = 1000 * view.topology().device_count() as u64;
        let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        let count = |tasks: u64| u32::try_from(tasks).expect("a workload has fewer than 2^32 tasks");
        let point = |&(time, totals): &(u64, Totals)| {
            let around = view.conditions_at(SimTime(time));
            SeriesPoint {
                time_seconds: SimTime(time).seconds(),
                cpu_allocation: share(totals.cpu_milli, cpu_milli),
                memory_allocation: share(totals.memory_mib, memory_mib),
                device_allocation: share(totals.device_milli, device_milli),
                tasks_waiting: count(totals.waiting),
                tasks_running: count(totals.running),
                it_power_watts: totals.power_watts,
                facility_power_watts: view.facility_power_watts(totals.power_watts, SimTime(time)),
                outside_celsius: around.outside.map(|outside| outside.dry_bulb_celsius),
                carbon_grams_per_kwh: around.carbon_grams_per_kwh,
                price_per_mwh: around.price_per_mwh,
            }
        };
        self.points.iter().map(point).collect()
    }
}

impl Observer for SeriesSampler {
    #[inline]
    fn on_event(&mut self, event: &Event, view: ClusterView<'_>) {
        if self.most < 2 {
            return;
        }
        if self.next_us < event.time.0 {
            self.sample_until(event.time.0);
        }
        self.state = *view.totals();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampled(most: usize, until_us: u64) -> Vec<u64> {
        let mut sampler = SeriesSampler::from_state(most, Totals::default());
        // In many small steps, or in one: the points are the same.
        for end in (0..=until_us).step_by(1 + until_us as usize / 97) {
            sampler.sample_until(end);
        }
        sampler.sample_until(until_us);
        let mut leap = SeriesSampler::from_state(most, Totals::default());
        leap.sample_until(until_us);
        let times = |sampler: &SeriesSampler| sampler.points.iter().map(|point| point.0).collect::<Vec<_>>();
        assert_eq!(times(&sampler), times(&leap));
        times(&sampler)
    }

    #[test]
    fn points_are_equally_spaced_and_neither_too_few_nor_too_many() {
        for until in [1_u64, 5, 100, 1234, 86_400_000_000, 1 << 52] {
            let times = sampled(20, until);
            assert!(times.len() < 20, "{} points until {until}", times.len());
            assert!(times.len() >= 9.min(until as usize), "{} points until {until}", times.len());
            let step = times.get(1).copied().unwrap_or(1);
            assert!(
                times.iter().enumerate().all(|(index, &time)| time == index as u64 * step && time < until)
            );
        }
    }
}
