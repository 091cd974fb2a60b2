"""Several devices: the numbers of one, in less memory for each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from engine import room, templates
from engine.costs import costs
from engine.devices import ONE, Placement, Spread, placement_of, planned
from engine.inference import infer
from engine.scaling import scaling
from engine.step_cost import StepCost, estimated_cost, gradient_bytes
from tests.engine.spread import CASES, DEVICES, compared, wide

SHARDED = ("dropout", "masks", "averaged")

NEAR = 1e-5
"""Floats are added in another order, as eight partial sums: measured up to 7e-6, where Adam divides."""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    names = [f"{case}:data_parallel{',sharded' * (case in SHARDED)}" for case in CASES]
    return compared(tmp_path_factory.mktemp("spread"), *names)


@pytest.mark.parametrize("case", CASES)
def test_eight_devices_give_the_numbers_of_one(case: str, found: dict[str, Any]) -> None:
    assert found[f"{case}:data_parallel"] < NEAR


@pytest.mark.parametrize("case", SHARDED)
def test_so_do_eight_that_share_the_weights(case: str, found: dict[str, Any]) -> None:
    assert found[f"{case}:sharded"] < NEAR


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", sorted(CASES.keys() - set(SHARDED)))
def test_every_case_with_shared_weights(case: str, tmp_path: Path) -> None:
    assert compared(tmp_path, f"{case}:sharded")[f"{case}:sharded"] < NEAR


def test_shared_weights_take_their_share_of_the_memory(found: dict[str, Any]) -> None:
    whole, parts = found["memory"]["data_parallel"], found["memory"]["sharded"]
    weights = 3 * 4 * (4 * 1024 + 1024 * 3)  # what Adam keeps of the kernels, which are what can be cut evenly
    assert whole - parts == pytest.approx(weights * 7 / 8, rel=0.02)


@pytest.mark.parametrize("distribution", ["data_parallel", "sharded"])
def test_what_a_step_takes_and_sends_is_what_is_compiled(distribution: str, found: dict[str, Any]) -> None:
    project = wide()
    known, sharded = costs(infer(project.graph)), distribution == "sharded"
    (one, row) = scaling(known, project.training, (1, DEVICES), sharded=sharded)
    extra, talk = found["talk"][distribution]
    assert one.sent == 0
    assert row.passing == pytest.approx(extra, rel=0.2)
    gathered, summed = talk.get("all-gather", (0, 0))[1], talk["all-reduce"][1]
    assert gathered == pytest.approx(known.total.weight_bytes if sharded else 0, rel=0.02)  # biases stay whole
    assert summed == pytest.approx(gradient_bytes(known), rel=0.02)
    assert row.sent == pytest.approx(7 / 8 * (2 * summed + gathered), rel=0.02)


def test_a_step_on_many_devices_is_bound_by_what_it_sends() -> None:
    project = wide()
    rows = scaling(costs(infer(project.graph)), project.training, (1, 2, 4))
    assert [row.flops for row in rows] == [rows[0].flops, rows[0].flops / 2, rows[0].flops / 4]  # type: ignore[operator]
    slow, fast = ([row.seconds(1e9, speed) for row in rows] for speed in (1e6, 1e12))
    assert slow == sorted(slow)  # type: ignore[type-var]
    assert fast == sorted(fast, reverse=True)  # type: ignore[type-var]


def test_one_device_is_left_to_jax() -> None:
    assert placement_of("data_parallel") is placement_of("sharded") is placement_of("one_device") is ONE
    array = np.zeros(3)
    assert ONE.place(array) is ONE.host(array) is ONE.kept(array) is array


def test_rows_are_filled_up_to_what_devices_share_evenly() -> None:
    alone = Spread(jax.devices()[:1])
    assert (alone.room(5), alone.own(5)) == (5, slice(0, 5))


def test_the_memory_check_knows_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    project = templates.make("digits-cnn")
    known, training = costs(infer(project.graph)), project.training

    def estimate(placement: Placement, local: int = 1) -> StepCost:
        placement.local = local
        cost = estimated_cost(known, training, placement)
        assert cost is not None
        return cost

    alone, apart, shared = estimate(planned(1)), estimate(planned(8)), estimate(planned(8), local=8)
    gradients = gradient_bytes(known)
    assert apart.extra - 2 * gradients == pytest.approx((alone.extra - gradients) / 8, abs=1)  # samples are shared
    assert shared.extra == apart.extra
    assert shared.taken == 8 * apart.taken
    parts = estimate(planned(8, sharded=True))
    assert parts.memory - parts.extra == pytest.approx((alone.memory - alone.extra) / 8, abs=1)
    monkeypatch.setattr(room, "free_for_training", lambda: 2 * apart.extra)
    assert room.fits(apart)
    assert not room.fits(shared)
