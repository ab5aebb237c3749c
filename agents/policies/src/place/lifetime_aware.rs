//! Tasks go where others live as long: the host whose time until it is empty is expected to grow least, in steps; among equals
//! the one with the least left, as in best fit.
//!
//! ```text
//!   P(host empty by t)  = product over its tasks of P(the task has ended by t, given its age)     (`crate::predict`)
//!   growth              = integral over t of P(host empty by t) P(the new task lives at t)
//!                       = E max(end of host, end of task) - E (end of host)
//!   step                = floor(steps log2(1 + growth / unit))
//! ```
//!
//! The idea is that of lifetime-aware scheduling with lives foretold anew (Ling et al., LAVA, MLSys 2025): who has outlived what was
//! foretold is foretold a longer life, so that an error does not last. Here whole distributions are compared in the place of single
//! values, tasks being taken to end independently. The predictor learns during the episode, from what has ended in it. Times
//! count from now, from half a minute on in ratios of the square root of two, up to 22 days.

use std::cmp::Reverse;

use serde::Deserialize;
use sim::cluster::Status;
use sim::kernel::ids::Id;
use sim::kernel::time::SimTime;

use super::search::place_tightly;
use crate::options;
use crate::policy::{Choice, PolicyError};
use crate::predict::{Case, Predictor, predictor};
use crate::prelude::*;

pub(super) const HELP: &str = "least growth of a host's time until it is empty, by foretold lives; then best fit";

/// Options of the policy.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, try_from = "Written")]
pub(super) struct Options {
    choice: Choice,
    unit_seconds: f64,
    steps: f64,
    again_seconds: f64,
}

/// As configs write them.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    /// Who foretells lives.
    predictor: Choice,
    /// How much growth counts as little, in seconds.
    #[serde(deserialize_with = "options::above_zero")]
    unit_seconds: f64,
    /// How many steps there are to each doubling.
    #[serde(deserialize_with = "options::above_zero")]
    steps: f64,
    /// After so many seconds the end of a host is foretold anew, even if nothing happened there.
    #[serde(deserialize_with = "options::above_zero")]
    again_seconds: f64,
}

impl Default for Written {
    fn default() -> Self {
        Self {
            predictor: "survival".into(),
            unit_seconds: 3600.0,
            steps: 8.0,
            again_seconds: 900.0,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::try_from(Written::default()).expect("the default predictor is there")
    }
}

impl TryFrom<Written> for Options {
    type Error = PolicyError;

    fn try_from(written: Written) -> Result<Self, PolicyError> {
        let Written { predictor: choice, unit_seconds, steps, again_seconds } = written;
        predictor(&choice)?;
        Ok(Self { choice, unit_seconds, steps, again_seconds })
    }
}

pub(super) fn policy(options: Options) -> impl Policy {
    let watched = Watched::new(&options);
    LifetimeAware { options, watched }
}

/// What a predictor was told of a task.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    /// That it began, for the so-manieth time.
    Began(u16),
}

/// A host as it was last looked at.
#[derive(Clone, Default)]
struct Host {
    tasks: Vec<TaskId>,
    /// How likely it is empty after each of the times, and when that was foretold; nothing when something has changed.
    empty: Vec<f64>,
    asked: Option<SimTime>,
}

/// How many times are looked at.
const TIMES: usize = 32;

/// What was seen of an episode.
struct Watched {
    predictor: Box<dyn Predictor>,
    hosts: Vec<Host>,
    told: Vec<Told>,
    /// Whom this policy has placed since it last looked.
    placed: Vec<TaskId>,
    cursor: u64,
    /// The times, in seconds from now: the middles of parts of so many seconds.
    times: [f64; TIMES],
    parts: [f64; TIMES],
    until: Vec<f64>,
    shares: Vec<f64>,
}

impl Watched {
    fn new(options: &Options) -> Self {
        let predictor = predictor(&options.choice).expect("it was made once before");
        let (hosts, told, placed, until, shares) = Default::default();
        let border = |place: usize| {
            if place == 0 { 0.0 } else { 30.0 * libm::exp2(place as f64 / 2.0) }
        };
        let times = std::array::from_fn(|place| (border(place) + border(place + 1)) / 2.0);
        let parts = std::array::from_fn(|place| border(place + 1) - border(place));
        Self { predictor, hosts, told, placed, cursor: 0, times, parts, until, shares }
    }

    fn began(&mut self, view: ClusterView<'_>, task: TaskId) {
        if self.told.len() <= task.index() {
            self.told.resize(task.index() + 1, Told::Nothing);
        }
        let now = Told::Began(view.attempt(task));
        if std::mem::replace(&mut self.told[task.index()], now) != now {
            self.predictor.began(task, &Case::seen(view, task), view.started(task));
        }
    }

    fn ended(&mut self, view: ClusterView<'_>, task: TaskId) {
        if let Some(ran) = view.ran(task) {
            self.predictor.ended(task, &Case::seen(view, task), ran.seconds());
        }
    }

    /// Sees who began and who ended since it last looked.
    fn look(&mut self, view: ClusterView<'_>) {
        for task in std::mem::take(&mut self.placed) {
            if matches!(view.status(task), Status::Running | Status::Finished) {
                self.began(view, task);
                self.ended(view, task);
            }
        }
        let (next, changed) = view.changes_since(self.cursor);
        self.cursor = next;
        match changed.filter(|_| !self.hosts.is_empty()) {
            Some(hosts) => hosts.iter().for_each(|&host| self.look_at(view, host)),
            None => {
                self.hosts.resize(view.topology().host_count(), Host::default());
                view.topology().hosts().for_each(|host| self.look_at(view, host));
            }
        }
    }

