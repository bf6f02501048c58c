"""Tokens that must not be believed, at the front door of both transports and of HTTP."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.auth.issuer import SECRET, claims, hs256, raw, rsa_key, token
from tests.security.surroundings import gone, sizes
from tests.support.polling import Ended, Polling
from tests.support.service import TestService, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

HS256 = {"alg": "HS256", "typ": "JWT"}
ISSUED: dict[str, Any] = {"iss": "https://id.example", "aud": "ringline"}
DAY = 86_400


def made(header: dict[str, Any] | None = None, **changes: Any) -> str:
    """A token that is good but for the header or the claims given."""
    return token(header=header, **{**ISSUED, **changes})


NOW = int(time.time())
REFUSED = {
    "no token": "",
    "not a token": "x",
    "two parts": "x.y",
    "9 KiB": "x" * 9_000,
    "alg none": raw({"alg": "none"}, claims(**ISSUED), b""),
    "alg None": raw({"alg": "None"}, claims(**ISSUED), b""),
    "no alg": raw({}, claims(**ISSUED)),
    "an algorithm that is not admitted": token(rsa_key(), "RS512", **ISSUED),
    "HS512": token(SECRET * 2, "HS512", **ISSUED),
    "no exp": made(exp=None),
    "no iat": made(iat=None),
    "no sub": made(sub=None),
    "an empty sub": made(sub=""),
    "a sub of 129 characters": made(sub="x" * 129),
    "a sub of 258 bytes": made(sub="€" * 86),
    "a sub with NUL": made(sub="alice\0"),
    "a sub with a line feed": made(sub="ali\nce"),
    "a sub that is a number": hs256(HS256, claims(**ISSUED) | {"sub": 7}, SECRET.encode()),
    "a life of over 24 h": made(exp=NOW + DAY + 60, iat=NOW),
    "issued tomorrow": made(iat=NOW + DAY, exp=NOW + DAY + 60),
    "a wrong iss": made(iss="https://evil.example"),
    "no iss": made(iss=None),
    "a wrong aud": made(aud="other"),
    "no aud": made(aud=None),
    "a wrong typ": made({"typ": "at-jwt"}),
    "both audiences as one text": made(aud="ringline,phones"),
    "an unknown crit": made({"crit": ["x"], "x": 1}),
    "a signature of another secret": token("x" * 32, **ISSUED),
    "claims that are an array": hs256(HS256, [], SECRET.encode()),
    # 8 KiB of token hold no more than 3,000 levels that are closed again.
    "5,000 deep claims": hs256(HS256, b'{"x":' + b"[" * 5_000, SECRET.encode()),
    "2,900 deep claims": hs256(HS256, b'{"x":%b%b}' % (b"[" * 2_900, b"]" * 2_900)),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service() -> AsyncIterator[TestService]:
    settings = {
        "jwt_secret": SECRET,
        "jwt_issuer": f"https://old.example, {ISSUED['iss']}",
        "jwt_audience": f"{ISSUED['aud']},phones",
    }
    async with running(rate_limit_scale=1_000, **settings) as service:  # forgeries are many here
        yield service


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED)
async def test_refused_on_a_websocket(service: TestService, refused: str):
    mallory = await service.connect(refused)
    assert mallory.connected is None
    assert mallory.refused["data"] == {"code": "unauthenticated", "retryable": False}
    assert mallory.refused["message"].endswith(".")
    await mallory.close()
    await gone(service, dict.fromkeys(sizes(service), 0))


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED)
async def test_refused_over_polling(
    service: TestService, http: aiohttp.ClientSession, refused: str
):
    mallory = await Polling.handshake(http, service.port)
    answer = json.loads((await mallory.connect(refused))[2:])
    assert answer["data"] == {"code": "unauthenticated", "retryable": False}
    assert await mallory.post('42["user:join",{"userId":"alice"}]') == 400
    assert len(service.node.tables["sessions"]) == 0


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED)
async def test_refused_over_http(service: TestService, http: aiohttp.ClientSession, refused: str):
    bearer = {"Authorization": f"Bearer {refused}"}
    async with http.get(f"{service.url}/v1/ice", headers=bearer) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert (await answer.json())["code"] == "unauthenticated"


@pytest.mark.parametrize("auth", ["", "[]", "7", '"x"', "{}", '{"token":7}', '{"token":null}'])
async def test_auth_without_a_token_is_refused(service: TestService, auth: str):
    mallory = await service.open()
    await mallory.send(f"40{auth}")
    await mallory.until(lambda: mallory.refused)
    assert mallory.refused["data"]["code"] == "unauthenticated"
    await mallory.close()


async def test_a_good_token_is_believed_in_auth_and_in_the_header(service: TestService):
    for options in ({}, {"additional_headers": {"Authorization": f"Bearer {made()}"}}):
        alice = await service.connect(None if options else made(), **options)
        assert alice.connected
        await alice.emit("user:join", {"userId": "alice"})
        assert (await alice.next("user:joined"))["userId"] == "alice"


async def test_a_token_in_the_query_is_not_looked_at(
    service: TestService, http: aiohttp.ClientSession
):
    async with http.get(f"{service.url}/v1/ice?token={made()}&access_token={made()}") as answer:
        assert answer.status == 401
    mallory = await Polling.handshake(http, service.port)
    mallory._url += f"&token={made()}"
    await mallory.post("40")
    assert (await mallory.until("44")).startswith("44")


GOOD = {
    "the other audience": made(aud="phones"),
    "an audience among many": made(aud=["account", "phones"]),
    "the other issuer": made(iss="https://old.example"),
    "numbers with fractions": made(iat=NOW - 0.5, exp=NOW + 3600.75, nbf=NOW - 0.25),
    "a kid": made({"kid": "arn:aws:kms:eu-west-1:1:key/6c1d"}),
    "a place of keys": made({"jku": "https://id.example/jwks", "x5t": "abc", "x5c": ["MII="]}),
}


@pytest.mark.parametrize("good", GOOD.values(), ids=GOOD)
async def test_what_real_issuers_write_is_believed(service: TestService, good: str):
    assert (await service.connect(good)).connected


@pytest.mark.parametrize("claim", ["iat", "nbf"])
async def test_a_little_ahead_of_the_clock_is_refused_for_now_at_every_door(
    service: TestService, http: aiohttp.ClientSession, claim: str
):
    early = made(None, **{claim: int(time.time()) + 120})
    lost = await service.connect(early)
    assert (lost.connected, lost.refused) == (None, None)  # a lost transport: come back
    polling = await Polling.handshake(http, service.port)
    assert await polling.post(f'40{{"token":"{early}"}}') == 200
    with pytest.raises(Ended):
        await polling.until("44")
    async with http.get(f"{service.url}/v1/ice", headers={"Authorization": f"Bearer {early}"}) as a:
        assert (a.status, (await a.json())["code"]) == (503, "auth_unavailable")
        assert 0 < int(a.headers["Retry-After"]) <= 110
    alice = await service.connect(made())
    await alice.emit("user:join", {"userId": "alice"})
    await alice.next("user:joined")
    later = await alice.refusal("auth:refresh", {"token": early})
    assert (later["code"], later["retryable"]) == ("auth_unavailable", True)
    assert 0 < later["retryAfterMs"] <= 110_000


async def test_a_sub_that_is_a_number_is_told_as_such(service: TestService):
    numbered = hs256(HS256, claims(**ISSUED) | {"sub": 42}, SECRET.encode())
    refused = (await service.connect(numbered)).refused
    assert refused["message"] == "The token's sub is not a string (RFC 7519, 4.1.2)."
