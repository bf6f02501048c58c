"""Secrets and keys that are replaced in their files while the service runs."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest
from structlog.testing import capture_logs

from service import parts
from service.auth.keys import BadSignature
from service.rotation import EVERY_MS
from service.settings import Settings, SettingsError
from service.telemetry.metrics import Metrics
from service.turn.credentials import password
from service.turn.servers import TurnServers
from tests.auth.issuer import claims, ec_key, pem, rsa_key
from tests.support.client import Client
from tests.support.process import process
from tests.support.service import SECRET, token
from tests.support.waiting import PATIENCE_S

URL = "turn:turn.example.org:3478"
OLD, NEW = "o" * 32, "n" * 32


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


def settings(**values: Any) -> Settings:
    return Settings(**{"jwt_secret": OLD, "turn_secret": "north", "turn_urls": URL, **values})


class Rotated:
    """A rotation over settings that a test sets, and what it keeps: TURN servers and a verifier."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.now = settings()
        self.trouble: SettingsError | None = None
        self.looked: list[int] = []
        self.servers = parts.turn_servers(self.now, Metrics("test", ()))
        self.verifier = parts.verifier(self.now, Metrics("test", ()))
        self._rotation = parts.rotation(self.servers, self.verifier, self._reread, self.clock)

    def _reread(self) -> Settings:
        self.looked.append(self.clock.now)
        if self.trouble is not None:
            raise self.trouble
        return self.now

    async def become(self, **values: Any) -> list[Any]:
        """The settings are these now, and it is time to look; what is logged."""
        self.now = settings(**values)
        self.clock.now += EVERY_MS
        with capture_logs() as logged:
            await self._rotation.tick()
        return logged

    async def believes(self, key: Any, alg: str = "HS256") -> bool:
        try:
            return bool(await self.verifier.verify(jwt.encode(claims(), key, algorithm=alg)))
        except BadSignature:
            return False


@pytest.fixture
def rotated() -> Rotated:
    return Rotated()


async def test_every_five_seconds(rotated: Rotated):
    for _ in range(11):
        await rotated._rotation.tick()
        rotated.clock.now += EVERY_MS // 5
    first = rotated.looked[0]
    assert [at - first for at in rotated.looked] == [0, EVERY_MS, 2 * EVERY_MS]


class TestTurn:
    async def test_the_newest_mints_from_then_on(self, rotated: Rotated):
        logged = await rotated.become(turn_secret="south,north")
        assert minted_by(rotated.servers) == "south"
        assert logged == [{"event": "turn.secret_rotated", "log_level": "info", "accepted": 2}]

    async def test_an_old_one_that_goes_is_not_news(self, rotated: Rotated):
        assert await rotated.become(turn_secret="north,south") == []
        assert await rotated.become(turn_secret="north") == []
        assert minted_by(rotated.servers) == "north"


class TestTokens:
    async def test_a_new_secret_verifies_beside_the_old_one_and_then_alone(self, rotated: Rotated):
        logged = await rotated.become(jwt_secret=f"{NEW},{OLD}")
        assert logged == [{"event": "auth.keys_rotated", "log_level": "info", "accepted": 2}]
        assert await rotated.believes(OLD)
        assert await rotated.believes(NEW)
        await rotated.become(jwt_secret=NEW)
        assert not await rotated.believes(OLD)
        assert await rotated.believes(NEW)

    async def test_what_has_not_changed_is_not_news(self, rotated: Rotated):
        assert await rotated.become() == []

    async def test_public_keys_of_other_kinds_are_followed_as_well(self, rotated: Rotated):
        await rotated.become(jwt_secret=(), jwt_public_key=pem(ec_key()) + pem(rsa_key()))
        assert await rotated.believes(ec_key(), "ES256")
        assert await rotated.believes(rsa_key(), "RS256")
        assert not await rotated.believes(OLD)

    @pytest.mark.parametrize(
        ("unfit", "said"),
        [
            ({"jwt_secret": (), "jwt_public_key": pem(rsa_key(1024))}, "1024 bits"),
            ({"jwt_secret": OLD, "jwt_algorithms": "RS256"}, "RINGLINE_JWT_ALGORITHMS"),
            ({"jwt_secret": (), "jwks_url": "https://id.example/k"}, "restart the service"),
        ],
    )
    async def test_what_is_unfit_is_not_taken_and_said_once(
        self, rotated: Rotated, unfit: dict[str, Any], said: str
    ):
        minting, line = await rotated.become(**unfit, turn_secret="south,north")
        assert minting["event"] == "turn.secret_rotated"  # the other one is fit, and taken
        assert (line["event"], line["log_level"]) == ("secrets.unfit", "error")
        assert said in line["why"]
        assert await rotated.become(**unfit, turn_secret="south,north") == []
        assert await rotated.believes(OLD)
        assert minted_by(rotated.servers) == "south"

    async def test_keys_of_a_provider_are_not_replaced(self):
        by_url = settings(jwt_secret=(), jwks_url="https://id.example/keys")
        verifier = parts.verifier(by_url, Metrics("test", ()))
        servers = parts.turn_servers(by_url, Metrics("test", ()))
        await parts.rotation(servers, verifier, settings, Clock()).tick()
        assert not verifier.rotates
        await verifier.close()


