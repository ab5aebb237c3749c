//! What a config may not say: each refusal names the key and what is allowed.

use runner::Config;

const VALID: &str = r#"name = "x"
seeds = [0, 1]
metrics = ["wait_mean"]
series_points = 100
[clusters.pool]
pool = { processors = 8 }
[clusters.hosts]
host_order = "shuffled"
[[clusters.hosts.hosts]]
count = 4
model = "small"
cores = 16
memory_gib = 64
numa_nodes = 2
devices = [{ kind = "T4", count = 2 }]
hosts_per_rack = 2
power = "sr665_7763"
[clusters.hosts.device_kinds.own]
power = { idle_watts = 5, max_watts = 10 }
[workloads.day]
source = { generator = "mixed_cluster", tasks = 10 }
transforms = [{ compress = { factor = 2.0 } }]
[workloads.log]
source = { importer = "swf", path = "log.swf" }
transforms = [{ window = { first_jobs = [0, 10], count = 5 } }]
[rules.usual]
pue = 1.3
horizon_seconds = 100.0
warm_up_seconds = 10.0
measure_seconds = 50.0
backfilling = "skip"
[schedulers.best]
order = "fcfs"
place = "best_fit"
[[scenarios]]
name = "one"
cluster = "pool"
workload = "log"
rules = "usual"
[scenarios_grid]
clusters = ["hosts"]
workloads = ["day"]
rules = ["usual"]
name = "{workload}/{rules}"
[sweep]
"rules.usual.pue" = [1.1, 1.2]
"schedulers.best.place" = ["best_fit", "fgd"]
"workloads.day.source.tasks" = { from = 10, to = 30, steps = 3 }
"#;

/// The rules above before a scheduler, where rules ask what to change.
const ASKED: &str = "[schedulers.best]\norder = \"fcfs\"\nplace = \"best_fit\"\n";

