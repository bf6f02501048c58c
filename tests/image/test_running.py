"""A call over the image, as hardened as it can be run."""

import json

import pytest

from tests.support.client import Client
from tests.support.container import Container, container
from tests.support.network import Network
from tests.support.service import token

PORT = 8001
SDP = "v=0\r\n"


@pytest.fixture
def ringline(podman, network: Network, image, tmp_path):
    with container(podman, network, image, tmp_path) as running:
        yield running


async def call() -> None:
    """A whole call, from joining to the end."""
    alice, bob = [await Client.join(PORT, token(who), who) for who in ("alice", "bob")]
    try:
        call_id = (await alice.done("call:initiate", {"to": "bob", "callType": "video"}))["callId"]
        await bob.next("call:incoming")
        await bob.done("call:accept", {"callId": call_id, "from": "alice"})
        await alice.next("call:accepted")
        offer = {"type": "offer", "sdp": SDP}
        await alice.emit("call:offer", {"to": "bob", "callId": call_id, "offer": offer})
        assert (await bob.next("call:offer"))["offer"] == offer
        answer = {"type": "answer", "sdp": SDP}
        await bob.emit("call:answer", {"to": "alice", "callId": call_id, "answer": answer})
        assert (await alice.next("call:answer"))["answer"] == answer
        assert (await alice.done("call:end", {"callId": call_id}))["reason"] == "completed"
        assert (await bob.next("call:ended"))["by"] == "alice"
    finally:
        await alice.close()
        await bob.close()


def test_a_call_goes_over_it(ringline: Container):
    print(f"\nstart to ready: {ringline.seconds:.2f} s, podman's own work included")  # noqa: T201
    ringline.network.run(call())


def test_its_own_probe_succeeds(ringline: Container):
    assert ringline("exec", "ringline", "probe", "--no-turn").endswith(" works.")


def test_its_health_check_tells_the_truth(ringline: Container):
    (told,) = json.loads(ringline.podman("image", "inspect", ringline.image))
    command = told["Healthcheck"]["Test"][1:]
    ringline("exec", *command)
    ringline("kill", "--signal", "STOP")
    with pytest.raises(AssertionError, match="timed out"):
        ringline("exec", *command)
    ringline("kill", "--signal", "CONT")
    ringline("exec", *command)


def test_sigterm_drains_and_is_a_success(ringline: Container):
    async def stop() -> None:
        alice = await Client.join(PORT, token("alice"), "alice")
        ringline.podman("kill", "--signal", "TERM", ringline.name)
        await alice.until_closed()

    ringline.network.run(stop())
    assert ringline.status() == 0
    assert ringline.log.index("node.draining") < ringline.log.index("node.stopped")
