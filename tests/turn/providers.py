"""Doubles of TURN providers' APIs on loopback, which answer as those are documented."""

import asyncio
import json
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from aiohttp import web

KEY_ID, API_TOKEN = "5f0a" * 8, "cloudflare-api-token"
ACCOUNT_SID, AUTH_TOKEN = "AC" + "0a" * 16, "twilio-auth-token"
API_KEY, API_SECRET = "SK" + "1b" * 16, "twilio-api-secret"


class Api:
    """An API that counts, and can fail, hang, answer something else or want another token."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[dict[str, Any]] = []
        self.status: int | None = None
        self.body: bytes | None = None
        self.headers: dict[str, str] = {}
        self.hanging = False
        self.over = asyncio.Event()

    async def answer(self, request: web.Request) -> web.Response:
        """Answer as documented, unless it is told otherwise."""
        text = await request.text()
        if self.hanging:
            await self.over.wait()
        refused = self.status or self.refusal(request)
        asked = self.understood(request, text)
        self.asked.append(asked)
        if refused:
            return web.json_response({"message": "no"}, status=refused, headers=self.headers)
        body = json.dumps(self.credentials(len(self.asked), asked)).encode()
        return web.Response(status=201, body=self.body or body, content_type="application/json")

    def refusal(self, request: web.Request) -> int | None:
        raise NotImplementedError

    def understood(self, request: web.Request, text: str) -> dict[str, Any]:
        raise NotImplementedError

    def credentials(self, number: int, asked: dict[str, Any], /) -> dict[str, Any]:
        raise NotImplementedError


class CloudflareApi(Api):
    """https://developers.cloudflare.com/realtime/turn/generate-credentials/"""

    PATH = f"/v1/turn/keys/{KEY_ID}/credentials/generate-ice-servers"

    def __init__(self) -> None:
        super().__init__()
        self.token = API_TOKEN

    def refusal(self, request: web.Request) -> int | None:
        if (request.method, request.path) != ("POST", self.PATH):
            return 404
        return None if request.headers.get("Authorization") == f"Bearer {self.token}" else 401

    def understood(self, request: web.Request, text: str) -> dict[str, Any]:
        assert request.content_type == "application/json"
        asked: dict[str, Any] = json.loads(text)
        return asked

    def credentials(self, number: int, _asked: dict[str, Any]) -> dict[str, Any]:
        at = "turn.cloudflare.com"
        return {
            "iceServers": [
                {"urls": ["stun:stun.cloudflare.com:3478", "stun:stun.cloudflare.com:53"]},
                {
                    "urls": [
                        f"turn:{at}:3478?transport=udp",
                        f"turn:{at}:53?transport=udp",
                        f"turn:{at}:3478?transport=tcp",
                        f"turns:{at}:443?transport=tcp",
                    ],
                    "username": f"user-{number}",
                    "credential": f"credential-{number}",
                },
            ]
        }


class TwilioApi(Api):
    """https://www.twilio.com/docs/stun-turn/api"""

    PATH = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Tokens.json"

    def refusal(self, request: web.Request) -> int | None:
        if (request.method, request.path) != ("POST", self.PATH):
            return 404
        kind, _, basic = request.headers.get("Authorization", "").partition(" ")
        known = (f"{ACCOUNT_SID}:{AUTH_TOKEN}", f"{API_KEY}:{API_SECRET}")
        return None if kind == "Basic" and b64decode(basic).decode() in known else 401

    def understood(self, request: web.Request, text: str) -> dict[str, Any]:
        assert request.content_type == "application/x-www-form-urlencoded"
        return dict(parse_qsl(text))

    def credentials(self, number: int, asked: dict[str, Any]) -> dict[str, Any]:
        secret = {"username": f"user-{number}", "credential": f"credential-{number}"}
        urls = [f"turn:global.turn.twilio.com:{end}" for end in ENDS]
        turn = [{"url": url, "urls": url, **secret} for url in urls]
        stun = "stun:global.stun.twilio.com:3478"
        return {
            "account_sid": ACCOUNT_SID,
            "date_created": "Fri, 01 May 2020 01:42:57 +0000",
            "date_updated": "Fri, 01 May 2020 01:42:57 +0000",
            "ice_servers": [{"url": stun, "urls": stun}, *turn],
            "password": secret["credential"],
            "ttl": asked["Ttl"],
            "username": secret["username"],
        }


ENDS = ("3478?transport=udp", "3478?transport=tcp", "443?transport=tcp")


One = TypeVar("One", bound=Api)


@asynccontextmanager
async def served(api: One) -> AsyncIterator[One]:
    """The API on a free port."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", api.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert runner.addresses
    api.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield api
    finally:
        api.over.set()
        await runner.cleanup()
