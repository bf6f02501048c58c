"""A TURN secret that is replaced in its file while the service runs."""

import asyncio
from pathlib import Path

import aiohttp
import pytest
from structlog.testing import capture_logs

from service.settings import SettingsError
from service.turn.credentials import password
from service.turn.rotation import EVERY_MS, Rotation
from service.turn.servers import TurnServers
from tests.support.process import process
from tests.support.service import SECRET, token

URL = "turn:turn.example.org:3478"


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000_000

    def __call__(self) -> int:
        return self.now


def minted_by(servers: TurnServers) -> str:
    (server,) = servers.servers("alice", 0).servers
    assert server.username is not None
    return next(
        secret
        for secret in ("north", "south")
        if password(secret.encode(), server.username) == server.credential
    )


class TestLooking:
    @pytest.fixture
    def servers(self) -> TurnServers:
        return TurnServers(secrets=["north"], urls=[URL])

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    async def test_every_five_seconds(self, servers: TurnServers, clock: Clock):
        looked: list[int] = []

        def reread() -> list[str]:
            looked.append(clock.now)
            return ["north"]

        rotation = Rotation(servers, reread, SettingsError, clock)
        for _ in range(11):
            await rotation.tick()
            clock.now += EVERY_MS // 5
        assert [at - looked[0] for at in looked] == [0, EVERY_MS, 2 * EVERY_MS]

    async def test_the_newest_mints_from_then_on(self, servers: TurnServers, clock: Clock):
        with capture_logs() as logged:
            await Rotation(servers, lambda: ["south", "north"], SettingsError, clock).tick()
        assert minted_by(servers) == "south"
        assert logged == [{"event": "turn.secret_rotated", "log_level": "info", "accepted": 2}]

    async def test_an_old_one_that_goes_is_not_news(self, servers: TurnServers, clock: Clock):
        with capture_logs() as logged:
            await Rotation(servers, lambda: ["north"], SettingsError, clock).tick()
        assert minted_by(servers) == "north"
        assert logged == []

    async def test_what_is_unfit_is_not_taken_and_said_once(
        self, servers: TurnServers, clock: Clock
    ):
        answers = [None, None, ["south"], None]

        def reread() -> list[str]:
            if (answer := answers.pop(0)) is None:
                raise SettingsError("RINGLINE_TURN_SECRET is gone.")
            return answer

        rotation = Rotation(servers, reread, SettingsError, clock)
        with capture_logs() as logged:
            while answers:
                await rotation.tick()
                clock.now += EVERY_MS
        events = [line["event"] for line in logged]
        assert events == ["turn.secrets_unfit", "turn.secret_rotated", "turn.secrets_unfit"]
        assert minted_by(servers) == "south"


def put(folder: Path, secrets: str) -> None:
    """Replace the file in one step, as Kubernetes replaces a mounted Secret."""
    fresh = folder / "..turn_secret"
    fresh.write_text(secrets)
    fresh.replace(folder / "turn_secret")


async def test_a_running_service_follows_the_file(tmp_path: Path):
    put(tmp_path, "north")
    settings = {"jwt_secret": SECRET, "turn_urls": URL, "turn_probe": "false"}
    async with (
        process(secrets_dir=str(tmp_path), **settings) as service,
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token('alice')}"}) as http,
    ):

        async def secret() -> str:
            async with http.get(f"http://127.0.0.1:{service.port}/turn") as answer:
                given = await answer.json()
            return next(
                name
                for name in ("north", "south")
                if password(name.encode(), given["username"]) == given["password"]
            )

        assert await secret() == "north"
        put(tmp_path, "south,north")
        async with asyncio.timeout(20):
            while await secret() != "south":  # noqa: ASYNC110 - it is asked over HTTP
                await asyncio.sleep(0.1)
        put(tmp_path, "two words")  # coturn keeps no such secret
        await asyncio.sleep(EVERY_MS / 1000 + 1)
        assert await secret() == "south"
        (tmp_path / "turn_secret").unlink()  # an operator's slip: what was good stays so
        await asyncio.sleep(EVERY_MS / 1000 + 1)
        assert await secret() == "south"
