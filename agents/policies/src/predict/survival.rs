//! Lives by hazards: of those who got as far as a step of age, how many ended in it. Quantiles follow by multiplying up who is left
//! (Kaplan and Meier, Journal of the American Statistical Association 53, 1958, in the form of the life table).
//!
//! ```text
//!   steps        [0, 1) s, then each 2^(1/8) times as long as the one before it, to 2^25 s (a year)
//!   counted      of a task, at each moment at which it would leave a step: did it get there, and did it end in it
//!   forgotten    the next who is counted makes all before him count 1 - 1/memory times as much
//!   hazard       (ended + strength (hazard one level up)) / (got there + strength), from all tasks down to the closest likeness
//!   left         of all: product of (1 - hazard); within a step they end evenly
//! ```
//!
//! Nobody is counted in a step before he would have left it, whether he ended or not, so that those who still run count for as long as
//! they do: lives that are longer than what was watched so far do not look short. Where nobody got, hazards are those of lives of
//! which half are left whenever the age doubles. Strength and memory of each level are tuned on the past of a trace.

use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::{Case, Key, Likeness, Predictor, key_of};
use crate::options;
use sim::kernel::ids::{Id, TaskId};
use sim::kernel::time::SimTime;

pub(super) const HELP: &str = "hazards by age of tasks that are more and more alike, those that still run included";

const STEPS_PER_DOUBLING: usize = 8;
const DOUBLINGS: usize = 25;
const STEPS: usize = 1 + STEPS_PER_DOUBLING * DOUBLINGS;

/// One level of likeness.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LevelOptions {
    /// In what tasks are alike; nothing for all tasks.
    #[serde(default)]
    alike: Vec<Likeness>,
    /// For how many who got there the level above counts.
    #[serde(deserialize_with = "options::above_zero")]
    strength: f64,
    /// How many of the last who were counted count, about.
    #[serde(deserialize_with = "options::at_least_one")]
    memory: f64,
}

/// Options of hazards.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    /// From all tasks to those that are the most alike.
    levels: Vec<LevelOptions>,
    /// Nobody is thought to live longer than was declared.
    up_to_estimate: bool,
}

impl Default for Options {
    fn default() -> Self {
        let level = |alike, strength, memory| LevelOptions { alike, strength, memory };
        let both = vec![Likeness::Tenant, Likeness::Shape];
        let levels =
            vec![level(vec![], 1.0, 10_000.0), level(vec![Likeness::Shape], 10.0, 1000.0), level(both, 10.0, 100.0)];
        Self { levels, up_to_estimate: false }
    }
}

pub(super) fn predictor(options: Options) -> impl Predictor {
    let tables = options.levels.iter().map(|_| FxHashMap::default()).collect();
    // The first step ends at 1 s.
    let ends = (0..STEPS).map(|step| libm::exp2(step as f64 / STEPS_PER_DOUBLING as f64)).collect();
    let (records, record_of, curves) = Default::default();
    Survival { options, ends, records, record_of, tables, curves }
}

/// One beginning.
#[derive(Clone, Copy)]
struct Record {
    begin_seconds: f64,
    /// Infinite as long as it runs; not a number when it was broken off.
    life_seconds: f64,
}

/// What is known of tasks that are alike.
struct Table {
    /// Who began, in order.
    began: Vec<u32>,
    steps: Vec<Step>,
}

/// One step of age.
#[derive(Clone, Copy, Default)]
struct Step {
    /// How many of those who began were counted.
    counted: u32,
    got_there: f64,
    ended: f64,
}

impl Table {
    fn new() -> Self {
        Self { began: Vec::new(), steps: vec![Step::default(); STEPS] }
    }

    /// Counts who would have left a step by now.
    fn count(&mut self, records: &[Record], ends: &[f64], now_seconds: f64, memory: f64) {
        let keeps = 1.0 - 1.0 / memory;
        let mut begin_of_step = 0.0;
        for (step, &end) in self.steps.iter_mut().zip(ends) {
            while let Some(&one) = self.began.get(step.counted as usize) {
                let Record { begin_seconds, life_seconds } = records[one as usize];
                if begin_seconds + end > now_seconds {
                    break;
                }
                step.counted += 1;
                if life_seconds >= begin_of_step {
                    step.got_there = keeps * step.got_there + 1.0;
                    step.ended = keeps * step.ended + f64::from(u8::from(life_seconds < end));
                }
            }
            // Nobody has left it, so that nobody has left a later one.
            if step.counted == 0 {
                break;
            }
            begin_of_step = end;
        }
    }
}

