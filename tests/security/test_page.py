"""The page runs its own scripts alone, in nobody's frame, and tells no other site where it was."""

import aiohttp
import pytest

from tests.support.service import TestService

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_page_loads_and_calls_nothing_of_others(
    service: TestService, http: aiohttp.ClientSession
):
    async with http.get(service.url) as answer:
        assert answer.status == 200
        policy = answer.headers["Content-Security-Policy"].split("; ")
        assert "default-src 'self'" in policy
        assert "base-uri 'none'" in policy
        assert not [rule for rule in policy if "unsafe" in rule or "*" in rule]
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/", "/docs", "/web/index.html", "/web/page.js", "/web/icon.svg"])
async def test_nothing_that_a_browser_shows_can_be_framed(
    service: TestService, http: aiohttp.ClientSession, path: str
):
    async with http.get(service.url + path) as answer:
        assert answer.status == 200
        policy = answer.headers["Content-Security-Policy"].split("; ")
        assert {"frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"} <= set(policy)
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_nothing_else_is_a_page(service: TestService, http: aiohttp.ClientSession):
    for path in ("/nowhere", "/web/nothing.html", "/openapi.json", "/socket.io/", "/v1/ice"):
        async with http.get(service.url + path) as answer:
            assert answer.content_type != "text/html"


@pytest.mark.parametrize("inline", ["<script>", "onclick=", "onload=", "javascript:"])
async def test_the_page_has_no_script_inside(
    service: TestService, http: aiohttp.ClientSession, inline: str
):
    async with http.get(service.url) as answer:
        assert inline not in await answer.text()
