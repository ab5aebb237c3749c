#!/bin/sh
# Proximal policy optimisation end to end, decisions a second: ours on the real order question of a pool, with its features encoded, beside
# MaskablePPO (sb3-contrib on Stable-Baselines3) on an environment in which nothing happens. Both learn the same network (2,978
# parameters) with the same settings: 16 environments of 1,024 steps an iteration, 4 epochs, minibatches of 1,024, on two cores. Theirs is
# measured with one and with two threads for its tensors, and the better one counts.
#
#     experiments/throughput/run.sh [iterations]
#
# PYTHON names an interpreter that has torch, sb3-contrib and gymnasium. Without it a virtual environment with them is made in
# target/throughput (CPU wheels, from wherever pip is set up to look).
set -eu
cd "$(dirname "$0")/../.."
iterations=${1:-3}

if [ -z "${PYTHON:-}" ]; then
    PYTHON=target/throughput/bin/python
    if [ ! -x "$PYTHON" ]; then
        python3 -m venv target/throughput
        "$PYTHON" -m pip install --quiet torch==2.15.0 stable-baselines3==2.9.2 sb3-contrib==2.9.2 gymnasium==1.4.0
    fi
fi

cargo build --quiet --release --workspace --example ppo_throughput
export RAYON_NUM_THREADS=2
found=$(mktemp)
trap 'rm -f "$found"' EXIT
ours() { target/release/examples/ppo_throughput "$iterations" "$1" fused | tee -a "$found"; }
theirs() { OMP_NUM_THREADS=$1 "$PYTHON" experiments/throughput/empty_environment.py "$iterations" "$1" | tee -a "$found"; }
ours none
theirs 2
theirs 1
# Again, so that whatever else the machine did meanwhile is seen.
ours none
ours easy_published
echo
grep -E "^(ours|theirs)" "$found"
awk '/^ours \(None/ { if (least == 0 || $(NF - 1) < least) least = $(NF - 1) }
     /^theirs/ { if ($(NF - 1) > most) most = $(NF - 1) }
     END { printf "without backfilling, our slower run is %.2f times as fast as their faster one\n", least / most }' "$found"
