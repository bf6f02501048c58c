import shutil
import socket
from ipaddress import IPv4Address

import psutil
import pytest

from service.cli.dev import lan


def own_addresses() -> set[str]:
    """The machine's IPv4 addresses but loopback, as psutil sees them."""
    return {
        address.address
        for entries in psutil.net_if_addrs().values()
        for address in entries
        if address.family == socket.AF_INET and not IPv4Address(address.address).is_loopback
    }


@pytest.mark.skipif(shutil.which("ip") is None, reason="no ip; run: apt-get install iproute2")
def test_only_and_all_addresses_of_this_machine_are_found():
    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    expected = {
        entry.address
        for name, entries in psutil.net_if_addrs().items()
        for entry in entries
        if name in up and entry.address in own_addresses()
    }
    assert set(lan.addresses()) == expected


def test_without_an_ip_command_the_primary_address_remains(monkeypatch, tmp_path):
    first = lan.addresses()[:1]
    monkeypatch.setenv("PATH", str(tmp_path))
    assert lan.addresses() == first
    assert set(first) <= own_addresses()


def test_an_ip_command_that_fails_is_as_none(monkeypatch, tmp_path):
    """Such as that of busybox, which knows no -json."""
    (tmp_path / "ip").write_text("#!/bin/sh\necho '[garbage'; exit 1\n")
    (tmp_path / "ip").chmod(0o755)
    first = lan.addresses()[:1]
    monkeypatch.setenv("PATH", str(tmp_path))
    assert lan.addresses() == first
