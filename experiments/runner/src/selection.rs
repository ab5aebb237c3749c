//! A part of a plan: the runs that patterns choose.
//!
//! ```text
//! mixed/day               every run of the scenario
//! mixed/*:best_fit        with this scheduler, of all scenarios that begin so
//! *:fgd                   with this scheduler
//! seed=3                  under this seed
//! ```
//!
//! `*` stands for any text. A run is chosen when one of the names fits it (or no pattern is a name) and one of the
//! seeds does (or no pattern is a seed).

use std::collections::BTreeSet;

use crate::error::RunError;
use crate::nearest::nearest;
use crate::plan::{Plan, Run};

/// The most names that a refusal lists.
const MOST_NAMES: usize = 12;

/// The runs that the patterns choose, in plan order; all of them when there is no pattern.
///
/// # Errors
/// When a pattern fits no run, with the nearest names.
pub fn select<'p>(plan: &'p Plan, patterns: &[String]) -> Result<Vec<&'p Run>, RunError> {
    let (mut names, mut seeds) = (Vec::new(), BTreeSet::new());
    for pattern in patterns {
        let is_chosen = match pattern.strip_prefix("seed=") {
            Some(seed) => {
                let seed = seed.trim().parse::<u64>().ok();
                seeds.extend(seed);
                plan.runs.iter().any(|run| Some(run.seed) == seed)
            }
            None => {
                names.push(pattern.as_str());
                plan.runs.iter().any(|run| fits_names(pattern, run))
            }
        };
        if !is_chosen {
            return Err(RunError::NothingChosen {
                pattern: pattern.clone(),
                problem: problem(plan, pattern),
            });
        }
    }
    let is_chosen = |run: &&Run| {
        (names.is_empty() || names.iter().any(|pattern| fits_names(pattern, run)))
            && (seeds.is_empty() || seeds.contains(&run.seed))
    };
    Ok(plan.runs.iter().filter(is_chosen).collect())
}

/// `SCENARIO` or `SCENARIO:SCHEDULER`. Names may have colons in them, so that each colon may be the one between.
fn fits_names(pattern: &str, run: &Run) -> bool {
    let fits_both = |(at, _): (usize, &str)| {
        fits(&pattern[..at], &run.scenario) && fits(&pattern[at + 1..], &run.scheduler_name)
    };
    fits(pattern, &run.scenario) || pattern.match_indices(':').any(fits_both)
}

/// True when the pattern, in which `*` stands for any text, is this name.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// What is there instead.
fn problem(plan: &Plan, pattern: &str) -> String {
    if pattern.starts_with("seed=") {
        let seeds: BTreeSet<u64> = plan.runs.iter().map(|run| run.seed).collect();
        return format!("the seeds are {}", listed(seeds.iter().map(u64::to_string)));
    }
    let unique = |of: fn(&Run) -> &str| {
        let mut seen = BTreeSet::new();
        plan.runs.iter().map(of).filter(|name| seen.insert(*name)).collect::<Vec<_>>()
    };
    let scenarios = unique(|run| &run.scenario);
    let schedulers = unique(|run| &run.scheduler_name);
    let mut both: Vec<String> = scenarios.iter().map(|&name| name.to_owned()).collect();
    both.extend(
        scenarios.iter().flat_map(|scenario| schedulers.iter().map(move |one| format!("{scenario}:{one}"))),
    );
    both.extend(schedulers.iter().map(|one| format!("*:{one}")));
    let quoted = |names: &[&str]| listed(names.iter().map(|name| format!("`{name}`")));
    let known = format!("the scenarios are {}, the schedulers {}", quoted(&scenarios), quoted(&schedulers));
    match nearest(pattern, both.iter().map(String::as_str)) {
        Some(name) => format!("{known}; did you mean `{name}`?"),
        None => known,
    }
}

fn listed(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(MOST_NAMES);
    let shown: Vec<String> = names.take(MOST_NAMES).collect();
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const TEXT: &str = r#"
        name = "x"
        seeds = [1, 2]
        [clusters.c]
        pool = { processors = 8 }
        [workloads.day]
        source = { generator = "bench_cluster", tasks = 10 }
        [workloads.night]
        source = { generator = "bench_cluster", tasks = 20 }
        [schedulers.first_fit]
        [schedulers.best_fit]
        place = "best_fit"
        [scenarios_grid]
        clusters = ["c"]
        workloads = ["day", "night"]
        name = "a:{workload}"
    "#;

    fn chosen(patterns: &[&str]) -> Result<Vec<String>, String> {
        let config = Config::parse("x.toml", TEXT).expect("valid");
        let plan = Plan::new(&config, None, "x").expect("nothing is missing");
        let patterns: Vec<String> = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        let title = |run: &Run| format!("{} {} {}", run.scenario, run.scheduler_name, run.seed);
        let chosen = select(&plan, &patterns).map_err(|error| error.to_string())?;
        Ok(chosen.into_iter().map(title).collect())
    }

    #[test]
    fn names_and_seeds_choose_runs() {
        assert_eq!(chosen(&[]).expect("all").len(), 8);
        assert_eq!(chosen(&["a:day"]).expect("a scenario").len(), 4);
        assert_eq!(
            chosen(&["a:day:best_fit"]).expect("a scheduler too"),
            ["a:day best_fit 1", "a:day best_fit 2"]
        );
        assert_eq!(chosen(&["*:best_fit"]).expect("a scheduler").len(), 4);
        assert_eq!(chosen(&["*night", "seed=2"]).expect("both").len(), 2);
        assert_eq!(chosen(&["*day:f*t", "a:n*", "seed=1", "seed=2"]).expect("either").len(), 6);
    }

    #[test]
    fn a_pattern_that_fits_nothing_is_refused() {
        assert!(chosen(&["a:dya"]).expect_err("none").contains("did you mean `a:day`?"));
        assert!(chosen(&["*:best_fitt"]).expect_err("none").contains("did you mean `*:best_fit`?"));
        assert!(chosen(&["seed=7"]).expect_err("none").contains("the seeds are 1, 2"));
        assert!(chosen(&["seed=x"]).expect_err("none").contains("`seed=x`"));
    }

    #[test]
    fn stars_stand_for_any_text() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c", "abc", true),
            ("a*b*c", "abc", true),
            ("ab*bc", "abc", false),
            ("a", "abc", false),
            ("abc", "abc", true),
            ("*b*", "abc", true),
            ("*d*", "abc", false),
            ("**", "abc", true),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
