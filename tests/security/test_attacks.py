"""Attacks by one stranger or one user, from a process of their own, and what others notice of them.

Each is one of `make attack`: on a process of the service of its own, whose memory, bystanders and
health are watched meanwhile.
"""

import pytest

from loadtest.attack.attacks import ATTACKS
from loadtest.attack.trial import tried
from tests.security.surroundings import SLACK

BRIEF_S = 2.0
# What test_memory.py, test_heads.py and others do not try already.
HOLDING = [
    "chunks",
]


@pytest.mark.parametrize("name", HOLDING)
async def test_nobody_else_notices(name: str):
    trial = await tried(ATTACKS[name], seconds=BRIEF_S)
    assert trial.failures(SLACK) == []
