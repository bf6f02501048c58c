"""What happens to a call whose parties lose their connections and come back: guards and acts."""

from service.calls import events as happened
from service.calls import lifetime
from service.calls.call import Absences, Call, Link
from service.calls.effects import CallPeerReconnected, CallPeerReconnecting
from service.calls.reasons import Reason
from service.calls.rules import Act, Changes, Outcome, ending
from service.calls.sides import CALLED, CALLING, links, sides, tell
from service.calls.timeouts import Timeouts


def fresh_beside_a_plain_one(call: Call, event: happened.Returned, _now: int) -> bool:
    """A bound session is back without its media, and the other side cannot begin them anew."""
    return event.fresh and call.binds(event.session) and not links(call, event.user)[1].resumable


def detach(call: Call, event: happened.Detached, now: int, _timeouts: Timeouts) -> Outcome:
    """A side is away: tell the other one, unless it knows."""
    (side, peer), (link, other) = sides(call, event.user), links(call, event.user)
    if link.away_at is not None:
        return {}, ()
    absences = link.absences._replace(losses=link.absences.losses + 1)
    away = link._replace(away_at=now, back_at=None, absences=absences)
    return {side.link: away}, tell(peer, other, CallPeerReconnecting(call.id, event.user))


def rings_elsewhere(call: Call, event: happened.Returned, _now: int) -> bool:
    """It is a device that rings, and is at home on another node now."""
    return any(ref.id == event.session and ref.node != event.node for ref in call.devices)


def ring_elsewhere(call: Call, event: happened.Returned, _now: int, _timeouts: Timeouts) -> Outcome:
    """A device rings on at its new home."""
    devices = tuple(
        ref._replace(node=event.node) if ref.id == event.session else ref for ref in call.devices
    )
    return {"devices": devices}, ()


def come_back(call: Call, event: happened.Returned, now: int, timeouts: Timeouts) -> Outcome:
    """A side is back: tell the other one; a reloaded page begins a new generation."""
    (side, peer), (link, other) = sides(call, event.user), links(call, event.user)
    generation = call.generation + event.fresh
    back = link._replace(
        away_at=None,
        back_at=None if other.away_at is None else now,
        absences=over(call, link, now, timeouts, event.resumed),
    )
    if event.fresh:
        back = back._replace(media=None, media_at=None)
    told = CallPeerReconnected(call.id, event.user, event.resumed, event.fresh, generation)
    changes = {
        side.link: back,
        side.node: event.node,
        peer.link: other._replace(back_at=None),
        "generation": generation,
    }
    sends = tell(peer, other, told)
    if side is CALLED and call.connecting_at is None:
        changes["connecting_at"] = now
    if other.away_at is not None and event.resumed == "snapshot":  # which has no older event
        sends += tell(side, back, CallPeerReconnecting(call.id, call.other(event.user)))
    return {name: value for name, value in changes.items() if value != getattr(call, name)}, sends


def over(
    call: Call, link: Link, now: int, timeouts: Timeouts, resumed: str | None = None
) -> Absences:
    """The absences of a side whose present one, if there is one, is over.

    `resumed` is how its session came back, as `Returned` has it; None where it did not.
    """
    noted = link.absences
    unjoined = link is call.called and call.connecting_at is None  # it has lost nothing yet
    if link.away_at is None or unjoined:
        return noted
    lasted = now - link.away_at
    return Absences(
        noted.losses,
        noted.total_ms + lasted,
        max(noted.longest_ms, lasted),
        noted.replayed + (resumed == "replayed"),
        noted.snapshots + (resumed == "snapshot"),
        noted.kept + lifetime.kept_by_media(call, link.away_at, now, timeouts),
    )


def ended(call: Call, now: int, timeouts: Timeouts) -> Changes:
    """What changes as a live call ends: who is away now does not come back to it."""
    return {
        side.link: link._replace(absences=over(call, link, now, timeouts))
        for side, link in ((CALLING, call.calling), (CALLED, call.called))
        if link.away_at is not None
    }


def time_out(default: Reason) -> Act:
    """An act that ends the call as `connection_lost` where a party is away, else for `default`."""

    def act(call: Call, _event: happened.DeadlinePassed, now: int, timeouts: Timeouts) -> Outcome:
        """The call is over for both sides."""
        if lifetime.is_lost(call, now, timeouts):
            return ending(call, Reason.CONNECTION_LOST, lifetime.first_away(call), now)
        return ending(call, default, None, now)

    return act
