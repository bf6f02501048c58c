"""What each route gives, to whom, and how it says no."""

import base64
import hashlib
import hmac
import re
import time
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from structlog.testing import capture_logs
from yarl import URL

from service.ids import uuid_of
from tests.support.service import TestService, running, token

SECRET = "turn-secret"
TURN = {
    "turn_secret": (SECRET,),
    "turn_urls": ("turn:turn.example:3478?transport=udp", "turns:turn.example:443?transport=tcp"),
    "turn_regions": {"eu": ["turn:eu.example:3478"]},
    "stun_urls": ("stun:stun.example:3478",),
}


@pytest.fixture
async def service():
    async with running(**TURN) as service:
        yield service


class Api:
    """Requests of one user."""

    def __init__(self, service: TestService, http: aiohttp.ClientSession, user: str, **claims: Any):
        self.service, self.http = service, http
        self.headers = {"Authorization": f"Bearer {token(user, **claims)}"}

    async def __call__(self, method: str, path: str, status: int = 200) -> Any:
        url = URL(self.service.url + path, encoded=True)
        async with self.http.request(method, url, headers=self.headers) as answer:
            body = await answer.json()
            assert answer.status == status, body
            if status >= 400:
                assert answer.content_type == "application/problem+json"
                assert body["status"] == status
                assert body["detail"].endswith(".")
            self.answered = answer.headers
            return body


@pytest.fixture
def alice(service: TestService, http: aiohttp.ClientSession) -> Api:
    return Api(service, http, "alice")


@pytest.fixture
def admin(service: TestService, http: aiohttp.ClientSession) -> Api:
    return Api(service, http, "root", scope="calls:read admin")


def password(username: str) -> str:
    mac = hmac.new(SECRET.encode(), username.encode(), hashlib.sha1)
    return base64.b64encode(mac.digest()).decode()


