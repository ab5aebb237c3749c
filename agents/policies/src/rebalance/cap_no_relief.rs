//! Consolidation under a cap: hosts are emptied onto others as long as no more than `theta` of their cpu is asked for, and
//! nobody is relieved who is asked for more later.

use serde::Deserialize;

use super::consolidate;
use super::detector::Method;
use crate::options;
use crate::prelude::*;

pub(super) const HELP: &str = "empty hosts onto others up to a share `theta` of their cpu; relieve nobody";

/// Options of the cap.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    /// The most that may be asked of a host that takes somebody in, as a share of its cpu.
    #[serde(deserialize_with = "options::share")]
    theta: f64,
    /// Whether an empty host costs its idle power.
    charge_switch_on: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { theta: 0.8, charge_switch_on: false }
    }
}

pub(super) fn policy(options: Options) -> impl Policy {
    consolidate::policy(consolidate::Options {
        detector: Method::Thr,
        safety: Some(options.theta),
        relieve: false,
        charge_switch_on: options.charge_switch_on,
        ..consolidate::Options::default()
    })
}
