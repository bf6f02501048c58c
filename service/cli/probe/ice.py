"""The TURN step: fetch ICE servers as a client does, and probe the TURN server."""

import asyncio
import json
from http.client import HTTPConnection, HTTPException, HTTPSConnection

from service.cli.probe.failures import StepFailed, StepSkipped, refused, unreachable
from service.cli.probe.target import Target
from service.ports import IceServer
from service.turn.probe import PATIENCE_S, probe_server, turn_server

_OK = 200
_PATH = "/v1/ice"
_MOST_BYTES = 1 << 20
_WORDS: dict[tuple[str | None, str | None], str] = {
    ("allocate", "401"): "it refuses the credential (401); compare RINGLINE_TURN_SECRET with the "
    "secret of the TURN server, and the clocks",
    ("allocate", "486"): "its quota for one user is used up (486)",
    ("allocate", "timeout"): "it does not answer (timeout)",
    ("relay", "403"): "it relays, but not to its own address (403), so two users who both need it "
    "cannot reach each other; see allowed-peer-ip",
    ("relay", "timeout"): "nothing passes between its relays (timeout); look at its relay ports "
    "and its external-ip",
}


async def check_turn(target: Target, token: str) -> None:
    """Check that the TURN server that clients are given relays.

    Raises:
        StepFailed: it does not relay, or the ICE servers cannot be fetched.
        StepSkipped: there is no TURN server, or the options leave it out.
    """
    if not target.turn:
        raise StepSkipped("--no-turn")
    server = turn_server(await asyncio.to_thread(_fetch, target, token))
    if server is None:
        raise StepSkipped("the service has no TURN server")
    patience_s = min(target.patience_s, PATIENCE_S)
    probed = await probe_server(server, timeout_s=patience_s, tls=target.tls)
    if not probed.ok:
        why = _WORDS.get((probed.stage, probed.reason), probed.reason)
        raise StepFailed(f"{server.urls[0]}, {probed.stage}: {why}")


def _fetch(target: Target, token: str) -> list[IceServer]:
    host = target.origin.partition("://")[2]
    connection = (
        HTTPSConnection(host, timeout=target.patience_s, context=target.tls)
        if target.secure
        else HTTPConnection(host, timeout=target.patience_s)
    )
    headers = {"Authorization": f"Bearer {token}", "User-Agent": "ringline-probe"}
    try:
        connection.request("GET", _PATH, headers=headers)
        answer = connection.getresponse()
        body = answer.read(_MOST_BYTES)
    except OSError as failure:
        raise StepFailed(f"GET {_PATH}: {unreachable(failure)}") from None
    except HTTPException:
        raise StepFailed(f"GET {_PATH}: the answer is not HTTP") from None
    finally:
        connection.close()
    if answer.status != _OK:
        raise StepFailed(f"GET {_PATH} is refused: {refused(answer.status, body)}")
    return [
        IceServer(tuple(entry["urls"]), entry.get("username"), entry.get("credential"))
        for entry in json.loads(body)["iceServers"]
    ]
