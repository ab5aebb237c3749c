//! Where the claim of an experiment holds: every scenario with its swept values, and every scheduler, one by one.
//!
//! ```text
//!  95 % interval over seeds      |--x--|                          holds
//!                                        |--x--|                  undecided
//!                                                 |--x--|         does not
//!  at most                                  ^ the bound
//! ```
//!
//! It is always about the whole experiment: a part that was chosen would be a part that was chosen for it.

use crate::compare::Comparison;
use crate::error::ReportError;
use crate::leaderboard::WIDTH;
use crate::statistics::Estimate;
use crate::sweeps::{Swept, swept_of, without_values};
use crate::words::{Said, counted, metric_title, significant};
use results::{Bound, Claim, Results};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What one setting says of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The whole interval lies where the claim has it; with one seed, the value does.
    Holds,
    /// The whole interval lies on the other side.
    DoesNot,
    /// The interval lies on both sides.
    Undecided,
}

/// A claim and what was found of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    #[serde(flatten)]
    claim: Claim,
    unit: String,
    holds: usize,
    does_not: usize,
    undecided: usize,
    /// Of how many no run has the metric yet.
    without_value: usize,
    settings: Vec<Setting>,
    /// The whole of it in words.
    paragraph: String,
    #[serde(skip)]
    lines: Vec<String>,
}

/// One scenario with one scheduler.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Setting {
    scenario: String,
    scheduler: String,
    sweep: BTreeMap<String, Swept>,
    mean: f64,
    half_width: Option<f64>,
    seeds: usize,
    verdict: Verdict,
}

/// What was found of an experiment's claim; nothing where it makes none.
///
/// # Errors
/// Refuses results whose runs disagree on what a metric is.
pub fn finding(results: &Results) -> Result<Option<Finding>, ReportError> {
    let Some(claim) = &results.manifest.claim else { return Ok(None) };
    Ok(Some(Finding::of(claim, &Comparison::of(results)?, results)))
}

impl Finding {
    fn of(claim: &Claim, comparison: &Comparison, results: &Results) -> Finding {
        let mut settings = Vec::new();
        let (mut all, mut unit) = (0, String::new());
        for scenario in &comparison.scenarios {
            let metric = scenario.metric(&claim.metric);
            unit = metric.map_or(unit, |metric| metric.unit.clone());
            for (place, scheduler) in scenario.schedulers.iter().enumerate() {
                all += 1;
                let Some(estimate) = metric.and_then(|metric| metric.cells[place].estimate) else { continue };
                settings.push(Setting {
                    scenario: scenario.scenario.clone(),
                    scheduler: scheduler.clone(),
                    sweep: swept_of(results, scenario, scheduler).unwrap_or_default(),
                    mean: estimate.mean,
                    half_width: estimate.half_width,
                    seeds: estimate.count,
                    verdict: verdict(&claim.bound, &estimate),
                });
            }
        }
        let count = |wanted| settings.iter().filter(|setting| setting.verdict == wanted).count();
        let mut finding = Finding {
            claim: claim.clone(),
            unit,
            holds: count(Verdict::Holds),
            does_not: count(Verdict::DoesNot),
            undecided: count(Verdict::Undecided),
            without_value: all - settings.len(),
            settings,
            paragraph: String::new(),
            lines: Vec::new(),
        };
        finding.lines = finding.by_scenario();
        finding.paragraph = finding.in_words();
        finding
    }

    /// The claim, and with what it would hold.
    pub fn title(&self) -> String {
        let (side, value) = match self.claim.bound {
            Bound::AtMost(value) => ("at most", value),
            Bound::AtLeast(value) => ("at least", value),
        };
        let unit =
            if self.unit == "1" || self.unit.is_empty() { String::new() } else { format!(" {}", self.unit) };
        let metric = metric_title(&self.claim.metric);
        format!("\"{}\", that is, {metric} {side} {}{unit}", self.claim.says, significant(value))
    }

    /// In how many settings it holds.
    pub fn tally(&self) -> String {
        let all = self.settings.len();
        if all == 0 {
            return "no run has ended yet".to_owned();
        }
        let mut said = format!("it holds in {} of {}", self.holds, counted(all, "setting"));
        for (count, words) in [(self.does_not, "does not"), (self.undecided, "is undecided")] {
            if count > 0 {
                said.push_str(&format!(", {words} in {count}"));
            }
        }
        if self.without_value > 0 {
            said.push_str(&format!(", and {} more have no value yet", self.without_value));
        }
        let singles = self.settings.iter().filter(|setting| setting.seeds == 1).count();
        let how = match singles {
            0 => "by the whole 95 % interval over seeds".to_owned(),
            _ if singles == all => "one seed each, so by the value alone".to_owned(),
            _ => format!(
                "by the whole 95 % interval over seeds; in {singles} with one seed by the value alone"
            ),
        };
        format!("{said} ({how})")
    }

