"""The API's description of itself, and the port that clients never reach."""

import re
from typing import Any

import aiohttp
import pytest

from tests.support.service import TestService
from tests.transport.api.test_routes import ROUTES


@pytest.fixture
async def document(service: TestService, http: aiohttp.ClientSession) -> dict[str, Any]:
    async with http.get(f"{service.url}/openapi.json") as answer:
        assert answer.status == 200
        described: dict[str, Any] = await answer.json()
        return described


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


async def test_the_document_has_every_route_and_no_other(document: dict[str, Any]):
    named = {"bob": "{user_id}", "c_x": "{call_id}"}
    routes = {
        (method, "/".join(named.get(part, part) for part in path.split("/")))
        for method, path in ROUTES
    }
    assert operations(document).keys() == routes


async def test_every_operation_is_described(document: dict[str, Any]):
    assert document["openapi"].startswith("3.1")
    (scheme,) = document["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    ids = [operation["operationId"] for operation in operations(document).values()]
    assert len(ids) == len(set(ids))
    for (_, path), operation in operations(document).items():
        assert operation["description"].endswith(".")
        assert list(operation["security"][0]) == list(document["components"]["securitySchemes"])
        assert operation["responses"].keys() == {"200", "429", "4XX", "5XX"}
        assert operation["responses"]["4XX"]["content"].keys() == {"application/problem+json"}
        placed = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"}
        assert placed == set(re.findall(r"{(\w+)}", path))


async def test_every_reference_resolves(document: dict[str, Any]):
    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [ref for value in node.values() for ref in references(value)]
        return [ref for one in node for ref in references(one)] if isinstance(node, list) else []

    found = references(document)
    assert found
    for reference in found:
        target: Any = document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]


async def test_the_page_needs_nobody_else(
    service: TestService, http: aiohttp.ClientSession, document: dict[str, Any]
):
    async with http.get(f"{service.url}/docs") as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        page = await answer.text()
    assert not re.search(r"<script|<link|https?://|src=|@import", page)
    for method, path in operations(document):
        assert f"<b>{method}</b> <code>{path}</code>" in page
    for target in re.findall(r'href="#(\w+)"', page):
        assert f'id="{target}"' in page


async def test_the_admin_port(service: TestService, http: aiohttp.ClientSession):
    admin = f"http://127.0.0.1:{service.admin_port}"
    async with http.get(f"{admin}/healthz") as answer:
        assert (answer.status, await answer.json()) == (200, {"status": "alive", "loopLateMs": 0})
    async with http.get(f"{admin}/readyz") as answer:
        assert (answer.status, await answer.json()) == (200, {"status": "ready"})
    service.node.status = "draining"
    async with http.get(f"{admin}/readyz") as answer:
        assert (answer.status, await answer.json()) == (503, {"status": "draining"})
    async with http.get(f"{admin}/healthz") as answer:
        assert answer.status == 200
    service.node.status = "ready"
    async with http.get(f"{admin}/v1/ice") as answer:
        assert answer.status == 404


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [("*/*", "text/plain"), ("application/openmetrics-text", "application/openmetrics-text")],
)
async def test_metrics_in_both_formats(
    service: TestService, http: aiohttp.ClientSession, accept: str, media_type: str
):
    await service.join("alice")
    url = f"http://127.0.0.1:{service.admin_port}/metrics"
    async with http.get(url, headers={"Accept": accept}) as answer:
        assert answer.content_type == media_type
        metrics = await answer.text()
    assert "ringline_sessions 1.0" in metrics
    assert 'ringline_events_total{event="user:join",result="ok"} 1.0' in metrics
    assert "alice" not in metrics