    fn look_at(&mut self, view: ClusterView<'_>, host: HostId) {
        let index = host.0 as usize;
        let before = std::mem::take(&mut self.hosts[index]).tasks;
        let mut tasks = Vec::with_capacity(before.len() + 1);
        for task in view.hosted(host) {
            self.began(view, task);
            tasks.push(task);
        }
        before.iter().for_each(|&task| self.ended(view, task));
        self.hosts[index] = Host { tasks, empty: Vec::new(), asked: None };
    }

    /// How likely a task that has lived for so long lives at each of the times from now on.
    fn alive(&mut self, view: ClusterView<'_>, task: TaskId, age_seconds: f64) {
        self.until.clear();
        self.until.extend(self.times.iter().map(|time| age_seconds + time));
        let Self { predictor, until, shares, .. } = self;
        predictor.outliving(&Case::seen(view, task), age_seconds, view.now(), until, shares);
    }

    /// By how much longer a host is expected not to be empty with a task that is alive at the times with these chances.
    fn growth_seconds(
        &mut self,
        view: ClusterView<'_>,
        host: usize,
        alive: &[f64],
        options: &Options,
    ) -> f64 {
        let now = view.now();
        let is_old = |asked: SimTime| now.since(asked).seconds() >= options.again_seconds;
        if self.hosts[host].asked.is_none_or(is_old) {
            let tasks = std::mem::take(&mut self.hosts[host].tasks);
            let mut empty = vec![1.0; TIMES];
            for &task in &tasks {
                self.alive(view, task, now.since(view.started(task)).seconds());
                empty.iter_mut().zip(&self.shares).for_each(|(empty, share)| *empty *= 1.0 - share);
            }
            self.hosts[host] = Host { tasks, empty, asked: Some(now) };
        }
        let parts = self.hosts[host].empty.iter().zip(alive).zip(&self.parts);
        parts.map(|((empty, alive), seconds)| empty * alive * seconds).sum()
    }
}

struct LifetimeAware {
    options: Options,
    watched: Watched,
}

/// In which step a growth lies.
fn step(growth_seconds: f64, unit_seconds: f64, steps: f64) -> u32 {
    (steps * libm::log2(1.0 + growth_seconds / unit_seconds)) as u32
}

impl Policy for LifetimeAware {
    fn decide(&mut self, view: ClusterView<'_>, request: Request) -> Decision {
        let Request::Place { task } = request else { return Decision::Defer };
        let Self { options, watched } = self;
        watched.look(view);
        let shape = view.shape(task);
        watched.alive(view, task, 0.0);
        let alive = watched.shares.clone();
        let mut best = None;
        for host in view.topology().hosts().filter(|&host| view.fits(shape, host)) {
            let growth = watched.growth_seconds(view, host.0 as usize, &alive, options);
            let free = view.free()[host.0 as usize];
            let devices: u32 = view.devices_free(host).iter().map(|&free| u32::from(free)).sum();
            let left = (free.cpu_milli, free.memory_mib, devices);
            let rank = Reverse((step(growth, options.unit_seconds, options.steps), left, host));
            best = best.max(Some(rank));
        }
        let host = best.map(|Reverse((_, _, host))| host);
        if host.is_some() {
            watched.placed.push(task);
        }
        place_tightly(view, task, host)
    }

    fn reset(&mut self, _: Seed) {
        self.watched = Watched::new(&self.options);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hosts_used;

    #[test]
    fn steps_by_hand() {
        let of = |growth| step(growth, 60.0, 1.0);
        assert_eq!([of(0.0), of(59.0), of(60.0), of(179.0), of(180.0)], [0, 0, 1, 1, 2]);
        assert_eq!([step(59.0, 60.0, 2.0), step(60.0, 60.0, 2.0)], [1, 2], "twice as fine");
    }

    /// Tasks of 5 cores are short (10 s) and those of 3 or 1 core long (1000 s), which the first ones teach. At 2000 s a short one takes the
    /// small host, where one core is left, and a long one the large one, where 5 are left. Best fit puts another long one to the
    /// short one; here it goes to the long one, whose host stays for a second longer instead of for 991.
    #[test]
    fn long_lives_go_to_long_lives() {
        let work = "at 0 cpu 5 work 10 | at 0 cpu 3 work 1000 | at 0 cpu 1 work 1000 \
                    | at 2000 cpu 5 work 10 | at 2000 cpu 3 work 1000 | at 2001 cpu 1 work 1000";
        let used = |policy: Box<dyn Policy>| hosts_used(policy, "cpu 8 | cpu 6", work)[3..].to_vec();
        let options: toml::Table =
            toml::from_str("unit_seconds = 60\npredictor = { policy = 'last', alike = ['shape'] }").expect("TOML");
        let choice = Choice { policy: "lifetime_aware".to_owned(), options };
        let made = |choice: &Choice| crate::place::place(choice).expect("valid");
        assert_eq!(used(made(&choice)), [HostId(1), HostId(0), HostId(0)]);
        assert_eq!(used(made(&"best_fit".into())), [HostId(1), HostId(0), HostId(1)]);
    }

    #[test]
    fn a_wrong_predictor_is_refused() {
        let error = |options: &str| {
            let options: toml::Table = toml::from_str(options).expect("TOML");
            let choice = Choice { policy: "lifetime_aware".to_owned(), options };
            crate::place::place(&choice).err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(error(""), "");
        assert!(error("predictor = 'meen'").contains("did you mean \"mean\""), "{}", error("predictor = 'meen'"));
        assert!(error("unit_seconds = 0").contains("0 stands there; allowed is a number above 0"));
    }
}
