"""Ids that look like others, or like nothing, get in nowhere: by token, by event, over HTTP."""

from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from tests.security.surroundings import name as fresh
from tests.support.service import TestService, token

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALIKE = [
    "alice\u200b",
    "\u202ealice",
    "al\u00adice",
    "alice\x85",
    "\u3164",
    "a\u00a0b",
    "alice ",
    " ",
]
EVENTS: list[tuple[str, str, dict[str, Any]]] = [
    ("user:status", "userId", {}),
    ("call:initiate", "to", {"callType": "audio"}),
    ("user:join", "userId", {}),
    ("user:join", "deviceId", {"userId": "alice"}),
]


@pytest.mark.parametrize("sub", ALIKE)
async def test_no_token_lets_such_a_user_in(service: TestService, sub: str):
    stranger = await service.connect(token(sub))
    assert stranger.refused["data"] == {"code": "unauthenticated", "retryable": False}
    assert stranger.refused["message"].startswith("The token's sub ")
    bearer = {"Authorization": f"Bearer {token(sub)}"}
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{service.url}/v1/ice", headers=bearer) as answer,
    ):
        assert answer.status == 401


@pytest.mark.parametrize("name", ALIKE)
async def test_no_event_names_such_a_user(service: TestService, name: str):
    alice = await service.join(fresh("alice"))
    wrong = "It begins or ends with a space." if name.strip(" ") != name else "It holds U+"
    for event, field, others in EVENTS:
        error = await alice.refusal(event, {**others, field: name})
        assert error["code"] == "invalid_payload"
        assert error["message"].startswith(f"{event}: {field}: {wrong}")
    for event in ("user:watch", "user:unwatch"):
        error = await alice.refusal(event, {"userIds": [7, "bob", name]})
        assert error["message"].startswith(f"{event}: userIds[2]: {wrong}")


@pytest.mark.parametrize("name", ALIKE)
async def test_no_request_names_such_a_user(service: TestService, name: str):
    bearer = {"Authorization": f"Bearer {token('alice')}"}
    url = f"{service.url}/v1/users/{quote(name, safe='')}/status"
    async with aiohttp.ClientSession(headers=bearer) as http, http.get(url) as answer:
        problem = await answer.json()
    assert (answer.status, problem["code"]) == (400, "invalid_payload")
    assert problem["detail"].startswith("user_id: It ")


@pytest.mark.parametrize("reason", ["ok\nfake", "ok\u2028fake", "ok\x9bfake", "\u202eok"])
async def test_what_an_operator_gives_as_reason_is_one_line(service: TestService, reason: str):
    bearer = {"Authorization": f"Bearer {token('root', scope='admin')}"}
    url = f"{service.url}/v1/calls/c_1?reason={quote(reason)}"
    async with aiohttp.ClientSession(headers=bearer) as http, http.delete(url) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, "invalid_payload")


async def test_a_name_that_leaves_its_line_is_left_out(service: TestService):
    alice = await service.connect(token("eve", name="\u202eevE"))
    await alice.done("user:join", {"userId": "eve"})
    bob = await service.join(fresh("bob"))
    await alice.done("call:initiate", {"to": bob.user, "callType": "audio"})
    assert "fromName" not in await bob.next("call:incoming")


@pytest.mark.parametrize("user", ["Ольга", "auth0|7", "a b", "zoe\u0308", "👍🏽", "tenant/7"])
async def test_ordinary_users_of_any_script_are_let_in(service: TestService, user: str):
    theirs, bob = (
        await service.join(user, deviceId="Ольгин телефон"),
        await service.join(fresh("bob")),
    )
    await service.call(bob, theirs)
