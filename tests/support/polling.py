"""Engine.IO long-polling by hand: each GET and POST as the test says, nothing smoothed over."""

import json
from typing import Any, Self

import aiohttp

RECORD_SEPARATOR = "\x1e"


class Polling:
    """One long-polling connection; `open` is its open packet."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.http = http
        self._url = url
        self.open: dict[str, Any] = {}

    @classmethod
    async def handshake(cls, http: aiohttp.ClientSession, port: int, **headers: str) -> Self:
        """Open the transport, without CONNECT."""
        url = f"http://127.0.0.1:{port}/socket.io/?EIO=4&transport=polling"
        polling = cls(http, url)
        async with http.get(url, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            polling.open = json.loads((await answer.text())[1:])
        polling._url += f"&sid={polling.open['sid']}"
        return polling

    @property
    def sid(self) -> str:
        """The Engine.IO session id."""
        return str(self.open["sid"])

    async def post(self, *packets: str | bytes, **options: Any) -> int:
        """Send packets in one body; the status."""
        parts = [packet if isinstance(packet, bytes) else packet.encode() for packet in packets]
        body = RECORD_SEPARATOR.encode().join(parts)
        async with self.http.post(self._url, data=body, **options) as answer:
            await answer.read()
            return answer.status

    async def poll(self) -> list[str]:
        """The packets of one GET; raises `Ended` when the server knows no such connection."""
        async with self.http.get(self._url) as answer:
            text = await answer.text()
            if answer.status != 200:
                raise Ended(answer.status)
            return text.split(RECORD_SEPARATOR)

    async def until(self, start: str) -> str:
        """Poll until a packet begins with `start`; the packet."""
        while True:
            for packet in await self.poll():
                if packet.startswith(start):
                    return packet
                if packet == "2":
                    await self.post("3")

    async def connect(self, token: str) -> str:
        """CONNECT; the answer, `40…` or `44…`."""
        await self.post("40" + json.dumps({"token": token}))
        return await self.until("4")

    async def join(self, token: str, user: str) -> None:
        """CONNECT and join."""
        assert (await self.connect(token)).startswith("40")
        await self.emit("user:join", {"userId": user})
        await self.until('42["user:joined"')

    async def emit(self, event: str, payload: Any) -> None:
        """Emit one event."""
        assert await self.post("42" + json.dumps([event, payload])) == 200


class Ended(Exception):
    """The server answers no more polls; the argument is the status."""
