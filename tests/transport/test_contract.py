"""What of the libraries the modules of service/transport lean on is where it was.

Each failure says which name has moved; the pins in pyproject.toml say since when.
"""

import asyncio
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import Any

import aiohttp
import engineio
import httptools
import pytest
import socketio
import uvicorn
from engineio import packet
from engineio.async_drivers import asgi
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from service.transport.guard.tcp import TcpConnections
from service.transport.server import http1, server
from service.transport.socketio import endpoint, engine, packet_receiver
from service.transport.socketio.engine import Engine
from service.transport.socketio.heartbeat import Heartbeat
from service.transport.socketio.packet_queue import PacketQueue
from service.transport.socketio.polling import Polling as Polls
from service.transport.socketio.websocket_transport import WebSocketTransport
from service.transport.websocket.handshake import Handshake
from service.transport.websocket.parser import parser_of
from service.transport.websocket.websocket import WebSocket
from tests.support.polling import Polling
from tests.support.raw import GET, raw
from tests.support.service import TestService
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]

OVERRIDDEN = {
    "_handle_eio_connect": ["self", "eio_sid", "environ"],
    "_handle_eio_disconnect": ["self", "eio_sid", "reason"],
    "_send_packet": ["self", "eio_sid", "pkt"],
}
CALLED = {
    "_handle_connect": ["self", "eio_sid", "namespace", "data"],
    "_handle_disconnect": ["self", "eio_sid", "namespace", "reason"],
}


def parameters(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


@pytest.mark.parametrize(("name", "takes"), (OVERRIDDEN | CALLED).items())
def test_methods_of_python_socketio(name: str, takes: list[str]):
    method = getattr(socketio.AsyncServer, name, None)
    assert method is not None, f"python-socketio has no AsyncServer.{name} any more."
    assert inspect.iscoroutinefunction(method), f"AsyncServer.{name} is no coroutine any more."
    assert parameters(method) == takes, f"AsyncServer.{name} takes other arguments now."


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_python_socketio_s_events_reach_what_is_overridden(service: TestService, name: str):
    server = service.node.engine
    bound = {getattr(handler, "__name__", "") for handler in server.eio.handlers.values()}
    assert name in bound or name == "_send_packet", f"engineio's events do not reach {name} now."


async def test_a_connection_is_in_the_room_of_all_and_no_other(service: TestService):
    alice, bob = await service.join("alice"), await service.join("bob")
    manager = service.node.engine.manager
    assert list(manager.rooms["/"]) == [None]  # each is looked into when a connection ends
    assert len(manager.rooms["/"][None]) == 2
    await alice.close()
    await bob.close()
    await until(lambda: not manager.rooms.get("/"), "nobody to be left")


def test_uvicorn_tells_which_proxies_are_trusted():
    proxies = ProxyHeadersMiddleware(engine, ["10.0.0.0/8"]).trusted_hosts  # type: ignore[arg-type]
    assert ("10.1.2.3" in proxies, "192.0.2.1" in proxies) == (True, False)


def test_attributes_of_the_server(service: TestService):
    server = service.node.engine
    for name in ("eio", "manager", "environ"):
        assert hasattr(server, name), f"python-socketio has no AsyncServer.{name} any more."
    for name in ("create_queue", "sockets"):
        assert hasattr(server.eio, name), f"python-engineio has no AsyncServer.{name} any more."
    for name in ("sid_from_eio_sid", "disconnect"):
        assert hasattr(server.manager, name), f"python-socketio has no manager.{name} any more."


@pytest.mark.parametrize(
    "name",
    [
        "queue",
        "closed",
        "closing",
        "connected",
        "last_ping",
        "upgrading",
        "upgraded",
        "sid",
        "server",
        "close",
    ],
)
async def test_attributes_of_a_connection(service: TestService, name: str):
    await service.join("alice")
    (socket,) = service.node.engine.eio.sockets.values()
    assert hasattr(socket, name), f"python-engineio has no AsyncSocket.{name} any more."
    if name == "last_ping":
        assert socket.last_ping is None, "last_ping is not None while no ping is out."


HTTP_CALLBACKS = [
    "on_message_begin", "on_header", "on_headers_complete", "on_body", "on_message_complete",
]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [*HTTP_CALLBACKS, "connection_made", "connection_lost", "data_received", "shutdown",
     "on_response_complete", "handle_websocket_upgrade", "send_400_response",
     "timeout_keep_alive_handler", "_unset_keepalive_if_required"],
)  # fmt: skip
def test_methods_of_uvicorn_s_http_protocol(name: str):
    assert hasattr(HttpToolsProtocol, name), f"uvicorn's HTTP protocol has no {name} any more."


