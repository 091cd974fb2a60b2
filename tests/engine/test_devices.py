"""Several devices: the numbers of one, in less memory for each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from engine import room, templates
from engine.costs import costs
from engine.devices import ONE, Spread, placement_of
from engine.inference import infer
from engine.step_cost import StepCost, estimated_cost
from tests.engine.spread import CASES, compared

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


def test_one_device_is_left_to_jax() -> None:
    assert placement_of("data_parallel") is placement_of("sharded") is placement_of("one_device") is ONE
    array = np.zeros(3)
    assert ONE.place(array) is ONE.host(array) is ONE.kept(array) is array


def test_rows_are_filled_up_to_what_devices_share_evenly() -> None:
    alone = Spread(jax.devices()[:1])
    assert (alone.room(5), alone.own(5)) == (5, slice(0, 5))


class _Eight(Spread):
    """As if there were eight devices: what is worked out before any is used."""

    def __init__(self, *, sharded: bool, local: int) -> None:
        self.devices, self.sharded, self.local = 8, sharded, local


def test_the_memory_check_knows_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    project = templates.make("digits-cnn")
    known, training = costs(infer(project.graph)), project.training

    def estimate(**how: Any) -> StepCost:
        cost = estimated_cost(known, training, _Eight(**how) if how else ONE)
        assert cost is not None
        return cost

    alone, apart, shared = estimate(), estimate(sharded=False, local=1), estimate(sharded=False, local=8)
    assert apart.extra < alone.extra / 3  # samples are shared, gradients are not
    assert shared.extra == apart.extra
    assert shared.taken == 8 * apart.taken
    parts = estimate(sharded=True, local=1)
    assert parts.memory - parts.extra == pytest.approx((alone.memory - alone.extra) / 8, abs=1)
    monkeypatch.setattr(room, "free_for_training", lambda: 2 * apart.extra)
    assert room.fits(apart)
    assert not room.fits(shared)
