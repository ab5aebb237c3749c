"""MaskablePPO of sb3-contrib on an empty environment: what its own machinery costs, end to end.

The environment does nothing: it shows the same 128 candidates of 18 features, all of which may be chosen, and pays nothing.
The network and the settings are those of `agents/learners/examples/ppo_throughput.rs`: a scorer 18-32-16-8-1 that every candidate goes
through, a value 18-32, mean over the candidates, 32-32-1; 16 environments of 1,024 steps an iteration, 4 epochs, minibatches of
1,024.

    python empty_environment.py [iterations] [threads]
"""

import sys
import time

import gymnasium
import numpy as np
import torch
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import DummyVecEnv
from torch import nn

CANDIDATES, FEATURES = 128, 18
ENVIRONMENTS, STEPS, EPISODE = 16, 1024, 1024


class Empty(gymnasium.Env):
    """Nothing happens."""

    def __init__(self):
        self.observation_space = gymnasium.spaces.Box(-100.0, 100.0, (CANDIDATES, FEATURES), np.float32)
        self.action_space = gymnasium.spaces.Discrete(CANDIDATES)
        self.seen = np.random.default_rng(0).normal(size=(CANDIDATES, FEATURES)).astype(np.float32)
        self.mask = np.ones(CANDIDATES, dtype=bool)
        self.step_count = 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.step_count = 0
        return self.seen, {}

    def step(self, action):
        self.step_count += 1
        return self.seen, 0.0, self.step_count == EPISODE, False, {}

    def action_masks(self):
        return self.mask


class Heads(nn.Module):
    """Scores of all candidates, and what the value is made of."""

    def __init__(self):
        super().__init__()
        self.latent_dim_pi, self.latent_dim_vf = CANDIDATES, 32
        self.score = nn.Sequential(
            nn.Linear(FEATURES, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 1)
        )
        self.embed = nn.Sequential(nn.Linear(FEATURES, 32), nn.ReLU())
        self.value = nn.Sequential(nn.Linear(32, 32), nn.ReLU())

    def forward(self, seen):
        return self.forward_actor(seen), self.forward_critic(seen)

    def forward_actor(self, seen):
        return self.score(seen.view(-1, CANDIDATES, FEATURES)).squeeze(-1)

    def forward_critic(self, seen):
        return self.value(self.embed(seen.view(-1, CANDIDATES, FEATURES)).mean(1))


class Policy(MaskableActorCriticPolicy):
    """The same network as ours."""

    def _build_mlp_extractor(self):
        self.mlp_extractor = Heads()

    def _build(self, lr_schedule):
        super()._build(lr_schedule)
        # Scores are the logits themselves.
        self.action_net = nn.Identity()
        self.optimizer = self.optimizer_class(self.parameters(), lr=lr_schedule(1), **self.optimizer_kwargs)


class Clock(BaseCallback):
    """When each iteration begins."""

    def __init__(self):
        super().__init__()
        self.times = []

    def _on_rollout_start(self):
        self.times.append(time.perf_counter())

    def _on_step(self):
        return True


def main():
    iterations = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    torch.set_num_threads(int(sys.argv[2]) if len(sys.argv) > 2 else 2)
    environments = DummyVecEnv([Empty] * ENVIRONMENTS)
    model = MaskablePPO(
        Policy, environments, n_steps=STEPS, batch_size=1024, n_epochs=4, learning_rate=3e-4, ent_coef=0.01, device="cpu"
    )
    print("parameters:", sum(parameter.numel() for parameter in model.policy.parameters()))
    clock = Clock()
    # One iteration more than is counted, to warm up.
    model.learn((iterations + 1) * ENVIRONMENTS * STEPS, callback=clock)
    end = time.perf_counter()
    times = clock.times + [end]
    for place, (begin, after) in enumerate(zip(times, times[1:])):
        print(f"iteration {place + 1}: {ENVIRONMENTS * STEPS / (after - begin):.0f} decisions/s")
    rate = iterations * ENVIRONMENTS * STEPS / (end - times[1])
    print(f"theirs (MaskablePPO, nothing happens, {torch.get_num_threads()} threads): {rate:.0f} decisions/s")


if __name__ == "__main__":
    main()
