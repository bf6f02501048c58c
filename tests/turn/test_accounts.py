"""The service as operators run it, with an account at a provider."""

import json
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from service.ports import IceServer
from service.turn.credentials import password
from service.turn.probe import probe_server
from tests.support.coturn import TurnServer, coturn
from tests.support.process import ServiceProcess, process
from tests.support.secrets import found
from tests.support.service import token
from tests.turn.providers import API_TOKEN, KEY_ID, CloudflareApi, served

SECRET = "of-the-coturn-of-the-provider"


async def ice(service: ServiceProcess) -> list[dict[str, Any]]:
    """The ICE servers that a client is given."""
    headers = {"Authorization": f"Bearer {token('alice')}"}
    url = f"http://127.0.0.1:{service.port}/v1/ice"
    async with aiohttp.ClientSession(headers=headers) as http, http.get(url) as answer:
        servers: list[dict[str, Any]] = (await answer.json())["iceServers"]
        return servers


def account(api: CloudflareApi, folder: Path) -> dict[str, str]:
    """Settings of a process whose token is in a secret file."""
    return {
        "turn_provider": "cloudflare", "cloudflare_turn_key_id": KEY_ID,
        "cloudflare_api_url": api.url, "secrets_dir": str(folder), "log_level": "debug",
    }  # fmt: skip


async def test_a_token_that_is_replaced_in_its_file_is_used_without_a_restart(
    cloudflare: CloudflareApi, tmp_path: Path
):
    (tmp_path / "cloudflare_turn_api_token").write_text("revoked")
    async with process(**account(cloudflare, tmp_path)) as service:
        failed = await service.logged("turn.fetch_failed")
        assert (failed["provider"], failed["reason"]) == ("cloudflare", "it answered 401")
        assert await ice(service) == []
        (tmp_path / "cloudflare_turn_api_token").write_text(f"{API_TOKEN}\n")
        await service.logged("turn.credentials_fetched")
        stun, turn = await ice(service)
        assert (stun["urls"], turn["username"][:5]) == (["stun:stun.cloudflare.com:3478"], "user-")
        secrets = {API_TOKEN, "revoked", turn["username"], turn["credential"]}
        assert found("\n".join(map(json.dumps, service.lines)), secrets) == []


class WithCoturn(CloudflareApi):
    """A provider whose TURN server is a coturn on this machine."""

    def __init__(self, server: TurnServer) -> None:
        super().__init__()
        self.server = server

    def credentials(self, _number: int, asked: dict[str, Any]) -> dict[str, Any]:
        name = f"{int(time.time()) + asked['ttl']}:account"
        credential = password(SECRET.encode(), name)
        turn = {"urls": [self.server.url], "username": name, "credential": credential}
        return {"iceServers": [turn]}


@pytest.mark.e2e
async def test_a_client_relays_with_what_came_from_the_provider(tmp_path: Path):
    (tmp_path / "cloudflare_turn_api_token").write_text(API_TOKEN)
    with coturn(SECRET) as server:
        async with (
            served(WithCoturn(server)) as api,
            process(**account(api, tmp_path)) as service,
        ):
            await service.logged("turn.credentials_fetched")
            (turn,) = await ice(service)
            given = IceServer(tuple(turn["urls"]), turn["username"], turn["credential"])
            assert (await probe_server(given)).ok
