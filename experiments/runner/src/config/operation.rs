//! Checks what configs say of how hosts are operated and when it is asked what to change.

use policies::scheduler::SchedulerConfig;
use sim::kernel::time::{SimDuration, SimTime};
use sim::models::migration::Mode;
use sim::rules::Accounting;

use super::check::Checked;
use super::document::Document;
use super::{
    BehaviourConfig, EmbodiedConfig, ExperimentConfig, HostGroupConfig, MigrationConfig, RulesConfig,
    ScenarioConfig,
};

/// Keys of a host group beyond what it has.
pub(super) fn host_group(group: &HostGroupConfig, document: &Document, at: &[&str]) -> Checked {
    let refuse = |key: &str, problem: String| Err(document.refuse(&[at, &[key]].concat(), problem));
    let cpu_milli = group.cpu_milli.or(group.cores.map(|cores| 1000 * cores)).unwrap_or_default();
    let memory_mib = group.memory_mib.or(group.memory_gib.map(|gib| 1024 * gib)).unwrap_or_default();
    for (key, factor, amount) in [
        ("cpu_overcommit", group.cpu_overcommit, cpu_milli),
        ("memory_overcommit", group.memory_overcommit, memory_mib),
    ] {
        let Some(factor) = factor else { continue };
        let most = f64::from(u32::MAX) / f64::from(amount.max(1));
        if !(factor.is_finite() && (1.0..=most).contains(&factor)) {
            return refuse(key, format!("{factor} stands there; allowed is a number from 1 to {most:.0}"));
        }
    }
    if let Some(speed) = group.speed.filter(|speed| !(0.01..=100.0).contains(speed)) {
        return refuse("speed", format!("{speed} stands there; allowed is a number from 0.01 to 100"));
    }
    if let Some(io_cores) = group.io_cores
        && u64::from(cpu_milli) <= 1000 * u64::from(io_cores)
    {
        let problem = format!(
            "{io_cores} stands there, of {} cores; allowed are fewer, so that some are left for work",
            f64::from(cpu_milli) / 1000.0
        );
        return refuse("io_cores", problem);
    }
    if group.core_milli == Some(0) {
        return refuse("core_milli", "0 stands there; allowed is 1 or more, or no such key".to_owned());
    }
    if let Some(problem) = group.embodied.as_ref().and_then(EmbodiedConfig::problem) {
        return refuse("embodied", problem);
    }
    let falls = group.frequencies.windows(2).all(|pair| pair[0] > pair[1]);
    let are_shares = group.frequencies.iter().all(|one| 0.0 < *one && *one <= 1.0);
    if !falls || !are_shares || group.frequencies.len() > usize::from(u8::MAX) {
        let problem =
            format!("{:?} stands there; allowed are falling numbers above 0 and up to 1", group.frequencies);
        return refuse("frequencies", problem);
    }
    Ok(())
}

/// Keys of rules that speak of changes.
pub(super) fn rules(config: &RulesConfig, document: &Document, at: &[&str]) -> Checked {
    let refuse = |key: &[&str], problem: String| Err(document.refuse(&[at, key].concat(), problem));
    let number = |key: &[&str], value: Option<f64>, allowed: &str, is_allowed: fn(f64) -> bool| match value {
        Some(value) if !(value.is_finite() && is_allowed(value)) => {
            refuse(key, format!("{value} stands there; allowed is a number {allowed}"))
        }
        _ => Ok(()),
    };
    number(&["cpu_bound"], config.cpu_bound, "from 0 to 1", |share| (0.0..=1.0).contains(&share))?;
    if let Some((key, problem)) = config.migration.as_ref().and_then(MigrationConfig::problem) {
        return refuse(&["migration", key], problem);
    }
    number(&["cpu_quota"], config.cpu_quota, "above 0", |quota| quota > 0.0)?;
    if config.numa_split.is_some() && config.topology_manager.is_some() {
        let problem = "it stands beside `topology_manager`, and both say from which nodes tasks come; allowed is one of both";
        return refuse(&["numa_split"], problem.to_owned());
    }
    if let Some(problem) = config.behaviour.as_ref().and_then(BehaviourConfig::problem) {
        return refuse(&["behaviour"], problem);
    }
    if let Some(rebalancing) = &config.rebalancing {
        let key = |name| ["rebalancing", name];
        let period = rebalancing.period_seconds;
        if SimDuration::from_seconds(period).is_none_or(|period| period == SimDuration::ZERO) {
            let problem = format!("{period} stands there; allowed is a number of seconds above 0");
            return refuse(&key("period_seconds"), problem);
        }
        if let Some(first) = rebalancing.first_seconds.filter(|&first| SimTime::from_seconds(first).is_none())
        {
            let problem = format!("{first} stands there; allowed is a number of seconds from 0 on");
            return refuse(&key("first_seconds"), problem);
        }
        number(&key("overload"), rebalancing.overload, "above 0", |value| value > 0.0)?;
        number(&key("underload"), rebalancing.underload, "above 0", |value| value > 0.0)?;
    }
    if config.accounting == Accounting::Cloudsim3 {
        if config.rebalancing.is_none() {
            let problem = "\"cloudsim_3\" stands there, which looks at hosts when a period passes; allowed is that with \
                           `rebalancing`, or \"exact\"";
            return refuse(&["accounting"], problem.to_owned());
        }
        if config.migration.as_ref().is_some_and(|migration| migration.migration().mode != Mode::SendOnce) {
            let problem = "\"cloudsim_3\" stands there, which knows no stages of migrations; allowed is that with `migration` in \
                           the mode \"send_once\", or \"exact\"";
            return refuse(&["accounting"], problem.to_owned());
        }
        if config.warm_up_seconds.is_some() || config.measure_seconds.is_some() {
            let problem = "\"cloudsim_3\" stands there, which counts whole episodes; allowed is that without \
                           `warm_up_seconds` and `measure_seconds`, or \"exact\"";
            return refuse(&["accounting"], problem.to_owned());
        }
    }
    Ok(())
}

/// A scheduler that would change things and is never asked would go unnoticed.
pub(super) fn asked(config: &ExperimentConfig, scenarios: &[ScenarioConfig], document: &Document) -> Checked {
    let is_asked = |scenario: &ScenarioConfig| {
        let rules = scenario.rules.as_ref().and_then(|name| config.rules.position(name));
        rules.is_some_and(|index| config.rules.0[index].1.rebalancing.is_some())
    };
    let refuse_changes = |scheduler: &SchedulerConfig, silent: &ScenarioConfig, at: &[&str]| -> Checked {
        for (key, choice) in [("rebalance", &scheduler.rebalance), ("power", &scheduler.power)] {
            if let Some(choice) = choice {
                let problem = format!(
                    "{:?} stands there, and the rules of scenario {:?} never ask what to change; allowed is a policy \
                     where all rules have `rebalancing`, or no such key",
                    choice.policy, silent.name
                );
                return Err(document.refuse(&[at, &[key]].concat(), problem));
            }
        }
        Ok(())
    };
    for (place, silent) in scenarios.iter().enumerate().filter(|(_, scenario)| !is_asked(scenario)) {
        for (name, scheduler) in &config.schedulers.0 {
            let has_own = silent.schedulers.position(name).is_some();
            if !has_own {
                refuse_changes(scheduler, silent, &["schedulers", name])?;
            }
        }
        // Scenarios of a grid, which stand behind the others, have none of their own.
        for (name, scheduler) in &silent.schedulers.0 {
            refuse_changes(scheduler, silent, &[&format!("scenarios[{place}]"), "schedulers", name])?;
        }
    }
    Ok(())
}
