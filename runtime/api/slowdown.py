"""A wrong token, where it came from and whose it claims to be → how long its answer waits.

Only wrong tokens wait, after they were looked at: a right one is let in at once, from whatever address, so that nobody
who guesses can keep those out who know. Guesses come at the pace of a leaking bucket, one for each address and one for
each token whose public half they name, so that neither many connections nor many addresses make them faster.
"""

from __future__ import annotations

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address
from typing import Final

AT_ONCE: Final = 5  # wrong tokens that are answered at once: a typing mistake is no guess
SECONDS: Final = 1.0  # between answers after that,
MOST_SECONDS: Final = 30.0  # and the longest that one waits
MOST_WAITING: Final = 200  # answers that wait at one time
MOST_PLACES: Final = 10_000  # addresses and tokens that are remembered; the one seen longest ago is forgotten


class Slowdown:
    """For one event loop. waiting: answers that wait now."""

    def __init__(self) -> None:
        self.waiting = 0
        self._full: OrderedDict[str, float] = OrderedDict()  # by place: when the last answer of its bucket is due

    def delay(self, address: str, token: str | None, now: float) -> float | None:
        """Seconds that the answer to a wrong token waits; None when too many wait already, or it would be too long.

        address: of the client, "" when there is none. token: id that it names, when there is a token of that id.
        now: seconds of a clock that only goes forward."""
        places = [f"from {_network(address)}"] + ([] if token is None else [f"of {token}"])
        due = max(self._due(place, now) for place in places)
        for place in places:
            self._full[place] = max(due, self._full.get(place, due))
            self._full.move_to_end(place)
        while len(self._full) > MOST_PLACES:
            self._full.popitem(last=False)
        wait = due - AT_ONCE * SECONDS - now
        if wait <= 0:
            return 0.0
        return None if wait > MOST_SECONDS or self.waiting >= MOST_WAITING else wait

    def _due(self, place: str, now: float) -> float:
        """When the bucket is empty again with one more in it. It holds no more than could still be waited for."""
        most = now + AT_ONCE * SECONDS + MOST_SECONDS
        return min(max(self._full.get(place, now), now), most) + SECONDS


def _network(address: str) -> str:
    """What one client has: an IPv4 address, or the 64 bits of an IPv6 network."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(ip, IPv6Address):
        return address
    return str(ip.ipv4_mapped) if ip.ipv4_mapped is not None else str(IPv6Address(int(ip) >> 64 << 64))
