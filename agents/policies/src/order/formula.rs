//! A short formula for who is next: a sum of products of roots and logarithms of what is known of a waiting task and of the queue
//! around it; the smallest is next. Formulas are written by hand, or fitted to a trained order (`learners::distillation`).
//!
//! ```text
//!   score = sum over terms of weight * f1(q1) * f2(q2) ...
//!   f(q)  = q | sqrt(q) | ln(1 + q)
//!   q     = estimate   declared run time, seconds     cores   requested
//!           waited     seconds since submission       delay   seconds until so many cores are free, if whoever runs ends as declared
//!           slowdown   waited / max(estimate, 10)     delay_slowdown   delay / max(estimate, 10)
//!           fits       1 if cores are free for it, else 0
//!           queue      tasks that wait                free    cores free now, as a share of all
//! ```
//!
//! Published orders have this form: Smith's rule for slowdowns of equal weight is `estimate * estimate * cores`.

use std::cell::RefCell;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use sim::kernel::ids::TaskId;
use sim::view::ClusterView;

use super::linear::Sight;
use super::prelude::*;
use super::queue_features::SHORTEST_RUN;

pub(super) const HELP: &str =
    "a sum of products of roots and logarithms of run time, cores, wait, delay and the state of the queue";

/// What is known of a waiting task.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Facts {
    /// Declared run time in seconds.
    pub estimate: f64,
    /// Requested cores.
    pub cores: f64,
    /// Seconds since submission.
    pub waited: f64,
    /// Seconds until so many cores are free, if whoever runs ends as declared.
    pub delay: f64,
    /// Whether so many cores are free now.
    pub fits: bool,
    /// Tasks that wait, this one among them.
    pub queue: f64,
    /// Cores that are free now, as a share of all.
    pub free: f64,
}

impl Facts {
    fn share_of_run(&self, seconds: f64) -> f64 {
        seconds / self.estimate.max(SHORTEST_RUN.into())
    }
}

/// One of the facts, or what follows from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quantity {
    /// Declared run time.
    Estimate,
    /// Requested cores.
    Cores,
    /// Time since submission.
    Waited,
    /// Time until so many cores are free.
    Delay,
    /// Time since submission, as a multiple of the run time.
    Slowdown,
    /// Time until so many cores are free, as a multiple of the run time.
    DelaySlowdown,
    /// 1 where so many cores are free, else 0.
    Fits,
    /// Tasks that wait.
    Queue,
    /// Share of the cores that are free.
    Free,
}

impl Quantity {
    /// All of them, by name.
    pub const ALL: [(&'static str, Self); 9] = [
        ("estimate", Self::Estimate),
        ("cores", Self::Cores),
        ("waited", Self::Waited),
        ("delay", Self::Delay),
        ("slowdown", Self::Slowdown),
        ("delay_slowdown", Self::DelaySlowdown),
        ("fits", Self::Fits),
        ("queue", Self::Queue),
        ("free", Self::Free),
    ];

    fn of(self, facts: &Facts) -> f64 {
        match self {
            Self::Estimate => facts.estimate,
            Self::Cores => facts.cores,
            Self::Waited => facts.waited,
            Self::Delay => facts.delay,
            Self::Slowdown => facts.share_of_run(facts.waited),
            Self::DelaySlowdown => facts.share_of_run(facts.delay),
            Self::Fits => f64::from(u8::from(facts.fits)),
            Self::Queue => facts.queue,
            Self::Free => facts.free,
        }
    }

    fn name(self) -> &'static str {
        Self::ALL[self as usize].0
    }
}

/// What is made of a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Function {
    /// Nothing.
    Itself,
    /// Its square root.
    Root,
    /// The natural logarithm of one more than it.
    Logarithm,
}

/// A function of a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Factor {
    /// Of this.
    pub quantity: Quantity,
    /// This.
    pub function: Function,
}

