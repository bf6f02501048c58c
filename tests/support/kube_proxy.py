"""A node's way from the addresses of Services to pods, by the rules that kube-proxy writes.

New flows go to any pod that is ready and not terminating, or, where there is none, to a terminating
one that is ready (KEP-1669). A UDP flow stays with its pod for as long as that is ready.
"""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

_PORTS = {("tcp", 8001): "service", ("udp", 3478): "turn", ("tcp", 3478): "turn"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A pod behind Services, as an EndpointSlice has it."""

    address: str
    serving: bool
    terminating: bool


def lead(endpoints: Sequence[Endpoint], *, published: bool = False) -> None:
    """Have new flows of this network go to these pods, and end those to pods that are not ready.

    `published` is whether the Service of TURN publishes addresses that are not ready.
    """
    Path("/proc/sys/net/ipv4/conf/all/route_localnet").write_text("1")  # loopback leads there, too
    ready = [one.address for one in endpoints if one.serving and not one.terminating]
    taking = {"service": ready or [one.address for one in endpoints if one.serving]}
    taking["turn"] = [one.address for one in endpoints] if published else taking["service"]
    rules = ["*nat", ":PODS - [0:0]"]
    for (protocol, port), service in _PORTS.items():
        addresses = taking[service]
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            rules.append(
                f"-A PODS -p {protocol} --dport {port} -m statistic --mode random"
                f" --probability {1 / left:.6f} -j DNAT --to-destination {address}:{port}"
            )
    rules += ["-A OUTPUT -j PODS", "-A POSTROUTING -s 127.0.0.1 -j MASQUERADE", "COMMIT", ""]
    subprocess.run(
        ["iptables-restore"], input="\n".join(rules), text=True, check=True, capture_output=True
    )
    for one in endpoints:
        if not (one.serving or published):
            flows = ["conntrack", "-D", "-p", "udp", "--reply-src", one.address]
            subprocess.run(flows, capture_output=True, check=False)  # fails where there is none


def needed() -> None:
    """Skip the test where the node's tools are not there."""
    missing = [name for name in ("iptables-restore", "conntrack") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} missing; run: tools/peers image")
