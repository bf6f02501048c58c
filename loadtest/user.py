"""People with a phone: free for a while, then somebody calls them, or they call somebody."""

import random
import time
from typing import Any

import gevent
from locust import constant, task
from locust.user.task import LOCUST_STATE_STOPPING

from loadtest import media
from loadtest.line import PATIENCE_S, Trouble
from loadtest.lobby import LOBBY
from loadtest.measures import SETUP, outcome
from loadtest.phone import Heard, Phone
from loadtest.plan import Plan

_OVER = ("call:ended", "call:rejected")
_FREE_S = (4.0, 10.0)
_MEDIA = {"path": "direct", "rttMs": 24.0, "jitterMs": 3.0, "lossRatio": 0.0, "codec": "opus"}


class Caller(Phone):
    """A user. The two of a call are of the same process, and in no other call meanwhile.

    Between two calls of one user lie four seconds or more: below the service's 20 a minute.
    """

    wait_time = constant(0)

    @task
    def live(self) -> None:
        """One call, placed or taken; or none, where nobody else is free."""
        self.forget()
        LOBBY.enter(self.name)
        incoming = self.next("call:incoming", patience_s=random.uniform(*_FREE_S))  # noqa: S311
        try:
            if incoming is None and not LOBBY.leave(self.name):  # just taken: it is about to ring
                incoming = self.expect("call:incoming")
            if incoming is not None:
                self._take(incoming)
            elif not self._stopping and (callee := LOBBY.take()):
                self._place(callee, Plan.any())
        except Trouble as trouble:
            self.report.failed("trouble", trouble)

    def on_stop(self) -> None:
        """Leave; whoever calls next finds nobody here."""
        LOBBY.leave(self.name)
        super().on_stop()

    @property
    def _stopping(self) -> bool:
        return self._state == LOCUST_STATE_STOPPING

    def _place(self, callee: str, plan: Plan) -> None:
        began = time.perf_counter()
        placed = self.ask(
            "call:initiate",
            {"to": callee, "callType": plan.call_type, "metadata": plan.metadata},
        )
        call = {"callId": placed["callId"]}
        if plan.course == "answered":
            self._talk(call, callee, plan, began)
        elif plan.course == "cancelled":
            self.expect("call:ringing")
            gevent.sleep(plan.ring_s)
            self.ask("call:end", call)
        elif plan.course == "unanswered":
            self._wait_in_vain(call, placed["expiresInMs"] / 1000)
        over = self.next(*_OVER, patience_s=plan.ring_s + PATIENCE_S)
        if over is None:
            raise Trouble(f"a call that was to be {plan.course} did not end")
        self.report.measured(
            outcome(plan.call_type, over.payload["reason"]), (over.at - began) * 1000
        )

    def _talk(self, call: dict[str, Any], callee: str, plan: Plan, began: float) -> None:
        self.expect("call:accepted", patience_s=plan.ring_s + PATIENCE_S)
        self.describe("offer", {**call, "to": callee}, plan.call_type)
        answer = self.expect("call:answer")
        setup_ms = (answer.at - began - plan.ring_s) * 1000
        self.report.spanned(SETUP, setup_ms, callee, began)
        self.ask("call:media", {**call, "state": "connected", "stats": _MEDIA})
        gevent.sleep(plan.talk_s)
        self.ask("call:end", call)
        self._all_candidates(callee, began)

    def _wait_in_vain(self, call: dict[str, Any], rings_s: float) -> None:
        deadline = time.monotonic() + rings_s - 1
        while time.monotonic() < deadline:
            if self._stopping:  # nobody waits for a ring timeout at the end of a run
                self.ask("call:end", call)
                return
            gevent.sleep(0.5)

    def _take(self, incoming: Heard) -> None:
        call, caller = {"callId": incoming.payload["callId"]}, incoming.payload["from"]
        plan = Plan.told(incoming.payload["metadata"])
        if plan.course in {"answered", "rejected"}:
            gevent.sleep(plan.ring_s)
        if plan.course == "rejected":
            self.ask("call:reject", call)
            return
        patience_s = incoming.payload["expiresInMs"] / 1000 + PATIENCE_S
        if plan.course == "answered":
            self.ask("call:accept", call)
            self.expect("call:offer")
            self.describe("answer", {**call, "to": caller}, plan.call_type)
            self.ask("call:media", {**call, "state": "connected", "stats": _MEDIA})
            patience_s = plan.talk_s + PATIENCE_S
        if self.next("call:ended", patience_s=patience_s) is None:
            raise Trouble(f"a call that was to be {plan.course} did not end for its callee")
        if plan.course == "answered":
            self._all_candidates(caller, incoming.at)

    def _all_candidates(self, other: str, since: float) -> None:
        if self.candidates < media.CANDIDATES and self.report.apart(other, since):
            return  # the call was over before whoever came back could send them
        if self.candidates != media.CANDIDATES:
            raise Trouble(f"{self.candidates} of {media.CANDIDATES} candidates came")
