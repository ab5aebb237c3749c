#!/bin/sh
# Proximal policy optimisation end to end, decisions a second: ours on the real order question of a pool, with its features encoded, beside
# MaskablePPO (sb3-contrib on Stable-Baselines3) on an environment in which nothing happens. Both learn the same network (2,978
# parameters) with the same settings: 16 environments of 1,024 steps an iteration, 4 epochs, minibatches of 1,024, on two threads.
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
export RAYON_NUM_THREADS=2 OMP_NUM_THREADS=2
ours() { target/release/examples/ppo_throughput "$iterations" "$1" "${2:-fused}" | tee -a "$found"; }
found=$(mktemp)
trap 'rm -f "$found"' EXIT
ours none
ours easy_published
"$PYTHON" experiments/throughput/empty_environment.py "$iterations" 2 | tee -a "$found"
# Again, so that whatever else the machine did meanwhile is seen.
ours none
echo
grep -E "^(ours|theirs)" "$found"
awk '/^ours \(None/ { sum += $(NF - 1); count += 1 } /^theirs/ { theirs = $(NF - 1) }
     END { printf "ours without backfilling is %.2f times as fast\n", sum / count / theirs }' "$found"