/// Hazards by step, as they were at a moment, and who is left at the end of each step.
struct Curve {
    now: SimTime,
    hazards: Vec<f64>,
    left: Vec<f64>,
}

impl Curve {
    /// The share of all that gets to an age.
    fn left_at(&self, ends: &[f64], age_seconds: f64) -> f64 {
        let step = if age_seconds < 1.0 {
            0
        } else {
            1 + (libm::log2(age_seconds) * STEPS_PER_DOUBLING as f64) as usize
        };
        let Some(&after) = self.left.get(step) else { return self.left.last().copied().unwrap_or_default() };
        let (before, begin) = if step == 0 { (1.0, 0.0) } else { (self.left[step - 1], ends[step - 1]) };
        let passed = ((age_seconds - begin) / (ends[step] - begin)).clamp(0.0, 1.0);
        before - (before - after) * passed
    }
}

struct Survival {
    options: Options,
    /// Where steps end, in seconds.
    ends: Vec<f64>,
    records: Vec<Record>,
    /// The last of each task.
    record_of: Vec<u32>,
    tables: Vec<FxHashMap<Key, Table>>,
    /// By the keys of all levels.
    curves: FxHashMap<Vec<Key>, Curve>,
}

impl Predictor for Survival {
    fn began(&mut self, task: TaskId, case: &Case, now: SimTime) {
        let number = self.records.len() as u32;
        if self.record_of.len() <= task.index() {
            self.record_of.resize(task.index() + 1, u32::MAX);
        }
        let before = std::mem::replace(&mut self.record_of[task.index()], number);
        if let Some(broken_off) = self.records.get_mut(before as usize).filter(|one| one.life_seconds.is_infinite()) {
            broken_off.life_seconds = f64::NAN;
        }
        self.records.push(Record { begin_seconds: now.seconds(), life_seconds: f64::INFINITY });
        for (level, tables) in self.options.levels.iter().zip(&mut self.tables) {
            tables.entry(key_of(case, &level.alike)).or_insert_with(Table::new).began.push(number);
        }
    }

    fn ended(&mut self, task: TaskId, _: &Case, seconds: f64) {
        let number = self.record_of.get(task.index()).copied().unwrap_or(u32::MAX);
        if let Some(record) = self.records.get_mut(number as usize) {
            record.life_seconds = seconds;
        }
    }

    fn life_seconds(&mut self, case: &Case, age_seconds: f64, now: SimTime, share: f64) -> f64 {
        let most = if self.options.up_to_estimate { case.estimate_seconds } else { f64::INFINITY };
        let (curve, ends) = self.curve(case, now);
        quantile(&curve.hazards, ends, age_seconds, share).min(most).max(age_seconds)
    }

    fn outliving(
        &mut self,
        case: &Case,
        age_seconds: f64,
        now: SimTime,
        until_seconds: &[f64],
        shares: &mut Vec<f64>,
    ) {
        let most = if self.options.up_to_estimate { case.estimate_seconds } else { f64::INFINITY };
        let (curve, ends) = self.curve(case, now);
        let left = curve.left_at(ends, age_seconds);
        shares.clear();
        shares.extend(until_seconds.iter().map(|&until| match left > 1e-12 {
            _ if until >= most => 0.0,
            true => curve.left_at(ends, until.max(age_seconds)) / left,
            // Nobody has lived for so long: half are left when the age doubles.
            false => (age_seconds / until).min(1.0),
        }));
    }
}

impl Survival {
    /// The hazards of a case at this moment.
    fn curve(&mut self, case: &Case, now: SimTime) -> (&Curve, &[f64]) {
        let Self { options, ends, records, tables, curves, .. } = self;
        let keys: Vec<Key> = options.levels.iter().map(|level| key_of(case, &level.alike)).collect();
        let blank = || Curve { now: SimTime::MAX, hazards: Vec::new(), left: Vec::new() };
        let curve = curves.entry(keys).or_insert_with(blank);
        if curve.now != now {
            curve.now = now;
            // Half are left when the age doubles.
            let unknown = 1.0 - libm::exp2(-1.0 / STEPS_PER_DOUBLING as f64);
            curve.hazards.clear();
            curve.hazards.resize(STEPS, unknown);
            for (level, tables) in options.levels.iter().zip(tables) {
                let Some(table) = tables.get_mut(&key_of(case, &level.alike)) else { break };
                table.count(records, ends, now.seconds(), level.memory);
                for (hazard, step) in curve.hazards.iter_mut().zip(&table.steps) {
                    *hazard = (step.ended + level.strength * *hazard) / (step.got_there + level.strength);
                }
            }
            let mut left = 1.0;
            curve.left.clear();
            curve.left.extend(curve.hazards.iter().map(|hazard| {
                left *= 1.0 - hazard;
                left
            }));
        }
        (curve, ends)
    }
}