/// What is replaced by what, and what the refusal must say.
const REFUSED: &[(&str, &str, &[&str])] = &[
    ("name = \"one\"", "name = \"one\"\nseeds = [4, 4]", &["`scenarios[0].seeds`", "seed 4", "twice"]),
    ("name = \"one\"", "name = \"one\"\nseeds = []", &["`scenarios[0].seeds`", "no seed"]),
    (
        "name = \"one\"",
        "name = \"one\"\nschedulers = { bets = { order = \"sjf\" } }",
        &["`scenarios[0].schedulers.bets`", "did you mean `best`"],
    ),
    (
        "name = \"one\"",
        "name = \"one\"\nschedulers = { best = { order = \"sfj\" } }",
        &["`scenarios[0].schedulers.best`", "did you mean \"sjf\""],
    ),
    (
        "name = \"one\"",
        "name = \"one\"\nschedulers = { best = { power = \"idle_timeout\" } }",
        &["`scenarios[0].schedulers.best.power`", "never ask what to change"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nrebalancing = { period_seconds = 0 }",
        &["`rules.usual.rebalancing.period_seconds`", "0 stands there", "above 0"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nmigration = { slowdown = 1.0 }",
        &["`rules.usual.migration.slowdown`", "below 1"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nmigration = \"quemu\"",
        &["unknown migration `quemu`", "did you mean `qemu`?"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nmigration = { preset = \"zen\" }",
        &["`rules.usual.migration.preset`", "unknown preset `zen`", "did you mean `xen`?"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nmigration = { preset = \"xen\", work = \"wbe\" }",
        &["`rules.usual.migration.work`", "did you mean `web`?"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nmigration = { preset = \"xen\", bandwith = 3 }",
        &["`rules.usual.migration.bandwith`", "unknown key `bandwith`", "`bandwidth_mib_per_second`"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nmigration = { bandwidth_mib_per_second = 0 }",
        &["`rules.usual.migration.bandwidth_mib_per_second`", "0 stands there", "above 0"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nmigration = { preset = \"qemu\", dirty_mib_per_second = nan }",
        &["`rules.usual.migration.dirty_mib_per_second`", "NaN stands there", "from 0 on"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nmigration = { preset = \"qemu\", working_set_share = 1.5 }",
        &["`rules.usual.migration.working_set_share`", "1.5 stands there", "from 0 to 1"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nmigration = { preset = \"qemu\", rounds = 0 }",
        &["`rules.usual.migration.rounds`", "0 stands there", "from 1 to 10000"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nmigration = { preset = \"qemu\", at_once = 0 }",
        &["`rules.usual.migration.at_once`", "0 stands there", "from 1 on"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nmigration = { preset = \"qemu\", dirty_ratio = 0.5, dirty_mib_per_second = 3 }",
        &["`rules.usual.migration.dirty_ratio`", "one of both"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nmigration = { preset = \"checkpoint\", store_write_mib_per_second = 3 }",
        &["`rules.usual.migration.store_read_mib_per_second`", "both or neither"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nmigration = { mode = \"precopy\" }",
        &["`rules.usual.migration.mode`", "precopy", "pre_copy"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nmigration = { downtime_target_seconds = 0.01 }",
        &["`rules.usual.migration.downtime_target_seconds`", "sent once", "another `preset` or `mode`"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nmigration = \"qemu\"\nrebalancing = { period_seconds = 300 }\naccounting = \"cloudsim_3\"",
        &["`rules.usual.accounting`", "stages of migrations", "send_once"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\naccounting = \"cloudsim_3\"",
        &["`rules.usual.accounting`", "`rebalancing`"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nfacility = { ups = \"modem\" }",
        &["`modem`", "did you mean `modern`?"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nfacility = { ups = { no_load = 0.01, proportional = -1, square = 0 } }",
        &["`rules.usual.facility.ups.proportional`", "-1", "0 or more"],
    ),
    ("[rules.usual]", "[rules.usual]\nfacility = { ups = { no_load = 0.01 } }", &["missing", "proportional"]),
    (
        "[rules.usual]",
        "[rules.usual]\nfacility = { ups = \"eco\", redundancy = \"3n\" }",
        &["`rules.usual.facility.redundancy`", "3n", "2n"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nfacility = { ups = \"eco\", rated_watts = 0 }",
        &["`rules.usual.facility.rated_watts`", "0 stands there", "above 0"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nfacility = { ups = \"eco\", cooling = inf }",
        &["`rules.usual.facility.cooling`", "inf", "0 or more"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nfacility = { ups = \"eco\", converters = {} }",
        &["`rules.usual.facility`", "exactly one of `ups` and `converters`"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nfacility = {}",
        &["`rules.usual.facility`", "exactly one of `ups` and `converters`"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nfacility = { converters = {}, redundancy = \"2n\" }",
        &["`rules.usual.facility.redundancy`", "with a `ups`"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nfacility = { converters = { board = { loss_watts = 13, efficiency = 1.2 } } }",
        &["`rules.usual.facility.converters.board.efficiency`", "1.2", "up to 1"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nfacility = { converters = { rectifier = { loss_watts = -1, efficiency = 1 } } }",
        &["`rules.usual.facility.converters.rectifier.loss_watts`", "-1", "0 or more"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nfacility = { ups = \"eco\" }",
        &["`rules.usual.facility`", "beside `pue`", "one of both"],
    ),
    (
        "[clusters.hosts]",
        "[clusters.hosts]\npower_curves = { hosts = \"lienar\" }",
        &["`clusters.hosts.power_curves.hosts`", "lienar", "linear"],
    ),
    ("[clusters.hosts]", "[clusters.hosts]\npower_curves = { gpus = \"log\" }", &["`gpus`", "devices"]),
    (
        ASKED,
        "rebalancing = { period_seconds = 300 }\n[schedulers.best]\nplace = \"best_fit\"\nrebalance = { policy = \"cap_no_relief\", theta = 1.5 }\n",
        &["`schedulers.best`", "cap_no_relief", "`theta`", "1.5 stands there", "up to 1"],
    ),
    (
        ASKED,
        "rebalancing = { period_seconds = 300 }\n[schedulers.best]\nplace = \"best_fit\"\nrebalance = { policy = \"consolidate\", safety = 0.0 }\n",
        &["safety", "0 stands there", "above 0"],
    ),
    (
        ASKED,
        "rebalancing = { period_seconds = 300 }\n[schedulers.best]\nplace = \"best_fit\"\npower = { policy = \"idle_timeout\", seconds = -1.0 }\n",
        &["seconds", "-1 stands there", "0 or more"],
    ),
    (
        "place = \"best_fit\"\n",
        "place = { policy = \"dot_product\", cpu_weight = inf }\n",
        &["cpu_weight", "inf", "finite"],
    ),
    ("[rules.usual]", "[rules.usual]\ncpu_bound = 1.5", &["`rules.usual.cpu_bound`", "from 0 to 1"]),
    (
        "place = \"best_fit\"\n",
        "place = \"best_fit\"\npower = \"idle_timeout\"\n",
        &["`schedulers.best.power`", "\"one\"", "`rebalancing`"],
    ),
    ("cores = 16", "cores = 16\ncpu_overcommit = 0.5", &["cpu_overcommit`", "from 1 to"]),
    (
        "power = { idle_watts = 5, max_watts = 10 }",
        "power = { idle_watts = 5, max_watts = 10 }\nmemory_mib = 0",
        &["`clusters.hosts.device_kinds.own.memory_mib`", "0 stands there"],
    ),
    (
        "power = { idle_watts = 5, max_watts = 10 }",
        "power = { idle_watts = 5, max_watts = 10 }\nmemory_overcommit = 0.5",
        &["`clusters.hosts.device_kinds.own.memory_overcommit`", "0.5", "from 1 to 8"],
    ),
    (
        "power = { idle_watts = 5, max_watts = 10 }",
        "power = { idle_watts = 5, max_watts = 10 }\nsharing = \"mig\"\nmemory_overcommit = 1.5",
        &["`clusters.hosts.device_kinds.own.memory_overcommit`", "one of both"],
    ),
    (
        "cores = 16",
        "cores = 16\neffects = { numa = { preset = \"ice_lake\", remote_ns = 1 } }",
        &["`remote_ns` is 1", "no less than `local_ns`"],
    ),
    (
        "cores = 16",
        "cores = 16\neffects = { numa = { preset = \"ice_lake\", remote_ns = nan } }",
        &["`remote_ns` is no finite number"],
    ),
    (
        "[clusters.hosts.device_kinds.own]",
        "[clusters.hosts.device_kinds.U250]\nshared = true\n[clusters.hosts.device_kinds.own]",
        &["`clusters.hosts.device_kinds.U250.class`", "\"fpga\""],
    ),
    ("cores = 16", "cores = 16\nspeed = 0", &["speed`", "0 stands there", "from 0.01"]),
    ("cores = 16", "cores = 16\nio_cores = 16", &["io_cores`", "16 stands there", "fewer"]),
    (
        "cores = 16",
        "cores = 16\neffects = { numa = \"ice_cube\" }",
        &["`ice_cube`", "did you mean `ice_lake`"],
    ),
    (
        "cores = 16",
        "cores = 16\neffects = { numa = { preset = \"ice_lake\", remote_ns = 0 } }",
        &["`remote_ns` is 0", "above 0"],
    ),
    ("cores = 16", "cores = 16\neffects = { numa = { local_ns = 80 } }", &["missing", "`remote_ns`"]),
    (
        "cores = 16",
        "cores = 16\neffects = { numa = { preset = 3 } }",
        &["`preset` is 3", "the name of a numa memory"],
    ),
    (
        "cores = 16",
        "cores = 16\neffects = { virtualisation = { preset = \"tuned_vm\", cpu = -0.1 } }",
        &["`cpu` is -0.1", "0 or more"],
    ),
    (
        "cores = 16",
        "cores = 16\neffects = { virtualisation = { walk_cost = 0.5 } }",
        &["`walk_cost` is 0.5", "1 or more"],
    ),
    ("cores = 16", "cores = 16\neffects = { cpu_sharing = \"fair\" }", &["`fair`", "`max_min`"]),
    (
        "cores = 16",
        "cores = 16\neffects = { cpu_sharing = { weigths = \"equal\" } }",
        &["`weigths`", "`weights`"],
    ),
    (
        "cores = 16",
        "cores = 16\neffects = { memory_pressure = { merged = 2 } }",
        &["`merged` is 2", "0 to 1"],
    ),
    (
        "cores = 16",
        "cores = 16\neffects = { interconnect = { linked_devices = 4 } }",
        &["`link_gb_per_second` is 0", "above 0"],
    ),
    ("cores = 16", "cores = 16\neffects = { nuna = \"ice_lake\" }", &["nuna`", "did you mean `numa`"]),
    (
        "power = { idle_watts = 5, max_watts = 10 }",
        "power = { idle_watts = 5, max_watts = 10 }\nshared = true\nsharing = \"mig\"",
        &["`clusters.hosts.device_kinds.own.sharing`", "beside `shared`"],
    ),
    (
        "power = { idle_watts = 5, max_watts = 10 }",
        "power = { idle_watts = 5, max_watts = 10 }\nsharing = \"mgi\"",
        &["`mgi`", "did you mean `mig`"],
    ),
    (
        "power = { idle_watts = 5, max_watts = 10 }",
        "power = { idle_watts = 5, max_watts = 10 }\nsharing = { regions = { count = 3, reconfiguration_seconds = 1 } }",
        &["`count` is 3", "a divisor of 1000"],
    ),
    (
        "power = { idle_watts = 5, max_watts = 10 }",
        "power = { idle_watts = 5, max_watts = 10 }\nsharing = { time_slicing = { switching_loss = 1 } }",
        &["`switching_loss` is 1", "below 1"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\ntopology_manager = \"strict\"",
        &["`rules.usual.topology_manager`", "strict", "restricted"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nnuma_split = { above_memory_mib = 1024 }\ntopology_manager = \"none\"",
        &["`rules.usual.numa_split`", "one of both"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nnuma_split = { above_memory_gib = 1 }",
        &["above_memory_gib", "above_memory_mib"],
    ),
    ("[rules.usual]", "[rules.usual]\nbehaviour = \"webb\"", &["`webb`", "did you mean `web`"]),
    (
        "[rules.usual]",
        "[rules.usual]\nbehaviour = { preset = \"web\", memory_bound = 2 }",
        &["`memory_bound` is 2", "0 to 1"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nbehaviour = [{ share = 0.5, behaviour = \"web\" }]",
        &["`rules.usual.behaviour`", "0.5", "add up to 1"],
    ),
    ("[rules.usual]", "[rules.usual]\nbehaviour = []", &["`rules.usual.behaviour`", "0 kinds", "1 to 4"]),
    (
        "[rules.usual]",
        "[rules.usual]\ncpu_quota = 0",
        &["`rules.usual.cpu_quota`", "0 stands there", "above 0"],
    ),
    ("cores = 16", "cores = 16\nfrequencies = [0.5, 0.8]", &["frequencies`", "falling"]),
    ("cores = 16", "cores = 16\nsleep = \"of\"", &["sleep`", "did you mean `off`"]),
    (
        "pue = 1.3",
        "facility = { ups = \"eco\", cooling = \"chiler\" }",
        &["`chiler`", "did you mean `chiller`?"],
    ),
    (
        "pue = 1.3",
        "facility = { ups = \"eco\", cooling = \"economiser_air\" }",
        &["`rules.usual.facility.cooling`", "`surroundings.weather`", "chiller_20c"],
    ),
    (
        "pue = 1.3",
        "facility = { ups = \"eco\", cooling = { preset = \"chiller_20c\", supply_celsius = 50 } }",
        &["`rules.usual.facility.cooling.supply_celsius`", "50", "from 5 to 35"],
    ),
    (
        "pue = 1.3",
        "facility = { ups = \"eco\", cooling = { preset = \"chiller_20c\", fans_and_pumps = 0.01 } }",
        &["`rules.usual.facility.cooling.fans_and_pumps`", "0.01", "`chiller_20c` does not have"],
    ),
    (
        "pue = 1.3",
        "facility = { ups = \"eco\", cooling = { preset = \"chiller_20\" } }",
        &["`rules.usual.facility.cooling.preset`", "did you mean `chiller_20c`?"],
    ),
    (
        "pue = 1.3",
        "facility = { ups = \"eco\", cooling = { preset = \"liquid\", share = 0.5 } }",
        &["`share`", "liquid_share"],
    ),
    (
        "pue = 1.3",
        "facility = { ups = \"eco\", cooling = { preset = \"liquid\", fan_share = 2 } }",
        &["`rules.usual.facility.cooling.fan_share`", "2 stands there", "from 0 to 1"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nsurroundings = { carbon = -1 }",
        &["`rules.usual.surroundings.carbon`", "-1", "0 or more"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nsurroundings = { weather = { synthetic = { mean = 10 } } }",
        &["`rules.usual.surroundings.calendar`", "`weather` moves", "America/Los_Angeles"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nsurroundings = { calendar = \"2022-07-01\" }",
        &["`rules.usual.surroundings.calendar`", "2022-07-01"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nsurroundings = { calendar = \"2022-07-01T00:00Z\", carbon = { synthetic = { mean = 10, daily_swing = 30 } } }",
        &["`rules.usual.surroundings.carbon.synthetic.mean`", "falls to -5", "0 or more"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nsurroundings = { calendar = \"2022-07-01T00:00Z\", price = { synthetic = { mean = 10, hottest_hour = 25 } } }",
        &["`rules.usual.surroundings.price.synthetic.hottest_hour`", "25", "from 0 to 24"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nsurroundings = { price = { synthetic = { maen = 10 } } }",
        &["`rules.usual.surroundings.price`", "maen", "mean"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nsurroundings = { weather = { path = \"x.epw\" } }",
        &["`rules.usual.surroundings.weather`", "`path` with its `format`", "`synthetic`"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nsurroundings = { weather = { path = \"x.epw\", format = \"epv\" } }",
        &["`rules.usual.surroundings.weather.format`", "did you mean `epw`?"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nsurroundings = { weather = { path = \"x.epw\", format = \"epw\", gaps = \"fill\" } }",
        &["`rules.usual.surroundings.weather`", "`gaps`", "hold"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nsurroundings = { price = { path = \"x\", format = \"prices\", marginal = true } }",
        &["`rules.usual.surroundings.price.marginal`", "under `carbon`"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nsurroundings = { carbon = 400, forecast_hours = -1 }",
        &["`rules.usual.surroundings.forecast_hours`", "-1", "from 0 to"],
    ),
    (
        "[rules.usual]",
        "[rules.usual]\nsurroundings = { wether = 20 }",
        &["wether", "did you mean `weather`?"],
    ),
    (
        "order = \"fcfs\"",
        "order = \"carbon_aware\"",
        &["`schedulers.best.order`", "carbon_aware", "\"one\"", "`surroundings.carbon`"],
    ),
    ("cores = 16", "cores = 16\nembodied = \"sever\"", &["embodied`", "sever", "server"]),
    ("cores = 16", "cores = 16\nembodied = -3", &["embodied`", "-3", "0 kilograms or more"]),
    ("name = \"x\"", "nmae = \"x\"", &["line 1", "`nmae`", "`name`", "did you mean `name`?"]),
    ("name = \"x\"", "name = \"\"", &["line 1", "`name`", "empty"]),
    ("name = \"x\"", "name = x\"", &["x.toml, line 1"]),
    ("seeds = [0, 1]", "seeds = []", &["line 2", "`seeds`", "one or more"]),
    ("seeds = [0, 1]", "seeds = [0, 0]", &["`seeds`", "seed 0", "each seed once"]),
    ("seeds = [0, 1]", "seeds = [-1]", &["`seeds", "-1", "whole number from 0"]),
    ("seeds = [0, 1]", "seeds = { from = 0, cuont = 3 }", &["`seeds.cuont`", "did you mean `count`?"]),
    ("seeds = [0, 1]", "seeds = { from = 0, count = 99_999_999 }", &["`seeds`", "99999999", "1000000"]),
    ("seeds = [0, 1]", "seeds = \"all\"", &["`seeds`", "\"all\"", "a list of whole numbers"]),
    ("seeds = [0, 1]\n", "", &["`seeds`", "missing key"]),
    ("\"wait_mean\"", "\"wait_maen\"", &["line 3", "`metrics[0]`", "did you mean `wait_mean`?"]),
    ("[\"wait_mean\"]", "[\"wait_mean\", \"wait_mean\"]", &["`metrics[1]`", "each metric once"]),
    (
        "[\"wait_mean\"]\n",
        "[\"wait_mean\"]\nsavings = { baseline = \"nobody\", metrics = {} }\n",
        &["`savings.baseline`", "nobody"],
    ),
    (
        "[\"wait_mean\"]\n",
        "[\"wait_mean\"]\nclaim = { says = \" \", metric = \"wait_mean\", at_most = 1 }\n",
        &["line 4", "`claim.says`", "empty"],
    ),
    (
        "[\"wait_mean\"]\n",
        "[\"wait_mean\"]\nclaim = { says = \"x\", metric = \"wait_maen\", at_most = 1 }\n",
        &["`claim.metric`", "wait_maen", "did you mean `wait_mean`?"],
    ),
    (
        "[\"wait_mean\"]\n",
        "[\"wait_mean\"]\nclaim = { says = \"x\", metric = \"makespan\", at_most = 1 }\n",
        &["`claim.metric`", "`makespan`", "not in `metrics`", "`wait_mean`"],
    ),
    (
        "[\"wait_mean\"]\n",
        "[]\nclaim = { says = \"x\", metric = \"makespan\", at_most = 1 }\n",
        &["`claim.metric`", "`makespan`", "none yet"],
    ),
    (
        "[\"wait_mean\"]\n",
        "[\"wait_mean\"]\nclaim = { says = \"x\", metric = \"wait_mean\" }\n",
        &["`claim.at_most`", "neither", "exactly one of `at_most` and `at_least`"],
    ),
    (
        "[\"wait_mean\"]\n",
        "[\"wait_mean\"]\nclaim = { says = \"x\", metric = \"wait_mean\", at_most = 1, at_least = 0 }\n",
        &["`claim.at_most`", "both", "exactly one"],
    ),
    (
        "[\"wait_mean\"]\n",
        "[\"wait_mean\"]\nclaim = { says = \"x\", metric = \"wait_mean\", at_least = inf }\n",
        &["`claim.at_least`", "inf", "finite"],
    ),
    (
        "[\"wait_mean\"]\n",
        "[\"wait_mean\"]\nclaim = { says = \"x\", metric = \"wait_mean\", at_most = 1, limits = \"\" }\n",
        &["`claim.limits`", "empty"],
    ),
    (
        "[\"wait_mean\"]\n",
        "[\"wait_mean\"]\nclaim = { sais = \"x\", metric = \"wait_mean\", at_most = 1 }\n",
        &["`claim.sais`", "did you mean `says`?"],
    ),
    ("series_points = 100", "series_points = 2", &["`series_points`", "0, or 4 to"]),
    ("processors = 8", "processors = 0", &["line 6", "`clusters.pool.pool.processors`", "1 to"]),
    ("processors = 8", "processors = 5_000_000", &["`clusters.pool.pool.processors`", "5000000", "4294967"]),
    ("processors = 8", "processors = -8", &["`clusters.pool.pool.processors`", "-8", "whole number"]),
    ("processors = 8", "processors = 8, memory_mib = 0", &["`clusters.pool.pool.memory_mib`", "1 or more"]),
    ("pool = { processors = 8 }", "", &["`clusters.pool`", "exactly one of `pool`, `nodes`, `hosts`"]),
    (
        "pool = { processors = 8 }",
        "pool = { processors = 8 }\nfile = \"c.toml\"",
        &["`clusters.pool.file`", "alone"],
    ),
    (
        "pool = { processors = 8 }",
        "file = \"nowhere.toml\"",
        &["`clusters.pool.file`", "nowhere.toml", "cannot be read"],
    ),
    (
        "pool = { processors = 8 }",
        "pool = { processors = 8 }\nnodes = { importer = \"openb_nodes\", path = \"n\" }",
        &["`clusters.pool`", "`pool` and `nodes`", "exactly one"],
    ),
    (
        "pool = { processors = 8 }",
        "nodes = { importer = \"openb_node\", path = \"n\" }",
        &["`clusters.pool.nodes.importer`", "`openb_node`", "did you mean `openb_nodes`?"],
    ),
    (
        "\"shuffled\"",
        "\"shufled\"",
        &["line 8", "`clusters.hosts.host_order`", "`as_listed`", "did you mean `shuffled`?"],
    ),
    ("count = 4", "count = 0", &["line 10", "`clusters.hosts.hosts[0].count`", "1 or more"]),
    ("count = 4", "count = -4", &["`clusters.hosts.hosts[0].count`", "-4", "whole number from 0"]),
    ("cores = 16", "cores = 0", &["`clusters.hosts.hosts[0].cores`", "1 to"]),
    (
        "cores = 16",
        "cores = 16\ncpu_milli = 16000",
        &["`clusters.hosts.hosts[0].cores`", "both", "`cpu_milli`"],
    ),
    ("memory_gib = 64\n", "", &["`clusters.hosts.hosts[0].memory_gib`", "neither", "`memory_mib`"]),
    ("numa_nodes = 2", "numa_nodes = 9", &["`clusters.hosts.hosts[0].numa_nodes`", "9", "1 to 8"]),
    ("hosts_per_rack = 2", "hosts_per_rack = 0", &["`clusters.hosts.hosts[0].hosts_per_rack`", "1 or more"]),
    (
        "kind = \"T4\"",
        "kind = \"T5\"",
        &["`clusters.hosts.hosts[0].devices[0].kind`", "`own`", "did you mean `T4`?"],
    ),
    ("count = 2 }]", "count = 0 }]", &["`clusters.hosts.hosts[0].devices[0].count`", "1 or more"]),
    ("count = 2 }]", "count = 17 }]", &["`clusters.hosts.hosts[0].devices`", "17", "up to 16"]),
    ("\"sr665_7763\"", "\"sr655_7763\"", &["`clusters.hosts.hosts[0].power`", "did you mean `sr665_7763`?"]),
    (
        "\"sr665_7763\"",
        "{ linear = { idle_watts = 300, max_watts = 100 } }",
        &["`clusters.hosts.hosts[0].power`", "300", "0 <= idle_watts <= max_watts"],
    ),
    (
        "\"sr665_7763\"",
        "{ liner = { idle_watts = 1, max_watts = 2 } }",
        &["`clusters.hosts.hosts[0].power", "`linear`"],
    ),
    (
        "power = { idle_watts = 5, max_watts = 10 }",
        "shared = true",
        &["`clusters.hosts.device_kinds.own.power`", "no model of known power", "`A100`"],
    ),
    (
        "idle_watts = 5",
        "idle_watts = -5",
        &["`clusters.hosts.device_kinds.own.power`", "-5", "0 <= idle_watts"],
    ),
    (
        "generator = \"mixed_cluster\"",
        "generator = \"mixed\"",
        &["line 21", "`workloads.day.source.generator`", "`mixed_cluster`"],
    ),
    (
        "generator = \"mixed_cluster\"",
        "path = \"x\"",
        &["`workloads.day.source`", "no source", "`generator`"],
    ),
    ("importer = \"swf\"", "importer = \"sfw\"", &["`workloads.log.source.importer`", "did you mean `swf`?"]),
    (", path = \"log.swf\"", "", &["`workloads.log.source`", "`path`", "data folder"]),
    (
        "importer = \"swf\"",
        "importer = \"swf\", canonical = \"d\"",
        &["`workloads.log.source`", "exactly one"],
    ),
    ("factor = 2.0", "factor = 0", &["`workloads.day.transforms[0].compress.factor`", "above 0"]),
    (
        "compress = {",
        "compres = {",
        &["`workloads.day.transforms[0]", "`compres`", "did you mean `compress`?"],
    ),
    (
        "first_jobs = [0, 10]",
        "first_jobs = [0]",
        &["`workloads.log.transforms[0].window.first_jobs`", "seed 1", "below 1"],
    ),
    ("pue = 1.3", "pue = 0.9", &["`rules.usual.pue`", "0.9", "1 or more"]),
    ("pue = 1.3", "pue = nan", &["`rules.usual.pue`", "1 or more"]),
    ("pue = 1.3", "puе = 1.3", &["line "]),
    ("horizon_seconds = 100.0", "horizon_seconds = -1", &["`rules.usual.horizon_seconds`", "-1", "above 0"]),
    (
        "backfilling = \"skip\"",
        "backfilling = \"eazy\"",
        &["`rules.usual.backfilling`", "did you mean `easy`?"],
    ),
    (
        "place = \"best_fit\"",
        "place = \"best_fitt\"",
        &["`schedulers.best`", "best_fitt", "did you mean \"best_fit\""],
    ),
    ("place = \"best_fit\"", "palce = \"best_fit\"", &["`schedulers.best.palce`", "did you mean `place`?"]),
    (
        "place = \"best_fit\"",
        "place = { policy = \"best_fit\", serch = \"scan\" }",
        &["`schedulers.best`", "serch", "search"],
    ),
    ("cluster = \"pool\"", "cluster = \"poll\"", &["`scenarios[0].cluster`", "did you mean `pool`?"]),
    ("workload = \"log\"", "workload = \"blog\"", &["`scenarios[0].workload`", "`day`"]),
    ("rules = \"usual\"", "rules = \"usal\"", &["`scenarios[0].rules`", "did you mean `usual`?"]),
    ("name = \"one\"", "name = \"day/usual\"", &["`scenarios_grid.name`", "`day/usual`", "each name once"]),
    (
        "clusters = [\"hosts\"]",
        "clusters = [\"host\"]",
        &["`scenarios_grid.clusters[0]`", "did you mean `hosts`?"],
    ),
    ("workloads = [\"day\"]", "workloads = []", &["`scenarios_grid.workloads`", "one or more"]),
    ("{workload}/{rules}", "{workloads}", &["`scenarios_grid.name`", "did you mean `workload`?"]),
    (
        "pool = { processors = 8 }",
        "named = \"epyc_flet\"",
        &["line 6", "`clusters.pool.named`", "`openb`", "did you mean `epyc_fleet`?"],
    ),
    (
        "pool = { processors = 8 }",
        "named = \"epyc_fleet\"\nhost_order = \"shuffled\"",
        &["`clusters.pool.named`", "stands alone"],
    ),
    (
        "pool = { processors = 8 }",
        "named = \"epyc_fleet\"\nfile = \"x.toml\"",
        &["`clusters.pool.file`", "x.toml"],
    ),
    ("warm_up_seconds = 10.0", "warm_up_seconds = -1", &["`rules.usual.warm_up_seconds`", "-1", "from 0 on"]),
    (
        "warm_up_seconds = 10.0",
        "warm_up_seconds = 100",
        &["`rules.usual.warm_up_seconds`", "100", "less than `horizon_seconds`"],
    ),
    ("measure_seconds = 50.0", "measure_seconds = 0", &["`rules.usual.measure_seconds`", "0", "above 0"]),
    (
        "measure_seconds = 50.0",
        "measure_seconds = 95",
        &["`rules.usual.measure_seconds`", "105 s", "after `horizon_seconds`, 100"],
    ),
    ("measure_seconds = 50.0", "mesure_seconds = 50", &["did you mean `measure_seconds`?"]),
    ("\"rules.usual.pue\" = [", "\"rules.usal.pue\" = [", &["line 46", "`usal`", "did you mean `usual`?"]),
    (
        "\"rules.usual.pue\" = [",
        "\"rules.usual.pew\" = [",
        &["`sweep.rules.usual.pew`", "1.1", "unknown key `pew`"],
    ),
    (
        "\"rules.usual.pue\" = [",
        "\"rule.usual.pue\" = [",
        &["`sweep.rule.usual.pue`", "did you mean `rules`?"],
    ),
    ("\"rules.usual.pue\" = [", "\"rules.usual\" = [", &["`sweep.rules.usual`", "names no key"]),
    ("\"rules.usual.pue\" = [", "\"rules.usual.pue.x\" = [", &["`sweep.rules.usual.pue.x`", "no table"]),
    ("\"rules.usual.pue\" = [", "rules.usual.pue = [", &["`sweep.rules", "in quotes"]),
    ("[1.1, 1.2]", "[1.1, 0.5]", &["`sweep.rules.usual.pue`", "with 0.5", "1 or more"]),
    ("[1.1, 1.2]", "[1.1, \"high\"]", &["`sweep.rules.usual.pue`", "with high", "high"]),
    ("[1.1, 1.2]", "[]", &["`sweep.rules.usual.pue`", "empty"]),
    ("[1.1, 1.2]", "1.1", &["`sweep.rules.usual.pue`", "a list of values"]),
    (
        "[\"best_fit\", \"fgd\"]",
        "[\"best_fit\", \"fdg\"]",
        &["`sweep.schedulers.best.place`", "with fdg", "did you mean \"fgd\""],
    ),
    (
        "day.source.tasks\"",
        "day.source.taks\"",
        &["`sweep.workloads.day.source.taks`", "did you mean `tasks`?"],
    ),
    (
        "{ from = 10, to = 30, steps = 3 }",
        "{ from = 10, to = 30, step = 0 }",
        &["source.tasks`", "does not lead"],
    ),
];

#[test]
fn the_config_that_refusals_start_from_is_valid() {
    Config::parse("x.toml", VALID).expect("valid");
}

#[test]
fn refusals_name_the_key_and_what_is_allowed() {
    let mut complaints = Vec::new();
    for (found, wrong, expected) in REFUSED {
        assert_eq!(VALID.matches(found).count(), 1, "`{found}` stands there once");
        let Err(error) = Config::parse("x.toml", &VALID.replace(found, wrong)) else {
            complaints.push(format!("`{wrong}` is not refused"));
            continue;
        };
        let error = error.to_string();
        let is_one_line = error.starts_with("x.toml, line ") && !error.contains('\n');
        let missing: Vec<_> = expected.iter().filter(|part| !error.contains(**part)).collect();
        if !is_one_line || !missing.is_empty() {
            complaints.push(format!("`{wrong}` is refused without {missing:?}: {error}"));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn a_config_needs_schedulers_and_scenarios() {
    let without = |from: &str, to: &str| {
        let (start, end) = (VALID.find(from).expect("there"), VALID.find(to).unwrap_or(VALID.len()));
        Config::parse("x.toml", &format!("{}{}", &VALID[..start], &VALID[end..]))
            .expect_err("refused")
            .to_string()
    };
    assert!(without("[schedulers.best]", "[[scenarios]]").contains("key `schedulers`: missing key"));
    assert!(without("[[scenarios]]", "none").contains("key `scenarios`: there is none"));
    let empty = VALID.replace("[schedulers.best]\norder = \"fcfs\"\nplace = \"best_fit\"", "[schedulers]");
    let error = Config::parse("x.toml", &empty).expect_err("refused").to_string();
    assert!(error.contains("key `schedulers`") && error.contains("one or more"), "{error}");
}

#[test]
fn a_refusal_in_an_included_file_names_that_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write("x.toml", &VALID.replace("pool = { processors = 8 }", "file = \"pool.toml\""));
    write("pool.toml", "host_order = \"as_listed\"\npool = { processors = 0 }\n");
    let error = Config::read(&folder.path().join("x.toml")).expect_err("refused").to_string();
    assert!(error.contains("pool.toml, line 2, key `pool.processors`"), "{error}");
    write("pool.toml", "pool = { processors = 3 }\n");
    let config = Config::read(&folder.path().join("x.toml")).expect("valid");
    assert_eq!(config.experiment.clusters.0[0].1.pool.as_ref().map(|pool| pool.processors), Some(3));
    write("pool.toml", "file = \"x.toml\"\n");
    let error = Config::read(&folder.path().join("x.toml")).expect_err("refused").to_string();
    assert!(error.contains("includes no other"), "{error}");
}
