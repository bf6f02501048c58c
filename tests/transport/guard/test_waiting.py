"""What waits of an address before a token is known."""

import pytest

from service.transport.guard import waiting as bounds
from service.transport.guard.waiting import MOST_OF_AN_ADDRESS, RELIEVED_TO, Share, Waiting
from tests.security.surroundings import refused_for
from tests.support.raw import GET, WEBSOCKET, frame, raw
from tests.support.service import running
from tests.support.waiting import until


def share_of(waiting: Waiting, address: str) -> Share:
    return Share(waiting, address, lambda: None)


def test_of_an_address_with_too_many_bytes_those_go_who_have_most():
    told: list[str] = []
    waiting = Waiting(told.append)
    cut: list[int] = []
    shares = [Share(waiting, "192.0.2.1", lambda i=i: cut.append(i)) for i in range(17)]  # type: ignore[misc]
    honest = share_of(waiting, "192.0.2.1")
    assert honest.hold(2_000)
    for number, share in enumerate(shares[:-1]):
        share.hold(MOST_OF_AN_ADDRESS // 16 - 200 * number)
    assert not cut
    assert not shares[-1].hold(MOST_OF_AN_ADDRESS)
    assert cut == [16, 0, 1, 2, 3]
    assert told == ["overloaded"] * 5
    assert honest.hold(50_000)
    assert RELIEVED_TO * 0.9 < waiting.size <= RELIEVED_TO + 50_000
    assert (honest.size, shares[0].size) == (50_000, 0)


def test_another_address_is_not_concerned():
    waiting = Waiting()
    assert share_of(waiting, "192.0.2.1").hold(MOST_OF_AN_ADDRESS)
    assert share_of(waiting, "192.0.2.2").hold(MOST_OF_AN_ADDRESS)
    assert waiting.size == 2 * MOST_OF_AN_ADDRESS


def test_an_ipv6_network_is_one_address():
    waiting = Waiting()
    assert share_of(waiting, "2001:db8::1").hold(MOST_OF_AN_ADDRESS)
    assert not share_of(waiting, "2001:db8::2").hold(MOST_OF_AN_ADDRESS + 1)
    assert share_of(waiting, "2001:db8:0:1::1").hold(MOST_OF_AN_ADDRESS)


def test_nothing_is_left_of_what_waits_no_more():
    waiting = Waiting()
    share = share_of(waiting, "192.0.2.1")
    share.hold(7)
    assert [size for size, _ in waiting.waiters()] == [7]
    share.hold(0)
    assert (len(waiting), waiting.size, [*waiting.waiters()]) == (0, 0, [])


def test_who_is_known_counts_no_more():
    waiting = Waiting()
    share = share_of(waiting, "192.0.2.1")
    share.hold(7)
    share.spare()
    assert share.hold(2 * MOST_OF_AN_ADDRESS)
    assert (waiting.size, share.size) == (0, 0)


def test_a_proxy_tells_whose_it_is():
    waiting = Waiting()
    share = share_of(waiting, "10.0.0.1")
    share.hold(MOST_OF_AN_ADDRESS)
    share.move("192.0.2.1")
    assert share_of(waiting, "10.0.0.1").hold(1)
    assert waiting.size == MOST_OF_AN_ADDRESS + 1
    assert not share_of(waiting, "192.0.2.1").hold(MOST_OF_AN_ADDRESS + 1)


@pytest.mark.parametrize("websocket", [False, True], ids=["http", "websocket"])
async def test_behind_a_trusted_proxy_it_counts_for_who_is_behind_it(*, websocket: bool):
    forwarded = b"X-Forwarded-For: 192.0.2.7\r\n\r\n"
    half = b"POST /turn HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n" + forwarded + b"x" * 5_000
    async with running(trusted_proxies=("127.0.0.1",)) as service, raw(service.port) as connection:
        waiting = service.node.tcp.waiting
        if websocket:
            await connection.send(WEBSOCKET[:-2] + forwarded)
            assert (await connection.answer())[0] == 101
            await connection.send(frame("4" + "x" * 9_000)[:5_000])
        else:
            await connection.send(half)
        await until(lambda: waiting._sizes.get("192.0.2.7", 0) >= 5_000)
        assert waiting._sizes.keys() == {"192.0.2.7"}
        connection.writer.transport.abort()
        await until(lambda: waiting.size == 0)


async def test_an_answer_counts_until_it_is_read():
    asked = 100
    async with running() as service, raw(service.port) as connection:
        await connection.send(GET * asked)
        await until(lambda: service.node.tcp.waiting.size > len(GET) * asked)
        assert [size for size, _ in service.node.tcp.waiting.waiters()] != []
        assert [(await connection.answer())[0] for _ in range(asked)] == [200] * asked
        assert service.node.tcp.waiting.size == 0


async def test_whoever_reads_no_answers_goes_when_its_address_has_too_many(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(bounds, "MOST_OF_AN_ADDRESS", 20_000)
    monkeypatch.setattr(bounds, "RELIEVED_TO", 15_000)
    async with running() as service, raw(service.port) as honest, raw(service.port) as deaf:
        await honest.send(GET)
        assert (await honest.answer())[0] == 200
        await deaf.send(GET * 400)
        await until(lambda: refused_for(service, "overloaded") == 1)
        await honest.send(GET)
        assert (await honest.answer())[0] == 200
        assert b"503" not in await deaf.rest()  # it is cut as it stands
