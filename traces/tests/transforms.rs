//! What transforms keep to, over random workloads: what they carry along, what they leave, that equal seeds give equal
//! workloads.

use proptest::prelude::*;
use sim::kernel::ids::{Id, TaskId};
use sim::kernel::rng::Seed;
use sim::kernel::time::{SimDuration, SimTime};
use sim::resources::DeviceClass;
use sim::workload::{Demand, DeviceDemand, JobSpec, Recorded, TaskSpec, UsePoint, Workload, WorkloadBuilder};
use traces::format::digest;
use traces::transform::{
    self, Align, Boundary, CompressGaps, MapDeviceKinds, OverrideEstimates, Part, Sample, SampleBy, ScaleBy,
    ScaleLoad, Split, TimeWindow, Transform, merge,
};

/// A workload that states everything a workload can state.
fn random(seed: u64, jobs: usize) -> Workload {
    let mut stream = Seed(seed).stream("world");
    let mut builder = WorkloadBuilder::new();
    builder.set_origin(SimTime(1_541_030_400_000_000)); // 2018-11-01
    let mut submit = 0.0;
    for job in 0..jobs {
        // Jobs sometimes come together.
        submit += if stream.unit() < 0.2 { 0.0 } else { stream.exponential(600.0) };
        let at = SimTime::from_seconds(if job == 0 { 0.0 } else { submit }).expect("a moment");
        let task_count = 1 + stream.below(3);
        let first = builder.task_count() as u32;
        let tasks: Vec<TaskSpec> = (0..task_count)
            .map(|task| {
                let kinds = [vec![], vec!["T4".to_owned()], vec!["V100M16".to_owned(), "V100M32".to_owned()]];
                let devices = DeviceDemand {
                    class: DeviceClass::Gpu,
                    count: 1,
                    milli_each: 500,
                    memory_mib_each: 0,
                    kinds: kinds[stream.below(3)].clone(),
                };
                let wait = SimDuration((stream.unit() * 1e9) as u64);
                let point =
                    |start, cpu| UsePoint { start: SimDuration(start), cpu, memory: 0.5, devices: 0.0 };
                TaskSpec {
                    demand: Demand {
                        cpu_milli: 1000 * (1 + stream.below(4) as u32),
                        memory_mib: 512,
                        devices: Some(devices).filter(|_| stream.unit() < 0.5),
                        ..Demand::default()
                    },
                    work: SimDuration::from_seconds(stream.exponential(3000.0)).expect("a duration"),
                    estimate: Some(SimDuration(3_600_000_000)).filter(|_| stream.unit() < 0.7),
                    patience: Some(SimDuration(5_000_000)).filter(|_| stream.unit() < 0.1),
                    is_censored: stream.unit() < 0.05,
                    usage: if stream.unit() < 0.1 {
                        vec![point(0, 0.25), point(9, 0.75)]
                    } else {
                        Vec::new()
                    },
                    name: Some(format!("job-{job}-{task}").into()),
                    recorded: Some(Recorded {
                        start: at + wait,
                        host: Some(format!("host-{}", stream.below(5)).into()),
                    })
                    .filter(|_| stream.unit() < 0.8),
                }
            })
            .collect();
        builder
            .add_job(
                JobSpec { submit: at, tenant: stream.below(9) as u32, is_gang: stream.unit() < 0.3 },
                tasks,
            )
            .expect("a job");
        if task_count > 1 {
            builder.add_dependency(first + 1, first).expect("both are there");
        }
        if first > 0 && stream.unit() < 0.5 {
            builder.add_dependency(first, stream.below(first as usize) as u32).expect("both are there");
        }
    }
    builder.finish()
}

fn apply(workload: &Workload, transform: &Transform, seed: u64) -> Workload {
    transform::apply(workload, transform, Seed(seed)).unwrap_or_else(|error| panic!("{transform:?}: {error}"))
}

fn names(workload: &Workload) -> Vec<String> {
    workload.tasks().map(|task| workload.name(task).expect("a name").to_owned()).collect()
}

/// By name, what must be the same wherever a task went: all but its moment.
fn told(workload: &Workload, task: TaskId) -> String {
    let spec = workload.task_spec(task);
    let wait = workload.recorded_start(task).map(|start| start.since(workload.submit(task)));
    let job = workload.job(task);
    format!(
        "{:?} {} {:?} {:?} {} {:?} {wait:?} {:?} {} {}",
        spec.demand,
        spec.work,
        spec.estimate,
        spec.patience,
        spec.is_censored,
        spec.usage,
        workload.recorded_host(task),
        workload.tenant(job),
        workload.is_gang(job)
    )
}

