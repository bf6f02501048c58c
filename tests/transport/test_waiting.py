"""What waits of an address before a token is known."""

from service.transport.waiting import MOST_OF_AN_ADDRESS, RELIEVED_TO, Share, Waiting


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
