"""Socket.IO v5, by hand: https://socket.io/docs/v4/socket-io-protocol/.

Where the service is narrower than the protocol, on purpose:

- One namespace, `/`; another one is refused with `{message}`, asked for again it ends the
  connection.
- A namespace is asked for once: a refused client comes back with a new connection, which is what
  socket.io-client does.
- A DISCONNECT packet ends the Engine.IO connection too.
- Binary packets, and acknowledgements from clients (the server asks for none), end the connection.
"""

import json

import pytest

from tests.support.service import TestService, token


def connect(user: str = "alice") -> str:
    return json.dumps({"token": token(user)})


@pytest.mark.parametrize("prefix", ["40", "40/,", "40/?x=1,"])
async def test_connect_is_answered_with_a_sid(service: TestService, prefix: str):
    client = await service.open()
    await client.send(prefix + connect())
    await client.until(lambda: client.connected)
    assert client.connected.keys() == {"sid"}
    (engine_sid,) = service.node.engine.eio.sockets
    assert client.connected["sid"] != engine_sid


async def test_a_refusal_is_an_object_with_message_and_data(service: TestService):
    client = await service.connect("x")
    assert client.refused.keys() == {"message", "data"}
    assert client.refused["data"] == {"code": "unauthenticated", "retryable": False}


async def test_another_namespace_is_refused_and_this_one_still_open(service: TestService):
    client = await service.open()
    await client.send("40/admin," + connect())
    await client.until(lambda: client.refused)
    assert client.refused == {"message": "Invalid namespace"}
    await client.send("40" + connect())
    await client.until(lambda: client.connected)


async def test_a_namespace_is_named_in_its_refusal(service: TestService):
    client = await service.open()
    frames: list[str] = []
    take = client._take

    async def keep(frame: str | bytes) -> None:
        frames.append(str(frame))
        await take(frame)

    client._take = keep  # type: ignore[method-assign]
    await client.send("40/admin,{}")
    await client.until(lambda: client.refused)
    assert frames[-1].startswith("44/admin,{")


@pytest.mark.parametrize("goodbye", ["41", "41/,"])
async def test_disconnect_ends_session_and_connection(service: TestService, goodbye: str):
    client = await service.join("alice")
    await client.send(goodbye)
    assert await client.until_closed() == 1000
    await service.seen_off(client)
    assert len(service.node.engine) == 0


@pytest.mark.parametrize("number", [0, 1, 7, 999_999_999_999_999])
async def test_an_acknowledgement_has_the_number_and_one_argument(
    service: TestService, number: int
):
    client = await service.join("alice")
    await client.send(f'42{number}["user:status",{{"userId":"x"}}]')
    await client.until(lambda: number in client.acks)
    assert client.acks[number]["ok"] is True


@pytest.mark.parametrize(
    "packet",
    ['42/,7["user:status",{"userId":"x"}]', '427["user:status",{"userId":"x"},1,null,{}]',
     '427[ "user:status" , {"userId" : "x"} ]'],
    ids=["its namespace named", "more arguments", "white space"],
)  # fmt: skip
async def test_spellings_of_an_event(service: TestService, packet: str):
    client = await service.join("alice")
    await client.send(packet)
    await client.until(lambda: 7 in client.acks)
    assert client.acks[7]["ok"] is True


async def test_events_behind_connect_need_not_wait_for_its_answer(service: TestService):
    client = await service.open()
    await client.send("40" + connect())
    await client.send('42["user:join",{"userId":"alice"}]')
    assert (await client.next("user:joined"))["socketId"] == client.connected["sid"]
