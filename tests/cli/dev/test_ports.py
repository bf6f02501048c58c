import socket

import pytest

from service.cli.dev import CannotServe
from service.cli.dev.ports import first_free, reserved

LOOPBACK = "127.0.0.1"


@pytest.fixture
def taken():
    """A port that somebody listens on, with room above it."""
    while True:
        with socket.create_server((LOOPBACK, 0)) as listening:
            if (port := listening.getsockname()[1]) < 65_000:
                yield port
                return


def test_a_free_port_is_taken_as_wanted():
    wanted = first_free((LOOPBACK,), 0)
    assert first_free((LOOPBACK,), wanted) == wanted


def test_a_taken_port_is_passed_over(taken):
    assert taken < first_free((LOOPBACK,), taken) < taken + 100


def test_a_port_taken_on_every_address_is_taken_on_each(taken):
    with socket.create_server(("0.0.0.0", 0)) as everywhere:
        port = everywhere.getsockname()[1]
        assert first_free((LOOPBACK,), port) != port


def test_a_promised_port_is_passed_over():
    promised = first_free((LOOPBACK,), 0)
    assert first_free((LOOPBACK,), promised, besides=promised) != promised


def test_a_port_taken_by_udp_counts_where_udp_is_needed():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind((LOOPBACK, 0))
        port = datagrams.getsockname()[1]
        assert first_free((LOOPBACK,), port, udp=True) != port


def test_what_it_found_can_be_listened_on():
    with socket.create_server((LOOPBACK, first_free((LOOPBACK,), 0, udp=True))) as listening:
        assert listening.getsockname()[1] > 0


def test_an_address_that_is_not_ours_is_refused_with_the_reason():
    with pytest.raises(CannotServe, match=r"No port from 8001 on .* at 198\.51\.100\.77: .*assign"):
        first_free(("198.51.100.77",), 8001)


def test_a_promise_is_kept_until_the_block_ends():
    with reserved(LOOPBACK, 0) as port:
        with reserved(LOOPBACK, port) as other:
            assert other > port
        with reserved(LOOPBACK, port) as third:
            assert third == other
    with reserved(LOOPBACK, port) as again:
        assert again == port


def test_a_promised_port_can_be_listened_on():
    with reserved(LOOPBACK, 0) as port, socket.create_server((LOOPBACK, port)) as listening:
        assert listening.getsockname()[1] == port
