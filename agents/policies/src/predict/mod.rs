//! How long tasks will live, from what is known when they are submitted and from what others like them did before.
//!
//! ```text
//!   Case        what is known of a task: who submits it, what it asks for, the run time that was declared
//!   Predictor   began, ended ---> the quantiles of its whole life, given how long it has lived
//!   pinball     how wrong a quantile was
//! ```
//!
//! A predictor is told of beginnings and ends as they happen and never of anything else, so that it knows the past alone.
//! One predictor, one file; to add one, write the file and put its name into the list below.

use std::collections::BTreeMap;

use serde::Deserialize;
use sim::kernel::ids::{Id, TaskId};
use sim::kernel::time::SimTime;
use sim::view::ClusterView;
use sim::workload::Workload;

use crate::policy::{Choice, PolicyError};

pub mod pinball;

/// What is known of a task when it is submitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// Who submits it.
    pub tenant: u32,
    /// What it asks for: tasks that ask for the same have the same number.
    pub shape: u32,
    /// 0 for no device, 1 for a part of one, 2 for one, 3 for several.
    pub device: u32,
    /// The run time that was declared, in seconds; infinite when none was.
    pub estimate_seconds: f64,
}

impl Case {
    /// Of a task of a workload.
    pub fn of(workload: &Workload, task: TaskId) -> Self {
        let devices = workload.demand(task).devices.as_ref();
        Self {
            tenant: workload.tenant(workload.job(task)).0,
            shape: workload.shape(task).index() as u32,
            device: devices.map_or(0, |devices| device_class(devices.count, devices.milli_each)),
            estimate_seconds: workload.estimate(task).map_or(f64::INFINITY, |estimate| estimate.seconds()),
        }
    }

    /// Of a task that has come.
    pub fn seen(view: ClusterView<'_>, task: TaskId) -> Self {
        let devices = view.shape(task).devices;
        Self {
            tenant: view.tenant(task).0,
            shape: view.shape_id(task).index() as u32,
            device: device_class(devices.count, devices.milli_each),
            estimate_seconds: view.estimate(task).map_or(f64::INFINITY, |estimate| estimate.seconds()),
        }
    }
}

fn device_class(count: u8, milli_each: u16) -> u32 {
    match (count, milli_each) {
        (0, _) => 0,
        (1, ..1000) => 1,
        (1, _) => 2,
        _ => 3,
    }
}

/// One thing in which tasks are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Likeness {
    /// Who submits them.
    Tenant,
    /// What they ask for.
    Shape,
    /// Whether they ask for no device, a part of one, one or several.
    Device,
    /// The run time that was declared, in whole seconds.
    Estimate,
}

/// Tasks that are alike in some of these have the same; `u32::MAX` stands for what does not count.
pub(crate) type Key = [u32; 4];

/// The key of a case among tasks that are alike in these; all tasks have the same when there are none.
pub(crate) fn key_of(case: &Case, alike: &[Likeness]) -> Key {
    let mut key = [u32::MAX; 4];
    for likeness in alike {
        match likeness {
            Likeness::Tenant => key[0] = case.tenant,
            Likeness::Shape => key[1] = case.shape,
            Likeness::Device => key[2] = case.device,
            Likeness::Estimate => key[3] = case.estimate_seconds as u32,
        }
    }
    key
}

/// Foretells lives. Lives and ages are in seconds.
pub trait Predictor {
    /// A task began to run.
    fn began(&mut self, task: TaskId, case: &Case, now: SimTime);

    /// A task that had begun has done its work, after so many seconds.
    fn ended(&mut self, task: TaskId, case: &Case, seconds: f64);

    /// The whole life of a task that has lived for `age_seconds`: what a `share` (above 0, below 1) of such lives do not
    /// exceed. At least its age.
    fn life_seconds(&mut self, case: &Case, age_seconds: f64, now: SimTime, share: f64) -> f64;

    /// Of tasks that have lived for `age_seconds`, the share that outlives each of these ages, which rise; from nineteen
    /// quantiles, unless the predictor knows better.
    fn outliving(
        &mut self,
        case: &Case,
        age_seconds: f64,
        now: SimTime,
        until_seconds: &[f64],
        shares: &mut Vec<f64>,
    ) {
        let quantiles: [f64; 19] =
            std::array::from_fn(|place| self.life_seconds(case, age_seconds, now, (place + 1) as f64 / 20.0));
        shares.clear();
        shares.extend(until_seconds.iter().map(|&until| {
            let ended = quantiles.partition_point(|&life| life <= until);
            1.0 - ended as f64 / 19.0
        }));
    }
}

/// What is said of a task before any has ended.
pub(crate) const UNKNOWN_SECONDS: f64 = 3600.0;

/// A foretold life, as far as a task that has lived so long can have it: who has outlived it lives for as long again.
pub(crate) fn outlived(foretold_seconds: f64, age_seconds: f64) -> f64 {
    if foretold_seconds > age_seconds { foretold_seconds } else { 2.0 * age_seconds }
}

