//! The tasks that wait, and which of them are worth asking about.
//!
//! A shape that found no place is not asked about again until something is released that could help it, so
//! that a long queue costs nothing while nothing changes. A gang is one entry: its first waiting member stands
//! for it.

use std::collections::BTreeSet;

use crate::cluster::Cluster;
use crate::kernel::ids::{HostId, IdVec, JobId, ShapeId, TaskId};
use crate::resources::TaskShape;

#[derive(Clone, Debug)]
pub(crate) struct Pending {
    /// Every entry that ever joined, in order: policies read from where they stopped.
    joined: Vec<TaskId>,
    waiting_by_shape: IdVec<ShapeId, u32>,
    has_failed: IdVec<ShapeId, bool>,
    failed_shapes: Vec<ShapeId>,
    waiting_gangs: u32,
    failed_gangs: BTreeSet<JobId>,
    /// Entries that have not failed.
    askable: u32,
}

impl Pending {
    pub(crate) fn new(shape_count: usize) -> Self {
        Self {
            joined: Vec::new(),
            waiting_by_shape: IdVec::filled(0, shape_count),
            has_failed: IdVec::filled(false, shape_count),
            failed_shapes: Vec::new(),
            waiting_gangs: 0,
            failed_gangs: BTreeSet::new(),
            askable: 0,
        }
    }

    /// The entries that joined since entry number `cursor`, and the number of the next one.
    pub(crate) fn joined_since(&self, cursor: usize) -> (usize, &[TaskId]) {
        (self.joined.len(), &self.joined[cursor..])
    }

    pub(crate) fn has_failed(&self, shape: ShapeId) -> bool {
        self.has_failed[shape]
    }

    pub(crate) fn has_gang_failed(&self, job: JobId) -> bool {
        self.failed_gangs.contains(&job)
    }

    pub(crate) fn is_worth_asking(&self) -> bool {
        self.askable > 0
    }

    pub(crate) fn join(&mut self, task: TaskId, shape: ShapeId) {
        self.joined.push(task);
        self.waiting_by_shape[shape] += 1;
        self.askable += u32::from(!self.has_failed[shape]);
    }

    pub(crate) fn leave(&mut self, shape: ShapeId) {
        self.waiting_by_shape[shape] -= 1;
        self.askable -= u32::from(!self.has_failed[shape]);
    }

    pub(crate) fn join_gang(&mut self, first: TaskId) {
        self.joined.push(first);
        self.waiting_gangs += 1;
        self.askable += 1;
    }

    pub(crate) fn leave_gang(&mut self, job: JobId) {
        self.waiting_gangs -= 1;
        self.askable -= u32::from(!self.failed_gangs.remove(&job));
    }

    pub(crate) fn fail(&mut self, shape: ShapeId) {
        if !self.has_failed[shape] {
            self.has_failed[shape] = true;
            self.failed_shapes.push(shape);
            self.askable -= self.waiting_by_shape[shape];
        }
    }

    pub(crate) fn fail_gang(&mut self, job: JobId) {
        self.askable -= u32::from(self.failed_gangs.insert(job));
    }

    /// Something was released on this host: whoever fits there now is worth asking about again, and so is
    /// every gang, which may have lacked just this.
    pub(crate) fn on_release(&mut self, host: HostId, cluster: &Cluster, shapes: &IdVec<ShapeId, TaskShape>) {
        self.askable += self.failed_gangs.len() as u32;
        self.failed_gangs.clear();
        let (has_failed, waiting) = (&mut self.has_failed, &self.waiting_by_shape);
        let mut helped = 0;
        self.failed_shapes.retain(|&shape| {
            // A shape that nobody waits in is forgotten: it will be found out again when it matters.
            let is_helped = waiting[shape] == 0 || cluster.fits(&shapes[shape], host);
            if is_helped {
                has_failed[shape] = false;
                helped += waiting[shape];
            }
            !is_helped
        });
        self.askable += helped;
    }

