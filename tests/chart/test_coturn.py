"""coturn as the pod runs it: the files, the environment and the secret that the chart gives it."""

import base64
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path

import pytest

from service.cli.dev.coturn import answers as answers_by_udp
from service.cli.dev.coturn import installed
from service.cli.dev.ports import reserved
from tests.chart.rendering import Rendering, Tree, rendered
from tests.support.coturn import ADDRESS, TurnServer, refusal
from tests.support.turn_servers import turn_servers
from tests.support.waiting import until

pytestmark = pytest.mark.chart

FIT_HERE = {
    "TURN_PROFILE": "4.6",
    "TURN_PROMETHEUS_ADDRESS": "",
    "TURN_PROMETHEUS_PORT": "",
    "TURN_DRAIN_SECONDS": "0",
}
"""Debian's coturn is of another version than the image's, and has no metrics. None waits to end."""
PUBLIC = "192.0.2.7"
"""Where a Node says that it is reached."""
NAME = itemgetter("name")


def placed(coturn: Tree, folder: Path) -> tuple[list[str], dict[str, str]]:
    """Command and environment of the container, its mounts in the folder, its pod on loopback."""
    environ = {one["name"]: one.get("value", ADDRESS) for one in coturn["env"]}
    command = [*coturn["command"], *coturn.get("args", [])]
    for mount in coturn["volumeMounts"]:
        path, place = mount["mountPath"], folder / mount["name"]
        place.mkdir()
        environ = {name: value.replace(path, str(place)) for name, value in environ.items()}
        command = [word.replace(path, str(place)) for word in command]
    return command, {"PATH": os.environ["PATH"], **environ, **FIT_HERE}


@contextmanager
def running(rendering: Rendering, folder: Path) -> Iterator[TurnServer]:
    """The container's process, with what is mounted into it."""
    if not installed():
        pytest.skip("coturn is not installed; run: apt-get install coturn")
    (pod,) = [one for one in rendering.workloads if "coturn" in map(NAME, one.containers)]
    command, environ = placed(pod.container("coturn"), folder)
    files = rendering.one("ConfigMap", "ringline-turn", pod.namespace).tree["data"]
    for name, text in files.items():
        (folder / "turn-config" / name).write_text(text)
    if (folder / "node").exists():
        (folder / "node" / "external_ip").write_text(PUBLIC)
    Path(environ["TURN_SECRET_FILE"]).write_text(secret(rendering))
    with reserved(ADDRESS, 0) as port, (folder / "coturn.log").open("wb") as log:
        process = subprocess.Popen(
            command, env={**environ, "TURN_PORT": str(port)}, stdout=log, stderr=log
        )
        try:
            yield TurnServer(port, process.pid, folder)
        finally:
            process.terminate()
            process.wait(10)


def secret(rendering: Rendering) -> str:
    held = rendering.one("Secret", "ringline-turn").tree["data"]["turn_secret"]
    return base64.b64decode(held).decode()


def answers(port: int) -> bool:
    try:
        socket.create_connection((ADDRESS, port), timeout=1).close()
    except ConnectionRefusedError:
        return False
    return True


async def test_it_takes_the_credentials_that_the_service_mints(tmp_path: Path):
    with running(rendered(), tmp_path) as server:
        await until(lambda: answers(server.port), "coturn")
        source = turn_servers(turn_secret=[secret(rendered())], turn_urls=[server.url], turn_ttl=60)
        ice = source.servers("alice", int(time.time() * 1000)).servers[0]
        assert await refusal(server, ice.username, ice.credential) is None
        assert await refusal(server, ice.username, "another") == 401
        assert "Bad configuration format" not in server.log


async def test_it_takes_the_arguments_that_operators_add(tmp_path: Path):
    with running(rendered(set_values={"turn": {"extraArgs": ["--no-tcp"]}}), tmp_path) as server:
        await until(lambda: answers_by_udp(ADDRESS, server.port), "coturn")
        assert not answers(server.port)


async def test_on_a_node_it_takes_them_beside_the_nodes_address(tmp_path: Path):
    turn = {"mode": "daemonset", "host": "turn.example.org", "discoverNode": True}
    values = {"turn": {**turn, "extraArgs": ["--no-tcp"]}}
    with running(rendered(set_values=values), tmp_path) as server:
        await until(lambda: answers_by_udp(ADDRESS, server.port), "coturn")
        assert not answers(server.port)
        configuration = (tmp_path / "turn-scratch" / "turnserver.conf").read_text()
        assert f"external-ip={PUBLIC}/{ADDRESS}\n" in configuration
