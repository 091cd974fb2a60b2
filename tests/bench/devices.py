"""What a step costs each of several devices, as compiled: `python -m tests.bench.devices`.

The devices are simulated on the processor: memory and what they send are as for real ones, times are not.
"""

from __future__ import annotations

import os

os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=8"

import math
import re
from typing import Any

import jax

from engine import templates
from engine.costs import costs
from engine.data.builtin import Digits
from engine.data.prepare import prepare
from engine.devices import ONE, Placement, Spread
from engine.feeding import feed
from engine.inference import infer
from engine.layers.core import Dense, Input, Output
from engine.layers.reshaping import Flatten
from engine.model import compile_graph
from engine.optimizers import Adam
from engine.project import DataSettings, Project, TrainingSettings
from engine.scaling import scaling
from engine.step_cost import compiled_cost
from engine.steps import StepFunctions, outline_of

_TALK = re.compile(r" = (.+?) (all-reduce|all-gather|reduce-scatter|all-to-all|collective-permute)(?:-start)?\(")
_ARRAY = re.compile(r"(?:f32|s32|u32|bf16)\[([\d,]*)\]")


def wide() -> Project:
    """Many weights for few samples: 8.5 million."""
    made, _ = templates.chain(
        Input(shape=(8, 8, 1)),
        Flatten(),
        Dense(units=2048, activation="relu"),
        Dense(units=4096, activation="relu"),
        Dense(units=10, activation="softmax"),
        Output(),
    )
    training = TrainingSettings(batch_size=256, optimizer=Adam())
    return Project(made, data=DataSettings(source=Digits()), training=training)


def talk(compiled: Any) -> dict[str, tuple[int, int]]:
    """What devices tell each other in a step: how often, and how many bytes come of it, by kind."""
    found: dict[str, tuple[int, int]] = {}
    for shapes, kind in _TALK.findall(compiled.as_text()):
        size = 4 * sum(math.prod(int(n) for n in shape.split(",") if n) for shape in _ARRAY.findall(shapes))
        times, before = found.get(kind, (0, 0))
        found[kind] = times + 1, before + size
    return found


def compiled(project: Project, devices: int, *, sharded: bool) -> tuple[Placement, Any]:
    """The steps of a project on so many devices."""
    model = compile_graph(project.graph)
    data = prepare(model, project.data.source.load(), project.data)
    placement = ONE if devices == 1 else Spread(jax.devices()[:devices], sharded=sharded)
    functions = StepFunctions(model, project.training.optimizer, placement)
    learner = outline_of(placement.place(functions.new_learner(model.init(0))))
    part = feed(model, data.training, project.training.batch_size, placement).outlines()[0]
    return placement, functions.compile_steps(learner, part.data, part.batches)


def measure(name: str, project: Project) -> None:
    """Print what is compiled beside what is worked out."""
    known = costs(infer(project.graph))
    print(f"{name}: {known.total.weight_bytes / 4e6:.2f} M weights, batches of {project.training.batch_size}")
    for sharded, counts in ((False, (1, 2, 4, 8)), (True, (2, 4, 8))):
        for row in scaling(known, project.training, counts, sharded=sharded):
            placement, steps = compiled(project, row.devices, sharded=sharded)
            cost = compiled_cost(steps, placement=placement)
            assert cost is not None
            told = ", ".join(f"{n} {kind} {size / 1e6:.1f} MB" for kind, (n, size) in talk(steps).items())
            print(
                f"  {row.devices} {'sharded' if sharded else 'data parallel':13}"
                f"  lasting {row.lasting / 1e6:7.1f}"
                f"  in a step {row.passing / 1e6:7.1f}, compiled {cost.extra / 1e6:7.1f} MB"
                f"  sent {row.sent / 1e6:6.1f} MB  [{told}]"
            )


if __name__ == "__main__":
    measure("digits-cnn", templates.make("digits-cnn").with_training(batch_size=256))
    measure("wide", wide())