/// Everything in the part is in the whole, told alike and at the same moment of the source's clock where `moves` is
/// false; dependencies are those of the whole between tasks that are left.
fn assert_is_part(part: &Workload, whole: &Workload, moves: bool) {
    let places: std::collections::BTreeMap<String, TaskId> =
        whole.tasks().map(|task| (whole.name(task).expect("a name").to_owned(), task)).collect();
    let in_whole = |task: TaskId| places[part.name(task).expect("a name")];
    for task in part.tasks() {
        assert_eq!(told(part, task), told(whole, in_whole(task)));
        if !moves {
            let clock = |workload: &Workload, task| workload.origin().0 + workload.submit(task).0;
            assert_eq!(clock(part, task), clock(whole, in_whole(task)));
        }
    }
    let left: std::collections::BTreeSet<TaskId> = part.tasks().map(in_whole).collect();
    let expected: Vec<(TaskId, TaskId)> = whole
        .dependencies()
        .iter()
        .copied()
        .filter(|(task, on)| left.contains(task) && left.contains(on))
        .collect();
    let mut found: Vec<(TaskId, TaskId)> =
        part.dependencies().iter().map(|&(task, on)| (in_whole(task), in_whole(on))).collect();
    found.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(part.mix(), whole.mix());
}

/// Cores asked for, over the span.
fn load(workload: &Workload) -> f64 {
    let sum: f64 = workload
        .tasks()
        .map(|task| f64::from(workload.demand(task).cpu_milli) * workload.work(task).seconds())
        .sum();
    sum / 1000.0 / workload.last_submit().seconds()
}

fn range(from: Option<f64>, to: Option<f64>) -> Transform {
    Transform::TimeWindow(TimeWindow { from_seconds: from, to_seconds: to, ..TimeWindow::default() })
}