    /// Where it holds, line by line: each scenario and scheduler with all values that were swept.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// What the model cannot show of it.
    pub fn limits(&self) -> Option<&str> {
        self.claim.limits.as_deref()
    }

    /// All of it in one paragraph.
    pub fn paragraph(&self) -> &str {
        &self.paragraph
    }

    /// All of it for a terminal: what is said of a scenario stands on a line of its own.
    pub fn text(&self) -> String {
        let mut text = wrapped(&format!("claim {}: {}", self.title(), self.tally()), 0);
        self.lines.iter().for_each(|line| text.push_str(&wrapped(line, 2)));
        if let Some(limits) = self.limits() {
            text.push_str(&wrapped(&format!("beyond the model: {limits}"), 2));
        }
        text
    }

    fn in_words(&self) -> String {
        let mut words = format!("The claim {}: {}. {}.", self.title(), self.tally(), self.lines.join("; "));
        if self.lines.is_empty() {
            words = format!("The claim {}: {}.", self.title(), self.tally());
        }
        if let Some(limits) = self.limits() {
            let end = if limits.ends_with(['.', '!', '?']) { "" } else { "." };
            words.push_str(&format!(" Beyond the model: {limits}{end}"));
        }
        words
    }

    /// What is said of each scenario; schedulers of which the same is said stand together.
    fn by_scenario(&self) -> Vec<String> {
        let groups = self.groups();
        let schedulers: BTreeSet<&String> = groups.iter().map(|group| &group.name.1).collect();
        let mut said: Vec<(&String, Vec<&String>, String)> = Vec::new();
        for group in &groups {
            let (scenario, scheduler) = &group.name;
            let found = group.said(self);
            match said.iter_mut().find(|(other, _, same)| *other == scenario && *same == found) {
                Some((_, others, _)) => others.push(scheduler),
                None => said.push((scenario, vec![scheduler], found)),
            }
        }
        let in_words = |(scenario, mut own, found): (&String, Vec<&String>, String)| {
            let last = own.pop().expect("something is said of a scheduler");
            match (schedulers.len(), own.is_empty()) {
                (1, _) => format!("{scenario}: {found}"),
                (_, true) => format!("{scenario} with {last}: {found}"),
                _ => {
                    let own: Vec<&str> = own.into_iter().map(String::as_str).collect();
                    format!("{scenario} with {} and {last}: {found}", own.join(", "))
                }
            }
        };
        said.into_iter().map(in_words).collect()
    }

    /// The settings of each scenario and scheduler, by their names without values, in order of the plan.
    fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: Vec<Group<'_>> = Vec::new();
        for setting in &self.settings {
            let short = |name: &str| -> String {
                if setting.sweep.is_empty() { name } else { without_values(name) }.to_owned()
            };
            let name = (short(&setting.scenario), short(&setting.scheduler));
            match groups.iter_mut().find(|group| group.name == name) {
                Some(group) => group.settings.push(setting),
                None => groups.push(Group { name, settings: vec![setting] }),
            }
        }
        groups
    }
}

/// A text in lines that a terminal shows whole, the second and later ones two columns further in.
fn wrapped(text: &str, indent: usize) -> String {
    let mut lines = vec![" ".repeat(indent)];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is a first line");
        let is_new = line.trim().is_empty();
        if !is_new && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(format!("{}{word}", " ".repeat(indent + 2)));
        } else {
            line.push_str(if is_new { "" } else { " " });
            line.push_str(word);
        }
    }
    lines.join("\n") + "\n"
}

fn verdict(bound: &Bound, estimate: &Estimate) -> Verdict {
    let half = estimate.half_width.unwrap_or(0.0);
    let (low, high) = (estimate.mean - half, estimate.mean + half);
    let (holds, fails) = match *bound {
        Bound::AtMost(most) => (high <= most, low > most),
        Bound::AtLeast(least) => (low >= least, high < least),
    };
    match (holds, fails) {
        (true, _) => Verdict::Holds,
        (_, true) => Verdict::DoesNot,
        _ => Verdict::Undecided,
    }
}

/// The settings that differ in what was swept alone.
struct Group<'a> {
    name: (String, String),
    settings: Vec<&'a Setting>,
}

