"""A device that has no connection: it accepts over HTTP, and joins with what it is given."""

import secrets
from typing import Any

import aiohttp

from tests.resuming.stage import Device, Stage
from tests.support.service import TestService, token


class LockScreen:
    """What a user sees of a call on a device that sleeps."""

    def __init__(self, service: TestService, http: aiohttp.ClientSession, user: str = "bob"):
        self.service = service
        self._http = http
        self._headers = {"Authorization": f"Bearer {token(user)}"}

    async def post(self, call_id: str, **wish: Any) -> tuple[int, dict[str, Any]]:
        """Accept a call; the status, and the body."""
        wish.setdefault("requestId", secrets.token_hex(8))
        url = f"{self.service.url}/v1/calls/{call_id}/accept"
        async with self._http.post(url, json=wish, headers=self._headers) as answer:
            assert answer.headers["Cache-Control"] == "no-store"
            return answer.status, await answer.json()

    async def accept(self, call_id: str, **wish: Any) -> dict[str, Any]:
        """The same; it must succeed."""
        status, body = await self.post(call_id, **wish)
        assert status == 200, body
        return body

    async def refusal(self, call_id: str, **wish: Any) -> tuple[int, str]:
        """The same; it must be refused: the status and the code."""
        status, body = await self.post(call_id, **wish)
        assert status == body["status"] >= 400, body
        return status, body["code"]


async def waking(stage: Stage, accepted: dict[str, Any], user: str = "bob") -> Device:
    """The app behind the lock screen, which has yet to join."""
    device = await stage.device(user)
    take_up(device, accepted)
    return device


def take_up(device: Device, accepted: dict[str, Any]) -> None:
    """Have a device know the session that has accepted, and nothing else."""
    device.session, device.resume_token = accepted["sessionId"], accepted["resumeToken"]
    device.last_seq = accepted["lastSeq"]
    device.outgoing.begin_session(accepted["epoch"])


async def woken(stage: Stage, accepted: dict[str, Any], user: str = "bob") -> Device:
    """The app behind the lock screen, which has joined."""
    device = await waking(stage, accepted, user)
    assert (await device.join())["resumed"] == "replayed"
    return device
