"""CORS on every route and every status, and problem documents where there is nothing."""

import json

import aiohttp
import pytest
from structlog.testing import capture_logs

from tests.support.raw import raw
from tests.support.service import TestService, running, token

ORIGIN = "https://app.example"
ASKED = (
    "authorization,b3,baggage,content-type,newrelic,sentry-trace,traceparent,tracestate,"
    "x-b3-sampled,x-b3-spanid,x-b3-traceid,x-datadog-trace-id,x-requested-with"
)
"""As browsers ask: lower case, sorted, no blanks."""
ROUTES = [
    ("GET", "/v1/ice"), ("POST", "/turn"), ("GET", "/v1/users/bob/status"),
    ("GET", "/v1/calls/c_x"), ("POST", "/v1/calls/c_x/reject"), ("DELETE", "/v1/calls/c_x"),
    ("GET", "/nowhere"), ("GET", "/socket.io/?EIO=4&transport=polling"),
    ("POST", "/socket.io/?EIO=4&transport=polling&sid=x"),
]  # fmt: skip


@pytest.fixture
async def service():
    async with running(cors_origins=(ORIGIN,)) as service:
        yield service


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_a_preflight_needs_no_token(
    service: TestService, http: aiohttp.ClientSession, method: str, path: str
):
    headers = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": ASKED,
    }
    async with http.options(service.url + path, headers=headers) as answer:
        assert answer.status == 200
        told = answer.headers
    assert told["Access-Control-Allow-Origin"] == ORIGIN
    assert method in told["Access-Control-Allow-Methods"]
    assert told["Access-Control-Allow-Headers"] == ASKED
    assert told["Access-Control-Max-Age"] == "600"
    assert "Origin" in told["Vary"]
    assert told["Access-Control-Allow-Credentials"] == "true"


@pytest.mark.parametrize(
    "asked",
    ["x" * 3_000, ", ".join(["x-a"] * 65), "a b", "x:y", "a,,b", "\xe9", "a/b", ","],
)
async def test_a_preflight_that_asks_too_much_is_refused(
    service: TestService, http: aiohttp.ClientSession, asked: str
):
    headers = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": asked,
    }
    async with http.options(f"{service.url}/v1/ice", headers=headers) as answer:
        assert answer.status == 400
        assert "Access-Control-Allow-Headers" not in answer.headers


async def test_with_any_origin_only_listed_ones_may_send_credentials(http: aiohttp.ClientSession):
    async with running(cors_origins=("*", ORIGIN)) as service:
        for origin, named, credentials in (
            (ORIGIN, ORIGIN, "true"),
            ("https://other.example", "*", None),
        ):
            asked = {"Access-Control-Request-Method": "GET"}
            for method, more in (("GET", {}), ("OPTIONS", asked)):
                headers = {"Origin": origin, "Cookie": "a=b", **more}
                async with http.request(method, f"{service.url}/v1/ice", headers=headers) as answer:
                    assert answer.headers["Access-Control-Allow-Origin"] == named
                    assert answer.headers.get("Access-Control-Allow-Credentials") == credentials
                    assert "Origin" in answer.headers["Vary"]


async def test_a_page_of_the_internet_may_reach_a_service_of_the_intranet(
    service: TestService, http: aiohttp.ClientSession
):
    headers = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Private-Network": "true",
    }
    async with http.options(f"{service.url}/v1/ice", headers=headers) as answer:
        assert answer.headers["Access-Control-Allow-Private-Network"] == "true"


def assert_cors(answer: aiohttp.ClientResponse) -> None:
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert "Origin" in answer.headers["Vary"]
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("bearer", [None, "alice"], ids=["401", "200 or 4xx"])
@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_every_answer_can_be_read_by_the_page(
    service: TestService, http: aiohttp.ClientSession, method: str, path: str, bearer: str | None
):
    headers = {"Origin": ORIGIN}
    if bearer:
        headers["Authorization"] = f"Bearer {token(bearer)}"
    async with http.request(method, service.url + path, headers=headers) as answer:
        assert_cors(answer)


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_another_origin_gets_no_leave(
    service: TestService, http: aiohttp.ClientSession, origin: str
):
    headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
    for method in ("OPTIONS", "GET"):
        async with http.request(method, f"{service.url}/v1/ice", headers=headers) as answer:
            assert answer.headers.get("Access-Control-Allow-Origin") is None