impl Group<'_> {
    fn said(&self, finding: &Finding) -> String {
        let count = |wanted| self.settings.iter().filter(|setting| setting.verdict == wanted).count();
        let (all, holds, undecided) = (self.settings.len(), count(Verdict::Holds), count(Verdict::Undecided));
        let (best, worst) = self.ends(finding.claim.bound);
        let value = |setting| self.value(setting, &finding.unit);
        let unclear = if undecided > 0 { format!(", undecided in {undecided}") } else { String::new() };
        match (all, holds) {
            (1, 1) => format!("yes, {}", value(best)),
            (1, _) if undecided == 1 => format!("undecided, {}", value(best)),
            (1, _) => format!("no, {}", value(best)),
            _ if holds == all => format!("in all {all} (at worst {})", value(worst)),
            (_, 0) => format!("in none of {all}{unclear} (nearest {})", value(best)),
            _ => match self.separation() {
                Some(separation) => separation,
                None => {
                    format!("in {holds} of {all}{unclear} (best {}, worst {})", value(best), value(worst))
                }
            },
        }
    }

    /// The settings that are nearest to the claim and farthest from it, or deepest within it.
    fn ends(&self, bound: Bound) -> (&Setting, &Setting) {
        let by_mean = |one: &&&Setting, other: &&&Setting| one.mean.total_cmp(&other.mean);
        let least = self.settings.iter().min_by(by_mean).expect("a group has a setting");
        let most = self.settings.iter().max_by(by_mean).expect("a group has a setting");
        match bound {
            Bound::AtMost(_) => (least, most),
            Bound::AtLeast(_) => (most, least),
        }
    }

    /// A key by its last word, where no other key of the group ends in the same.
    fn short<'k>(&self, key: &'k str) -> &'k str {
        let last = |key: &'k str| key.rsplit('.').next().unwrap_or(key);
        let keys: BTreeSet<&String> = self.settings.iter().flat_map(|setting| setting.sweep.keys()).collect();
        let is_alone = keys.iter().filter(|other| other.rsplit('.').next() == Some(last(key))).count() <= 1;
        if is_alone { last(key) } else { key }
    }

    /// "9.7 ms ± 0.2 at dirty_ratio = 0.8".
    fn value(&self, setting: &Setting, unit: &str) -> String {
        // An interval that no reader could see would print the mean to the last digit.
        let half_width =
            setting.half_width.map(|half| if half < 1e-6 * setting.mean.abs() { 0.0 } else { half });
        let estimate = Estimate { mean: setting.mean, half_width, count: setting.seeds };
        let said = Said::of(&estimate).with_unit(unit);
        let swept: Vec<String> = setting
            .sweep
            .iter()
            .map(|(key, value)| format!("{} = {}", self.short(key), value.said()))
            .collect();
        match swept.is_empty() {
            true => said,
            false => format!("{said} at {}", swept.join(", ")),
        }
    }

    /// The swept key that alone decides, and where; nothing where there is none.
    fn separation(&self) -> Option<String> {
        let keys: BTreeSet<&String> = self.settings.iter().flat_map(|setting| setting.sweep.keys()).collect();
        keys.into_iter().find_map(|key| self.separated_by(key))
    }

    fn separated_by(&self, key: &str) -> Option<String> {
        let mut values: Vec<(&Swept, Verdict)> = Vec::new();
        for setting in &self.settings {
            let value = setting.sweep.get(key)?;
            match values.iter().find(|(other, _)| *other == value) {
                Some((_, verdict)) if *verdict != setting.verdict => return None,
                Some(_) => {}
                None => values.push((value, setting.verdict)),
            }
        }
        let key = self.short(key);
        let numbers: Option<Vec<(f64, Verdict)>> = values
            .iter()
            .map(|(value, verdict)| match value {
                Swept::Number(number) => Some((*number, *verdict)),
                Swept::Word(_) => None,
            })
            .collect();
        match numbers {
            Some(numbers) => boundary(key, numbers),
            None => Some(listed(key, &values)),
        }
    }
}

