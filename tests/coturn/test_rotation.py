"""A secret changes in the mounted file while coturn relays."""

import asyncio
from collections import Counter

import pytest

from tests.coturn.conftest import NORTH, SOUTH
from tests.coturn.peers import caller, refusal
from tests.support.coturn_entrypoint import ADDRESS, Deployed, deployed
from tests.support.network import inside
from tests.support.waiting import until

pytestmark = pytest.mark.e2e


@pytest.fixture
def coturn(network, tmp_path):
    own = {"ALLOWED_PEER_IP": ADDRESS, "USER_QUOTA": "60000"}
    with deployed(network, tmp_path, NORTH, **own) as server:
        yield server


async def changed(coturn: Deployed, *secrets: str) -> None:
    """Change the file, and wait until coturn has it."""
    before = coturn.log.count("the secrets changed.")
    coturn.share(*secrets)
    await until(lambda: coturn.log.count("the secrets changed.") > before, "the change")


@inside
async def test_a_rotation_cuts_no_call_and_leaves_nobody_out(network, coturn: Deployed):
    old, new = coturn.credential(NORTH), coturn.credential(SOUTH, "bob")
    assert await refusal(new) == 401
    async with caller(old) as alice, caller(coturn.credential(NORTH, "carol")) as carol:
        await alice.reaches(carol)

        await changed(coturn, SOUTH, NORTH)
        await alice.reaches(carol)
        assert await refusal(coturn.credential(NORTH)) is None
        async with caller(new) as bob:
            await alice.reaches(bob)

            await changed(coturn, SOUTH)
            assert await refusal(coturn.credential(NORTH)) == 401
            assert await refusal(coturn.credential(SOUTH)) is None
            await alice.reaches(carol)
            await carol.reaches(bob)  # a channel that is bound under the old credential only now
    assert coturn.process.poll() is None


@inside
async def test_nobody_is_refused_while_secrets_are_written(network, tmp_path, coturn: Deployed):
    answers: Counter[int | None] = Counter()
    over = asyncio.Event()

    async def calls(user: str) -> None:
        while not over.is_set():
            answers[await refusal(coturn.credential(NORTH, user))] += 1

    async with asyncio.TaskGroup() as callers:
        for number in range(2):
            callers.create_task(calls(f"caller-{number}"))
        for _ in range(5):
            await changed(coturn, SOUTH, NORTH)
            await changed(coturn, NORTH)
        over.set()
    assert answers[None] > 100
    assert answers[401] == 0
    assert "database is locked" not in coturn.log


@inside
async def test_an_emptied_file_changes_nothing(network, coturn: Deployed):
    coturn.share("")
    await until(lambda: "holds no secret: write one into it. Those of before stay." in coturn.log)
    assert await refusal(coturn.credential(NORTH)) is None
    await changed(coturn, SOUTH)
    assert await refusal(coturn.credential(NORTH)) == 401


@inside
async def test_no_secret_is_written_anywhere_but_into_the_database(network, coturn: Deployed):
    await changed(coturn, SOUTH, NORTH)
    texts = [coturn.log, *coturn.configuration]
    assert not [text for text in texts if NORTH in text or SOUTH in text]
    assert (coturn.folder / "scratch" / "turn.db").stat().st_mode & 0o077 == 0