async def test_ice(alice: Api):
    body = await alice("GET", "/v1/ice")
    assert alice.answered["Cache-Control"] == "no-store"
    assert body.keys() == {"iceServers", "iceTransportPolicy", "ttl", "expiresAt"}
    assert (body["iceTransportPolicy"], body["ttl"]) == ("all", 14_400)
    assert abs(body["expiresAt"] - (time.time() + 14_400) * 1000) < 5_000
    stun, turn = body["iceServers"]
    assert stun == {"urls": ["stun:stun.example:3478"]}
    assert turn["urls"] == list(TURN["turn_urls"])
    expiry, _, user = turn["username"].partition(":")
    assert (int(expiry), user) == (body["expiresAt"] // 1000, "alice")
    assert turn["credential"] == password(turn["username"])


async def test_ice_of_a_region(alice: Api):
    body = await alice("GET", "/v1/ice?region=eu")
    assert body["iceServers"][-1]["urls"] == ["turn:eu.example:3478"]


@pytest.mark.parametrize("region", ["mars", "x" * 65])
@pytest.mark.parametrize("path", ["/v1/ice", "/turn"])
async def test_an_unknown_region_is_400(alice: Api, path: str, region: str):
    assert (await alice("GET", f"{path}?region={region}", 400))["code"] == "invalid_payload"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_turn(alice: Api, method: str):
    body = await alice(method, "/turn?service=turn&username=alice")
    assert body.keys() == {"username", "password", "ttl", "uris"}
    assert body["password"] == password(body["username"])
    assert (body["ttl"], body["uris"]) == (14_400, list(TURN["turn_urls"]))
    assert alice.answered["Cache-Control"] == "no-store"


async def test_turn_without_a_secret_is_503(http: aiohttp.ClientSession):
    async with running() as service:
        refused = await Api(service, http, "alice")("GET", "/turn", 503)
        assert refused["code"] == "turn_unavailable"


ROUTES = [
    ("GET", "/v1/ice"), ("GET", "/turn"), ("POST", "/turn"), ("GET", "/v1/users/bob/status"),
    ("GET", "/v1/calls/c_x"), ("POST", "/v1/calls/c_x/accept"), ("POST", "/v1/calls/c_x/reject"),
    ("DELETE", "/v1/calls/c_x"),
]  # fmt: skip


@pytest.mark.parametrize("header", [None, "Basic YTpi", "Bearer", "Bearer x"])
@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_every_route_wants_a_token(
    service: TestService, http: aiohttp.ClientSession, method: str, path: str, header: str | None
):
    headers = {} if header is None else {"Authorization": header}
    async with http.request(method, service.url + path, headers=headers) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.content_type == "application/problem+json"
        body = await answer.json()
    assert (body["code"], body["status"]) == ("unauthenticated", 401)


async def test_no_cache_keeps_what_is_said_of_a_user(service: TestService, alice: Api):
    caller, callee = await service.join("alice"), await service.join("bob")
    call_id = await service.call(caller, callee)
    for path in ("/v1/users/bob/status", f"/v1/calls/{call_id}", "/v1/ice", "/turn"):
        await alice("GET", path)
        assert alice.answered["Cache-Control"] == "no-store"


async def test_status(service: TestService, alice: Api):
    offline = {"userId": "bob", "isOnline": False, "isInCall": False, "lastSeenAt": None}
    assert await alice("GET", "/v1/users/bob/status") == offline
    bob, carol = await service.join("bob"), await service.join("carol")
    assert await alice("GET", "/v1/users/bob/status") == offline | {"isOnline": True}
    await service.accepted(bob, carol)
    busy = await alice("GET", "/v1/users/bob/status")
    assert busy == offline | {"isOnline": True, "isInCall": True}
    await bob.close()
    await service.seen_off(bob)
    assert (await alice("GET", "/v1/users/bob/status"))["lastSeenAt"] is not None


@pytest.mark.parametrize(
    "user",
    ["tenant/7", "/", "//", "a%2Fb", "100%", "50% off?", "a#b", "auth0|64f", "jörg 😀", "../bob",
     "a/../b", "x/status", "https://id.example/u/1?x=y#z", "a+b&c=d;e", ".hidden",
     "arn:aws:iam::1:user/x", "\\"],
)  # fmt: skip
async def test_any_user_id_can_be_asked_for(service: TestService, alice: Api, user: str):
    path = f"/v1/users/{quote(user, safe='')}/status"
    assert (await alice("GET", path))["isOnline"] is False
    await service.join(user)
    told = await alice("GET", path)
    assert (told["userId"], told["isOnline"]) == (user, True)


@pytest.mark.parametrize(("user", "status"), [("", 400), ("x" * 129, 400), ("x" * 128, 200)])
async def test_an_id_that_no_user_has_is_400(alice: Api, user: str, status: int):
    await alice("GET", f"/v1/users/{user}/status", status)


async def test_a_call_s_record_is_for_its_participants_and_the_admin(
    service: TestService, http: aiohttp.ClientSession, alice: Api, admin: Api
):
    caller, callee = await service.join("alice"), await service.join("bob")
    path = f"/v1/calls/{await service.accepted(caller, callee)}"
    record = await alice("GET", path)
    assert (record["from"], record["to"], record["callType"]) == ("alice", "bob", "video")
    assert (record["state"], record["endedAt"], record["reason"]) == ("connecting", None, None)
    assert record["uuid"] == uuid_of(record["callId"])
    assert await Api(service, http, "bob")("GET", path) == record
    assert await admin("GET", path) == record
    stranger = await Api(service, http, "mallory")("GET", path, 404)
    nothing = await Api(service, http, "mallory")("GET", "/v1/calls/c_x", 404)
    assert stranger == nothing  # not even that there is such a call
    await caller.done("call:end", {"callId": path.rpartition("/")[2]})
    record = await alice("GET", path)
    assert (record["state"], record["reason"], record["by"]) == ("ended", "completed", "alice")


async def test_declining_without_a_socket(
    service: TestService, http: aiohttp.ClientSession, alice: Api
):
    caller, callee = await service.join("alice"), await service.join("bob")
    path = f"/v1/calls/{await service.call(caller, callee)}/reject"
    assert (await alice("POST", path, 403))["code"] == "not_participant"
    stranger = await Api(service, http, "mallory")("POST", path, 404)
    nothing = await Api(service, http, "mallory")("POST", "/v1/calls/c_x/reject", 404)
    assert stranger == nothing  # not even that there is such a call
    assert "call:rejected" not in caller.events()
    record = await Api(service, http, "bob")("POST", path)
    assert (record["state"], record["reason"]) == ("ended", "rejected")
    assert (await caller.next("call:rejected"))["by"] == "bob"
    assert (await callee.next("call:ended"))["reason"] == "rejected_elsewhere"
    assert (await Api(service, http, "bob")("POST", path, 409))["code"] == "call_ended"


async def test_an_admin_ends_a_call_and_it_is_written_down(
    service: TestService, alice: Api, admin: Api
):
    caller, callee = await service.join("alice"), await service.join("bob")
    call_id = await service.accepted(caller, callee)
    assert (await alice("DELETE", f"/v1/calls/{call_id}", 403))["code"] == "forbidden"
    with capture_logs() as lines:
        record = await admin("DELETE", f"/v1/calls/{call_id}?reason=abuse%20report")
    assert record["reason"] == "admin_terminated"
    for client in (caller, callee):
        ended = await client.next("call:ended")
        assert (ended["reason"], ended["by"]) == ("admin_terminated", None)
    (audit,) = [line for line in lines if line["event"] == "audit"]
    assert (audit["target"], audit["reason"]) == (call_id, "abuse report")
    assert re.fullmatch("[0-9a-f]{16}", audit["actor"])  # RINGLINE_LOG_USER is hmac
    assert (await admin("DELETE", "/v1/calls/c_x", 404))["code"] == "call_not_found"
    for unfit in ("x" * 201, "two%0Alines"):
        assert (await admin("DELETE", f"/v1/calls/{call_id}?reason={unfit}", 400))["code"]