/// Where along a key of numbers a claim begins or ends to hold; nothing where it does more than once.
fn boundary(key: &str, mut values: Vec<(f64, Verdict)>) -> Option<String> {
    values.sort_by(|one, other| one.0.total_cmp(&other.0));
    let rank = |verdict: &Verdict| match verdict {
        Verdict::Holds => 0,
        Verdict::Undecided => 1,
        Verdict::DoesNot => 2,
    };
    let rises = values.is_sorted_by_key(|(_, verdict)| rank(verdict));
    if !rises {
        values.reverse();
        if !values.is_sorted_by_key(|(_, verdict)| rank(verdict)) {
            return None;
        }
    }
    let last = values.iter().rfind(|(_, verdict)| *verdict == Verdict::Holds)?.0;
    let unclear: Vec<String> = values
        .iter()
        .filter(|(_, verdict)| *verdict == Verdict::Undecided)
        .map(|(value, _)| value.to_string())
        .collect();
    let (towards, away) = if rises { ("up to", "from") } else { ("from", "up to") };
    let on = |word: &str| if word == "from" { " on" } else { "" };
    let mut said = format!("with {key} {towards} {last}{}", on(towards));
    if !unclear.is_empty() {
        said.push_str(&format!(", undecided at {}", unclear.join(" and ")));
    }
    if let Some((first, _)) = values.iter().find(|(_, verdict)| *verdict == Verdict::DoesNot) {
        said.push_str(&format!(", not {away} {first}{}", on(away)));
    }
    Some(said)
}