impl Factor {
    /// Its value.
    pub fn value(self, facts: &Facts) -> f64 {
        let quantity = self.quantity.of(facts);
        match self.function {
            Function::Itself => quantity,
            Function::Root => libm::sqrt(quantity),
            Function::Logarithm => libm::log1p(quantity),
        }
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.quantity.name();
        match self.function {
            Function::Itself => f.write_str(name),
            Function::Root => write!(f, "sqrt({name})"),
            Function::Logarithm => write!(f, "ln(1 + {name})"),
        }
    }
}

impl std::str::FromStr for Factor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = || {
            let functions = [Function::Itself, Function::Root, Function::Logarithm];
            let of = move |function| Quantity::ALL.map(|(_, quantity)| Self { quantity, function });
            functions.into_iter().flat_map(of)
        };
        let without_spaces = |text: &str| text.split_whitespace().collect::<String>();
        let found = all().find(|factor| without_spaces(&factor.to_string()) == without_spaces(text));
        found.ok_or_else(|| {
            let names = Quantity::ALL.map(|(name, _)| name).join(", ");
            format!("{text:?} is no factor; allowed are q, sqrt(q) and ln(1 + q), where q is one of {names}")
        })
    }
}

/// A weighted product.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// What it weighs.
    pub weight: f64,
    /// What is multiplied.
    pub factors: Vec<Factor>,
}

impl Term {
    /// The product, without the weight.
    pub fn product(&self, facts: &Facts) -> f64 {
        self.factors.iter().map(|factor| factor.value(facts)).product()
    }
}

/// A sum of terms.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula(pub Vec<Term>);

impl Formula {
    /// The score; the smallest is next.
    pub fn score(&self, facts: &Facts) -> f64 {
        self.0.iter().map(|term| term.weight * term.product(facts)).sum()
    }

    fn uses(&self, quantities: &[Quantity]) -> bool {
        let mut factors = self.0.iter().flat_map(|term| &term.factors);
        factors.any(|factor| quantities.contains(&factor.quantity))
    }

    /// True when a task's score changes while it waits.
    fn moves(&self) -> bool {
        let mut factors = self.0.iter().flat_map(|term| &term.factors);
        !factors.all(|factor| matches!(factor.quantity, Quantity::Estimate | Quantity::Cores))
    }

    /// As options of the policy.
    pub fn options(&self) -> toml::Table {
        let term = |term: &Term| {
            let factors: Vec<String> = term.factors.iter().map(ToString::to_string).collect();
            let of = [("weight", term.weight.into()), ("factors", factors.into())];
            toml::Value::Table(of.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
        };
        let terms: Vec<toml::Value> = self.0.iter().map(term).collect();
        [("terms".to_owned(), terms.into())].into_iter().collect()
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, Term { weight, factors }) in self.0.iter().enumerate() {
            match (place, *weight < 0.0) {
                (0, false) => {}
                (0, true) => f.write_str("-")?,
                (_, false) => f.write_str(" + ")?,
                (_, true) => f.write_str(" - ")?,
            }
            let size = weight.abs();
            if size != 1.0 || factors.is_empty() {
                write!(f, "{size}")?;
                f.write_str(if factors.is_empty() { "" } else { " " })?;
            }
            let factors: Vec<String> = factors.iter().map(ToString::to_string).collect();
            f.write_str(&factors.join(" * "))?;
        }
        Ok(())
    }
}

/// The options: the terms of the formula.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    #[serde(deserialize_with = "crate::options::not_empty")]
    terms: Vec<TermOptions>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TermOptions {
    #[serde(deserialize_with = "crate::options::finite")]
    weight: f64,
    #[serde(deserialize_with = "factors")]
    factors: Vec<Factor>,
}

impl Default for Options {
    /// Smith's rule for slowdowns of equal weight.
    fn default() -> Self {
        let of = |quantity| Factor { quantity, function: Function::Itself };
        let factors = vec![of(Quantity::Estimate), of(Quantity::Estimate), of(Quantity::Cores)];
        Self { terms: vec![TermOptions { weight: 1.0, factors }] }
    }
}

fn factors<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Factor>, D::Error> {
    let texts: Vec<String> = crate::options::not_empty(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(D::Error::custom)).collect()
}

