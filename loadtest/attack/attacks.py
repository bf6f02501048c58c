"""All attacks there are, by name."""

from loadtest.attack.connections import CONNECTIONS
from loadtest.attack.events import EVENTS
from loadtest.attack.heads import HEADS
from loadtest.attack.oddities import ODDITIES
from loadtest.attack.reading import READING
from loadtest.attack.requests import REQUESTS
from loadtest.attack.shares import SHARES
from loadtest.attack.waiting import WAITING

ATTACKS = {
    attack.name: attack
    for attack in [*HEADS, *CONNECTIONS, *WAITING, *EVENTS, *REQUESTS, *READING, *SHARES, *ODDITIES]
}