/// The words with which a claim holds, and the others.
fn listed(key: &str, values: &[(&Swept, Verdict)]) -> String {
    let with = |wanted: Verdict| -> Option<String> {
        let words: Vec<String> =
            values.iter().filter(|(_, verdict)| *verdict == wanted).map(|(value, _)| value.said()).collect();
        (!words.is_empty()).then(|| words.join(" or "))
    };
    let parts = [
        with(Verdict::Holds).map(|words| format!("with {key} = {words}")),
        with(Verdict::Undecided).map(|words| format!("undecided with {words}")),
        with(Verdict::DoesNot).map(|words| format!("not with {words}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a panic is how a test speaks

    use super::*;
    use crate::testing::{Size, invented, swept};

    /// The waits of settings x seeds, and what is said of them at most 10 s.
    fn found(mut results: Results, waits: &[&[f64]]) -> Finding {
        let values = waits.concat();
        assert_eq!(results.runs.len(), values.len());
        for (run, value) in results.runs.iter_mut().zip(values) {
            run.record.metrics.get_mut("wait_mean").unwrap().value = value;
        }
        at_most(&mut results, 10.0);
        finding(&results).unwrap().unwrap()
    }

    fn at_most(results: &mut Results, most: f64) {
        results.manifest.claim = Some(Claim {
            says: "nobody waits long".to_owned(),
            metric: "wait_mean".to_owned(),
            bound: Bound::AtMost(most),
            limits: None,
        });
    }

    fn of_schedulers(waits: &[&[f64]]) -> Finding {
        let seeds = waits[0].len() as u64;
        found(invented(Size { scenarios: 1, schedulers: waits.len(), seeds, samples: 0 }), waits)
    }

    #[test]
    fn an_interval_lies_on_one_side_or_on_both() {
        // t(1) = 12.706: 6 ± 12.706 * sqrt(2) / sqrt(2) * 0.2 for 5.8 and 6.2.
        let found = of_schedulers(&[&[5.8, 6.2], &[19.0, 21.0], &[9.0, 10.0]]);
        assert_eq!((found.holds, found.does_not, found.undecided, found.without_value), (1, 0, 2, 0));
        let found = of_schedulers(&[&[5.8, 6.2], &[40.0, 40.4], &[9.0, 10.0], &[10.0, 10.0]]);
        assert_eq!((found.holds, found.does_not, found.undecided), (2, 1, 1), "the bound itself holds");
        assert_eq!(
            found.lines(),
            [
                "mixed_small with first_fit: yes, 6.0 s ± 2.5",
                "mixed_small with best_fit: no, 40.2 s ± 2.5",
                "mixed_small with worst_fit: undecided, 9.5 s ± 6.4",
                "mixed_small with dot_product: yes, 10 s ± 0",
            ]
        );
        let found = of_schedulers(&[&[5.8, 6.2], &[4.0, 4.0], &[4.0, 4.0], &[4.0, 4.0]]);
        assert_eq!(found.lines()[1], "mixed_small with best_fit, worst_fit and dot_product: yes, 4 s ± 0");
        let found = of_schedulers(&[&[5.8, 6.2], &[8.0, 8.000_000_1]]);
        assert_eq!(found.lines()[1], "mixed_small with best_fit: yes, 8 s ± 0");
        let found = of_schedulers(&[&[5.8, 6.2], &[40.0, 40.4], &[9.0, 10.0], &[10.0, 10.0]]);
        assert_eq!(
            found.tally(),
            "it holds in 2 of 4 settings, does not in 1, is undecided in 1 (by the whole 95 % interval over seeds)"
        );
    }

    #[test]
    fn with_one_seed_the_value_decides() {
        let found = of_schedulers(&[&[9.9], &[10.1]]);
        assert_eq!((found.holds, found.does_not), (1, 1));
        assert!(found.tally().ends_with("(one seed each, so by the value alone)"), "{}", found.tally());
    }

    fn of_values(values: &[&str], waits: &[&[f64]]) -> String {
        found(swept("rules.usual.pue", values, 1, waits[0].len() as u64), waits).lines().join("\n")
    }

    #[test]
    fn one_key_separates() {
        let (low, between, high): (&[f64], &[f64], &[f64]) = (&[2.0, 2.0], &[9.0, 11.0], &[20.0, 20.0]);
        let values = ["1.5", "1.1", "1.2"];
        assert_eq!(of_values(&values, &[high, low, low]), "mixed_small: with pue up to 1.2, not from 1.5 on");
        assert_eq!(
            of_values(&values, &[low, high, high]),
            "mixed_small: with pue from 1.5 on, not up to 1.2"
        );
        assert_eq!(
            of_values(&values, &[high, low, between]),
            "mixed_small: with pue up to 1.1, undecided at 1.2, not from 1.5 on"
        );
        assert_eq!(
            of_values(&values, &[between, low, low]),
            "mixed_small: with pue up to 1.2, undecided at 1.5"
        );
        assert_eq!(
            of_values(&values, &[low, low, high]),
            "mixed_small: in 2 of 3 (best 2 s ± 0 at pue = 1.5, worst 20 s ± 0 at pue = 1.2)"
        );
        assert_eq!(
            of_values(&["none", "easy", "skip"], &[low, high, low]),
            "mixed_small: with pue = none or skip, not with easy"
        );
    }

    #[test]
    fn all_and_none_name_the_extreme() {
        let values = ["1.1", "1.2"];
        assert_eq!(
            of_values(&values, &[&[2.0, 2.0], &[3.0, 3.0]]),
            "mixed_small: in all 2 (at worst 3 s ± 0 at pue = 1.2)"
        );
        assert_eq!(
            of_values(&values, &[&[12.0, 12.0], &[13.0, 13.0]]),
            "mixed_small: in none of 2 (nearest 12 s ± 0 at pue = 1.1)"
        );
        assert_eq!(
            of_values(&values, &[&[9.0, 11.0], &[13.0, 13.0]]),
            "mixed_small: in none of 2, undecided in 1 (nearest 10 s ± 13 at pue = 1.1)"
        );
    }

    #[test]
    fn at_least_looks_the_other_way() {
        let estimate = |mean| Estimate { mean, half_width: Some(1.0), count: 3 };
        let found = [8.0, 9.5, 11.0].map(|mean| verdict(&Bound::AtLeast(10.0), &estimate(mean)));
        assert_eq!(found, [Verdict::DoesNot, Verdict::Undecided, Verdict::Holds]);
    }

    #[test]
    fn one_paragraph_says_it_all() {
        let mut results = swept("rules.usual.pue", &["1.1", "1.2"], 1, 1);
        for (run, value) in results.runs.iter_mut().zip([4.0, 12.0]) {
            run.record.metrics.get_mut("wait_mean").unwrap().value = value;
        }
        assert_eq!(finding(&results).unwrap(), None, "no claim, no finding");
        at_most(&mut results, 10.0);
        results.manifest.claim.as_mut().unwrap().limits = Some("how it feels".to_owned());
        let said = finding(&results).unwrap().unwrap();
        assert_eq!(
            said.paragraph(),
            "The claim \"nobody waits long\", that is, mean wait at most 10 s: it holds in 1 of 2 settings, does not in \
             1 (one seed each, so by the value alone). mixed_small: with pue up to 1.1, not from 1.2 on. Beyond the \
             model: how it feels."
        );
        results.runs.clear();
        let said = finding(&results).unwrap().unwrap();
        assert_eq!(
            said.paragraph(),
            "The claim \"nobody waits long\", that is, mean wait at most 10: no run has ended yet. Beyond the model: \
             how it feels."
        );
    }

    #[test]
    fn a_terminal_shows_lines_whole() {
        let text = wrapped(&"word ".repeat(60), 2);
        assert!(
            text.lines().count() == 3 && text.lines().all(|line| line.chars().count() <= WIDTH),
            "{text}"
        );
        assert!(text.starts_with("  word ") && text.lines().skip(1).all(|line| line.starts_with("    word")));
    }
}
