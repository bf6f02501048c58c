"""Runs of the probe in the test's own process, and what may stand between it and the service."""

import argparse
import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from service.cli.probe.options import declare
from service.cli.probe.steps import Report
from service.cli.probe.target import Target, target
from service.cli.probe.trial import run
from service.clock import wall_clock
from tests.support.service import SECRET, TestService
from tests.support.waiting import until

SOON_S = 0.4
"""A patience that ends soon, for what never comes."""
_LATEST_S = 20.0

Spoil = Callable[[str], str | None]
"""What becomes of a frame of the service: another one, or none."""


def aim(url: str, *options: str, patience_s: float = 30.0, key: str | None = SECRET) -> Target:
    """What these options come to, with nothing set."""
    parser = argparse.ArgumentParser()
    declare(parser, int)
    keyed = ["--key", key] if key else []
    return target(
        {}, parser.parse_args(["--url", url, "--timeout", str(patience_s), *keyed, *options])
    )


async def probed(at: Target) -> Report:
    """One run."""
    return await run(at, wall_clock() // 1000, lambda _step: None)


async def missed(step: str, why: str, at: Callable[[float], Target]) -> Report:
    """A run that fails at a step, and says `why`, since something never comes.

    Its patience, `{s}` in `why`, is short at first, and twice as long again whenever what does come
    took longer: that is the machine's affair.
    """
    patience_s = SOON_S
    while True:
        report = await probed(at(patience_s))
        told = (step, why.replace("{s}", f"{patience_s} s"))
        if failure(report) == told or patience_s > _LATEST_S:
            assert failure(report) == told
            return report
        patience_s *= 2


def results(report: Report) -> list[tuple[str, str]]:
    """Each step and how it went."""
    return [(step.name, step.result) for step in report.steps]


def failure(report: Report) -> tuple[str, str]:
    """The step that failed, and why."""
    assert not report.ok
    assert report.failure is not None
    assert report.failure.why is not None
    return report.failure.name, report.failure.why


async def emptied(service: TestService) -> None:
    """Wait until the service holds nothing of anybody; no call of a probe may live on."""
    await until(lambda: not any(map(len, service.node.tables.values())), "everything to go")
    assert service.calls.live() == ()


def how_calls_ended(service: TestService) -> list[str]:
    """The reasons of the calls that the service remembers."""
    calls = service.calls._calls.values()
    return [str(call.reason.value) for call in calls if call.reason]


@asynccontextmanager
async def spoiled(
    port: int, spoil: Spoil, http: Callable[[str], tuple[int, bytes] | None] = lambda _path: None
) -> AsyncIterator[str]:
    """A proxy to the service's sockets that spoils what it says; gives its address.

    `http` answers the other requests, by path: a status and a body.
    """

    async def forward(near: ServerConnection) -> None:
        assert near.request is not None
        url = f"ws://127.0.0.1:{port}{near.request.path}"
        async with connect(url, compression=None, ping_interval=None, proxy=None) as far:
            back = asyncio.create_task(_pipe(far, near, spoil))
            await _pipe(near, far, lambda frame: frame)
            await far.close()
            await back

    def respond(near: ServerConnection, request: Request) -> Response | None:
        answer = http(request.path)
        if answer is None:
            return None
        response = near.respond(answer[0], "")
        response.body = answer[1]
        del response.headers["Content-Length"]
        response.headers["Content-Length"] = str(len(answer[1]))
        return response

    async with serve(forward, "127.0.0.1", 0, process_request=respond, compression=None) as proxy:
        yield f"http://127.0.0.1:{next(iter(proxy.sockets)).getsockname()[1]}"


async def _pipe(source: Any, sink: Any, spoil: Spoil) -> None:
    with suppress(ConnectionClosed):
        async for frame in source:
            passed = spoil(frame)
            if passed is not None:
                await sink.send(passed)
    await sink.close()


def without(event: str) -> Spoil:
    """Drops an event."""
    return lambda frame: None if frame.startswith(f'42["{event}"') else frame


def problem(status: int, code: str) -> tuple[int, bytes]:
    """A refusal as the service words it."""
    return status, json.dumps({"status": status, "code": code}).encode()