async def test_caches_keep_origins_apart(service: TestService, http: aiohttp.ClientSession):
    for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": ORIGIN}):
        async with http.get(f"{service.url}/openapi.json", headers=headers) as answer:
            assert "Origin" in answer.headers.get("Vary", "")


async def test_a_fault_of_ours_is_a_problem_with_cors(
    service: TestService, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
):
    async def fail(*_: object) -> None:
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr(service.node.stores.calls, "load", fail)
    headers = {"Origin": ORIGIN, "Authorization": f"Bearer {token('alice')}"}
    with capture_logs() as lines:
        async with http.get(f"{service.url}/v1/calls/c_x", headers=headers) as answer:
            assert answer.status == 500
            assert_cors(answer)
            assert answer.content_type == "application/problem+json"
            text = await answer.text()
    assert [line["event"] for line in lines] == ["http.failed"]
    assert '"code":"internal"' in text
    assert "secret" not in text


@pytest.mark.parametrize("path", ["/socket.io/?EIO=4&transport=polling", "/turn"])
async def test_so_can_be_why_it_is_not_served_now(
    service: TestService, http: aiohttp.ClientSession, path: str
):
    service.node.drain()
    headers = {"Origin": ORIGIN, "Authorization": f"Bearer {token('alice')}"}
    async with http.get(service.url + path, headers=headers) as answer:
        assert answer.status == 503
        assert_cors(answer)


async def test_polling_is_read_by_the_page_to_its_end(
    service: TestService, http: aiohttp.ClientSession
):
    url = f"{service.url}/socket.io/?EIO=4&transport=polling"
    headers = {"Origin": ORIGIN}
    async with http.get(url, headers=headers) as answer:
        assert_cors(answer)
        url += f"&sid={json.loads((await answer.text())[1:])['sid']}"
    for method, body, status in (("POST", "40", 200), ("GET", None, 200), ("POST", "\x00", 400),
                                 ("GET", None, 400)):  # fmt: skip
        async with http.request(method, url, data=body, headers=headers) as answer:
            assert answer.status == status
            assert_cors(answer)


async def test_too_large_is_a_problem_with_cors(service: TestService, http: aiohttp.ClientSession):
    headers = {"Origin": ORIGIN}
    async with http.post(f"{service.url}/turn", data=b"x" * 65_537, headers=headers) as answer:
        assert answer.status == 413
        assert_cors(answer)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/v1/", 404, "not_found"),
        ("GET", "/web/nothing.js", 404, "not_found"),
        ("GET", "/web/../app.py", 404, "not_found"),
        ("GET", "/web/%2e%2e/app.py", 404, "not_found"),
        ("GET", "/metrics", 404, "not_found"),
        ("GET", "/healthz", 404, "not_found"),
        ("GET", "/readyz", 404, "not_found"),
        ("PUT", "/v1/ice", 405, "method_not_allowed"),
        ("DELETE", "/turn", 405, "method_not_allowed"),
    ],
)
async def test_what_is_not_there_is_a_problem_with_cors(
    service: TestService,
    http: aiohttp.ClientSession,
    method: str,
    path: str,
    status: int,
    code: str,
):
    from yarl import URL  # noqa: PLC0415

    url = URL(service.url + path, encoded=True)
    async with http.request(method, url, headers={"Origin": ORIGIN}) as answer:
        assert answer.status == status
        assert_cors(answer)
        assert answer.content_type == "application/problem+json"
        assert (await answer.json())["code"] == code
        assert ("Allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize(
    ("sent", "status"),
    [("x" * 33_000, 431), ("\0", 400)],
    ids=["a head that is too large", "a head that is none"],
)
async def test_a_page_may_read_why_its_head_is_refused(
    service: TestService, sent: str, status: int
):
    """It saw a network error."""
    async with raw(service.port) as connection:
        await connection.send(f"GET / HTTP/1.1\r\nOrigin: {ORIGIN}\r\nX: {sent}\r\n\r\n".encode())
        told, headers, _ = await connection.answer()
    assert (told, headers["access-control-allow-origin"]) == (status, "*")


async def test_a_page_may_read_of_a_fault_of_ours(
    service: TestService, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
):
    """Such a fault in Engine.IO was plain text, and a network error to a page."""
    monkeypatch.setattr(service.node.engine.eio, "_handle_connect", None)
    url = f"{service.url}/socket.io/?EIO=4&transport=polling"
    async with http.get(url, headers={"Origin": ORIGIN}) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert (answer.status, (await answer.json())["code"]) == (500, "internal")
