"""Attacks by one stranger or one user, from a process of their own, and what others notice of them.

Each is one of `make attack`, on a process of the service of its own, whose memory, bystanders and
health are watched meanwhile. More of them are in test_fair_shares.py, about time alone, and in
test_waiting.py, about bytes that wait.
"""

import pytest

from loadtest.attack.__main__ import run
from loadtest.attack.attacks import ATTACKS
from loadtest.attack.trial import AFTER_S, MOST_MIB, SECONDS, tried
from tests.security.surroundings import SLACK

BRIEF_S = 2.0
HEADS = ["chunks", "half-heads"]
"""Requests that do not end."""
CONNECTIONS = ["half-requests", "one-sid", "files", "half-polled"]
"""Connections that do little, and are many."""
COMING_AND_GOING = ["polls", "websockets", "joins"]
"""Connections whose garbage, timers and sessions could pile up."""
BEFORE_A_TOKEN = ["tokens", "fragments", "half-frames", "addresses"]
LOGGED = ["bad-requests", "log-unread"]
"""What is refused and logged."""
UNHEARD_OF = ["watch-new", "request-ids"]
"""Ids that are new each time."""
UNREAD = ["unread-pages", "unread-statuses", "unread-polls"]
SOME = [*HEADS, *CONNECTIONS, *COMING_AND_GOING, *BEFORE_A_TOKEN, *LOGGED, *UNHEARD_OF, *UNREAD]
FURTHER = [
    *("pipelined", "half-handshakes", "half-bodies", "churn", "behind-connect", "bad-frames"),
    *("origins", "callees", "paths", "unread-refusals"),
]


@pytest.mark.parametrize("name", SOME)
async def test_nobody_else_notices(name: str):
    trial = await tried(ATTACKS[name], seconds=BRIEF_S)
    assert trial.failures(SLACK) == []


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_what_is_left_half_a_minute_later():
    trials = await run([ATTACKS[name] for name in [*SOME, *FURTHER]], SECONDS, AFTER_S)
    failures = {trial.attack.name: trial.failures(SLACK) for trial in trials}
    assert {name: told for name, told in failures.items() if told} == {}
    kept = {trial.attack.name: (trial.after or 0.0) - trial.before for trial in trials}
    assert {name: mib for name, mib in kept.items() if mib > MOST_MIB} == {}