fn scale(factor: f64, by: ScaleBy) -> Transform {
    Transform::ScaleLoad(ScaleLoad { factor, by, jitter_seconds: 600.0 })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn windows_and_splits_are_partitions(seed in 0_u64..1000, first in 0.1_f64..0.5, second in 0.5_f64..0.9) {
        let whole = random(seed, 120);
        let last = whole.last_submit().seconds();
        let at = [first * last, second * last];
        let windows = [range(None, Some(at[0])), range(Some(at[0]), Some(at[1])), range(Some(at[1]), None)];
        let seconds = |at: f64| Some(Boundary::Seconds(at));
        let boundaries = |part| Transform::Split(Split {
            validation_from: seconds(at[0]), test_from: seconds(at[1]), ..Split::of(part)
        });
        let shares = |part| Transform::Split(Split {
            train: Some(first), validation: Some(second - first), test: Some(1.0 - second), ..Split::of(part)
        });
        let parts = [Part::Train, Part::Validation, Part::Test];
        for steps in [windows, parts.map(boundaries), parts.map(shares)] {
            let parts = steps.map(|step| apply(&whole, &step, 0));
            parts.iter().for_each(|part| assert_is_part(part, &whole, false));
            let together: Vec<String> = parts.iter().flat_map(names).collect();
            prop_assert_eq!(together, names(&whole));
        }
    }

    #[test]
    fn windows_by_seed_begin_where_they_should(seed in 0_u64..1000) {
        let whole = random(seed, 100);
        let window = TimeWindow { starts_seconds: vec![0.0, 9000.0, 20_000.0], length_seconds: Some(9000.0), ..TimeWindow::default() };
        for (index, &start) in window.starts_seconds.iter().enumerate() {
            let part = apply(&whole, &Transform::TimeWindow(window.clone()), index as u64);
            assert_is_part(&part, &whole, false);
            prop_assert_eq!(part.origin().seconds(), whole.origin().seconds() + start);
            prop_assert_eq!(&part, &apply(&whole, &range(Some(start), Some(start + 9000.0)), 0));
        }
        let refused = transform::apply(&whole, &Transform::TimeWindow(window), Seed(3)).expect_err("no fourth").to_string();
        prop_assert!(refused.contains("seed 3"), "{}", refused);
    }

    #[test]
    fn samples_are_parts_and_a_whole_sample_is_the_whole(seed in 0_u64..1000, share in 0.2_f64..0.9) {
        let whole = random(seed, 200);
        for by in [SampleBy::Job, SampleBy::Tenant] {
            let step = |share| Transform::Sample(Sample { share, by });
            prop_assert_eq!(digest(&apply(&whole, &step(1.0), seed)), digest(&whole));
            // Of a few tenants it happens that none is drawn, which is refused.
            let Ok(part) = transform::apply(&whole, &step(share), Seed(seed)) else {
                prop_assert_eq!(by, SampleBy::Tenant);
                continue;
            };
            assert_is_part(&part, &whole, false);
            prop_assert_eq!(digest(&part), digest(&apply(&whole, &step(share), seed)));
            if by == SampleBy::Tenant {
                let jobs = |workload: &Workload, tenant| {
                    workload.jobs().filter(|&job| workload.tenant(job) == tenant).count()
                };
                for job in part.jobs() {
                    prop_assert_eq!(jobs(&part, part.tenant(job)), jobs(&whole, part.tenant(job)));
                }
            } else {
                // Five standard deviations of a share of 200 are less than 0.18.
                let kept = part.job_count() as f64 / 200.0;
                prop_assert!((kept - share).abs() < 0.18, "{} of {}", kept, share);
            }
        }
    }

    #[test]
    fn loads_scale_by_the_factor(seed in 0_u64..1000, factor in 0.3_f64..4.0) {
        let whole = random(seed, 2000);
        for by in [ScaleBy::Jobs, ScaleBy::Arrivals] {
            prop_assert_eq!(digest(&apply(&whole, &scale(1.0, by), seed)), digest(&whole));
            let scaled = apply(&whole, &scale(factor, by), seed);
            prop_assert_eq!(digest(&scaled), digest(&apply(&whole, &scale(factor, by), seed)));
            let found = load(&scaled) / load(&whole) / factor;
            let bound = if by == ScaleBy::Jobs { 0.2 } else { 1e-9 };
            prop_assert!((found - 1.0).abs() < bound, "{:?} by {}: {}", by, factor, found);
            prop_assert_eq!(scaled.origin(), whole.origin());
        }
        let fewer = apply(&whole, &scale(0.3, ScaleBy::Jobs), seed);
        assert_is_part(&fewer, &whole, false);
        let slower = apply(&whole, &scale(0.5, ScaleBy::Arrivals), seed);
        assert_is_part(&slower, &whole, true);
        let twice = apply(&whole, &scale(2.0, ScaleBy::Jobs), seed);
        prop_assert_eq!(twice.task_count(), 2 * whole.task_count());
        prop_assert!(twice.last_submit() <= whole.last_submit());
        let recorded = |workload: &Workload| workload.tasks().filter(|&task| workload.recorded_start(task).is_some()).count();
        prop_assert_eq!(recorded(&twice), recorded(&whole));
        let within = |workload: &Workload| {
            workload.dependencies().iter().filter(|(task, on)| workload.job(*task) == workload.job(*on)).count()
        };
        prop_assert_eq!(within(&twice), 2 * within(&whole));
        prop_assert_eq!(twice.dependencies().len() - within(&twice), whole.dependencies().len() - within(&whole));
    }

    #[test]
    fn pauses_are_cut_and_nothing_else(seed in 0_u64..1000, longest in 10.0_f64..2000.0) {
        let whole = random(seed, 150);
        let cut = apply(&whole, &Transform::CompressGaps(CompressGaps { longest_seconds: longest }), 0);
        assert_is_part(&cut, &whole, true);
        prop_assert_eq!(names(&cut), names(&whole));
        let times = |workload: &Workload| workload.jobs().map(|job| workload.job_submit(job)).collect::<Vec<_>>();
        let longest = SimDuration::from_seconds(longest).expect("a duration");
        for (before, after) in times(&whole).windows(2).zip(times(&cut).windows(2)) {
            prop_assert_eq!(after[1].since(after[0]), before[1].since(before[0]).min(longest));
        }
        let again = apply(&cut, &Transform::CompressGaps(CompressGaps { longest_seconds: 1e9 }), 0);
        prop_assert_eq!(digest(&again), digest(&cut));
    }

    #[test]
    fn merged_parts_are_the_whole(seed in 0_u64..1000) {
        let whole = random(seed, 90);
        let middle = whole.last_submit().seconds() / 2.0;
        let parts = [apply(&whole, &range(None, Some(middle)), 0), apply(&whole, &range(Some(middle), None), 0)];
        let merged = merge(&[&parts[0], &parts[1]], Align::Origin).expect("possible");
        prop_assert_eq!(names(&merged), names(&whole));
        prop_assert_eq!(merged.origin(), whole.origin());
        for (task, other) in merged.tasks().zip(whole.tasks()) {
            prop_assert_eq!(merged.submit(task), whole.submit(other));
            prop_assert_eq!(merged.recorded_start(task), whole.recorded_start(other));
        }
        let tenants = |workload: &Workload| workload.jobs().map(|job| workload.tenant(job).0).max().expect("jobs") + 1;
        prop_assert!(merged.jobs().skip(parts[0].job_count()).all(|job| merged.tenant(job).0 >= tenants(&parts[0])));
        let together = parts.iter().map(|part| part.dependencies().len()).sum::<usize>();
        prop_assert_eq!(merged.dependencies().len(), together);
        let beside = merge(&[&parts[0], &parts[1]], Align::Begin).expect("possible");
        prop_assert_eq!(beside.last_submit(), parts[0].last_submit().max(parts[1].last_submit()));
        let shares: f64 = beside.mix().iter().map(|entry| entry.share).sum();
        prop_assert!((shares - 1.0).abs() < 1e-9);
        prop_assert_eq!(digest(&merge(&[&whole], Align::Begin).expect("possible")), digest(&whole));
    }
}

