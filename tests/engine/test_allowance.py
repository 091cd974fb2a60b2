"""Work beside a run takes its share of the time, whatever it costs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.allowance import Allowance


@given(st.lists(st.floats(0, 20), min_size=2, max_size=30))
def test_no_more_than_the_share_is_taken_whatever_it_costs(costs: list[float]) -> None:
    allowance, now, begun = Allowance(share=0.02, least=0.3), 5.0, list[float]()
    for cost in costs:
        begun.append(now)
        allowance.spent(now, cost)
        now += cost
        now += allowance.wait(now)
    assert sum(costs) <= 0.02 * (now - 5.0) + 1e-6
    assert (np.diff(begun) >= 0.3 - 1e-9).all()


def test_what_costs_little_is_done_at_its_pace() -> None:
    allowance = Allowance(share=0.5, least=1.0)
    assert allowance.wait(100.0) == 0
    allowance.spent(100.0, 0.1)
    assert allowance.wait(100.25) == pytest.approx(0.75)
    allowance.spent(200.0, 3.0)
    assert allowance.due == 206.0
