"""Any frame at all: one with a name in it is answered and its sender stays, any other ends it."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from service.wire.packets import PacketType, decode_event, packet_type
from service.wire.violations import ProtocolError
from tests.security.surroundings import name
from tests.support.client import Client
from tests.support.logged import logged
from tests.support.service import TestService, running
from tests.wire.saying import GOOD

pytestmark = pytest.mark.asyncio(loop_scope="module")
MANY = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SCRAPS = [
    "\\ud83d",
    "\\ude00",
    '"',
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "NaN",
    "1e999",
    "\x01",
    "é",
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service() -> AsyncIterator[TestService]:
    """One that limits no rate, and must log no error whatever comes."""
    with logged() as lines:
        async with running(rate_limit_scale=1_000_000) as service:
            yield service
    assert not [line for line in lines.all() if line["level"] in {"warning", "error"}]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mallory(service: TestService) -> Client:
    """Somebody who sends all of it over one connection."""
    return await service.join(name("mallory"))


@st.composite
def behind_a_name(draw: st.DrawFn) -> tuple[str, str]:
    """An event, and a payload with scraps put into it, cut short, or with something behind it."""
    event = draw(st.sampled_from(sorted(GOOD.keys() - {"auth:refresh", "user:join"})))
    text = f",{json.dumps(GOOD[event])}]"
    for scrap in draw(st.lists(st.sampled_from(SCRAPS) | st.text(max_size=3), max_size=3)):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + scrap + text[at:]
    return event, text[: draw(st.none() | st.integers(0, len(text)))]


@given(sent=behind_a_name())
@MANY
async def test_a_named_event_is_answered_and_its_sender_stays(
    mallory: Client, sent: tuple[str, str]
):
    event, behind = sent
    number = await mallory.ask("user:status", {"userId": "x"})
    await mallory.answer(number)
    await mallory.send(f'42{number}["{event}"{behind}')
    answer = await mallory.answer(number)
    assert answer["ok"] or answer["error"]["event"] == event
    await mallory.settle()


def breaks_a_rule(packet: str) -> bool:
    """Whether its type, or the name of its event, cannot be read."""
    try:
        if packet_type(packet) is PacketType.EVENT:
            decode_event(packet)
    except ProtocolError:
        return True
    return False


@given(packet=st.text(max_size=40) | st.text(max_size=20).map("2{}".format))
@MANY
async def test_a_frame_that_breaks_a_rule_ends_its_sender(service: TestService, packet: str):
    assume(breaks_a_rule(packet))
    mallory = await service.join(name("mallory"))
    await mallory.send("4" + packet)
    assert await mallory.until_closed() == 1008
