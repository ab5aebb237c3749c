//! A pool: one host that stands for all processors of a batch system.

use sim::kernel::ids::{HostId, TaskId};
use sim::resources::Resources;
use sim::view::ClusterView;

pub(super) const POOL: HostId = HostId(0);

/// What a waiting task needs to start; of a gang, what all members need together.
pub(super) fn need(view: ClusterView<'_>, task: TaskId) -> Resources {
    view.gang(task).fold(Resources::ZERO, |sum, member| sum.plus(view.shape(member).resources))
}

/// True when a waiting task can start now, as far as is known: a gang that has failed on its devices is not
/// tried again before something is released.
pub(super) fn fits(view: ClusterView<'_>, task: TaskId) -> bool {
    !view.has_failed(task) && view.fits(view.shape(task), POOL) && view.free()[0].covers(need(view, task))
}

/// True when cpu and memory would do now, and something else does not.
pub(super) fn is_impeded(view: ClusterView<'_>, task: TaskId) -> bool {
    view.has_failed(task) || view.free()[0].covers(need(view, task)) && !view.fits(view.shape(task), POOL)
}