#[test]
fn kinds_are_renamed_in_demands_and_in_the_mix() {
    let whole = random(3, 200);
    let map = MapDeviceKinds {
        rename: [("V100M16", "A100"), ("V100M32", "A100")]
            .map(|(old, new)| (old.to_owned(), new.to_owned()))
            .into(),
        any_kind: false,
    };
    let mapped = apply(&whole, &Transform::MapDeviceKinds(map), 0);
    let kinds = |workload: &Workload| {
        let of =
            |demand: &Demand| demand.devices.as_ref().map_or(Vec::new(), |devices| devices.kinds.clone());
        let mut kinds: Vec<String> = workload.demands().iter().flat_map(of).collect();
        kinds.extend(workload.mix().iter().flat_map(|entry| of(&entry.demand)));
        kinds.sort();
        kinds.dedup();
        kinds
    };
    assert_eq!(
        (kinds(&whole), kinds(&mapped)),
        (vec!["T4".into(), "V100M16".into(), "V100M32".into()], vec!["A100".into(), "T4".into()])
    );
    assert_eq!(names(&mapped), names(&whole));
    let any = apply(
        &whole,
        &Transform::MapDeviceKinds(MapDeviceKinds { any_kind: true, ..MapDeviceKinds::default() }),
        0,
    );
    assert!(kinds(&any).is_empty());
    assert!(any.mix().len() < whole.mix().len());
    assert!((any.mix().iter().map(|entry| entry.share).sum::<f64>() - 1.0).abs() < 1e-9);
}

#[test]
fn estimates_are_what_is_asked_for() {
    let whole = random(4, 100);
    let of = |factor, round_up_seconds| {
        apply(&whole, &Transform::OverrideEstimates(OverrideEstimates { factor, round_up_seconds }), 0)
    };
    let exact = of(Some(1.0), 0.0);
    assert!(exact.tasks().all(|task| exact.estimate(task) == Some(exact.work(task))));
    let rounded = of(Some(2.0), 900.0);
    assert!(rounded.tasks().all(|task| {
        let estimate = rounded.estimate(task).expect("declared");
        estimate.0 % 900_000_000 == 0 && estimate.seconds() + 1e-5 >= 2.0 * rounded.work(task).seconds()
    }));
    assert_eq!(of(None, 0.0).tasks_without_estimate(), whole.task_count());
}

#[test]
fn a_day_is_a_boundary_of_a_source_whose_clock_counts_from_1970() {
    let whole = random(5, 800);
    let day = |date: &str| Some(Boundary::Date(date.to_owned()));
    let split =
        |part| Split { validation_from: day("2018-11-02"), test_from: day("2018-11-04"), ..Split::of(part) };
    let test = apply(&whole, &Transform::Split(split(Part::Test)), 0);
    assert_eq!(test.origin().seconds(), 1_541_289_600.0);
    let train = apply(&whole, &Transform::Split(split(Part::Train)), 0);
    assert!(train.last_submit().seconds() < 86_400.0);
    let early = Split { validation_from: day("2017-01-01"), ..split(Part::Train) };
    let refused =
        transform::apply(&whole, &Transform::Split(early), Seed(0)).expect_err("too early").to_string();
    assert!(refused.contains("2017-01-01") && refused.contains("validation_from"), "{refused}");
}