/// The life that a share of those who have lived for so long do not exceed.
fn quantile(hazards: &[f64], ends: &[f64], age_seconds: f64, share: f64) -> f64 {
    let first = ends.partition_point(|&end| end <= age_seconds);
    let mut left = 1.0;
    let mut begin = if first == 0 { 0.0 } else { ends[first - 1] };
    for (&hazard, &end) in hazards.iter().zip(ends).skip(first) {
        // Of those who got to the step, some have ended before this age.
        let passed = ((age_seconds - begin) / (end - begin)).max(0.0);
        let begin_here = begin.max(age_seconds);
        let hazard = hazard * (1.0 - passed) / (1.0 - hazard * passed).max(1e-12);
        let ending = left * hazard;
        if left - ending <= 1.0 - share {
            let part = if ending > 0.0 { (left - (1.0 - share)) / ending } else { 1.0 };
            return begin_here + part.clamp(0.0, 1.0) * (end - begin_here);
        }
        left -= ending;
        begin = end;
    }
    // Beyond all steps.
    (2.0 * age_seconds).max(ends.last().copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predict::tests::of_tenant;
    use crate::predict::predictor;

    fn at(seconds: f64) -> SimTime {
        SimTime::from_seconds(seconds).expect("in range")
    }

    fn of_all(strength: f64) -> Box<dyn Predictor> {
        let text = format!("policy = 'survival'\nlevels = [{{ strength = {strength}, memory = 1e9 }}]");
        predictor(&toml::from_str(&text).expect("TOML")).expect("valid")
    }

    /// Steps that end at 1, 2, 4 s, in which a half, a half and all end: a half, a quarter and nobody are left.
    #[test]
    fn a_quantile_by_hand() {
        let of = |age, share| quantile(&[0.5, 0.5, 1.0], &[1.0, 2.0, 4.0], age, share);
        assert_eq!([of(0.0, 0.25), of(0.0, 0.5), of(0.0, 0.625), of(0.0, 0.75)], [0.5, 1.0, 1.5, 2.0]);
        // The last quarter ends evenly from 2 to 4 s.
        assert_eq!(of(0.0, 0.875), 3.0);
        // Who is 1 s old: a half of these end until 2 s. Who is 3 s old has one second.
        assert_eq!([of(1.0, 0.5), of(1.0, 0.75), of(3.0, 0.5)], [2.0, 3.0, 3.5]);
        assert_eq!(of(9.0, 0.5), 18.0, "beyond all steps");
    }

    /// Ten tasks of 10 s and ten that still run after 1000 s: the median of those that have ended is 10 s, but the half of all are
    /// older.
    #[test]
    fn who_still_runs_counts() {
        let mut survival = of_all(1e-6);
        for task in 0..20 {
            survival.began(TaskId(task), &of_tenant(0), at(0.0));
            if task % 2 == 0 {
                survival.ended(TaskId(task), &of_tenant(0), 10.0);
            }
        }
        let life = |survival: &mut dyn Predictor, now, share| survival.life_seconds(&of_tenant(0), 0.0, at(now), share);
        let early = life(&mut *survival, 1000.0, 0.4);
        assert!((9.5..10.4).contains(&early), "{early}");
        assert!(life(&mut *survival, 1000.0, 0.6) >= 900.0);
        // Of an age of 20 s all are such as still run: as far as was watched, nobody ended.
        assert!(survival.life_seconds(&of_tenant(0), 20.0, at(1000.0), 0.1) >= 900.0);
    }

    /// At 5 s one has ended after 1.9 s, and one runs: which of them is typical is not known before both would have left the step.
    #[test]
    fn nobody_counts_before_he_would_have_left_a_step() {
        let mut survival = of_all(1e-6);
        survival.began(TaskId(0), &of_tenant(0), at(0.0));
        survival.ended(TaskId(0), &of_tenant(0), 1.9);
        let before = survival.life_seconds(&of_tenant(0), 0.0, at(1.95), 0.9);
        assert!(before > 2.0, "{before}");
        let after = survival.life_seconds(&of_tenant(0), 0.0, at(5.0), 0.9);
        assert!((1.8..2.0).contains(&after), "{after}");
    }

    /// In the first second a half ends, evenly, and in the step after it all others.
    #[test]
    fn who_outlives_an_age_by_hand() {
        let curve = Curve { now: SimTime::ZERO, hazards: vec![0.5, 1.0], left: vec![0.5, 0.0] };
        let ends = [1.0, libm::exp2(0.125)];
        assert_eq!([0.0, 0.5, 1.0].map(|age| curve.left_at(&ends, age)), [1.0, 0.75, 0.5]);
        assert!((curve.left_at(&ends, (1.0 + ends[1]) / 2.0) - 0.25).abs() < 1e-12);
        assert_eq!(curve.left_at(&ends, 9.0), 0.0);
    }

    /// Nobody is known: half of the lives double with the age.
    #[test]
    fn without_a_past_ages_double() {
        let mut survival = of_all(1.0);
        let life = survival.life_seconds(&of_tenant(0), 64.0, at(0.0), 0.5);
        assert!((life - 128.0).abs() < 1e-6, "{life}");
        let mut shares = Vec::new();
        survival.outliving(&of_tenant(0), 64.0, at(0.0), &[64.0, 128.0, 256.0], &mut shares);
        for (share, expected) in shares.iter().zip([1.0, 0.5, 0.25]) {
            assert!((share - expected).abs() < 1e-9, "{shares:?}");
        }
    }

    /// Two tenants of 10 and 1000 s, ten lives each. A new one is thought to be one of both; each of them is known.
    #[test]
    fn the_more_is_known_of_the_alike_the_less_the_others_count() {
        let text = "policy = 'survival'\nlevels = [{ strength = 1e-6, memory = 1e9 }, { alike = ['tenant'], strength = 1.0, memory = 1e9 }]";
        let mut survival = predictor(&toml::from_str(text).expect("TOML")).expect("valid");
        for task in 0..20 {
            let tenant = task % 2;
            survival.began(TaskId(task), &of_tenant(tenant), at(0.0));
            survival.ended(TaskId(task), &of_tenant(tenant), if tenant == 0 { 10.0 } else { 1000.0 });
        }
        let mut life = |tenant, share| survival.life_seconds(&of_tenant(tenant), 0.0, at(5000.0), share);
        assert!(life(9, 0.4) < 11.0 && life(9, 0.6) > 900.0);
        assert!(life(0, 0.9) < 11.0 && life(1, 0.1) > 900.0, "{} {}", life(0, 0.9), life(1, 0.1));
    }

    /// With a memory of one, only the last counts.
    #[test]
    fn what_was_long_ago_is_forgotten() {
        let text = "policy = 'survival'\nlevels = [{ strength = 1e-6, memory = 1.0 }]";
        let mut survival = predictor(&toml::from_str(text).expect("TOML")).expect("valid");
        for (task, seconds) in [(0, 1000.0), (1, 1000.0), (2, 10.0)] {
            survival.began(TaskId(task), &of_tenant(0), at(f64::from(task)));
            survival.ended(TaskId(task), &of_tenant(0), seconds);
        }
        let life = survival.life_seconds(&of_tenant(0), 0.0, at(5000.0), 0.9);
        assert!((9.5..10.5).contains(&life), "{life}");
    }

    #[test]
    fn what_was_declared_is_the_most() {
        let text = "policy = 'survival'\nlevels = [{ strength = 1.0, memory = 10 }]\nup_to_estimate = true";
        let mut survival = predictor(&toml::from_str(text).expect("TOML")).expect("valid");
        let case = Case { estimate_seconds: 30.0, ..of_tenant(0) };
        assert_eq!(survival.life_seconds(&case, 20.0, at(0.0), 0.9), 30.0);
        assert_eq!(survival.life_seconds(&case, 40.0, at(0.0), 0.9), 40.0);
        let error = |text: &str| predictor(&toml::from_str(text).expect("TOML")).err().map(|error| error.to_string());
        let refused = error("policy = 'survival'\nlevels = [{ strength = 0, memory = 10 }]").expect("no strength");
        assert!(refused.contains("0 stands there; allowed is a number above 0"), "{refused}");
    }
}