@pytest.mark.parametrize(
    "name",
    ["on_response_complete", "handle_websocket_upgrade", "send_400_response",
     "timeout_keep_alive_handler"],
)  # fmt: skip
def test_uvicorn_s_http_protocol_calls_its_own_methods(name: str):
    assert f"self.{name}" in inspect.getsource(HttpToolsProtocol), f"{name} is not called."


async def test_attributes_of_uvicorn_s_http_protocol(service: TestService):
    async with raw(service.port) as connection:
        await connection.send(GET)
        await connection.answer()
        (protocol,) = service.node.tcp._http
        assert isinstance(protocol, http1.BoundedHttp)
        for name in ("app", "url", "config", "server_state", "headers", "scope", "cycle",
                     "pipeline", "flow", "loop", "transport", "connections",
                     "timeout_keep_alive", "timeout_keep_alive_task"):  # fmt: skip
            assert hasattr(protocol, name), f"uvicorn's HTTP protocol has no {name} any more."
        for name in ("keep_alive", "response_started", "response_complete", "disconnected",
                     "message_event"):  # fmt: skip
            assert hasattr(protocol.cycle, name), f"uvicorn's cycle has no {name} any more."
        assert protocol in protocol.connections, "uvicorn does not count connections there."


SERVER_METHODS = ["capture_signals", "startup", "main_loop", "on_tick", "shutdown"]


@pytest.mark.parametrize("name", SERVER_METHODS)
def test_methods_of_uvicorn_s_server(name: str):
    assert hasattr(uvicorn.Server, name), f"uvicorn's server has no {name} any more."
    assert f"self.{name}(" in inspect.getsource(uvicorn.Server), f"{name} is not called."


def test_attributes_of_uvicorn_s_server():
    source = inspect.getsource(uvicorn.Server)
    for name in ("servers", "started", "lifespan", "server_state"):
        assert f"self.{name} = " in source, f"uvicorn's server has no {name} any more."


def test_httptools_tells_of_chunks_and_of_trailers():
    seen: list[str] = []

    class Listening:
        def on_chunk_header(self) -> None:
            seen.append("chunk")

        def on_header(self, name: bytes, _value: bytes) -> None:
            seen.append(name.decode())

    httptools.HttpRequestParser(Listening()).feed_data(
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\na: b\r\n\r\n"
    )
    assert seen == ["Transfer-Encoding", "chunk", "chunk", "a"]


async def test_a_handshake_is_ours_and_then_picows_s(service: TestService):
    await service.join("alice")
    (socket,) = service.node.engine.eio.sockets.values()
    assert isinstance(socket.client.websocket, WebSocketTransport), (
        "a connection is not asked for what opened it."
    )
    websocket = socket.client.writer
    assert isinstance(websocket, WebSocket), "picows does not call on_ws_connected within the feed."
    assert websocket._socket is not None, "picows does not call on_ws_connected within the feed."
    assert websocket in websocket._connections, "uvicorn's server_state.connections is elsewhere."


def test_uvicorn_only_looks_whether_there_is_a_class_for_websockets():
    asked = inspect.getsource(HttpToolsProtocol._should_upgrade_to_ws)
    assert "self.ws_protocol_class is None" in asked
    served = server.Server(asgi, TcpConnections(1), lambda: None).config
    served.load()
    assert served.ws_protocol_class is Handshake


@pytest.mark.parametrize("name", ["connections", "tasks"])
def test_uvicorn_s_shutdown_looks_at_what_a_handshake_is_in(name: str):
    assert hasattr(ServerState(), name), f"uvicorn's server_state has no {name} any more."
    assert f"self.server_state.{name}" in inspect.getsource(uvicorn.Server.shutdown)


async def test_picows_takes_these_arguments():
    parser = parser_of(WebSocket(None, 65_536, set()), 65_536)
    for name in ("get_buffer", "buffer_updated", "connection_made", "connection_lost"):
        assert hasattr(parser, name), f"picows' WSProtocol has no {name} any more."
    for name in ("eof_received", "pause_writing", "resume_writing"):
        assert hasattr(parser, name), f"picows' WSProtocol has no {name} any more."


async def test_event_loops_do_not_let_small_messages_wait(service: TestService):
    await service.join("alice")
    (socket,) = service.node.engine.eio.sockets.values()
    raw = socket.client.writer._transport.get_extra_info("socket")
    no_delay = raw.getsockopt(IPPROTO_TCP, TCP_NODELAY)
    assert no_delay, "TCP_NODELAY is not set by the loop, and lingering.py keeps it from picows."