struct ByFormula {
    formula: Formula,
    sight: RefCell<Sight>,
}

impl OrderKey for ByFormula {
    /// Alone, and where nobody runs.
    fn key(&self, job: &JobFacts) -> [f64; 2] {
        let &JobFacts { estimate, cores, waited, .. } = job;
        let facts = Facts { estimate, cores, waited, delay: 0.0, fits: true, queue: 1.0, free: 1.0 };
        [self.formula.score(&facts), job.submit]
    }

    fn keys(&self, view: ClusterView<'_>, tasks: &[TaskId]) -> Option<Vec<[f64; 2]>> {
        let mut sight = self.sight.borrow_mut();
        let run_time = |task| view.estimate(task).unwrap_or_default();
        let [free, all] = sight.see(view, tasks, run_time);
        let [free, all] = [f64::from(free), f64::from(all)];
        let queue = &sight.queue;
        let keys = tasks.iter().enumerate().map(|(place, &task)| {
            let facts = Facts {
                estimate: run_time(task).seconds(),
                cores: queue.cores[place].into(),
                waited: queue.waited[place].into(),
                delay: queue.delay[place].into(),
                fits: f64::from(queue.cores[place]) <= free,
                queue: tasks.len() as f64,
                free: free / all,
            };
            [self.formula.score(&facts), view.submit(task).seconds()]
        });
        Some(keys.collect())
    }

    fn moves_with_time(&self) -> bool {
        self.formula.moves()
    }

    fn needs_estimates(&self) -> bool {
        let needs = [Quantity::Estimate, Quantity::Delay, Quantity::Slowdown, Quantity::DelaySlowdown];
        self.formula.uses(&needs)
    }
}

pub(super) fn key(options: Options) -> impl OrderKey {
    let term = |TermOptions { weight, factors }| Term { weight, factors };
    ByFormula { formula: Formula(options.terms.into_iter().map(term).collect()), sight: RefCell::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formula(options: &str) -> Result<Options, String> {
        toml::from_str(options).map_err(|error| error.message().to_owned())
    }

    /// 2 sqrt(400) * 4 - 0.5 ln(1 + 99) * ln(1 + 3) = 160 - 0.5 * 4.60517 * 1.38629.
    #[test]
    fn a_formula_by_hand() {
        let text = "terms = [{ weight = 2, factors = ['sqrt(estimate)', 'cores'] }, { weight = -0.5, factors = ['ln(1+waited)', 'ln(1 + queue)'] }]";
        let options = formula(text).expect("a formula");
        let term = |one: &TermOptions| Term { weight: one.weight, factors: one.factors.clone() };
        let formula = Formula(options.terms.iter().map(term).collect());
        let facts =
            Facts { estimate: 400.0, cores: 4.0, waited: 99.0, queue: 3.0, ..Facts::default() };
        assert!((formula.score(&facts) - (160.0 - 0.5 * 4.605_170_186 * 1.386_294_361)).abs() < 1e-8);
        assert_eq!(
            formula.to_string(),
            "2 sqrt(estimate) * cores - 0.5 ln(1 + waited) * ln(1 + queue)"
        );
        assert!(formula.moves());
        let again: Options = formula.options().try_into().expect("its own options");
        assert_eq!(Formula(again.terms.iter().map(term).collect()), formula);
    }

    #[test]
    fn what_is_no_factor_is_refused() {
        let problem = formula("terms = [{ weight = 1, factors = ['log(cores)'] }]").expect_err("refused");
        assert!(problem.contains("\"log(cores)\" is no factor; allowed are q, sqrt(q) and ln(1 + q)"), "{problem}");
        assert!(formula("terms = [{ weight = nan, factors = ['cores'] }]").is_err());
        for nothing in ["terms = []", "terms = [{ weight = 1, factors = [] }]"] {
            let problem = formula(nothing).expect_err("refused");
            assert!(problem.contains("there is none; allowed are one or more"), "{problem}");
        }
    }
}
