"""Connections that are cut at any byte, at every step of a call, on every transport."""

import pytest
from hypothesis import Phase

from tests.resuming.machine import Cutting
from tests.stateful.test_running_service import explore


def test_both_sides_agree_wherever_they_are_cut():
    explore(Cutting, 12)


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_both_sides_agree_after_two_thousand_cuts():
    Cutting.cuts = 0
    while Cutting.cuts < 2_000:
        explore(Cutting, 50, Phase.shrink)