def test_engineio_builds_connections_as_heartbeats(service: TestService):
    assert engineio.async_server.async_socket.AsyncSocket is Heartbeat


@pytest.mark.parametrize(
    ("name", "takes"),
    [
        ("schedule_ping", []),
        ("send", ["pkt"]),
        ("handle_get_request", ["environ"]),
        ("close", ["wait", "abort", "reason"]),
    ],
)
def test_what_the_heartbeat_replaces(name: str, takes: list[str]):
    (base,) = Heartbeat.__bases__
    assert parameters(getattr(base, name)) == ["self", *takes], f"AsyncSocket.{name} has moved."
    assert parameters(getattr(Heartbeat, name)) == ["self", *takes]


def test_python_engineio_s_server_queues_no_packet_by_itself():
    assert "queue.put" not in inspect.getsource(engineio.AsyncServer), "it writes itself."


async def test_only_the_heartbeat_says_who_is_gone(service: TestService):
    await service.join("alice")
    eio = service.node.engine.eio
    assert eio.service_task_handle is None, "engineio watches its connections by itself."
    assert eio.ping_interval > 86_400, "engineio's own waits end before a heartbeat's."
    assert (eio.ping_interval + eio.ping_interval_grace_period, eio.ping_timeout) == (15, 10)


async def test_a_heartbeat_is_no_task(service: TestService):
    await service.join("alice")
    running_now = [repr(task.get_coro()) for task in asyncio.all_tasks()]
    assert not [name for name in running_now if "ping" in name], "engineio pings by a task."


def test_a_message_that_begins_with_a_digit_is_not_parsed():
    assert packet.Packet(encoded_packet='42["x"]').data == '2["x"]', "engineio parses messages now."


def test_no_handler_has_default_arguments():
    """A TypeError in a handler makes the libraries call it again with fewer arguments."""
    for name in ("_connecting", *OVERRIDDEN):
        given = inspect.signature(getattr(Engine, name)).parameters.values()
        defaulted = [p.name for p in given if p.default is not inspect.Parameter.empty]
        assert not defaulted, f"{name} would be called twice: {defaulted} have defaults."


def test_only_connect_is_handled_by_python_socketio(service: TestService):
    handlers = service.node.engine.handlers
    assert {name: list(events) for name, events in handlers.items()} == {"/": ["connect"]}


def test_every_private_name_in_use_is_held_here():
    private = re.compile(r"(?:super\(\)|self|_?server|_?eio|socket)\.(_(?:handle_|send)\w*)")
    for module in (engine, endpoint, packet_receiver):
        source = ROOT / f"{module.__name__.replace('.', '/')}.py"  # not what is compiled of it
        used = set(private.findall(source.read_text(encoding="utf-8")))
        assert used <= {*OVERRIDDEN, *CALLED}, f"{module.__name__} uses more."


@pytest.mark.parametrize(
    ("name", "minor"),
    [("python-socketio", "5.18"), ("python-engineio", "4.15"), ("picows", "2.3"),
     ("uvicorn", "0.54")],
)  # fmt: skip
def test_the_pins_are_to_the_minor_version_that_was_read(name: str, minor: str):
    pins = (ROOT / "pyproject.toml").read_text()
    assert re.search(rf'"{name}>={re.escape(minor)},<', pins), f"{name} is not pinned to {minor}."


async def test_a_connection_s_queue_is_a_queue(service: TestService, http: aiohttp.ClientSession):
    polling = await Polling.handshake(http, service.port)
    socket = service.node.engine.eio.sockets[polling.sid]
    assert isinstance(socket.queue, PacketQueue), (
        "AsyncServer.create_queue does not make it any more."
    )
    assert isinstance(socket.client.polling, Polls), (
        "_handle_eio_connect is not called at the opening."
    )


def test_opening_a_connection():
    taken = parameters(engineio.AsyncServer._handle_connect)
    assert taken[:3] == ["self", "environ", "transport"], "_handle_connect takes other arguments."
    assert "s.handle_get_request(environ)" in inspect.getsource(
        engineio.AsyncServer._handle_connect
    )


def test_requests_come_to_our_handle_request(service: TestService):
    called = inspect.getsource(asgi.ASGIApp.__call__)
    assert "engineio_server.handle_request(scope, receive, send)" in called
    assert parameters(endpoint.Endpoint.__call__) == ["self", "scope", "receive", "send"]
