"""Who does all that the limits allow, or much at once, delays nobody else by much.

Each attack comes from a process of its own against a service of its own; bystanders talk and the
admin port is asked meanwhile. No time is asserted but what is promised, with slack for a busy
machine: a bystander's relay within 100 ms at the 99th percentile, health within 250 ms.
"""

import pytest

from loadtest.attack.attacks import ATTACKS
from loadtest.attack.trial import tried

SECONDS = 3.0
SLACK = 10
"""On an idle machine, relays took up to 4 s before there were turns, and health up to 14 s."""
DEAR = ["watch", "watch-three", "watch-unwatch", "candidates", "refreshes", "statuses"]
"""Ten sessions of a user each send what is most work, as often as they may."""
WIDE = ["nested", "malformed", "wide", "deep"]
"""JSON that is much work to read."""
AT_ONCE = ["bursts", "refused", "pings", "packets"]
"""What one read brings."""
OVER_HTTP = ["look-ups", "ice"]


@pytest.mark.parametrize("name", [*DEAR, *WIDE, *AT_ONCE, *OVER_HTTP])
async def test_everybody_else_has_their_share(name: str):
    trial = await tried(ATTACKS[name], SECONDS)
    assert trial.failures(SLACK) == []


async def test_a_user_is_told_what_is_too_much_over_http():
    trial = await tried(ATTACKS["look-ups"], SECONDS)
    assert 60 <= trial.answers["200"] <= 60 + 10 * SECONDS * SLACK
    assert trial.answers["429"] > 0