#[test]
fn what_no_transform_does_is_refused() {
    let whole = random(6, 50);
    let cases = [
        ("sample = { share = 0 }", "`share`"),
        ("sample = { share = 1.5 }", "`share`"),
        ("sample = { share = nan }", "`share`"),
        ("sample = { share = 1e-9 }", "no job is left of 50"),
        ("scale_load = { factor = 0 }", "`factor`"),
        ("scale_load = { factor = 2, jitter_seconds = -1 }", "`jitter_seconds`"),
        ("compress_gaps = { longest_seconds = -1 }", "`longest_seconds`"),
        ("time_window = {}", "`from_seconds`"),
        ("time_window = { from_seconds = 5, to_seconds = 5 }", "`to_seconds`"),
        ("time_window = { from_seconds = 5, starts_seconds = [5] }", "`starts_seconds`"),
        ("time_window = { starts_seconds = [5] }", "`length_seconds`"),
        ("time_window = { starts_seconds = [5], length_seconds = 0 }", "`length_seconds`"),
        ("time_window = { from_seconds = 1e9 }", "no job is left"),
        ("split = { part = 'test', train = 0.5 }", "`train`"),
        ("split = { part = 'test', train = 0.5, validation = 0.5, test = 0.5 }", "sum to 1"),
        ("split = { part = 'test', train = 1, validation = 0, test = 0 }", "no job is left"),
        ("split = { part = 'test', test_from = 5 }", "`test_from`"),
        ("split = { part = 'test', validation_from = 9, test_from = 5 }", "`test_from`"),
        ("split = { part = 'test', validation_from = 'May', test_from = 5 }", "2018-11-01"),
        ("map_device_kinds = {}", "`rename`"),
        ("map_device_kinds = { rename = { A10 = 'T4' } }", "T4, V100M16, V100M32"),
        ("map_device_kinds = { rename = { T4 = '' } }", "not empty"),
        ("map_device_kinds = { any_kind = true, rename = { T4 = 'A' } }", "one of both"),
        ("override_estimates = { factor = 0 }", "`factor`"),
        ("override_estimates = { factor = 1, round_up_seconds = -1 }", "`round_up_seconds`"),
    ];
    for (text, told) in cases {
        let transform: Transform = toml::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let error = transform::apply(&whole, &transform, Seed(0)).expect_err(text).to_string();
        assert!(error.contains(told) && error.contains(transform.name()), "{text}: {error}");
        assert!(!error.contains('\n'), "{error}");
    }
    for text in ["sample = { sahre = 1 }", "split = { part = 'tset' }", "smaple = { share = 1 }"] {
        assert!(toml::from_str::<Transform>(text).is_err(), "{text}");
    }
}

#[test]
fn every_transform_has_a_name_and_help_and_says_whether_seeds_matter() {
    let names = transform::names();
    assert!(names.len() >= 12 && names.iter().all(|(name, help)| !name.is_empty() && !help.is_empty()));
    let whole = random(7, 300);
    for text in [
        "window = { first_jobs = [0, 5], count = 20 }",
        "time_window = { starts_seconds = [0, 5000], length_seconds = 9000 }",
        "time_window = { to_seconds = 9000 }",
        "limit = { tasks = 50 }",
        "sample = { share = 0.5 }",
        "sample = { share = 1.0 }",
        "split = { part = 'train' }",
        "compress = { factor = 2 }",
        "compress_gaps = { longest_seconds = 100 }",
        "scale_load = { factor = 1.5 }",
        "scale_load = { factor = 1.5, by = 'arrivals' }",
        "fill = { device_milli_capacity = 100000, percent = 90 }",
        "map_device_kinds = { any_kind = true }",
        "override_estimates = { factor = 1 }",
        "shuffle_use = {}",
    ] {
        let step: Transform = toml::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        step.check(&[0, 1]).unwrap_or_else(|error| panic!("{text}: {error}"));
        let differs = digest(&apply(&whole, &step, 0)) != digest(&apply(&whole, &step, 1));
        assert_eq!(differs, step.is_of_seed(), "{text}");
        assert_eq!(digest(&apply(&whole, &step, 1)), digest(&apply(&whole, &step, 1)), "{text}");
        // What a config says is what it writes.
        let written = toml::to_string(&step).expect("TOML");
        assert_eq!(toml::from_str::<Transform>(&written).expect("read back"), step, "{written}");
    }
}

#[test]
fn ids_are_dense_after_every_transform() {
    let whole = random(8, 50);
    let part = apply(&whole, &Transform::Sample(Sample { share: 0.5, by: SampleBy::Job }), 1);
    assert!(part.tasks().enumerate().all(|(index, task)| task.index() == index));
}
