"""Of a user's connections that have not joined, the oldest gives way."""

from service.transport.guard.unjoined import MOST_UNJOINED, MOST_UNKNOWN, Unjoined


def test_the_twenty_first_takes_the_place_of_the_oldest():
    unjoined: Unjoined[int] = Unjoined(MOST_UNJOINED)
    assert [unjoined.add("alice", number) for number in range(MOST_UNJOINED)] == [
        None
    ] * MOST_UNJOINED
    assert unjoined.add("bob", 0) is None
    assert unjoined.add("alice", 20) == 0
    assert unjoined.add("alice", 21) == 1


def test_who_has_joined_is_in_nobodys_way():
    unjoined: Unjoined[int] = Unjoined(MOST_UNJOINED)
    for number in range(MOST_UNJOINED):
        unjoined.add("alice", number)
    unjoined.discard("alice", 7)
    assert unjoined.add("alice", 20) is None
    for number in (*range(MOST_UNJOINED), 20):
        unjoined.discard("alice", number)
    unjoined.discard("nobody", 0)
    assert len(unjoined) == 0


def test_thousands_behind_one_address_may_come_at_once():
    unknown: Unjoined[int] = Unjoined(MOST_UNKNOWN)
    assert not any(unknown.add("192.0.2.1", number) for number in range(2_400))