/// One value for each key, and one for everybody, for cases that are new.
#[derive(Clone, Debug)]
pub(crate) struct PerKey<T> {
    alike: Vec<Likeness>,
    of_key: BTreeMap<Key, T>,
    of_all: T,
}

impl<T: Default> PerKey<T> {
    pub(crate) fn new(alike: Vec<Likeness>) -> Self {
        Self { alike, of_key: BTreeMap::new(), of_all: T::default() }
    }

    pub(crate) fn update(&mut self, case: &Case, mut change: impl FnMut(&mut T)) {
        change(self.of_key.entry(key_of(case, &self.alike)).or_default());
        change(&mut self.of_all);
    }

    pub(crate) fn get(&self, case: &Case) -> &T {
        self.of_key.get(&key_of(case, &self.alike)).unwrap_or(&self.of_all)
    }
}

macro_rules! predictors {
    ($($name:ident)*) => {
        $(mod $name;)*

        /// Name and one line of help of every predictor.
        pub const NAMES: &[(&str, &str)] = &[$((stringify!($name), $name::HELP)),*];

        /// The predictor that a config names.
        ///
        /// # Errors
        /// When there is none of this name, or its options are wrong.
        pub fn predictor(choice: &Choice) -> Result<Box<dyn Predictor>, PolicyError> {
            match choice.policy.as_str() {
                $(stringify!($name) => Ok(Box::new($name::predictor(choice.typed()?))),)*
                name => Err(PolicyError::unknown("predictor", name, NAMES)),
            }
        }
    };
}

predictors! {
    median
    mean
    last
    smoothed
    history
    survival
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A task of a tenant.
    pub(crate) fn of_tenant(tenant: u32) -> Case {
        Case { tenant, shape: 0, device: 0, estimate_seconds: f64::INFINITY }
    }

    /// Tasks of tenants that have lived so long, one after the other.
    pub(crate) fn told(choice: &str, lives: &[(u32, f64)]) -> Box<dyn Predictor> {
        let mut predictor = predictor(&toml::from_str(choice).expect("TOML")).expect("it is in the list");
        let mut now = SimTime::ZERO;
        for (index, &(tenant, seconds)) in lives.iter().enumerate() {
            let task = TaskId(index as u32);
            predictor.began(task, &of_tenant(tenant), now);
            now = SimTime::from_seconds(now.seconds() + seconds).expect("in range");
            predictor.ended(task, &of_tenant(tenant), seconds);
        }
        predictor
    }

    /// What is foretold of a new task of a tenant, long after all that was told.
    pub(crate) fn foretold(predictor: &mut dyn Predictor, tenant: u32, share: f64) -> f64 {
        let later = SimTime::from_seconds(1e9).expect("in range");
        predictor.life_seconds(&of_tenant(tenant), 0.0, later, share)
    }

    #[test]
    fn every_predictor_is_finite_rises_with_the_share_and_is_no_less_than_the_age() {
        let lives: Vec<(u32, f64)> = (0..60).map(|n| (n % 3, f64::from(1 + n * n % 50))).collect();
        for (name, help) in NAMES {
            assert!(!help.is_empty(), "{name}");
            for known in [&lives[..0], &lives[..1], &lives[..]] {
                let mut predictor = told(&format!("policy = {name:?}"), known);
                let now = SimTime::from_seconds(1e6).expect("in range");
                for age in [0.0, 7.5, 49.0, 1e6] {
                    let mut before = age;
                    for share in [0.1, 0.5, 0.9, 0.99] {
                        let life = predictor.life_seconds(&of_tenant(1), age, now, share);
                        assert!(life.is_finite() && life >= before, "{name} at {age}: {life} after {before}");
                        before = life;
                    }
                    let mut shares = Vec::new();
                    let until = [age, age + 5.0, age + 1000.0, age + 1e9];
                    predictor.outliving(&of_tenant(1), age, now, &until, &mut shares);
                    assert!(shares.windows(2).all(|pair| pair[0] >= pair[1]), "{name} at {age}: {shares:?}");
                    assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{name}: {shares:?}");
                }
            }
        }
    }

    #[test]
    fn cases_are_alike_in_what_counts() {
        let case = Case { tenant: 3, shape: 4, device: 2, estimate_seconds: 600.5 };
        assert_eq!(key_of(&case, &[]), [u32::MAX; 4]);
        assert_eq!(key_of(&case, &[Likeness::Shape, Likeness::Estimate]), [u32::MAX, 4, u32::MAX, 600]);
        assert_eq!(
            [device_class(0, 0), device_class(1, 300), device_class(1, 1000), device_class(8, 1000)],
            [0, 1, 2, 3]
        );
        let work = sim::testing::workload("at 0 cpu 1 work 1 estimate 9 | at 0 cpu 1 share 300 work 1");
        let of = |task| Case::of(&work, TaskId(task));
        assert_eq!((of(0).device, of(0).estimate_seconds), (0, 9.0));
        assert_eq!((of(1).device, of(1).estimate_seconds), (1, f64::INFINITY));
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_nearest() {
        let error = predictor(&"survivals".into()).err().expect("there is none").to_string();
        assert!(error.contains("did you mean \"survival\""), "{error}");
    }
}
