"""Secrets, keys and settings that are replaced in their files while the service runs."""

import asyncio
import signal
import threading
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest
from structlog.testing import capture_logs

from service import from_settings
from service.auth.keys import BadSignature
from service.reload import EVERY_MS, Reload
from service.settings import Settings, SettingsError, changes
from service.settings.sections.turn_accounts import TurnAccounts
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
    """Settings that a test sets, read anew, and what follows: TURN servers and a verifier."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.now = settings()
        self.trouble: SettingsError | None = None
        self.looked: list[int] = []
        self.servers = TurnServers(self.now)
        self.verifier = from_settings.verifier(self.now, Metrics("test", ()))
        self.others: list[Settings] = []
        self.reload = from_settings.reload(
            self.now, self._reread, self.clock,
            ice=self.servers, tokens=self.verifier, others=[self.others.append],
        )  # fmt: skip

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
            await self.look()
        return logged

    async def look(self) -> None:
        """A tick, and what it began."""
        await self.reload.tick()
        await self.reload.under_way()

    async def asked(self, **values: Any) -> list[Any]:
        """The settings are these now, and somebody asks; what is logged."""
        self.now = settings(**values)
        self.reload.ask()
        with capture_logs() as logged:
            await self.look()
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
        await rotated.look()
        rotated.clock.now += EVERY_MS // 5
    first = rotated.looked[0]
    assert [at - first for at in rotated.looked] == [0, EVERY_MS, 2 * EVERY_MS]


class TestTurn:
    async def test_the_newest_mints_once_every_turn_server_has_it(self, rotated: Rotated):
        (seen,) = await rotated.become(turn_secret="south,north")
        assert seen == {"event": "turn.secret_waits", "log_level": "info", "seconds": 120}
        for _ in range(120_000 // EVERY_MS - 1):
            assert await rotated.become(turn_secret="south,north") == []
            assert minted_by(rotated.servers) == "north"
        (minting,) = await rotated.become(turn_secret="south,north")
        assert minted_by(rotated.servers) == "south"
        assert minting == {
            "event": "turn.secret_rotated", "log_level": "info", "accepted": 2,
            "older_needed_until": "2023-11-15T02:15:25+00:00",  # when north's last credential ends
        }  # fmt: skip

    async def test_one_that_replaces_the_old_one_mints_at_once_and_the_operator_is_warned(
        self, rotated: Rotated
    ):
        (warning,) = await rotated.become(turn_secret="south")
        assert minted_by(rotated.servers) == "south"
        assert (warning["event"], warning["log_level"]) == ("turn.secret_replaced", "warning")
        assert "Put a new secret before the old one instead" in warning["hint"]

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
        seen, line = await rotated.become(**unfit, turn_secret="south,north")
        assert seen["event"] == "turn.secret_waits"  # the other one is fit, and taken
        assert (line["event"], line["log_level"]) == ("config.unfit", "error")
        assert said in line["why"]
        assert await rotated.become(**unfit, turn_secret="south,north") == []
        assert await rotated.believes(OLD)

    @pytest.mark.parametrize("turn", ["north", None], ids=["with TURN", "alone"])
    async def test_keys_of_a_provider_are_not_replaced(self, turn: str | None):
        now = settings(
            jwt_secret=(), jwks_url="https://id.example/keys",
            turn_secret=turn or (), turn_urls=URL if turn else (),
        )  # fmt: skip
        looked: list[str] = []

        def reread() -> Settings:
            looked.append("")
            return now

        verifier = from_settings.verifier(now, Metrics("test", ()))
        servers = TurnServers(now)
        reload = from_settings.reload(now, reread, Clock(), ice=servers, tokens=verifier)
        await reload.tick()
        await reload.under_way()
        assert not verifier.rotates
        assert len(looked) == bool(turn)  # where nobody follows anything, nothing is read
        now = now.model_copy(update={"jwt_algorithms": ("ES256",)})
        reload.ask()
        with capture_logs() as logged:
            await reload.tick()
            await reload.under_way()
        assert logged[-1]["why"].startswith("RINGLINE_JWT_ALGORITHMS: restart the service")
        await verifier.close()


async def test_what_cannot_be_read_changes_nothing_and_is_said_once(rotated: Rotated):
    rotated.trouble = SettingsError("RINGLINE_TURN_SECRET is gone.", "So is another.")
    logged = await rotated.become(turn_secret="south")
    assert [line["why"] for line in logged] == list(rotated.trouble.mistakes)
    assert await rotated.become(turn_secret="south") == []
    rotated.trouble = None
    assert [line["event"] for line in await rotated.become(turn_secret="south")] == [
        "turn.secret_replaced"
    ]
    rotated.trouble = SettingsError("RINGLINE_TURN_SECRET is gone.")
    assert [line["event"] for line in await rotated.become()] == ["config.unfit"]
    assert minted_by(rotated.servers) == "south"


class TestAsked:
    async def test_everything_is_read_at_once_and_what_is_different_is_named(
        self, rotated: Rotated
    ):
        await rotated.look()
        assert rotated.others == []
        logged = await rotated.asked(turn_secret="south", log_level="debug")
        assert [line["event"] for line in logged] == ["config.reread", "turn.secret_replaced"]
        assert logged[0]["changed"] == ["RINGLINE_TURN_SECRET", "RINGLINE_LOG_LEVEL"]
        assert [one.log_level for one in rotated.others] == ["debug"]
        (again,) = await rotated.asked(turn_secret="south", log_level="debug")
        assert again["changed"] == []

    async def test_what_counts_at_the_next_start_is_said_each_time(self, rotated: Rotated):
        for _ in range(2):
            reread, later = await rotated.asked(port=9_000, keep_alive=60)
            assert reread["changed"] == []
            assert (later["event"], later["log_level"]) == ("config.need_restart", "warning")
            assert later["hint"] == (
                "What takes effect at the next start: RINGLINE_PORT, RINGLINE_KEEP_ALIVE."
            )
        assert len(await rotated.asked()) == 1

    async def test_what_is_seldom_meant_is_said_as_at_the_start(self, rotated: Rotated):
        _, caution = await rotated.asked(cors_origins="*")
        assert (caution["event"], caution["log_level"]) == ("config.unsafe", "warning")

    async def test_what_is_wrong_changes_nothing_and_is_said_each_time(self, rotated: Rotated):
        rotated.trouble = SettingsError("RINGLINE_PORT: no.", "RINGLINE_LOG_LEVEL: no.")
        for _ in range(2):
            logged = await rotated.asked(turn_secret="south")
            assert [(line["event"], line["why"]) for line in logged] == [
                ("config.unfit", why) for why in rotated.trouble.mistakes
            ]
        assert rotated.others == []
        assert minted_by(rotated.servers) == "north"


async def test_a_file_that_is_slow_holds_up_nothing_and_is_read_once():
    began, goes_on, looked = threading.Event(), threading.Event(), []

    def reread() -> Settings:
        looked.append(1)
        began.set()
        goes_on.wait(PATIENCE_S)
        return settings()

    clock = Clock()
    reload = Reload(settings(), reread, clock, secrets=[lambda _: None], others=[])
    for _ in range(3):
        await reload.tick()
        await asyncio.to_thread(began.wait, PATIENCE_S)
        clock.now += EVERY_MS
    assert looked == [1]
    goes_on.set()
    await reload.under_way()
    await reload.tick()
    await reload.under_way()
    assert looked == [1, 1]


async def test_what_nobody_foresaw_is_logged_and_the_next_look_tries_again():
    failing = True

    def reread() -> Settings:
        if failing:
            raise MemoryError
        return settings()

    reload = Reload(settings(), reread, Clock(), secrets=[], others=[])
    with capture_logs() as logged:
        for failing in (True, False):  # noqa: B007 - `reread` looks at it
            reload.ask()
            await reload.tick()
            await reload.under_way()
    assert [line["event"] for line in logged] == ["config.failed", "config.reread"]


class TestPseudonyms:
    def test_a_node_that_starts_while_a_secret_is_rotated_writes_the_same(self):
        before, between, after = (settings(jwt_secret=s) for s in (OLD, f"{NEW},{OLD}", NEW))
        assert (
            from_settings.log_key(between) == from_settings.log_key(before) == f"log:{OLD}".encode()
        )
        assert from_settings.log_key(after) != from_settings.log_key(before)

    def test_without_a_secret_of_tokens_it_is_that_of_turn(self):
        keys = {"jwt_secret": (), "jwt_public_key": pem(ec_key())}
        by_turn = (settings(**keys, turn_secret=s) for s in ("north", "south,north"))
        assert {from_settings.log_key(one) for one in by_turn} == {b"log:north"}


def put(folder: Path, secrets: str, name: str = "turn_secret") -> None:
    """Replace a file in one step, as Kubernetes replaces a mounted Secret."""
    fresh = folder / f"..{name}"
    fresh.write_text(secrets)
    fresh.replace(folder / name)


async def test_a_running_service_follows_the_file(tmp_path: Path):
    put(tmp_path, "north")
    settings = {
        "jwt_secret": SECRET, "turn_urls": URL, "turn_probe": "false", "rate_limit_scale": "100",
        "turn_secret_propagation": "1",
    }  # fmt: skip
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


async def test_sighup_in_a_call_reads_anew_what_may_change(tmp_path: Path):
    for name, text in {
        "jwt_secret": SECRET, "turn_secret": "north", "log_level": "info", "keep_alive": "620",
        "cors_origins": "https://a.example",
    }.items():  # fmt: skip
        put(tmp_path, text, name)
    beside = {"jwt_secret": "", "turn_urls": URL, "turn_probe": "false"}
    async with (
        process(secrets_dir=str(tmp_path), **beside) as service,
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token('alice')}"}) as http,
    ):
        alice, bob = [
            await Client.join(service.port, token(user), user) for user in ("alice", "bob")
        ]
        call = await alice.done("call:initiate", {"to": "bob", "callType": "audio"})
        await bob.done("call:accept", {"callId": call["callId"]})

        async def shown_to() -> str | None:
            """Which of two pages may read what another origin's client is answered."""
            for origin in ("https://a.example", "https://b.example"):
                headers = {"Origin": origin}
                url = f"http://127.0.0.1:{service.port}/turn"
                async with http.get(url, headers=headers) as answer:
                    if "Access-Control-Allow-Origin" in answer.headers:
                        return origin
            return None

        assert await shown_to() == "https://a.example"
        for name, text in {
            "turn_secret": "south,north", "log_level": "debug", "keep_alive": "60",
            "cors_origins": "https://b.example", "trusted_proxies": "127.0.0.1",
        }.items():  # fmt: skip
            put(tmp_path, text, name)
        service.process.send_signal(signal.SIGHUP)
        assert set((await service.logged("config.reread"))["changed"]) == {
            f"RINGLINE_{name}"
            for name in ("TURN_SECRET", "LOG_LEVEL", "CORS_ORIGINS", "TRUSTED_PROXIES")
        }
        hint = (await service.logged("config.need_restart"))["hint"]
        assert hint == "What takes effect at the next start: RINGLINE_KEEP_ALIVE."
        await service.logged("turn.secret_waits")
        assert await shown_to() == "https://b.example"
        forged = await Client.connect(
            service.port, "x", additional_headers={"X-Forwarded-For": "203.0.113.7"}
        )
        refused = await service.logged("auth.refused")  # a line at debug
        assert refused["client"] == "203.0.113.0/24"
        put(tmp_path, "loud", "log_level")
        service.process.send_signal(signal.SIGHUP)
        assert "RINGLINE_LOG_LEVEL" in (await service.logged("config.unfit"))["why"]
        await alice.done("call:signal", {"data": 1, "callId": call["callId"]})
        await bob.next("call:signal")
        for client in (alice, bob, forged):
            await client.close()


def test_each_setting_that_may_change_says_when():
    assert {name for name in Settings.model_fields if changes(name)} == {
        "jwt_secret", "jwt_public_key", "jwt_algorithms", "turn_secret", "log_level",
        "cors_origins", "trusted_proxies", *TurnAccounts.model_fields,
    }  # fmt: skip
