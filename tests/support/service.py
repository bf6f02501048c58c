"""A node of the real service in the test's own event loop, with a clock that can be moved."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import jwt

from service.app import serving
from service.clock import wall_clock
from service.node import Membership, Node
from service.sessions.directory import Directory
from service.sessions.liveness import SILENT_S
from service.settings import Settings
from service.stores import Stores
from service.stores.memory.calls import MemoryCalls
from service.stores.memory.replies import MemoryReplies
from tests.support.client import Client
from tests.support.waiting import until

SECRET = "a-secret-for-tests-of-at-least-32-bytes"


class MovableClock:
    """The wall clock, and as much more as a test adds."""

    def __init__(self) -> None:
        self.ahead_ms = 0
        self._stopped_at: int | None = None

    def __call__(self) -> int:
        now = wall_clock() if self._stopped_at is None else self._stopped_at
        return now + self.ahead_ms

    def stop(self) -> None:
        """Have time pass only as a test lets it, from now on."""
        self._stopped_at = wall_clock()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.ahead_ms += round(seconds * 1000)


def token(user: str, *, lifetime: float = 3600, **claims: Any) -> str:
    """A token for `user` signed with the tests' secret; `claims` override or add."""
    now = int(time.time())
    payload = {"sub": user, "iat": now, "exp": now + int(lifetime), **claims}
    return jwt.encode(payload, SECRET, algorithm="HS256")


class TestService:
    """A running node and the clients that a test opened on it."""

    __test__ = False
    served: ClassVar[int] = 0
    """How many connects were answered, by all that have run in this process."""

    def __init__(self, node: Node, port: int, admin_port: int, clock: MovableClock) -> None:
        self.node = node
        self.port = port
        self.admin_port = admin_port
        self.clock = clock
        self.clients: list[Client] = []

    @property
    def url(self) -> str:
        """Where the HTTP API is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def calls(self) -> MemoryCalls:
        """What its store remembers of calls."""
        calls = self.node.stores.calls
        assert isinstance(calls, MemoryCalls)
        return calls

    @property
    def replies(self) -> MemoryReplies:
        """What its store remembers of answers."""
        replies = self.node.stores.replies
        assert isinstance(replies, MemoryReplies)
        return replies

    def connects(self) -> int:
        """How many connects it has answered, well or not."""
        (family,) = (
            family
            for family in self.node.metrics.families.registry.collect()
            if family.name == "ringline_connects"
        )
        counted = [sample for sample in family.samples if sample.name.endswith("_total")]
        return round(sum(sample.value for sample in counted))

    async def join(self, user: str, **fields: Any) -> Client:
        """A joined session of `user`."""
        return self._kept(await Client.join(self.port, token(user), user, **fields))

    async def connect(self, bearer: str | None, **options: Any) -> Client:
        """A connection that tried to CONNECT with a token."""
        return self._kept(await Client.connect(self.port, bearer, **options))

    async def open(self, **options: Any) -> Client:
        """A bare transport."""
        return self._kept(await Client.open(self.port, **options))

    async def advance(self, seconds: float) -> None:
        """Let time pass, and have everything done that became due."""
        self.clock.advance(seconds)
        await self.node.sweeper.sweep()

    async def call(self, caller: Client, callee: Client, call_type: str = "video") -> str:
        """A call that rings at `callee`; its id."""
        answer = await caller.request("call:initiate", {"to": callee.user, "callType": call_type})
        assert answer["ok"], answer
        await callee.next("call:incoming")
        return str(answer["callId"])

    async def accepted(self, caller: Client, callee: Client) -> str:
        """A call that `callee` has accepted; its id."""
        call_id = await self.call(caller, callee)
        answer = await callee.request("call:accept", {"callId": call_id, "from": caller.user})
        assert answer["ok"], answer
        await caller.next("call:accepted")
        await callee.next("call:accepted")
        return call_id

    async def seen_off(self, *gone: Client) -> None:
        """Wait until the node has seen these clients' sessions off."""
        sessions = self.node.tables["sessions"]
        assert isinstance(sessions, Directory)
        await until(lambda: not any(sessions.get(client.session) for client in gone), "leaving")

    async def silent(self, *clients: Client) -> None:
        """Wait until nothing has come from these clients for more than a second."""
        sessions = self.node.tables["sessions"]
        assert isinstance(sessions, Directory)
        found = [sessions.get(client.session) for client in clients]
        await until(lambda: all(one and one.pulse.silent_s > SILENT_S for one in found), "silence")

    async def waiting(self, client: Client, events: int) -> None:
        """Wait until so many events of a client wait for its join."""
        sid = client.connected["sid"]
        (connection,) = (c for c in self.node.connections._connections if c.socket_id == sid)
        await until(lambda: len(connection.early) == events, "events to wait")

    def _kept(self, client: Client) -> Client:
        self.clients.append(client)
        return client

    async def close_clients(self) -> None:
        """Close every client that the test opened."""
        for client in self.clients:
            await client.close()
        self.clients.clear()


def alone(stores: Stores) -> Membership:
    """A node that has these stores to itself."""
    return Membership("alone", stores)


@asynccontextmanager
async def running(
    membership: Membership | None = None,
    clock: MovableClock | None = None,
    /,
    **settings: Any,
) -> AsyncIterator[TestService]:
    """A node on free ports of loopback; `settings` override the tests' own."""
    clock = clock or MovableClock()
    # A node that probes its TURN server by itself would disturb what a test looks at.
    chosen = {
        "jwt_secret": SECRET, "host": ("127.0.0.1",), "port": 0, "turn_probe": False, **settings,
    }  # fmt: skip
    fixed = Settings(admin_host=("127.0.0.1",), admin_port=0, **chosen)
    async with serving(fixed, clock=clock, membership=membership) as node:
        service = TestService(node.node, node.port, node.admin_port, clock)
        try:
            yield service
        finally:
            await service.close_clients()
            TestService.served += service.connects()