    /// Recounts what is kept as a sum; for tests.
    pub(crate) fn assert_consistent(&self) {
        let askable = self.waiting_by_shape.ids().filter(|&shape| !self.has_failed[shape]);
        let singles: u32 = askable.map(|shape| self.waiting_by_shape[shape]).sum();
        assert_eq!(self.askable, singles + self.waiting_gangs - self.failed_gangs.len() as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use std::sync::Arc;

    const SMALL: ShapeId = ShapeId(0);
    const LARGE: ShapeId = ShapeId(1);

    /// Two hosts that are free, of which the second holds only the small shape.
    fn world() -> (Pending, Cluster, IdVec<ShapeId, TaskShape>) {
        let (topology, workload) = (testing::topology("cpu 8 | cpu 2"), testing::workload("cpu 1 | cpu 4"));
        let shapes = workload.shapes_in(&topology);
        (Pending::new(shapes.len()), Cluster::new(Arc::new(topology), 0), shapes)
    }

    #[test]
    fn a_failed_shape_takes_all_its_tasks_with_it_until_a_release_that_helps() {
        let (mut pending, cluster, shapes) = world();
        pending.join(TaskId(0), LARGE);
        pending.fail(LARGE);
        pending.fail(LARGE);
        pending.join(TaskId(1), LARGE);
        assert!(!pending.is_worth_asking() && pending.has_failed(LARGE));
        pending.on_release(HostId(1), &cluster, &shapes);
        assert!(!pending.is_worth_asking(), "four cores do not fit on the second host");
        pending.on_release(HostId(0), &cluster, &shapes);
        assert!(pending.is_worth_asking() && !pending.has_failed(LARGE));
        pending.assert_consistent();
    }

    #[test]
    fn a_shape_that_failed_for_others_is_asked_about_when_it_is_not_the_same() {
        let (mut pending, ..) = world();
        pending.join(TaskId(0), LARGE);
        pending.join(TaskId(1), SMALL);
        pending.fail(LARGE);
        assert!(pending.is_worth_asking());
        pending.leave(SMALL);
        assert!(!pending.is_worth_asking());
        pending.leave(LARGE);
        pending.assert_consistent();
    }

    #[test]
    fn a_failed_shape_in_which_nobody_waits_is_forgotten_at_the_next_release() {
        let (mut pending, cluster, shapes) = world();
        pending.join(TaskId(0), LARGE);
        pending.fail(LARGE);
        pending.leave(LARGE);
        pending.on_release(HostId(1), &cluster, &shapes);
        pending.join(TaskId(1), LARGE);
        assert!(pending.is_worth_asking());
    }

    #[test]
    fn a_failed_gang_is_asked_about_again_after_any_release() {
        let (mut pending, cluster, shapes) = world();
        pending.join_gang(TaskId(0));
        pending.fail_gang(JobId(7));
        assert!(!pending.is_worth_asking() && pending.has_gang_failed(JobId(7)));
        pending.on_release(HostId(1), &cluster, &shapes);
        assert!(pending.is_worth_asking() && !pending.has_gang_failed(JobId(7)));
        pending.fail_gang(JobId(7));
        pending.leave_gang(JobId(7));
        pending.assert_consistent();
        assert!(!pending.is_worth_asking() && !pending.has_gang_failed(JobId(7)));
    }

    #[test]
    fn whoever_reads_the_queue_goes_on_where_it_stopped() {
        let (mut pending, ..) = world();
        pending.join(TaskId(4), SMALL);
        pending.join_gang(TaskId(5));
        assert_eq!(pending.joined_since(0), (2, &[TaskId(4), TaskId(5)][..]));
        pending.join(TaskId(9), LARGE);
        assert_eq!(pending.joined_since(2), (3, &[TaskId(9)][..]));
        assert_eq!(pending.joined_since(3), (3, &[][..]));
    }
}