async def test_what_cannot_be_read_changes_nothing_and_is_said_once(rotated: Rotated):
    rotated.trouble = SettingsError("RINGLINE_TURN_SECRET is gone.", "So is another.")
    logged = await rotated.become(turn_secret="south")
    assert [line["why"] for line in logged] == list(rotated.trouble.mistakes)
    assert await rotated.become(turn_secret="south") == []
    rotated.trouble = None
    assert [line["event"] for line in await rotated.become(turn_secret="south")] == [
        "turn.secret_rotated"
    ]
    rotated.trouble = SettingsError("RINGLINE_TURN_SECRET is gone.")
    assert [line["event"] for line in await rotated.become()] == ["secrets.unfit"]
    assert minted_by(rotated.servers) == "south"


class TestPseudonyms:
    def test_a_node_that_starts_while_a_secret_is_rotated_writes_the_same(self):
        before, between, after = (settings(jwt_secret=s) for s in (OLD, f"{NEW},{OLD}", NEW))
        assert parts.log_key(between) == parts.log_key(before) == f"log:{OLD}".encode()
        assert parts.log_key(after) != parts.log_key(before)

    def test_without_a_secret_of_tokens_it_is_that_of_turn(self):
        keys = {"jwt_secret": (), "jwt_public_key": pem(ec_key())}
        by_turn = (settings(**keys, turn_secret=s) for s in ("north", "south,north"))
        assert {parts.log_key(one) for one in by_turn} == {b"log:north"}


def put(folder: Path, secrets: str, name: str = "turn_secret") -> None:
    """Replace a file in one step, as Kubernetes replaces a mounted Secret."""
    fresh = folder / f"..{name}"
    fresh.write_text(secrets)
    fresh.replace(folder / name)


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
        async with asyncio.timeout(PATIENCE_S):
            while await secret() != "south":  # noqa: ASYNC110 - it is asked over HTTP
                await asyncio.sleep(0.1)
        put(tmp_path, "two words")  # coturn keeps no such secret
        await asyncio.sleep(EVERY_MS / 1000 + 1)
        assert await secret() == "south"
        (tmp_path / "turn_secret").unlink()  # an operator's slip: what was good stays so
        await asyncio.sleep(EVERY_MS / 1000 + 1)
        assert await secret() == "south"


async def test_a_running_service_follows_the_key_of_tokens_and_nobody_notices(tmp_path: Path):
    put(tmp_path, OLD, "jwt_secret")
    async with process(jwt_secret="", secrets_dir=str(tmp_path)) as service:

        async def admitted(secret: str) -> bool:
            signed = jwt.encode(claims(), secret, algorithm="HS256")
            client = await Client.connect(service.port, signed)
            await client.close()
            return client.connected is not None

        async def until_admitted(secret: str, *, wished: bool) -> None:
            async with asyncio.timeout(PATIENCE_S):
                while await admitted(secret) is not wished:  # noqa: ASYNC110 - over the network
                    await asyncio.sleep(0.1)

        assert await admitted(OLD)
        assert not await admitted(NEW)
        put(tmp_path, f"{NEW},{OLD}", "jwt_secret")
        await until_admitted(NEW, wished=True)
        assert await admitted(OLD)
        put(tmp_path, "short", "jwt_secret")  # an operator's slip: what was good stays so
        await asyncio.sleep(EVERY_MS / 1000 + 1)
        assert await admitted(OLD)
        put(tmp_path, NEW, "jwt_secret")
        await until_admitted(OLD, wished=False)
        assert await admitted(NEW)
